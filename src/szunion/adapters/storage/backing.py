"""Know what every engine offers for backing up, restoring and copying, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

from szunion.adapters.storage.backup import (
    Backup,
    Contents,
    Head,
    damaged,
    fill,
    fresh_name,
    write,
)
from szunion.adapters.storage.sql.carry import Carried, carry
from szunion.adapters.storage.sql.restored import Restored, mark
from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sql.tables import Tables
from szunion.errors import Conflict, InvalidInput
from szunion.ports.keys import Vault

Progress = Callable[[str, int], None]


class Target(Tables, Protocol):
    """Tables that are being filled."""

    def loose(self) -> int:
        """Return how many rows refer to nothing, once all is there."""
        ...


class Database(Protocol):
    """A place where a database of ours is, or is to be: a file, or a name on a server."""

    def place(self) -> tuple[int, int] | None:
        """Return what tells it from all others of its engine, however it was addressed.

        None: nothing is there yet.
        """
        ...

    def snapshot(self) -> AbstractContextManager[Tables]:
        """Look at one moment of it for as long as this lasts; others go on writing.

        Raises:
            StorageError: there is none of ours (E-STORE-009).
        """
        ...

    def filling(self, schema: int, *, at: int) -> AbstractContextManager[Target]:
        """Make it if need be, at version *schema*, and let it be filled; go on with what is there.

        Raises:
            SchemaOutOfDate: *schema* is newer than this code (E-STORE-006).
            StorageError: what is there has another (E-STORE-006).
        """
        ...

    def restore(
        self, source: BinaryIO, vault: Vault, *, at: datetime, progress: Progress
    ) -> Contents:
        """Make it, where there is none, from a backup; it is held until it is released.

        It is there when every checksum, every reference and the head of the audit log are right,
        and not before.

        Raises:
            Conflict: there is something already (E-STORE-019).
            StorageError: the backup is damaged (E-STORE-013), or of other keys (E-KEYS-002).
            SchemaOutOfDate: it was made by a newer program (E-STORE-006).
        """
        ...

    def restored(self) -> Restored | None:
        """Return from which backup it was made, if it was not released since."""
        ...

    def release(self, *, at: datetime, note: str) -> None:
        """Let it be written as any other from now on."""
        ...


def back_up(  # noqa: PLR0913 - what a backup is of
    database: Database,
    vault: Vault,
    out: BinaryIO,
    *,
    city: str,
    at: datetime,
    progress: Progress,
) -> Contents:
    """Write *database*, as it is at one moment, sealed to *out*; others go on writing."""
    with database.snapshot() as tables:
        head = Head(
            name=fresh_name(), schema=tables.schema, city=city, made=at, audit=tables.audit_head(),
        )  # fmt: skip
        return write(tables, vault, out, head=head, progress=progress)


def restored_into(  # noqa: PLR0913 - what a restore is of
    target: Target,
    session: Session,
    backup: Backup,
    *,
    at: datetime,
    progress: Progress,
    whole: Callable[[], None] = lambda: None,
) -> Contents:
    """Fill the empty *target*, see that all is right, and mark it as restored.

    Args:
        target: What is filled.
        session: The same database, to be marked.
        backup: What it is filled with.
        at: When that is.
        progress: Is told of each table.
        whole: Puts back what was taken away for the filling.

    Raises:
        StorageError: the backup is damaged (E-STORE-013), or of other keys (E-KEYS-002).
    """
    contents = fill(backup, target, progress)
    whole()
    if target.loose():
        raise damaged("有记录指向不存在的记录", "rows refer to rows that are not there")
    if target.audit_head() != backup.head.audit:
        raise damaged("审计日志的头不符", "the head of the audit log is another")
    if any(table.name == "restored" for table in target.tables()):
        mark(session, backup.head.name, made=backup.head.made, at=at)
    return contents


def copy(source: Database, target: Database, *, at: int, progress: Progress) -> Carried:
    """Copy one moment of *source* into *target*, of the same or another engine.

    Broken off anywhere, the next call goes on. At the end the rows and checksums of all tables and
    the heads of the audit logs agree.

    Args:
        source: What is copied; others go on writing.
        target: Where it goes; made if need be.
        at: Microseconds since 1970 UTC, written beside each version of its schema.
        progress: Is told of each table.

    Raises:
        InvalidInput: the two are one (E-STORE-039).
        StorageError: the two have not the same tables (E-STORE-016).
        Conflict: the target holds something else (E-STORE-017).
    """
    here = source.place()
    if here is not None and here == target.place():
        raise InvalidInput("E-STORE-039")
    with source.snapshot() as ours, target.filling(ours.schema, at=at) as theirs:
        done = carry(ours, theirs, progress=progress)
        if ours.audit_head() != theirs.audit_head():
            raise Conflict("E-STORE-017", table="audit_checkpoint")
        return done
