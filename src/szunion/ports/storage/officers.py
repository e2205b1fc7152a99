"""Know how posts of officers, and who acts for whom, are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.officers import Delegation, Post
from szunion.domain.values import OrganisationId


class Officers(Protocol):
    """The registry of officers. Rows end; none is ever taken out: who was known stays known."""

    def posts(self, login: str) -> Sequence[Post]:
        """Return all posts that a login has or had, oldest first: for the authoriser."""
        ...

    def organs(self, at: datetime) -> int:
        """Return how many logins hold a post in the city's business departments."""
        ...

    def get(self, scope: Scope, post: int) -> Post | None:
        """Return one post within the scope."""
        ...

    def of_union(self, scope: Scope, organisation: OrganisationId) -> Sequence[Post]:
        """Return the posts at a union within the scope, oldest first."""
        ...

    def listed(self, scope: Scope, *, after: int = 0, most: int = 200) -> Sequence[Post]:
        """Return a page of all posts, for whoever sees the whole city."""
        ...

    def add(self, scope: Scope, post: Post) -> None:
        """Keep a new post.

        Raises:
            Conflict: the login holds it already (E-STORE-004).
        """
        ...

    def put(self, scope: Scope, post: Post) -> None:
        """Keep a post that has ended; its ``version`` is the one that was read (E-STORE-008)."""
        ...

    def end_of(self, scope: Scope, organisation: OrganisationId, at: datetime, why: str) -> int:
        """End every post at a union; return how many there were."""
        ...

    def delegations(self, delegate: str, delegator: str) -> Sequence[Delegation]:
        """Return what one was ever allowed to do for another: for the authoriser."""
        ...

    def delegations_of(self, scope: Scope, login: str) -> Sequence[Delegation]:
        """Return what a login gave to others, or was given, oldest first."""
        ...

    def delegation(self, scope: Scope, delegation: int) -> Delegation | None:
        """Return one."""
        ...

    def delegate(self, scope: Scope, delegation: Delegation) -> None:
        """Keep a new one."""
        ...

    def put_delegation(self, scope: Scope, delegation: Delegation) -> None:
        """Keep one that has ended (E-STORE-008)."""
        ...

    def one_side(self, maker: str, checker: str, made: datetime) -> bool:
        """Return whether two logins are no two persons for what was made at a moment.

        They are the same, or one acts for the other, or both act for a third, by a delegation that
        had not ended when it was made. The database refuses the same.
        """
        ...
