"""One row read by its key on PostgreSQL, beside SQLAlchemy Core and the driver's bare tuple.

All three ask one server for the same rows with the same statement, in the same role, each inside
one snapshot; row-level security is on for all of them. Ours is the repository of
memberships, which keeps to the caller's scope. The bare tuple is asked on the same connection, in
the same transaction. All three prepare it; and as the tables are analysed beforehand, each plans it
for the same rows, not for those that were there when it was prepared. Caller and server take turns
on one processor: what is compared is their work, not how soon another processor wakes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import cast

import psycopg
import sqlalchemy as sa
from tests.offices import applicant, town_on

from benchmarks.bench_read import STATEMENT, selected
from benchmarks.lines import Line, faster, rates
from benchmarks.servers import one_processor, postgres
from szunion.adapters.storage.postgres.connection import Limits, connect
from szunion.adapters.storage.postgres.dialect import statements
from szunion.adapters.storage.postgres.unit import PostgresUnit
from szunion.adapters.storage.sql.within import within
from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork

MEMBERS = 200
ROUNDS = 21


def lines() -> list[Line]:
    """Return the lines of a point read on PostgreSQL."""
    with one_processor(), tempfile.TemporaryDirectory() as name, postgres(Path(name)) as served:
        town = town_on(served.office)
        people = [town.admit(0, applicant(index)) for index in range(MEMBERS)]
        served.tell("ANALYZE")
        core = connect(served.database.app, Limits())
        engine = sa.create_engine(
            "postgresql+psycopg://", creator=lambda: core, isolation_level="REPEATABLE READ"
        )
        found = served.office.storage.read(lambda work: _measured(work, town.g(0), people, engine))
        engine.dispose()
    what = "16 a membership read by its key and mapped to a value, PostgreSQL, rows/s"
    return [
        faster(f"{what}, beside SQLAlchemy Core", found["ours"], peer=found["core"], floor=1.4),
        faster(
            f"{what}, beside the driver's bare tuple", found["ours"], limit=found["bare"], floor=0.8
        ),
    ]


def _measured(
    work: UnitOfWork,
    officer: Principal,
    people: list[PersonId],
    engine: sa.Engine,
) -> dict[str, float]:
    scope = authorise(work, officer, Operation.PERSON_READ)
    sql, open_of, reach = statements()[STATEMENT], work.members.open_of, within(scope)
    told = f"SET szunion.scope = '{scope.path_range[0]}'"
    ran = cast(PostgresUnit, work).session.connection
    cursor: psycopg.Cursor[tuple[object, ...]] = ran.cursor(binary=True)
    statement = selected(engine)

    def ours() -> int:
        for person in people:
            assert open_of(scope, person) is not None
        return len(people)

    def tuples() -> int:
        for person in people:
            where = {"shard": person >> 53, "person": person, **reach}
            row = cursor.execute(sql, where, prepare=True).fetchone()
            assert row is not None
        return len(people)

    with engine.connect() as core:
        core.execute(sa.text(told))

        def rows() -> int:
            for person in people:
                where = {"shard": person >> 53, "person": person, **reach}
                assert core.execute(statement, where).one().state == "ACTIVE"
            return len(people)

        return rates(ROUNDS, ours=ours, bare=tuples, core=rows)
