"""Know how exports and plain values shown are counted and kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import define, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.disclosures import Disclosure, DisclosureKind


@define
class DisclosureTables:
    """Disclosures, and how many there were of a kind, by officer and day."""

    disclosures: Table[int, Disclosure] = field(factory=lambda: Table("disclosure"))
    counts: Table[tuple[str, date, DisclosureKind], int] = field(
        factory=lambda: Table("disclosure_count")
    )


@frozen
class MemoryDisclosures:
    """Disclosures in memory."""

    tables: DisclosureTables
    undo: Undo

    def add(self, scope: Scope, disclosure: Disclosure, most: int) -> bool:
        key = (disclosure.actor, disclosure.day, disclosure.kind)
        before = self.tables.counts.get(key)
        rows = (before or 0) + disclosure.rows
        if rows > most:
            return False
        if before is None:
            self.tables.counts.insert(self.undo, key, rows)
        else:
            self.tables.counts.replace(self.undo, key, rows)
        self.tables.disclosures.insert(self.undo, disclosure.id, disclosure)
        return True

    def counted(self, scope: Scope, actor: str, day: date, kind: DisclosureKind) -> int:
        return self.tables.counts.get((actor, day, kind)) or 0

    def _older(self, day: date, most: int) -> list[Disclosure]:
        found = [row for row in self.tables.disclosures if row.day < day]
        return sorted(found, key=lambda row: (row.day, row.id))[:most]

    def older(self, scope: Scope, day: date, most: int) -> int:
        return len(self._older(day, most))

    def end_older(self, scope: Scope, day: date, most: int) -> int:
        gone = self._older(day, most)
        for row in gone:
            self.tables.disclosures.delete(self.undo, row.id)
        for key in [key for key in self.tables.counts.rows if gone and key[1] < day]:
            self.tables.counts.delete(self.undo, key)
        return len(gone)

    def listed(
        self, scope: Scope, kind: DisclosureKind, *, after: int = 0, most: int = 200
    ) -> Sequence[Disclosure]:
        found = [
            row
            for row in self.tables.disclosures
            if scope.whole_city and row.kind is kind and row.id > after
        ]
        return sorted(found, key=lambda row: row.id)[:most]
