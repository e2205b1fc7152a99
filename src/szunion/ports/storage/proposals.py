"""Know how proposals that wait for a second person are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.proposals import Proposal


class Proposals(Protocol):
    """What waits for a second person. The database refuses a checker who is the maker."""

    def get(self, scope: Scope, proposal: int) -> Proposal | None:
        """Return a proposal. Whether its subject is within the scope, the use case looks."""
        ...

    def open_of(self, scope: Scope, operation: str, subject: int) -> Proposal | None:
        """Return the open proposal of one act on one thing."""
        ...

    def waiting(self, scope: Scope) -> Sequence[Proposal]:
        """Return all open proposals, oldest first."""
        ...

    def decided(self, scope: Scope, operation: str) -> Sequence[Proposal]:
        """Return what was decided of one kind of act, oldest first."""
        ...

    def add(self, scope: Scope, proposal: Proposal) -> None:
        """Keep a new proposal.

        Raises:
            Conflict: the same act on the same thing is proposed (E-STORE-004).
        """
        ...

    def put(self, scope: Scope, proposal: Proposal) -> None:
        """Keep how an open proposal was decided.

        Raises:
            Conflict: it is not open any more (E-STORE-008), or the checker is the maker
                (E-STORE-004).
        """
        ...

    def put_terms(self, scope: Scope, proposal: Proposal, before: Proposal) -> None:
        """Keep what became of a confirmed proposal later, such as its early end, in its terms.

        Raises:
            Conflict: it is not confirmed, or its terms are not those of *before* (E-STORE-008).
        """
        ...
