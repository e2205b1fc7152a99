"""Know how people are kept in memory, and who is within whose scope."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.organisations import OrganisationTables
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope, WholeCity
from szunion.domain.identity import Gender, IdentityDocument, Mobile
from szunion.domain.members import Membership
from szunion.domain.people import Person
from szunion.domain.values import MembershipId, OrganisationId, PersonId
from szunion.errors import Conflict
from szunion.ports.keys import IndexField
from szunion.ports.storage.people import IndexEntry, Quarantined, QuarantineSource


def _open_person(row: Membership) -> PersonId | None:
    return row.person if row.open else None


@define
class PeopleTables:
    """People, who holds which document, and their present episodes."""

    people: Table[PersonId, Person] = field(factory=lambda: Table("person"))
    documents: Table[tuple[IdentityDocument, int], PersonId] = field(
        factory=lambda: Table("person_document")
    )
    quarantine: Table[PersonId, Quarantined] = field(factory=lambda: Table("quarantine"))
    tombstones: Table[tuple[IdentityDocument, PersonId], datetime] = field(
        factory=lambda: Table("person_tombstone")
    )
    memberships: Table[MembershipId, Membership] = field(
        factory=lambda: Table("membership", {"open": _open_person})
    )

    def episodes(self, person: PersonId) -> list[Membership]:
        """Return the episodes of a person, oldest first."""
        found = [row for row in self.memberships if row.person == person]
        return sorted(found, key=lambda row: row.id)

    def holders(self, document: IdentityDocument) -> list[PersonId]:
        """Return who holds a document: on file first, then files in quarantine."""
        found: list[PersonId] = []
        while (holder := self.documents.get((document, len(found)))) is not None:
            found.append(holder)
        return found


@frozen
class Sight:
    """What a scope sees of people: by the union in charge of the newest episode."""

    tables: PeopleTables
    organisations: OrganisationTables

    def union(self, scope: Scope, organisation: OrganisationId) -> bool:
        """Return whether a union is within the scope."""
        low, high = scope.path_range
        row = self.organisations.organisations.get(organisation)
        return row is not None and low <= row.path < high

    def person(self, scope: Scope, person: PersonId) -> bool:
        """Return whether a person is within the scope."""
        if isinstance(scope.reach, WholeCity) or scope.only_person == person:
            return True
        episodes = self.tables.episodes(person)
        return bool(episodes) and self.union(scope, episodes[-1].organisation)

    def episode(self, scope: Scope, row: Membership) -> bool:
        """Return whether an episode is within the scope."""
        return scope.only_person == row.person or self.union(scope, row.organisation)


@frozen
class MemoryPeople:
    """The people of a city in memory."""

    tables: PeopleTables
    organisations: OrganisationTables
    undo: Undo
    now: datetime

    @property
    def _sight(self) -> Sight:
        return Sight(self.tables, self.organisations)

    def get(self, scope: Scope, person: PersonId) -> Person | None:
        found = self.tables.people.get(person)
        return found if found is not None and self._sight.person(scope, person) else None

    def many(self, scope: Scope, persons: Iterable[PersonId]) -> Sequence[Person]:
        found = (self.get(scope, person) for person in sorted(set(persons)))
        return [person for person in found if person is not None]

    def genders(
        self, scope: Scope, persons: Iterable[PersonId]
    ) -> Mapping[PersonId, Gender | None]:
        found = self.many(scope, persons)
        return {person.id: person.present.document.gender() for person in found}

    def mobiles(
        self, scope: Scope, persons: Iterable[PersonId]
    ) -> Mapping[PersonId, Mobile | None]:
        return {person.id: person.mobile for person in self.many(scope, persons)}

    def find(self, scope: Scope, document: IdentityDocument) -> PersonId | None:
        holders = self.tables.holders(document)
        return next((each for each in holders if self._sight.person(scope, each)), None)

    def with_document(
        self, scope: Scope, document: IdentityDocument
    ) -> tuple[Person, Membership | None] | None:
        holder = self.find(scope, document)
        file = None if holder is None else self.get(scope, holder)
        if file is None:
            return None
        return file, next(reversed(self.tables.episodes(file.id)), None)

    def on_file(self, scope: Scope, document: IdentityDocument) -> Person | None:
        holder = self.tables.documents.get((document, 0))
        return None if holder is None else self.tables.people.rows[holder]

    def by_mobile(self, scope: Scope, mobile: Mobile) -> Sequence[PersonId]:
        return sorted(
            person.id
            for person in self.tables.people
            if person.mobile == mobile and self._sight.person(scope, person.id)
        )

    def entries(
        self, scope: Scope, field: IndexField, after: IndexEntry | None, most: int
    ) -> Sequence[IndexEntry]:
        if not isinstance(scope.reach, WholeCity):
            return []
        found = sorted(
            (hashlib.sha256(value.encode()).digest(), person)
            for value, person in self._indexed(field)
        )
        return list(islice((each for each in found if after is None or each > after), most))

    def _indexed(self, field: IndexField) -> Iterator[tuple[str, PersonId]]:
        if field is IndexField.MOBILE:
            for person in self.tables.people:
                if person.mobile is not None:
                    yield person.mobile.plain(), person.id
            return
        for (document, rank), holder in self.tables.documents.rows.items():
            if rank == 0:
                yield f"{document.kind.value}:{document.number.plain()}", holder

    def add(self, scope: Scope, person: Person) -> None:
        self.tables.people.insert(self.undo, person.id, person)
        self._index(person, None)

    def add_in_quarantine(
        self, scope: Scope, person: Person, on_file: PersonId, source: QuarantineSource
    ) -> None:
        row = Quarantined(person=person.id, on_file=on_file, source=source, recorded=self.now)
        self.tables.quarantine.insert(self.undo, person.id, row)
        self.tables.people.insert(self.undo, person.id, person)
        for held in person.documents:
            rank = len(self.tables.holders(held.document))
            self.tables.documents.insert(self.undo, (held.document, rank), person.id)

    def quarantined(self, scope: Scope) -> Sequence[Quarantined]:
        rows = self.tables.quarantine if isinstance(scope.reach, WholeCity) else ()
        return sorted(rows, key=lambda row: (row.recorded, row.person))

    def resolve_quarantine(self, scope: Scope, person: PersonId) -> None:
        if self.tables.quarantine.get(person) is not None:
            self.tables.quarantine.delete(self.undo, person)

    def put(self, scope: Scope, person: Person) -> None:
        old = check_version(self.tables.people.get(person.id), person, "person")
        new = evolve(person, version=person.version + 1)
        self.tables.people.replace(self.undo, person.id, new)
        self._index(new, old)

    def _index(self, person: Person, old: Person | None) -> None:
        known = {held.document for held in old.documents} if old else set()
        for held in person.documents:
            if held.document in known:
                continue
            key = (held.document, 0)
            holder = self.tables.documents.get(key)
            if holder is None:
                self.tables.documents.insert(self.undo, key, person.id)
            elif holder == person.id or self.tables.people.rows[holder].merged_into == person.id:
                self.tables.documents.replace(self.undo, key, person.id)
            else:
                raise Conflict("E-STORE-004", constraint="UNIQUE(person_document.blind)")

    def destroy_key(self, scope: Scope, person: PersonId) -> int:
        merged = [row.id for row in self.tables.people if row.merged_into == person]
        below = sum(self.destroy_key(scope, each) for each in sorted(merged))
        old = self.tables.people.get(person)
        if old is None:
            return below
        self.tables.people.delete(self.undo, person)
        for held in old.documents:
            stone = (held.document, person)
            if self.tables.tombstones.get(stone) is None:
                self.tables.tombstones.insert(self.undo, stone, self.now)
            self._forget(held.document, person)
        return below + 1

    def _forget(self, document: IdentityDocument, person: PersonId) -> None:
        """Take *person* from the holders of *document*; who comes next moves up."""
        holders = self.tables.holders(document)
        for rank, _ in enumerate(holders):
            self.tables.documents.delete(self.undo, (document, rank))
        for rank, each in enumerate(each for each in holders if each != person):
            self.tables.documents.insert(self.undo, (document, rank), each)

    def erased(self, scope: Scope, document: IdentityDocument) -> Sequence[PersonId]:
        rows = self.tables.tombstones.rows.items()
        found = [(at, person) for (stone, person), at in rows if stone == document]
        return [person for _, person in sorted(found)]

    def erased_many(
        self, scope: Scope, people: Sequence[Person]
    ) -> Mapping[PersonId, Sequence[PersonId]]:
        found = {
            each.id: [old for held in each.documents for old in self.erased(scope, held.document)]
            for each in people
        }
        return {person: olds for person, olds in found.items() if olds}
