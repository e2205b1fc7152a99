"""Know how a change of many rows becomes one statement: the rows go as columns (成批写入).

A statement for each row costs a message, a plan's start and an answer each time. So rows become
columns, which the server takes apart itself. What each of them then does must not depend on what
another does: changes of one row of the table, and of what belongs to one person, go one after the
other, in statements of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count, islice
from operator import itemgetter
from typing import Any, Final

from attrs import frozen

from szunion.adapters.storage.postgres.arrays import Array, column_of
from szunion.adapters.storage.postgres.inserts import MARK, Key, keys_of
from szunion.adapters.storage.sql.columns import Column, Same, alike
from szunion.adapters.storage.sql.session import Parameters

MOST_ROWS: Final = 2_000
"""How many rows become one statement: so much of a stream is in memory at once."""

_ROWS: Final = "{rows}"
"""Where the columns stand among the words of a statement."""

_ADDS: Final = r"""
(?P<head>INSERT INTO \w+ \((?P<columns>[^()]*)\))\s+VALUES \((?P<values>[^()]*)\)
(?P<met>\s+ON CONFLICT \((?P<names>[^()]*)\) DO (?:NOTHING|UPDATE[^:]*))?
"""
"""An insertion of values; what it meets is passed over, or takes on what was to be inserted."""
_ADDS_BESIDE: Final = r"""
(?P<head>INSERT INTO \w+ \([^()]*\)\s+SELECT [^()]*?\sFROM )
(?P<other>\w+ \w+\s+WHERE )(?P<where>[^(]*)(?P<rest>.*)
"""
"""An insertion of values beside what stands in one row of another table."""
_CHANGES: Final = r"""
(?P<head>UPDATE \w+\s+SET (?:(?!SELECT|FROM).)*?)\sWHERE (?P<where>[^()]*)
"""
_ENDS: Final = r"(?P<head>DELETE FROM \w+)\s+WHERE (?P<where>[^()]*)"

#: What changes rows by values alone, and where its rows come from when they come as columns.
_FORMS: Final[Sequence[tuple[re.Pattern[str], str]]] = [
    (re.compile(form.replace("\n", ""), re.DOTALL), words)
    for form, words in (
        (_ADDS, f"{{head}} SELECT {{values}} FROM {_ROWS}{{met}}"),  # noqa: S608 - ours
        (_ADDS_BESIDE, f"{{head}}{_ROWS}, {{other}}{{where}}{{rest}}"),
        (_CHANGES, f"{{head}} FROM {_ROWS} WHERE {{where}}"),
        (_ENDS, f"{{head}} USING {_ROWS} WHERE {{where}}"),
    )
]
_COLUMN: Final = "u.c{0}"
#: How a value that is the same in each row stands among the words, by its type.
_TYPES: Final[Mapping[type, str]] = {
    int: "CAST(%s AS BIGINT)", str: "CAST(%s AS TEXT)", bytes: "CAST(%s AS BYTEA)",
    type(None): "NULL",
}  # fmt: skip
_PLACE: Final = re.compile(r":(\d+)")
"""A parameter, by its place among them."""
_EQUAL: Final = re.compile(r"\b(\w+) = :(\d+)")
_VERSION: Final = "version"
"""What a row is expected to be at; it does not say which row it is."""
_PERSON: Final = "person"
"""One card of a person is the current one, one application is open: the old one gives way first."""


@frozen
class RowSet:
    """A change by values, whose rows are handed over as columns."""

    text: str
    """With the places of its parameters, and of the columns."""
    keys: tuple[Key, ...]
    """What its parameters are found by."""
    meets: tuple[Key, ...]
    """Which of them say what row of the table it meets; none: it meets none that is there."""

    def told(self, rows: Sequence[Parameters]) -> tuple[str, list[Any]]:
        """Return the statement that does it for *rows*, and its columns.

        A column without any value is left out of them: its type would not be known.
        """
        all_: Sequence[Any] = rows  # by names or by places, as the statement says
        names = [key for key in dict.fromkeys(self.keys) if isinstance(key, str)]
        named: list[Sequence[Any]] = [[row[key] for row in all_] for key in names]
        columns = named or list(zip(*all_, strict=True))
        if self.meets:
            return self._statement(list(map(column_of, columns)), [])
        first, *others = columns  # one column at least says how many rows there are
        return self.told_columns([first, *map(alike, others)])

    def told_columns(self, columns: Sequence[Column]) -> tuple[str, list[Any]]:
        """Return the same for columns, in the order of the places of its parameters.

        What is the same in each row is handed over once, as the value that it is.

        Raises:
            ValueError: what says which row is met is the same in each: all would meet one.
        """
        if any(isinstance(columns[key], Same) for key in self.meets if isinstance(key, int)):
            msg = "rows of a set that is changed meet a row each"
            raise ValueError(msg)
        same = [each.value if isinstance(each, Same) else None for each in columns]
        arrays = [None if isinstance(each, Same) else column_of(each) for each in columns]
        return self._statement(arrays, same)

    def _statement(
        self, arrays: Sequence[Array | None], same: Sequence[object]
    ) -> tuple[str, list[Any]]:
        values = same or [None] * len(arrays)
        forms = tuple(
            _COLUMN if array is not None else _TYPES[type(value)]
            for array, value in zip(arrays, values, strict=True)
        )
        given = [value for value in values if value is not None]
        return _told(self, forms), [*given, *(array for array in arrays if array is not None)]

    def parts(self, rows: Iterable[Parameters]) -> Iterator[Sequence[Parameters]]:
        """Yield *rows* in parts, none of whose rows depends on another of the same part."""
        waiting = iter(rows)
        while part := list(islice(waiting, MOST_ROWS)):
            yield from self._waves(part) if self.meets else (part,)

    def _waves(self, rows: Sequence[Parameters]) -> Sequence[Sequence[Parameters]]:
        """Return what comes first for its row and its person, then what comes second, and so on."""
        all_: Sequence[Any] = rows
        met = list(map(itemgetter(*self.meets), all_))
        named = isinstance(rows[0], Mapping) and _PERSON in rows[0]
        people = [row[_PERSON] for row in all_] if named else met
        if len(set(met)) == len(set(people)) == len(rows):
            return (rows,)
        waves: list[list[Parameters]] = []
        turns: dict[object, int] = {}
        for row, key, person in zip(all_, met, people, strict=True):
            turn = max(turns.get((key,), 0), turns.get(person, 0))
            turns[key,] = turns[person] = turn + 1
            if turn == len(waves):
                waves.append([])
            waves[turn].append(row)
        return waves


@lru_cache(maxsize=1_000)
def _told(rows: RowSet, forms: tuple[str, ...]) -> str:
    columns = {
        key: form.format(at)
        for at, (key, form) in enumerate(zip(dict.fromkeys(rows.keys), forms, strict=True))
    }
    text = _PLACE.sub(lambda found: columns[rows.keys[int(found[1])]], rows.text)
    given = [f"c{at}" for at, form in enumerate(forms) if form == _COLUMN]
    arrays = ", ".join(["%s"] * len(given))
    return text.replace(_ROWS, f"unnest({arrays}) AS u ({', '.join(given)})")


@lru_cache(maxsize=1_000)
def row_set(text: str) -> RowSet | None:
    """Return how the rows of a statement are handed over as columns; None: it is not so plain."""
    places = count()
    plain = MARK.sub(lambda _: f":{next(places)}", text)
    for form, words in _FORMS:
        found = form.fullmatch(plain)
        if found is not None:
            parts = {name: part or "" for name, part in found.groupdict().items()}
            keys = keys_of(text)
            met = dict.fromkeys(keys[place] for place in _meets(parts))
            meets = tuple(key for key in met if key != _VERSION)
            return RowSet(words.format(**parts, rows=_ROWS), keys, meets)
    return None


def _meets(parts: Mapping[str, str]) -> list[int]:
    """Return the places of the parameters that say which row of the table is met."""
    if "where" in parts:
        equal = _EQUAL.findall(parts["where"])
        return [int(place) for name, place in equal if name != _VERSION]
    if "UPDATE" not in parts["met"]:
        return []
    values = dict(zip(_words(parts["columns"]), _words(parts["values"]), strict=True))
    found = (_PLACE.fullmatch(values[name]) for name in _words(parts["names"]))
    return [int(place[1]) for place in found if place]


def _words(listed: str) -> list[str]:
    return [each.strip() for each in listed.split(",")]
