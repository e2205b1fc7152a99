"""Know the commands by which an issuer changes its card: scripts under secure messaging.

Issuer script 发卡行脚本: the issuer seals commands with a MAC (and enciphers what is secret), packs
them into a template 72, the terminal passes them on, the card checks. Both ends are here, as pure
functions over keys; the keys of the issuer's end may stay in an HSM (`szunion.emv.issuer`).

Spec: JR/T 0025.5, B and C; JR/T 0025.6, 7.12; JR/T 0025.17, 7 and 8.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from attrs import evolve, field, frozen

from szunion.emv import bcd, crypto
from szunion.emv.apdu import Command
from szunion.emv.crypto import Algorithm
from szunion.emv.cryptogram import PART_17, Session, Sm4Rules
from szunion.emv.errors import BadField, LimitExceeded

#: PBOC's MAC has four bytes, always
MAC_LENGTH: Final = 4
#: the whole of a template 72, at most
TEMPLATE_LIMIT: Final = 128

_PIN = re.compile("[0-9]{4,12}", re.ASCII)


@unique
class Encipherment(Enum):
    """How secret data are laid out before they are enciphered.

    PBOC is ``LENGTH_ECB``: a length byte, 80-padding only where the last block is not full. Some
    issuers always pad (``LENGTH_ECB_ALWAYS``); they differ when the data have 7 mod 8 bytes
    (SM4: 15 mod 16). The two CBC forms are other schemes'.
    """

    LENGTH_ECB = "length, 80-padding where needed, ECB"
    LENGTH_ECB_ALWAYS = "length, 80-padding always, ECB"
    CBC = "80-padding where needed, CBC"
    CBC_ALWAYS = "80-padding always, CBC"

    @property
    def has_length(self) -> bool:
        """Whether a length byte goes in front and blocks stand alone (ECB)."""
        return self in (Encipherment.LENGTH_ECB, Encipherment.LENGTH_ECB_ALWAYS)

    @property
    def always_pads(self) -> bool:
        """Whether full blocks get another block of padding."""
        return self in (Encipherment.LENGTH_ECB_ALWAYS, Encipherment.CBC_ALWAYS)


@unique
class PinBlock(Enum):
    """How a new PIN is written for the card."""

    CARD_KEY = "00x4, bytes 5-8 of a card key, xor 0N PP..FF (PBOC: the ENC key; VIS: the AC key)"
    ISO_2 = "ISO 9564 format 2: 2N PP..FF"
    VISA_22 = "ISO format 2, but VIS's block where the current PIN goes in"


@frozen(kw_only=True)
class Rules:
    """How one scheme seals its scripts."""

    session: Session = Session.PBOC
    covers_transaction: bool = True
    """Whether ATC and cryptogram are in the MAC (Interac's are not)."""
    mac_length: int = MAC_LENGTH
    encipherment: Encipherment = Encipherment.LENGTH_ECB
    pin_block: PinBlock = PinBlock.CARD_KEY
    pin_block_key_is_ac: bool = False
    """VIS takes the bytes of the AC key, PBOC those of the ENC key."""
    sm4: Sm4Rules = PART_17


PBOC: Final = Rules()

_VISA: Final = Rules(session=Session.VISA, mac_length=8, pin_block_key_is_ac=True)
_VISA_22: Final = evolve(_VISA, session=Session.EMV_CRYPTOGRAM, pin_block=PinBlock.VISA_22)
_MCHIP: Final = Rules(
    session=Session.EMV_CRYPTOGRAM,
    mac_length=8,
    encipherment=Encipherment.CBC,
    pin_block=PinBlock.ISO_2,
)

#: other schemes' rules by the name of their cryptogram version, to compare with
OTHERS: Final[Mapping[str, Rules]] = MappingProxyType(
    {
        "Visa-CVN10": _VISA,
        "Visa-CVN18": _VISA,
        "Visa-CVN22": _VISA_22,
        "Interac-CVN133": evolve(_MCHIP, covers_transaction=False),
        **{f"MasterCard-CVN{number}": _MCHIP for number in (16, 17, 20, 21)},
    }
)


# --- what the issuer wants done -------------------------------------------------------------------


@frozen(kw_only=True)
class Order:
    """One command before it is sealed; *secret* data travel enciphered. Data do not print."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    secret: bool = False


def block_application() -> Order:
    """Block the application (应用锁定): in force from the next transaction on."""
    return Order(cla=0x84, ins=0x1E, p1=0, p2=0)


def unblock_application() -> Order:
    """Unblock the application (应用解锁)."""
    return Order(cla=0x84, ins=0x18, p1=0, p2=0)


def block_card() -> Order:
    """Block the card for ever (卡片锁定)."""
    return Order(cla=0x84, ins=0x16, p1=0, p2=0)


def unblock_pin() -> Order:
    """Reset the PIN try counter (PIN 解锁); the PIN stays."""
    return Order(cla=0x84, ins=0x24, p1=0, p2=0)


def put_data(tag: int, value: bytes, *, secret: bool = False) -> Order:
    """Write a data object of the card (PUT DATA), tag of two bytes.

    Raises:
        BadField: the tag does not fit P1 P2.
    """
    if not 0 <= tag <= 0xFFFF:
        raise BadField("FIELD-CONTENT", name="PUT DATA", why=f"tag {tag:X}")
    return Order(cla=0x04, ins=0xDA, p1=tag >> 8, p2=tag & 0xFF, data=value, secret=secret)


def set_ecash_balance(fen: int) -> Order:
    """Load electronic cash (电子现金圈存): set the **new balance**, in fen.

    Raises:
        BadField: more than twelve digits, or negative.
    """
    return put_data(0x9F79, bcd.encode_number(fen, 6, "9F79"))


def update_record(sfi: int, record: int, data: bytes, *, secret: bool = False) -> Order:
    """Write a whole record (UPDATE RECORD).

    Raises:
        BadField: SFI not within 1-30 or record not within 1-255.
    """
    if not (1 <= sfi <= 30 and 1 <= record <= 255):
        raise BadField("FIELD-CONTENT", name="UPDATE RECORD", why=f"SFI {sfi} record {record}")
    return Order(cla=0x04, ins=0xDC, p1=record, p2=sfi << 3 | 4, data=data, secret=secret)


def pin_digits(pin: str) -> str:
    """Return the checked PIN.

    Raises:
        BadField: not 4 to 12 digits 0-9. The text never shows it.
    """
    if not _PIN.fullmatch(pin):
        raise BadField("FIELD-CONTENT", name="PIN", why="4-12 [0-9]")
    return pin


def pin_block(
    pin: str, card_key: bytes, current: str | None = None, form: PinBlock = PinBlock.CARD_KEY
) -> bytes:
    """Return the 8-byte PIN block of PIN CHANGE.

    Args:
        pin: the new PIN, 4 to 12 digits.
        card_key: the card's 16-byte master key whose bytes 5-8 go in (PBOC: ENC).
        current: the PIN so far, where the command proves its knowledge (P2 = 01); it is filled
            up with **zeros**, not with F.
        form: PBOC's and VIS's own block, or ISO format 2.

    Raises:
        BadField: a PIN is not 4 to 12 digits.

    Spec: JR/T 0025.5, C; JR/T 0025.17, 8.1.
    """
    digits = pin_digits(pin)
    if form is PinBlock.ISO_2 or (form is PinBlock.VISA_22 and current is None):
        return bytes.fromhex(f"2{len(digits):X}{digits}".ljust(16, "F"))
    block = crypto.xor(
        bytes(4) + card_key[4:8], bytes.fromhex(f"0{len(digits):X}{digits}".ljust(16, "F"))
    )
    if current is not None:
        block = crypto.xor(block, bytes.fromhex(pin_digits(current).ljust(16, "0")))
    return block


def change_pin(block: bytes, *, with_current: bool) -> Order:
    """Change the PIN (PIN 修改): *block* from `pin_block` travels enciphered."""
    return Order(cla=0x84, ins=0x24, p1=0, p2=1 if with_current else 2, data=block, secret=True)


# --- sealing and opening --------------------------------------------------------------------------


def encipher(
    algorithm: Algorithm, key: bytes, data: bytes, form: Encipherment = Encipherment.LENGTH_ECB
) -> bytes:
    """Encipher secret data under the ENC session key.  Spec: JR/T 0025.17, 8.1.1."""
    if form.has_length:
        data = bytes((len(data),)) + data
    if form.always_pads or len(data) % algorithm.block:
        data = crypto.pad(data, algorithm.block)
    if form.has_length:
        return crypto.encrypt(algorithm, key, data)
    return crypto.encrypt_cbc(algorithm, key, data)


def decipher(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    """Undo `encipher` in PBOC's form: the length byte says what is data.

    Raises:
        BadField: not whole blocks, or length and padding do not fit.
    """
    if not data:
        raise BadField("FIELD-LENGTH", name="enciphered", want=f"n x {algorithm.block}", got=0)
    clear = crypto.decrypt(algorithm, key, data)
    body, rest = clear[1 : 1 + clear[0]], clear[1 + clear[0] :]
    whole = len(body) == clear[0] and len(rest) <= algorithm.block
    if not whole or (rest and rest != crypto.pad(b"", len(rest))):
        raise BadField("FIELD-CONTENT", name="enciphered", why="Ld || 80 00..")
    return body


def mac_input(
    order: Order, data: bytes, atc: bytes, cryptogram: bytes, rules: Rules = PBOC
) -> bytes:
    """Return what the MAC covers: header with Lc **counting the MAC**, ATC, AC, data as sent.

    Every command of one transaction takes the same ATC and the first cryptogram.

    Raises:
        BadField: too long for a short command.
    """
    lc = len(data) + rules.mac_length
    if lc > 255:
        raise BadField("FIELD-LENGTH", name="script data", want="0-251", got=len(data))
    head = bytes((order.cla, order.ins, order.p1, order.p2, lc))
    return head + (atc + cryptogram if rules.covers_transaction else b"") + data


def script_mac(
    algorithm: Algorithm,
    key: bytes,
    covered: bytes,
    length: int = MAC_LENGTH,
    sm4: Sm4Rules = PART_17,
) -> bytes:
    """Return the MAC of a script command under the MAC session key: zero vector, 80-padding."""
    return crypto.card_mac(algorithm, key, covered, sm4.mac)[:length]


def sealed(order: Order, data: bytes, mac: bytes) -> Command:
    """Return the command that travels: *data* as sent, then the MAC."""
    return Command(order.cla, order.ins, order.p1, order.p2, data + mac)


def opened(  # noqa: PLR0913, PLR0917 - the keys and diversifiers of one transaction
    command: Command,
    algorithm: Algorithm,
    mac_key: bytes,
    atc: bytes,
    cryptogram: bytes,
    rules: Rules = PBOC,
) -> bytes | None:
    """Check a command as the card does: return its data without MAC, or None if it is not right.

    *mac_key* is the session key. Data are still enciphered where the command's are.
    """
    if len(command.data) < rules.mac_length:
        return None
    data, mac = command.data[: -rules.mac_length], command.data[-rules.mac_length :]
    order = Order(cla=command.cla, ins=command.ins, p1=command.p1, p2=command.p2)
    covered = mac_input(order, data, atc, cryptogram, rules)
    right = script_mac(algorithm, mac_key, covered, rules.mac_length, rules.sm4)
    return data if crypto.same(right, mac) else None


# --- the template that travels ------------------------------------------------------------------


def _object(tag: bytes, value: bytes) -> bytes:
    length = bytes((len(value),)) if len(value) < 0x80 else bytes((0x81, len(value)))
    return tag + length + value


def pack(commands: tuple[Command, ...], identifier: bytes | None = None) -> bytes:
    """Return a template 72 with an optional 9F18 and one 86 for each command.

    Raises:
        LimitExceeded: longer than 128 bytes, as one message may carry.
        BadField: no command, or an identifier that is not four bytes.

    Spec: JR/T 0025.6, 7.12.
    """
    if not commands:
        raise BadField("FIELD-MISSING", tag="86")
    if identifier is not None and len(identifier) != 4:
        raise BadField("FIELD-LENGTH", name="9F18", want=4, got=len(identifier))
    body = b"" if identifier is None else _object(b"\x9f\x18", identifier)
    body += b"".join(_object(b"\x86", command.encode()) for command in commands)
    template = _object(b"\x72", body) if len(body) <= TEMPLATE_LIMIT else b""
    if not 0 < len(template) <= TEMPLATE_LIMIT:
        raise LimitExceeded("template 72", TEMPLATE_LIMIT)
    return template
