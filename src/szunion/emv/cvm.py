"""Know how it is established that the holder of the card is the right one: 持卡人验证.

Spec: JR/T 0025.6, 7.7; EMV book 3, 10.5 and annex C3; EMV book 4, 6.3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Final

from attrs import evolve, frozen

from szunion.emv.apdu import Command
from szunion.emv.bits import Bit
from szunion.emv.errors import CardFault
from szunion.emv.exchange import exchange
from szunion.emv.fields import Aip, TerminalCapabilities, Tvr
from szunion.emv.flow import AskPin, CheckDocument, Pin, PinEntry
from szunion.emv.lists import CvmList, CvmRule
from szunion.emv.oda_keys import pin_key
from szunion.emv.reading import ApplicationData, get_data
from szunion.emv.rsa import RsaKey
from szunion.emv.terminal import Business, Terminal

_NEXT = 0x40
_MOST_PIN_ENTRIES = 15

NOTHING_TO_DO: Final = bytes.fromhex("3F0000")
"""9F34 when card and terminal have nothing to verify by."""
NOTHING_DONE: Final = bytes.fromhex("3F0001")
"""9F34 when no rule applied whose method the terminal knows and can do."""


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


_PLAIN, _SEALED = TerminalCapabilities.PLAIN_PIN, TerminalCapabilities.ENCIPHERED_OFFLINE_PIN
_SIGNED = TerminalCapabilities.SIGNATURE

#: What a terminal must be able to do for a method: bits of 9F33.
_NEEDS: Mapping[Method, tuple[Bit, ...]] = MappingProxyType(
    {
        Method.FAIL: (),
        Method.PLAIN_PIN: (_PLAIN,),
        Method.ONLINE_PIN: (TerminalCapabilities.ONLINE_PIN,),
        Method.PLAIN_PIN_SIGNATURE: (_PLAIN, _SIGNED),
        Method.ENCIPHERED_PIN: (_SEALED,),
        Method.ENCIPHERED_PIN_SIGNATURE: (_SEALED, _SIGNED),
        Method.SIGNATURE: (_SIGNED,),
        Method.NOTHING: (TerminalCapabilities.NO_CVM,),
        Method.DOCUMENT: (TerminalCapabilities.ID_DOCUMENT,),
    }
)


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
    tvr: Tvr = Tvr.of()
    pin: Pin | None = None
    """For the issuer, when online PIN was the method."""
    offline_pin: bool = False
    """The card said 9000 to VERIFY. That alone proves nothing: see `transaction`."""
    wants_signature: bool = False
    document_shown: bool = False


@frozen
class _Tried:
    """How one method went."""

    result: Result
    tvr: Tvr = Tvr.of()
    pin: Pin | None = None
    offline_pin: bool = False
    signature: bool = False
    document: bool = False


_FAILED = _Tried(Result.FAILED)


def known(code: int) -> Method | None:
    """Return the method of a rule, None when nobody defined it."""
    return Method(code) if code in _NEEDS else None


def is_able(terminal: Terminal, code: int) -> bool:
    """Whether the terminal knows method *code* and can do it: 9F33 byte 2.

    Nobody looks at a document where nobody stands by.
    """
    method = known(code)
    if method is None or (method is Method.DOCUMENT and terminal.unattended):
        return False
    return terminal.can(*_NEEDS[method])


def applies(  # noqa: PLR0911 - one line for each condition of the book
    rule: CvmRule,
    listed: CvmList,
    terminal: Terminal,
    business: Business,
    own_currency: bytes | None,
) -> bool:
    """Whether the condition of *rule* holds. An unknown condition never does."""
    match rule.condition:
        case 0x00:
            return True
        case 0x01:
            return business.is_cash and terminal.unattended
        case 0x02:
            return not business.is_cash and not business.is_cashback
        case 0x03:
            return is_able(terminal, rule.code)
        case 0x04:
            return business.is_cash and not terminal.unattended
        case 0x05:
            return business.is_cashback
        case 0x06 | 0x07 | 0x08 | 0x09 if own_currency == terminal.currency:
            limit = listed.x if rule.condition in (0x06, 0x07) else listed.y
            under = rule.condition in (0x06, 0x08)
            return business.amount < limit if under else business.amount > limit
        case _:
            return False


async def verify_holder(
    data: ApplicationData, terminal: Terminal, business: Business
) -> HolderCheck:
    """Go through the card's list until a method succeeds or none is left.

    What a rule demands that the terminal does not know or cannot do is told in the TVR, and counts
    as not performed: 9F34 names the last method that was.

    Args:
        data: What was read; a list that the card does not want used (AIP) is not.
        terminal: What the terminal can do, and the roots that it trusts.
        business: Amount and type.

    Raises:
        BadField: the list is broken.
        CardFault: the card answered VERIFY with what is no answer to a PIN.
    """
    wanted = data.options is not None and Aip(data.options.aip).has(Aip.CARDHOLDER_VERIFICATION)
    raw = data.value(0x8E) or b""
    if not wanted or len(raw) in (0, CvmList.AMOUNTS):  # a list without rules is none
        missing = Tvr.of(Tvr.ICC_DATA_MISSING) if wanted else Tvr.of()
        return HolderCheck(results=NOTHING_TO_DO, tvr=missing)
    listed = CvmList.parse(raw)
    tvr, results = Tvr.of(), NOTHING_DONE
    for rule in listed.rules:
        if not applies(rule, listed, terminal, business, data.value(0x9F42)):
            continue
        method = known(rule.code)
        if method is None:
            tvr |= Tvr.UNRECOGNISED_CVM
        elif not is_able(terminal, method):
            tvr |= _without_pad(terminal, method)
        else:
            tried = await _try(method, data, terminal)
            tvr |= tried.tvr
            results = _results(rule, tried.result)
            if tried.result is not Result.FAILED:
                return HolderCheck(
                    results=results,
                    tvr=tvr,
                    pin=tried.pin,
                    offline_pin=tried.offline_pin,
                    wants_signature=tried.signature,
                    document_shown=tried.document,
                )
        if method is Method.FAIL or not rule.go_on:
            break
    return HolderCheck(results=results, tvr=tvr | Tvr.CVM_NOT_SUCCESSFUL)


def _results(rule: CvmRule, result: Result) -> bytes:
    return bytes((rule.code | (_NEXT if rule.go_on else 0), rule.condition, result.value))


def _without_pad(terminal: Terminal, method: Method) -> Tvr:
    """Tell that a PIN is wanted and there is no way to enter it.  Spec: EMV book 3, 10.5.

    A terminal that checks offline PINs in one form has a pad, though not for the other form.
    """
    missing = method is Method.ONLINE_PIN
    if _PLAIN in _NEEDS[method] or _SEALED in _NEEDS[method]:
        missing = not terminal.can(_PLAIN) and not terminal.can(_SEALED)
    return Tvr.of(Tvr.PIN_PAD_NOT_WORKING) if missing else Tvr.of()


async def _try(  # noqa: C901, PLR0911 - one line for each method of the book
    method: Method, data: ApplicationData, terminal: Terminal
) -> _Tried:
    """Perform a method that the terminal can do."""
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
                return _Tried(Result.FAILED, Tvr.of(Tvr.PIN_NOT_ENTERED))
            return _Tried(Result.UNKNOWN, Tvr.of(Tvr.ONLINE_PIN_ENTERED), pin)
        case Method.PLAIN_PIN:
            return await _offline_pin(terminal, None)
        case Method.PLAIN_PIN_SIGNATURE:
            return _and_signature(await _offline_pin(terminal, None))
        case Method.ENCIPHERED_PIN:
            return await _sealed_pin(data, terminal)
        case Method.ENCIPHERED_PIN_SIGNATURE:
            return _and_signature(await _sealed_pin(data, terminal))


def _and_signature(tried: _Tried) -> _Tried:
    """Leave the result of a right PIN open: the signature is for people to compare."""
    if tried.result is Result.FAILED:
        return tried
    return evolve(tried, result=Result.UNKNOWN, signature=True)


async def _document(data: ApplicationData) -> _Tried:
    """Let the attendant compare; needs number and kind of the document on the card."""
    number, kind = data.value(0x9F61), data.value(0x9F62)
    if not number or kind is None or len(kind) != 1 or kind[0] > 5:
        return _FAILED
    name = data.value(0x9F0B) or data.value(0x5F20) or b""
    agrees = await CheckDocument(number, kind[0], name)
    return _Tried(Result.SUCCESSFUL, document=True) if agrees else _FAILED


async def _sealed_pin(data: ApplicationData, terminal: Terminal) -> _Tried:
    """Let the card check an enciphered PIN, where it has a key for it that is to be trusted."""
    key = pin_key(data.for_authentication(), terminal.keys, terminal.policy)
    return _FAILED if key is None else await _offline_pin(terminal, key)


async def _offline_pin(terminal: Terminal, card_key: RsaKey | None) -> _Tried:  # noqa: PLR0911 - one line for each way it ends
    """Ask for the PIN and let the card check it, while enough tries are left.

    Raises:
        CardFault: the card answered VERIFY with another status word than the book has for it.
    """
    counter = await get_data(0x9F17)
    tries = counter[0] if counter is not None and len(counter) == 1 else None
    for _ in range(_MOST_PIN_ENTRIES):
        if tries == 0:
            return _Tried(Result.FAILED, Tvr.of(Tvr.PIN_TRY_LIMIT_EXCEEDED))
        if tries is None and terminal.least_pin_tries > 1:
            return _Tried(Result.FAILED, Tvr.of(Tvr.PIN_NOT_ENTERED))
        if tries is not None and tries < terminal.least_pin_tries:
            return _Tried(Result.FAILED, Tvr.of(Tvr.PIN_NOT_ENTERED))
        pin = await AskPin(PinEntry.OFFLINE, tries)
        if pin is None:
            return _Tried(Result.FAILED, Tvr.of(Tvr.PIN_NOT_ENTERED))
        command = await _verify_command(terminal, pin, card_key)
        if command is None:
            return _FAILED
        response = await exchange(command)
        if response.sw == 0x9000:
            return _Tried(Result.SUCCESSFUL, offline_pin=True)
        if response.sw in (0x6983, 0x6984):
            return _Tried(Result.FAILED, Tvr.of(Tvr.PIN_TRY_LIMIT_EXCEEDED))
        if response.sw & 0xFFF0 != 0x63C0:
            raise CardFault(response.sw)
        tries = response.sw & 0x0F
    return _FAILED


async def _verify_command(terminal: Terminal, pin: Pin, card_key: RsaKey | None) -> Command | None:
    """Return VERIFY with the plain block, or with one that only the card can open.

    None: the card gave no challenge to seal the block with.
    """
    if card_key is None:
        return Command(0x00, 0x20, 0x00, 0x80, pin.block())
    response = await exchange(Command(0x00, 0x84, 0x00, 0x00, le=256))
    if response.sw != 0x9000 or len(response.data) != 8:
        return None
    return enciphered_verify(pin, response.data, card_key, terminal.random(card_key.size - 17))


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
