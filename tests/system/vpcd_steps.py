"""Know the steps of the test with the real daemon; each prints ``ok: name`` when it held."""

# ruff: noqa: T201 - it speaks with its parent over stdout

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

from attrs import evolve
from smartcard.System import readers
from tests.emv.world import BUSINESS, Heard, Line, card, performer, terminal
from tests.system import vpcd_plan as plan
from tests.system.vpcd_terminal import judged

from szunion.adapters.reader.pcsc import PcscReader
from szunion.adapters.reader.vpcd import PORT, serve
from szunion.emv import scripts
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Flaw, Scheme
from szunion.emv.flow import run
from szunion.emv.iad import Iad
from szunion.emv.oda_keys import Assurance
from szunion.emv.outcome import Decision
from szunion.emv.transaction import transact
from szunion.errors import CardRemoved, ReaderError, SharingViolation

READER = "Virtual PCD 00 00"
AID = "00:A4:04:00:08:A0:00:00:03:33:01:01:01:00"
ATR = bytes.fromhex("3B690000535A554E494F4E0000")
SELECT = bytes.fromhex("00A4040008A00000033301010100")
BALANCE = bytes.fromhex("80CA9F7909")
COUNTER = bytes.fromhex("80CA9F3600")
DDA_ONLY = bytes.fromhex("E0F9C0")
LOADED = 2_000


class Inserted:
    """A card in the virtual reader, from birth to `pull`; it counts what reaches it."""

    def __init__(self, held: SimulatedCard, pulled_at: int | None = None) -> None:
        self.held = held
        self.heard = 0
        self.pulled_at = pulled_at
        self.line = socket.create_connection(("127.0.0.1", PORT))
        self.thread = threading.Thread(target=serve, args=(self, self.line), daemon=True)
        self.thread.start()

    def reset(self, *, contactless: bool = False) -> bytes:
        return self.held.reset(contactless=contactless)

    def power_off(self) -> None:
        self.held.power_off()

    def process_bytes(self, raw: bytes) -> bytes:
        self.heard += 1
        if self.heard == self.pulled_at:
            self.line.shutdown(socket.SHUT_RDWR)
            return b""
        return self.held.process_bytes(raw)

    def pull(self) -> None:
        with suppress(OSError):  # it may have been pulled already
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


def inserted(reader: PcscReader, held: SimulatedCard, pulled_at: int | None = None) -> Inserted:
    made = Inserted(held, pulled_at)
    assert reader.wait(READER, present=True, seconds=5)
    return made


def pulled(reader: PcscReader, card_in: Inserted) -> None:
    card_in.pull()
    assert reader.wait(READER, present=False, seconds=5)


# --- terminals of others ------------------------------------------------------------------------


def opensc(*arguments: str) -> str:
    done = subprocess.run(
        ["opensc-tool", "--reader", READER, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


def others(reader: PcscReader) -> None:
    held = inserted(reader, card())
    seen = {found.name: found.atr for found in reader.list()}
    assert seen[READER] == ATR
    assert "Virtual PCD 00 01" in seen
    ok(plan.LISTED)
    assert ATR.hex(":") in opensc("--atr")
    ok(plan.OPENSC_ATR)
    said = opensc("-s", AID, "-s", "00:B2:01:0C:00")
    assert said.count("SW1=0x90, SW2=0x00") == 2, said
    assert "PBOC DEBIT" in said.replace("\n", ""), said
    ok(plan.OPENSC_READS)
    (found,) = [each for each in readers() if each.name == READER]
    line = found.createConnection()
    line.connect()
    assert bytes(line.getATR()) == ATR
    _, first, more = line.transmit(list(SELECT))
    assert first == 0x61
    answer, first, second = line.transmit([0x00, 0xC0, 0x00, 0x00, more])
    assert (bytes(answer[:1]), first, second) == (b"\x6f", 0x90, 0x00)
    _, first, right = line.transmit(list(COUNTER))
    assert (first, right) == (0x6C, 5)
    answer, first, second = line.transmit([*COUNTER[:4], right])
    assert bytes(answer) == bytes.fromhex("9F36020000")
    line.disconnect()
    line.release()
    ok(plan.PYSCARD_READS)
    pulled(reader, held)


def foreign(reader: PcscReader) -> None:
    """Let a whole terminal that we did not write judge our card."""
    if shutil.which("emv-tool") is None:
        return
    sound, clone = card(signs_aac=True), card(signs_aac=True, flaw=Flaw.CLONED)
    for method in ("SDA", "DDA", "CDA"):
        held = inserted(reader, sound)
        verdict = judged(method)
        assert verdict.method == method, verdict
        assert verdict.performed, verdict
        assert not verdict.failed, verdict
        pulled(reader, held)
        ok(plan.foreign(method))
    held = inserted(reader, clone)
    assert judged("DDA").failed
    pulled(reader, held)
    ok(plan.CLONE)


# --- our own terminal ---------------------------------------------------------------------------


def pay(reader: PcscReader, scheme: Scheme, *, cda: bool) -> None:
    """Pay over the whole stack: records, signature, PIN, ARQC, ARPC, a script that loads."""
    held = inserted(reader, card(scheme))
    channel = reader.connect(READER)
    line = Line(scheme, orders=(scripts.set_ecash_balance(LOADED),))
    made = terminal(knows_sm=scheme is Scheme.SM)
    if not cda:
        made = evolve(made, capabilities=DDA_ONLY)
    heard = Heard()
    before = held.heard
    wired = performer(card(scheme), line=line, transmit=channel.transmit, heard=heard)
    outcome = run(transact(made, BUSINESS), wired)
    assert outcome.decision is Decision.APPROVED_ONLINE, outcome
    wanted = Assurance.CDA_OFFLINE if cda else Assurance.DDA_OFFLINE
    assert outcome.assurance is wanted, outcome.verdict
    assert [result.done for result in outcome.scripts] == [True]
    assert len(line.genuine) == 1  # the issuer's host found the ARQC genuine
    assert outcome.holder_verified is cda  # 9000 alone proves nothing: only CDA signs the PIN
    # the card itself says that the issuer's answer was right, in its second cryptogram
    cvr = Iad.parse(outcome.cryptograms[-1].issuer_data).pboc_cvr
    assert not cvr.has(cvr.ISSUER_AUTHENTICATION_FAILED), cvr
    assert not cvr.has(cvr.ISSUER_AUTHENTICATION_NOT_PERFORMED), cvr
    # everything went through the daemon, nothing beside it
    assert held.heard - before == len(heard.lines) > 25
    assert channel.transmit(BALANCE)[3:9] == bytes.fromhex(f"{LOADED:012d}")
    channel.close()
    pulled(reader, held)
    ok(plan.paid(scheme.name, "CDA" if cda else "DDA"))


def taken(reader: PcscReader) -> None:
    held = inserted(reader, card())
    channel = reader.connect(READER)
    pulled(reader, held)
    told = _told(channel.transmit, COUNTER)
    assert told == ["E-READER-003"] * 2, told
    ok(plan.PULLED)
    channel.close()
    held = inserted(reader, card(), pulled_at=20)
    channel = reader.connect(READER)
    try:
        run(transact(terminal(), BUSINESS), performer(card(), transmit=channel.transmit))
    except CardRemoved:
        assert held.heard == 20
    else:
        raise AssertionError("a card taken out paid")
    assert len(_told(channel.transmit, COUNTER)) == 2
    channel.close()
    pulled(reader, held)
    ok(plan.PULLED_MIDWAY)


def _told(transmit: object, command: bytes) -> list[str]:
    assert callable(transmit)
    codes = []
    for _ in range(2):
        try:
            transmit(command)
        except CardRemoved as error:
            codes.append(error.code)
    return codes


def again(reader: PcscReader) -> None:
    held = inserted(reader, card())
    channel = reader.connect(READER)
    assert channel.transmit(SELECT)[:1] == b"\x61"
    ok(plan.AGAIN)
    other = PcscReader(seconds=5.0)
    try:
        other.connect(READER)
    except SharingViolation:
        ok(plan.SHARED)
    channel.close()
    pulled(reader, held)


def main() -> int:
    reader = PcscReader(seconds=5.0)
    until_up(reader)
    others(reader)
    for scheme in (Scheme.RSA, Scheme.SM):
        for cda in (False, True):
            pay(reader, scheme, cda=cda)
    taken(reader)
    again(reader)
    foreign(reader)
    return 0


if __name__ == "__main__":
    sys.exit(main())
