"""Know how the rows of a roster are judged: at a glance if clean, else cell by cell (花名册核对).

Most rows of a good file are clean; they are recognised at a glance and never touched. Every other
row is mended step by step, each step listed, and everything wrong with it is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from attrs import Factory, frozen

from szunion.domain.documents import (
    PROVINCES,
    DocumentKind,
    Gender,
    birth_check,
    number_check,
    to_18,
)
from szunion.domain.roster_cells import is_blank, look_closely, sample_numbers
from szunion.domain.roster_rows import (
    Fix,
    PassedOver,
    PlainRow,
    PlainVerdict,
    RejectedRow,
    RosterRow,
    RowError,
    RowWarning,
    Step,
    Verdict,
    cell_masked,
    cells_of,
)
from szunion.domain.roster_sheet import Column, Heading, RawRow, read_heading, split_heading

__all__ = [
    "Column",
    "Fix",
    "Heading",
    "PassedOver",
    "PlainRow",
    "PlainVerdict",
    "RawRow",
    "RejectedRow",
    "RosterRow",
    "RowError",
    "RowWarning",
    "Step",
    "Verdict",
    "judge",
    "judge_plain",
    "read_heading",
    "sample_numbers",
    "split_heading",
]

_CLEAN_NAME: Final = re.compile(r"[\u4e00-\u9fa5]{2,8}")
_CLEAN_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_CLEAN_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLEAN_AREAS: Final = frozenset(code for code in PROVINCES if code < "70")
"""Beyond them stand other kinds of document: 81 to 83 residence permits, 91 foreigners."""
_CLEAN_KINDS: Final = frozenset({"", "身份证", "居民身份证"})
_FOUNDING: Final = date(1925, 5, 1)
_MOST_DAYS: Final = 50_000
"""Different dates of joining that are remembered while a file is judged, at most."""
_YOUNG, _OLD = 17, 90
"""Years of age between which nobody asks; beyond them the row is looked at more closely."""


@frozen
class _Twins:
    """Which documents and mobiles stand in which row of this file, among accepted rows."""

    numbers: dict[str, int] = Factory(dict)
    """Document number → row; a passport's begins with a space, as it may equal another kind's."""
    old_numbers: dict[str, int] = Factory(dict)
    """The 18 characters for a 15-digit number → row."""
    mobiles: dict[str, int] = Factory(dict)

    def verdict(self, found: PlainRow, raw: RawRow, heading: Heading) -> PlainVerdict:
        """Return the verdict on an accepted row once the rows before it are looked at too."""
        number, line = found.number, found.row
        key = " " + number if found.kind is DocumentKind.PASSPORT else number
        other = self.numbers.setdefault(key, line)
        if other != line:
            column, shown = Column.DOCUMENT_NUMBER, cell_masked(Column.DOCUMENT_NUMBER, number)
            error = RowError.make(line, column, "E-ROSTER-020", shown, other=other)
            return RejectedRow(line, (error,), cells_of(raw, heading))
        warnings = list(found.warnings)
        same = self._same_person(found)
        if same is not None:
            warnings.append(RowWarning(line, Column.DOCUMENT_NUMBER, "W-ROSTER-109", other=same))
        if found.mobile is not None:
            other = self.mobiles.setdefault(found.mobile, line)
            if other != line:
                warnings.append(RowWarning(line, Column.MOBILE, "W-ROSTER-107", other=other))
        return found if len(warnings) == len(found.warnings) else found._replace(warnings=warnings)

    def _same_person(self, found: PlainRow) -> int | None:
        if found.kind is not DocumentKind.RESIDENT_15:
            return self.old_numbers.get(found.number)
        full = to_18(found.number)
        self.old_numbers[full] = found.row
        return self.numbers.get(full)


def _glance(  # noqa: C901 - one straight line of doubts: this is the hot path
    heading: Heading, today: date
) -> Callable[[RawRow], PlainRow | None]:
    """Return what recognises a clean row at a glance, or says None: look more closely."""
    born, resident = birth_check(today), DocumentKind.RESIDENT
    name_good, mobile_good = _CLEAN_NAME.fullmatch, _CLEAN_MOBILE.fullmatch
    areas, kinds = _CLEAN_AREAS, _CLEAN_KINDS
    of = heading.columns.get
    at_name, at_number = heading.columns[Column.NAME], heading.columns[Column.DOCUMENT_NUMBER]
    at_kind, at_mobile, at_joined = of(Column.DOCUMENT_KIND), of(Column.MOBILE), of(Column.JOINED)
    at_gender, at_birth = of(Column.GENDER), of(Column.BIRTH)
    width = len(heading.headers)
    oldest = today.replace(year=today.year - _OLD, day=1)
    youngest = today.replace(year=today.year - _YOUNG, day=1)
    days: dict[str, date] = {}
    male, female = (Gender.MALE, "男"), (Gender.FEMALE, "女")

    def glance(raw: RawRow) -> PlainRow | None:  # noqa: C901, PLR0911 - each doubt ends it
        line, cells, marks = raw
        if marks or len(cells) != width:
            return None
        name, number = cells[at_name], cells[at_number]
        birth = born(number)
        if birth is None or name_good(name) is None or number[:2] not in areas:
            return None
        if not oldest < birth < youngest or number[15:] == "000":
            return None
        gender, word = male if number[16] in "13579" else female
        mobile = joined = None
        if at_mobile is not None:
            mobile = cells[at_mobile]
            if mobile_good(mobile) is None:
                return None
        if at_joined is not None and (told := cells[at_joined]):
            joined = days.get(told)
            if joined is None:
                joined = _clean_day(told, today)
                if joined is None:
                    return None
                if len(days) < _MOST_DAYS:
                    days[told] = joined
            if joined < birth:
                return None
        if (
            (at_kind is not None and cells[at_kind] not in kinds)
            or (at_gender is not None and cells[at_gender] not in ("", word))
            or (at_birth is not None and cells[at_birth] not in ("", birth.isoformat()))
        ):
            return None
        return PlainRow(line, name, resident, number, mobile, joined, gender, birth)

    return glance


def _clean_day(text: str, today: date) -> date | None:
    if _CLEAN_DAY.fullmatch(text) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FOUNDING <= day <= today else None


def judge_plain(
    rows: Iterable[RawRow], heading: Heading, today: date, *, twins: bool = True
) -> Iterator[PlainVerdict]:
    """Judge every row; accepted ones come as plain words, for a bulk import.

    Blank rows are no rows. With *twins* a document that an accepted row of the same file already
    has is rejected, which takes about 300 bytes of memory a row; a bulk import of millions turns
    it off and leaves doubles to the store's own unique index.

    Args:
        rows: The rows below the header.
        heading: The header that was found.
        today: The business day: nobody is born and nobody joins after it.
        twins: Whether doubles within the file are looked for.
    """
    glance, check = _glance(heading, today), number_check(today)
    seen = _Twins()
    first_with, first_called = seen.numbers.setdefault, seen.mobiles.setdefault
    old = seen.old_numbers
    for raw in rows:
        plain = glance(raw)
        if plain is not None:
            line, mobile = plain[0], plain[4]
            if not twins or (
                mobile is not None
                and not old
                and first_with(plain[3], line) == line
                and first_called(mobile, line) == line
            ):
                yield plain
                continue
        elif is_blank(raw):
            continue
        found = look_closely(raw, heading, today, check) if plain is None else plain
        if twins and isinstance(found, PlainRow):
            yield seen.verdict(found, raw, heading)
        else:
            yield found


def judge(
    rows: Iterable[RawRow], heading: Heading, today: date, *, twins: bool = True
) -> Iterator[Verdict]:
    """Judge every row as :func:`judge_plain` does; accepted ones come as checked values."""
    for found in judge_plain(rows, heading, today, twins=twins):
        yield found.checked() if isinstance(found, PlainRow) else found
