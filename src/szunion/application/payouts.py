"""Know how a pay-out goes to the bank, and what the bank's word does to it (代发、到账、退票)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, assert_never

from attrs import evolve, frozen

from szunion.application import statements
from szunion.application.bank_outcomes import Outcome
from szunion.application.bank_queue import same_content
from szunion.application.heirs import dead
from szunion.application.money_moves import Moved, keep_moves
from szunion.application.office import Office
from szunion.application.payable_now import LeftOut, contradicted, not_due
from szunion.application.payment_news import tell
from szunion.domain.access import Scope
from szunion.domain.bank import OrderAccepted, OrderRejected, OrderReturned, OrderSettled, Statement
from szunion.domain.bank_requests import Answer, PayLine, PayOut, Receipt
from szunion.domain.card_files import KeptCard
from szunion.domain.inbox import Hearing
from szunion.domain.machine import Gap
from szunion.domain.orders import DISBURSEMENT, Order, OrderEvent, OrderState
from szunion.domain.outbox import Dispatch
from szunion.domain.policy import Payable
from szunion.domain.use import payable
from szunion.domain.values import CardId, ObligationId, OrderId, PayoutBatchId, RequestKey
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork

MoneyNotice: TypeAlias = OrderAccepted | OrderRejected | OrderSettled | OrderReturned | Statement

_NOT_SENT: Final = frozenset({OrderState.DRAFT, OrderState.APPROVED, OrderState.CANCELLED})
_TOLD_OF: Final = frozenset(
    {OrderState.ACCEPTED, OrderState.SETTLED, OrderState.RETURNED, OrderState.REJECTED}
)


# --- what the bank tells --------------------------------------------------------------------


def obey(
    office: Office, work: UnitOfWork, scope: Scope, notice: MoneyNotice, content: str
) -> Outcome:
    """Do what a notice about money says; a copy, or a word that comes late, changes nothing.

    Raises:
        NotFound: we never had such an order (E-BANK-015).
        Conflict: another amount than was ordered (E-PAY-013), or an order that never left
            (E-PAY-011): a person looks at it.
    """
    match notice:
        case OrderAccepted():
            return _told(office, work, scope, notice, OrderEvent.ACCEPTED)
        case OrderRejected():
            return _told(office, work, scope, notice, OrderEvent.REJECTED)
        case OrderSettled():
            return _told(office, work, scope, notice, OrderEvent.SETTLED)
        case OrderReturned():
            return _told(office, work, scope, notice, OrderEvent.RETURNED)
        case Statement():
            return statements.check(office, work, scope, notice, content)
    assert_never(notice)


def _told(
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    notice: OrderAccepted | OrderRejected | OrderSettled | OrderReturned,
    event: OrderEvent,
) -> Outcome:
    order = work.orders.by_keys(scope, [notice.order]).get(notice.order)
    if order is None:
        raise NotFound("E-BANK-015")
    if isinstance(notice, OrderSettled | OrderReturned) and notice.fen != order.fen:
        raise Conflict(
            "E-PAY-013", current=order.state, allowed=(), fen=notice.fen, ordered=order.fen
        )
    sequence = notice.told.sequence
    fills = event is OrderEvent.SETTLED and order.settlement_missing
    contradicted = order.contradicted_by(event, sequence)
    if 0 < sequence < order.sequence and not fills and not contradicted:
        return Outcome(hearing=Hearing.LATE, subject=order.id)
    after = told(order, event, sequence)
    if isinstance(after, Gap):
        if contradicted:
            return _contradiction(order)
        return Outcome(hearing=Hearing.LATE, subject=order.id)
    code, text = _words(notice)
    after = evolve(after, bank_code=code or after.bank_code, bank_text=text or after.bank_text)
    keep_moves(work, scope, [Moved(order, after, f"order.{event.value}", code)])
    tell(office, work, scope, order, after)
    if contradicted:
        return _contradiction(order)
    early = after.settlement_missing and not order.settlement_missing
    return Outcome(hearing=Hearing.GAP if early else Hearing.OBEYED, subject=order.id)


def _contradiction(order: Order) -> Outcome:
    return Outcome(hearing=Hearing.CONFLICT, subject=order.id, reason="E-PAY-018")


def _words(
    notice: OrderAccepted | OrderRejected | OrderSettled | OrderReturned,
) -> tuple[str, str]:
    match notice:
        case OrderRejected(bank_code=code, bank_text=text):
            return code[:64], text[:256]
        case OrderReturned(reason=reason):
            return "", reason[:256]
        case _:
            return "", ""


def told(order: Order, event: OrderEvent, sequence: int) -> Order | Gap[OrderState, OrderEvent]:
    """Return an order after the bank's word, which also says that it has arrived there.

    Raises:
        Conflict: nothing of it has ever been sent (E-PAY-011).
    """
    if order.state in _NOT_SENT:
        raise Conflict("E-PAY-011", current=order.state, allowed=())
    if order.state is OrderState.BATCHED:
        # It was believed not to have arrived; the bank says that it did.
        order = order.after(OrderEvent.SEND)
    return order.told(event, sequence)


# --- on the way to the bank -----------------------------------------------------------------


def part_key(work: UnitOfWork, payout: PayoutBatchId, part: int) -> RequestKey:
    """Return the bank's key of one request of a pay-out."""
    return work.vault.request_key(f"payout:{payout}:{part}")


def request_of(key: RequestKey, orders: Iterable[Order], cards: dict[CardId, KeptCard]) -> PayOut:
    """Return the request that pays *orders*; every copy of it is the same."""
    return PayOut(
        key=key,
        lines=tuple(
            PayLine(
                order=order.key,
                payee=cards[order.card].card.ref,
                fen=order.fen,
                remark=f"{order.key}",
            )
            for order in orders
        ),
    )


def cards_of(work: UnitOfWork, scope: Scope, orders: Sequence[Order]) -> dict[CardId, KeptCard]:
    """Return the cards that orders pay into."""
    people = sorted({order.payee for order in orders})
    return {kept.id: kept for kept in work.cards.of_people(scope, people)}


def _alive_after_all(work: UnitOfWork, scope: Scope, orders: Sequence[Order]) -> set[OrderId]:
    """Return orders to heirs of people who stand as alive again."""
    ids = [order.obligation for order in orders]
    owed = {each.id: each.payee for each in work.bulk.obligations(scope, ids)}
    heirs = {
        order.id: owed[order.obligation]
        for order in orders
        if owed.get(order.obligation, order.payee) != order.payee
    }
    gone = dead(work, scope, list(heirs.values()))
    return {order for order, person in heirs.items() if person not in gone}


@frozen
class Paying:
    """One request of a pay-out on its way to the bank (批量代发)."""

    office: Office

    def leaving(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch
    ) -> tuple[PayOut, str] | None:
        """Write down that it leaves; what must not be paid any more is stopped before (停发).

        None: nothing of it is left to pay.
        """
        orders = self._orders(work, scope, dispatch)
        cards = cards_of(work, scope, orders)
        if dispatch.sent is None:
            orders = self._stop(work, scope, dispatch, orders, cards)
            if not orders:
                return None
        request = request_of(dispatch.key, orders, cards)
        content = same_content(work, dispatch, request)
        self._move(work, scope, orders, OrderEvent.SEND)
        return request, content

    def unreached(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """See :class:`szunion.application.bank_freight.Freight`."""
        self._move(work, scope, self._orders(work, scope, dispatch), OrderEvent.UNREACHED)

    def no_answer(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> None:
        """See :class:`szunion.application.bank_freight.Freight`."""
        self._move(work, scope, self._orders(work, scope, dispatch), OrderEvent.NO_ANSWER)

    def not_found(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> bool:
        """See :class:`szunion.application.bank_freight.Freight`."""
        orders = self._orders(work, scope, dispatch)
        if any(order.state in _TOLD_OF for order in orders):
            return False
        self._move(work, scope, orders, OrderEvent.NOT_FOUND)
        return True

    def answered(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, receipt: Receipt
    ) -> None:
        """Follow the bank's answer; its control totals must be ours.

        Raises:
            Conflict: it took in another number of lines or another sum (E-PAY-012).
        """
        orders = self._orders(work, scope, dispatch)
        total = sum(order.fen.amount for order in orders)
        if receipt.answer is Answer.REFUSED:
            self._facts(work, scope, orders, OrderEvent.REJECTED, receipt)
            return
        if (receipt.rows, receipt.total.amount) != (len(orders), total):
            raise Conflict(
                "E-PAY-012", current=receipt.rows, allowed=(len(orders),), rows=receipt.rows,
                ours=len(orders),
            )  # fmt: skip
        self._facts(work, scope, orders, OrderEvent.ACCEPTED, receipt)

    def _orders(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> list[Order]:
        """Return the orders that a dispatch carries: its part, without what was cancelled."""
        found = work.orders.of_payout(scope, PayoutBatchId(dispatch.subject), dispatch.sequence)
        return [order for order in found if order.state is not OrderState.CANCELLED]

    def _stop(
        self,
        work: UnitOfWork,
        scope: Scope,
        dispatch: Dispatch,
        orders: list[Order],
        cards: dict[CardId, KeptCard],
    ) -> list[Order]:
        """Stop what must not be paid any more; return what is left."""
        gone = dead(work, scope, [order.payee for order in orders])
        mistaken = _alive_after_all(work, scope, orders)
        overpaid, doubtful = self._not_due(work, scope, dispatch, orders)
        left: list[Order] = []
        stopped: list[Moved] = []
        for order in orders:
            kept = cards.get(order.card)
            why = ""
            if order.obligation in overpaid:
                why = LeftOut.NOT_DUE.value
            elif order.obligation in doubtful:
                why = LeftOut.CONTRADICTED.value
            elif order.id in mistaken:
                why = "NOT_DECEASED"
            elif order.payee in gone:
                why = "DECEASED"
            elif kept is None or payable(kept.card, self.office.policy) is Payable.NO:
                why = "NOT_PAYABLE"
            if why:
                stopped.append(Moved(order, order.after(OrderEvent.STOP), "order.stop", why))
            else:
                left.append(order)
        keep_moves(work, scope, stopped)
        return left

    def _not_due(
        self, work: UnitOfWork, scope: Scope, dispatch: Dispatch, orders: Sequence[Order]
    ) -> tuple[set[ObligationId], set[ObligationId]]:
        """Return what is not to be paid, and what the bank contradicted after it was drafted."""
        ids = sorted({order.obligation for order in orders})
        payout = work.payouts.get(scope, PayoutBatchId(dispatch.subject))
        if payout is None:
            raise NotFound("E-PAY-008")
        since = contradicted(work, scope, work.orders.of_obligations(scope, ids))
        return not_due(work, scope, ids), {id_ for id_, at in since.items() if at > payout.made}

    def _move(
        self, work: UnitOfWork, scope: Scope, orders: Sequence[Order], event: OrderEvent
    ) -> None:
        """Move those that the table lets move; what the bank has told of is past it."""
        moves = []
        for order in orders:
            if DISBURSEMENT.transition(order.state, event) is not None:
                moves.append(Moved(order, order.after(event), f"order.{event.value}"))
            elif event is OrderEvent.SEND and order.state is OrderState.UNKNOWN:
                again = order.after(OrderEvent.RESEND)
                moves.append(Moved(order, again, f"order.{OrderEvent.RESEND.value}"))
        keep_moves(work, scope, moves)

    def _facts(
        self,
        work: UnitOfWork,
        scope: Scope,
        orders: Sequence[Order],
        event: OrderEvent,
        receipt: Receipt,
    ) -> None:
        moves = []
        for order in orders:
            if DISBURSEMENT.transition(order.state, event) is None:
                continue
            match order.told(event, 0):
                case Gap():
                    continue
                case after:
                    new = evolve(
                        after,
                        bank_code=receipt.bank_code[:64],
                        bank_text=receipt.bank_text[:256],
                    )
                    moves.append(Moved(order, new, f"order.{event.value}", receipt.bank_code))
        keep_moves(work, scope, moves)
        for move in moves:
            tell(self.office, work, scope, move.old, move.new)
