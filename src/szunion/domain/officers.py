"""Know which login holds which post, and who acts for whom: the registry (经办人登记)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.domain.access import Operation, Principal, Role
from szunion.domain.values import OrganisationId

ORGANS: Final = frozenset(
    {Role.CITY, Role.FINANCE, Role.REVIEW, Role.HOTLINE, Role.AUDITOR, Role.LOG_ADMIN}
)
"""Roles of the whole city: two persons appoint to them."""
OF_UNIONS: Final = frozenset({Role.GRASSROOTS, Role.UPPER, Role.PROVIDER})
"""Roles that somebody has for one union."""
OFFICERS: Final = ORGANS | OF_UNIONS
"""Roles that are posts. The others are people at a portal, the engine, or nobody at a desk."""
LONGEST_DELEGATION: Final = timedelta(days=90)


@frozen(kw_only=True)
class Post:
    """One post of one login, from its beginning to its end (任职)."""

    id: int
    login: str
    role: Role
    organisation: OrganisationId | None
    """The union; None: an organ of the city."""
    since: datetime
    by: str
    """Who appointed."""
    until: datetime | None = None
    why: str = ""
    """Why it ended; nothing personal."""
    version: int = 0

    def held(self, at: datetime) -> bool:
        """Return whether it is held at a moment."""
        return self.since <= at and (self.until is None or at < self.until)

    def fits(self, principal: Principal) -> bool:
        """Return whether it is the post in which *principal* acts."""
        here = self.role in ORGANS or self.organisation == principal.organisation
        return self.role is principal.role and here

    def left(self, at: datetime, why: str) -> Post:
        """Return the post as it ended at a moment."""
        return evolve(self, until=at, why=why)


@frozen(kw_only=True)
class Delegation:
    """Who acts for whom, in what, from when to when (委托代办)."""

    id: int
    delegate: str
    """Who acts."""
    delegator: str
    """For whom: the post and its reach are this one's."""
    operations: frozenset[Operation]
    since: datetime
    until: datetime
    made: datetime
    version: int = 0

    def allows(self, operation: Operation, at: datetime) -> bool:
        """Return whether it holds for *operation* at a moment."""
        return operation in self.operations and self.since <= at < self.until

    def ended(self, at: datetime) -> Delegation:
        """Return it ended at a moment; one that has not begun never was in force."""
        return evolve(self, since=min(self.since, at), until=min(self.until, at))


def post_of(posts: Sequence[Post], principal: Principal, at: datetime) -> Post | None:
    """Return the post in which *principal* acts at a moment, among those of one login."""
    return next((each for each in posts if each.held(at) and each.fits(principal)), None)
