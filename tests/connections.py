"""Know which test opened a connection that nobody closed, on either engine.

Python 3.13 and psycopg warn when such a connection is collected, in whatever test happens to run
then; older Pythons say nothing of SQLite's. Here each remembers the test that opened it.
"""

from __future__ import annotations

import gc
import os
import sqlite3
from typing import Any, Final

import psycopg

_connect: Final = sqlite3.connect
_forgotten: Final[list[str]] = []
_now: str = "before the first test"


class Watched(sqlite3.Connection):
    """A connection that tells when it dies without having been closed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.opened_in = _now
        self.open = False
        super().__init__(*args, **options)
        self.open = True

    def close(self) -> None:
        super().close()
        self.open = False

    def __del__(self) -> None:
        if self.open:
            _forgotten.append(self.opened_in)
            self.close()


def _watched(*args: Any, **options: Any) -> sqlite3.Connection:
    return _connect(*args, factory=Watched, **options)


class WatchedServer(psycopg.Connection[Any]):
    """A connection to a server that tells when it dies without having been closed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.opened_in, self.opener = _now, os.getpid()
        super().__init__(*args, **options)

    def __del__(self, _warn: Any = None, /) -> None:
        if not self.closed and self.opener == os.getpid():  # a fork's copy is its parent's
            _forgotten.append(self.opened_in)
            self.close()


def watch() -> None:
    """From now on, watch every connection that is opened."""
    sqlite3.connect = _watched  # type: ignore[assignment]
    psycopg.connect = WatchedServer.connect


def runs(test: str) -> None:
    """Let *test* be the one that opens connections from here on."""
    global _now  # noqa: PLW0603  (one test runs at a time)
    _now = test


def forgotten() -> list[str]:
    """Return the tests whose connections were forgotten since the last call."""
    gc.collect()
    found = _forgotten.copy()
    _forgotten.clear()
    return found
