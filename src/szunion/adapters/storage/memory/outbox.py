"""Know how dispatches to the bank are kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.outbox import IN_FLIGHT, OPEN, Dispatch, DispatchState
from szunion.domain.values import RequestKey

_BARS = OPEN | {DispatchState.ASIDE}


def _dispatches() -> Table[int, Dispatch]:
    return Table(
        "outbox",
        unique={
            "key": lambda row: row.key,
            "order": lambda row: (row.aggregate, row.sequence),
            "in_flight": lambda row: row.aggregate if row.state in IN_FLIGHT else None,
        },
    )


@define
class OutboxTables:
    """Dispatches, and which of each aggregate are not yet answered."""

    dispatches: Table[int, Dispatch] = field(factory=_dispatches)


@frozen
class MemoryOutbox:
    """The outbox in memory."""

    tables: OutboxTables
    undo: Undo

    def add(self, scope: Scope, dispatch: Dispatch) -> None:
        self.tables.dispatches.insert(self.undo, dispatch.id, dispatch)

    def add_many(self, scope: Scope, dispatches: Iterable[Dispatch]) -> None:
        for each in dispatches:
            self.add(scope, each)

    def next_sequence(self, scope: Scope, aggregate: int) -> int:
        return max((each.sequence for each in self.of(scope, aggregate)), default=0) + 1

    def take(
        self, scope: Scope, worker: str, now: datetime, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        free = [
            each
            for each in self._may_leave()
            if each.due <= now and (each.lease_until is None or each.lease_until <= now)
        ]
        return self._leased(free, worker, until, most)

    def _may_leave(self) -> list[Dispatch]:
        barred: dict[int, int] = {}
        for each in self.tables.dispatches:
            if each.state in _BARS:
                first = barred.get(each.aggregate, each.sequence)
                barred[each.aggregate] = min(first, each.sequence)
        return [
            each
            for each in self.tables.dispatches
            if each.state is DispatchState.QUEUED and barred[each.aggregate] == each.sequence
        ]

    def take_unknown(
        self, scope: Scope, worker: str, now: datetime, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        found = [
            each
            for each in self.tables.dispatches
            if each.state is DispatchState.UNKNOWN
            and each.due <= now
            and (each.lease_until is None or each.lease_until <= now)
        ]
        return self._leased(found, worker, until, most)

    def _leased(
        self, found: list[Dispatch], worker: str, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        first = sorted(found, key=lambda each: (each.due, each.id))[:most]
        return [self._kept(each.leased(worker, until)) for each in first]

    def lost(self, scope: Scope, now: datetime, most: int) -> Sequence[Dispatch]:
        found = [
            each
            for each in self.tables.dispatches
            if each.state is DispatchState.SENT
            and each.lease_until is not None
            and each.lease_until <= now
        ]
        return sorted(found, key=lambda each: (each.due, each.id))[:most]

    def get(self, scope: Scope, id_: int) -> Dispatch | None:
        return self.tables.dispatches.get(id_)

    def many(self, scope: Scope, ids: Iterable[int]) -> Sequence[Dispatch]:
        return [each for each in map(self.tables.dispatches.get, ids) if each is not None]

    def by_key(self, scope: Scope, key: RequestKey) -> Dispatch | None:
        return self.tables.dispatches.find("key", key)

    def of(self, scope: Scope, aggregate: int) -> Sequence[Dispatch]:
        found = [each for each in self.tables.dispatches if each.aggregate == aggregate]
        return sorted(found, key=lambda each: each.sequence)

    def put(self, scope: Scope, dispatch: Dispatch) -> None:
        self._kept(dispatch)

    def put_many(self, scope: Scope, dispatches: Iterable[Dispatch]) -> None:
        for each in dispatches:
            self._kept(each)

    def _kept(self, dispatch: Dispatch) -> Dispatch:
        check_version(self.tables.dispatches.get(dispatch.id), dispatch, "outbox")
        kept = evolve(dispatch, version=dispatch.version + 1)
        self.tables.dispatches.replace(self.undo, dispatch.id, kept)
        return kept

    def listed(
        self, scope: Scope, states: Iterable[DispatchState], *, after: int = 0, most: int = 200
    ) -> Sequence[Dispatch]:
        wanted = frozenset(states)
        found = [row for row in self.tables.dispatches if row.state in wanted and row.id > after]
        return sorted(found, key=lambda each: each.id)[:most]

    def next_due(self, scope: Scope) -> datetime | None:
        open_ = list(self._may_leave())
        open_ += [each for each in self.tables.dispatches
                  if each.state in {DispatchState.SENT, DispatchState.UNKNOWN}]  # fmt: skip
        return min(map(_due, open_), default=None)


def _due(each: Dispatch) -> datetime:
    """Return when one is due: what somebody holds, when the lease has run out."""
    if each.lease_until is None:
        return each.due
    held = each.state is DispatchState.SENT
    return each.lease_until if held else max(each.due, each.lease_until)
