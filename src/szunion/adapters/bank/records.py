"""Know what the simulated bank keeps of its rows, accounts, cards and orders.

These are the bank's own books. They hold no name and no document, only a keyed digest of the
person, so that a journal of a test run can be shown to anybody.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Final, NamedTuple

from attrs import define, frozen

from szunion.domain.bank import BankEvent, BankState, NumberResult, StatementKind
from szunion.domain.bank_requests import AccountClass, Receipt
from szunion.domain.values import CardRef, Fen, Masked, RequestKey


class RowState(Enum):
    """Where an application row stands at the bank (申办明细)."""

    RECEIVED = "已受理"
    VERIFIED = "核验通过"
    REJECTED = "已退回"
    PRODUCED = "已制卡"
    DECLINED = "已放弃"


class OrderState(Enum):
    """Where a payment stands at the bank (代发明细)."""

    ACCEPTED = "已受理"
    REJECTED = "已拒付"
    SETTLED = "已到账"
    RETURNED = "已退票"


@define
class BankRow:
    """One application row: the person as a digest, and what became of it."""

    key: RequestKey
    batch: RequestKey
    person: str
    account_class: AccountClass
    wish: str
    encodable: bool
    received: int
    """Microseconds since 1970."""
    state: RowState = RowState.RECEIVED
    told: int = 0
    card: int = -1


@define
class BankAccount:
    """One account: what is in it, in fen, and whether it takes money."""

    person: str
    account_class: AccountClass
    fen: int = 0
    open: bool = True
    blocked: bool = False
    """Credits are refused (止收)."""


@define
class BankCard:
    """One card: token and PSN, its state, and the account behind it."""

    serial: int
    ref: CardRef
    row: RequestKey | None
    account: int
    wish: str
    number: str
    born: int
    state: BankState = BankState.ISSUED
    told: int = 0
    signed: bool = False
    """Somebody has signed for it face to face (面签)."""
    loss: BankState | None = None
    frozen: bool = False
    allowed: bool = True
    """What the union last asked (停用、恢复)."""
    successor: int = -1

    @property
    def last_four(self) -> str:
        return self.number[-4:]


@define
class BankOrder:
    """One payment line."""

    key: RequestKey
    batch: RequestKey
    card: int
    fen: int
    accepted: int
    state: OrderState = OrderState.ACCEPTED
    told: int = 0


@define
class BankNumber:
    """A number that is kept for a person."""

    key: RequestKey
    person: str
    digits: str
    result: NumberResult
    until: date | None


class Answered(NamedTuple):
    """What was answered to a key, and to which content."""

    digest: str
    receipt: Receipt


class Movement(NamedTuple):
    """One movement on the union's paying account."""

    day: date
    order: RequestKey
    kind: StatementKind
    fen: int


@frozen(repr=False, str=False)
class TestCardNumber(Masked):
    """A card number under the test prefix 620000 (测试卡号)."""

    __test__ = False

    def masked(self) -> str:
        """Return the prefix and the last four digits."""
        return f"{self._plain[:6]}******{self._plain[-4:]}"


# --- read-only views ------------------------------------------------------------------------


@frozen(kw_only=True)
class CardSeen:
    """A card as the bank has it, for looking at."""

    card: CardRef
    state: BankState
    last_four: str
    number: TestCardNumber
    account: int
    row: RequestKey | None
    allowed: bool
    """Whether the union lets it be used, as the bank was told."""
    sequence: int
    successor: CardRef | None


@frozen(kw_only=True)
class AccountSeen:
    """An account as the bank has it, for looking at."""

    account: int
    account_class: AccountClass
    fen: Fen
    open: bool
    credits_blocked: bool


@frozen(kw_only=True)
class OrderSeen:
    """A payment as the bank has it, for looking at."""

    order: RequestKey
    state: OrderState
    fen: Fen
    card: CardRef | None


@frozen(kw_only=True)
class RowSeen:
    """An application row as the bank has it, for looking at."""

    row: RequestKey
    batch: RequestKey
    state: RowState
    card: CardRef | None


# --- what may happen to a card --------------------------------------------------------------

_S = BankState
_E = BankEvent
_ALIVE: Final = frozenset(_S) - {_S.REPLACED, _S.CLOSED}

CARD_MOVES: Final[dict[BankEvent, tuple[frozenset[BankState], BankState]]] = {
    _E.ACTIVATED: (frozenset({_S.ISSUED}), _S.ACTIVE),
    _E.LOSS_ORAL: (frozenset({_S.ACTIVE}), _S.LOSS_ORAL),
    _E.LOSS_LAPSED: (frozenset({_S.LOSS_ORAL}), _S.ACTIVE),
    _E.LOSS_WRITTEN: (
        frozenset({_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.FROZEN, _S.DORMANT}),
        _S.LOSS_WRITTEN,
    ),
    _E.LOSS_UNDONE: (frozenset({_S.LOSS_WRITTEN}), _S.ACTIVE),
    _E.FROZEN: (
        frozenset({_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.LOSS_WRITTEN, _S.DORMANT}),
        _S.FROZEN,
    ),
    _E.UNFROZEN: (frozenset({_S.FROZEN}), _S.ACTIVE),
    _E.DORMANT: (frozenset({_S.ACTIVE}), _S.DORMANT),
    _E.REVIVED: (frozenset({_S.DORMANT}), _S.ACTIVE),
    _E.EXPIRED: (_ALIVE - {_S.EXPIRED}, _S.EXPIRED),
    _E.REPLACED: (_ALIVE - {_S.FROZEN, _S.DORMANT}, _S.REPLACED),
    _E.CLOSED: (_ALIVE | {_S.REPLACED}, _S.CLOSED),
}
"""From which states an event may come at this bank, and where it leads: one target each."""

LIFTS: Final = frozenset({_E.LOSS_LAPSED, _E.LOSS_UNDONE, _E.UNFROZEN})
"""What ends a block. A block that still stands is told again after it."""
