"""Know how a database on PostgreSQL is backed up while it is used, made anew, and filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, Final

from attrs import field, frozen

from szunion.adapters.storage.backing import Progress, restored_into
from szunion.adapters.storage.backup import Backup, Contents, damaged
from szunion.adapters.storage.postgres.citus import ON_EVERY_NODE, is_spread, keep_here
from szunion.adapters.storage.postgres.connection import (
    SCHEMA,
    Connection,
    Limits,
    connect,
    place_of,
    role_at,
    tell,
)
from szunion.adapters.storage.postgres.faults import translated
from szunion.adapters.storage.postgres.migrate import (
    alone,
    has_table,
    is_ours,
    migrate,
    migrations,
    unchanged,
    version,
)
from szunion.adapters.storage.postgres.net import close_to, open_to, secure
from szunion.adapters.storage.postgres.reach_told import EVERYTHING
from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.postgres.tables import (
    PostgresTables,
    analyse,
    bring_back,
    is_filling,
    take_away,
    without_first_rows,
)
from szunion.adapters.storage.sql.restored import Restored, release, restored
from szunion.adapters.storage.sql.times import micros
from szunion.errors import ConfigError, Conflict, SchemaOutOfDate, StorageError
from szunion.ports.keys import Vault

_PATIENT: Final = Limits(statement=0)
"""A whole table passes in one statement, as fast as the other side takes it."""

_MOMENT: Final = (
    f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL szunion.scope = '{EVERYTHING}';"
    " SELECT pg_current_snapshot()"
)
"""What was committed before it, and nothing else: whatever is committed, in that order, is what
some order of one after the other would have left."""


@contextmanager
def _open(dsn: str) -> Iterator[Connection]:
    connection = connect(dsn, _PATIENT)
    try:
        yield connection
    finally:
        connection.close()


@frozen
class PostgresDatabase:
    """The database at an address; see :class:`szunion.adapters.storage.backing.Database`."""

    application: str = field(repr=False)
    """The address with the role in which the program works: it reads, and lets go."""
    owner: str = field(default="", repr=False)
    """The address with the role that owns the tables: it makes and fills them."""

    def _owner(self) -> str:
        if not self.owner:
            raise ConfigError("E-STORE-023")
        return self.owner

    def place(self) -> tuple[int, int]:
        with _open(self.owner or self.application) as connection:
            return place_of(connection)

    @contextmanager
    def snapshot(self) -> Iterator[PostgresTables]:
        with _open(self.application) as connection:
            if not is_ours(connection) or not version(connection):
                raise StorageError("E-STORE-009", path=connection.info.dbname)
            with unchanged(connection):
                self._begin_to_look(connection)
                try:
                    yield PostgresTables(connection)
                finally:
                    if not connection.closed:
                        tell(connection, "ROLLBACK")

    def _begin_to_look(self, connection: Connection) -> None:
        """Begin the moment, on Citus on every node while nobody writes: each has its own."""
        if not is_spread(connection):
            tell(connection, _MOMENT)
            return
        with _open(self.application) as gate, translated(), gate.transaction():
            tell(gate, f"LOCK TABLE {SCHEMA}.write_gate IN EXCLUSIVE MODE")
            tell(connection, _MOMENT)
            tell(connection, ON_EVERY_NODE)

    @contextmanager
    def filling(self, schema: int, *, at: int) -> Iterator[PostgresTables]:
        if schema > len(migrations()):
            raise SchemaOutOfDate("E-STORE-006", found=schema, wanted=len(migrations()))
        with self._filled() as (connection, role):
            if not is_filling(connection):
                self._begin(connection, role, schema, at)
            if version(connection) != schema:
                raise StorageError("E-STORE-006", found=version(connection), wanted=schema)
            yield PostgresTables(connection)
            if is_filling(connection):
                with translated(), connection.transaction():
                    self._end(connection, role)
                analyse(connection)

    @contextmanager
    def _filled(self) -> Iterator[tuple[Connection, str]]:
        """Work as the owner, alone; the program's role is let in at the end."""
        with _open(self._owner()) as connection:
            role = role_at(connection, self.application)
            with alone(connection):
                yield connection, role

    def _begin(self, connection: Connection, role: str, schema: int, at: int) -> None:
        """Take away what stands in the way, unless it holds something, as after a whole copy."""
        with translated(), connection.transaction():
            if not version(connection):
                keep_here(connection)
                migrate(connection, at=at, upto=schema)
            if version(connection) == schema and without_first_rows(connection):
                take_away(connection)
                close_to(connection, role)

    def _end(self, connection: Connection, role: str) -> None:
        """Put back what was taken away, and let the program in; to old tables, only to see that."""
        bring_back(connection)
        weave = secure if version(connection) == len(migrations()) else open_to
        weave(connection, role)

    def restore(
        self, source: BinaryIO, vault: Vault, *, at: datetime, progress: Progress
    ) -> Contents:
        """See :class:`Database`. It is one transaction: all of it is there, or nothing."""
        with self._filled() as (connection, role):
            if is_ours(connection) and version(connection):
                raise Conflict("E-STORE-019", path=connection.info.dbname)
            backup = Backup(source, vault)
            schema = backup.head.schema
            if schema > len(migrations()):
                raise SchemaOutOfDate("E-STORE-006", found=schema, wanted=len(migrations()))
            with translated(), connection.transaction():
                keep_here(connection)
                migrate(connection, at=micros(at), upto=schema)
                without_first_rows(connection)
                take_away(connection)
                found = restored_into(
                    PostgresTables(connection), PostgresSession(connection), backup, at=at,
                    progress=progress, whole=lambda: self._whole(connection, role),
                )  # fmt: skip
            analyse(connection)
            return found

    def _whole(self, connection: Connection, role: str) -> None:
        try:
            self._end(connection, role)
        except Conflict:
            raise damaged(
                "有记录指向不存在的记录", "rows refer to rows that are not there"
            ) from None

    def restored(self) -> Restored | None:
        with _open(self.application) as connection:
            there = has_table(connection, "restored")
            return restored(PostgresSession(connection)) if there else None

    def release(self, *, at: datetime, note: str) -> None:
        with _open(self.application) as connection, translated(), connection.transaction():
            release(PostgresSession(connection), at=at, note=note)
