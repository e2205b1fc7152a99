"""Know how limited stock, bookings, participation and ratings are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.bookings import Booking, Offer
from szunion.domain.participation import Participation
from szunion.domain.ratings import Rating
from szunion.domain.values import BookingId, OfferId, ParticipationId, PersonId


class Offers(Protocol):
    """What there is only so much of."""

    def add(self, scope: Scope, offer: Offer) -> None:
        """Put an offer up."""
        ...

    def get(self, scope: Scope, offer: OfferId) -> Offer | None:
        """Return an offer."""
        ...

    def open(self, scope: Scope, now: datetime) -> Sequence[Offer]:
        """Return the offers that have not closed, the next to close first."""
        ...

    def take(self, scope: Scope, offer: OfferId, places: int) -> bool:
        """Take *places* of the stock if so many are left; one guarded step."""
        ...

    def give_back(self, scope: Scope, offer: OfferId, places: int) -> None:
        """Give places back."""
        ...


class Bookings(Protocol):
    """People's places, and wishes for one."""

    def add_many(self, scope: Scope, bookings: Iterable[Booking]) -> None:
        """Keep new bookings.

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
        self, scope: Scope, offer: OfferId, people: Iterable[PersonId]
    ) -> Mapping[PersonId, Sequence[Booking]]:
        """Return what each of *people* has of an offer: what counts against the quota."""
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
        """Return confirmed or waiting bookings of offers that are over."""
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

    def rate(self, scope: Scope, rating: Rating) -> None:
        """Keep a rating; a second word replaces the first."""
        ...

    def ratings(self, scope: Scope) -> Mapping[str, tuple[int, int]]:
        """Return how many ratings each item has, and the sum of their stars."""
        ...
