"""Know how text rosters are read: which encoding, which separator, and rows as a stream.

The rule for the encoding is declared, nothing is guessed from frequencies: a UTF-8 mark decides;
else the header is read as UTF-8, then as GB18030, and the first reading in which it is a header
holds. UTF-16 is refused. Bytes that cannot be decoded are an error of their row.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, Final

from attrs import Factory, define, frozen

from szunion.adapters.roster import limits as words
from szunion.adapters.roster.limits import Limits, too_much
from szunion.domain.roster_sheet import Heading, RawRow, split_heading
from szunion.errors import InvalidInput

_HEAD: Final = 64 * 1024
"""Bytes in which the header must stand."""
_TRIED: Final = 4096
"""Bytes in which what is no text shows itself."""
_IN_NO_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_ENCODINGS: Final = ("utf-8", "gb18030")
_SEPARATORS: Final = (",", "\t", ";")
_MOST_LINES: Final = 8
"""Lines that one row may take by line breaks in cells; more is a quote left open."""
_REPLACED: Final = "\ufffd"
_BLOCK: Final = 64 * 1024
"""Bytes that are read at once; where every line in them is a plain row, nothing is parsed."""


@frozen
class TextSheet:
    """A text roster that was opened: its encoding, its header, the rows below."""

    encoding: str
    heading: Heading
    rows: Iterator[RawRow]


def open_csv(source: BinaryIO, limits: Limits) -> TextSheet:
    """Open the text roster in *source*.

    Raises:
        InvalidInput: UTF-16 (E-ROSTER-004), no text (E-ROSTER-001), no header (E-ROSTER-005),
            two columns that say the same (E-ROSTER-006), too large (E-ROSTER-002).
    """
    source.seek(0)
    head = source.read(_HEAD)
    _is_text(head)
    marked = head.startswith(codecs.BOM_UTF8)
    begin = len(codecs.BOM_UTF8) if marked else 0
    for encoding in _ENCODINGS[:1] if marked else _ENCODINGS:
        for separator in _SEPARATORS:
            lines = _Lines(BytesIO(head[begin:]), encoding, limits.cell * limits.columns * 4)
            tried = split_heading(_records(lines, separator, limits))
            if tried is None:
                continue
            undecided = not marked and all(map(str.isascii, tried[0].headers))
            settled = _by_whole_file(source) if undecided else encoding
            source.seek(begin)
            lines = _Lines(source, settled, limits.cell * limits.columns * 4)
            found = split_heading(_records(lines, separator, limits))
            if found is None:  # only where what is ASCII in one encoding is not in the other
                raise InvalidInput("E-ROSTER-005")
            heading, rest = found
            if len(heading.headers) > limits.columns:
                raise too_much(words.COLUMNS, limits.columns)
            label = "utf-8-sig" if marked else settled
            return TextSheet(label, heading, _fitted(rest, len(heading.headers), limits))
    raise InvalidInput("E-ROSTER-005")


def _is_text(head: bytes) -> None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidInput("E-ROSTER-004", encoding="UTF-16")
    if b"\x00" in head:
        if any(_reads_as(head[:_TRIED], encoding) for encoding in ("utf-16-le", "utf-16-be")):
            raise InvalidInput("E-ROSTER-004", encoding="UTF-16")
        raise InvalidInput("E-ROSTER-001", form="二进制 / binary")
    if not head.strip():
        raise InvalidInput("E-ROSTER-001", form="空文件 / empty")


def _reads_as(head: bytes, encoding: str) -> bool:
    """Return whether bytes are cells in an encoding: with separators, and nothing no text has."""
    decoder = codecs.getincrementaldecoder(encoding)()  # half a character may stand at the end
    try:
        words = decoder.decode(head)
    except UnicodeDecodeError:
        return False
    return any(mark in words for mark in _SEPARATORS) and not _IN_NO_TEXT.search(words)


def _by_whole_file(source: BinaryIO) -> str:
    """Return UTF-8 if the whole file is that, else GB18030: a header in ASCII does not tell."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    source.seek(0)
    try:
        while chunk := source.read(_HEAD):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


class _RunawayError(Exception):
    """A row goes on for too many lines."""


@define
class _Lines:
    """The lines of a text, decoded one by one or in plain blocks; lines can be put back."""

    source: BinaryIO | BytesIO
    encoding: str
    longest: int
    number: int = 0
    """The line that was taken last, from 1."""
    taken: list[str] = Factory(list)
    """Lines taken since the last row began."""
    _again: deque[str] = Factory(deque)
    _doubtful: BytesIO = Factory(BytesIO)
    """A block that is not plain: its lines are read one by one."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MOST_LINES:
            raise _RunawayError
        line = self._again.popleft() if self._again else self._read()
        self.number += 1
        self.taken.append(line)
        return line

    def _read(self) -> str:
        raw = self._doubtful.readline(self.longest) or self.source.readline(self.longest)
        if not raw:
            raise StopIteration
        if len(raw) == self.longest:
            raise too_much(words.CELL, self.longest)
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError:
            return raw.decode(self.encoding, errors="replace")

    def put_back(self) -> None:
        """Put back all lines of the row that was begun, but the first one."""
        rest = self.taken[1:]
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)
        self.taken.clear()

    def plain_block(self, longest: int) -> list[str]:
        """Return the next lines if each is a row by itself: no quotes, nothing to remark.

        Empty: the next line has to be read by itself. No line is longer than *longest*.
        """
        if self._again or self._doubtful.tell() < len(self._doubtful.getbuffer()):
            return []
        raw = self.source.read(_BLOCK)
        raw += self.source.readline(self.longest)
        lines = self._plain(raw)
        if max(map(len, lines), default=0) > longest:
            lines = []
        if not lines:
            self._doubtful = BytesIO(raw)
        self.number += len(lines)
        return lines

    def _plain(self, raw: bytes) -> list[str]:
        if b'"' in raw:
            return []
        if b"\r" in raw:
            raw = raw.replace(b"\r\n", b"\n")
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError:
            return []
        if "\r" in text or _REPLACED in text:
            return []
        return text.removesuffix("\n").split("\n") if text else []


def _records(lines: _Lines, separator: str, limits: Limits) -> Iterator[RawRow]:
    """Yield every row with the number of its first line."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    cell_limit = limits.cell
    while True:
        while block := lines.plain_block(cell_limit):
            for line, text in enumerate(block, start=lines.number - len(block) + 1):
                yield RawRow(line, text.split(separator))
        row = _parsed(reader, lines, separator, cell_limit)
        if row is None:
            return
        yield row


def _parsed(
    reader: Iterator[list[str]], lines: _Lines, separator: str, cell_limit: int
) -> RawRow | None:
    """Return the next row, its quotes obeyed; None: there is none."""
    first = lines.number + 1
    lines.taken.clear()
    try:
        cells = _whole(next(reader), lines, separator)
    except StopIteration:
        return None
    except (csv.Error, _RunawayError):
        broken = lines.taken[0] if lines.taken else ""
        lines.put_back()
        cells = [cell[:cell_limit] for cell in broken.strip("\r\n").split(separator)]
        return RawRow(first, cells, ((len(cells), "E-ROSTER-055"),))
    taken = lines.taken
    if len(taken) == 1 and len(taken[0]) <= cell_limit and _REPLACED not in taken[0]:
        return RawRow(first, cells)
    return _noticed(first, cells, cell_limit)


def _whole(cells: list[str], lines: _Lines, separator: str) -> list[str]:
    """Return *cells*, unless a cell looks like the rows that an open quote has swallowed."""
    if len(lines.taken) > 1 and any("\n" in cell and separator in cell for cell in cells):
        raise _RunawayError
    return cells


def _noticed(line: int, cells: Sequence[str], longest: int) -> RawRow:
    """Return a row of which something has to be said: undecoded bytes, a cell that is too long."""
    marks = [
        (at, "E-ROSTER-050" if _REPLACED in cell else "E-ROSTER-051")
        for at, cell in enumerate(cells)
        if _REPLACED in cell or len(cell) > longest
    ]
    return RawRow(line, [cell[:longest] for cell in cells], marks)


def _fitted(rows: Iterator[RawRow], width: int, limits: Limits) -> Iterator[RawRow]:
    """Yield the rows with as many cells as the header, and more only where something stands."""
    for count, row in enumerate(rows):
        if count >= limits.rows:
            raise too_much(words.ROWS, limits.rows)
        cells = row.cells
        if len(cells) == width:
            yield row
        elif len(cells) < width:
            yield row._replace(cells=[*cells, *[""] * (width - len(cells))])
        elif any(cell.strip() for cell in cells[width:]):
            yield row
        else:
            yield row._replace(cells=cells[:width])
