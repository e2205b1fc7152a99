"""Know how PostgreSQL is asked by named statements, each prepared once on its connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from struct import Struct
from typing import Any, Final

import psycopg
from attrs import define, field
from psycopg.rows import tuple_row

from szunion.adapters.storage.postgres.ahead import in_turn, one_ahead
from szunion.adapters.storage.postgres.asking import (
    Answer,
    Asker,
    ByDriver,
    ByName,
    Commands,
    Question,
    cursor,
    say,
)
from szunion.adapters.storage.postgres.connection import Connection, adapt
from szunion.adapters.storage.postgres.dialect import packed, statements
from szunion.adapters.storage.postgres.faults import Ours, ours, translated
from szunion.adapters.storage.postgres.inserts import (
    MOST_TOGETHER,
    Waiting,
    Write,
    together,
    touch,
)
from szunion.adapters.storage.postgres.net import beyond
from szunion.adapters.storage.postgres.presumed import Latest, Presumed
from szunion.adapters.storage.postgres.reach_told import EVERYTHING, NOTHING, place_of
from szunion.adapters.storage.postgres.row_sets import MOST_ROWS, row_set
from szunion.adapters.storage.sql.columns import Column, parts_of, rows_of
from szunion.adapters.storage.sql.session import (
    Lost,
    Parameters,
    Row,
    Session,
    asks_version,
    overtaken,
)
from szunion.domain.access import Scope
from szunion.errors import StorageUnreachable

CHUNK: Final = 1_000
"""How many rows of a stream are fetched at once."""
PAGE: Final = 5_000
"""How many of a whole table, whose rows are short: each time one side waits for the other."""
JOINED: Final = 8
"""How many rows of which each is some thousand records."""


@cache
def _beyond() -> frozenset[str]:
    return beyond(statements())


@define
class PostgresSession(Session):
    """One connection inside one transaction; see :class:`szunion.adapters.storage.sql.Session`.

    It also keeps the server told for whom it asks (:meth:`within`): row-level security shows
    nothing to a transaction that has not said so.
    """

    connection: Connection
    statements: Mapping[str, str] = field(factory=statements)
    anywhere: Collection[str] = field(factory=_beyond)
    hosted: bool = False
    """Whether the connection is a host's, who sends values as it likes: ours are adapted."""
    by_name: bool = False
    """Whether the driver is told nothing on it by which it has the server forget what is prepared:
    so it is in the pool, and not where tables are altered."""
    _scope: Scope | None = field(default=None, init=False)
    _place: str = field(default=NOTHING, init=False)
    _told: str | None = field(default=NOTHING, init=False)
    """For whom the server is told that we ask; None: nobody, for the transaction has not begun."""
    _ahead: Commands = field(default=(), init=False)
    """What is to be said with the next question, before it."""
    _presumed: Presumed | None = field(default=None, init=False)
    """What is taken for answers until something is asked; None: nothing is."""
    _streams: int = field(default=0, init=False)
    _waiting: Waiting = field(factory=Waiting, init=False)
    """What is to be written, and was not told yet."""
    _sent: list[tuple[int, Lost | None, Scope | None]] = field(factory=list, init=False)
    """Of each set that was sent: how many rows it has, what is wrong if not all are met, and in
    which scope that is asked."""
    _asker: Asker = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._asker = (ByName if self.by_name else ByDriver)(self.connection)

    def begin(self, commands: Commands) -> None:
        """Begin the transaction, or make ready for it or for a question, in one message."""
        with translated():
            say(self.connection, commands)

    def begin_with_the_first(self, commands: Commands, latest: Latest | None = None) -> None:
        """Let *commands* begin the transaction when something is asked, in the same message.

        For a look: nothing waits for its beginning, and what it sees is what is there when it is
        asked for the first time.

        Args:
            commands: What begins it.
            latest: What may be presumed until then.
        """
        self._ahead, self._told = commands, None
        self._presumed = None if latest is None else Presumed(latest)

    @property
    def begun(self) -> bool:
        """Whether the server knows of the transaction."""
        return self._told is not None

    def within(self, scope: Scope | None) -> None:
        """From now on ask in *scope*; the server hears of it with the next statement."""
        if scope is not self._scope:  # most calls of a unit are made in one scope, a frozen value
            self._scope, self._place = scope, place_of(scope)

    def one(self, name: str, parameters: Parameters = ()) -> Row | None:
        return self._asked(name, self.statements[name], parameters).fetchone()

    def all(self, name: str, parameters: Parameters = ()) -> list[Row]:
        return self._asked(name, self.statements[name], parameters).fetchall()

    def foreseen(self, name: str, parameters: Parameters) -> Sequence[Row]:
        presumed = self._presumed
        if presumed is None:
            return self.all(name, parameters)
        if not self.begun:
            rows = presumed.take(name, self.statements[name], parameters)
            if rows is not None:
                return rows
        found = self.all(name, parameters)
        presumed.latest.keep(name, parameters, found)
        return found

    def confirm(self) -> None:
        """Ask what was presumed, if nothing was asked since: what a look comes to rests on it.

        Raises:
            TryAgain: the server says otherwise.
        """
        presumed = self._presumed
        if presumed is None:
            return
        presumed.check()
        if presumed.questions:
            self._tell_of(self._place)
            self._ask_presumed(presumed)

    def do(self, name: str, parameters: Parameters = ()) -> int:
        return self._asked(name, self.statements[name], parameters).rowcount

    def many(self, name: str, rows: Iterable[Parameters]) -> int:
        plain = row_set(self.statements[name])
        if plain is None:
            return self._one_by_one(name, rows, self.statements[name])
        return sum(self._asked(name, *plain.told(part)).rowcount for part in plain.parts(rows))

    def columns(self, name: str, columns: Sequence[Column]) -> int:
        plain = row_set(self.statements[name])
        if plain is None:
            return self._one_by_one(name, rows_of(columns), self.statements[name])
        return sum(
            self._asked(name, *plain.told_columns(part)).rowcount
            for part in parts_of(columns, MOST_ROWS)
        )

    def send(self, name: str, rows: Iterable[Parameters], lost: Lost | None = None) -> None:
        plain = row_set(self.statements[name])
        if plain is None:
            super().send(name, rows, lost)
            return
        for part in plain.parts(rows):
            text, columns = plain.told(part)
            if self._waiting.writes:
                self.settle()
            self.confirm()
            self._tell(name)
            ahead, self._ahead = self._ahead, ()
            with translated():
                self._asker.send(text, columns, ahead)
            self._sent.append((len(part), lost, self._scope))

    def _hear(self) -> None:
        """Hear of what was sent."""
        sent, self._sent = self._sent, []
        with translated():
            counts = self._asker.heard()
        for (most, lost, scope), count in zip(sent, counts, strict=True):
            if count != most and lost is not None:
                self.within(scope)
                raise lost()

    def _one_by_one(self, name: str, rows: Iterable[Parameters], text: str) -> int:
        failed: Ours | None = None
        self._say_before(name)
        asked = cursor(self.connection, psycopg.Cursor)
        try:
            asked.executemany(text, rows)
        except psycopg.Error as error:
            failed = ours(error)
        if failed is not None:
            raise failed
        return max(asked.rowcount, 0)

    def add(self, name: str, parameters: Parameters) -> None:
        self._wait(name, parameters, "")

    def put(self, name: str, parameters: Mapping[str, object], entity: str) -> None:
        self._wait(name, parameters, entity)

    def _wait(self, name: str, parameters: Parameters, entity: str) -> None:
        """Let a write wait, in the scope in which it was asked for."""
        text = self.statements[name]
        write = touch(name, text)
        if text.startswith("UPDATE") != bool(entity):
            msg = "a change names what it changes, an insertion does not"
            raise ValueError(msg)
        if not write.plain:
            self._tell(name)
        if not self._waiting.takes(write):
            self.settle()
        self._waiting.add(write, name, text, parameters, entity)

    def settle(self) -> None:
        """Tell the server all that waits; before anything else is asked, and before the commit.

        What was sent before it is heard first.
        """
        if self._sent:
            self._hear()
        if not self._waiting.writes:
            return
        writes, self._waiting = self._waiting.writes, Waiting()
        self.confirm()
        if not self.begun:  # nobody writes in a look: the server refuses it, as what it is
            self._tell_of(self._place)
        self._write(writes)

    def _write(self, writes: Sequence[Write]) -> None:
        """Tell the server of *writes*, in one statement where it can be."""
        if len(writes) > MOST_TOGETHER:
            self._settle_many([(text, given) for _, text, given, _ in writes])
            return
        all_ = together(tuple([text for _, text, _, _ in writes]))
        values = all_.parameters([given for _, _, given, _ in writes])
        answer = self._run(all_.text, values)
        changes = [each for each in writes if each[-1]]
        if changes:
            for count, change in zip(answer.fetchone() or (), changes, strict=True):
                self._check(count, change)

    def _check(self, count: int, change: Write) -> None:
        """Check that an update found the row at the version that it expects (E-STORE-008)."""
        _, text, given, entity = change
        if count != 1:
            assert isinstance(given, Mapping), "what expects a version names it"
            raise overtaken(entity, given, self._run(asks_version(text), given).fetchone())

    def standing(self, name: str, parameters: Mapping[str, object]) -> Row | None:
        return self._asked(name, asks_version(self.statements[name]), parameters).fetchone()

    def _settle_many(self, added: Iterable[tuple[str, Parameters]]) -> None:
        """Tell of many plain insertions: those into one table together."""
        kinds: dict[str, list[Parameters]] = {}
        for text, given in added:
            kinds.setdefault(text, []).append(given)
        for text, rows in kinds.items():
            plain = row_set(text)
            assert plain is not None, "so many wait only if all of them are plain"
            for part in plain.parts(rows):
                self._run(*plain.told(part))

    def stream(self, name: str, parameters: Parameters = ()) -> Iterator[Row]:
        return chain.from_iterable(self._pages(name, parameters, CHUNK))

    def pages(self, name: str, parameters: Parameters = ()) -> Iterator[list[Row]]:
        return self._pages(name, parameters, PAGE)

    def joined(
        self, name: str, join: Callable[[Sequence[Row]], Sequence[bytes]], size: int
    ) -> Iterator[Sequence[bytes]]:
        cut = Struct(f"{size}s").iter_unpack
        # Who leaves a host's line before the end leaves it to the host, with nothing under way.
        most = JOINED if self.hosted else 0
        for page in self._pages(name, (), most):
            for (whole,) in page:
                yield [record for (record,) in cut(whole or b"")]

    def _pages(self, name: str, parameters: Parameters, most: int) -> Iterator[list[Row]]:
        """Yield rows *most* at a time; 0: one by one, each asked for before it is wanted."""
        self._streams += 1
        failed: Ours | None = None
        self._say_before(name)
        try:
            name_ = f"szunion_{self._streams}"
            with self.connection.cursor(name_, binary=True, row_factory=tuple_row) as rows:
                if self.hosted:
                    adapt(rows.adapters)
                rows.execute(self.statements[name], parameters)
                yield from in_turn(rows, most) if most else one_ahead(rows)
        except psycopg.Error as error:
            failed = ours(error)
        if failed is not None:
            raise failed

    @staticmethod
    def packed(name: str, columns: Mapping[str, Sequence[Any]]) -> dict[str, object]:
        return packed(name, columns)

    def _asked(self, name: str, text: str, parameters: Parameters) -> Answer:
        self.settle()
        if self._told != self._place or name in self.anywhere:
            self._tell(name)
        return self._run(text, parameters)

    def _run(self, text: str | bytes, given: Any) -> Answer:  # noqa: ANN401 - values of all kinds
        """Ask by the driver's marks, or by the server's own places: those are bytes."""
        failed: Ours | None = None
        if (presumed := self._presumed) is not None:
            presumed.check()
            if presumed.questions:
                assert isinstance(text, str), "what is written is told after it was asked"
                return self._ask_presumed(presumed, (text, given))
        asker, (ahead, self._ahead) = self._asker, (self._ahead, ())
        try:
            if isinstance(text, str):
                return asker.ask(text, given, ahead)
            return asker.ask_placed(text, given, ahead)
        except psycopg.Error as error:
            failed = ours(error)
        raise failed

    def _ask_presumed(self, presumed: Presumed, *questions: Question) -> Answer:
        """Ask what was presumed, and *questions* in the same message; return the last answer.

        If anything fails there nothing is known of what was presumed: it is asked by itself.
        """
        asker, (ahead, self._ahead) = self._asker, (self._ahead, ())
        assert isinstance(asker, ByName), "what is presumed is so on a connection of ours"
        try:
            asked = asker.ask_all([*presumed.questions, *questions], ahead)
        except psycopg.Error as error:
            failed = ours(error)
            presumed.give_up()
        else:
            presumed.compare(asked)
            presumed.check()
            return asked[-1]
        if not isinstance(failed, StorageUnreachable):
            presumed.check()
        raise failed

    def _tell(self, name: str) -> None:
        """Tell the server for whom we ask, when it has changed; until the transaction's end.

        What waits was asked for another, and goes first.
        """
        place = EVERYTHING if name in self.anywhere else self._place
        if place == self._told:
            return
        self.settle()
        self._tell_of(place)

    def _tell_of(self, place: str) -> None:
        # see place_of: no quotes
        self._ahead = (*self._ahead, f"SET LOCAL szunion.scope = '{place}'".encode())
        self._told = place

    def _say_before(self, name: str) -> None:
        """Say by itself what would go with the question *name*: the driver asks that."""
        self.settle()
        self.confirm()
        self._tell(name)
        ahead, self._ahead = self._ahead, ()
        if ahead:
            self.begin(ahead)
