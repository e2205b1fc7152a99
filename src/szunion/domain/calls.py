"""Know what opens one member to a hotline operator: a ticket, and what the caller knows (核身)."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.domain.tickets import TICKET, TicketEvent, TicketState
from szunion.domain.values import Labelled, PersonId

QUESTIONS: Final = 3
"""So many questions are put to a caller."""
RIGHT: Final = 2
"""So many must be answered as it stands in the file."""
LONGEST_HOLD: Final = timedelta(hours=72)
"""The longest protective hold of the hotline; a city may set less."""
_WINDOW: Final = timedelta(hours=24)
"""Wrong answers count together for so long."""


class Challenge(Labelled):
    """One thing that a member knows and the file says (核身问题)."""

    MOBILE = "mobile", "登记的手机号", "the mobile number on file"
    UNION = "union", "所在工会的全称或编号", "the full name or code of the own union"
    CARD = "card", "会员卡号后四位", "the last four digits of the card"
    JOINED = "joined", "入会的年月，如 2017-11", "year and month of joining, such as 2017-11"


@frozen(kw_only=True)
class Ticket:
    """One matter of one caller; it may open one member to the operator for a while (工单)."""

    id: int
    clerk: str
    topic: str
    """Which of the city's topics it is about; the catalogue may have it no more."""
    taken: datetime
    state: TicketState = TicketState.NEW
    person: PersonId | None = None
    """Whom it opens; None: nobody has been identified."""
    until: datetime | None = None
    """How long it does so."""
    version: int = 0

    @property
    def waits(self) -> bool:
        """Whether it has not been done with."""
        return self.state is TicketState.NEW

    def opened(self, person: PersonId, until: datetime) -> Ticket:
        """Return the ticket of a caller who is identified as *person*."""
        return evolve(self, person=person, until=until)

    def opens(self, clerk: str, at: datetime) -> PersonId | None:
        """Return whom it opens to *clerk* at a moment; None: nobody."""
        here = self.clerk == clerk and self.state is TicketState.NEW
        return self.person if here and self.until is not None and at < self.until else None

    def given(self, clerk: str) -> Ticket:
        """Return it as another operator's, opening nobody: who takes over identifies anew."""
        return evolve(self, clerk=clerk, person=None, until=None)

    def answered(self) -> Ticket:
        """Return it answered within the call, which closes it (E-STATE-001 if it was before)."""
        answered = TICKET.after(self.state, TicketEvent.ANSWER)
        return evolve(self, state=TICKET.after(answered, TicketEvent.CLOSE))

    def assigned(self) -> Ticket:
        """Return it passed on to a union, which ends the call (E-STATE-001)."""
        return evolve(self, state=TICKET.after(self.state, TicketEvent.ASSIGN))

    def forwarded(self) -> Ticket:
        """Return it handed over to whose duty it is: a loss to the bank's line (E-STATE-001)."""
        return evolve(self, state=TICKET.after(self.state, TicketEvent.FORWARD))


@frozen(kw_only=True)
class Tries:
    """How often somebody, or for somebody, answered wrongly of late (核身错误计数)."""

    wrong: int = 0
    began: datetime | None = None
    locked_until: datetime | None = None

    def locked(self, at: datetime) -> bool:
        """Return whether nothing is tried now."""
        return self.locked_until is not None and at < self.locked_until

    def missed(self, at: datetime, *, most: int, lock: timedelta) -> Tries:
        """Return the count after one more wrong answer; while locked it stays as it is."""
        if self.locked(at):
            return self
        fresh = self.began is None or self.locked_until is not None or at >= self.began + _WINDOW
        wrong = 1 if fresh else self.wrong + 1
        return Tries(
            wrong=wrong, began=at if fresh else self.began,
            locked_until=at + lock if wrong >= most else None,
        )  # fmt: skip


def right_answers(
    asked: Iterable[Challenge],
    known: Mapping[Challenge, frozenset[str]],
    said: Mapping[Challenge, str],
) -> int:
    """Return how many of the questions *asked* were answered as the file has it.

    Each answer is compared with each right one, whatever the others come to.
    """
    return sum(
        sum(_same(said.get(each, ""), right) for right in sorted(known.get(each, ()))) > 0
        for each in set(asked)
    )


def _same(said: str, right: str) -> bool:
    told, known = _plain(said), _plain(right)
    return bool(known) and hmac.compare_digest(told.encode(), known.encode())


def _plain(words: str) -> str:
    """Return an answer without what a listener cannot hear: width, case, blanks, country code."""
    folded = "".join(unicodedata.normalize("NFKC", words).casefold().split())
    return folded.removeprefix("+86")
