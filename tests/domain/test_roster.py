"""Every row of a roster gets a verdict; mending never changes who somebody is, and is listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from szunion.domain.documents import DocumentKind, Gender, check_character
from szunion.domain.roster import (
    Column,
    Heading,
    PassedOver,
    PlainRow,
    RawRow,
    RejectedRow,
    RosterRow,
    Step,
    Verdict,
    judge,
    judge_plain,
    read_heading,
    sample_numbers,
    split_heading,
)
from szunion.domain.roster_mending import DayFault, mend_name, mend_number, read_day
from szunion.domain.roster_rows import cell_masked
from szunion.errors import InvalidInput
from szunion.testing.rosters import synthetic_roster

TODAY = date(2026, 11, 24)
GOOD = "440301199003071230"
BODY_OF_X = next(
    body for body in map("44030119900307{:03d}".format, range(1000)) if check_character(body) == "X"
)
HEADER = ("姓名", "证件类型", "证件号码", "手机", "入会日期", "性别", "出生日期", "备注")
HEADING: Heading = split_heading([RawRow(1, HEADER)])[0]  # type: ignore[index]


def raw(  # noqa: PLR0913 - the columns
    name: str = "张三", number: str = GOOD, mobile: str = "13800138000", joined: str = "",
    *, kind: str = "", gender: str = "", birth: str = "", line: int = 2,
) -> RawRow:  # fmt: skip
    return RawRow(line, (name, kind, number, mobile, joined, gender, birth, ""))


def verdict(row: RawRow, heading: Heading = HEADING) -> Verdict:
    (found,) = judge([row], heading, TODAY)
    return found


def codes(row: RawRow) -> list[str]:
    found = verdict(row)
    if isinstance(found, RejectedRow):
        return [error.code for error in found.errors]
    return [w.code for w in found.warnings] if isinstance(found, RosterRow) else [found.code]


def accepted(row: RawRow) -> RosterRow:
    found = verdict(row)
    assert isinstance(found, RosterRow), found
    return found


@pytest.mark.parametrize(
    "word",
    [
        "身份证号",
        "证件号码",
        "公民身份号码",
        "身 份 证 号",
        "身份证号（必填）",
        "*证件号码",
        "ＩＤ Ｎｏ.",
    ],
)
@pytest.mark.parametrize("name", ["姓名", "姓  名", "会员姓名", "Name"])
def test_headers_are_known_by_many_words(name: str, word: str) -> None:
    heading = read_heading(RawRow(3, ("序号", name, word, "联系电话", "部门")))
    assert heading is not None
    assert heading.columns == {Column.NAME: 1, Column.DOCUMENT_NUMBER: 2, Column.MOBILE: 3}
    assert heading.unused == ("序号", "部门")


def test_the_header_may_stand_below_titles() -> None:
    titles = [RawRow(1, ("某公司工会花名册", "", "")), RawRow(2, ("填报日期：2017年", "", ""))]
    person = RawRow(5, ("张三", GOOD, "13800138000"))
    rows = [*titles, RawRow(4, ("姓名", "身份证号", "手机")), person]
    found = split_heading(rows)
    assert found is not None
    heading, rest = found
    assert heading.line == 4
    assert [row.line for row in rest] == [5]


def test_without_a_header_in_thirty_rows_there_is_none() -> None:
    rows = [RawRow(line, ("标题",)) for line in range(1, 31)]
    assert split_heading([*rows, RawRow(31, ("姓名", "身份证号"))]) is None
    assert split_heading([*rows[:29], RawRow(30, ("姓名", "身份证号"))]) is not None


def test_two_columns_that_say_the_same_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_heading(RawRow(1, ("姓名", "身份证号", "证件号码")))
    assert refused.value.code == "E-ROSTER-006"


MENDED: Sequence[tuple[RawRow, Column, Step]] = (
    (raw(number="４４０３０１１９９００３０７１２３０"), Column.DOCUMENT_NUMBER, Step.FULL_WIDTH),
    (raw(number="440301 19900307 1230"), Column.DOCUMENT_NUMBER, Step.SPACES),
    (raw(number="'" + GOOD), Column.DOCUMENT_NUMBER, Step.APOSTROPHE),
    (raw(number=f'="{GOOD}"'), Column.DOCUMENT_NUMBER, Step.APOSTROPHE),
    (raw(number="\t" + GOOD), Column.DOCUMENT_NUMBER, Step.SPACES),
    (raw(number="\u200b" + GOOD), Column.DOCUMENT_NUMBER, Step.INVISIBLE),
    (raw(name="张 三"), Column.NAME, Step.SPACES),
    (raw(name="　张三"), Column.NAME, Step.SPACES),
    (raw(name="阿里•买买提"), Column.NAME, Step.DOT),
    (raw(name="阿里.买买提"), Column.NAME, Step.DOT),
    (raw(name="Jose\u0301"), Column.NAME, Step.NORMAL_FORM),
    (raw(mobile="+86 138-0013-8000"), Column.MOBILE, Step.COUNTRY_CODE),
    (raw(mobile="13800138000.0"), Column.MOBILE, Step.NUMBER_AS_TEXT),
    (raw(joined="2017.11"), Column.JOINED, Step.DATE_FORM),
    (raw(joined="43062"), Column.JOINED, Step.DATE_FORM),
)


@pytest.mark.parametrize(("row", "column", "step"), MENDED)
def test_mending_is_listed_with_what_it_did(row: RawRow, column: Column, step: Step) -> None:
    found = accepted(row)
    assert (column, step) in {(fix.column, fix.step) for fix in found.fixes}
    assert found.document.number.plain() == GOOD
    assert GOOD not in repr(found.fixes)


def test_a_small_x_becomes_a_large_one() -> None:
    body = BODY_OF_X
    assert check_character(body) == "X"
    for x in "xｘ×Х":
        found = accepted(raw(number=body + x))
        assert found.document.number.plain() == body + "X"
        assert found.fixes


@pytest.mark.parametrize("wrong", ["O", "l", "I"])
def test_a_letter_is_never_taken_for_a_digit(wrong: str) -> None:
    assert codes(raw(number=GOOD[:3] + wrong + GOOD[4:])) == ["E-ROSTER-013"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (raw(number="4.40E+17"), "E-ROSTER-012"),
        (raw(number="4.40301199003071E+17"), "E-ROSTER-012"),
        (raw(number="4.4e17"), "E-ROSTER-012"),
        (raw(number="440301199003071230.0"), "E-ROSTER-012"),
        (raw(number="440301199003071000"), "E-ROSTER-012"),
        (raw(number=GOOD[:-1]), "E-ROSTER-010"),
        (raw(number=GOOD[:-1] + "1"), "E-ROSTER-011"),
        (raw(number="440301199013071230"), "E-ROSTER-014"),
        (raw(number=""), "E-ROSTER-017"),
        (raw(number="E12345678"), "E-ROSTER-018"),
        (raw(number="E12345678", kind="身份证"), "E-ROSTER-013"),
        (raw(number="H12345678", kind="身份证"), "E-ROSTER-016"),
        (raw(number=GOOD, kind="护照签证"), "E-ROSTER-015"),
        (raw(number=GOOD, kind="回乡证"), "E-ROSTER-016"),
        (raw(name=""), "E-ROSTER-021"),
        (raw(name="张3"), "E-ROSTER-022"),
        (raw(name="=cmd|' /C calc'!A0"), "E-ROSTER-022"),
        (raw(mobile="1380013800"), "E-ROSTER-030"),
        (raw(mobile="1.38E+10"), "E-ROSTER-031"),
        (raw(joined="去年"), "E-ROSTER-040"),
        (raw(joined="11/23/2017"), "E-ROSTER-040"),
        (raw(joined="2026-11-25"), "E-ROSTER-041"),
        (raw(joined="1989-01-01"), "E-ROSTER-041"),
        (raw(joined="2017.1"), "E-ROSTER-042"),
        (raw(gender="不详"), "E-ROSTER-043"),
        (raw(name="张\ufffd"), "E-ROSTER-050"),
        (raw()._replace(marks=((7, "E-ROSTER-050"),)), "E-ROSTER-050"),
        (raw()._replace(marks=((2, "E-ROSTER-052"),)), "E-ROSTER-052"),
        (raw()._replace(marks=((3, "E-ROSTER-054"),)), "E-ROSTER-054"),
        (RawRow(2, (*raw().cells, "多")), "E-ROSTER-053"),
    ],
)
def test_what_cannot_be_mended_is_refused_with_its_code(row: RawRow, code: str) -> None:
    assert codes(row) == [code]
    found = verdict(row)
    assert isinstance(found, RejectedRow)
    error = found.errors[0]
    assert error.hint.zh
    assert error.hint.en
    assert "{" not in error.what.zh + error.hint.zh + error.what.en + error.hint.en
    assert GOOD[6:] not in repr(found)


def test_a_row_tells_everything_that_is_wrong_at_once() -> None:
    row = raw(name="", number="4.40E+17", mobile="1", joined="x", gender="?")
    assert codes(row) == [
        "E-ROSTER-021", "E-ROSTER-012", "E-ROSTER-030", "E-ROSTER-043", "E-ROSTER-040"
    ]  # fmt: skip


def test_a_number_destroyed_by_excel_is_never_called_a_wrong_check_digit() -> None:
    found = verdict(raw(number="4.40301199003071E+17"))
    assert isinstance(found, RejectedRow)
    assert found.errors[0].value_masked == "(4.40E+17)"
    assert "校验" not in found.errors[0].what.zh


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (raw(name="赵\ue863"), "W-ROSTER-105"),
        (raw(mobile=""), "W-ROSTER-106"),
        (raw(gender="女"), "W-ROSTER-103"),
        (raw(birth="1990-03-08"), "W-ROSTER-104"),
        (
            raw(number="160301199003071230"[:17] + check_character("16030119900307123")),
            "W-ROSTER-101",
        ),
        (raw(number="44030120150307123" + check_character("44030120150307123")), "W-ROSTER-114"),
        (raw()._replace(marks=((2, "W-ROSTER-102"),)), "W-ROSTER-102"),
    ],
)
def test_what_is_odd_is_taken_in_with_a_warning(row: RawRow, code: str) -> None:
    found = accepted(row)
    assert [warning.code for warning in found.warnings] == [code]
    assert found.warnings[0].what.zh


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2017-11-23", date(2017, 11, 23)),
        ("2017/11/23", date(2017, 11, 23)),
        ("2017.11.23", date(2017, 11, 23)),
        ("2017.11", date(2017, 11, 1)),
        ("2017-1", date(2017, 1, 1)),
        ("2017年11月23日", date(2017, 11, 23)),
        ("２０１７年１１月", date(2017, 11, 1)),
        ("20171123", date(2017, 11, 23)),
        ("201711", date(2017, 11, 1)),
        ("43062", date(2017, 11, 23)),
        ("2017-11-23 08:30:00", date(2017, 11, 23)),
        ("2016-02-29", date(2016, 2, 29)),
        ("2017-02-29", DayFault.UNREADABLE),
        ("2017.1", DayFault.JANUARY_OR_OCTOBER),
        ("2017", DayFault.UNREADABLE),
        ("17-11-23", DayFault.UNREADABLE),
        ("", DayFault.UNREADABLE),
        ("²017-11-23", date(2017, 11, 23)),
    ],
)
def test_dates_are_read_in_the_forms_offices_write(written: str, day: date | DayFault) -> None:
    assert read_day(written) == day


def test_the_second_of_two_rows_with_one_document_is_refused_and_names_the_first() -> None:
    rows = [raw(line=12), raw("李四", "'" + GOOD, "13900139000", line=91)]
    first, second = judge(rows, HEADING, TODAY)
    assert isinstance(first, RosterRow)
    assert isinstance(second, RejectedRow)
    assert second.errors[0].code == "E-ROSTER-020"
    assert "12" in second.errors[0].what.zh
    assert second.cells[0] == "李四"


def test_a_refused_row_is_nobody_s_twin() -> None:
    rows = [raw(name="", line=2), raw(line=3)]
    assert [type(found) for found in judge(rows, HEADING, TODAY)] == [RejectedRow, RosterRow]


@pytest.mark.parametrize("order", [1, -1])
def test_the_old_and_the_new_number_of_one_person_are_linked_not_equated(order: int) -> None:
    rows = [raw(line=2), raw(number="440301900307123", mobile="13900139000", line=3)][::order]
    found = list(judge(rows, HEADING, TODAY))
    assert all(isinstance(one, RosterRow) for one in found)
    last = found[1]
    assert isinstance(last, RosterRow)
    assert [(warning.code, warning.other) for warning in last.warnings] == [
        ("W-ROSTER-109", rows[0].line)
    ]


def test_one_mobile_for_two_is_odd() -> None:
    other = BODY_OF_X + "X"
    found = list(judge([raw(line=2), raw("李四", other, line=3)], HEADING, TODAY))
    last = found[1]
    assert isinstance(last, RosterRow)
    assert [(warning.code, warning.other) for warning in last.warnings] == [("W-ROSTER-107", 2)]


@pytest.mark.parametrize(
    ("kind", "number", "found"),
    [
        ("护照", "e12345678", DocumentKind.PASSPORT),
        ("", "h12345678", DocumentKind.HM_TRAVEL),
        ("台胞证", "12345678", DocumentKind.TW_TRAVEL),
        ("永久居留证", "USA440390030712", DocumentKind.FOREIGN_RESIDENCE_OLD),
        (
            "",
            "81000019900307123" + check_character("81000019900307123"),
            DocumentKind.HMT_RESIDENCE,
        ),
        ("居民身份证（15位）", "440301900307123", DocumentKind.RESIDENT_15),
    ],
)
def test_every_kind_of_document_can_be_on_a_roster(
    kind: str, number: str, found: DocumentKind
) -> None:
    row = accepted(raw(number=number, kind=kind, birth="1990-03-07", gender="男"))
    assert row.document.kind is found
    assert (row.birth, row.gender) == (date(1990, 3, 7), Gender.MALE)


@pytest.mark.parametrize("first", ["合计", "填表人：某某", "单位（盖章）", "备注：以上属实"])
def test_totals_and_signatures_are_passed_over(first: str) -> None:
    row = RawRow(9, (first, "", "", "", "", "", "", ""))
    assert verdict(row) == PassedOver(9, "W-ROSTER-112")


def test_sample_rows_of_the_template_are_nobody() -> None:
    for number in sample_numbers():
        assert verdict(raw("示例甲", number)) == PassedOver(2, "W-ROSTER-113")


def test_blank_rows_are_no_rows() -> None:
    rows = [RawRow(2, ("", " ", "　")), raw(line=3), RawRow(4, ()), RawRow(5, ("",) * 8)]
    assert [found.row for found in judge(rows, HEADING, TODAY)] == [3]


def test_a_month_of_joining_is_its_first_day() -> None:
    assert accepted(raw(joined="2017年11月")).joined == date(2017, 11, 1)


def test_rows_print_masked() -> None:
    for found in judge_plain([raw(), raw(number="1")], HEADING, TODAY):
        assert GOOD not in repr(found)
        assert "张三" not in repr(found)
        assert "13800138000" not in repr(found)
    assert GOOD not in repr(raw())


@given(st.text(max_size=40))
@settings(derandomize=True, max_examples=400)
def test_mending_a_number_twice_changes_nothing_more(text: str) -> None:
    once = mend_number(text).text
    again = mend_number(once)
    assert again.text == once or once.startswith(("'", "=", "`", "’"))


@given(st.text(max_size=40))
@settings(derandomize=True, max_examples=400)
def test_mending_never_adds_removes_or_changes_a_digit(text: str) -> None:
    def digits(of: str) -> str:
        return "".join(c for c in of.translate({0xFF10 + d: 0x30 + d for d in range(10)})
                       if c in "0123456789")  # fmt: skip

    after = mend_number(text).text
    assert digits(after) == digits(text).removesuffix(
        "0" if text.strip().endswith((".0", "．０")) else ""
    ) or digits(after) == digits(text)


@given(st.lists(st.text(max_size=25), min_size=8, max_size=8))
@settings(derandomize=True, max_examples=500)
def test_no_row_makes_the_judge_fail(cells: list[str]) -> None:
    for found in judge_plain([RawRow(2, cells)], HEADING, TODAY):
        assert isinstance(found, PlainRow | RejectedRow | PassedOver)
        if isinstance(found, PlainRow):
            found.checked()


@given(st.text(max_size=60), st.sampled_from(list(Column)))
@settings(derandomize=True, max_examples=200)
def test_a_cell_that_holds_an_identity_number_never_shows_it(text: str, column: Column) -> None:
    assert GOOD not in cell_masked(column, text + GOOD)
    assert GOOD not in cell_masked(column, GOOD + text)


def test_clean_rows_get_the_same_verdict_at_a_glance_and_looked_at_closely() -> None:
    roster = synthetic_roster(3, 400)
    heading = read_heading(RawRow(1, roster.header))
    assert heading is not None
    rows = [RawRow(line, cells) for line, cells in enumerate(roster.rows, start=4)]
    close = [
        row._replace(cells=[*row.cells[:1], " " + row.cells[1], *row.cells[2:]]) for row in rows
    ]
    glanced = list(judge(rows, heading, TODAY))
    looked = list(judge(close, heading, TODAY))
    for one, other in zip(glanced, looked, strict=True):
        assert type(one) is type(other)
        if isinstance(one, RosterRow) and isinstance(other, RosterRow):
            assert (one.name, one.document, one.mobile, one.joined, one.birth, one.gender) == (
                other.name, other.document, other.mobile, other.joined, other.birth, other.gender
            )  # fmt: skip


def test_names_are_mended_to_what_the_value_takes() -> None:
    assert mend_name(" 阿里 ・ 买买提 ").text == "阿里·买买提"
    assert mend_name("  JOHN   SMITH ").text == "JOHN SMITH"
