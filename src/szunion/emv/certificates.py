"""Know the form of certificates and signatures on cards, RSA's and SM2's: 发卡行证书, 卡证书.

Each function opens one structure and tells **every** check that failed, so that a person can see
what is wrong with a card. A structure is given back only if nothing failed.

Spec: EMV book 2, 5 and 6 (RSA); JR/T 0025.17, 8.2 (SM2).
"""

from __future__ import annotations

from datetime import date
from typing import Final, Generic, TypeVar

from attrs import field, frozen

from szunion.emv import bcd, crypto, sm2
from szunion.emv.errors import BadField, KeyRefused
from szunion.emv.reasons import Reason
from szunion.emv.rsa import RsaKey, recover, weaknesses

T = TypeVar("T")
PublicKey = RsaKey | sm2.PublicKey
Reasons = tuple[Reason, ...]

_HASH_SHA1: Final = 1
_KEY_RSA: Final = 1
_SM2_PARAMETERS: Final = b"\x04\x00\x11\x40"  # signature 04, encryption 00, curve 11, 64 bytes


@frozen
class Opened(Generic[T]):
    """What a structure says, or why it says nothing."""

    value: T | None
    reasons: Reasons = ()


@frozen(kw_only=True)
class IssuerCertificate:
    """What an issuer's certificate vouches for."""

    iin: str
    """3 to 8 digits: the head of the card number."""
    expiry: bytes
    """MMYY, two bytes BCD."""
    serial: bytes
    key: PublicKey


@frozen(kw_only=True)
class IccCertificate:
    """What a card's certificate vouches for. The number does not print."""

    pan: str = field(repr=False)
    expiry: bytes
    serial: bytes
    key: PublicKey


@frozen(kw_only=True)
class DynamicData:
    """The dynamic data of a signature 9F4B."""

    number: bytes
    """ICC dynamic number; with fDDA the ATC."""
    cid: int | None = None
    """CDA: the kind of cryptogram that was signed."""
    cryptogram: bytes = b""
    """CDA: the cryptogram that was signed."""
    transaction_hash: bytes = b""
    """CDA: over all that terminal and card told each other."""


def expiry_reasons(mmyy: bytes, today: date) -> Reasons:
    """Return why a certificate is out of date; it holds through the last day of its month."""
    try:
        last = bcd.month_end(mmyy)
    except BadField:
        return (Reason.CERTIFICATE_DATE,)
    return (Reason.CERTIFICATE_EXPIRED,) if today > last else ()


def digits_of(field_: bytes) -> str | None:
    """Return the digits of a number filled up with F on the right, None if it is none."""
    try:
        return bcd.compressed(field_)
    except BadField:
        return None


# --- RSA ------------------------------------------------------------------------------------------


def _block(key: RsaKey, signature: bytes, form: int, tail: bytes) -> tuple[bytes, list[Reason]]:
    """Recover a signed block; return what stands between 6A and the hash, and what is wrong."""
    block = recover(key, signature)
    if block is None:
        return b"", [Reason.CERTIFICATE_LENGTH]
    body = block[1:-21]
    reasons: list[Reason] = []
    if block[0] != 0x6A:
        reasons.append(Reason.RECOVERY_HEADER)
    if block[-1] != 0xBC:
        reasons.append(Reason.RECOVERY_TRAILER)
    if body[0] != form:
        reasons.append(Reason.CERTIFICATE_FORMAT)
    if not crypto.same(crypto.sha1(body + tail), block[-21:-1]):
        reasons.append(Reason.HASH_WRONG)
    return body, reasons


def _is_padding(rest: bytes) -> bool:
    """Tell whether BB fills all that a structure leaves."""
    return rest == b"\xbb" * len(rest)


def _joined_key(
    room: bytes, lengths: bytes, remainder: bytes, exponent: bytes, least: int
) -> tuple[RsaKey, list[Reason]]:
    """Put a key together from what fits into the certificate and what stands beside it."""
    reasons = []
    length, exponent_length = lengths
    inside, rest = room[:length], room[length:]
    if not _is_padding(rest):
        reasons.append(Reason.PADDING_WRONG)
    beside = max(length - len(room), 0)
    if len(remainder) != beside:
        reasons.append(Reason.REMAINDER_WRONG if remainder else Reason.REMAINDER_MISSING)
    if len(exponent) != exponent_length or exponent[:1] == b"\0":
        reasons.append(Reason.EXPONENT_LENGTH)
    modulus = inside + remainder
    number = int.from_bytes(exponent, "big")
    if not reasons:
        reasons += weaknesses(modulus, number, least)
    return RsaKey(int.from_bytes(modulus, "big"), number), reasons


def open_rsa_issuer(
    ca: RsaKey, certificate: bytes, remainder: bytes, exponent: bytes, *, least_bits: int
) -> Opened[IssuerCertificate]:
    """Open an issuer's certificate 90 with its remainder 92 and exponent 9F32.

    Spec: EMV book 2, 5.3, table 6.
    """
    body, reasons = _block(ca, certificate, 2, remainder + exponent)
    if len(body) < 15:
        return Opened(None, (*reasons, Reason.CERTIFICATE_LENGTH))
    reasons += _algorithms(body[10], body[11])
    key, wrong = _joined_key(body[14:], body[12:14], remainder, exponent, least_bits)
    iin = digits_of(body[1:5])
    if iin is None or len(iin) < 3:
        wrong.append(Reason.IIN_MISMATCH)
    reasons += wrong
    if reasons or iin is None:
        return Opened(None, tuple(reasons))
    return Opened(IssuerCertificate(iin=iin, expiry=body[5:7], serial=body[7:10], key=key))


def open_rsa_icc(  # noqa: PLR0913 - a certificate and the pieces that stand beside it
    issuer: RsaKey,
    certificate: bytes,
    remainder: bytes,
    exponent: bytes,
    static: bytes,
    *,
    least_bits: int,
) -> Opened[IccCertificate]:
    """Open a card's certificate 9F46 with remainder 9F48, exponent 9F47 and the static data.

    Spec: EMV book 2, 6.4, table 14.
    """
    body, reasons = _block(issuer, certificate, 4, remainder + exponent + static)
    if len(body) < 21:
        return Opened(None, (*reasons, Reason.CERTIFICATE_LENGTH))
    reasons += _algorithms(body[16], body[17])
    key, wrong = _joined_key(body[20:], body[18:20], remainder, exponent, least_bits)
    pan = digits_of(body[1:11])
    if not pan:
        wrong.append(Reason.PAN_MISMATCH)
    reasons += wrong
    if reasons or pan is None:
        return Opened(None, tuple(reasons))
    return Opened(IccCertificate(pan=pan, expiry=body[11:13], serial=body[13:16], key=key))


def _algorithms(hash_algorithm: int, key_algorithm: int) -> list[Reason]:
    reasons = []
    if hash_algorithm != _HASH_SHA1:
        reasons.append(Reason.HASH_ALGORITHM)
    if key_algorithm != _KEY_RSA:
        reasons.append(Reason.KEY_ALGORITHM)
    return reasons


def open_rsa_static(issuer: RsaKey, signature: bytes, static: bytes) -> Opened[bytes]:
    """Open the static signature 93; give back the data authentication code, 2 bytes.

    Spec: EMV book 2, 5.4, table 7.
    """
    body, reasons = _block(issuer, signature, 3, static)
    if len(body) < 4:
        return Opened(None, (*reasons, Reason.CERTIFICATE_LENGTH))
    if body[1] != _HASH_SHA1:
        reasons.append(Reason.HASH_ALGORITHM)
    if not _is_padding(body[4:]):
        reasons.append(Reason.PADDING_WRONG)
    return Opened(None, tuple(reasons)) if reasons else Opened(body[2:4])


def open_rsa_dynamic(icc: RsaKey, signature: bytes, terminal: bytes) -> Opened[bytes]:
    """Open a dynamic signature 9F4B; give back the ICC dynamic data.

    Args:
        icc: the card's key.
        signature: as long as the key.
        terminal: what the terminal contributed: DDOL data, or the UN alone with CDA.

    Spec: EMV book 2, 6.5.2, table 17.
    """
    body, reasons = _block(icc, signature, 5, terminal)
    if len(body) < 4:
        return Opened(None, (*reasons, Reason.CERTIFICATE_LENGTH))
    if body[1] != _HASH_SHA1:
        reasons.append(Reason.HASH_ALGORITHM)
    end = 3 + body[2]
    if end > len(body):
        reasons.append(Reason.DYNAMIC_LENGTH)
    if not _is_padding(body[end:]):
        reasons.append(Reason.PADDING_WRONG)
    return Opened(None, tuple(reasons)) if reasons else Opened(body[3:end])


# --- SM2: plain data, then r||s -------------------------------------------------------------------


def _signed(
    key: sm2.PublicKey | sm2.PreparedKey, raw: bytes, form: int, length: int, tail: bytes = b""
) -> list[Reason]:
    """Check form byte, exact length and signature of plain data."""
    if len(raw) != length:
        return [Reason.CERTIFICATE_LENGTH]
    reasons = []
    if raw[0] != form:
        reasons.append(Reason.CERTIFICATE_FORMAT)
    if not sm2.verify(key, raw[:-64] + tail, raw[-64:]):
        reasons.append(Reason.SIGNATURE_WRONG)
    return reasons


def _sm2_key(raw: bytes) -> tuple[sm2.PublicKey | None, list[Reason]]:
    """Read algorithm identifiers, key length and point."""
    reasons = [] if raw[:4] == _SM2_PARAMETERS else [Reason.KEY_ALGORITHM]
    try:
        return sm2.PublicKey.decode(raw[4:68]), reasons
    except KeyRefused:
        return None, [*reasons, Reason.POINT_NOT_ON_CURVE]


def open_sm2_issuer(
    ca: sm2.PublicKey | sm2.PreparedKey, certificate: bytes
) -> Opened[IssuerCertificate]:
    """Open an issuer's SM2 certificate 90: exactly 142 bytes."""
    reasons = _signed(ca, certificate, 0x12, 142)
    if Reason.CERTIFICATE_LENGTH in reasons:
        return Opened(None, tuple(reasons))
    key, wrong = _sm2_key(certificate[10:78])
    iin = digits_of(certificate[1:5])
    if iin is None or len(iin) < 3:
        wrong.append(Reason.IIN_MISMATCH)
    reasons += wrong
    if reasons or key is None or iin is None:
        return Opened(None, tuple(reasons))
    return Opened(
        IssuerCertificate(iin=iin, expiry=certificate[5:7], serial=certificate[7:10], key=key)
    )


def open_sm2_icc(
    issuer: sm2.PublicKey, certificate: bytes, static: bytes
) -> Opened[IccCertificate]:
    """Open a card's SM2 certificate 9F46: exactly 148 bytes; it covers the static data too."""
    reasons = _signed(issuer, certificate, 0x14, 148, static)
    if Reason.CERTIFICATE_LENGTH in reasons:
        return Opened(None, tuple(reasons))
    key, wrong = _sm2_key(certificate[16:84])
    pan = digits_of(certificate[1:11])
    if not pan:
        wrong.append(Reason.PAN_MISMATCH)
    reasons += wrong
    if reasons or key is None or pan is None:
        return Opened(None, tuple(reasons))
    return Opened(
        IccCertificate(pan=pan, expiry=certificate[11:13], serial=certificate[13:16], key=key)
    )


def open_sm2_static(issuer: sm2.PublicKey, signature: bytes, static: bytes) -> Opened[bytes]:
    """Open an SM2 static signature 93: 67 bytes; give back the data authentication code."""
    reasons = _signed(issuer, signature, 0x13, 67, static)
    return Opened(None, tuple(reasons)) if reasons else Opened(signature[1:3])


def open_sm2_dynamic(icc: sm2.PublicKey, signature: bytes, terminal: bytes) -> Opened[bytes]:
    """Open an SM2 dynamic signature 9F4B; give back the ICC dynamic data."""
    length = signature[1] if len(signature) > 1 else 0
    reasons = _signed(icc, signature, 0x15, 2 + length + 64, terminal)
    return Opened(None, tuple(reasons)) if reasons else Opened(signature[2 : 2 + length])


# --- dynamic data ---------------------------------------------------------------------------------


def read_dynamic(data: bytes) -> Opened[DynamicData]:
    """Read the dynamic data of DDA and fDDA: length, number, whatever follows."""
    number = data[1 : 1 + data[0]] if data else b""
    if not data or len(number) != data[0] or not 2 <= data[0] <= 8:
        return Opened(None, (Reason.DYNAMIC_LENGTH,))
    return Opened(DynamicData(number=number))


def read_combined(data: bytes, hash_length: int) -> Opened[DynamicData]:
    """Read the dynamic data of CDA: length, number, CID, cryptogram, hash, and no byte more.

    *hash_length* is 20 for SHA-1 and 32 for SM3.  Spec: EMV book 2, 6.6.1, table 19.
    """
    first = read_dynamic(data)
    size = data[0] if data else 0
    if first.value is None or len(data) != 1 + size + 1 + 8 + hash_length:
        return Opened(None, (Reason.DYNAMIC_LENGTH,))
    rest = data[1 + size :]
    return Opened(
        DynamicData(
            number=first.value.number,
            cid=rest[0],
            cryptogram=rest[1:9],
            transaction_hash=rest[9:],
        )
    )
