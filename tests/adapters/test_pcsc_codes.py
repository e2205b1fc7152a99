"""What PC/SC may answer on a bad day, from a library that is made up."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from szunion.adapters.reader.pcsc import PcscReader
from szunion.errors import (
    CardRemoved,
    NoCard,
    NoReader,
    ReaderError,
    SharingViolation,
    SzunionError,
)

PRESENT = 32


def library(**answers: Any) -> Any:
    """Return a module that answers well, except for what *answers* says."""
    made: Any = ModuleType("scard")
    made.SCARD_SCOPE_USER, made.SCARD_SHARE_EXCLUSIVE = 0, 1
    made.SCARD_PROTOCOL_T0, made.SCARD_PROTOCOL_T1 = 1, 2
    made.SCARD_PCI_T0, made.SCARD_PCI_T1 = 1, 2
    made.SCARD_UNPOWER_CARD, made.SCARD_STATE_UNAWARE = 2, 0
    made.SCARD_STATE_CHANGED, made.SCARD_STATE_PRESENT = 2, PRESENT
    good: dict[str, Any] = {
        "SCardEstablishContext": lambda _: (0, 7),
        "SCardReleaseContext": lambda _: 0,
        "SCardListReaders": lambda *_: (0, ["desk"]),
        "SCardGetStatusChange": lambda *_: (0, [("desk", PRESENT, [0x3B, 0])]),
        "SCardConnect": lambda *_: (0, 9, 2),
        "SCardStatus": lambda _: (0, "desk", 0, 2, [0x3B, 0]),
        "SCardTransmit": lambda *_: (0, [0x90, 0]),
        "SCardDisconnect": lambda *_: 0,
    }
    for name, answer in {**good, **answers}.items():
        setattr(made, name, answer)
    return made


def reader(**answers: Any) -> PcscReader:
    return PcscReader(seconds=0.1, library=library(**answers))


def signed(code: int) -> int:
    """Some platforms hand codes out as signed numbers."""
    return code - (1 << 32)


def test_a_good_day() -> None:
    made = reader()
    assert [(seen.name, seen.atr) for seen in made.list()] == [("desk", b"\x3b\0")]
    channel = made.connect("desk")
    assert channel.atr == b"\x3b\0"
    assert channel.transmit(b"\0\1\2\3") == b"\x90\0"
    channel.close()


@pytest.mark.parametrize(
    ("protocol", "command", "wanted"),
    [
        (1, "00A4040002A00000", "00A4040002A000"),
        (2, "00A4040002A00000", "00A4040002A00000"),
        (1, "00A4040002A000", "00A4040002A000"),
        (1, "00B2010C00", "00B2010C00"),
        (1, "80CA9F3605", "80CA9F3605"),
        (1, "00FF0000", "00FF0000"),
        (1, "00D60000000001AA0000", "00D60000000001AA0000"),
    ],
)
def test_at_t0_no_second_length_goes_out(protocol: int, command: str, wanted: str) -> None:
    """ISO/IEC 7816-3, 12.2.5: a command of T=0 has one length; what is extended is not for it."""
    sent: list[bytes] = []

    def transmit(_card: int, pci: int, block: list[int]) -> tuple[int, list[int]]:
        assert pci == protocol
        sent.append(bytes(block))
        return 0, [0x61, 0x10]

    made = reader(SCardConnect=lambda *_: (0, 9, protocol), SCardTransmit=transmit)
    assert made.connect("desk").transmit(bytes.fromhex(command)) == b"\x61\x10"
    assert sent == [bytes.fromhex(wanted)]


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        (0x8010001D, ReaderError, "E-READER-009"),
        (0x8010001E, ReaderError, "E-READER-009"),
        (0x80100009, NoReader, "E-READER-001"),
        (0x80100017, NoReader, "E-READER-001"),
        (0x8010000C, NoCard, "E-READER-002"),
        (0x80100066, NoCard, "E-READER-002"),
        (0x8010000B, SharingViolation, "E-READER-005"),
        (0x80100069, CardRemoved, "E-READER-003"),
        (0x8010000F, ReaderError, "E-READER-011"),
    ],
)
@pytest.mark.parametrize("form", [int, signed])
@pytest.mark.parametrize("call", ["SCardConnect", "SCardStatus"])
def test_every_code_has_its_error(
    code: int, kind: type[SzunionError], told: str, form: Callable[[int], int], call: str
) -> None:
    bad: Any = (form(code), 0, 0) if call == "SCardConnect" else (form(code), "", 0, 0, [])
    with pytest.raises(kind) as refused:
        reader(**{call: lambda *_: bad}).connect("desk")
    assert refused.value.code == told
    assert refused.value.what()


def test_a_machine_without_readers_lists_none() -> None:
    assert list(reader(SCardListReaders=lambda *_: (0x8010002E, [])).list()) == []
    assert list(reader(SCardListReaders=lambda *_: (0, [])).list()) == []
    with pytest.raises(ReaderError):
        reader(SCardGetStatusChange=lambda *_: (0x8010001D, [])).list()


def lost_card(**answers: Any) -> ReaderError:
    """Return the error of a transmit whose card is gone."""
    made = reader(SCardTransmit=lambda *_: (0x80100069, []), **answers)
    channel = made.connect("desk")
    with pytest.raises(ReaderError) as gone:
        channel.transmit(b"\0\1\2\3")
    with pytest.raises(ReaderError):
        channel.transmit(b"\0\1\2\3")
    return gone.value


def test_card_gone_card_swapped_reader_gone_daemon_gone() -> None:
    assert lost_card().code == "E-READER-004"
    empty = lost_card(SCardGetStatusChange=lambda *_: (0, [("desk", 16, [])]))
    assert (type(empty), empty.code) == (CardRemoved, "E-READER-003")
    other = lost_card(SCardGetStatusChange=lambda *_: (0, [("other", 16, [])]))
    assert (type(other), other.code) == (ReaderError, "E-READER-007")
    dead = lost_card(SCardListReaders=lambda *_: (0x8010001D, []))
    assert (type(dead), dead.code) == (CardRemoved, "E-READER-003")


@pytest.mark.parametrize("answer", [[], [0x90]])
def test_an_answer_without_a_status_word_is_a_fault_unless_the_card_is_gone(
    answer: list[int],
) -> None:
    there = reader(SCardTransmit=lambda *_: (0, answer))
    channel = there.connect("desk")
    for _ in range(2):
        with pytest.raises(ReaderError) as odd:
            channel.transmit(b"\0\1\2\3")
        assert odd.value.code == "E-READER-011"
    gone = reader(
        SCardTransmit=lambda *_: (0, answer),
        SCardGetStatusChange=lambda *_: (0, [("desk", 16, [])]),
    )
    with pytest.raises(CardRemoved):
        gone.connect("desk").transmit(b"\0\1\2\3")
    dead = reader(
        SCardTransmit=lambda *_: (0, answer), SCardGetStatusChange=lambda *_: (0x8010001D, [])
    )
    with pytest.raises(ReaderError) as service:
        dead.connect("desk").transmit(b"\0\1\2\3")
    assert service.value.code == "E-READER-009"


def test_a_fault_of_the_line_keeps_its_number() -> None:
    made = reader(SCardTransmit=lambda *_: (0x80100016, []))
    with pytest.raises(ReaderError) as failed:
        made.connect("desk").transmit(b"\0\1\2\3")
    assert "80100016" in failed.value.what()


@pytest.mark.parametrize(
    ("call", "use"),
    [
        ("SCardEstablishContext", lambda made: made.list()),
        ("SCardConnect", lambda made: made.connect("desk")),
        ("SCardEstablishContext", lambda made: made.wait("desk", present=True, seconds=0.01)),
    ],
)
def test_a_library_that_hangs_costs_the_deadline(
    call: str, use: Callable[[PcscReader], object]
) -> None:
    free = threading.Event()

    def hang(*_: object) -> tuple[int, int, int]:
        free.wait()
        return 0, 0, 0

    made = reader(**{call: hang})
    with pytest.raises(ReaderError) as late:
        use(made)
    assert late.value.code == "E-READER-006"
    free.set()


def test_a_card_that_cannot_be_let_go_loses_its_reader_until_the_call_returns() -> None:
    free = threading.Event()

    def hang(*_: object) -> int:
        free.wait()
        return 0

    made = reader(SCardDisconnect=hang)
    made.connect("desk").close()
    with pytest.raises(ReaderError) as lost:
        made.connect("desk")
    assert lost.value.code == "E-READER-006"
    free.set()
    for _ in range(100):
        try:
            made.connect("desk")
        except ReaderError:
            threading.Event().wait(0.01)
        else:
            return
    pytest.fail("the reader never came back")


def test_without_pyscard_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smartcard", None)
    monkeypatch.setitem(sys.modules, "smartcard.scard", None)
    with pytest.raises(ReaderError) as missing:
        PcscReader()
    assert missing.value.code == "E-READER-010"
    assert "szunion[pcsc]" in missing.value.do()


def test_without_the_library_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("the library has this name on Linux")
    pytest.importorskip("smartcard.scard")

    def absent(name: str) -> object:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(ReaderError) as missing:
        PcscReader()
    assert missing.value.code == "E-READER-008"
