"""Know what the codec must survive: one function a format, and only our own errors come out.

Each target takes any bytes. It may raise nothing but what it cannot swallow: another exception,
or an ``AssertionError`` when something read is not written back. hypothesis runs them in CI, and
``soak.py`` runs them for hours, with atheris if it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from szunion.emv import bcd, dol, explain, tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.errors import EmvError
from szunion.emv.explain_text import as_text
from szunion.emv.explain_trace import Exchange, read_trace, redact, write_trace
from szunion.emv.holder import Document, HolderName, Product, gbk
from szunion.emv.iad import Cid, Cvr, Iad
from szunion.emv.lists import AflEntry, CvmList
from szunion.emv.logs import LoadLog, LogEntry, read_load, read_record
from szunion.emv.pan import CardNumber, Track2
from szunion.emv.reading import read_options
from szunion.emv.selection import Selected, plain, read_fci

_LOG = dol.parse(bytes.fromhex("9A039F21039F02069F03069F1A025F2A029F4E149C019F3602"))
_LOADS = dol.parse(bytes.fromhex("9A039F21039F1A029F4E149F3602"))


def fuzz_tlv(data: bytes) -> None:
    with suppress(EmvError):
        nodes = tlv.parse(data)
        assert tlv.build(nodes) == data
        assert all(tlv.tag_bytes(node.tag) for node in tlv.walk(nodes))
        repr(nodes)


def fuzz_dol(data: bytes) -> None:
    with suppress(EmvError):
        listed = dol.parse(data)
        made = dol.fill(listed, {entry.tag: data for entry in listed})
        assert len(made) == dol.wanted(listed)
        assert b"".join(part for _, part in dol.split(listed, made)) == made
        assert dol.build(listed) == data


def fuzz_afl(data: bytes) -> None:
    with suppress(EmvError):
        entries = AflEntry.parse(data)
        assert AflEntry.build(entries) == data
        assert sum(len(list(entry.records())) for entry in entries) <= 128


def fuzz_fci(data: bytes) -> None:
    with suppress(EmvError):
        nodes = read_fci(data)
        chosen = Selected(b"", tlv.require(nodes, 0x84), nodes, data)
        assert tlv.build(nodes) == data
        assert plain(tlv.first(nodes, 0x50) or b"").isascii()
        for entry in (chosen.log_entry, chosen.load_log_entry):
            assert entry is None or 1 <= entry[0] <= 30
        dol.fill(dol.parse(chosen.pdol), {})


def fuzz_gpo(data: bytes) -> None:
    with suppress(EmvError):
        options = read_options(data)
        assert len(options.aip) == 2
        entries = AflEntry.parse(options.afl)
        assert AflEntry.build(entries) == options.afl


def fuzz_cvm_list(data: bytes) -> None:
    with suppress(EmvError):
        assert CvmList.parse(data).encode() == data


def fuzz_track_2(data: bytes) -> None:
    with suppress(EmvError):
        track = Track2.parse(data)
        assert track.encode() == data
        assert track.pan.plain() not in repr(track)
        _ = track.expires


def fuzz_apdu(data: bytes) -> None:
    with suppress(EmvError):
        assert Command.decode(data).encode() == data
    with suppress(EmvError):
        assert Response.decode(data).encode() == data


def fuzz_fields(data: bytes) -> None:
    for read in (
        Iad.parse,
        Cid.parse,
        Cvr,
        CardNumber.parse,
        HolderName.parse,
        Document.parse,
        Product.parse,
        LogEntry.parse,
        LoadLog.parse,
        bcd.number,
        bcd.day,
        bcd.month_end,
        bcd.long_day,
        bcd.clock,
        bcd.compressed,
        gbk,
    ):
        with suppress(EmvError):
            repr(read(data))
    with suppress(EmvError):
        read_record(_LOG, data)
    with suppress(EmvError):
        read_load(_LOADS, data)


def fuzz_explain_tlv(data: bytes) -> None:
    items = explain.explain_tlv(data, reveal=bool(data[:1] > b"\x80"))
    assert isinstance(items, tuple)


def fuzz_explain(data: bytes) -> None:
    """Cut *data* into commands and answers, and explain them."""
    trace: list[Exchange] = []
    at = 0
    while at < len(data) and len(trace) < 50:
        size = data[at]
        part = data[at + 1 : at + 1 + size]
        at += 1 + size
        half = len(part) // 2
        with suppress(EmvError):
            trace.append(Exchange(Command.decode(part[:half]), Response.decode(part[half:])))
    assert as_text(explain.explain(trace), "en")
    assert len(list(redact(trace))) == len(trace)
    assert read_trace(write_trace(trace)) == tuple(trace)


def fuzz_trace(data: bytes) -> None:
    with suppress(EmvError):
        read_trace(data.decode("latin-1"))


CODEC_TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "tlv": fuzz_tlv,
    "dol": fuzz_dol,
    "afl": fuzz_afl,
    "fci": fuzz_fci,
    "gpo": fuzz_gpo,
    "cvm_list": fuzz_cvm_list,
    "track_2": fuzz_track_2,
    "apdu": fuzz_apdu,
    "fields": fuzz_fields,
    "explain_tlv": fuzz_explain_tlv,
    "explain": fuzz_explain,
    "trace": fuzz_trace,
}
