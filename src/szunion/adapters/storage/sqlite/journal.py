"""Know how the journal of a SQLite file is begun anew, also where writers leave it no pause.

SQLite begins its journal (WAL) anew when all of it is in the database and nobody reads from it.
Where two writers relieve each other that moment never comes by itself: each checkpoint leaves what
the other is just writing. So whoever is about to write, and finds it long, waits for that moment.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from attrs import define, field

from szunion.adapters.storage.sqlite.session import waiting

MOST: Final = 640 << 20
"""Bytes from which it is begun anew: more than two chunks of a roster write."""
_WAIT_MS: Final = 5_000
"""How long others are waited for, half of what they wait for us."""


@define
class Journal:
    """The journal of the database file at *path*."""

    path: str
    most: int = MOST
    wait_ms: int = _WAIT_MS
    _due: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._due = self.most

    @property
    def size(self) -> int:
        """Its length in bytes; 0 where there is none.

        Asked by its name as text: an interrupt within a ``Path`` would come out as a TypeError.
        """
        try:
            return os.stat(f"{self.path}-wal").st_size  # noqa: PTH116 - see the docstring
        except FileNotFoundError:
            return 0

    def keep_short(self, connection: sqlite3.Connection) -> None:
        """Begin it anew if it is long; *connection* is outside a transaction.

        A look that goes on for long, such as a backup, keeps what it sees in the journal. Then it
        is left alone until it is twice as long, so that nobody is held up at every write.
        """
        size = self.size
        if size < self._due:
            return
        with waiting(connection, self.wait_ms):
            held = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        self._due = size * 2 if held else self.most
