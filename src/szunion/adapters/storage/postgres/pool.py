"""Know how threads share few connections: a bounded wait, and nothing of one for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from attrs import define, field
from psycopg.pq import TransactionStatus

from szunion.adapters.storage.postgres.asking import hear, owes
from szunion.adapters.storage.postgres.connection import Connection, Limits
from szunion.errors import StorageBusy, StorageClosed


@define(eq=False)
class Pool:
    """At most so many connections, opened when they are wanted; the last one used goes first.

    Nothing of a session reaches the next one: every transaction begins by resetting all settings
    (see :data:`~szunion.adapters.storage.postgres.begins.BEGIN`), a connection whose unit failed
    is told to discard all, and one that comes back within a transaction is closed. A look does
    not wait for its end: whoever has the connection next hears of it.
    """

    open: Callable[[], Connection]
    limits: Limits
    _idle: list[Connection] = field(factory=list, init=False)
    _there: int = field(default=0, init=False)
    _closed: bool = field(default=False, init=False)
    _free: threading.Condition = field(factory=threading.Condition, init=False)

    @contextmanager
    def connection(self, *, hears: bool = False) -> Iterator[Connection]:
        """Lend a connection for the length of a ``with`` block.

        Args:
            hears: Who takes it says all by :mod:`~szunion.adapters.storage.postgres.asking`, which
                hears whether the look before has ended. For the others it is heard here.

        Raises:
            StorageBusy: all were taken for as long as we wait (E-STORE-001).
            StorageUnreachable: no server answers (E-STORE-020).
            StorageClosed: the store was closed (E-STORE-038).
        """
        connection = self._take() if hears else self._heard()
        try:
            yield connection
        except BaseException:
            self._give_back(connection, sound=_discarded(connection))
            raise
        self._give_back(connection, sound=_idle(connection) or owes(connection))

    def _take(self) -> Connection:
        with self._free:
            if not self._free.wait_for(self._some, self.limits.wait):
                raise StorageBusy("E-STORE-001")
            if self._closed:
                raise StorageClosed("E-STORE-038")
            if self._idle:
                return self._idle.pop()
            self._there += 1
        return self._opened()

    def _heard(self) -> Connection:
        """Take one on which nothing is under way."""
        while True:
            connection = self._take()
            ended = False
            try:
                ended = _has_ended(connection)
            finally:
                if not ended:
                    self._lose(connection)
            if ended:
                return connection

    def _some(self) -> bool:
        return bool(self._closed or self._idle or self._there < self.limits.connections)

    def _opened(self) -> Connection:
        try:
            return self.open()
        except BaseException:
            with self._free:
                self._there -= 1
                self._free.notify()
            raise

    def _give_back(self, connection: Connection, *, sound: bool) -> None:
        with self._free:
            if sound and not self._closed:
                self._idle.append(connection)
                self._free.notify()
                return
        self._lose(connection)

    def _lose(self, connection: Connection) -> None:
        connection.close()
        with self._free:
            self._there -= 1
            self._free.notify()

    def flush(self) -> None:
        """Close the connections that nobody has: the server they led to is gone."""
        with self._free:
            stale, self._idle = self._idle, []
        for connection in stale:
            self._lose(connection)

    def close(self) -> None:
        """Close what nobody has, and the rest as it comes back. A second time does nothing."""
        with self._free:
            self._closed = True
            self._free.notify_all()
        self.flush()


def _has_ended(connection: Connection) -> bool:
    with suppress(psycopg.Error):
        hear(connection)
    return _idle(connection)


def _idle(connection: Connection) -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE


#: All that ``DISCARD ALL`` does but for what is prepared. psycopg forgets its prepared statements
#: only at the first ``DISCARD ALL`` or ``ROLLBACK`` of its kind, and asks the server for what is
#: gone when a unit that failed before it asked anything came first.
_AS_NEW: Final = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; "
    "SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"
)


def _discarded(connection: Connection) -> bool:
    """Let a connection whose unit failed forget all of it; return whether it is as new."""
    if not _idle(connection):
        return False
    try:
        connection.execute(_AS_NEW, prepare=False)
    except psycopg.Error:
        return False
    return _idle(connection)
