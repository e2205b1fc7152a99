"""Know how rows, their batches and signings are read ahead and held back for a part of notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from szunion.application.together.held import Held, Together, all_new
from szunion.domain.access import Scope
from szunion.domain.bank_words import FaceSign
from szunion.domain.batches import Batch
from szunion.domain.rows import Row, RowState
from szunion.domain.values import BatchId, PersonId, RequestKey, RowId
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.races import lost_race


class RowsTogether(Together):
    """Application rows: :class:`szunion.ports.storage.batches.Rows`."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "rows")
        self._rows: dict[RowId, Row] = {}
        self._named: dict[RequestKey, RowId | None] = {}
        self._counts: dict[BatchId, dict[RowState, int]] = {}
        self._changed: list[Row] = []

    def fetch_named(self, keys: Sequence[RequestKey]) -> list[Row]:
        """Fetch the rows of *keys*."""
        self._named = dict.fromkeys(keys)
        return self._keep(self.work.bulk.rows_named(self.scope, keys) if keys else ())

    def fetch(self, ids: Sequence[RowId]) -> list[Row]:
        """Fetch rows that are not here yet."""
        new = list(dict.fromkeys(id_ for id_ in ids if id_ not in self._rows))
        return self._keep(self.work.bulk.rows(self.scope, new) if new else ())

    def _keep(self, rows: Sequence[Row]) -> list[Row]:
        for row in rows:
            self._rows[row.id] = row
            self._named[row.key] = row.id
        return list(rows)

    def fetch_counts(self, batches: Sequence[BatchId]) -> None:
        """Fetch how many rows of each of *batches* stand where."""
        wanted = list(dict.fromkeys(batches))
        found = self.work.bulk.row_counts(self.scope, wanted) if wanted else {}
        self._counts = {id_: dict(found.get(id_, {})) for id_ in wanted}

    def forget(self) -> None:
        self._rows, self._named, self._counts = {}, {}, {}

    def get(self, scope: Scope, row: RowId) -> Row | None:
        return self._rows.get(row) or self.work.rows.get(scope, row)

    def by_key(self, scope: Scope, key: RequestKey) -> Row | None:
        if key not in self._named:
            return self.work.rows.by_key(scope, key)
        id_ = self._named[key]
        return None if id_ is None else self._rows[id_]

    def counts(self, scope: Scope, batch: BatchId) -> Mapping[RowState, int]:
        if batch in self._counts:
            return {state: count for state, count in self._counts[batch].items() if count}
        self.write()
        return self.work.rows.counts(scope, batch)

    def put(self, scope: Scope, row: Row) -> None:
        old = self._rows.get(row.id)
        if old is None or old.batch != row.batch:
            self._plain_put(scope, row)
            return
        if old.version != row.version:
            raise lost_race("application", row.version, old.version)
        self._changed.append(row)
        self._rows[row.id] = evolve(row, version=row.version + 1)
        counts = self._counts.get(row.batch)
        if counts is not None and old.state is not row.state:
            counts[old.state] = counts.get(old.state, 0) - 1
            counts[row.state] = counts.get(row.state, 0) + 1

    def _plain_put(self, scope: Scope, row: Row) -> None:
        self.write()
        self.forget()
        self.work.rows.put(scope, row)

    def write(self) -> None:
        if self._changed:
            changed, self._changed = self._changed, []
            self.work.rows.put_many(self.scope, changed)


class BatchesTogether(Together):
    """Application batches: few for many rows, so only looking is spared."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "batches")
        self._batches: dict[BatchId, Batch] = {}

    def fetch(self, ids: Sequence[BatchId]) -> None:
        """Fetch batches."""
        wanted = list(dict.fromkeys(ids))
        found = self.work.bulk.batches(self.scope, wanted) if wanted else ()
        self._batches = {batch.id: batch for batch in found}

    def forget(self) -> None:
        self._batches = {}

    def get(self, scope: Scope, batch: BatchId) -> Batch | None:
        return self._batches.get(batch) or self.work.batches.get(scope, batch)

    def put(self, scope: Scope, batch: Batch) -> None:
        self.work.batches.put(scope, batch)
        if batch.id in self._batches:
            self._batches[batch.id] = evolve(batch, version=batch.version + 1)


class SignsTogether(Together):
    """Signings face to face."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "face_signs")
        self._signs: dict[PersonId, list[FaceSign]] = {}
        self._new: list[FaceSign] = []

    def fetch(self, people: Sequence[PersonId]) -> None:
        """Fetch the signings of *people*."""
        self._signs = {person: [] for person in people}
        for sign in self.work.bulk.face_signs(self.scope, people) if people else ():
            self._signs[sign.person].append(sign)

    def forget(self) -> None:
        self._signs = {}

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[FaceSign]:
        if person in self._signs:
            return tuple(self._signs[person])
        return self.work.face_signs.of_person(scope, person)

    def add(self, scope: Scope, sign: FaceSign) -> bool:
        known = self._signs.get(sign.person)
        if known is None:
            return self.work.face_signs.add(scope, sign)
        if any((each.row, each.sequence) == (sign.row, sign.sequence) for each in known):
            return False
        known.append(sign)
        known.sort(key=lambda each: (each.row, each.sequence))
        self._new.append(sign)
        return True

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            all_new(self.work.bulk.add_face_signs(self.scope, new), len(new), "face_sign")
