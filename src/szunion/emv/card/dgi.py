"""Know the data groupings that a bank's personaliser sends to a card: 个人化数据分组 (DGI).

`groupings` takes a payment application apart, `application` puts one together, so that a bank's
personalisation file can be tried on a simulated card before a single real one is made. Groupings
with keys, PIN and private key travel under the channel's data key.

The layout of SM2 and SM4 keys is not public: an application that has them is refused. [M]: which of
0D01, 0E01 and 0E02 holds what, and the 80-padding of the parts of the RSA key.

Spec: JR/T 0025.10; EMV Card Personalization Specification, 2 and annex A.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from szunion.emv import crypto, tlv
from szunion.emv.card.content import (
    ApplicationKeys,
    Path,
    PaymentApplication,
    ProcessingOptions,
    RecordId,
    RsaPrivate,
)
from szunion.emv.crypto import Algorithm
from szunion.emv.errors import BadField, LimitExceeded
from szunion.emv.tlv import Node

_MOST_GROUPINGS: Final = 256
_LONG: Final = 0xFF

_LIMITS, _RISK, _AIR = 0x0D01, 0x0E01, 0x0E02
_FCI, _FCI_AIR, _ISSUER_DATA = 0x9102, 0x9103, 0x9200
_KEYS, _CHECKS, _PIN, _COUNTERS = 0x8000, 0x9000, 0x8010, 0x9010
_CRT: Final = (0x8201, 0x8202, 0x8203, 0x8204, 0x8205)
_PIN_CRT: Final = (0x8301, 0x8302, 0x8303, 0x8304, 0x8305)
_OPTIONS: Final[Mapping[int, Path]] = MappingProxyType(
    {0x9104: Path.DEBIT, 0x9203: Path.ECASH, 0x9207: Path.QPBOC}
)
_IN_LIMITS: Final = frozenset(
    {0x9F4F, 0xDF4F, 0x9F79, 0x9F77, 0x9F78, 0x9F6D, 0x9F58, 0x9F59, 0x9F54, 0x9F5C}
)
_IN_RISK: Final = frozenset({0x9F51, 0x9F52, 0x9F56, 0x9F57})

#: groupings whose data are enciphered: STORE DATA says so in P1
SECRET: Final = frozenset({_KEYS, _PIN, *_CRT, *_PIN_CRT})

Cipher = Callable[[bytes], bytes]


@frozen
class Grouping:
    """One grouping: an identifier and its data, which do not print."""

    dgi: int
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return identifier, length (one byte, or FF and two), data."""
        size = len(self.data)
        length = bytes((size,)) if size < _LONG else bytes((_LONG,)) + size.to_bytes(2, "big")
        return self.dgi.to_bytes(2, "big") + length + self.data


def read_groupings(raw: bytes) -> tuple[Grouping, ...]:
    """Read groupings that stand one after the other.

    Raises:
        BadField: the last one is cut.
        LimitExceeded: more than 256.
    """
    found: list[Grouping] = []
    at = 0
    while at < len(raw):
        head, size = raw[at : at + 3], raw[at + 2] if at + 2 < len(raw) else 0
        at += 3
        if size == _LONG:
            head, size = head + raw[at : at + 2], int.from_bytes(raw[at : at + 2], "big")
            at += 2
        if at > len(raw) or at + size > len(raw):
            raise BadField("FIELD-LENGTH", name="DGI", want=at + size, got=len(raw))
        found.append(Grouping(int.from_bytes(head[:2], "big"), raw[at : at + size]))
        at += size
        if len(found) > _MOST_GROUPINGS:
            raise LimitExceeded("groupings", _MOST_GROUPINGS)
    return tuple(found)


# --- taking an application apart ---------------------------------------------------------------


def groupings(application: PaymentApplication, seal: Cipher) -> tuple[Grouping, ...]:
    """Return the groupings of *application*; *seal* enciphers whole blocks under the data key.

    Raises:
        BadField: it has SM keys, for which no grouping is known.
    """
    keys = application.keys.get(Algorithm.TDES)
    if keys is None or set(application.keys) != {Algorithm.TDES} or application.sm2 is not None:
        raise BadField("FIELD-CONTENT", name="DGI", why="SM2, SM4")
    out = [
        Grouping(sfi << 8 | number, raw)
        for (sfi, number), raw in sorted(application.records.items())
    ]
    for dgi, tags in _places(application.data).items():
        out.append(Grouping(dgi, tlv.build(Node.of(tag, application.data[tag]) for tag in tags)))
    out.append(Grouping(_FCI, _proprietary(application.fci)))
    if application.fci_contactless is not None:
        out.append(Grouping(_FCI_AIR, _proprietary(application.fci_contactless)))
    for dgi, path in _OPTIONS.items():
        if path in application.options:
            told = application.options[path]
            out.append(Grouping(dgi, tlv.build([Node.of(0x82, told.aip), Node.of(0x94, told.afl)])))
    head = bytes((7, application.key_index, application.cvn, 3, 0, 0, 0, Algorithm.TDES.value))
    kind = b"" if application.issuer_data is None else bytes((1, application.issuer_data))
    out.append(Grouping(_ISSUER_DATA, head + kind))
    parts = (keys.ac, keys.mac, keys.enc)
    out.append(Grouping(_KEYS, seal(b"".join(parts))))
    checks = b"".join(crypto.check_value(Algorithm.TDES, part) for part in parts)
    out.append(Grouping(_CHECKS, checks))
    if application.pin is not None:
        digits = application.pin
        block = bytes.fromhex(f"0{len(digits):X}{digits}".ljust(16, "F"))
        out.append(Grouping(_PIN, seal(block)))
        out.append(Grouping(_COUNTERS, bytes((application.pin_tries, application.pin_tries))))
    for places, key in ((_CRT, application.rsa), (_PIN_CRT, application.rsa_pin)):
        if key is not None:
            out += [
                Grouping(dgi, seal(crypto.pad(part, 8)))
                for dgi, part in zip(places, _crt(key), strict=True)
            ]
    return tuple(out)


def _places(data: Mapping[int, bytes]) -> dict[int, list[int]]:
    placed: dict[int, list[int]] = {}
    for tag in data:
        dgi = _LIMITS if tag in _IN_LIMITS else _RISK if tag in _IN_RISK else _AIR
        placed.setdefault(dgi, []).append(tag)
    return placed


def _proprietary(fci: bytes) -> bytes:
    """Return the template A5 of an FCI: the DF name is the application's own."""
    return b"".join(node.encode() for node in tlv.parse(fci)[0].children if node.tag == 0xA5)


def _crt(key: RsaPrivate) -> tuple[bytes, ...]:
    """Return q^-1 mod p, d mod q-1, d mod p-1, q, p: 8201 to 8205."""
    half = key.size // 2
    numbers = (
        pow(key.q, -1, key.p),
        pow(key.exponent, -1, key.q - 1),
        pow(key.exponent, -1, key.p - 1),
        key.q,
        key.p,
    )
    return tuple(number.to_bytes(half, "big") for number in numbers)


# --- putting one together -----------------------------------------------------------------------


def application(aid: bytes, told: Iterable[Grouping], unseal: Cipher) -> PaymentApplication:
    """Return the application that *told* makes; *unseal* undoes the data key.

    Raises:
        BadData: a grouping is missing, told twice, unknown, or does not fit the others: a key and
            its check value, the parts of the RSA key.
    """
    held = _once(told)
    records: dict[RecordId, bytes] = {}
    data: dict[int, bytes] = {}
    for dgi in [dgi for dgi in held if dgi < 0x1F00]:
        raw = held.pop(dgi)
        if dgi in (_LIMITS, _RISK, _AIR):
            data.update(tlv.leaves(tlv.parse(raw)))
        else:
            records[dgi >> 8, dgi & 0xFF] = raw
    issuer = _needed(held, _ISSUER_DATA)
    if len(issuer) not in (8, 10) or issuer[0] != 7:
        raise BadField("FIELD-CONTENT", name="9200", why="07 DKI CVN CVR ALG")
    options = {path: _told_options(held.pop(dgi)) for dgi, path in _OPTIONS.items() if dgi in held}
    air = held.pop(_FCI_AIR, None)
    tries = held.pop(_COUNTERS, b"\3\3")
    pin = held.pop(_PIN, None)
    made = PaymentApplication(
        aid=aid,
        fci=_fci(aid, _needed(held, _FCI)),
        fci_contactless=None if air is None else _fci(aid, air),
        options=options,
        records=records,
        data=data,
        keys={Algorithm.TDES: _told_keys(held, unseal)},
        rsa=_told_rsa(held, _CRT, 0x9F47, records, unseal),
        rsa_pin=_told_rsa(held, _PIN_CRT, 0x9F2E, records, unseal),
        pin=None if pin is None else _told_pin(unseal(pin)),
        pin_tries=tries[-1] if len(tries) == 2 else 3,
        key_index=issuer[1],
        cvn=issuer[2],
        issuer_data=issuer[9] if len(issuer) == 10 else None,
    )
    if held:
        raise BadField("FIELD-CONTENT", name="DGI", why=", ".join(f"{dgi:04X}" for dgi in held))
    return made


def _once(told: Iterable[Grouping]) -> dict[int, bytes]:
    held: dict[int, bytes] = {}
    for grouping in told:
        if held.setdefault(grouping.dgi, grouping.data) is not grouping.data:
            raise BadField("FIELD-CONTENT", name=f"DGI {grouping.dgi:04X}", why="two values")
    return held


def _needed(held: dict[int, bytes], dgi: int) -> bytes:
    if dgi not in held:
        raise BadField("FIELD-MISSING", tag=f"DGI {dgi:04X}")
    return held.pop(dgi)


def _fci(aid: bytes, proprietary: bytes) -> bytes:
    return Node.of(0x6F, [Node.of(0x84, aid), *tlv.parse(proprietary)]).encode()


def _told_options(raw: bytes) -> ProcessingOptions:
    nodes = tlv.parse(raw)
    return ProcessingOptions(aip=tlv.require(nodes, 0x82), afl=tlv.require(nodes, 0x94))


def _told_keys(held: dict[int, bytes], unseal: Cipher) -> ApplicationKeys:
    clear, checks = unseal(_needed(held, _KEYS)), _needed(held, _CHECKS)
    if len(clear) != 48 or len(checks) != 9:
        raise BadField("FIELD-LENGTH", name="8000, 9000", want="48, 9", got=len(clear))
    parts = [clear[at : at + 16] for at in (0, 16, 32)]
    right = b"".join(crypto.check_value(Algorithm.TDES, part) for part in parts)
    if not crypto.same(right, checks):
        raise BadField("FIELD-CONTENT", name="9000", why="check value")
    return ApplicationKeys(ac=parts[0], mac=parts[1], enc=parts[2])


def _told_pin(block: bytes) -> str:
    text = block.hex().upper()
    digits = text[2 : 2 + block[0]] if block[:1] else ""
    right = f"0{len(digits):X}{digits}".ljust(16, "F")
    if text != right or not 4 <= len(digits) <= 12 or digits.strip("0123456789"):
        raise BadField("FIELD-CONTENT", name="8010", why="0N PP .. FF")
    return digits


def _told_rsa(
    held: dict[int, bytes],
    places: tuple[int, ...],
    exponent_tag: int,
    records: Mapping[RecordId, bytes],
    unseal: Cipher,
) -> RsaPrivate | None:
    if not held.keys() & set(places):
        return None
    name = f"{places[0]:04X}-{places[-1]:04X}"
    parts = [crypto.unpad(unseal(_needed(held, dgi))) for dgi in places]
    q, p = (int.from_bytes(part, "big") for part in parts[3:])
    values = (tlv.first(tlv.parse(raw), exponent_tag) for raw in records.values())
    exponent = int.from_bytes(next((value for value in values if value), b"\3"), "big")
    key = RsaPrivate(modulus=p * q, exponent=exponent, p=p, q=q)
    try:
        right = min(p, q) > 2 and [*_crt(key)] == parts
    except (ValueError, OverflowError) as error:  # no inverse: these are no primes
        raise BadField("FIELD-CONTENT", name=name, why="RSA") from error
    if not right:
        raise BadField("FIELD-CONTENT", name=name, why="RSA")
    return key
