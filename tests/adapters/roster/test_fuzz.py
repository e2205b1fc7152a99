"""Whatever bytes come in, a roster reader answers with rows or with one coded refusal."""

from __future__ import annotations

import csv
from datetime import date
from io import BytesIO, StringIO
from random import Random

import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.roster import hostile

from szunion.adapters.roster import Limits, read_roster
from szunion.adapters.roster.preflight import preflight
from szunion.domain.roster import RawRow, judge_plain
from szunion.errors import InvalidInput
from szunion.testing.rosters import synthetic_roster

TODAY = date(2026, 11, 24)


def taken(data: bytes) -> int:
    """Return how many rows were judged, or -1: refused."""
    try:
        with read_roster(BytesIO(data), filename="a") as sheet:
            return sum(1 for _ in judge_plain(sheet.rows, sheet.heading, TODAY))
    except InvalidInput:
        return -1


@given(st.binary(max_size=400))
@settings(derandomize=True, max_examples=400)
def test_any_bytes_below_a_header(tail: bytes) -> None:
    for encoding in ("utf-8", "gb18030"):
        assert taken("姓名,身份证号,手机\n".encode(encoding) + tail) >= -1


@given(st.binary(max_size=200))
@settings(derandomize=True, max_examples=300)
def test_any_bytes_at_all(data: bytes) -> None:
    assert taken(data) >= -1


PIECES = ("张", ",", ",", "\n", "\n", "\r\n", "\r", "4", "x" * 1025, "\ufffd", "\u2028")


@given(st.lists(st.sampled_from(PIECES), max_size=30))
@settings(derandomize=True, max_examples=300)
def test_lines_taken_as_a_block_are_the_rows_that_the_parser_finds(pieces: list[str]) -> None:
    plain = "姓名,身份证号,手机\n" + "".join(pieces) + "\n"
    rows, parsed = (
        every(text.encode(code))
        for text, code in ((plain, "utf-8"), (plain + '"末","",""', "utf-8"))  # a quote: no block
    )
    assert parsed[-1].cells == ["末", "", ""]
    assert rows == parsed[:-1]


def every(data: bytes) -> list[RawRow]:
    with read_roster(BytesIO(data), filename="a") as sheet:
        return list(sheet.rows)


@pytest.mark.parametrize("seed", range(4))
def test_rows_over_several_blocks_are_those_of_the_whole_text(seed: int) -> None:
    random = Random(seed)
    lines = [
        random.choice(("张三,440301,138", '李四,"44\n03",', '王五,"a""b","c"', ",," + "长" * 40))
        for _ in range(6_000)
    ]
    plain = ["张三,440301,138"] * 9_000  # two blocks, of which one is not plain after all
    lines = [*plain[:8_000], '赵六,"4","5"', *plain[8_000:], *lines]
    text = "\r\n".join(["姓名,身份证号,手机", *lines])
    expected = list(csv.reader(StringIO(text, newline="")))[1:]
    assert [list(row.cells) for row in every(text.encode("gb18030"))] == expected


def test_any_byte_changed_in_a_workbook_is_looked_through() -> None:
    good = synthetic_roster(1, 30).as_xlsx()
    random = Random(1)
    refused = 0
    for _ in range(400):
        data = bytearray(good)
        data[random.randrange(len(data))] = random.randrange(256)
        try:
            preflight(BytesIO(bytes(data)), Limits())
        except InvalidInput:
            refused += 1
    assert 0 < refused < 400


@pytest.mark.parametrize("seed", range(12))
def test_any_bytes_changed_in_an_old_workbook_leave_us_alive(seed: int) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("S")
    for at, word in enumerate(("姓名", "身份证号")):
        page.write(0, at, word)
        page.write(1, at, "张")
    out = BytesIO()
    book.save(out)
    assert taken(out.getvalue()) == 1
    random, data = Random(seed), bytearray(out.getvalue())
    for _ in range(1 + seed * 3):
        data[random.randrange(512, len(data))] = random.randrange(256)
    assert taken(bytes(data)) >= -1


@pytest.mark.parametrize("seed", range(8))
def test_any_bytes_changed_in_a_sheet_leave_us_alive(seed: int) -> None:
    random, sheet = Random(seed), bytearray(hostile.sheet(hostile.cell("A2", "5")))
    for _ in range(1 + seed):
        sheet[random.randrange(len(sheet))] = random.randrange(32, 127)
    assert taken(hostile.book(bytes(sheet))) >= -1
