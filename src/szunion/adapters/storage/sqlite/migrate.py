"""Know which migrations there are, which a database has had, and how it gets the rest.

Forward only, numbered, with checksums: an applied file is never edited, and old code refuses a
newer schema. Each migration is one transaction, so a kill leaves the schema before it or after it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from importlib.resources import files

from attrs import frozen

from szunion.adapters.storage.sqlite.session import APPLICATION_ID, translated
from szunion.errors import SchemaOutOfDate, StorageError


@frozen
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> Sequence[Migration]:
    """Return all migrations, in order."""
    folder = files("szunion.adapters.storage.sqlite").joinpath("migrations")
    found = [
        Migration(int(file.name[:4]), file.name, file.read_text("utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


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
    done, known = version(connection), migrations()
    if done > len(known):
        raise SchemaOutOfDate("E-STORE-006", found=done, wanted=len(known))
    if done:
        with translated():
            applied = dict(
                connection.execute("SELECT version, checksum FROM schema_migration").fetchall()
            )
        for migration in known[:done]:
            if applied.get(migration.number) != migration.checksum:
                raise StorageError("E-STORE-007", name=migration.name)
    return known[done:]


def migrate(connection: sqlite3.Connection, *, at: int) -> Sequence[Migration]:
    """Apply what is pending, each in one transaction; return what was applied.

    Args:
        connection: Prepared, outside a transaction.
        at: Microseconds since 1970 UTC, written beside each version.
    """
    steps = pending(connection)
    for step in steps:
        script = (
            "BEGIN EXCLUSIVE;\n"
            "CREATE TABLE IF NOT EXISTS schema_migration ("
            "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,"
            " applied_at INTEGER NOT NULL) STRICT;\n"
            f"{step.sql}\n"
            f"INSERT INTO schema_migration VALUES"
            f" ({step.number}, '{step.name}', '{step.checksum}', {at});\n"
            f"PRAGMA user_version = {step.number};\n"
            f"PRAGMA application_id = {APPLICATION_ID};\n"
            "COMMIT;"
        )
        with translated():
            try:
                connection.executescript(script)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
    return steps
