"""Know numbers and dates as cards write them: two decimal digits a byte 压缩 BCD.

Spec: EMV 4.3 Book 3, 4.3 (formats n and cn).
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, time

from szunion.emv.errors import BadField

_DIGITS = re.compile(r"[0-9]*", re.ASCII)
_MOST_NUMBER = 32  # bytes; Python itself refuses numbers of thousands of digits
_DIGITS_F = re.compile(r"([0-9]*)f*", re.ASCII)


def digits(raw: bytes, name: str = "n") -> str:
    r"""Return the digits of format n.

    Raises:
        BadField: A half-byte is not a digit.

    >>> digits(b"\x00\x12")
    '0012'
    """
    text = raw.hex()
    if _DIGITS.fullmatch(text) is None:
        raise BadField("FIELD-CONTENT", name=name, why="BCD")
    return text


def number(raw: bytes, name: str = "n") -> int:
    """Return the number of format n; amounts are in fen.

    Raises:
        BadField: A half-byte is not a digit, or there are more than 32 bytes.
    """
    if len(raw) > _MOST_NUMBER:
        raise BadField("FIELD-LENGTH", name=name, want=f"<= {_MOST_NUMBER}", got=len(raw))
    return int(digits(raw, name) or "0")


def encode_number(value: int, length: int, name: str = "n") -> bytes:
    """Write *value* in *length* bytes of format n.

    Raises:
        BadField: It is negative or does not fit.

    >>> encode_number(1234, 6).hex()
    '000000001234'
    """
    if not 0 <= value < 100**length:
        raise BadField("FIELD-CONTENT", name=name, why=f"0..{100**length - 1}")
    return bytes.fromhex(str(value).zfill(2 * length)) if length else b""


def compressed(raw: bytes, name: str = "cn") -> str:
    """Return the digits of format cn: left-justified, filled with F on the right.

    Raises:
        BadField: Something else than digits and then F.

    >>> compressed(bytes.fromhex("620000000FFF"))
    '620000000'
    """
    found = _DIGITS_F.fullmatch(raw.hex())
    if found is None:
        raise BadField("FIELD-CONTENT", name=name, why="BCD, F")
    return found[1]


def encode_compressed(text: str, length: int | None = None, name: str = "cn") -> bytes:
    """Write digits in format cn.

    Args:
        text: Digits.
        length: Bytes to fill with F; None for as few as needed.
        name: What it is, for the error.

    Raises:
        BadField: Not digits, or too many.
    """
    size = (len(text) + 1) // 2 if length is None else length
    if _DIGITS.fullmatch(text) is None or len(text) > 2 * size:
        raise BadField("FIELD-CONTENT", name=name, why=f"0-{2 * size} digits")
    return bytes.fromhex(text.ljust(2 * size, "f"))


def day(raw: bytes, name: str = "YYMMDD") -> date:
    """Read a date of three bytes YYMMDD; 00-49 are 2000-2049, 50-99 are 1950-1999.

    Raises:
        BadField: Not three bytes of BCD, or no such day.

    >>> day(bytes.fromhex("181231"))
    datetime.date(2018, 12, 31)
    """
    text = _sized(raw, 3, name)
    return _date(_century(int(text[:2])), int(text[2:4]), int(text[4:]), name)


def encode_day(value: date) -> bytes:
    """Write a date as YYMMDD.

    Raises:
        BadField: Outside 1950-2049.
    """
    if not 1950 <= value.year <= 2049:
        raise BadField("FIELD-CONTENT", name="YYMMDD", why="1950-2049")
    return bytes.fromhex(f"{value.year % 100:02}{value.month:02}{value.day:02}")


def month_end(raw: bytes, name: str = "MMYY") -> date:
    """Read an expiry of two bytes MMYY: the last day of that month.

    Raises:
        BadField: Not two bytes of BCD, or no such month.

    >>> month_end(bytes.fromhex("0224"))
    datetime.date(2024, 2, 29)
    """
    text = _sized(raw, 2, name)
    return last_day(_century(int(text[2:])), int(text[:2]), name)


def last_day(year: int, month: int, name: str = "MM") -> date:
    """Return the last day of a month.

    Raises:
        BadField: No such month.
    """
    if not 1 <= month <= 12:
        raise BadField("FIELD-CONTENT", name=name, why="01-12")
    return date(year, month, monthrange(year, month)[1])


def long_day(raw: bytes, name: str = "YYYYMMDD") -> date:
    """Read a date of four bytes YYYYMMDD, as purses and transit cards write it.

    Raises:
        BadField: Not four bytes of BCD, or no such day.
    """
    text = _sized(raw, 4, name)
    return _date(int(text[:4]), int(text[4:6]), int(text[6:]), name)


def clock(raw: bytes, name: str = "HHMMSS") -> time:
    """Read a time of three bytes HHMMSS.

    Raises:
        BadField: Not three bytes of BCD, or no such time.
    """
    text = _sized(raw, 3, name)
    try:
        return time(int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError as error:
        raise BadField("FIELD-CONTENT", name=name, why="HHMMSS") from error


def _sized(raw: bytes, length: int, name: str) -> str:
    if len(raw) != length:
        raise BadField("FIELD-LENGTH", name=name, want=length, got=len(raw))
    return digits(raw, name)


def _century(year: int) -> int:
    return 2000 + year if year < 50 else 1900 + year


def _date(year: int, month: int, of_month: int, name: str) -> date:
    try:
        return date(year, month, of_month)
    except ValueError as error:
        raise BadField("FIELD-CONTENT", name=name, why="YYMMDD") from error
