"""Know the union's own file on a card: a signed membership record: 会员凭证文件.

The record says that the holder of *this* card is a member, until when, and which organisation
says so. It holds no name and no number: a pseudonym, and a digest that binds it to the card. The
signature is SM2's; whoever copies the file to another card breaks the binding, and that the card
is the genuine one is for offline data authentication to say, not for this file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from attrs import field, frozen

from szunion.emv import bcd, crypto, sm2, tlv
from szunion.emv.apdu import Command
from szunion.emv.errors import AuthenticationFailed, BadField, BadTlv, CardFault
from szunion.emv.exchange import exchange, insist
from szunion.emv.pan import CardNumber
from szunion.emv.selection import select
from szunion.emv.tlv import Node

MEMBERSHIP_AID = b"\xf0SZUNION\x01"
MEMBERSHIP_SFI = 1
MOST_BYTES = 512
_CHUNK = 250
_VERSION = b"\x01"
_BODY, _SIGNATURE = 0xE1, 0xC8
_TEXT_LIMIT = 32


@frozen(kw_only=True)
class Membership:
    """What the record says: 会员凭证."""

    organisation: str
    """Code of the organisation, printable ASCII, at most 32 characters."""
    member: bytes = field(repr=False)
    """Pseudonym, 16 bytes, for this card only."""
    binding: bytes = field(repr=False)
    """See `bind`."""
    begins: date
    expires: date
    key_id: bytes
    """Which key signed, 4 bytes."""

    def __attrs_post_init__(self) -> None:
        ascii_text = self.organisation.isascii() and self.organisation.isprintable()
        right = ascii_text and 1 <= len(self.organisation) <= _TEXT_LIMIT
        sizes = (len(self.member), len(self.binding), len(self.key_id)) == (16, 32, 4)
        if not right or not sizes:
            raise BadField("FIELD-CONTENT", name="membership record", why="length")

    def encode(self) -> bytes:
        """Return the bytes that are signed."""
        return Node.of(
            _BODY,
            [
                Node.of(0xC1, _VERSION),
                Node.of(0xC2, self.organisation.encode("ascii")),
                Node.of(0xC3, self.member),
                Node.of(0xC4, self.binding),
                Node.of(0xC5, bytes.fromhex(f"{self.begins:%Y%m%d}")),
                Node.of(0xC6, bytes.fromhex(f"{self.expires:%Y%m%d}")),
                Node.of(0xC7, self.key_id),
            ],
        ).encode()


@frozen
class Signed:
    """A record with its signature, not yet believed."""

    membership: Membership
    body: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def bind(number: CardNumber, sequence: str, member: bytes) -> bytes:
    """Return the digest that ties a record to a card: SM3 of number, sequence and pseudonym."""
    text = f"szunion-membership|{number.plain()}|{sequence}|".encode("ascii")
    return crypto.sm3(text + member)


def issue(membership: Membership, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the content of the file; *sign* makes r||s of SM2, 64 bytes."""
    body = membership.encode()
    return body + Node.of(_SIGNATURE, sign(body)).encode()


def read_signed(raw: bytes) -> Signed:
    """Read the content of the file.

    Raises:
        CardFault: it is no membership record.
    """
    try:
        nodes = tlv.parse(raw)
        if [node.tag for node in nodes] != [_BODY, _SIGNATURE]:
            raise CardFault(0x9000, "FILE-FORM")
        body = nodes[0]
        if [node.tag for node in body.children] != list(range(0xC1, 0xC8)):
            raise CardFault(0x9000, "FILE-FORM")
        version, organisation, member, binding, begins, expires, key_id = (
            node.value for node in body.children
        )
        if version != _VERSION:
            raise CardFault(0x9000, "FILE-FORM")
        membership = Membership(
            organisation=organisation.decode("ascii", "replace"),
            member=member,
            binding=binding,
            begins=bcd.long_day(begins),
            expires=bcd.long_day(expires),
            key_id=key_id,
        )
    except (BadTlv, BadField) as error:
        raise CardFault(0x9000, "FILE-FORM") from error
    return Signed(membership, body.encode(), nodes[1].value)


def verify(
    signed: Signed,
    key: sm2.PublicKey | sm2.PreparedKey,
    *,
    today: date,
    number: CardNumber,
    sequence: str,
) -> Membership:
    """Check signature, dates and binding, and return the record.

    Args:
        signed: What was read.
        key: The union's key of `Membership.key_id`.
        today: The day to judge by.
        number: The number of the card it was read from, from authenticated data.
        sequence: Its sequence number, two digits.

    Raises:
        AuthenticationFailed: `.reason` is SIGNATURE_WRONG, NOT_THIS_CARD or OUT_OF_DATE.
    """
    record = signed.membership
    if not sm2.verify(key, signed.body, signed.signature):
        raise _failed("SIGNATURE_WRONG", "凭证签名不对", "the record's signature is wrong")
    if not crypto.same(bind(number, sequence, record.member), record.binding):
        raise _failed("NOT_THIS_CARD", "凭证属于另一张卡", "the record belongs to another card")
    if not record.begins <= today <= record.expires:
        raise _failed("OUT_OF_DATE", "凭证不在有效期内", "the record is out of date")
    return record


def _failed(reason: str, zh: str, en: str) -> AuthenticationFailed:
    return AuthenticationFailed("AUTH", reason=reason, zh=zh, en=en)


async def read_membership() -> Signed | None:
    """Select the union's application and read its record; None: the card has none.

    Raises:
        CardFault: what is there is no membership record.
    """
    response = await select(MEMBERSHIP_AID)
    if response.sw != 0x9000:
        return None
    raw = await read_file(MEMBERSHIP_SFI)
    return read_signed(raw.rstrip(b"\0\xff")) if raw else None


async def read_file(sfi: int) -> bytes:
    """Read a transparent file to its end, at most `MOST_BYTES`; empty: there is none."""
    raw = b""
    while len(raw) < MOST_BYTES and len(raw) <= 0xFF:
        response = await exchange(Command(0x00, 0xB0, 0x80 | sfi, len(raw), le=_CHUNK))
        if response.sw not in (0x9000, 0x6282) or not response.data:
            break
        raw += response.data
        if len(response.data) < _CHUNK:
            break
    return raw


async def update_file(
    sfi: int, offset: int, data: bytes, mac: Callable[[bytes, bytes, bytes], bytes]
) -> None:
    """Change part of a file; *mac* gets challenge, header with Lc, and data.

    Raises:
        CardFault: the card refused, such as 6988 for a wrong MAC.
    """
    challenge = (await insist(Command(0x00, 0x84, 0x00, 0x00, le=8))).data
    head = bytes((0x04, 0xD6, 0x80 | sfi, offset, len(data) + 4))
    sealed = data + mac(challenge, head, data)
    await insist(Command(0x04, 0xD6, 0x80 | sfi, offset, sealed))
