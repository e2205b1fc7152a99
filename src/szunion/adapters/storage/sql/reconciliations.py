"""Know how comparisons with the bank are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime

from attrs import evolve, frozen

from szunion.adapters.storage.sql.session import Parameters, Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.domain.access import Scope
from szunion.domain.reconciliation import (
    Difference,
    DifferenceKind,
    DifferenceState,
    ReconKind,
    ReconRun,
)


def _run(row: Row) -> ReconRun:
    id_, kind, day, digest, at, ours, theirs, agreed, closed = row
    return ReconRun(
        id=id_, kind=ReconKind(kind), day=date.fromisoformat(day), digest=digest, at=moment(at),
        ours=ours, theirs=theirs, agreed=agreed, closed=closed,
    )  # fmt: skip


def _difference(row: Row) -> Difference:
    id_, run, kind, subject, name, ours, theirs, state, closed_by, closed_at = row
    return Difference(
        id=id_, run=run, kind=DifferenceKind(kind), subject=subject, name=name, ours=ours,
        theirs=theirs, state=DifferenceState(state), closed_by=closed_by,
        closed_at=maybe_moment(closed_at),
    )  # fmt: skip


@frozen
class SqlReconciliations:
    """Runs and differences in SQL."""

    session: Session

    def find(self, scope: Scope, kind: ReconKind, day: date, digest: str) -> ReconRun | None:
        where = {"kind": kind.value, "day": day.isoformat(), "digest": digest}
        return self._one("recon.find", where)

    def get(self, scope: Scope, run: int) -> ReconRun | None:
        return self._one("recon.get", {"id": run})

    def last(self, scope: Scope, kind: ReconKind, day: date | None = None) -> ReconRun | None:
        if day is None:
            return self._one("recon.last", {"kind": kind.value})
        return self._one("recon.last_of_day", {"kind": kind.value, "day": day.isoformat()})

    def _one(self, name: str, where: Parameters) -> ReconRun | None:
        row = self.session.one(name, where)
        if row is None:
            return None
        found = self.session.all("recon.differences", {"run": row[0]})
        return evolve(_run(row), differences=tuple(map(_difference, found)))

    def add(self, scope: Scope, run: ReconRun) -> None:
        self.session.do(
            "recon.add",
            (
                run.id, run.kind.value, run.day.isoformat(), run.digest, micros(run.at), run.ours,
                run.theirs, run.agreed, run.closed,
            ),
        )  # fmt: skip
        self.session.many(
            "recon.add_difference",
            (
                (
                    each.id, run.id, each.kind.value, each.subject, each.name, each.ours,
                    each.theirs, each.state.value, each.closed_by, maybe_micros(each.closed_at),
                )
                for each in run.differences
            ),
        )  # fmt: skip

    def open(self, scope: Scope, kinds: Sequence[DifferenceKind] = ()) -> Sequence[Difference]:
        words = json.dumps([kind.value for kind in kinds])
        return [_difference(row) for row in self.session.all("recon.open", {"kinds": words})]

    def close(self, scope: Scope, differences: Sequence[Difference], at: datetime) -> None:
        self.session.many(
            "recon.close",
            (
                {
                    "id": each.id, "state": each.state.value, "closed_by": each.closed_by,
                    "closed_at": maybe_micros(each.closed_at) or micros(at),
                }
                for each in differences
            ),
        )  # fmt: skip

    def was_closed(self, scope: Scope, kind: DifferenceKind, name: str) -> bool:
        where = {"kind": kind.value, "name": name}
        return self.session.one("recon.was_closed", where) is not None

    def first_found(self, scope: Scope, difference: int) -> datetime | None:
        row = self.session.one("recon.first_found", {"id": difference})
        return None if row is None else moment(row[0])
