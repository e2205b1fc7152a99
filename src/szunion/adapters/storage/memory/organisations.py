"""Know how the tree of unions is kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.organisations import (
    Organisation,
    OrganisationKind,
    OrganisationState,
    path_under,
)
from szunion.domain.values import OrganisationId
from szunion.errors import Conflict
from szunion.ports.storage.organisations import Standing


@frozen
class Placed:
    """A union and its path."""

    union: Organisation
    path: str


def _unit(row: Placed) -> Hashable | None:
    return row.union.credit_code if row.union.living else None


def _root(row: Placed) -> Hashable | None:
    return row.union.kind if row.union.kind is OrganisationKind.CITY else None


@define
class OrganisationTables:
    """Unions at their places."""

    organisations: Table[OrganisationId, Placed] = field(
        factory=lambda: Table(
            "organisation", {"code": lambda row: row.union.code, "unit": _unit, "root": _root}
        )
    )


@frozen
class MemoryOrganisations:
    """The unions of a city in memory."""

    tables: OrganisationTables
    undo: Undo
    now: datetime

    def _within(self, scope: Scope) -> list[Placed]:
        low, high = scope.path_range
        found = [row for row in self.tables.organisations if low <= row.path < high]
        return sorted(found, key=lambda row: row.path)

    def standing(self, organisation: OrganisationId) -> Standing | None:
        row = self.tables.organisations.get(organisation)
        return None if row is None else Standing(row.path, row.union.state, row.union.kind)

    def root(self) -> OrganisationId | None:
        row = self.tables.organisations.find("root", OrganisationKind.CITY)
        return None if row is None else row.union.id

    def get(self, scope: Scope, organisation: OrganisationId) -> Organisation | None:
        row = self.tables.organisations.get(organisation)
        low, high = scope.path_range
        return row.union if row is not None and low <= row.path < high else None

    def by_code(self, scope: Scope, code: str) -> Organisation | None:
        row = self.tables.organisations.find("code", code)
        return None if row is None else self.get(scope, row.union.id)

    def children(self, scope: Scope, organisation: OrganisationId) -> Sequence[Organisation]:
        found = [
            row.union for row in self._within(scope)
            if row.union.parent == organisation and row.union.living
        ]  # fmt: skip
        return sorted(found, key=lambda union: union.code)

    def all(self, scope: Scope) -> Iterator[Organisation]:
        return iter([row.union for row in self._within(scope)])

    def add(self, scope: Scope, organisation: Organisation) -> None:
        placed = Placed(organisation, self._path(organisation))
        self.tables.organisations.insert(self.undo, organisation.id, placed)

    def _path(self, union: Organisation) -> str:
        if union.parent is None:
            return path_under("/", union.id)
        above = self.standing(union.parent)
        if above is None:
            raise Conflict("E-STORE-004", constraint="FOREIGN KEY")
        return path_under(above.path, union.id)

    def add_many(self, scope: Scope, organisations: Iterable[Organisation]) -> None:
        for each in organisations:
            self.add(scope, each)

    def put(self, scope: Scope, organisation: Organisation) -> None:
        row = check_version(self.get(scope, organisation.id), organisation, "organisation")
        old = self.tables.organisations.rows[organisation.id].path
        new = self._path(organisation)
        changed = Placed(evolve(organisation, version=row.version + 1), new)
        self.tables.organisations.replace(self.undo, organisation.id, changed)
        for each in self.tables.organisations:
            if each.path.startswith(old) and each.union.id != organisation.id and old != new:
                there = evolve(each, path=new + each.path[len(old) :])
                self.tables.organisations.replace(self.undo, each.union.id, there)

    def counts(self, scope: Scope) -> Mapping[tuple[OrganisationKind, OrganisationState], int]:
        return Counter((row.union.kind, row.union.state) for row in self._within(scope))
