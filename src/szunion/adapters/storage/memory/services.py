"""Know how limited stock, bookings, participation and ratings are kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.bookings import Booking, BookingState, Offer
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.participation import Outcome, Participation
from szunion.domain.projects import Project
from szunion.domain.ratings import Rating
from szunion.domain.values import (
    BookingId,
    CardId,
    OfferId,
    ParticipationId,
    PersonId,
    age_of,
)
from szunion.domain.wishes import Wish, WishState
from szunion.errors import Conflict

_COUNTS = frozenset(BookingState) - {
    BookingState.CANCELLED,
    BookingState.EXPIRED,
    BookingState.REFUSED,
}


def _once(row: Booking) -> Hashable | None:
    return (row.offer, row.person, row.place) if row.state in _COUNTS else None


def _asked(row: Wish) -> Hashable | None:
    return (row.person, row.item) if row.item and row.state is WishState.OPEN else None


@define
class ServiceTables:
    """Offers, bookings, participation, ratings, wishes, projects, counters of cards."""

    offers: Table[OfferId, Offer] = field(factory=lambda: Table("offer"))
    bookings: Table[BookingId, Booking] = field(factory=lambda: Table("booking", {"once": _once}))
    participations: Table[ParticipationId, Participation] = field(
        factory=lambda: Table("participation", {"once": lambda row: row.key})
    )
    ratings: Table[ParticipationId, Rating] = field(factory=lambda: Table("rating"))
    wishes: Table[int, Wish] = field(factory=lambda: Table("wish", {"once": _asked}))
    projects: Table[str, Project] = field(factory=lambda: Table("project"))
    counters: Table[CardId, int] = field(factory=lambda: Table("card_counter"))


@frozen
class MemoryOffers:
    """Offers in memory."""

    tables: ServiceTables
    undo: Undo

    def add(self, scope: Scope, offer: Offer) -> None:
        self.tables.offers.insert(self.undo, offer.id, evolve(offer, ends=offer.over))

    def get(self, scope: Scope, offer: OfferId) -> Offer | None:
        return self.tables.offers.get(offer)

    def some(self, scope: Scope, offers: Collection[OfferId]) -> Mapping[OfferId, Offer]:
        found = map(self.tables.offers.get, offers)
        return {offer.id: offer for offer in found if offer is not None}

    def open(self, scope: Scope, now: datetime) -> Sequence[Offer]:
        rows = [row for row in self.tables.offers if row.closes > now]
        return sorted(rows, key=lambda row: (row.closes, row.id))

    def take(self, scope: Scope, places: Mapping[OfferId, int]) -> bool:
        rows = self.some(scope, places)
        if any(offer not in rows or rows[offer].left < places[offer] for offer in places):
            return False
        for offer, row in rows.items():
            self._put(row, places[offer])
        return True

    def give_back(self, scope: Scope, offer: OfferId, places: int) -> None:
        row = self.tables.offers.get(offer)
        if row is None or row.taken < places:
            raise Conflict("E-STORE-004", constraint="CHECK(offer.taken)")
        self._put(row, -places)

    def _put(self, row: Offer, places: int) -> None:
        changed = evolve(row, taken=row.taken + places, version=row.version + 1)
        self.tables.offers.replace(self.undo, row.id, changed)


@frozen
class MemoryBookings:
    """Bookings in memory."""

    tables: ServiceTables
    sight: Sight
    undo: Undo

    def add_many(self, scope: Scope, bookings: Sequence[Booking]) -> None:
        for booking in bookings:
            self.tables.bookings.insert(self.undo, booking.id, booking)

    def get(self, scope: Scope, booking: BookingId) -> Booking | None:
        row = self.tables.bookings.get(booking)
        return row if row is not None and self.sight.person(scope, row.person) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Booking]:
        if not self.sight.person(scope, person):
            return []
        rows = [row for row in self.tables.bookings if row.person == person]
        return sorted(rows, key=lambda row: row.id)

    def of_people(
        self, scope: Scope, people: Mapping[OfferId, Collection[PersonId]]
    ) -> Mapping[tuple[OfferId, PersonId], Sequence[Booking]]:
        found: dict[tuple[OfferId, PersonId], list[Booking]] = {}
        for row in sorted(self.tables.bookings, key=lambda row: row.id):
            if row.counts and row.person in people.get(row.offer, ()):
                found.setdefault((row.offer, row.person), []).append(row)
        return found

    def put(self, scope: Scope, booking: Booking) -> None:
        check_version(self.tables.bookings.get(booking.id), booking, "booking")
        changed = evolve(booking, version=booking.version + 1)
        self.tables.bookings.replace(self.undo, booking.id, changed)

    def waiting(self, scope: Scope, offer: OfferId, most: int) -> Sequence[Booking]:
        rows = [
            row
            for row in self.tables.bookings
            if row.offer == offer and row.state is BookingState.WAITLISTED
        ]
        return sorted(rows, key=lambda row: (row.asked, age_of(row.id)))[:most]

    def lapsed(self, scope: Scope, now: datetime, most: int) -> Sequence[Booking]:
        due = [
            (row.confirm_by, row.id, row)
            for row in self.tables.bookings
            if row.state is BookingState.HELD and row.confirm_by and row.confirm_by <= now
        ]
        return [row for _, _, row in sorted(due, key=lambda each: each[:2])][:most]

    def over(self, scope: Scope, now: datetime, most: int) -> Sequence[Booking]:
        offers = self.tables.offers
        closed = {row.id for row in offers if row.closes <= now}
        ended = {row.id for row in offers if row.over <= now}
        rows = [
            row
            for row in self.tables.bookings
            if (row.offer in ended and row.state is BookingState.CONFIRMED)
            or (row.offer in closed and row.state is BookingState.WAITLISTED)
        ]
        return sorted(rows, key=lambda row: row.id)[:most]

    def ahead(self, scope: Scope, booking: Booking) -> int:
        mine = (booking.asked, age_of(booking.id))
        waiting = self.waiting(scope, booking.offer, len(self.tables.bookings.rows))
        return sum((row.asked, age_of(row.id)) < mine for row in waiting)

    def clean(
        self, scope: Scope, people: Iterable[PersonId], programme: str
    ) -> Mapping[PersonId, tuple[MembershipState, MembershipReason | None]]:
        return {}  # in memory everybody is looked at one by one

    def figures(self, scope: Scope) -> Mapping[str, tuple[int, int, int]]:
        found: dict[str, tuple[int, int, int]] = {}
        for offer in sorted(self.tables.offers, key=lambda row: row.item):
            stock, taken, waiting = found.get(offer.item, (0, 0, 0))
            queue = len(self.waiting(scope, offer.id, len(self.tables.bookings.rows)))
            found[offer.item] = (stock + offer.stock, taken + offer.taken, waiting + queue)
        return found


@frozen
class MemoryParticipations:
    """Who took part in what, in memory."""

    tables: ServiceTables
    sight: Sight
    undo: Undo

    def add(self, scope: Scope, record: Participation) -> bool:
        if self.tables.participations.find("once", record.key) is not None:
            return False
        self.tables.participations.insert(self.undo, record.id, record)
        return True

    def get(self, scope: Scope, record: ParticipationId) -> Participation | None:
        row = self.tables.participations.get(record)
        return row if row is not None and self.sight.person(scope, row.person) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Participation]:
        if not self.sight.person(scope, person):
            return []
        rows = [row for row in self.tables.participations if row.person == person]
        return sorted(rows, key=lambda row: (row.at, row.id))

    def by_key(self, scope: Scope, key: str, person: PersonId) -> Participation | None:
        row = self.tables.participations.find("once", key)
        return row if row is not None and self.sight.person(scope, row.person) else None

    def used(self, scope: Scope) -> Mapping[str, Mapping[Outcome, int]]:
        rows = list(self.tables.participations)
        corrected = {row.corrects for row in rows}
        found: dict[str, dict[Outcome, int]] = {}
        for row in sorted(rows, key=lambda row: row.item):
            if row.id not in corrected:
                counts = found.setdefault(row.item, {})
                counts[row.outcome] = counts.get(row.outcome, 0) + 1
        return found

    def rate(self, scope: Scope, rating: Rating) -> None:
        known = rating.participation in self.tables.ratings.rows
        change = self.tables.ratings.replace if known else self.tables.ratings.insert
        change(self.undo, rating.participation, rating)

    def ratings(self, scope: Scope) -> Mapping[str, tuple[int, int]]:
        sums: dict[str, tuple[int, int]] = {}
        for row in self.tables.ratings:
            count, stars = sums.get(row.item, (0, 0))
            sums[row.item] = (count + 1, stars + row.stars)
        return dict(sorted(sums.items()))
