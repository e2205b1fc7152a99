"""Know what an operator sees and does with what goes to the bank and comes from it (收发)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.domain.inbox import HeardNotice, Hearing
from szunion.domain.outbox import Dispatch, DispatchState
from szunion.domain.values import RequestKey
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

STUCK: Final = (DispatchState.UNKNOWN, DispatchState.ASIDE)
TROUBLES: Final = (Hearing.WAITING, Hearing.CONFLICT, Hearing.ASIDE)


@frozen
class BankBooks:
    """The outbox and the inbox, for those who look after them (收发台)."""

    office: Office
    by: Principal

    @one_look
    def dispatches(
        self,
        work: UnitOfWork,
        states: Sequence[DispatchState] = tuple(DispatchState),
        *,
        after: int = 0,
        most: int = 200,
    ) -> Sequence[Dispatch]:
        """Return a page of dispatches, by id."""
        scope = authorise(work, self.by, Operation.BANK_READ)
        return work.outbox.listed(scope, states, after=after, most=most)

    @one_look
    def dispatch(self, work: UnitOfWork, key: RequestKey) -> Dispatch:
        """Return one dispatch.

        Raises:
            NotFound: there is none by that key (E-BANK-018).
        """
        found = work.outbox.by_key(authorise(work, self.by, Operation.BANK_READ), key)
        if found is None:
            raise NotFound("E-BANK-018")
        return found

    @one_look
    def troubles(self, work: UnitOfWork, *, most: int = 200) -> Sequence[HeardNotice]:
        """Return notices that wait, contradict each other, or were set aside, oldest first."""
        scope = authorise(work, self.by, Operation.BANK_READ)
        return work.inbox.listed(scope, TROUBLES, most=most)

    @one_commit
    def park(self, work: UnitOfWork, key: RequestKey, why: str) -> Dispatch:
        """Set a dispatch aside by hand that has not left, so that others can go on (搁置).

        Raises:
            NotFound: there is none by that key (E-BANK-018).
            Conflict: it has left or ended (E-BANK-025): what may have arrived is never parked; or
                no words say why (E-BANK-026).
        """
        scope = authorise(work, self.by, Operation.BANK_OPERATE)
        old = work.outbox.by_key(scope, key)
        if old is None:
            raise NotFound("E-BANK-018")
        if old.state is not DispatchState.QUEUED or old.sent is not None:
            raise Conflict("E-BANK-025", current=old.state, allowed=(DispatchState.QUEUED,))
        if not why.strip():
            raise Conflict("E-BANK-026", current="", allowed=())
        new = old.ended(DispatchState.ASIDE, "PARKED")
        work.outbox.put(scope, new)
        entry = AuditEntry(
            action="outbox.park", subject=old.id, before=old.state.value, after=new.state.value,
            reason=why.strip()[:200],
        )  # fmt: skip
        work.audit.add(scope, entry)
        return evolve(new, version=new.version + 1)

    @one_commit
    def retry(self, work: UnitOfWork, key: RequestKey) -> Dispatch:
        """Queue a dispatch that was set aside once more: the same key, the same content.

        One that may have arrived is asked for first.

        Raises:
            NotFound: there is none by that key (E-BANK-018).
            Conflict: it was not set aside (E-BANK-019).
        """
        scope = authorise(work, self.by, Operation.BANK_OPERATE)
        old = work.outbox.by_key(scope, key)
        if old is None:
            raise NotFound("E-BANK-018")
        if old.state is not DispatchState.ASIDE:
            raise Conflict("E-BANK-019", current=old.state, allowed=())
        new = old.again(work.now)
        if old.sent is not None:
            new = evolve(new, state=DispatchState.UNKNOWN)
        work.outbox.put(scope, new)
        entry = AuditEntry(
            action="outbox.retry", subject=old.id, before=old.state.value, after=new.state.value
        )
        work.audit.add(scope, entry)
        return evolve(new, version=new.version + 1)
