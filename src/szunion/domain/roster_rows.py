"""Know the three verdicts on a row of a roster: accepted, rejected, passed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple, TypeAlias

from attrs import field, frozen

from szunion.domain.documents import DocumentKind, Gender
from szunion.domain.identity import DocumentNumber, IdentityDocument, Mobile, PersonName
from szunion.domain.masking import Field, mask
from szunion.domain.roster_sheet import Column, Heading, RawRow
from szunion.domain.values import Labelled
from szunion.errors import code_pages
from szunion.text import Language, Text


class Step(Labelled):
    """A way of mending how a value is written, never what it is (自动修正)."""

    FULL_WIDTH = "FULL_WIDTH", "全角转半角", "full width to half width"
    SPACES = "SPACES", "去空格", "spaces removed"
    INVISIBLE = "INVISIBLE", "去不可见字符", "invisible characters removed"
    UPPER_CASE = "UPPER_CASE", "x→X", "upper case"
    APOSTROPHE = "APOSTROPHE", "去撇号", "apostrophe removed"
    NUMBER_AS_TEXT = "NUMBER_AS_TEXT", "数字转文本", "number to text"
    DATE_FORM = "DATE_FORM", "日期写法统一", "date written out"
    DOT = "DOT", "间隔号统一", "dot between names"
    NORMAL_FORM = "NORMAL_FORM", "字符规范化", "characters normalised"
    COUNTRY_CODE = "COUNTRY_CODE", "国家代码统一", "country code"


@frozen
class Fix:
    """One mended cell (修正): which step, and the value before and after it, masked."""

    row: int
    column: Column
    step: Step
    before_masked: str
    after_masked: str


_FIELDS: Final = {
    Column.NAME: Field.NAME,
    Column.DOCUMENT_NUMBER: Field.IDENTITY_NUMBER,
    Column.MOBILE: Field.MOBILE,
}


def cell_masked(column: Column | None, text: str) -> str:
    """Return what of a cell may be shown; anything unexpected is stars."""
    shown = mask(_FIELDS[column], text) if column in _FIELDS else "*" * min(len(text), 20)
    return shown if len(shown) <= _MOST_SHOWN else shown[:_MOST_SHOWN] + "…"


_MOST_SHOWN: Final = 40


@frozen
class RowError:
    """One thing that is wrong in a row (错误), and what to do about it."""

    row: int
    """The line number in the file, from 1."""
    column: Column | None
    """The column that is wrong; None: the row as a whole."""
    code: str
    value_masked: str
    what: Text
    hint: Text

    @classmethod
    def make(
        cls,
        row: int,
        column: Column | None,
        code: str,
        value_masked: str = "",
        /,
        **context: object,
    ) -> RowError:
        """Return the error *code*, its texts filled from *context*."""
        page = code_pages()[code]
        what, do = (
            Text(*(text.say(language, **context) for language in Language))
            for text in (page.what, page.do)
        )
        return cls(row, column, code, value_masked, what, do)


@frozen
class RowWarning:
    """Something odd in a row that does not stand against it (提示)."""

    row: int
    column: Column | None
    code: str
    value_masked: str = ""
    other: int | None = None
    """The other row that this is about, if there is one."""

    @property
    def what(self) -> Text:
        """What is odd."""
        what = code_pages()[self.code].what
        return Text(*(what.say(language, other=self.other) for language in Language))


@frozen
class RosterRow:
    """An accepted row (可导入): every value checked."""

    row: int
    name: PersonName
    document: IdentityDocument
    mobile: Mobile | None = None
    joined: date | None = None
    """The day of joining the union; of a month alone, its first day."""
    gender: Gender | None = None
    birth: date | None = None
    fixes: tuple[Fix, ...] = ()
    warnings: tuple[RowWarning, ...] = ()


@frozen
class RejectedRow:
    """A row that cannot be used (退回), with everything that is wrong with it."""

    row: int
    errors: tuple[RowError, ...]
    cells: tuple[str, ...] = field(repr=False)
    """The row as the file has it, for the to-mend workbook. Personal data."""


def cells_of(raw: RawRow, heading: Heading) -> tuple[str, ...]:
    """Return the cells of *raw*, at least as many as the header has."""
    missing = len(heading.headers) - len(raw.cells)
    return (*raw.cells, *[""] * missing)


@frozen
class PassedOver:
    """A row that is no member (略过): a total, a signature, a sample row of the template."""

    row: int
    code: str


class PlainRow(NamedTuple):
    """An accepted row in plain words, for a bulk import; prints masked."""

    row: int
    name: str
    kind: DocumentKind
    number: str
    mobile: str | None
    joined: date | None
    gender: Gender | None
    birth: date | None
    fixes: Sequence[Fix] = ()
    warnings: Sequence[RowWarning] = ()

    def __repr__(self) -> str:
        return f"PlainRow({self.row}, {mask(Field.NAME, self.name)})"

    def checked(self) -> RosterRow:
        """Return the same row as checked values that print masked."""
        return RosterRow(
            self.row,
            PersonName(self.name),
            IdentityDocument(self.kind, DocumentNumber(self.number)),
            None if self.mobile is None else Mobile(self.mobile),
            self.joined,
            self.gender,
            self.birth,
            tuple(self.fixes),
            tuple(self.warnings),
        )


Verdict: TypeAlias = RosterRow | RejectedRow | PassedOver
PlainVerdict: TypeAlias = PlainRow | RejectedRow | PassedOver
