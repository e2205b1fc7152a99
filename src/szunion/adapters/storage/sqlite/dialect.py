"""Know how SQLite spells the marks of the shared statements, and takes the columns of a chunk.

SQLite has no arrays. The ids of a chunk come as a JSON array, which ``json_each`` reads in one
pass; the columns beside it come as one blob each and are read by position: of fixed width, or, what
is sealed, with the starts and lengths in columns of digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from szunion.adapters.storage.sql.dialect import Columns, Dialect

_START_DIGITS: Final = 12
_LENGTH_DIGITS: Final = 5
_SHARD_DIGITS: Final = 4
_ID_DIGITS: Final = 19
_KEY_BYTES: Final = 16
_DAY_LETTERS: Final = 10


def _part(blob: str, width: int) -> str:
    return f"substr(:{blob}, {width} * j.key + 1, {width})"


def _number(blob: str, width: int) -> str:
    return f"CAST({_part(blob, width)} AS INTEGER)"


def _sealed(name: str) -> str:
    start = _number(f"{name}_starts", _START_DIGITS)
    return f"substr(:{name}, {start} + 1, {_number(f'{name}_lengths', _LENGTH_DIGITS)})"


#: How a column beside the first is read, by its kind.
_READ: Final[Mapping[str, Callable[[str], str]]] = {
    "ID": lambda name: _number(name, _ID_DIGITS),
    "SHARD": lambda name: _number(name, _SHARD_DIGITS),
    "KEY": lambda name: _part(name, _KEY_BYTES),
    "DAY": lambda name: f"CAST({_part(name, _DAY_LETTERS)} AS TEXT)",
    "BLOB": _sealed,
}


def _chunk(columns: Columns) -> str:
    (first, _), *others = columns
    beside = "".join(f", {_READ[kind](name)} AS {name}" for name, kind in others)
    return f"(SELECT j.key AS place, j.value AS {first}{beside} FROM json_each(:{first}) j)"  # noqa: S608 - names of ours


SQLITE: Final = Dialect(
    package="szunion.adapters.storage.sqlite",
    marks=(
        (r"\bEACH_(?:ID|TEXT)\(:(\w+)\)", r"json_each(:\1)"),
        (r"= ONE_OF\(:(\w+)\)", r"IN (SELECT value FROM json_each(:\1))"),
        (r"\bLISTED\(", "group_concat("),
        (r"\bJOINED\(([\w.]+)\)", r"CAST(group_concat(\1, '') AS BLOB)"),  # bytes go as they are
        (r"\s+(?:FOR_UPDATE|FOR_SHARE|SKIP_LOCKED)\b", ""),  # there is one writer
    ),
    chunk=_chunk,
    finish=lambda text: text,
)


def array(numbers: Sequence[int]) -> str:
    """Return a JSON array of whole numbers, which Python writes in the same way."""
    return repr(list(numbers))


def _digits(width: int, numbers: Sequence[int]) -> bytes:
    """Return a column of small numbers, each *width* digits long: SQL reads it by position."""
    return (f"%0{width}d" * len(numbers) % tuple(numbers)).encode()


def packed(columns: Columns, values: Mapping[str, Sequence[Any]]) -> dict[str, object]:
    """Return the parameters of a chunk: an array of ids and, beside it, one blob a column."""
    first = columns[0][0]
    found: dict[str, object] = {first: array(values[first])}
    for name, kind in columns[1:]:
        column = values[name]
        if kind in {"ID", "SHARD"}:
            found[name] = _digits(_ID_DIGITS if kind == "ID" else _SHARD_DIGITS, column)
        elif kind == "DAY":
            found[name] = "".join(column).encode()
        else:
            found[name] = b"".join(column)
        if kind == "BLOB":
            lengths = list(map(len, column))
            found[f"{name}_starts"] = _digits(_START_DIGITS, [0, *accumulate(lengths)][:-1])
            found[f"{name}_lengths"] = _digits(_LENGTH_DIGITS, lengths)
    return found
