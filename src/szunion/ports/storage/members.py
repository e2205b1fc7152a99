"""Know how memberships, affiliations and transfers are kept, in valid and in recorded time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.affiliations import Affiliation, Rewritten
from szunion.domain.as_of import MemberOn, MembershipVersion
from szunion.domain.members import Membership, MembershipReason, MembershipState
from szunion.domain.organisations import OrganisationKind
from szunion.domain.transfers import Transfer
from szunion.domain.values import MembershipId, OrganisationId, PersonId, TransferId


class Members(Protocol):
    """Memberships and where they belong. What is outside the scope is not there."""

    def open_of(self, scope: Scope, person: PersonId) -> Membership | None:
        """Return the person's open episode: applied for, active or retained."""
        ...

    def open_anywhere(self, scope: Scope, person: PersonId) -> Membership | None:
        """Return the open episode wherever it is: for deciding alone, never for showing."""
        ...

    def open_of_many(self, scope: Scope, persons: Iterable[PersonId]) -> Sequence[Membership]:
        """Return the open episodes of *persons* within the scope, by person: the bulk path."""
        ...

    def newest(self, scope: Scope, person: PersonId) -> Membership | None:
        """Return the person's newest episode, open or ended."""
        ...

    def episodes(self, scope: Scope, person: PersonId) -> Sequence[Membership]:
        """Return all episodes of a person within the scope, oldest first."""
        ...

    def add(self, scope: Scope, membership: Membership, on: date) -> None:
        """Keep a new episode, as it is from a day on.

        Raises:
            Conflict: the person has an open one (E-STORE-004).
        """
        ...

    def put(self, scope: Scope, membership: Membership, on: date) -> None:
        """Keep a changed episode, as it is from a day on; the version before stays known.

        Raises:
            Conflict: somebody else was faster (E-STORE-008), or another is open (E-STORE-004).
        """
        ...

    def versions(self, scope: Scope, person: PersonId) -> Sequence[MembershipVersion]:
        """Return every version of every episode, in the order in which they were recorded."""
        ...

    def affiliations(self, scope: Scope, person: PersonId) -> Sequence[Affiliation]:
        """Return all that was ever said of where a person belongs, oldest word first."""
        ...

    def affiliations_anywhere(self, scope: Scope, person: PersonId) -> Sequence[Affiliation]:
        """Return the same wherever it is: for deciding on a move, never for showing."""
        ...

    def add_affiliation(self, scope: Scope, affiliation: Affiliation) -> None:
        """Keep where a membership belongs.

        Raises:
            Conflict: the person has an open one (E-STORE-004).
        """
        ...

    def rewrite(self, scope: Scope, change: Rewritten) -> None:
        """Retire rows and write new ones: the person has exactly one open before and after."""
        ...

    def of_union(
        self, scope: Scope, organisation: OrganisationId, states: Iterable[MembershipState]
    ) -> Iterator[Membership]:
        """Yield the episodes that a union is in charge of, by person."""
        ...

    def on_day(
        self,
        scope: Scope,
        organisation: OrganisationId,
        at: tuple[date, datetime],
        after: int,
        most: int,
    ) -> Sequence[MemberOn]:
        """Return who belonged to a union on a day, as the file said at a moment: the next page.

        Args:
            scope: Whose newest membership is outside it is not there.
            organisation: Which union.
            at: The day that is asked about, and the moment whose knowledge answers.
            after: Whoever has a larger id than this.
            most: So many people at most; fewer only at the end.
        """
        ...

    def move_all(
        self, scope: Scope, source: OrganisationId, target: OrganisationId, on: date
    ) -> Sequence[Membership]:
        """Move every open episode of one union to another at one instant; return them as moved.

        The old affiliations close and the new ones open on *on*. In sets, not one by one.
        """
        ...

    def counts(
        self, scope: Scope
    ) -> Mapping[tuple[OrganisationKind, MembershipState, MembershipReason | None], int]:
        """Return how many episodes there are within the scope, by kind of union and state."""
        ...


class Transfers(Protocol):
    """Moves between two unions. Both unions, and all above them, see one."""

    def get(self, scope: Scope, transfer: TransferId) -> Transfer | None:
        """Return a transfer; None: not there, or neither side is within the scope."""
        ...

    def open_of(self, scope: Scope, person: PersonId) -> Transfer | None:
        """Return the person's transfer that is on its way."""
        ...

    def of_membership(
        self, scope: Scope, person: PersonId, membership: MembershipId
    ) -> Sequence[Transfer]:
        """Return all transfers of an episode, oldest first."""
        ...

    def open_touching(self, scope: Scope, organisation: OrganisationId) -> Sequence[Transfer]:
        """Return the transfers on their way from or to a union."""
        ...

    def due(self, scope: Scope, now: datetime, most: int) -> Sequence[Transfer]:
        """Return unanswered transfers whose time is up."""
        ...

    def add(self, scope: Scope, transfer: Transfer) -> None:
        """Keep a new transfer.

        Raises:
            Conflict: another one of the person is on its way (E-STORE-004).
        """
        ...

    def put(self, scope: Scope, transfer: Transfer) -> None:
        """Keep a changed transfer; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...
