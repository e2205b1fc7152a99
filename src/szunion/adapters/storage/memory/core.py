"""Know how the audit trail and messages to people are kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry, Checkpoint, LoggedEntry
from szunion.domain.messages import Message, MessageState
from szunion.domain.values import PersonId, shard_of
from szunion.ports.system import Ids


@define
class CoreTables:
    """The audit log, its checkpoints, messages."""

    audit: Table[int, LoggedEntry] = field(factory=lambda: Table("audit"))
    checkpoints: Table[int, Checkpoint] = field(factory=lambda: Table("audit_checkpoint"))
    messages: Table[int, Message] = field(factory=lambda: Table("message"))


@frozen
class MemoryAuditTrail:
    """The audit log in memory: insertion order is commit order, for one unit writes at a time."""

    tables: CoreTables
    undo: Undo
    ids: Ids
    now: datetime

    def add(self, scope: Scope, entry: AuditEntry) -> None:
        who = scope.principal
        id_ = self.ids.new(shard_of(entry.person or entry.subject))
        logged = LoggedEntry(
            id=id_, at=self.now, actor=who.id, role=who.role, node=who.organisation,
            purpose=who.purpose, entry=entry,
        )  # fmt: skip
        self.tables.audit.insert(self.undo, id_, logged)

    def add_many(self, scope: Scope, entries: Iterable[AuditEntry]) -> None:
        for entry in entries:
            self.add(scope, entry)

    def add_each(self, entries: Iterable[tuple[Scope, AuditEntry]]) -> None:
        for scope, entry in entries:
            self.add(scope, entry)

    def of_person(self, scope: Scope, person: PersonId) -> Iterator[LoggedEntry]:
        return iter([row for row in self.tables.audit if row.entry.person == person])

    def unsealed(self, scope: Scope, most: int) -> Sequence[LoggedEntry]:
        last = self.last_checkpoint(scope)
        start = last.size if last else 0
        return list(islice(self.tables.audit.rows.values(), start, start + most))

    def seal(
        self,
        scope: Scope,
        entries: Sequence[LoggedEntry],
        leaves: Sequence[bytes],
        checkpoint: Checkpoint,
    ) -> None:
        self.tables.checkpoints.insert(self.undo, checkpoint.size, checkpoint)

    def last_checkpoint(self, scope: Scope) -> Checkpoint | None:
        rows = self.tables.checkpoints.rows
        return rows[max(rows)] if rows else None

    def checkpoints(self, scope: Scope) -> Iterator[Checkpoint]:
        rows = self.tables.checkpoints.rows
        return iter([rows[size] for size in sorted(rows)])

    def sealed(self, scope: Scope, start: int = 0) -> Iterator[LoggedEntry]:
        last = self.last_checkpoint(scope)
        end = last.size if last else 0
        return iter(list(islice(self.tables.audit.rows.values(), start, end)))


@frozen
class MemoryMessages:
    """Messages to people in memory."""

    tables: CoreTables
    undo: Undo
    ids: Ids
    now: datetime

    def add(self, scope: Scope, person: PersonId, template: str, fields: Mapping[str, str]) -> None:
        id_ = self.ids.new(shard_of(person))
        message = Message(
            id=id_, person=person, template=template, fields=dict(fields),
            created=self.now, due=self.now,
        )  # fmt: skip
        self.tables.messages.insert(self.undo, id_, message)

    def add_many(
        self, scope: Scope, told: Iterable[tuple[PersonId, str, Mapping[str, str]]]
    ) -> None:
        for person, template, fields in told:
            self.add(scope, person, template, fields)

    def due(self, scope: Scope, now: datetime, most: int) -> Sequence[Message]:
        waiting = [
            row for row in self.tables.messages
            if row.state is MessageState.WAITING and row.due <= now
        ]  # fmt: skip
        return sorted(waiting, key=lambda row: (row.due, row.id))[:most]

    def put(self, scope: Scope, message: Message) -> None:
        old = self.tables.messages.rows[message.id]
        changed = evolve(old, due=message.due, attempts=message.attempts, state=message.state)
        self.tables.messages.replace(self.undo, message.id, changed)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Message]:
        rows = [row for row in self.tables.messages if row.person == person]
        return sorted(rows, key=lambda row: row.id)
