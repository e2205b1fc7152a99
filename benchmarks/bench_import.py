"""A roster from file to members (verdicts, sealing, blind indexes, history, log) on SQLite.

The limit is what SQLite itself needs: the rows that the import has made, ready in another file in
the order of the roster, brought into the same tables and indexes by ``INSERT … SELECT`` in one
transaction.
"""

from __future__ import annotations

import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tests.offices import shenzhen

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.roster.reader import read_roster
from szunion.adapters.storage.sqlite.migrate import migrate
from szunion.adapters.storage.sqlite.session import prepare
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.adapters.system import ChineseCalendar, SystemChance, SystemClock, SystemIds
from szunion.application.enrolment import Enrolment, ImportResult
from szunion.application.office import Office
from szunion.application.organisations import NewUnion, Organisations
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.documents import check_character
from szunion.domain.organisations import OrganisationKind

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


def office_in(folder: Path) -> tuple[Office, Principal]:
    """Return an office on a new database, and an officer of its one grassroots union."""
    clock = SystemClock()
    ids = SystemIds(clock, SystemChance())
    keys = FileKeys(bytes(32))
    vault = keys.vault()
    city = shenzhen()
    office = Office(
        storage=SqliteStorage.open(folder / "union.db", clock=clock, ids=ids, vault=vault),
        clock=clock, ids=ids, vault=vault, signer=keys.signer("bench"),
        calendar=ChineseCalendar(), policy=city.policy, catalogue=city.catalogue,
    )  # fmt: skip
    chief = Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL)
    desk = Organisations(office, chief)
    desk.found_city(code="440300", name="市总工会")
    district, union = desk.register_many(
        [
            NewUnion(code="D", name="区", kind=OrganisationKind.DISTRICT, parent_code="440300"),
            NewUnion(code="G", name="会", kind=OrganisationKind.GRASSROOTS, parent_code="D"),
        ],
        document="1",
    )
    del district
    officer = Principal(id="g", role=Role.GRASSROOTS, purpose=Purpose.ENROL, organisation=union.id)
    return office, officer


def imported(office: Office, officer: Principal, data: bytes) -> ImportResult:
    """Import one roster."""
    return Enrolment(office, officer, read_roster).import_file(BytesIO(data))


def ours(data: bytes, folder: Path) -> tuple[float, int]:
    """Return seconds of the import, and how many rows went in."""
    office, officer = office_in(folder)
    start = time.perf_counter()
    result = imported(office, officer, data)
    taken = time.perf_counter() - start
    office.storage.close()
    return taken, result.added


def made_ready(made: Path, ready: Path) -> None:
    """Copy what an import has made into bare tables, rows in the order of the file."""
    connection = sqlite3.connect(ready)
    connection.execute("ATTACH ? AS made", (str(made),))
    for table in TABLES:
        # The low bits of an id are the moment it was made: the order of the file.
        keyed = "person_id" in columns_of(connection, table)
        order = "ORDER BY person_id & ((1 << 53) - 1)" if keyed else ""
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM made.{table} {order}")
    connection.commit()
    connection.close()


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def bare(ready: Path, folder: Path) -> float:
    """Return seconds of inserting the ready rows into the same tables and indexes."""
    connection = sqlite3.connect(folder / "bare.db")
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


def lines() -> list[dict[str, Any]]:
    """Return the line of the import and the one of its memory."""
    data = roster(0, ROWS)
    mine: list[float] = []
    limit: list[float] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            taken, rows = ours(data, folder)
            assert rows == ROWS
            mine.append(taken)
            made_ready(folder / "union.db", folder / "ready.db")
            limit.append(bare(folder / "ready.db", folder))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rate, most = ROWS / median(mine), ROWS / median(limit)
    return [
        {
            "name": "import of a roster file into SQLite, rows/s (limit: INSERT…SELECT)",
            "ours": round(rate), "peer": None, "limit": round(most),
            "ratio": round(rate / most, 3), "floor": 0.45, "ok": rate / most >= 0.45,
        },
        {
            "name": "import of a roster file into SQLite, rows/s (floor 10,000 rows/s)",
            "ours": round(rate), "peer": None, "limit": 10_000,
            "ratio": round(rate / 10_000, 2), "floor": 1, "ok": rate >= 10_000,
        },
        {
            "name": "memory that the import of 50,000 rows adds, MiB (limit 512 MiB)",
            "ours": round(grown), "peer": None, "limit": 512,
            "ratio": round(grown / 512, 2), "floor": 1, "ok": grown <= 512,
        },
    ]  # fmt: skip
