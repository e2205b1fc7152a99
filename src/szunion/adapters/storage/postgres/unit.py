"""Know how a unit of work on PostgreSQL tells the server for whom each repository is asked.

Every repository call hands over its scope first. Here it is also told to the server, so that
row-level security holds when a statement's own filter does not; one unit may be asked in many
scopes, and what is read later, row by row, is read in the scope in which it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.postgres.spread import SpreadSession
from szunion.adapters.storage.sql.imports import SqlImports
from szunion.adapters.storage.sql.unit import Part, SqlUnit
from szunion.domain.access import Scope

R = TypeVar("R")


class Scoped:
    """A repository whose session is told the scope of every call."""

    __slots__ = ("_repository", "_session")

    def __init__(self, repository: Any, session: PostgresSession) -> None:  # noqa: ANN401
        self._repository = repository
        self._session = session

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the repository's own
        method, session = getattr(self._repository, name), self._session

        def asked(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            scope = given[0] if given else named.get("scope")
            if not isinstance(scope, Scope):
                return method(*given, **named)
            session.within(scope)
            answer = method(*given, **named)
            return _later(answer, session, scope) if isinstance(answer, Iterator) else answer

        return asked


def _later(rows: Iterator[Any], session: PostgresSession, scope: Scope) -> Iterator[Any]:
    """Yield *rows*, each in the scope in which they were asked for."""
    while True:
        session.within(scope)
        try:
            row = next(rows)
        except StopIteration:
            return
        yield row


def _imports(unit: SqlUnit) -> SqlImports:
    """Return the imports of a unit: side by side on one server, and in a transaction of our own.

    A host's has its snapshot before it waits. On Citus a union's row is on every node, and who
    changes it waits there for whoever does so, until the commit.
    """
    session = unit.session
    assert isinstance(session, PostgresSession)
    beside = not (session.hosted or isinstance(session, SpreadSession))
    return SqlImports(session, unit.ids, unit.vault, unit.now, beside=beside)


class PostgresUnit(SqlUnit):
    """One unit of work: :class:`szunion.ports.storage.UnitOfWork` on PostgreSQL."""

    session: PostgresSession
    imports = Part(_imports)

    def given_out(self, repository: R) -> R:
        """Return *repository* so that the server is told the scope of every call."""
        scoped: Any = Scoped(repository, self.session)
        return scoped  # type: ignore[no-any-return]  # it has whatever the repository has

    def settle(self) -> None:
        """Tell the server all that was added; what is wrong with it is heard now."""
        self.session.settle()
