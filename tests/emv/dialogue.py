"""Know a plain dialogue with a simulated card, without the product's terminal.

Command bytes and data are put together by hand from the books, so that a fault of the terminal
cannot hide one of the card, the host, or the authentication.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import field, frozen

from szunion.emv import tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.card.bank import TestBank
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import DEBIT_AID, personalise
from szunion.emv.card.profiles import Profile, pan_of
from szunion.emv.oda_keys import CardData, Policy, Record

TODAY = date(2026, 11, 24)
POLICY = Policy(today=TODAY)

TERMINAL = {
    0x9F02: bytes.fromhex("000000001000"),
    0x9F03: bytes(6),
    0x9F1A: bytes.fromhex("0156"),
    0x95: bytes(5),
    0x5F2A: bytes.fromhex("0156"),
    0x9A: bytes.fromhex("261124"),
    0x9C: b"\x00",
    0x9F37: bytes.fromhex("1A2B3C4D"),
    0x9F21: bytes.fromhex("101112"),
    0x9F4E: "测试商户".encode("gbk").ljust(20, b" "),
    0x9F66: bytes.fromhex("60000080"),
    0x9F7A: b"\x00",
    0x8A: b"00",
}


def by_list(dol: bytes, values: dict[int, bytes]) -> bytes:
    """Fill a data object list by hand: zeros for what is not known."""
    out, at = b"", 0
    while at < len(dol):
        size = 2 if dol[at] & 0x1F == 0x1F else 1
        tag, length = int.from_bytes(dol[at : at + size], "big"), dol[at + size]
        value = values.get(tag, b"")
        out += value if len(value) == length else bytes(length)
        at += size + 1
    return out


@frozen(kw_only=True)
class Opened:
    """A card after its records were read."""

    card: SimulatedCard
    data: CardData
    pdol_data: bytes
    values: dict[int, bytes] = field(factory=dict)
    """Every primitive object that was read."""
    terminal: dict[int, bytes] = field(factory=dict)


def sent(card: SimulatedCard, text: str, data: bytes = b"", le: int | None = 256) -> Response:
    """Send a command, with the manners of T=0."""
    cla, ins, p1, p2 = bytes.fromhex(text)
    answer = card.process(Command(cla, ins, p1, p2, data, le))
    if answer.sw >> 8 == 0x6C:
        answer = card.process(Command(cla, ins, p1, p2, data, (answer.sw & 0xFF) or 256))
    if answer.sw >> 8 == 0x61:
        answer = card.process(Command(0, 0xC0, 0, 0, le=(answer.sw & 0xFF) or 256))
    return answer


def ok(answer: Response) -> bytes:
    assert answer.sw == 0x9000, f"{answer.sw:04X}"
    return answer.data


def flat(nodes: Sequence[tlv.Node]) -> dict[int, bytes]:
    out: dict[int, bytes] = {}
    for node in nodes:
        if node.constructed:
            out |= flat(node.children)
        else:
            out[node.tag] = node.value
    return out


def opened(
    card: SimulatedCard, *, sm: bool = False, contactless: bool = False, **terminal: bytes
) -> Opened:
    """Select, get processing options, read all records."""
    card.reset(contactless=contactless)
    mine = TERMINAL | {0xDF69: b"\x01" if sm else b"\x00"}
    mine |= {int(name.removeprefix("t"), 16): value for name, value in terminal.items()}
    fci = flat(tlv.parse(ok(sent(card, "00A40400", DEBIT_AID))))
    pdol_data = by_list(fci.get(0x9F38, b""), mine)
    raw = ok(sent(card, "80A80000", b"\x83" + bytes((len(pdol_data),)) + pdol_data))
    nodes = tlv.parse(raw)
    others: Sequence[tlv.Node] = ()
    if nodes[0].tag == 0x80:
        aip, afl = nodes[0].value[:2], nodes[0].value[2:]
    else:
        told = flat(nodes)
        aip, afl = told[0x82], told.get(0x94, b"")
        others = nodes[0].children
    records = []
    for at in range(0, len(afl), 4):
        head, first, last, signed = afl[at : at + 4]
        for number in range(first, last + 1):
            whole = ok(sent(card, f"00B2{number:02X}{head | 4:02X}"))
            records.append(
                Record(sfi=head >> 3, number=number, raw=whole, signed=number - first < signed)
            )
    values = flat(others)
    for record in records:
        values |= flat(tlv.parse(record.raw))
    data = CardData(
        aid=DEBIT_AID, df_name=fci[0x84], aip=aip, records=tuple(records), others=others
    )
    return Opened(card=card, data=data, pdol_data=pdol_data, values=values, terminal=mine)


def generate(seen: Opened, kind: int, *, second: bool = False) -> tuple[bytes, bytes]:
    """Ask for a cryptogram; return the answer and the CDOL data that were sent."""
    told = by_list(seen.values[0x8D if second else 0x8C], seen.terminal)
    return ok(sent(seen.card, f"80AE{kind:02X}00", told)), told


def message(seen: Opened, answer: bytes) -> dict[int, bytes]:
    """Return the elements of an online message from an answer to GENERATE AC, format 1 or 2."""
    nodes = tlv.parse(answer)
    if nodes[0].tag == 0x80:
        raw = nodes[0].value
        told = {0x9F27: raw[:1], 0x9F36: raw[1:3], 0x9F26: raw[3:11], 0x9F10: raw[11:]}
    else:
        told = flat(nodes)
    return seen.terminal | {0x82: seen.data.aip} | told


def card_of(bank: TestBank, seed: int = 5, **profile: object) -> SimulatedCard:
    """Make a card from a profile's fields."""
    made = Profile(**{"pan": pan_of(1), **profile})  # type: ignore[arg-type]
    return SimulatedCard(personalise(bank, made, seed), seed)
