"""Know how the hotline's tickets, and wrong answers of callers, are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.calls import Ticket, Tries


class Calls(Protocol):
    """Tickets of the 12351 hotline. A clerk has one member open at most: the database says so."""

    def ticket(self, ticket: int) -> Ticket | None:
        """Return a ticket, for the authoriser and for whoever it has let in."""
        ...

    def opening(self, scope: Scope, clerk: str) -> Ticket | None:
        """Return the ticket that has a member open, or had until its time ran out."""
        ...

    def waiting(self, scope: Scope, clerk: str | None, most: int) -> Sequence[Ticket]:
        """Return tickets that are not done with, oldest first: one clerk's, or all (None)."""
        ...

    def add(self, scope: Scope, ticket: Ticket) -> None:
        """Keep a new ticket."""
        ...

    def put(self, scope: Scope, ticket: Ticket) -> None:
        """Keep a changed ticket; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008), or the clerk has another member open
                (E-STORE-004).
        """
        ...

    def tries(self, scope: Scope, subject: str) -> Tries:
        """Return how often was answered wrongly for *subject*: a clerk, or a document's key."""
        ...

    def count(self, scope: Scope, subject: str, tries: Tries) -> None:
        """Keep that count."""
        ...
