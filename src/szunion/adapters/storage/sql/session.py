"""Know what the repositories ask of an engine: named statements, inside one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, Final, Protocol

from szunion.adapters.storage.sql.columns import Column
from szunion.errors import Conflict
from szunion.ports.storage.races import lost_race

Parameters = Mapping[str, object] | Sequence[object]
Row = tuple[Any, ...]
Lost = Callable[[], Conflict]
"""Says what was wrong with a set of which not all rows were met."""

_EXPECTS: Final = re.compile(
    r"UPDATE (\w+)\s+SET .*\bWHERE (.*) AND (\w+) = (?::version|%\(version\)s)(.*)", re.DOTALL
)


class Session(Protocol):
    """One open connection inside one transaction, asked by the names of its statements.

    Each engine has its own; none of them ever lets a driver's error or its text out.
    """

    def one(self, name: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row, or None."""
        ...

    def all(self, name: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows; for statements that have a LIMIT or a small answer."""
        ...

    def foreseen(self, name: str, parameters: Parameters) -> Sequence[Row]:
        """Return all rows of what mostly has the answer that it had last time.

        An engine that waits for its server may take that for the answer, ask with the next
        question, and have a look made again if it was not: nothing that rests on it is let out
        before. It is asked whoever asks, in whatever scope.
        """
        return self.all(name, parameters)

    def stream(self, name: str, parameters: Parameters = ()) -> Iterator[Row]:
        """Yield rows as they come, in constant memory."""
        ...

    def pages(self, name: str, parameters: Parameters = ()) -> Iterator[list[Row]]:
        """Yield the same some thousands at a time: a whole table goes by quicker so."""
        ...

    def joined(
        self, name: str, join: Callable[[Sequence[Row]], Sequence[bytes]], size: int
    ) -> Iterator[Sequence[bytes]]:
        """Yield the same, each row as the *size* bytes that *join* makes of it.

        An engine that joins them itself has a statement of its own, whose rows are many such
        records together.
        """
        return map(join, self.pages(name))

    def more_follows(self) -> None:
        """Say that the same writes again at once, and much: a journal need not be emptied now."""
        return

    def scattered(self) -> AbstractContextManager[None]:
        """Keep little in this process of what is read and written until it ends."""
        return nullcontext()

    def do(self, name: str, parameters: Parameters = ()) -> int:
        """Run a change; return how many rows it touched."""
        ...

    def add(self, name: str, parameters: Parameters) -> None:
        """Insert a row, and ask for no answer.

        An engine may tell its server of several writes at once, in any order that comes to the
        same, before anything else is asked and before the commit: that a key is taken may be heard
        only then. The statement is a plain insertion of values, or one that adds a row by what it
        finds in a table.
        """
        self.do(name, parameters)

    def many(self, name: str, rows: Iterable[Parameters]) -> int:
        """Run a change for each row. Return how many rows were touched."""
        ...

    def columns(self, name: str, columns: Sequence[Column]) -> int:
        """Insert a set of rows, handed over as columns, by a statement of places.

        Or change one: then no two of its rows meet the same row of the table, and nothing that
        says which row is met is the same in all of them. Return how many rows were touched.
        """
        ...

    def send(self, name: str, rows: Iterable[Parameters], lost: Lost | None = None) -> None:
        """Run a change for each row, and ask for no answer.

        As of :meth:`add`: what stood in its way may be heard only before the next question, or
        before the commit. Meanwhile the next rows are made ready.

        Raises:
            Conflict: not every row was met, and that is *lost*.
        """
        all_ = list(rows)
        if self.many(name, all_) != len(all_) and lost is not None:
            raise lost()

    @staticmethod
    def packed(name: str, columns: Mapping[str, Sequence[Any]]) -> dict[str, object]:
        """Return the parameters that hand a statement the columns of its ``CHUNK``."""
        ...

    def put(self, name: str, parameters: Mapping[str, object], entity: str) -> None:
        """Run an update that names the version it expects (``:version``).

        As of :meth:`add`: that somebody else was faster may be heard only when it is told.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        if self.do(name, parameters) != 1:
            raise overtaken(entity, parameters, self.standing(name, parameters))

    def standing(self, name: str, parameters: Mapping[str, object]) -> Row | None:
        """Return the version that stands where the change *name* expects one."""
        ...


def overtaken(entity: str, parameters: Mapping[str, object], standing: Row | None) -> Conflict:
    """Return the error of an update that did not find the row at the version that it expects."""
    return lost_race(entity, parameters["version"], None if standing is None else standing[0])


@cache
def asks_version(text: str) -> str:
    """Return what asks for the version that stands where an update expects one.

    Raises:
        ValueError: it is no update that names the version it expects.
    """
    found = _EXPECTS.fullmatch(text)
    if found is None:
        msg = "only what names the version it expects can lose a race"
        raise ValueError(msg)
    table, before, version, after = found.groups()
    return f"SELECT {version} FROM {table} WHERE {before}{after}"  # noqa: S608 - a statement of ours
