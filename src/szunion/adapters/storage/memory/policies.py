"""Know how versions of the city's rules are kept in memory."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.policy_versions import PolicyVersion


@define
class PolicyTables:
    """Versions of the city's rules."""

    versions: Table[int, PolicyVersion] = field(factory=lambda: Table("policy_version"))


@frozen
class MemoryPolicies:
    """Versions of the city's rules in memory."""

    tables: PolicyTables
    undo: Undo

    def versions(self, scope: Scope) -> Sequence[PolicyVersion]:
        rows = self.tables.versions.rows
        return [rows[number] for number in sorted(rows)]

    def add(self, scope: Scope, version: PolicyVersion) -> None:
        self.tables.versions.insert(self.undo, version.number, version)
