"""Know how what the bank tells is fetched: many in a commit, none of them blocking others (来报).

Many are obeyed in one commit; if one of them makes trouble, each half is by itself, down to a
single one, which is set aside with its reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, TypeAlias

from attrs import define, field, frozen

from szunion.application.access import authorise
from szunion.application.bank_inbox import BankInbox
from szunion.application.bank_lines import ADAPTER_FAULT, FAULT, UNREACHED, notices_heard
from szunion.application.daily_list import Ahead, ahead
from szunion.application.office import Alone, Office
from szunion.application.together import obeyed_together
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import BankNotice, DailyCardList
from szunion.domain.inbox import Hearing
from szunion.errors import BankUnavailable, SzunionError
from szunion.log import say
from szunion.ports.bank import BankAdapter, Collected, Cursor
from szunion.ports.storage import UnitOfWork
from szunion.ports.system import Crowd

_LONGEST_WAITING: Final = 200
"""How many of those that have waited longest are tried again at once."""
_TOGETHER = 512
"""How many notices are obeyed in one commit, as long as none of them makes trouble."""
_A_MINUTE: Final = timedelta(minutes=1)
_ALONE: Final = Alone()
_Move: TypeAlias = Callable[[UnitOfWork, Scope], bool]
_Movers: TypeAlias = Callable[[int, int], _Move]


@define
class Falls:
    """When an adapter's falls in telling were last written into the audit log.

    Each entry is work for the sealer: noted at every round, a line that always falls would keep a
    worker busy for ever, and the log growing.
    """

    noted: datetime | None = None

    def is_to_be_noted(self, now: datetime) -> bool:
        """Return whether a fall now is an entry of its own: one a minute is, at most."""
        if self.noted is not None and timedelta(0) <= now - self.noted < _A_MINUTE:
            return False
        self.noted = now
        return True


@frozen(kw_only=True)
class BankEar:
    """Who listens to one bank."""

    office: Office
    by: Principal
    inbox: BankInbox
    falls: Falls = field(factory=Falls, eq=False, repr=False)

    @property
    def source(self) -> str:
        """Which bank."""
        return self.inbox.source

    def collect(self, bank: BankAdapter, most: int) -> int:
        """Fetch and obey at most about *most* notices; return how many.

        When another worker has moved the cursor meanwhile, it has the rest: this one stops.
        """
        at = self.office.storage.read(
            lambda work: work.inbox.cursor(self._scope(work), self.source)
        )
        count = 0
        part: list[Collected] = []
        for each in self._fetched(bank, at):
            part.append(each)
            if len(part) < _TOGETHER:
                continue
            if not self._hear_part(part, at):
                return count
            at, count, part = part[-1].cursor, count + len(part), []
            if count >= most:
                return count
        return count + (len(part) if part and self._hear_part(part, at) else 0)

    def reaches(self, bank: BankAdapter) -> bool:
        """Return whether what the bank tells can be fetched now; nothing is heard by it."""
        at = self.office.storage.read(
            lambda work: work.inbox.cursor(self._scope(work), self.source)
        )
        try:
            next(iter(bank.collect(after=at)), None)
        except Exception:  # noqa: BLE001 - whatever an adapter raises, it could not be fetched
            return False
        return True

    def _fetched(self, bank: BankAdapter, at: Cursor | None) -> Iterator[Collected]:
        """Yield what the bank tells, as far as it comes; an adapter's own fault ends it (F40)."""
        try:
            yield from bank.collect(after=at)
        except BankUnavailable:
            say("bank", logging.WARNING, "bank.collect", bank=self.source, outcome=UNREACHED)
            return  # what came before the line broke is kept; the rest is fetched the next time
        except Exception as error:  # noqa: BLE001 - an adapter may raise anything; it is logged
            kind = type(error).__name__
            say("bank", logging.ERROR, "bank.collect", bank=self.source, outcome=FAULT, code=kind)

            def note(work: UnitOfWork) -> None:
                entry = AuditEntry(
                    action="inbox.adapter_fault", subject=0, after=ADAPTER_FAULT, reason=kind
                )
                work.audit.add(self._scope(work), entry)

            if self.falls.is_to_be_noted(self.office.clock.now()):
                self.office.storage.run(note)

    def receive(self, notices: Sequence[BankNotice]) -> None:
        """Obey notices that the bank told at once, verified by the adapter."""
        for start in range(0, len(notices), _TOGETHER):
            self._hear_all(notices[start : start + _TOGETHER], _no_mover)

    def brought(self, notices: Sequence[BankNotice]) -> None:
        """Obey what one call of the bank's brought, in one commit with what other calls bring.

        What a call says is heard when this returns. A list of cards, and whatever is a part by
        itself, keeps nobody waiting: its caller obeys it alone.

        Raises:
            SzunionError: it could not be heard now, or it is not known that it was; the bank brings
                it again, and what was heard is recognised.
        """
        self._crowd_for(notices).ask(notices, self._obey_calls)

    def brought_soon(
        self, notices: Sequence[BankNotice], told: Callable[[Callable[[], None]], object]
    ) -> None:
        """Obey it as :meth:`brought` does, and do not wait: for whoever serves thousands.

        Args:
            notices: What the call brought.
            told: Called once all of it is committed, in a thread of the office's, with a function
                that returns, or raises as :meth:`brought` would. It hands that on and is done.

        Raises:
            StorageBusy: too many wait already (E-BOOKING-001); *told* is not called then.
        """
        self._crowd_for(notices).ask_soon(notices, self._obey_calls, told)

    def _crowd_for(self, notices: Sequence[BankNotice]) -> Crowd:
        long = len(notices) >= _TOGETHER or any(isinstance(each, DailyCardList) for each in notices)
        return _ALONE if long else self.office.bank_calls

    def _obey_calls(self, calls: Sequence[Sequence[BankNotice]]) -> Sequence[None]:
        """Obey what calls at one moment brought, in the order in which they came."""
        self.receive([each for notices in calls for each in notices])
        return [None] * len(calls)

    def refused(self, count: int) -> None:
        """Write down that *count* calls came that were not the bank's (拒收)."""
        entry = AuditEntry(action="inbox.refuse", subject=0, after=f"{count}", reason="E-SIG-001")
        self.office.storage.run(lambda work: work.audit.add(self._scope(work), entry))

    def _hear_part(self, part: Sequence[Collected], at: Cursor | None) -> bool:
        """Obey *part* from cursor *at* on; return whether the cursor was still there."""
        places = [at, *(each.cursor for each in part)]
        notices = [each.notice for each in part]
        return self._hear_all(notices, lambda start, end: self._mover(places[start], places[end]))

    def _hear_all(self, notices: Sequence[BankNotice], mover: _Movers, first: int = 0) -> bool:
        """Obey *notices* in one commit; if one makes trouble, each half by itself, and so on.

        Args:
            notices: What the bank told.
            mover: Returns the step that moves the cursor from one place to another.
            first: The place of the first of *notices*.

        Returns:
            Whether the cursor was where it should be.
        """
        if len(notices) == 1:
            return self._hear_alone(notices[0], mover(first, first + 1))
        lists = [at for at, each in enumerate(notices) if isinstance(each, DailyCardList)]
        if lists:  # each is heard by itself: nothing else waits in a commit for so long a one
            cuts = {0, *lists, *(at + 1 for at in lists), len(notices)}
        else:
            move = mover(first, first + len(notices))
            try:
                moved = self.office.storage.run(lambda work: self._obey_part(work, notices, move))
            except Exception as error:
                if isinstance(error, SzunionError) and error.retry:
                    raise
            else:
                notices_heard(self.source, len(notices), moved=moved)
                return moved
            cuts = {0, len(notices) // 2, len(notices)}
        return all(
            self._hear_all(notices[start:end], mover, first + start)
            for start, end in pairwise(sorted(cuts))
        )

    def _obey_part(self, work: UnitOfWork, notices: Sequence[BankNotice], move: _Move) -> bool:
        scope = self._scope(work)
        if not move(work, scope):
            return False
        obeyed_together(
            work, scope, self.source, notices, lambda held, each: self.inbox.hear(held, scope, each)
        )
        return True

    def _mover(self, before: Cursor | None, after: Cursor | None) -> _Move:
        """Return the step that moves the cursor, unless somebody else has moved it."""
        assert after is not None, "each notice has its place"

        def move(work: UnitOfWork, scope: Scope) -> bool:
            if work.inbox.cursor(scope, self.source) != before:
                return False
            work.inbox.move_cursor(scope, self.source, after, work.now)
            return True

        return move

    def _hear_alone(self, notice: BankNotice, move: _Move) -> bool:
        """Obey one notice in a commit of its own, or set it aside in one (搁置)."""
        seen = self._ahead(notice) if isinstance(notice, DailyCardList) else None

        def obey(work: UnitOfWork) -> bool:
            scope = self._scope(work)
            moved = move(work, scope)
            if moved:
                self.inbox.hear(work, scope, notice, seen)
            return moved

        def set_aside(work: UnitOfWork, reason: str) -> bool:
            scope = self._scope(work)
            moved = move(work, scope)
            if moved:
                self.inbox.set_aside(work, scope, notice, reason, seen)
            return moved

        try:
            moved = self.office.storage.run(obey)
        except SzunionError as error:
            if error.retry:
                raise
            code = error.code
        except Exception as error:  # noqa: BLE001 - kept with its kind, listed, and blocking nobody
            code = f"E-BANK-013 {type(error).__name__}"
        else:
            notices_heard(self.source, 1, moved=moved)
            return moved
        moved = self.office.storage.run(lambda work: set_aside(work, code))
        notices_heard(self.source, 1, moved=moved, code=code)
        return moved

    def _ahead(self, notice: DailyCardList) -> Ahead | None:
        """Go through a list first, so that its commit is short.

        What stands in the way is met again in that commit, and set aside there with its reason.
        """
        try:
            return ahead(self.office, notice, self.source, self._scope)
        except Exception as error:
            if isinstance(error, SzunionError) and error.retry:
                raise
            return None

    def look_again(self) -> bool:
        """Try what has waited longest: what it waited for may have moved by our own doing.

        Returns:
            Whether any of it waits no more.
        """
        longest = self.office.storage.read(
            lambda work: work.inbox.waiting_longest(self._scope(work), _LONGEST_WAITING)
        )
        if not longest:
            return False
        names = list(dict.fromkeys(waiting.about for waiting in longest))

        def again(work: UnitOfWork) -> bool:
            scope = self._scope(work)
            self.inbox.retry_waiting(work, scope, names)
            left = {waiting.id for waiting in work.inbox.waiting_longest(scope, _LONGEST_WAITING)}
            return not {waiting.id for waiting in longest} <= left

        return self.office.storage.run(again)

    def retry_aside(self, event_id: str) -> Hearing:
        """Obey a notice once more that was set aside; if it fails again, it stays set aside.

        Raises:
            NotFound: none was set aside under that event id (E-BANK-015).
        """
        return self.office.storage.run(
            lambda work: self.inbox.retry_aside(work, self._scope(work), event_id)
        )

    def _scope(self, work: UnitOfWork) -> Scope:
        return authorise(work, self.by, Operation.BANK_DESK)


def _no_mover(start: int, end: int) -> _Move:  # noqa: ARG001 - it has nothing to move
    return lambda work, scope: True  # noqa: ARG005
