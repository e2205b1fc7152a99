"""Numbers, dates, card numbers and track 2; what identifies a person prints masked."""

from __future__ import annotations

import json
import pickle
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.codec import unhex

from szunion.emv import bcd
from szunion.emv.errors import BadField
from szunion.emv.pan import CardNumber, Track2, check_digit
from szunion.emv.private import MASK, Private

digits = st.text("0123456789", min_size=8, max_size=19)


@settings(derandomize=True, max_examples=100)
@given(digits)
def test_a_card_number_is_read_as_it_was_written(text: str) -> None:
    pan = CardNumber(text)
    assert CardNumber.parse(pan.encode()) == pan
    assert CardNumber.parse(pan.encode(10)) == pan
    assert text not in f"{pan} {pan!r} {pan:>30}"


def test_a_card_number_prints_its_ends_only() -> None:
    pan = CardNumber("6200000000000013")
    assert str(pan) == "620000******0013"
    assert repr(pan) == "CardNumber('620000******0013')"
    assert f"{pan:>20}" == "    620000******0013"
    assert str(CardNumber("62000013")) == "****0013"
    assert pan.iin == "620000"
    assert pan.plain() == "6200000000000013"
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(pan)
    with pytest.raises(TypeError):
        json.dumps(pan)
    assert str(Private("whatever")) == MASK


def test_the_check_digit_is_told_and_not_demanded() -> None:
    assert CardNumber("6200000000000013").checked is (check_digit("620000000000001") == "3")
    assert CardNumber("4111111111111111").checked
    assert not CardNumber("4111111111111112").checked


@pytest.mark.parametrize(
    "text", ["1234567", "1" * 20, "６２００００００１３", "62000000A", "", "6200000\n"]
)
def test_what_is_no_number_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(BadField) as caught:
        CardNumber(text)
    assert not text or text not in str(caught.value)


# --- track 2 ---


@settings(derandomize=True, max_examples=100)
@given(digits, st.text("0123456789", max_size=8), st.integers(0, 3))
def test_a_track_is_written_as_it_was_read(pan: str, more: str, fill: int) -> None:
    text = f"{pan}d2812220{more}"
    text += "f" * (fill if (len(text) + fill) % 2 == 0 else fill + 1)
    track = unhex(text)
    if len(track) > 19:
        with pytest.raises(BadField):
            Track2.parse(track)
        return
    assert Track2.parse(track).encode() == track


@pytest.mark.parametrize(
    "raw", ["6200000000000013D28122200000012345", "6200000000000013D281222000000123456F"]
)
def test_a_track_is_read_with_and_without_f(raw: str) -> None:
    track = Track2.parse(unhex(raw[:34] if len(raw) > 34 and raw[-1] != "F" else raw))
    assert (track.expiry, track.service_code) == ("2812", "220")
    assert track.expires == date(2028, 12, 31)
    assert track.pan.plain() == "6200000000000013"
    assert "000001" not in repr(track)
    assert "6200000000000013" not in repr(track)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "6200000000000013D2812",
        "62D2812220",
        "6200000000000013D281222A0",
        "6200000000000013F2812220",
        "D281222000",
        "62" * 20,
    ],
)
def test_a_broken_track_is_refused(raw: str) -> None:
    with pytest.raises(BadField):
        Track2.parse(unhex(raw if len(raw) % 2 == 0 else raw + "F"))


def test_a_track_that_is_no_whole_bytes_is_not_written() -> None:
    track = Track2(CardNumber("6200000000000013"), "2812", "220", "1", 0)
    with pytest.raises(BadField):
        track.encode()
    with pytest.raises(BadField):
        Track2(CardNumber("6200000000000013"), "28１2", "220", "", 0).encode()
    with pytest.raises(BadField):
        _ = Track2(CardNumber("6200000000000013"), "2813", "220", "", 0).expires
    assert Track2(CardNumber("6200000000000013"), "9901", "220", "", 0).expires.year == 1999


# --- numbers and dates ---


@settings(derandomize=True, max_examples=100)
@given(st.integers(0, 10**12 - 1))
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    assert bcd.number(bcd.encode_number(value, 6)) == value


@settings(derandomize=True, max_examples=100)
@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)))
def test_a_day_is_read_as_it_was_written(value: date) -> None:
    assert bcd.day(bcd.encode_day(value)) == value


def test_b05_a_floor_limit_is_binary_and_an_amount_is_bcd() -> None:
    """B05: 9F1B is four bytes binary; the dictionary says so."""
    from szunion.emv.tags import Format, lookup

    assert (lookup(0x9F1B).format, lookup(0x9F1B).length) == (Format.B, "4")
    assert (lookup(0x9F02).format, lookup(0x9F02).length) == (Format.N, "6")


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (bcd.digits, "1A"),
        (bcd.number, "00" * 33),
        (bcd.compressed, "1F1F"),
        (bcd.compressed, "A0"),
        (bcd.day, "261301"),
        (bcd.day, "260230"),
        (bcd.day, "2601"),
        (bcd.month_end, "1326"),
        (bcd.month_end, "0026"),
        (bcd.long_day, "20261301"),
        (bcd.clock, "240000"),
        (bcd.clock, "FFFFFF"),
    ],
)
def test_nonsense_is_refused(read: object, raw: str) -> None:
    assert callable(read)
    with pytest.raises(BadField):
        read(unhex(raw))


def test_forms_of_numbers() -> None:
    assert bcd.number(b"") == 0
    assert bcd.encode_number(0, 0) == b""
    assert bcd.encode_compressed("123") == unhex("123F")
    assert bcd.encode_compressed("123", 3) == unhex("123FFF")
    assert bcd.long_day(unhex("20261124")) == date(2026, 11, 24)
    assert bcd.clock(unhex("235958")) == time(23, 59, 58)
    assert bcd.month_end(unhex("1299")) == date(1999, 12, 31)
    with pytest.raises(BadField):
        bcd.encode_number(100, 1)
    with pytest.raises(BadField):
        bcd.encode_number(-1, 1)
    with pytest.raises(BadField):
        bcd.encode_compressed("12345", 2)
    with pytest.raises(BadField):
        bcd.encode_compressed("１２")
    with pytest.raises(BadField):
        bcd.encode_day(date(2050, 1, 1))
