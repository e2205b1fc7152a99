"""Know which migrations PostgreSQL has had, and how it gets the rest.

Forward only, numbered, with checksums: an applied file is never edited, and old code refuses a
newer schema. Each migration is one transaction under an advisory lock, so two who migrate at once
do it once, and a kill leaves the schema before a step or after it. Whoever reads the whole database
shares that lock: nobody changes the tables meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Final

from szunion.adapters.storage.postgres.citus import keep_here
from szunion.adapters.storage.postgres.connection import Connection, ask, tell
from szunion.adapters.storage.postgres.faults import translated
from szunion.adapters.storage.postgres.net import secure
from szunion.adapters.storage.sql.migrations import (
    Migration,
    Planned,
    Statement,
    plan,
    read,
    rest,
)
from szunion.text import Text

__all__ = [
    "Migration", "alone", "is_ours", "migrate", "migrations", "pending", "planned", "rehearse",
    "unchanged", "version",
]  # fmt: skip

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

_THERE: Final = """
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'szunion' AND c.relname = %s AND c.relkind IN ('r', 'p'))
"""


@cache
def migrations() -> Sequence[Migration]:
    """Return all migrations, in order."""
    return read("szunion.adapters.storage.postgres")


def has_table(connection: Connection, name: str) -> bool:
    """Return whether our schema has a table of that name, also for a role that may not enter it."""
    return ask(connection, _THERE, name) == (True,)


def is_ours(connection: Connection) -> bool:
    """Return whether the database holds a schema of ours."""
    return has_table(connection, "schema_migration")


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
def _locked(connection: Connection, kind: str = "") -> Iterator[None]:
    """Hold the lock of migrations, as its only holder or, ``_shared``, beside others like it."""
    tell(connection, f"SELECT pg_advisory_lock{kind}({_LOCK})")
    try:
        yield
    finally:
        if not connection.closed:
            tell(connection, f"SELECT pg_advisory_unlock{kind}({_LOCK})")


def alone(connection: Connection) -> AbstractContextManager[None]:
    """Be the only one who migrates this database; others wait for as long as ``lock_timeout``.

    Raises:
        StorageBusy: somebody else has been migrating for too long.
    """
    return _locked(connection)


def unchanged(connection: Connection) -> AbstractContextManager[None]:
    """Let nobody migrate this database meanwhile; others may look likewise.

    Raises:
        StorageBusy: somebody has been migrating it for too long.
    """
    return _locked(connection, "_shared")


def migrate(connection: Connection, *, at: int, upto: int | None = None) -> Sequence[Migration]:
    """Apply what is pending, each in one transaction; return what was applied.

    Args:
        connection: The owner's, outside a transaction.
        at: Microseconds since 1970 UTC, written beside each version.
        upto: The last version to be applied; None: all of them.
    """
    with alone(connection):
        tell(connection, _RECORD)
        steps = [each for each in pending(connection) if upto is None or each.number <= upto]
        for step in steps:
            with translated(), connection.transaction():
                _apply(connection, step, at)
    return steps


def _apply(connection: Connection, step: Migration, at: int) -> None:
    for statement in step.statements:
        connection.execute(statement.text.encode(), prepare=False)
    connection.execute(
        "INSERT INTO szunion.schema_migration VALUES (%s, %s, %s, %s)",
        (step.number, step.name, step.checksum, at), prepare=False,
    )  # fmt: skip


def rehearse(connection: Connection, application: str, *, at: int) -> Sequence[Migration]:
    """Apply what is pending in one transaction, weave the net for *application*, and undo it.

    Raises:
        StorageError: a step does not go through on these data.
    """
    with alone(connection), translated(), connection.transaction(force_rollback=True):
        keep_here(connection)
        tell(connection, _RECORD)
        steps = pending(connection)
        for step in steps:
            _apply(connection, step, at)
        secure(connection, application)
    return steps


# --- what a step would do ---------------------------------------------------------------------

_NOBODY: Final = Text("没有：别人照常读写", "nothing: others read and write")
_ROWS: Final = Text("所改的行：读取照常", "the rows it changes: readers go on")
_WRITERS: Final = Text("该表：写入等待，读取照常", "the table: writers wait, readers go on")
_EVERYBODY: Final = Text("该表：读写都等待", "the table: readers and writers wait")

#: verb: what it keeps from others; what is not here keeps everybody from the table.
_LOCKS: Final = {
    "CREATE TABLE": _NOBODY,
    "CREATE FUNCTION": _NOBODY,
    "CREATE INDEX": _WRITERS,
    "CREATE TRIGGER": _WRITERS,
    "INSERT INTO": _ROWS,
    "UPDATE": _ROWS,
    "DELETE FROM": _ROWS,
}


def _lock(statement: Statement) -> Text:
    """Return what a statement keeps from others; a reference keeps writers from what it names."""
    if statement.verb == "CREATE TABLE" and " REFERENCES " in statement.text:
        return _WRITERS
    return _LOCKS.get(statement.verb, _EVERYBODY)


def planned(connection: Connection) -> Sequence[Planned]:
    """Return what each pending statement would do, and to how many rows."""

    def rows(table: str) -> int | None:
        if not has_table(connection, table):
            return 0
        found = ask(connection, f'SELECT count(*) FROM szunion."{table}"')  # noqa: S608
        return found[0] if found else None

    return plan(pending(connection), rows=rows, lock=_lock)
