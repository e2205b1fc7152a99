"""Know the documents, names and numbers by which a person is told from another.

Every value here is made in one of two ways: the constructor takes text that is already
normalised and checks it; ``of`` takes text as people write it, normalises it, and checks it too.
Neither guesses. What is not well-formed raises ``InvalidInput`` (E-VALUE-002), without the value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import ClassVar, Final, Self

from attrs import frozen

from szunion.domain.documents import (
    CHECKED,
    HINTS,
    DocumentKind,
    Gender,
    Verdict,
    area_is_known,
    birth_date_of,
    gender_of,
    has_form,
    kind_by_form,
    number_check,
    to_18,
)
from szunion.domain.masking import Field, View, ideograph, mask
from szunion.domain.values import Masked, malformed, of_columns
from szunion.text import Text

__all__ = [
    "DocumentKind",
    "DocumentNumber",
    "Gender",
    "IdentityDocument",
    "Mobile",
    "PersonName",
    "Verdict",
    "age_on",
    "half_width",
    "private_use",
]

_LATEST: Final = date(2199, 12, 31)
"""Births are checked against this day where nobody says what day it is; an import knows better."""
_DIGITS: Final = re.compile(r"[0-9A-Z]{5,20}", re.ASCII)
_GAPS: Final = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff-]+")


@lru_cache(maxsize=1)
def _full_width() -> dict[int, int]:
    return {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}


def half_width(text: str) -> str:
    """Return *text* with full-width ASCII characters (全角) made half-width, and nothing else."""
    return text.translate(_full_width())


@frozen(repr=False, str=False)
class DocumentNumber(Masked):
    """The number on an identity document (证件号码), normalised: upper case, no spaces."""

    def __attrs_post_init__(self) -> None:
        if _DIGITS.fullmatch(self._plain) is None:
            raise malformed(
                Text("证件号码", "document number"),
                Text("5–20 位大写字母和数字", "5 to 20 upper-case letters and digits"),
            )

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the number that *text* writes: full-width, lower case, spaced or hyphened.

        Raises:
            InvalidInput: something other than letters and digits is left (E-VALUE-002).
        """
        return cls(_GAPS.sub("", half_width(text)).upper())

    def masked(self, view: View = View.DEFAULT) -> str:
        return mask(Field.IDENTITY_NUMBER, self._plain, view)


@frozen
class IdentityDocument:
    """A kind of document and its number (证件类型、证件号码), which has that kind's form.

    A document is not a person: a person may hold several, and they are linked, never equated.
    """

    kind: DocumentKind
    number: DocumentNumber

    def __attrs_post_init__(self) -> None:
        plain = self.number.plain()
        good = has_form(self.kind, plain)
        if good and self.kind in CHECKED:
            good = number_check(_LATEST)(plain) is Verdict.OK
        elif good and self.kind is DocumentKind.RESIDENT_15:
            good = self.birth_date() is not None
        if not good:
            raise malformed(self.kind.text, HINTS[self.kind])

    @classmethod
    def of(cls, kind: DocumentKind, text: str) -> IdentityDocument:
        """Return the document of *kind* whose number is *text*, as people write it.

        Raises:
            InvalidInput: the form, the date or the check digit is wrong (E-VALUE-002).
        """
        return cls(kind, DocumentNumber.of(text))

    @classmethod
    def read(cls, text: str) -> IdentityDocument:
        """Return the document whose number is *text*, its kind told by the form of the number.

        Raises:
            InvalidInput: no kind has that form (a passport must be declared), or the date or
                the check digit is wrong (E-VALUE-002).
        """
        number = DocumentNumber.of(text)
        kind = kind_by_form(number.plain())
        if kind is None:
            raise malformed(
                Text("证件号码", "document number"),
                Text(
                    "核对位数；护照须注明证件类型", "check its length; a passport must be declared"
                ),
            )
        return cls(kind, number)

    def birth_date(self) -> date | None:
        """Return the birth date (出生日期) in the number; None: this kind carries none."""
        plain = self.number.plain()
        if self.kind is DocumentKind.RESIDENT_15:
            plain = to_18(plain)
        elif self.kind not in CHECKED:
            return None
        return birth_date_of(plain, _LATEST)

    def gender(self) -> Gender | None:
        """Return the holder's sex (性别) as the number says it; None: this kind does not."""
        return gender_of(self.kind, self.number.plain())

    def area(self) -> str | None:
        """Return the six digits of the place of first registration (地址码), or None."""
        if self.kind in {DocumentKind.RESIDENT, DocumentKind.RESIDENT_15}:
            return self.number.plain()[:6]
        return None

    def area_is_known(self) -> bool:
        """Return whether the area code is one of a province. It informs and never rejects."""
        return area_is_known(self.kind, self.number.plain())

    def successor(self) -> IdentityDocument | None:
        """Return the 18-character document issued in place of this 15-digit one, else None.

        Use it to link the two documents of one person, and to look for the other one.
        """
        if self.kind is not DocumentKind.RESIDENT_15:
            return None
        return IdentityDocument(DocumentKind.RESIDENT, DocumentNumber(to_18(self.number.plain())))


MOST_NAME: Final = 64
"""Code points of a name, at most."""
_DOT: Final = "·"
_DOTS: Final = re.compile(r"\s*[\u2022\u2027\u30fb\u22c5\u2219\u00b7\uff65\u0387]\s*")
_PUNCTUATION: Final = frozenset("·'’-. 〇")


def _name_character(character: str) -> bool:
    """Return whether a name may hold it: letters of any script, marks, private use, few signs.

    Characters of the ideographic planes that this Python does not know yet are let in: new
    rare characters (生僻字) are encoded nearly every year.
    """
    category = unicodedata.category(character)
    return (
        category[0] in "LM"
        or category == "Co"
        or character in _PUNCTUATION
        or (category == "Cn" and 0x20000 <= ord(character) <= 0x3FFFD)  # noqa: PLR2004 - planes
    )


_EVERYDAY: Final = re.compile(r"[\u4e00-\u9fa5]{2,8}")


@frozen(repr=False, str=False)
class PersonName(Masked):
    """A person's name (姓名): Chinese with rare characters and ``·``, or Latin; NFC; 1 to 64.

    Code points of private use are let in, since older systems wrote rare characters with them;
    :meth:`private_use` finds them, so that somebody looks at the document.
    """

    def __attrs_post_init__(self) -> None:
        name = self._plain
        if _EVERYDAY.fullmatch(name) is not None:
            return
        good = (
            0 < len(name) <= MOST_NAME
            and unicodedata.is_normalized("NFC", name)
            and all(map(_name_character, name))
            and unicodedata.category(name[0])[0] in "LCN"
            and name[-1] not in "·- '"
            and "  " not in name
            and not any(
                space == " " and (ideograph(before) or ideograph(after))
                for before, space, after in zip(name, name[1:], name[2:], strict=False)
            )
        )
        if not good:
            raise malformed(
                Text("姓名", "name"),
                Text(
                    "1–64 个汉字或字母，可含“·”，汉字间无空格",
                    "1 to 64 letters, with · if need be, no spaces between Chinese characters",
                ),
            )

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the name that *text* writes: NFC, without odd spaces, with the one right dot.

        Raises:
            InvalidInput: it holds what a name cannot (E-VALUE-002).
        """
        name = unicodedata.normalize("NFC", text.replace("\u3000", " "))
        name = _DOTS.sub(_DOT, "".join(c for c in name if unicodedata.category(c) != "Cf"))
        if any(map(ideograph, name)):
            return cls(re.sub(r"\s+", "", name))
        return cls(" ".join(name.split()))

    def masked(self, view: View = View.DEFAULT) -> str:
        return mask(Field.NAME, self._plain, view)

    def private_use(self) -> tuple[int, ...]:
        """Return where characters of private use stand (0 is the first): they need a look."""
        return private_use(self._plain)


def private_use(text: str) -> tuple[int, ...]:
    """Return the positions in *text* of code points of private use (自造字)."""
    return tuple(at for at, c in enumerate(text) if unicodedata.category(c) == "Co")


@frozen(repr=False, str=False)
class Mobile(Masked):
    """A mobile number (手机号): 11 digits for the mainland, else +852, +853, +886 and digits."""

    _pattern: ClassVar = re.compile(
        r"1[3-9][0-9]{9}|\+852[0-9]{8}|\+853[0-9]{8}|\+8869[0-9]{8}", re.ASCII
    )
    _lines: ClassVar = re.compile(rf"(?:(?:{_pattern.pattern})\n)*", re.ASCII)

    @classmethod
    def many(cls, texts: Sequence[str]) -> list[Self]:
        """Return each of *texts* as a number, checked together.

        Raises:
            InvalidInput: one of them is none (E-VALUE-002).
        """
        lines = "\n".join([*texts, ""])
        if lines.count("\n") == len(texts) and cls._lines.fullmatch(lines) is not None:
            return of_columns(cls, texts)
        return list(map(cls, texts))

    def __attrs_post_init__(self) -> None:
        if self._pattern.fullmatch(self._plain) is None:
            raise malformed(
                Text("手机号", "mobile number"),
                Text(
                    "11 位，以 1 开头；港澳台写 +852、+853 或 +886",
                    "11 digits beginning with 1; +852, +853 or +886 for Hong Kong, Macao, Taiwan",
                ),
            )

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the number that *text* writes: full-width, spaced, hyphened, with +86 or 0086.

        Raises:
            InvalidInput: it is no mobile number (E-VALUE-002).
        """
        number = re.sub(r"[\s()-]+", "", half_width(text))
        number = re.sub(r"^00(?=8)", "+", number)
        number = re.sub(r"^\+?86(?=1[0-9]{10}$)", "", number)
        return cls(re.sub(r"^(?=(?:852|853)[0-9]{8}$|8869[0-9]{8}$)", "+", number))

    def masked(self, view: View = View.DEFAULT) -> str:
        return mask(Field.MOBILE, self._plain, view)


def age_on(birth: date, day: date) -> int:
    """Return full years of age (周岁) on *day*; born on 29 February, one is older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
