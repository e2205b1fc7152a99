"""Know how portal accounts are kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.bindings import Binding, Portal
from szunion.domain.values import PersonId

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@define
class BindingTables:
    """Accounts of portals."""

    bindings: Table[tuple[Portal, str], Binding] = field(factory=lambda: Table("binding"))


@frozen
class MemoryBindings:
    """Portal accounts in memory."""

    tables: BindingTables
    undo: Undo

    def get(self, scope: Scope, portal: Portal, account: str, shard: int) -> Binding | None:
        found = self.tables.bindings.get((portal, account))
        if found is None or scope.only_person is None:
            return found
        return found if found.person in {None, scope.only_person} else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Binding]:
        if scope.only_person not in {None, person}:
            return []
        found = [row for row in self.tables.bindings if row.person == person]
        return sorted(found, key=lambda row: (row.since or _NEVER, row.id))

    def add(self, scope: Scope, binding: Binding) -> None:
        self.tables.bindings.insert(self.undo, (binding.portal, binding.account), binding)

    def put(self, scope: Scope, binding: Binding) -> None:
        key = (binding.portal, binding.account)
        check_version(self.tables.bindings.get(key), binding, "binding")
        new = evolve(binding, version=binding.version + 1)
        self.tables.bindings.replace(self.undo, key, new)
