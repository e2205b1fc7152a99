"""Know how exports and plain values shown are counted and kept in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.domain.access import Purpose, Role, Scope
from szunion.domain.disclosures import Disclosure, DisclosureKind
from szunion.domain.values import OrganisationId, PersonId


def _disclosure(row: Row) -> Disclosure:
    id_, kind, actor, role, node, purpose, day, at, rows, person, what, reason = row
    return Disclosure(
        id=id_, kind=DisclosureKind(kind), actor=actor, role=Role(role),
        node=None if node is None else OrganisationId(node), purpose=Purpose(purpose),
        day=date.fromisoformat(day), at=moment(at), rows=rows, person=PersonId(person), what=what,
        reason=reason,
    )  # fmt: skip


@frozen
class SqlDisclosures:
    """Disclosures in SQL. The day's count is a row that says itself when it is full."""

    session: Session

    def add(self, scope: Scope, disclosure: Disclosure, most: int) -> bool:
        if disclosure.rows > most:
            return False
        day = disclosure.day.isoformat()
        counted = self.session.do(
            "disclosure.count",
            {
                "actor": disclosure.actor, "day": day, "kind": disclosure.kind.value,
                "rows": disclosure.rows, "most": most,
            },
        )  # fmt: skip
        if counted != 1:
            return False
        self.session.do(
            "disclosure.add",
            {
                "id": disclosure.id, "kind": disclosure.kind.value, "actor": disclosure.actor,
                "role": disclosure.role.value, "node": disclosure.node,
                "purpose": disclosure.purpose.value, "day": day, "at": micros(disclosure.at),
                "rows": disclosure.rows, "person": disclosure.person, "what": disclosure.what,
                "reason": disclosure.reason,
            },
        )  # fmt: skip
        return True

    def counted(self, scope: Scope, actor: str, day: date, kind: DisclosureKind) -> int:
        key = {"actor": actor, "day": day.isoformat(), "kind": kind.value}
        row = self.session.one("disclosure.counted", key)
        return 0 if row is None else int(row[0])

    def older(self, scope: Scope, day: date, most: int) -> int:
        row = self.session.one("disclosure.older", {"day": day.isoformat(), "most": most})
        return 0 if row is None else int(row[0])

    def end_older(self, scope: Scope, day: date, most: int) -> int:
        ended = self.session.do("disclosure.end_older", {"day": day.isoformat(), "most": most})
        if ended:
            self.session.do("disclosure.end_counts", {"day": day.isoformat()})
        return ended

    def listed(
        self, scope: Scope, kind: DisclosureKind, *, after: int = 0, most: int = 200
    ) -> Sequence[Disclosure]:
        if not scope.whole_city:
            return []
        page = {"kind": kind.value, "after": after, "most": most}
        return [_disclosure(row) for row in self.session.all("disclosure.listed", page)]
