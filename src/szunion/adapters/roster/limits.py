"""Know how large a roster file may be, in one table."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from szunion.errors import InvalidInput
from szunion.text import Text

MEBIBYTE: Final = 1024 * 1024
CEILING_ROWS: Final = 1_000_000
"""Rows that a city may allow at most: a workbook cannot have many more."""


@frozen(kw_only=True)
class Limits:
    """What a roster file may be at most; a city may raise some of it, to a ceiling."""

    upload: int = 20 * MEBIBYTE
    """Bytes of the file."""
    unzipped: int = 200 * MEBIBYTE
    """Bytes of all parts of a workbook together."""
    ratio: int = 100
    """Bytes that one packed byte may unpack to, in parts above 64 KiB."""
    entries: int = 64
    """Parts of a workbook."""
    rows: int = field(default=50_000)
    """Rows with a value in a sheet, the header and titles not counted."""
    columns: int = 64
    """Columns with a value in a sheet."""
    cell: int = 1_024
    """Characters of a cell."""
    seconds: int = 60
    """Seconds that the reading process may let us wait for its next answer."""

    @rows.validator
    def _below_the_ceiling(self, _: object, value: int) -> None:
        if not 0 < value <= CEILING_ROWS:
            raise InvalidInput("E-ROSTER-002", limit="行数", limit_en="rows", most=CEILING_ROWS)


UPLOAD: Final = Text("文件大小（字节）", "bytes of the file")
UNZIPPED: Final = Text("解压后的大小（字节）", "bytes when unpacked")
RATIO: Final = Text("压缩比", "ratio of packing")
ENTRIES: Final = Text("压缩包内的文件数", "parts of the workbook")
ROWS: Final = Text("行数", "rows")
COLUMNS: Final = Text("列数", "columns")
CELL: Final = Text("单元格字数", "characters of a cell")
FORMULAS: Final = Text("公式个数", "formulas")


def too_much(limit: Text, most: int) -> InvalidInput:
    """Return the error for a file that breaks *limit* (E-ROSTER-002)."""
    return InvalidInput("E-ROSTER-002", limit=limit.zh, limit_en=limit.en, most=most)


def hostile(found: Text) -> InvalidInput:
    """Return the error for a file that holds what a roster never holds (E-ROSTER-007)."""
    return InvalidInput("E-ROSTER-007", found=found.zh, found_en=found.en)


def unreadable(cause: Text) -> InvalidInput:
    """Return the error for a workbook that could not be read to its end (E-ROSTER-008)."""
    return InvalidInput("E-ROSTER-008", cause=cause.zh, cause_en=cause.en)
