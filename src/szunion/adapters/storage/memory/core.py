"""Know how the audit trail and messages to people are kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry, AuditStep, LoggedEntry, Sealed, Touching
from szunion.domain.messages import Message, MessageSet, MessageState
from szunion.domain.readable import check_readable
from szunion.domain.signed_notes import Signature
from szunion.domain.values import PersonId, shard_of
from szunion.ports.system import Ids


@define
class CoreTables:
    """The audit log, its checkpoints, messages."""

    audit: Table[int, LoggedEntry] = field(factory=lambda: Table("audit"))
    heads: Table[int, Sealed] = field(factory=lambda: Table("audit_checkpoint"))
    tiles: Table[tuple[int, int], bytes] = field(factory=lambda: Table("audit_tile"))
    cosignatures: Table[tuple[int, str], Signature] = field(
        factory=lambda: Table("audit_cosignature")
    )
    messages: Table[int, Message] = field(factory=lambda: Table("message"))
    message_sets: Table[int, MessageSet] = field(factory=lambda: Table("message_set"))


@frozen
class MemoryAuditTrail:
    """The audit log in memory: insertion order is commit order, for one unit writes at a time."""

    tables: CoreTables
    undo: Undo
    ids: Ids
    now: datetime

    def add(self, scope: Scope, entry: AuditEntry) -> None:
        check_readable(entry.reason, entry.before, entry.after)
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

    def add_step(self, scopes: Sequence[Scope], step: AuditStep) -> None:
        for scope, subject, person in zip(scopes, step.subjects, step.people, strict=True):
            entry = AuditEntry(
                action=step.action, subject=subject, person=person, before=step.before,
                after=step.after,
            )  # fmt: skip
            self.add(scope, entry)

    def of_person(self, scope: Scope, person: PersonId) -> Iterator[LoggedEntry]:
        return iter([row for row in self.tables.audit if row.entry.person == person])

    def touched(
        self, scope: Scope, by: Touching, after: int, most: int
    ) -> Sequence[tuple[int, LoggedEntry]]:
        rows = enumerate(self.tables.audit, start=1)
        found = (
            (place, row) for place, row in rows
            if place > after and row.actor == by.actor and by.since <= row.at < by.until
        )  # fmt: skip
        return list(islice(found, most))

    def _those(self, start: int, end: int | None) -> Iterator[LoggedEntry]:
        return iter(list(islice(self.tables.audit.rows.values(), start, end)))

    def _size(self) -> int:
        return max(self.tables.heads.rows, default=0)

    def tail(self, scope: Scope, most: int) -> tuple[int, datetime | None]:
        size = self._size()
        times = [row.at for row in self._those(size, size + most)]
        return len(times), min(times, default=None)

    def unsealed(self, scope: Scope, most: int) -> Iterator[bytes]:
        size = self._size()
        return (row.canonical() for row in self._those(size, size + most))

    def settle(self, scope: Scope, most: int) -> Iterator[bytes]:
        return self.unsealed(scope, most)

    def seal(self, scope: Scope, head: Sealed, tiles: Iterable[tuple[int, int, bytes]]) -> None:
        for level, number, hashes in tiles:
            place = (level, number)
            if place in self.tables.tiles.rows:
                self.tables.tiles.replace(self.undo, place, hashes)
            else:
                self.tables.tiles.insert(self.undo, place, hashes)
        self.tables.heads.insert(self.undo, head.size, head)

    def tile(self, scope: Scope, level: int, number: int) -> bytes:
        return self.tables.tiles.get((level, number)) or b""

    def head(self, scope: Scope) -> Sealed | None:
        return self.tables.heads.get(self._size())

    def heads(self, scope: Scope, after: int, most: int) -> Sequence[Sealed]:
        rows = self.tables.heads.rows
        return [rows[size] for size in sorted(rows) if size > after][:most]

    def covered(self, scope: Scope, size: int) -> Iterator[LoggedEntry]:
        before = max((each for each in self.tables.heads.rows if each < size), default=0)
        return self._those(before, size)

    def find(self, scope: Scope, entry: int) -> LoggedEntry | None:
        return self.tables.audit.get(entry)

    def position(self, scope: Scope, entry: int) -> int | None:
        sealed = islice(self.tables.audit.rows, self._size())
        return next((at for at, id_ in enumerate(sealed) if id_ == entry), None)

    def cosign(self, scope: Scope, size: int, signature: Signature) -> None:
        place = (size, signature.name)
        if place not in self.tables.cosignatures.rows:
            self.tables.cosignatures.insert(self.undo, place, signature)

    def cosignatures(self, scope: Scope, size: int) -> Sequence[Signature]:
        rows = self.tables.cosignatures.rows
        return [rows[place] for place in sorted(rows) if place[0] == size]

    def seen_by(self, scope: Scope, witness: str = "") -> int:
        sizes = (size for size, name in self.tables.cosignatures.rows if witness in {name, ""})
        return max(sizes, default=0)


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

    def lease(self, scope: Scope, now: datetime, until: datetime, most: int) -> MessageSet | None:
        sets = self.tables.message_sets
        for over in [each for each in sets if each.until <= now]:
            sets.delete(self.undo, over.id)
        held = self._held()
        waiting = [
            row for row in self.tables.messages
            if row.state is MessageState.WAITING and row.due <= now and row.id not in held
        ]  # fmt: skip
        taken = sorted(waiting, key=lambda row: (row.due, row.id))[:most]
        if not taken:
            return None
        oldest = sorted(taken, key=lambda row: (row.created, row.id))
        made = MessageSet(id=oldest[0].id, until=until, messages=oldest)
        sets.insert(self.undo, made.id, made)
        return made

    def end(
        self,
        scope: Scope,
        taken: MessageSet,
        ways: Mapping[tuple[MessageState, datetime], Collection[int]],
    ) -> int:
        kept = self.tables.message_sets.get(taken.id)
        if kept is None or kept.until != taken.until:
            return 0
        self.tables.message_sets.delete(self.undo, taken.id)
        return sum(
            self._ended(id_, state, due) for (state, due), ids in ways.items() for id_ in ids
        )

    def next_due(self, scope: Scope) -> datetime | None:
        held = self._held()
        waiting = [row for row in self.tables.messages if row.state is MessageState.WAITING]
        return min((held.get(row.id, row.due) for row in waiting), default=None)

    def _held(self) -> Mapping[int, datetime]:
        """Return the messages that somebody has in hands, and until when."""
        sets = self.tables.message_sets
        return {message.id: each.until for each in sets for message in each.messages}

    def _ended(self, id_: int, state: MessageState, due: datetime) -> bool:
        row = self.tables.messages.get(id_)
        if row is None or row.state is not MessageState.WAITING:
            return False
        after = evolve(row, state=state, due=due, attempts=row.attempts + 1)
        self.tables.messages.replace(self.undo, id_, after)
        return True

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Message]:
        rows = [row for row in self.tables.messages if row.person == person]
        return sorted(rows, key=lambda row: row.id)
