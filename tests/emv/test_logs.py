"""The transaction log and the load log, with the published formats."""

from __future__ import annotations

from datetime import date, time

import pytest
from tests.emv.codec import cases, unhex

from szunion.emv import dol
from szunion.emv.errors import BadDol, BadField, LimitExceeded
from szunion.emv.logs import LoadLog, LogEntry, read_load, read_record

FACTS = cases("pboc-spec-examples")
FORMAT = dol.parse(unhex(FACTS["transaction_log"]["format_9F4F"]))
LOADS = dol.parse(unhex(FACTS["load_log"]["format_DF4F"]))
SHOP = "深圳市工会大厦".encode("gbk").ljust(20)
RECORD = unhex("26112412131400000000356000000000000001560156") + SHOP + unhex("00001C")


def test_the_published_formats_have_the_published_lengths() -> None:
    rows = [[f"{entry.tag:02X}", entry.length] for entry in FORMAT]
    assert rows == FACTS["transaction_log"]["entries"]
    assert dol.wanted(FORMAT) == FACTS["transaction_log"]["record_length"] == len(RECORD)
    assert [[f"{entry.tag:02X}", entry.length] for entry in LOADS] == FACTS["load_log"]["entries"]
    assert 14 + dol.wanted(LOADS) == FACTS["load_log"]["record_length"]


def test_a_record_is_read_by_the_card_s_own_format() -> None:
    record = read_record(FORMAT, RECORD)
    assert record is not None
    assert (record.date, record.time) == (date(2026, 11, 24), time(12, 13, 14))
    assert (record.amount, record.other_amount) == (3560, 0)
    assert (record.country, record.currency, record.kind, record.atc) == (156, 156, 0, 28)
    assert record.merchant == "深圳市工会大厦"
    assert "工会" not in repr(record)
    assert record.values[0x9F36] == b"\x00\x1c"


def test_empty_records_are_none_and_nonsense_is_left_out() -> None:
    assert read_record(FORMAT, bytes(45)) is None
    assert read_record(FORMAT, b"\xff" * 45) is None
    record = read_record(FORMAT, b"\xaa" * 45)
    assert record is not None
    assert (record.date, record.time, record.amount, record.atc) == (None, None, None, 0xAAAA)
    short = read_record(dol.parse(unhex("9A03")), unhex("261124"))
    assert short is not None
    assert (short.merchant, short.atc, short.amount) == (None, None, None)
    with pytest.raises(BadDol):
        read_record(FORMAT, RECORD[:-1])


def test_a_load_is_two_balances_and_details() -> None:
    raw = unhex("9F790000000010000000000050002611241213140156") + SHOP + unhex("001C")
    load = read_load(LOADS, raw)
    assert load is not None
    assert (load.tag, load.old, load.new) == (0x9F79, 1000, 5000)
    assert load.details is not None
    assert load.details.atc == 28
    assert read_load(LOADS, bytes(44)) is None
    with pytest.raises(BadField):
        read_load(LOADS, raw[:13])
    with pytest.raises(BadField):
        read_load(LOADS, b"\x9f\x79\xaa" + raw[3:])


def test_the_whole_load_log_comes_in_one_answer() -> None:
    row = unhex("9F79000000001000000000005000261124121314001C")
    raw = unhex("001D02") + row + bytes(22) + unhex("AABBCCDD")
    log = LoadLog.parse(raw)
    assert (log.atc, len(log.loads), log.mac, log.covered) == (29, 1, unhex("AABBCCDD"), raw[:-4])
    assert LoadLog.parse(unhex("000000AABBCCDD")).loads == ()
    assert len(LoadLog.parse(unhex("001D0A") + row * 10 + bytes(4)).loads) == 10
    for wrong in (b"", raw[:-1], raw + b"\0"):
        with pytest.raises(BadField):
            LoadLog.parse(wrong)
    with pytest.raises(LimitExceeded):
        LoadLog.parse(unhex("001D0B") + row * 11 + bytes(4))


def test_where_a_log_is() -> None:
    entry = LogEntry.parse(unhex("0B0A"))
    assert (entry.sfi, entry.records) == (11, 10)
    assert entry.encode() == unhex("0B0A")
    for wrong in ("0B", "000A", "1F0A"):
        with pytest.raises(BadField):
            LogEntry.parse(unhex(wrong))
    assert LogEntry.parse(unhex("011E")) == LogEntry(1, 30)
    assert LogEntry.parse(unhex("1E00")) == LogEntry(30, 0)
    for many in ("0B1F", "0BFF"):
        with pytest.raises(LimitExceeded):
            LogEntry.parse(unhex(many))
