"""Know which migrations PostgreSQL has had, and how it gets the rest.

Forward only, numbered, with checksums: an applied file is never edited, and old code refuses a
newer schema. Each migration is one transaction under an advisory lock, so two who migrate at once
do it once, and a kill leaves the schema before a step or after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Final

from szunion.adapters.storage.postgres.connection import Connection, ask, tell
from szunion.adapters.storage.postgres.faults import translated
from szunion.adapters.storage.sql.migrations import Migration, read, rest

__all__ = ["Migration", "alone", "is_ours", "migrate", "migrations", "pending", "version"]

_LOCK: Final = 0x535A554E
"""The advisory lock of whoever migrates a database ("SZUN")."""

_RECORD: Final = """
CREATE SCHEMA IF NOT EXISTS szunion;
CREATE TABLE IF NOT EXISTS szunion.schema_migration (
    version    integer PRIMARY KEY,
    name       text    NOT NULL,
    checksum   text    NOT NULL,
    applied_at bigint  NOT NULL               -- microseconds since 1970 UTC
);
CREATE TABLE IF NOT EXISTS szunion.write_gate ();
COMMENT ON TABLE szunion.write_gate IS
    'Never holds a row. Whoever writes locks it weakly; who has lost too often, alone.';
"""


@cache
def migrations() -> Sequence[Migration]:
    """Return all migrations, in order."""
    return read("szunion.adapters.storage.postgres")


def is_ours(connection: Connection) -> bool:
    """Return whether the database holds a schema of ours."""
    return ask(connection, "SELECT to_regclass('szunion.schema_migration')") != (None,)


def version(connection: Connection) -> int:
    """Return the schema version of the database: 0 for one without a schema of ours."""
    return max(_applied(connection), default=0)


def _applied(connection: Connection) -> dict[int, str]:
    if not is_ours(connection):
        return {}
    row = ask(
        connection,
        "SELECT coalesce(json_object_agg(version, checksum), '{}') FROM szunion.schema_migration",
    )
    assert row is not None
    return {int(number): checksum for number, checksum in row[0].items()}


def pending(connection: Connection) -> Sequence[Migration]:
    """Return what is still to be applied, having checked what was.

    Raises:
        StorageError: an applied migration has been edited (E-STORE-007).
        SchemaOutOfDate: the database is newer than this code (E-STORE-006).
    """
    applied = _applied(connection)
    return rest(migrations(), applied, max(applied, default=0))


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Be the only one who migrates this database; others wait for as long as ``lock_timeout``.

    Raises:
        StorageBusy: somebody else has been migrating for too long.
    """
    tell(connection, f"SELECT pg_advisory_lock({_LOCK})")
    try:
        yield
    finally:
        tell(connection, f"SELECT pg_advisory_unlock({_LOCK})")


def migrate(connection: Connection, *, at: int) -> Sequence[Migration]:
    """Apply what is pending, each in one transaction; return what was applied.

    Args:
        connection: The owner's, outside a transaction.
        at: Microseconds since 1970 UTC, written beside each version.
    """
    with alone(connection):
        tell(connection, _RECORD)
        steps = pending(connection)
        for step in steps:
            with translated(), connection.transaction():
                connection.execute(step.sql.encode(), prepare=False)
                connection.execute(
                    "INSERT INTO szunion.schema_migration VALUES (%s, %s, %s, %s)",
                    (step.number, step.name, step.checksum, at), prepare=False,
                )  # fmt: skip
    return steps
