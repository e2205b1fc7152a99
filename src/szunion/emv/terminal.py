"""Know what a terminal is, and what it is asked to do: 终端与交易.

Spec: JR/T 0025.6, 7; EMV book 4, annex A.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import field, frozen

from szunion.emv import bcd
from szunion.emv.bits import Bit
from szunion.emv.capk import CaKeys
from szunion.emv.errors import BadField
from szunion.emv.fields import AdditionalCapabilities, TerminalCapabilities, Ttq, Tvr
from szunion.emv.oda_keys import Policy
from szunion.emv.selection import UNION_PAY, Supported

_TWO = 2
MOST_AMOUNT = 999_999_999_999
"""Fen that twelve digits hold."""


def _five(text: str) -> bytes:
    return bytes.fromhex(text)


@frozen(kw_only=True)
class ActionCodes:
    """Terminal action codes 终端行为代码, 5 bytes each; a missing one is zeros.

    They are UnionPay's, with one bit more in the default: a card whose CDA failed is not approved
    where the issuer cannot be asked.  Spec: EMV book 3, 10.7, which recommends the bit.

    Raises:
        BadField: one has not five bytes.
    """

    denial: bytes = _five("0000000000")
    online: bytes = _five("DC4004F800")
    default: bytes = _five("DC4000A800")

    def __attrs_post_init__(self) -> None:
        for code in (self.denial, self.online, self.default):
            Tvr(code)


@frozen(kw_only=True)
class RandomSelection:
    """How offline transactions are picked for online: 随机选择. Amounts in fen."""

    threshold: int = 0
    target: int = 0
    """Percent, 0-99."""
    most: int = 0
    """Percent just below the floor limit."""


@frozen(kw_only=True)
class Terminal:
    """What a terminal is and insists on. Amounts are in fen.

    Raises:
        BadField: a data element has another length than the books give it.
    """

    keys: CaKeys = field(repr=False)
    policy: Policy
    random: Callable[[int], bytes] = field(repr=False)
    """Strong randomness: unpredictable numbers, PIN padding, random selection."""
    supported: tuple[Supported, ...] = UNION_PAY
    country: bytes = bytes.fromhex("0156")
    currency: bytes = bytes.fromhex("0156")
    exponent: int = 2
    """5F36: how many digits of an amount stand behind the point."""
    kind: int = 0x22
    """9F35: attended, offline with online capability."""
    capabilities: bytes = bytes.fromhex("E0F9C8")
    """9F33: byte 2 says the ways to verify the holder, b1 PBOC's identity document."""
    more_capabilities: bytes = bytes.fromhex("6F80F0F001")
    version: bytes = bytes.fromhex("0030")
    """9F09."""
    number: bytes = b"SZUNION1"
    """9F1C, 8 characters."""
    merchant: bytes = b"SZUNION00000001"
    """9F16, 15 characters."""
    merchant_name: bytes = b"SZUNION"
    """9F4E."""
    serial: bytes = b"00000001"
    """9F1E."""
    action_codes: ActionCodes = ActionCodes()
    floor_limit: int = 0
    selection: RandomSelection = RandomSelection()
    ecash_limit: int | None = None
    """9F7B 电子现金终端交易限额; None: the floor limit counts."""
    knows_ecash: bool = False
    knows_sm: bool = False
    """DF69: the terminal knows SM2, SM3, SM4."""
    default_ddol: bytes = bytes.fromhex("9F3704")
    default_tdol: bytes = bytes.fromhex("9F02069F1A0295055F2A029A039C019F3704")
    """For the TC hash 98, when a card asks for it and has no TDOL 97."""
    least_pin_tries: int = 3
    """A counter must never lock a member's card: no VERIFY when fewer tries are left."""
    online: bool = True
    """Whether a line to the issuer exists at all."""
    holder_chooses: bool = True
    ttq: bytes = bytes.fromhex("26000080")
    """9F66 for qPBOC: b6 qPBOC, b3 online PIN, b2 signature; fDDA 01."""

    def __attrs_post_init__(self) -> None:
        TerminalCapabilities(self.capabilities)
        AdditionalCapabilities(self.more_capabilities)
        Ttq(self.ttq)
        for name in ("country", "currency", "version"):
            if len(getattr(self, name)) != _TWO:
                raise BadField(
                    "FIELD-LENGTH", name=f"Terminal.{name}", want=_TWO, got=len(getattr(self, name))
                )

    def can(self, *wanted: Bit) -> bool:
        """Whether 9F33 has all of these bits."""
        able = TerminalCapabilities(self.capabilities)
        return all(bit in able for bit in wanted)

    @property
    def unattended(self) -> bool:
        """Nobody stands by: 9F35 ends in 4, 5 or 6."""
        return self.kind & 0x0F in (4, 5, 6)

    @property
    def online_only(self) -> bool:
        """Nothing is approved without the issuer: 9F35 ends in 1 or 4."""
        return self.kind & 0x0F in (1, 4)

    @property
    def is_atm(self) -> bool:
        """A bank's, unattended, and it pays cash out.  Spec: EMV book 4, A1."""
        pays_out = AdditionalCapabilities.CASH in AdditionalCapabilities(self.more_capabilities)
        return self.kind in (0x14, 0x15, 0x16) and pays_out


@frozen(kw_only=True)
class Business:
    """What the transaction is about. Amounts in fen; dates and times as decimal digits."""

    amount: int
    other: int = 0
    """Cashback 返现金额."""
    kind: int = 0x00
    """9C: 00 goods and services, 01 cash, 09 with cashback, 31 inquiry."""
    date: str
    """YYMMDD."""
    time: str = "000000"
    """HHMMSS."""
    sequence: int = 1
    force_online: bool = False
    on_exception_file: bool = False

    def __attrs_post_init__(self) -> None:
        amounts = 0 <= self.amount <= MOST_AMOUNT and 0 <= self.other <= self.amount
        kind = 0 <= self.kind <= 0x99 and self.kind & 0x0F <= 9
        if not amounts or not kind or not 0 <= self.sequence <= 99_999_999:
            raise BadField("FIELD-CONTENT", name="Business", why="amount, kind, sequence")
        bcd.day(_written(self.date), "Business.date")
        bcd.clock(_written(self.time), "Business.time")

    @property
    def day(self) -> dt.date:
        """The date."""
        return bcd.day(_written(self.date))

    @property
    def is_cash(self) -> bool:
        """Cash is all that is wanted."""
        return self.kind == 0x01

    @property
    def is_purchase(self) -> bool:
        """Goods or services are bought, with cashback or without."""
        return self.kind in (0x00, 0x09)

    @property
    def is_cashback(self) -> bool:
        """A purchase that hands cash out as well."""
        return self.kind == 0x09 or (self.is_purchase and self.other > 0)


def _written(digits: str) -> bytes:
    """Return decimal digits as bytes; nothing, which no date and no time is, for anything else."""
    return bytes.fromhex(digits) if digits.isascii() and digits.isdecimal() else b""


def n12(fen: int) -> bytes:
    """Return an amount as 12 digits, 6 bytes.

    Raises:
        BadField: It is negative or has more digits.

    >>> n12(123456).hex()
    '000000123456'
    """
    return bcd.encode_number(fen, 6, "n12")


def terminal_values(terminal: Terminal, business: Business, challenge: bytes) -> dict[int, bytes]:
    """Return what the terminal knows before it looks at the card, by tag."""
    known = {
        0x9F02: n12(business.amount),
        0x81: (business.amount & 0xFFFFFFFF).to_bytes(4, "big"),
        0x9F03: n12(business.other),
        0x9F04: (business.other & 0xFFFFFFFF).to_bytes(4, "big"),
        0x9F1A: terminal.country,
        0x95: bytes(5),
        0x5F2A: terminal.currency,
        0x5F36: bytes((terminal.exponent,)),
        0x9A: bytes.fromhex(business.date),
        0x9F21: bytes.fromhex(business.time),
        0x9C: bytes((business.kind,)),
        0x9F37: challenge,
        0x9F35: bytes((terminal.kind,)),
        0x9F33: terminal.capabilities,
        0x9F40: terminal.more_capabilities,
        0x9F09: terminal.version,
        0x9F1B: terminal.floor_limit.to_bytes(4, "big"),
        0x9F1C: terminal.number,
        0x9F16: terminal.merchant,
        0x9F4E: terminal.merchant_name,
        0x9F1E: terminal.serial,
        0x9F41: bytes.fromhex(f"{business.sequence:08d}"),
        0xDF69: bytes((int(terminal.knows_sm),)),
    }
    if terminal.ecash_limit is not None:
        known[0x9F7B] = n12(terminal.ecash_limit)
    if terminal.knows_ecash:
        known[0x9F7A] = bytes((int(offers_ecash(terminal, business.amount)),))
    return known


def offers_ecash(terminal: Terminal, amount: int) -> bool:
    """Return the terminal indicator 9F7A: electronic cash only below the terminal's limit.

    Without 9F7B the floor limit counts.  Spec: JR/T 0025.13, 7.2.
    """
    limit = terminal.floor_limit if terminal.ecash_limit is None else terminal.ecash_limit
    return amount < limit
