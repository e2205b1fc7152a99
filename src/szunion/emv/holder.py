"""Know what a chip says about its holder: name, identity document, product 持卡人信息.

Everything here prints masked.

Spec: JR/T 0025.5 (5F20, 9F0B, 9F61, 9F62); JR/T 0025.12 (9F63).
"""

from __future__ import annotations

from enum import Enum
from typing import Self

from attrs import field, frozen

from szunion.emv.errors import BadField
from szunion.emv.fields import ProductFeatures
from szunion.emv.private import Private

_CHARSET = "gb18030"  # reads everything that is GBK
#: The wide space, and the private characters that old name tables use: Python prints neither.
_ALSO_SHOWN = frozenset("　") | {chr(code) for code in range(0xE000, 0xF900)}
_FILLING = "\0\xff 　"


class Name(Private):
    """A holder's name 持卡人姓名. It prints as ``张*`` or ``Z****/S**``."""

    def masked(self) -> str:
        """Return the first character of each part, the rest as stars."""
        return "/".join(part[:1] + "*" * (len(part) - 1) for part in self._plain.split("/"))


@frozen
class HolderName:
    """A name with what was read.

    Attributes:
        name: The name without filling.
        whole: False when a character was cut in the middle or was no GBK: the name is then
            what could be read, with ``�`` for the rest.
        raw: The bytes; they never print.
    """

    name: Name
    whole: bool
    raw: bytes = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the value of tag 5F20 or 9F0B. Never fails: a name is shown, not judged."""
        text, whole = gbk(raw)
        return cls(Name(text), whole, raw)


def gbk(raw: bytes) -> tuple[str, bool]:
    """Return GBK text without filling and control characters, and whether all was readable.

    >>> gbk("深圳".encode("gbk") + b"   ")
    ('深圳', True)
    >>> gbk("深圳".encode("gbk")[:3])
    ('深�', False)
    """
    bare = raw.rstrip(b"\0\xff")
    try:
        text, whole = bare.decode(_CHARSET), True
    except UnicodeDecodeError:
        text, whole = bare.decode(_CHARSET, errors="replace"), False
    shown = "".join(char for char in text if char.isprintable() or char in _ALSO_SHOWN)
    return shown.strip(_FILLING), whole


def encode_gbk(text: str, length: int, filling: bytes = b" ") -> bytes:
    r"""Write *text* in *length* bytes, cut at a whole character and filled on the right.

    Raises:
        BadField: A character that GBK does not have, or the filling is not one byte.

    >>> encode_gbk("深圳市", 5)
    b'\xc9\xee\xdb\xda '
    """
    if len(filling) != 1:
        raise BadField("FIELD-LENGTH", name="filling", want=1, got=len(filling))
    out = b""
    for char in text:
        try:
            more = char.encode("gbk")
        except UnicodeEncodeError as error:
            raise BadField("FIELD-CONTENT", name="GBK", why="character") from error
        if len(out) + len(more) > length:
            break
        out += more
    return out.ljust(length, filling)


class DocumentType(Enum):
    """Kind of identity document 证件类型, tag 9F62. The value is the byte."""

    ID_CARD = 0x00
    MILITARY = 0x01
    PASSPORT = 0x02
    ENTRY_PERMIT = 0x03
    TEMPORARY = 0x04
    OTHER = 0x05

    @property
    def zh(self) -> str:
        """The name for people in Chinese."""
        return _DOCUMENT_WORDS[self][0]

    @property
    def en(self) -> str:
        """The name for people in English."""
        return _DOCUMENT_WORDS[self][1]


_DOCUMENT_WORDS = {
    DocumentType.ID_CARD: ("身份证", "identity card"),
    DocumentType.MILITARY: ("军官证", "military officer's card"),
    DocumentType.PASSPORT: ("护照", "passport"),
    DocumentType.ENTRY_PERMIT: ("入境证", "entry permit"),
    DocumentType.TEMPORARY: ("临时身份证", "temporary identity card"),
    DocumentType.OTHER: ("其他", "other"),
}


class DocumentNumber(Private):
    """The number of an identity document 证件号, tag 9F61. Nothing of it prints."""


@frozen
class Document:
    """The identity document that the chip names 持卡人证件: tags 9F61 and 9F62.

    Attributes:
        number: Prints masked.
        kind: None when the card gives none or an unknown one.
    """

    number: DocumentNumber
    kind: DocumentType | None

    @classmethod
    def parse(cls, number: bytes, kind: bytes | None = None) -> Self:
        """Read the values of 9F61 and 9F62.

        Raises:
            BadField: Over 40 bytes, or not printable ASCII.
        """
        if len(number) > 40:
            raise BadField("FIELD-LENGTH", name="9F61", want="<= 40", got=len(number))
        bare = number.rstrip(b"\0\xff ")
        if not all(0x20 <= byte < 0x7F for byte in bare):
            raise BadField("FIELD-CONTENT", name="9F61", why="ASCII")
        known = kind is not None and len(kind) == 1 and kind[0] <= 5
        return cls(
            DocumentNumber(bare.decode("ascii")), DocumentType(kind[0]) if kind and known else None
        )


@frozen
class Product:
    """Product identification 产品标识信息, tag 9F63: 16 bytes. Personal, because of its flags.

    Attributes:
        bank: Bank identification, 8 bytes.
        features: What the card also is; a union card is expected to have ``TRANSIT``.
        mobile: Byte 10, the mobile payment flag.
        own: Bytes 11, 15 and 16, the issuer's own.
        version: Bytes 12-14, the version of the specification.
    """

    bank: bytes = field(repr=False)
    features: ProductFeatures = field(repr=False)
    mobile: int = field(repr=False)
    own: bytes = field(repr=False)
    version: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the value of tag 9F63.

        Raises:
            BadField: Not 16 bytes.
        """
        if len(raw) != 16:
            raise BadField("FIELD-LENGTH", name="9F63", want=16, got=len(raw))
        return cls(
            bank=raw[:8],
            features=ProductFeatures(raw[8:9]),
            mobile=raw[9],
            own=raw[10:11] + raw[14:16],
            version=raw[11:14],
        )

    def encode(self) -> bytes:
        """Return the value of tag 9F63."""
        middle = self.features.raw + bytes((self.mobile,)) + self.own[:1]
        return self.bank + middle + self.version + self.own[1:]
