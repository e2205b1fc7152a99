"""Workbooks for offices: inert text, the same bytes, and what goes back can come again as it is."""

from __future__ import annotations

import zipfile
from datetime import date
from io import BytesIO

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from szunion.adapters.roster import ExcelRosterWriter, read_roster
from szunion.domain.cells import begins_formula
from szunion.domain.documents import check_character
from szunion.domain.roster import (
    Column,
    Heading,
    PassedOver,
    RejectedRow,
    RosterRow,
    Verdict,
    judge,
)
from szunion.errors import InvalidInput
from szunion.testing.rosters import synthetic_roster

TODAY = date(2026, 11, 24)
WRITER = ExcelRosterWriter()


def judged(data: bytes, filename: str = "a.xlsx") -> tuple[Heading, list[Verdict]]:
    with read_roster(BytesIO(data), filename=filename) as sheet:
        return sheet.heading, list(judge(sheet.rows, sheet.heading, TODAY))


def page_of(data: bytes) -> Worksheet:
    page = openpyxl.load_workbook(BytesIO(data)).active
    assert isinstance(page, Worksheet)
    return page


def rejected_of(found: list[Verdict]) -> list[RejectedRow]:
    return [one for one in found if isinstance(one, RejectedRow)]


def test_the_template_has_text_columns_a_drop_down_notes_and_two_samples() -> None:
    data = WRITER.template()
    page = page_of(data)
    assert [cell.value for cell in page[1]] == [
        "姓名", "证件类型", "证件号码", "手机", "入会日期"
    ]  # fmt: skip
    assert all(cell.comment is not None for cell in page[1])
    columns = list(page.column_dimensions.values())
    assert {column.number_format for column in columns} == {"@"}
    assert max(column.max for column in columns) == 5
    (choice,) = page.data_validations.dataValidation
    assert "居民身份证" in str(choice.formula1)
    assert page.max_row == 3
    assert data == WRITER.template()


def test_the_template_imports_and_its_samples_are_nobody() -> None:
    heading, found = judged(WRITER.template())
    assert set(heading.columns) == {
        Column.NAME, Column.DOCUMENT_KIND, Column.DOCUMENT_NUMBER, Column.MOBILE, Column.JOINED
    }  # fmt: skip
    assert found == [PassedOver(2, "W-ROSTER-113"), PassedOver(3, "W-ROSTER-113")]


def test_the_to_mend_workbook_imports_again_as_it_is_with_the_same_errors() -> None:
    roster = synthetic_roster(7, 500)
    heading, found = judged(roster.as_csv(), "a.csv")
    bad = rejected_of(found)
    data = WRITER.to_mend(heading, bad)
    assert data == WRITER.to_mend(heading, bad)
    again_heading, again = judged(data)
    assert again_heading.headers[:6] == roster.header
    assert again_heading.headers[6:] == ("错误代码", "怎么改", "原行号")
    twins = [row for row in bad if row.errors[0].code == "E-ROSTER-020"]
    assert twins, "a twin is alone in this file, so that it is judged good here"
    same = [row.errors[0].code for row in bad if row not in twins]
    assert [row.errors[0].code for row in rejected_of(again)] == same
    assert len(again) == len(bad)


def test_the_wrong_cells_are_red_and_say_what_to_do_and_rows_keep_their_numbers() -> None:
    text = "姓名,身份证号,手机\n张测试,4.40E+17,138\n"
    heading, found = judged(text.encode(), "a.csv")
    page = page_of(WRITER.to_mend(heading, rejected_of(found)))
    name, number, mobile, codes, hint, row = page[2]
    assert name.fill.fgColor.rgb == "00000000"
    assert number.fill.fgColor.rgb == mobile.fill.fgColor.rgb == "FFF8CBAD"
    assert number.comment is not None
    assert "Excel" in number.comment.text
    assert (codes.value, row.value) == ("E-ROSTER-012 E-ROSTER-030", "2")
    assert "文本" in str(hint.value)


def test_mended_in_excel_and_imported_again_a_row_is_accepted_and_the_rest_keep_their_numbers() -> (
    None
):
    body = "44030119900307123"
    text = "标题\n姓名,身份证号\n张测试,1\n李测试,2\n"
    heading, found = judged(text.encode(), "a.csv")
    book = openpyxl.load_workbook(BytesIO(WRITER.to_mend(heading, rejected_of(found))))
    page = book.active
    assert isinstance(page, Worksheet)
    page["B2"] = body + check_character(body)
    out = BytesIO()
    book.save(out)
    heading, (good, bad) = judged(out.getvalue())
    assert isinstance(good, RosterRow)
    assert isinstance(bad, RejectedRow)
    third = page_of(WRITER.to_mend(heading, [bad]))
    assert [cell.value for cell in third[1]] == ["姓名", "身份证号", "错误代码", "怎么改", "原行号"]
    assert [*[cell.value for cell in third[2]][:3], third["E2"].value] == [
        "李测试", "2", "E-ROSTER-010", "4"
    ]  # fmt: skip


LEADS = ("", " ", "  ", "　", "\ufeff", "\n", "\r\n", '"', "'", "\t")
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\x00")
TAILS = ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://127.0.0.1")')
PAYLOADS = [lead + sign + tail for lead in LEADS for sign in SIGNS for tail in TAILS][:330]


def test_no_payload_becomes_a_formula_or_a_link() -> None:
    assert len(PAYLOADS) >= 200
    heading = judged("姓名,身份证号,备注\n".encode(), "a.csv")[0]
    rows = [RejectedRow(line, (), ("张", "1", text)) for line, text in enumerate(PAYLOADS, 2)]
    data = WRITER.to_mend(heading, rows)
    page = page_of(data)
    cells = [page.cell(line, 3) for line in range(2, len(PAYLOADS) + 2)]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    assert [cell for cell in cells if cell.data_type == "n" and cell.value is not None] == []
    with zipfile.ZipFile(BytesIO(data)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml
    assert b"<hyperlink" not in xml
    quoted = sum(bool(cell.style and cell.quotePrefix) for cell in cells)
    assert quoted == sum(map(begins_formula, PAYLOADS))


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    heading = judged("姓名,身份证号\n".encode(), "a.csv")[0]
    page = page_of(WRITER.to_mend(heading, [RejectedRow(2, (), ("张\x00\x1b\ufffe", "1"))]))
    assert page["A2"].value == "张"


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("szunion.adapters.roster.writer.find_spec", lambda _: None)
    with pytest.raises(InvalidInput) as refused:
        WRITER.template()
    assert refused.value.code == "E-ROSTER-009"
