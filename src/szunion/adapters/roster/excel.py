"""Know how workbooks are read: looked through first, then opened in a child process with limits.

A crafted sheet makes the spreadsheet reader ask for hundreds of gigabytes and abort its process;
no ``except`` catches that. So it never runs in ours.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from io import SEEK_END
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import IO, BinaryIO, Final

from attrs import Factory, define, frozen

from szunion.adapters.roster import limits as words
from szunion.adapters.roster.limits import MEBIBYTE, Limits, too_much, unreadable
from szunion.adapters.roster.preflight import (
    CACHED,
    FAULTY,
    TITLE_ROWS,
    VALUELESS,
    Preflight,
    preflight,
)
from szunion.domain.roster_sheet import Heading, RawRow, split_heading
from szunion.errors import InvalidInput
from szunion.text import Text

_CHILD: Final = Path(__file__).with_name("child.py")
_BASE_MEMORY: Final = 320 * MEBIBYTE
"""Bytes of address space for a Python with the reader in it and an empty workbook."""
_CELL_MEMORY: Final = 160
"""Bytes that a cell of the used range may take."""
_XLS_CELLS: Final = 65_536 * 16
"""Cells that the memory of an old workbook is reckoned for: nobody has looked through it."""
_CELLS_A_SECOND: Final = 50_000
_BASE_SECONDS: Final = 2
_CHUNK: Final = 256 * 1024
_MARKS: Final = {CACHED: "W-ROSTER-102", VALUELESS: "E-ROSTER-052", FAULTY: "E-ROSTER-054"}
_OVER_TIME: Final = Text("用时超过上限", "it took too long")
_DIED: Final = Text(
    "读取进程异常结束，多为内存超过上限", "the reading process died, likely of memory"
)
_DAMAGED: Final = Text("文件已损坏", "the file is damaged")


@frozen
class ExcelSheet:
    """A sheet that was chosen: its name, its header, the rows below."""

    name: str
    heading: Heading
    rows: Iterator[RawRow]
    passed_over: Sequence[tuple[str, str]]


@contextmanager
def open_excel(
    source: BinaryIO, form: str, limits: Limits, sheet: str | None
) -> Iterator[ExcelSheet]:
    """Open the workbook in *source*, ``xlsx`` or ``xls``: the first sheet with a header.

    Raises:
        InvalidInput: it is hostile, damaged, too large, without a header, or the reading
            component is not installed (E-ROSTER-001 to 009, 019).
    """
    if find_spec("python_calamine") is None:
        raise InvalidInput("E-ROSTER-009", package="python-calamine")
    seen = preflight(source, limits) if form == "xlsx" else None
    size = source.seek(0, SEEK_END)
    source.seek(0)
    cells = _XLS_CELLS if seen is None else seen.cells
    memory = _BASE_MEMORY + cells * _CELL_MEMORY + 12 * size
    seconds = _BASE_SECONDS + cells // _CELLS_A_SECOND + size // MEBIBYTE
    with _started(memory, min(seconds, limits.seconds), limits) as child:
        child.send(source, size)
        yield _chosen(child, seen, limits, sheet)


@define
class _Watch:
    """Ends a child that lets us wait too long; the time a caller takes over its rows is its own."""

    process: subprocess.Popen[bytes]
    seconds: float
    since: float | None = None
    """Since when we wait for an answer, by the monotonic clock; None: we do not."""
    over: Event = Factory(Event)

    def __attrs_post_init__(self) -> None:
        Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.over.wait(min(self.seconds / 4, 1)):
            since = self.since
            if since is not None and monotonic() - since > self.seconds:
                self.process.kill()
                return


@frozen
class _Child:
    """The child process and how it is talked to."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    longest: int
    """Bytes of an answer, at most."""
    watch: _Watch

    def send(self, source: BinaryIO, size: int) -> None:
        """Hand the workbook over; a child that has died already is noticed at the next answer."""
        with suppress(BrokenPipeError):
            self.stdin.write(b"%d\n" % size)
            while chunk := source.read(_CHUNK):
                self.stdin.write(chunk)
            self.stdin.flush()

    def ask(self, command: str) -> None:
        """Send one command."""
        with suppress(BrokenPipeError):
            self.stdin.write(command.encode("ascii") + b"\n")
            self.stdin.flush()

    def answer(self) -> object:
        """Return the next answer.

        Raises:
            InvalidInput: the child has died of its limits, or says why not (E-ROSTER-008).
        """
        self.watch.since = monotonic()
        line = self.stdout.readline(self.longest)
        self.watch.since = None
        if not line.endswith(b"\n"):
            raise unreadable(self._last_words())
        answer: object = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise _refusal(str(answer["error"]))
        return answer

    def _last_words(self) -> Text:
        self.process.kill()
        ended = -self.process.wait()
        over = ended == signal.SIGKILL or (hasattr(signal, "SIGXCPU") and ended == signal.SIGXCPU)
        return _OVER_TIME if over else _DIED


def _refusal(word: str) -> InvalidInput:
    match word:
        case "password":
            return InvalidInput("E-ROSTER-003", form="有密码 / with a password")
        case "missing":
            return InvalidInput("E-ROSTER-009", package="python-calamine")
        case "damaged":
            return unreadable(_DAMAGED)
        case _:
            return unreadable(_DIED)


@contextmanager
def _started(memory: int, seconds: int, limits: Limits) -> Iterator[_Child]:
    """Start the child, end it in every case: it holds personal data and nothing else waits."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
    arguments = [sys.executable, "-I", "-B", str(_CHILD), *map(str, (memory, seconds, limits.cell))]
    process = subprocess.Popen(  # noqa: S603 - our own script, by its path, and three numbers
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=kept,
        close_fds=True,
    )
    watch = _Watch(process, limits.seconds)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        longest = (limits.cell * 6 + 8) * 16_384  # \uXXXX for each character, the widest sheet
        yield _Child(process, process.stdin, process.stdout, min(longest, 64 * MEBIBYTE), watch)
    finally:
        watch.over.set()
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        process.wait()


def _chosen(
    child: _Child, seen: Preflight | None, limits: Limits, wanted: str | None
) -> ExcelSheet:
    answer = child.answer()
    assert isinstance(answer, dict)
    sheets = [(str(name), bool(visible)) for name, visible in answer["sheets"]]
    if wanted is not None and wanted not in [name for name, _ in sheets]:
        known = "、".join(name for name, _ in sheets)[:200]
        raise InvalidInput("E-ROSTER-019", sheet=wanted, sheets=known)
    for place, (name, visible) in enumerate(sheets):
        if name != wanted and (wanted is not None or not visible):
            continue
        rows = _rows(child, place, () if seen is None else tuple(seen.marks_of(name)), limits)
        found = split_heading(rows)
        if found is not None:
            return ExcelSheet(name, *found, _others(sheets, name, seen))
        for _ in rows:  # the child says all of a sheet before it hears of the next
            pass
    raise InvalidInput("E-ROSTER-005")


def _others(
    sheets: Sequence[tuple[str, bool]], chosen: str, seen: Preflight | None
) -> tuple[tuple[str, str], ...]:
    return tuple(
        ("W-ROSTER-111" if visible else "W-ROSTER-108", name)
        for name, visible in sheets
        if name != chosen and (seen is None or seen.is_used(name))
    )


def _rows(
    child: _Child, place: int, noted: Sequence[tuple[int, int, int]], limits: Limits
) -> Iterator[RawRow]:
    """Yield the rows of a sheet, with the marks that the look through the file has left."""
    child.ask(f"rows {place}")
    marks: dict[int, list[tuple[int, str]]] = {}
    for line, column, kind in noted:
        marks.setdefault(line, []).append((column, _MARKS[kind]))
    count = 0
    while (answer := child.answer()) is not None:
        assert isinstance(answer, list)
        line, cells, own = answer
        count += 1
        if count > limits.rows + TITLE_ROWS:
            raise too_much(words.ROWS, limits.rows)
        if len(cells) > limits.columns and any(cells[limits.columns :]):
            raise too_much(words.COLUMNS, limits.columns)
        noticed = [*marks.get(line, ()), *((at, code) for at, code in own)]
        yield RawRow(line, tuple(cells), tuple(noticed))
