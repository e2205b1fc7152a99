"""Know the electronic purse and its three codes MAC1, MAC2, TAC: 电子钱包与电子存折.

The terminal's side: reading, loading and paying; and the keys' side (a security module or the
issuer), as plain functions that a test host uses. The parts of the standard were withdrawn in
2013; transit cards still speak them.

Spec: PBOC 2.0 parts 1 and 2 (withdrawn); checked against cards by others.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from attrs import field, frozen

from szunion.emv import crypto
from szunion.emv.apdu import Command
from szunion.emv.crypto import Algorithm
from szunion.emv.errors import CardFault
from szunion.emv.exchange import exchange, insist

LOG_SFI = 0x18
MOST_LOG_RECORDS = 10
_LOG_RECORD = 23
_SIGN_BIT = 0x80000000


class Kind(IntEnum):
    """The two accounts of a purse, as P2 of its commands: 账户类型."""

    ED = 0x01
    """Electronic deposit 电子存折: needs a PIN."""
    EP = 0x02
    """Electronic purse 电子钱包: pays without one."""


class Transaction(IntEnum):
    """Transaction types: 交易类型标识."""

    LOAD_ED = 0x01
    LOAD_EP = 0x02
    UNLOAD = 0x03
    CASH = 0x04
    PURCHASE_ED = 0x05
    PURCHASE_EP = 0x06
    OVERDRAFT = 0x07
    COMPOUND = 0x09

    @classmethod
    def load(cls, kind: Kind) -> Transaction:
        """The type of a load."""
        return cls.LOAD_ED if kind is Kind.ED else cls.LOAD_EP

    @classmethod
    def purchase(cls, kind: Kind) -> Transaction:
        """The type of a purchase."""
        return cls.PURCHASE_ED if kind is Kind.ED else cls.PURCHASE_EP


@frozen
class Moment:
    """Date and time as the card keeps them: YYYYMMDD and HHMMSS, decimal."""

    date: bytes
    time: bytes

    @classmethod
    def of(cls, date: str, time: str) -> Moment:
        """Return the moment of eight and six digits."""
        return cls(bytes.fromhex(date), bytes.fromhex(time))


@frozen
class LogRecord:
    """One line of the purse's log: 交易明细."""

    sequence: int
    overdraft: int
    amount: int
    """Fen."""
    kind: int
    terminal: bytes
    moment: Moment


@frozen
class LoadOffer:
    """What the card answered to INITIALIZE FOR LOAD: 圈存初始化."""

    balance: int
    """Fen, before."""
    sequence: bytes
    key_version: int
    algorithm: int
    random: bytes = field(repr=False)
    mac1: bytes = field(repr=False)


@frozen
class PurchaseOffer:
    """What the card answered to INITIALIZE FOR PURCHASE: 消费初始化."""

    balance: int
    sequence: bytes
    overdraft: int
    key_version: int
    algorithm: int
    random: bytes = field(repr=False)


@frozen
class Load:
    """A load in the terminal's hands: 圈存."""

    kind: Kind
    amount: int
    """Fen."""
    key_index: int
    terminal: bytes
    """Terminal number, 6 bytes."""


@frozen
class Purchase:
    """A purchase in the terminal's hands: 消费."""

    kind: Kind
    amount: int
    key_index: int
    terminal: bytes
    terminal_sequence: bytes
    """4 bytes, counted by the terminal."""


@frozen
class Paid:
    """What a finished purchase leaves: 消费结果."""

    balance: int
    tac: bytes = field(repr=False)


def four(number: int) -> bytes:
    """Return *number* of fen as the purse writes it, 4 bytes."""
    return number.to_bytes(4, "big")


# --- keys' side ------------------------------------------------------------------------------


def session_key(key: bytes, diversifier: bytes) -> bytes:
    """Return the 8-byte session key: 3DES of 8 bytes: 过程密钥."""
    return crypto.encrypt(Algorithm.TDES, key, diversifier)


def load_key(key: bytes, random: bytes, sequence: bytes) -> bytes:
    """Return SESLK from the load key DLK."""
    return session_key(key, random + sequence + b"\x80\x00")


def purchase_key(key: bytes, random: bytes, sequence: bytes, terminal_sequence: bytes) -> bytes:
    """Return SESPK from the purchase key DPK."""
    return session_key(key, random + sequence + terminal_sequence[-2:])


def mac4(key: bytes, *parts: bytes) -> bytes:
    """Return the 4-byte MAC of a session key over the parts."""
    return crypto.des_mac(key, b"".join(parts))[:4]


def tac4(key: bytes, *parts: bytes) -> bytes:
    """Return the TAC: single DES under the halves of DTK, left xor right: 交易验证码."""
    return crypto.des_mac(crypto.xor(key[:8], key[8:]), b"".join(parts))[:4]


def load_mac1(key: bytes, load: Load, offer: LoadOffer) -> bytes:
    """Return MAC1 of a load, by which the issuer knows the card."""
    kind = bytes((Transaction.load(load.kind),))
    return mac4(key, four(offer.balance), four(load.amount), kind, load.terminal)


def load_mac2(key: bytes, load: Load, moment: Moment) -> bytes:
    """Return MAC2 of a load, by which the card knows the issuer."""
    kind = bytes((Transaction.load(load.kind),))
    return mac4(key, four(load.amount), kind, load.terminal, moment.date, moment.time)


def load_tac(key: bytes, load: Load, offer: LoadOffer, moment: Moment) -> bytes:
    """Return the TAC of a load, the card's receipt."""
    kind = bytes((Transaction.load(load.kind),))
    new = four(offer.balance + load.amount)
    return tac4(
        key, new, offer.sequence, four(load.amount), kind, load.terminal, moment.date, moment.time
    )


def purchase_mac1(key: bytes, purchase: Purchase, moment: Moment) -> bytes:
    """Return MAC1 of a purchase, by which the card knows the terminal."""
    kind = bytes((Transaction.purchase(purchase.kind),))
    return mac4(key, four(purchase.amount), kind, purchase.terminal, moment.date, moment.time)


def purchase_mac2(key: bytes, purchase: Purchase) -> bytes:
    """Return MAC2 of a purchase, by which the terminal knows the card."""
    return mac4(key, four(purchase.amount))


def purchase_tac(key: bytes, purchase: Purchase, moment: Moment) -> bytes:
    """Return the TAC of a purchase, for the issuer."""
    kind = bytes((Transaction.purchase(purchase.kind),))
    return tac4(
        key,
        four(purchase.amount),
        kind,
        purchase.terminal,
        purchase.terminal_sequence,
        moment.date,
        moment.time,
    )


# --- terminal's side -------------------------------------------------------------------------


def read_balance(raw: bytes, *, purse: bool = True) -> int:
    """Return a balance in fen; some purses answer with bit 31 set, which is no money.

    >>> read_balance(bytes.fromhex("800003E8"))
    1000

    Raises:
        CardFault: not four bytes.
    """
    if len(raw) != 4:
        raise CardFault(0x9000, "PURSE-ANSWER")
    number = int.from_bytes(raw, "big")
    return number & ~_SIGN_BIT if purse else number


async def balance(kind: Kind, p1s: tuple[int, ...] = (0x00, 0x03, 0x02, 0x01)) -> int | None:
    """Ask for a balance in fen; T-Union cards want another P1; None: the card does not tell."""
    for p1 in p1s:
        response = await exchange(Command(0x80, 0x5C, p1, kind, le=4))
        if response.sw == 0x9000:
            return read_balance(response.data)
    return None


async def read_log() -> tuple[LogRecord, ...]:
    """Read the purse's log, newest first; empty records are passed over: 读交易明细."""
    found: list[LogRecord] = []
    for number in range(1, MOST_LOG_RECORDS + 1):
        response = await exchange(Command(0x00, 0xB2, number, LOG_SFI << 3 | 4, le=256))
        if response.sw != 0x9000:
            break
        record = read_log_record(response.data)
        if record is not None:
            found.append(record)
    return tuple(found)


def read_log_record(raw: bytes) -> LogRecord | None:
    """Read 23 bytes of the log, None for an empty record.

    Raises:
        CardFault: another length.
    """
    if len(raw) < _LOG_RECORD:
        raise CardFault(0x9000, "PURSE-ANSWER")
    if not any(raw) or all(b == 0xFF for b in raw):
        return None
    return LogRecord(
        int.from_bytes(raw[:2], "big"),
        int.from_bytes(raw[2:5], "big"),
        int.from_bytes(raw[5:9], "big"),
        raw[9],
        raw[10:16],
        Moment(raw[16:20], raw[20:23]),
    )


async def load(
    wanted: Load,
    moment: Moment,
    issuer: Callable[[LoadOffer], bytes | None],
) -> Paid | None:
    """Load *wanted*; the issuer checks MAC1 and gives MAC2, or None when it refuses.

    Returns:
        The new balance and the card's TAC; None when the issuer refused.

    Raises:
        CardFault: the card refused, such as 9302 (wrong MAC2), 9403 (no such key).
    """
    body = bytes((wanted.key_index,)) + four(wanted.amount) + wanted.terminal
    response = await insist(Command(0x80, 0x50, 0x00, wanted.kind, body, le=16))
    raw = response.data
    if len(raw) != 16:
        raise CardFault(0x9000, "PURSE-ANSWER")
    offer = LoadOffer(read_balance(raw[:4]), raw[4:6], raw[6], raw[7], raw[8:12], raw[12:16])
    mac2 = issuer(offer)
    if mac2 is None:
        return None
    body = moment.date + moment.time + mac2
    response = await insist(Command(0x80, 0x52, 0x00, 0x00, body, le=4))
    if len(response.data) != 4:
        raise CardFault(0x9000, "PURSE-ANSWER")
    return Paid(offer.balance + wanted.amount, response.data)


async def pay(
    wanted: Purchase,
    moment: Moment,
    secure: Callable[[PurchaseOffer], tuple[bytes, Callable[[bytes], bool]]],
) -> Paid:
    """Pay *wanted* from the purse.

    Args:
        wanted: The purchase.
        moment: Date and time.
        secure: The terminal's security module: from the card's offer it makes MAC1, and a
            function that checks the card's MAC2.

    Raises:
        CardFault: the card refused (9401 not enough money, 9302 wrong MAC1), or its MAC2 is
            wrong (code ``PURSE-MAC``): then the card is not genuine and nothing was sold.
    """
    body = bytes((wanted.key_index,)) + four(wanted.amount) + wanted.terminal
    response = await insist(Command(0x80, 0x50, 0x01, wanted.kind, body, le=15))
    raw = response.data
    if len(raw) != 15:
        raise CardFault(0x9000, "PURSE-ANSWER")
    offer = PurchaseOffer(
        read_balance(raw[:4]),
        raw[4:6],
        int.from_bytes(raw[6:9], "big"),
        raw[9],
        raw[10],
        raw[11:15],
    )
    mac1, is_right = secure(offer)
    body = wanted.terminal_sequence + moment.date + moment.time + mac1
    response = await insist(Command(0x80, 0x54, 0x01, 0x00, body, le=8))
    if len(response.data) != 8:
        raise CardFault(0x9000, "PURSE-ANSWER")
    if not is_right(response.data[4:]):
        raise CardFault(0x9000, "PURSE-MAC")
    return Paid(offer.balance - wanted.amount, response.data[:4])
