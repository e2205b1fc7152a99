"""Know how insertions travel together: many rows of one statement, or one row of each of many.

A statement for each row costs a message, a plan's start and an answer each time. So rows become
columns, which the server takes apart itself; and what a unit adds without asking for an answer
becomes the parts of one statement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

from szunion.adapters.storage.postgres.arrays import Array, column_of
from szunion.adapters.storage.sql.session import Parameters

MOST_TOGETHER: Final = 8
"""How many insertions become one statement: each combination of them is prepared once."""
MOST_ROWS: Final = 2_000
"""How many rows become one statement: so much of a stream is in memory at once."""

_PLAIN: Final = re.compile(r"(INSERT INTO \w+ \([^()]*\))\s+VALUES \(((?:%\(\w+\)s|[^()])*)\)")
_MARK: Final = re.compile(r"%s|%\((\w+)\)s")

Key = str | int
"""What a parameter is found by: its name, or its place."""


def _keys(text: str) -> tuple[Key, ...]:
    return tuple(found[1] or place for place, found in enumerate(_MARK.finditer(text)))


@frozen
class Together:
    """Several insertions as one statement, and what its parameters are found by, part by part."""

    text: str
    keys: tuple[tuple[Key, ...], ...]

    def parameters(self, given: Sequence[Parameters]) -> list[Any]:
        """Return the parameters of all parts, in the order of the text."""
        parts: Sequence[Any] = given  # by names or by places, as their statements say
        return [part[key] for part, keys in zip(parts, self.keys, strict=True) for key in keys]


@lru_cache(maxsize=1_000)
def together(texts: tuple[str, ...]) -> Together:
    """Return insertions as one statement: none of them sees what another of them adds.

    Raises:
        ValueError: one is no plain insertion of values; it might look at what another adds.
    """
    if not all(map(_PLAIN.fullmatch, texts)):
        msg = "only plain insertions are told together"
        raise ValueError(msg)
    *first, last = [_MARK.sub("%s", text) for text in texts]
    parts = ", ".join(f"part{number} AS ({text})" for number, text in enumerate(first))
    text = f"WITH {parts} {last}" if parts else last
    return Together(text, tuple(map(_keys, texts)))


@frozen
class RowSet:
    """A plain insertion whose rows are handed over as columns."""

    head: str
    values: tuple[str, ...]
    keys: tuple[Key, ...]

    def told(self, rows: Sequence[Parameters]) -> tuple[str, list[Array]]:
        """Return the statement that adds *rows*, and its columns.

        A column without any value is left out of them: its type would not be known.
        """
        all_: Sequence[Any] = rows  # by names or by places, as the statement says
        named = [[row[key] for row in all_] for key in self.keys if isinstance(key, str)]
        columns = list(map(column_of, named or zip(*all_, strict=True)))
        there = tuple(column is not None for column in columns)
        return _told(self, there), [column for column in columns if column is not None]


@lru_cache(maxsize=1_000)
def _told(rows: RowSet, there: tuple[bool, ...]) -> str:
    names = iter([f"u.c{at}" if is_there else "NULL" for at, is_there in enumerate(there)])
    chosen = ", ".join(_MARK.sub(lambda _: next(names), value) for value in rows.values)
    given = [f"c{at}" for at, is_there in enumerate(there) if is_there]
    arrays = ", ".join(["%s"] * len(given))
    return f"{rows.head} SELECT {chosen} FROM unnest({arrays}) AS u ({', '.join(given)})"  # noqa: S608 - ours


@lru_cache(maxsize=1_000)
def row_set(text: str) -> RowSet | None:
    """Return how the rows of a statement are handed over as columns; None: it is not so plain."""
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return None
    values = tuple(value.strip() for value in plain[2].split(","))
    return RowSet(plain[1], values, _keys(plain[2]))
