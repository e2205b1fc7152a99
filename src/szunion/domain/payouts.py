"""Know what is owed, and what of it is approved within what is left and the budget (应付)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import evolve, field, frozen

from szunion.domain.orders import IN_FLIGHT, Order, OrderEvent, OrderState, positive
from szunion.domain.values import Fen, Labelled, ObligationId, PayoutBatchId, PersonId, RequestKey
from szunion.errors import Conflict, NotAllowed


@frozen(kw_only=True)
class Obligation:
    """What is owed to somebody, once (应付). Its amount never changes; what is left is computed."""

    id: ObligationId
    key: str
    """The business key: item, period, subject, instalment. The same grant twice has one key."""
    payee: PersonId
    item: str
    """The service item that it comes from."""
    year: int
    """The year whose budget it comes from."""
    fen: Fen = field(validator=positive)
    settled: Fen = Fen(0)
    """Arrived and not returned; kept by the store beside the orders, never beyond ``fen``."""
    in_flight: Fen = Fen(0)
    """Approved, on its way, or unknown."""
    decided: datetime
    decided_by: str
    version: int = 0


@frozen
class Owed:
    """What is left of an obligation (尚欠)."""

    settled: Fen
    """Arrived and not returned."""
    in_flight: Fen
    """Approved, on its way, or unknown."""
    open: Fen
    """What may still be ordered."""


def owed(obligation: Obligation, orders: Iterable[Order]) -> Owed:
    """Return what is left of *obligation* beside its *orders* (all of them)."""
    settled = in_flight = 0
    for order in orders:
        if order.state is OrderState.SETTLED:
            settled += order.fen.amount
        elif order.state in IN_FLIGHT:
            in_flight += order.fen.amount
    left = obligation.fen.amount - settled - in_flight
    return Owed(Fen(settled), Fen(in_flight), Fen(left))


def approved(order: Order, obligation: Obligation, others: Iterable[Order], by: str) -> Order:
    """Return *order* approved by a second person, within what is still owed (复核).

    Args:
        order: The draft.
        obligation: What it pays.
        others: All other orders of the obligation.
        by: Who approves.

    Raises:
        NotAllowed: it is the maker (E-PAY-001).
        Conflict: it would pay more than is owed (E-PAY-002), or pays another obligation
            (E-PAY-003); or E-STATE-001.
    """
    after = order.after(OrderEvent.APPROVE)
    if by == order.made_by:
        raise NotAllowed("E-PAY-001", order=order.id)
    if order.obligation != obligation.id:
        raise Conflict("E-PAY-003", current=order.obligation, allowed=(obligation.id,))
    left = owed(obligation, (each for each in others if each.id != order.id))
    if order.fen > left.open:
        raise Conflict("E-PAY-002", current=left.open, allowed=(), fen=order.fen, open=left.open)
    return evolve(after, approved_by=by)


class PayoutState(Labelled):
    """Where a pay-out stands (代发批次状态)."""

    DRAFT = "DRAFT", "待复核", "waiting for approval"
    APPROVED = "APPROVED", "已复核", "approved"
    CANCELLED = "CANCELLED", "已取消", "cancelled"


@frozen(kw_only=True)
class PayoutBatch:
    """Many orders that one person made and another approves (代发批次).

    What becomes of each order is the order's own story.
    """

    id: PayoutBatchId
    key: RequestKey
    """Of its content: the same draft twice is one."""
    item: str
    year: int
    orders: int
    total: Fen
    made: datetime
    made_by: str
    state: PayoutState = PayoutState.DRAFT
    approved_by: str | None = None
    version: int = 0


@frozen(kw_only=True)
class Budget:
    """How much a service item may cost in a year, and how much of it is committed (项目预算)."""

    item: str
    year: int
    ceiling: Fen
    committed: Fen = Fen(0)

    @property
    def left(self) -> Fen:
        """What may still be committed."""
        return self.ceiling - self.committed
