"""Workbooks: read in a child process that may die, with hidden sheets, formulas, lost digits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import xlwt
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from tests.adapters.roster import hostile

from szunion.adapters.roster import Limits, child, read_roster
from szunion.adapters.roster.excel import open_excel
from szunion.adapters.roster.preflight import column_of, preflight
from szunion.domain.roster import (
    Column,
    PassedOver,
    RejectedRow,
    RosterRow,
    Verdict,
    judge,
)
from szunion.errors import InvalidInput
from szunion.ports.roster import RosterSheet
from szunion.testing.rosters import synthetic_roster

TODAY = date(2026, 11, 24)
GOOD = "440301199003071230"


def made(fill: Callable[[Workbook, Worksheet], None]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    fill(book, page)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def judged(data: bytes, sheet: str | None = None) -> tuple[RosterSheet, list[Verdict]]:
    with read_roster(BytesIO(data), filename="a.xlsx", sheet=sheet) as opened:
        return opened, list(judge(opened.rows, opened.heading, TODAY))


def refusal(data: bytes, **options: object) -> str:
    with (
        pytest.raises(InvalidInput) as refused,
        read_roster(
            BytesIO(data),
            **options,  # type: ignore[arg-type]
        ) as sheet,
    ):
        list(sheet.rows)
    return refused.value.code


def first_codes(found: list[Verdict]) -> list[str]:
    return [one.errors[0].code if isinstance(one, RejectedRow) else "" for one in found]


def test_titles_merged_cells_blank_rows_and_other_columns_do_not_matter() -> None:
    def fill(_: Workbook, page: Worksheet) -> None:
        page["B2"] = "某公司工会"
        page.merge_cells("B2:F2")
        for place, word in zip("BCDE", ("姓名", "公民身份号码", "联系电话", "部门"), strict=True):
            page[f"{place}4"] = word
        for place, value in zip("BCDE", ("张三", GOOD, 13800138000, "一"), strict=True):
            page[f"{place}6"] = value
        page["B20"] = " "

    sheet, found = judged(made(fill))
    assert sheet.heading.line == 4
    assert sheet.heading.unused == ("部门",)
    (row,) = found
    assert isinstance(row, RosterRow)
    assert row.row == 6
    assert row.mobile is not None
    assert row.mobile.plain() == "13800138000"


@pytest.mark.parametrize("old", [False, True])
def test_a_number_kept_as_a_figure_is_called_destroyed(old: bool) -> None:  # noqa: FBT001
    if old:
        book = xlwt.Workbook()
        page = book.add_sheet("S")
        for at, word in enumerate(("姓名", "身份证号", "入会日期")):
            page.write(0, at, word)
        style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
        page.write(1, 0, "张三")
        page.write(1, 1, int(GOOD))
        page.write(2, 0, "李四")
        page.write(2, 1, GOOD)
        page.write(2, 2, date(2017, 11, 23), style)
        out = BytesIO()
        book.save(out)
        data = out.getvalue()
    else:

        def fill(_: Workbook, page: Worksheet) -> None:
            page.append(("姓名", "身份证号", "入会日期"))
            page.append(("张三", int(GOOD), None))
            page.append(("李四", GOOD, date(2017, 11, 23)))

        data = made(fill)
    sheet, (lost, kept) = judged(data)
    assert sheet.form == ("xls" if old else "xlsx")
    assert isinstance(lost, RejectedRow)
    assert [(error.code, error.value_masked) for error in lost.errors] == [
        ("E-ROSTER-012", "(4.40E+17)")
    ]
    assert isinstance(kept, RosterRow)
    assert kept.joined == date(2017, 11, 23)


def test_hidden_sheets_are_not_read_and_said() -> None:
    def fill(book: Workbook, page: Worksheet) -> None:
        page.title = "旧"
        page.append(("姓名", "身份证号"))
        page.append(("旧人", GOOD))
        page.sheet_state = "hidden"
        for title in ("说明", "花名册", "另一张", "空"):
            book.create_sheet(title)
        book["说明"].append(("请填写花名册",))
        for title, name in (("花名册", "张三"), ("另一张", "李四")):
            book[title].append(("姓名", "身份证号"))
            book[title].append((name, GOOD))

    data = made(fill)
    sheet, (row,) = judged(data)
    assert sheet.name == "花名册"
    assert isinstance(row, RosterRow)
    assert row.name.plain() == "张三"
    assert set(sheet.passed_over) == {
        ("W-ROSTER-108", "旧"), ("W-ROSTER-111", "说明"), ("W-ROSTER-111", "另一张")
    }  # fmt: skip
    chosen, (other,) = judged(data, "另一张")
    assert chosen.name == "另一张"
    assert isinstance(other, RosterRow)
    assert other.name.plain() == "李四"
    assert refusal(data, sheet="没有") == "E-ROSTER-019"


def test_formulas_are_not_evaluated() -> None:
    """Without a saved value the row is refused; a saved value is used, and that is said."""
    number = f"<is><t>{GOOD}</t></is></c></row>"
    cells = (
        '<row r="2"><c r="A2" t="str"><f>"张"&amp;"三"</f><v>张三</v></c>'
        f'<c r="B2" t="inlineStr">{number}'
        f'<row r="3"><c r="A3"><f>1+1</f></c><c r="B3" t="inlineStr">{number}'
        '<row r="4"><c r="A4" t="inlineStr"><is><t>李四</t></is></c>'
        '<c r="B4" t="e"><f>NA()</f><v>#N/A</v></c></row>'
        '<row r="5"><c r="A5" t="inlineStr"><is><t>=1+1</t></is></c>'
        '<c r="B5" t="inlineStr"><is><t>440301197001011234</t></is></c></row>'
    )
    _, found = judged(hostile.book(hostile.sheet(cells)))
    first = found[0]
    assert isinstance(first, RosterRow)
    assert [(w.column, w.code) for w in first.warnings] == [(Column.NAME, "W-ROSTER-102")]
    assert first_codes(found) == ["", "E-ROSTER-052", "E-ROSTER-054", "E-ROSTER-022"]


def test_the_reader_that_aborts_takes_only_the_child_with_it() -> None:
    """Even a sheet that the look through the file has let pass: the reader asks for 512 GiB."""
    far = Limits(rows=1_000_000, columns=16_384)
    data = hostile.book(hostile.sheet(hostile.cell("XFD1000000")))
    assert preflight(BytesIO(data), far).cells > 10**10
    small = Limits(rows=1_000_000, columns=16_384, seconds=20)
    with pytest.raises(InvalidInput) as died, open_excel(BytesIO(data), "xlsx", small, None):
        pass
    assert died.value.code == "E-ROSTER-008"


def test_a_child_that_takes_too_long_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "child.py"
    slow.write_text("import sys\nsys.stdin.buffer.read()\n", "utf-8")
    monkeypatch.setattr("szunion.adapters.roster.excel._CHILD", slow)
    assert refusal(hostile.book(), limits=Limits(seconds=1)) == "E-ROSTER-008"


def test_leaving_early_ends_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    started = list[subprocess.Popen[bytes]]()
    begin = subprocess.Popen

    def noted(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(begin(*args, **options))
        return started[-1]

    monkeypatch.setattr("szunion.adapters.roster.excel.subprocess.Popen", noted)
    roster = synthetic_roster(2, 5_000)
    with read_roster(BytesIO(roster.as_xlsx()), filename="a.xlsx") as sheet:
        next(sheet.rows)
    assert [process.returncode is not None for process in started] == [True]


def test_limits_of_a_workbook_hold_at_the_limit_and_break_one_above() -> None:
    def fill(_: Workbook, page: Worksheet) -> None:
        page.append(("姓名", "身份证号", "备注"))
        for _line in range(40):
            page.append(("张三", "1", "x" * 30))

    data = made(fill)
    for limits, good in (
        (Limits(rows=10), True), (Limits(rows=9), False),
        (Limits(columns=3), True), (Limits(columns=2), False),
        (Limits(cell=30), True), (Limits(cell=29), False),
        (Limits(entries=11), True), (Limits(entries=8), False),
        (Limits(upload=len(data)), True), (Limits(upload=len(data) - 1), False),
    ):  # fmt: skip
        if good:
            with read_roster(BytesIO(data), limits=limits) as sheet:
                assert len(list(sheet.rows)) == 40
        else:
            assert refusal(data, limits=limits) == "E-ROSTER-002"


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (13800138000.0, "13800138000"),
        (13800138000, "13800138000"),
        (999999999999999.0, "999999999999999"),
        (1e15, "1E+15"),
        (float(GOOD), "4.40301199003071E+17"),
        (2017.11, "2017.11"),
        (float("nan"), "NAN"),
        (float("inf"), "INF"),
        (True, "TRUE"),
        ("张三", "张三"),
        (date(2017, 11, 23), "2017-11-23"),
        (datetime(2017, 11, 23), "2017-11-23"),  # noqa: DTZ001 - a cell has no zone
        (datetime(2017, 11, 23, 8), "2017-11-23 08:00:00"),  # noqa: DTZ001
        (time(8), "08:00:00"),
    ],
)
def test_the_child_says_numbers_with_all_digits_or_as_figures(value: child.Cell, word: str) -> None:
    assert child.word(value) == word


def test_columns_are_counted_as_excel_counts_them() -> None:
    assert [column_of(letters) for letters in ("A", "Z", "AA", "BM", "XFD")] == [
        0, 25, 26, 64, 16_383
    ]  # fmt: skip


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    monkeypatch.setattr(
        "szunion.adapters.roster.excel.find_spec", lambda name: None if "calamine" in name else 1
    )
    with pytest.raises(InvalidInput) as refused, read_roster(BytesIO(hostile.book())):
        pass
    assert refused.value.code == "E-ROSTER-009"
    assert "szunion[excel]" in refused.value.do()


def test_a_made_up_roster_gets_the_verdicts_that_are_known() -> None:
    roster = synthetic_roster(7, 800)
    sheet, found = judged(roster.as_xlsx())
    refused = {one.row: one.errors[0].code for one in found if isinstance(one, RejectedRow)}
    assert refused == dict(roster.codes)
    taken = tuple(
        (one.name.plain(), one.document.number.plain(), one.mobile.plain())
        for one in found
        if isinstance(one, RosterRow) and one.mobile is not None
    )
    assert taken == roster.clean
    assert not [one for one in found if isinstance(one, PassedOver)]
    assert sheet.passed_over == (("W-ROSTER-108", "旧数据"),)
    assert roster.as_xlsx() == synthetic_roster(7, 800).as_xlsx()
    with ZipFile(BytesIO(roster.as_xlsx())) as book:
        assert b"2017-10-31T00:00:00Z" in book.read("docProps/core.xml"), "no wall clock"
