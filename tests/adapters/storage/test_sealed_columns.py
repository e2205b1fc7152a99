"""Every sealed column is known, is bound to its place, and is brought under a new key whole."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from tests.offices import engine

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.sql.sealed import COLUMNS
from szunion.adapters.storage.sqlite.migrate import migrate
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.domain.access import Operation, Scope
from szunion.domain.keyset import KeyUse
from szunion.domain.values import shard_of
from szunion.errors import StorageError
from szunion.ports.keys import Place
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.sealed import Walk
from szunion.testing.clock import SeededIds, SimClock

NOW = datetime(2018, 1, 1, tzinfo=UTC)

#: Columns of bytes that are not sealed, and what they are instead; the audit log's are hashes.
NOT_SEALED = {
    "person_salt.salt": "a salt", "payee_name.salt": "a salt", "restored.backup": "a hash",
    "person_document.blind": "a blind index",
    "person_mobile.blind": "a blind index", "person_tombstone.stone": "a salted MAC",
    "binding.account": "a blind index", "binding_of_person.account": "a blind index",
    "card.token_index": "a blind index", "granted.key": "a fingerprint",
    "obligation.key": "a fingerprint", "claimed.key": "a fingerprint",
}  # fmt: skip


@pytest.fixture
def schema() -> Iterator[sqlite3.Connection]:
    connection = connect(":memory:")
    migrate(connection, at=0)
    yield connection
    connection.close()


def blobs(connection: sqlite3.Connection) -> set[str]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        f"{table}.{row[1]}"
        for (table,) in tables
        for row in connection.execute(f"PRAGMA table_info({table})")
        if row[2] == "BLOB" and not table.startswith(("sqlite_", "audit"))
    }


def test_a_column_of_bytes_is_sealed_and_walked_through_or_says_what_it_is(
    schema: sqlite3.Connection,
) -> None:
    """A new sealed column that nobody walks through would stay under an old key for ever."""
    sealed = {f"{table}.{column}" for table, column in COLUMNS.items()}
    assert blobs(schema) == sealed | set(NOT_SEALED)


@frozen
class Spot:
    """Where a sealed value stands in the database, and what it says."""

    place: Place
    id_column: str
    salt: bytes
    plain: bytes


@frozen
class Filled:
    """A database with two rows in every sealed column."""

    keys: FileKeys
    storage: SqliteStorage
    raw: sqlite3.Connection
    spots: tuple[Spot, ...]

    def value(self, spot: Spot) -> bytes:
        place = spot.place
        sql = f"SELECT {place.column} FROM {place.table} WHERE {spot.id_column} = ?"
        found: bytes = self.raw.execute(sql, [place.id]).fetchone()[0]
        return found

    def put(self, spot: Spot, value: bytes) -> None:
        place = spot.place
        sql = f"UPDATE {place.table} SET {place.column} = ? WHERE {spot.id_column} = ?"
        self.raw.execute(sql, [value, place.id])

    def counted(self, column: str) -> Mapping[int, int]:
        return self.storage.read(lambda work: work.sealed.rows(scope(work), column))

    def step(self, spot: Spot) -> Walk:
        """Let the walk look at one row."""
        place = spot.place
        walk = Walk(name="t", shard=place.shard, id=place.id - 1)
        return self.storage.run(
            lambda work: work.sealed.reseal(scope(work), f"{place.table}.{place.column}", walk, 1)
        )


def scope(work: UnitOfWork) -> Scope:
    return authorise(work, engine(), Operation.OPERATE)


def fill(raw: sqlite3.Connection, keys: FileKeys, table: str, number: int) -> Spot:
    """Put a row into *table* that is nothing but its sealed value and what must not be NULL."""
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute("PRAGMA ignore_check_constraints = ON")
    info = raw.execute(f"PRAGMA table_info({table})").fetchall()
    names = [row[1] for row in info]
    (id_column,) = [
        row[1] for row in info
        if row[5] and row[1] not in {"shard", "person_id"}
    ] or ["person_id"]  # fmt: skip
    id_ = (number << 53 if "shard" in names else 0) | 100 + number
    place = Place(table, shard_of(id_), id_, COLUMNS[table])
    salt = bytes([number]) * 16 if table == "person" or "salt" in names else b""
    plain = f"{table} {number}".encode()
    values: dict[str, Any] = {"shard": shard_of(id_), id_column: id_}
    values[place.column] = keys.vault().seal(place, plain, salt=salt)
    for row in info:
        kind: Any = {"INTEGER": number, "TEXT": f"x{number}", "BLOB": bytes([number]) * 16}[row[2]]
        values.setdefault(row[1], kind)
    shown = [name for name in names if name in values]
    marks = ", ".join("?" * len(shown))
    raw.execute(
        f"INSERT INTO {table} ({', '.join(shown)}) VALUES ({marks})",
        [values[name] for name in shown],
    )
    if table == "person":
        raw.execute("INSERT INTO person_salt VALUES (?, ?, ?)", [shard_of(id_), id_, salt])
    return Spot(place, id_column, salt, plain)


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Filled]:
    clock, keys = SimClock(), FileKeys.open(tmp_path / "union.keys")
    storage = SqliteStorage.open(
        tmp_path / "union.db", clock=clock, ids=SeededIds(clock), vault=keys.vault()
    )
    raw = sqlite3.connect(tmp_path / "union.db", isolation_level=None)
    spots = tuple(fill(raw, keys, table, number) for table in COLUMNS for number in (1, 2))
    yield Filled(keys, storage, raw, spots)
    raw.close()
    storage.close()


def test_each_value_is_sealed_anew_in_its_place(filled: Filled) -> None:
    new = filled.keys.rotate(KeyUse.SEAL, at=NOW).id
    vault = filled.keys.vault()
    for spot in filled.spots:
        before = filled.value(spot)
        assert vault.key_of(before) != new
        assert filled.step(spot).changed == 1
        after = filled.value(spot)
        assert vault.key_of(after) == new
        assert vault.open(spot.place, after, salt=spot.salt) == spot.plain
        assert filled.step(spot).changed == 0, "what stands under the present key is left alone"


def test_the_count_sees_every_value_of_every_column(filled: Filled) -> None:
    old = filled.keys.vault().sealing_key
    new = filled.keys.rotate(KeyUse.SEAL, at=NOW).id
    for table, column in COLUMNS.items():
        name = f"{table}.{column}"
        assert filled.counted(name) == {old: 2}, name
        filled.step(next(spot for spot in filled.spots if spot.place.table == table))
        assert filled.counted(name) == {old: 1, new: 1}, name


def test_any_two_values_swapped_are_refused(filled: Filled) -> None:
    """Exhaustive: each value in the place of each other one, by row, column and table."""
    filled.keys.rotate(KeyUse.SEAL, at=NOW)  # so that a walk opens what it looks at
    values = {spot: filled.value(spot) for spot in filled.spots}
    for one, other in itertools.permutations(filled.spots, 2):
        filled.put(one, values[other])
        with pytest.raises(StorageError, match="E-KEYS-002"):
            filled.step(one)
        filled.put(one, values[one])
    for spot in filled.spots:
        assert filled.step(spot).changed == 1, "the check that nothing else was wrong"


def test_two_salts_swapped_are_refused(filled: Filled) -> None:
    filled.keys.rotate(KeyUse.SEAL, at=NOW)
    first, second = (spot for spot in filled.spots if spot.place.table == "person")
    filled.raw.execute(
        "UPDATE person_salt SET salt = ? WHERE person_id = ?", [second.salt, first.place.id]
    )
    with pytest.raises(StorageError, match="E-KEYS-002"):
        filled.step(first)


def test_whoever_changes_a_row_while_it_is_sealed_anew_wins(filled: Filled) -> None:
    """The walk writes over what it has read, and over nothing else."""
    filled.keys.rotate(KeyUse.SEAL, at=NOW)
    spot = filled.spots[0]
    own = filled.keys.vault().seal(spot.place, b"changed", salt=spot.salt)
    written = filled.storage.run(
        lambda work: work.sealed.session.do(  # type: ignore[attr-defined]
            "sealed.put_person",
            {"shard": spot.place.shard, "id": spot.place.id, "old": b"read before", "new": own},
        )
    )
    assert written == 0
    vault = filled.keys.vault()
    assert vault.open(spot.place, filled.value(spot), salt=spot.salt) == spot.plain
