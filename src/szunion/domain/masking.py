"""Know how much of a value that identifies somebody may be shown: the one masking table.

Two views: the default one, and the strict one for screens that also show a birth date, an age,
a native place or a photo (with a birth date beside it, 3 + 4 digits of an identity number leave
about ten candidates). What the strict view shows is always part of what the default view shows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from attrs import frozen

from szunion.domain.values import Labelled

_STAR: Final = "*"
_MOST: Final = 256
"""Code points of a value that are looked at; a longer one is shown as stars alone."""


class View(Enum):
    """How much a screen shows (视图)."""

    DEFAULT = "default"
    STRICT = "strict"


class Field(Labelled):
    """A kind of value with a mask of its own (脱敏字段)."""

    IDENTITY_NUMBER = "IDENTITY_NUMBER", "证件号码", "identity document number"
    MOBILE = "MOBILE", "手机号", "mobile number"
    CARD_NUMBER = "CARD_NUMBER", "卡号", "card number"
    BANK_ACCOUNT = "BANK_ACCOUNT", "银行账号", "bank account"
    NAME = "NAME", "姓名", "name"
    ADDRESS = "ADDRESS", "地址", "address"
    EMAIL = "EMAIL", "电子邮箱", "e-mail"
    CASE_REASON = "CASE_REASON", "困难或疾病事由", "hardship or medical reason"
    CARD_SECRET = "CARD_SECRET", "卡片敏感数据", "card secret"


def _plain(text: str) -> str:
    """Return *text* as the table counts it: half-width, without spaces and invisible characters."""
    folded = unicodedata.normalize("NFKC", text[: _MOST + 1])
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c)[0] != "C")


def _ends(text: str, first: int, last: int) -> str:
    """Return *text* with stars between its *first* and *last* characters."""
    hidden = len(text) - first - last
    if hidden < 1 or len(text) > _MOST:
        return _STAR * min(len(text), _MOST)
    return text[:first] + _STAR * hidden + text[len(text) - last :]


def graphemes(text: str) -> list[str]:
    """Split *text* into what a reader sees as single characters (字位)."""
    seen: list[str] = []
    for character in text:
        joins = unicodedata.category(character)[0] == "M" or character == "\u200d"
        if seen and (joins or seen[-1].endswith("\u200d")):
            seen[-1] += character
        else:
            seen.append(character)
    return seen


_RESIDENT_LIKE: Final = re.compile(r"(?!8[123]0000)[1-8*][0-9*]{15,16}[0-9X*]", re.ASCII)
_LONG, _SHORT, _TINY = 10, 7, 4


def _identity_number(text: str) -> str:
    plain = _plain(text).upper()
    if _RESIDENT_LIKE.fullmatch(plain) is not None:
        return _ends(plain, 3, 4)
    if len(plain) >= _LONG:
        return _ends(plain, 3, 2)
    if len(plain) >= _SHORT:
        return _ends(plain, 1, 2)
    return _ends(plain, 1, 0) if len(plain) >= _TINY else _STAR * len(plain)


def _identity_number_strict(text: str) -> str:
    plain = _plain(text).upper()
    return _ends(plain, 1, 1) if len(plain) >= _SHORT else _STAR * len(plain)


_MAINLAND: Final = 11
_SUBSCRIBER: Final = 8


def _mobile(text: str) -> str:
    plain = _plain(text).replace("-", "")
    plain = re.sub(r"^(?:\+86|0086)(?=[0-9*]{11}$)", "", plain)
    if plain.startswith("+"):
        return _ends(plain, 4, 4) if len(plain) >= 4 + _SUBSCRIBER else _STAR * len(plain)
    return _ends(plain, 3, 4) if len(plain) >= _MAINLAND else _STAR * len(plain)


_STRICTLY_MASKED: Final = re.compile(r"\*{3}(?:[0-9]{4})?", re.ASCII)


def _mobile_strict(text: str) -> str:
    if _STRICTLY_MASKED.fullmatch(text) is not None:
        return text
    last = _mobile(text)[-4:]
    return "***" if _STAR in last else "***" + last


_CARD_LEAST, _CARD_MOST, _ACCOUNT_LEAST = 16, 19, 8


def _card_number(text: str) -> str:
    plain = _plain(text).replace("-", "")
    if _CARD_LEAST <= len(plain) <= _CARD_MOST:
        return _ends(plain, 6, 4)
    return _bank_account(plain)


def _bank_account(text: str) -> str:
    plain = _plain(text).replace("-", "")
    return _ends(plain, 0, 4) if len(plain) >= _ACCOUNT_LEAST else _STAR * min(len(plain), _MOST)


_COMPOUND: Final = (
    "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐长孙宇文司徒司空夏侯轩辕端木南宫独孤申屠呼延闻人"
    "濮阳淳于单于太叔公羊澹台公冶宗政赫连钟离鲜于闾丘亓官仲孙拓跋百里东郭南门西门左丘梁丘欧陽司馬諸葛東方尉遲"
)
COMPOUND_SURNAMES: Final = frozenset(_COMPOUND[at : at + 2] for at in range(0, len(_COMPOUND), 2))
"""Surnames of two characters (复姓), as they are counted when a name is masked."""

_DOTS: Final = "·•‧・"


_IDEOGRAPH: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def ideograph(character: str) -> bool:
    """Return whether *character* begins with a Chinese character (汉字), rare ones included."""
    return _IDEOGRAPH.match(character) is not None


def _name(text: str) -> str:
    whole = unicodedata.normalize("NFC", text[: _MOST + 1]).strip()
    for dot in _DOTS:
        if dot in whole:
            return dot.join(_initial(part.strip()) for part in whole.split(dot))
    if _IDEOGRAPH.search(whole) is None:
        return " ".join(_initial(part) for part in whole.split())
    return _chinese_name("".join(whole.split()))


def _chinese_name(name: str) -> str:
    seen = graphemes(name)
    surname = "".join(seen[:2])
    if len(seen) > 2 and surname in COMPOUND_SURNAMES:  # noqa: PLR2004 - surname and more
        return surname + "**"
    return seen[0] + _STAR * min(len(seen) - 1, 2) if len(seen) > 1 else _STAR


def _initial(part: str) -> str:
    seen = graphemes(part)
    return seen[0] + _STAR * (len(seen) - 1) if len(seen) > 1 else _STAR * len(seen)


def _name_strict(text: str) -> str:
    return _STAR * min(len(graphemes(text.strip())), 64)


_CITY: Final = re.compile(r"(?:[^市*\s]{2,8}?(?:省|自治区))?[^市*\s]{2,8}?市")
_DISTRICT: Final = re.compile(
    r"(?:[^市*\s]{2,8}?(?:省|自治区))?[^市*\s]{2,8}?市[^市区县*\s]{1,6}?(?<![小社园校厂片])[区县]"
)


def _address(text: str) -> str:
    seen = _DISTRICT.match(text[:_MOST].strip()) or _CITY.match(text[:_MOST].strip())
    return (seen.group() if seen is not None else "") + "***"


def _address_strict(text: str) -> str:
    seen = _CITY.match(text[:_MOST].strip())
    return (seen.group() if seen is not None else "") + "***"


def _email(text: str) -> str:
    name, at, domain = _plain(text).rpartition("@")
    return f"{name[0]}***@{domain}" if at and name and len(domain) <= _MOST else "***"


def _email_strict(_: str) -> str:
    return "***@***"


def _hidden(_: str) -> str:
    return "***"


@frozen
class Mask:
    """How one kind of value is shown in the two views."""

    default: Callable[[str], str]
    strict: Callable[[str], str]


MASKS: Final[Mapping[Field, Mask]] = MappingProxyType(
    {
        Field.IDENTITY_NUMBER: Mask(_identity_number, _identity_number_strict),
        Field.MOBILE: Mask(_mobile, _mobile_strict),
        Field.CARD_NUMBER: Mask(_card_number, _bank_account),
        Field.BANK_ACCOUNT: Mask(_bank_account, _bank_account),
        Field.NAME: Mask(_name, _name_strict),
        Field.ADDRESS: Mask(_address, _address_strict),
        Field.EMAIL: Mask(_email, _email_strict),
        Field.CASE_REASON: Mask(_hidden, _hidden),
        Field.CARD_SECRET: Mask(_hidden, _hidden),
    }
)
"""The table: every kind of value, its default and its strict mask (脱敏表)."""


def mask(field: Field, text: str, view: View = View.DEFAULT) -> str:
    """Return what *view* may show of *text*, a value of kind *field*. Masking twice is masking."""
    row = MASKS[field]
    return row.default(text) if view is View.DEFAULT else row.strict(text)
