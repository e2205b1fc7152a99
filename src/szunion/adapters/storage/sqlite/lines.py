"""Know which connections a store in a file has: one for each thread, and none once it is closed."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress

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

    There is no lock, which an interrupt could leave taken. Who begins says so and then looks
    whether the store is closed; who closes it says so and then looks who has begun: one sees the
    other.
    """

    path: str
    _local: threading.local = field(factory=threading.local, init=False)
    _opened: list[_Line] = field(factory=list, init=False)
    _closed: bool = field(default=False, init=False)

    def __enter__(self) -> sqlite3.Connection:
        """Lend this thread its connection.

        Raises:
            StorageClosed: the store was closed (E-STORE-038).
        """
        self._check_open()  # before a file is opened for nothing
        line = self._mine()
        line.lent = True
        try:
            self._check_open()
        except StorageClosed:
            self._let_go(line)
            raise
        return line.connection

    def _check_open(self) -> None:
        if self._closed:
            raise StorageClosed("E-STORE-038")

    def __exit__(self, *_: object) -> None:
        line: _Line | None = getattr(self._local, "line", None)
        if line is not None and not line.connection.in_transaction:  # else a unit inside of one
            self._let_go(line)

    def _let_go(self, line: _Line) -> None:
        line.lent = False
        if self._closed:
            self._drop(line)

    def mine(self) -> sqlite3.Connection:
        """Return this thread's connection, opened when it is asked for."""
        return self._mine().connection

    def _mine(self) -> _Line:
        line: _Line | None = getattr(self._local, "line", None)
        if line is None:
            line = _Line(threading.current_thread(), connect(self.path))
            for each in self._opened.copy():
                if not each.thread.is_alive():
                    self._drop(each)
            self._opened.append(line)
            self._local.line = line
        return line

    def in_transaction(self) -> bool:
        """Return whether this thread has begun a transaction, and not ended it."""
        line: _Line | None = getattr(self._local, "line", None)
        return line is not None and line.connection.in_transaction

    def give_up(self) -> None:
        """Close this thread's connection: it is not to be used again."""
        line: _Line = self._local.line
        del self._local.line
        self._drop(line)

    def close(self) -> None:
        """Close every connection, or let whoever is on one do so; none is opened any more."""
        self._closed = True
        for line in self._opened.copy():
            if not line.lent:
                self._drop(line)

    def _drop(self, line: _Line) -> None:
        with suppress(ValueError):  # somebody else was quicker
            self._opened.remove(line)
        line.connection.close()
