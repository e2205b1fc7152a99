"""Know how a SQLite file is backed up while it is used, made anew from a backup, and copied."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from szunion.adapters.files import sync_folder
from szunion.adapters.storage.backup import (
    Backup,
    Contents,
    Head,
    damaged,
    fill,
    fresh_name,
    write,
)
from szunion.adapters.storage.sql.times import micros
from szunion.adapters.storage.sqlite.migrate import migrations
from szunion.adapters.storage.sqlite.restored import mark
from szunion.adapters.storage.sqlite.session import APPLICATION_ID, connect
from szunion.adapters.storage.sqlite.tables import SqliteTables, to_fill
from szunion.errors import Conflict, SchemaOutOfDate, StorageError
from szunion.ports.keys import Vault

Progress = Callable[[str, int], None]


def opened(path: Path) -> sqlite3.Connection:
    """Return the database of ours at *path*; the caller closes it.

    Raises:
        StorageError: there is none (E-STORE-009).
    """
    if not path.is_file():
        raise StorageError("E-STORE-009", path=path.name)
    connection = connect(path)
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        connection.close()
        raise StorageError("E-STORE-009", path=path.name)
    return connection


def back_up(  # noqa: PLR0913 - what a backup is of
    path: Path, vault: Vault, out: BinaryIO, *, city: str, at: datetime, progress: Progress
) -> Contents:
    """Write the file at *path*, as it is at one moment, sealed to *out*; others go on writing."""
    with closing(opened(path)) as connection:
        tables = SqliteTables(connection)
        with tables.snapshot():
            head = Head(
                name=fresh_name(), schema=tables.schema, city=city, made=at,
                audit=audit_head(connection),
            )  # fmt: skip
            return write(tables, vault, out, head=head, progress=progress)


def audit_head(connection: sqlite3.Connection) -> str:
    """Return the newest checkpoint of the audit log as one word; empty: there is none."""
    there = connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'audit_checkpoint'"
    ).fetchone()[0]
    if not there:
        return ""
    row = connection.execute(
        "SELECT size, hex(edge), hex(signature) FROM audit_checkpoint ORDER BY size DESC LIMIT 1"
    ).fetchone()
    return "" if row is None else ":".join(map(str, row))


def restore(
    source: BinaryIO, path: Path, vault: Vault, *, at: datetime, progress: Progress
) -> Contents:
    """Make a database at *path*, where there is none, from a backup; it is held until released.

    It is made beside its place, and appears there when every checksum is right.

    Raises:
        Conflict: there is a file already (E-STORE-019).
        StorageError: the backup is damaged (E-STORE-013), or of other keys (E-KEYS-002).
        SchemaOutOfDate: it was made by a newer program (E-STORE-006).
    """
    beside = path.with_name(f".{path.name}.part")
    for name in (path, *_parts(path)):
        if name.exists():
            raise Conflict("E-STORE-019", path=name.name)
    for left in (beside, *_parts(beside)):
        left.unlink(missing_ok=True)  # what a restore that was killed left behind
    backup = Backup(source, vault)
    if backup.head.schema > len(migrations()):
        raise SchemaOutOfDate("E-STORE-006", found=backup.head.schema, wanted=len(migrations()))
    try:
        contents = _made(backup, beside, at=at, progress=progress)
        beside.replace(path)
    except BaseException:
        for left in (beside, *_parts(beside)):
            left.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return contents


def _made(backup: Backup, beside: Path, *, at: datetime, progress: Progress) -> Contents:
    tables = to_fill(beside, backup.head.schema, at=micros(at))
    with closing(tables.connection) as connection:
        contents = fill(backup, tables, progress)
        if tables.loose():
            raise damaged("有记录指向不存在的记录", "rows refer to rows that are not there")
        if audit_head(connection) != backup.head.audit:
            raise damaged("审计日志的头不符", "the head of the audit log is another")
        if any(table.name == "restored" for table in tables.tables()):
            mark(connection, backup.head.name, made=backup.head.made, at=at)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return contents


def _parts(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal"))
