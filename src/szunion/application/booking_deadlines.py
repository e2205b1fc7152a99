"""Know what becomes of bookings because time has passed: held places lapse, events are over."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.booking_moves import keep, offer_of, pass_on, take_part, tell
from szunion.application.office import Office, one_commit
from szunion.domain.access import Operation, Principal
from szunion.domain.bookings import BookingEvent, BookingState
from szunion.domain.participation import Means, Outcome
from szunion.ports.storage import UnitOfWork

_TOGETHER: Final = 100


@frozen
class BookingDeadlines:
    """The engine at the calendar of bookings (预约期限)."""

    office: Office
    by: Principal

    def keep(self) -> bool:
        """Free what lapsed and end what is over; return whether anything was due."""
        lapsed = self.lapse()
        ended = self.end()
        return bool(lapsed or ended)

    @one_commit
    def lapse(self, work: UnitOfWork) -> int:
        """Free places that were not confirmed in time; the next in the queue has them then."""
        scope = authorise(work, self.by, Operation.BOOKING_WRITE)
        found = work.bookings.lapsed(scope, work.now, _TOGETHER)
        for old in found:
            offer = offer_of(work, scope, old)
            new = keep(work, scope, old, BookingEvent.LAPSE)
            tell(work, scope, new, offer, "lapsed")
            pass_on(self.office, work, scope, offer)
        return len(found)

    @one_commit
    def end(self, work: UnitOfWork) -> int:
        """Close waiting lists, and record who did not come to what is over."""
        scope = authorise(work, self.by, Operation.BOOKING_WRITE)
        found = work.bookings.over(scope, work.now, _TOGETHER)
        for old in found:
            offer = offer_of(work, scope, old)
            if old.state is BookingState.WAITLISTED:
                tell(work, scope, keep(work, scope, old, BookingEvent.CLOSE), offer, "closed")
                continue
            new = keep(work, scope, old, BookingEvent.MISS)
            take_part(
                self.office, work, scope, new, offer, means=Means.DESK, outcome=Outcome.NO_SHOW
            )
            days = str(self.office.policy.deadlines.correction)
            tell(work, scope, new, offer, "missed", days=days)
        return len(found)
