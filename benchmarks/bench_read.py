"""One row read by its key and mapped to a frozen value, beside SQLAlchemy Core and a bare tuple.

All three ask one file for the same rows with the same statement, each inside one transaction. Ours
is the repository of memberships, which keeps to the caller's scope.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.bench_import import imported, office_in, roster
from benchmarks.lines import Line, faster, rates
from szunion.adapters.storage.sql.within import within
from szunion.adapters.storage.sqlite.session import prepare, statements
from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork

MEMBERS = 20_000
READS = 1_000
ROUNDS = 41
STATEMENT = "membership.open_of"


def lines() -> list[Line]:
    """Return the lines of a point read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office, officer = office_in(folder)
        people = imported(office, officer, roster(0, MEMBERS)).accepted[:: MEMBERS // READS]
        found = office.storage.read(
            lambda work: _measured(work, officer, people, folder / "union.db")
        )
        office.storage.close()
    what = "16 a membership read by its key and mapped to a value, rows/s"
    return [
        faster(f"{what}, beside SQLAlchemy Core", found["ours"], peer=found["core"], floor=2),
        faster(
            f"{what}, beside the driver's bare tuple", found["ours"], limit=found["bare"], floor=0.8
        ),
    ]


def selected(engine: sa.Engine) -> sa.Select[Any]:
    """Return the same statement as SQLAlchemy Core writes it."""
    tables = sa.MetaData()
    tables.reflect(engine, only=["membership", "organisation"])
    member, union = tables.tables["membership"], tables.tables["organisation"]
    named = statements()[STATEMENT].partition("FROM")[0].removeprefix("SELECT")
    joined = member.join(union, union.c.organisation_id == member.c.organisation_id)
    return (
        sa.select(*[member.c[name.strip().removeprefix("m.")] for name in named.split(",")])
        .select_from(joined)
        .where(member.c.shard == sa.bindparam("shard"))
        .where(member.c.person_id == sa.bindparam("person"))
        .where(sa.text("membership.state IN ('APPLIED', 'ACTIVE', 'RETAINED')"))
        .where(
            (member.c.person_id == sa.bindparam("only"))
            | ((union.c.path >= sa.bindparam("low")) & (union.c.path < sa.bindparam("high")))
        )
    )


def _measured(
    work: UnitOfWork, officer: Principal, people: tuple[PersonId, ...], path: Path
) -> dict[str, float]:
    scope = authorise(work, officer, Operation.PERSON_READ)
    low, high = scope.path_range
    sql, open_of = statements()[STATEMENT], work.members.open_of
    bare = sqlite3.connect(path)
    prepare(bare)
    bare.execute("BEGIN")
    engine = sa.create_engine(f"sqlite:///{path}")
    statement = selected(engine)

    def ours() -> int:
        for person in people:
            assert open_of(scope, person) is not None
        return len(people)

    def tuples() -> int:
        for person in people:
            row = bare.execute(
                sql,
                {"shard": person >> 53, "person": person, "only": None, "low": low, "high": high},
            ).fetchone()
            assert row is not None
        return len(people)

    with engine.connect() as core:

        def rows() -> int:
            for person in people:
                row = core.execute(
                    statement, {"shard": person >> 53, "person": person, **within(scope)}
                ).one()
                assert row.state == "ACTIVE"
            return len(people)

        found = rates(ROUNDS, ours=ours, bare=tuples, core=rows)
    engine.dispose()
    bare.close()
    return found
