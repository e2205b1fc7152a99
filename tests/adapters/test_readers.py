"""The readers that need no daemon: simulated, transcript, vpcd over loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from tests.emv.world import card, content, profile

from szunion.adapters.reader.simulated import SimulatedReader
from szunion.adapters.reader.transcript import RecordingReader, ReplayChannel, ReplayReader
from szunion.adapters.reader.vpcd import VpcdReader, read_frame, serve, write_frame
from szunion.emv.card.machine import CONTACTLESS_ATR, SimulatedCard
from szunion.emv.explain_trace import Exchange, read_trace, write_trace
from szunion.emv.flow import Performer, run
from szunion.emv.look import read_public
from szunion.emv.pan import CardNumber
from szunion.errors import (
    CardRemoved,
    NoCard,
    NoReader,
    ReaderError,
    SharingViolation,
    code_pages,
)
from szunion.ports.reader import CardChannel, CardReader

ATR = bytes.fromhex("3B690000535A554E494F4E0000")
COUNTER = bytes.fromhex("80CA9F3600")
SELECT = bytes.fromhex("00A4040008A00000033301010100")


def read_over(channel: CardChannel) -> CardNumber | None:
    found = run(read_public(), Performer(transmit=channel.transmit))
    assert found is not None
    return found.number


# --- simulated -----------------------------------------------------------------------------


def test_a_simulated_reader_is_a_card_reader() -> None:
    reader: CardReader = SimulatedReader("desk")
    assert [(seen.name, seen.atr) for seen in reader.list()] == [("desk", None)]


def test_a_card_is_read_over_the_simulated_reader() -> None:
    reader = SimulatedReader("desk", contactless=["air"])
    reader.insert("desk", card())
    reader.insert("air", card())
    assert [seen.atr for seen in reader.list()] == [ATR, CONTACTLESS_ATR]
    for name, atr in (("desk", ATR), ("air", CONTACTLESS_ATR)):
        channel = reader.connect(name)
        assert channel.atr == atr
        assert read_over(channel) == CardNumber(profile().pan)
        channel.close()


def test_the_refusals_of_the_simulated_reader() -> None:
    reader = SimulatedReader("desk")
    with pytest.raises(NoReader):
        reader.connect("nowhere")
    with pytest.raises(NoReader):
        reader.remove("nowhere")
    with pytest.raises(NoReader):
        reader.wait("nowhere", present=True, seconds=0)
    with pytest.raises(NoCard):
        reader.connect("desk")
    reader.insert("desk", card())
    channel = reader.connect("desk")
    with pytest.raises(SharingViolation):
        reader.connect("desk")
    channel.close()
    channel.close()
    with pytest.raises(ReaderError) as over:
        channel.transmit(COUNTER)
    assert over.value.code == "E-READER-012"
    reader.connect("desk").close()


def test_a_closed_card_has_no_power_and_a_new_conversation_starts_over() -> None:
    reader, held = SimulatedReader("desk"), card()
    reader.insert("desk", held)
    powered = [held.powered]
    channel = reader.connect("desk")
    powered.append(held.powered)
    channel.transmit(SELECT)
    channel.close()
    powered.append(held.powered)
    assert powered == [False, True, False]
    assert reader.connect("desk").transmit(COUNTER) == bytes.fromhex("6985")


def test_a_swapped_card_ends_the_old_conversation() -> None:
    reader = SimulatedReader("desk")
    reader.insert("desk", card())
    old = reader.connect("desk")
    reader.insert("desk", card())
    with pytest.raises(CardRemoved) as swapped:
        old.transmit(COUNTER)
    assert swapped.value.code == "E-READER-004"
    new = reader.connect("desk")
    old.close()
    assert new.transmit(SELECT)[:1] == b"\x61"


def test_a_card_that_loses_its_power_is_a_removed_card() -> None:
    reader, held = SimulatedReader("desk"), card()
    reader.insert("desk", held)
    channel = reader.connect("desk")
    held.power_cut_after(3)
    with pytest.raises(CardRemoved):
        channel.transmit(SELECT)


def test_waiting_without_a_clock() -> None:
    events = ["insert", "remove"]

    def happen() -> bool:
        if not events:
            return False
        if events.pop(0) == "insert":
            reader.insert("desk", card())
        else:
            reader.remove("desk")
        return True

    reader: SimulatedReader = SimulatedReader("desk", wait_for_event=happen)
    assert reader.wait("desk", present=True, seconds=1)
    assert reader.wait("desk", present=False, seconds=1)
    assert not reader.wait("desk", present=True, seconds=1)


# --- transcripts -----------------------------------------------------------------------------


def recorded() -> tuple[Exchange, ...]:
    reader = SimulatedReader("desk")
    reader.insert("desk", card())
    trace: list[Exchange] = []
    recording = RecordingReader(reader, trace.append)
    assert recording.list()[0].atr == ATR
    assert recording.wait("desk", present=True, seconds=0)
    channel = recording.connect("desk")
    assert channel.atr == ATR
    read_over(channel)
    channel.close()
    return tuple(trace)


def test_what_was_recorded_is_played_again() -> None:
    trace = read_trace(write_trace(recorded()))
    reader = ReplayReader(trace, atr=ATR)
    assert reader.list()[0].atr == ATR
    assert reader.wait("transcript", present=True, seconds=0)
    assert not reader.wait("transcript", present=False, seconds=0)
    channel = reader.connect("transcript")
    assert channel.atr == ATR
    assert read_over(channel) == CardNumber(profile().pan)
    channel.close()
    reader.played[0].finished()


def test_off_the_script_is_an_assertion_and_no_reader_error() -> None:
    trace = recorded()
    reader = ReplayReader(trace)
    channel = reader.connect("transcript")
    with pytest.raises(AssertionError, match="exchange 1") as off:
        channel.transmit(COUNTER)
    assert not isinstance(off.value, ReaderError)
    with pytest.raises(AssertionError, match="were not played"):
        reader.played[0].finished()
    for exchange in trace:
        channel.transmit(exchange.command.encode())
    with pytest.raises(AssertionError, match="over"):
        channel.transmit(COUNTER)
    channel.close()
    with pytest.raises(ReaderError):
        channel.transmit(COUNTER)
    with pytest.raises(NoReader):
        reader.connect("desk")


def test_a_message_of_a_replay_shows_headers_only() -> None:
    trace = read_trace(">> 0020008008241234FFFFFFFFFF\n<< 9000\n")
    with pytest.raises(AssertionError) as off:
        ReplayChannel(trace, "x", b"").transmit(bytes.fromhex("0020008008249999FFFFFFFFFF"))
    assert "1234" not in str(off.value)
    assert "9999" not in str(off.value)


# --- vpcd ---------------------------------------------------------------------------------------


class Phone:
    """A card at the other end of a line."""

    def __init__(self, reader: VpcdReader, held: SimulatedCard) -> None:
        self.line = socket.create_connection(reader.address)
        self.thread = threading.Thread(target=serve, args=(held, self.line), daemon=True)
        self.thread.start()

    def hang_up(self) -> None:
        self.line.shutdown(socket.SHUT_RDWR)
        self.thread.join(timeout=5)
        self.line.close()


@pytest.fixture
def listening() -> Iterator[VpcdReader]:
    with VpcdReader(("127.0.0.1", 0), seconds=0.3) as reader:
        yield reader


def test_a_card_is_read_over_the_network(listening: VpcdReader) -> None:
    assert listening.list()[0].atr is None
    with pytest.raises(NoCard):
        listening.connect("vpcd")
    assert not listening.wait("vpcd", present=True, seconds=0.01)
    phone = Phone(listening, card())
    assert listening.wait("vpcd", present=True, seconds=5)
    assert listening.list()[0].atr is not None
    assert not listening.wait("vpcd", present=False, seconds=0.01)
    channel = listening.connect("vpcd")
    assert channel.atr == ATR
    with pytest.raises(SharingViolation):
        listening.connect("vpcd")
    assert read_over(channel) == CardNumber(profile().pan)
    channel.close()
    channel.close()
    with pytest.raises(ReaderError):
        channel.transmit(COUNTER)
    again = listening.connect("vpcd")
    assert again.transmit(COUNTER) == bytes.fromhex("6985")
    phone.hang_up()
    with pytest.raises(CardRemoved):
        again.transmit(COUNTER)
    with pytest.raises(CardRemoved):
        again.transmit(COUNTER)
    again.close()
    assert listening.wait("vpcd", present=False, seconds=1)
    with pytest.raises(NoReader):
        listening.connect("desk")


def test_a_card_that_hangs_up_while_nobody_talks_is_noticed(listening: VpcdReader) -> None:
    phone = Phone(listening, card())
    assert listening.wait("vpcd", present=True, seconds=5)
    phone.hang_up()
    assert listening.wait("vpcd", present=False, seconds=5)
    assert listening.list()[0].atr is None
    other = Phone(listening, card())
    assert listening.wait("vpcd", present=True, seconds=5)
    other.hang_up()
    assert listening.list()[0].atr is None or listening.list()[0].atr is None


def test_a_card_without_power_at_the_other_end_is_removed(listening: VpcdReader) -> None:
    held = SimulatedCard(content(), 5)
    phone = Phone(listening, held)
    assert listening.wait("vpcd", present=True, seconds=5)
    channel = listening.connect("vpcd")
    held.power_cut_after(1)
    with pytest.raises(ReaderError):
        channel.transmit(SELECT)
    phone.hang_up()


def test_a_silent_card_costs_the_deadline(listening: VpcdReader) -> None:
    line = socket.create_connection(listening.address)
    assert listening.wait("vpcd", present=True, seconds=5)
    with pytest.raises(ReaderError) as silent:
        listening.connect("vpcd")
    assert silent.value.code == "E-READER-006"
    line.close()


def test_an_answer_of_one_byte_is_no_answer(listening: VpcdReader) -> None:
    line = socket.create_connection(listening.address)
    assert listening.wait("vpcd", present=True, seconds=5)

    def odd() -> None:
        assert read_frame(line) == b"\1"
        assert read_frame(line) == b"\4"
        write_frame(line, ATR)
        read_frame(line)
        write_frame(line, b"\x90")
        read_frame(line)
        write_frame(line, b"")

    thread = threading.Thread(target=odd)
    thread.start()
    channel = listening.connect("vpcd")
    for _ in range(2):
        with pytest.raises(ReaderError) as wrong:
            channel.transmit(COUNTER)
        assert wrong.value.code == "E-READER-011"
    thread.join()
    line.close()


def test_every_reader_code_has_its_page() -> None:
    pages = [page for code, page in code_pages().items() if code.startswith("E-READER-")]
    assert len(pages) >= 12
    for page in pages:
        assert page.what.zh
        assert page.do.en


def test_a_broken_line_is_a_removed_card(listening: VpcdReader) -> None:
    line = socket.create_connection(listening.address)
    assert listening.wait("vpcd", present=True, seconds=5)
    # a reset instead of a hang-up: the next write or read breaks
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.close()
    with pytest.raises((CardRemoved, NoCard)):
        listening.connect("vpcd")


def test_a_line_that_breaks_while_the_reader_waits_is_noticed(listening: VpcdReader) -> None:
    line = socket.create_connection(listening.address)
    assert listening.wait("vpcd", present=True, seconds=5)
    timer = threading.Timer(0.05, _break, [line])
    timer.start()
    assert listening.wait("vpcd", present=False, seconds=5)
    timer.join()


def _break(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.close()
