"""Know how a crowd that wants limited stock is decided in one transaction (抢票判定).

In the order in which they came: who may not, who has his or her share already, who gets a place,
who may wait. The stock is taken by the store's own guarded step, the person's share is a unique
key: whatever this code does, nothing is sold twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from types import MappingProxyType
from typing import Final, TypeAlias

from attrs import evolve, field, frozen

from szunion.application.access import authorise, authorise_each
from szunion.application.bank_desk import engine
from szunion.application.booking_moves import confirm_by, item_of, local
from szunion.application.office import Office
from szunion.application.standing import Standing, free_people, least_level, standing_of
from szunion.domain.access import OnePerson, Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bookings import (
    BOOKING,
    Booking,
    BookingEvent,
    BookingState,
    NoPlace,
    Offer,
    decide,
)
from szunion.domain.catalogue import Ineligible, ServiceItem
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


_NONE: Final[Mapping[PersonId, Sequence[Booking]]] = MappingProxyType({})

Outcome: TypeAlias = Booked | Queued | NotBooked
Answer: TypeAlias = Outcome | SzunionError


def _counted(bookings: Sequence[Booking]) -> tuple[Booking, ...]:
    return tuple([each for each in bookings if each.counts]) if bookings else ()


def refusals(office: Office, work: UnitOfWork, asks: Sequence[Ask]) -> list[Answer | None]:
    """Return the answers that a look gives: not there, not open, over, sold out. Others: None."""
    del office
    scope = authorise(work, engine(), Operation.SERVICE_READ)
    offers = {id_: work.offers.get(scope, id_) for id_ in {ask.offer for ask in asks}}
    verdicts = {id_: _verdict(offer, work.now) for id_, offer in offers.items()}
    mine: dict[OfferId, Mapping[PersonId, Sequence[Booking]]] = {}
    for id_, verdict in verdicts.items():
        if verdict is NoPlace.SOLD_OUT:
            people = [ask.person for ask in asks if ask.offer == id_]
            mine[id_] = work.bookings.of_people(scope, id_, people)
    late = [ask for ask in asks if offers[ask.offer] is None or verdicts[ask.offer] is not None]
    allowed = iter(_scopes(work, late))
    refused = {id_: NotBooked(reason=verdict) for id_, verdict in verdicts.items() if verdict}
    answers: list[Answer | None] = []
    for ask in asks:
        verdict, offer = verdicts[ask.offer], offers[ask.offer]
        if offer is not None and verdict is None:
            answers.append(None)
        elif isinstance(wrong := next(allowed), SzunionError):
            answers.append(wrong)
        elif offer is None or verdict is None:
            answers.append(NotFound("E-BOOKING-002"))
        elif yours := _counted(mine.get(ask.offer, _NONE).get(ask.person, ())):
            reason = NoPlace.QUOTA if len(yours) >= offer.per_person else verdict
            answers.append(NotBooked(reason=reason, yours=yours))
        else:
            answers.append(refused[ask.offer])
    return answers


def _verdict(offer: Offer | None, now: datetime) -> NoPlace | None:
    if offer is None:
        return None
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
    """Decide *asks* in their order, and keep what comes of it."""
    answers: dict[int, Answer] = {}
    scopes: dict[int, Scope] = {}
    by_offer: dict[OfferId, list[int]] = {}
    for at, (ask, scope) in enumerate(zip(asks, _scopes(work, asks), strict=True)):
        if isinstance(scope, SzunionError):
            answers[at] = scope
        else:
            scopes[at] = scope
            by_offer.setdefault(ask.offer, []).append(at)
    all_ = authorise(work, engine(), Operation.BOOKING_WRITE)
    for id_, places in by_offer.items():
        offer = work.offers.get(all_, id_)
        if offer is None:
            answers.update((at, NotFound("E-BOOKING-002")) for at in places)
            continue
        round_ = _Round(office, work, all_, offer, item_of(office, offer))
        found = round_.decide([(asks[at], scopes[at]) for at in places])
        answers.update(zip(places, found, strict=True))
    return [answers[at] for at in range(len(asks))]


@frozen
class _Round:
    """One offer in one transaction."""

    office: Office
    work: UnitOfWork
    scope: Scope
    """The engine's: it sees everybody who asks."""
    offer: Offer
    item: ServiceItem
    new: list[Booking] = field(factory=list)
    entries: list[tuple[Scope, AuditEntry]] = field(factory=list)
    told: list[tuple[PersonId, str, Mapping[str, str]]] = field(factory=list)

    def decide(self, asks: Sequence[tuple[Ask, Scope]]) -> list[Answer]:
        work, scope, offer = self.work, self.scope, self.offer
        people = list(dict.fromkeys(ask.person for ask, _ in asks))
        mine = {
            person: _counted(found)
            for person, found in work.bookings.of_people(scope, offer.id, people).items()
        }
        free = free_people(self.office, work, scope, people, self.item)
        until = confirm_by(self.office, offer, work.now)
        words = {"title": offer.title.zh, "title_en": offer.title.en, "until": local(until)}
        answers: list[Answer] = []
        left = offer.left
        ids = work.ids.many([shard_of(ask.person) for ask, _ in asks])
        for id_, (ask, own) in zip(ids, asks, strict=True):
            yours = mine[ask.person]
            step = decide(offer, len(yours), work.now, left)
            if isinstance(step, NoPlace):
                held = yours if step is NoPlace.QUOTA else ()
                answers.append(NotBooked(reason=step, yours=held))
                continue
            if ask.person not in free and (no := self._refused(ask)) is not None:
                answers.append(no)
                continue
            booking = Booking(
                id=BookingId(id_),
                offer=offer.id,
                person=ask.person,
                place=_free_place(yours) if yours else 1,
                state=_AFTER[step],
                asked=work.now,
                confirm_by=until if step is BookingEvent.HOLD else None,
            )
            self.new.append(booking)
            self.entries.append((own, _entry(booking, step)))
            mine[ask.person] = (*yours, booking)
            if step is BookingEvent.HOLD:
                left -= 1
                self.told.append((ask.person, "booking.held", words))
                answers.append(Booked(booking=booking))
            else:
                answers.append(Queued(booking=booking, ahead=-1))
        self._keep(offer.left - left)
        return self._with_places(answers)

    def _refused(self, ask: Ask) -> NotBooked | None:
        level = least_level(self.office, ask.by.role)
        found = standing_of(
            self.office, self.work, self.scope, ask.person, self.item, level=level, with_card=True
        )
        return None if found.free else refusal(found)

    def _keep(self, taken: int) -> None:
        work = self.work
        if taken and not work.offers.take(self.scope, self.offer.id, taken):
            raise Conflict("E-STORE-004", constraint="CHECK(offer.taken)")
        work.bookings.add_many(self.scope, self.new)
        work.audit.add_each(self.entries)

    def _with_places(self, answers: list[Answer]) -> list[Answer]:
        """Count the queue once, tell its newcomers their places, and send the messages."""
        ahead = -1
        for at, answer in enumerate(answers):
            if not isinstance(answer, Queued):
                continue
            ahead = ahead + 1 if ahead >= 0 else self.work.bookings.ahead(
                self.scope, answer.booking
            )  # fmt: skip
            answers[at] = evolve(answer, ahead=ahead)
            title = self.offer.title
            words = {"title": title.zh, "title_en": title.en, "ahead": str(ahead)}
            self.told.append((answer.booking.person, "booking.queued", words))
        self.work.messages.add_many(self.scope, self.told)
        return answers


def _free_place(yours: Sequence[Booking]) -> int:
    """Return the first place, counted from 1, that none of *yours* has."""
    taken = {each.place for each in yours}
    return next(place for place in count(1) if place not in taken)


def _entry(booking: Booking, step: BookingEvent) -> AuditEntry:
    return AuditEntry(
        action=_ACTIONS[step],
        subject=booking.id,
        person=booking.person,
        before=_ASKED,
        after=booking.state.value,
    )


def refusal(found: Standing) -> NotBooked:
    """Return the answer to somebody against whom something stands."""
    if found.item:
        return NotBooked(reason=NoPlace.NOT_ELIGIBLE, against=found.item)
    against = tuple(sorted(found.card, key=lambda why: (type(why).__name__, str(why))))
    return NotBooked(reason=NoPlace.CARD_NOT_USABLE, against=against)
