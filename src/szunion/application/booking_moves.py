"""Know how a booking moves: kept with its audit entry, its message, and the place it gives back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import evolve

from szunion.application.office import Office
from szunion.application.payment_news import item_words
from szunion.application.standing import standing_of
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bookings import Booking, BookingEvent, Offer
from szunion.domain.card_files import KeptCard
from szunion.domain.catalogue import ServiceItem
from szunion.domain.city_time import local
from szunion.domain.participation import Means, Outcome, Participation, participation_key
from szunion.domain.values import BookingId, CardId, ParticipationId, shard_of
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork

_MOST_ASKED: Final = 100
"""How many of a queue are looked at for one place that came back."""


def item_of(office: Office, offer: Offer) -> ServiceItem:
    """Return the item that an offer is of.

    Raises:
        NotFound: the catalogue has it no more (E-SERVICE-002).
    """
    return office.catalogue.offered(offer.item)


def offer_of(work: UnitOfWork, scope: Scope, booking: Booking) -> Offer:
    """Return what a booking is of; it is never taken away."""
    offer = work.offers.get(scope, booking.offer)
    if offer is None:
        raise NotFound("E-BOOKING-002")
    return offer


def booking_of(work: UnitOfWork, scope: Scope, booking: BookingId) -> Booking:
    """Return a booking.

    Raises:
        NotFound: it is not there, or not within reach (E-BOOKING-003).
    """
    found = work.bookings.get(scope, booking)
    if found is None:
        raise NotFound("E-BOOKING-003")
    return found


def keep(
    work: UnitOfWork, scope: Scope, old: Booking, event: BookingEvent, reason: str = ""
) -> Booking:
    """Keep what became of a booking, with its audit entry; return it as it now stands."""
    new = old.after(event)
    return keep_as(work, scope, old, new, event, reason)


def keep_as(  # noqa: PLR0913, PLR0917 - what an audit entry says
    work: UnitOfWork,
    scope: Scope,
    old: Booking,
    new: Booking,
    event: BookingEvent,
    reason: str = "",
) -> Booking:
    """Keep a booking that was moved by *event*."""
    work.bookings.put(scope, new)
    work.audit.add(scope, moved(old, new, event, reason))
    return evolve(new, version=new.version + 1)


def moved(old: Booking, new: Booking, event: BookingEvent, reason: str = "") -> AuditEntry:
    """Return the audit entry of a move."""
    return AuditEntry(
        action=f"booking.{event.value}",
        subject=new.id,
        person=new.person,
        before=old.state.value,
        after=new.state.value,
        reason=reason,
    )


def tell(
    work: UnitOfWork, scope: Scope, booking: Booking, offer: Offer, template: str, **words: str
) -> None:
    """Tell whose booking it is what became of it."""
    fields = {"title": offer.title.zh, "title_en": offer.title.en, **words}
    work.messages.add(scope, booking.person, f"booking.{template}", fields)


def confirm_by(office: Office, offer: Offer, now: datetime) -> datetime:
    """Return until when a place that is held now must be confirmed; never after the event."""
    hours = office.policy.deadlines.booking_confirm_hours
    return min(now + timedelta(hours=hours), offer.over)


def pass_on(office: Office, work: UnitOfWork, scope: Scope, offer: Offer) -> Booking | None:
    """Give one place that came back to the next in the queue, or back to the stock.

    Whoever may not have it now is passed over and keeps the place in the queue.

    Args:
        office: The office.
        work: The transaction in which the place came back.
        scope: One in which everybody in the queue is within reach: the engine's.
        offer: What there was a place of.

    Returns:
        The booking that has it now; None: the place is free.
    """
    if work.now < offer.closes:
        item = item_of(office, offer)
        for old in work.bookings.waiting(scope, offer.id, _MOST_ASKED):
            found = standing_of(
                office, work, scope, old.person, item,
                level=office.policy.services.realname_level, with_card=True,
            )  # fmt: skip
            if not found.free:
                continue
            until = confirm_by(office, offer, work.now)
            new = evolve(old.after(BookingEvent.PROMOTE), confirm_by=until)
            kept = keep_as(work, scope, old, new, BookingEvent.PROMOTE)
            tell(work, scope, kept, offer, "promoted", until=local(until))
            return kept
    work.offers.give_back(scope, offer.id, 1)
    return None


def occasion_of(booking: Booking) -> str:
    """Return the name of the occasion that a booking is for, as the participation record says."""
    return f"offer-{booking.offer}-{booking.place}"


def take_part(  # noqa: PLR0913 - who, where, by what means
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    booking: Booking,
    offer: Offer,
    *,
    means: Means,
    outcome: Outcome,
    card: CardId | None = None,
) -> Participation:
    """Record that somebody came, or did not (M09); the same occasion has one record."""
    _, category = item_words(office, offer.item)
    occasion = occasion_of(booking)
    record = Participation(
        id=ParticipationId(work.ids.new(shard_of(booking.person))),
        key=participation_key(offer.item, occasion, booking.person),
        person=booking.person,
        item=offer.item,
        category=category,
        occasion=occasion,
        at=work.now,
        recorded=work.now,
        means=means,
        outcome=outcome,
        card=card,
        organisation=scope.principal.organisation,
        author=scope.principal.id,
    )
    work.participations.add(scope, record)
    return record


def part_of(  # noqa: PLR0913, PLR0917 - whose card, where, and for what
    office: Office, work: UnitOfWork, scope: Scope, kept: KeptCard, item: str, occasion: str
) -> Participation:
    """Return the record that the holder of a card takes part in an occasion now."""
    _, category = item_words(office, item)
    return Participation(
        id=ParticipationId(work.ids.new(shard_of(kept.person))),
        key=participation_key(item, occasion, kept.person),
        person=kept.person,
        item=item,
        category=category,
        occasion=occasion,
        at=work.now,
        recorded=work.now,
        means=Means.CARD,
        card=kept.id,
        organisation=scope.principal.organisation,
        author=scope.principal.id,
    )
