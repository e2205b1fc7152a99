"""Know the forms of identity document numbers: which characters, which date, which check digit.

What decides is structure, date and the ISO 7064 MOD 11-2 check digit (GB 11643). The area code
never rejects a number: county codes were renamed and split for forty years, and a table of them
refuses people who really live. At most it warns.

:func:`number_check` is the hot path of importing millions of rows: it works on plain ``str`` and
returns a :class:`Verdict`, without making any value object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from szunion.domain.values import Labelled
from szunion.text import Text


class DocumentKind(Labelled):
    """A kind of identity document (证件类型)."""

    RESIDENT = "RESIDENT", "居民身份证", "resident identity card"
    RESIDENT_15 = "RESIDENT_15", "居民身份证（15位）", "resident identity number, 15 digits"
    HMT_RESIDENCE = "HMT_RESIDENCE", "港澳台居民居住证", "residence permit, Hong Kong/Macao/Taiwan"
    HM_TRAVEL = "HM_TRAVEL", "港澳居民来往内地通行证", "travel permit, Hong Kong and Macao"
    TW_TRAVEL = "TW_TRAVEL", "台湾居民来往大陆通行证", "travel permit, Taiwan"
    FOREIGN_RESIDENCE = (
        "FOREIGN_RESIDENCE",
        "外国人永久居留身份证",
        "foreigner's permanent residence",
    )
    FOREIGN_RESIDENCE_OLD = (
        "FOREIGN_RESIDENCE_OLD",
        "外国人永久居留证（旧）",
        "foreigner's permanent residence, old form",
    )
    PASSPORT = "PASSPORT", "护照", "passport"


class Gender(Labelled):
    """What a document says of a person's sex (性别)."""

    MALE = "MALE", "男", "male"
    FEMALE = "FEMALE", "女", "female"


class Verdict(IntEnum):
    """What :func:`number_check` found; only ``OK`` is a usable number."""

    OK = 0
    LENGTH = 1
    """It has not 18 characters."""
    CHARACTERS = 2
    """A character that such a number cannot have."""
    DATE = 3
    """Digits 7 to 14 are no day of the calendar, or one before 1900, or one to come."""
    CHECK_DIGIT = 4
    """The last character does not follow from the others."""


CHECK_CHARACTERS: Final = "10X98765432"
"""The check character for each remainder of the weighted sum (ISO 7064 MOD 11-2)."""
_BY_REMAINDER: Final = tuple(CHECK_CHARACTERS[2 * rest % 11] for rest in range(11))
# 13 and 2 leave the same remainder by 11, so that reading 17 digits in base 13 is the weighted sum.

_FIRST_BIRTH: Final = date(1900, 1, 1)
_COMMON_YEAR: Final = date(1901, 1, 1)
_LENGTH: Final = 18
_BODY: Final = re.compile(r"[0-9]{17}", re.ASCII)


def check_character(body: str) -> str:
    """Return the check character (校验码) of the 17 digits *body*."""
    assert _BODY.fullmatch(body) is not None
    return _BY_REMAINDER[int(body, 13) % 11]


class BirthDates(dict[str, date]):
    """Days by their eight digits (出生日期码): looked up in the calendar once, then remembered.

    A day before 1900 or after *today*, or one that the calendar does not have, is None, and is not
    remembered: so there are never more than the days since 1900, whatever is asked.
    """

    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today

    def __repr__(self) -> str:
        """Say how many; the days are members'."""
        return f"BirthDates({len(self)} days until {self._today})"

    def __missing__(self, digits: str) -> date | None:
        if digits.isascii() and digits.isdigit():  # together they mean [0-9] and nothing else
            with suppress(ValueError):
                day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
                if _FIRST_BIRTH <= day <= self._today:
                    self[digits] = day
                    return day
        return None


@lru_cache(maxsize=2)
def births_until(today: date) -> BirthDates:
    """Return the days up to *today*, which all rosters of a day look up together."""
    return BirthDates(today)


@lru_cache(maxsize=8)
def _past_years(year: int) -> frozenset[str]:
    return frozenset(map(str, range(_FIRST_BIRTH.year, year)))


@lru_cache(maxsize=1)
def _common_days() -> frozenset[str]:
    """Return the days that every year has. Kept: each document that is opened asks for them."""
    year = (_COMMON_YEAR + timedelta(days=ahead) for ahead in range(365))
    return frozenset(f"{day:%m%d}" for day in year)


@lru_cache(maxsize=4)
def number_check(today: date) -> Callable[[str], Verdict]:
    """Return the function that judges 18-character numbers, as of the business day *today*.

    The function takes the number as it must be written (half-width, upper case, no spaces) and
    returns a :class:`Verdict`. It serves residents' numbers, residence permits of Hong Kong,
    Macao and Taiwan residents and the new permanent residence card of foreigners alike.
    Source: GB 11643; ISO 7064 MOD 11-2.
    """
    # Two small tables answer for nearly all; the calendar is asked in leap and running years.
    safe_years, safe_days = _past_years(today.year), _common_days()
    births = births_until(today)
    checks = _BY_REMAINDER
    right, length, characters = Verdict.OK, Verdict.LENGTH, Verdict.CHARACTERS
    wrong_date, wrong_check = Verdict.DATE, Verdict.CHECK_DIGIT

    def check(number: str) -> Verdict:
        if len(number) != 18:  # noqa: PLR2004 - the length of the number
            return length
        body = number[:17]
        if not (body.isascii() and body.isdigit()):  # together they mean [0-9] and nothing else
            return characters
        safe = number[10:14] in safe_days and number[6:10] in safe_years
        if not safe and births[number[6:14]] is None:
            return wrong_date
        if checks[int(body, 13) % 11] == number[17]:
            return right
        return wrong_check if number[17] in "0123456789X" else characters

    return check


def birth_check(today: date) -> Callable[[str], date | None]:
    """Return the function that tells the birth date in a number that holds; None: it does not.

    It agrees with :func:`number_check`, and saves looking twice at a number that is right.
    """
    births, checks = births_until(today), _BY_REMAINDER

    def born(number: str) -> date | None:
        body = number[:17]
        if len(number) != 18 or not (body.isascii() and body.isdigit()):  # noqa: PLR2004
            return None
        return births[number[6:14]] if checks[int(body, 13) % 11] == number[17] else None

    return born


def birth_date_of(number: str, today: date) -> date | None:
    """Return the birth date (出生日期) that an 18-character number carries; None: no such day."""
    return births_until(today)[number[6:14]]


_FORMS: Final[Mapping[DocumentKind, re.Pattern[str]]] = MappingProxyType(
    {
        DocumentKind.RESIDENT: re.compile(r"(?!8[123]0000)[1-8][0-9]{16}[0-9X]", re.ASCII),
        DocumentKind.RESIDENT_15: re.compile(r"[1-8][0-9]{14}", re.ASCII),
        DocumentKind.HMT_RESIDENCE: re.compile(r"8[123]0000[0-9]{11}[0-9X]", re.ASCII),
        DocumentKind.HM_TRAVEL: re.compile(r"[HM](?:[0-9]{8}|[0-9]{10})", re.ASCII),
        DocumentKind.TW_TRAVEL: re.compile(r"[0-9]{8}", re.ASCII),
        DocumentKind.FOREIGN_RESIDENCE: re.compile(r"9[0-9]{16}[0-9X]", re.ASCII),
        DocumentKind.FOREIGN_RESIDENCE_OLD: re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII),
        DocumentKind.PASSPORT: re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{5,15}", re.ASCII),
    }
)

CHECKED: Final = frozenset(
    {DocumentKind.RESIDENT, DocumentKind.HMT_RESIDENCE, DocumentKind.FOREIGN_RESIDENCE}
)
"""The kinds whose number carries a date, a sex and a check digit."""

TELLING: Final = CHECKED | {DocumentKind.RESIDENT_15}
"""The kinds whose number says birth date and sex: what a roster says beside it is not kept."""

HINTS: Final[Mapping[DocumentKind, Text]] = MappingProxyType(
    {
        DocumentKind.RESIDENT: Text(
            "18 位：17 位数字加校验码（数字或 X）",
            "18 characters: 17 digits and a check digit or X",
        ),
        DocumentKind.RESIDENT_15: Text("15 位数字", "15 digits"),
        DocumentKind.HMT_RESIDENCE: Text(
            "18 位，以 810000、820000 或 830000 开头",
            "18 characters beginning with 810000, 820000 or 830000",
        ),
        DocumentKind.HM_TRAVEL: Text("H 或 M 加 8 位或 10 位数字", "H or M and 8 or 10 digits"),
        DocumentKind.TW_TRAVEL: Text("8 位数字", "8 digits"),
        DocumentKind.FOREIGN_RESIDENCE: Text("18 位，以 9 开头", "18 characters beginning with 9"),
        DocumentKind.FOREIGN_RESIDENCE_OLD: Text("3 位字母加 12 位数字", "3 letters and 12 digits"),
        DocumentKind.PASSPORT: Text(
            "5–15 位字母和数字，至少一位数字", "5 to 15 letters and digits, at least one digit"
        ),
    }
)
"""What a number of each kind looks like, in words."""


def has_form(kind: DocumentKind, number: str) -> bool:
    """Return whether *number* has the structure of *kind*; says nothing of date or check digit."""
    return _FORMS[kind].fullmatch(number) is not None


_SHOWN: Final = tuple(kind for kind in DocumentKind if kind is not DocumentKind.PASSPORT)


def kind_by_form(number: str) -> DocumentKind | None:
    """Return the kind that *number* alone shows; None: it could be a passport or nothing at all.

    A passport has to be declared: its form says nothing, and an identity is never guessed.
    """
    return next((kind for kind in _SHOWN if has_form(kind, number)), None)


def to_18(number: str) -> str:
    """Return the 18-character number that was issued in place of the 15-digit *number*.

    It links two documents of one person; it does not make them one document. Births are in
    19xx (the few holders born before 1900 had sequence numbers 996 to 999 and are gone).
    """
    assert has_form(DocumentKind.RESIDENT_15, number)
    body = f"{number[:6]}19{number[6:]}"
    return body + check_character(body)


def leading(number: str) -> str:
    """Return the number by which a new file gets its shard, and a person their machine.

    Of 15 digits it is the 18-character one that was issued in their place: both forms of one
    number lead to one machine, which sees that they belong together.
    """
    return to_18(number) if has_form(DocumentKind.RESIDENT_15, number) else number


def gender_of(kind: DocumentKind, number: str) -> Gender | None:
    """Return what the number says of the holder's sex (顺序码 odd: 男); None: it does not."""
    if kind in CHECKED:
        odd = number[16] in "13579"
    elif kind is DocumentKind.RESIDENT_15:
        odd = number[14] in "13579"
    else:
        return None
    return Gender.MALE if odd else Gender.FEMALE


_PROVINCES: Final = (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55))
PROVINCES: Final = frozenset(
    str(code) for codes in (*_PROVINCES, range(61, 66), (71, 81, 82, 83, 91)) for code in codes
)
"""The first two digits of area codes, one for each province (GB/T 2260); 91 is of foreigners."""


def area_is_known(kind: DocumentKind, number: str) -> bool:
    """Return whether the area code begins like one of a province. It never rejects a number."""
    if kind in {DocumentKind.RESIDENT, DocumentKind.RESIDENT_15}:
        return number[:2] in PROVINCES
    return True
