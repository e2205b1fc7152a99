"""Know where two values differ: by the names of their fields alone, for a value may be a secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import fields, has

_MOST: Final = 4


def differing(one: object, other: object) -> str:
    """Return the first fields in which *one* and *other* differ, such as ``lines[0].fen``."""
    found = [name or type(one).__name__ for name in _differing(one, other, "")]
    return "、".join(found[:_MOST]) + ("…" if len(found) > _MOST else "")


def _differing(one: object, other: object, name: str) -> Iterator[str]:
    if one == other:
        return
    if type(one) is not type(other):
        yield f"{name}:{type(other).__name__}"
    elif isinstance(one, Sequence) and not isinstance(one, str) and isinstance(other, Sequence):
        if len(one) != len(other):
            yield f"{name}[{len(one)}≠{len(other)}]"
        for at, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from _differing(left, right, f"{name}[{at}]")
    elif has(kind := type(one)):
        for each in fields(kind):
            inner = f"{name}.{each.name}" if name else each.name
            yield from _differing(getattr(one, each.name), getattr(other, each.name), inner)
    else:
        yield name
