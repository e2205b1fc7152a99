from __future__ import annotations

from typing import Any

import pytest
from tests.emv.script import Script, vector

from szunion.emv.apdu import Command, Response
from szunion.emv.errors import CardFault, EmvError, LimitExceeded, OffScript
from szunion.emv.exchange import MOST_ROUNDS, exchange, insist
from szunion.emv.flow import (
    AskPin,
    AuthorisationRequest,
    Candidate,
    CheckDocument,
    ChooseApplication,
    Effect,
    GoOnline,
    Performer,
    Pin,
    PinEntry,
    Transmit,
    run,
)

T0 = vector("pboc-spec-examples")["cases"]["t0"]
SELECT = Command(0x00, 0xA4, 0x04, 0x00, b"AAAAA", le=256)
READ = Command(0x00, 0xB2, 0x01, 0x0C, le=256)


@pytest.mark.parametrize("case", T0, ids=lambda case: case["name"])
def test_the_exchanges_of_the_standards_annex(case: Any) -> None:
    answers = iter(case["wire"])
    sent: list[str] = []

    def transmit(raw: bytes) -> bytes:
        sent.append(raw.hex().upper())
        return bytes.fromhex(next(answers)[1])

    got = run(exchange(Command.decode(bytes.fromhex(case["c"]))), Performer(transmit=transmit))
    assert got.encode().hex().upper() == case["r"]
    # the annex shows what T=0 puts on the wire: an APDU's own Le 00 is not sent there
    wanted = [line[0] for line in case["wire"]]
    assert [line if line in wanted else line[:-2] for line in sent] == wanted


def answers(*texts: str) -> Performer:
    left = list(texts)
    return Performer(transmit=lambda _: bytes.fromhex(left.pop(0)))


def test_endless_61xx_is_bounded() -> None:
    performer = Performer(transmit=lambda _: bytes.fromhex("AA6101"))
    with pytest.raises(LimitExceeded) as error:
        run(exchange(SELECT), performer)
    assert error.value.limit == MOST_ROUNDS


def test_endless_6cxx_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        run(exchange(READ), Performer(transmit=lambda _: bytes.fromhex("6C05")))


def test_ping_pong_between_61xx_and_6cxx_is_bounded() -> None:
    left = iter(["6110", "6C08"] * 200)
    with pytest.raises(LimitExceeded):
        run(exchange(SELECT), Performer(transmit=lambda _: bytes.fromhex(next(left))))


def test_a_warning_without_get_response_is_still_the_warning() -> None:
    assert run(exchange(SELECT), answers("6283", "6D00")) == Response(0x6283)


def test_a_warning_with_data_at_once_is_not_asked_again() -> None:
    assert run(exchange(SELECT), answers("6F006283")) == Response(0x6283, b"\x6f\0")


def test_a_wrong_pin_is_no_warning_with_data_behind() -> None:
    verify = Command(0x00, 0x20, 0x00, 0x80, bytes(8))
    assert run(exchange(verify), answers("63C2")).sw == 0x63C2


def test_6c00_asks_for_256_bytes() -> None:
    script = Script([["00B2010C00", "6C00"], ["00B2010C00", "AA9000"]])
    assert run(exchange(READ), Performer(transmit=script.transmit)).data == b"\xaa"


def test_insist_tells_the_status_word() -> None:
    with pytest.raises(CardFault) as fault:
        run(insist(READ), answers("6A83"))
    assert fault.value.sw == 0x6A83
    assert run(insist(READ, 0x6A83), answers("6A83")).sw == 0x6A83


# --- the loop ------------------------------------------------------


async def _two() -> int:
    first = await Transmit(READ)
    second = await Transmit(READ)
    return first.sw + second.sw


def test_the_loop_returns_what_the_flow_returns() -> None:
    assert run(_two(), lambda _: Response(1)) == 2


def test_an_error_of_the_performer_is_raised_where_the_flow_awaits() -> None:
    tidied: list[str] = []

    async def careful() -> None:
        try:
            await Transmit(READ)
        except KeyError:
            tidied.append("tidied")
            raise

    def perform(effect: Effect) -> object:
        raise KeyError(effect)

    with pytest.raises(KeyError):
        run(careful(), perform)
    assert tidied == ["tidied"]


def test_a_flow_may_go_on_after_an_error() -> None:
    async def stubborn() -> int:
        try:
            await Transmit(READ)
        except KeyError:
            return (await Transmit(SELECT)).sw
        return 0

    def perform(effect: Effect) -> object:
        if effect == Transmit(READ):
            raise KeyError
        return Response(0x9000)

    assert run(stubborn(), perform) == 0x9000


def test_too_many_commands_end_the_conversation() -> None:
    async def endless() -> None:
        while True:
            await Transmit(READ)

    performer = Performer(transmit=lambda _: b"\x90\0", most_commands=10)
    with pytest.raises(LimitExceeded):
        run(endless(), performer)


def test_too_many_answer_bytes_end_the_conversation() -> None:
    async def greedy() -> None:
        while True:
            await Transmit(READ)

    performer = Performer(transmit=lambda _: bytes(254) + b"\x90\0", most_bytes=1_000)
    with pytest.raises(LimitExceeded) as error:
        run(greedy(), performer)
    assert error.value.limit == 1_000


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_an_answer_without_a_status_word_is_the_cards_fault(raw: bytes) -> None:
    with pytest.raises(CardFault) as fault:
        run(exchange(READ), Performer(transmit=lambda _: raw))
    assert "响应" in str(fault.value)


def test_every_effect_has_its_performer() -> None:
    one, two = Candidate(b"AAAAA"), Candidate(b"BBBBB")
    heard: list[Command] = []
    performer = Performer(
        transmit=lambda _: b"\x90\0", heard=lambda command, _: heard.append(command)
    )
    request = AuthorisationRequest(((0x9A, b"\1"),), b"A" * 8)
    assert performer(Transmit(READ)) == Response(0x9000)
    assert heard == [READ]
    assert performer(ChooseApplication((one,))) == one
    assert performer(ChooseApplication((one, two))) is None
    assert performer(AskPin(PinEntry.ONLINE)) is None
    assert performer(CheckDocument(b"1", 0)) is None
    assert performer(GoOnline(request)) is None
    assert (request.value(0x9A), request.value(0x9B)) == (b"\1", None)


def test_a_pin_never_prints() -> None:
    pin = Pin("123456")
    assert "123456" not in repr(pin) + str(pin) + f"{pin}"
    assert pin.block().hex() == "26123456ffffffff"


@pytest.mark.parametrize("wrong", ["", "123", "1" * 13, "12a4", "１２３４"])
def test_a_pin_is_4_to_12_digits(wrong: str) -> None:
    with pytest.raises(OffScript) as error:
        Pin(wrong)
    assert isinstance(error.value, EmvError)
    assert not wrong or wrong not in str(error.value)


def test_an_answer_from_far_away_is_suspect() -> None:
    """A relay stretches the way; that is seen, and too much of it ends the conversation."""
    now = [0.0]

    def slow(raw: bytes) -> bytes:
        del raw
        now[0] += 0.6
        return b"\x90\0"

    performer = Performer(transmit=slow, clock=lambda: now[0], most_seconds=1.5)
    run(exchange(READ), performer)
    assert performer.relay_suspect
    assert 0.5 < performer.slowest < 0.7
    run(exchange(READ), performer)
    with pytest.raises(LimitExceeded):
        run(exchange(READ), performer)
    near = Performer(transmit=lambda _: b"\x90\0", clock=lambda: now[0])
    run(exchange(READ), near)
    assert not near.relay_suspect
    unwatched = Performer(transmit=slow)
    run(exchange(READ), unwatched)
    assert not unwatched.relay_suspect
