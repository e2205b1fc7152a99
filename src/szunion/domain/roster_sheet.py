"""Know what a roster (花名册) looks like before it is judged: columns, header words, raw rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import frozen

from szunion.domain.values import Labelled
from szunion.errors import InvalidInput


class Column(Labelled):
    """What a column of a roster says (列)."""

    NAME = "NAME", "姓名", "name"
    DOCUMENT_KIND = "DOCUMENT_KIND", "证件类型", "kind of document"
    DOCUMENT_NUMBER = "DOCUMENT_NUMBER", "证件号码", "document number"
    MOBILE = "MOBILE", "手机", "mobile"
    JOINED = "JOINED", "入会日期", "joined on"
    GENDER = "GENDER", "性别", "sex"
    BIRTH = "BIRTH", "出生日期", "born on"
    ORIGINAL_ROW = "ORIGINAL_ROW", "原行号", "original row"
    ERROR_CODE = "ERROR_CODE", "错误代码", "error code"
    WHAT_TO_DO = "WHAT_TO_DO", "怎么改", "what to do"


REQUIRED: Final = frozenset({Column.NAME, Column.DOCUMENT_NUMBER})
"""Without these two a line is no header."""
OURS: Final = frozenset({Column.ORIGINAL_ROW, Column.ERROR_CODE, Column.WHAT_TO_DO})
"""Columns that a to-mend workbook adds; they are recognised and not read."""

_WORDS: Final[Mapping[Column, str]] = MappingProxyType(
    {
        Column.NAME: (
            "姓名 名字 会员姓名 职工姓名 员工姓名 人员姓名 本人姓名 申请人姓名 中文姓名 "
            "name fullname"
        ),
        Column.DOCUMENT_KIND: (
            "证件类型 证件种类 证件名称 证件类别 身份证件类型 有效证件类型 documentkind "
            "documenttype idtype"
        ),
        Column.DOCUMENT_NUMBER: (
            "证件号码 证件号 身份证号 身份证号码 身份证 公民身份号码 公民身份证号 公民身份证号码 "
            "居民身份证号 居民身份证号码 身份号码 有效证件号码 有效证件号 身份证件号码 "
            "二代身份证号 二代身份证号码 身份证证号 documentnumber idnumber idno id"
        ),
        Column.MOBILE: (
            "手机 手机号 手机号码 移动电话 联系电话 联系手机 联系方式 电话 电话号码 手机电话 "
            "本人手机 本人手机号 本人手机号码 联系号码 mobile mobilephone phone phonenumber"
        ),
        Column.JOINED: (
            "入会日期 入会时间 加入工会日期 加入工会时间 入会年月 加入日期 joinedon joined joindate"
        ),
        Column.GENDER: "性别 sex gender",
        Column.BIRTH: "出生日期 出生年月 出生年月日 生日 出生时间 birthdate dateofbirth born",
        Column.ORIGINAL_ROW: "原行号 originalrow",
        Column.ERROR_CODE: "错误代码 errorcode",
        Column.WHAT_TO_DO: "怎么改 whattodo",
    }
)
_TITLE_ROWS: Final = 30
"""Rows above the header that are looked at, at most: titles, notes, merged cells."""
_NOISE: Final = re.compile(r"[(（\[【].*?[)）\]】]|[\s*＊:：、/_\-.。·]+", re.DOTALL)


def header_words() -> Mapping[str, Column]:
    """Return every header word we know (表头同义词), simplified as :func:`plain_header` does."""
    return {word: column for column, line in _WORDS.items() for word in line.split()}


def plain_header(text: str) -> str:
    """Return *text* as header words are compared: half-width, lower case, bare of signs."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()


class RawRow(NamedTuple):
    """One row as a file has it: line number (from 1), cells as text, what the reader noticed.

    A mark is a cell's position (from 0) and a code: a formula, a value that is an error.
    ``U+FFFD`` in a cell stands for bytes that could not be decoded.
    """

    line: int
    cells: Sequence[str]
    marks: Sequence[tuple[int, str]] = ()

    def __repr__(self) -> str:
        return f"RawRow({self.line}, {len(self.cells)} cells)"


@frozen
class Heading:
    """Where the header stands and which column says what (表头与列对应)."""

    line: int
    """The header's line number, from 1; above it are titles."""
    headers: tuple[str, ...]
    """The header cells as the file has them."""
    columns: Mapping[Column, int]
    """The position (from 0) of each column that was recognised."""

    @property
    def unused(self) -> tuple[str, ...]:
        """The headers of columns that are not read."""
        known = set(self.columns.values())
        return tuple(h for at, h in enumerate(self.headers) if at not in known and h.strip())

    def header(self, column: Column) -> str:
        """Return the file's own word for *column*, or ours where the file has no such column."""
        at = self.columns.get(column)
        return column.label if at is None else self.headers[at].strip()


def read_heading(row: RawRow) -> Heading | None:
    """Return the heading if *row* is a header, else None.

    Raises:
        InvalidInput: two columns say the same, so that nobody knows which holds (E-ROSTER-006).
    """
    words = header_words()
    found: dict[Column, int] = {}
    doubled: set[Column] = set()
    for at, cell in enumerate(row.cells):
        column = words.get(plain_header(cell[:64]))
        if column is not None and found.setdefault(column, at) != at:
            doubled.add(column)
    if not found.keys() >= REQUIRED:
        return None
    if doubled:
        column = min(doubled, key=lambda one: one.value)
        raise InvalidInput(
            "E-ROSTER-006",
            column=column.label,
            column_en=column.label_en,
            line=row.line,
            first=row.cells[found[column]].strip()[:20],
        )
    return Heading(row.line, tuple(row.cells), MappingProxyType(found))


def split_heading(rows: Iterable[RawRow]) -> tuple[Heading, Iterator[RawRow]] | None:
    """Return the heading and the rows below it; None: none of the first 30 rows is a header.

    Raises:
        InvalidInput: two columns say the same (E-ROSTER-006).
    """
    rest = iter(rows)
    for seen, row in enumerate(rest, start=1):
        heading = read_heading(row)
        if heading is not None:
            return heading, rest
        if seen == _TITLE_ROWS:
            break
    return None
