"""Know whether a SQLite file came out of a backup and has not been compared with the bank yet."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.times import micros, moment
from szunion.adapters.storage.sqlite.session import translated


@frozen
class Restored:
    """From which backup a store was made: the moment it holds, and when it was made."""

    backup: bytes
    made: datetime
    at: datetime


def restored(connection: sqlite3.Connection) -> Restored | None:
    """Return from which backup the store was made, if it was not released since."""
    with translated():
        row = connection.execute(
            "SELECT backup, made, restored FROM restored WHERE released IS NULL"
        ).fetchone()
    return None if row is None else Restored(row[0], moment(row[1]), moment(row[2]))


def mark(connection: sqlite3.Connection, backup: bytes, *, made: datetime, at: datetime) -> None:
    """Say that the store was made from *backup*, which holds the moment *made*."""
    with translated():
        connection.execute(
            "INSERT INTO restored (backup, made, restored) VALUES (?, ?, ?)"
            " ON CONFLICT (backup) DO UPDATE SET restored = excluded.restored, released = NULL",
            (backup, micros(made), micros(at)),
        )


def release(connection: sqlite3.Connection, *, at: datetime, note: str) -> None:
    """Let the store go: from now on it is written as any other."""
    with translated():
        connection.execute(
            "UPDATE restored SET released = ?, note = ? WHERE released IS NULL", (micros(at), note)
        )
