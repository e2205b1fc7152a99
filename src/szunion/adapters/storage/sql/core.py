"""Know how the audit trail and messages to people are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import starmap
from operator import itemgetter
from typing import TypeVar

from attrs import frozen

from szunion.adapters.storage.sql.columns import Same, column
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_moment, micros, moment
from szunion.domain.access import Purpose, Role, Scope
from szunion.domain.audit import (
    AuditEntry,
    AuditStep,
    LoggedEntry,
    Sealed,
    Touching,
    canonical,
    committed_text,
)
from szunion.domain.messages import Message, MessageSet, MessageState
from szunion.domain.readable import check_readable
from szunion.domain.signed_notes import Signature
from szunion.domain.values import OrganisationId, PersonId, of_columns, shard_of
from szunion.ports.system import Ids

T = TypeVar("T")
_HASH = 32
_SETTLING = 1 << 62
"""The place of entries whose order among themselves is not settled: after all that have one."""
_ROLES = {role.value: role for role in Role}
_PURPOSES = {purpose.value: purpose for purpose in Purpose}


def _logged(row: Row) -> LoggedEntry:
    id_, person, at, actor, role, node, purpose, action, subject, *said, reason, committed = row
    before, after = said
    return LoggedEntry(
        id=id_, at=moment(at), actor=actor, role=_ROLES[role],
        node=OrganisationId(node) if node else None, purpose=_PURPOSES[purpose],
        entry=AuditEntry(
            action=action, subject=subject, person=PersonId(person),
            before=before, after=after, reason=reason,
            committed=json.loads(committed) if committed else {},
        ),
    )  # fmt: skip


def _value(of: Role | Purpose | MessageState) -> str:
    value: str = of.value
    return value


def _sealed(row: Row) -> Sealed:
    size, at, origin, edge, key_id, signature = row
    hashes = tuple(edge[start : start + _HASH] for start in range(0, len(edge), _HASH))
    return Sealed(
        origin=origin, at=moment(at), size=size, edge=hashes,
        signature=Signature(name=origin, id=key_id, data=signature),
    )  # fmt: skip


@frozen
class SqlAuditTrail:
    """The audit log in SQL; the order of commits is the order of ``place``."""

    session: Session
    ids: Ids
    now: datetime

    def add(self, scope: Scope, entry: AuditEntry) -> None:
        (row,) = self._rows([(scope, entry)])
        self.session.add("audit.add", row)

    def add_many(self, scope: Scope, entries: Iterable[AuditEntry]) -> None:
        self.add_each((scope, entry) for entry in entries)

    def add_each(self, entries: Iterable[tuple[Scope, AuditEntry]]) -> None:
        self.session.send("audit.add", self._rows(list(entries)))

    def _rows(self, entries: Sequence[tuple[Scope, AuditEntry]]) -> Iterator[tuple[object, ...]]:
        """Yield the entries' columns: who, as what and what for come from the scopes."""
        shards = [shard_of(entry.person or entry.subject) for _, entry in entries]
        at, ids = micros(self.now), self.ids.many(shards)
        for shard, id_, (scope, entry) in zip(shards, ids, entries, strict=True):
            who = scope.principal
            check_readable(entry.reason, entry.before, entry.after)
            yield (
                shard, id_, entry.person, at, who.id, who.role.value,
                who.organisation or 0, who.purpose.value, entry.action, entry.subject,
                entry.before, entry.after, entry.reason, committed_text(entry.committed),
            )  # fmt: skip

    def add_step(self, scopes: Sequence[Scope], step: AuditStep) -> None:
        shards = [
            shard_of(person or subject)
            for person, subject in zip(step.people, step.subjects, strict=True)
        ]
        who = [scope.principal for scope in scopes]
        self.session.columns(
            "audit.add",
            (
                shards, self.ids.many(shards), step.people, Same(micros(self.now)),
                [each.id for each in who], column([each.role for each in who], _value),
                column([each.organisation for each in who], lambda node: node or 0),
                column([each.purpose for each in who], _value), Same(step.action), step.subjects,
                Same(step.before), Same(step.after), Same(""), Same(committed_text({})),
            ),
        )  # fmt: skip

    def of_person(self, scope: Scope, person: PersonId) -> Iterator[LoggedEntry]:
        rows = self.session.stream("audit.of_person", {"shard": shard_of(person), "person": person})
        return map(_logged, rows)

    def touched(
        self, scope: Scope, by: Touching, after: int, most: int
    ) -> Sequence[tuple[int, LoggedEntry]]:
        rows = self.session.all(
            "audit.touched",
            {
                "actor": by.actor, "since": micros(by.since), "until": micros(by.until),
                "after": after, "most": most,
            },
        )  # fmt: skip
        if len(rows) < most and after < _SETTLING:
            rows += self.session.all(
                "audit.touched_lately",
                {"actor": by.actor, "since": micros(by.since), "until": micros(by.until)},
            )
        return [(place or _SETTLING, _logged(tuple(row))) for place, *row in rows]

    def tail(self, scope: Scope, most: int) -> tuple[int, datetime | None]:
        row = self.session.one("audit.tail", {"most": most})
        count, oldest = row or (0, None)
        return count, maybe_moment(oldest)

    def unsealed(self, scope: Scope, most: int) -> Iterator[bytes]:
        return starmap(canonical, self.session.stream("audit.unsealed", {"most": most}))

    def settle(self, scope: Scope, most: int) -> Iterator[bytes]:
        self.session.do("audit.alone")
        self.session.do("audit.settle", {"most": most})
        return starmap(canonical, self.session.stream("audit.settled", {"most": most}))

    def seal(self, scope: Scope, head: Sealed, tiles: Iterable[tuple[int, int, bytes]]) -> None:
        before = self.head(scope)
        count = head.size - (before.size if before else 0)
        row = self.session.one("audit.last_of", {"most": count})
        self.session.many("audit.put_tile", tiles)
        self.session.do(
            "audit.add_head",
            {
                "size": head.size, "last": row[0] if row else None, "at": micros(head.at),
                "origin": head.origin, "edge": b"".join(head.edge),
                "key_id": head.signature.id, "signature": head.signature.data,
            },
        )  # fmt: skip

    def tile(self, scope: Scope, level: int, number: int) -> bytes:
        row = self.session.one("audit.tile", {"level": level, "number": number})
        return row[0] if row else b""

    def head(self, scope: Scope) -> Sealed | None:
        row = self.session.one("audit.head")
        return None if row is None else _sealed(row)

    def heads(self, scope: Scope, after: int, most: int) -> Sequence[Sealed]:
        rows = self.session.all("audit.heads", {"after": after, "most": most})
        return [_sealed(row) for row in rows]

    def covered(self, scope: Scope, size: int) -> Iterator[LoggedEntry]:
        return map(_logged, self.session.stream("audit.covered", {"size": size}))

    def find(self, scope: Scope, entry: int) -> LoggedEntry | None:
        row = self.session.one("audit.find", {"shard": shard_of(entry), "entry": entry})
        return None if row is None else _logged(row)

    def position(self, scope: Scope, entry: int) -> int | None:
        row = self.session.one("audit.position", {"shard": shard_of(entry), "entry": entry})
        return None if row is None else row[0] + row[2]

    def cosign(self, scope: Scope, size: int, signature: Signature) -> None:
        self.session.do(
            "audit.add_cosignature",
            {
                "size": size, "witness": signature.name, "key_id": signature.id,
                "signature": signature.data,
            },
        )  # fmt: skip

    def cosignatures(self, scope: Scope, size: int) -> Sequence[Signature]:
        rows = self.session.all("audit.cosignatures", {"size": size})
        return [Signature(name=name, id=id_, data=data) for name, id_, data in rows]

    def seen_by(self, scope: Scope, witness: str = "") -> int:
        row = self.session.one("audit.seen_by", {"witness": witness})
        return (row and row[0]) or 0


_AS_WRITTEN = itemgetter(4, 0)
"""A message's moment, and its id."""


def _messages(rows: Sequence[Row]) -> list[Message]:
    """Return messages; what a crowd is told, and when, is read once."""
    if not rows:
        return []
    ids, people, templates, words, created, due, attempts, states = zip(*rows, strict=True)
    return of_columns(
        Message, ids, people, templates, _each(words, json.loads), _each(created, moment),
        _each(due, moment), attempts, _each(states, MessageState),
    )  # fmt: skip


def _each(column: Sequence[T], made: Callable[[T], object]) -> list[object]:
    """Return what is *made* of each cell; of cells that are the same it is made once."""
    return list(map({cell: made(cell) for cell in set(column)}.__getitem__, column))


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
        listed = list(told)
        people = [person for person, _, _ in listed]
        shards = list(map(shard_of, people))
        at, ids = micros(self.now), self.ids.many(shards)
        words: list[str] = []
        last: Mapping[str, str] | None = None
        said = ""
        for _, _, fields in listed:
            if fields is not last:  # a crowd is told the same
                last = fields
                said = json.dumps(dict(fields), ensure_ascii=False, sort_keys=True)
            words.append(said)
        if len(listed) == 1:
            self.session.add("message.add", (*shards, *ids, *people, listed[0][1], said, at, at))
        elif listed:
            templates = column([template for _, template, _ in listed], str)
            self.session.columns(
                "message.add",
                (shards, ids, people, templates, column(words, str), Same(at), Same(at)),
            )

    def lease(self, scope: Scope, now: datetime, until: datetime, most: int) -> MessageSet | None:
        self.session.do("message.alone")
        at = micros(now)
        ends, held = self._held(after=at)
        if any(end <= at for end in ends):
            self.session.do("message.let_go", {"now": at})
        rows = self.session.all("message.free", {"now": at, "held": held, "most": most})
        if not rows:
            return None
        rows.sort(key=_AS_WRITTEN)
        taken = MessageSet(id=rows[0][0], until=until, messages=_messages(rows))
        ids = ", ".join([str(row[0]) for row in rows])
        self.session.add(
            "message.hold", {"set": taken.id, "until": micros(until), "ids": f"[{ids}]"}
        )
        return taken

    def end(
        self,
        scope: Scope,
        taken: MessageSet,
        ways: Mapping[tuple[MessageState, datetime], Collection[int]],
    ) -> int:
        which = {"set": taken.id, "until": micros(taken.until)}
        if not self.session.do("message.give_back", which):
            return 0
        ended = [id_ for ids in ways.values() for id_ in ids]
        if not ended:
            return 0
        whose = {each.id: each.person for each in taken.messages}
        each_way = [way for way, ids in ways.items() for _ in ids]
        return self.session.columns(
            "message.end",
            (
                column([due for _, due in each_way], micros),
                column([state for state, _ in each_way], _value), list(map(shard_of, ended)),
                list(map(whose.__getitem__, ended)), ended,
            ),
        )  # fmt: skip

    def next_due(self, scope: Scope) -> datetime | None:
        ends, held = self._held()
        row = self.session.one("message.next_due", {"held": held})
        return maybe_moment(min(ends if row is None else [*ends, row[0]], default=None))

    def _held(self, after: int = 0) -> tuple[list[int], str]:
        """Return when each set's lease ends, and what is in hands *after* a moment, as JSON."""
        sets = self.session.all("message.held")
        ids = ", ".join([held[1:-1] for until, held in sets if until > after])  # none is empty
        return [until for until, _ in sets], f"[{ids}]"

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Message]:
        rows = self.session.all("message.of_person", {"shard": shard_of(person), "person": person})
        return _messages(rows)
