"""Know how sign-ups of unions for what is joined together are kept, and who is on their lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.joinings import Joining, JoiningState
from szunion.domain.values import OrganisationId, PersonId


class Joinings(Protocol):
    """Sign-ups within a scope by their union; a place on a list is also the person's own."""

    def add(self, scope: Scope, joining: Joining) -> None:
        """Keep a new one."""
        ...

    def get(self, scope: Scope, joining: int) -> Joining | None:
        """Return one within the scope."""
        ...

    def listed(
        self,
        scope: Scope,
        states: Iterable[JoiningState],
        *,
        items: Collection[str] | None,
        most: int,
    ) -> Sequence[Joining]:
        """Return those within the scope in some states, the next to be held first.

        Args:
            scope: The scope.
            states: In which states.
            items: Of which items; None: of all.
            most: How many at most.
        """
        ...

    def put(self, scope: Scope, joining: Joining) -> None:
        """Keep what became of one; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...

    def people(self, scope: Scope, joining: int) -> Mapping[PersonId, bool]:
        """Return who is on the list of one within the scope, and whether each is said to come."""
        ...

    def put_people(self, scope: Scope, joining: Joining, people: Mapping[PersonId, bool]) -> None:
        """Put a list in the place of the one that is kept; an empty one: the list is gone. Bulk."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Mapping[int, bool]:
        """Return on which lists a person is, and whether he or she is said to have come.

        For who is that person, or for the whole city.
        """
        ...

    def past(self, scope: Scope, day: date, most: int) -> Sequence[Joining]:
        """Return open ones whose last day is before *day*, the oldest first."""
        ...

    def move_open(
        self, scope: Scope, source: OrganisationId, target: OrganisationId
    ) -> Sequence[int]:
        """Give what is open at a union that ends to another one, lists and all; return which."""
        ...
