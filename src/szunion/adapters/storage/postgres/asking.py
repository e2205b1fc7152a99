"""Know how a statement is asked by the name it was prepared under, over the bare line (按名执行).

The driver's cursor is made for any statement of anybody: of 110 us that a row by its key takes, 40
are what it does around the message and the answer. A statement of ours has its places (``$1``)
found once, and a name on its connection; its values and rows are still the driver's to convert.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

import psycopg
import psycopg.abc
from attrs import define, field, frozen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import tuple_row

from szunion.adapters.storage.postgres.connection import Connection, adapt
from szunion.adapters.storage.postgres.inserts import Key, placed
from szunion.adapters.storage.sql.session import Parameters, Row

MOST_NAMES: Final = 2_000
"""How many statements stay prepared on a connection; the one prepared first goes first."""

_WELL: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY})


class Answer(Protocol):
    """What came back."""

    @property
    def rowcount(self) -> int:
        """How many rows came, or were changed."""
        ...

    def fetchone(self) -> Row | None:
        """Return the first row."""
        ...

    def fetchall(self) -> list[Row]:
        """Return all rows."""
        ...


class Asker(Protocol):
    """How one connection is asked."""

    def ask(self, text: str, given: Parameters) -> Answer:
        """Ask by the driver's marks (``%s``, ``%(name)s``)."""
        ...

    def ask_placed(self, text: bytes, given: Sequence[object]) -> Answer:
        """Ask by the server's own places (``$1``)."""
        ...


@define(eq=False)
class Names:
    """What is prepared on one connection: a text with the types of its values, and its name."""

    known: dict[tuple[bytes, tuple[int, ...]], bytes] = field(factory=dict)
    _numbers: count[int] = field(factory=count)

    def new(self) -> bytes:
        """Return a name that this connection has not had."""
        return b"szunion_%d" % next(self._numbers)


_NAMES: Final[WeakKeyDictionary[Connection, Names]] = WeakKeyDictionary()


@lru_cache(maxsize=4_000)
def _placed(text: str) -> tuple[bytes, tuple[Key, ...], tuple[PyFormat, ...]]:
    words, keys = placed(text)
    return words.encode(), keys, _formats(len(keys))


@lru_cache
def _formats(places: int) -> tuple[PyFormat, ...]:
    return (PyFormat.AUTO,) * places


def say(connection: Connection, command: str) -> None:
    """Run commands without parameters and without an answer.

    Raises:
        psycopg.Error: the server refuses, or the line broke.
    """
    with connection.lock:
        connection.pgconn.send_query(command.encode())
        _answers(connection)


def _answers(connection: Connection) -> list[PGresult]:
    """Wait for what the server says to what was sent, as the driver waits."""
    found: list[PGresult] = connection.wait(execute(connection.pgconn))
    for each in found:
        if each.status not in _WELL:
            raise error_from_result(each, connection.info.encoding)
    return found


@frozen
class _Answer:
    """An answer whose rows are converted when they are fetched, before anything else is asked."""

    result: PGresult
    to_python: psycopg.abc.Transformer

    @property
    def rowcount(self) -> int:
        return self.result.command_tuples or 0

    def fetchone(self) -> Row | None:
        if not self.result.ntuples:
            return None
        self.to_python.set_pgresult(self.result)
        row: Row = self.to_python.load_row(0, tuple)
        return row

    def fetchall(self) -> list[Row]:
        if not self.result.ntuples:
            return []
        self.to_python.set_pgresult(self.result)
        return self.to_python.load_rows(0, self.result.ntuples, tuple)


@define
class ByName:
    """A connection of our pool."""

    connection: Connection
    _names: Names = field(init=False)
    _values: psycopg.abc.Transformer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._names = _NAMES.setdefault(self.connection, Names())
        self._values = Transformer(self.connection)

    def ask(self, text: str, given: Parameters) -> Answer:
        words, keys, formats = _placed(text)
        values: Any = given  # by names or by places, as the statement says
        return self._asked(words, [values[key] for key in keys], formats)

    def ask_placed(self, text: bytes, given: Sequence[object]) -> Answer:
        return self._asked(text, given, _formats(len(given)))

    def _asked(self, text: bytes, given: Sequence[object], formats: Sequence[PyFormat]) -> Answer:
        values = self._values.dump_sequence(given, formats)
        types = self._values.types or ()
        known, line = self._names.known, self.connection.pgconn
        with self.connection.lock:
            name = known.get((text, types)) or self._prepared(text, types)
            line.send_query_prepared(name, values, self._values.formats, Format.BINARY)
            try:
                (answer,) = _answers(self.connection)
            except InvalidSqlStatementName:  # somebody had the server forget: prepared anew
                known.clear()
                raise
        return _Answer(answer, self._values)

    def _prepared(self, text: bytes, types: tuple[int, ...]) -> bytes:
        known, line = self._names.known, self.connection.pgconn
        if len(known) >= MOST_NAMES:
            line.send_query(b"DEALLOCATE " + known.pop(next(iter(known))))
            _answers(self.connection)
        name = self._names.new()
        line.send_prepare(name, text, types)
        _answers(self.connection)
        known[text, types] = name
        return name


@define
class ByDriver:
    """Any other: what is prepared on it is the driver's to know, which is told more on it."""

    connection: Connection
    _marks: psycopg.Cursor[Row] = field(init=False)
    _places: psycopg.Cursor[Row] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._marks = cursor(self.connection, psycopg.Cursor)
        self._places = cursor(self.connection, psycopg.RawCursor)

    def ask(self, text: str, given: Parameters) -> Answer:
        return self._marks.execute(text, given, prepare=True)

    def ask_placed(self, text: bytes, given: Sequence[object]) -> Answer:
        return self._places.execute(text, given, prepare=True)


def cursor(connection: Connection, kind: type[psycopg.Cursor[Any]]) -> psycopg.Cursor[Row]:
    """Return a cursor that takes and hands over values as we do, whatever its connection does."""
    made: psycopg.Cursor[Row] = kind(connection, row_factory=tuple_row)
    made.format = Format.BINARY
    adapt(made.adapters)
    return made
