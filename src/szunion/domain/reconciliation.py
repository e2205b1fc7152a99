"""Know what a comparison with the bank finds: every difference has a kind, a name and an age."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.values import Labelled

RECONCILED: Final = "RECONCILED"
"""Who closed a difference that the bank's own word closed."""


class ReconKind(Labelled):
    """What is compared (对账种类)."""

    CARDS = "CARDS", "卡状态", "states of cards"
    MONEY = "MONEY", "资金", "money"


class DifferenceKind(Labelled):
    """How the two sides differ (差异)."""

    NOT_TOLD = "NOT_TOLD", "银行有变动未回传", "the bank's change was not told"
    ENDED_HERE = "ENDED_HERE", "我方已终局，银行未终局", "ended here, alive at the bank"
    AHEAD = "AHEAD", "我方消息比清单新", "we hold something newer than the list"
    CONTRADICTORY = "CONTRADICTORY", "银行来报矛盾", "the bank contradicts itself"
    UNKNOWN_CARD = "UNKNOWN_CARD", "银行有，我方没有", "a card that we do not know"
    NOT_LISTED = "NOT_LISTED", "我方有，清单没有", "a card that the list does not have"
    USE_NOT_STOPPED = "USE_NOT_STOPPED", "会籍已终止，停用指令未办结", "the stop is not answered"
    ORDER_NOT_TOLD = "ORDER_NOT_TOLD", "流水有，我方未记结果", "paid by the statement, not told"
    ORDER_NOT_LISTED = (
        "ORDER_NOT_LISTED",
        "我方已到账，流水没有",
        "settled here, not listed",
    )
    AMOUNT = "AMOUNT", "金额不符", "the amounts differ"
    UNKNOWN_ORDER = "UNKNOWN_ORDER", "流水有，我方无此笔", "an order that we do not know"
    NOT_EXPECTED = "NOT_EXPECTED", "流水与指令状态不符", "does not go with the order's state"


OF_ACCOUNTS: Final = frozenset(
    {DifferenceKind.ENDED_HERE, DifferenceKind.CONTRADICTORY, DifferenceKind.NOT_LISTED}
)
"""While one of these is open about a card, nobody knows what its account is: it gets no money."""


class DifferenceState(Labelled):
    """Whether a difference is still there."""

    OPEN = "OPEN", "未结", "open"
    CLOSED = "CLOSED", "已结", "closed"


@frozen(kw_only=True)
class Difference:
    """One difference between us and the bank, by name."""

    id: int
    run: int
    """The run that found it first; its age counts from there."""
    kind: DifferenceKind
    subject: int = 0
    """The card or order; 0: we know none."""
    name: str = ""
    """What the bank calls it, as a blind index."""
    ours: str = ""
    theirs: str = ""
    state: DifferenceState = DifferenceState.OPEN
    closed_by: str = ""
    """``RECONCILED`` where the bank's word closed it, else who said so."""
    closed_at: datetime | None = None

    @property
    def sort(self) -> tuple[DifferenceKind, int, str]:
        """What makes it the same difference in another run."""
        return self.kind, self.subject, self.name

    def closed(self, by: str, at: datetime) -> Difference:
        """Return it as settled."""
        return evolve(self, state=DifferenceState.CLOSED, closed_by=by, closed_at=at)


@frozen(kw_only=True)
class ReconRun:
    """One comparison with one list of the bank (一次对账)."""

    id: int
    kind: ReconKind
    day: date
    digest: str
    at: datetime
    ours: int
    """How many we have."""
    theirs: int
    """How many the bank has listed."""
    agreed: int
    closed: int = 0
    """Differences that the bank's word closed in this run."""
    differences: tuple[Difference, ...] = field(default=(), eq=False)
