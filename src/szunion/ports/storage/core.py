"""Know the repositories that every change uses: the audit trail and messages to people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry, AuditStep, LoggedEntry, Sealed, Touching
from szunion.domain.messages import Message, MessageSet, MessageState
from szunion.domain.signed_notes import Signature
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

    def add_step(self, scopes: Sequence[Scope], step: AuditStep) -> None:
        """Write one entry for each thing of *step*, of the principal of its own scope.

        There is at least one. What it writes is what :meth:`add_each` would: for crowds.
        """
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Iterator[LoggedEntry]:
        """Yield what was written of one person, in order: the timeline."""
        ...

    def touched(
        self, scope: Scope, by: Touching, after: int, most: int
    ) -> Sequence[tuple[int, LoggedEntry]]:
        """Return the next entries of one login after a place (0: the first), each with its own."""
        ...

    # --- the tree ------------------------------------------------------------------------------

    def tail(self, scope: Scope, most: int) -> tuple[int, datetime | None]:
        """Return how many entries are not sealed (at most *most*), and when the oldest was."""
        ...

    def unsealed(self, scope: Scope, most: int) -> Iterator[bytes]:
        """Yield the next entries after the last seal, canonical, in the order of their commits."""
        ...

    def settle(self, scope: Scope, most: int) -> Iterator[bytes]:
        """Yield them, their order settled for good; no other sealer comes in until it commits."""
        ...

    def seal(self, scope: Scope, head: Sealed, tiles: Iterable[tuple[int, int, bytes]]) -> None:
        """Keep a new head and the tiles (level, number, hashes) that came with it."""
        ...

    def tile(self, scope: Scope, level: int, number: int) -> bytes:
        """Return a tile's hashes side by side; none: it is not there."""
        ...

    def head(self, scope: Scope) -> Sealed | None:
        """Return the newest head; None: nothing is sealed."""
        ...

    def heads(self, scope: Scope, after: int, most: int) -> Sequence[Sealed]:
        """Return the next heads whose size is more than *after*, oldest first."""
        ...

    def covered(self, scope: Scope, size: int) -> Iterator[LoggedEntry]:
        """Yield the entries that the head of *size* was the first to cover, in order."""
        ...

    def find(self, scope: Scope, entry: int) -> LoggedEntry | None:
        """Return the entry of an id."""
        ...

    def position(self, scope: Scope, entry: int) -> int | None:
        """Return the place of an entry in the tree, from 0; None: not there, or not sealed."""
        ...

    def cosign(self, scope: Scope, size: int, signature: Signature) -> None:
        """Keep that a witness signed the checkpoint of *size*; the first word stays."""
        ...

    def cosignatures(self, scope: Scope, size: int) -> Sequence[Signature]:
        """Return who signed the checkpoint of *size*, by name."""
        ...

    def seen_by(self, scope: Scope, witness: str = "") -> int:
        """Return the largest size that a witness (empty: any) signed; 0: none."""
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

    def lease(self, scope: Scope, now: datetime, until: datetime, most: int) -> MessageSet | None:
        """Take the messages that have been due longest, for one caller alone until then.

        They are returned oldest first, and stay as they are; None: there are none. What a caller
        who died had taken is found by the next, once *until* has passed. Who takes a set at the
        same time gets another one.
        """
        ...

    def end(
        self,
        scope: Scope,
        taken: MessageSet,
        ways: Mapping[tuple[MessageState, datetime], Collection[int]],
    ) -> int:
        """Give a set back, and keep what became of it; return how many messages were kept.

        A set whose time is over and which somebody has taken anew is theirs: nothing changes.

        Args:
            scope: In whose name.
            taken: The set.
            ways: What became of messages, and when those that still wait are due: which of them
                were handed over once more and went that way. Others of the set are due as before.
        """
        ...

    def next_due(self, scope: Scope) -> datetime | None:
        """Return when the next one that waits can be taken; None: none waits.

        What somebody holds can be taken when the time of the set is over.
        """
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Message]:
        """Return what one person was told, oldest first."""
        ...
