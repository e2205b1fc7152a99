"""Know how PostgreSQL becomes a store: every change serialisable, and the last try alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeVar

from attrs import define, field
from psycopg.pq import TransactionStatus

from szunion.adapters.storage.postgres.begins import BEGIN, BEGIN_SPREAD, LOOK, Messages
from szunion.adapters.storage.postgres.citus import TO_COMMIT_TOGETHER, check_workers, is_spread
from szunion.adapters.storage.postgres.commit import commit, let_go, undo
from szunion.adapters.storage.postgres.connection import (
    SCHEMA,
    SPREAD,
    Connection,
    Limits,
    Seen,
    ask,
    connect,
    look,
    tell,
)
from szunion.adapters.storage.postgres.faults import FORBIDDEN, AlreadyThere, TryAgain
from szunion.adapters.storage.postgres.migrate import is_ours, pending
from szunion.adapters.storage.postgres.net import check_net
from szunion.adapters.storage.postgres.pool import Pool
from szunion.adapters.storage.postgres.presumed import Latest
from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.postgres.spread import session_on
from szunion.adapters.storage.postgres.tables import is_filling
from szunion.adapters.storage.postgres.unit import PostgresUnit
from szunion.adapters.storage.sql.keepable import keepable
from szunion.adapters.storage.sql.restored import restored
from szunion.errors import (
    SchemaOutOfDate,
    StorageBusy,
    StorageClosed,
    StorageError,
    StorageUnreachable,
)
from szunion.ports.keys import Vault
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.races import KeyTaken, draw_elsewhere, drawn_anew
from szunion.ports.system import Clock, Ids

T = TypeVar("T")

_SIDE_BY_SIDE: Final = 2
"""Looks at a time over all members: two sessions of the server, which has others to serve."""


@define
class PostgresStorage:
    """A store in a PostgreSQL database; threads and processes share it."""

    dsn: str = field(repr=False)
    clock: Clock
    ids: Ids
    vault: Vault
    limits: Limits
    recovering: bool = False
    """Whether a store that came out of a backup may be written: by what compares it alone."""
    pool: Pool = field(init=False)
    _latest: Latest = field(factory=Latest, init=False)
    _held: bool = field(default=False, init=False)
    spread: bool = field(default=False, init=False)
    """Whether the tables are spread over the nodes of a Citus cluster."""

    def __attrs_post_init__(self) -> None:
        self.pool = Pool(self._connection, self.limits)

    @classmethod
    def open(  # noqa: PLR0913 - what a store is made of
        cls,
        dsn: str,
        *,
        clock: Clock,
        ids: Ids,
        vault: Vault,
        limits: Limits | None = None,
        recovering: bool = False,
    ) -> PostgresStorage:
        """Open the database that *dsn* names, in the role it names; it was made before.

        Raises:
            StorageUnreachable: no server answers, or it does not let us in (E-STORE-020).
            StorageError: a setting of the server or the role is unsafe (E-STORE-003), or there is
                no schema of ours (E-STORE-009).
            SchemaOutOfDate: it needs ``szunion db migrate`` (E-STORE-006).
        """
        storage = cls(dsn, clock, ids, vault, limits or Limits(), recovering)
        try:
            with storage.pool.connection() as connection:
                check_schema(connection)
                storage._held = restored(PostgresSession(connection)) is not None
                storage.spread = is_spread(connection)
                if storage.spread:
                    check_workers(connection)
        except BaseException:
            storage.close()
            raise
        return storage

    def _may_write(self) -> None:
        if self._held and not self.recovering:
            with self.pool.connection() as connection:
                _may_write(connection)
            self._held = False  # it was released meanwhile

    def _connection(self) -> Connection:
        """Open a connection; each is checked, for a failover leads to another server."""
        connection = connect(self.dsn, self.limits)
        try:
            look(connection).check()
            if self.spread:
                check_workers(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def seen(self) -> Seen:
        """Return what the server says of itself now."""
        with self.pool.connection() as connection:
            return look(connection)

    @keepable
    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        """See :class:`szunion.ports.storage.Storage`."""
        self._may_write()
        here = BEGIN_SPREAD if self.spread else BEGIN
        begins = here.guarded if guarded else here.decided
        pause = self.limits.pause
        for number in range(self.limits.tries - 1):
            try:
                begin = begins[min(number, len(begins) - 2)]
                return self._transaction(partial(self._change, begin), work, self._commit)
            except TryAgain:
                continue
            except KeyTaken:  # the decision is made again, with new ids
                draw_elsewhere(self.ids, number + 1)
            except AlreadyThere:
                # Somebody else's row, or one that was written while this decision was made on what
                # was there before. Whoever finds it a second time, and alone, is told.
                if number:
                    break
            except StorageUnreachable:
                pause = self._wait(pause)
        return self._last(
            lambda: self._transaction(partial(self._change, begins[-1]), work, self._commit)
        )

    @keepable
    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        """See :class:`szunion.ports.storage.Storage`."""
        pause = self.limits.pause
        for _ in range(self.limits.tries - 1):
            try:
                return self._transaction(self._look, look, let_go)
            except TryAgain:
                continue
            except StorageUnreachable:
                pause = self._wait(pause)
        return self._last(lambda: self._transaction(self._look, look, let_go))

    @property
    def side_by_side(self) -> int:
        """See :class:`szunion.ports.storage.Storage`: a look waits for the server, not for us."""
        return min(_SIDE_BY_SIDE, self.limits.connections)

    def _wait(self, pause: float) -> float:
        """Forget the lines to a server that is gone, and give the next one time to rise."""
        self.pool.flush()
        time.sleep(pause)
        return pause * 2

    @staticmethod
    def _last(attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except TryAgain:
            busy = StorageBusy("E-STORE-001")
        raise busy

    def _change(self, begin: Messages, session: PostgresSession) -> None:
        with _at_the_gate():
            for commands in begin:
                session.begin(commands)
        self.vault.refresh()  # whoever writes writes under the present keys

    def _commit(self, connection: Connection) -> None:
        commit(connection, self.limits.commit)

    def _look(self, session: PostgresSession) -> None:
        session.begin_with_the_first(LOOK, self._latest)

    def _transaction(
        self,
        begin: Callable[[PostgresSession], None],
        work: Callable[[UnitOfWork], T],
        end: Callable[[Connection], None],
    ) -> T:
        with self.pool.connection(hears=True) as connection:
            try:
                session = session_on(connection, spread=self.spread)
                begin(session)
                unit = PostgresUnit(session, now=self.clock.now(), ids=self.ids, vault=self.vault)
                result = _outcome(work, unit)
            except BaseException:
                undo(connection)
                raise
            if session.begun:
                end(connection)
            return result

    def close(self) -> None:
        """See :class:`szunion.ports.storage.Storage`."""
        self.pool.close()


def check_schema(connection: Connection) -> None:
    """Check that the database is ours, and of this code's version.

    Raises:
        StorageError: it holds no schema of ours (E-STORE-009), or a copy into it has not come to
            its end (E-STORE-025).
        SchemaOutOfDate: it is older or newer than this code (E-STORE-006).
        StorageError: its row-level security has a hole (E-STORE-024).
    """
    if not is_ours(connection):
        raise StorageError("E-STORE-009", path=connection.info.dbname)
    if is_filling(connection):
        raise StorageError("E-STORE-025")
    if steps := pending(connection):
        raise SchemaOutOfDate("E-STORE-006", found=steps[0].number - 1, wanted=steps[-1].number)
    check_net(connection)


def _outcome(work: Callable[[UnitOfWork], T], unit: PostgresUnit) -> T:
    """Return what *work* comes to, or raise what it raises: once what it rests on is confirmed."""
    try:
        result = work(unit)
        unit.settle()
    except StorageUnreachable:  # there is nobody to ask
        raise
    except Exception:
        unit.session.confirm()
        raise
    unit.session.confirm()
    return result


@contextmanager
def _at_the_gate() -> Iterator[None]:
    """Begin a transaction, where whoever moves members lets one.

    Raises:
        StorageBusy: members move between this node and another (E-NODES-016).
    """
    try:
        yield
    except StorageError as error:
        if error.context.get("kind") != f"SQLSTATE {FORBIDDEN}":
            raise
        moving = StorageBusy("E-NODES-016")
    else:
        return
    raise moving


def _may_write(connection: Connection, *, hosted: bool = False) -> None:
    """Check that the database did not come out of a backup, or was released since.

    Raises:
        StorageError: it is held (E-STORE-014).
    """
    if restored(session_on(connection, spread=False, hosted=hosted)) is not None:
        raise StorageError("E-STORE-014")


@define
class BorrowedPostgres:
    """A store inside the host application's transaction: both changes commit together.

    The host's connection is held to what ours would be: the server's settings, the encoding, and a
    role that cannot switch off row-level security. Each unit is a savepoint: a refusal of ours
    undoes our part and leaves the host's part to the host. The search path, the scope and the
    limits of time hold for our part only.
    """

    connection: Connection
    clock: Clock
    ids: Ids
    vault: Vault
    spread: bool = field(init=False)
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        look(self.connection).check()
        check_schema(self.connection)
        self.spread = is_spread(self.connection)
        if self.spread:
            check_workers(self.connection)

    @keepable
    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        """Run *work* under a savepoint of the host's transaction; the host commits.

        Where an id that it draws is taken, the savepoint is undone and it runs again. A
        serialisation failure (E-STORE-001) is the host's to repeat, with all that it did.

        Raises:
            StorageError: no transaction is open, or it is not serialisable (E-STORE-010): on Citus
                none is that the host has begun, for it began before its turn in the queue.
        """
        self._in_transaction()
        if self.spread and not guarded:
            raise StorageError(
                "E-STORE-010", reason="Citus 上由宿主开始的事务不可串行化",
                reason_en="on Citus a transaction that the host has begun is not serialisable",
            )  # fmt: skip
        if not guarded and ask(self.connection, "SHOW transaction_isolation") != ("serializable",):
            raise StorageError(
                "E-STORE-010", reason="事务不是 SERIALIZABLE 级",
                reason_en="the transaction is not SERIALIZABLE",
            )  # fmt: skip
        self.vault.refresh()
        together = f"; {TO_COMMIT_TOGETHER}" if self.spread else ""
        gate = f"LOCK TABLE {SCHEMA}.write_gate IN ROW SHARE MODE{together}"
        return drawn_anew(self.ids, lambda: self._within(gate, work))

    @keepable
    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        """Look at what the host's transaction sees."""
        self._in_transaction()
        return self._within("", look)

    @property
    def side_by_side(self) -> int:
        """See :class:`szunion.ports.storage.Storage`: the host's connection is one."""
        return 1

    def _in_transaction(self) -> None:
        if self._closed:
            raise StorageClosed("E-STORE-038")
        if self.connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise StorageError(
                "E-STORE-010", reason="没有进行中的事务", reason_en="no transaction is open"
            )

    def _within(self, gate: str, work: Callable[[UnitOfWork], T]) -> T:
        connection, kept = self.connection, ask(self.connection, _THEIRS)
        assert kept is not None
        tell(connection, "SAVEPOINT szunion")
        try:
            with _at_the_gate():
                tell(connection, f"{_OURS}; {gate}")
            if gate:
                _may_write(connection, hosted=True)
            unit = PostgresUnit(
                session_on(connection, spread=self.spread, hosted=True),
                now=self.clock.now(), ids=self.ids, vault=self.vault,
            )  # fmt: skip
            result = work(unit)
            unit.settle()
            ask(connection, _RESTORED, *kept)
        except BaseException:
            if not connection.closed:
                tell(connection, "ROLLBACK TO szunion; RELEASE szunion")
            raise
        tell(connection, "RELEASE szunion")
        return result

    def close(self) -> None:
        """Work no more on the host's connection, and leave it to the host."""
        self._closed = True


_OURS: Final = "; ".join((
    f"SET LOCAL search_path = {SCHEMA}, pg_catalog, pg_temp",
    *(f"SET LOCAL {name} = '{value}'" for name, value in SPREAD.items()),
    "SET LOCAL szunion.scope = ''",
))  # fmt: skip
_THEIRS: Final = """
SELECT current_setting('search_path'), coalesce(current_setting('szunion.scope', true), '')
"""
_RESTORED: Final = """
SELECT set_config('search_path', %s, true), set_config('szunion.scope', %s, true)
"""
