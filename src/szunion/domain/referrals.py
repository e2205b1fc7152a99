"""Know one matter that the hotline passed on to a union, and its clock until it is closed (派单).

The call ends with the ticket; what follows is this: accepted in time, answered in time, called
back about. Both are steps of one table (``domain/tickets.py``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.tickets import TICKET, TicketEvent, TicketState
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import InvalidInput

MOST_WORDS: Final = 1000
_S = TicketState
_E = TicketEvent

OPEN: Final = frozenset(
    {_S.NEW, _S.ASSIGNED, _S.WORKING, _S.WAITING_MEMBER, _S.REPLIED, _S.CALLBACK, _S.REOPENED}
)
"""It waits for somebody."""
AT_HOTLINE: Final = frozenset({_S.NEW, _S.REPLIED, _S.CALLBACK})
"""It waits for an operator: sent back, answered, or being called back about."""


def checked(words: str) -> str:
    """Return what somebody said of a matter (E-REFERRAL-002 if it is nothing, or too long)."""
    said = words.strip()
    if not said or len(said) > MOST_WORDS:
        raise InvalidInput("E-REFERRAL-002", most=MOST_WORDS)
    return said


@frozen(kw_only=True)
class Referral:
    """One matter of one member, and the union that answers for it (派单)."""

    id: int
    ticket: int
    """The ticket of the call; 0: there was none, the member asked in a portal."""
    person: PersonId
    organisation: OrganisationId
    """The union that answers (承办单位)."""
    topic: str
    """Which of the city's topics it is about."""
    words: str = field(repr=False)
    """What the caller said; the store seals it, with the answer and the notes."""
    made: datetime
    clerk: str
    """The operator who has it in hand: passed it on, or calls back."""
    due: date
    """By this day the union answers."""
    watch: date | None
    """After this day it is overdue next; None: no clock runs, or every breach is noted."""
    state: TicketState = _S.ASSIGNED
    handler: str = ""
    """The officer who accepted it, or answered."""
    raised: OrganisationId | None = None
    """Who sees to it since it is overdue: the union one level up, at each breach one more."""
    breaches: int = 0
    late: bool = False
    """It was not answered by the day."""
    bounces: int = 0
    """How often it was sent back."""
    calls: int = 0
    """How often it was tried to reach the member about the answer."""
    answer: str = field(default="", repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    """Why it was sent back, and why the member was not satisfied."""
    changed: datetime
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether it waits for somebody."""
        return self.state in OPEN

    def after(self, event: TicketEvent, at: datetime) -> Referral:
        """Return it after an event of the table (E-STATE-001 if there is no such step)."""
        return evolve(self, state=TICKET.after(self.state, event), changed=at)

    def assigned(
        self, union: OrganisationId, clerk: str, at: datetime, *, accept_by: date, due: date
    ) -> Referral:
        """Return it assigned again: sent back, the clock has run on; reopened, it begins anew."""
        anew = self.state is _S.REOPENED
        end, late = (due, False) if anew else (self.due, self.late)
        return evolve(
            self.after(_E.ASSIGN, at), organisation=union, clerk=clerk, handler="", due=end,
            late=late, watch=accept_by if late else min(accept_by, end), raised=None,
        )  # fmt: skip

    def accepted(self, by: str, at: datetime) -> Referral:
        """Return it accepted by an officer of the union (签收)."""
        watch = None if self.late else self.due
        return evolve(self.after(_E.ACCEPT, at), handler=by, watch=watch)

    def bounced(self, why: str, at: datetime) -> Referral:
        """Return it sent back to the hotline, with the reason (退单)."""
        return evolve(
            self.after(_E.BOUNCE, at), bounces=self.bounces + 1,
            watch=None if self.late else self.due, notes=(*self.notes, checked(why)),
        )  # fmt: skip

    def replied(self, by: str, words: str, at: datetime) -> Referral:
        """Return it answered (答复)."""
        return evolve(self.after(_E.REPLY, at), handler=by, answer=checked(words), watch=None)

    def taken(self, clerk: str, at: datetime) -> Referral:
        """Return it in an operator's hand: answered, the member is called back (回访)."""
        now = self.after(_E.CALL_BACK, at) if self.state is _S.REPLIED else self
        return evolve(now, clerk=clerk, changed=at)

    def missed(self, most: int, at: datetime) -> Referral:
        """Return it after the member could not be reached: closed after so many times."""
        calls = self.calls + 1
        now = self.after(_E.UNREACHABLE, at) if calls >= most else self
        return evolve(now, calls=calls, changed=at)

    def unsatisfied(self, why: str, at: datetime) -> Referral:
        """Return it reopened, because the member was not satisfied (不满意)."""
        return evolve(self.after(_E.UNSATISFIED, at), notes=(*self.notes, checked(why)))

    def overdue(self, today: date, raised: OrganisationId, at: datetime) -> Referral:
        """Return it with one more breach, seen to by *raised*: each breach is noted once (超期)."""
        late = today > self.due
        return evolve(
            self.after(_E.OVERDUE, at), breaches=self.breaches + 1, raised=raised, late=late,
            watch=None if late else self.due,
        )  # fmt: skip

    def without_words(self) -> Referral:
        """Return what a list says of it: nothing that anybody said."""
        return evolve(self, words="", answer="", notes=())
