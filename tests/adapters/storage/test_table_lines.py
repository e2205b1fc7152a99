"""A row travels as the same line whichever engine it comes from, and comes back as it was."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from szunion.adapters.storage.sql.carry import Passing
from szunion.adapters.storage.sql.session import Row
from szunion.adapters.storage.sql.tables import Sum, Summing, batches, lines_of, rows_of
from szunion.errors import StorageError

VALUES: tuple[Any, ...] = (
    0, -1, 1 << 62, None, "", "市总工会", 'a"b\\c\n\t\x00\x7f\u2028', "],[", b"", b"\x00\xff[", 1.5,
    -0.0,
)  # fmt: skip


def plainly(row: Row) -> bytes:
    """Return a row as one writes it first: what a line is, and always was."""
    values = [
        {"b": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for value in row
    ]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("seed", range(5))
def test_rows_become_the_lines_that_json_makes_and_come_back(seed: int) -> None:
    chance = Random(seed)
    columns = [chance.choices(VALUES, k=chance.choice((1, 3, len(VALUES)))) for _ in range(6)]
    rows = [tuple(map(chance.choice, columns)) for _ in range(300)]
    lines = lines_of(rows)
    assert lines == [plainly(row) for row in rows]
    assert not any(b"\n" in line for line in lines)
    assert [list(map(repr, row)) for row in rows_of(lines)] == [
        list(map(repr, row)) for row in rows
    ]


def test_what_one_engine_says_as_another_kind_is_the_same_line() -> None:
    from_one = [(True, bytearray(b"x"), memoryview(b"y"))]
    assert lines_of(from_one) == lines_of([(1, b"x", b"y")])
    mixed = [(True, None), (0, b"x")]
    assert lines_of(mixed) == [b"[1,null]", b'[0,{"b":"eA=="}]']


@pytest.mark.parametrize("made", [lines_of, Passing().add])
def test_a_value_of_another_kind_is_refused_and_not_shown(
    made: Callable[[list[Row]], object],
) -> None:
    with pytest.raises(StorageError) as refused:
        made([(1,), (Decimal("8.75"),)])
    assert refused.value.code == "E-STORE-012"
    assert "Decimal" in str(refused.value)
    assert "8.75" not in str(refused.value)


def passed(*rows: Row) -> Sum:
    passing = Passing()
    assert list(passing.of(rows)) == list(rows)
    return passing.sum()


def test_equal_rows_add_up_to_the_same_however_they_are_held() -> None:
    word = "ACTIVE"
    same = word.encode().decode()
    assert word is not same
    row = (1 << 62, word, word, b"x", None, 1.5)
    assert passed(row, row) == passed(
        (1 << 62, same, word, bytearray(b"x"), None, 1.5),
        (1 << 62, word, same, memoryview(b"x"), None, 1.5),
    )
    assert passed(*[row] * 1201).rows == 1201


@pytest.mark.parametrize(
    "rows",
    [
        [("ab", "c"), (1, 2)], [("a", "bc"), (2, 1)], [(1, 2), ("a", "bc")], [("a", "bc")],
        [("a", b"bc"), (1, 2)], [("a", "bc"), (1, None)], [("a", "bc"), (1, 2), (1, 2)],
        [("a", "bc", 1, 2)], [],
    ],
)  # fmt: skip
def test_what_differs_in_anything_adds_up_to_something_else(rows: list[Row]) -> None:
    assert passed(*rows).sha256 != passed(("a", "bc"), (1, 2)).sha256


@pytest.mark.parametrize(
    "lines",
    [
        [b"[1", b"2]"], [b"[1],[2]"], [b"1"], [b'{"a":1}'], [b"[1]", b"[1,2]"], [b"[1]", b"x"],
        [b'[{"c":"eA=="}]'], [b'[{"b":"e"}]'], [b'[{"b":1}]'], [b"[1],"], [b"\xff"],
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(StorageError) as refused:
        rows_of(lines)
    assert refused.value.code == "E-STORE-013"


def test_a_sum_is_the_same_however_lines_come_together() -> None:
    lines = [b"[%d]" % at for at in range(7)]
    at_once, by_one = Summing(), Summing()
    at_once.add(lines)
    for line in lines:
        by_one.add([line])
    assert at_once.sum() == by_one.sum()
    assert at_once.sum().rows == len(lines)


def test_rows_come_in_lists_of_a_size_and_the_rest() -> None:
    rows = [(at,) for at in range(7)]
    assert list(batches(rows, 3)) == [rows[:3], rows[3:6], rows[6:]]
    assert list(batches([], 3)) == []
