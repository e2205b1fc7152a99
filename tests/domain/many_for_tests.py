"""What a kind of value promises of many: they are what each is by itself, or none is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import pytest

from szunion.errors import InvalidInput

V = TypeVar("V")


class _Kind(Protocol[V]):
    """A kind of value that is made of a text, one at a time or many."""

    def __call__(self, text: str, /) -> V: ...

    def many(self, texts: Sequence[str], /) -> list[V]: ...


def check_many(kind: _Kind[V], texts: Sequence[str], plain: Callable[[V], str]) -> None:
    """Check that many are what each is, and say the same texts; else that they are refused."""
    try:
        each = [kind(text) for text in texts]
    except InvalidInput:
        with pytest.raises(InvalidInput):
            kind.many(texts)
    else:
        assert kind.many(texts) == each
        assert [plain(one) for one in kind.many(texts)] == texts
