"""Limited stock grabbed by 256 callers on SQLite with synchronous=FULL.

Two pairs of lines. *Bare*: the combiner alone, with a claim of one row, beside one transaction per
claim and beside ``executemany`` of a thousand such rows. *Whole*: the use case, which asks who may,
takes the stock, keeps the booking, its audit entry and its message, beside the same decision in one
transaction per booking, and beside ``executemany`` of a thousand of the same three rows.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from attrs import evolve
from tests.booktown import BookTown, book_town_on
from tests.offices import member, office_on

from szunion.adapters.crowd import Combiner
from szunion.adapters.storage.sqlite.session import prepare
from szunion.application.bookings import Bookings
from szunion.application.office import Alone, Office
from szunion.domain.bookings import Offer
from szunion.domain.values import OfferId, PersonId

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


def _rate(work: Callable[[], int]) -> float:
    began = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - began)


def _by_callers(ask: Callable[[int], object], each: int, callers: int = CALLERS) -> int:
    """Let *callers* threads ask *each* times, one after the other."""

    def run(caller: int) -> None:
        for turn in range(each):
            ask(caller * each + turn)

    threads = [Thread(target=run, args=(caller,)) for caller in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return callers * each


def _bare_lines(folder: Path) -> tuple[float, float, float]:
    """Return bare claims a second: combined, one transaction each, executemany."""
    numbers = count()
    combined, single, raw = (_bare(folder, name) for name in ("combined", "single", "raw"))

    def decide(wishes: Sequence[int]) -> Sequence[int]:
        combined.execute("BEGIN IMMEDIATE")
        combined.executemany(_ADD, [(wish,) for wish in wishes])
        combined.execute(_TAKE, (len(wishes), len(wishes)))
        combined.execute("COMMIT")
        return wishes

    crowd = Combiner()

    def together() -> int:
        start = next(numbers) * CLAIMS
        return _by_callers(lambda at: crowd.ask(start + at, decide), CLAIMS // CALLERS)

    def one_by_one() -> int:
        start = next(numbers) * CLAIMS
        for at in range(CLAIMS // 10):
            single.execute("BEGIN IMMEDIATE")
            single.execute(_ADD, (start + at,))
            single.execute(_TAKE, (1, 1))
            single.execute("COMMIT")
        return CLAIMS // 10

    def in_bulk() -> int:
        start = next(numbers) * CLAIMS * 4
        for group in range(CLAIMS * 4 // GROUP):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(_ADD, [(start + group * GROUP + at,) for at in range(GROUP)])
            raw.execute(_TAKE, (GROUP, GROUP))
            raw.execute("COMMIT")
        return CLAIMS * 4 // GROUP * GROUP

    rates = [(_rate(together), _rate(one_by_one), _rate(in_bulk)) for _ in range(ROUNDS)]
    for connection in (combined, single, raw):
        connection.close()
    ours, peer, limit = (median(column) for column in zip(*rates, strict=True))
    return ours, peer, limit


def _whole_lines(folder: Path) -> tuple[float, float, float]:
    """Return bookings a second: combined, one transaction each, executemany of their rows."""
    town = book_town_on(office_on("sqlite", folder))
    people = town.members(MEMBERS)
    office = town.office
    crowded = evolve(office, crowd=Combiner())
    alone = evolve(office, crowd=Alone())

    def booked(with_: Office, offers: list[OfferId], callers: int) -> int:
        each = len(offers) * MEMBERS // callers

        def ask(at: int) -> None:
            Bookings(with_, member(people[at % MEMBERS])).book(offers[at // MEMBERS])

        return _by_callers(ask, each, callers)

    rates = []
    for _ in range(ROUNDS):
        many = [_offer(town, people).id for _ in range(8)]
        few = [_offer(town, people).id]
        rates.append(
            (_rate(lambda m=many: booked(crowded, m, CALLERS)),  # type: ignore[misc]
             _rate(lambda f=few: booked(alone, f, 1)),  # type: ignore[misc]
             _rows(folder))
        )  # fmt: skip
    town.office.storage.close()
    ours, peer, limit = (median(column) for column in zip(*rates, strict=True))
    return ours, peer, limit


def _offer(town: BookTown, people: Sequence[PersonId]) -> Offer:
    return town.offer(len(people), hours=100)


_numbers = count()


def _rows(folder: Path) -> float:
    """Write rows of bookings once more under new keys, a thousand at a time; return the rate."""
    connection = sqlite3.connect(folder / "union.db")
    prepare(connection)
    rows = [
        connection.execute(f"SELECT * FROM {table} WHERE {where} LIMIT {GROUP * 3}").fetchall()
        for table, where in (
            ("booking", "1"), ("audit", "action = 'booking.hold'"),
            ("message", "template = 'booking.held'"),
        )
    ]  # fmt: skip
    connection.execute("PRAGMA foreign_keys=OFF")
    shift = 10**12 * (next(_numbers) + 1)
    bookings = [(row[0], row[1] + shift, row[2] + shift, *row[3:]) for row in rows[0]]
    audits = [(None, row[1], row[2] + shift, *row[3:]) for row in rows[1]]
    messages = [(row[0], row[1] + shift, *row[2:]) for row in rows[2]]
    began = time.perf_counter()
    done = 0
    for start in range(0, len(bookings), GROUP):
        connection.execute("BEGIN IMMEDIATE")
        for table, found in (("booking", bookings), ("audit", audits), ("message", messages)):
            part = found[start : start + GROUP]
            marks = ", ".join("?" * len(part[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", part)
        connection.execute("COMMIT")
        done += len(bookings[start : start + GROUP])
    took = time.perf_counter() - began
    connection.close()
    return done / took


def lines() -> list[dict[str, Any]]:
    """Return the lines of grabbing."""
    with tempfile.TemporaryDirectory() as name:
        bare = _bare_lines(Path(name))
    with tempfile.TemporaryDirectory() as name:
        whole = _whole_lines(Path(name))
    made = []
    for kind, (ours, peer, limit) in (("a claim alone", bare), ("whole use case", whole)):
        made += [
            {
                "name": f"8 grab, SQLite FULL, {CALLERS} callers, {kind}, 1/s"
                " (peer: one transaction each)",
                "ours": round(ours), "peer": round(peer), "limit": round(limit),
                "ratio": round(ours / peer, 2), "floor": 6, "ok": ours >= 6 * peer,
            },
            {
                "name": f"8 grab, SQLite FULL, {CALLERS} callers, {kind}, 1/s"
                f" (limit: executemany of {GROUP:,})",
                "ours": round(ours), "peer": None, "limit": round(limit),
                "ratio": round(ours / limit, 2), "floor": 0.5, "ok": ours >= 0.5 * limit,
            },
        ]  # fmt: skip
    return made
