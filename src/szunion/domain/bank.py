"""Know what the bank tells the union: of requests, rows, cards, payments and days (银行通知).

A notice carries the bank's own sequence: order is the owner's sequence, not arrival and not time.
Neither side ever writes the other's facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeAlias

from attrs import field, frozen

from szunion.domain.bank_requests import AccountClass, Receipt
from szunion.domain.city_time import a_day
from szunion.domain.values import CardRef, Fen, Labelled, Masked, RequestKey


@frozen(kw_only=True)
class Told:
    """Where a notice stands among all that the bank tells.

    ``stream`` is what the sequence counts within (a card's, a row's, an order's own stream).
    """

    event_id: str
    stream: str
    sequence: int
    effective: datetime
    """When the bank says it happened (aware). It is shown, never used for order."""


class BankState(Labelled):
    """What only the bank may say of a card (银行状态)."""

    ISSUED = "ISSUED", "已制卡未激活", "issued, not activated"
    ACTIVE = "ACTIVE", "正常", "active"
    LOSS_ORAL = "LOSS_ORAL", "口头挂失", "loss reported orally"
    LOSS_WRITTEN = "LOSS_WRITTEN", "书面挂失", "loss reported in writing"
    FROZEN = "FROZEN", "冻结", "frozen"
    DORMANT = "DORMANT", "睡眠户", "dormant"
    EXPIRED = "EXPIRED", "已过期", "expired"
    REPLACED = "REPLACED", "已换卡", "replaced"
    CLOSED = "CLOSED", "已销卡", "closed"


class BankEvent(Labelled):
    """What happened to a card at the bank."""

    ISSUED = "issued", "制卡", "produced"
    ACTIVATED = "activated", "面签激活", "activated face to face"
    LOSS_ORAL = "loss_oral", "口头挂失", "loss reported orally"
    LOSS_LAPSED = "loss_lapsed", "口头挂失失效", "oral loss report lapsed"
    LOSS_WRITTEN = "loss_written", "书面挂失", "loss reported in writing"
    LOSS_UNDONE = "loss_undone", "解挂", "loss report undone"
    FROZEN = "frozen", "冻结", "frozen"
    UNFROZEN = "unfrozen", "解冻", "unfrozen"
    DORMANT = "dormant", "转睡眠户", "gone dormant"
    REVIVED = "revived", "恢复使用", "revived"
    EXPIRED = "expired", "到期", "expired"
    REPLACED = "replaced", "换卡", "replaced"
    CLOSED = "closed", "销卡", "closed"


class RowReason(Labelled):
    """Why the bank sent a row back (退回原因)."""

    NAME_ID_MISMATCH = "NAME_ID_MISMATCH", "姓名与证件不一致", "name and document do not match"
    ID_EXPIRED = "ID_EXPIRED", "证件过期", "document expired"
    CLASS1_EXISTS = "CLASS1_EXISTS", "已有一类账户", "a class I account exists"
    CARD_LIMIT = "CARD_LIMIT", "超过开卡数量", "too many cards"
    PHONE_CONFLICT = "PHONE_CONFLICT", "手机号冲突", "mobile number belongs to somebody else"
    AML = "AML", "银行按规定不予开户", "not allowed by the bank's rules"
    DOC_TYPE = "DOC_TYPE", "证件类型不受理", "kind of document not accepted"
    OTHER = "OTHER", "其他", "other"


@frozen(kw_only=True)
class RequestAnswered:
    """A receipt that came late, or by file (回执). It says what ``send`` would have returned."""

    told: Told
    receipt: Receipt


@frozen(kw_only=True)
class RowVerified:
    """The name check passed (实名核验通过)."""

    told: Told
    row: RequestKey


@frozen(kw_only=True)
class RowRejected:
    """The bank sends a row back (银行退回)."""

    told: Told
    row: RequestKey
    reason: RowReason
    bank_code: str = ""
    bank_text: str = ""


class FaceSignResult(Labelled):
    """What came of signing face to face at the counter (面签结果)."""

    SIGNED = "SIGNED", "已面签", "signed"
    NOT_THE_PERSON = "NOT_THE_PERSON", "人证不一致", "the person does not match the document"
    PAPERS_MISSING = "PAPERS_MISSING", "材料不全", "papers missing"
    NOT_WILLING = "NOT_WILLING", "本人不愿签", "the person would not sign"
    OTHER = "OTHER", "其他", "other"

    @property
    def signed(self) -> bool:
        """Whether the identity was proven in person."""
        return self is FaceSignResult.SIGNED


@frozen(kw_only=True)
class RowFaceSigned:
    """What came of the face-to-face signing for a row (面签结果反馈). Told in the row's stream.

    It is no activation: the bank may activate at once, later, or never.
    """

    told: Told
    row: RequestKey
    result: FaceSignResult
    bank_code: str = ""
    bank_text: str = ""


@frozen(kw_only=True)
class RowDeclined:
    """The member refused at the counter (放弃)."""

    told: Told
    row: RequestKey


@frozen(kw_only=True)
class CardProduced:
    """A card was made for a row (制卡完成): the birth of the card on our side."""

    told: Told
    row: RequestKey
    card: CardRef
    last_four: str
    account_class: AccountClass
    collect_at_branch: bool = False


@frozen(kw_only=True)
class CardChanged:
    """Something happened to a card (卡状态变更). *state* is where that leaves it.

    A successor (``event`` REPLACED) is named by the bank in *successor*; it is a card of its own.
    """

    told: Told
    card: CardRef
    event: BankEvent
    state: BankState
    row: RequestKey | None = None
    """On activation: the row whose applicant signed face to face."""
    successor: CardRef | None = None
    successor_last_four: str = ""
    reason: str = ""


class PlasticEvent(Labelled):
    """What happened to the plastic while the bank had it (实体卡)."""

    COLLECTED_AT_BRANCH = "collected_at_branch", "网点领取", "collected at the branch"
    DESTROYED = "destroyed", "银行销毁", "destroyed by the bank"


@frozen(kw_only=True)
class PlasticMoved:
    """The bank handed out or destroyed a piece of plastic."""

    told: Told
    card: CardRef
    event: PlasticEvent


class NumberResult(Labelled):
    """What became of a number that was asked for (预留结果)."""

    RESERVED = "RESERVED", "已预留", "reserved"
    TAKEN = "TAKEN", "已无此号", "none left"
    NOT_OFFERED = "NOT_OFFERED", "不提供此号", "not offered"
    LAPSED = "LAPSED", "预留已失效", "lapsed"
    USED = "USED", "已用于制卡", "on a card"


@frozen(kw_only=True)
class NumberAnswered:
    """Whether a number was reserved, and later what became of it (预留吉祥号结果).

    ``reservation`` is the key of the :class:`ReserveNumber` that asked for it.
    """

    told: Told
    reservation: RequestKey
    result: NumberResult
    until: date | None = field(default=None, validator=a_day)
    """The last day on which a reserved number is kept."""


class Waiver(Labelled):
    """What is free of fee so many times a month (每月免费项目)."""

    ATM_WITHDRAWAL = "ATM_WITHDRAWAL", "国内跨行取款", "withdrawal at another bank's machine"
    REMITTANCE = "REMITTANCE", "异地跨行汇款", "remittance to another bank and place"


@frozen(kw_only=True)
class FeeWaiversUsed:
    """How often a card has been served free of fee this month (本月已免手续费次数).

    The counts are sums: a later notice of its stream replaces an earlier one.
    """

    told: Told
    card: CardRef
    month: date
    """The first day of the month."""
    waiver: Waiver
    used: int
    allowed: int | None = None
    """How many are free in the month; None: any number."""


@frozen(kw_only=True)
class OrderAccepted:
    """A payment was taken in (受理)."""

    told: Told
    order: RequestKey


@frozen(kw_only=True)
class OrderRejected:
    """A payment was refused for good: it was not and will not be executed (拒付)."""

    told: Told
    order: RequestKey
    bank_code: str = ""
    bank_text: str = ""


@frozen(kw_only=True)
class OrderSettled:
    """The money arrived (到账)."""

    told: Told
    order: RequestKey
    fen: Fen


@frozen(kw_only=True)
class OrderReturned:
    """The money came back (退票)."""

    told: Told
    order: RequestKey
    fen: Fen
    reason: str = ""


@frozen
class ListedCard:
    """One line of the daily list: where the card stands, as of the sequence it was told with."""

    card: CardRef
    state: BankState
    sequence: int


@frozen(kw_only=True)
class DailyCardList:
    """Every card of the programme, at the end of a business day (日终全量)."""

    told: Told
    day: date = field(validator=a_day)
    cards: Sequence[ListedCard]
    """Gone through more than once; an adapter may read them from a file each time."""


class StatementKind(Labelled):
    """The kind of a statement line."""

    PAID = "PAID", "代发", "paid"
    RETURNED = "RETURNED", "退票", "returned"


@frozen
class StatementLine:
    """One movement on the union's account: a payment out, or one that came back."""

    order: RequestKey
    kind: StatementKind
    fen: Fen


@frozen(kw_only=True)
class Statement:
    """Every movement of a business day on the paying account (流水)."""

    told: Told
    day: date = field(validator=a_day)
    lines: tuple[StatementLine, ...]


@frozen(repr=False, str=False, order=False)
class RawWords(Masked):
    """What the bank sent, as it came. It may name somebody, so it prints masked."""


@frozen(kw_only=True)
class NotUnderstood:
    """Something that this version does not understand (不识别的来报): set aside for a person."""

    told: Told
    named: str
    """How the bank names its kind; empty: not even that can be read."""
    raw: RawWords


BankNotice: TypeAlias = (
    RequestAnswered
    | RowVerified
    | RowRejected
    | RowFaceSigned
    | RowDeclined
    | CardProduced
    | CardChanged
    | PlasticMoved
    | NumberAnswered
    | FeeWaiversUsed
    | OrderAccepted
    | OrderRejected
    | OrderSettled
    | OrderReturned
    | DailyCardList
    | Statement
    | NotUnderstood
)
