"""Know how sign-ups for what is joined together, and their lists, are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.adapters.storage.sql.within import paths
from szunion.domain.access import Scope
from szunion.domain.joinings import Joining, JoiningState
from szunion.domain.values import OrganisationId, PersonId, shard_of


def _joining(row: Row) -> Joining:
    (
        id_, union, item, first, last, session, place, number, asked, asked_by, decided_by, state,
        reason, came, changed, version,
    ) = row  # fmt: skip
    return Joining(
        id=id_, organisation=OrganisationId(union), item=item, first=date.fromisoformat(first),
        last=date.fromisoformat(last), session=session, place=place, number=number,
        asked=moment(asked), asked_by=asked_by, decided_by=decided_by, state=JoiningState(state),
        reason=reason, came=came, changed=moment(changed), version=version,
    )  # fmt: skip


def _moving(each: Joining) -> dict[str, object]:
    return {
        "id": each.id, "first": each.first.isoformat(), "last": each.last.isoformat(),
        "session": each.session, "number": each.number, "decided_by": each.decided_by,
        "state": each.state.value, "reason": each.reason, "came": each.came,
        "changed": micros(each.changed),
    }  # fmt: skip


@frozen
class SqlJoinings:
    """Sign-ups of unions, in SQL."""

    session: Session

    def add(self, scope: Scope, joining: Joining) -> None:
        fixed = {
            "union": joining.organisation, "item": joining.item, "place": joining.place,
            "asked": micros(joining.asked), "asked_by": joining.asked_by,
        }  # fmt: skip
        self.session.do("joining.add", _moving(joining) | fixed)

    def get(self, scope: Scope, joining: int) -> Joining | None:
        row = self.session.one("joining.get", {"id": joining, **paths(scope)})
        return None if row is None else _joining(row)

    def listed(
        self,
        scope: Scope,
        states: Iterable[JoiningState],
        *,
        items: Collection[str] | None,
        most: int,
    ) -> Sequence[Joining]:
        wanted = json.dumps(sorted(state.value for state in states))
        where = {"states": wanted, "most": most, **paths(scope)}
        if items is None:
            rows = self.session.all("joining.listed", where)
        else:
            where["items"] = json.dumps(sorted(items))
            rows = self.session.all("joining.listed_of_items", where)
        return [_joining(row) for row in rows]

    def put(self, scope: Scope, joining: Joining) -> None:
        row = _moving(joining) | {"version": joining.version}
        self.session.put("joining.put", row, "joining")

    def people(self, scope: Scope, joining: int) -> Mapping[PersonId, bool]:
        rows = self.session.all("joining.people", {"id": joining, **paths(scope)})
        return {PersonId(person): bool(came) for person, came in rows}

    def put_people(self, scope: Scope, joining: Joining, people: Mapping[PersonId, bool]) -> None:
        self.session.do("joining.clear", {"id": joining.id})
        self.session.many(
            "joining.enlist",
            [
                (shard_of(person), joining.id, person, joining.organisation, int(came))
                for person, came in people.items()
            ],
        )

    def of_person(self, scope: Scope, person: PersonId) -> Mapping[int, bool]:
        if not scope.whole_city and scope.only_person != person:
            return {}
        rows = self.session.all(
            "joining.of_person", {"shard": shard_of(person), "person": person}
        )  # fmt: skip
        return {joining: bool(came) for joining, came in rows}

    def past(self, scope: Scope, day: date, most: int) -> Sequence[Joining]:
        where = {"day": day.isoformat(), "most": most}
        return [_joining(row) for row in self.session.all("joining.past", where)]

    def move_open(
        self, scope: Scope, source: OrganisationId, target: OrganisationId
    ) -> Sequence[int]:
        moved = self.session.all("joining.open_at", {"source": source})
        for name in ("joining.move_open", "joining.move_lists"):
            self.session.do(name, {"source": source, "target": target})
        return [id_ for (id_,) in moved]
