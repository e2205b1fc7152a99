"""A published contact transaction of another project's test card, played against our terminal.

The cryptograms in it are constants and the issuer's answer a dummy, so whole outcomes cannot be
asserted; every command that the book defines must be byte for byte the one recorded.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve
from tests.emv.script import Script, vector
from tests.emv.world import BUSINESS, terminal

from szunion.emv import capk, dol, oda, tlv
from szunion.emv.apdu import Command
from szunion.emv.cvm import enciphered_verify
from szunion.emv.exchange import exchange
from szunion.emv.flow import Performer, Pin, run
from szunion.emv.generated import read_cryptogram
from szunion.emv.oda_keys import Assurance, Policy, recover
from szunion.emv.reading import ApplicationData, read_application
from szunion.emv.rsa import RsaKey
from szunion.emv.selection import Supported, build_candidate_list, select_application
from szunion.emv.terminal import terminal_values
from szunion.emv.transaction import dynamic_authentication, transact

FLOW = vector("contact-flow")["cases"]
FACTS = FLOW["facts"]
LINES = [(line["c"], line["r"]) for line in FLOW["exchanges"]]


def bare(raw: bytes) -> bytes:
    """Return a command without the Le behind its data: at T=0 it is not sent, and the recording
    has it in some commands and not in others."""
    command = Command.decode(raw)
    return evolve(command, le=None).encode() if command.data else raw


def part(first: int, last: int) -> Script:
    exchanges = [[bare(bytes.fromhex(c)).hex().upper(), r] for c, r in LINES[first:last]]
    return Script(exchanges)


def transmit(script: Script) -> Performer:
    return Performer(transmit=lambda raw: script.transmit(bare(raw)))


AID = bytes.fromhex(FACTS["aid"])
UN = bytes.fromhex(FACTS["unpredictable_number"])
TODAY = date(2020, 7, 24)


def number(text: str) -> int:
    return int(text, 16)


def roots() -> capk.CaKeys:
    rid, index = bytes.fromhex(FACTS["rid"]), number(FACTS["ca_index"])
    modulus, exponent = bytes.fromhex(FLOW["keys"]["ca"]["n"]), b"\3"
    key = capk.rsa_key(
        rid=rid,
        index=index,
        modulus=modulus,
        exponent=exponent,
        check=capk.checksum(rid, index, modulus, exponent),
        expires=date(2030, 12, 31),
        today=TODAY,
    )
    return capk.CaKeys((key,))


def steps(name: str) -> list[int]:
    return [at for at, line in enumerate(FLOW["exchanges"]) if line["step"] == name]


GPO = steps("GET PROCESSING OPTIONS")[0]
DDA = steps("INTERNAL AUTHENTICATE")[0]
VERIFY = steps("VERIFY")


def data() -> ApplicationData:
    select = part(5, 7)
    selected = run(select_application(AID), transmit(select))
    select.finished()
    records = part(GPO, DDA)
    read = run(read_application(selected, {}), transmit(records))
    records.finished()
    return read


def test_selection_finds_the_recorded_application() -> None:
    script = part(0, 5)
    found = run(build_candidate_list((Supported(AID),)), transmit(script))
    script.finished()
    assert [c.aid for c in found] == [AID]


def test_records_are_read_with_the_recorded_commands() -> None:
    read = data()
    assert read.require(0x82).hex().upper() == FACTS["aip"]
    assert read.require(0x94).hex().upper() == FACTS["afl"]
    assert read.require(0x5A).hex() == FACTS["pan"]


def test_dda_is_right_over_the_recorded_answer() -> None:
    read = data()
    policy = Policy(today=TODAY, brands={})
    recovered = recover(read.for_authentication(), roots(), policy, dynamic=True)
    assert recovered.reasons == ()
    script = part(DDA, DDA + 2)
    flow = dynamic_authentication(read, recovered, terminal(), {0x9F37: UN}, pays=True)
    verdict = run(flow, transmit(script))
    script.finished()
    assert (verdict.assurance, verdict.reasons) == (Assurance.DDA_OFFLINE, ())
    assert verdict.method is oda.Method.DDA


def test_the_plain_pin_is_the_recorded_block() -> None:
    command = Command(0x00, 0x20, 0x00, 0x80, Pin(FACTS["pin"]).block())
    assert command.encode().hex().upper() == LINES[VERIFY[0]][0]


def test_the_enciphered_pin_is_the_recorded_one() -> None:
    key = RsaKey(number(FLOW["keys"]["icc"]["n"]), 3)
    challenge = bytes.fromhex(FACTS["challenge"])
    command = enciphered_verify(Pin(FACTS["pin"]), challenge, key, bytes(key.size - 17))
    assert command.encode().hex().upper() == LINES[VERIFY[1]][0]


@pytest.mark.parametrize(("which", "tag", "p1"), [(0, 0x8C, 0x80), (1, 0x8D, 0x40)])
def test_generate_ac_sends_the_recorded_data(which: int, tag: int, p1: int) -> None:
    at = steps("GENERATE AC")[which]
    sent = Command.decode(bytes.fromhex(LINES[at][0]))
    read = data()
    business = evolve(BUSINESS, amount=1, date="200724", kind=sent.data[-5])
    made = terminal(country=b"\x02\x46", currency=b"\x09\x78")
    values = {**terminal_values(made, business, UN), 0x8A: b"Y3"}
    told = dol.fill(dol.parse(read.require(tag)), values)
    assert (told.hex(), p1) == (sent.data.hex(), sent.p1)
    script = part(at, at + 2) if which == 0 else part(at, at + 1)
    got = run(exchange(sent), transmit(script))
    script.finished()
    assert read_cryptogram(got.data).kind.value == p1


class Recorded:
    """The recorded card, asked by command and not by order."""

    def __init__(self) -> None:
        self.table: dict[str, Any] = {}
        before = ""
        for command, answer in LINES:
            # GET RESPONSE belongs to the command before it
            command = bare(bytes.fromhex(command)).hex().upper()  # noqa: PLW2901
            key = f"{before}/{command}" if command.startswith("00C0") else command
            self.table[key] = answer
            before = before if command.startswith("00C0") else command
        self.last = ""
        self.unknown: list[str] = []

    def transmit(self, raw: bytes) -> bytes:
        text = bare(raw).hex().upper()
        key = f"{self.last}/{text}" if text.startswith("00C0") else text
        if not text.startswith("00C0"):
            self.last = text
        if key not in self.table:
            self.unknown.append(text[:8])
            return b"\x6a\x88"
        return bytes.fromhex(self.table[key])


def test_the_whole_recorded_card_goes_through_our_terminal_up_to_its_cryptogram() -> None:
    from szunion.emv.errors import CardFault

    recorded = Recorded()
    made = evolve(
        terminal(),
        supported=(Supported(AID),),
        keys=roots(),
        policy=Policy(today=TODAY, brands={}),
        random=lambda size: UN[:size].ljust(size, b"\0"),
        country=b"\x02\x46",
        currency=b"\x09\x78",
        capabilities=bytes.fromhex("E0A8C0"),
    )
    business = evolve(BUSINESS, amount=1, date="200724")
    performer = Performer(transmit=recorded.transmit, ask_pin=lambda _: Pin(FACTS["pin"]))
    # its AC is a constant recorded for other terminal data: our first GENERATE AC is not in it
    with pytest.raises(CardFault) as fault:
        run(transact(made, business), performer)
    assert fault.value.sw == 0x6A88
    assert recorded.unknown[-1] == "80AE8000"
    asked = [text for text in recorded.unknown if text != "80AE8000"]
    # SFI 1 is the directory before the application is selected, and its own file after that
    assert set(asked) <= {"80CA9F17", "00B2030C"}
    assert tlv.parse(bytes.fromhex(LINES[-1][1])[:-2])
