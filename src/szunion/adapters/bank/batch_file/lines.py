"""Know how the lines of a file become values that are read anew each time (逐行重读).

A bank's daily list names every card of a city: it stays in its file, and whoever compares it goes
through it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, overload

from attrs import frozen

from szunion.adapters.bank.batch_file.sheets import BadLine, Head, Sheet
from szunion.adapters.bank.batch_file.speech import Plain
from szunion.errors import InvalidInput

BAD: Final = (ValueError, KeyError, TypeError, InvalidInput)
"""What a maker of values raises at words that make none."""


@frozen
class Reading:
    """How the good lines of a file are read, again and again."""

    sheet: Sheet
    path: Path
    head: Head
    make: Callable[..., Any]
    sequence: int

    def made(self, words: Mapping[str, Plain]) -> Any:  # noqa: ANN401 - what the lines are of
        """Return the value of one line; None: its words make none."""
        try:
            return self.make({"sequence": self.sequence, **words})
        except BAD:
            return None

    def value(self, line: bytes) -> Any:  # noqa: ANN401 - what the lines are of
        """Return the value of a line without its end; None: it cannot be read, or makes none."""
        words = self.sheet.words(line)
        return None if isinstance(words, BadLine) else self.made(words)

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines with their ends, some hundreds together, in the file's order."""
        with self._where().open("rb") as file:
            yield from self.sheet.blocks(file, self.head)

    def __call__(self) -> Iterator[Any]:
        """Yield the value of each line that makes one, in the file's order."""
        for block in self.blocks():
            for line in self.sheet.parted(block):
                value = self.value(line)
                if value is not None:
                    yield value

    def _where(self) -> Path:
        """Return where the file lies now: once read to its end, it is put away."""
        done = self.path.parents[1] / "done" / self.path.name
        return done if not self.path.exists() and done.exists() else self.path


class FileLines(Sequence[Any]):
    """The lines of a file as values, read from it each time somebody goes through them."""

    def __init__(self, read: Callable[[], Iterator[Any]], count: int) -> None:
        self._read, self._count = read, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return self._read()

    @overload
    def __getitem__(self, at: int) -> Any: ...  # noqa: ANN401 - what the lines are of
    @overload
    def __getitem__(self, at: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, at: int | slice) -> Any:
        return tuple(self)[at]

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence, line by line."""
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __hash__(self) -> int:
        """Return the length: whatever is equal is as long."""
        return hash(self._count)
