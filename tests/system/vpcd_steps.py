"""Know the steps of the test with the real daemon; each prints ``ok: name`` when it held."""

# ruff: noqa: T201 - it speaks with its parent over stdout

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

from attrs import evolve
from tests.emv.world import BUSINESS, Line, card, performer, terminal

from szunion.adapters.reader.pcsc import PcscReader
from szunion.adapters.reader.vpcd import PORT, serve
from szunion.emv import scripts
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Scheme
from szunion.emv.flow import run
from szunion.emv.oda_keys import Assurance
from szunion.emv.transaction import Decision, transact
from szunion.errors import CardRemoved, ReaderError

READER = "Virtual PCD 00 00"
AID = "00:A4:04:00:08:A0:00:00:03:33:01:01:01:00"
DDA_ONLY = bytes.fromhex("E0F9C0")


class Inserted:
    """A card in the virtual reader, from birth to `pull`."""

    def __init__(self, held: SimulatedCard) -> None:
        self.line = socket.create_connection(("127.0.0.1", PORT))
        self.thread = threading.Thread(target=serve, args=(held, self.line), daemon=True)
        self.thread.start()

    def pull(self) -> None:
        self.line.shutdown(socket.SHUT_RDWR)
        self.thread.join(timeout=5)
        self.line.close()


def until_up(reader: PcscReader) -> None:
    """Wait for the daemon and its readers; it needs a second or two."""
    for _ in range(100):
        try:
            if any(seen.name == READER for seen in reader.list()):
                return
        except ReaderError:
            pass
        time.sleep(0.1)
    raise SystemExit("the daemon did not come up")


def ok(step: str) -> None:
    print(f"ok: {step}", flush=True)


def opensc(*arguments: str) -> str:
    done = subprocess.run(
        ["opensc-tool", "--reader", READER, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


def pay(reader: PcscReader, scheme: Scheme, *, cda: bool) -> None:
    held = Inserted(card(scheme))
    assert reader.wait(READER, present=True, seconds=5)
    channel = reader.connect(READER)
    line = Line(scheme, orders=(scripts.set_ecash_balance(2_000),))
    made = terminal(knows_sm=scheme is Scheme.SM)
    if not cda:
        made = evolve(made, capabilities=DDA_ONLY)
    wired = performer(card(scheme), line=line, transmit=channel.transmit)
    outcome = run(transact(made, BUSINESS), wired)
    assert outcome.decision is Decision.APPROVED_ONLINE, outcome
    wanted = Assurance.CDA_OFFLINE if cda else Assurance.DDA_OFFLINE
    assert outcome.assurance is wanted, outcome.verdict
    assert [result.done for result in outcome.scripts] == [True]
    channel.close()
    held.pull()
    assert reader.wait(READER, present=False, seconds=5)
    ok(f"{scheme.name} {'CDA' if cda else 'DDA'} approved online with a script")


def main() -> int:
    reader = PcscReader(seconds=5.0)
    until_up(reader)
    first = Inserted(card())
    assert reader.wait(READER, present=True, seconds=5)
    seen = {found.name: found.atr for found in reader.list()}
    assert seen[READER] == bytes.fromhex("3B690000535A554E494F4E0000")
    assert "Virtual PCD 00 01" in seen
    ok(STEPS[0])
    assert "3b:69:00:00:53:5a:55:4e:49:4f:4e:00:00" in opensc("--atr")
    ok(STEPS[1])
    said = opensc("-s", AID, "-s", "00:B2:01:0C:00")
    assert said.count("SW1=0x90, SW2=0x00") == 2, said
    assert "PBOC DEBIT" in said.replace("\n", ""), said
    ok(STEPS[2])
    first.pull()
    assert reader.wait(READER, present=False, seconds=5)
    for scheme in (Scheme.RSA, Scheme.SM):
        for cda in (False, True):
            pay(reader, scheme, cda=cda)
    again = Inserted(card())
    assert reader.wait(READER, present=True, seconds=5)
    channel = reader.connect(READER)
    again.pull()
    assert reader.wait(READER, present=False, seconds=5)
    try:
        channel.transmit(bytes.fromhex("80CA9F3600"))
    except CardRemoved:
        ok(STEPS[7])
    channel.close()
    last = Inserted(card())
    assert reader.wait(READER, present=True, seconds=5)
    channel = reader.connect(READER)
    assert channel.transmit(bytes.fromhex("00A4040008A00000033301010100"))[:1] == b"\x61"
    channel.close()
    ok(STEPS[8])
    last.pull()
    return 0


STEPS = (
    "pyscard sees both virtual readers and our card's ATR",
    "opensc-tool reads the ATR",
    "opensc-tool selects our application and reads a record",
    "",
    "",
    "",
    "",
    "a card taken out is told",
    "a card put in again answers",
)

if __name__ == "__main__":
    sys.exit(main())
