"""Know how a bank writes characters, so that one person has one name on both sides.

A name is written exactly or not at all: never ``?``, never a character of private use. Python's
codec knows GB 18030 of 2000; the editions since then moved 18 two-byte codes from private use to
characters of their own. Both ways of writing such a character are read as the same character, and
``gb18030-2022`` writes the newer one.
"""

from __future__ import annotations

import codecs
import unicodedata
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

#: Where the two-byte code lies in private use for Python, and whose code it is by now.
MOVED: Final = MappingProxyType(
    {
        0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14,
        0xE792: 0xFE15, 0xE793: 0xFE16, 0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19,
        0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE832: 0x9FB8,
        0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE864: 0x9FBB,
    }
)  # fmt: skip
_BACK: Final = {new: old for old, new in MOVED.items()}
CODECS: Final = MappingProxyType(
    {
        "gb18030": "gb18030",
        "gb18030-2022": "gb18030",
        "gbk": "gbk",
        "gb2312": "gb2312",
        "utf-8": "utf-8",
    }
)
"""The charsets that a layout may name: in each of them a line end is one byte of its own."""


class Unwritable(ValueError):
    """A text that this charset cannot hold. It never says which text."""


@frozen
class Charset:
    """One way of writing characters (字符集)."""

    name: str
    _codec: codecs.CodecInfo = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_codec", codecs.lookup(CODECS[self.name]))

    @property
    def python_name(self) -> str:
        """What Python calls it: what :class:`~szunion.ports.bank.BankInfo` says."""
        return CODECS[self.name]

    def write(self, text: str) -> bytes:
        """Return the bytes of *text*.

        Raises:
            Unwritable: a character cannot be written, is of private use, or would not come back
                as the same.
        """
        if text.isascii():
            return text.encode("ascii")
        told = text.translate(_BACK) if self.name == "gb18030-2022" else text
        try:
            data, _ = self._codec.encode(told, "strict")
        except UnicodeError:
            raise Unwritable from None
        if any(unicodedata.category(each) in {"Co", "Cs", "Cn"} for each in text):
            raise Unwritable
        if self.read(data) != text:
            raise Unwritable
        return data

    def read(self, data: bytes) -> str:
        """Return the text of *data*.

        Raises:
            Unwritable: it is no text in this charset.
        """
        try:
            text, _ = self._codec.decode(data, "strict")
        except UnicodeError:
            raise Unwritable from None
        return text if text.isascii() or not self.name.startswith("gb18030") else _modern(text)


def _modern(text: str) -> str:
    return text.translate(MOVED)
