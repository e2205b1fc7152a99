"""Know how covers under plans, claims, and heirs are kept in memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.claim_files import Claim, Heir
from szunion.domain.claims import CLAIM, ClaimState
from szunion.domain.enrolments import Enrolment, EnrolmentState
from szunion.domain.values import ClaimId, EnrolmentId, Fen, ObligationId, PersonId
from szunion.errors import Conflict
from szunion.ports.storage.races import lost_race


def _asked(row: Enrolment) -> Hashable | None:
    return (row.person, row.plan) if row.state is EnrolmentState.SUBMITTED else None


@define
class ClaimTables:
    """Enrolments, claims, which claim holds which event, heirs."""

    enrolments: Table[EnrolmentId, Enrolment] = field(
        factory=lambda: Table("enrolment", {"key": lambda row: row.key, "asked": _asked})
    )
    claims: Table[ClaimId, Claim] = field(
        factory=lambda: Table("claim", {"obligation": lambda row: row.obligation})
    )
    held: Table[str, ClaimId] = field(factory=lambda: Table("claimed"))
    heirs: Table[PersonId, Heir] = field(factory=lambda: Table("heir"))


def _stale(entity: str, old: Enrolment | Claim | None, version: int) -> Conflict:
    return lost_race(entity, version, old.version if old else None)


@frozen
class MemoryEnrolments:
    """Covers in memory."""

    tables: ClaimTables
    sight: Sight
    undo: Undo

    def add(self, scope: Scope, enrolment: Enrolment) -> bool:
        if self.tables.enrolments.find("key", enrolment.key) is not None:
            return False
        self.tables.enrolments.insert(self.undo, enrolment.id, enrolment)
        return True

    def get(self, scope: Scope, enrolment: EnrolmentId) -> Enrolment | None:
        row = self.tables.enrolments.get(enrolment)
        return row if row is not None and self.sight.person(scope, row.person) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Enrolment]:
        if not self.sight.person(scope, person):
            return []
        rows = [row for row in self.tables.enrolments if row.person == person]
        return sorted(rows, key=lambda row: row.id)

    def asked(self, scope: Scope, *, after: EnrolmentId | None, most: int) -> Sequence[Enrolment]:
        rows = [
            row
            for row in self.tables.enrolments
            if row.state is EnrolmentState.SUBMITTED and row.id > (-1 if after is None else after)
        ]
        page = sorted(rows, key=lambda row: row.id)[:most]
        return [row for row in page if self.sight.person(scope, row.person)]

    def due(self, scope: Scope, today: date, most: int) -> Sequence[Enrolment]:
        rows = [row for row in self.tables.enrolments if row.due(today) is not None]
        return sorted(rows, key=lambda row: row.id)[:most]

    def put(self, scope: Scope, enrolment: Enrolment) -> None:
        old = self.tables.enrolments.get(enrolment.id)
        if old is None or old.version != enrolment.version:
            raise _stale("enrolment", old, enrolment.version)
        self._keep(
            evolve(enrolment, claims=old.claims, paid=old.paid, version=enrolment.version + 1)
        )

    def _keep(self, changed: Enrolment) -> None:
        most, cap = changed.most_claims, changed.cap
        if (most is not None and changed.claims > most) or (cap is not None and changed.paid > cap):
            raise Conflict("E-STORE-004", constraint="CHECK(enrolment)")
        self.tables.enrolments.replace(self.undo, changed.id, changed)

    def use(self, scope: Scope, enrolment: EnrolmentId, fen: Fen) -> bool:
        old = self.tables.enrolments.get(enrolment)
        if old is None or (old.most_claims is not None and old.claims >= old.most_claims):
            return False
        if old.cap is not None and old.paid + fen > old.cap:
            return False
        self._keep(evolve(old, claims=old.claims + 1, paid=old.paid + fen, version=old.version + 1))
        return True


@frozen
class MemoryClaims:
    """Claims in memory."""

    tables: ClaimTables
    sight: Sight
    undo: Undo

    def add(self, scope: Scope, claim: Claim) -> None:
        if claim.holds_its_event:
            self._hold(claim)
        self._check(claim)
        self.tables.claims.insert(self.undo, claim.id, claim)

    def _hold(self, claim: Claim) -> None:
        for key in claim.keys:
            self.tables.held.insert(self.undo, key, claim.id)

    def _check(self, claim: Claim) -> None:
        same = claim.confirmed_by is not None and claim.confirmed_by == claim.reviewer
        if same or (claim.fen is None) != (claim.obligation is None):
            raise Conflict("E-STORE-004", constraint="CHECK(claim)")

    def holder(self, scope: Scope, keys: Iterable[str]) -> Claim | None:
        for key in keys:
            held = self.tables.held.get(key)
            if held is not None:
                return self.tables.claims.rows[held]
        return None

    def get(self, scope: Scope, claim: ClaimId) -> Claim | None:
        row = self.tables.claims.get(claim)
        return row if row is not None and self.sight.person(scope, row.person) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Claim]:
        if not self.sight.person(scope, person):
            return []
        rows = [row for row in self.tables.claims if row.person == person]
        return sorted(rows, key=lambda row: row.id)

    def of_obligations(self, scope: Scope, obligations: Iterable[ObligationId]) -> Sequence[Claim]:
        found = (self.tables.claims.find("obligation", each) for each in obligations)
        return sorted((row for row in found if row is not None), key=lambda row: row.id)

    def listed(
        self, scope: Scope, states: Iterable[ClaimState], *, after: ClaimId | None, most: int
    ) -> Sequence[Claim]:
        wanted = frozenset(states)
        rows = [
            row
            for row in self.tables.claims
            if row.state in wanted and row.id > (-1 if after is None else after)
        ]
        page = sorted(rows, key=lambda row: row.id)[:most]
        return [row for row in page if self.sight.person(scope, row.person)]

    def due(
        self, scope: Scope, state: ClaimState, before: datetime, most: int, *, reminders: int = 99
    ) -> Sequence[Claim]:
        rows = [
            row
            for row in self.tables.claims
            if row.state is state and row.changed <= before and row.reminders <= reminders
        ]
        return sorted(rows, key=lambda row: (row.changed, row.id))[:most]

    def over(self, scope: Scope, before: datetime, most: int) -> Sequence[tuple[ClaimId, PersonId]]:
        rows = [
            row
            for row in self.tables.claims
            if row.state in CLAIM.final and row.obligation is None and row.changed < before
        ]
        ended = sorted(rows, key=lambda row: (row.changed, row.id))[:most]
        return [(row.id, row.person) for row in ended]

    def end_files(self, scope: Scope, claims: Sequence[ClaimId]) -> None:
        for claim in claims:
            self.tables.claims.delete(self.undo, claim)

    def put(self, scope: Scope, claim: Claim) -> None:
        old = self.tables.claims.get(claim.id)
        if old is None or old.version != claim.version:
            raise _stale("claim", old, claim.version)
        self._check(claim)
        for key in claim.keys:
            if self.tables.held.get(key) == claim.id:
                self.tables.held.delete(self.undo, key)
        if claim.holds_its_event:
            self._hold(claim)
        self.tables.claims.replace(self.undo, claim.id, evolve(claim, version=claim.version + 1))


@frozen
class MemoryHeirs:
    """Heirs in memory."""

    tables: ClaimTables
    undo: Undo

    def put(self, scope: Scope, heir: Heir) -> None:
        if heir.named_by == heir.confirmed_by or heir.person == heir.heir:
            raise Conflict("E-STORE-004", constraint="CHECK(heir)")
        if self.tables.heirs.get(heir.person) is None:
            self.tables.heirs.insert(self.undo, heir.person, heir)
        else:
            self.tables.heirs.replace(self.undo, heir.person, heir)

    def of_people(self, scope: Scope, people: Iterable[PersonId]) -> Mapping[PersonId, Heir]:
        found = (self.tables.heirs.get(person) for person in sorted(set(people)))
        return {row.person: row for row in found if row is not None}
