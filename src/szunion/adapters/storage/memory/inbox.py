"""Know how notices of the bank are kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import define, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.inbox import HeardNotice, Hearing, WaitingNotice
from szunion.ports.bank import Cursor


@define
class InboxTables:
    """Notices heard, notices waiting, cursors."""

    heard: Table[tuple[str, str], HeardNotice] = field(factory=lambda: Table("inbox"))
    waiting: Table[int, WaitingNotice] = field(factory=lambda: Table("inbox_waiting"))
    cursors: Table[str, Cursor] = field(factory=lambda: Table("bank_cursor"))


@frozen
class MemoryInbox:
    """The inbox in memory."""

    tables: InboxTables
    undo: Undo

    def hear(self, scope: Scope, notice: HeardNotice) -> HeardNotice | None:
        known = self.tables.heard.get((notice.source, notice.event_id))
        if known is None:
            self.tables.heard.insert(self.undo, (notice.source, notice.event_id), notice)
        return known

    def put(self, scope: Scope, notice: HeardNotice) -> None:
        self.tables.heard.replace(self.undo, (notice.source, notice.event_id), notice)

    def get(self, scope: Scope, source: str, event_id: str) -> HeardNotice | None:
        return self.tables.heard.get((source, event_id))

    def listed(
        self, scope: Scope, hearings: Iterable[Hearing], *, most: int = 200
    ) -> Sequence[HeardNotice]:
        wanted = frozenset(hearings)
        found = [row for row in self.tables.heard if row.hearing in wanted]
        return sorted(found, key=lambda row: (row.received, row.event_id))[:most]

    def contradicted(self, scope: Scope, subjects: Iterable[int]) -> Mapping[int, datetime]:
        wanted = frozenset(subjects)
        found: dict[int, datetime] = {}
        for row in self.tables.heard:
            if row.hearing is Hearing.CONFLICT and row.subject in wanted:
                found[row.subject] = max(row.received, found.get(row.subject, row.received))
        return found

    def wait(self, scope: Scope, waiting: WaitingNotice) -> None:
        self.tables.waiting.insert(self.undo, waiting.id, waiting)

    def waiting(self, scope: Scope, about: str) -> Sequence[WaitingNotice]:
        found = [row for row in self.tables.waiting if row.about == about]
        return sorted(found, key=lambda row: row.id)

    def waiting_longest(self, scope: Scope, most: int) -> Sequence[WaitingNotice]:
        found = [row for row in self.tables.waiting if row.about != "aside"]
        return sorted(found, key=lambda row: row.id)[:most]

    def waits_no_more(self, scope: Scope, waiting: WaitingNotice) -> None:
        self.tables.waiting.delete(self.undo, waiting.id)

    def cursor(self, scope: Scope, source: str) -> Cursor | None:
        return self.tables.cursors.get(source)

    def move_cursor(self, scope: Scope, source: str, cursor: Cursor, now: datetime) -> None:
        if self.tables.cursors.get(source) is None:
            self.tables.cursors.insert(self.undo, source, cursor)
        else:
            self.tables.cursors.replace(self.undo, source, cursor)
