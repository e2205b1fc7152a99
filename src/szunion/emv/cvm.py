"""Know how it is established that the holder of the card is the right one: 持卡人验证.

Spec: JR/T 0025.6, 7.7; EMV book 3, 10.5 and annex C3.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from attrs import frozen

from szunion.emv.apdu import Command
from szunion.emv.exchange import exchange, insist
from szunion.emv.flow import AskPin, CheckDocument, Pin, PinEntry
from szunion.emv.lists import CvmList, CvmRule
from szunion.emv.reading import ApplicationData, get_data
from szunion.emv.rsa import RsaKey
from szunion.emv.terminal import Business, Terminal, Tvr

_NEXT = 0x40
_CASH = (0x01,)
_CASHBACK = (0x09,)
_MOST_PIN_ENTRIES = 15


class Method(IntEnum):
    """Ways to verify the holder 持卡人验证方法, the low six bits of a rule's first byte."""

    FAIL = 0x00
    PLAIN_PIN = 0x01
    ONLINE_PIN = 0x02
    PLAIN_PIN_SIGNATURE = 0x03
    ENCIPHERED_PIN = 0x04
    ENCIPHERED_PIN_SIGNATURE = 0x05
    SIGNATURE = 0x1E
    NOTHING = 0x1F
    DOCUMENT = 0x20
    """Holder shows an identity document 出示证件: PBOC's own."""


class Result(Enum):
    """Third byte of the CVM results."""

    UNKNOWN = 0
    FAILED = 1
    SUCCESSFUL = 2


@frozen(kw_only=True)
class HolderCheck:
    """How the verification went."""

    results: bytes
    """9F34: method, condition, result."""
    tvr: Tvr = Tvr(0)
    pin: Pin | None = None
    """For the issuer, when online PIN was the method."""
    offline_pin: bool = False
    """The card said 9000 to VERIFY. That alone proves nothing: see `transaction`."""
    wants_signature: bool = False
    document_shown: bool = False


@frozen
class _Tried:
    result: Result
    tvr: Tvr = Tvr(0)
    pin: Pin | None = None
    offline_pin: bool = False
    signature: bool = False
    document: bool = False


_FAILED = _Tried(Result.FAILED)


def is_able(terminal: Terminal, code: int) -> bool:
    """Whether the terminal can do method *code*: 9F33 byte 2.

    >>> hex(Method.DOCUMENT)
    '0x20'
    """
    bits: dict[int, tuple[int, ...]] = {
        Method.FAIL: (),
        Method.PLAIN_PIN: (8,),
        Method.ONLINE_PIN: (7,),
        Method.PLAIN_PIN_SIGNATURE: (8, 6),
        Method.ENCIPHERED_PIN: (5,),
        Method.ENCIPHERED_PIN_SIGNATURE: (5, 6),
        Method.SIGNATURE: (6,),
        Method.NOTHING: (4,),
        Method.DOCUMENT: (1,),
    }
    wanted = bits.get(code)
    if wanted is None or (code == Method.DOCUMENT and terminal.unattended):
        return False
    return all(terminal.able(2, bit) for bit in wanted)


def applies(  # noqa: PLR0911 - one line for each condition of the book
    rule: CvmRule,
    listed: CvmList,
    terminal: Terminal,
    business: Business,
    own_currency: bytes | None,
) -> bool:
    """Whether the condition of *rule* holds. An unknown condition never does."""
    cash = business.kind in _CASH
    back = business.kind in _CASHBACK
    match rule.condition:
        case 0x00:
            return True
        case 0x01:
            return cash and terminal.unattended
        case 0x02:
            return not cash and not back
        case 0x03:
            return is_able(terminal, rule.code)
        case 0x04:
            return cash and not terminal.unattended
        case 0x05:
            return back
        case 0x06 | 0x07 | 0x08 | 0x09 if own_currency == terminal.currency:
            limit = listed.x if rule.condition in (0x06, 0x07) else listed.y
            under = rule.condition in (0x06, 0x08)
            return business.amount < limit if under else business.amount > limit
        case _:
            return False


async def verify_holder(
    data: ApplicationData, terminal: Terminal, business: Business, card_key: RsaKey | None
) -> HolderCheck:
    """Go through the card's list until a method succeeds or none is left.

    Args:
        data: What was read; a list that the card does not want used (AIP) is not.
        terminal: What the terminal can do.
        business: Amount and type.
        card_key: The card's RSA key when it was authenticated, for enciphered PINs.

    Raises:
        BadField: the list is broken.
    """
    raw = data.value(0x8E)
    wanted = data.options is not None and bool(data.options.aip[0] & 0x10)
    if not wanted or not raw:
        missing = Tvr.DATA_MISSING if wanted else Tvr(0)
        return HolderCheck(results=bytes.fromhex("3F0000"), tvr=missing)
    listed = CvmList.parse(raw)
    tvr = Tvr(0)
    last: CvmRule | None = None
    for rule in listed.rules:
        if not applies(rule, listed, terminal, business, data.value(0x9F42)):
            continue
        last = rule
        tried = await _try(rule, data, terminal, card_key)
        tvr |= tried.tvr
        if tried.result is not Result.FAILED:
            return HolderCheck(
                results=_results(rule, tried.result),
                tvr=tvr,
                pin=tried.pin,
                offline_pin=tried.offline_pin,
                wants_signature=tried.signature,
                document_shown=tried.document,
            )
        if not rule.go_on:
            break
    tvr |= Tvr.HOLDER_NOT_VERIFIED
    results = bytes.fromhex("3F0001") if last is None else _results(last, Result.FAILED)
    return HolderCheck(results=results, tvr=tvr)


def _results(rule: CvmRule, result: Result) -> bytes:
    return bytes((rule.code | (_NEXT if rule.go_on else 0), rule.condition, result.value))


async def _try(  # noqa: C901, PLR0911 - one line for each method of the book
    rule: CvmRule, data: ApplicationData, terminal: Terminal, card_key: RsaKey | None
) -> _Tried:
    if rule.code not in {method.value for method in Method}:
        return _Tried(Result.FAILED, Tvr.CVM_UNKNOWN)
    method = Method(rule.code)
    if not is_able(terminal, method):
        has_pin = method in (
            Method.PLAIN_PIN,
            Method.ONLINE_PIN,
            Method.PLAIN_PIN_SIGNATURE,
            Method.ENCIPHERED_PIN,
            Method.ENCIPHERED_PIN_SIGNATURE,
        )
        return _Tried(Result.FAILED, Tvr.PIN_PAD_MISSING if has_pin else Tvr(0))
    match method:
        case Method.FAIL:
            return _FAILED
        case Method.NOTHING:
            return _Tried(Result.SUCCESSFUL)
        case Method.SIGNATURE:
            return _Tried(Result.UNKNOWN, signature=True)
        case Method.DOCUMENT:
            return await _document(data)
        case Method.ONLINE_PIN:
            pin = await AskPin(PinEntry.ONLINE)
            if pin is None:
                return _Tried(Result.FAILED, Tvr.PIN_NOT_ENTERED)
            return _Tried(Result.UNKNOWN, Tvr.ONLINE_PIN, pin)
        case Method.PLAIN_PIN | Method.PLAIN_PIN_SIGNATURE:
            return await _offline_pin(terminal, None, signed=method is Method.PLAIN_PIN_SIGNATURE)
        case Method.ENCIPHERED_PIN | Method.ENCIPHERED_PIN_SIGNATURE:
            if card_key is None or data.value(0x9F2D) is not None:
                return _FAILED
            signed = method is Method.ENCIPHERED_PIN_SIGNATURE
            return await _offline_pin(terminal, card_key, signed=signed)


async def _document(data: ApplicationData) -> _Tried:
    """Let the attendant compare; needs number and kind of the document on the card."""
    number, kind = data.value(0x9F61), data.value(0x9F62)
    if not number or kind is None or len(kind) != 1 or kind[0] > 5:
        return _FAILED
    name = data.value(0x9F0B) or data.value(0x5F20) or b""
    agrees = await CheckDocument(number, kind[0], name)
    return _Tried(Result.SUCCESSFUL, document=True) if agrees else _FAILED


async def _offline_pin(  # noqa: PLR0911 - one line for each way it ends
    terminal: Terminal, card_key: RsaKey | None, *, signed: bool
) -> _Tried:
    """Ask for the PIN and let the card check it, while enough tries are left."""
    counter = await get_data(0x9F17)
    tries = counter[0] if counter is not None and len(counter) == 1 else None
    for _ in range(_MOST_PIN_ENTRIES):
        if tries == 0:
            return _Tried(Result.FAILED, Tvr.PIN_TRIES_EXCEEDED)
        if tries is None and terminal.least_pin_tries > 1:
            return _FAILED
        if tries is not None and tries < terminal.least_pin_tries:
            return _FAILED
        pin = await AskPin(PinEntry.OFFLINE, tries)
        if pin is None:
            return _Tried(Result.FAILED, Tvr.PIN_NOT_ENTERED)
        response = await exchange(await _verify_command(terminal, pin, card_key))
        if response.sw == 0x9000:
            result = Result.UNKNOWN if signed else Result.SUCCESSFUL
            return _Tried(result, offline_pin=True, signature=signed)
        if response.sw in (0x6983, 0x6984):
            return _Tried(Result.FAILED, Tvr.PIN_TRIES_EXCEEDED)
        if response.sw & 0xFFF0 != 0x63C0:
            return _FAILED
        tries = response.sw & 0x0F
    return _FAILED


async def _verify_command(terminal: Terminal, pin: Pin, card_key: RsaKey | None) -> Command:
    """Return VERIFY with the plain block, or with one that only the card can open."""
    if card_key is None:
        return Command(0x00, 0x20, 0x00, 0x80, pin.block())
    challenge = (await insist(Command(0x00, 0x84, 0x00, 0x00, le=8))).data
    return enciphered_verify(pin, challenge, card_key, terminal.random(card_key.size - 17))


def enciphered_verify(pin: Pin, challenge: bytes, key: RsaKey, padding: bytes) -> Command:
    """Return VERIFY with an enciphered PIN.  Spec: EMV book 2, 7.2.

    Args:
        pin: What was entered.
        challenge: 8 bytes from the card.
        key: The card's public key.
        padding: Random bytes that fill the block up to the size of the key.
    """
    clear = b"\x7f" + pin.block() + challenge + padding
    sealed = pow(int.from_bytes(clear, "big"), key.exponent, key.modulus)
    return Command(0x00, 0x20, 0x00, 0x88, sealed.to_bytes(key.size, "big"))
