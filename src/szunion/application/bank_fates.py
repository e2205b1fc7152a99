"""Know what follows from what is learnt of a dispatch: not arrived, unanswered, answered (下落)."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from szunion.application import numbers, payouts
from szunion.application.bank_freight import AskingFor, Freight, OpeningCards, SettingUse
from szunion.application.bank_lines import set_aside
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank_requests import Answer, Receipt
from szunion.domain.inbox import Hearing
from szunion.domain.outbox import MOST_FAULTS, OPEN, Dispatch, DispatchKind, DispatchState
from szunion.errors import NotFound
from szunion.ports.bank import BankInfo
from szunion.ports.storage import UnitOfWork


def carriers_of(office: Office) -> dict[DispatchKind, Freight]:
    """Return what carries each kind of dispatch."""
    return {
        DispatchKind.OPEN_CARDS: OpeningCards(office),
        DispatchKind.SET_CARD_USE: SettingUse(office),
        DispatchKind.PAY_OUT: payouts.Paying(office),
        DispatchKind.RESERVE_NUMBER: numbers.Reserving(office),
        DispatchKind.CARD_LIST: AskingFor(office),
        DispatchKind.STATEMENT: AskingFor(office),
    }


@frozen
class Fates:
    """What becomes of dispatches to one bank; each step in a unit of work that is given."""

    info: BankInfo
    carriers: Mapping[DispatchKind, Freight]

    def unreached(self, work: UnitOfWork, scope: Scope, id_: int) -> None:
        """Follow that it never arrived: it waits, and goes again."""
        dispatch = self.get(work, scope, id_)
        if dispatch.state is not DispatchState.SENT:
            return
        self.carriers[dispatch.kind].unreached(work, scope, dispatch)
        self.put(work, scope, dispatch, dispatch.waiting(DispatchState.QUEUED, work.now))

    def no_answer(self, work: UnitOfWork, scope: Scope, id_: int) -> None:
        """Follow that nobody knows whether it arrived: it will be asked for."""
        dispatch = self.get(work, scope, id_)
        if dispatch.state is not DispatchState.SENT:
            return
        self.carriers[dispatch.kind].no_answer(work, scope, dispatch)
        self.put(work, scope, dispatch, dispatch.doubtful(work.now))

    def broken(self, work: UnitOfWork, scope: Scope, id_: int, code: str) -> None:
        """Follow an adapter that raised what no adapter may: asked for, in the end set aside."""
        dispatch = self.get(work, scope, id_)
        if dispatch.state is DispatchState.SENT:
            self.carriers[dispatch.kind].no_answer(work, scope, dispatch)
        elif dispatch.state is not DispatchState.UNKNOWN:
            return
        marked = evolve(dispatch, faults=dispatch.faults + 1, outcome=code)
        if marked.faults >= MOST_FAULTS:
            self.put(work, scope, dispatch, marked.ended(DispatchState.ASIDE, code))
        elif dispatch.state is DispatchState.SENT:
            self.put(work, scope, dispatch, marked.doubtful(work.now))
        else:
            self.put(work, scope, dispatch, marked.asked(work.now))

    def answered(self, work: UnitOfWork, scope: Scope, id_: int, receipt: Receipt) -> None:
        """Follow the bank's answer to a dispatch, from wherever it came; twice changes nothing."""
        dispatch = self.get(work, scope, id_)
        if dispatch.state not in OPEN:
            return
        taken_in = receipt.answer is Answer.ACCEPTED
        state = DispatchState.DONE if taken_in else DispatchState.REFUSED
        if dispatch.state is DispatchState.QUEUED:
            # It was believed not to have arrived; the bank says that it did.
            self.carriers[dispatch.kind].leaving(work, scope, dispatch)
        self.carriers[dispatch.kind].answered(work, scope, dispatch, receipt)
        self.put(work, scope, dispatch, dispatch.ended(state, receipt.bank_code))

    def asked_in_vain(self, work: UnitOfWork, scope: Scope, id_: int) -> None:
        """Follow that the bank could not be asked."""
        dispatch = self.get(work, scope, id_)
        if dispatch.state is DispatchState.UNKNOWN:
            work.outbox.put(scope, dispatch.asked(work.now))

    def never_seen(self, work: UnitOfWork, scope: Scope, id_: int) -> bool:
        """Follow "never seen"; return whether the same is to be sent again at once."""
        dispatch = self.get(work, scope, id_)
        if dispatch.state is not DispatchState.UNKNOWN:
            return False
        info = self.info
        if dispatch.sent is None or work.now < dispatch.sent + info.settling:
            if info.idempotent_send:
                return True
            work.outbox.put(scope, dispatch.asked(work.now))
            return False
        if self.carriers[dispatch.kind].not_found(work, scope, dispatch):
            self.put(work, scope, dispatch, dispatch.again(work.now))
        else:
            # The bank has told of what it says it never saw: a person looks at it.
            self.put(work, scope, dispatch, dispatch.ended(DispatchState.ASIDE, "E-BANK-017"))
        return False

    def receipt_told(self, work: UnitOfWork, scope: Scope, receipt: Receipt) -> Hearing:
        """Follow a receipt that came late, or by file."""
        dispatch = work.outbox.by_key(scope, receipt.key)
        if dispatch is None:
            raise NotFound("E-BANK-015")
        if dispatch.state not in OPEN:
            return Hearing.LATE
        self.answered(work, scope, dispatch.id, receipt)
        return Hearing.OBEYED

    def faulty(self, work: UnitOfWork, scope: Scope, taken: Dispatch, code: str) -> None:
        """Follow that it cannot leave as it is."""
        dispatch = self.get(work, scope, taken.id)
        if dispatch.version != taken.version:
            return
        if dispatch.state is DispatchState.UNKNOWN:
            after = dispatch.ended(DispatchState.ASIDE, code)
        else:
            after = dispatch.faulty(code, work.now)
        self.put(work, scope, dispatch, after)

    def aside(self, work: UnitOfWork, scope: Scope, id_: int, code: str) -> None:
        """Set it aside: it waits for a person (搁置)."""
        dispatch = self.get(work, scope, id_)
        self.put(work, scope, dispatch, dispatch.ended(DispatchState.ASIDE, code))

    def get(self, work: UnitOfWork, scope: Scope, id_: int) -> Dispatch:
        """Return a dispatch.

        Raises:
            NotFound: there is none (E-BANK-018).
        """
        dispatch = work.outbox.get(scope, id_)
        if dispatch is None:
            raise NotFound("E-BANK-018")
        return dispatch

    def put(self, work: UnitOfWork, scope: Scope, old: Dispatch, new: Dispatch) -> None:
        """Keep a changed dispatch, and write it into the log."""
        work.outbox.put(scope, new)
        if new.state is DispatchState.ASIDE:
            set_aside(new)
        self.log(work, scope, old, new, f"outbox.{new.state.name.lower()}")

    def log(
        self, work: UnitOfWork, scope: Scope, old: Dispatch, new: Dispatch, action: str
    ) -> None:
        """Write into the log what was done with it."""
        entry = AuditEntry(
            action=action,
            subject=new.id,
            before=old.state.value,
            after=new.state.value,
            reason=new.outcome,
        )
        work.audit.add(scope, entry)
