"""Know how matters that the hotline passed on to unions are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.referrals import Referral
from szunion.domain.tickets import TicketState
from szunion.domain.values import OrganisationId, PersonId


class Referrals(Protocol):
    """Matters at unions: within a scope by the union that answers, or as the person's own."""

    def add(self, scope: Scope, referral: Referral) -> None:
        """Keep a new one."""
        ...

    def get(self, scope: Scope, referral: int) -> Referral | None:
        """Return one within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Referral]:
        """Return a person's, oldest first; for whoever is that person, or for the whole city."""
        ...

    def listed(
        self, scope: Scope, states: Iterable[TicketState], *, late: bool, most: int
    ) -> Sequence[Referral]:
        """Return those within the scope in some states, the most urgent first, without words.

        Args:
            scope: The scope.
            states: In which states.
            late: Only those that were overdue.
            most: How many at most.
        """
        ...

    def due(self, scope: Scope, today: date, most: int) -> Sequence[Referral]:
        """Return those whose day has passed and is not noted, without words."""
        ...

    def move_open(
        self, scope: Scope, source: OrganisationId, target: OrganisationId
    ) -> Sequence[tuple[int, PersonId]]:
        """Give what waits at a union that ends to another one; return what, and whose. Bulk."""
        ...

    def over(self, scope: Scope, before: datetime, most: int) -> Sequence[tuple[int, PersonId]]:
        """Return those that were closed before a moment, the oldest first."""
        ...

    def end_files(self, scope: Scope, referrals: Sequence[int]) -> None:
        """Delete those that :meth:`over` returned. The bulk path."""
        ...

    def put(self, scope: Scope, referral: Referral) -> None:
        """Keep what became of one, words and all; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...

    def note_breach(self, scope: Scope, referral: Referral) -> None:
        """Keep that one is overdue; what was said in it stays as it is.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...
