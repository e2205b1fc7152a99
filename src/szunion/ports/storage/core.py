"""Know the repositories that every change uses: the audit trail and messages to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry, Checkpoint, LoggedEntry
from szunion.domain.messages import Message
from szunion.domain.values import PersonId


class AuditTrail(Protocol):
    """The audit log: written with the change, ordered and sealed afterwards."""

    def add(self, scope: Scope, entry: AuditEntry) -> None:
        """Write one entry; who, as what and what for come from *scope*."""
        ...

    def add_many(self, scope: Scope, entries: Iterable[AuditEntry]) -> None:
        """Write many: the bulk path."""
        ...

    def add_each(self, entries: Iterable[tuple[Scope, AuditEntry]]) -> None:
        """Write entries of many principals at once, each with its own scope: the bulk path."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Iterator[LoggedEntry]:
        """Yield what was written of one person, in order: the timeline."""
        ...

    def unsealed(self, scope: Scope, most: int) -> Sequence[LoggedEntry]:
        """Return the next entries after the last seal, in the order of their commits."""
        ...

    def seal(
        self,
        scope: Scope,
        entries: Sequence[LoggedEntry],
        leaves: Sequence[bytes],
        checkpoint: Checkpoint,
    ) -> None:
        """Give *entries* their places in the tree and keep the signed *checkpoint*."""
        ...

    def last_checkpoint(self, scope: Scope) -> Checkpoint | None:
        """Return the newest checkpoint."""
        ...

    def checkpoints(self, scope: Scope) -> Iterator[Checkpoint]:
        """Yield all checkpoints, oldest first."""
        ...

    def sealed(self, scope: Scope, start: int = 0) -> Iterator[LoggedEntry]:
        """Yield the sealed entries from place *start* on, in the order of the tree."""
        ...


class Messages(Protocol):
    """What people are told; written with the change, delivered afterwards."""

    def add(self, scope: Scope, person: PersonId, template: str, fields: Mapping[str, str]) -> None:
        """Put a message for *person* into the queue; *template* names a bilingual text."""
        ...

    def add_many(
        self, scope: Scope, told: Iterable[tuple[PersonId, str, Mapping[str, str]]]
    ) -> None:
        """Put ``(person, template, fields)`` into the queue: the bulk path."""
        ...

    def due(self, scope: Scope, now: datetime, most: int) -> Sequence[Message]:
        """Return messages that wait to be delivered."""
        ...

    def put(self, scope: Scope, message: Message) -> None:
        """Keep what became of a message."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Message]:
        """Return what one person was told, oldest first."""
        ...
