"""Know how dispatches to the bank are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.domain.access import Scope
from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
from szunion.domain.values import RequestKey, shard_of
from szunion.ports.storage.races import lost_of_versions


def _dispatch(row: Row) -> Dispatch:
    (
        id_, kind, key, digest, subject, aggregate, sequence, created, due, state, attempts,
        faults, sent, lease_until, worker, outcome, version,
    ) = row  # fmt: skip
    return Dispatch(
        id=id_, kind=DispatchKind(kind), key=RequestKey(key), digest=digest, subject=subject,
        aggregate=aggregate, sequence=sequence, created=moment(created), due=moment(due),
        state=DispatchState(state), attempts=attempts, faults=faults, sent=maybe_moment(sent),
        lease_until=maybe_moment(lease_until), worker=worker, outcome=outcome, version=version,
    )  # fmt: skip


def _row(dispatch: Dispatch) -> tuple[object, ...]:
    """Return the columns of a new one."""
    return (
        shard_of(dispatch.id), dispatch.id, dispatch.kind.value, dispatch.key.text,
        dispatch.digest, dispatch.subject, dispatch.aggregate, dispatch.sequence,
        micros(dispatch.created), micros(dispatch.due), dispatch.state.value, dispatch.attempts,
        dispatch.faults, maybe_micros(dispatch.sent), maybe_micros(dispatch.lease_until),
        dispatch.worker, dispatch.outcome,
    )  # fmt: skip


def _name(dispatch: Dispatch) -> tuple[object, ...]:
    """Return by what name, and where, the bank's answer finds it."""
    return dispatch.key.text, shard_of(dispatch.id), dispatch.id


def _moving(dispatch: Dispatch) -> dict[str, object]:
    return {
        "shard": shard_of(dispatch.id), "id": dispatch.id, "digest": dispatch.digest,
        "due": micros(dispatch.due),
        "state": dispatch.state.value, "attempts": dispatch.attempts, "faults": dispatch.faults,
        "sent": maybe_micros(dispatch.sent), "lease_until": maybe_micros(dispatch.lease_until),
        "worker": dispatch.worker, "outcome": dispatch.outcome,
    }  # fmt: skip


@frozen
class SqlOutbox:
    """The outbox in SQL: a lease is an update that passes over what others are leasing."""

    session: Session

    def add(self, scope: Scope, dispatch: Dispatch) -> None:
        self.session.add("outbox.add", _row(dispatch))
        self.session.add("outbox.add_name", _name(dispatch))

    def add_many(self, scope: Scope, dispatches: Iterable[Dispatch]) -> None:
        queued = list(dispatches)
        if len(queued) == 1:  # it is told together with whatever else the unit writes
            self.add(scope, queued[0])
        else:
            self.session.send("outbox.add", map(_row, queued))
            self.session.send("outbox.add_name", map(_name, queued))

    def next_sequence(self, scope: Scope, aggregate: int) -> int:
        where = {"shard": shard_of(aggregate), "aggregate": aggregate}
        row = self.session.one("outbox.next_sequence", where)
        return 1 if row is None else int(row[0])

    def take(
        self, scope: Scope, worker: str, now: datetime, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        return self._leased("outbox.take", worker, now, until, most)

    def take_unknown(
        self, scope: Scope, worker: str, now: datetime, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        return self._leased("outbox.take_unknown", worker, now, until, most)

    def _leased(
        self, name: str, worker: str, now: datetime, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        which = {"now": micros(now), "until": micros(until), "worker": worker, "most": most}
        # What a statement has changed comes back in any order.
        found = [_dispatch(row) for row in self.session.all(name, which)]
        return sorted(found, key=lambda each: (each.due, each.id))

    def lost(self, scope: Scope, now: datetime, most: int) -> Sequence[Dispatch]:
        rows = self.session.all("outbox.lost", {"now": micros(now), "most": most})
        return [_dispatch(row) for row in rows]

    def get(self, scope: Scope, id_: int) -> Dispatch | None:
        row = self.session.one("outbox.get", {"shard": shard_of(id_), "id": id_})
        return None if row is None else _dispatch(row)

    def many(self, scope: Scope, ids: Iterable[int]) -> Sequence[Dispatch]:
        rows = self.session.all("outbox.many", {"ids": json.dumps(sorted(ids))})
        return [_dispatch(row) for row in rows]

    def by_key(self, scope: Scope, key: RequestKey) -> Dispatch | None:
        row = self.session.one("outbox.place_of_key", {"key": key.text})
        return None if row is None else self.get(scope, row[0])

    def of(self, scope: Scope, aggregate: int) -> Sequence[Dispatch]:
        where = {"shard": shard_of(aggregate), "aggregate": aggregate}
        return [_dispatch(row) for row in self.session.all("outbox.of", where)]

    def put(self, scope: Scope, dispatch: Dispatch) -> None:
        row = _moving(dispatch) | {"version": dispatch.version}
        self.session.put("outbox.put", row, "outbox")

    def put_many(self, scope: Scope, dispatches: Iterable[Dispatch]) -> None:
        put = list(dispatches)
        rows = [_moving(each) | {"version": each.version} for each in put]
        if self.session.many("outbox.put", rows) != len(rows):
            there = {each.id: each for each in self.many(scope, [each.id for each in put])}
            raise lost_of_versions("outbox", put, there)

    def listed(
        self, scope: Scope, states: Iterable[DispatchState], *, after: int = 0, most: int = 200
    ) -> Sequence[Dispatch]:
        words = json.dumps([state.value for state in states])
        rows = self.session.all("outbox.listed", {"states": words, "after": after, "most": most})
        return [_dispatch(row) for row in rows]

    def next_due(self, scope: Scope) -> datetime | None:
        row = self.session.one("outbox.next_due")
        return None if row is None else maybe_moment(row[0])
