"""Know how a list of alike objects in a message becomes values: a column at a time.

A statement of a day or a pay-out has one object for each movement. Where every one of them has
just the fields of its kind, each field of all of them is looked at together, and the values are
made of the columns. Whatever is not so plain goes object by object, where it is refused or, if it
left out what has a default, made: both ways come to the same, and a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from operator import itemgetter
from typing import Any, Final, TypeAlias, get_type_hints

import cattrs
from attrs import fields, has

from szunion.domain.values import Fen, RequestKey, of_columns

Column: TypeAlias = Sequence[Any]
MOST_FEN: Final = 10**15


def rows_of(kind: Any, converter: cattrs.Converter) -> Callable[[list[Any]], tuple[Any, ...]]:  # noqa: ANN401
    """Return what makes a tuple of values of *kind* out of a list."""
    one = converter.get_structure_hook(kind)

    def each(rows: list[Any]) -> tuple[Any, ...]:
        return tuple([one(row, kind) for row in rows])

    return _in_columns(kind, converter, each) if _is_plain(kind) else each


def _is_plain(kind: Any) -> bool:  # noqa: ANN401
    """Return whether a value of *kind* is its fields and checks nothing between them."""
    return (
        has(kind)
        and not hasattr(kind, "__attrs_post_init__")
        and not any(each.validator or each.converter for each in fields(kind))
    )


def _in_columns(
    kind: type[Any],
    converter: cattrs.Converter,
    otherwise: Callable[[list[Any]], tuple[Any, ...]],
) -> Callable[[list[Any]], tuple[Any, ...]]:
    hints = get_type_hints(kind)
    names = [each.name for each in fields(kind)]
    makers = [_column(hints[name], converter) for name in names]
    cells = [itemgetter(name) for name in names]

    def structure(rows: list[Any]) -> tuple[Any, ...]:
        if set(map(type, rows)) != {dict} or set(map(len, rows)) != {len(names)}:
            return otherwise(rows)
        made = [make(list(map(cell, rows))) for make, cell in zip(makers, cells, strict=True)]
        return tuple(of_columns(kind, *made))

    return structure


def _column(kind: Any, converter: cattrs.Converter) -> Callable[[Column], Column]:  # noqa: ANN401
    """Return what makes a column of values of *kind*."""
    if kind is Fen:
        return _fens
    if kind is RequestKey:
        return RequestKey.many
    if isinstance(kind, type) and issubclass(kind, Enum):
        members = {member.value: member for member in kind}
        return lambda column: _codes(members, column)
    one = converter.get_structure_hook(kind)
    return lambda column: [one(each, kind) for each in column]


def _fens(column: Column) -> Column:
    if min(column) < -MOST_FEN or max(column) > MOST_FEN:
        msg = "whole fen expected"
        raise TypeError(msg)
    return Fen.many(column)


def _codes(members: Mapping[str, Enum], column: Column) -> Column:
    if set(map(type, column)) != {str}:
        msg = "codes expected"
        raise TypeError(msg)
    return list(map(members.__getitem__, column))
