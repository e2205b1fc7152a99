"""A city comes in through the import, whole, in little memory, though it is killed on the way."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from benchmarks import city
from benchmarks.bench_import import roster
from benchmarks.places import office_on
from tests.databases import database_for

from szunion.application.members import Members
from szunion.domain.access import Principal, Purpose, Role
from szunion.testing.postgres import NoPostgres, PostgresServer
from szunion.testing.postgres_databases import Database, Databases, ready

MOST_MIB = 512
LARGE = 25_000
PER_ROSTER = 45
"""Statements that a roster of one chunk may take, however many rows it has."""
TABLES = (
    "person", "person_salt", "person_document", "person_mobile", "membership", "affiliation",
)  # fmt: skip
_LOGGED = "SELECT count(*) FROM audit WHERE action = 'membership.import'"
_ENDED = "SELECT count(*) FROM roster_import WHERE ended IS NOT NULL"
Found = dict[str, Any]


def loading(place: Path | str, members: int, per_union: int) -> subprocess.Popen[str]:
    """Load a city in a process of its own."""
    words = ["-m", "tests.system.city_child", str(place), str(members), str(per_union)]
    return subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def loaded(place: Path | str, members: int, per_union: int) -> Found:
    """Load a city in a process of its own; return what it says of itself."""
    with loading(place, members, per_union) as child:
        said, _ = child.communicate()
    assert child.returncode == 0
    found: Found = json.loads(said)
    return found


def killed(place: Path, members: int, per_union: int, after: int) -> int:
    """Kill a load when so many rosters are in; return how many are."""
    with loading(place, members, per_union) as child:
        while child.poll() is None and ended(place) < after:
            time.sleep(0.02)
        child.kill()
    assert child.returncode == -signal.SIGKILL, "it was done before it could be killed"
    return ended(place)


def ended(place: Path) -> int:
    """Return how many rosters are in."""
    file = place / "union.db"
    if not file.exists():
        return 0
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(connection.execute(_ENDED).fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0
    finally:
        connection.close()


def check(found: Found, place: Path | str, asked: Iterator[int], members: int, per: int) -> None:
    """Check a city to the last row, and what loading it took."""
    assert found["members"] == members
    assert found["most_mib"] <= MOST_MIB
    rosters = -(-members // per)
    assert sum(found["asked"].values()) <= PER_ROSTER * rosters + 3 * rosters + 200
    assert list(asked) == [members] * (len(TABLES) + 1)
    office = office_on(place)
    look = Members(office, Principal(id="c", role=Role.CITY, purpose=Purpose.SERVE))
    for start in range(0, members, members // 8):
        rows = roster(start // per * per, min(per, members)).decode("gb18030").splitlines()[1:]
        for row in rows[:: per // 5]:
            name, number, mobile, joined = row.split(",")
            one = look.find(number)
            assert one is not None
            assert one.mobile is not None
            assert one.membership is not None
            assert (one.name.plain(), one.mobile.plain()) == (name, mobile)
            assert str(one.membership.since) == joined
            assert [each.recorded for each in look.affiliations(one.id)]
    office.storage.close()


def rows_of(connection: Any) -> Iterator[int]:
    """Yield how many rows each table of the members has, and how many of them the log tells of."""
    for table in TABLES:
        yield connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    yield connection.execute(_LOGGED).fetchone()[0]


def whole_on_sqlite(place: Path, members: int, per: int, *, kill_after: int) -> Found:
    """Load a city, killed on the way, and check it."""
    assert killed(place, members, per, kill_after) >= kill_after
    found = loaded(place, members, per)
    connection = sqlite3.connect(place / "union.db")
    try:
        check(found, place, rows_of(connection), members, per)
        assert connection.execute("PRAGMA foreign_key_check").fetchone() is None
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    finally:
        connection.close()
    return found


def whole_on_postgres(database: Database, members: int, per: int) -> Found:
    """Load a city, and check it."""
    found = loaded(database.app, members, per)
    with psycopg.connect(database.admin, options="-csearch_path=szunion") as connection:
        check(found, database.app, rows_of(connection), members, per)
    return found


def test_two_hundred_thousand_come_in_whole_though_the_load_is_killed(tmp_path: Path) -> None:
    whole_on_sqlite(tmp_path, 200_000, LARGE, kill_after=2)


@pytest.mark.parametrize("words", [[], [""], [" ", "100"]])
def test_a_city_without_a_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """The folder that one happens to be in was taken for it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="name a place"):
        city.main(words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgres
def test_members_come_in_whole_on_postgresql_and_a_second_run_adds_nobody(tmp_path: Path) -> None:
    database = database_for(tmp_path)
    whole_on_postgres(database, 20_000, 5_000)
    whole_on_postgres(database, 20_000, 5_000)


@pytest.mark.soak
def test_all_of_shenzhen_comes_in_within_512_mib(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("city", whole_on_sqlite(tmp_path, 5_720_000, LARGE, kill_after=20))


@pytest.mark.soak
@pytest.mark.postgres
def test_all_of_shenzhen_comes_into_postgresql_within_512_mib(
    record_property: Callable[[str, object], None],
) -> None:
    """On a server of its own, with the memory that a server for a city has."""
    settings = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
    try:
        server = PostgresServer.start(settings=settings)
    except NoPostgres as error:
        pytest.skip(str(error))
    with server:
        databases = Databases(server.dsn(), server)
        databases.prepare()
        found = whole_on_postgres(databases.filled(ready), 5_720_000, LARGE)
    record_property("city", found)
