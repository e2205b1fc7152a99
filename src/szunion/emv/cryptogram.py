"""Know how a cryptogram is made: which data go in, under which key, and what the issuer answers.

A cryptogram version (CVN 密文版本) is a row of a table: inputs, padding, session key, answer.
PBOC's are `PBOC_01` (contact) and `PBOC_17` (qPBOC); the rows of other schemes are there to
compare with. The simulated card makes cryptograms with these functions and the issuer host checks
them; neither holds a rule of its own.

Spec: JR/T 0025.5, D; JR/T 0025.12, D and E; JR/T 0025.17, 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from attrs import frozen

from szunion.emv import crypto
from szunion.emv.crypto import Algorithm, Padding, Sm4Mac, Sm4Session
from szunion.emv.errors import BadField


@unique
class Session(Enum):
    """How a session key (过程密钥) comes from a card's master key."""

    NONE = "the master key itself"
    PBOC = "PBOC: enciphered ATC"
    VISA = "Visa: master key xor ATC"
    EMV_ATC = "EMV common session key, R = ATC 00x6"
    EMV_ATC_UN = "EMV common session key, R = ATC 0000 UN"
    EMV_CRYPTOGRAM = "EMV common session key, R = cryptogram"
    TREE = "EMV 2000 key tree"


@unique
class Part(Enum):
    """A piece of the input that is no whole data element."""

    CVR = "card verification results"
    IAD = "whole 9F10"
    IAD_5 = "fifth byte of 9F10"
    COUNTERS = "M/Chip counters"
    TC_HASH = "TC hash (98)"

    __hash__ = object.__hash__  # a member is one object; Enum's own is a call in Python


@unique
class Arpc(Enum):
    """How the issuer's answer (ARPC 授权响应密文) is made.  Spec: EMV book 2, 8.2."""

    METHOD_1 = "cipher(cryptogram xor response code)"
    METHOD_2 = "4-byte MAC over cryptogram, CSU and proprietary data"


_CVR: Final = Part.CVR
_SM4: Final = Algorithm.SM4
_PBOC: Final = Session.PBOC

Input = int | Part
#: by tag or `Part`; a plain ``dict[int, bytes]`` of a message will do, hence not ``Input``
Values = Mapping[Any, bytes]


@frozen(kw_only=True)
class Version:
    """One cryptogram version."""

    name: str
    inputs: tuple[Input, ...]
    session: Session
    padding: Padding = Padding.METHOD_2
    arpc: Arpc = Arpc.METHOD_1
    arpc_session: Session | None = None
    """Where it is not the cryptogram's own session key."""


@frozen(kw_only=True)
class Sm4Rules:
    """Where parts of the standard disagree about SM4; part 17 is the default."""

    session: Sm4Session = Sm4Session.PART_17
    mac: Sm4Mac = Sm4Mac.LEFTMOST


PART_17: Final = Sm4Rules()

_TERMINAL: Final = (0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37)

#: contact: 37 bytes.  Spec: JR/T 0025.5, table D.1
PBOC_01: Final = Version(
    name="PBOC-01", inputs=(*_TERMINAL, 0x82, 0x9F36, Part.CVR), session=Session.PBOC
)
#: the same with the TC hash in front, for cards whose CDOL asks for 98.  Spec: JR/T 0025.5, D.2
PBOC_01_HASH: Final = Version(
    name="PBOC-01-HASH",
    inputs=(Part.TC_HASH, *_TERMINAL, 0x82, 0x9F36, Part.CVR),
    session=Session.PBOC,
)
#: qPBOC: 13 bytes.  Spec: JR/T 0025.12, E
PBOC_17: Final = Version(
    name="PBOC-17", inputs=(0x9F02, 0x9F37, 0x9F36, Part.IAD_5), session=Session.PBOC
)

_VISA: Final = (*_TERMINAL, 0x82, 0x9F36)

OTHERS: Final[tuple[Version, ...]] = (
    Version(
        name="Visa-CVN10",
        inputs=(*_VISA, Part.CVR),
        session=Session.NONE,
        padding=Padding.METHOD_1,
    ),
    Version(
        name="Visa-CVN18",
        inputs=(*_VISA, Part.IAD),
        session=Session.EMV_ATC,
        arpc=Arpc.METHOD_2,
    ),
    Version(
        name="Visa-CVN22",
        inputs=(*_VISA, Part.IAD),
        session=Session.EMV_ATC,
        arpc=Arpc.METHOD_2,
    ),
    Version(name="Interac-CVN133", inputs=(*_VISA, Part.IAD), session=Session.EMV_ATC_UN),
    Version(
        name="MasterCard-CVN16",
        inputs=(*_VISA, Part.CVR),
        session=Session.EMV_ATC_UN,
        arpc_session=Session.NONE,
    ),
    Version(
        name="MasterCard-CVN17",
        inputs=(*_VISA, Part.CVR, Part.COUNTERS),
        session=Session.EMV_ATC_UN,
        arpc_session=Session.NONE,
    ),
    Version(name="MasterCard-CVN20", inputs=(*_VISA, Part.CVR), session=Session.EMV_ATC),
    Version(
        name="MasterCard-CVN21",
        inputs=(*_VISA, Part.CVR, Part.COUNTERS),
        session=Session.EMV_ATC,
    ),
)

#: what the third byte of 9F10 means. The standard's text calls qPBOC's version 17 and leaves its
#: byte open: 17h and 11h (decimal 17) are both seen, and 10h stands in an example of part 12, D.3
#: for the long list of inputs. A card outside this table is a setting of the host.
PBOC_VERSIONS: Final[Mapping[int, Version]] = MappingProxyType(
    {0x01: PBOC_01, 0x10: PBOC_01, 0x11: PBOC_17, 0x17: PBOC_17}
)


class IssuerHeader(NamedTuple):
    """What the fixed head of PBOC's issuer application data 9F10 发卡行应用数据 names."""

    key_index: int
    """DKI 分散密钥索引."""
    cvn: int
    algorithm: Algorithm


#: bytes of the head; what the issuer defined (length, id, amounts, MAC) follows, or nothing
ISSUER_HEADER: Final = 8

_ALGORITHMS: Final[Mapping[int, Algorithm]] = MappingProxyType({a.value: a for a in Algorithm})


def read_issuer_header(iad: bytes) -> IssuerHeader:
    """Read the head of 9F10.  Spec: JR/T 0025.5, E.

    Raises:
        BadField: not the form of PBOC, such as Visa's with its first byte 06.
    """
    if len(iad) < ISSUER_HEADER or iad[0] != 7 or iad[3] != 3:
        raise BadField("FIELD-CONTENT", name="9F10", why="07 DKI CVN 03 CVR ALG")
    algorithm = _ALGORITHMS.get(iad[7])
    if algorithm is None:
        raise BadField("FIELD-CONTENT", name="9F10", why=f"algorithm {iad[7]:02X}")
    return IssuerHeader(key_index=iad[1], cvn=iad[2], algorithm=algorithm)


def _value(values: Values, wanted: Input) -> bytes:
    found = values.get(wanted)
    if found is not None:
        return found
    iad = values.get(0x9F10)
    if iad is not None:
        if wanted is _CVR and len(iad) >= 7:
            return iad[3:7]
        if wanted is Part.IAD:
            return iad
        if wanted is Part.IAD_5 and len(iad) >= 5:
            return iad[4:5]
    if wanted is Part.TC_HASH and 0x98 in values:
        return values[0x98]
    name = wanted.name if isinstance(wanted, Part) else f"{wanted:02X}"
    raise BadField("FIELD-MISSING", tag=name)


def assemble(version: Version, values: Values) -> bytes:
    """Return the bytes that *version* signs, before padding.

    Parts of 9F10 are taken out of it where *values* does not name them.

    Raises:
        BadField: an element is missing.
    """
    return b"".join([values.get(wanted) or _value(values, wanted) for wanted in version.inputs])


def session_key(  # noqa: PLR0911, PLR0913 - each is one of the book's diversifiers
    method: Session,
    algorithm: Algorithm,
    master: bytes,
    *,
    atc: bytes,
    unpredictable: bytes = b"",
    cryptogram: bytes = b"",
    sm4: Sm4Rules = PART_17,
) -> bytes:
    """Derive a session key of 16 bytes from a card's master key.

    Args:
        method: which scheme's recipe; only PBOC's works with SM4.
        algorithm: 3DES or SM4.
        master: the card's master key for this use (AC, MAC or ENC).
        atc: two bytes.
        unpredictable: 9F37, for M/Chip.
        cryptogram: the first cryptogram, for scripts of EMV's common method.
        sm4: how part 17 and its rivals are read.

    Raises:
        KeyRefused: the master key has a wrong length.
        BadField: SM4 with another scheme's recipe.
    """
    if method is _PBOC:
        return crypto.pboc_session_key(algorithm, master, atc, sm4.session)
    if algorithm is not Algorithm.TDES:
        raise BadField("FIELD-CONTENT", name="session key", why=f"{method.name} + SM4")
    match method:
        case Session.NONE:
            return master
        case Session.VISA:
            return crypto.visa_session_key(master, atc)
        case Session.EMV_ATC:
            return crypto.emv_session_key(master, atc + bytes(6))
        case Session.EMV_ATC_UN:
            return crypto.emv_session_key(master, atc + bytes(2) + unpredictable)
        case Session.EMV_CRYPTOGRAM:
            return crypto.emv_session_key(master, cryptogram)
        case Session.TREE:
            return crypto.tree_session_key(master, atc)


def cryptogram(
    algorithm: Algorithm,
    key: bytes,
    data: bytes,
    padding: Padding = Padding.METHOD_2,
    sm4: Sm4Rules = PART_17,
) -> bytes:
    """Return the 8-byte application cryptogram (应用密文) of *data* under a session key."""
    if algorithm is _SM4:
        return crypto.sm4_mac(key, data, sm4.mac)
    return crypto.retail_mac(key, data, padding)


def arpc_1(algorithm: Algorithm, key: bytes, arqc: bytes, code: bytes) -> bytes:
    """Return the ARPC by method 1, the only one of PBOC: 8 bytes.

    Args:
        algorithm: 3DES or SM4.
        key: the session key of the cryptogram.
        arqc: the card's 8-byte cryptogram.
        code: the 2-byte authorisation response code (8A), padded with zeros to 8.

    Spec: JR/T 0025.5, D.3; JR/T 0025.17, 6.
    """
    return crypto.encrypt(algorithm, key, _arpc_block(algorithm, arqc, code))[:8]


def _arpc_block(algorithm: Algorithm, arqc: bytes, code: bytes) -> bytes:
    block = crypto.xor(arqc, code + bytes(6))
    return block + bytes(8) if algorithm is _SM4 else block


def checked_arpc_1(  # noqa: PLR0913, PLR0917 - what `cryptogram` and `arpc_1` take
    algorithm: Algorithm,
    key: bytes,
    data: bytes,
    arqc: bytes,
    code: bytes,
    padding: Padding = Padding.METHOD_2,
    sm4: Sm4Rules = PART_17,
) -> bytes | None:
    """Return the ARPC by method 1 if *arqc* is the cryptogram of *data*, or None.

    It is `cryptogram` and `arpc_1` with the session key set up once.
    """
    right, encipher = crypto.mac_and_more(algorithm, key, data, padding, sm4.mac)
    if not crypto.same(right, arqc):
        return None
    return encipher(_arpc_block(algorithm, arqc, code))[:8]


def arpc_2(key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
    """Return the 4-byte ARPC by method 2, of other schemes.  Spec: EMV book 2, 8.2.2."""
    return crypto.retail_mac(key, arqc + csu + proprietary)[:4]


# --- issuer-defined data (自定义数据) at the end of 9F10 ------------------------------------------


@unique
class Amount(Enum):
    """An amount that a card may tell its issuer; the low five bytes of it go out."""

    BALANCE = "electronic cash balance (9F79)"
    TOTAL = "cumulative total transaction amount (CTTA)"
    TOTAL_LIMIT = "its limit (CTTAL, 9F54)"
    AVAILABLE = "available offline spending (9F5D)"


#: id -> what is told, in order.  Spec: JR/T 0025.12, D.3
ISSUER_DATA: Final[Mapping[int, tuple[Amount, ...]]] = MappingProxyType(
    {
        1: (Amount.BALANCE,),
        2: (Amount.TOTAL,),
        3: (Amount.BALANCE, Amount.TOTAL),
        4: (Amount.TOTAL, Amount.TOTAL_LIMIT),
        5: (Amount.AVAILABLE,),
    }
)


def issuer_data_input(atc: bytes, amounts: bytes) -> bytes:
    """Return what the MAC of issuer-defined data covers: ATC, amounts, zeros to 8 or 16."""
    data = atc + amounts
    return data + bytes(-len(data) % 8)


def issuer_data_mac(
    algorithm: Algorithm, key: bytes, atc: bytes, amounts: bytes, sm4: Sm4Rules = PART_17
) -> bytes:
    """Return the 4-byte MAC of issuer-defined data under the **MAC** session key.

    Args:
        algorithm: 3DES or SM4.
        key: the session key of secure messaging.
        atc: two bytes.
        amounts: 5 or 10 bytes; filled with zeros to 8 or 16 with the ATC in front.
        sm4: how part 17 and its rivals are read.
    """
    return crypto.card_mac(algorithm, key, issuer_data_input(atc, amounts), sm4.mac)[:4]


def issuer_data(number: int, amounts: bytes, mac: bytes) -> bytes:
    """Return length, id, amounts and MAC, as they stand at the end of 9F10."""
    body = bytes((number,)) + amounts + mac
    return bytes((len(body),)) + body
