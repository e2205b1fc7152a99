"""Know what may stand in a cell that an office opens: text, and never a formula (公式注入).

ASVS 1.2.10; the programs differ, so whatever one of them could take for a formula counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_STARTS: Final = frozenset("=+-@\t\r\n\0＝＋－＠")
_FIRST: Final = _STARTS | frozenset('"|%')
"""What begins a formula, or a call, where it is the first character that is shown."""
_BEFORE: Final = " \u3000\"'"
"""Blanks and marks of text that some program takes away first."""
_QUOTE: Final = '"'
_INVISIBLE: Final = re.compile(
    r"[\0-\x08\x0b-\x1f\x7f-\x9f\xad\ufeff\u200b-\u200f\u2028-\u202e\u2060-\u2064]"
)


def _plain(text: str) -> str:
    return _INVISIBLE.sub("", text.replace("\t", " ").replace("\n", " ").replace("\r", " "))


def begins_formula(text: str) -> bool:
    """Return whether a spreadsheet might take *text* for a formula, after what it does not show."""
    if text[:1] in _STARTS:
        return True
    shown = "".join(filter(str.isprintable, _plain(text))).lstrip()
    return shown[:1] in _FIRST or shown.lstrip(_BEFORE)[:1] in _STARTS


def safe_cell(text: str) -> str:
    """Return *text* as a cell that no spreadsheet takes for a formula.

    A cell is one line without control characters; what might be a formula has an apostrophe before
    it. Rare characters of names that this Python does not know yet are kept.
    """
    return f"'{_plain(text)}" if begins_formula(text) else _plain(text)


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Return *rows* as lines of CSV (RFC 4180), each cell quoted; the cells are safe already."""
    quoted = ([f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' for cell in row] for row in rows)
    return "".join(f"{','.join(row)}\r\n" for row in quoted)
