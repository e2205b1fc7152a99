"""Know the card's two lists: which records to read (AFL), and how to verify the holder (CVM).

Spec: EMV 4.3 Book 3, 10.2 and 10.5; JR/T 0025.5, 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Self

from attrs import frozen

from szunion.emv.errors import BadField, LimitExceeded

_MOST_LIST = 252
#: More records than any card has: a list that asks for more keeps the reader busy for ever.
MOST_RECORDS = 128


@frozen
class AflEntry:
    """One entry of the application file locator 应用文件定位器 (AFL), tag 94.

    Args:
        sfi: Short file identifier, 1-30.
        first: First record, 1-255.
        last: Last record, not before the first.
        signed: How many of them, from the first on, are part of the static data.

    Raises:
        BadField: A number is out of range.
    """

    sfi: int
    first: int
    last: int
    signed: int = 0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.sfi <= 30:
            raise BadField("FIELD-CONTENT", name="94 AFL", why=f"SFI {self.sfi}")
        if not 1 <= self.first <= self.last <= 255:
            raise BadField("FIELD-CONTENT", name="94 AFL", why=f"{self.first}-{self.last}")
        if not 0 <= self.signed <= self.last - self.first + 1:
            raise BadField("FIELD-CONTENT", name="94 AFL", why=f"{self.signed} signed")

    def records(self) -> Iterator[tuple[int, bool]]:
        """Yield each record number and whether it is part of the static data."""
        for record in range(self.first, self.last + 1):
            yield record, record < self.first + self.signed

    @classmethod
    def parse(cls, raw: bytes, *, most: int = MOST_RECORDS) -> tuple[Self, ...]:
        """Read a list.

        Args:
            raw: The value of tag 94, 4 bytes an entry; empty means no records.
            most: How many records the list may ask for in all.

        Raises:
            BadField: Not a multiple of four bytes, over 252 bytes, or an entry out of range.
            LimitExceeded: More records than *most*.

        >>> AflEntry.parse(bytes.fromhex("08010200"))
        (AflEntry(sfi=1, first=1, last=2, signed=0),)
        """
        if len(raw) % 4 or len(raw) > _MOST_LIST:
            raise BadField("FIELD-LENGTH", name="94 AFL", want="4n <= 252", got=len(raw))
        entries = []
        for at in range(0, len(raw), 4):
            if raw[at] & 0x07:
                raise BadField("FIELD-CONTENT", name="94 AFL", why="SFI b3-b1")
            entries.append(cls(raw[at] >> 3, raw[at + 1], raw[at + 2], raw[at + 3]))
        if sum(entry.last - entry.first + 1 for entry in entries) > most:
            raise LimitExceeded("94 AFL", most)
        return tuple(entries)

    @staticmethod
    def build(entries: Iterable[AflEntry]) -> bytes:
        """Write a list."""
        return b"".join(bytes((e.sfi << 3, e.first, e.last, e.signed)) for e in entries)


#: Cardholder verification methods by code, 中文 and English. 20h exists only in PBOC.
CVM_CODES = {
    0x00: ("持卡人验证失败", "fail cardholder verification"),
    0x01: ("卡片脱机明文 PIN", "plaintext PIN verified by the card"),
    0x02: ("联机加密 PIN", "enciphered PIN verified online"),
    0x03: ("卡片脱机明文 PIN 加签名", "plaintext PIN verified by the card, and signature"),
    0x04: ("卡片脱机加密 PIN", "enciphered PIN verified by the card"),
    0x05: ("卡片脱机加密 PIN 加签名", "enciphered PIN verified by the card, and signature"),
    0x1E: ("签名", "signature"),
    0x1F: ("无需 CVM", "no CVM required"),
    0x20: ("出示持卡人证件", "cardholder shows an ID document (PBOC)"),
}

#: When a rule applies, by condition code.
CVM_CONDITIONS = {
    0x00: ("总是", "always"),
    0x01: ("无人值守取现", "unattended cash"),
    0x02: ("非取现、非返现", "neither cash nor cashback"),
    0x03: ("终端支持该 CVM", "terminal supports the CVM"),
    0x04: ("人工取现", "manual cash"),
    0x05: ("返现", "purchase with cashback"),
    0x06: ("应用货币且低于 X", "in application currency and under X"),
    0x07: ("应用货币且高于 X", "in application currency and over X"),
    0x08: ("应用货币且低于 Y", "in application currency and under Y"),
    0x09: ("应用货币且高于 Y", "in application currency and over Y"),
}


@frozen
class CvmRule:
    """One cardholder verification rule 持卡人验证规则.

    Args:
        code: The method, without bit 7.
        go_on: Whether the next rule applies when this method fails.
        condition: When the rule applies.
    """

    code: int
    go_on: bool
    condition: int

    def __attrs_post_init__(self) -> None:
        if self.code & ~0xBF or not 0 <= self.condition <= 0xFF:
            raise BadField("FIELD-CONTENT", name="8E CVM", why=f"{self.code}, {self.condition}")


@frozen
class CvmList:
    """The cardholder verification method list 持卡人验证方法列表, tag 8E.

    Args:
        x: Amount X in the smallest unit of the application currency (fen), 4 bytes binary.
        y: Amount Y.
        rules: At least one rule, in order.

    Raises:
        BadField: An amount is out of range, or the number of rules.
    """

    #: Bytes of X and Y, which stand before the rules.
    AMOUNTS: ClassVar = 8

    x: int
    y: int
    rules: tuple[CvmRule, ...]

    def __attrs_post_init__(self) -> None:
        if not (0 <= self.x < 1 << 32 and 0 <= self.y < 1 << 32):
            raise BadField("FIELD-CONTENT", name="8E CVM", why="X, Y")
        if not 0 < len(self.rules) <= (_MOST_LIST - self.AMOUNTS) // 2:
            raise BadField("FIELD-CONTENT", name="8E CVM", why=f"{len(self.rules)} rules")

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the value of tag 8E.

        Raises:
            BadField: Shorter than ten bytes, longer than 252, or an odd number of them.
        """
        if len(raw) < 10 or len(raw) % 2 or len(raw) > _MOST_LIST:
            raise BadField("FIELD-LENGTH", name="8E CVM", want="8 + 2n", got=len(raw))
        rules = tuple(
            CvmRule(raw[at] & 0xBF, bool(raw[at] & 0x40), raw[at + 1])
            for at in range(cls.AMOUNTS, len(raw), 2)
        )
        return cls(int.from_bytes(raw[:4], "big"), int.from_bytes(raw[4:8], "big"), rules)

    def encode(self) -> bytes:
        """Return the value of tag 8E."""
        rules = b"".join(bytes((r.code | 0x40 * r.go_on, r.condition)) for r in self.rules)
        return self.x.to_bytes(4, "big") + self.y.to_bytes(4, "big") + rules
