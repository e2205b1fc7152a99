"""Know what becomes of one notice of the bank's: heard once, obeyed, waiting or set aside (听报).

An event id that is known is a copy or a contradiction. What cannot be obeyed yet waits, sealed, for
what it waits for; what cannot be obeyed at all is set aside with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import evolve, frozen

from szunion.application.bank_meaning import TakesReceipts, obey, waits_for
from szunion.application.bank_outcomes import Outcome
from szunion.application.canonical import decode, digest, encode
from szunion.application.card_holds import stop_for_conflict
from szunion.application.daily_list import Ahead
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import (
    BankNotice,
    CardChanged,
    CardProduced,
    NotUnderstood,
    OrderAccepted,
    OrderRejected,
    OrderReturned,
    OrderSettled,
    RowDeclined,
    RowFaceSigned,
    RowRejected,
    RowVerified,
)
from szunion.domain.inbox import HeardNotice, Hearing, WaitingNotice
from szunion.domain.values import CardId
from szunion.errors import NotFound
from szunion.ports.keys import Place
from szunion.ports.storage import UnitOfWork

_ASIDE: Final = "aside"


@frozen(kw_only=True)
class BankInbox:
    """What one bank has told, and what became of it; each step in a unit of work that is given."""

    office: Office
    desk: TakesReceipts
    source: str

    def hear(
        self, work: UnitOfWork, scope: Scope, notice: BankNotice, seen: Ahead | None = None
    ) -> Hearing:
        """Hear one notice: new, a copy, or a contradiction."""
        seen = seen or Ahead(digest(work.vault, notice))
        heard = self._heard(work, notice, Hearing.OBEYED, "", seen)
        known = work.inbox.hear(scope, heard)
        if known is None:
            outcome = self._obey(work, scope, notice, seen)
            self._settle(work, scope, notice, heard, outcome)
            return outcome.hearing
        unread = NotUnderstood.__name__
        if known.digest == heard.digest or type(notice).__name__ == unread:
            work.inbox.put(scope, evolve(known, copies=known.copies + 1))
            return Hearing.DUPLICATE
        if known.kind == unread:
            return self._understood(work, scope, notice, heard)
        return self._contradicted(work, scope, notice, heard, known)

    def _understood(
        self, work: UnitOfWork, scope: Scope, notice: BankNotice, heard: HeardNotice
    ) -> Hearing:
        """Obey what could not be read before and can be read now: it was set aside, not heard."""
        for waiting in work.inbox.waiting(scope, _ASIDE):
            if (waiting.source, waiting.event_id) == (heard.source, heard.event_id):
                work.inbox.waits_no_more(scope, waiting)
        return self._anew(work, scope, notice, heard)

    def _anew(
        self, work: UnitOfWork, scope: Scope, notice: BankNotice, heard: HeardNotice
    ) -> Hearing:
        """Obey what was set aside before."""
        outcome = self._obey(work, scope, notice, Ahead(heard.digest))
        work.inbox.put(scope, heard)
        self._settle(work, scope, notice, heard, outcome)
        return outcome.hearing

    def _settle(
        self,
        work: UnitOfWork,
        scope: Scope,
        notice: BankNotice,
        heard: HeardNotice,
        outcome: Outcome,
    ) -> None:
        """Keep what became of a notice, and try what waited for what it moved."""
        if outcome.hearing is Hearing.WAITING:
            self._keep(work, scope, notice, outcome.about)
        kept = evolve(
            heard, hearing=outcome.hearing, subject=outcome.subject,
            reason=outcome.reason or heard.reason,
        )  # fmt: skip
        if kept != heard:
            work.inbox.put(scope, kept)
        if outcome.hearing is not Hearing.OBEYED:
            self._log(work, scope, kept, outcome.subject)
        self.retry_waiting(work, scope, outcome.moved)

    def retry_waiting(self, work: UnitOfWork, scope: Scope, moved: Iterable[str]) -> None:
        """Obey what waited for things that have now moved, and what waited for those."""
        todo = list(dict.fromkeys(moved))
        while todo:
            about = todo.pop(0)
            for waiting in work.inbox.waiting(scope, about):
                notice = decode(work.vault.open(_place(waiting.id), waiting.sealed))
                outcome = self._obey(work, scope, notice, Ahead(digest(work.vault, notice)))
                if outcome.hearing is Hearing.WAITING and outcome.about == about:
                    continue
                work.inbox.waits_no_more(scope, waiting)
                if outcome.hearing is Hearing.WAITING:
                    self._keep(work, scope, notice, outcome.about)
                old = work.inbox.get(scope, waiting.source, waiting.event_id)
                if old is not None:
                    hearing = outcome.hearing
                    if hearing is Hearing.DUPLICATE:
                        hearing = Hearing.OBEYED
                    work.inbox.put(scope, evolve(old, hearing=hearing, subject=outcome.subject))
                todo += [name for name in outcome.moved if name not in todo]

    def _contradicted(
        self,
        work: UnitOfWork,
        scope: Scope,
        notice: BankNotice,
        heard: HeardNotice,
        known: HeardNotice,
    ) -> Hearing:
        """Follow an event id that comes with another content: neither copy counts (矛盾).

        It is as old as its second content; what comes again after that is no newer contradiction.
        """
        for about in waits_for(work, notice):
            for waiting in work.inbox.waiting(scope, about):
                if waiting.event_id == known.event_id:
                    work.inbox.waits_no_more(scope, waiting)
        subject = known.subject
        match notice:
            case CardChanged() | CardProduced():
                kept = work.cards.by_ref(scope, notice.card)
                if kept is not None:
                    outcome = self._obey(work, scope, notice, Ahead(heard.digest))
                    subject = outcome.subject or subject
            case RowVerified() | RowRejected() | RowDeclined() | RowFaceSigned():
                row = work.rows.by_key(scope, notice.row)
                if row is not None and row.card is not None:
                    self._stop(work, scope, row.card)
            case OrderAccepted() | OrderRejected() | OrderSettled() | OrderReturned():
                order = work.orders.by_keys(scope, [notice.order]).get(notice.order)
                subject = order.id if order is not None else subject
            case _:
                pass
        since = known.received if known.hearing is Hearing.CONFLICT else work.now
        after = evolve(
            known, hearing=Hearing.CONFLICT, reason="E-BANK-020", copies=known.copies + 1,
            subject=known.subject or subject, received=since,
        )  # fmt: skip
        work.inbox.put(scope, after)
        self._log(work, scope, after, subject)
        return Hearing.CONFLICT

    def _stop(self, work: UnitOfWork, scope: Scope, card: CardId) -> None:
        kept = work.cards.get(scope, card)
        if kept is not None:
            stop_for_conflict(work, scope, kept)

    def _obey(self, work: UnitOfWork, scope: Scope, notice: BankNotice, known: Ahead) -> Outcome:
        return obey(self.office, self.desk, work, scope, notice, known)

    # --- set aside --------------------------------------------------------------------------

    def set_aside(
        self,
        work: UnitOfWork,
        scope: Scope,
        notice: BankNotice,
        reason: str,
        seen: Ahead | None = None,
    ) -> None:
        """Set a notice aside that cannot be obeyed, unless it is a copy (搁置)."""
        seen = seen or Ahead(digest(work.vault, notice))
        heard = self._heard(work, notice, Hearing.ASIDE, reason, seen)
        if work.inbox.hear(scope, heard) is None:
            self._keep(work, scope, notice, _ASIDE)
            self._log(work, scope, heard, 0)

    def retry_aside(self, work: UnitOfWork, scope: Scope, event_id: str) -> Hearing:
        """Obey a notice once more that was set aside.

        Raises:
            NotFound: none was set aside under that event id (E-BANK-015).
        """
        for waiting in work.inbox.waiting(scope, _ASIDE):
            heard = work.inbox.get(scope, waiting.source, waiting.event_id)
            if waiting.event_id == event_id and heard is not None:
                notice = decode(work.vault.open(_place(waiting.id), waiting.sealed))
                work.inbox.waits_no_more(scope, waiting)
                fresh = evolve(heard, hearing=Hearing.OBEYED, reason="")
                return self._anew(work, scope, notice, fresh)
        raise NotFound("E-BANK-015")

    # --- within -----------------------------------------------------------------------------

    def _heard(
        self,
        work: UnitOfWork,
        notice: BankNotice,
        hearing: Hearing,
        reason: str,
        seen: Ahead,
    ) -> HeardNotice:
        return HeardNotice(
            source=self.source,
            event_id=notice.told.event_id,
            kind=type(notice).__name__,
            stream=notice.told.stream,
            sequence=notice.told.sequence,
            digest=seen.digest,
            received=work.now,
            hearing=hearing,
            reason=reason,
        )

    def _keep(self, work: UnitOfWork, scope: Scope, notice: BankNotice, about: str) -> None:
        id_ = work.ids.new()
        work.inbox.wait(
            scope,
            WaitingNotice(
                id=id_,
                source=self.source,
                event_id=notice.told.event_id,
                about=about,
                sealed=work.vault.seal(_place(id_), encode(notice)),
                received=work.now,
            ),
        )

    def _log(self, work: UnitOfWork, scope: Scope, heard: HeardNotice, subject: int) -> None:
        entry = AuditEntry(
            action="inbox.hear",
            subject=subject,
            after=heard.hearing.value,
            reason=heard.reason or heard.kind,
        )
        work.audit.add(scope, entry)


def _place(id_: int) -> Place:
    return Place("inbox_waiting", 0, id_)
