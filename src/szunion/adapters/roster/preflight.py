"""Know whether a workbook may be opened at all, from one streamed look at its parts.

No part is ever held whole. What is counted is what a spreadsheet reader would need memory for: the
highest row and column with a value, the longest text. Any DOCTYPE is refused, so that there are no
entities. Formulas are noted with their places, because they are not evaluated.

A file that passes is still opened in a child process with limits (:mod:`.excel`).
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from io import SEEK_END
from typing import BinaryIO, Final
from xml.parsers import expat

from attrs import Factory, define, frozen

from szunion.adapters.roster.limits import (
    CELL,
    COLUMNS,
    ENTRIES,
    FORMULAS,
    RATIO,
    ROWS,
    UNZIPPED,
    Limits,
    hostile,
    too_much,
    unreadable,
)
from szunion.errors import InvalidInput
from szunion.text import Text

_CHUNK: Final = 64 * 1024
_SMALL: Final = 64 * 1024
"""Unpacked bytes below which nobody asks how well a part was packed."""
_LONGEST_TAG: Final = 1024 * 1024
"""Bytes that the XML parser may hold back while it waits for the end of one tag."""
_MOST_DEPTH: Final = 64
_MOST_FORMULAS: Final = 200_000
_MOST_DIRECTORY: Final = 128 * 1024
"""Bytes of the zip directory."""
_END: Final = struct.Struct("<4s4H2LH")
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
TITLE_ROWS: Final = 31
"""Rows that a header and the titles above it may take besides the limit."""
_TEXTS: Final = frozenset({"v", "f", "is", "si"})
_ROW: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)

CACHED, VALUELESS, FAULTY = 0, 1, 2
"""A formula whose value was saved; one without a value; an error value."""


@frozen
class Preflight:
    """What the look has found out (预检结果)."""

    cells: int
    """Cells with a value in the largest sheet's used range: rows times columns."""
    used: frozenset[str]
    """Parts that are sheets with a value in them."""
    marks: dict[str, array[int]]
    """By part name: places of formulas and error values, as :func:`pack` writes them."""
    parts: dict[str, str]
    """Sheet name → part name."""

    def is_used(self, sheet: str) -> bool:
        """Return whether *sheet* has a value anywhere."""
        return self.parts.get(sheet, "") in self.used

    def marks_of(self, sheet: str) -> Iterator[tuple[int, int, int]]:
        """Return (row from 1, column from 0, kind) of what was noted in *sheet*, in order."""
        packed = self.marks.get(self.parts.get(sheet, ""), array("Q"))
        for place in sorted(packed):
            yield place >> 16, (place >> 2) & 0x3FFF, place & 3


def pack(row: int, column: int, kind: int) -> int:
    """Return a place and what is there as one number."""
    return row << 16 | column << 2 | kind


def preflight(source: BinaryIO, limits: Limits) -> Preflight:
    """Look through the workbook in *source* and return what its cells need.

    Raises:
        InvalidInput: it is no xlsx workbook (E-ROSTER-001, 003), it breaks a limit
            (E-ROSTER-002), or holds what no roster holds (E-ROSTER-007).
    """
    _directory_is_small(source)
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as workbook:
            return _look(workbook, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError) as error:
        raise unreadable(Text("压缩包已损坏", "its zip container is damaged")) from error
    except RuntimeError as error:  # zipfile's word for a part with a password
        raise InvalidInput("E-ROSTER-003", form="加密的压缩包 / encrypted zip") from error


def _directory_is_small(source: BinaryIO) -> None:
    """Refuse a zip directory that is long by itself, before anything reads it."""
    size = source.seek(0, SEEK_END)
    source.seek(max(0, size - 65_557))
    tail = source.read(65_557)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise unreadable(Text("压缩包不完整", "its zip container is not complete"))
    _, disk, first_disk, here, entries, length, _, _ = _END.unpack_from(tail, at)
    if disk or first_disk or here != entries or length > _MOST_DIRECTORY:
        raise too_much(ENTRIES, _MOST_DIRECTORY // 2048)


def _look(workbook: zipfile.ZipFile, limits: Limits) -> Preflight:
    entries = workbook.infolist()
    _names_are_plain(entries, limits)
    kinds = {entry.filename.lower() for entry in entries}
    if "xl/workbook.bin" in kinds:
        raise InvalidInput("E-ROSTER-003", form=".xlsb")
    if "mimetype" in kinds or "content.xml" in kinds:
        raise InvalidInput("E-ROSTER-003", form=".ods")
    if "xl/workbook.xml" not in kinds:
        raise InvalidInput("E-ROSTER-001", form="zip")
    left, cells, used = limits.unzipped, 0, set[str]()
    marks: dict[str, array[int]] = {}
    names: dict[str, str] = {}
    targets: dict[str, str] = {}
    for entry in entries:
        part = _Part(limits, names, targets if _is_workbook_rels(entry.filename) else {})
        left = part.read(workbook, entry, left)
        cells = max(cells, part.rows * part.columns)
        if part.rows:
            used.add(entry.filename.lower())
        if part.marks:
            marks[entry.filename.lower()] = part.marks
    parts = {name: targets.get(reference, "") for name, reference in names.items()}
    return Preflight(cells, frozenset(used), marks, parts)


def _is_workbook_rels(name: str) -> bool:
    return name.lower() == "xl/_rels/workbook.xml.rels"


def _names_are_plain(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise too_much(ENTRIES, limits.entries)
    seen = set[str]()
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        name = entry.filename
        climbs = ".." in name.split("/") or name.startswith("/") or ":" in name or "\\" in name
        if climbs or entry.orig_filename != name or not name.isprintable():
            raise hostile(Text("指向外面的路径", "a path that leads outside"))
        if name.lower() in seen or entry.header_offset < end:
            raise hostile(Text("重叠的压缩内容", "parts that overlap"))
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise hostile(Text("少见的压缩方法", "a rare way of packing"))
        if entry.flag_bits & 1:
            raise InvalidInput("E-ROSTER-003", form="加密的压缩包 / encrypted zip")
        seen.add(name.lower())
        end = entry.header_offset + entry.compress_size
        if entry.file_size > limits.unzipped:
            raise too_much(UNZIPPED, limits.unzipped)


class _Other:
    """A part that is no XML: pictures, macros. It must not hold what could be read as a sheet."""

    _WORD: Final = b"sheetData"

    def __init__(self) -> None:
        self._tail = b""

    def take(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if self._WORD in self._tail + chunk:
            raise hostile(Text("伪装的工作表", "a sheet in disguise"))
        self._tail = chunk[-len(self._WORD) :]


class _Xml:
    """A part that is XML, read as a stream; the parser never holds back more than 1 MiB."""

    def __init__(self, part: _Part) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = part.start
        self._parser.EndElementHandler = part.end
        self._parser.CharacterDataHandler = part.text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.XmlDeclHandler = self._declaration
        self._fed = 0

    def take(self, chunk: bytes) -> None:
        """Parse the next bytes; none: the end."""
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            raise unreadable(Text("XML 不完整", "its XML is not well-formed")) from error
        self._fed += len(chunk)
        if chunk and self._fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
            raise hostile(Text("过长的 XML 标记", "an XML tag that is too long"))

    @staticmethod
    def _doctype(*_: object) -> None:
        raise hostile(Text("DOCTYPE 声明", "a DOCTYPE"))

    @staticmethod
    def _declaration(_: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in {"utf-8", "us-ascii", "ascii"}:
            raise hostile(Text("不是 UTF-8 的 XML", "XML that is not UTF-8"))


@define
class _Part:
    """One part of a workbook while it is read through; only the counts are kept."""

    limits: Limits
    names: dict[str, str]
    """Sheet name → relation, filled by the workbook part."""
    targets: dict[str, str]
    """Relation → part name, filled by the part that says so."""
    rows: int = 0
    columns: int = 0
    marks: array[int] = Factory(lambda: array("Q"))
    _row: int = 0
    _column: int = -1
    _depth: int = 0
    _text: int = 0
    _counting: str = ""
    _formula: bool = False
    _value: bool = False
    _error: bool = False

    def read(self, workbook: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> int:
        """Read the part through; return how many bytes may still be unpacked after it."""
        limits, seen = self.limits, 0
        most = max(_SMALL, entry.compress_size * limits.ratio)
        with workbook.open(entry) as stream:
            chunk = stream.read(_CHUNK)
            reader = self._reader(chunk)
            while chunk:
                seen += len(chunk)
                if seen > left:
                    raise too_much(UNZIPPED, limits.unzipped)
                if seen > most:
                    raise too_much(RATIO, limits.ratio)
                reader.take(chunk)
                chunk = stream.read(_CHUNK)
        reader.take(b"")
        return left - seen

    def _reader(self, first: bytes) -> _Xml | _Other:
        """Return what takes the part's bytes: as XML if it begins as XML does."""
        begin = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:2]
        if begin.startswith(b"<") and begin != b"<\x00":
            return _Xml(self)
        if begin in {b"<\x00", b"\x00<", b"\xff\xfe", b"\xfe\xff"}:
            raise hostile(Text("不是 UTF-8 的 XML", "XML that is not UTF-8"))
        if begin == b"PK":
            raise hostile(Text("压缩包里的压缩包", "a zip inside the zip"))
        return _Other()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise hostile(Text("层数过多的 XML", "XML that is nested too deeply"))
        name = tag.rpartition(":")[2]
        if name == "c":
            self._begin_cell(attributes)
        elif name in _TEXTS and not self._counting:
            self._counting, self._text = name, 0
            self._formula = self._formula or name == "f"
        elif name == "row":
            place = attributes.get("r", "")
            self._row = int(place) if _ROW.fullmatch(place) is not None else self._row + 1
            self._column = -1
        elif name == "sheet":
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            self.names[attributes.get("name", "")] = relation
        elif name == "Relationship":
            target = attributes.get("Target", "").removeprefix("/xl/").lower()
            self.targets[attributes.get("Id", "")] = f"xl/{target}"

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._column += 1
        self._formula = self._value = False
        self._error = attributes.get("t") == "e"
        place = attributes.get("r")
        if place is None:
            return
        found = _PLACE.fullmatch(place.upper())
        if found is None:
            raise hostile(Text("不存在的单元格位置", "a cell in no place"))
        self._row, self._column = int(found[2]), column_of(found[1])
        if not 0 < self._row <= _LAST_ROW or self._column >= _LAST_COLUMN:
            raise hostile(Text("不存在的单元格位置", "a cell in no place"))

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        self._depth -= 1
        name = tag.rpartition(":")[2]
        if name == self._counting:
            self._counting = ""
        elif name == "c":
            self._end_cell()

    def text(self, data: str) -> None:
        """Take text between two tags."""
        if not self._counting:
            return
        self._text += len(data)
        if self._text > self.limits.cell:
            raise too_much(CELL, self.limits.cell)
        if self._counting != "f" and not data.isspace():
            self._value = True

    def _end_cell(self) -> None:
        if self._formula or self._error:
            kind = FAULTY if self._error else CACHED if self._value else VALUELESS
            self.marks.append(pack(self._row, self._column, kind))
            if len(self.marks) > _MOST_FORMULAS:
                raise too_much(FORMULAS, _MOST_FORMULAS)
        if self._value:
            self.rows, self.columns = max(self.rows, self._row), max(self.columns, self._column + 1)
            if self.rows > self.limits.rows + TITLE_ROWS:
                raise too_much(ROWS, self.limits.rows)
            if self.columns > self.limits.columns:
                raise too_much(COLUMNS, self.limits.columns)


def column_of(letters: str) -> int:
    """Return the position (from 0) of the column that *letters* name: A is 0, XFD 16383."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1
