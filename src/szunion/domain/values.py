"""Know the small values that everything else is made of: ids, money, masked words, keys.

Every value checks itself when it is born. What identifies a person or a card prints masked,
in ``repr``, ``str`` and f-strings alike, and cannot be pickled; :meth:`Masked.plain` is for the
adapters that must store or send it. People reach plain text through an audited ``reveal``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from enum import Enum
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Final, NewType, NoReturn, Self, TypeVar

from attrs import AttrsInstance, field, fields, frozen

from szunion.errors import InvalidInput
from szunion.text import Language, Text

V = TypeVar("V", bound=AttrsInstance)

OrganisationId = NewType("OrganisationId", int)
PersonId = NewType("PersonId", int)
MembershipId = NewType("MembershipId", int)
AffiliationId = NewType("AffiliationId", int)
TransferId = NewType("TransferId", int)
BindingId = NewType("BindingId", int)
BatchId = NewType("BatchId", int)
RowId = NewType("RowId", int)
CardId = NewType("CardId", int)
HoldId = NewType("HoldId", int)
InstructionId = NewType("InstructionId", int)
OfferId = NewType("OfferId", int)
BookingId = NewType("BookingId", int)
ObligationId = NewType("ObligationId", int)
OrderId = NewType("OrderId", int)
PayoutBatchId = NewType("PayoutBatchId", int)
ParticipationId = NewType("ParticipationId", int)
EnrolmentId = NewType("EnrolmentId", int)
ClaimId = NewType("ClaimId", int)

SHARDS: Final = 1024
"""How many logical shards there are: 10 bits of every member-keyed id."""
_SHARD_SHIFT: Final = 53


def shard_of(id_: int) -> int:
    """Return the shard that *id_* carries: its 10 bits above milliseconds and counter."""
    return id_ >> _SHARD_SHIFT


def age_of(id_: int) -> int:
    """Return what of *id_* grows with time: ids of different shards are in order by it."""
    return id_ & ((1 << _SHARD_SHIFT) - 1)


def of_columns(kind: type[V], *columns: Sequence[object]) -> list[V]:
    """Make many frozen values of one *kind*, a field at a time, and look at none of them.

    For whoever has looked at each column as a whole: a frozen value's own ``__init__`` takes a
    third of a microsecond a field and more to check it.

    Args:
        kind: a frozen class with slots.
        columns: all of its fields in their order, of one length.
    """
    made = list(map(object.__new__, repeat(kind, len(columns[0]))))
    for each, column in zip(fields(kind), columns, strict=True):
        deque(map(getattr(kind, each.name).__set__, made, column), maxlen=0)
    return made


class Labelled(Enum):
    """An enum whose value is its code and which has a label in both languages.

    A member is written ``ACTIVE = "ACTIVE", "在籍", "active"``.
    """

    text: Text

    __hash__ = object.__hash__
    """Members are single: where one stands is enough, and quicker than hashing its name."""
    if not TYPE_CHECKING:
        value = property(attrgetter("_value_"))
        """As of any enum, without a step in Python: every row that is written asks for some."""

    def __new__(cls, code: str, zh: str = "", en: str = "") -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.text = Text(zh, en)
        return member

    @property
    def label(self) -> str:
        """The Chinese label."""
        return self.text.zh

    @property
    def label_en(self) -> str:
        """The English label."""
        return self.text.en

    def __str__(self) -> str:
        return self.text.zh

    def __format__(self, spec: str) -> str:
        return format(self.text.zh, spec)


@frozen(order=True, repr=False, str=False)
class Fen:
    """Money in fen (分, 1 yuan = 100 fen): a whole number; there is no float and no division."""

    amount: int = field()

    @amount.validator
    def _whole(self, _: object, value: object) -> None:
        if type(value) is not int:
            raise InvalidInput("E-VALUE-001", given=type(value).__name__)

    @classmethod
    def many(cls, amounts: Sequence[int]) -> list[Self]:
        """Return each of *amounts* as money, checked together."""
        if set(map(type, amounts)) <= {int}:
            return of_columns(cls, amounts)
        return list(map(cls, amounts))

    def __add__(self, other: Fen) -> Fen:
        return Fen(self.amount + other.amount)

    def __sub__(self, other: Fen) -> Fen:
        return Fen(self.amount - other.amount)

    def __mul__(self, times: int) -> Fen:
        return Fen(self.amount * times)

    def __neg__(self) -> Fen:
        return Fen(-self.amount)

    def __bool__(self) -> NoReturn:
        msg = "compare money with Fen(0): the truth of an amount is not a question"
        raise TypeError(msg)

    def allocate(self, weights: Sequence[int]) -> tuple[Fen, ...]:
        """Share this amount by *weights* to the last fen; the first shares take the remainder.

        Raises:
            InvalidInput: no weight is positive, or one is negative (E-VALUE-002).
        """
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise malformed(Text("权重", "weights"), Text("权重要为正数", "weights are positive"))
        shares = [self.amount * weight // whole for weight in weights]
        for index in range(self.amount - sum(shares)):
            shares[index] += 1
        return tuple(map(Fen, shares))

    def __str__(self) -> str:
        sign, whole = ("-", -self.amount) if self.amount < 0 else ("", self.amount)
        return f"{sign}{whole // 100:,}.{whole % 100:02d}"

    def __repr__(self) -> str:
        return f"Fen({self.amount})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


@frozen(repr=False, str=False, order=False)
class Masked:
    """A word that identifies somebody: it prints masked everywhere and refuses pickling."""

    _plain: str = field(eq=True)

    def plain(self) -> str:
        """Return the plain text, for an adapter that must store or send it."""
        return self._plain

    def masked(self) -> str:
        """Return what may be shown."""
        return "*" * len(self._plain)

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()!r})"

    def __format__(self, spec: str) -> str:
        return format(self.masked(), spec)

    def __reduce__(self) -> NoReturn:
        msg = f"{type(self).__name__} does not pickle: it would leave plain text behind"
        raise TypeError(msg)


def malformed(kind: Text, hint: Text) -> InvalidInput:
    """Return the error for a value of *kind* that is not well-formed; it never shows the value."""
    return InvalidInput(
        "E-VALUE-002",
        kind=kind.zh,
        kind_en=kind.en,
        hint=hint.say(Language.ZH),
        hint_en=hint.say(Language.EN),
    )


@frozen(repr=False, str=False, order=False)
class CardToken(Masked):
    """The bank's own token for a card account (卡号令牌): 8 to 64 ASCII letters, digits, ``-_``.

    The card number itself is only stored where a bank gives no token.
    """

    _pattern: ClassVar = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)

    def __attrs_post_init__(self) -> None:
        if self._pattern.fullmatch(self._plain) is None:
            raise malformed(
                Text("卡号令牌", "card token"),
                Text("8–64 位字母、数字、-、_", "8 to 64 letters, digits, - and _"),
            )

    def masked(self) -> str:
        return f"…{self._plain[-4:]}"


@frozen
class CardRef:
    """One card as the bank names it: token and PSN (卡序列号). A replacement may keep the token."""

    token: CardToken
    psn: int = 1


@frozen(order=True)
class RequestKey:
    """The key of one thing asked of the bank (幂等键): opaque, derived from business facts.

    26 characters of ``A-Z2-7``. The same business fact has the same key after every retry,
    restart and restore.
    """

    text: str = field()

    _pattern: ClassVar = re.compile(r"[A-Z2-7]{26}", re.ASCII)
    _letters: ClassVar = re.compile(r"[A-Z2-7]*", re.ASCII)

    @classmethod
    def many(cls, texts: Sequence[str]) -> list[Self]:
        """Return each of *texts* as a key, checked together.

        Raises:
            InvalidInput: one of them is none (E-VALUE-002).
        """
        if set(map(len, texts)) <= {26} and cls._letters.fullmatch("".join(texts)) is not None:
            return of_columns(cls, texts)
        return list(map(cls, texts))

    @text.validator
    def _well_formed(self, _: object, value: str) -> None:
        if self._pattern.fullmatch(value) is None:
            raise malformed(
                Text("请求键", "request key"), Text("26 位 A–Z、2–7", "26 characters of A-Z, 2-7")
            )

    def __str__(self) -> str:
        return self.text
