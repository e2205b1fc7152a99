"""Know how comparisons with the bank are kept in memory."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date, datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.reconciliation import (
    RECONCILED,
    Difference,
    DifferenceKind,
    DifferenceState,
    ReconKind,
    ReconRun,
)


def _open(row: Difference) -> Hashable | None:
    return row.sort if row.state is DifferenceState.OPEN else None


@define
class ReconTables:
    """Runs and differences."""

    runs: Table[int, ReconRun] = field(
        factory=lambda: Table("recon_run", {"list": lambda row: (row.kind, row.day, row.digest)})
    )
    differences: Table[int, Difference] = field(
        factory=lambda: Table("recon_difference", {"open": _open})
    )


@frozen
class MemoryReconciliations:
    """Runs and differences in memory."""

    tables: ReconTables
    undo: Undo

    def find(self, scope: Scope, kind: ReconKind, day: date, digest: str) -> ReconRun | None:
        return self._whole(self.tables.runs.find("list", (kind, day, digest)))

    def get(self, scope: Scope, run: int) -> ReconRun | None:
        return self._whole(self.tables.runs.get(run))

    def last(self, scope: Scope, kind: ReconKind, day: date | None = None) -> ReconRun | None:
        found = [run for run in self.tables.runs if run.kind is kind and day in {None, run.day}]
        return self._whole(max(found, key=lambda run: run.id, default=None))

    def _whole(self, run: ReconRun | None) -> ReconRun | None:
        if run is None:
            return None
        found = [each for each in self.tables.differences if each.run == run.id]
        return evolve(run, differences=tuple(sorted(found, key=lambda each: each.id)))

    def add(self, scope: Scope, run: ReconRun) -> None:
        self.tables.runs.insert(self.undo, run.id, run)
        for each in run.differences:
            self.tables.differences.insert(self.undo, each.id, evolve(each, run=run.id))

    def open(self, scope: Scope, kinds: Sequence[DifferenceKind] = ()) -> Sequence[Difference]:
        wanted = frozenset(kinds) or frozenset(DifferenceKind)
        found = [
            each
            for each in self.tables.differences
            if each.state is DifferenceState.OPEN and each.kind in wanted
        ]
        return sorted(found, key=lambda each: each.id)

    def close(self, scope: Scope, differences: Sequence[Difference], at: datetime) -> None:
        for each in differences:
            old = self.tables.differences.get(each.id)
            if old is not None and old.state is DifferenceState.OPEN:
                kept = evolve(each, closed_at=each.closed_at or at)
                self.tables.differences.replace(self.undo, each.id, kept)

    def was_closed(self, scope: Scope, kind: DifferenceKind, name: str) -> bool:
        return any(
            (each.kind, each.name, each.state) == (kind, name, DifferenceState.CLOSED)
            and each.closed_by != RECONCILED
            for each in self.tables.differences
        )

    def first_found(self, scope: Scope, difference: int) -> datetime | None:
        found = self.tables.differences.get(difference)
        run = None if found is None else self.tables.runs.get(found.run)
        return None if run is None else run.at
