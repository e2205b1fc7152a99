"""Count the statements that a store is asked, by name: one for a whole ``executemany``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

import pytest

from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.postgres.spread import SpreadSession
from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sqlite.session import SqliteSession

_WAYS = ("one", "all", "stream", "do", "many")
_WAITING = ("add", "put", "send", "columns")
"""What PostgreSQL is told later, or as columns; SQLite is told by ``do`` and ``many``."""
_KINDS = (
    (SqliteSession, _WAYS),
    (PostgresSession, (*_WAYS, *_WAITING)),
    (SpreadSession, (*_WAYS, *_WAITING)),
)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the statements asked of either engine while it is open, in all threads, by their names.

    What a set costs is one statement whatever its size: that is what bulk means.
    """
    asked: Counter[str] = Counter()
    asking = local()
    with pytest.MonkeyPatch.context() as patch:
        for kind, ways in _KINDS:
            for way in set(ways) & vars(kind).keys():  # what it inherits is counted there
                patch.setattr(kind, way, _noted(getattr(kind, way), asked, asking))
        yield asked


def _noted(plain: Callable[..., Any], asked: Counter[str], asking: local) -> Callable[..., Any]:
    def ask(self: Session, name: str, *rest: Any) -> Any:
        if vars(asking).get("now"):  # one way goes by another: it is one statement
            return plain(self, name, *rest)
        asked[name] += 1
        asking.now = True
        try:
            return plain(self, name, *rest)
        finally:
            asking.now = False

    return ask


def grown(small: Counter[str], large: Counter[str]) -> dict[str, tuple[int, int]]:
    """Return the statements that were asked more often for the larger size, with both counts."""
    return {name: (small[name], count) for name, count in large.items() if count > small[name]}
