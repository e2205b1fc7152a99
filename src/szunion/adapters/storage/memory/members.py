"""Know how memberships, affiliations and transfers are kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.organisations import OrganisationTables
from szunion.adapters.storage.memory.people import PeopleTables, Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.affiliations import Affiliation, Rewritten
from szunion.domain.as_of import MemberOn, MembershipVersion, place_and_version
from szunion.domain.members import Membership, MembershipReason, MembershipState
from szunion.domain.organisations import OrganisationKind
from szunion.domain.transfers import TRANSFER, Transfer, TransferEvent
from szunion.domain.values import (
    AffiliationId,
    MembershipId,
    OrganisationId,
    PersonId,
    TransferId,
    shard_of,
)
from szunion.errors import Conflict
from szunion.ports.storage.races import lost_race
from szunion.ports.system import Ids


def _open_affiliation(row: Affiliation) -> Hashable | None:
    return row.person if row.open else None


def _open_transfer(row: Transfer) -> Hashable | None:
    return row.person if row.open else None


@define
class MemberTables:
    """Versions of episodes, affiliations, transfers."""

    versions: Table[int, MembershipVersion] = field(factory=lambda: Table("membership_past"))
    affiliations: Table[AffiliationId, Affiliation] = field(
        factory=lambda: Table("affiliation", {"open": _open_affiliation})
    )
    transfers: Table[TransferId, Transfer] = field(
        factory=lambda: Table("transfer", {"open": _open_transfer})
    )


@frozen
class MemoryMembers:
    """Memberships and affiliations in memory."""

    tables: MemberTables
    people: PeopleTables
    organisations: OrganisationTables
    undo: Undo
    ids: Ids
    now: datetime

    @property
    def _sight(self) -> Sight:
        return Sight(self.people, self.organisations)

    def open_of(self, scope: Scope, person: PersonId) -> Membership | None:
        row = self.open_anywhere(scope, person)
        return row if row is not None and self._sight.episode(scope, row) else None

    def open_anywhere(self, scope: Scope, person: PersonId) -> Membership | None:
        return self.people.memberships.find("open", person)

    def open_of_many(self, scope: Scope, persons: Iterable[PersonId]) -> Sequence[Membership]:
        found = (self.open_of(scope, person) for person in sorted(set(persons)))
        return [row for row in found if row is not None]

    def newest(self, scope: Scope, person: PersonId) -> Membership | None:
        episodes = self.episodes(scope, person)
        return episodes[-1] if episodes else None

    def episodes(self, scope: Scope, person: PersonId) -> Sequence[Membership]:
        return [row for row in self.people.episodes(person) if self._sight.episode(scope, row)]

    def add(self, scope: Scope, membership: Membership, on: date) -> None:
        if membership.organisation not in self.organisations.organisations.rows:
            raise Conflict("E-STORE-004", constraint="FOREIGN KEY")
        if membership.person not in self.people.people.rows:
            raise Conflict("E-STORE-004", constraint="FOREIGN KEY")
        self.people.memberships.insert(self.undo, membership.id, membership)
        self._note(membership, on)

    def _note(self, membership: Membership, on: date) -> None:
        version = MembershipVersion(membership=membership, holds_from=on, recorded=self.now)
        self.tables.versions.insert(self.undo, len(self.tables.versions.rows), version)

    def put(self, scope: Scope, membership: Membership, on: date) -> None:
        check_version(self.people.memberships.get(membership.id), membership, "membership")
        new = evolve(membership, version=membership.version + 1)
        self.people.memberships.replace(self.undo, membership.id, new)
        self._note(new, on)

    def versions(self, scope: Scope, person: PersonId) -> Sequence[MembershipVersion]:
        if not self._sight.person(scope, person):
            return []
        found = [row for row in self.tables.versions if row.membership.person == person]
        return sorted(
            found, key=lambda row: (row.recorded, row.membership.id, row.membership.version)
        )

    def affiliations(self, scope: Scope, person: PersonId) -> Sequence[Affiliation]:
        if not self._sight.person(scope, person):
            return []
        return self.affiliations_anywhere(scope, person)

    def affiliations_anywhere(self, scope: Scope, person: PersonId) -> Sequence[Affiliation]:
        found = [row for row in self.tables.affiliations if row.person == person]
        return sorted(found, key=lambda row: (row.recorded, row.id))

    def add_affiliation(self, scope: Scope, affiliation: Affiliation) -> None:
        self.tables.affiliations.insert(self.undo, affiliation.id, affiliation)

    def rewrite(self, scope: Scope, change: Rewritten) -> None:
        for row in change.retired:
            old = self.tables.affiliations.get(row.id)
            if old is None or old.superseded is not None:
                raise lost_race("affiliation", "open", "superseded")
            self.tables.affiliations.replace(self.undo, row.id, row)
        for row in change.written:
            self.add_affiliation(scope, row)

    def of_union(
        self, scope: Scope, organisation: OrganisationId, states: Iterable[MembershipState]
    ) -> Iterator[Membership]:
        wanted = frozenset(states)
        found = [
            row for row in self.people.memberships
            if row.organisation == organisation and row.state in wanted
        ]  # fmt: skip
        if not self._sight.union(scope, organisation):
            return iter(())
        return iter(sorted(found, key=lambda row: row.person))

    def on_day(
        self,
        scope: Scope,
        organisation: OrganisationId,
        at: tuple[date, datetime],
        after: int,
        most: int,
    ) -> Sequence[MemberOn]:
        belonged = {row.person for row in self.tables.affiliations
                    if row.organisation == organisation and row.person > after}  # fmt: skip
        found: list[MemberOn] = []
        for person in sorted(belonged):
            rows = self.affiliations(scope, person)
            said = place_and_version(rows, self.versions(scope, person), *at)
            if said is not None and said[0].organisation == organisation and len(found) < most:
                place, row = said
                found.append(MemberOn(person=person, membership=row.id, since=place.since,
                                      state=row.state, reason=row.reason))  # fmt: skip
        return found

    def move_all(
        self, scope: Scope, source: OrganisationId, target: OrganisationId, on: date
    ) -> Sequence[Membership]:
        every = [state for state in MembershipState if state.name in _OPEN_STATES]
        moved = list(self.of_union(scope, source, every))
        for row in moved:
            self.put(scope, evolve(row, organisation=target), on)
            old = self.tables.affiliations.find("open", row.person)
            if old is None:
                continue
            day, shard = max(on, old.since), shard_of(row.person)
            new = evolve(old, id=AffiliationId(self.ids.new(shard)), until=day, recorded=self.now)
            there = evolve(
                new, id=AffiliationId(self.ids.new(shard)), organisation=target, since=day,
                until=None,
            )  # fmt: skip
            retired = evolve(old, superseded=self.now)
            self.rewrite(scope, Rewritten((retired,), (new, there)))
        return [evolve(row, organisation=target, version=row.version + 1) for row in moved]

    def counts(
        self, scope: Scope
    ) -> Mapping[tuple[OrganisationKind, MembershipState, MembershipReason | None], int]:
        unions = self.organisations.organisations.rows
        return Counter(
            (unions[row.organisation].union.kind, row.state, row.reason)
            for row in self.people.memberships
            if self._sight.union(scope, row.organisation)
        )


_OPEN_STATES = frozenset({"APPLIED", "ACTIVE", "RETAINED"})


@frozen
class MemoryTransfers:
    """Transfers in memory."""

    tables: MemberTables
    people: PeopleTables
    organisations: OrganisationTables
    undo: Undo

    def _sees(self, scope: Scope, row: Transfer) -> bool:
        sight = Sight(self.people, self.organisations)
        return scope.only_person == row.person or any(
            sight.union(scope, union) for union in (row.source, row.target)
        )

    def _those(self, scope: Scope, rows: Iterable[Transfer]) -> list[Transfer]:
        return sorted((row for row in rows if self._sees(scope, row)), key=lambda row: row.id)

    def get(self, scope: Scope, transfer: TransferId) -> Transfer | None:
        row = self.tables.transfers.get(transfer)
        return row if row is not None and self._sees(scope, row) else None

    def open_of(self, scope: Scope, person: PersonId) -> Transfer | None:
        row = self.tables.transfers.find("open", person)
        return row if row is not None and self._sees(scope, row) else None

    def of_membership(
        self, scope: Scope, person: PersonId, membership: MembershipId
    ) -> Sequence[Transfer]:
        rows = self.tables.transfers
        return self._those(scope, (row for row in rows if row.membership == membership))

    def open_touching(self, scope: Scope, organisation: OrganisationId) -> Sequence[Transfer]:
        if not Sight(self.people, self.organisations).union(scope, organisation):
            return []
        return sorted(
            (
                row for row in self.tables.transfers
                if row.open and organisation in (row.source, row.target)
            ),
            key=lambda row: row.id,
        )  # fmt: skip

    def due(self, scope: Scope, now: datetime, most: int) -> Sequence[Transfer]:
        waiting = [
            row for row in self.tables.transfers
            if row.answer_by <= now
            and TransferEvent.TIMEOUT in TRANSFER.allowed(row.state)
        ]  # fmt: skip
        return sorted(waiting, key=lambda row: (row.answer_by, row.id))[:most]

    def add(self, scope: Scope, transfer: Transfer) -> None:
        self.tables.transfers.insert(self.undo, transfer.id, transfer)

    def put(self, scope: Scope, transfer: Transfer) -> None:
        check_version(self.tables.transfers.get(transfer.id), transfer, "transfer")
        new = evolve(transfer, version=transfer.version + 1)
        self.tables.transfers.replace(self.undo, transfer.id, new)
