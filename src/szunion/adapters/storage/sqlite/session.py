"""Know how one SQLite connection is made safe, asked by named statements, and never quoted.

A driver's message can hold a whole row, so none ever leaves: every ``sqlite3.Error`` becomes a
typed error that names the constraint and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from szunion.adapters.storage.sql.columns import Column, rows_of
from szunion.adapters.storage.sql.dialect import Columns, chunks, spelled
from szunion.adapters.storage.sql.session import (
    Parameters,
    Row,
    Session,
    asks_version,
)
from szunion.adapters.storage.sqlite.dialect import SQLITE, packed
from szunion.errors import Conflict, StorageBusy, StorageError, StorageFull
from szunion.ports.storage.races import KeyTaken

APPLICATION_ID: Final = 0x535A554E  # "SZUN"
BUSY_MS: Final = 10_000
_CHECKPOINT: Final = 4_000
"""Pages of the journal (16 MiB) from which a commit brings them into the database."""
_STREAMED: Final = -8_192
"""The cache, in KiB, while rows go by, or are met here and there: a city's table takes no more."""

_PAGE: Final = 5_000
"""How many rows of a whole table are handed over at once."""

_LOG_ID: Final = "audit.audit_id)"
"""The log's own id is a unique index, for its rows lie in the order of their commits."""

_TAKEN: Final = "the id is taken"
"""What our own trigger says where a key is not to be written over, as ``REPLACE`` would."""

#: pragma: what a connection of ours must answer. Weaker settings lose acknowledged work.
REQUIRED: Final[Mapping[str, object]] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}


def connect(path: str | Path) -> sqlite3.Connection:
    """Open the file at *path*, durable and strict; the caller closes the connection.

    Raises:
        StorageError: it cannot be opened, or is no database (E-STORE-009), it cannot be made safe
            (E-STORE-003), or another process holds it too long (E-STORE-001).
    """
    try:
        # Each thread has its own; only ``close`` comes from another thread. Every statement of
        # ours stays prepared: a worker's round asks more of them than SQLite's usual 128.
        connection = sqlite3.connect(
            path, check_same_thread=False, cached_statements=len(statements())
        )
    except sqlite3.Error:
        raise StorageError("E-STORE-009", path=Path(path).name) from None
    try:
        prepare(connection)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            if _is_busy(error):
                raise StorageBusy("E-STORE-001") from None
            raise StorageError("E-STORE-009", path=Path(path).name) from None
        raise
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Make *connection* durable and strict, and check that it is.

    Raises:
        StorageError: a setting did not take, for example on a file system without WAL.
    """
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
        "trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY", "cache_size=-65536",
        "secure_delete=ON",  # a salt that is destroyed does not stay on a freed page
        "recursive_triggers=ON",  # REPLACE asks the triggers that forbid deletion
        f"wal_autocheckpoint={_CHECKPOINT}", "journal_size_limit=67108864",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    check(connection)


def check(connection: sqlite3.Connection) -> None:
    """Check that *connection* is durable and strict.

    Raises:
        StorageError: it is weaker than WAL + FULL with foreign keys (E-STORE-003).
    """
    in_memory = not connection.execute("PRAGMA database_list").fetchone()[2]
    for pragma, wanted in REQUIRED.items():
        found = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        # A database in memory has no journal to lose; a file with that mode has no way back.
        no_file = in_memory and pragma == "journal_mode"
        if found != wanted and not no_file:
            raise StorageError("E-STORE-003", setting=pragma, wanted=wanted, found=found)


@cache
def statements() -> Mapping[str, str]:
    """Return every named statement in SQLite's words: ``noun.name`` → SQL."""
    return spelled(SQLITE)


@cache
def _chunks() -> Mapping[str, Columns]:
    return chunks(SQLITE)


@contextmanager
def little_cache(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep few pages, while those that go by are not met again; afterwards as many as before."""
    (before,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute(f"PRAGMA cache_size={_STREAMED}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA cache_size={before}")


@contextmanager
def journal_left(connection: sqlite3.Connection) -> Iterator[None]:
    """Leave the journal as it is when a commit ends; afterwards it is emptied as ever."""
    connection.execute("PRAGMA wal_autocheckpoint=0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT}")


@contextmanager
def waiting(connection: sqlite3.Connection, milliseconds: int) -> Iterator[None]:
    """Wait no longer than this for others; afterwards as long as ever."""
    connection.execute(f"PRAGMA busy_timeout={milliseconds}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")


@contextmanager
def translated() -> Iterator[None]:
    """Turn every driver error into one of ours, without its text."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise ours(error) from None


def ours(error: sqlite3.DatabaseError) -> StorageError | Conflict:
    """Return the error of ours that a driver's means, without its text."""
    if isinstance(error, sqlite3.IntegrityError):
        constraint = _constraint(error)
        by_id = _kind(error) == "SQLITE_CONSTRAINT_PRIMARYKEY" or constraint.endswith(_LOG_ID)
        by_id = by_id or str(error) == _TAKEN
        kind = KeyTaken if by_id else Conflict
        return kind("E-STORE-004", constraint=constraint)
    if isinstance(error, sqlite3.OperationalError):
        return _operational(error)
    return StorageError("E-STORE-005", kind=_kind(error))


def sync_failed(error: sqlite3.DatabaseError) -> bool:
    """Return whether the disk refused to say that it has what was written."""
    return _kind(error) in {"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"}


def _kind(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "SQLITE_ERROR")


def _is_busy(error: sqlite3.Error) -> bool:
    return _kind(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _operational(error: sqlite3.OperationalError) -> StorageError:
    kind = _kind(error)
    if _is_busy(error):
        return StorageBusy("E-STORE-001")
    if kind == "SQLITE_FULL":  # a write that fails otherwise says nothing of space
        return StorageFull("E-STORE-002")
    return StorageError("E-STORE-005", kind=kind)


def _constraint(error: sqlite3.IntegrityError) -> str:
    """Return the constraint's name or columns: schema words only, never a value."""
    head, _, tail = str(error).partition(": ")
    kind = head.removesuffix(" constraint failed")
    words = tail if kind in {"UNIQUE", "CHECK", "NOT NULL"} else ""
    return f"{kind}({words})" if words else kind


@define
class SqliteSession(Session):
    """One open SQLite connection inside one transaction, asked by the names of its statements.

    What runs a statement catches errors itself: a context manager would cost a tenth of a look-up.
    """

    connection: sqlite3.Connection
    more: bool = field(default=False, init=False)
    """Whether whoever writes writes again at once."""
    _statements: Mapping[str, str] = field(factory=statements, init=False)

    def one(self, name: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row, or None."""
        try:
            row: Row | None = self.connection.execute(self._statements[name], parameters).fetchone()
        except sqlite3.DatabaseError as error:
            raise ours(error) from None
        return row

    def all(self, name: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows; for statements that have a LIMIT or a small answer."""
        try:
            return self.connection.execute(self._statements[name], parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise ours(error) from None

    def stream(self, name: str, parameters: Parameters = ()) -> Iterator[Row]:
        """Yield rows as they come, in constant memory: pages are read once and not kept."""
        with translated(), little_cache(self.connection):
            yield from self.connection.execute(self._statements[name], parameters)

    def pages(self, name: str, parameters: Parameters = ()) -> Iterator[list[Row]]:
        """Yield the same some thousands at a time."""
        with translated(), little_cache(self.connection):
            rows = self.connection.execute(self._statements[name], parameters)
            while page := rows.fetchmany(_PAGE):
                yield page

    def more_follows(self) -> None:
        """Let the journal be when this commits."""
        self.more = True

    def scattered(self) -> AbstractContextManager[None]:
        """Keep few pages: of a large table nearly every row lies on one that is met once."""
        return little_cache(self.connection)

    def do(self, name: str, parameters: Parameters = ()) -> int:
        """Run a change; return how many rows it touched."""
        try:
            return self.connection.execute(self._statements[name], parameters).rowcount
        except sqlite3.DatabaseError as error:
            raise ours(error) from None

    def standing(self, name: str, parameters: Mapping[str, object]) -> Row | None:
        """Return the version that stands where the change *name* expects one."""
        with translated():
            asked = asks_version(self._statements[name])
            row: Row | None = self.connection.execute(asked, parameters).fetchone()
            return row

    def many(self, name: str, rows: Iterable[Parameters]) -> int:
        """Run a change for each row: the bulk path. Return how many rows were touched."""
        with translated():
            return self.connection.executemany(self._statements[name], rows).rowcount

    def columns(self, name: str, columns: Sequence[Column]) -> int:
        """Insert or change a set of rows, handed over as columns; return how many were touched."""
        return self.many(name, rows_of(columns))

    @staticmethod
    def packed(name: str, columns: Mapping[str, Sequence[Any]]) -> dict[str, object]:
        """Return the parameters that hand a statement the columns of its ``CHUNK``."""
        return packed(_chunks()[name], columns)
