"""Know how offices write values, and mend the writing without ever changing what is written.

Every step that changed something is returned, so that each mended cell can be listed. What would
need a guess is not mended: lost digits, a letter O for a zero, a day that could be two days.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import Enum
from typing import Final

from attrs import frozen

from szunion.domain.documents import DocumentKind, Gender
from szunion.domain.identity import half_width
from szunion.domain.masking import ideograph
from szunion.domain.roster_rows import Step

_MOST: Final = 1024
"""Characters of a cell that are looked at; readers refuse longer cells."""


@frozen
class Mended:
    """A cell after mending: its text, and each step that changed it with the text before it."""

    text: str
    steps: tuple[tuple[Step, str, str], ...] = ()


_CLEAN_NUMBER: Final = re.compile(r"[0-9A-Z]{1,20}", re.ASCII)
_CLEAN_MOBILE: Final = re.compile(r"1[0-9]{10}", re.ASCII)
_CLEAN_NAME: Final = re.compile(r"[\u4e00-\u9fa5]{1,20}")
_Way = tuple[Step, Callable[[str], str]]


def _mend(cell: str, ways: tuple[_Way, ...], clean: re.Pattern[str]) -> Mended:
    """Return *cell* after all *ways*; one that is *clean* is what they all leave alone."""
    if clean.fullmatch(cell) is not None:
        return Mended(cell)
    text, steps = cell[:_MOST], list[tuple[Step, str, str]]()
    for step, way in ways:
        after = way(text)
        if after != text:
            steps.append((step, text, after))
            text = after
    return Mended(text, tuple(steps))


_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\x00-\x08\x0e-\x1f\x7f]"
)
_SPACES: Final = re.compile(r"[\s\u00a0\u3000]+")
_QUOTES: Final = "'’‘`´＇"
_WRAPPED: Final = re.compile(r'="([^"]*)"')


def _visible(text: str) -> str:
    return _INVISIBLE.sub("", text)


def _bare(text: str) -> str:
    """Remove what people put before a number so that Excel leaves it alone: ' or ="…"."""
    stripped = text.strip()
    wrapped = _WRAPPED.fullmatch(stripped)
    if wrapped is not None:
        return wrapped[1]
    if stripped[:1] and stripped[0] in _QUOTES:
        return stripped[1:].removesuffix(stripped[0])
    return text


def _unspaced(text: str) -> str:
    return re.sub(r"[\s\u00a0\u3000\u2010-\u2015-]+", "", text)


def _upper(text: str) -> str:
    last = text[-1:]
    if last in {"×", "х", "Х", "χ", "Χ"}:
        return text[:-1].upper() + "X"
    return text.upper()


def _whole(text: str) -> str:
    """Return a number without the ``.0`` that an export added, where no digit can be lost."""
    found = re.fullmatch(r"([0-9]{1,15})\.0", text, re.ASCII)
    return text if found is None else found[1]


_NUMBER_WAYS: Final[tuple[_Way, ...]] = (
    (Step.INVISIBLE, _visible),
    (Step.FULL_WIDTH, half_width),
    (Step.APOSTROPHE, _bare),
    (Step.SPACES, _unspaced),
    (Step.UPPER_CASE, _upper),
    (Step.NUMBER_AS_TEXT, _whole),
)


def mend_number(cell: str) -> Mended:
    """Mend the writing of a document number (证件号码); no digit is added, dropped or changed."""
    return _mend(cell, _NUMBER_WAYS, _CLEAN_NUMBER)


_DESTROYED: Final = re.compile(r"[0-9](?:\.[0-9]+E\+?|E\+)[0-9]{1,3}|[0-9]{16,20}\.0", re.ASCII)


def is_destroyed(text: str) -> bool:
    """Return whether *text* is a figure that Excel made of a long number: 4.40E+17 (被数字化)."""
    return _DESTROYED.fullmatch(text) is not None


def ends_destroyed(number: str) -> bool:
    """Return whether the digits after the fifteenth are zeros, as Excel leaves them."""
    return number[15:] == "000"


def _country(text: str) -> str:
    text = re.sub(r"[()]", "", text)
    text = re.sub(r"^00(?=8)", "+", text)
    text = re.sub(r"^\+?86(?=1[0-9]{10}$)", "", text)
    return re.sub(r"^(?=(?:852|853)[0-9]{8}$|8869[0-9]{8}$)", "+", text)


_MOBILE_WAYS: Final[tuple[_Way, ...]] = (
    (Step.INVISIBLE, _visible),
    (Step.FULL_WIDTH, half_width),
    (Step.APOSTROPHE, _bare),
    (Step.SPACES, _unspaced),
    (Step.NUMBER_AS_TEXT, _whole),
    (Step.COUNTRY_CODE, _country),
)


def mend_mobile(cell: str) -> Mended:
    """Mend the writing of a mobile number (手机号)."""
    return _mend(cell, _MOBILE_WAYS, _CLEAN_MOBILE)


_DOTS: Final = re.compile(r"\s*[\u2022\u2027\u30fb\u22c5\u2219\uff65\u0387\u00b7]\s*")
_STOP: Final = re.compile(r"(?<=[\u3400-\u9fff])\s*[.．]\s*(?=[\u3400-\u9fff])")


def _dotted(text: str) -> str:
    return _STOP.sub("·", _DOTS.sub("·", text))


def _name_spaces(text: str) -> str:
    if any(map(ideograph, text)):
        return _SPACES.sub("", text)
    return " ".join(text.split())


def _canonical(text: str) -> str:
    return unicodedata.normalize("NFC", text)


_NAME_WAYS: Final[tuple[_Way, ...]] = (
    (Step.INVISIBLE, _visible),
    (Step.NORMAL_FORM, _canonical),
    (Step.FULL_WIDTH, half_width),
    (Step.APOSTROPHE, _bare),
    (Step.DOT, _dotted),
    (Step.SPACES, _name_spaces),
)


def mend_name(cell: str) -> Mended:
    """Mend the writing of a name (姓名): spaces, full width, the dot of minority names."""
    return _mend(cell, _NAME_WAYS, _CLEAN_NAME)


def mend_word(cell: str) -> str:
    """Return a cell that holds one of few words, as the tables of words have it."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", _visible(cell[:64]))).upper()


class DayFault(Enum):
    """Why a date cannot be read."""

    UNREADABLE = "E-ROSTER-040"
    JANUARY_OR_OCTOBER = "E-ROSTER-042"


_DAY_FORMS: Final = (
    re.compile(r"([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2}))?(?:[T ][0-9:.]+)?", re.ASCII),
    re.compile(r"([0-9]{4})/([0-9]{1,2})(?:/([0-9]{1,2}))?(?: [0-9:.]+)?", re.ASCII),
    re.compile(r"([0-9]{4})\.([0-9]{1,2})(?:\.([0-9]{1,2}))?", re.ASCII),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月(?:([0-9]{1,2})[日号]?)?", re.ASCII),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})?", re.ASCII),
)
_SERIAL: Final = re.compile(r"([0-9]{4,5})(?:\.[0-9]+)?", re.ASCII)
_SERIAL_ZERO: Final = date(1899, 12, 30)
_SERIALS: Final = range(9_000, 80_000)
"""Days since 1899-12-30 that are read as Excel's dates: from 1924 to 2119."""
_AMBIGUOUS: Final = re.compile(r"[0-9]{4}\.1", re.ASCII)


def read_day(cell: str) -> date | DayFault:
    """Return the day that *cell* writes; of a month alone, its first day.

    Read are 2017-11-23, 2017/11/23, 2017.11.23, 2017年11月23日, 20171123, the same without a
    day, and Excel's day count (43062). ``2017.1`` could be an October that lost its 0.
    """
    text = unicodedata.normalize("NFKC", _visible(cell[:64])).strip()
    text = _bare(re.sub(r"\s*([-/.年月])\s*", r"\1", text)).rstrip(".")
    if _AMBIGUOUS.fullmatch(text) is not None:
        return DayFault.JANUARY_OR_OCTOBER
    for form in _DAY_FORMS:
        found = form.fullmatch(text)
        if found is not None:
            try:
                return date(int(found[1]), int(found[2]), int(found[3] or 1))
            except ValueError:
                return DayFault.UNREADABLE
    serial = _SERIAL.fullmatch(text)
    if serial is not None and int(serial[1]) in _SERIALS:
        return _SERIAL_ZERO + timedelta(days=int(serial[1]))
    return DayFault.UNREADABLE


_RESIDENT: Final = (DocumentKind.RESIDENT, DocumentKind.RESIDENT_15)
_HMT: Final = (DocumentKind.HMT_RESIDENCE,)
_FOREIGN: Final = (DocumentKind.FOREIGN_RESIDENCE, DocumentKind.FOREIGN_RESIDENCE_OLD)
KINDS_BY_WORD: Final[Mapping[str, tuple[DocumentKind, ...]]] = {
    **{mend_word(kind.label): (kind,) for kind in DocumentKind},
    **{kind.value: (kind,) for kind in DocumentKind},
    **dict.fromkeys(
        ("居民身份证", "身份证", "二代身份证", "第二代身份证", "二代证", "公民身份证"), _RESIDENT
    ),
    **dict.fromkeys(("内地居民身份证", "大陆居民身份证", "RESIDENT"), _RESIDENT),
    **dict.fromkeys(("一代身份证", "15位身份证"), (DocumentKind.RESIDENT_15,)),
    **dict.fromkeys(("港澳台居民居住证", "港澳居民居住证", "台湾居民居住证", "居住证"), _HMT),
    **dict.fromkeys(
        ("回乡证", "港澳居民通行证", "港澳居民来往内地通行证"), (DocumentKind.HM_TRAVEL,)
    ),
    **dict.fromkeys(("台胞证", "台湾居民通行证"), (DocumentKind.TW_TRAVEL,)),
    **dict.fromkeys(
        ("外国人永久居留证", "外国人永久居留身份证", "永久居留证", "永久居留身份证"), _FOREIGN
    ),
    **dict.fromkeys(("护照", "普通护照", "外国护照", "中国护照"), (DocumentKind.PASSPORT,)),
}
"""What offices write for a kind of document; which of several, the number's form decides."""

GENDERS_BY_WORD: Final[Mapping[str, Gender]] = {
    "男": Gender.MALE,
    "男性": Gender.MALE,
    "M": Gender.MALE,
    "MALE": Gender.MALE,
    "女": Gender.FEMALE,
    "女性": Gender.FEMALE,
    "F": Gender.FEMALE,
    "FEMALE": Gender.FEMALE,
}
