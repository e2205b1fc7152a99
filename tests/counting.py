"""Count the statements that a store is asked, by name: one for a whole ``executemany``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sqlite.session import SqliteSession

_WAYS = ("one", "all", "stream", "do", "many")
_WAITING = ("put", "send", "columns")
"""What PostgreSQL is told later, or as columns; SQLite is told by ``do`` and ``many``."""


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the statements asked of either engine while it is open, in all threads, by their names.

    What a set costs is one statement whatever its size: that is what bulk means.
    """
    asked: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for kind, ways in ((SqliteSession, _WAYS), (PostgresSession, (*_WAYS, *_WAITING))):
            for way in ways:
                patch.setattr(kind, way, _noted(getattr(kind, way), asked))
        yield asked


def _noted(plain: Callable[..., Any], asked: Counter[str]) -> Callable[..., Any]:
    def ask(self: Session, name: str, *rest: Any) -> Any:
        asked[name] += 1
        return plain(self, name, *rest)

    return ask


def grown(small: Counter[str], large: Counter[str]) -> dict[str, tuple[int, int]]:
    """Return the statements that were asked more often for the larger size, with both counts."""
    return {name: (small[name], count) for name, count in large.items() if count > small[name]}
