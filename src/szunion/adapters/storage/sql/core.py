"""Know how the audit trail and messages to people are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.domain.access import Purpose, Role, Scope
from szunion.domain.audit import AuditEntry, Checkpoint, Frontier, LoggedEntry
from szunion.domain.messages import Message, MessageState
from szunion.domain.values import OrganisationId, PersonId, shard_of
from szunion.ports.system import Ids

_HASH = 32
_ROLES = {role.value: role for role in Role}
_PURPOSES = {purpose.value: purpose for purpose in Purpose}


def _logged(row: Row) -> LoggedEntry:
    id_, person, at, actor, role, node, purpose, action, subject, before, after, reason = row
    return LoggedEntry(
        id=id_, at=moment(at), actor=actor, role=_ROLES[role],
        node=OrganisationId(node) if node else None, purpose=_PURPOSES[purpose],
        entry=AuditEntry(
            action=action, subject=subject, person=PersonId(person),
            before=before, after=after, reason=reason,
        ),
    )  # fmt: skip


def _checkpoint(row: Row) -> Checkpoint:
    size, at, origin, edge, signer, signature = row
    hashes = tuple(edge[start : start + _HASH] for start in range(0, len(edge), _HASH))
    return Checkpoint(
        origin=origin, at=moment(at), frontier=Frontier(size, hashes),
        signer=signer, signature=signature,
    )  # fmt: skip


@frozen
class SqlAuditTrail:
    """The audit log in SQL; the order of commits is the order of ``place``."""

    session: Session
    ids: Ids
    now: datetime

    def add(self, scope: Scope, entry: AuditEntry) -> None:
        self.add_many(scope, (entry,))

    def add_many(self, scope: Scope, entries: Iterable[AuditEntry]) -> None:
        who, at, new = scope.principal, micros(self.now), self.ids.new
        head = (at, who.id, who.role.value, who.organisation or 0, who.purpose.value)
        self.session.many(
            "audit.add",
            (
                (
                    shard := shard_of(entry.person or entry.subject), new(shard), entry.person,
                    *head, entry.action, entry.subject, entry.before, entry.after, entry.reason,
                )
                for entry in entries
            ),
        )  # fmt: skip

    def add_each(self, entries: Iterable[tuple[Scope, AuditEntry]]) -> None:
        at, new = micros(self.now), self.ids.new
        self.session.many(
            "audit.add",
            (
                (
                    shard := shard_of(entry.person or entry.subject), new(shard), entry.person,
                    at, (who := scope.principal).id, who.role.value, who.organisation or 0,
                    who.purpose.value, entry.action, entry.subject, entry.before, entry.after,
                    entry.reason,
                )
                for scope, entry in entries
            ),
        )  # fmt: skip

    def of_person(self, scope: Scope, person: PersonId) -> Iterator[LoggedEntry]:
        rows = self.session.stream("audit.of_person", {"shard": shard_of(person), "person": person})
        return map(_logged, rows)

    def unsealed(self, scope: Scope, most: int) -> Sequence[LoggedEntry]:
        return [_logged(row) for row in self.session.all("audit.unsealed", {"most": most})]

    def seal(
        self,
        scope: Scope,
        entries: Sequence[LoggedEntry],
        leaves: Sequence[bytes],
        checkpoint: Checkpoint,
    ) -> None:
        self.session.do("audit.settle", {"most": len(entries)})
        places = [place for (place,) in self.session.all("audit.places", {"most": len(entries)})]
        start = checkpoint.size - len(leaves)
        self.session.many(
            "audit.add_leaf", zip(range(start, checkpoint.size), places, leaves, strict=True)
        )
        self.session.do(
            "audit.add_checkpoint",
            {
                "size": checkpoint.size, "last": places[-1], "at": micros(checkpoint.at),
                "origin": checkpoint.origin, "edge": b"".join(checkpoint.frontier.edge),
                "signer": checkpoint.signer, "signature": checkpoint.signature,
            },
        )  # fmt: skip

    def last_checkpoint(self, scope: Scope) -> Checkpoint | None:
        row = self.session.one("audit.last_checkpoint")
        return None if row is None else _checkpoint(row)

    def checkpoints(self, scope: Scope) -> Iterator[Checkpoint]:
        return map(_checkpoint, self.session.stream("audit.checkpoints"))

    def sealed(self, scope: Scope, start: int = 0) -> Iterator[LoggedEntry]:
        return map(_logged, self.session.stream("audit.sealed", {"start": start}))


def _message(row: Row) -> Message:
    id_, person, template, fields, created, due, attempts, state = row
    return Message(
        id=id_, person=PersonId(person), template=template, fields=json.loads(fields),
        created=moment(created), due=moment(due), attempts=attempts, state=MessageState(state),
    )  # fmt: skip


@frozen
class SqlMessages:
    """Messages to people in SQL."""

    session: Session
    ids: Ids
    now: datetime

    def add(self, scope: Scope, person: PersonId, template: str, fields: Mapping[str, str]) -> None:
        self.add_many(scope, ((person, template, fields),))

    def add_many(
        self, scope: Scope, told: Iterable[tuple[PersonId, str, Mapping[str, str]]]
    ) -> None:
        at, new = micros(self.now), self.ids.new
        rows = []
        last: Mapping[str, str] | None = None
        words = ""
        for person, template, fields in told:
            shard = shard_of(person)
            if fields is not last:  # a crowd is told the same
                last = fields
                words = json.dumps(dict(fields), ensure_ascii=False, sort_keys=True)
            rows.append((shard, new(shard), person, template, words, at, at))
        self.session.many("message.add", rows)

    def due(self, scope: Scope, now: datetime, most: int) -> Sequence[Message]:
        rows = self.session.all("message.due", {"now": micros(now), "most": most})
        return [_message(row) for row in rows]

    def put(self, scope: Scope, message: Message) -> None:
        self.session.do(
            "message.put",
            {
                "shard": shard_of(message.id), "id": message.id, "due": micros(message.due),
                "attempts": message.attempts, "state": message.state.value,
            },
        )  # fmt: skip

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Message]:
        rows = self.session.all("message.of_person", {"shard": shard_of(person), "person": person})
        return [_message(row) for row in rows]
