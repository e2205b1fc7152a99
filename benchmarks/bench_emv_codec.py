"""Know how fast TLV is read, beside pyemv and ber-tlv, and what hostile inputs cost.

``python -m benchmarks.bench_emv_codec`` prints the lines. pyemv keeps one value a tag; ours keeps
order and duplicates, checks limits and can write back exactly what it read. Processor time, so that
neighbours on the machine count less; the import is what a clock on the wall says.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ber_tlv.tlv import Tlv as SecondPeer
from pyemv import tlv as peer

from szunion.emv import certificates, dol, explain, sm2, tlv
from szunion.emv.errors import EmvError
from szunion.emv.lists import AflEntry
from szunion.emv.oda_keys import CardData, Record, gather
from szunion.emv.pan import Track2
from szunion.emv.reading import read_options
from szunion.emv.rsa import RsaKey
from szunion.emv.selection import read_fci

VECTORS = Path(__file__).parents[1] / "tests" / "emv" / "vectors"
FLOOR = 2.0
HEAVY_LIMIT_MS = 50.0
HEAVY_LIMIT_MIB = 8.0
IMPORT_LIMIT_MS = 50.0

#: The data of one authorisation request (field 55): twenty objects side by side.
FIELD_55 = bytes.fromhex(
    "9F2608A1B2C3D4E5F607189F2701809F101507010103A0A802010A0100000000001234567890AB"
    "9F3704DEADBEEF9F360200019505008004E0009A032611249C01009F02060000000001005F2A0201568202"
    "78009F1A0201569F03060000000000009F3303E0F8C89F34034203009F3501229F1E083132333435363738"
    "8408A0000003330101019F090200309F410400000001"
)
#: Thirty terminal parameters of one acquirer, as they are downloaded.
PARAMETERS = bytes.fromhex(
    "9F0608A000000333010101DF0101009F08020030DF1105D84000A800DF1205DC4004F800DF130500000000"
    "009F1B0400002710DF150400000000DF160199DF170199DF14039F3704DF1801019F7B06000000100000DF"
    "1906000000100000DF2006000000100000DF2106000000100000"
)
#: A record as a union card has it: track 2, name, document, dates, limits.
RECORD = tlv.Node.of(
    0x70,
    [
        tlv.Node.of(0x57, bytes.fromhex("6200000000000013D28122200000012345")),
        tlv.Node.of(0x5F20, "张三".encode("gbk").ljust(8)),
        tlv.Node.of(0x9F61, b"440301199001011234".ljust(20)),
        tlv.Node.of(0x9F62, b"\x00"),
        tlv.Node.of(0x5F24, bytes.fromhex("281231")),
        tlv.Node.of(0x5F25, bytes.fromhex("180101")),
        tlv.Node.of(0x5F28, bytes.fromhex("0156")),
        tlv.Node.of(0x9F07, bytes.fromhex("FF00")),
    ],
).encode()


def answers() -> list[bytes]:
    """Return the TLV answers of one published contact conversation, rounds joined."""
    rows = json.loads((VECTORS / "contact-flow.json").read_text("utf-8"))["cases"]["exchanges"]
    found = [bytes.fromhex(row["r"])[:-2] for row in rows]
    return [data for data in found if data[:1] in (b"\x6f", b"\x70", b"\x77")]


def lines() -> list[dict[str, Any]]:
    """Measure; one dictionary a line."""
    return [
        _beside("TLV: field 55, 20 objects, us", [FIELD_55]),
        _beside("TLV: terminal parameters, 16 objects, us", [PARAMETERS]),
        _beside("TLV: a union card's record, us", [RECORD]),
        _beside("TLV: answers of a contact card, us", answers()),
        _beside("TLV: all of these together, us", [FIELD_55, PARAMETERS, RECORD, *answers()]),
        _beside(
            "TLV: all of these, and every value taken out, us",
            [FIELD_55, PARAMETERS, RECORD, *answers()],
            lambda data: list(tlv.leaves(tlv.parse(data))),
            floor=1.0,
        ),
        _beside(
            "TLV: all of these, beside ber-tlv, us",
            [FIELD_55, PARAMETERS, RECORD, *answers()],
            theirs=lambda data: SecondPeer.parse(data, recursive=True),
        ),
        _worst_time(),
        _worst_memory(),
        _import(),
    ]


def _beside(
    name: str,
    inputs: list[bytes],
    read: Callable[[bytes], object] = tlv.parse,
    theirs: Callable[[bytes], object] = peer.decode,
    floor: float = FLOOR,
) -> dict[str, Any]:
    """Measure both in turn, and keep the best of each: the machine may be busy."""
    for data in inputs:
        assert len(list(tlv.walk(tlv.parse(data)))) == _count(peer.decode(data))
    ours = other = float("inf")
    for _ in range(60):
        ours = min(ours, _once(read, inputs))
        other = min(other, _once(theirs, inputs))
    ratio = other / ours
    return {
        "name": name,
        "ours": round(ours, 2),
        "peer": round(other, 2),
        "limit": None,
        "ratio": round(ratio, 2),
        "floor": floor,
        "ok": ratio >= floor,
    }


def _count(decoded: dict[str, Any]) -> int:
    return sum(1 + (_count(value) if isinstance(value, dict) else 0) for value in decoded.values())


def _once(read: Callable[[bytes], object], inputs: list[bytes], rounds: int = 60) -> float:
    """Return microseconds for reading all *inputs* once."""
    gc.disable()
    try:
        start = time.process_time()
        for _ in range(rounds):
            for data in inputs:
                read(data)
        return (time.process_time() - start) / rounds * 1e6
    finally:
        gc.enable()


_HEAVY = [
    b"\x9c\x00" * 32_768,
    b"\x00\x9c\x00" * 21_845,
    b"\x70\x00" * 32_768,
    b"\x70\x82\xff\xfc" + b"\x9f\x02\x00" * 21_844,
    b"\x70\x7e" * 32_768,
    b"\x00" * 65_536,
    bytes(range(256)) * 256,
]
_KEYS = RsaKey((1 << 1152) - 1, 1)
_READERS: list[Callable[[bytes], object]] = [
    tlv.parse,
    dol.parse,
    AflEntry.parse,
    Track2.parse,
    read_fci,
    read_options,
    explain.explain_tlv,
    lambda data: list(tlv.walk(tlv.parse(data))),
    lambda data: certificates.open_rsa_issuer(_KEYS, data, data, data, least_bits=512),
    lambda data: certificates.open_sm2_icc(sm2.PublicKey(sm2.GX, sm2.GY), data[:148], data),
    lambda data: gather(
        CardData(aid=b"", aip=b"", records=(Record(sfi=1, number=1, raw=data, signed=True),))
    ),
]


def _quietly(read: Callable[[bytes], object], data: bytes) -> None:
    try:
        read(data)
    except EmvError:
        return


def _worst_time() -> dict[str, Any]:
    worst = 0.0
    for read in _READERS:
        for data in _HEAVY:
            best = float("inf")
            for _ in range(9):
                start = time.process_time()
                _quietly(read, data)
                best = min(best, time.process_time() - start)
            worst = max(worst, best * 1000)
    return _bound("codec: worst 64 KiB input, ms", worst, HEAVY_LIMIT_MS)


def _worst_memory() -> dict[str, Any]:
    worst = 0.0
    for read in _READERS:
        for data in _HEAVY:
            tracemalloc.start()
            _quietly(read, data)
            worst = max(worst, tracemalloc.get_traced_memory()[1] / 1024 / 1024)
            tracemalloc.stop()
    return _bound("codec: worst 64 KiB input, MiB", worst, HEAVY_LIMIT_MIB)


def _import() -> dict[str, Any]:
    code = (
        "import time; start = time.perf_counter(); import szunion.emv; "
        "print(time.perf_counter() - start)"
    )
    took = min(
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
        for _ in range(9)
    )
    return _bound("import szunion.emv, ms", took * 1000, IMPORT_LIMIT_MS)


def _bound(name: str, ours: float, limit: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 2),
        "peer": None,
        "limit": limit,
        "ratio": None,
        "floor": None,
        "ok": ours <= limit,
    }


if __name__ == "__main__":
    for line in lines():
        print(line)
