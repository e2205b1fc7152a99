"""Know how a range of shards moves from one node to another: both held, copied, compared, switched.

There is no transaction of two servers, so there are steps, each of which may be the last before a
death; the same call goes on from there, or :func:`undo` takes back what has not been switched::

    1 both are held     a table ``moving`` at each; whoever writes is told to come again
    2 copied            table by table, some rows a commit, behind the last row that is there
    3 compared          rows and checksums of every table
    4 switched          one commit at the target: its rows are the truth, it is written again
    5 forgotten         the source deletes its rows
    6 the source is let go, and takes nobody of that range again; the target forgets the move

Nobody can write to the range in between: before 4 both refuse, after it the source does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from typing import Final, Self

from attrs import field, frozen

from szunion.adapters.storage.postgres.citus import is_spread
from szunion.adapters.storage.postgres.connection import (
    SCHEMA,
    Connection,
    Limits,
    ask,
    connect,
    role_at,
    tell,
)
from szunion.adapters.storage.postgres.faults import translated
from szunion.adapters.storage.postgres.gone import gone, taken_back
from szunion.adapters.storage.postgres.migrate import alone, has_table, version
from szunion.adapters.storage.postgres.moved_rows import MovedRows, unfinished
from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.postgres.tables import quoted
from szunion.adapters.storage.sql.carry import SIZE
from szunion.adapters.storage.sql.core import SqlAuditTrail
from szunion.adapters.storage.sql.tables import Sum, batches, sum_of
from szunion.adapters.storage.sql.times import micros
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.nodes import Shards
from szunion.errors import ConfigError, Conflict, StorageError
from szunion.ports.system import Ids

_PATIENT: Final = Limits(statement=0, idle=0)


class Step(Enum):
    """What has been done for good."""

    TARGET_HELD = "target held"
    SOURCE_HELD = "source held"
    COPIED = "copied"
    SWITCHED = "switched"
    FORGOTTEN = "forgotten"
    SOURCE_FREE = "source free"
    DONE = "done"


@frozen(kw_only=True)
class Side:
    """One of the two nodes, as a move sees it."""

    name: str
    application: str = field(repr=False)
    owner: str = field(repr=False)
    scope: Scope
    """Who moves, as that node has authorised it."""


@frozen
class Moved:
    """What was moved, as the log of both nodes has it."""

    rows: int
    digest: str
    """One checksum over those of all tables."""

    @classmethod
    def of(cls, sums: Mapping[str, Sum]) -> Self:
        """Return what tables with these rows and checksums come to."""
        lines = (f"{name} {each.rows} {each.sha256}\n" for name, each in sums.items())
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        return cls(sum(each.rows for each in sums.values()), digest)

    @property
    def told(self) -> str:
        """Both as one word of the log."""
        return f"{self.rows} {self.digest}"


_MAKE: Final = f"""
CREATE TABLE {SCHEMA}.moving (way text NOT NULL, first integer NOT NULL, last integer NOT NULL,
                              other text NOT NULL, told text NOT NULL)
"""


@frozen(kw_only=True)
class _Node:
    """One side with its open line, in the role of the owner."""

    side: Side
    way: str
    other: str
    shards: Shards
    connection: Connection
    now: datetime
    ids: Ids

    @property
    def rows(self) -> MovedRows:
        return MovedRows(self.connection, shards=self.shards)

    def standing(self) -> str | None:
        """Return what the switch has told, if the move is under way here; None: it is not.

        Raises:
            Conflict: another one is (E-NODES-018).
        """
        if not has_table(self.connection, "moving"):
            return None
        row = ask(self.connection, f"SELECT * FROM {SCHEMA}.moving")  # noqa: S608
        assert row is not None
        *found, told = row
        if found != [self.way, self.shards.first, self.shards.last, self.other]:
            raise Conflict("E-NODES-018", node=self.side.name, other=found[3])
        return str(told)

    def hold(self) -> None:
        """Let nobody write, once those who are writing have ended."""
        if self.standing() is not None:
            return
        with translated(), self.connection.transaction():
            tell(self.connection, f"LOCK TABLE {SCHEMA}.write_gate IN ACCESS EXCLUSIVE MODE")
            tell(self.connection, _MAKE)
            ask(
                self.connection,
                f"INSERT INTO {SCHEMA}.moving VALUES (%s, %s, %s, %s, '') RETURNING way",  # noqa: S608
                self.way, self.shards.first, self.shards.last, self.other,
            )  # fmt: skip
            tell(self.connection, f"REVOKE ALL ON {SCHEMA}.write_gate FROM {self._role()}")
            self._log(f"shards.{self.way}.held", "")

    def let_go(self) -> None:
        """Let the program write again; in a transaction."""
        rights = "SELECT, INSERT, UPDATE, DELETE"
        tell(self.connection, f"GRANT {rights} ON {SCHEMA}.write_gate TO {self._role()}")

    def end(self) -> None:
        """Forget that there was a move; in a transaction."""
        tell(self.connection, f"DROP TABLE {SCHEMA}.moving")

    def undo(self) -> None:
        """Let go as if nothing had been."""
        if self.standing() is None:
            return
        with translated(), self.connection.transaction():
            self._log(f"shards.{self.way}.undone", "")
            self.let_go()
            self.end()

    def switch(self, moved: Moved) -> None:
        """Make what is here the truth: the one step that decides whose the range is."""
        with translated(), self.connection.transaction():
            tell(self.connection, f"UPDATE {SCHEMA}.moving SET told = '{moved.told}'")  # noqa: S608
            taken_back(self.connection, self.shards)
            self._log("shards.moved_in", moved.told)
            self.let_go()

    def give_up(self, moved: Moved) -> None:
        """Take nobody of the range again, and be written again."""
        with translated(), self.connection.transaction():
            gone(self.connection, self.shards)
            self._log("shards.moved_out", moved.told)
            self.let_go()
            self.end()

    def forget_move(self) -> None:
        """Forget that there was a move: the other side has ended it."""
        with translated(), self.connection.transaction():
            self.end()

    def _role(self) -> str:
        return quoted(role_at(self.connection, self.side.application))

    def _log(self, action: str, after: str) -> None:
        session = PostgresSession(self.connection)
        log = SqlAuditTrail(session, self.ids, self.now)
        words = f"{self.shards.shown} {self.other}"
        log.add(self.side.scope, AuditEntry(action=action, subject=0, after=after, reason=words))
        session.settle()


@frozen(kw_only=True)
class Move:
    """A range of shards, where it is and where it goes (分片搬迁)."""

    source: Side
    target: Side
    shards: Shards
    now: datetime
    ids: Ids
    progress: Callable[[str, int], None] = lambda _table, _rows: None
    reached: Callable[[Step], None] = lambda _step: None
    """Is told of each step that has been done for good."""

    @contextmanager
    def _open(self) -> Iterator[tuple[_Node, _Node]]:
        """Open both in the role of their owner; nobody migrates or moves beside us."""
        with (
            self._at(self.source, self.target, "out") as source,
            self._at(self.target, self.source, "in") as target,
        ):
            yield source, target

    @contextmanager
    def _at(self, side: Side, other: Side, way: str) -> Iterator[_Node]:
        if not side.owner:
            raise ConfigError("E-STORE-023")
        connection = connect(side.owner, _PATIENT)
        try:
            with alone(connection):
                yield _Node(
                    side=side, way=way, other=other.name, shards=self.shards,
                    connection=connection, now=self.now, ids=self.ids,
                )  # fmt: skip
        finally:
            connection.close()

    def plan(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Return how many rows of each table would move, and what is not at rest; changes nothing.

        Raises:
            StorageError: the two have not the same tables (E-STORE-016).
            Conflict: the target lacks unions or keys, or has rows of the range (E-NODES-020).
        """
        with self._open() as (source, target):
            _check_fit(source, target)
            rows = source.rows
            counts = {table.name: rows.count(table) for table in rows.moved()}
            return counts, unfinished(source.connection, self.shards, micros(self.now))

    def run(self) -> Moved:
        """Move, or go on with a move that was broken off.

        Raises:
            StorageError: the two have not the same tables (E-STORE-016).
            Conflict: something is not at rest (E-NODES-017), another move is under way
                (E-NODES-018), the target lacks unions or keys, or has rows of the range
                (E-NODES-020), or what arrived is not what was sent (E-STORE-017). Until the switch
                nothing is lost, and all of it may be undone.
        """
        with self._open() as (source, target):
            if not target.standing():
                self._hold(source, target)
                self._copy(source.rows, target.rows)
                self.reached(Step.COPIED)
                target.switch(_compared(source.rows, target.rows))
                self.reached(Step.SWITCHED)
            rows, digest = (target.standing() or "").split()
            moved = Moved(int(rows), digest)
            if source.standing() is not None:
                source.rows.forget()
                self.reached(Step.FORGOTTEN)
                source.give_up(moved)
                self.reached(Step.SOURCE_FREE)
            target.forget_move()
            self.reached(Step.DONE)
            return moved

    def undo(self) -> None:
        """Take back a move that has not been switched: the target forgets what has arrived.

        Raises:
            Conflict: it has been switched (E-NODES-019), or another one is under way (E-NODES-018).
        """
        with self._open() as (source, target):
            there = target.standing()
            if there:
                raise Conflict("E-NODES-019", node=self.target.name)
            if there is not None:
                target.rows.forget()
            target.undo()
            source.undo()

    def _hold(self, source: _Node, target: _Node) -> None:
        if target.standing() is None:
            _check_fit(source, target)
            self._check_rest(source)  # before anybody has to wait
            target.hold()
        self.reached(Step.TARGET_HELD)
        source.hold()
        self.reached(Step.SOURCE_HELD)
        try:
            self._check_rest(source)
        except Conflict:
            target.rows.forget()
            target.undo()
            source.undo()
            raise

    def _check_rest(self, source: _Node) -> None:
        found = unfinished(source.connection, self.shards, micros(self.now))
        if found:
            what = ", ".join(f"{name} {count}" for name, count in found.items())
            raise Conflict("E-NODES-017", node=self.source.name, what=what)

    def _copy(self, source: MovedRows, target: MovedRows) -> None:
        for table, rows in source.frames():
            target.put(table, rows, "ON CONFLICT DO NOTHING")
        for table in source.moved():
            count = 0
            for part in batches(source.rows(table, target.last(table)), SIZE):
                count += target.put(table, part)
                self.progress(table.name, count)


def _check_fit(source: _Node, target: _Node) -> None:
    ours, theirs = source.connection, target.connection
    if version(ours) != version(theirs):
        raise StorageError("E-STORE-016", found=version(theirs), wanted=version(ours))
    if is_spread(ours) or is_spread(theirs):
        raise Conflict("E-NODES-020", node=target.side.name, what="citus")
    for what, question in _SAME.items():
        here, there = ask(ours, question), ask(theirs, question)
        if here != there:
            raise Conflict("E-NODES-020", node=target.side.name, what=what)
    for table in target.rows.moved():
        if target.rows.last(table) is not None:
            raise Conflict("E-NODES-020", node=target.side.name, what=table.name)


_SAME: Final[Mapping[str, str]] = {
    "organisation": "SELECT md5(string_agg(organisation_id || code, ',' ORDER BY organisation_id))"
    " FROM organisation",
    "index_key": "SELECT string_agg(field || key_id, ',' ORDER BY field) FROM index_key",
}
"""What both nodes must have alike: the unions that members refer to, the keys of the indexes."""


def _sums(rows: MovedRows) -> Mapping[str, Sum]:
    return {table.name: sum_of(rows, table) for table in rows.moved()}


def _compared(source: MovedRows, target: MovedRows) -> Moved:
    ours, theirs = _sums(source), _sums(target)
    for name, found in theirs.items():
        if found != ours[name]:
            raise Conflict("E-STORE-017", table=name)
    return Moved.of(ours)
