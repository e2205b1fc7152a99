"""Know how rows stand below each other on a terminal, where Chinese takes two columns (表格)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from szunion.cli.streams import in_a_cell

NOTHING: Final = "—"
_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9,]*(\.[0-9]+)?%?", re.ASCII)


def width(words: str) -> int:
    """Return how many columns *words* take on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in words)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table aligned by display width; numbers stand to the right."""
    cells = [[in_a_cell(str(cell)) for cell in row] for row in rows]
    widths = [
        max([width(title), *(width(row[column]) for row in cells)])
        for column, title in enumerate(head)
    ]
    right = [
        all(_NUMBER.fullmatch(row[column]) or row[column] == NOTHING for row in cells)
        and any(row[column] != NOTHING for row in cells)
        for column in range(len(head))
    ]

    def line(row: Sequence[str]) -> str:
        padded = []
        for text, wide, to_right in zip(row, widths, right, strict=True):
            space = " " * (wide - width(text))
            padded.append(space + text if to_right else text + space)
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), line(["─" * wide for wide in widths]), *map(line, cells)])


def titled(rows: Iterable[tuple[str, str]]) -> str:
    """Return pairs of a title and words, a line each, the words below each other."""
    pairs = list(rows)
    widest = max((width(title) for title, _ in pairs), default=0)
    return "\n".join(
        f"  {title}{' ' * (widest - width(title))}  {words}".rstrip() for title, words in pairs
    )
