"""Know how a SQLite file becomes a store: one writer, WAL, and no promise before it is safe."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Final, TypeVar

from attrs import define, field

from szunion.adapters.storage.sql.keepable import keepable
from szunion.adapters.storage.sql.restored import restored
from szunion.adapters.storage.sql.times import micros
from szunion.adapters.storage.sql.unit import SqlUnit
from szunion.adapters.storage.sqlite.journal import Journal
from szunion.adapters.storage.sqlite.lines import Lines
from szunion.adapters.storage.sqlite.migrate import is_blank, migrate, pending
from szunion.adapters.storage.sqlite.session import (
    APPLICATION_ID,
    BUSY_MS,
    SqliteSession,
    check,
    journal_left,
    ours,
    sync_failed,
    translated,
)
from szunion.errors import (
    CommitUnknown,
    SchemaOutOfDate,
    StorageBusy,
    StorageClosed,
    StorageError,
    StorageFull,
)
from szunion.ports.keys import Vault
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.races import drawn_anew
from szunion.ports.system import Clock, Ids

T = TypeVar("T")

_SIDE_BY_SIDE: Final = 2
"""Looks at a time over all members: SQLite works outside the interpreter's lock, on two cores."""


class SqliteUnit(SqlUnit):
    """One unit of work: :class:`szunion.ports.storage.UnitOfWork` on SQLite."""

    session: SqliteSession


@define
class SqliteStorage:
    """A store in one file. Each thread has its own connection; one transaction writes at a time."""

    path: str
    clock: Clock
    ids: Ids
    vault: Vault
    recovering: bool = False
    """Whether a store that came out of a backup may be written: by what compares it alone."""
    _journal: Journal = field(init=False)
    _held: bool = field(default=False, init=False)
    _lines: Lines = field(init=False)
    _turn: threading.RLock = field(factory=threading.RLock, init=False)
    """Whose turn it is to write: its owner alone can end it, so ending it twice does no harm."""

    def __attrs_post_init__(self) -> None:
        self._journal = Journal(self.path)
        self._lines = Lines(self.path)

    @classmethod
    def open(  # noqa: PLR0913 - what a store is made of
        cls,
        path: str | Path,
        *,
        clock: Clock,
        ids: Ids,
        vault: Vault,
        create: bool = True,
        recovering: bool = False,
    ) -> SqliteStorage:
        """Open the database file at *path*, making a new one where it is not there or blank.

        Raises:
            StorageError: it cannot be opened, or is no database of ours (E-STORE-009), or its
                file system cannot give WAL (E-STORE-003).
            SchemaOutOfDate: an existing one needs ``szunion db migrate`` (E-STORE-006).
        """
        if not create and (not Path(path).exists() or Path(path).stat().st_size == 0):
            raise StorageError("E-STORE-009", path=Path(path).name)
        storage = cls(str(path), clock, ids, vault, recovering)
        try:
            storage._begin(create=create)
        except BaseException:
            storage.close()
            raise
        return storage

    def _begin(self, *, create: bool) -> None:
        with self._lines as connection:
            with translated():
                blank = is_blank(connection)
            if create and blank:
                self.migrate()
            elif connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise StorageError("E-STORE-009", path=Path(self.path).name)
            elif steps := pending(connection):
                found, wanted = steps[0].number - 1, steps[-1].number
                raise SchemaOutOfDate("E-STORE-006", found=found, wanted=wanted)
            else:
                self._held = restored(SqliteSession(connection)) is not None

    def _may_write(self) -> None:
        if self._held and not self.recovering:
            self._held = (
                restored(SqliteSession(self._connection())) is not None
            )  # it may have been released
            if self._held:
                raise StorageError("E-STORE-014")

    def _connection(self) -> sqlite3.Connection:
        return self._lines.mine()

    def migrate(self) -> None:
        """Apply pending migrations."""
        with self._lines as connection:
            migrate(connection, at=micros(self.clock.now()))

    def checkpoint(self) -> None:
        """Write the whole journal into the database and empty it: old pages are in no file then.

        After a person's key was destroyed this makes the salt unreadable on disk, too.

        Raises:
            StorageBusy: a look that began earlier still needs the journal (E-STORE-001).
        """
        with self._lines as connection, translated():
            held = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if held:
            raise StorageBusy("E-STORE-001")

    @keepable
    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        """See :class:`szunion.ports.storage.Storage`."""
        with self._lines:
            self._may_write()
            return drawn_anew(self.ids, lambda: self._once(work))

    def _keep_journal_short(self) -> None:
        connection = self._connection()
        if connection.in_transaction:  # refused in a moment
            return
        try:
            self._journal.keep_short(connection)
        except sqlite3.DatabaseError as error:
            if sync_failed(error):
                self._lines.give_up()
            raise ours(error) from None

    def _once(self, work: Callable[[UnitOfWork], T]) -> T:
        def decide(unit: UnitOfWork) -> T:
            self.vault.refresh()  # whoever writes writes under the present keys
            return work(unit)

        try:
            try:
                self._take_turn()
                self._keep_journal_short()  # first: what is wrong with it undoes nothing
                return self._transaction("BEGIN IMMEDIATE", decide)
            finally:
                self._end_turn()
        finally:  # an interrupt may come at any line, so also instead of the one above
            self._end_turn()

    def _take_turn(self) -> None:
        """Wait until no other thread of this process writes.

        SQLite lets whoever waits look again after pauses of up to 0.1 s; here one is woken. Other
        processes are then met by SQLite's own lock.

        Raises:
            StorageBusy: one has been writing for too long (E-STORE-001).
        """
        if self._connection().in_transaction:  # refused in a moment
            return
        if not self._turn.acquire(timeout=BUSY_MS / 1000):
            raise StorageBusy("E-STORE-001")

    def _end_turn(self) -> None:
        """Let the next one write; it is no matter whether this one had the turn."""
        if self._lines.in_transaction():  # a unit inside of one
            return
        with suppress(RuntimeError):
            self._turn.release()

    @keepable
    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        """See :class:`szunion.ports.storage.Storage`."""
        with self._lines:
            return self._transaction("BEGIN", look)

    @property
    def side_by_side(self) -> int:
        """See :class:`szunion.ports.storage.Storage`: each thread has its own connection."""
        return _SIDE_BY_SIDE

    def _unit(self, connection: sqlite3.Connection) -> SqliteUnit:
        session = SqliteSession(connection)
        return SqliteUnit(session, now=self.clock.now(), ids=self.ids, vault=self.vault)

    def _transaction(self, begin: str, work: Callable[[UnitOfWork], T]) -> T:
        connection = self._connection()
        if connection.in_transaction:  # a unit inside a unit: the outer one is not ours to end
            raise StorageError("E-STORE-005", kind="SQLITE_MISUSE")
        try:
            try:
                try:
                    connection.execute(begin)
                except sqlite3.DatabaseError as error:
                    raise ours(error) from None
                unit = self._unit(connection)
                result = work(unit)
                self._commit(connection, more=unit.session.more)
            finally:
                _end(connection)
        finally:  # an interrupt may come at any line, so also instead of the one above
            _end(connection)
        return result

    def _commit(self, connection: sqlite3.Connection, *, more: bool) -> None:
        """Commit, or say what is known of it; where *more* follows, the journal is emptied then.

        Raises:
            CommitUnknown: the disk did not say that it has it. It may be there after a restart, so
                the connection is given up: a failed sync is never repeated on its descriptor.
        """
        try:
            with journal_left(connection) if more else nullcontext():
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            told = ours(error)
            if sync_failed(error):
                self._lines.give_up()
            elif connection.in_transaction or isinstance(told, StorageFull):
                raise told from None  # where there was no room, no commit was written whole
            raise CommitUnknown("E-STORE-011") from None

    def close(self) -> None:
        """See :class:`szunion.ports.storage.Storage`."""
        self._lines.close()


def _end(connection: sqlite3.Connection) -> None:
    """Undo what is open; after a commit, or on a connection that was given up, nothing is."""
    with suppress(sqlite3.ProgrammingError):
        if connection.in_transaction:
            connection.rollback()


# SQLite looks for a name among temporary tables first, and no path says otherwise.
_HIDDEN: Final = """
SELECT t.name FROM temp.sqlite_schema t JOIN main.sqlite_schema m ON m.name = t.name
WHERE m.type = 'table' LIMIT 1
"""


@define
class BorrowedSqlite:
    """A store inside the host application's transaction: both changes commit together.

    The host's connection must be as safe as ours would be (WAL, FULL, foreign keys) and hold our
    schema; otherwise it is refused with the reason. Each unit is a savepoint: a refusal of ours
    undoes our part and leaves the host's part to the host.
    """

    connection: sqlite3.Connection
    clock: Clock
    ids: Ids
    vault: Vault
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        check(self.connection)
        if pending(self.connection):
            steps = pending(self.connection)
            raise SchemaOutOfDate("E-STORE-006", found=steps[0].number - 1, wanted=steps[-1].number)

    @keepable
    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        """Run *work* under a savepoint of the host's transaction; the host commits.

        Where an id that it draws is taken, the savepoint is undone and it runs again.
        """
        self._is_open()
        if restored(SqliteSession(self.connection)) is not None:
            raise StorageError("E-STORE-014")
        if not self.connection.in_transaction:
            raise StorageError(
                "E-STORE-010", reason="没有进行中的事务", reason_en="no transaction is open"
            )
        self.vault.refresh()
        return drawn_anew(self.ids, lambda: self._within(work))

    def _within(self, work: Callable[[UnitOfWork], T]) -> T:
        with translated():
            self.connection.execute("SAVEPOINT szunion")
        try:
            result = work(self._unit())
        except BaseException:
            self.connection.execute("ROLLBACK TO szunion")
            self.connection.execute("RELEASE szunion")
            raise
        with translated():
            self.connection.execute("RELEASE szunion")
        return result

    @keepable
    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        """Look at what the host's transaction sees."""
        self._is_open()
        return look(self._unit())

    @property
    def side_by_side(self) -> int:
        """See :class:`szunion.ports.storage.Storage`: the host's connection is one."""
        return 1

    def _is_open(self) -> None:
        if self._closed:
            raise StorageClosed("E-STORE-038")

    def _unit(self) -> SqlUnit:
        with translated():
            hides = self.connection.execute(_HIDDEN).fetchone()
        if hides:
            raise StorageError(
                "E-STORE-010", reason=f"临时表 {hides[0]} 与我们的表同名",
                reason_en=f"a temporary table has the name of ours, {hides[0]}",
            )  # fmt: skip
        session = SqliteSession(self.connection)
        return SqlUnit(session, now=self.clock.now(), ids=self.ids, vault=self.vault)

    def close(self) -> None:
        """Work no more on the host's connection, and leave it to the host."""
        self._closed = True
