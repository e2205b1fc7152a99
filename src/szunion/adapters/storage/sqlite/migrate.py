"""Know which migrations a SQLite file has had, and how it gets the rest.

Forward only, numbered, with checksums: an applied file is never edited, and old code refuses a
newer schema. Each migration is one transaction, so a kill leaves the schema before it or after it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from szunion.adapters.storage.sql.migrations import (
    Migration,
    Planned,
    Statement,
    plan,
    read,
    rest,
)
from szunion.adapters.storage.sqlite.session import APPLICATION_ID, translated
from szunion.errors import StorageError
from szunion.text import Text

__all__ = ["Migration", "migrate", "migrations", "pending", "planned", "rehearse", "version"]

_ALONE: Final = Text(
    "整个文件：别人的写入等待，读取照常", "the whole file: writers wait, readers go on"
)


def migrations() -> Sequence[Migration]:
    """Return all migrations, in order."""
    return read("szunion.adapters.storage.sqlite")


def version(connection: sqlite3.Connection) -> int:
    """Return the schema version of the database: 0 for an empty one."""
    with translated():
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found


def pending(connection: sqlite3.Connection) -> Sequence[Migration]:
    """Return what is still to be applied, having checked what was.

    Raises:
        StorageError: an applied migration has been edited (E-STORE-007).
        SchemaOutOfDate: the database is newer than this code (E-STORE-006).
    """
    done, applied = version(connection), {}
    if done:
        with translated():
            applied = dict(
                connection.execute("SELECT version, checksum FROM schema_migration").fetchall()
            )
    return rest(migrations(), applied, done)


def is_blank(connection: sqlite3.Connection) -> bool:
    """Return whether a file holds nothing yet, of ours or of anybody's."""
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None


def planned(connection: sqlite3.Connection) -> Sequence[Planned]:
    """Return what each pending statement would do, and to how many rows."""

    def rows(table: str) -> int | None:
        there = connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        if there is None:
            return 0
        found: int = connection.execute(
            f'SELECT count(*) FROM "{table}"'  # noqa: S608 - a name of our own schema
        ).fetchone()[0]
        return found

    def lock(_statement: Statement) -> Text:
        return _ALONE

    with translated():
        return plan(pending(connection), rows=rows, lock=lock)


def _script(step: Migration, at: int) -> str:
    return (
        "CREATE TABLE IF NOT EXISTS schema_migration ("
        "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,"
        " applied_at INTEGER NOT NULL) STRICT;\n"
        f"{step.sql}\n"
        f"INSERT INTO schema_migration VALUES"
        f" ({step.number}, '{step.name}', '{step.checksum}', {at});\n"
        f"PRAGMA user_version = {step.number};\n"
        f"PRAGMA application_id = {APPLICATION_ID};\n"
    )


def _run(connection: sqlite3.Connection, script: str) -> None:
    with translated():
        try:
            connection.executescript(script)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def migrate(
    connection: sqlite3.Connection, *, at: int, upto: int | None = None
) -> Sequence[Migration]:
    """Apply what is pending, each in one transaction; return what was applied.

    A new database is made in one: where the disk is full, or the process is killed, it is still
    blank, and whoever makes it again makes all of it.

    Args:
        connection: Prepared, outside a transaction.
        at: Microseconds since 1970 UTC, written beside each version.
        upto: The last version to be applied; None: all of them.
    """
    steps = [each for each in pending(connection) if upto is None or each.number <= upto]
    scripts = [_script(step, at) for step in steps]
    for script in scripts if version(connection) else ["".join(scripts)]:
        _run(connection, f"BEGIN EXCLUSIVE;\n{script}COMMIT;")
    return steps


def rehearse(connection: sqlite3.Connection, *, at: int) -> Sequence[Migration]:
    """Apply what is pending in one transaction, look whether all is well, and undo it.

    Raises:
        StorageError: a step does not go through on these data, or rows would refer to nothing.
    """
    steps = pending(connection)
    try:
        _begin(connection, "".join(_script(step, at) for step in steps))
        with translated():
            loose = connection.execute("PRAGMA foreign_key_check").fetchone()
        if loose is not None:
            raise StorageError("E-STORE-004", constraint=f"FOREIGN KEY({loose[0]})")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return steps


def _begin(connection: sqlite3.Connection, script: str) -> None:
    with translated():
        connection.executescript(f"BEGIN EXCLUSIVE;\n{script}")
