"""Know how the tree of unions is kept in SQL: a path in each row, placements beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_day, maybe_iso, micros
from szunion.adapters.storage.sql.within import paths
from szunion.domain.access import Scope
from szunion.domain.organisations import (
    Organisation,
    OrganisationKind,
    OrganisationReason,
    OrganisationState,
    Placement,
    path_under,
)
from szunion.domain.values import OrganisationId
from szunion.ports.storage.organisations import Standing


def _organisations(rows: Iterable[Row]) -> Iterator[Organisation]:
    """Yield one union for all rows of it: a row for each placement."""
    for _, group in groupby(rows, key=lambda row: row[0]):
        places = list(group)
        id_, code, name, kind, state, credit, reason, successor, version, *_rest = places[0]
        yield Organisation(
            id=OrganisationId(id_), code=code, name=name, kind=OrganisationKind(kind),
            state=OrganisationState(state), credit_code=credit, version=version,
            reason=None if reason is None else OrganisationReason(reason),
            successor=None if successor is None else OrganisationId(successor),
            placements=tuple(
                Placement(OrganisationId(parent), date.fromisoformat(since), maybe_day(until))
                for *_rest, parent, since, until in places
                if parent is not None
            ),
        )  # fmt: skip


def _columns(union: Organisation) -> dict[str, object]:
    return {
        "id": union.id, "code": union.code, "name": union.name, "kind": union.kind.value,
        "state": union.state.value, "parent": union.parent, "credit_code": union.credit_code,
        "reason": None if union.reason is None else union.reason.value,
        "successor": union.successor, "version": union.version,
    }  # fmt: skip


@frozen
class SqlOrganisations:
    """The unions of a city in SQL."""

    session: Session
    now: datetime

    def standing(self, organisation: OrganisationId) -> Standing | None:
        rows = self.session.foreseen("organisation.standing", {"id": organisation})
        for path, state, kind in rows:
            return Standing(path, OrganisationState(state), OrganisationKind(kind))
        return None

    def root(self) -> OrganisationId | None:
        row = self.session.one("organisation.root")
        return None if row is None else OrganisationId(row[0])

    def get(self, scope: Scope, organisation: OrganisationId) -> Organisation | None:
        rows = self.session.all("organisation.get", {"id": organisation} | paths(scope))
        return next(_organisations(rows), None)

    def by_code(self, scope: Scope, code: str) -> Organisation | None:
        rows = self.session.all("organisation.by_code", {"code": code} | paths(scope))
        return next(_organisations(rows), None)

    def children(self, scope: Scope, organisation: OrganisationId) -> Sequence[Organisation]:
        rows = self.session.all("organisation.children", {"id": organisation} | paths(scope))
        return list(_organisations(rows))

    def all(self, scope: Scope) -> Iterator[Organisation]:
        return _organisations(self.session.stream("organisation.all", paths(scope)))

    def add(self, scope: Scope, organisation: Organisation) -> None:
        self.add_many(scope, (organisation,))

    def add_many(self, scope: Scope, organisations: Iterable[Organisation]) -> None:
        new = list(organisations)
        self.session.many("organisation.add", map(_columns, new))
        self._place(new)

    def _place(self, unions: Iterable[Organisation]) -> None:
        at = micros(self.now)
        self.session.many(
            "organisation.put_place",
            (
                (
                    union.id,
                    number,
                    place.parent,
                    place.since.isoformat(),
                    maybe_iso(place.until),
                    at,
                )
                for union in unions
                for number, place in enumerate(union.placements)
            ),
        )

    def put(self, scope: Scope, organisation: Organisation) -> None:
        before = self.standing(organisation.id)
        self.session.put("organisation.put", _columns(organisation) | paths(scope), "organisation")
        self._place((organisation,))
        above = None if organisation.parent is None else self.standing(organisation.parent)
        new = path_under(above.path if above else "/", organisation.id)
        if before is not None and before.path != new:
            old = before.path
            self.session.do("organisation.move", {"old": old, "new": new, "end": old[:-1] + "0"})

    def counts(self, scope: Scope) -> Mapping[tuple[OrganisationKind, OrganisationState], int]:
        return {
            (OrganisationKind(kind), OrganisationState(state)): count
            for kind, state, count in self.session.all("organisation.counts", paths(scope))
        }
