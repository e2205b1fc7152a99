"""A roster from file to members (verdicts, sealing, blind indexes, history, log) on SQLite.

The limit is what SQLite itself needs: the rows that the import has made, ready in another file,
brought into the same tables and indexes by ``INSERT … SELECT`` in one transaction, as durable as
ours. Ready in the order of the roster is what an import could have; sorted by every key beforehand
is what no import can have, and shows how much of SQLite's time goes into finding places.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.lines import Line, faster, smaller
from benchmarks.places import founded, office_on
from szunion.adapters.roster.reader import read_roster
from szunion.adapters.storage.sqlite.migrate import migrate
from szunion.adapters.storage.sqlite.session import prepare
from szunion.application.office import Office
from szunion.application.roster import ImportResult, Rosters
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.documents import check_character

ROWS = 50_000
ROUNDS = 3
TABLES = (
    "organisation", "person", "person_salt", "person_document", "person_mobile", "membership",
    "affiliation", "audit", "roster_import",
)  # fmt: skip


def roster(start: int, rows: int) -> bytes:
    """Return a text roster of synthetic people; the numbers do not repeat between *start*s."""
    return "\n".join(["姓名,证件号码,手机,入会日期", *_people(start, rows)]).encode("gb18030")


def _people(start: int, rows: int) -> Iterator[str]:
    random = Random(start)
    given = "模拟测试示范样例演练甲乙丙丁"
    first = date(1960, 1, 1)
    for index in range(start, start + rows):
        # Mixed radix: area, birth day, sequence number; each index is another number.
        rest, sequence = divmod(index * 7919 % 1_400_000_000, 997)
        areas, day = divmod(rest, 14_000)
        born = first + timedelta(days=day)
        body = f"44{30_00 + areas % 100:04d}{born:%Y%m%d}{sequence + 1:03d}"
        name = "张王李赵陈刘"[index % 6] + random.choice(given) + random.choice(given)
        mobile = f"1{30 + index % 70}{index % 10**8:08d}"
        yield f"{name},{body}{check_character(body)},{mobile},2015-06-01"


def office_in(place: Path | str, *, found: bool = True) -> tuple[Office, Principal]:
    """Return an office on a database, and an officer of its one grassroots union.

    Args:
        place: Where the database is, or is made.
        found: Whether the unions are to be made; else there are some, and the city's officer comes.
    """
    office = office_on(place)
    chief = Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL)
    if not found:
        return office, chief
    return office, founded(office)


def imported(office: Office, officer: Principal, data: bytes) -> ImportResult:
    """Import one roster."""
    return Rosters(office, officer, read_roster).import_file(BytesIO(data))


def ours(data: bytes, folder: Path) -> float:
    """Return seconds of the import."""
    office, officer = office_in(folder)
    start = time.perf_counter()
    result = imported(office, officer, data)
    taken = time.perf_counter() - start
    office.storage.close()
    assert result.added == ROWS
    return taken


def made_ready(made: Path, ready: Path, *, by_key: bool) -> None:
    """Copy what an import has made into bare tables: in the file's order, or sorted by key."""
    connection = sqlite3.connect(ready)
    connection.execute("ATTACH ? AS made", (str(made),))
    for table in TABLES:
        # The low bits of an id are the moment it was made: the order of the file.
        filed = not by_key and "person_id" in columns_of(connection, table)
        order = "ORDER BY person_id & ((1 << 53) - 1)" if filed else ""
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM made.{table} {order}")
    connection.commit()
    connection.close()


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def bare(ready: Path, into: Path) -> float:
    """Return seconds of inserting the ready rows into the same tables and indexes."""
    connection = sqlite3.connect(into)
    prepare(connection)
    migrate(connection, at=0)
    connection.execute("ATTACH ? AS ready", (str(ready),))
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        names = ", ".join(columns_of(connection, table))
        connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM ready.{table}")
    connection.execute("COMMIT")
    taken = time.perf_counter() - start
    connection.close()
    return taken


def usual(data: bytes, ready: Path, into: Path) -> float:
    """Return seconds of the usual way: stdnum, hmac.new, AESGCM, and SQLAlchemy Core for the rows.

    What is computed is thrown away and ready rows are inserted, so nothing else need be built.
    """
    # Here: whoever only loads a city need not have the peers.
    import sqlalchemy as sa  # noqa: PLC0415
    from stdnum.cn import ric  # noqa: PLC0415

    connection = sqlite3.connect(into)
    prepare(connection)
    migrate(connection, at=0)
    connection.close()
    source = sqlite3.connect(ready)
    source.row_factory = sqlite3.Row
    rows = {
        table: [dict(row) for row in source.execute(f"SELECT * FROM {table}")] for table in TABLES
    }
    source.close()
    engine = sa.create_engine(f"sqlite:///{into}")
    sa.event.listen(engine, "connect", lambda raw, _: prepare(raw))
    tables = sa.MetaData()
    tables.reflect(engine, only=TABLES)
    key, cipher = bytes(32), AESGCM(bytes(32))
    start = time.perf_counter()
    for row in csv.DictReader(data.decode("gb18030").splitlines()):
        with suppress(KeyError):  # it falls over area codes that its table does not have
            ric.is_valid(row["证件号码"])
        cipher.encrypt(os.urandom(12), ",".join(row.values()).encode(), None)
        for text in (row["证件号码"], row["手机"]):
            hmac.new(key, text.encode(), hashlib.sha256).digest()
    with engine.begin() as transaction:
        transaction.exec_driver_sql("BEGIN IMMEDIATE")
        for table, each in rows.items():
            transaction.execute(tables.tables[table].insert(), each)
    taken = time.perf_counter() - start
    engine.dispose()
    return taken


def peak(rows: int) -> float:
    """Return the most memory, in MiB, of a process of its own that imports *rows*."""
    script = (
        "import tempfile; from pathlib import Path;"
        "from benchmarks.bench_import import imported, office_in, roster\n"
        "from benchmarks.lines import peak_mib\n"
        "with tempfile.TemporaryDirectory() as name:\n"
        f"    imported(*office_in(Path(name)), roster(0, {rows}))\n"
        "print(peak_mib())"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    return float(done.stdout)


def lines() -> list[Line]:
    """Return the lines of the import, and the one of its memory."""
    data = roster(0, ROWS)
    taken: dict[str, list[float]] = {"ours": [], "filed": [], "sorted": [], "usual": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            taken["ours"].append(ours(data, folder))
            made_ready(folder / "union.db", folder / "filed.db", by_key=False)
            made_ready(folder / "union.db", folder / "sorted.db", by_key=True)
            taken["filed"].append(bare(folder / "filed.db", folder / "1.db"))
            taken["sorted"].append(bare(folder / "sorted.db", folder / "2.db"))
            taken["usual"].append(usual(data, folder / "filed.db", folder / "3.db"))
    rate = {name: ROWS / median(times) for name, times in taken.items()}
    what = "5 import of a roster file into SQLite, rows/s"
    most, few = peak(ROWS), peak(ROWS // 50)
    return [
        faster(
            f"{what}, beside INSERT…SELECT of ready rows as the file has them",
            rate["ours"], limit=rate["filed"], floor=0.45,
        ),
        faster(
            f"{what}, beside INSERT…SELECT of ready rows sorted by every key",
            rate["ours"], limit=rate["sorted"], floor=0.25,
        ),
        faster(
            f"{what}, beside stdnum, hmac, AESGCM and SQLAlchemy Core",
            rate["ours"], peer=rate["usual"], floor=2.5,
        ),
        faster(f"{what}, beside 10,000", rate["ours"], limit=10_000, floor=1),
        smaller(f"most memory of a process that imports {ROWS:,} rows, MiB", most, limit=512),
        smaller(f"of it, more than with {ROWS // 50:,} rows, MiB", most - few, limit=128),
    ]  # fmt: skip
