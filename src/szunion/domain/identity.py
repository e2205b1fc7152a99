"""Know the documents, names and numbers by which a person is told from another."""

from __future__ import annotations

import re
from typing import ClassVar

from attrs import frozen

from szunion.domain.values import Labelled, Masked, malformed
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


@frozen(repr=False, str=False)
class DocumentNumber(Masked):
    """The number on an identity document, normalised: upper case, no spaces."""

    def masked(self) -> str:
        plain = self._plain
        if len(plain) >= 18:
            return plain[:3] + "*" * (len(plain) - 7) + plain[-4:]
        return plain[:1] + "*" * (len(plain) - 3) + plain[-2:]


@frozen
class IdentityDocument:
    """A kind of document and its number (证件类型、证件号码)."""

    kind: DocumentKind
    number: DocumentNumber


@frozen(repr=False, str=False)
class PersonName(Masked):
    """A person's name (姓名)."""

    def masked(self) -> str:
        return self._plain[:1] + "*" * max(1, len(self._plain) - 1)


@frozen(repr=False, str=False)
class Mobile(Masked):
    """A mobile number (手机号) without country code for the mainland: 11 digits."""

    _pattern: ClassVar = re.compile(r"1[3-9][0-9]{9}|\+(?:852|853|886)[0-9]{8,9}", re.ASCII)

    def __attrs_post_init__(self) -> None:
        if self._pattern.fullmatch(self._plain) is None:
            raise malformed(
                Text("手机号", "mobile number"),
                Text("11 位，以 1 开头", "11 digits beginning with 1"),
            )

    def masked(self) -> str:
        return f"{self._plain[:3]}****{self._plain[-4:]}"
