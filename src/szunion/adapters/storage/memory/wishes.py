"""Know how wishes, projects and the counters of cards are kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.services import ServiceTables
from szunion.adapters.storage.memory.tables import Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.projects import Project
from szunion.domain.values import CardId, PersonId
from szunion.domain.wishes import Wish, WishState


@frozen
class MemoryWishes:
    """Wishes in memory."""

    tables: ServiceTables
    sight: Sight
    undo: Undo

    def add(self, scope: Scope, wish: Wish) -> bool:
        if wish.item and self.tables.wishes.find("once", (wish.person, wish.item)) is not None:
            return False
        self.tables.wishes.insert(self.undo, wish.id, wish)
        return True

    def get(self, scope: Scope, wish: int) -> Wish | None:
        row = self.tables.wishes.get(wish)
        return row if row is not None and self.sight.person(scope, row.person) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Wish]:
        if not self.sight.person(scope, person):
            return []
        rows = [row for row in self.tables.wishes if row.person == person]
        return sorted(rows, key=lambda row: row.id)

    def put(self, scope: Scope, wish: Wish) -> None:
        old = self.tables.wishes.rows[wish.id]
        self.tables.wishes.replace(self.undo, wish.id, evolve(old, state=wish.state))

    def counts(self, scope: Scope) -> Mapping[tuple[str, str], int]:
        rows = [row for row in self.tables.wishes if row.state is WishState.OPEN]
        return dict(sorted(Counter((row.category, row.item) for row in rows).items()))

    def unlisted(self, scope: Scope, category: str, most: int) -> Sequence[Wish]:
        rows = [
            row
            for row in self.tables.wishes
            if row.state is WishState.OPEN and row.category == category and not row.item
        ]
        oldest = sorted(rows, key=lambda row: row.id)[:most]
        return [row for row in oldest if self.sight.person(scope, row.person)]


@frozen
class MemoryProjects:
    """Projects in memory."""

    tables: ServiceTables
    undo: Undo

    def get(self, scope: Scope, item: str) -> Project | None:
        return self.tables.projects.get(item)

    def put(self, scope: Scope, project: Project) -> None:
        old = self.tables.projects.get(project.item)
        if old is None:
            self.tables.projects.insert(self.undo, project.item, evolve(project, version=0))
            return
        check_version(old, project, "project")
        changed = evolve(project, version=project.version + 1)
        self.tables.projects.replace(self.undo, project.item, changed)


@frozen
class MemoryCardCounters:
    """How far each card has counted, in memory."""

    tables: ServiceTables
    undo: Undo

    def keep(self, scope: Scope, card: CardId, counter: int) -> bool:
        old = self.tables.counters.get(card)
        if old is None:
            self.tables.counters.insert(self.undo, card, counter)
            return True
        if counter <= old:
            return False
        self.tables.counters.replace(self.undo, card, counter)
        return True
