"""Data object lists: the published values, and filling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.codec import cases, tags, unhex

from szunion.emv import dol
from szunion.emv.errors import BadDol
from szunion.emv.tags import Format, Scheme

DOL = cases("dol")
entries = st.lists(
    st.builds(dol.Entry, tags(template=False), st.integers(0, 255)), max_size=20
).map(tuple)


@pytest.mark.parametrize("case", DOL["parse"], ids=lambda case: str(case["dol"])[-10:])
def test_published_lists_are_read(case: Any) -> None:
    wanted = tuple(dol.Entry(int(tag, 16), length) for tag, length in case["entries"])
    if case["error_offset"] is None:
        assert dol.parse(unhex(case["dol"])) == wanted
        assert dol.build(wanted) == unhex(case["dol"])
        return
    with pytest.raises(BadDol) as caught:
        dol.parse(unhex(case["dol"]))
    assert (caught.value.offset, caught.value.entries) == (case["error_offset"], wanted)


@pytest.mark.parametrize("case", DOL["build"], ids=lambda case: str(case["out"])[:10])
def test_published_data_are_made(case: Any) -> None:
    values = {int(tag, 16): unhex(value) for tag, value in case["values"].items()}
    listed = dol.parse(unhex(case["dol"]))
    made = dol.fill(listed, values)
    assert made == unhex(case["out"])
    assert len(made) == dol.wanted(listed)
    assert b"".join(part for _, part in dol.split(listed, made)) == made


@settings(derandomize=True, max_examples=100)
@given(entries)
def test_a_list_is_read_as_it_was_built(listed: tuple[dol.Entry, ...]) -> None:
    assert dol.parse(dol.build(listed)) == listed


@settings(derandomize=True, max_examples=100)
@given(entries, st.dictionaries(st.integers(1, 0xFFFF), st.binary(max_size=40)))
def test_data_have_exactly_the_length_that_is_asked_for(
    listed: tuple[dol.Entry, ...], values: dict[int, bytes]
) -> None:
    assert len(dol.fill(listed, values)) == dol.wanted(listed)


def test_unknown_and_missing_objects_are_zeros_known_ones_are_filled() -> None:
    """B23: a PDOL that asks for 9F35 or DF69 gets bytes, whatever the terminal knows."""
    pdol = dol.parse(unhex("9F35019F6604DF6901DFAE0102"))
    assert dol.fill(pdol, {}) == bytes(8)
    assert dol.fill(pdol, {0x9F35: b"\x22", 0xDF69: b"\x01"}) == unhex("2200000000010000")


@pytest.mark.parametrize(
    ("form", "value", "length", "out"),
    [
        (Format.N, "1234", 3, "001234"),
        (Format.N, "123456", 2, "3456"),
        (Format.N, "1234", 0, ""),
        (Format.CN, "1234", 3, "1234FF"),
        (Format.CN, "123456", 2, "1234"),
        (Format.B, "1234", 3, "123400"),
        (Format.ANS, "414243", 2, "4142"),
        (Format.N, "", 2, "0000"),
        (Format.CN, "", 2, "0000"),
    ],
)
def test_cutting_and_padding_follow_the_format(
    form: Format, value: str, length: int, out: str
) -> None:
    assert dol.fit(unhex(value), length, form) == unhex(out)


def test_the_format_is_that_of_the_scheme() -> None:
    listed = (dol.Entry(0x9F6A, 6),)
    assert dol.fill(listed, {0x9F6A: b"\x12"}, scheme=Scheme.MASTERCARD) == unhex("000000000012")
    assert dol.fill(listed, {0x9F6A: b"\x12"}, scheme=Scheme.PBOC) == unhex("120000000000")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BadDol):
        dol.Entry(0x9F02, 256)
    with pytest.raises(BadDol):
        dol.build([dol.Entry(0x9F, 1)])
    with pytest.raises(BadDol, match="252"):
        dol.build([dol.Entry(0x9F02, 6)] * 90)
    with pytest.raises(BadDol):
        dol.parse(b"\x9a\x03" * 129)
    with pytest.raises(BadDol, match="4"):
        dol.split([dol.Entry(0x9F37, 4)], bytes(5))


def test_a_tag_that_is_asked_for_twice_is_told_twice() -> None:
    listed = dol.parse(unhex("9F37049F3704"))
    data = dol.fill(listed, {0x9F37: unhex("DEADBEEF")})
    assert data == unhex("DEADBEEFDEADBEEF")
    assert [part for _, part in dol.split(listed, data)] == [unhex("DEADBEEF")] * 2
