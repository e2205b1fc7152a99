"""Know what the union asks of its bank, and what the bank answers to a request as a whole (请求).

A request carries a key that follows from business facts, so it can be sent again without being
done again.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import TypeAlias

from attrs import frozen

from szunion.domain.identity import IdentityDocument, Mobile, PersonName
from szunion.domain.values import CardRef, Fen, Labelled, RequestKey


class AccountClass(Labelled):
    """The class of bank account (账户分类)."""

    I = "I", "一类户", "class I"  # noqa: E741
    II = "II", "二类户", "class II"


@frozen(kw_only=True)
class CardApplicant:
    """One person of a batch application (申办明细). Answers map by *row*, never by line or name."""

    row: RequestKey
    name: PersonName
    document: IdentityDocument
    mobile: Mobile | None
    account_class: AccountClass = AccountClass.I
    wish: str | None = None
    """Digits that the card number should contain, such as ``12351`` (吉祥号)."""


@frozen(kw_only=True)
class OpenCards:
    """Open a card for each row (批量办卡)."""

    key: RequestKey
    programme: str
    rows: tuple[CardApplicant, ...]


@frozen(kw_only=True)
class SetCardUse:
    """Tell the bank whether the union lets this card be used (停用、恢复)."""

    key: RequestKey
    card: CardRef
    allowed: bool
    reason: str


@frozen(kw_only=True)
class PayLine:
    """One payment of a pay-out batch. *order* is its key for ever."""

    order: RequestKey
    payee: CardRef
    fen: Fen
    remark: str


@frozen(kw_only=True)
class PayOut:
    """Pay each line into the card's account (批量代发). A line is executed once per order key."""

    key: RequestKey
    lines: tuple[PayLine, ...]

    @property
    def total(self) -> Fen:
        """The control total."""
        return Fen(sum(line.fen.amount for line in self.lines))


@frozen(kw_only=True)
class ReserveNumber:
    """Keep a card number with these digits for one person (预留吉祥号).

    The bank gives it to that person's next card of the programme; until then it lapses by the
    bank's own rules. Whether there is one is told by :class:`NumberAnswered`.
    """

    key: RequestKey
    programme: str
    name: PersonName
    document: IdentityDocument
    digits: str


@frozen(kw_only=True)
class AskCardList:
    """Ask for the full list of a business day, again or for the first time (索取日终全量)."""

    key: RequestKey
    day: date


@frozen(kw_only=True)
class AskStatement:
    """Ask for the statement of a business day, again or for the first time (索取流水)."""

    key: RequestKey
    day: date


BankRequest: TypeAlias = (
    OpenCards | SetCardUse | PayOut | ReserveNumber | AskCardList | AskStatement
)


class Answer(Enum):
    """What the bank says of a request as a whole. It has no truth value on purpose."""

    ACCEPTED = "ACCEPTED"
    """Taken in (受理). What becomes of each row or line is told by notices."""
    REFUSED = "REFUSED"
    """Refused for good: it was not and will not be done (整批退回、拒绝)."""

    def __bool__(self) -> bool:
        msg = "match on the answer: refused is not the absence of an answer"
        raise TypeError(msg)


@frozen(kw_only=True)
class Receipt:
    """The bank's answer to one request (回执): the same for every copy of the request."""

    key: RequestKey
    answer: Answer
    rows: int
    total: Fen
    bank_code: str = ""
    bank_text: str = ""
    """The bank's own words, kept verbatim."""
