"""Know how limited stock is booked: put up, grabbed by many at once, confirmed, given back, used.

What a request comes to is a value: a place, a place in the queue, or the reason why neither. A
refusal leaves no row, so that a thousand people who come too late cost no more than a look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.authority import check_actor
from szunion.application.booking_moves import (
    booking_of,
    item_of,
    keep,
    occasion_of,
    offer_of,
    pass_on,
    take_part,
    tell,
)
from szunion.application.grab import Ask, Booked, NotBooked, Outcome, Queued, grab, refusals
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.domain import participation as parts
from szunion.domain.access import Operation, Principal, Scope, engine
from szunion.domain.audit import AuditEntry
from szunion.domain.bookings import (
    BOOKING,
    Booking,
    BookingEvent,
    BookingState,
    Offer,
    may_be_put_up,
)
from szunion.domain.catalogue import Mode, ServiceItem
from szunion.domain.machine import Actor
from szunion.domain.participation import Means, Participation
from szunion.domain.proposals import Proposal
from szunion.domain.readable import check_name
from szunion.domain.values import BookingId, CardId, OfferId, ParticipationId, PersonId, shard_of
from szunion.errors import Conflict, InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

__all__ = ["Ask", "Booked", "Bookings", "Confirmed", "NotBooked", "Outcome", "Queued"]

_E = BookingEvent
_CORRECT: Final = "booking.correct"
_AS_MEMBER: Final = frozenset({Actor.MEMBER})
"""A member acts for himself or herself; the hotline writes down what the member says."""
_AS_PROVIDER: Final = frozenset({Actor.PROVIDER})
"""Whoever stands at the door of an event acts for who provides it."""


@frozen(kw_only=True)
class Confirmed:
    """The place is the member's (预约成功): a code to show, and what it is for."""

    booking: Booking
    code: str


@frozen
class Bookings:
    """Limited stock, as one principal may put it up, book it, or check it in (预约、抢票)."""

    office: Office
    by: Principal

    # --- what there is ----------------------------------------------------------------------

    @one_commit
    def put_up(  # noqa: PLR0913 - what an offer says
        self,
        work: UnitOfWork,
        item: str,
        title: Text,
        *,
        stock: int,
        opens: datetime,
        closes: datetime,
        ends: datetime | None = None,
        per_person: int = 1,
        waiting_list: bool = False,
    ) -> Offer:
        """Put something up for booking (发布).

        Args:
            work: Given by the office.
            item: The item of the catalogue that it is of.
            title: What it is called.
            stock: How many places there are.
            opens: From when on it can be booked.
            closes: Until when; the waiting list closes with it.
            ends: When the event is over; None: when it closes.
            per_person: How many places one member may have.
            waiting_list: Whether those who come too late may wait.

        Raises:
            NotFound: the catalogue has no such item (E-SERVICE-002).
            InvalidInput: it contradicts itself (E-BOOKING-004), or nobody books a place of such an
                item (E-BOOKING-010), or its title is no line of text (E-VALUE-002).
        """
        scope = authorise(work, self.by, Operation.OFFER_WRITE)
        offer = Offer(
            id=OfferId(work.ids.new()), item=item, title=title, stock=stock, opens=opens,
            closes=closes, ends=ends, per_person=per_person, waiting_list=waiting_list,
        )  # fmt: skip
        _check(offer, item_of(self.office, offer))
        work.offers.add(scope, offer)
        entry = AuditEntry(action="offer.put_up", subject=offer.id, after=f"{item}:{stock}")
        work.audit.add(scope, entry)
        return evolve(offer, ends=offer.over)

    @one_look
    def open(self, work: UnitOfWork) -> Sequence[Offer]:
        """Return what can be booked now or later, the next to close first."""
        scope = authorise(work, self.by, Operation.SERVICE_READ)
        return work.offers.open(scope, work.now)

    @one_look
    def offer(self, work: UnitOfWork, offer: OfferId) -> Offer:
        """Return one of them.

        Raises:
            NotFound: there is none (E-BOOKING-002).
        """
        found = work.offers.get(authorise(work, self.by, Operation.SERVICE_READ), offer)
        if found is None:
            raise NotFound("E-BOOKING-002")
        return found

    # --- a member's side --------------------------------------------------------------------

    def book(self, offer: OfferId, person: PersonId | None = None) -> Outcome:
        """Ask for a place (预约、抢票); answered after it is committed.

        Many who ask at once are decided in one transaction, in the order in which they came.
        A second call is safe: who has a place already is told so, with the booking.

        Args:
            offer: What of.
            person: For whom the hotline asks; a member asks for himself or herself.

        Raises:
            NotFound: there is no such offer (E-BOOKING-002) or person within reach
                (E-SERVICE-003).
            StorageBusy: too many ask at this moment (E-BOOKING-001).
        """
        return self.office.crowd.ask(self._ask(offer, person), self._decide)

    def book_soon(
        self,
        offer: OfferId,
        told: Callable[[Callable[[], Outcome]], object],
        person: PersonId | None = None,
    ) -> None:
        """Ask for a place as :meth:`book` does, and do not wait: for whoever serves thousands.

        Args:
            offer: What of.
            told: Called once it is decided and committed, in a thread of the office's, with a
                function that returns the outcome or raises as :meth:`book` would. It hands that
                on (``loop.call_soon_threadsafe``, a queue) and is done: others wait for it.
            person: For whom the hotline asks; a member asks for himself or herself.

        Raises:
            NotFound: nobody is asked for (E-SERVICE-003).
            StorageBusy: too many ask at this moment (E-BOOKING-001); *told* is not called then.
        """
        self.office.crowd.ask_soon(self._ask(offer, person), self._decide, told)

    def _ask(self, offer: OfferId, person: PersonId | None) -> Ask:
        who = person if person is not None else self.by.person
        if who is None:
            raise NotFound("E-SERVICE-003")
        return Ask(self.by, offer, who)

    def _decide(self, asks: Sequence[Ask]) -> Sequence[Outcome]:
        """Answer a crowd: those who come too late from a look, the others in one transaction.

        An error among the answers is raised by the crowd.
        """
        answers = list(self.office.storage.read(lambda work: refusals(work, asks)))
        open_ = [at for at, answer in enumerate(answers) if answer is None]
        if open_:
            left = [asks[at] for at in open_]
            grabbed = self.office.storage.run(lambda work: grab(self.office, work, left))
            for at, answer in zip(open_, grabbed, strict=True):
                answers[at] = answer
        return cast("Sequence[Outcome]", answers)

    @one_look
    def of_person(self, work: UnitOfWork, person: PersonId | None = None) -> Sequence[Booking]:
        """Return a member's bookings, oldest first.

        Whoever got no answer because the line broke finds here what came of it.
        """
        scope = authorise(work, self.by, Operation.SERVICE_READ)
        who = person if person is not None else self.by.person
        return [] if who is None else work.bookings.of_person(scope, who)

    @one_commit
    def confirm(self, work: UnitOfWork, booking: BookingId) -> Confirmed:
        """Confirm a place that is held (确认); a second time gives the same code.

        Raises:
            Conflict: the deadline has passed (E-BOOKING-005); or E-STATE-001.
        """
        scope = authorise(work, self.by, Operation.BOOKING_WRITE)
        old = booking_of(work, scope, booking)
        code = work.vault.outward("b", old.id)
        if old.state is BookingState.CONFIRMED:
            return Confirmed(booking=old, code=code)
        check_actor(BOOKING, old.state, _E.CONFIRM, _AS_MEMBER)
        if old.confirm_by is not None and work.now >= old.confirm_by:
            raise Conflict("E-BOOKING-005", current=old.state, allowed=())
        new = keep(work, scope, old, _E.CONFIRM)
        tell(work, scope, new, offer_of(work, scope, new), "confirmed", code=code)
        return Confirmed(booking=new, code=code)

    @one_commit
    def cancel(self, work: UnitOfWork, booking: BookingId) -> Booking:
        """Give a place, or a place in the queue, up (取消); the next in the queue has it then.

        Raises:
            Conflict: the event is over (E-BOOKING-006); or E-STATE-001.
        """
        scope = authorise(work, self.by, Operation.BOOKING_WRITE)
        old = booking_of(work, scope, booking)
        check_actor(BOOKING, old.state, _E.CANCEL, _AS_MEMBER)
        if old.takes_a_place and work.now >= offer_of(work, scope, old).over:
            raise Conflict("E-BOOKING-006", current=old.state, allowed=())
        return self._cancelled(work, scope, old, Text("本人取消", "by yourself"))

    # --- the provider's side ----------------------------------------------------------------

    @one_commit
    def call_off(self, work: UnitOfWork, booking: BookingId, reason: str) -> Booking:
        """Cancel a confirmed place as the provider, with the reason (服务方取消).

        Raises:
            InvalidInput: no reason is given (E-BOOKING-008).
        """
        scope = authorise(work, self.by, Operation.BOOKING_CHECK)
        old = booking_of(work, scope, booking)
        check_actor(BOOKING, old.state, _E.CANCEL, _AS_PROVIDER)
        if not reason.strip():
            raise InvalidInput("E-BOOKING-008")
        return self._cancelled(work, scope, old, Text(reason[:200], reason[:200]))

    def _cancelled(self, work: UnitOfWork, scope: Scope, old: Booking, why: Text) -> Booking:
        new = keep(work, scope, old, _E.CANCEL, why.zh)
        offer = offer_of(work, scope, new)
        tell(work, scope, new, offer, "cancelled", reason=why.zh, reason_en=why.en)
        if old.takes_a_place:
            pass_on(self.office, work, authorise(work, engine(), Operation.BOOKING_WRITE), offer)
        return new

    @one_commit
    def check_in(
        self,
        work: UnitOfWork,
        booking: BookingId,
        *,
        means: Means = Means.CERTIFICATE,
        card: CardId | None = None,
    ) -> Participation:
        """Let somebody in who has a confirmed place (核销): used, and recorded (M09).

        Raises:
            Conflict: the event is over (E-BOOKING-006); or E-STATE-001.
        """
        scope = authorise(work, self.by, Operation.BOOKING_CHECK)
        old = booking_of(work, scope, booking)
        check_actor(BOOKING, old.state, _E.CHECK_IN, _AS_PROVIDER)
        offer = offer_of(work, scope, old)
        if work.now >= offer.over:
            raise Conflict("E-BOOKING-006", current=old.state, allowed=(_E.CORRECT,))
        new = keep(work, scope, old, _E.CHECK_IN, means.value)
        return take_part(
            self.office, work, scope, new, offer,
            means=means, outcome=parts.Outcome.TOOK_PART, card=card,
        )  # fmt: skip

    @one_commit
    def propose_correction(self, work: UnitOfWork, booking: BookingId, evidence: str) -> Proposal:
        """Propose that somebody who counts as not come was there (更正); a second one confirms.

        Raises:
            Conflict: the window is over (E-BOOKING-007); or E-STATE-001.
        """
        scope = authorise(work, self.by, Operation.BOOKING_CHECK)
        old = booking_of(work, scope, booking)
        check_actor(BOOKING, old.state, _E.CORRECT, _AS_PROVIDER)
        days = self.office.policy.deadlines.correction
        if work.now > offer_of(work, scope, old).over + timedelta(days=days):
            raise Conflict("E-BOOKING-007", current=old.state, allowed=(), days=days)
        return propose(work, scope, _CORRECT, old.id, {"evidence": evidence[:200]})

    @one_commit
    def confirm_correction(self, work: UnitOfWork, proposal: int) -> Booking:
        """Confirm it as a second person: the record is corrected by another, not overwritten.

        Raises:
            NotAllowed: the maker cannot be the checker (E-ACCESS-004).
        """
        scope = authorise(work, self.by, Operation.BOOKING_CHECK)
        decided = decide(work, scope, proposal, {_CORRECT})
        old = booking_of(work, scope, BookingId(decided.subject))
        why = decided.terms["evidence"]
        new = keep(work, scope, old, _E.CORRECT, why)
        offer = offer_of(work, scope, new)
        key = parts.participation_key(offer.item, occasion_of(new), new.person)
        missed = work.participations.by_key(scope, key, new.person)
        if missed is None:
            raise NotFound("E-BOOKING-003")
        corrected = parts.correction(
            missed,
            id_=ParticipationId(work.ids.new(shard_of(new.person))),
            outcome=parts.Outcome.TOOK_PART, at=work.now, by=self.by.id, why=why,
        )  # fmt: skip
        work.participations.add(scope, corrected)
        return new


def _check(offer: Offer, item: ServiceItem) -> None:
    check_name(Text("标题", "title"), offer.title.zh, offer.title.en)
    if not may_be_put_up(item):
        how = item.kind if item.mode is Mode.INDIVIDUAL else item.mode
        raise InvalidInput("E-BOOKING-010", item=item.id, kind=how.label, kind_en=how.label_en)
    problem = None
    if offer.stock < 1 or offer.per_person < 1:
        problem = Text("数量至少为 1", "a number is at least 1")
    elif not offer.opens < offer.closes <= offer.over:
        problem = Text("开放、截止、结束的先后不对", "opening, closing and end are out of order")
    if problem is not None:
        raise InvalidInput("E-BOOKING-004", problem=problem.zh, problem_en=problem.en)
