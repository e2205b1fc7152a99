"""Know how a SQLite file is read, and filled, table by table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from szunion.adapters.storage.sql.migrations import written
from szunion.adapters.storage.sql.session import Row
from szunion.adapters.storage.sql.tables import HEAD, Table, head_of, only_in
from szunion.adapters.storage.sqlite.migrate import migrate, migrations, version
from szunion.adapters.storage.sqlite.session import connect, translated
from szunion.errors import StorageError

#: What each database says of itself, and is not carried.
_OWN: Final = frozenset({"schema_migration"})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@frozen
class SqliteTables:
    """One open file as tables; see :class:`szunion.adapters.storage.sql.tables.Tables`."""

    connection: sqlite3.Connection

    @property
    def schema(self) -> int:
        return version(self.connection)

    def tables(self) -> Sequence[Table]:
        with translated():
            names = [
                name
                for (name,) in self.connection.execute(
                    "SELECT name FROM sqlite_schema WHERE type = 'table'"
                    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
                )
            ]
            return [self._table(name) for name in names if name not in _OWN]

    def _table(self, name: str) -> Table:
        found = self.connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
        keyed = sorted((place, column) for _, column, _, _, _, place in found if place)
        columns = tuple(column for _, column, *_ in found)
        return Table(name, columns, tuple(column for _, column in keyed) or columns)

    def count(self, table: Table) -> int:
        with translated():
            found: int = self.connection.execute(
                f"SELECT count(*) FROM {_quoted(table.name)}"  # noqa: S608 - a name of our schema
            ).fetchone()[0]
            return found

    def rows(self, table: Table, after: Row | None = None) -> Iterator[Row]:
        key = ", ".join(map(_quoted, table.key))
        columns = ", ".join(map(_quoted, table.columns))
        behind = f"WHERE ({key}) > ({', '.join('?' * len(table.key))})" if after else ""
        text = f"SELECT {columns} FROM {_quoted(table.name)} {behind} ORDER BY {key}"  # noqa: S608
        with translated():
            yield from self.connection.execute(text, after or ())

    def last(self, table: Table) -> Row | None:
        key = ", ".join(map(_quoted, table.key))
        back = ", ".join(f"{_quoted(each)} DESC" for each in table.key)
        text = f"SELECT {key} FROM {_quoted(table.name)} ORDER BY {back} LIMIT 1"  # noqa: S608
        with translated():
            found: Row | None = self.connection.execute(text).fetchone()
            return found

    def put(self, table: Table, rows: Iterable[Row]) -> int:
        columns = ", ".join(map(_quoted, table.columns))
        marks = ", ".join("?" * len(table.columns))
        text = f"INSERT INTO {_quoted(table.name)} ({columns}) VALUES ({marks})"  # noqa: S608
        with translated():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                done = self.connection.executemany(text, rows).rowcount
                self.connection.execute("COMMIT")
            finally:
                if self.connection.in_transaction:
                    self.connection.rollback()
        return max(done, 0)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Look at one moment for as long as this lasts; others go on writing."""
        with translated():
            self.connection.execute("BEGIN")
            self.connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        try:
            yield
        finally:
            self.connection.rollback()

    def loose(self) -> int:
        """Return how many rows refer to nothing."""
        with translated():
            return len(self.connection.execute("PRAGMA foreign_key_check").fetchall())

    def audit_head(self) -> str:
        with translated():
            there = self.connection.execute(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'audit_checkpoint'"
            ).fetchone()[0]
            return head_of(self.connection.execute(HEAD).fetchone() if there else None)


def to_fill(path: Path, schema: int, *, at: int) -> SqliteTables:
    """Return the file at *path*, made if need be, at version *schema*, ready to be filled.

    What refers to what is looked at once all is there. The caller closes the connection.

    Raises:
        SchemaOutOfDate: *schema* is newer than this code, or the file there has another
            (E-STORE-006).
    """
    connection = connect(path)
    try:
        migrate(connection, at=at, upto=schema)
        connection.execute("PRAGMA foreign_keys=OFF")
        return _ready(SqliteTables(connection), schema)
    except BaseException:
        connection.close()
        raise


def _ready(found: SqliteTables, schema: int) -> SqliteTables:
    if found.schema != schema:
        raise StorageError("E-STORE-006", found=found.schema, wanted=schema)
    _without_first_rows(found)
    return found


def _without_first_rows(filled: SqliteTables) -> None:
    """Take away what the migrations themselves wrote, where nothing else was written since."""
    first = written(migrations()[: filled.schema])
    if only_in(filled, first):
        with translated():
            for name in first:
                filled.connection.execute(f"DELETE FROM {_quoted(name)}")  # noqa: S608
