"""Know how posts of officers, and who acts for whom, are kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.organisations import OrganisationTables
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Role, Scope
from szunion.domain.officers import Delegation, Post
from szunion.domain.values import OrganisationId
from szunion.errors import Conflict

Wanted = Callable[[Post], bool]


def _held(row: Post) -> Hashable | None:
    return (row.login, row.role, row.organisation) if row.until is None else None


@define
class OfficerTables:
    """Posts and delegations."""

    posts: Table[int, Post] = field(factory=lambda: Table("officer_post", {"held": _held}))
    delegations: Table[int, Delegation] = field(factory=lambda: Table("delegation"))


@frozen
class MemoryOfficers:
    """The registry in memory."""

    tables: OfficerTables
    unions: OrganisationTables
    undo: Undo

    def posts(self, login: str) -> Sequence[Post]:
        return self._sorted(lambda row: row.login == login)

    def organs(self, at: datetime) -> int:
        posts = self._sorted(lambda row: row.role is Role.CITY and row.held(at))
        return len({row.login for row in posts})

    def get(self, scope: Scope, post: int) -> Post | None:
        found = self.tables.posts.get(post)
        return found if found is not None and self._within(scope, found) else None

    def of_union(self, scope: Scope, organisation: OrganisationId) -> Sequence[Post]:
        return self._sorted(
            lambda row: row.organisation == organisation and self._within(scope, row)
        )

    def listed(self, scope: Scope, *, after: int = 0, most: int = 200) -> Sequence[Post]:
        return self._sorted(lambda row: scope.whole_city and row.id > after)[:most]

    def add(self, scope: Scope, post: Post) -> None:
        self.tables.posts.insert(self.undo, post.id, post)

    def put(self, scope: Scope, post: Post) -> None:
        old = self.tables.posts.get(post.id)
        check_version(old, post, "officer_post")
        self.tables.posts.replace(self.undo, post.id, evolve(post, version=post.version + 1))

    def end_of(self, scope: Scope, organisation: OrganisationId, at: datetime, why: str) -> int:
        held = self._sorted(lambda row: row.organisation == organisation and row.until is None)
        for row in held:
            ended = evolve(row.left(at, why), version=row.version + 1)
            self.tables.posts.replace(self.undo, row.id, ended)
        return len(held)

    def delegations(self, delegate: str, delegator: str) -> Sequence[Delegation]:
        return [
            row
            for row in self._delegations()
            if (row.delegate, row.delegator) == (delegate, delegator)
        ]

    def delegations_of(self, scope: Scope, login: str) -> Sequence[Delegation]:
        return [row for row in self._delegations() if login in {row.delegate, row.delegator}]

    def delegation(self, scope: Scope, delegation: int) -> Delegation | None:
        return self.tables.delegations.get(delegation)

    def delegate(self, scope: Scope, delegation: Delegation) -> None:
        self.tables.delegations.insert(self.undo, delegation.id, delegation)

    def put_delegation(self, scope: Scope, delegation: Delegation) -> None:
        check_version(self.tables.delegations.get(delegation.id), delegation, "delegation")
        new = evolve(delegation, version=delegation.version + 1)
        self.tables.delegations.replace(self.undo, delegation.id, new)

    def one_side(self, maker: str, checker: str, made: datetime) -> bool:
        return one_side(self.tables, maker, checker, made)

    def _delegations(self) -> list[Delegation]:
        return sorted(self.tables.delegations, key=lambda row: row.id)

    def _sorted(self, wanted: Wanted) -> list[Post]:
        return sorted(filter(wanted, self.tables.posts), key=lambda row: row.id)

    def _within(self, scope: Scope, post: Post) -> bool:
        if scope.whole_city:
            return True
        union = (
            None if post.organisation is None else self.unions.organisations.get(post.organisation)
        )
        return union is not None and scope.covers(union.path)


def check_two_sides(
    tables: OfficerTables, table: str, maker: str, checker: str | None, made: datetime
) -> None:
    """Refuse a checker who is no second person, as the triggers of the SQL stores do.

    Raises:
        Conflict: maker and checker are one side (E-STORE-004).
    """
    if checker is not None and one_side(tables, maker, checker, made):
        raise Conflict("E-STORE-004", constraint=f"CHECK({table}_by_two_sides)")


def one_side(tables: OfficerTables, maker: str, checker: str, made: datetime) -> bool:
    """Return whether two logins are no two persons for what was made at a moment."""
    sides = [
        {login} | {
            row.delegator
            for row in tables.delegations
            if row.delegate == login and row.until > made
        }
        for login in (maker, checker)
    ]  # fmt: skip
    return bool(sides[0] & sides[1])
