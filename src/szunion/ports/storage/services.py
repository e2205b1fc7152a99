"""Know how limited stock, bookings, participation, ratings, wishes and projects are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.bookings import Booking, Offer
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.participation import Outcome, Participation
from szunion.domain.projects import Project
from szunion.domain.ratings import Rating
from szunion.domain.values import BookingId, CardId, OfferId, ParticipationId, PersonId
from szunion.domain.wishes import Wish


class Offers(Protocol):
    """What there is only so much of."""

    def add(self, scope: Scope, offer: Offer) -> None:
        """Put an offer up."""
        ...

    def get(self, scope: Scope, offer: OfferId) -> Offer | None:
        """Return an offer."""
        ...

    def some(self, scope: Scope, offers: Collection[OfferId]) -> Mapping[OfferId, Offer]:
        """Return those of *offers* that there are."""
        ...

    def open(self, scope: Scope, now: datetime) -> Sequence[Offer]:
        """Return the offers that have not closed, the next to close first."""
        ...

    def take(self, scope: Scope, places: Mapping[OfferId, int]) -> bool:
        """Take so many places of each offer's stock, a guarded step for each; at least one offer.

        Return whether so many were left of all of them. If not, the unit of work must not be kept:
        the others' places are taken.
        """
        ...

    def give_back(self, scope: Scope, offer: OfferId, places: int) -> None:
        """Give places back."""
        ...


class Bookings(Protocol):
    """People's places, and wishes for one."""

    def add_many(self, scope: Scope, bookings: Sequence[Booking]) -> None:
        """Keep new bookings, at least one.

        Raises:
            Conflict: a person has that place of the offer already (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, booking: BookingId) -> Booking | None:
        """Return a booking within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Booking]:
        """Return a person's bookings, oldest first."""
        ...

    def of_people(
        self, scope: Scope, people: Mapping[OfferId, Collection[PersonId]]
    ) -> Mapping[tuple[OfferId, PersonId], Sequence[Booking]]:
        """Return what each of an offer's *people* has of it that counts, where there is any."""
        ...

    def put(self, scope: Scope, booking: Booking) -> None:
        """Keep what became of one.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...

    def waiting(self, scope: Scope, offer: OfferId, most: int) -> Sequence[Booking]:
        """Return the head of the waiting list."""
        ...

    def lapsed(self, scope: Scope, now: datetime, most: int) -> Sequence[Booking]:
        """Return held bookings whose deadline has passed."""
        ...

    def over(self, scope: Scope, now: datetime, most: int) -> Sequence[Booking]:
        """Return confirmed bookings of offers that are over, and waiting ones of closed offers."""
        ...

    def ahead(self, scope: Scope, booking: Booking) -> int:
        """Return how many wait before *booking* in its queue."""
        ...

    def clean(
        self, scope: Scope, people: Iterable[PersonId], programme: str
    ) -> Mapping[PersonId, tuple[MembershipState, MembershipReason | None]]:
        """Return those of *people* against whose card nothing stands, with their membership.

        The bulk path of asking who may book: the current card is active at the bank, enabled by
        the union, held by nobody and free of contradictions, and an account is bound with the
        identity that was signed for. It may leave people out; they are looked at one by one.
        """
        ...

    def figures(self, scope: Scope) -> Mapping[str, tuple[int, int, int]]:
        """Return places put up, places taken and people waiting, by item."""
        ...


class Participations(Protocol):
    """Who took part in what; never changed, corrected by another record."""

    def add(self, scope: Scope, record: Participation) -> bool:
        """Keep a record; False: its key is there already and nothing was changed."""
        ...

    def get(self, scope: Scope, record: ParticipationId) -> Participation | None:
        """Return one record within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Participation]:
        """Return a person's records, oldest first."""
        ...

    def by_key(self, scope: Scope, key: str, person: PersonId) -> Participation | None:
        """Return the record of *person* under its business key."""
        ...

    def used(self, scope: Scope) -> Mapping[str, Mapping[Outcome, int]]:
        """Return how many records that nothing corrects each item has, by outcome."""
        ...

    def rate(self, scope: Scope, rating: Rating) -> None:
        """Keep a rating; a second word replaces the first."""
        ...

    def ratings(self, scope: Scope) -> Mapping[str, tuple[int, int]]:
        """Return how many ratings each item has, and the sum of their stars."""
        ...


class Wishes(Protocol):
    """What members ask for."""

    def add(self, scope: Scope, wish: Wish) -> bool:
        """Keep a wish; False: the person has asked for that item already."""
        ...

    def get(self, scope: Scope, wish: int) -> Wish | None:
        """Return a wish within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Wish]:
        """Return a person's wishes, oldest first."""
        ...

    def put(self, scope: Scope, wish: Wish) -> None:
        """Keep what became of one."""
        ...

    def counts(self, scope: Scope) -> Mapping[tuple[str, str], int]:
        """Return how many open wishes there are, by category and item."""
        ...

    def unlisted(self, scope: Scope, category: str, most: int) -> Sequence[Wish]:
        """Return open wishes for what is not on the menu, oldest first."""
        ...


class Projects(Protocol):
    """Services as projects."""

    def get(self, scope: Scope, item: str) -> Project | None:
        """Return the project of an item."""
        ...

    def put(self, scope: Scope, project: Project) -> None:
        """Keep a project, new or changed; its ``version`` is the one that was read, 0 if new.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...


class CardCounters(Protocol):
    """The highest transaction counter that each card has told."""

    def keep(self, scope: Scope, card: CardId, counter: int) -> bool:
        """Keep *counter* if it is higher than any before; return whether it was."""
        ...
