"""Know how application batches and their rows are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.session import Row as Raw
from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.adapters.storage.sql.within import paths
from szunion.domain.access import Scope
from szunion.domain.bank import RowReason
from szunion.domain.bank_requests import AccountClass
from szunion.domain.batches import BATCH, Batch, BatchState
from szunion.domain.identity import Mobile
from szunion.domain.rows import Row, RowEvent, RowState
from szunion.domain.values import (
    BatchId,
    CardId,
    OrganisationId,
    PersonId,
    RequestKey,
    RowId,
    shard_of,
)
from szunion.ports.keys import Place, Vault
from szunion.ports.storage.races import lost_of_versions


def batch_of(raw: Raw) -> Batch:
    (
        id_, organisation, programme, state, created, created_by, submitted_by, approved_by,
        frozen_, row_count, key, outcome, receipt_missing, moved_on, version,
    ) = raw  # fmt: skip
    return Batch(
        id=BatchId(id_), organisation=OrganisationId(organisation), programme=programme,
        state=BatchState(state), created=moment(created), created_by=created_by,
        submitted_by=submitted_by, approved_by=approved_by, frozen=frozen_, row_count=row_count,
        key=RequestKey(key) if key else None, outcome=outcome,
        receipt_missing=bool(receipt_missing), moved_on=moved_on, version=version,
    )  # fmt: skip


def _known(batch: Batch) -> dict[str, object]:
    return {
        "id": batch.id, "organisation": batch.organisation, "programme": batch.programme,
        "state": batch.state.value, "created": micros(batch.created),
        "created_by": batch.created_by, "submitted_by": batch.submitted_by,
        "approved_by": batch.approved_by, "frozen": batch.frozen, "row_count": batch.row_count,
        "key": batch.key.text if batch.key else None, "outcome": batch.outcome,
        "receipt_missing": int(batch.receipt_missing), "moved_on": batch.moved_on,
        "version": batch.version,
    }  # fmt: skip


@frozen
class SqlBatches:
    """Application batches in SQL."""

    session: Session

    def add(self, scope: Scope, batch: Batch) -> None:
        self.session.do("batch.add", _known(batch))

    def get(self, scope: Scope, batch: BatchId) -> Batch | None:
        raw = self.session.one("batch.get", {"id": batch} | paths(scope))
        return None if raw is None else batch_of(raw)

    def by_key(self, scope: Scope, key: RequestKey) -> Batch | None:
        raw = self.session.one("batch.by_key", {"key": key.text} | paths(scope))
        return None if raw is None else batch_of(raw)

    def put(self, scope: Scope, batch: Batch) -> None:
        self.session.put("batch.put", _known(batch), "batch")

    def listed(
        self, scope: Scope, states: Iterable[BatchState] = (), *, after: int = 0, most: int = 200
    ) -> Sequence[Batch]:
        words = json.dumps([state.value for state in states])
        page = {"states": words, "after": after, "most": most} | paths(scope)
        return [batch_of(raw) for raw in self.session.all("batch.listed", page)]

    def hand_over(self, scope: Scope, old: OrganisationId, new: OrganisationId) -> Sequence[Batch]:
        self.session.do("batch.hand_over", {"old": old, "new": new})
        found = self.session.all("batch.of_organisation", {"organisation": new})
        return [batch for batch in map(batch_of, found) if batch.state not in BATCH.final]


def row_of(raw: Raw) -> Row:
    (
        id_, batch, person, programme, number, attempt, key, state, identity_version, class_, wish,
        problems, reason, bank_code, bank_text, sequence, missing, card, changed, version,
    ) = raw  # fmt: skip
    return Row(
        id=RowId(id_), batch=BatchId(batch), person=PersonId(person), programme=programme,
        number=number, attempt=attempt, key=RequestKey(key), state=RowState(state),
        identity_version=identity_version, account_class=AccountClass(class_), wish=wish,
        problems=tuple(problems.split(",")) if problems else (),
        reason=RowReason(reason) if reason else None, bank_code=bank_code, bank_text=bank_text,
        sequence=sequence,
        missing=tuple(map(RowEvent, missing.split(","))) if missing else (),
        card=CardId(card) if card else None, changed=moment(changed), version=version,
    )  # fmt: skip


def known_row(row: Row) -> dict[str, object]:
    return {
        "shard": shard_of(row.id), "id": row.id, "batch": row.batch, "person": row.person,
        "programme": row.programme, "number": row.number, "attempt": row.attempt,
        "key": row.key.text, "state": row.state.value, "identity_version": row.identity_version,
        "account_class": row.account_class.value, "wish": row.wish,
        "problems": ",".join(row.problems), "reason": row.reason.value if row.reason else None,
        "bank_code": row.bank_code, "bank_text": row.bank_text, "sequence": row.sequence,
        "missing": ",".join(event.value for event in row.missing), "card": row.card,
        "changed": micros(row.changed), "version": row.version,
    }  # fmt: skip


@frozen
class SqlRows:
    """Application rows in SQL."""

    session: Session
    vault: Vault

    def add_many(self, scope: Scope, rows: Sequence[Row]) -> None:
        self.session.many("application.add", map(known_row, rows))
        places = ((row.key.text, shard_of(row.id), row.id) for row in rows)
        self.session.many("application.add_name", places)

    def get(self, scope: Scope, row: RowId) -> Row | None:
        raw = self.session.one("application.get", {"shard": shard_of(row), "id": row})
        return next(iter(self._seen(scope, [raw] if raw else [])), None)

    def by_key(self, scope: Scope, key: RequestKey) -> Row | None:
        raw = self.session.one("application.place_of_key", {"key": key.text})
        return None if raw is None else self.get(scope, RowId(raw[0]))

    def of_batch(self, scope: Scope, batch: BatchId) -> Sequence[Row]:
        if self.session.one("batch.get", {"id": batch} | paths(scope)) is None:
            return []
        return [row_of(raw) for raw in self.session.all("application.of_batch", {"batch": batch})]

    def counts(self, scope: Scope, batch: BatchId) -> Mapping[RowState, int]:
        if self.session.one("batch.get", {"id": batch} | paths(scope)) is None:
            return {}
        found = self.session.all("application.counts", {"batch": batch})
        return {RowState(state): count for state, count in found}

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Row]:
        where = {"shard": shard_of(person), "person": person}
        return self._seen(scope, self.session.all("application.of_person", where))

    def of_people(
        self, scope: Scope, people: Sequence[PersonId], programme: str
    ) -> Mapping[PersonId, Sequence[Row]]:
        where = {"people": json.dumps(people), "programme": programme}
        found: dict[PersonId, list[Row]] = {}
        for row in self._seen(scope, self.session.all("application.of_people", where)):
            found.setdefault(row.person, []).append(row)
        return found

    def _seen(self, scope: Scope, raws: Iterable[Raw]) -> list[Row]:
        """Return the rows within the scope: of the person's own, or of a union that is seen."""
        rows = [row_of(raw) for raw in raws]
        if scope.only_person is not None:
            return [row for row in rows if row.person == scope.only_person]
        if scope.whole_city:
            return rows
        seen = people_seen(self.session, scope, [row.person for row in rows])
        return [row for row in rows if row.person in seen]

    def put(self, scope: Scope, row: Row) -> None:
        self.session.put("application.put", known_row(row), "application")

    def put_many(self, scope: Scope, rows: Sequence[Row]) -> None:
        if rows and self.session.many("application.put", map(known_row, rows)) != len(rows):
            ids = json.dumps([each.id for each in rows])
            found = map(row_of, self.session.all("bulk.rows", {"ids": ids}))
            raise lost_of_versions("application", rows, {each.id: each for each in found})

    def pin_mobiles(self, scope: Scope, mobiles: Mapping[RowId, Mobile]) -> None:
        self.session.many(
            "application.pin_mobile",
            (
                {
                    "shard": shard_of(row), "id": row,
                    "sealed": self.vault.seal(_sealed_at(row), mobile.plain().encode()),
                }
                for row, mobile in mobiles.items()
            ),
        )  # fmt: skip

    def pinned_mobiles(self, scope: Scope, batch: BatchId) -> Mapping[RowId, Mobile]:
        rows = self.session.all("application.pinned_mobiles", {"batch": batch})
        return {
            RowId(id_): Mobile(self.vault.open(_sealed_at(id_), sealed).decode())
            for _, id_, sealed in rows
        }

    def unpin_mobiles(self, scope: Scope, batch: BatchId) -> None:
        self.session.do("application.unpin_mobiles", {"batch": batch})

    def overdue(self, scope: Scope, before: datetime, most: int) -> Sequence[Row]:
        where = {"before": micros(before), "most": most}
        return self._seen(scope, self.session.all("application.overdue", where))


def _sealed_at(row: int) -> Place:
    return Place("application", shard_of(row), row, "mobile_sealed")


def people_seen(session: Session, scope: Scope, people: Iterable[PersonId]) -> set[PersonId]:
    """Return those of *people* whose newest membership is at a union within *scope*."""
    if scope.whole_city:
        return set(people)
    if scope.only_person is not None:
        return {scope.only_person} & set(people)
    wanted = {"people": json.dumps(sorted(set(people)))} | paths(scope)
    return {PersonId(id_) for (id_,) in session.all("card.seen", wanted)}
