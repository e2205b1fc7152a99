"""Know which roots are trusted: the public keys of the schemes' authorities 根公钥.

A key gets in only with checksum, expiry and strength in order; a revoked or expired one does not
get out. Keys come from the operator (a scheme's parameter download, a file), never from here.

Spec: EMV book 2, 11.2; JR/T 0025.6, parameter download; JR/T 0025.17, 8.2 for SM2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from attrs import field, frozen

from szunion.emv import crypto, sm2
from szunion.emv.errors import BadTlv, KeyRefused
from szunion.emv.reasons import Reason, refused
from szunion.emv.rsa import RsaKey, weaknesses
from szunion.emv.tlv import parse

LEAST_CA_BITS: Final = 1024


@frozen(kw_only=True)
class RsaCaKey:
    """An RSA root. Made by `rsa_key`, which checks it."""

    rid: bytes
    """Registered application provider, the first 5 bytes of the AID."""
    index: int
    """CA public key index 8F, 0-255."""
    key: RsaKey
    expires: date
    """The last day on which it holds."""


@frozen(kw_only=True)
class Sm2CaKey:
    """An SM2 root. Made by `sm2_key`, which checks it."""

    rid: bytes
    index: int
    key: sm2.PublicKey | sm2.PreparedKey
    expires: date


CaKey = RsaCaKey | Sm2CaKey


@frozen(kw_only=True)
class Revocation:
    """One line of a revocation list (CRL 吊销列表).  Spec: EMV book 2, 5.1.2."""

    rid: bytes
    index: int
    serial: bytes | None = None
    """Serial number of an issuer's certificate, 3 bytes; None: the root itself is revoked."""


def checksum(rid: bytes, index: int, modulus: bytes, exponent: bytes) -> bytes:
    """Return SHA-1(RID || index || modulus || exponent without leading zeros), 20 bytes."""
    return crypto.sha1(rid + bytes((index,)) + modulus + exponent.lstrip(b"\0"))


def rsa_key(  # noqa: PLR0913 - the fields of a parameter download
    *,
    rid: bytes,
    index: int,
    modulus: bytes,
    exponent: bytes,
    check: bytes,
    expires: date,
    today: date,
    least_bits: int = LEAST_CA_BITS,
) -> RsaCaKey:
    """Check an RSA root and return it.

    Args:
        rid: 5 bytes.
        index: 0-255.
        modulus: as it came, first bit 1.
        exponent: 3 or 65537, with or without leading zeros.
        check: the SHA-1 checksum that was given with the key, 20 bytes.
        expires: the last day on which it holds.
        today: the day to judge by.
        least_bits: how short a root may be.

    Raises:
        KeyRefused: `.context["reasons"]` has every reason.
    """
    reasons: list[Reason] = []
    if len(rid) != 5 or not 0 <= index <= 255:
        raise refused(Reason.KEY_MALFORMED)
    if not crypto.same(checksum(rid, index, modulus, exponent), check):
        reasons.append(Reason.CHECKSUM_WRONG)
    number = int.from_bytes(exponent, "big")
    reasons += weaknesses(modulus, number, least_bits)
    if today > expires:
        reasons.append(Reason.KEY_EXPIRED)
    if reasons:
        raise refused(*reasons)
    key = RsaKey(int.from_bytes(modulus, "big"), number)
    return RsaCaKey(rid=rid, index=index, key=key, expires=expires)


def sm2_key(  # noqa: PLR0913 - the fields of a parameter download
    *, rid: bytes, index: int, point: bytes, expires: date, today: date, prepared: bool = False
) -> Sm2CaKey:
    """Check an SM2 root (X||Y, 64 bytes; it has no checksum) and return it.

    *prepared* computes a table that makes later verifications three times faster.

    Raises:
        KeyRefused: not on the curve, expired, or malformed.
    """
    if len(rid) != 5 or not 0 <= index <= 255:
        raise refused(Reason.KEY_MALFORMED)
    try:
        key = sm2.PublicKey.decode(point)
    except KeyRefused as error:
        raise refused(Reason.POINT_NOT_ON_CURVE) from error
    if today > expires:
        raise refused(Reason.KEY_EXPIRED)
    return Sm2CaKey(
        rid=rid, index=index, key=sm2.prepare(key) if prepared else key, expires=expires
    )


def _expiry(raw: bytes) -> date:
    """Read YYYYMMDD, four bytes BCD or eight characters."""
    text = raw.hex() if len(raw) == 4 else raw.decode("ascii", "replace")
    if len(text) != 8 or not (text.isascii() and text.isdecimal()):
        raise refused(Reason.KEY_EXPIRY_MISSING)
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise refused(Reason.KEY_EXPIRY_MISSING) from error


def read_download(data: bytes, today: date) -> CaKey:
    """Read one root of a parameter download (参数下载), RSA or SM2, and check it.

    Objects: 9F06 RID, 9F22 index, DF05 expiry, DF06 hash and DF07 signature algorithm, DF02
    modulus (or X||Y), DF04 exponent, DF03 checksum.

    Raises:
        KeyRefused: with every reason found.
    """
    try:
        nodes = parse(data)
    except BadTlv as error:
        raise refused(Reason.KEY_MALFORMED) from error
    found: dict[int, bytes] = {}
    for node in nodes:
        if found.setdefault(node.tag, node.value) != node.value:
            raise refused(Reason.DUPLICATE_TAG)
    rid, index, modulus = (found.get(tag, b"") for tag in (0x9F06, 0x9F22, 0xDF02))
    if len(index) != 1 or not modulus:
        raise refused(Reason.KEY_MALFORMED)
    expires = _expiry(found.get(0xDF05, b""))
    algorithms = found.get(0xDF07, b"\x01"), found.get(0xDF06, b"\x01")
    if algorithms == (b"\x04", b"\x07"):
        return sm2_key(rid=rid, index=index[0], point=modulus, expires=expires, today=today)
    if algorithms != (b"\x01", b"\x01"):
        raise refused(Reason.KEY_ALGORITHM)
    if 0xDF03 not in found:
        raise refused(Reason.CHECKSUM_MISSING)
    return rsa_key(
        rid=rid,
        index=index[0],
        modulus=modulus,
        exponent=found.get(0xDF04, b""),
        check=found[0xDF03],
        expires=expires,
        today=today,
    )


_REVOCATION: Final = re.compile(
    r"revoked +([0-9A-Fa-f]{10}) +([0-9A-Fa-f]{2})(?: +([0-9A-Fa-f]{6}))?"
)


def read_revocation(line: str) -> Revocation:
    """Read a line of a revocation list: the word, RID, index and serial, in hex.

    Without a serial the root itself is revoked.

    Raises:
        KeyRefused: it is no such line.
    """
    found = _REVOCATION.fullmatch(line)
    if found is None:
        raise refused(Reason.REVOCATION_MALFORMED)
    rid, index, serial = found.groups()
    return Revocation(
        rid=bytes.fromhex(rid),
        index=int(index, 16),
        serial=None if serial is None else bytes.fromhex(serial),
    )


@frozen
class CaKeys:
    """The roots that a terminal holds, and what is revoked.

    Raises:
        KeyRefused: two keys share RID and index.
    """

    keys: tuple[CaKey, ...]
    revoked: frozenset[Revocation] = frozenset()
    _by_name: dict[tuple[bytes, int], CaKey] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        names = {(key.rid, key.index): key for key in self.keys}
        if len(names) != len(self.keys):
            raise refused(Reason.KEY_DUPLICATE)
        object.__setattr__(self, "_by_name", names)

    def find(self, rid: bytes, index: int, today: date) -> CaKey | Reason:
        """Return a root that may be used today, or the reason why there is none."""
        key = self._by_name.get((rid, index))
        if key is None:
            return Reason.CA_KEY_UNKNOWN
        if today > key.expires:
            return Reason.KEY_EXPIRED
        if Revocation(rid=rid, index=index) in self.revoked:
            return Reason.KEY_REVOKED
        return key

    def is_revoked(self, rid: bytes, index: int, serial: bytes) -> bool:
        """Tell whether an issuer's certificate of that serial number is revoked."""
        return Revocation(rid=rid, index=index, serial=serial) in self.revoked

    def with_revoked(self, more: Iterable[Revocation]) -> CaKeys:
        """Return the same roots with more revoked."""
        return CaKeys(self.keys, self.revoked | frozenset(more))
