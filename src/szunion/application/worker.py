"""Know what the engine does when nobody asks: send, ask, listen, keep deadlines, hand over letters.

Everything is a small step; any number of workers may take them at once, on any machine. What a
worker that died was about is taken up when its lease has run out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import field, frozen

from szunion.application.access import authorise
from szunion.application.bank_desk import BankDesk
from szunion.application.booking_deadlines import BookingDeadlines
from szunion.application.card_deadlines import CardDeadlines
from szunion.application.claim_deadlines import ClaimDeadlines
from szunion.application.joining_deadlines import JoiningDeadlines
from szunion.application.letters import LetterDesk
from szunion.application.office import Office
from szunion.application.referral_deadlines import ReferralDeadlines
from szunion.application.retention import Terms
from szunion.domain.access import Operation, Principal, engine
from szunion.errors import BankUnavailable, ConfigError, KeysUnavailable
from szunion.log import say
from szunion.ports.bank import BankAdapter, ReadsFiles
from szunion.ports.notifier import Notifier
from szunion.ports.storage import UnitOfWork

_MOST_ROUNDS: Final = 100_000
_TOGETHER: Final = 50
Step = Callable[[], bool]
"""One thing to do; it returns whether there was anything to do."""


@frozen(kw_only=True)
class Worker:
    """One worker of the engine (后台作业)."""

    office: Office
    bank: BankAdapter
    notifier: Notifier
    name: str = "engine"
    by: Principal = field(factory=engine)
    more: Sequence[Step] = ()
    """Further steps: the sealer of the audit log, what lapses in other slices."""
    without_keys: Callable[[KeysUnavailable], object] = lambda _: None
    """Is told of each step that waits because its keys cannot be had now."""
    desk: BankDesk = field(init=False)

    def __attrs_post_init__(self) -> None:
        desk = BankDesk(office=self.office, bank=self.bank, by=self.by)
        object.__setattr__(self, "desk", desk)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is done in one round, in its order."""
        letters = LetterDesk(office=self.office, by=self.by, notifier=self.notifier)
        return (
            self.desk.recover,
            lambda: self.desk.deliver(self.name),
            lambda: _drained(lambda: self.desk.ask(self.name)),
            self._listen,
            self.desk.ear.look_again,
            CardDeadlines(self.office, self.by).keep,
            BookingDeadlines(self.office, self.by).keep,
            ClaimDeadlines(self.office, self.by).keep,
            ReferralDeadlines(self.office, self.by).keep,
            JoiningDeadlines(self.office, self.by).keep,
            Terms(self.office, self.by).keep,
            *self.more,
            letters.deliver,
        )

    def _listen(self) -> bool:
        try:
            return self.desk.collect() > 0
        except BankUnavailable:
            return False  # nothing could be fetched now; the next round tries again

    def reread(self, name: str) -> int:
        """Hear a file of the bank's once more; return how many notices it has (重读来盘文件).

        What was heard before changes nothing; what could not be read before is heard now.

        Raises:
            ConfigError: the bank's adapter does not read files (E-BANK-027).
            NotFound: no such file was fetched.
            InvalidInput: it is not whole.
        """
        if not isinstance(self.bank, ReadsFiles):
            raise ConfigError("E-BANK-027")
        notices = list(self.bank.reread(name))
        self.desk.ear.receive(notices)
        return len(notices)

    def work_once(self) -> bool:
        """Take one round; return whether there was anything to do.

        A step whose keys cannot be had now waits for the next round; the others go on.
        """
        done = [self._taken(step) for step in self.steps]
        return any(done)

    def _taken(self, step: Step) -> bool:
        try:
            return step()
        except KeysUnavailable as error:
            say("worker", logging.WARNING, "worker.wait", code=error.code)
            self.without_keys(error)
            return False

    def run_until_idle(self) -> int:
        """Take rounds until there is nothing to do now; return how many had something.

        Raises:
            ConfigError: it does not come to rest (E-OUTBOX-001): a step finds work for ever.
        """
        for done in range(_MOST_ROUNDS):
            if not self.work_once():
                return done
        raise ConfigError("E-OUTBOX-001", rounds=_MOST_ROUNDS)

    def next_due(self) -> datetime | None:
        """Return when something becomes due that waits for the bank, or to be handed to people.

        None: nothing waits.
        """

        def look(work: UnitOfWork) -> datetime | None:
            scope = authorise(work, self.by, Operation.BANK_DESK)
            found = work.outbox.next_due(scope), work.messages.next_due(scope)
            return min((each for each in found if each is not None), default=None)

        return self.office.storage.read(look)

    def idle_for(self) -> timedelta | None:
        """Return how long there will be nothing to send, ask or hand over; None: for good."""
        due = self.next_due()
        return None if due is None else max(due - self.office.clock.now(), timedelta(0))


def _drained(step: Step) -> bool:
    """Take one step again and again, but let the others have their turn; return whether it did."""
    for done in range(_TOGETHER):
        if not step():
            return done > 0
    return True
