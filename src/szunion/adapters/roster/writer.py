"""Know how workbooks for offices are written: as text, inert, the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen

from szunion.domain.cells import begins_formula
from szunion.domain.documents import DocumentKind
from szunion.domain.roster_cells import sample_numbers
from szunion.domain.roster_rows import RejectedRow, RowError
from szunion.domain.roster_sheet import OURS, Column, Heading
from szunion.errors import InvalidInput
from szunion.ports.roster import RosterWriter
from szunion.text import Language

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_CREATED: Final = datetime(2017, 11, 23, tzinfo=UTC).replace(tzinfo=None)
"""The day of creation that every workbook says, so that the same content is the same bytes."""
_OPTIONS: Final = {
    "in_memory": True,  # nothing with names in it is left in a folder for temporary files
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_MOST_NOTES: Final = 2_000
"""Cells that get a note; each is a drawing, and offices' machines are slow."""
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TEMPLATE: Final = (
    (Column.NAME, 14),
    (Column.DOCUMENT_KIND, 24),
    (Column.DOCUMENT_NUMBER, 24),
    (Column.MOBILE, 18),
    (Column.JOINED, 14),
)
_NOTES: Final = {
    Column.NAME: "与证件一致；少数民族姓名用“·”；不加空格。",
    Column.DOCUMENT_KIND: "从下拉列表选；居民身份证可不填；护照必须注明。",
    Column.DOCUMENT_NUMBER: "本列已设为“文本”，请直接填写，不要改成数字；末位 X 大写。",
    Column.MOBILE: "本人手机号，11 位；港澳台号码写 +852、+853 或 +886。",
    Column.JOINED: "写成 2017-11-23 或 2017-11。",
}
_SAMPLES: Final = (("示例甲", "13800000001", "2017-11-23"), ("示例乙", "13800000002", "2017-11"))
_LAST_ROW: Final = 50_031
_RED: Final = "#F8CBAD"


@frozen
class ExcelRosterWriter:
    """Writes rosters as xlsx (花名册写出)."""

    language: Language = Language.ZH

    def template(self) -> bytes:
        """Return an empty roster; see :class:`szunion.ports.roster.RosterWriter`."""
        with _workbook() as (book, out):
            sheet = book.add_worksheet("花名册")
            text = book.add_format({"num_format": "@"})
            sample = book.add_format({"num_format": "@", "italic": True, "font_color": "#808080"})
            header = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
            for at, (column, width) in enumerate(_TEMPLATE):
                sheet.set_column(at, at, width, text)
                sheet.write_string(0, at, column.label, header)
                sheet.write_comment(0, at, _NOTES[column])
            for row, sample_cells in enumerate(_samples(), start=1):
                for at, cell in enumerate(sample_cells):
                    sheet.write_string(row, at, cell, sample)
            kinds = [kind.label for kind in DocumentKind]
            sheet.data_validation(
                1, 1, _LAST_ROW, 1,
                {"validate": "list", "source": kinds, "error_type": "warning"},
            )  # fmt: skip
            sheet.freeze_panes(1, 0)
            _explain(book, text)
        return out.getvalue()

    def to_mend(self, heading: Heading, rejected: Iterable[RejectedRow]) -> bytes:
        """Return the to-mend workbook; see :class:`szunion.ports.roster.RosterWriter`."""
        bad = list(rejected)
        with _workbook() as (book, out):
            sheet = book.add_worksheet("待修正")
            page = _MendPage(sheet, heading, _kept(heading, bad), _Inks.made(book), self.language)
            page.write_header(book.add_format({"num_format": "@", "bold": True, "bottom": 1}))
            notes = _MOST_NOTES
            for place, row in enumerate(bad, start=1):
                notes -= page.write_row(place, row, notes)
            sheet.freeze_panes(1, 0)
        return out.getvalue()


@frozen
class _MendPage:
    """The one sheet of a to-mend workbook."""

    sheet: Worksheet
    heading: Heading
    columns: list[int]
    """Positions of the file's columns that are written."""
    inks: _Inks
    language: Language

    def write_header(self, ink: Format) -> None:
        """Write the file's own headers and our three."""
        titles = self.heading.headers
        self.sheet.set_column(0, len(self.columns) + 2, 18, self.inks.plain)
        for at, column in enumerate(self.columns):
            _put(self.sheet, 0, at, titles[column] if column < len(titles) else "", ink)
        ours = (Column.ERROR_CODE, Column.WHAT_TO_DO, Column.ORIGINAL_ROW)
        for at, ours_column in enumerate(ours, start=len(self.columns)):
            self.sheet.write_string(0, at, ours_column.label, ink)

    def write_row(self, place: int, row: RejectedRow, notes: int) -> int:
        """Write one bad row with at most *notes* notes; return how many it took."""
        wrong: dict[int, list[RowError]] = {}
        for error in row.errors:
            if error.column is not None and error.column in self.heading.columns:
                wrong.setdefault(self.heading.columns[error.column], []).append(error)
        taken = 0
        for at, column in enumerate(self.columns):
            cell = row.cells[column] if column < len(row.cells) else ""
            _put(self.sheet, place, at, cell, self.inks.of(cell, red=column in wrong))
            if column in wrong and taken < notes:
                self.sheet.write_comment(place, at, "\n".join(map(self._say, wrong[column])))
                taken += 1
        codes = " ".join(dict.fromkeys(error.code for error in row.errors))
        hints = "；".join(dict.fromkeys(map(self._say, row.errors)))
        last = (codes, hints, _original(row, self.heading))
        for at, cell in enumerate(last, start=len(self.columns)):
            _put(self.sheet, place, at, cell, self.inks.plain)
        return taken

    def _say(self, error: RowError) -> str:
        return f"{error.what.say(self.language)}：{error.hint.say(self.language)}"


@frozen
class _Inks:
    """The formats of cells: plain or red, each also for what could be taken for a formula."""

    plain: Format
    plain_quoted: Format
    red: Format
    red_quoted: Format

    @classmethod
    def made(cls, book: Workbook) -> Self:
        """Return the formats, made in *book*."""
        text, red, quoted = {"num_format": "@"}, {"bg_color": _RED}, {"quote_prefix": True}
        return cls(
            *(book.add_format({**text, **more}) for more in ({}, quoted, red, {**red, **quoted}))
        )

    def of(self, cell: str, *, red: bool) -> Format:
        if begins_formula(cell):
            return self.red_quoted if red else self.plain_quoted
        return self.red if red else self.plain


@contextmanager
def _workbook() -> Iterator[tuple[Workbook, BytesIO]]:
    if find_spec("xlsxwriter") is None:
        raise InvalidInput("E-ROSTER-009", package="xlsxwriter")
    from xlsxwriter.workbook import Workbook  # noqa: PLC0415 - only with the extra

    out = BytesIO()
    book = Workbook(out, _OPTIONS)
    book.set_properties({"created": _CREATED})
    yield book, out
    book.close()


def _put(sheet: Worksheet, row: int, column: int, cell: str, ink: Format) -> None:
    """Write *cell* as text whatever it looks like, without characters XML cannot hold."""
    sheet.write_string(row, column, _FORBIDDEN.sub("", cell), ink)


def _samples() -> Iterator[tuple[str, ...]]:
    kind = DocumentKind.RESIDENT.label
    for number, (name, mobile, joined) in zip(sorted(sample_numbers()), _SAMPLES, strict=True):
        yield name, kind, number, mobile, joined


def _explain(book: Workbook, text: Format) -> None:
    sheet = book.add_worksheet("填写说明")
    sheet.set_column(0, 0, 14, text)
    sheet.set_column(1, 1, 80, text)
    for at, (column, _) in enumerate(_TEMPLATE):
        sheet.write_string(at, 0, column.label, text)
        sheet.write_string(at, 1, _NOTES[column], text)
    lines = (
        "灰色的两行是示例，导入时自动略过。",
        "可以增加别的列，如部门、备注；不认识的列不读取。",
    )
    for at, line in enumerate(lines, start=len(_TEMPLATE)):
        sheet.write_string(at, 1, line, text)


def _kept(heading: Heading, bad: Sequence[RejectedRow]) -> list[int]:
    """Return the positions of the file's own columns: not ours of an earlier to-mend workbook."""
    ours = {heading.columns[column] for column in OURS if column in heading.columns}
    widest = max((len(row.cells) for row in bad), default=0)
    last = max(
        (at for at, title in enumerate(heading.headers) if title.strip()),
        default=len(heading.headers) - 1,
    )
    filled = (
        at
        for at in range(last + 1, widest)
        if any(at < len(row.cells) and row.cells[at].strip() for row in bad)
    )
    end = max(filled, default=last) + 1
    return [at for at in range(end) if at not in ours]


def _original(row: RejectedRow, heading: Heading) -> str:
    """Return the row's number in the file where it was first rejected."""
    at = heading.columns.get(Column.ORIGINAL_ROW)
    told = row.cells[at].strip() if at is not None and at < len(row.cells) else ""
    return told or str(row.row)


def _conforms(writer: ExcelRosterWriter) -> RosterWriter:
    return writer
