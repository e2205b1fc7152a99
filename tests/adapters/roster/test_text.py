"""Text rosters: a declared rule for the encoding, row errors for bytes, and no row swallowed."""

from __future__ import annotations

import os
from datetime import date
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest

from szunion.adapters.roster import FileRosterReader, Limits, read_roster
from szunion.domain.documents import check_character
from szunion.domain.roster import PlainRow, RawRow, RejectedRow, judge_plain
from szunion.errors import InvalidInput
from szunion.testing.rosters import synthetic_roster

TODAY = date(2026, 11, 24)
HEADER = "姓名,身份证号,手机,备注"
ROW = "张测试,440301199003071230,13800138000,"


def other(sequence: int) -> str:
    body = f"44030119700101{sequence:03d}"
    return f"李测试,{body}{check_character(body)},139{sequence:08d},"


OTHER = other(123)


def read(data: bytes, limits: Limits | None = None) -> tuple[str, list[RawRow]]:
    with read_roster(BytesIO(data), filename="a.csv", limits=limits) as sheet:
        return sheet.encoding, list(sheet.rows)


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(InvalidInput) as refused:
        read(data, limits)
    assert str(refused.value)
    return refused.value.code


def codes(data: bytes) -> dict[int, list[str]]:
    with read_roster(BytesIO(data), filename="a.csv") as sheet:
        return {
            one.row: [error.code for error in one.errors]
            for one in judge_plain(sheet.rows, sheet.heading, TODAY)
            if isinstance(one, RejectedRow)
        }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encoding_separator_and_line_ends_are_told_by_the_header(
    encoding: str, separator: str, newline: str
) -> None:
    text = newline.join([HEADER, ROW.replace("测试", "䶮"), ""]).replace(",", separator)
    found, rows = read(text.encode(encoding))
    assert found == encoding
    assert [list(row.cells) for row in rows] == [["张䶮", "440301199003071230", "13800138000", ""]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_clearly(encoding: str) -> None:
    for rows in (1, 1_000):
        assert refusal(f"{HEADER}\n{ROW * rows}".encode(encoding)) == "E-ROSTER-004"
    assert refusal(f"{HEADER}\n{ROW}".encode(encoding)[:-1]) == "E-ROSTER-004"


def test_a_header_in_ascii_alone_leaves_the_encoding_to_the_whole_file() -> None:
    text = "name,idno,mobile\n" + "张测试,440301199003071230,13800138000\n" * 3
    assert read(text.encode("gb18030"))[0] == "gb18030"
    assert read(text.encode("utf-8"))[0] == "utf-8"
    assert read(text.encode("gb18030"))[1][0].cells[0] == "张测试"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_byte_that_cannot_be_decoded_is_an_error_of_its_row_alone(encoding: str) -> None:
    lines = [HEADER.encode(encoding), ROW.encode(encoding), OTHER.encode(encoding)]
    broken = b"\xff\xfe" + lines[1]
    assert codes(b"\n".join([lines[0], broken, lines[2]])) == {2: ["E-ROSTER-050"]}


def test_undecodable_bytes_in_a_column_that_is_not_read_are_still_said() -> None:
    data = f"{HEADER}\n{ROW}".encode() + b"\xff\xff\n" + OTHER.encode()
    assert codes(data) == {2: ["E-ROSTER-050"]}


def test_every_character_of_gb18030_survives() -> None:
    for name in ("𠮷", "䶮", "㑇", "阿依·测", "𬱖"):
        assert read(f"{HEADER}\n{name},1,1,".encode("gb18030"))[1][0].cells[0] == name


def test_lines_are_numbered_as_the_file_has_them() -> None:
    text = f'标题\n\n{HEADER}\n{ROW}\n"李测试",1,1,"两\n行"\n{ROW}\n'
    _, rows = read(text.encode())
    assert [row.line for row in rows if any(row.cells)] == [4, 5, 7]
    assert rows[1].cells[3] == "两\n行"


def test_a_quote_left_open_costs_one_row_and_swallows_none() -> None:
    good = [other(sequence) for sequence in range(1, 12)]
    text = "\n".join([HEADER, '"' + ROW, *good])
    with read_roster(BytesIO(text.encode()), filename="a.csv") as sheet:
        rows = list(sheet.rows)
    assert [row.line for row in rows] == list(range(2, 14))
    assert rows[0].marks[0][1] == "E-ROSTER-055"
    assert codes(text.encode()) == {2: ["E-ROSTER-055"]}


def test_two_stray_quotes_do_not_join_the_rows_between_them() -> None:
    text = "\n".join([HEADER, '"' + ROW, OTHER, ROW + '"'])
    with read_roster(BytesIO(text.encode()), filename="a.csv") as sheet:
        assert [row.line for row in sheet.rows] == [2, 3, 4]


def test_rows_are_fitted_to_the_header() -> None:
    _, rows = read(f"{HEADER}\n张测试,1\n张测试,1,2,3,,,\n张测试,1,2,3,4\n".encode())
    assert [len(row.cells) for row in rows] == [4, 4, 5]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "E-ROSTER-001"),
        (b"   \n\n", "E-ROSTER-001"),
        (b"\x00\x01\x02binary", "E-ROSTER-001"),
        (b"%PDF-1.7", "E-ROSTER-001"),
        (b"\x7fELF\x02\x01\x01" + bytes(400), "E-ROSTER-001"),
        (bytes(range(256)) * 20, "E-ROSTER-001"),
        (b"name,\x00id" + bytes(99), "E-ROSTER-001"),
        (b"<html><table>", "E-ROSTER-003"),
        (b"<?xml version='1.0'?><Workbook/>", "E-ROSTER-003"),
        ("没有表头\n张三,1".encode(), "E-ROSTER-005"),
        ("姓名,身份证号,证件号码\n".encode(), "E-ROSTER-006"),
    ],
)
def test_what_is_no_roster_is_refused(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_limits_hold_at_the_limit_and_break_one_above() -> None:
    text = HEADER + "\n" + f"{ROW}\n" * 5
    assert len(read(text.encode(), Limits(rows=5))[1]) == 5
    assert refusal(text.encode(), Limits(rows=4)) == "E-ROSTER-002"
    size = len(text.encode())
    assert len(read(text.encode(), Limits(upload=size))[1]) == 5
    assert refusal(text.encode(), Limits(upload=size - 1)) == "E-ROSTER-002"
    wide = HEADER + ",x" * 60
    assert read(f"{wide}\n".encode(), Limits(columns=64))[1] == []
    assert refusal(f"{wide},y\n".encode(), Limits(columns=64)) == "E-ROSTER-002"


@pytest.mark.parametrize(("length", "marked"), [(1023, False), (1024, False), (1025, True)])
def test_a_long_cell_is_an_error_of_its_row(length: int, marked: bool) -> None:  # noqa: FBT001
    _, rows = read(f"{HEADER}\n{ROW}{'长' * length}\n{ROW}\n".encode())
    assert bool(rows[0].marks) is marked
    assert len(rows[0].cells[3]) == min(length, 1024)
    assert rows[1].marks == ()


def test_a_line_without_an_end_is_refused_without_being_read_whole() -> None:
    assert refusal((HEADER + "\n").encode() + b"x" * 3_000_000) == "E-ROSTER-002"


def test_no_limit_can_be_raised_above_its_ceiling() -> None:
    with pytest.raises(InvalidInput):
        Limits(rows=1_000_001)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_made_up_roster_gets_the_verdicts_that_are_known(encoding: str) -> None:
    roster = synthetic_roster(11, 600)
    with read_roster(BytesIO(roster.as_csv(encoding)), filename="a.csv") as sheet:
        found = list(judge_plain(sheet.rows, sheet.heading, TODAY))
    refused = {one.row: one.errors[0].code for one in found if isinstance(one, RejectedRow)}
    assert refused == dict(roster.codes)
    taken = tuple((one.name, one.number, one.mobile) for one in found if isinstance(one, PlainRow))
    assert taken == roster.clean


def test_the_digest_is_of_the_whole_file() -> None:
    import hashlib

    data = f"{HEADER}\n{ROW}\n".encode()
    with FileRosterReader().open(BytesIO(data), filename="a.csv") as sheet:
        assert sheet.sha256 == hashlib.sha256(data).hexdigest()


def test_a_stream_that_cannot_seek_is_read_all_the_same() -> None:
    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

    with read_roster(Pipe(f"{HEADER}\n{ROW}\n".encode())) as sheet:
        assert len(list(sheet.rows)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipe that has a name")
def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    pipe = tmp_path / "名册.csv"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(f"{HEADER}\n{ROW}\n".encode(),))
    writer.start()
    with read_roster(pipe) as sheet:
        rows = list(sheet.rows)
    writer.join()
    assert len(rows) == 1


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no device that never ends")
def test_a_device_that_never_ends_is_too_large() -> None:
    with pytest.raises(InvalidInput) as caught, read_roster("/dev/zero"):
        pass
    assert caught.value.code == "E-ROSTER-002"
