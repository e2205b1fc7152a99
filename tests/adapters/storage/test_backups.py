"""What is backed up comes back, to the last byte, or the backup says that it is not itself.

On every engine, and from each to each: the rows are the same, and so are their checksums.
"""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import evolve
from psycopg.conninfo import make_conninfo
from tests.canaries import canary, found_in
from tests.offices import applicant, engine, office_on, town_on
from tests.places import nothing_at, opened_at
from tests.two_schemas import differences

from szunion.adapters.keys.checks import signature_holds
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage import backup as layout
from szunion.adapters.storage.backing import Database, back_up, copy
from szunion.adapters.storage.backup import MAGIC, NAME, verify
from szunion.adapters.storage.postgres import admin
from szunion.adapters.storage.postgres import backing as on_postgres
from szunion.adapters.storage.postgres.backing import PostgresDatabase
from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.adapters.storage.postgres.migrate import migrate
from szunion.adapters.storage.postgres.storage import BorrowedPostgres
from szunion.adapters.storage.postgres.tables import PostgresTables
from szunion.adapters.storage.sql.tables import Table, sum_of
from szunion.adapters.storage.sqlite import backing as on_sqlite
from szunion.adapters.storage.sqlite.backing import SqliteFile
from szunion.adapters.storage.sqlite.session import connect as open_file
from szunion.adapters.storage.sqlite.storage import BorrowedSqlite
from szunion.adapters.storage.sqlite.tables import SqliteTables
from szunion.application.audit import AuditLog
from szunion.domain.audit_export import verify as log_verify
from szunion.errors import (
    ConfigError,
    Conflict,
    InvalidInput,
    SchemaOutOfDate,
    StorageBusy,
    StorageError,
    SzunionError,
)
from szunion.ports.keys import Vault
from szunion.ports.storage import Storage
from szunion.testing.clock import SeededIds, SimClock

AT = datetime(2017, 11, 23, tzinfo=UTC)
ENGINES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
PAIRS = [
    pytest.param(one, two, marks=() if one == two == "sqlite" else pytest.mark.postgres)
    for one in ("sqlite", "postgres")
    for two in ("sqlite", "postgres")
]


def vault(seed: int = 0) -> Vault:
    return FileKeys(bytes(range(seed, seed + 32))).vault()


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Database]:
    """Return a small town's database, with members and a sealed log in it; nobody writes there."""
    made: dict[str, Database] = {}

    def get(kind: str) -> Database:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            made[kind] = nothing_at(kind, folder / "union.db")
            populate(kind, made[kind], folder)
        return made[kind]

    return get


def populate(kind: str, database: Database, folder: Path) -> None:
    clock = SimClock("2017-11-23")
    if kind == "postgres":
        assert isinstance(database, PostgresDatabase)
        admin.bring_up(database.owner, database.application, at=0)
    office = office_on("memory", folder)
    office = evolve(office, storage=opened(database, clock), clock=clock, ids=SeededIds(clock))
    place = town_on(office)
    for index in range(6):
        place.admit(index % 3, applicant(index))
    AuditLog(office, engine()).seal()
    for index in range(6, 9):  # and what nobody has sealed yet
        place.admit(index % 3, applicant(index))
    office.storage.close()


def opened(database: Database, clock: SimClock, *, recovering: bool = False) -> Any:
    ids = SeededIds(clock)
    return opened_at(database, clock=clock, ids=ids, vault=vault(), recovering=recovering)


@pytest.fixture(params=ENGINES)
def kind(request: pytest.FixtureRequest) -> str:
    """An engine."""
    return str(request.param)


@pytest.fixture
def town(kind: str, founded: Callable[[str], Database]) -> Database:
    """The town on that engine, to be read."""
    return founded(kind)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small town fills many chunks."""
    monkeypatch.setattr(layout, "CHUNK", 2000)


def backed(town: Database) -> bytes:
    out = io.BytesIO()
    back_up(town, vault(), out, city="440300", at=AT, progress=_silent)
    return out.getvalue()


def restored_at(place: Database, data: bytes) -> layout.Contents:
    return place.restore(io.BytesIO(data), vault(), at=AT, progress=_silent)


def _silent(_table: str, _rows: int) -> None:
    """Nobody looks."""


def sums(database: Database, without: str = "") -> dict[str, object]:
    """Return what each table holds; its columns may stand in another order on another engine."""
    with database.snapshot() as tables:
        all_ = [evolve(one, columns=tuple(sorted(one.columns))) for one in tables.tables()]
        return {one.name: sum_of(tables, one) for one in all_ if one.name != without}


def change(database: Database, words: str) -> None:
    """Change a database behind the store's back, as whoever owns it."""
    if isinstance(database, PostgresDatabase):
        with closing(connect(database.owner, Limits())) as connection:
            tell(connection, words)
    else:
        assert isinstance(database, SqliteFile)
        file = open_file(database.path)
        file.execute(words)
        file.close()


def chunks(data: bytes) -> tuple[bytes, list[bytes]]:
    """Take a backup apart: what is before the chunks, and each with its length."""
    at = len(MAGIC) + NAME
    found = []
    start = data[:at]
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append(data[at : at + 4 + length])
        at += 4 + length
    return start, found


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_is_restored_is_what_was_backed_up(
    founded: Callable[[str], Database], source: str, target: str, tmp_path: Path
) -> None:
    town, place = founded(source), nothing_at(target, tmp_path / "b.db")
    data = backed(town)
    contents = restored_at(place, data)
    assert contents.rows > 20
    assert contents.head.audit
    assert sums(place, "restored") == sums(town, "restored")
    assert verify(io.BytesIO(data), vault()).sums == contents.sums
    place.release(at=AT, note="checked")
    assert whole_log(place) == (True, 9)
    if isinstance(place, SqliteFile):
        made = open_file(place.path)
        assert made.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        made.close()


def whole_log(place: Database) -> tuple[bool, int]:
    """Seal what is not sealed yet; return whether the log holds, and how many were admitted."""
    storage = opened(place, SimClock("2017-11-24"))
    log = AuditLog(evolve(office_on("memory", Path()), storage=storage), engine())
    log.seal_all()
    found = log_verify(log.export(), [log.key], signature_holds)
    admitted = sum("membership.apply" in line for line in log.lines())
    storage.close()
    return found.sound, admitted


def test_a_backup_holds_nothing_in_the_clear(town: Database) -> None:
    data = backed(town)
    assert not found_in(data)
    for word in (b"organisation", "甲一工会".encode(), canary(1).name.encode(), b"SQLite"):
        assert word not in data


@pytest.mark.usefixtures("small_chunks")
def test_every_change_of_a_backup_is_found(founded: Callable[[str], Database]) -> None:
    town = founded("sqlite")
    data = backed(town)
    start, parts = chunks(data)
    assert len(parts) > 5
    other = chunks(backed(town))[1]
    bad = {
        "cut anywhere": [data[: random.Random(n).randrange(len(data))] for n in range(40)],
        "the end is missing": [start + b"".join(parts[:n]) for n in range(len(parts))],
        "taken out": [start + b"".join(parts[:n] + parts[n + 1 :]) for n in range(len(parts))],
        "doubled": [start + b"".join([*parts[:n], parts[n], *parts[n:]]) for n in (0, 3)],
        "swapped": [start + b"".join([parts[0], parts[2], parts[1], *parts[3:]])],
        "from another backup": [start + b"".join([*parts[:2], other[2], *parts[3:]])],
        "longer": [data + b"\0", data + parts[-1], data + b"\xff\xff\xff\xff"],
        "a byte flipped": [_flipped(data, n) for n in range(60)],
    }
    for kind, each in bad.items():
        for one in each:
            with pytest.raises(SzunionError) as told:
                verify(io.BytesIO(one), vault())
            assert told.value.code in {"E-STORE-013", "E-KEYS-002", "E-KEYS-001"}, kind


def _flipped(data: bytes, seed: int) -> bytes:
    at = random.Random(seed).randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_other_keys_do_not_open_a_backup(founded: Callable[[str], Database]) -> None:
    with pytest.raises(StorageError, match="E-KEYS-002"):
        verify(io.BytesIO(backed(founded("sqlite"))), vault(1))


def test_a_restore_writes_over_nothing_and_leaves_nothing_behind(
    town: Database, kind: str, tmp_path: Path
) -> None:
    data = backed(town)
    with pytest.raises(Conflict, match="E-STORE-019"):
        restored_at(town, data)
    place = nothing_at(kind, tmp_path / "b.db")
    for cut in (9, len(data) // 2):
        with pytest.raises(StorageError):
            restored_at(place, data[:-cut])
        assert not list(tmp_path.iterdir())
        with pytest.raises(StorageError, match="E-STORE-009"), place.snapshot():
            pass
    restored_at(place, data)


def test_a_backup_whose_rows_refer_to_nothing_is_not_restored(
    kind: str, founded: Callable[[str], Database], tmp_path: Path
) -> None:
    torn = SqliteFile(tmp_path / "torn.db")
    copy(founded("sqlite"), torn, at=0, progress=_silent)
    file = open_file(torn.path)
    file.execute("PRAGMA foreign_keys=OFF")
    file.execute("UPDATE membership SET organisation_id = 4711")
    file.close()
    place = nothing_at(kind, tmp_path / "b.db")
    with pytest.raises(StorageError, match="E-STORE-013"):
        restored_at(place, backed(torn))
    with pytest.raises(StorageError, match="E-STORE-009"), place.snapshot():
        pass


def test_a_backup_of_a_newer_program_is_refused(
    town: Database, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = backed(town)
    place = nothing_at(kind, tmp_path / "b.db")
    monkeypatch.setattr(on_sqlite if kind == "sqlite" else on_postgres, "migrations", lambda: ())
    with pytest.raises(SchemaOutOfDate, match="E-STORE-006"):
        restored_at(place, data)
    if kind == "postgres":
        with pytest.raises(SchemaOutOfDate, match="E-STORE-006"), place.filling(1, at=0):
            pass


def test_writers_go_on_while_a_backup_is_made(town: Database, kind: str, tmp_path: Path) -> None:
    """What is written after it began is not in it."""
    own = nothing_at(kind, tmp_path / "own.db")
    copy(town, own, at=0, progress=_silent)
    with own.snapshot() as tables:
        before = {one.name: sum_of(tables, one) for one in tables.tables()}
    all_before = sums(own)

    class Slow(io.BytesIO):
        def write(self, data: object) -> int:
            if not self.getvalue():
                change(own, WRITTEN[kind])
            return super().write(data)  # type: ignore[arg-type]

    out = Slow()
    contents = back_up(own, vault(), out, city="440300", at=AT, progress=_silent)
    assert contents.sums == before
    assert sums(own) != all_before


WRITTEN = {
    "sqlite": "UPDATE organisation SET name = name || 'x'",
    "postgres": "UPDATE szunion.organisation SET name = name || 'x'",
}


@pytest.mark.postgres
def test_nobody_migrates_a_server_that_is_being_backed_up(
    founded: Callable[[str], Database],
) -> None:
    town = founded("postgres")
    assert isinstance(town, PostgresDatabase)
    owner = connect(town.owner, Limits(lock=0.05))
    with town.snapshot(), pytest.raises(StorageBusy):
        migrate(owner, at=0)
    migrate(owner, at=0)
    owner.close()


@pytest.mark.postgres
def test_a_backup_in_the_role_of_the_program_sees_what_the_owner_sees(
    founded: Callable[[str], Database],
) -> None:
    town = founded("postgres")
    assert isinstance(town, PostgresDatabase)
    assert sums(PostgresDatabase(town.owner)) == sums(town)


def test_a_restored_store_is_read_only_until_it_is_released(
    town: Database, kind: str, tmp_path: Path
) -> None:
    place = nothing_at(kind, tmp_path / "b.db")
    restored_at(place, backed(town))
    clock = SimClock("2017-11-24")
    storage = opened(place, clock)
    desk = opened(place, clock, recovering=True)
    try:
        assert storage.read(lambda work: work.now) == clock.now()
        with pytest.raises(StorageError, match="E-STORE-014"):
            storage.run(lambda work: work.now)
        assert desk.run(lambda work: work.now) == clock.now(), "who compares it may write"
        borrowed_is_held(place, clock)
        found = place.restored()
        assert found is not None
        assert found.made == AT
        place.release(at=AT, note="checked")
        assert place.restored() is None
        assert storage.run(lambda work: work.now) == clock.now(), "without a restart"
    finally:
        storage.close()
        desk.close()


def borrowed_is_held(place: Database, clock: SimClock) -> None:
    parts = clock, SeededIds(clock), vault()
    if isinstance(place, PostgresDatabase):
        connection = connect(place.application, Limits())
        tell(connection, "BEGIN ISOLATION LEVEL SERIALIZABLE")
        inside: Storage = BorrowedPostgres(connection, *parts)
        close = connection.close
    else:
        assert isinstance(place, SqliteFile)
        file = open_file(place.path)
        file.execute("BEGIN")
        inside, close = BorrowedSqlite(file, *parts), file.close
    assert inside.read(lambda work: work.now) == clock.now()
    with pytest.raises(StorageError, match="E-STORE-014"):
        inside.run(lambda work: work.now)
    close()


def test_an_older_backup_is_restored_at_its_version_and_brought_up_to_date(
    kind: str, tmp_path: Path
) -> None:
    older = SqliteFile(tmp_path / "older.db")
    with older.filling(15, at=0) as tables:
        assert tables.schema == 15
    place = nothing_at(kind, tmp_path / "b.db")
    restored_at(place, backed(older))
    owner = PostgresDatabase(place.owner) if isinstance(place, PostgresDatabase) else place
    with owner.snapshot() as found:
        assert found.schema == 15
    with pytest.raises(SchemaOutOfDate, match="E-STORE-006"):
        opened(place, SimClock())
    if isinstance(place, PostgresDatabase):
        admin.bring_up(place.owner, place.application, at=0)
        storage = opened(place, SimClock())
        with pytest.raises(StorageError, match="E-STORE-014"):
            storage.run(lambda work: work.now)
        storage.close()


# --- copies --------------------------------------------------------------------------------------


class Dead(BaseException):
    """The machine died."""


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_copy_is_the_same_and_can_be_broken_off_anywhere(
    founded: Callable[[str], Database],
    source: str,
    target: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town, place = founded(source), nothing_at(target, tmp_path / "c.db")
    kind = SqliteTables if target == "sqlite" else PostgresTables
    left, rounds, put = 0, 0, kind.put

    def counted(tables: Any, table: Table, rows: Sequence[Any]) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise Dead
        return put(tables, table, rows)

    monkeypatch.setattr(kind, "put", counted)
    monkeypatch.setattr("szunion.adapters.storage.sql.carry.SIZE", 2)
    while True:
        rounds, left = rounds + 1, 8
        try:
            done = copy(town, place, at=0, progress=_silent)
        except Dead:
            if target == "postgres":
                with pytest.raises(StorageError):  # nobody works on half a copy
                    opened(place, SimClock())
            continue
        break
    assert rounds > 5, "it was broken off again and again"
    with town.snapshot() as tables:
        assert done.rows == sum(tables.count(each) for each in tables.tables())
    assert done.new < done.rows
    assert sums(place) == sums(town)
    opened(place, SimClock()).close()
    again = copy(town, place, at=0, progress=_silent)
    assert (again.rows, again.new) == (done.rows, 0), "whoever does it once more changes nothing"


@pytest.mark.parametrize("kind", ENGINES)
def test_a_database_is_not_copied_into_itself_however_it_is_written(
    founded: Callable[[str], Database], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = founded(kind)
    before = sums(town)
    for same in _otherwise_written(town, tmp_path, monkeypatch):
        with pytest.raises(InvalidInput, match="E-STORE-039"):
            copy(town, same, at=0, progress=_silent)
        with pytest.raises(InvalidInput, match="E-STORE-039"):
            copy(same, town, at=0, progress=_silent)
    assert sums(town) == before
    opened(town, SimClock()).close()


def _otherwise_written(
    town: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Database]:
    if isinstance(town, PostgresDatabase):
        app, owner = (make_conninfo(each, application_name="other")
                      for each in (town.application, town.owner))  # fmt: skip
        return [town, PostgresDatabase(app, owner)]
    assert isinstance(town, SqliteFile)
    (folder / "link.db").symlink_to(town.path)
    (folder / "hard.db").hardlink_to(town.path)
    monkeypatch.chdir(town.path.parent)
    ways = (town.path, Path(town.path.name), Path("..") / town.path.parent.name / town.path.name,
            folder / "link.db", folder / "hard.db")  # fmt: skip
    return [SqliteFile(each) for each in ways]


@pytest.mark.postgres
def test_what_the_owner_would_fill_is_the_database_that_was_named(
    founded: Callable[[str], Database], tmp_path: Path
) -> None:
    """An owner's address of another database, as one left in the settings, is refused."""
    town, one, two = (founded("sqlite"), *(nothing_at("postgres", tmp_path) for _ in range(2)))
    assert isinstance(one, PostgresDatabase)
    assert isinstance(two, PostgresDatabase)
    mixed = PostgresDatabase(one.application, two.owner)
    with pytest.raises(ConfigError, match="E-STORE-040"):
        copy(town, mixed, at=0, progress=_silent)
    with pytest.raises(ConfigError, match="E-STORE-040"):
        restored_at(mixed, backed(town))
    for place in (one, two):
        with pytest.raises(StorageError, match="E-STORE-009"), place.snapshot():
            pass


@pytest.mark.postgres
def test_a_filled_server_has_the_schema_of_a_fresh_one(
    founded: Callable[[str], Database], tmp_path: Path
) -> None:
    town = founded("sqlite")
    for fill in (
        lambda place: copy(town, place, at=0, progress=_silent),
        lambda place: restored_at(place, backed(town)),
    ):
        place = nothing_at("postgres", tmp_path)
        assert isinstance(place, PostgresDatabase)
        fill(place)
        owner = psycopg.connect(place.owner, options="-c search_path=szunion,pg_catalog")
        assert differences(owner) == set()
        owner.close()
        assert admin.state(place.application).sound


def test_a_copy_into_what_holds_something_else_is_refused(
    town: Database, kind: str, tmp_path: Path
) -> None:
    place = nothing_at(kind, tmp_path / "c.db")
    copy(town, place, at=0, progress=_silent)
    change(place, WRITTEN[kind] + " WHERE code = '440304'")
    with pytest.raises(Conflict, match="E-STORE-017"):
        copy(town, place, at=0, progress=_silent)
    change(place, "ALTER TABLE organisation ADD COLUMN more TEXT")
    with pytest.raises(StorageError, match="E-STORE-016"):
        copy(town, place, at=0, progress=_silent)
    with pytest.raises(StorageError, match="E-STORE-006"), place.filling(3, at=0):
        pass


@pytest.mark.postgres
def test_without_the_owner_nothing_is_filled(founded: Callable[[str], Database]) -> None:
    place = nothing_at("postgres", Path())
    assert isinstance(place, PostgresDatabase)
    alone = PostgresDatabase(place.application)
    with pytest.raises(ConfigError, match="E-STORE-023"):
        copy(founded("sqlite"), alone, at=0, progress=_silent)
    with pytest.raises(ConfigError, match="E-STORE-023"):
        restored_at(alone, backed(founded("sqlite")))
