"""The bank's daily list of every card beside ours: database against file, and two files.

Ours is the use case itself: each listed token is made a keyed name, the names are put in order on
disk, walked beside an ordered scan of the cards, and what differs is followed and kept. It runs in
a process of its own, whose memory is measured. The limit is the same scan written out and
``comm``-ed with the keyed names, ready and in order; the peer brings those names into a table and
asks for ``EXCEPT`` both ways.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.bench_import import office_in
from benchmarks.lines import Line, faster, smaller
from szunion.adapters.bank.batch_file.lines import FileLines
from szunion.adapters.file_sort import FileSort
from szunion.adapters.storage.sqlite.session import prepare
from szunion.domain.bank import BankState, CardRef, DailyCardList, ListedCard, Told
from szunion.domain.values import CardToken
from szunion.ports.keys import IndexField, Vault

CARDS = int(os.environ.get("SZUNION_BENCH_CARDS", "200000"))
ROUNDS = 3
_APART = 1_000
"""Of so many cards one is missing here, and one there."""
_PAGE = 10_000
_DUMP = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA cache_size=-65536")
out = sys.stdout.write
for row in connection.execute(
    "SELECT n.name, c.bank_state, c.bank_sequence FROM bank_name n "
    "JOIN card c ON c.shard = n.at_shard AND c.card_id = n.id WHERE n.kind = 'CARD' ORDER BY n.name"
):
    out("%s %s %d\\n" % row)
"""


def token(at: int) -> str:
    """Return the token of a card."""
    return f"T{at:018d}"


def theirs(path: Path) -> Iterator[ListedCard]:
    """Yield the bank's list from its file."""
    with path.open() as file:
        for line in file:
            yield ListedCard(CardRef(CardToken(line[:19])), BankState.ACTIVE, 3)


def filled(folder: Path, vault: Vault) -> tuple[Path, Path, int]:
    """Put cards into the database; return the bank's list, the same in keyed order, its length."""
    names = []
    for start in range(0, CARDS + CARDS // _APART, _PAGE):
        some = range(start, min(start + _PAGE, CARDS + CARDS // _APART))
        blind = vault.index_many(IndexField.CARD, [token(at) for at in some])
        names += [(index.hex() + "-001", at, index) for index, at in zip(blind, some, strict=True)]
    names.sort()
    connection = sqlite3.connect(folder / "union.db")
    prepare(connection)
    connection.execute("BEGIN IMMEDIATE")
    ours = sorted(((at % 1024 << 53 | at + 1), index) for _, at, index in names if at < CARDS)
    connection.executemany(
        "INSERT INTO card (shard, card_id, person_id, programme, token_sealed, token_index, psn,"
        " last_four, account_class, bank_state, bank_sequence, bank_conflict, bank_gap,"
        " union_state, union_sequence, custody, current, born, version) VALUES (?1 >> 53, ?1, ?1,"
        " 'P', x'', ?2, 1, '', 'I', 'ACTIVE', 3, 0, 0, 'ENABLED', 0, 'WITH_MEMBER', 1, 0, 0)",
        ours,
    )
    connection.executemany(
        "INSERT INTO bank_name VALUES ('CARD', ?, ?, ?)",
        ((name, at % 1024, at % 1024 << 53 | at + 1) for name, at, _ in names if at < CARDS),
    )
    connection.execute("COMMIT")
    connection.close()
    plain, keyed = folder / "list.txt", folder / "keyed.txt"
    listed = [(name, at) for name, at, _ in names if at % _APART or at >= CARDS]
    with plain.open("w") as file:
        file.writelines(f"{token(at)}\n" for at in sorted(at for _, at in listed))
    with keyed.open("w") as file:
        file.writelines(f"{name} ACTIVE 3\n" for name, _ in listed)
    return plain, keyed, len(listed)


def dump_and_comm(database: Path, keyed: Path) -> float:
    """Return seconds of writing our side out and comparing it with theirs, line by line."""
    start = time.perf_counter()
    dump = subprocess.Popen([sys.executable, "-c", _DUMP, str(database)], stdout=subprocess.PIPE)
    with dump:
        subprocess.run(
            ["comm", "-3", "-", str(keyed)], stdin=dump.stdout, check=True,
            stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    return time.perf_counter() - start


def by_except(database: Path, keyed: Path) -> float:
    """Return seconds of EXCEPT both ways, against the list in a table."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA cache_size=-65536")
    start = time.perf_counter()
    connection.execute("CREATE TEMP TABLE theirs (name TEXT, state TEXT, sequence INTEGER)")
    with keyed.open() as file:
        connection.executemany("INSERT INTO theirs VALUES (?, ?, ?)", map(str.split, file))
    ours = (
        "SELECT n.name, c.bank_state, c.bank_sequence FROM bank_name n"
        " JOIN card c ON c.shard = n.at_shard AND c.card_id = n.id WHERE n.kind = 'CARD'"
    )
    for one, other in ((ours, "SELECT * FROM theirs"), ("SELECT * FROM theirs", ours)):
        connection.execute(f"SELECT count(*) FROM ({one} EXCEPT {other})").fetchone()
    taken = time.perf_counter() - start
    connection.close()
    return taken


_CHILD = """
import sys
from pathlib import Path
from benchmarks.bench_reconcile import compare
compare(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
"""


def compare(folder: Path, listed: Path, count: int, turn: int) -> None:
    """Compare a list with the database as the bank's ear does; print seconds and MiB of growth."""
    import resource  # noqa: PLC0415 - of the child alone

    from attrs import evolve  # noqa: PLC0415

    from szunion.application.access import authorise  # noqa: PLC0415
    from szunion.application.bank_desk import engine  # noqa: PLC0415
    from szunion.application.reconciliation import listed as obey  # noqa: PLC0415
    from szunion.domain.access import Operation  # noqa: PLC0415

    office = evolve(office_in(folder, found=False)[0], sorts=FileSort())
    told = Told(
        event_id=f"L{turn}",
        stream="list",
        sequence=turn,
        effective=datetime(2017, 11, 23, tzinfo=UTC),
    )
    cards = FileLines(lambda: theirs(listed), count)
    notice = DailyCardList(told=told, day=told.effective.date(), cards=cards)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    office.storage.run(
        lambda work: obey(
            office, work, authorise(work, engine(), Operation.BANK_DESK), notice, f"D{turn}"
        )
    )
    taken = time.perf_counter() - start
    office.storage.close()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(taken, (after - before) / 1024)


def ours(folder: Path, plain: Path, count: int, turn: int) -> tuple[float, float]:
    """Return seconds and MiB of growth of our comparison, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), str(plain), str(count), str(turn)],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    return float(told[0]), float(told[1])


def two_files(keyed: Path, other: Path) -> tuple[float, float]:
    """Return seconds of walking two files side by side: ours, and comm's."""
    start = time.perf_counter()
    with keyed.open("rb") as left, other.open("rb") as right:
        one, two, apart = next(left, None), next(right, None), 0
        while one is not None and two is not None:
            if one == two:
                one, two = next(left, None), next(right, None)
            elif one < two:
                apart, one = apart + 1, next(left, None)
            else:
                apart, two = apart + 1, next(right, None)
    mine = time.perf_counter() - start
    start = time.perf_counter()
    subprocess.run(
        ["comm", "-3", str(keyed), str(other)], check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return mine, time.perf_counter() - start


def lines() -> list[Line]:
    """Return the lines of reconciliation."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office, _ = office_in(folder)
        plain, keyed, count = filled(folder, office.vault)
        office.storage.close()
        other = folder / "other.txt"
        with keyed.open() as file, other.open("w") as out:
            out.writelines(line for at, line in enumerate(islice(file, None)) if at % _APART)
        mine, bare, excepted, merged, commed, grown = [list[float]() for _ in range(6)]
        for turn in range(1, ROUNDS + 1):
            bare.append(dump_and_comm(folder / "union.db", keyed))
            seconds, growth = ours(folder, plain, count, turn)
            mine.append(seconds)
            grown.append(growth)
            excepted.append(by_except(folder / "union.db", keyed))
            both = two_files(keyed, other)
            merged.append(both[0])
            commed.append(both[1])
    what = f"12 daily list of {CARDS:,} cards beside SQLite"
    return [
        smaller(f"{what}, s, beside 3.5x the scan | comm of names that are ready",
                median(mine), limit=3.5 * median(bare)),
        faster(f"{what}, cards/s, beside EXCEPT both ways",
               CARDS / median(mine), peer=CARDS / median(excepted), floor=2),
        smaller(f"{what}, MiB by which the process grows", max(*grown, 0.1), limit=64),
        smaller(f"13 two ordered files of {CARDS:,} lines merged, s, beside 1.5x comm",
                median(merged), limit=1.5 * median(commed)),
    ]  # fmt: skip
