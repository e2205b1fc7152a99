"""Know that nothing is sealed in memory: what a walk towards a new key finds there is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.keyset import FIRST, KeyUse
from szunion.ports.keys import IndexField
from szunion.ports.storage.sealed import Walk


@define
class SealedTables:
    """Under which key would be filed, and how far walks have come."""

    filing: Table[IndexField, int] = field(factory=lambda: Table("index_key"))
    walks: Table[str, Walk] = field(factory=lambda: Table("key_walk"))


@frozen
class MemorySealedData:
    """What the keys have made, in memory: nothing."""

    tables: SealedTables
    undo: Undo

    def columns(self) -> Sequence[str]:
        return []

    def alone(self, scope: Scope) -> None:
        pass  # one unit at a time

    def rows(self, scope: Scope, column: str) -> Mapping[int, int]:
        return {}

    def reseal(self, scope: Scope, column: str, walk: Walk, most: int) -> Walk:
        return evolve(walk, ended=True)

    def filing_key(self, scope: Scope, field: IndexField) -> int:
        return self.tables.filing.get(field) or FIRST[KeyUse(field.value)]

    def file_under(self, scope: Scope, field: IndexField, key: int) -> None:
        _put(self.tables.filing, self.undo, field, key)

    def reindex(self, scope: Scope, field: IndexField, walk: Walk, most: int) -> Walk:
        return evolve(walk, ended=True)

    def walk(self, scope: Scope, name: str) -> Walk:
        return self.tables.walks.get(name) or Walk(name=name)

    def put_walk(self, scope: Scope, walk: Walk) -> None:
        _put(self.tables.walks, self.undo, walk.name, walk)


def _put(table: Table[Any, Any], undo: Undo, key: object, row: object) -> None:
    if table.get(key) is None:
        table.insert(undo, key, row)
    else:
        table.replace(undo, key, row)
