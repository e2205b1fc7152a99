"""Know how to read a workbook inside a process that may die: limits first, then the reader.

Run as a script, by path, with nothing of szunion imported. The workbook comes on standard input,
then one command a line; every answer is one line of JSON on standard output::

    argv    memory limit in bytes, CPU limit in seconds, longest cell in characters
    stdin   length of the workbook in decimal and a newline, the workbook, then commands
    rows N  the rows of sheet N: [line, [cell, …], [[place, code], …]], at last null
    (end)   the process ends

The first answer is the list of sheets, ``{"sheets": [[name, visible], …]}``, or
``{"error": code}``: ``damaged``, ``password``, ``missing`` (the library) or ``memory``.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook, SheetMetadata

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta

_EXACT = 10**15
"""Whole numbers below this one have every digit; above it, Excel has dropped some."""


def restrict(memory: int, seconds: int) -> None:
    """Limit this process: address space, processor time; no core file, no file written."""
    if sys.platform == "win32":  # no such limits there: the parent's clock is the limit
        return
    import resource  # noqa: PLC0415 - not on every platform

    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        _, ceiling = resource.getrlimit(what)
        if ceiling != resource.RLIM_INFINITY:
            most = min(most, ceiling)  # noqa: PLW2901 - never above what we are given
        resource.setrlimit(what, (most, most))


def word(value: Cell) -> str:
    """Return a cell as text: whole numbers with all digits, or as a figure where some are lost."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return str(value.date()) if value.time() == dt.time() else str(value)
    if isinstance(value, int | float):
        if abs(value) < _EXACT and value == int(value):
            return str(int(value))
        return f"{value:.15g}".upper()
    return str(value)


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=True, separators=(",", ":")) + "\n")


def _row(line: int, lead: int, values: Iterable[Cell], longest: int) -> list[object] | None:
    cells, marks = [""] * lead, list[tuple[int, str]]()
    for value in values:
        cell = word(value)
        if len(cell) > longest:
            marks.append((len(cells), "E-ROSTER-051"))
            cell = cell[:longest]
        cells.append(cell)
    if not any(cells):
        return None
    return [line, cells, marks]


def _rows(sheet: CalamineSheet, longest: int) -> None:
    begin = sheet.start
    if begin is not None:
        for line, values in enumerate(sheet.iter_rows(), start=1):
            row = _row(line, begin[1], values, longest)
            if row is not None:
                _say(row)
    _say(None)


def _open(content: bytes) -> CalamineWorkbook | str:
    """Return the workbook, or in one word why there is none."""
    try:
        import python_calamine as calamine  # noqa: PLC0415 - missing, or too large for us
    except ImportError:
        return "missing"
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except calamine.PasswordError:
        return "password"
    except (calamine.CalamineError, OSError, ValueError):
        return "damaged"


def _is_shown(sheet: SheetMetadata) -> bool:
    """Return whether people see the sheet; the reader's enums only know how to print themselves."""
    return f"{sheet.visible} {sheet.typ}" == "SheetVisibleEnum.Visible SheetTypeEnum.WorkSheet"


def main(memory: int, seconds: int, longest: int) -> None:
    """Read the workbook and answer commands until there are no more."""
    restrict(memory, seconds)
    source = sys.stdin.buffer
    workbook = _open(source.read(int(source.readline(20))))
    if isinstance(workbook, str):
        _say({"error": workbook})
        return
    _say({"sheets": [[sheet.name, _is_shown(sheet)] for sheet in workbook.sheets_metadata]})
    sys.stdout.flush()
    for command in source:
        _, _, place = command.partition(b" ")
        _rows(workbook.get_sheet_by_index(int(place)), longest)
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:4]))
    except MemoryError:
        sys.stdout.write('{"error":"memory"}\n')
