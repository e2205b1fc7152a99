"""Know what is owed, in how many orders it is paid, and what a year's budget leaves (应付)."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from szunion.domain.orders import positive
from szunion.domain.values import Fen, Labelled, ObligationId, PayoutBatchId, PersonId, RequestKey


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

    @property
    def open(self) -> Fen:
        """What may still be ordered (尚欠)."""
        return self.fen - self.settled - self.in_flight


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
