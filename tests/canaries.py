"""Synthetic people whose data can be recognised anywhere: they must turn up nowhere in the clear.

Every value carries a mark that no other test data carries: names begin with 金丝雀 (canary),
identity numbers with the area code 440399, mobiles with 19970707, card tokens with CANARYTOKEN. The
plug-in in ``conftest.py`` looks for the marks in everything that a test run leaves behind. The
people of every test town (``offices.applicant``) are canaries.
"""

from __future__ import annotations

import base64
from datetime import date, timedelta

from attrs import frozen

NAME = "金丝雀"
AREA = "440399"
MOBILE = "19970707"
TOKEN = "CANARYTOKEN"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@frozen
class Canary:
    """One synthetic member."""

    name: str
    number: str
    mobile: str
    token: str


def canary(index: int) -> Canary:
    """Return the canary of that index, the same in every run; mobiles are unique below 1,000."""
    born = date(1960, 1, 1) + timedelta(days=index * 13 % 16_000)
    body = f"{AREA}{born:%Y%m%d}{index % 1000:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    marks = "甲乙丙丁戊己庚辛壬癸"
    return Canary(
        name=NAME + marks[index // 10 % 10] + marks[index % 10],
        number=body + "10X98765432"[total % 11],
        mobile=f"{MOBILE}{index % 1000:03d}",
        token=f"{TOKEN}-{index:06d}",
    )


def _variants(word: str) -> set[bytes]:
    plain = word.encode()
    found = {plain, plain.hex().encode(), plain.hex().upper().encode(), plain[::-1]}
    if not word.isascii():
        found |= {word.encode("gb18030"), word.encode("utf-16-le")}
        found |= {ascii(word)[1:-1].encode()}
    # Base64 of a text that holds the word, at each of the three alignments.
    for pad in range(3):
        coded = base64.b64encode(b"\0" * pad + plain + b"\0" * 3)
        found.add(coded[4 if pad else 0 : (pad + len(plain)) // 3 * 4])
    return {variant for variant in found if len(variant) >= 6}


MARKS = frozenset().union(*(_variants(word) for word in (NAME, AREA + "19", MOBILE, TOKEN)))


def found_in_text(text: str) -> set[bytes]:
    """Return the marks that stand in *text*."""
    return found_in(text.encode("utf-8", "surrogatepass"))


def found_in(data: bytes) -> set[bytes]:
    """Return the marks that stand in *data*."""
    return {mark for mark in MARKS if mark in data}
