"""Know how memberships and affiliations are kept in SQL, each word of them for good."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from attrs import evolve, fields, frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import (
    maybe_day,
    maybe_iso,
    maybe_micros,
    maybe_moment,
    micros,
    moment,
)
from szunion.adapters.storage.sql.within import paths, within
from szunion.domain.access import Scope
from szunion.domain.affiliations import Affiliation, Rewritten
from szunion.domain.as_of import MemberOn, MembershipVersion
from szunion.domain.members import Membership, MembershipReason, MembershipState
from szunion.domain.organisations import OrganisationKind
from szunion.domain.values import (
    AffiliationId,
    MembershipId,
    OrganisationId,
    PersonId,
    shard_of,
)
from szunion.ports.storage.races import lost_race
from szunion.ports.system import Ids

_DAY = date.fromisoformat
_STATES = {state.value: state for state in MembershipState}
_REASONS = {reason.value: reason for reason in MembershipReason}
_OPEN = (MembershipState.APPLIED, MembershipState.ACTIVE, MembershipState.RETAINED)


#: The slots of a membership, in its order. A frozen value's own ``__init__`` looks each one up by
#: name, which costs a quarter of a look-up; what the database holds was checked when it went in.
(
    _set_id,
    _set_person,
    _set_state,
    _set_union,
    _set_applied,
    _set_since,
    _set_until,
    _set_reason,
    _set_survivor,
    _set_version,
) = [getattr(Membership, each.name).__set__ for each in fields(Membership)]


def membership_of(row: Row) -> Membership:
    """Map a row of the ten columns of a membership: the commonest look of all."""
    person, id_, state, union, applied, since, until, reason, survivor, version = row
    made = Membership.__new__(Membership)
    _set_id(made, id_)
    _set_person(made, person)
    _set_state(made, _STATES[state])
    _set_union(made, union)
    _set_applied(made, _DAY(applied))
    _set_since(made, None if since is None else _DAY(since))
    _set_until(made, None if until is None else _DAY(until))
    _set_reason(made, None if reason is None else _REASONS[reason])
    _set_survivor(made, survivor)
    _set_version(made, version)
    return made


def _affiliation(row: Row) -> Affiliation:
    id_, membership, person, organisation, since, until, recorded, superseded = row
    return Affiliation(
        id=AffiliationId(id_), membership=MembershipId(membership), person=PersonId(person),
        organisation=OrganisationId(organisation), since=date.fromisoformat(since),
        until=maybe_day(until), recorded=moment(recorded), superseded=maybe_moment(superseded),
    )  # fmt: skip


def _of(person: PersonId, scope: Scope) -> dict[str, object]:
    low, high = scope.path_range  # in one piece: half a microsecond of the commonest look of all
    return {
        "shard": shard_of(person), "person": person, "low": low, "high": high,
        "only": scope.only_person,
    }  # fmt: skip


@frozen
class SqlMembers:
    """Memberships and affiliations in SQL."""

    session: Session
    ids: Ids
    now: datetime

    def open_of(self, scope: Scope, person: PersonId) -> Membership | None:
        row = self.session.one("membership.open_of", _of(person, scope))
        return None if row is None else membership_of(row)

    def open_anywhere(self, scope: Scope, person: PersonId) -> Membership | None:
        row = self.session.one("membership.open_anywhere", _of(person, scope))
        return None if row is None else membership_of(row)

    def open_of_many(self, scope: Scope, persons: Iterable[PersonId]) -> Sequence[Membership]:
        wanted = json.dumps(list(persons))
        rows = self.session.all("membership.open_of_many", {"persons": wanted, **within(scope)})
        return [membership_of(row) for row in rows]

    def newest(self, scope: Scope, person: PersonId) -> Membership | None:
        episodes = self.episodes(scope, person)
        return episodes[-1] if episodes else None

    def episodes(self, scope: Scope, person: PersonId) -> Sequence[Membership]:
        rows = self.session.all("membership.episodes", _of(person, scope))
        return [membership_of(row) for row in rows]

    def add(self, scope: Scope, membership: Membership, on: date) -> None:
        self.session.do(
            "membership.add",
            (
                shard_of(membership.person), membership.person, membership.id,
                membership.state.value, membership.organisation, membership.applied.isoformat(),
                maybe_iso(membership.since), maybe_iso(membership.until),
                membership.reason.value if membership.reason else None, membership.survivor,
                membership.version, on.isoformat(), micros(self.now),
            ),
        )  # fmt: skip

    def put(self, scope: Scope, membership: Membership, on: date) -> None:
        key = {
            "shard": shard_of(membership.person), "person": membership.person,
            "id": membership.id, "version": membership.version,
        }  # fmt: skip
        self.session.do("membership.keep_past", key)
        self.session.put(
            "membership.put",
            {
                **key, "state": membership.state.value, "organisation": membership.organisation,
                "since": maybe_iso(membership.since), "until": maybe_iso(membership.until),
                "reason": membership.reason.value if membership.reason else None,
                "survivor": membership.survivor, "holds_from": on.isoformat(),
                "recorded": micros(self.now),
            },
            "membership",
        )  # fmt: skip

    def versions(self, scope: Scope, person: PersonId) -> Sequence[MembershipVersion]:
        return [
            MembershipVersion(
                membership=membership_of(row[:10]),
                holds_from=date.fromisoformat(row[10]),
                recorded=moment(row[11]),
            )
            for row in self.session.all("membership.versions", _of(person, scope))
        ]

    def affiliations(self, scope: Scope, person: PersonId) -> Sequence[Affiliation]:
        rows = self.session.all("affiliation.of_person", _of(person, scope))
        return [_affiliation(row) for row in rows]

    def affiliations_anywhere(self, scope: Scope, person: PersonId) -> Sequence[Affiliation]:
        key = {"shard": shard_of(person), "person": person}
        return [_affiliation(row) for row in self.session.all("affiliation.anywhere", key)]

    def add_affiliation(self, scope: Scope, affiliation: Affiliation) -> None:
        self._add_affiliations((affiliation,))

    def _add_affiliations(self, rows: Iterable[Affiliation]) -> None:
        self.session.many(
            "affiliation.add",
            (
                (
                    shard_of(row.person), row.person, row.id, row.membership, row.organisation,
                    row.since.isoformat(), maybe_iso(row.until), micros(row.recorded),
                    maybe_micros(row.superseded),
                )
                for row in rows
            ),
        )  # fmt: skip

    def rewrite(self, scope: Scope, change: Rewritten) -> None:
        retired = [
            (maybe_micros(row.superseded), shard_of(row.person), row.person, row.id)
            for row in change.retired
        ]
        if self.session.many("affiliation.retire", retired) != len(retired):
            raise lost_race("affiliation", "open", "superseded")
        self._add_affiliations(change.written)

    def of_union(
        self, scope: Scope, organisation: OrganisationId, states: Iterable[MembershipState]
    ) -> Iterator[Membership]:
        wanted = json.dumps([state.value for state in states])
        parameters = {"organisation": organisation, "states": wanted, **within(scope)}
        return map(membership_of, self.session.stream("membership.of_union", parameters))

    def on_day(
        self,
        scope: Scope,
        organisation: OrganisationId,
        at: tuple[date, datetime],
        after: int,
        most: int,
    ) -> Sequence[MemberOn]:
        day, known = at
        rows = self.session.all(
            "membership.on_day",
            {
                "organisation": organisation, "day": day.isoformat(), "known": micros(known),
                "after": after, "most": most, **within(scope),
            },
        )  # fmt: skip
        # The last word of each: rows come in the order in which they were recorded.
        last = {row[0]: row for row in rows}
        return [
            MemberOn(
                person=PersonId(person), membership=MembershipId(id_), since=_DAY(since),
                state=_STATES[state], reason=None if reason is None else _REASONS[reason],
            )
            for person, id_, since, _, _, state, reason in last.values()
        ]  # fmt: skip

    def move_all(
        self, scope: Scope, source: OrganisationId, target: OrganisationId, on: date
    ) -> Sequence[Membership]:
        day, at = on.isoformat(), micros(self.now)
        moved = list(self.of_union(scope, source, _OPEN))
        rows = self.session.all("affiliation.open_of_union", {"organisation": source})
        retired = [(at, shard, person, id_) for shard, person, id_, _, _ in rows]
        self.session.many("affiliation.retire", retired)
        shards = [row[0] for row in rows]
        ended, opened = self.ids.many(shards), self.ids.many(shards)
        # An affiliation that is to begin later than today's move ends on the day it begins.
        self.session.many(
            "affiliation.add",
            (
                (shard, person, new, membership, source, since, max(since, day), at, None)
                for new, (shard, person, _, membership, since) in zip(ended, rows, strict=True)
            ),
        )
        self.session.many(
            "affiliation.add",
            (
                (shard, person, new, membership, target, max(since, day), None, at, None)
                for new, (shard, person, _, membership, since) in zip(opened, rows, strict=True)
            ),
        )
        parameters = {"organisation": source, "target": target, "holds_from": day, "recorded": at}
        self.session.do("membership.keep_past_of_union", parameters)
        self.session.do("membership.move_union", parameters)
        return [evolve(row, organisation=target, version=row.version + 1) for row in moved]

    def counts(
        self, scope: Scope
    ) -> Mapping[tuple[OrganisationKind, MembershipState, MembershipReason | None], int]:
        rows = self.session.all("membership.counts", paths(scope))
        return {
            (
                OrganisationKind(kind), MembershipState(state),
                None if reason is None else MembershipReason(reason),
            ): count
            for kind, state, reason, count in rows
        }  # fmt: skip
