"""Know how posts of officers, and who acts for whom, are kept in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.adapters.storage.sql.within import paths
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.officers import Delegation, Post
from szunion.domain.values import OrganisationId


def _post(row: Row) -> Post:
    id_, login, role, union, since, by, until, why, version = row
    return Post(
        id=id_, login=login, role=Role(role),
        organisation=OrganisationId(union) if union else None, since=moment(since), by=by,
        until=maybe_moment(until), why=why, version=version,
    )  # fmt: skip


def _delegation(row: Row) -> Delegation:
    id_, delegate, delegator, operations, since, until, made, version = row
    return Delegation(
        id=id_, delegate=delegate, delegator=delegator,
        operations=frozenset(map(Operation, operations.split())), since=moment(since),
        until=moment(until), made=moment(made), version=version,
    )  # fmt: skip


@frozen
class SqlOfficers:
    """The registry in SQL."""

    session: Session

    def posts(self, login: str) -> Sequence[Post]:
        return [_post(row) for row in self.session.foreseen("officer.posts", {"login": login})]

    def organs(self, at: datetime) -> int:
        row = self.session.one("officer.organs", {"at": micros(at)})
        assert row is not None
        return int(row[0])

    def get(self, scope: Scope, post: int) -> Post | None:
        row = self.session.one("officer.get", {"id": post, **_reach(scope)})
        return None if row is None else _post(row)

    def of_union(self, scope: Scope, organisation: OrganisationId) -> Sequence[Post]:
        where = {"union": organisation, **_reach(scope)}
        return [_post(row) for row in self.session.all("officer.of_union", where)]

    def listed(self, scope: Scope, *, after: int = 0, most: int = 200) -> Sequence[Post]:
        if not scope.whole_city:
            return []
        page = {"after": after, "most": most}
        return [_post(row) for row in self.session.all("officer.listed", page)]

    def add(self, scope: Scope, post: Post) -> None:
        self.session.do(
            "officer.add",
            {
                "id": post.id, "login": post.login, "role": post.role.value,
                "union": post.organisation or 0, "since": micros(post.since), "by": post.by,
            },
        )  # fmt: skip

    def put(self, scope: Scope, post: Post) -> None:
        changed = {
            "id": post.id, "until": maybe_micros(post.until), "why": post.why,
            "version": post.version,
        }  # fmt: skip
        self.session.put("officer.put", changed, "officer_post")

    def end_of(self, scope: Scope, organisation: OrganisationId, at: datetime, why: str) -> int:
        ended = {"union": organisation, "at": micros(at), "why": why}
        return self.session.do("officer.end_of", ended)

    def delegations(self, delegate: str, delegator: str) -> Sequence[Delegation]:
        between = {"delegate": delegate, "delegator": delegator}
        return [_delegation(row) for row in self.session.foreseen("officer.between", between)]

    def delegations_of(self, scope: Scope, login: str) -> Sequence[Delegation]:
        rows = self.session.all("officer.delegations_of", {"login": login})
        return [_delegation(row) for row in rows]

    def delegation(self, scope: Scope, delegation: int) -> Delegation | None:
        row = self.session.one("officer.delegation", {"id": delegation})
        return None if row is None else _delegation(row)

    def delegate(self, scope: Scope, delegation: Delegation) -> None:
        self.session.do(
            "officer.delegate",
            {
                "id": delegation.id, "delegate": delegation.delegate,
                "delegator": delegation.delegator,
                "operations": " ".join(sorted(each.value for each in delegation.operations)),
                "since": micros(delegation.since), "until": micros(delegation.until),
                "made": micros(delegation.made),
            },
        )  # fmt: skip

    def put_delegation(self, scope: Scope, delegation: Delegation) -> None:
        changed = {
            "id": delegation.id, "since": micros(delegation.since),
            "until": micros(delegation.until), "version": delegation.version,
        }  # fmt: skip
        self.session.put("officer.put_delegation", changed, "delegation")

    def one_side(self, maker: str, checker: str, made: datetime) -> bool:
        asked = {"maker": maker, "checker": checker, "made": micros(made)}
        return self.session.one("officer.one_side", asked) is not None


def _reach(scope: Scope) -> dict[str, object]:
    return {**paths(scope), "whole": scope.whole_city}
