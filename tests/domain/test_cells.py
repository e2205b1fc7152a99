"""No cell that is handed out becomes a formula, whatever stands in it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from szunion.domain.cells import begins_formula, csv_text, safe_cell

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", "|", "%", '"']
BEFORE = ["", " ", "  ", "\ufeff", "\u200b", "\u2028", "\u3000", "\x1f", " \t", "\r\n", "\0"]
BODIES = ["1+1", "cmd|' /C calc'!A0", 'HYPERLINK("x","y")', "SUM(A1:A9)", "DDE(1)"]
PAYLOADS = [before + start + body for before in BEFORE for start in STARTS for body in BODIES]


def formula(cell: str) -> bool:
    """Return whether a spreadsheet might take *cell* for a formula: what it shows first."""
    shown = "".join(c for c in cell if c.isprintable() or c in "\t\r\n\0").strip(" \u3000\u200b")
    return shown[:1] in set("=+-@\t\r\n\0＝＋－＠")


def test_there_are_more_than_two_hundred_payloads() -> None:
    assert len(PAYLOADS) >= 200
    assert sum(map(formula, PAYLOADS)) > 200


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_no_cell_comes_back_as_a_formula(quoting: int) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=quoting).writerows(  # type: ignore[arg-type]
        [safe_cell(each), "x"] for each in PAYLOADS
    )
    read = list(csv.reader(io.StringIO(file.getvalue())))
    assert len(read) == len(PAYLOADS)
    assert [cell for cell, _ in read if formula(cell)] == []


@given(st.text())
def test_any_cell_is_one_safe_line(text: str) -> None:
    cell = safe_cell(text)
    assert not formula(cell)
    assert not set(cell) & set("\t\r\n\0")


@pytest.mark.parametrize("hidden", ["\x80", "\xad", "\ue000", "\u2069", "\ufdd0"])
def test_what_is_not_shown_does_not_hide_a_formula(hidden: str) -> None:
    assert safe_cell(f"{hidden}@SUM(A1)").startswith("'")


def test_a_rare_character_of_a_name_is_kept() -> None:
    assert safe_cell("王\ue863") == "王\ue863"


@given(st.text(alphabet=st.characters(categories=["Lo", "Nd"]), min_size=1))
def test_an_ordinary_cell_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize("before", ["", " ", '"', "'", "\u3000'", "\ufeff"])
@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
def test_what_a_program_takes_away_first_does_not_hide_a_formula(before: str, sign: str) -> None:
    assert begins_formula(f"{before}{sign}1")
    assert safe_cell(f"{before}{sign}1") == "'" + f"{before}{sign}1".lstrip("\ufeff")


@pytest.mark.parametrize("text", ["", "张三", "2017-11-23", "O'Neil", "a=b", "'"])
def test_words_are_no_formulas(text: str) -> None:
    assert not begins_formula(text)


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1)))
def test_a_table_reads_back_as_it_was(rows: list[list[str]]) -> None:
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows
