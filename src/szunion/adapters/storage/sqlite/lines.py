"""Know which connections a store in a file has: one for each thread, and none once it is closed."""

from __future__ import annotations

import sqlite3
import threading

from attrs import define, field

from szunion.adapters.storage.sqlite.session import connect
from szunion.errors import StorageClosed


@define(eq=False)
class _Line:
    """One thread's connection."""

    thread: threading.Thread
    connection: sqlite3.Connection
    lent: bool = False
    """Whether a unit of work is on it."""


@define(eq=False)
class Lines:
    """The connections of one store; in a ``with`` block, that of this thread.

    A connection on which a unit of work is under way is closed when that ends, by the thread whose
    it is: the driver does not stand it that another one takes it away in the middle of a statement.
    The connection of a thread that has ended is closed when another thread opens its own.
    """

    path: str
    _local: threading.local = field(factory=threading.local, init=False)
    _opened: list[_Line] = field(factory=list, init=False)
    _closed: bool = field(default=False, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def __enter__(self) -> sqlite3.Connection:
        """Lend this thread its connection.

        Raises:
            StorageClosed: the store was closed (E-STORE-038).
        """
        if self._closed:  # before a file is opened for nothing
            raise StorageClosed("E-STORE-038")
        connection = self.mine()
        with self._lock:
            if self._closed:
                raise StorageClosed("E-STORE-038")
            self._local.line.lent = True
        return connection

    def __exit__(self, *_: object) -> None:
        line: _Line | None = getattr(self._local, "line", None)
        if line is None or self.in_transaction():  # given up; or a unit inside of one
            return
        with self._lock:
            line.lent = False
            if self._closed:
                self._drop(line)

    def mine(self) -> sqlite3.Connection:
        """Return this thread's connection, opened when it is asked for."""
        line: _Line | None = getattr(self._local, "line", None)
        if line is None:
            line = self._local.line = _Line(threading.current_thread(), connect(self.path))
            with self._lock:
                for each in self._opened.copy():
                    if not each.thread.is_alive():
                        self._drop(each)
                self._opened.append(line)
        return line.connection

    def in_transaction(self) -> bool:
        """Return whether this thread has begun a transaction, and not ended it."""
        line: _Line | None = getattr(self._local, "line", None)
        return line is not None and line.connection.in_transaction

    def give_up(self) -> None:
        """Close this thread's connection: it is not to be used again."""
        line: _Line = self._local.line
        del self._local.line
        with self._lock:
            self._drop(line)

    def close(self) -> None:
        """Close every connection, or let whoever is on one do so; none is opened any more."""
        with self._lock:
            self._closed = True
            for line in self._opened.copy():
                if not line.lent:
                    self._drop(line)

    def _drop(self, line: _Line) -> None:
        if line in self._opened:
            self._opened.remove(line)
        line.connection.close()
