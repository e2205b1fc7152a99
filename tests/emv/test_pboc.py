"""Electronic cash and the fast contactless payment."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from tests.emv.script import vector
from tests.emv.world import BUSINESS, PBOC_DEBIT, Heard, Line, card, performer, terminal

from szunion.emv import scripts
from szunion.emv.apdu import Command
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Ecash, Scheme
from szunion.emv.errors import EmvError
from szunion.emv.flow import Performer, run
from szunion.emv.oda_keys import Assurance
from szunion.emv.pboc import (
    Fast,
    FastOutcome,
    n12_value,
    qualifiers,
    read_ecash,
    tap,
)
from szunion.emv.selection import select_application
from szunion.emv.terminal import Terminal, offers_ecash, terminal_values
from szunion.emv.tlv import Node, build, parse

SPEC = vector("pboc-spec-examples")["cases"]


def air(scheme: Scheme = Scheme.RSA, **changes: Any) -> SimulatedCard:
    return card(scheme, contactless=True, **changes)


def go(
    held: SimulatedCard, made: Terminal | None = None, amount: int = 1_000, **more: Any
) -> FastOutcome:
    made = made or terminal(knows_sm=True, floor_limit=50_000)
    business = evolve(BUSINESS, amount=amount)
    values = terminal_values(made, business, b"\x0a\x0b\x0c\x0d")
    return run(tap(made, business, values), performer(held, **more))


@pytest.mark.parametrize("scheme", [Scheme.RSA, Scheme.SM, Scheme.BOTH])
@pytest.mark.parametrize("bits", [1024, 1152])
def test_a_tap_is_approved_offline_with_fdda(scheme: Scheme, bits: int) -> None:
    held = air(scheme, icc_bits=bits)
    outcome = go(held)
    assert outcome.decision is Fast.APPROVED_OFFLINE
    assert outcome.assurance is Assurance.DDA_OFFLINE
    assert held.cell(PBOC_DEBIT, 0x9F79) == bytes.fromhex("000000009000")


def test_above_the_floor_limit_it_goes_online() -> None:
    line = Line()
    held = air()
    outcome = go(held, terminal(floor_limit=500), line=line)
    assert outcome.decision is Fast.APPROVED_ONLINE
    assert outcome.verdict is None
    assert held.cell(PBOC_DEBIT, 0x9F79) == bytes.fromhex("000000010000")
    assert line.genuine[0].ask.version.name == "PBOC-17"
    assert go(air(), terminal(floor_limit=500), line=Line(code=b"05")).decision is Fast.DECLINED
    assert go(air(), terminal(floor_limit=500), line=Line(up=False)).decision is Fast.DECLINED


def test_more_than_the_balance_goes_online_or_is_declined() -> None:
    assert go(air(ecash=Ecash(balance=500))).decision is Fast.APPROVED_ONLINE
    outcome = go(air(ecash=Ecash(balance=500)), terminal(online=False, floor_limit=50_000))
    assert outcome.decision is Fast.DECLINED


def test_a_card_without_the_fast_path_asks_for_the_contacts() -> None:
    outcome = go(air(), terminal(ttq=bytes.fromhex("40000000")))
    assert outcome.decision is Fast.OTHER_INTERFACE
    nothing = go(air(), transmit=lambda raw: bytes.fromhex("6A82" if raw[1] == 0xA4 else "6985"))
    assert nothing.decision is Fast.NOT_ACCEPTED


def test_a_blocked_application_does_not_tap() -> None:
    from szunion.emv.transaction import transact

    held = card()
    line = Line(orders=(scripts.block_application(),))
    run(transact(terminal(), BUSINESS), performer(held, line=line))
    held.reset(contactless=True)
    with pytest.raises(EmvError):
        go(held)


def test_an_expired_card_is_declined_offline() -> None:
    late = evolve(BUSINESS, date="320101")
    made = terminal(floor_limit=50_000)
    values = terminal_values(made, late, b"\1\2\3\4")
    outcome = run(tap(made, late, values), performer(air()))
    assert outcome.decision is Fast.DECLINED


def test_no_verify_is_ever_sent_over_the_air() -> None:
    heard = Heard()
    go(air(), heard=heard)
    assert "0020" not in heard.names()
    held = air()
    select = Command(0, 0xA4, 4, 0, PBOC_DEBIT, 256)
    held.process(select)
    assert held.process(Command(0, 0x20, 0, 0x80, bytes.fromhex("241234FFFFFFFFFF"))).sw == 0x6985


def _changed(raw: bytes, tag: int, bit: int) -> bytes:
    """Return a template with one bit of *tag* turned over."""
    try:
        nodes = parse(raw)
    except EmvError:
        return raw
    if len(nodes) != 1 or nodes[0].tag not in (0x70, 0x77):
        return raw
    children = []
    for child in nodes[0].children:
        if child.tag == tag:
            value = bytearray(child.value)
            value[bit // 8 % len(value)] ^= 0x80 >> bit % 8
            children.append(Node.of(tag, bytes(value)))
        else:
            children.append(child)
    return build([Node.of(nodes[0].tag, children)])


@pytest.mark.parametrize("tag", [0x9F36, 0x9F4B, 0x9F69, 0x82, 0x94, 0x5A, 0x90, 0x9F46, 0x9F10])
@pytest.mark.parametrize("bit", range(0, 16, 3))
def test_a_changed_decision_field_is_never_approved_offline(tag: int, bit: int) -> None:
    """Over the air nothing is decided by a field that the card did not sign."""
    held = air()
    hit = []

    def between(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if answer[-2:] != b"\x90\0" or raw[1] not in (0xA8, 0xB2):
            return answer
        new = _changed(answer[:-2], tag, bit)
        hit.append(new != answer[:-2])
        return new + b"\x90\0"

    try:
        outcome = go(held, transmit=between, line=Line(up=False))
    except (EmvError, AssertionError):
        return
    if tag == 0x9F10 and outcome.decision is Fast.APPROVED_OFFLINE:
        # 9F10 is the issuer's: its kind decides only whether a signature must be there
        assert outcome.verdict is not None
        assert outcome.verdict.passed
        return
    if any(hit):
        assert outcome.decision is not Fast.APPROVED_OFFLINE


def test_a_changed_ctq_that_was_signed_is_found() -> None:
    held = air()

    def between(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if raw[1] == 0xA8:
            return _changed(answer[:-2], 0x9F6C, 0) + b"\x90\0"
        return answer

    outcome = go(held, transmit=between)
    if outcome.decision is Fast.APPROVED_OFFLINE:
        pytest.fail("the CTQ was changed")


def test_a_switch_of_interface_is_all_that_an_unsigned_ctq_can_do() -> None:
    held = air()

    def between(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if raw[1] == 0xA8:
            spoilt = _changed(answer[:-2], 0x9F4B, 5)
            return _changed(spoilt, 0x9F6C, 3) + b"\x90\0"
        return answer

    assert go(held, transmit=between).decision is Fast.OTHER_INTERFACE


@pytest.mark.parametrize("iad", ["", "0701", "06011003A00000", "07011004A00000"])
def test_a_decision_that_is_not_pbocs_is_refused(iad: str) -> None:
    held = air()

    def between(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if raw[1] != 0xA8:
            return answer
        children = [
            Node.of(0x9F10, bytes.fromhex(iad)) if child.tag == 0x9F10 else child
            for child in parse(answer[:-2])[0].children
        ]
        return build([Node.of(0x77, children)]) + b"\x90\0"

    with pytest.raises(EmvError):
        go(held, transmit=between)


# --- electronic cash -----------------------------------------------


def _ecash(held: SimulatedCard) -> Any:
    async def both() -> Any:
        await select_application(PBOC_DEBIT)
        return await read_ecash()

    return run(both(), Performer(transmit=held.process_bytes))


def test_balance_and_limits_are_told_without_starting() -> None:
    held = card(ecash=Ecash(balance=1, limit=2, single_limit=3, reset_threshold=4))
    limits = _ecash(held)
    assert (limits.balance, limits.limit, limits.single, limits.reset) == (1, 2, 3, 4)
    assert held.cell(PBOC_DEBIT, 0x9F36) == bytes(2)
    assert _ecash(card(ecash=None, contactless=False)).balance is None


def test_the_life_of_an_ecash_balance_in_the_standards_annex() -> None:
    """Every purchase of annex D leaves the balance that the standard prints."""
    from szunion.emv.terminal import ActionCodes
    from szunion.emv.transaction import transact

    lenient = ActionCodes(online=bytes(5), default=bytes(5))
    made = terminal(knows_ecash=True, ecash_limit=100_000, action_codes=lenient, online=False)
    held = card(ecash=Ecash(balance=5_000, reset_threshold=0))
    for event in SPEC["ecash_life"]["events"]:
        if event["event"] == "buy":
            held.reset()
            business = evolve(BUSINESS, amount=event["amount"] * 100)
            outcome = run(transact(made, business), performer(held))
            assert outcome.used_ecash
        assert _balance(held) == event["card_balance"] * 100


def _balance(held: SimulatedCard) -> int | None:
    return n12_value(held.cell(PBOC_DEBIT, 0x9F79))


def test_the_terminals_indicator() -> None:
    assert offers_ecash(terminal(ecash_limit=1_000), 999)
    assert not offers_ecash(terminal(ecash_limit=1_000), 1_000)
    assert offers_ecash(terminal(floor_limit=500), 499)
    assert not offers_ecash(terminal(floor_limit=500), 500)


def test_the_qualifiers_ask_for_an_online_cryptogram_from_the_limit_on() -> None:
    made = terminal(floor_limit=1_000)
    assert qualifiers(made, 999) == made.ttq
    assert qualifiers(made, 1_000)[1] & 0x80
    assert qualifiers(terminal(online=False), 0)[0] & 0x08


@pytest.mark.parametrize("raw", [None, b"", b"\0" * 5, b"\xaa" * 6])
def test_an_amount_that_is_none(raw: bytes | None) -> None:
    assert n12_value(raw) is None


def test_a_card_that_signs_nothing_new_is_found_by_its_counter() -> None:
    """A recorded tap played again: the number is ours, so the signature does not fit."""
    held = air()
    heard = Heard()
    go(held, heard=heard)
    left = [answer.encode() for _, answer in heard.lines]
    made = terminal(floor_limit=50_000)
    values = terminal_values(made, BUSINESS, b"\x11\x22\x33\x44")
    outcome = run(tap(made, BUSINESS, values), performer(held, transmit=lambda _: left.pop(0)))
    assert outcome.decision is not Fast.APPROVED_OFFLINE


@pytest.mark.parametrize("tag", [0x9F02, 0x9F37, 0x9F66, 0x95])
def test_a_card_in_the_air_does_not_say_what_is_the_terminals_to_say(tag: int) -> None:
    """EMV book 3, 7.5: the issuer hears the amount that the terminal knows."""
    held, line = air(), Line()

    def between(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if raw[1] != 0xA8:
            return answer
        children = [*parse(answer[:-2])[0].children, Node.of(tag, b"\xf7" * 6)]
        return build([Node.of(0x77, children)]) + b"\x90\0"

    outcome = go(held, terminal(floor_limit=500), line=line, transmit=between)
    assert outcome.decision is Fast.APPROVED_ONLINE
    assert line.asked[0].value(0x9F02) == bytes.fromhex("000000001000")
    assert b"\xf7" * 6 not in [value for _, value in line.asked[0].data]


@pytest.mark.parametrize("expires", ["261123", "FFFFFF", "261332", "", "31"])
def test_a_tap_with_a_card_whose_date_is_over_or_no_date_is_declined(expires: str) -> None:
    held = air()

    def between(raw: bytes) -> bytes:
        answer = held.process_bytes(raw)
        if raw[1] != 0xB2 or not answer.endswith(b"\x90\0"):
            return answer
        changed = [
            Node.of(0x5F24, bytes.fromhex(expires)) if child.tag == 0x5F24 else child
            for child in parse(answer[:-2])[0].children
        ]
        return build([Node.of(0x70, changed)]) + b"\x90\0"

    assert go(held, transmit=between).decision is Fast.DECLINED
