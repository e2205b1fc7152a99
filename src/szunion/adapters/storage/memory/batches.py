"""Know how application batches and their rows are kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.officers import OfficerTables, check_two_sides
from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.batches import BATCH, Batch, BatchState
from szunion.domain.identity import Mobile
from szunion.domain.rows import Row, RowState
from szunion.domain.values import BatchId, OrganisationId, PersonId, RequestKey, RowId

_IN_HAND = frozenset({RowState.PRODUCED, RowState.WITH_UNION, RowState.HANDED})


def _open_application(row: Row) -> Hashable | None:
    return (row.person, row.programme) if row.open else None


@define
class BatchTables:
    """Batches and rows."""

    batches: Table[BatchId, Batch] = field(
        factory=lambda: Table("batch", {"key": lambda row: row.key})
    )
    rows: Table[RowId, Row] = field(
        factory=lambda: Table(
            "application",
            {
                "open": _open_application,
                "number": lambda row: (row.person, row.programme, row.number),
                "key": lambda row: row.key,
            },
        )
    )
    mobiles: dict[RowId, Mobile] = field(factory=dict)
    of_person: dict[PersonId, list[RowId]] = field(factory=dict)
    of_batch: dict[BatchId, list[RowId]] = field(factory=dict)
    """Rows that are or were in a batch: looked through, never relied upon."""


@frozen
class MemoryBatches:
    """Application batches in memory."""

    tables: BatchTables
    sight: Sight
    officers: OfficerTables
    undo: Undo

    def add(self, scope: Scope, batch: Batch) -> None:
        self.tables.batches.insert(self.undo, batch.id, batch)

    def get(self, scope: Scope, batch: BatchId) -> Batch | None:
        return self._seen(scope, self.tables.batches.get(batch))

    def by_key(self, scope: Scope, key: RequestKey) -> Batch | None:
        return self._seen(scope, self.tables.batches.find("key", key))

    def _seen(self, scope: Scope, batch: Batch | None) -> Batch | None:
        within = batch is not None and self.sight.union(scope, batch.organisation)
        return batch if within else None

    def put(self, scope: Scope, batch: Batch) -> None:
        check_version(self.tables.batches.get(batch.id), batch, "batch")
        makers = (batch.submitted_by or "", batch.approved_by)
        check_two_sides(self.officers, "batch", *makers, batch.created)
        kept = evolve(batch, version=batch.version + 1)
        self.tables.batches.replace(self.undo, batch.id, kept)

    def listed(
        self, scope: Scope, states: Iterable[BatchState] = (), *, after: int = 0, most: int = 200
    ) -> Sequence[Batch]:
        wanted = frozenset(states) or frozenset(BatchState)
        found = [
            batch
            for batch in self.tables.batches
            if batch.id > after and batch.state in wanted and self._seen(scope, batch)
        ]
        return sorted(found, key=lambda batch: batch.id)[:most]

    def hand_over(self, scope: Scope, old: OrganisationId, new: OrganisationId) -> Sequence[Batch]:
        for batch in self.tables.batches:
            if batch.organisation == old:
                moved = evolve(batch, organisation=new, version=batch.version + 1)
                self.tables.batches.replace(self.undo, batch.id, moved)
        found = [batch for batch in self.tables.batches if batch.organisation == new]
        still = [batch for batch in found if batch.state not in BATCH.final]
        return sorted(still, key=lambda batch: batch.id)


@frozen
class MemoryRows:
    """Application rows in memory."""

    tables: BatchTables
    sight: Sight
    undo: Undo

    def add_many(self, scope: Scope, rows: Sequence[Row]) -> None:
        for row in rows:
            self.tables.rows.insert(self.undo, row.id, row)
            self._index(self.tables.of_person.setdefault(row.person, []), row.id)
            self._index(self.tables.of_batch.setdefault(row.batch, []), row.id)

    def _index(self, ids: list[RowId], id_: RowId) -> None:
        if id_ not in ids[-1:]:
            ids.append(id_)
            self.undo.append(lambda: ids.remove(id_))

    def get(self, scope: Scope, row: RowId) -> Row | None:
        return self._seen(scope, self.tables.rows.get(row))

    def by_key(self, scope: Scope, key: RequestKey) -> Row | None:
        return self._seen(scope, self.tables.rows.find("key", key))

    def _seen(self, scope: Scope, row: Row | None) -> Row | None:
        return row if row is not None and self.sight.person(scope, row.person) else None

    def of_batch(self, scope: Scope, batch: BatchId) -> Sequence[Row]:
        kept = self.tables.batches.get(batch)
        if kept is None or not self.sight.union(scope, kept.organisation):
            return []
        rows = {id_: self.tables.rows.rows[id_] for id_ in self.tables.of_batch.get(batch, ())}
        return [rows[id_] for id_ in sorted(rows) if rows[id_].batch == batch]

    def counts(self, scope: Scope, batch: BatchId) -> Mapping[RowState, int]:
        return Counter(row.state for row in self.of_batch(scope, batch))

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Row]:
        if not self.sight.person(scope, person):
            return []
        ids = sorted(self.tables.of_person.get(person, ()))
        return [self.tables.rows.rows[id_] for id_ in ids]

    def of_people(
        self, scope: Scope, people: Sequence[PersonId], programme: str
    ) -> Mapping[PersonId, Sequence[Row]]:
        found = {}
        for person in people:
            rows = [row for row in self.of_person(scope, person) if row.programme == programme]
            if rows:
                found[person] = rows
        return found

    def put(self, scope: Scope, row: Row) -> None:
        old = check_version(self.tables.rows.get(row.id), row, "application")
        self.tables.rows.replace(self.undo, row.id, evolve(row, version=row.version + 1))
        if old.batch != row.batch:
            self._index(self.tables.of_batch.setdefault(row.batch, []), row.id)

    def put_many(self, scope: Scope, rows: Sequence[Row]) -> None:
        for row in rows:
            self.put(scope, row)

    def pin_mobiles(self, scope: Scope, mobiles: Mapping[RowId, Mobile]) -> None:
        for row, mobile in mobiles.items():
            self._pin(row, mobile)

    def _pin(self, row: RowId, mobile: Mobile | None) -> None:
        pinned, old = self.tables.mobiles, self.tables.mobiles.get(row)
        if mobile is None:
            pinned.pop(row, None)
        else:
            pinned[row] = mobile
        self.undo.append(
            lambda: pinned.pop(row, None) if old is None else pinned.__setitem__(row, old)
        )

    def pinned_mobiles(self, scope: Scope, batch: BatchId) -> Mapping[RowId, Mobile]:
        ids = [id_ for id_ in self.tables.of_batch.get(batch, ()) if id_ in self.tables.mobiles]
        rows = self.tables.rows.rows
        return {id_: self.tables.mobiles[id_] for id_ in ids if rows[id_].batch == batch}

    def unpin_mobiles(self, scope: Scope, batch: BatchId) -> None:
        for row in self.pinned_mobiles(scope, batch):
            self._pin(row, None)

    def overdue(self, scope: Scope, before: datetime, most: int) -> Sequence[Row]:
        found = [
            row
            for row in self.tables.rows
            if row.state in _IN_HAND and row.changed < before and self._seen(scope, row)
        ]
        return sorted(found, key=lambda row: (row.changed, row.id))[:most]
