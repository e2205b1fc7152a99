"""The bank's daily list of every card beside ours: database against file, and two files.

Ours is the use case itself, from the bank's own file: its lines are read by the adapter, each token
is made a keyed name, both sides are dealt into piles on disk and compared, and what differs is
followed and kept. It runs in a process of its own, whose memory is measured. The peers start from
the same file and the same key: what one writes first brings the names into a table and asks for
``EXCEPT`` both ways, or for a ``FULL JOIN``. The limit is the cards written out in order and
``comm``-ed with names that are ready and in order: 3.5 times of it may be taken.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from attrs import frozen

from benchmarks import two_files
from benchmarks.lines import Line, faster, peak_mib, smaller
from benchmarks.places import (
    ENGINES,
    Place,
    engine_of,
    office_on,
    postgres_place,
    postgres_rows,
    sqlite_place,
    sqlite_rows,
)
from benchmarks.reconcile_peers import (
    by_except,
    by_full_join,
    dump_and_comm,
    named,
    token,
)
from szunion.adapters.bank.batch_file import speech
from szunion.adapters.bank.batch_file.cards import FiledCards
from szunion.adapters.bank.batch_file.lines import Reading
from szunion.adapters.bank.batch_file.make import layout_named
from szunion.adapters.bank.batch_file.sheets import Sheet
from szunion.adapters.bank.batch_file.speech import Plain
from szunion.domain.access import Scope
from szunion.domain.bank import DailyCardList, ListedCard, Told
from szunion.ports.storage import UnitOfWork
from szunion.testing.clock import SimClock
from szunion.testing.postgres import PostgresServer

CARDS = int(os.environ.get("SZUNION_BENCH_CARDS", "200000"))
ROUNDS = int(os.environ.get("SZUNION_BENCH_ROUNDS", "3"))
_APART: Final = 1_000
"""Of so many cards one is missing here, and one there."""
_PAGE: Final = 10_000
_CARD: Final = (
    "shard, card_id, person_id, programme, token_sealed, token_index, psn, last_four,"
    " account_class, bank_state, bank_sequence, bank_conflict, bank_gap, union_state,"
    " union_sequence, custody, current, born, version"
)


def state_of(at: int) -> str:
    """Return where the bank says a card stands."""
    return "LOSS_WRITTEN" if at % 50 == 7 else "ACTIVE"


@frozen
class Filled:
    """A database with cards, the bank's list of them, and what the limit has ready."""

    place: Place
    rows: str
    """How a peer comes to the rows: a path, or the administrator's address."""
    plain: Path
    """The bank's list, as its file comes."""
    keyed: Path
    """The same under keyed names and in their order: ready for ``comm``."""
    server: PostgresServer | None = None


def listed() -> Iterator[int]:
    """Yield the numbers of the cards that the bank lists, in its order."""
    return (at for at in range(CARDS + CARDS // _APART) if at % _APART or at >= CARDS)


def write_list(path: Path) -> None:
    """Write the bank's list in a layout of ours, a line at a time."""
    layout = layout_named("fixed")
    sheet = Sheet(layout, layout.collect["card_list"])
    clock = SimClock("2017-11-23")
    head: dict[str, Plain] = {
        "day": clock.today(), "number": 1, "event_id": "E", "stream": "list", "sequence": 1,
        "effective": clock.now(),
    }  # fmt: skip
    with path.open("wb") as out:
        sheet.write(
            out,
            head,
            (
                {"card": token(at), "card_psn": 1, "state": state_of(at), "sequence": at % 9 + 3}
                for at in listed()
            ),
        )


def cards_of(path: Path) -> FiledCards:
    """Return the cards of a list that has come, as the bank line's adapter hands them over."""
    layout = layout_named("fixed")
    sheet = Sheet(layout, layout.collect["card_list"])
    with path.open("rb") as file:
        head = sheet.verify(file)
    return FiledCards(Reading(sheet, path, head, speech.maker_of(ListedCard), 1), head.count)


def filled(folder: Path, place: Place, rows: str, server: PostgresServer | None) -> Filled:
    """Put cards into the database at *place*; write the bank's list and what the limit needs."""
    indexes: dict[int, bytes] = {}
    for start in range(0, CARDS + CARDS // _APART, _PAGE):
        some = range(start, min(start + _PAGE, CARDS + CARDS // _APART))
        indexes |= zip(some, named(token(at) for at in some), strict=True)
    plain, keyed = folder / "list.txt", folder / "keyed.txt"
    write_list(plain)
    lines = sorted(f"{indexes[at].hex()}-001 {state_of(at)}\n" for at in listed())
    with keyed.open("w") as file:
        file.writelines(lines)
    # In the order of their ids, as they come to lie.
    ours = sorted((at % 1024 << 53 | at + 1, at) for at in range(CARDS))
    made = (
        (id_ >> 53, id_, id_, "P", b"", indexes[at], 1, "", "I", state_of(at), 2, 0, 0, "ENABLED",
         0, "WITH_MEMBER", 1, 0, 0)
        for id_, at in ours
    )  # fmt: skip
    names = (("CARD", f"{indexes[at].hex()}-001", id_ >> 53, id_) for id_, at in ours)
    if isinstance(place, Path):
        _into_sqlite(place, made, names)
    else:
        _into_postgres(rows, made, names)
    return Filled(place, rows, plain, keyed, server)


def _into_sqlite(place: Path, cards: Iterator[Any], names: Iterator[Any]) -> None:
    connection = sqlite_rows(place)
    connection.execute("BEGIN IMMEDIATE")
    marks = ", ".join("?" * 19)
    connection.executemany(f"INSERT INTO card ({_CARD}) VALUES ({marks})", cards)
    connection.executemany("INSERT INTO bank_name VALUES (?, ?, ?, ?)", names)
    connection.execute("COMMIT")
    connection.close()


def _into_postgres(admin: str, cards: Iterator[Any], names: Iterator[Any]) -> None:
    with postgres_rows(admin) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY card ({_CARD}) FROM STDIN") as copy:
            for row in cards:
                copy.write_row(row)
        with cursor.copy("COPY bank_name FROM STDIN") as copy:
            for row in names:
                copy.write_row(row)
        cursor.execute("VACUUM ANALYZE card, bank_name")


_CHILD: Final = """
import sys
from pathlib import Path
from benchmarks.bench_reconcile import compare
from benchmarks.places import place_of
compare(place_of(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
"""


def compare(place: Place, listed: Path, turn: int) -> None:
    """Compare a list with the database as the bank's ear does; print seconds and the memory."""
    from szunion.application.access import authorise  # noqa: PLC0415 - of the child alone
    from szunion.application.daily_list import Ahead  # noqa: PLC0415
    from szunion.application.daily_list import compare as compare_list  # noqa: PLC0415
    from szunion.application.reconciliation import listed as obey  # noqa: PLC0415
    from szunion.domain.access import Operation, engine  # noqa: PLC0415

    office = office_on(place)
    clock = SimClock("2017-11-23")
    told = Told(event_id=f"L{turn}", stream="list", sequence=turn, effective=clock.now())
    notice = DailyCardList(told=told, day=clock.today(), cards=cards_of(listed))

    def desk(work: UnitOfWork) -> Scope:
        return authorise(work, engine(), Operation.BANK_DESK)

    before = peak_mib()
    start = time.perf_counter()
    found = office.storage.read(lambda work: compare_list(office, work, desk(work), notice))
    known = Ahead(f"D{turn}", found)
    office.storage.run(lambda work: obey(office, work, desk(work), notice, known))
    taken = time.perf_counter() - start
    office.storage.close()
    print(taken, peak_mib() - before, peak_mib())


def ours(on: Filled, turn: int) -> tuple[float, float, float]:
    """Return seconds, MiB of growth and MiB in all of our comparison, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", _CHILD, str(on.place), str(on.plain), str(turn)],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    return float(told[0]), float(told[1]), float(told[2])


def _database_lines(on: Filled) -> Iterator[Line]:
    mine, bare, excepted, joined, grown, most = [list[float]() for _ in range(6)]
    for turn in range(1, ROUNDS + 1):
        bare.append(dump_and_comm(on.rows, on.keyed, on.server))
        seconds, growth, whole = ours(on, turn)
        mine.append(seconds)
        grown.append(growth)
        most.append(whole)
        taken, found = by_except(on.rows, on.plain)
        excepted.append(taken)
        assert found == 2 * (CARDS // _APART), found
        if on.server is not None:
            joined.append(by_full_join(on.rows, on.plain)[0])
    what = f"12 daily list of {CARDS:,} cards beside {engine_of(on.place)}"
    yield smaller(
        f"{what}, s, beside 3.5x COPY ORDER BY | comm of names that are ready",
        median(mine), limit=3.5 * median(bare),
    )  # fmt: skip
    rate = CARDS / median(mine)
    yield faster(f"{what}, cards/s, beside EXCEPT both ways", rate,
                 peer=CARDS / median(excepted), floor=2)  # fmt: skip
    if joined:
        yield faster(f"{what}, cards/s, beside a FULL JOIN", rate, peer=CARDS / median(joined),
                     floor=1.2)  # fmt: skip
    yield smaller(f"{what}, MiB by which the process grows", max(*grown, 0.1), limit=64)
    yield {
        **smaller(f"{what}, MiB of the process in all", max(most), limit=64),
        "floor": 0,
        "ok": True,
    }


def _on_sqlite() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name, sqlite_place() as place:
        on = filled(Path(name), place, str(place / "union.db"), None)
        yield from _database_lines(on)
        other = Path(name) / "other.txt"
        with on.keyed.open() as file, other.open("w") as out:
            out.writelines(line for at, line in enumerate(file) if at % _APART)
        yield from two_files.lines(on.keyed, other, CARDS, ROUNDS)


def _on_postgres() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name, postgres_place() as (app, admin, server):
        yield from _database_lines(filled(Path(name), app, admin, server))


def lines() -> list[Line]:
    """Return the lines of reconciliation."""
    on = {"sqlite": _on_sqlite, "postgres": _on_postgres}
    return [line for engine in ENGINES for line in on[engine]()]
