"""Know how what was decided reaches the bank, and how its answers are sought (发送、询问).

Nothing is sent inside a transaction. A dispatch is written down as sent before its first byte
leaves; whatever happens then, the store says what may have happened, and only the bank's word, or
its absence after the settling time, changes that. Many leave in one commit, and what the bank has
answered is kept in one: a worker that dies before it has answers to ask for, and nothing to guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Final, TypeVar

from attrs import evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.bank_ear import BankEar, Falls
from szunion.application.bank_fates import Fates, carriers_of
from szunion.application.bank_inbox import BankInbox
from szunion.application.bank_lines import ADAPTER_FAULT, UNREACHED, Call, call
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal, Scope, engine
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.outbox import REQUESTS, Dispatch, DispatchKind, DispatchState
from szunion.domain.values import RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, Conflict, SzunionError
from szunion.ports.bank import BankAdapter, Deadline
from szunion.ports.storage import UnitOfWork

T = TypeVar("T")

LEASE: Final = timedelta(minutes=2)
"""How long a worker may be about one dispatch before others believe that it is dead."""
TOGETHER: Final = 50
"""How many dispatches are a set."""
_CALL: Final = timedelta(seconds=30)
"""How long the bank may be about one."""
_DEADLINE: Final = Deadline(_CALL.total_seconds())
_SOON: Final = timedelta(seconds=1)
"""How long an answer may wait for others, to be kept in one commit with them."""
_LIGHT: Final = frozenset({
    DispatchKind.SET_CARD_USE, DispatchKind.RESERVE_NUMBER, DispatchKind.CARD_LIST,
    DispatchKind.STATEMENT,
})  # fmt: skip
"""What may leave in one commit with others; a batch or a pay-out has rows enough for its own."""
Following = Callable[[UnitOfWork, Scope, int], None]
"""Follows what became of a dispatch."""
Fate = tuple[int, Following]


@frozen
class _Left:
    """What is written down as leaving."""

    dispatch: Dispatch
    request: BankRequest
    again: bool
    """Whether a copy of it may have arrived before."""


@frozen(kw_only=True)
class BankDesk:
    """The desk between the union and its bank (银行窗口). Safe with several workers at once."""

    office: Office
    bank: BankAdapter
    by: Principal = field(factory=engine)
    fates: Fates = field(init=False, repr=False, eq=False)
    falls: Falls = field(factory=Falls, init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "fates", Fates(self.bank.info, carriers_of(self.office)))

    # --- sending ----------------------------------------------------------------------------

    def deliver(self, worker: str = "engine") -> bool:
        """Send the next dispatches that are due, a set; return whether there were any."""
        taken = self._take(
            lambda work, scope: work.outbox.take(
                scope, worker, work.now, work.now + LEASE, TOGETHER
            )
        )
        for _, together in groupby(taken, lambda each: each.kind not in _LIGHT and each.id):
            self._send(list(together))
        return bool(taken)

    def _send(self, taken: Sequence[Dispatch]) -> None:
        """Write down that they leave, send them, write down what is known of them then."""
        fates, since = list[Fate](), self.office.clock.now()
        for each in self._left(taken):
            fates.append((each.dispatch.id, self._fate_of(each)))
            now = self.office.clock.now()
            if now - since > _SOON:
                self._settle(fates)
                fates, since = [], now
        if fates:
            self._settle(fates)

    def _left(self, taken: Sequence[Dispatch]) -> Sequence[_Left]:
        """Write down that they leave; what is at fault holds up none of the others."""
        try:
            return self._run(lambda work, scope: self._leave(work, scope, taken))
        except SzunionError as error:
            if error.retry:
                raise
            code = error.code
        if len(taken) > 1:
            return [left for each in taken for left in self._left([each])]
        self._run(lambda work, scope: self.fates.faulty(work, scope, taken[0], code))
        return []

    def _leave(self, work: UnitOfWork, scope: Scope, taken: Sequence[Dispatch]) -> list[_Left]:
        kept = {each.id: each for each in work.outbox.many(scope, [each.id for each in taken])}
        # A lease may have run out, and somebody else have taken it up.
        ours = [kept[each.id] for each in taken if kept[each.id].version == each.version]
        left = [each for one in ours if (each := self._leaves(work, scope, one)) is not None]
        work.outbox.put_many(scope, [each.dispatch for each in left])
        for each in left:
            action = "outbox.resend" if each.again else "outbox.send"
            self.fates.log(work, scope, kept[each.dispatch.id], each.dispatch, action)
        return left

    def _leaves(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> _Left | None:
        if REQUESTS[dispatch.kind] not in self.bank.info.accepts:
            raise Conflict("E-BANK-011", current=dispatch.kind, allowed=())
        leaving = self.fates.carriers[dispatch.kind].leaving(work, scope, dispatch)
        if leaving is None:
            after = dispatch.ended(DispatchState.CANCELLED, "NOTHING_LEFT")
            self.fates.put(work, scope, dispatch, after)
            return None
        request, content = leaving
        left = evolve(dispatch.leaving(work.now), digest=content)
        return _Left(left, request, again=dispatch.state is DispatchState.UNKNOWN)

    def _fate_of(self, left: _Left) -> Following:
        """Send one; return how what is known of it then is followed."""
        # That a later copy never arrived says nothing about the first: it stays unknown.
        unreached = self.fates.no_answer if left.again else self.fates.unreached
        until = left.dispatch.lease_until
        if until is not None and self.office.clock.now() > until - _CALL:
            return unreached  # nobody may be sending it when its lease ends
        with self._call("bank.send", left.dispatch) as told:
            try:
                receipt = self.bank.send(left.request, deadline=_DEADLINE)
                _is_of(left.request.key, receipt)
            except BankUnavailable:
                told.outcome = UNREACHED
                return unreached
            except BankOutcomeUnknown:
                return self.fates.no_answer
            except Exception as error:  # noqa: BLE001 - an adapter may raise anything; it is kept
                # It broke its promise, so nobody knows how far it came: unknown, never failed.
                told.fault(error)
                return partial(self.fates.broken, code=f"{ADAPTER_FAULT} {type(error).__name__}")
            told.heard(receipt)
        return partial(self.fates.answered, receipt=receipt)

    def _settle(self, fates: Sequence[Fate]) -> None:
        """Write down what is known of some, in one commit; a contradiction, of each by itself."""

        def follow(work: UnitOfWork, scope: Scope) -> None:
            for id_, following in fates:
                following(work, scope, id_)

        try:
            self._run(follow)
        except Conflict as error:
            code = error.code
        else:
            return
        if len(fates) > 1:
            for each in fates:
                self._settle([each])
        else:
            # The bank's answer contradicts what was sent: this one waits for a person.
            self._run(lambda work, scope: self.fates.aside(work, scope, fates[0][0], code))

    # --- asking -----------------------------------------------------------------------------

    def ask(self, worker: str = "engine") -> bool:
        """Ask what became of the next dispatch of which nobody knows; return whether one was due.

        "Never seen" counts after the adapter's settling time; then the same dispatch goes again,
        with the same key. An adapter that may be sent the same twice gets it at once.
        """
        found = self._take(
            lambda work, scope: work.outbox.take_unknown(
                scope, worker, work.now, work.now + LEASE, 1
            )
        )
        if not found:
            return False
        (taken,) = found
        with self._call("bank.ask", taken) as told:
            try:
                receipt = self.bank.ask(taken.key, deadline=_DEADLINE)
                _is_of(taken.key, receipt)
            except (BankUnavailable, BankOutcomeUnknown):
                self._run(lambda work, scope: self.fates.asked_in_vain(work, scope, taken.id))
                return True
            except Exception as error:  # noqa: BLE001 - as in sending
                told.fault(error)
                code = f"{ADAPTER_FAULT} {type(error).__name__}"
                self._run(lambda work, scope: self.fates.broken(work, scope, taken.id, code))
                return True
            told.heard(receipt)
        if receipt is not None:
            self._settle([(taken.id, partial(self.fates.answered, receipt=receipt))])
            return True
        again = self._run(lambda work, scope: self.fates.never_seen(work, scope, taken.id))
        if again:
            self._send([taken])
        return True

    def recover(self) -> bool:
        """Take up what a worker that died left behind: sent, with an unknown outcome."""
        lost = self._run(lambda work, scope: work.outbox.lost(scope, work.now, 50))
        for dispatch in lost:
            id_ = dispatch.id
            self._run(lambda work, scope, id_=id_: self.fates.no_answer(work, scope, id_))  # type: ignore[misc]
        return bool(lost)

    def doubt(self) -> int:
        """Take all that waits to be sent as something that may have left; return how many.

        For a store that came out of a backup: after it, the same may have been sent. So the bank
        is asked by the key first, and nothing is sent again on what the store remembers.
        """
        waiting: list[Dispatch] = []

        def page(work: UnitOfWork, scope: Scope) -> Sequence[Dispatch]:
            after = waiting[-1].id if waiting else 0
            return work.outbox.listed(scope, (DispatchState.QUEUED,), after=after)

        while found := self._run(page):
            waiting += found

        def doubted(work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> bool:
            if not self._leave(work, scope, [dispatch]):
                return False
            self.fates.no_answer(work, scope, dispatch.id)
            return True

        return sum(
            self._run(lambda work, scope, one=one: doubted(work, scope, one))  # type: ignore[misc]
            for one in waiting
        )

    # --- hearing ----------------------------------------------------------------------------

    def collect(self, most: int = 1000) -> int:
        """Fetch what the bank has told since the last time and obey it; return how many.

        The cursor moves in the commit of what was fetched with it.
        """
        return self.ear.collect(self.bank, most)

    @property
    def ear(self) -> BankEar:
        """Who listens to the bank: also to its callbacks."""
        inbox = BankInbox(office=self.office, desk=self.fates, source=self.bank.info.name)
        return BankEar(office=self.office, by=self.by, inbox=inbox, falls=self.falls)

    # --- within -----------------------------------------------------------------------------

    def _call(self, event: str, dispatch: Dispatch) -> AbstractContextManager[Call]:
        return call(event, dispatch, self.bank.info.name, self.office.clock)

    def _take(self, step: Callable[[UnitOfWork, Scope], Sequence[Dispatch]]) -> Sequence[Dispatch]:
        """Take a lease: its row is locked and has a version, so nobody has to wait for anybody."""
        return self.office.storage.run(
            lambda work: step(work, authorise(work, self.by, Operation.BANK_DESK)), guarded=True
        )

    def _run(self, step: Callable[[UnitOfWork, Scope], T]) -> T:
        return self.office.storage.run(
            lambda work: step(work, authorise(work, self.by, Operation.BANK_DESK))
        )


class AnothersAnswer(Exception):
    """An adapter handed over the answer to another request: a fault of its own."""


def _is_of(key: RequestKey, receipt: Receipt | None) -> None:
    if receipt is not None and receipt.key != key:
        raise AnothersAnswer
