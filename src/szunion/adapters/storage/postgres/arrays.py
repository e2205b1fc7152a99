"""Know how a column of values is written as PostgreSQL reads an array: in its binary form.

The driver writes an array value by value, and bytes as twice as many digits; a roster's columns
are written here a column at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from struct import pack
from typing import Any, Final

#: The types of elements, by the numbers that PostgreSQL gives them: element and array.
BIGINT: Final = (20, 1016)
BYTEA: Final = (17, 1001)
TEXT: Final = (25, 1009)


class Array(bytes):
    """An array in binary form; its class says of what."""

    __slots__ = ()


class BigintArray(Array):
    """Whole numbers."""

    __slots__ = ()


class ByteaArray(Array):
    """Strings of bytes."""

    __slots__ = ()


class TextArray(Array):
    """Texts."""

    __slots__ = ()


#: The number of each class' array type, for the driver.
OIDS: Final[Mapping[type[Array], int]] = {
    BigintArray: BIGINT[1],
    ByteaArray: BYTEA[1],
    TextArray: TEXT[1],
}


def _head(element: int, count: int, *, nulls: bool = False) -> bytes:
    """Return the head of an array: one dimension, whose first index is 1."""
    return pack(">iiiii", 1, nulls, element, count, 1) if count else pack(">iii", 0, 0, element)


def _numbers(column: Sequence[int]) -> Array:
    flat = [8] * (2 * len(column))
    flat[1::2] = column
    return BigintArray(_head(BIGINT[0], len(column)) + pack(">" + "iq" * len(column), *flat))


def _strings(element: int, column: Sequence[bytes]) -> bytes:
    flat = [b""] * (2 * len(column))
    flat[::2] = map(pack, repeat(">i"), map(len, column))
    flat[1::2] = column
    return _head(element, len(column)) + b"".join(flat)


def _bytes(column: Sequence[bytes]) -> Array:
    return ByteaArray(_strings(BYTEA[0], column))


def _texts(column: Sequence[str]) -> Array:
    return TextArray(_strings(TEXT[0], [text.encode() for text in column]))


#: kind of a column of a ``CHUNK``: its type in SQL, and how it is written.
KINDS: Final[Mapping[str, tuple[str, Callable[[Sequence[Any]], Array]]]] = {
    "ID": ("BIGINT", _numbers),
    "SHARD": ("BIGINT", _numbers),
    "KEY": ("BYTEA", _bytes),
    "BLOB": ("BYTEA", _bytes),
    "DAY": ("TEXT", _texts),
}


def _string(value: bytes) -> bytes:
    return pack(">i", len(value)) + value


_NULL: Final = pack(">i", -1)
_MADE: Final[Mapping[type, tuple[type[Array], int, Callable[[Any], bytes]]]] = {
    int: (BigintArray, BIGINT[0], lambda value: pack(">iq", 8, value)),
    str: (TextArray, TEXT[0], lambda value: _string(value.encode())),
    bytes: (ByteaArray, BYTEA[0], _string),
}
_WHOLE: Final[Mapping[type, Callable[[Sequence[Any]], Array]]] = {
    int: _numbers, str: _texts, bytes: _bytes,
}  # fmt: skip


def column_of(values: Sequence[Any]) -> Array | None:
    """Return a column of a table as an array; None: it has no value, so its type is not known.

    Raises:
        KeyError: its values are of a type that no table of ours has.
        ValueError: they are not all of one type.
    """
    kinds = set(map(type, values))
    nulls = type(None) in kinds
    kinds.discard(type(None))
    if not kinds:
        return None
    (kind,) = kinds
    if not nulls:
        return _WHOLE[kind](values)
    made, element, one = _MADE[kind]
    parts = [_NULL if value is None else one(value) for value in values]
    return made(_head(element, len(values), nulls=True) + b"".join(parts))
