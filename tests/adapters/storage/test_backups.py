"""What is backed up comes back, to the last byte, or the backup says that it is not itself."""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.canaries import canary, found_in
from tests.offices import applicant, office_on, town_on

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage import backup as layout
from szunion.adapters.storage.backup import MAGIC, NAME, verify
from szunion.adapters.storage.sql.carry import carry
from szunion.adapters.storage.sql.tables import Table, sum_of
from szunion.adapters.storage.sqlite.backing import back_up, opened, restore
from szunion.adapters.storage.sqlite.restored import release, restored
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.adapters.storage.sqlite.tables import SqliteTables, to_fill
from szunion.errors import Conflict, SchemaOutOfDate, StorageError
from szunion.ports.keys import Vault
from szunion.testing.clock import SeededIds, SimClock

AT = datetime(2017, 11, 23, tzinfo=UTC)


def vault(seed: int = 0) -> Vault:
    return FileKeys(bytes(range(seed, seed + 32))).vault()


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small town's file, with members in it."""
    folder = tmp_path_factory.mktemp("town")
    office = office_on("sqlite", folder)
    place = town_on(office)
    for index in range(6):
        place.admit(index % 3, applicant(index))
    office.storage.close()
    return folder / "union.db"


@pytest.fixture
def town(founded: Path, tmp_path: Path) -> Path:
    """A copy of its own of the town's file."""
    return Path(shutil.copy(founded, tmp_path / "union.db"))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small town fills many chunks."""
    monkeypatch.setattr(layout, "CHUNK", 2000)


def backed(path: Path) -> bytes:
    out = io.BytesIO()
    back_up(path, vault(), out, city="440300", at=AT, progress=_silent)
    return out.getvalue()


def _silent(_table: str, _rows: int) -> None:
    """Nobody looks."""


def sums(path: Path, without: str = "") -> dict[str, object]:
    with closing(opened(path)) as connection:
        tables = SqliteTables(connection)
        return {one.name: sum_of(tables, one) for one in tables.tables() if one.name != without}


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


def test_what_is_restored_is_what_was_backed_up(town: Path, tmp_path: Path) -> None:
    data = backed(town)
    contents = restore(io.BytesIO(data), tmp_path / "b.db", vault(), at=AT, progress=_silent)
    assert contents.rows > 20
    assert sums(tmp_path / "b.db", "restored") == sums(town, "restored")
    assert verify(io.BytesIO(data), vault()).sums == contents.sums
    with closing(connect(tmp_path / "b.db")) as made:
        assert made.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_holds_nothing_in_the_clear(town: Path) -> None:
    data = backed(town)
    assert not found_in(data)
    for word in (b"organisation", "甲一工会".encode(), canary(1).name.encode(), b"SQLite"):
        assert word not in data


@pytest.mark.usefixtures("small_chunks")
def test_every_change_of_a_backup_is_found(town: Path) -> None:
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
            with pytest.raises(StorageError) as told:
                verify(io.BytesIO(one), vault())
            assert told.value.code in {"E-STORE-013", "E-KEYS-002", "E-KEYS-001"}, kind


def _flipped(data: bytes, seed: int) -> bytes:
    at = random.Random(seed).randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_other_keys_do_not_open_a_backup(town: Path) -> None:
    with pytest.raises(StorageError, match="E-KEYS-002"):
        verify(io.BytesIO(backed(town)), vault(1))


def test_a_restore_writes_over_nothing_and_leaves_nothing_behind(town: Path) -> None:
    data = backed(town)
    with pytest.raises(Conflict, match="E-STORE-019"):
        restore(io.BytesIO(data), town, vault(), at=AT, progress=_silent)
    there = {each.name for each in town.parent.iterdir()}
    with pytest.raises(StorageError):
        restore(io.BytesIO(data[:-9]), town.with_name("b.db"), vault(), at=AT, progress=_silent)
    assert {each.name for each in town.parent.iterdir()} == there


def test_a_backup_of_a_newer_program_is_refused(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = backed(town)
    from szunion.adapters.storage.sqlite import backing

    monkeypatch.setattr(backing, "migrations", lambda: ())
    with pytest.raises(SchemaOutOfDate, match="E-STORE-006"):
        restore(io.BytesIO(data), town.with_name("b.db"), vault(), at=AT, progress=_silent)


def test_writers_go_on_while_a_backup_is_made(town: Path) -> None:
    """What is written after it began is not in it."""
    writer = sqlite3.connect(town, isolation_level=None)
    before = sums(town)

    class Slow(io.BytesIO):
        def write(self, data: object) -> int:
            if not self.getvalue():
                writer.execute("UPDATE organisation SET name = name || 'x'")
            return super().write(data)  # type: ignore[arg-type]

    out = Slow()
    contents = back_up(town, vault(), out, city="440300", at=AT, progress=_silent)
    writer.close()
    assert contents.sums == before != sums(town)


def test_a_restored_store_is_read_only_until_it_is_released(town: Path) -> None:
    path = town.with_name("b.db")
    restore(io.BytesIO(backed(town)), path, vault(), at=AT, progress=_silent)
    clock = SimClock("2017-11-24")
    storage = SqliteStorage.open(path, clock=clock, ids=SeededIds(clock), vault=vault())
    desk = SqliteStorage.open(
        path, clock=clock, ids=SeededIds(clock), vault=vault(), recovering=True
    )
    try:
        assert storage.read(lambda work: work.now) == clock.now()
        with pytest.raises(StorageError, match="E-STORE-014"):
            storage.run(lambda work: work.now)
        assert desk.run(lambda work: work.now) == clock.now(), "who compares it may write"
        with closing(connect(path)) as connection:
            found = restored(connection)
            assert found is not None
            assert found.made == AT
            release(connection, at=AT, note="checked")
            assert restored(connection) is None
        assert storage.run(lambda work: work.now) == clock.now(), "without a restart"
    finally:
        storage.close()
        desk.close()


class Broken(SqliteTables):
    """A target whose machine dies after so many rows."""

    left = 0

    def put(self, table: Table, rows: object) -> int:
        Broken.left -= 1
        if Broken.left < 0:
            raise KeyboardInterrupt
        return super().put(table, rows)  # type: ignore[arg-type]


@pytest.fixture
def pair(town: Path) -> Iterator[tuple[SqliteTables, SqliteTables]]:
    with closing(opened(town)) as one:
        tables = SqliteTables(one)
        with closing(to_fill(town.with_name("c.db"), tables.schema, at=0).connection) as two:
            yield tables, SqliteTables(two)


def test_a_copy_is_the_same_and_can_be_broken_off_anywhere(
    pair: tuple[SqliteTables, SqliteTables],
) -> None:
    source, target = pair
    rounds = 0
    while True:
        rounds += 1
        Broken.left = 3
        try:
            done = carry(source, Broken(target.connection), size=2)
        except KeyboardInterrupt:
            continue
        break
    assert rounds > 5, "it was broken off again and again"
    assert done.rows == sum(source.count(each) for each in source.tables())
    assert done.new < done.rows


def test_a_copy_into_what_holds_something_else_is_refused(
    pair: tuple[SqliteTables, SqliteTables],
) -> None:
    source, target = pair
    carry(source, target)
    target.connection.execute("UPDATE organisation SET name = 'x' WHERE code = '440304'")
    with pytest.raises(Conflict, match="E-STORE-017"):
        carry(source, target)
    target.connection.execute("ALTER TABLE organisation ADD COLUMN more TEXT")
    with pytest.raises(StorageError, match="E-STORE-016"):
        carry(source, target)
