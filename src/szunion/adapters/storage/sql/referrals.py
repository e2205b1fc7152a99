"""Know how matters that the hotline passed on to unions are kept in SQL, what was said sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from attrs import evolve, frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_day, maybe_iso, micros, moment
from szunion.adapters.storage.sql.within import within
from szunion.domain.access import Scope
from szunion.domain.referrals import Referral
from szunion.domain.tickets import TicketState
from szunion.domain.values import OrganisationId, PersonId, shard_of
from szunion.ports.keys import Place, Vault

_TABLE = "referral"


def _bare(row: Row) -> Referral:
    """Return what a row says without what is sealed in it."""
    (
        id_, ticket, person, union, topic, made, clerk, handler, due, watch, raised, breaches,
        late, bounces, calls, state, changed, version,
    ) = row[:18]  # fmt: skip
    return Referral(
        id=id_, ticket=ticket, person=PersonId(person), organisation=OrganisationId(union),
        topic=topic, words="", made=moment(made), clerk=clerk, handler=handler,
        due=date.fromisoformat(due), watch=maybe_day(watch),
        raised=None if raised is None else OrganisationId(raised), breaches=breaches,
        late=bool(late), bounces=bounces, calls=calls, state=TicketState(state),
        changed=moment(changed), version=version,
    )  # fmt: skip


def _place(referral: int) -> Place:
    return Place(_TABLE, shard_of(referral), referral)


@frozen
class SqlReferrals:
    """Matters at unions, in SQL."""

    session: Session
    vault: Vault

    def _whole(self, row: Row) -> Referral:
        bare = _bare(row)
        told = json.loads(self.vault.open(_place(bare.id), row[18]))
        return evolve(
            bare, words=told["words"], answer=told["answer"], notes=tuple(told["notes"])
        )  # fmt: skip

    def _moving(self, each: Referral) -> dict[str, object]:
        return {
            "shard": shard_of(each.id), "id": each.id, "clerk": each.clerk,
            "handler": each.handler, "union": each.organisation, "due": each.due.isoformat(),
            "watch": maybe_iso(each.watch), "raised": each.raised, "breaches": each.breaches,
            "late": int(each.late), "bounces": each.bounces, "calls": each.calls,
            "state": each.state.value, "changed": micros(each.changed),
        }  # fmt: skip

    def _sealed(self, each: Referral) -> bytes:
        told = {"words": each.words, "answer": each.answer, "notes": each.notes}
        return self.vault.seal(_place(each.id), json.dumps(told, ensure_ascii=False).encode())

    def add(self, scope: Scope, referral: Referral) -> None:
        fixed = {
            "ticket": referral.ticket, "person": referral.person, "topic": referral.topic,
            "made": micros(referral.made), "sealed": self._sealed(referral),
        }  # fmt: skip
        self.session.do("referral.add", self._moving(referral) | fixed)

    def get(self, scope: Scope, referral: int) -> Referral | None:
        key = {"shard": shard_of(referral), "id": referral, **within(scope)}
        row = self.session.one("referral.get", key)
        return None if row is None else self._whole(row)

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Referral]:
        if not scope.whole_city and scope.only_person != person:
            return []
        where = {"shard": shard_of(person), "person": person}
        return [self._whole(row) for row in self.session.all("referral.of_person", where)]

    def listed(
        self, scope: Scope, states: Iterable[TicketState], *, late: bool, most: int
    ) -> Sequence[Referral]:
        wanted = json.dumps(sorted(state.value for state in states))
        where = {"states": wanted, "breaches": int(late), "most": most, **within(scope)}
        return [_bare(row) for row in self.session.all("referral.listed", where)]

    def due(self, scope: Scope, today: date, most: int) -> Sequence[Referral]:
        where = {"today": today.isoformat(), "most": most}
        return [_bare(row) for row in self.session.all("referral.due", where)]

    def move_open(
        self, scope: Scope, source: OrganisationId, target: OrganisationId
    ) -> Sequence[tuple[int, PersonId]]:
        moved = self.session.all("referral.open_at", {"source": source})
        self.session.do("referral.move_open", {"source": source, "target": target})
        return [(id_, PersonId(person)) for id_, person in moved]

    def over(self, scope: Scope, before: datetime, most: int) -> Sequence[tuple[int, PersonId]]:
        rows = self.session.all("referral.over", {"before": micros(before), "most": most})
        return [(id_, PersonId(person)) for id_, person in rows]

    def end_files(self, scope: Scope, referrals: Sequence[int]) -> None:
        self.session.many("referral.end_file", [(shard_of(id_), id_) for id_ in referrals])

    def put(self, scope: Scope, referral: Referral) -> None:
        row = {"sealed": self._sealed(referral), "version": referral.version}
        self.session.put("referral.put", self._moving(referral) | row, _TABLE)

    def note_breach(self, scope: Scope, referral: Referral) -> None:
        known = self._moving(referral)
        names = ("shard", "id", "watch", "raised", "breaches", "late", "changed")
        row = {name: known[name] for name in names} | {"version": referral.version}
        self.session.put("referral.note_breach", row, _TABLE)
