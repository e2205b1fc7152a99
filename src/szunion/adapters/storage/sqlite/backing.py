"""Know how a SQLite file is backed up while it is used, made anew from a backup, and filled."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from szunion.adapters.files import sync_folder
from szunion.adapters.storage.backing import Progress, restored_into
from szunion.adapters.storage.backup import Backup, Contents
from szunion.adapters.storage.sql.restored import Restored, release, restored
from szunion.adapters.storage.sql.times import micros
from szunion.adapters.storage.sqlite.migrate import migrations
from szunion.adapters.storage.sqlite.session import (
    APPLICATION_ID,
    SqliteSession,
    connect,
    little_cache,
)
from szunion.adapters.storage.sqlite.tables import SqliteTables, to_fill
from szunion.errors import Conflict, SchemaOutOfDate, StorageError
from szunion.ports.keys import Vault


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


@frozen
class SqliteFile:
    """The database at *path*; see :class:`szunion.adapters.storage.backing.Database`."""

    path: Path

    def place(self) -> tuple[int, int] | None:
        if not self.path.exists():
            return None
        found = self.path.stat()
        return found.st_dev, found.st_ino

    @contextmanager
    def snapshot(self) -> Iterator[SqliteTables]:
        with closing(opened(self.path)) as connection:
            tables = SqliteTables(connection)
            with little_cache(connection), tables.snapshot():
                yield tables

    @contextmanager
    def filling(self, schema: int, *, at: int) -> Iterator[SqliteTables]:
        tables = to_fill(self.path, schema, at=at)
        with closing(tables.connection):
            yield tables

    def restore(
        self, source: BinaryIO, vault: Vault, *, at: datetime, progress: Progress
    ) -> Contents:
        """See :class:`Database`. It is made beside its place, and appears when all is right."""
        path = self.path
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

    def restored(self) -> Restored | None:
        with closing(opened(self.path)) as connection:
            return restored(SqliteSession(connection))

    def release(self, *, at: datetime, note: str) -> None:
        with closing(opened(self.path)) as connection:
            release(SqliteSession(connection), at=at, note=note)


def _made(backup: Backup, beside: Path, *, at: datetime, progress: Progress) -> Contents:
    tables = to_fill(beside, backup.head.schema, at=micros(at))
    with closing(tables.connection) as connection:
        contents = restored_into(
            tables, SqliteSession(connection), backup, at=at, progress=progress
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return contents


def _parts(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal"))
