"""Know how a statement is asked by the name it was prepared under, over the bare line (按名执行).

The driver's cursor is made for any statement of anybody: of 110 us that a row by its key takes, 40
are what it does around the message and the answer. A statement of ours has its places (``$1``)
found once, and a name on its connection; its values and rows are still the driver's to convert.
What is to be said before a question goes in one message with it (``libpq``'s pipeline).
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
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.generators import execute, fetch_many, send
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import tuple_row

from szunion.adapters.storage.postgres.connection import Connection, adapt
from szunion.adapters.storage.postgres.inserts import Key, placed
from szunion.adapters.storage.sql.session import Parameters, Row

MOST_NAMES: Final = 2_000
"""How many statements stay prepared on a connection; the one prepared first goes first."""

_WELL: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY})

Commands = Sequence[bytes]
"""Each without parameters and without an answer."""


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
    """How one connection is asked.

    *ahead* is said first; if it fails nothing is asked, and its error is what is raised.
    """

    def ask(self, text: str, given: Parameters, ahead: Commands = ()) -> Answer:
        """Ask by the driver's marks (``%s``, ``%(name)s``)."""
        ...

    def ask_placed(self, text: bytes, given: Sequence[object], ahead: Commands = ()) -> Answer:
        """Ask by the server's own places (``$1``)."""
        ...

    def send(self, text: str, given: Parameters, ahead: Commands = ()) -> None:
        """Ask by the driver's marks, and go on: :meth:`heard` comes before the next question."""
        ...

    def heard(self) -> Sequence[int]:
        """Return how many rows each of what was sent has changed, in its order."""
        ...


Question = tuple[str, Parameters]
"""A statement by the driver's marks, with its values."""

Kind = tuple[bytes, tuple[int, ...]]
"""A text with the types of its values: what is prepared under one name."""

_Put = tuple[Kind, Sequence[Any], Sequence[Format] | None]
"""A question as the line takes it: what is prepared, the values, and their formats."""


@define(eq=False)
class Names:
    """What is prepared on one connection, and its names."""

    known: dict[Kind, bytes] = field(factory=dict)
    owed: list[tuple[int, Sequence[Kind]]] = field(factory=list)
    """For each message whose answers are still to be heard, what it prepares, and after how many
    commands."""
    _numbers: count[int] = field(factory=count)

    def new(self) -> bytes:
        """Return a name that this connection has not had."""
        return b"szunion_%d" % next(self._numbers)


_NAMES: Final[WeakKeyDictionary[Connection, Names]] = WeakKeyDictionary()


def _names(connection: Connection) -> Names:
    return _NAMES.setdefault(connection, Names())


@lru_cache(maxsize=4_000)
def _placed(text: str) -> tuple[bytes, tuple[Key, ...], tuple[PyFormat, ...]]:
    words, keys = placed(text)
    return words.encode(), keys, _formats(len(keys))


@lru_cache
def _formats(places: int) -> tuple[PyFormat, ...]:
    return (PyFormat.AUTO,) * places


def say(connection: Connection, commands: Commands) -> None:
    """Run commands, in one message.

    Raises:
        psycopg.Error: the server refuses, or the line broke.
    """
    with connection.lock:
        _hear(connection)
        connection.pgconn.send_query(b"; ".join(commands))
        answers(connection)


def leave(connection: Connection, command: bytes) -> None:
    """Send a command, and let whoever asks next hear whether it was done (see :func:`hear`).

    Raises:
        psycopg.Error: the line broke.
    """
    with connection.lock:
        line = connection.pgconn
        line.enter_pipeline_mode()
        line.send_query_params(command, None)
        line.pipeline_sync()
        _names(connection).owed.append((0, ()))
        _flush(connection)


def _flush(connection: Connection) -> None:
    """Let what was said leave: it waits only where the buffer is full."""
    if connection.pgconn.flush():
        connection.wait(send(connection.pgconn))


def hear(connection: Connection) -> None:
    """Wait for the answer to what was left, if anything was.

    Raises:
        psycopg.Error: the line broke.
    """
    with connection.lock:
        _hear(connection)


def owes(connection: Connection) -> bool:
    """Return whether an answer to what was left is still to be heard."""
    return bool(_names(connection).owed)


def _hear(connection: Connection) -> list[list[PGresult]]:
    """Wait for all that is owed; return the answers to each message. The line is locked."""
    names = _names(connection)
    owed, names.owed = names.owed, []
    if not owed:
        return []
    found = connection.wait(_told(connection.pgconn, len(owed)))
    connection.pgconn.exit_pipeline_mode()
    for (first, kinds), heard in zip(owed, found, strict=True):
        for kind, prepared in zip(kinds, heard[first:], strict=False):
            if prepared.status != ExecStatus.COMMAND_OK:  # else it stays, whatever came after it
                names.known.pop(kind, None)
    return found


def answers(connection: Connection) -> list[PGresult]:
    """Wait for what the server says to what was sent, as the driver waits."""
    return _well(connection, connection.wait(execute(connection.pgconn)))


def _well(connection: Connection, found: list[PGresult]) -> list[PGresult]:
    """Return what was found, if the server refused nothing of it."""
    for each in found:
        if each.status not in _WELL:
            raise error_from_result(each, connection.info.encoding)
    return found


def _told(line: PGconn, messages: int) -> PQGen[list[list[PGresult]]]:
    """Wait for all answers of a pipeline; return those to each of its messages."""
    yield from send(line)
    found: list[list[PGresult]] = [[]]
    while True:
        for each in (yield from fetch_many(line)):
            if each.status != ExecStatus.PIPELINE_SYNC:
                found[-1].append(each)
            elif len(found) == messages:
                return found
            else:
                found.append([])


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
        self._names = _names(self.connection)
        self._values = Transformer(self.connection)

    def ask(self, text: str, given: Parameters, ahead: Commands = ()) -> Answer:
        return self._asked((self._put(text, given),), ahead)[0]

    def ask_placed(self, text: bytes, given: Sequence[object], ahead: Commands = ()) -> Answer:
        return self._asked((self._dumped(text, given, _formats(len(given))),), ahead)[0]

    def ask_all(self, questions: Sequence[Question], ahead: Commands = ()) -> Sequence[Answer]:
        """Ask several in one message; each answer is fetched before anything else is asked.

        If one of them fails, its error is what is raised.
        """
        return self._asked([self._put(text, given) for text, given in questions], ahead)

    def _put(self, text: str, given: Parameters) -> _Put:
        words, keys, formats = _placed(text)
        values: Any = given  # by names or by places, as the statement says
        return self._dumped(words, [values[key] for key in keys], formats)

    def _dumped(self, text: bytes, given: Sequence[object], formats: Sequence[PyFormat]) -> _Put:
        values = self._values.dump_sequence(given, formats)
        return (text, self._values.types or ()), values, self._values.formats

    def send(self, text: str, given: Parameters, ahead: Commands = ()) -> None:
        put = self._put(text, given)
        with self.connection.lock:
            self._say((put,), ahead)
            _flush(self.connection)

    def heard(self) -> Sequence[int]:
        with self.connection.lock:
            return [each[-1].command_tuples or 0 for each in self._hear()]

    def _asked(self, puts: Sequence[_Put], ahead: Commands) -> Sequence[Answer]:
        names, (kind, values, formats) = self._names, puts[0]
        with self.connection.lock:
            name = names.known.get(kind)
            if name is None or len(puts) > 1 or ahead or names.owed:
                self._say(puts, ahead)
                found = self._hear()[-1][-len(puts) :]
            else:
                line = self.connection.pgconn
                line.send_query_prepared(name, values, formats, Format.BINARY)
                found = self._well(self.connection.wait(execute(line)))
        return [_Answer(each, self._values) for each in found]

    def _say(self, puts: Sequence[_Put], ahead: Commands) -> None:
        """Say what goes ahead, prepare what has no name yet, and ask: all in one message."""
        names, line = self._names, self.connection.pgconn
        known, kinds = names.known, [kind for kind, _, _ in puts]
        new = {kind: names.new() for kind in kinds if kind not in known}
        while len(known) + len(new) > MOST_NAMES and (
            first := next((kind for kind in known if kind not in kinds), None)
        ):
            ahead = (*ahead, b"DEALLOCATE " + known.pop(first))
        known.update(new)
        if not names.owed:
            line.enter_pipeline_mode()
        names.owed.append((len(ahead), tuple(new)))
        for command in ahead:
            line.send_query_params(command, None)
        for kind, name in new.items():
            line.send_prepare(name, *kind)
        for kind, values, formats in puts:
            line.send_query_prepared(known[kind], values, formats, Format.BINARY)
        line.pipeline_sync()

    def _hear(self) -> list[list[PGresult]]:
        return list(map(self._well, _hear(self.connection)))

    def _well(self, found: list[PGresult]) -> list[PGresult]:
        try:
            return _well(self.connection, found)
        except InvalidSqlStatementName:  # somebody had the server forget: prepared anew
            self._names.known.clear()
            raise


@define
class ByDriver:
    """Any other: what is prepared on it is the driver's to know, which is told more on it."""

    connection: Connection
    _marks: psycopg.Cursor[Row] = field(init=False)
    _places: psycopg.Cursor[Row] = field(init=False)
    _counts: list[int] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._marks = cursor(self.connection, psycopg.Cursor)
        self._places = cursor(self.connection, psycopg.RawCursor)

    def ask(self, text: str, given: Parameters, ahead: Commands = ()) -> Answer:
        self._say(ahead)
        return self._marks.execute(text, given, prepare=True)

    def ask_placed(self, text: bytes, given: Sequence[object], ahead: Commands = ()) -> Answer:
        self._say(ahead)
        return self._places.execute(text, given, prepare=True)

    def send(self, text: str, given: Parameters, ahead: Commands = ()) -> None:
        self._counts.append(self.ask(text, given, ahead).rowcount)

    def heard(self) -> Sequence[int]:
        counts, self._counts = self._counts, []
        return counts

    def _say(self, ahead: Commands) -> None:
        if ahead:
            say(self.connection, ahead)


def cursor(connection: Connection, kind: type[psycopg.Cursor[Any]]) -> psycopg.Cursor[Row]:
    """Return a cursor that takes and hands over values as we do, whatever its connection does."""
    made: psycopg.Cursor[Row] = kind(connection, row_factory=tuple_row)
    made.format = Format.BINARY
    adapt(made.adapters)
    return made
