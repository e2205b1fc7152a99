"""Parts that are looked at side by side: in their order, never too far ahead, and whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from attrs import define, field

from szunion.application.side_by_side import in_parts
from szunion.ports.storage import UnitOfWork

T = TypeVar("T")
_LONG = 30.0


@define
class Looking:
    """A store that counts its looks, and how many were open at once."""

    side_by_side: int = 2
    begun: int = 0
    open: int = 0
    most: int = 0
    lock: threading.Lock = field(factory=threading.Lock)

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        unit: Any = None
        with self.lock:
            self.begun += 1
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            return look(unit)
        finally:
            with self.lock:
                self.open -= 1

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:  # noqa: ARG002
        raise AssertionError

    def close(self) -> None:
        raise AssertionError


@pytest.mark.parametrize("many", [1, 2, 5])
def test_what_is_found_comes_in_the_order_of_the_parts(many: int) -> None:
    last_but_one_first = threading.Event()

    def look(_: UnitOfWork, part: int) -> int:
        if many > 1:  # the first part ends only after the second has
            if part == 0:
                assert last_but_one_first.wait(_LONG)
            elif part == 1:
                last_but_one_first.set()
        return part * part

    store = Looking(many)
    assert list(in_parts(store, look, range(20))) == [part * part for part in range(20)]
    assert store.begun == 20
    assert store.most <= many
    assert store.most > 1 or many == 1


def test_no_part_is_looked_at_further_ahead_than_the_store_says() -> None:
    store = Looking(2)
    found = in_parts(store, lambda _, part: part, range(100))
    for part in range(10):
        assert next(found) == part
        assert store.begun <= part + 1 + store.side_by_side
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert store.begun < 20
    assert store.open == 0


@pytest.mark.parametrize("many", [1, 2])
def test_what_is_wrong_with_a_part_is_heard_where_it_would_have_come(many: int) -> None:
    def look(_: UnitOfWork, part: int) -> int:
        if part == 3:
            msg = "the third"
            raise RuntimeError(msg)
        return part

    store = Looking(many)
    seen: list[int] = []
    with pytest.raises(RuntimeError, match="the third"):
        seen.extend(in_parts(store, look, range(100)))
    assert seen == [0, 1, 2]
    assert store.open == 0
