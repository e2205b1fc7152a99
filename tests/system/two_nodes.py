"""A city on one node and a second node that its members move to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import define, evolve
from tests.application.everything import Everything, everything_on
from tests.databases import database_for
from tests.offices import office_on
from tests.province import CITY

from szunion.adapters.storage.postgres.connection import Limits, ask, connect, tell
from szunion.adapters.storage.postgres.gone import taken_back
from szunion.adapters.storage.postgres.moved_rows import MovedRows
from szunion.adapters.storage.postgres.moving import Move, Side, Step
from szunion.adapters.storage.sql.tables import Sum, sum_of
from szunion.adapters.system import SystemChance, SystemClock, SystemIds
from szunion.application.office import Office
from szunion.application.spreading import may_move, spread
from szunion.domain.nodes import Shards
from szunion.domain.values import SHARDS
from szunion.errors import StorageBusy
from szunion.testing.postgres_databases import Database

NOW: Final = datetime(2017, 12, 1, tzinfo=UTC)

#: What an officer would have ended first, done here as nobody may.
AT_REST = """
SET session_replication_role = replica;
UPDATE szunion.outbox SET state = 'DONE';
UPDATE szunion.batch SET state = 'CLOSED';
UPDATE szunion.obligation SET settled = fen, in_flight = 0;
UPDATE szunion.pay_order SET state = 'SETTLED';
UPDATE szunion.claim SET state = 'PAID' WHERE state IN ('PAYABLE', 'RECOVERY');
UPDATE szunion.booking SET state = 'CANCELLED';
UPDATE szunion.custody_list SET state = 'SIGNED';
UPDATE szunion.joining SET state = 'CLOSED';
UPDATE szunion.message_set SET until = 0;
UPDATE szunion.proposal SET state = 'CONFIRMED', checker = 'x' WHERE state = 'OPEN';
UPDATE szunion.ticket SET state = 'CLOSED';
"""


class Dead(BaseException):
    """The machine died."""


def table_sums(database: Database, shards: Shards) -> Mapping[str, Sum]:
    connection = connect(database.admin, Limits())
    try:
        rows = MovedRows(connection, shards=shards)
        return {table.name: sum_of(rows, table) for table in rows.moved()}
    finally:
        connection.close()


def asked(database: Database, question: str) -> object:
    connection = connect(database.admin, Limits())
    try:
        row = ask(connection, question)
    finally:
        connection.close()
    return None if row is None else row[0]


def told(database: Database, command: str) -> None:
    connection = connect(database.admin, Limits())
    try:
        tell(connection, command)
    finally:
        connection.close()


@define(eq=False)
class TwoNodes:
    """A city on one node, and a second one with the tree of its unions."""

    full: Everything
    here: Database
    there: Database
    other: Office
    shards: Shards

    @property
    def office(self) -> Office:
        return self.full.office

    def move(
        self,
        reached: Callable[[Step], None] = lambda _step: None,
        progress: Callable[[str, int], None] = lambda _table, _rows: None,
    ) -> Move:
        clock = SystemClock()
        return Move(
            source=self._side("low", self.here, self.office),
            target=self._side("high", self.there, self.other),
            shards=self.shards, now=NOW, ids=SystemIds(clock, SystemChance()),
            reached=reached, progress=progress,
        )  # fmt: skip

    @staticmethod
    def _side(name: str, database: Database, office: Office) -> Side:
        return Side(
            name=name, application=database.app, owner=database.owner, scope=may_move(office, CITY)
        )

    def back(self) -> Move:
        made = self.move()
        return evolve(made, source=made.target, target=made.source)

    def writes(self) -> tuple[bool, bool]:
        """Return whether each node takes a change."""
        return writes(self.office), writes(self.other)

    def logged(self, database: Database) -> list[str]:
        found = asked(
            database,
            "SELECT json_agg(action ORDER BY xid, audit_id & 9007199254740991)"
            " FROM szunion.audit WHERE action LIKE 'shards.%'",
        )
        return list(found) if isinstance(found, list) else []


def writes(office: Office) -> bool:
    try:
        office.storage.run(lambda work: work.ids.new())
    except StorageBusy as error:
        return error.code != "E-NODES-016"
    return True


@contextmanager
def two_nodes(folder: Path) -> Iterator[TwoNodes]:
    """Open both, the first with a member who has everything."""
    here, there = folder / "here", folder / "there"
    here.mkdir()
    there.mkdir()
    office, other = office_on("postgres", here), office_on("postgres", there)
    full = everything_on(office)
    spread(office, other, CITY)
    made = TwoNodes(full, database_for(here), database_for(there), other, Shards(0, SHARDS - 1))
    yield made
    office.storage.close()
    other.storage.close()
    for database in (made.here, made.there):  # another test gets it
        connection = connect(database.owner, Limits())
        taken_back(connection, Shards(0, SHARDS - 1))
        connection.close()
