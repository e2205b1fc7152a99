"""Know how to make rosters of people who do not exist, with the faults real offices make.

The same seed gives the same rows and the same bytes. Identity numbers are well-formed and
synthetic: area codes 440300 to 440309, random birth dates; names are a surname and characters such
as 模 拟 测 试, so that nobody takes them for somebody.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from io import BytesIO, StringIO
from random import Random
from types import MappingProxyType
from typing import Final

from attrs import frozen

from szunion.domain.documents import check_character
from szunion.errors import InvalidInput

_SURNAMES: Final = (*tuple("张王李赵陈刘杨黄周吴徐孙马朱胡林郭何高罗"), "欧阳", "司徒", "上官")
_GIVEN: Final = tuple("模拟测试示范样例演练甲乙丙丁戊己庚辛壬癸")
_OTHERS: Final = ("阿依模·测试", "TEST MEMBER", "张䶮", "㑇测试", "周𬱖", "买买模·示范")
_FIRST_BIRTH, _LAST_BIRTH = date(1960, 1, 1), date(2001, 12, 31)
_FIRST_JOINED, _LAST_JOINED = date(2005, 1, 1), date(2017, 10, 31)
_LEAST_JOINING_AGE: Final = 16 * 366


class Bad(Enum):
    """A fault that no mending can cure (错行); its value is the code of the verdict."""

    DESTROYED = "E-ROSTER-012"
    SHORT = "E-ROSTER-010"
    CHECK_DIGIT = "E-ROSTER-011"
    BIRTH = "E-ROSTER-014"
    TWIN = "E-ROSTER-020"
    NO_NAME = "E-ROSTER-021"
    MOBILE = "E-ROSTER-030"
    DAY = "E-ROSTER-040"


@frozen
class SyntheticRoster:
    """A made-up roster and the truth about it."""

    titles: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The cells of every row, as an office would have typed them."""
    codes: Mapping[int, str]
    """Line number in the file → the code with which that row must be rejected."""
    clean: tuple[tuple[str, str, str], ...]
    """Name, document number and mobile of everyone who must be accepted, in order."""
    figures: frozenset[int]
    """Line numbers whose document number a workbook holds as a figure, not as text."""

    @property
    def first_line(self) -> int:
        """The line number of the first row below the header."""
        return len(self.titles) + 2

    def as_csv(self, encoding: str = "gb18030") -> bytes:
        """Return the roster as a text file; titles are lines with one cell."""
        out = StringIO(newline="")
        writer = csv.writer(out)
        for title in self.titles:
            writer.writerow([title])
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return out.getvalue().encode(encoding)

    def as_xlsx(self) -> bytes:
        """Return the roster as a workbook: merged titles, a hidden sheet, trailing blank rows.

        Raises:
            InvalidInput: xlsxwriter is not installed (E-ROSTER-009).
        """
        try:
            from xlsxwriter.workbook import Workbook  # noqa: PLC0415 - only with the extra
        except ImportError as error:
            raise InvalidInput("E-ROSTER-009", package="xlsxwriter") from error
        out = BytesIO()
        book = Workbook(out, {"in_memory": True, "strings_to_formulas": False})
        # A moment, not a day: for anything else the library writes what time it is.
        book.set_properties({"created": datetime.combine(_LAST_JOINED, time())})
        sheet = book.add_worksheet("花名册")
        text = book.add_format({"num_format": "@"})
        for line, title in enumerate(self.titles):
            sheet.merge_range(line, 0, line, len(self.header) - 1, title)
        for at, word in enumerate(self.header):
            sheet.write_string(len(self.titles), at, word)
        number_at = self.header.index("身份证号")
        for line, row in enumerate(self.rows, start=self.first_line):
            for at, cell in enumerate(row):
                if at == number_at and line in self.figures:
                    sheet.write_number(line - 1, at, float(cell))
                elif cell:
                    sheet.write_string(line - 1, at, cell, text)
        for line in range(3):
            sheet.write_string(self.first_line + len(self.rows) + line, 1, " ", text)
        hidden = book.add_worksheet("旧数据")
        hidden.write_string(0, 0, "旧表，不再使用")
        hidden.hide()
        book.close()
        return out.getvalue()


def synthetic_number(random: Random) -> str:
    """Return a well-formed 18-character number of nobody, born between 1960 and 2001."""
    span = (_LAST_BIRTH - _FIRST_BIRTH).days
    born = _FIRST_BIRTH + timedelta(days=random.randint(0, span))
    body = f"44030{random.randint(0, 9)}{born:%Y%m%d}{random.randint(1, 999):03d}"
    number = body + check_character(body)
    return synthetic_number(random) if number.endswith("000", 15) else number


def synthetic_name(random: Random) -> str:
    """Return a name of nobody; one in a hundred has a rare character or another script."""
    if random.random() < 0.01:  # noqa: PLR2004 - one in a hundred
        return random.choice(_OTHERS)
    return random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.randint(1, 2)))


def synthetic_mobile(random: Random) -> str:
    """Return a well-formed mobile number."""
    return f"199{random.randint(0, 99_999_999):08d}"


def synthetic_roster(
    seed: int, rows: int, *, bad_per_mille: int = 30, sloppy_per_mille: int = 170
) -> SyntheticRoster:
    """Make a roster of *rows* rows: some bad beyond mending, more of them sloppy, most clean.

    Args:
        seed: The same seed gives the same roster.
        rows: How many rows, at least 20.
        bad_per_mille: How many of a thousand rows are bad, every kind of fault in turn.
        sloppy_per_mille: How many of a thousand rows need mending.
    """
    random = Random(seed)  # noqa: S311 - a simulation
    titles = ("模拟科技有限公司工会委员会", "会员花名册（模拟数据）")
    first_line = len(titles) + 2
    bad = _bad_rows(random, rows, bad_per_mille)
    lines, clean, codes = list[tuple[str, ...]](), list[tuple[str, str, str]](), dict[int, str]()
    used = set[str]()
    figures = set[int]()
    for at in range(rows):
        person = _person(random, used)
        name, number, mobile, joined = person
        fault = bad.get(at)
        if fault is not None:
            codes[first_line + at] = fault.value
            twin = clean[random.randrange(len(clean))][1] if fault is Bad.TWIN else number
            name, number, mobile, joined = _spoilt(fault, random, (name, twin, mobile, joined))
            if fault is Bad.DESTROYED:
                figures.add(first_line + at)
        else:
            clean.append((name, number, mobile))
            if random.randrange(1000) < sloppy_per_mille:
                name, number, mobile, joined = _sloppy(random, person)
        lines.append((str(at + 1), name, number, mobile, joined, ""))
    header = ("序号", "姓 名", "身份证号", "联系电话", "入会时间", "备注")
    return SyntheticRoster(
        titles, header, tuple(lines), MappingProxyType(codes), tuple(clean), frozenset(figures)
    )


def _bad_rows(random: Random, rows: int, per_mille: int) -> dict[int, Bad]:
    """Choose the bad rows; the first ten are good, so that a twin has somebody to equal."""
    count = rows * per_mille // 1000
    places = random.sample(range(10, rows), min(count, rows - 10))
    kinds = tuple(Bad)
    return {place: kinds[at % len(kinds)] for at, place in enumerate(places)}


_Person = tuple[str, str, str, str]


def _person(random: Random, used: set[str]) -> _Person:
    number, mobile = synthetic_number(random), synthetic_mobile(random)
    while number in used or mobile in used:
        number, mobile = synthetic_number(random), synthetic_mobile(random)
    used.update((number, mobile))
    born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    first = max(_FIRST_JOINED, born + timedelta(days=_LEAST_JOINING_AGE))
    span = max((_LAST_JOINED - first).days, 0)
    joined = min(first, _LAST_JOINED) + timedelta(days=random.randint(0, span))
    return synthetic_name(random), number, mobile, joined.isoformat()


def _spoilt(fault: Bad, random: Random, person: _Person) -> _Person:
    name, number, mobile, joined = person
    match fault:
        case Bad.DESTROYED:
            number = f"{float(number[:17] + '0'):.5E}"
        case Bad.SHORT:
            number = number[:10] + number[11:]
        case Bad.CHECK_DIGIT:
            wrong = [digit for digit in "123456789" if digit != number[17]]
            number = number[:17] + random.choice(wrong)
        case Bad.BIRTH:
            body = f"{number[:10]}0231{number[14:17]}"
            number = body + check_character(body)
        case Bad.TWIN:
            pass
        case Bad.NO_NAME:
            name = ""
        case Bad.MOBILE:
            mobile = mobile[:-1]
        case Bad.DAY:
            joined = "入职后"
    return name, number, mobile, joined


def _full_width(text: str) -> str:
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


def _first(change: Callable[[str], str], at: int) -> Callable[[_Person], _Person]:
    def apply(person: _Person) -> _Person:
        cells = list(person)
        cells[at] = change(cells[at])
        return cells[0], cells[1], cells[2], cells[3]

    return apply


def _month(day: str) -> str:
    return f"{day[:4]}.{day[5:7]}"


def _serial(day: str) -> str:
    return str((date.fromisoformat(day) - date(1899, 12, 30)).days)


def _in_words(day: str) -> str:
    return f"{day[:4]}年{int(day[5:7])}月{int(day[8:])}日"


_SLOPPY: Final[Sequence[Callable[[_Person], _Person]]] = (
    _first(_full_width, 1),
    _first(_full_width, 2),
    _first(str.lower, 1),
    _first(lambda text: "'" + text, 1),
    _first(lambda text: f"{text[:6]} {text[6:14]} {text[14:]}", 1),
    _first(lambda text: text[:1] + "　" + text[1:], 0),
    _first(lambda text: text + " ", 0),
    _first(lambda text: f"+86 {text[:3]}-{text[3:7]}-{text[7:]}", 2),
    _first(_month, 3),
    _first(_serial, 3),
    _first(_in_words, 3),
    _first(lambda text: text.replace("-", "/"), 3),
)
"""What offices do that mending undoes."""


def _sloppy(random: Random, person: _Person) -> _Person:
    return random.choice(_SLOPPY)(person)
