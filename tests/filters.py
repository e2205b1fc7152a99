"""PostgreSQL with the filters of all repositories off: row-level security stands alone.

Each repository is told that it is asked for the whole city, while the server is told the truth.
What is still not shown is not shown because the server does not show it. Unions are nobody's secret
and stand in no net, so their own repository goes on filtering.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from szunion.adapters.storage.postgres.unit import Scoped
from szunion.adapters.storage.sql.organisations import SqlOrganisations
from szunion.domain.access import Scope, WholeCity
from szunion.domain.issuing import issue

UNFILTERED: Final = "postgres without filters"


class Unfiltered(Scoped):
    """A repository that filters nothing; its session is told the scope of every call."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        asked = super().__getattr__(name)
        if isinstance(self._repository, SqlOrganisations):
            return asked
        repository, session = _Blind(getattr(self._repository, name)), self._session
        return Scoped(repository, session).asked


class _Blind:
    """One method of a repository, which is told of the whole city whoever asks."""

    def __init__(self, method: Any) -> None:
        self._method = method

    def asked(self, *given: Any, **named: Any) -> Any:
        return self._method(*map(_whole, given), **{k: _whole(v) for k, v in named.items()})


def _whole(value: Any) -> Any:
    if isinstance(value, Scope):
        return issue(value.principal, value.operation, WholeCity())
    return value


@contextmanager
def filters_off() -> Iterator[None]:
    """Switch all filters off for the length of a ``with`` block."""
    with patch("szunion.adapters.storage.postgres.unit.Scoped", Unfiltered):
        yield
