"""Know how one row of a roster is mended and checked, cell by cell, everything wrong at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from attrs import Factory, frozen

from szunion.domain.documents import (
    CHECKED,
    HINTS,
    DocumentKind,
    Gender,
    area_is_known,
    birth_date_of,
    check_character,
    gender_of,
    has_form,
    kind_by_form,
    to_18,
)
from szunion.domain.documents import Verdict as NumberVerdict
from szunion.domain.identity import Mobile, PersonName, age_on, private_use
from szunion.domain.roster_mending import (
    GENDERS_BY_WORD,
    KINDS_BY_WORD,
    DayFault,
    Mended,
    ends_destroyed,
    is_destroyed,
    mend_mobile,
    mend_name,
    mend_number,
    mend_word,
    read_day,
)
from szunion.domain.roster_rows import (
    Fix,
    PassedOver,
    PlainRow,
    RejectedRow,
    RowError,
    RowWarning,
    Step,
    cell_masked,
    cells_of,
)
from szunion.domain.roster_sheet import Column, Heading, RawRow
from szunion.errors import InvalidInput

NumberCheck = Callable[[str], NumberVerdict]

SAMPLE_BODIES: Final = ("44030019000101001", "44030019000101002")
"""The 17 digits of the template's sample rows: born in 1900, so nobody's."""
_SAMPLE: Final = "1900010100"
_FOOTER: Final = re.compile(
    "合计|总计|小计|共计|填表|制表|制单|审核|经办|负责人|联系人|填报|备注|说明|注[:：]|单位.{0,2}盖章"
)
_BROKEN: Final = "E-ROSTER-055"
_UNDECODED: Final = "\ufffd"
_YOUNGEST, _OLDEST = 16, 100
_FIRST_JOINING: Final = date(1925, 5, 1)
"""The All-China Federation of Trade Unions was founded on this day."""
_FIRST_BIRTH: Final = date(1900, 1, 1)
_LENGTH: Final = 18
_NUMBER_CODES: Final = {
    NumberVerdict.LENGTH: "E-ROSTER-010",
    NumberVerdict.CHARACTERS: "E-ROSTER-013",
    NumberVerdict.DATE: "E-ROSTER-014",
    NumberVerdict.CHECK_DIGIT: "E-ROSTER-011",
}


def sample_numbers() -> frozenset[str]:
    """Return the document numbers of the template's sample rows (示例行)."""
    return frozenset(body + check_character(body) for body in SAMPLE_BODIES)


@frozen
class _Sight:
    """One row while it is looked at, and what has been seen so far."""

    raw: RawRow
    heading: Heading
    today: date
    check: NumberCheck
    fixes: list[Fix] = Factory(list)
    errors: list[RowError] = Factory(list)
    warnings: list[RowWarning] = Factory(list)

    def cell(self, column: Column) -> str:
        at = self.heading.columns.get(column, -1)
        return self.raw.cells[at] if 0 <= at < len(self.raw.cells) else ""

    def fixed(self, column: Column, mended: Mended) -> str:
        for step, before, after in mended.steps:
            shown = cell_masked(column, before), cell_masked(column, after)
            self.fixes.append(Fix(self.raw.line, column, step, *shown))
        return mended.text

    def wrong(self, column: Column | None, code: str, text: str = "", /, **context: object) -> None:
        """Note an error; *text* is shown masked."""
        shown = cell_masked(column, text) if text else ""
        self.errors.append(RowError.make(self.raw.line, column, code, shown, **context))

    def figure(self, column: Column, code: str, text: str) -> None:
        """Note a number that Excel has turned into the figure *text*; two digits are shown."""
        seen = re.match(r"([0-9])(?:\.([0-9]{1,2}))?[0-9]*E\+?([0-9]+)", text, re.ASCII)
        shown = "(…)" if seen is None else f"({seen[1]}.{seen[2] or 0}E+{seen[3]})"
        self.errors.append(RowError.make(self.raw.line, column, code, shown))

    def odd(self, column: Column, code: str, text: str = "") -> None:
        """Note a warning; *text* is shown masked."""
        shown = cell_masked(column, text) if text else ""
        self.warnings.append(RowWarning(self.raw.line, column, code, shown))


def _marks(sight: _Sight) -> set[Column]:
    """Tell what the reader noticed; return the columns whose text is of no use."""
    by_place = {at: column for column, at in sight.heading.columns.items()}
    useless = set[Column]()
    whole_row = {"E-ROSTER-050", "E-ROSTER-051"}
    undecoded = any(code == "E-ROSTER-050" for _, code in sight.raw.marks)
    for at, code in sight.raw.marks:
        column = by_place.get(at)
        if code.startswith("W"):
            if column is not None:
                sight.odd(column, code)
        elif column is not None or code in whole_row:
            sight.wrong(column, code)
            if column is not None:
                useless.add(column)
    for column in sight.heading.columns:
        if _UNDECODED in sight.cell(column) and column not in useless:
            useless.add(column)
            if not undecoded:
                sight.wrong(column, "E-ROSTER-050")
    if any(cell.strip() for cell in sight.raw.cells[len(sight.heading.headers) :]):
        sight.wrong(None, "E-ROSTER-053")
    return useless


def _name(sight: _Sight) -> str | None:
    cell = sight.cell(Column.NAME)
    name = sight.fixed(Column.NAME, mend_name(cell))
    if not name:
        sight.wrong(Column.NAME, "E-ROSTER-021")
        return None
    try:
        PersonName(name)
    except InvalidInput:
        sight.wrong(Column.NAME, "E-ROSTER-022", name)
        return None
    if private_use(name):
        sight.odd(Column.NAME, "W-ROSTER-105", name)
    return name


def _kinds(sight: _Sight) -> tuple[DocumentKind, ...] | None:
    """Return the kinds the row declares; empty: none; None: a word we do not know."""
    word = mend_word(sight.cell(Column.DOCUMENT_KIND))
    if not word:
        return ()
    kinds = KINDS_BY_WORD.get(word)
    if kinds is None:
        known = "、".join(kind.label for kind in DocumentKind)
        sight.wrong(Column.DOCUMENT_KIND, "E-ROSTER-015", kinds=known)
    return kinds


def _why_no_kind(number: str) -> tuple[str, dict[str, object]]:
    """Return the code for a number that has the form of no kind, and what fills its texts."""
    if re.fullmatch(r"[0-9A-Z]+", number, re.ASCII) is None:
        return "E-ROSTER-013", {}
    if len(number) == _LENGTH:
        return "E-ROSTER-013", {}
    if re.fullmatch(r"[0-9]+X?", number, re.ASCII) is not None:
        return "E-ROSTER-010", {"given": len(number)}
    return "E-ROSTER-018", {}


def _document(sight: _Sight) -> tuple[DocumentKind, str] | None:
    column = Column.DOCUMENT_NUMBER
    number = sight.fixed(column, mend_number(sight.cell(column)))
    kinds = _kinds(sight)
    if not number:
        sight.wrong(column, "E-ROSTER-017")
        return None
    if is_destroyed(number):
        sight.figure(column, "E-ROSTER-012", number)
        return None
    if kinds is None:
        return None
    kind = kind_by_form(number)
    if kinds:
        kind = next((one for one in kinds if has_form(one, number)), None)
    if kind is None and kinds and DocumentKind.RESIDENT not in kinds:
        declared, hint = kinds[0].text, HINTS[kinds[0]]
        words = {"kind": declared.zh, "kind_en": declared.en, "hint": hint.zh, "hint_en": hint.en}
        sight.wrong(column, "E-ROSTER-016", number, **words)
        return None
    if kind is None:
        _no_kind(sight, number, declared=bool(kinds))
        return None
    return (kind, number) if _number_holds(sight, kind, number) else None


def _no_kind(sight: _Sight, number: str, *, declared: bool) -> None:
    if declared and kind_by_form(number) is not None:
        text, hint = DocumentKind.RESIDENT.text, HINTS[DocumentKind.RESIDENT]
        words = {"kind": text.zh, "kind_en": text.en, "hint": hint.zh, "hint_en": hint.en}
        sight.wrong(Column.DOCUMENT_NUMBER, "E-ROSTER-016", number, **words)
        return
    code, context = _why_no_kind(number)
    if declared and code == "E-ROSTER-018":
        code = "E-ROSTER-013"
    sight.wrong(Column.DOCUMENT_NUMBER, code, number, **context)


def _number_holds(sight: _Sight, kind: DocumentKind, number: str) -> bool:
    column = Column.DOCUMENT_NUMBER
    full = to_18(number) if kind is DocumentKind.RESIDENT_15 else number
    if kind in CHECKED or kind is DocumentKind.RESIDENT_15:
        found = sight.check(full)
        if found is NumberVerdict.CHECK_DIGIT and ends_destroyed(number):
            sight.wrong(column, "E-ROSTER-012", number)
            return False
        if found is not NumberVerdict.OK:
            sight.wrong(column, _NUMBER_CODES[found], number, given=len(number))
            return False
        if ends_destroyed(number):
            sight.odd(column, "W-ROSTER-110", number)
        birth = birth_date_of(full, sight.today)
        if birth is not None and not _YOUNGEST <= age_on(birth, sight.today) <= _OLDEST:
            sight.odd(column, "W-ROSTER-114", number)
    if not area_is_known(kind, number):
        sight.odd(column, "W-ROSTER-101", number)
    return True


def _mobile(sight: _Sight) -> str | None:
    column = Column.MOBILE
    if column not in sight.heading.columns:
        return None
    number = sight.fixed(column, mend_mobile(sight.cell(column)))
    if not number:
        sight.odd(column, "W-ROSTER-106")
        return None
    if is_destroyed(number.upper()):
        sight.figure(column, "E-ROSTER-031", "")
        return None
    try:
        Mobile(number)
    except InvalidInput:
        sight.wrong(column, "E-ROSTER-030", number)
        return None
    return number


def _day(sight: _Sight, column: Column, first: date) -> date | None:
    cell = sight.cell(column).strip()
    if not cell:
        return None
    words = {"column": column.label, "column_en": column.label_en}
    day = read_day(cell)
    if isinstance(day, DayFault):
        month = cell if day is DayFault.JANUARY_OR_OCTOBER and len(cell) == len("2017.1") else ""
        sight.wrong(column, day.value, month=month, **words)
        return None
    if not first <= day <= sight.today:
        sight.wrong(column, "E-ROSTER-041", **words)
        return None
    if day.isoformat() != cell:
        shown = cell_masked(column, cell) if column is Column.BIRTH else cell[:20]
        after = cell_masked(column, "0000-00-00") if column is Column.BIRTH else day.isoformat()
        sight.fixes.append(Fix(sight.raw.line, column, Step.DATE_FORM, shown, after))
    return day


def _gender(sight: _Sight) -> Gender | None:
    word = mend_word(sight.cell(Column.GENDER))
    if not word:
        return None
    if word not in GENDERS_BY_WORD:
        sight.wrong(Column.GENDER, "E-ROSTER-043")
    return GENDERS_BY_WORD.get(word)


def _is_sample(sight: _Sight) -> bool:
    cell = sight.cell(Column.DOCUMENT_NUMBER)
    return _SAMPLE in cell and mend_number(cell).text in sample_numbers()


def _is_footer(sight: _Sight) -> bool:
    """Return whether this is a line of totals or signatures: words, but no number of anybody."""
    if sight.cell(Column.DOCUMENT_NUMBER).strip():
        return False
    first = next((cell.strip() for cell in sight.raw.cells if cell.strip()), "")
    return _FOOTER.match(first) is not None


def is_blank(raw: RawRow) -> bool:
    """Return whether nothing stands in the row: it is no row then, and gets no verdict."""
    return not raw.marks and not any(cell.strip() for cell in raw.cells)


def look_closely(
    raw: RawRow, heading: Heading, today: date, check: NumberCheck
) -> PlainRow | RejectedRow | PassedOver:
    """Return the verdict on one row by itself; what other rows hold is not looked at."""
    sight = _Sight(raw, heading, today, check)
    if any(code == _BROKEN for _, code in raw.marks):
        sight.wrong(None, _BROKEN)  # nobody knows which cell is which: say no more
        return RejectedRow(raw.line, tuple(sight.errors), cells_of(raw, heading))
    if _is_sample(sight):
        return PassedOver(raw.line, "W-ROSTER-113")
    if _is_footer(sight):
        return PassedOver(raw.line, "W-ROSTER-112")
    useless = _marks(sight)
    name = None if Column.NAME in useless else _name(sight)
    document = None if Column.DOCUMENT_NUMBER in useless else _document(sight)
    mobile = None if Column.MOBILE in useless else _mobile(sight)
    gender = None if Column.GENDER in useless else _gender(sight)
    birth = None if Column.BIRTH in useless else _day(sight, Column.BIRTH, _FIRST_BIRTH)
    if document is not None:
        birth = _as_document_says(sight, document, birth)
        gender = _gender_as_document_says(sight, document, gender)
    first = max(_FIRST_JOINING, birth or _FIRST_JOINING)
    joined = None if Column.JOINED in useless else _day(sight, Column.JOINED, first)
    if sight.errors or name is None or document is None:
        return RejectedRow(raw.line, tuple(sight.errors), cells_of(raw, heading))
    kind, number = document
    return PlainRow(
        raw.line, name, kind, number, mobile, joined, gender, birth,
        tuple(sight.fixes), tuple(sight.warnings),
    )  # fmt: skip


def _as_document_says(
    sight: _Sight, document: tuple[DocumentKind, str], told: date | None
) -> date | None:
    kind, number = document
    if kind is DocumentKind.RESIDENT_15:
        number = to_18(number)
    elif kind not in CHECKED:
        return told
    birth = birth_date_of(number, sight.today)
    if told is not None and told != birth:
        sight.odd(Column.BIRTH, "W-ROSTER-104")
    return birth


def _gender_as_document_says(
    sight: _Sight, document: tuple[DocumentKind, str], told: Gender | None
) -> Gender | None:
    said = gender_of(*document)
    if said is None:
        return told
    if told is not None and told is not said:
        sight.odd(Column.GENDER, "W-ROSTER-103")
    return said
