"""Know JSON as a bank may send it, and refuse everything that two programs could read differently.

UTF-8 without a byte order mark, no key twice, no NaN, no fractions, whole numbers of at most 18
digits, no more than 16 levels, no lone surrogate. Whatever is wrong is one :class:`BadJson`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final, NoReturn

MOST_DEPTH: Final = 16
MOST_DIGITS: Final = 18


class BadJson(ValueError):
    """It is not JSON of the strict kind. The text of the error quotes nothing of it."""


def _refuse(what: str) -> NoReturn:
    raise BadJson(what)


def _no_fraction(_: str) -> NoReturn:
    _refuse("a fraction")


def _no_constant(_: str) -> NoReturn:
    _refuse("a constant that is no number")


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        _refuse("a number too long")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        _refuse("a key twice")
    return made


_PLAIN: Final = json.JSONDecoder(parse_float=_no_fraction, parse_constant=_no_constant)
_DOUBTING: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_no_fraction,
    parse_constant=_no_constant,
    parse_int=_whole,
)
"""Looks at the keys of each object and counts the digits of each number: a step in Python each."""

_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_TOO_LONG: Final = b"0" * (MOST_DIGITS + 1)


def _is_plain(body: bytes) -> bool:
    """Return whether no quote is escaped, and nowhere so many digits stand in a row.

    Then every key and every text has two quotes, so those that a key given twice has lost are
    missed; and no number is too long.
    """
    return b"\\" not in body and _TOO_LONG not in body.translate(_DIGITS)


def read_json(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return what *body* says.

    Raises:
        BadJson: it is not JSON of the strict kind above.
    """
    try:
        text = body.decode("utf-8")
        if text[:1] == "\ufeff":
            _refuse("a byte order mark")
        plain = _is_plain(body)
        value = (_PLAIN if plain else _DOUBTING).decode(text)
        if "\\u" in text:
            _whole_characters(value)
    except RecursionError:
        _refuse("too many levels")
    except ValueError as error:
        raise BadJson(type(error).__name__) from None
    kept = _texts_and_keys(value)
    if plain and text.count('"') != 2 * kept:
        _refuse("a key twice")
    return value


def write_json(value: object) -> bytes:
    """Return *value* as JSON: UTF-8, no spaces.

    Raises:
        ValueError: it holds a number that is not finite, or a lone surrogate.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _texts_and_keys(value: object) -> int:
    """Count them level by level, so that no nest is too deep for looking.

    Raises:
        BadJson: there are more levels than are wanted.
    """
    found = 0
    level: Iterable[Any] = (value,)
    for _ in range(MOST_DEPTH + 1):
        nests: list[Iterable[Any]] = []
        for each in level:
            kind = type(each)
            if kind is str:
                found += 1
            elif kind is dict:
                found += len(each)
                nests.append(each.values())
            elif kind is list:
                nests.append(each)
        if not nests:
            return found
        level = chain.from_iterable(nests)
    _refuse("too many levels")


def _whole_characters(value: object) -> None:
    """Refuse an escape that stands for half a character: nothing can store it."""
    json.dumps(value, ensure_ascii=False).encode()
