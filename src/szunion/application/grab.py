"""Know how a crowd that wants limited stock is decided in one transaction (抢票判定).

In the order in which they came: who may not, who has his or her share already, who gets a place,
who may wait. The stock is taken by the store's own guarded step, the person's share is a unique
key: whatever this code does, nothing is sold twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from operator import attrgetter
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from attrs import field, frozen

from szunion.application.access import authorise, authorise_each
from szunion.application.booking_moves import confirm_by, item_of
from szunion.application.office import Office
from szunion.application.standing import (
    Standing,
    asked_together,
    free_people,
    least_level,
    standing_of,
)
from szunion.domain.access import OnePerson, Operation, Principal, Scope, engine
from szunion.domain.audit import AuditStep
from szunion.domain.bookings import (
    BOOKING,
    Booking,
    BookingEvent,
    BookingState,
    NoPlace,
    Offer,
    decide,
)
from szunion.domain.catalogue import ServiceItem
from szunion.domain.city_time import local
from szunion.domain.eligibility import Ineligible
from szunion.domain.use import Why
from szunion.domain.values import BookingId, OfferId, PersonId, shard_of
from szunion.errors import Conflict, NotAllowed, NotFound, SzunionError
from szunion.ports.storage import UnitOfWork

_ASKED: Final = BookingState.REQUESTED.value
_ACTIONS: Final = MappingProxyType({step: f"booking.{step.value}" for step in BookingEvent})
#: What a request comes to, by the table.
_AFTER: Final[Mapping[BookingEvent, BookingState]] = MappingProxyType(
    {
        step: BOOKING.after(BookingState.REQUESTED, step)
        for step in (BookingEvent.HOLD, BookingEvent.QUEUE)
    }
)


@frozen
class Ask:
    """One person's wish for a place, and who says so."""

    by: Principal
    offer: OfferId
    person: PersonId


@frozen(kw_only=True)
class Booked:
    """A place is held (已占位) until ``booking.confirm_by``."""

    booking: Booking


@frozen(kw_only=True)
class Queued:
    """It is sold out, and the person waits (候补)."""

    booking: Booking
    ahead: int
    """How many wait before."""


@frozen(kw_only=True)
class NotBooked:
    """No place, and why not (未成功). Nothing was written."""

    reason: NoPlace
    against: tuple[Ineligible | Why, ...] = ()
    """Everything that stands against it, where the reason is the person or the card."""
    yours: tuple[Booking, ...] = ()
    """What the person has of it already, where the reason is the quota."""


Outcome: TypeAlias = Booked | Queued | NotBooked
Answer: TypeAlias = Outcome | SzunionError


def refusals(work: UnitOfWork, asks: Sequence[Ask]) -> list[Answer | None]:
    """Return the answers that a look gives: not there, not open, over, sold out. Others: None."""
    scope = authorise(work, engine(), Operation.SERVICE_READ)
    offers = work.offers.some(scope, {ask.offer for ask in asks})
    verdicts = {id_: _verdict(offer, work.now) for id_, offer in offers.items()}
    open_ = {id_ for id_, verdict in verdicts.items() if verdict is None}
    gone = {id_ for id_, verdict in verdicts.items() if verdict is NoPlace.SOLD_OUT}
    late = [ask for ask in asks if ask.offer not in open_]
    people = {id_: [ask.person for ask in late if ask.offer == id_] for id_ in gone}
    mine = work.bookings.of_people(scope, people) if people else {}
    refused = {id_: NotBooked(reason=verdict) for id_, verdict in verdicts.items() if verdict}
    allowed = _scopes(work, late)
    answers: list[Answer | None] = []
    for ask in asks:
        if ask.offer in open_:
            answers.append(None)
        elif isinstance(wrong := next(allowed), SzunionError):
            answers.append(wrong)
        elif (told := refused.get(ask.offer)) is None:
            answers.append(NotFound("E-BOOKING-002"))
        elif mine and (yours := tuple(mine.get((ask.offer, ask.person), ()))):
            over = len(yours) >= offers[ask.offer].per_person
            reason = NoPlace.QUOTA if over else told.reason
            answers.append(NotBooked(reason=reason, yours=yours))
        else:
            answers.append(told)
    return answers


def _verdict(offer: Offer, now: datetime) -> NoPlace | None:
    found = decide(offer, 0, now)
    return found if isinstance(found, NoPlace) else None


def _scopes(work: UnitOfWork, asks: Sequence[Ask]) -> Iterator[Scope | SzunionError]:
    """Yield the scope of each, or what is wrong with who asks for whom."""
    found = authorise_each(work, [ask.by for ask in asks], Operation.BOOKING_WRITE)
    for ask, scope in zip(asks, found, strict=True):
        if isinstance(scope, NotAllowed):
            yield scope
            continue
        reach = scope.reach
        theirs = not isinstance(reach, OnePerson) or reach.person == ask.person
        yield scope if theirs else NotFound("E-SERVICE-003")


def grab(office: Office, work: UnitOfWork, asks: Sequence[Ask]) -> list[Answer]:
    """Decide *asks* in their order, and keep what comes of it.

    What they all need is looked up once, and what comes of them all is written by one statement
    for each table, however many offers they are for.
    """
    answers: list[Answer | None] = [None] * len(asks)
    by_offer: dict[OfferId, list[tuple[int, Ask, Scope]]] = {}
    for at, (ask, scope) in enumerate(zip(asks, _scopes(work, asks), strict=True)):
        if isinstance(scope, SzunionError):
            answers[at] = scope
        else:
            by_offer.setdefault(ask.offer, []).append((at, ask, scope))
    city = authorise(work, engine(), Operation.BOOKING_WRITE)
    offers = work.offers.some(city, by_offer) if by_offer else {}
    for gone in by_offer.keys() - offers.keys():
        for at, _, _ in by_offer.pop(gone):
            answers[at] = NotFound("E-BOOKING-002")
    if by_offer:
        crowd = _Crowd.of(office, work, city, offers, by_offer)
        for id_, theirs in by_offer.items():
            found = _Round(crowd, offers[id_], crowd.mine[id_]).decide(theirs)
            for (at, _, _), answer in zip(theirs, found, strict=True):
                answers[at] = answer
        crowd.keep(answers)
    return cast("list[Answer]", answers)


@frozen
class _Crowd:
    """What is known of all who ask in one transaction, and what comes of them."""

    office: Office
    work: UnitOfWork
    scope: Scope
    """The engine's: it sees everybody who asks."""
    offers: Mapping[OfferId, Offer]
    items: Mapping[OfferId, ServiceItem]
    mine: Mapping[OfferId, dict[PersonId, tuple[Booking, ...]]]
    """What who has something of an offer already has."""
    free: frozenset[PersonId]
    """Those of whom the store says that nothing stands against them."""
    taken: dict[OfferId, int] = field(factory=dict)
    made: dict[BookingEvent, tuple[list[Scope], list[Booking]]] = field(factory=dict)
    told: list[tuple[PersonId, str, Mapping[str, str]]] = field(factory=list)

    @classmethod
    def of(
        cls,
        office: Office,
        work: UnitOfWork,
        scope: Scope,
        offers: Mapping[OfferId, Offer],
        asks: Mapping[OfferId, Sequence[tuple[int, Ask, Scope]]],
    ) -> _Crowd:
        """Look up what is asked of all of them."""
        people = {id_: [ask.person for _, ask, _ in asks[id_]] for id_ in offers}
        items = {id_: item_of(office, offer) for id_, offer in offers.items()}
        mine: dict[OfferId, dict[PersonId, tuple[Booking, ...]]] = {id_: {} for id_ in people}
        for (id_, person), found in work.bookings.of_people(scope, people).items():
            mine[id_][person] = tuple(found)
        alike = {
            person for id_, item in items.items() if asked_together(office, item)
            for person in people[id_]
        }  # fmt: skip
        free = free_people(office, work, scope, alike) if alike else frozenset()
        return cls(office, work, scope, offers, items, mine, free)

    def keep(self, answers: list[Answer | None]) -> None:
        """Write what came of them; who queues is told his or her place, in *answers*, too."""
        work, scope = self.work, self.scope
        if self.taken and not work.offers.take(scope, self.taken):
            raise Conflict("E-STORE-004", constraint="CHECK(offer.taken)")
        new = [booking for _, made in self.made.values() for booking in made]
        if new:
            new.sort(key=attrgetter("id"))  # by shard, as the store's trees are: each page once
            work.bookings.add_many(scope, new)
        for step, (scopes, made) in self.made.items():
            work.audit.add_step(scopes, _step(step, made))
        if BookingEvent.QUEUE in self.made:
            self._places(answers)
        work.messages.add_many(scope, self.told)

    def add(self, step: BookingEvent, scope: Scope, booking: Booking) -> None:
        """Let *booking* be kept, asked for in *scope*."""
        scopes, made = self.made.setdefault(step, ([], []))
        scopes.append(scope)
        made.append(booking)

    def _places(self, answers: list[Answer | None]) -> None:
        """Count each queue once, and tell its newcomers their places."""
        ahead: dict[OfferId, int] = {}
        for at, answer in enumerate(answers):
            if not isinstance(answer, Queued):
                continue
            booking = answer.booking
            ahead[booking.offer] = before = (
                ahead[booking.offer] + 1 if booking.offer in ahead
                else self.work.bookings.ahead(self.scope, booking)
            )  # fmt: skip
            answers[at] = Queued(booking=booking, ahead=before)
            words = {**_title(self.offers[booking.offer]), "ahead": str(before)}
            self.told.append((booking.person, "booking.queued", words))


@frozen
class _Round:
    """One offer of theirs."""

    crowd: _Crowd
    offer: Offer
    mine: dict[PersonId, tuple[Booking, ...]]

    def decide(self, asks: Sequence[tuple[int, Ask, Scope]]) -> list[Answer]:
        """Decide in the order in which they came."""
        crowd, offer, mine = self.crowd, self.offer, self.mine
        now, free = crowd.work.now, crowd.free
        until = confirm_by(crowd.office, offer, now)
        words = {**_title(offer), "until": local(until)}
        left = offer.left
        answers: list[Answer] = []
        ids = crowd.work.ids.many([shard_of(ask.person) for _, ask, _ in asks])
        for id_, (_, ask, own) in zip(ids, asks, strict=True):
            person = ask.person
            yours = mine.get(person, ())
            step = decide(offer, len(yours), now, left)
            if isinstance(step, NoPlace):
                held = yours if step is NoPlace.QUOTA else ()
                answers.append(NotBooked(reason=step, yours=held))
                continue
            if person not in free and (no := self._refused(ask)) is not None:
                answers.append(no)
                continue
            holds = step is BookingEvent.HOLD
            booking = Booking(
                id=BookingId(id_),
                offer=offer.id,
                person=person,
                place=_free_place(yours) if yours else 1,
                state=_AFTER[step],
                asked=now,
                confirm_by=until if holds else None,
            )
            crowd.add(step, own, booking)
            mine[person] = (*yours, booking)
            if holds:
                left -= 1
                crowd.told.append((person, "booking.held", words))
                answers.append(Booked(booking=booking))
            else:
                answers.append(Queued(booking=booking, ahead=-1))
        if left < offer.left:
            crowd.taken[offer.id] = offer.left - left
        return answers

    def _refused(self, ask: Ask) -> NotBooked | None:
        crowd = self.crowd
        level = least_level(crowd.office, ask.by.role)
        item = crowd.items[self.offer.id]
        found = standing_of(
            crowd.office, crowd.work, crowd.scope, ask.person, item, level=level, with_card=True
        )
        return None if found.free else refusal(found)


def _free_place(yours: Sequence[Booking]) -> int:
    """Return the first place, counted from 1, that none of *yours* has."""
    taken = {each.place for each in yours}
    return next(place for place in count(1) if place not in taken)


def _title(offer: Offer) -> Mapping[str, str]:
    return {"title": offer.title.zh, "title_en": offer.title.en}


def _step(step: BookingEvent, made: Sequence[Booking]) -> AuditStep:
    return AuditStep(
        action=_ACTIONS[step],
        subjects=[booking.id for booking in made],
        people=[booking.person for booking in made],
        before=_ASKED,
        after=_AFTER[step].value,
    )


def refusal(found: Standing) -> NotBooked:
    """Return the answer to somebody against whom something stands."""
    if found.item:
        return NotBooked(reason=NoPlace.NOT_ELIGIBLE, against=found.item)
    against = tuple(sorted(found.card, key=lambda why: (type(why).__name__, str(why))))
    return NotBooked(reason=NoPlace.CARD_NOT_USABLE, against=against)
