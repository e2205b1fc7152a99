"""Limited stock grabbed by 256 callers on SQLite with synchronous=FULL.

Two pairs of lines. *Bare*: the combiner alone, with a claim of one row, beside one transaction per
claim and beside ``executemany`` of a thousand such rows. *Whole*: the use case, which asks who may,
takes the stock, keeps the booking, its audit entry and its message, beside the same decision in one
transaction per booking, and beside ``executemany`` of a thousand of the same three rows, for which
nobody was asked. The callers are tasks of one event loop; beside them, threads that wait. How quick
any crowd in Python could be is measured beside the bare claim: the same callers, the same rows and
the same flush, with nothing between them (``Least``), and threads that are woken and claim nothing.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from attrs import evolve
from tests.booktown import BookTown, book_town_on
from tests.offices import member, office_on

from benchmarks.callers import Least, tasks, threads
from benchmarks.lines import Line, faster, rates
from szunion.adapters.crowd import Combiner
from szunion.adapters.storage.sqlite.session import prepare
from szunion.application.bookings import Bookings
from szunion.application.office import Alone, Office
from szunion.domain.bookings import Offer
from szunion.domain.values import PersonId

CALLERS = 256
MEMBERS = 512
GROUP = 1_000
ROUNDS = 3
CLAIMS = 20_480

_CLAIM = (
    "CREATE TABLE claim (offer INTEGER, member INTEGER, at INTEGER, PRIMARY KEY (offer, member))"
)
_STOCK = "CREATE TABLE stock (offer INTEGER PRIMARY KEY, quota INTEGER, taken INTEGER)"
_ADD = "INSERT INTO claim VALUES (1, ?, 0)"
_TAKE = "UPDATE stock SET taken = taken + ? WHERE offer = 1 AND taken + ? <= quota"


def _bare(folder: Path, name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / f"{name}.db", check_same_thread=False)
    prepare(connection)
    connection.execute(_CLAIM)
    connection.execute(_STOCK)
    connection.execute("INSERT INTO stock VALUES (1, 1000000000, 0)")
    return connection


def _bare_rates(folder: Path) -> dict[str, float]:
    """Return bare claims a second: combined, one transaction each, executemany."""
    numbers = count()
    combined, single, raw, fewest = (
        _bare(folder, name) for name in ("combined", "single", "raw", "fewest")
    )

    def decide(wishes: Sequence[int]) -> Sequence[int]:
        _claim(combined, wishes)
        return wishes

    crowd = Combiner()
    least = Least(CALLERS, lambda wishes: _claim(fewest, wishes))
    woken = Least(CALLERS, len)

    def together() -> int:
        start = next(numbers) * CLAIMS
        return tasks(
            lambda at, told: crowd.ask_soon(start + at, decide, told), CALLERS, CLAIMS // CALLERS
        )

    def waiting() -> int:
        start = next(numbers) * CLAIMS
        return threads(lambda at: crowd.ask(start + at, decide), CALLERS, CLAIMS // CALLERS // 4)

    def at_least() -> int:
        start = next(numbers) * CLAIMS
        return tasks(lambda at, told: least.ask_soon(start + at, told), CALLERS, CLAIMS // CALLERS)

    def only_woken() -> int:
        return threads(woken.ask, CALLERS, CLAIMS // CALLERS // 4)

    def one_by_one() -> int:
        start = next(numbers) * CLAIMS
        for at in range(CLAIMS // 10):
            single.execute("BEGIN IMMEDIATE")
            single.execute(_ADD, (start + at,))
            single.execute(_TAKE, (1, 1))
            single.execute("COMMIT")
        return CLAIMS // 10

    found = rates(
        ROUNDS, ours=together, waiting=waiting, least=at_least, woken=only_woken, peer=one_by_one,
        limit=lambda: _in_bulk(raw, next(numbers) * CLAIMS * 4),
    )  # fmt: skip
    for ended in (crowd, least, woken, combined, single, raw, fewest):
        ended.close()
    return found


def _in_bulk(connection: sqlite3.Connection, start: int) -> int:
    groups = CLAIMS * 4 // GROUP
    for group in range(groups):
        _claim(connection, range(start + group * GROUP, start + (group + 1) * GROUP))
    return groups * GROUP


def _claim(connection: sqlite3.Connection, wishes: Sequence[int]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_ADD, [(wish,) for wish in wishes])
    connection.execute(_TAKE, (len(wishes), len(wishes)))
    connection.execute("COMMIT")


def _whole_rates(folder: Path) -> dict[str, float]:
    """Return bookings a second: combined, one transaction each, executemany of their rows."""
    town = book_town_on(office_on("sqlite", folder))
    people = town.members(MEMBERS)
    crowded = evolve(town.office, crowd=Combiner())
    alone = evolve(town.office, crowd=Alone())

    def together() -> int:
        offers = [_offer(town, people).id for _ in range(8)]

        def hand_in(at: int, told: Callable[[Callable[[], object]], object]) -> None:
            desk = Bookings(crowded, member(people[at % MEMBERS]))
            desk.book_soon(offers[at // MEMBERS], told)

        return tasks(hand_in, CALLERS, len(offers) * MEMBERS // CALLERS)

    def asked(office: Office, callers: int) -> int:
        offer = _offer(town, people).id
        return threads(
            lambda at: Bookings(office, member(people[at])).book(offer),
            callers, MEMBERS // callers,
        )  # fmt: skip

    rows = _Rows(folder)
    found = rates(
        ROUNDS, ours=together, waiting=lambda: asked(crowded, CALLERS),
        peer=lambda: asked(alone, 1), limit=rows.write,
    )  # fmt: skip
    rows.connection.close()
    crowded.crowd.close()
    town.office.storage.close()
    return found


def _offer(town: BookTown, people: Sequence[PersonId]) -> Offer:
    return town.offer(len(people), hours=100)


class _Rows:
    """Rows of bookings that are there, to be written once more under new keys."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "union.db")
        prepare(self.connection)
        self.times = count(1)
        self.found: list[list[Any]] = []

    def write(self) -> int:
        """Write them a thousand at a time; return how many bookings there were."""
        connection, shift = self.connection, 10**12 * next(self.times)
        self.found = self.found or [
            connection.execute(f"SELECT * FROM {table} WHERE {where} LIMIT {GROUP * 3}").fetchall()
            for table, where in (
                ("booking", "1"), ("audit", "action = 'booking.hold'"),
                ("message", "template = 'booking.held'"),
            )
        ]  # fmt: skip
        bookings, audits, messages = self.found
        rows = (
            ("booking", [(r[0], r[1] + shift, r[2], r[3] + shift, *r[4:]) for r in bookings]),
            ("audit", [(None, r[1], r[2] + shift, *r[3:]) for r in audits]),
            ("message", [(r[0], r[1] + shift, *r[2:]) for r in messages]),
        )
        for start in range(0, len(bookings), GROUP):
            connection.execute("BEGIN IMMEDIATE")
            for table, found in rows:
                part = found[start : start + GROUP]
                marks = ", ".join("?" * len(part[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", part)
            connection.execute("COMMIT")
        return len(bookings)


def lines() -> list[Line]:
    """Return the lines of grabbing."""
    with tempfile.TemporaryDirectory() as name:
        bare = _bare_rates(Path(name))
    with tempfile.TemporaryDirectory() as name:
        whole = _whole_rates(Path(name))
    limit = f"(limit: executemany of {GROUP:,})"
    made = []
    for kind, found in (("a claim alone", bare), ("whole use case", whole)):
        what = f"8 grab, SQLite FULL, {CALLERS} callers, {kind}, 1/s"
        made += [
            faster(f"{what} (peer: one transaction each)", found["ours"], peer=found["peer"],
                   floor=6),
            faster(f"{what} {limit}", found["ours"], limit=found["limit"], floor=0.5),
            faster(f"{what}, each a thread that waits {limit}", found["waiting"],
                   limit=found["limit"], floor=0.1),
        ]  # fmt: skip
    what = f"8 grab, SQLite FULL, {CALLERS} callers"
    return [
        *made,
        faster(f"{what}, a claim alone, the least that any crowd in Python does, 1/s {limit}",
               bare["least"], limit=bare["limit"], floor=0),
        faster(f"{what}, threads that are woken and claim nothing, 1/s {limit}",
               bare["woken"], limit=bare["limit"], floor=0),
    ]  # fmt: skip
