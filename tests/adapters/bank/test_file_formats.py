"""A layout is refused when it could lose something; a file is believed when it is whole; a name
is written exactly or not at all."""

from __future__ import annotations

import io
import re
import tracemalloc
from datetime import date, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.bank.language import NOTICES, REQUESTS, Maker

from szunion.adapters.bank.batch_file import speech
from szunion.adapters.bank.batch_file.charset import MOVED, Charset, Unwritable
from szunion.adapters.bank.batch_file.layout import FieldLayout, FileLayout, read_layout
from szunion.adapters.bank.batch_file.make import layout_named
from szunion.adapters.bank.batch_file.names import START, FileName, Place, Sequence
from szunion.adapters.bank.batch_file.records import BadField, Record
from szunion.adapters.bank.batch_file.sheets import BadLine, Broken, Sheet
from szunion.domain.bank_requests import OpenCards, Receipt
from szunion.errors import ConfigError

FIXED = layout_named("fixed")
CITY = timezone(timedelta(hours=8))


def text_of(name: str) -> str:
    folder = files("szunion.adapters.bank.batch_file").joinpath("layouts")
    return folder.joinpath(f"{name}.toml").read_text("utf-8")


# --- characters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "text", "data"),
    [
        ("gb18030", "王建国", "cdf5bda8b9fa"),
        ("gb18030", "张䶮", "d5c5fe9f"),
        ("gb18030", "𠮷田", "9534b235ccef"),
        ("gb18030", "李㑇", "c0eefe56"),
        ("gb18030", "龴", "82359037"),
        ("gb18030-2022", "龴", "fe59"),
        ("gb18030-2022", "﹙", None),
        ("gbk", "王建国", "cdf5bda8b9fa"),
        ("utf-8", "𠮷田", "f0a0aeb7e794b0"),
    ],
)
def test_a_name_is_written_and_read_back_character_by_character(
    charset: str, text: str, data: str | None
) -> None:
    written = Charset(charset).write(text)
    assert Charset(charset).read(written) == text
    if data is not None:
        assert written.hex() == data.replace(" ", "")


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gbk", "张䶮"),
        ("gbk", "𠮷田"),
        ("gbk", "李㑇"),
        ("gb2312", "张镕"),
        ("gb18030", "\ue81e"),
        ("gb18030-2022", "\ue000"),
        ("utf-8", "\uf8ff"),
        ("utf-8", "\ud800"),
        ("gb18030", "\U0010fffe"),
    ],
)
def test_a_name_that_cannot_be_written_exactly_is_not_written(charset: str, text: str) -> None:
    with pytest.raises(Unwritable):
        Charset(charset).write(text)


def test_two_ways_of_writing_a_character_are_one_character() -> None:
    assert len(MOVED) == 18
    for old, new in MOVED.items():
        for name in ("gb18030", "gb18030-2022"):
            charset = Charset(name)
            two, four = chr(old).encode("gb18030"), chr(new).encode("gb18030")
            assert len(two) == 2
            assert charset.read(two) == charset.read(four) == chr(new)
            assert charset.read(charset.write(chr(new))) == chr(new)


@given(st.text(st.characters(exclude_categories=("Cs", "Co", "Cn")), max_size=20))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_read_back(text: str) -> None:
    for name in ("gb18030", "gb18030-2022", "gbk", "utf-8"):
        try:
            data = Charset(name).write(text)
        except Unwritable:
            continue
        assert Charset(name).read(data) == text


# --- layouts --------------------------------------------------------------------------------

_COUNT = '    { field = "count", width = 8, kind = "number", justify = "right", pad = "0" },\n'


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('charset = "gb18030"', 'charset = "utf-16"', "charset"),
        ('charset = "gb18030"', 'charset = "ebcdic"', "charset"),
        ('line_end = "CRLF"', 'line_end = "CR"', "line_end"),
        ('digest = "SM3"', 'digest = "MD5"', "digest"),
        ("most_rows = 5000", 'most_rows = "many"', "most_rows"),
        ("[send.OpenCards]", "[send.OpenAccounts]", "send.OpenAccounts"),
        ('name = "KK{day}{number:4}.txt"', 'name = "KK.txt"', "send.OpenCards.name"),
        (
            'name = "KK{day}{number:4}.txt"',
            'name = "../KK{day}{number}.txt"',
            "send.OpenCards.name",
        ),
        ('name = "KK{day}{number:4}.txt"', 'name = "KK{number:4}.txt"', "daily numbers"),
        ('{ value = "HKK", width = 3 },', "", "a constant field must mark it"),
        ('{ value = "TKK", width = 3 },', "", "a constant field must mark it"),
        (_COUNT, "", "without count a cut file"),
        ('{ field = "row", width = 26 },', '{ field = "row", width = 0 },', "detail"),
        ('{ field = "row", width = 26 },', '{ field = "rwo", width = 26 },', "has no rwo"),
        ('{ field = "document", width = 20 },', "", "document is missing"),
        ('codes = "document"', 'codes = "papers"', "codes.papers"),
        ('08 = "PASSPORT"', '08 = "PASPORT"', "PASPORT"),
        ('1 = "ACTIVE"', '1 = "ACTVE"', "ACTVE"),
        ('B = "OrderReturned"', 'B = "OrderGone"', "OrderGone"),
        ('kind = "DailyCardList"', 'kind = "CardList"', "kind"),
        ('tag = "notice"', 'tag = "what"', "which notice"),
        (
            '{ field = "fen", width = 15, kind = "fen", justify = "right", pad = "0" },',
            '{ field = "fen", width = 15, kind = "number", justify = "right", pad = "0" },',
            "is money",
        ),
        ('pad = "0"', 'pad = "00"', "one ASCII character to pad with"),
        ('name = "{request}.ret"', 'name = "answers.ret"', "receipt.name"),
        ("[receipt]", "[receit]", "receit"),
    ],
)
def test_a_layout_that_could_lose_something_is_refused_and_says_where(
    old: str, new: str, where: str
) -> None:
    text = text_of("fixed")
    assert old in text
    with pytest.raises(ConfigError, match="E-FILE-001") as error:
        read_layout(text.replace(old, new, 1))
    assert where in str(error.value.context)


def test_a_text_that_is_no_toml_is_refused() -> None:
    with pytest.raises(ConfigError, match="E-FILE-001"):
        read_layout("[send")


def test_both_reference_layouts_can_say_all_of_the_language() -> None:
    for name in ("fixed", "delimited"):
        layout = layout_named(name)
        assert set(layout.send) == set(speech.REQUESTS)
        told = {kind for file in layout.collect.values() for kind in file.notices.values()}
        told |= {file.kind for file in layout.collect.values() if file.kind}
        assert told == set(speech.NOTICES)


# --- the language in words ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_every_value_of_the_language_comes_apart_and_together_again(seed: int) -> None:
    maker = Maker(seed)
    for kind in (*REQUESTS, *NOTICES, Receipt):
        value = maker.make(kind)
        if isinstance(value, OpenCards):  # in a file, nothing and no text are one
            value = evolve(value, rows=tuple(evolve(row, wish=None) for row in value.rows))
        words = speech.apart(value)
        more = {}
        if kind in speech.MANY:
            name, each = speech.MANY[kind]
            lines = [speech.apart(line) for line in speech.lines_of(value)]
            more[name] = tuple(speech.maker_of(each)(line) for line in lines)
        if hasattr(value, "told"):
            more["told"] = value.told
        assert set(words) <= {*speech.words_of(kind), *speech.TOLD}
        assert speech.maker_of(kind)(words, **more) == value


# --- single records -------------------------------------------------------------------------


def record(*fields: FieldLayout, form: str = "fixed", charset: str = "gb18030") -> Record:
    file = FileLayout(name="x", header=(), detail=fields, trailer=(), form=form)  # type: ignore[arg-type]
    return Record.of(fields, file, evolve(FIXED, charset=charset))


def test_widths_count_bytes_and_what_does_not_fit_is_refused() -> None:
    one = record(FieldLayout(field="name", width=6), FieldLayout(field="row", width=2))
    assert one.write({"name": "王建国", "row": "7"}) == "王建国7 ".encode("gb18030")
    for name, rule in (
        ("欧阳娜娜", "WIDTH"),
        ("a\nb", "CONTROL"),
        ("\ue000", "CHARSET"),
        ("a ", "PAD"),
    ):
        with pytest.raises(BadField, match=f"name: {rule}") as error:
            one.write({"name": name, "row": "7"})
        assert name not in str(error.value)


def test_a_separator_inside_a_character_parts_nothing() -> None:
    one = record(FieldLayout(field="name"), FieldLayout(field="row"), form="delimited")
    inside = bytes.fromhex("817c").decode("gb18030")
    line = one.write({"name": f"{inside}建国", "row": "7"})
    assert line.count(b"|") == 2
    assert one.read(line) == {"name": f"{inside}建国", "row": "7"}
    with pytest.raises(BadField, match="SEPARATOR"):
        one.write({"name": "a|b", "row": "7"})


@pytest.mark.parametrize(
    ("layout", "value", "written"),
    [
        (FieldLayout(field="f", width=6, kind="fen", justify="right", pad="0"), 123, b"000123"),
        (FieldLayout(field="f", width=6, kind="fen", justify="right", pad="0"), 0, b"000000"),
        (FieldLayout(field="f", width=8, kind="yuan", justify="right"), 300000, b" 3000.00"),
        (FieldLayout(field="f", width=8, kind="yuan", justify="right"), 5, b"    0.05"),
        (FieldLayout(field="f", width=8, kind="day"), date(2017, 11, 23), b"20171123"),
        (
            FieldLayout(field="f", width=10, kind="day", write="YYYY-MM-DD"),
            date(1988, 7, 1),
            b"1988-07-01",
        ),
        (
            FieldLayout(field="f", width=14, kind="moment"),
            datetime(1988, 7, 1, 0, 30, 5, tzinfo=CITY),
            b"19880701003005",
        ),
        (
            FieldLayout(field="f", width=17, kind="moment", fraction=3),
            datetime(2017, 11, 23, 9, 0, 0, 250_000, tzinfo=CITY),
            b"20171123090000250",
        ),
        (FieldLayout(field="f", width=2, kind="code", codes="document"), "PASSPORT", b"08"),
        (FieldLayout(field="f", width=1, kind="code", codes="yes"), "true", b"Y"),
        (FieldLayout(field="f", width=3, kind="number"), None, b"   "),
    ],
)
def test_a_field_is_written_and_read_back(
    layout: FieldLayout, value: object, written: bytes
) -> None:
    one = record(layout)
    assert one.write({"f": value}) == written  # type: ignore[dict-item]
    assert one.read(written) == {"f": value}


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("number", "１２３４"),
        ("number", "+123"),
        ("number", "12.3"),
        ("fen", "1e30"),
        ("fen", "-100"),
        ("yuan", "3000"),
        ("yuan", "3000.0"),
        ("yuan", "3,000.00"),
        ("day", "20170229"),
        ("day", "2017-1129"),
        ("moment", "20171123250000"),
        ("code", "zz"),
    ],
)
def test_what_is_not_exactly_right_is_not_guessed(kind: str, line: str) -> None:
    one = record(FieldLayout(field="f", kind=kind, codes="yes"), form="delimited")  # type: ignore[arg-type]
    with pytest.raises(BadField, match="f: KIND"):
        one.read(line.encode("gb18030"))


def test_a_float_is_never_money() -> None:
    one = record(FieldLayout(field="fen", width=12, kind="fen"))
    for wrong in (30.0, -1, "30"):
        with pytest.raises(BadField):
            one.write({"fen": wrong})  # type: ignore[dict-item]


# --- whole files ----------------------------------------------------------------------------


def paid(count: int) -> list[dict[str, object]]:
    return [
        {"order": f"{index:026d}".replace("0", "A").replace("1", "B"), "kind": "PAID", "fen": index}
        for index in range(count)
    ]


def statement(count: int, name: str = "fixed") -> tuple[Sheet, bytes]:
    layout = layout_named(name)
    sheet = Sheet(layout, layout.collect["statement"])
    out = io.BytesIO()
    sheet.write(out, {"day": date(2017, 11, 23), "event_id": "E1"}, paid(count))  # type: ignore[arg-type]
    return sheet, out.getvalue()


def reason_of(sheet: Sheet, data: bytes) -> str:
    with pytest.raises(Broken) as error:
        sheet.verify(io.BytesIO(data))
    return error.value.reason


@pytest.mark.parametrize("name", ["fixed", "delimited"])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_whole_file_is_read_back_line_by_line(name: str, count: int) -> None:
    sheet, data = statement(count, name)
    file = io.BytesIO(data)
    head = sheet.verify(file)
    assert (head.count, head.size) == (count, len(data))
    assert head.words["total"] == sum(range(count))
    read = [line for line in sheet.details(file, head) if not isinstance(line, BadLine)]
    assert [line["fen"] for line in read] == list(range(count))


@pytest.mark.parametrize("name", ["fixed", "delimited"])
def test_a_file_that_was_tampered_with_is_refused_whole(name: str) -> None:
    sheet, data = statement(5, name)
    end = sheet.bank.end
    lines = data.split(end)[:-1]

    def joined(*parts: bytes) -> bytes:
        return b"".join(part + end for part in parts)

    first, *details, last = lines
    assert reason_of(sheet, b"") == "EMPTY"
    assert reason_of(sheet, b"\xef\xbb\xbf" + data) == "ENCODING"
    assert reason_of(sheet, data.decode("gb18030").encode("utf-16")) in {
        "CUT",
        "ENCODING",
        "TRAILER",
    }
    assert reason_of(sheet, joined(*lines[1:])) == "HEADER"
    assert reason_of(sheet, joined(*lines[:-1])) == "TRAILER"
    assert reason_of(sheet, data[:-1]) == "CUT"
    assert reason_of(sheet, joined(first, *details[:-1], last)) == "COUNT"
    assert reason_of(sheet, joined(first, *details, details[0], last)) == "COUNT"
    assert reason_of(sheet, joined(*lines, b"x")) == "TRAILER"
    assert reason_of(sheet, joined(*lines, last)) in {"COUNT", "TOTAL"}
    assert reason_of(sheet, joined(first, *details[:-1], details[0], last)) == "TOTAL"
    swapped = joined(first, details[1], details[0], *details[2:], last)
    assert reason_of(sheet, swapped) == "DIGEST"
    other = data.replace(b"E1", b"E2", 1)
    assert reason_of(sheet, other) == "DIGEST"


def test_every_changed_byte_of_a_file_is_found_out() -> None:
    sheet, data = statement(3)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x01
        with pytest.raises(Broken):
            sheet.verify(io.BytesIO(bytes(changed)))


def test_a_million_lines_need_no_more_memory_than_a_thousand(tmp_path: Path) -> None:
    """Twenty times the lines, the same memory: what is constant is so for a million as well."""

    def most(count: int) -> int:
        sheet, data = statement(count)
        path = tmp_path / str(count)
        path.write_bytes(data)
        del data
        tracemalloc.start()
        with path.open("rb") as file:
            head = sheet.verify(file)
            assert sum(1 for _ in sheet.details(file, head)) == count
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    small, large = most(2_000), most(40_000)
    assert large < small + 16 * 1024


# --- names ----------------------------------------------------------------------------------


def test_a_name_tells_day_and_number_and_nothing_else_is_one() -> None:
    named = FileName.of("JG{day}{number:4}.txt")
    assert named is not None
    day = date(2017, 11, 23)
    assert named.write(day=day, number=12) == "JG201711230012.txt"
    assert named.read("JG201711230012.txt") == Place(day.toordinal(), 12)
    wrong = "JG201713230012 JG20171123012 JG201711230000 xJG201711230012 JG２０１７１１２３0012"
    for name in wrong.split():
        assert named.read(f"{name}.txt") is None
    with pytest.raises(ValueError, match="no number left"):
        named.write(day=day, number=10_000)
    for bad in ("../{day}", "a/{day}", "{day}{day}", ".{day}", "{nummer}"):
        assert FileName.of(bad) is None


@pytest.mark.parametrize(
    ("running", "before", "place", "follows"),
    [
        (False, START, Place(5, 1), True),
        (False, START, Place(5, 2), False),
        (False, Place(5, 1), Place(5, 2), True),
        (False, Place(5, 1), Place(5, 3), False),
        (False, Place(5, 7), Place(6, 1), True),
        (False, Place(5, 7), Place(6, 2), False),
        (True, START, Place(5, 1), True),
        (True, Place(5, 1), Place(9, 2), True),
        (True, Place(5, 1), Place(9, 1), False),
    ],
)
def test_what_follows_what(running: bool, before: Place, place: Place, follows: bool) -> None:  # noqa: FBT001
    assert Sequence(running=running).follows(before, place) is follows


def test_no_layout_speaks_of_a_real_bank() -> None:
    for name in ("fixed", "delimited"):
        assert not re.search(r"银行股份|bank of china", text_of(name), re.IGNORECASE)
