"""Know card numbers and the magnetic stripe's second track as the chip holds it 卡号与二磁等效数据.

Spec: ISO/IEC 7812-1 (number, check digit); ISO/IEC 7813 (track 2); EMV 4.3 Book 3, annex A.
"""

from __future__ import annotations

import re
from datetime import date
from typing import ClassVar, Self

from attrs import field, frozen

from szunion.emv import bcd
from szunion.emv.errors import BadField
from szunion.emv.private import Private

_TRACK_2 = re.compile(r"([0-9]{8,19})d([0-9]{4})([0-9]{3})([0-9]*)(f*)", re.ASCII)
_MOST_TRACK_2 = 19


def check_digit(head: str) -> str:
    """Return the Luhn digit that follows the digits of *head*.

    >>> check_digit("620000000000001")
    '3'
    """
    total = 0
    for at, digit in enumerate(reversed(head)):
        double = int(digit) * 2 if at % 2 == 0 else int(digit)
        total += double - 9 if double > 9 else double
    return str(-total % 10)


class CardNumber(Private):
    """A primary account number 主账号 (PAN): 8 to 19 digits. It prints as ``620000******0013``.

    A wrong check digit is not an error: ``checked`` tells, and the reader decides.

    Raises:
        BadField: Not 8 to 19 digits.
    """

    _PATTERN: ClassVar = re.compile(r"[0-9]{8,19}", re.ASCII)

    def _check(self) -> None:
        if self._PATTERN.fullmatch(self._plain) is None:
            raise BadField("FIELD-CONTENT", name="PAN", why="8-19 digits")

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the value of tag 5A: digits, filled with F.

        Raises:
            BadField: Not 8 to 19 digits.
        """
        return cls(bcd.compressed(raw, "PAN"))

    def encode(self, length: int | None = None) -> bytes:
        """Return the value for tag 5A: as few bytes as needed, or *length* bytes."""
        return bcd.encode_compressed(self._plain, length, "PAN")

    @property
    def checked(self) -> bool:
        """Whether the last digit is the Luhn digit of the others."""
        return check_digit(self._plain[:-1]) == self._plain[-1]

    @property
    def iin(self) -> str:
        """The issuer's digits 发卡行标识代码: the first six."""
        return self._plain[:6]

    def masked(self) -> str:
        """Return the first six and the last four digits; fewer of a short number."""
        plain = self._plain
        head = 6 if len(plain) >= 13 else 0
        return plain[:head] + "*" * (len(plain) - head - 4) + plain[-4:]


@frozen
class Track2:
    """Track 2 equivalent data 二磁等效数据, tag 57.

    Attributes:
        pan: The card number; prints masked.
        expiry: YYMM as four digits.
        service_code: Three digits.
        discretionary: The issuer's digits; they hold a check value and never print.
        fill: How many F half-bytes follow: usually what makes whole bytes.
    """

    pan: CardNumber
    expiry: str
    service_code: str
    discretionary: str = field(repr=False)
    fill: int = 0

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read the value of tag 57, with or without F at its end.

        Raises:
            BadField: Over 19 bytes, or not number, D, expiry and service code.
        """
        if len(raw) > _MOST_TRACK_2:
            raise BadField("FIELD-LENGTH", name="57", want="<= 19", got=len(raw))
        found = _TRACK_2.fullmatch(raw.hex())
        if found is None:
            raise BadField("FIELD-CONTENT", name="57", why="PAN D YYMM SSS")
        return cls(CardNumber(found[1]), found[2], found[3], found[4], len(found[5]))

    def encode(self) -> bytes:
        """Return the value of tag 57, exactly as read if it was read.

        Raises:
            BadField: The half-bytes do not make whole bytes, or the parts are not digits.
        """
        text = f"{self.pan.plain()}d{self.expiry}{self.service_code}{self.discretionary}"
        text += "f" * self.fill
        if len(text) % 2 or _TRACK_2.fullmatch(text) is None:
            raise BadField("FIELD-CONTENT", name="57", why="PAN D YYMM SSS")
        return bytes.fromhex(text)

    @property
    def expires(self) -> date:
        """The last day of the expiry month.

        Raises:
            BadField: No such month.
        """
        year = int(self.expiry[:2])
        return bcd.last_day(2000 + year if year < 50 else 1900 + year, int(self.expiry[2:]), "57")
