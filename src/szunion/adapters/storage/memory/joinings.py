"""Know how sign-ups for what is joined together, and their lists, are kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.joinings import Joining, JoiningState
from szunion.domain.values import OrganisationId, PersonId


@frozen
class Place:
    """One place on one list."""

    joining: int
    person: PersonId
    came: bool


@define
class JoiningTables:
    """Sign-ups, and by sign-up and person who is on a list."""

    joinings: Table[int, Joining] = field(factory=lambda: Table("joining"))
    places: Table[tuple[int, PersonId], Place] = field(factory=lambda: Table("joining_member"))


@frozen
class MemoryJoinings:
    """Sign-ups of unions, in memory."""

    tables: JoiningTables
    sight: Sight
    undo: Undo

    def add(self, scope: Scope, joining: Joining) -> None:
        self.tables.joinings.insert(self.undo, joining.id, evolve(joining, version=0))

    def get(self, scope: Scope, joining: int) -> Joining | None:
        found = self.tables.joinings.get(joining)
        within = found is not None and self.sight.union(scope, found.organisation)
        return found if within else None

    def listed(
        self,
        scope: Scope,
        states: Iterable[JoiningState],
        *,
        items: Collection[str] | None,
        most: int,
    ) -> Sequence[Joining]:
        wanted = set(states)
        rows = [
            row
            for row in self.tables.joinings
            if row.state in wanted
            and (items is None or row.item in items)
            and self.sight.union(scope, row.organisation)
        ]
        return sorted(rows, key=lambda row: (row.last, row.id))[:most]

    def put(self, scope: Scope, joining: Joining) -> None:
        old = self.tables.joinings.get(joining.id)
        check_version(old, joining, "joining")
        new = evolve(joining, version=joining.version + 1)
        self.tables.joinings.replace(self.undo, joining.id, new)

    def people(self, scope: Scope, joining: int) -> Mapping[PersonId, bool]:
        if self.get(scope, joining) is None:
            return {}
        rows = [row for row in self.tables.places if row.joining == joining]
        return {row.person: row.came for row in sorted(rows, key=lambda row: row.person)}

    def put_people(self, scope: Scope, joining: Joining, people: Mapping[PersonId, bool]) -> None:
        for old in self.tables.places:
            if old.joining == joining.id:
                self.tables.places.delete(self.undo, (old.joining, old.person))
        for person, came in people.items():
            place = Place(joining.id, person, came)
            self.tables.places.insert(self.undo, (joining.id, person), place)

    def of_person(self, scope: Scope, person: PersonId) -> Mapping[int, bool]:
        if not scope.whole_city and scope.only_person != person:
            return {}
        mine = [row for row in self.tables.places if row.person == person]
        return {row.joining: row.came for row in sorted(mine, key=lambda row: row.joining)}

    def past(self, scope: Scope, day: date, most: int) -> Sequence[Joining]:
        rows = [row for row in self.tables.joinings if row.open and row.last < day]
        return sorted(rows, key=lambda row: (row.last, row.id))[:most]

    def move_open(
        self, scope: Scope, source: OrganisationId, target: OrganisationId
    ) -> Sequence[int]:
        rows = [row for row in self.tables.joinings if row.organisation == source and row.open]
        for row in rows:
            moved = evolve(row, organisation=target, version=row.version + 1)
            self.tables.joinings.replace(self.undo, row.id, moved)
        return sorted(row.id for row in rows)
