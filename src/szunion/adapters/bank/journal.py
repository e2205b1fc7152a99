"""Know how the simulated bank's acts are kept: one line of JSON each, in order.

What is in the journal has happened; what is not has not. A last line that was cut by a kill is
dropped: nobody was told of it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from szunion.adapters.bank.books import Op
from szunion.errors import ConfigError

_FORMAT: Final = "szunion-sim-bank/1"
_BEGINS: Final = b'{"op":"bank"'
"""How every journal begins; a file that does not is somebody else's."""


class Journal(Protocol):
    """Where acts are written."""

    def read(self) -> list[bytes]:
        """Return all that was written, a line an act."""
        ...

    def write(self, op: Op) -> None:
        """Write one act; it is kept for certain after :meth:`sync`."""
        ...

    def sync(self) -> None:
        """Make everything written so far outlive a kill."""
        ...

    def close(self) -> None:
        """Let the journal go."""
        ...


class MemoryJournal:
    """A journal in memory, for ``snapshot``."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self.lines = list(lines)

    def read(self) -> list[bytes]:
        """Return all that was written."""
        return self.lines

    def write(self, op: Op) -> None:
        self.lines.append(to_line(op))

    def sync(self) -> None:
        """Do nothing: memory dies with its process."""

    def close(self) -> None:
        """Do nothing."""


class FileJournal:
    """A journal in a file that one process at a time holds.

    Raises:
        ConfigError: another process holds the file, it cannot be written, or it is not such a
            journal (E-SIM-005).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: BinaryIO = path.open("a+b")
        except OSError as error:
            own = error.strerror or type(error).__name__
            raise unusable(path, f"打不开：{own}", f"it cannot be opened: {own}") from error
        self._dirty = False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise unusable(path, "另一个进程正开着", "another process holds it") from error

    def read(self) -> list[bytes]:
        """Return the whole lines, and cut off a last one that is not whole.

        Raises:
            ConfigError: it is no such journal, and stays as it is (E-SIM-005).
        """
        self._file.seek(0)
        whole = self._file.read()
        if not whole.startswith(_BEGINS[: len(whole)]):
            raise unusable(self._path, "不是银行账本", "it is no bank's journal")
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            self._file.truncate(end)
        return whole[:end].splitlines()

    def write(self, op: Op) -> None:
        self._file.write(to_line(op) + b"\n")
        self._dirty = True

    def sync(self) -> None:
        if self._dirty:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._dirty = False

    def close(self) -> None:
        if not self._file.closed:
            self.sync()
            self._file.close()


def unusable(path: Path | str, why: str, why_en: str) -> ConfigError:
    """Return the error for a journal that cannot be used."""
    return ConfigError("E-SIM-005", path=str(path), why=why, why_en=why_en)


def header(seed: int, charset: str, most_rows: int) -> Op:
    """Return the first line of a journal: all that decides how its acts are read."""
    rules = {"seed": seed, "charset": charset, "most_rows": most_rows}
    return {"op": "bank", "format": _FORMAT, **rules}


def to_line(op: Op) -> bytes:
    """Return *op* as one line of JSON."""
    return json.dumps(op, ensure_ascii=False, separators=(",", ":")).encode()


def from_line(line: bytes) -> Op:
    """Return the act of one line.

    Raises:
        ValueError: it is not JSON, or no act.
    """
    op = json.loads(line)
    if not isinstance(op, dict) or not isinstance(op.get("op"), str):
        msg = "not an act"
        raise ValueError(msg)  # noqa: TRY004  (one error for every way a line can be wrong)
    return op
