"""Write the golden trace and its explanations again: ``python tests/emv/make_golden.py``.

A made-up card with a test number: contact selection, options, records, data, logs, a whole
transaction with a script, and the purse. Look at the difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path

from szunion.emv.apdu import Command, Response
from szunion.emv.explain import explain
from szunion.emv.explain_html import as_html
from szunion.emv.explain_json import as_json
from szunion.emv.explain_text import as_text
from szunion.emv.explain_trace import Exchange, read_trace, write_trace
from szunion.emv.tlv import Node, build

HERE = Path(__file__).parent / "golden"
DEBIT = bytes.fromhex("A000000333010101")
PDOL = bytes.fromhex("9F7A019F02065F2A02DF6901")
CDOL1 = bytes.fromhex("9F02069F03069F1A0295055F2A029A039C019F3704")
CDOL2 = bytes.fromhex("8A02" + CDOL1.hex())
LOG = bytes.fromhex("9A039F21039F02069F03069F1A025F2A029F4E149C019F3602")
LOADS = bytes.fromhex("9A039F21039F1A029F4E149F3602")


def shop(name: str) -> bytes:
    return name.encode("gbk").ljust(20)


def trace() -> tuple[Exchange, ...]:
    out: list[Exchange] = []

    def say(command: str, answer: bytes = b"", sw: int = 0x9000) -> None:
        sent = Command.decode(bytes.fromhex(command))
        out.append(Exchange(sent, Response(sw, answer), float(len(out) + 8)))

    def tree(*nodes: Node) -> bytes:
        return build(nodes)

    of = Node.of
    fci = tree(
        of(0x6F, [
            of(0x84, DEBIT),
            of(0xA5, [
                of(0x50, b"PBOC DEBIT"), of(0x87, b"\x01"), of(0x9F38, PDOL), of(0x5F2D, b"zhen"),
                of(0xBF0C, [of(0x9F4D, b"\x0b\x0a"), of(0xDF4D, b"\x0c\x0a")]),
            ]),
        ])
    )  # fmt: skip
    say("00A404000E315041592E5359532E444446303100", sw=0x6A82)
    say("00A4040008A000000333010101", sw=0x6100 | len(fci))
    say(f"00C00000{len(fci):02X}", fci)
    say("80A800000C830A0000000000000001560100", bytes.fromhex("800A7C000801010010010301"))
    say("00B2010C00", sw=0x6C10)
    holder = tree(
        of(0x70, [
            of(0x57, bytes.fromhex("6200000000000013D28122200000012345")),
            of(0x5F20, "张三".encode("gbk").ljust(8)), of(0x9F61, b"440301199001011234"),
            of(0x9F62, b"\x00"),
        ])
    )  # fmt: skip
    say(f"00B2010C{len(holder):02X}", holder)
    say("00B2011400", tree(
        of(0x70, [
            of(0x5A, bytes.fromhex("6200000000000013")), of(0x5F34, b"\x01"),
            of(0x5F24, bytes.fromhex("281231")), of(0x8C, CDOL1), of(0x8D, CDOL2),
            of(0x8E, bytes.fromhex("0000000000000000420360031F00")),
            of(0x9F0E, bytes.fromhex("0010980000")), of(0x9F63, bytes(8) + b"\x10" + bytes(7)),
            of(0xDF7F, b"?"),
        ])
    ))  # fmt: skip
    say("80CA9F7900", tree(of(0x9F79, bytes.fromhex("000000003560"))))
    say("80CA9F4F00", tree(of(0x9F4F, LOG)))
    say("80CADF4F00", tree(of(0xDF4F, LOADS)))
    record = bytes.fromhex("26112412131400000000356000000000000001560156")
    say("00B2015C00", record + shop("深圳市工会大厦") + bytes.fromhex("00001B"))
    say("00B2025C00", sw=0x6A83)
    load = bytes.fromhex("9F790000000010000000000050002611241213140156")
    say("00B2016400", load + shop("罗湖支行") + bytes.fromhex("001C"))
    say("0020008008241234FFFFFFFFFF", sw=0x63C2)
    amount = "000000003560" + "000000000000" + "0156" + "0000008000" + "0156" + "261124" + "00"
    told = bytes.fromhex("801380001C112233445566778807010103A4300201")
    say(f"80AE80001D{amount}DEADBEEF00", told)
    say("008200000AA1A2A3A4A5A6A7A83030", sw=0x6300)
    say(f"80AE40001F3030{amount}DEADBEEF00", sw=0x6985)
    say("04DA9F790A000000005000B1B2B3B4")
    say("84240002141112131415161718191A1B1C1D1E1F2021222324", sw=0x6988)
    say("00A4040008A000000632010105", bytes.fromhex("6F0A8408A000000632010105"))
    say("805C000204", bytes.fromhex("80000DE8"))
    return tuple(out)


def shown(language: str, *, reveal: bool = False) -> str:
    stored = read_trace((HERE / "pboc.jsonl").read_text("utf-8"))
    return as_text(explain(stored, reveal=reveal), "zh" if language == "zh" else "en")


def outputs() -> dict[str, str]:
    told = explain(read_trace((HERE / "pboc.jsonl").read_text("utf-8")))
    return {
        "pboc.zh.txt": shown("zh"),
        "pboc.en.txt": shown("en"),
        "pboc.revealed.zh.txt": shown("zh", reveal=True),
        "pboc.json": as_json(told),
        "pboc.zh.html": as_html(told, reference="../../../docs/zh/reference/tags.html"),
    }


def main() -> None:
    HERE.mkdir(exist_ok=True)
    (HERE / "pboc.jsonl").write_text(write_trace(trace()), "utf-8")
    for name, text in outputs().items():
        (HERE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
