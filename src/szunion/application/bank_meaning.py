"""Know what each kind of notice leads to: who obeys it, and for what it waits (来报的去处)."""

from __future__ import annotations

from typing import Protocol, assert_never

from szunion.application import bank_rows, bank_words, numbers, payouts, reconciliation
from szunion.application.bank_outcomes import Outcome, card_name, row_name
from szunion.application.daily_list import Ahead
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.bank import (
    BankNotice,
    CardChanged,
    CardProduced,
    DailyCardList,
    FeeWaiversUsed,
    NotUnderstood,
    NumberAnswered,
    OrderAccepted,
    OrderRejected,
    OrderReturned,
    OrderSettled,
    PlasticMoved,
    RequestAnswered,
    RowDeclined,
    RowFaceSigned,
    RowRejected,
    RowVerified,
    Statement,
)
from szunion.domain.bank_requests import Receipt
from szunion.domain.inbox import Hearing
from szunion.domain.rows import RowEvent
from szunion.errors import InvalidInput
from szunion.ports.storage import UnitOfWork


class TakesReceipts(Protocol):
    """Whoever sent the requests whose receipts come late."""

    def receipt_told(self, work: UnitOfWork, scope: Scope, receipt: Receipt) -> Hearing:
        """Follow a receipt."""
        ...


def waits_for(work: UnitOfWork, notice: BankNotice) -> tuple[str, ...]:
    """Return the names of the things that *notice* may have to wait for."""
    match notice:
        case CardChanged() | PlasticMoved() | FeeWaiversUsed():
            return (card_name(work, notice.card),)
        case CardProduced():
            return (row_name(notice.row), card_name(work, notice.card))
        case RowVerified() | RowRejected() | RowDeclined() | RowFaceSigned():
            return (row_name(notice.row),)
        case _:
            return ()


def obey(  # noqa: C901, PLR0911, PLR0912, PLR0913, PLR0917 - a line for each kind of notice
    office: Office,
    desk: TakesReceipts,
    work: UnitOfWork,
    scope: Scope,
    notice: BankNotice,
    known: Ahead,
) -> Outcome:
    """Do what a notice says. Every kind is here; a new one does not type-check without.

    Args:
        office: Where.
        desk: Who follows a receipt.
        work: In which unit.
        scope: Of the engine.
        notice: What the bank told.
        known: Its digest, and what a list was found to be before.
    """
    match notice:
        case RequestAnswered():
            return Outcome(hearing=desk.receipt_told(work, scope, notice.receipt))
        case RowVerified():
            return bank_rows.answered(work, scope, notice, RowEvent.VERIFIED)
        case RowRejected():
            return bank_rows.sent_back(work, scope, notice)
        case RowDeclined():
            return bank_rows.answered(work, scope, notice, RowEvent.DECLINED)
        case RowFaceSigned():
            return bank_words.face_signed(work, scope, notice)
        case CardProduced():
            return bank_rows.produced(office, work, scope, notice, known.digest)
        case CardChanged():
            return bank_rows.changed(office, work, scope, notice, known.digest)
        case PlasticMoved():
            return bank_rows.plastic(work, scope, notice)
        case FeeWaiversUsed():
            return bank_words.waivers_used(work, scope, notice)
        case NumberAnswered():
            return numbers.told(work, scope, notice)
        case OrderAccepted() | OrderRejected() | OrderSettled() | OrderReturned() | Statement():
            return payouts.obey(office, work, scope, notice, known.digest)
        case DailyCardList():
            return reconciliation.listed(office, work, scope, notice, known)
        case NotUnderstood():
            raise InvalidInput("E-BANK-060", kind=notice.named or "?")
    assert_never(notice)
