"""Know whether a database came out of a backup and has not been compared with the bank yet."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sql.times import micros, moment


@frozen
class Restored:
    """From which backup a store was made: the moment it holds, and when it was made."""

    backup: bytes
    made: datetime
    at: datetime


def restored(session: Session) -> Restored | None:
    """Return from which backup the store was made, if it was not released since."""
    row = session.one("restored.open")
    return None if row is None else Restored(bytes(row[0]), moment(row[1]), moment(row[2]))


def mark(session: Session, backup: bytes, *, made: datetime, at: datetime) -> None:
    """Say that the store was made from *backup*, which holds the moment *made*."""
    session.do("restored.mark", {"backup": backup, "made": micros(made), "at": micros(at)})


def release(session: Session, *, at: datetime, note: str) -> None:
    """Let the store go: from now on it is written as any other."""
    session.do("restored.release", {"at": micros(at), "note": note})
