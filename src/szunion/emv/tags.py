"""Know what a tag means in which scheme: its name, format, length, secrecy and source 标签字典.

One tag may mean different things to different schemes (9F6D is the reset threshold of a PBOC
e-cash card and a reader capability of American Express), so every question names the scheme.
The tables are ``tags_emv`` (what all share), ``tags_pboc`` and ``tags_schemes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache

from attrs import frozen

from szunion.emv import tags_emv, tags_pboc, tags_schemes

EMPTY = b""
_NO_LIMIT = 65_535


class Scheme(Enum):
    """Whose dictionary 卡组织. The value is its name for people."""

    EMV = "EMV"
    PBOC = "PBOC 3.0 / 银联"
    VISA = "Visa"
    MASTERCARD = "Mastercard"
    AMEX = "American Express"
    INTERAC = "Interac"


class Format(Enum):
    """How the bytes of a value are to be read.  Spec: EMV 4.3 Book 3, 4.3."""

    N = "n"
    CN = "cn"
    A = "a"
    AN = "an"
    ANS = "ans"
    B = "b"
    DOL = "dol"
    TLV = "tlv"
    TRACK2 = "track2"

    @property
    def text(self) -> bool:
        """Whether the bytes are characters."""
        return self in _TEXT


_TEXT = frozenset({Format.A, Format.AN, Format.ANS})


class Secrecy(Enum):
    """How much a value says about a person: 公开, 个人, 机密."""

    OPEN = "open"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - the word, not a secret


class Origin(Enum):
    """Who sets the value: the card 卡, the terminal 终端, the issuer 发卡行."""

    CARD = "card"
    TERMINAL = "terminal"
    ISSUER = "issuer"


@frozen
class Tag:
    """One entry of the dictionary.

    Attributes:
        tag: The tag as an integer.
        zh: Its name in Chinese.
        en: Its name in English.
        format: How to read the bytes.
        shortest: Least length in bytes.
        longest: Greatest length in bytes.
        secrecy: Whether it is shown only on request.
        origin: Who sets it.
        scheme: Whose definition this is.
        source: Where it is defined.
        known: False for the answer to a tag that nobody defines.
    """

    tag: int
    zh: str
    en: str
    format: Format = Format.B
    shortest: int = 0
    longest: int = _NO_LIMIT
    secrecy: Secrecy = Secrecy.OPEN
    origin: Origin = Origin.CARD
    scheme: Scheme = Scheme.EMV
    source: str = ""
    known: bool = True

    @property
    def hex(self) -> str:
        """The tag as hex, such as ``9F36``."""
        return f"{self.tag:02X}"

    @property
    def length(self) -> str:
        """The lengths in words, such as ``6`` or ``7-8``."""
        if self.shortest == self.longest:
            return str(self.shortest)
        return f"{self.shortest}-{'' if self.longest == _NO_LIMIT else self.longest}"


@cache
def _tables() -> Mapping[Scheme, Mapping[int, Tag]]:
    tables: dict[Scheme, dict[int, Tag]] = {scheme: {} for scheme in Scheme}
    for row in tags_emv.ROWS.strip().splitlines():
        _enter(tables, row, Scheme.EMV, tags_emv.SOURCE)
    for row in tags_pboc.ROWS.strip().splitlines():
        shared, _, part = row.rpartition(" | ")
        _enter(tables, shared, Scheme.PBOC, f"{tags_pboc.SOURCE}, part {part}")
    for row in tags_schemes.ROWS.strip().splitlines():
        shared, _, scheme = row.rpartition(" | ")
        _enter(tables, shared, Scheme[scheme], tags_schemes.SOURCE)
    return tables


def _enter(tables: dict[Scheme, dict[int, Tag]], row: str, scheme: Scheme, source: str) -> None:
    tag, zh, en, form, flags = row.split(" | ")
    kind, _, lengths = form.partition(" ")
    low, _, high = lengths.partition("-")
    shortest = int(low or 0)
    entry = Tag(
        tag=int(tag, 16),
        zh=zh,
        en=en,
        format=Format(kind),
        shortest=shortest,
        longest=int(high) if high else shortest if low else _NO_LIMIT,
        secrecy=_SECRECY[flags[1:]],
        origin=_ORIGIN[flags[0]],
        scheme=scheme,
        source=source,
    )
    tables[scheme][entry.tag] = entry


_SECRECY = {"": Secrecy.OPEN, "P": Secrecy.PERSONAL, "S": Secrecy.SECRET}
_ORIGIN = {"C": Origin.CARD, "T": Origin.TERMINAL, "I": Origin.ISSUER}


def lookup(tag: int, scheme: Scheme = Scheme.PBOC) -> Tag:
    """Return what *scheme*, and failing that EMV, calls *tag*.

    A tag that neither defines gives an entry with ``known`` False: binary, any length, and
    personal, because nobody knows what is in it.

    >>> lookup(0x9F6D).en, lookup(0x9F6D, Scheme.AMEX).en
    ('E-cash reset threshold', 'Contactless reader capabilities')
    """
    tables = _tables()
    found = tables[scheme].get(tag) or tables[Scheme.EMV].get(tag)
    if found is not None:
        return found
    return Tag(tag, "未知数据元", "Unknown", secrecy=Secrecy.PERSONAL, scheme=scheme, known=False)


def entries(scheme: Scheme) -> tuple[Tag, ...]:
    """Return what *scheme* itself defines, in the order of the tags as written."""
    return tuple(sorted(_tables()[scheme].values(), key=lambda entry: entry.hex))


def for_aid(aid: bytes) -> Scheme:
    """Return the scheme whose dictionary fits the application *aid*.

    The shared dictionary for unknown applications and directories; PBOC when nothing is selected.

    >>> for_aid(bytes.fromhex("A0000000041010")).name
    'MASTERCARD'
    """
    if not aid or aid.startswith(_CITY_UNION):
        return Scheme.PBOC
    return _BY_RID.get(aid[:5].hex().upper(), Scheme.EMV)


_CITY_UNION = bytes.fromhex("A00000000386980701")  # under the RID that Visa has


_BY_RID = {
    "A000000003": Scheme.VISA,
    "A000000004": Scheme.MASTERCARD,
    "A000000025": Scheme.AMEX,
    "A000000277": Scheme.INTERAC,
    "A000000333": Scheme.PBOC,
    "A000000632": Scheme.PBOC,
    b"PAY.S".hex().upper(): Scheme.PBOC,
}
