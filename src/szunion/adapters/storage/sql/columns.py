"""Know the columns of a set of rows that are inserted together, and what they have in common.

A crowd asks at one moment, for few offers, in one role: most columns of its rows say the same in
each. That is found here once, and an engine need not be told it row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import repeat
from typing import Any, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Same:
    """A column with one value in every row."""

    value: Any


Column = Sequence[Any] | Same


def column(values: Sequence[T], kept: Callable[[T], object]) -> Column:
    """Return a column of *values* as they are *kept*: reckoned once for each that is another."""
    if values and values.count(values[0]) == len(values):  # quick where they are one object
        return Same(kept(values[0]))
    known = cache(kept)
    return [known(value) for value in values]


def alike(values: Sequence[Any]) -> Column:
    """Return a column; what is the same in each row is said once."""
    return Same(values[0]) if values.count(values[0]) == len(values) else values


def count_of(columns: Sequence[Column]) -> int:
    """Return how many rows there are; at least one column says so."""
    return next(len(each) for each in columns if not isinstance(each, Same))


def rows_of(columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows."""
    return zip(*(repeat(each.value) if isinstance(each, Same) else each for each in columns))  # noqa: B905 - what repeats has no end


def parts_of(columns: Sequence[Column], most: int) -> Iterator[Sequence[Column]]:
    """Yield the same columns for at most so many rows at a time."""
    count = count_of(columns)
    if count <= most:
        if count:
            yield columns
        return
    for start in range(0, count, most):
        yield [each if isinstance(each, Same) else each[start : start + most] for each in columns]
