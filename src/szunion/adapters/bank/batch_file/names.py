"""Know how a file's name holds its day and number, both ways."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, Self

from attrs import frozen

_TOKEN: Final = re.compile(r"\{(day|number|request)(?::([0-9]{1,2}))?\}", re.ASCII)
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)
_WIDTH: Final = 4


@frozen(order=True)
class Place:
    """Where a file stands in its sequence: the day, and the number (within it, or for ever)."""

    day: int
    """The day's ordinal; 0 where the name has none."""
    number: int


START: Final = Place(0, 0)
"""Before the first file."""


@frozen(kw_only=True)
class Sequence:
    """How the files of one kind follow each other: numbered day by day, or for ever."""

    running: bool

    def order(self, place: Place) -> tuple[int, int]:
        """Return where a file stands among the others."""
        return (0, place.number) if self.running else (place.day, place.number)

    def follows(self, before: Place, place: Place) -> bool:
        """Return whether *place* is the next after *before*."""
        if self.running or place.day == before.day:
            return place.number == before.number + 1
        return place.day > before.day and place.number == 1


@frozen
class FileName:
    """A pattern such as ``JG{day}{number:4}.txt``."""

    pattern: str
    tokens: frozenset[str]
    width: int
    regex: re.Pattern[str]

    @classmethod
    def of(cls, pattern: str) -> Self | None:
        """Return the pattern; None: it is none (a path, say, or a token twice)."""
        parts = _TOKEN.split(pattern)
        plain, names = parts[::3], parts[1::3]
        if len(names) != len(set(names)) or not all(_PLAIN.fullmatch(part) for part in plain):
            return None
        if pattern.startswith("."):
            return None
        width = next(
            (int(w) for n, w in zip(names, parts[2::3], strict=True) if n == "number" and w), _WIDTH
        )
        regex = re.escape(plain[0])
        for name, rest in zip(names, plain[1:], strict=True):
            digits = {
                "day": "[0-9]{8}",
                "number": f"[0-9]{{{width}}}",
                "request": "[A-Za-z0-9._-]+",
            }
            regex += f"(?P<{name}>{digits[name]}){re.escape(rest)}"
        return cls(pattern, frozenset(names), width, re.compile(regex, re.ASCII))

    def write(self, *, day: date | None = None, number: int = 0, request: str = "") -> str:
        """Return the name.

        Raises:
            ValueError: the number has more digits than the name has places.
        """
        digits = f"{number:0{self.width}d}"
        if len(digits) > self.width:
            msg = "no number left"
            raise ValueError(msg)
        values = {"day": f"{day:%Y%m%d}" if day else "", "number": digits, "request": request}
        return _TOKEN.sub(lambda found: values[found[1]], self.pattern)

    def read(self, name: str) -> Place | None:
        """Return the place that *name* says; None: it is not such a name."""
        found = self.regex.fullmatch(name)
        if found is None:
            return None
        told = found.groupdict()
        day = 0
        if "day" in told:
            text = told["day"]
            try:
                day = date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
            except ValueError:
                return None
        number = int(told["number"]) if "number" in told else 1
        return Place(day, number) if number > 0 else None
