"""What a laboratory asks of a contact terminal, with the book and the section that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.emv.test_transaction import (
    CDA_TOO,
    DDA_ONLY,
    LENIENT,
    at_once,
    between,
    offline,
    pay,
)
from tests.emv.world import BUSINESS, PBOC_DEBIT, Heard, Line, card, content, performer, terminal

from szunion.emv import dol
from szunion.emv.action import Ask
from szunion.emv.apdu import Command
from szunion.emv.bits import Bit
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Ecash, Flaw, Scheme, flawed_profiles
from szunion.emv.errors import BadField, CardFault
from szunion.emv.fields import Tsi, Tvr
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest, run
from szunion.emv.oda_keys import Assurance
from szunion.emv.outcome import Decision, Outcome
from szunion.emv.reasons import Reason
from szunion.emv.terminal import ActionCodes, Terminal
from szunion.emv.tlv import Node, build, parse
from szunion.emv.transaction import transact

GENERATE_AC, READ_RECORD, VERIFY, SELECT, GPO = 0xAE, 0xB2, 0x20, 0xA4, 0xA8
INTERNAL_AUTHENTICATE = 0x88


def asked(heard: Heard) -> list[int]:
    """The P1 of every GENERATE AC: kind of cryptogram, and b5 where a signature is wanted."""
    return [command.p1 for command, _ in heard.lines if command.ins == GENERATE_AC]


def told(heard: Heard, outcome: Outcome, number: int, tag: int) -> bytes:
    """What the *number*-th GENERATE AC told the card of *tag*."""
    sent = [command for command, _ in heard.lines if command.ins == GENERATE_AC][number]
    assert outcome.data is not None
    listed = dol.parse(outcome.data.require(0x8D if number else 0x8C))
    return {entry.tag: value for entry, value in dol.split(listed, sent.data)}[tag]


def edited(
    held: SimulatedCard, edit: Callable[[tuple[Node, ...]], list[Node]], ins: int = READ_RECORD
) -> Any:
    """A card whose templates 70 (or other answers to *ins*) say something else."""

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins != ins or not answer.endswith(b"\x90\0"):
            return answer
        (outer,) = parse(answer[:-2])
        return build([Node.of(outer.tag, edit(tuple(outer.children)))]) + b"\x90\0"

    return between(held, change)


def approves(_: AuthorisationRequest) -> AuthorisationReply:
    return AuthorisationReply(b"00")


# --- authentication that fails before the card is asked: EMV book 4, 6.3.2.1 -----------------


@pytest.mark.parametrize("scheme", [Scheme.RSA, Scheme.SM])
def test_a_root_that_is_not_known_is_told_to_card_and_issuer_and_no_signature_is_asked_for(
    scheme: Scheme,
) -> None:
    profile = next(p for p in flawed_profiles(scheme) if p.flaw is Flaw.UNKNOWN_ROOT)
    heard, line = Heard(), Line(scheme)
    held = card(scheme, pan=profile.pan, flaw=profile.flaw)
    outcome = pay(held, terminal(knows_sm=True), heard=heard, line=line)
    assert outcome.decision is Decision.APPROVED_ONLINE
    assert asked(heard) == [Ask.ARQC, Ask.TC]
    assert Tvr.CDA_FAILED in outcome.tvr
    assert Tsi.ODA_PERFORMED in outcome.tsi
    assert told(heard, outcome, 0, 0x95)[0] & 0x04
    assert line.asked[0].value(0x95) == told(heard, outcome, 0, 0x95)
    assert outcome.assurance is Assurance.READ_ONLY
    assert outcome.verdict is not None
    assert outcome.verdict.reasons == (Reason.CA_KEY_UNKNOWN,)
    assert not outcome.holder_verified


def test_a_card_whose_keys_are_wrong_is_not_approved_where_nobody_can_be_asked() -> None:
    profile = next(p for p in flawed_profiles() if p.flaw is Flaw.UNKNOWN_ROOT)
    heard = Heard()
    held = card(pan=profile.pan, flaw=profile.flaw)
    outcome = pay(held, terminal(online=False), heard=heard)
    assert outcome.decision is Decision.DECLINED_OFFLINE
    assert asked(heard) == [Ask.AAC]
    held.reset()
    unreachable = pay(held, terminal(), line=Line(up=False))
    assert (unreachable.decision, unreachable.code) == (Decision.DECLINED_OFFLINE, b"Z3")


def test_a_signature_that_is_wrong_ends_in_a_second_cryptogram_of_decline() -> None:
    held = at_once()
    heard = Heard()

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == GENERATE_AC:
            return answer[:-3] + bytes((answer[-3] ^ 1,)) + answer[-2:]
        return answer

    outcome = pay(held, heard=heard, transmit=between(held, change))
    assert outcome.decision is Decision.DECLINED_OFFLINE
    assert asked(heard) == [Ask.ARQC | 0x10, Ask.AAC]
    assert told(heard, outcome, 1, 0x95)[0] & 0x04
    assert told(heard, outcome, 1, 0x8A) == b"Z1"


@pytest.mark.parametrize(
    ("answer", "sw"),
    [
        ("6985", 0x6985),
        ("6A80", 0x6A80),
        ("6300", 0x6300),
        ("6F00", 0x6F00),
        ("9000", 0x9000),
        ("70009000", 0x9000),
        ("77009000", 0x9000),
        ("77049F4C01009000", 0x9000),
        ("80029000", 0x9000),
    ],
)
def test_a_card_that_gives_no_signature_ends_the_payment(answer: str, sw: int) -> None:
    """EMV book 3, 6.3.5 (table 5 has no other status word) and 6.5.9.4."""
    held = at_once()

    def change(command: Command, told: bytes) -> bytes:
        return bytes.fromhex(answer) if command.ins == INTERNAL_AUTHENTICATE else told

    heard = Heard()
    with pytest.raises(CardFault) as caught:
        pay(held, terminal(capabilities=DDA_ONLY), transmit=between(held, change), heard=heard)
    assert caught.value.sw == sw
    assert (caught.value.code == "DDA-ANSWER") is (sw == 0x9000)
    assert asked(heard) == []


def test_a_signature_that_is_wrong_is_told_and_does_not_end_the_payment() -> None:
    held = at_once()

    def change(command: Command, told: bytes) -> bytes:
        wrong = command.ins == INTERNAL_AUTHENTICATE
        return told[:-3] + bytes((told[-3] ^ 1,)) + told[-2:] if wrong else told

    heard = Heard()
    outcome = pay(
        held, terminal(capabilities=DDA_ONLY), transmit=between(held, change), heard=heard
    )
    assert Tvr.DDA_FAILED in outcome.tvr
    assert asked(heard)


@pytest.mark.parametrize("tag", [0x92, 0x9F48])
@pytest.mark.parametrize("capabilities", [DDA_ONLY, CDA_TOO], ids=["DDA", "CDA"])
def test_a_remainder_that_is_needed_and_not_there_is_missing_data(
    tag: int, capabilities: bytes
) -> None:
    """EMV book 3, 7.5, table 35."""
    held = at_once(icc_bits=1152)
    without = edited(held, lambda nodes: [node for node in nodes if node.tag != tag])
    outcome = pay(held, terminal(capabilities=capabilities), transmit=without)
    assert Tvr.ICC_DATA_MISSING in outcome.tvr
    assert outcome.verdict is not None
    assert Reason.REMAINDER_MISSING in outcome.verdict.reasons
    assert outcome.assurance is Assurance.READ_ONLY


# --- what the card may say, and what not -------------------------------------------------------


def test_one_object_in_two_records_ends_a_payment_even_with_one_value() -> None:
    """EMV book 3, 10.2: redundant primitive data objects."""
    held = at_once()
    twice = edited(held, lambda nodes: [*nodes, Node.of(0x9F44, b"\x02")])
    with pytest.raises(BadField):
        pay(held, transmit=twice)


@pytest.mark.parametrize("tag", [0x9F02, 0x9F37, 0x95, 0x8A, 0x9F15, 0x9F33])
def test_a_card_does_not_say_what_is_the_terminals_or_the_issuers_to_say(tag: int) -> None:
    """EMV book 3, 7.5: such objects are ignored."""
    held = at_once()
    mark = bytes.fromhex("F7" * 6)
    first = [True]

    def edit(nodes: tuple[Node, ...]) -> list[Node]:
        more = [Node.of(tag, mark)] if first.pop() else []
        first.append(False)
        return [*nodes, *more]

    line = Line()
    # a certificate would notice: what counts is what the flow makes of it
    outcome = pay(held, transmit=edited(held, edit), line=line)
    assert outcome.data is not None
    assert outcome.data.value(tag) is None
    assert mark not in [value for _, value in line.asked[0].data]


def test_the_applications_name_is_told_as_the_terminals_aid() -> None:
    """EMV book 1, 12.4: 9F06 is the DF name, before GET PROCESSING OPTIONS."""
    held = at_once(ecash=None)
    sent: list[bytes] = []

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == SELECT and command.data == PBOC_DEBIT:
            inside = [Node.of(0x50, b"X"), Node.of(0x9F38, bytes.fromhex("9F06109F350195058104"))]
            return build([Node.of(0x6F, [Node.of(0x84, PBOC_DEBIT), Node.of(0xA5, inside)])]) + (
                b"\x90\0"
            )
        if command.ins == GPO:
            sent.append(command.data)
            return b"\x69\x85"
        return answer

    assert pay(held, transmit=between(held, change)).decision is Decision.NOT_ACCEPTED
    assert (
        sent[0][2:].hex() == (PBOC_DEBIT.ljust(16, b"\0") + b"\x22" + bytes(5)).hex() + "000003e8"
    )


# --- cryptograms: EMV book 3, 9 -----------------------------------------------------------------


@pytest.mark.parametrize("cid", [0x80, 0xC0])
def test_a_second_cryptogram_above_what_was_asked_for_counts_as_a_decline(cid: int) -> None:
    """EMV book 3, 9.3: after the second one all is done; it is treated as an AAC."""
    held = at_once()
    seen: list[bytes] = []

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == GENERATE_AC:
            seen.append(answer)
            if len(seen) == 2:
                return bytes.fromhex(f"800B{cid:02X}0001") + bytes(8) + b"\x90\0"
        return answer

    outcome = pay(held, terminal(capabilities=DDA_ONLY), transmit=between(held, change))
    assert outcome.decision is Decision.DECLINED_ONLINE
    assert len(seen) == 2


@pytest.mark.parametrize("cid", [0x40, 0xC0])
def test_a_first_cryptogram_above_what_was_asked_for_ends_the_transaction(cid: int) -> None:
    held = at_once()

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == GENERATE_AC:
            return bytes.fromhex(f"800B{cid:02X}0001") + bytes(8) + b"\x90\0"
        return answer

    with pytest.raises(CardFault):
        pay(held, terminal(capabilities=DDA_ONLY), transmit=between(held, change))


def test_a_terminal_without_a_default_list_hashes_nothing_and_says_nothing() -> None:
    """EMV book 3, 9.2.2."""
    heard = Heard()
    outcome = pay(card(tc_hash=True), terminal(default_tdol=b""), heard=heard, line=lambda _: None)
    assert Tvr.DEFAULT_TDOL_USED not in outcome.tvr
    assert told(heard, outcome, 0, 0x98).hex() == "da39a3ee5e6b4b0d3255bfef95601890afd80709"


# --- electronic cash: JR/T 0025.13, 7 -------------------------------------------------------------

CASH = Ecash(balance=5_000, limit=100_000, single_limit=4_500, reset_threshold=4_900)
"""Any payment brings it below the threshold, so the terminal would rather go online."""


def cash_terminal(**changes: Any) -> Terminal:
    return terminal(
        **{"knows_ecash": True, "ecash_limit": 50_000, "action_codes": LENIENT} | changes
    )


def test_a_reload_online_does_not_overrule_a_denial() -> None:
    heard = Heard()
    denied = ActionCodes(denial=b"\x04" + bytes(4), online=bytes(5), default=bytes(5))
    profile = next(p for p in flawed_profiles() if p.flaw is Flaw.UNKNOWN_ROOT)
    held = card(pan=profile.pan, flaw=profile.flaw, ecash=CASH)
    outcome = pay(held, cash_terminal(action_codes=denied), heard=heard)
    assert asked(heard) == [Ask.AAC]
    assert outcome.decision is Decision.DECLINED_OFFLINE


@pytest.mark.parametrize(
    ("wish", "bit"),
    [("on_exception_file", Tvr.ON_EXCEPTION_FILE), ("force_online", Tvr.MERCHANT_FORCED_ONLINE)],
)
def test_the_lists_of_the_terminal_count_for_electronic_cash_too(wish: str, bit: Bit) -> None:
    rich = evolve(CASH, reset_threshold=0)
    codes = ActionCodes(denial=Tvr.of(bit).raw, online=bytes(5), default=bytes(5))
    changes: dict[str, Any] = {wish: True}
    business = evolve(BUSINESS, **changes)
    held = card(ecash=rich)
    outcome = run(transact(cash_terminal(action_codes=codes), business), performer(held))
    assert bit in outcome.tvr
    assert outcome.decision is Decision.DECLINED_OFFLINE
    held.reset()
    plain = run(transact(cash_terminal(action_codes=codes), BUSINESS), performer(held))
    assert plain.used_ecash


def test_a_terminal_that_is_online_only_asks_the_issuer_for_everything() -> None:
    """EMV book 3, 10.7."""
    held = card()
    pay(held)
    held.reset()
    assert pay(held, terminal(action_codes=LENIENT)).decision is Decision.APPROVED_OFFLINE
    held.reset()
    heard = Heard()
    outcome = pay(held, terminal(kind=0x21, action_codes=LENIENT), heard=heard)
    assert outcome.decision is Decision.APPROVED_ONLINE
    assert asked(heard)[0] & 0xC0 == Ask.ARQC


def test_an_offline_only_terminal_answers_an_arqc_by_the_default_codes() -> None:
    """EMV book 3, 10.7 and 9.3.1: the card wants to go online, and there is no line."""
    held = card()  # a new card: its own risk management wants the issuer
    heard = Heard()
    outcome = pay(held, offline(kind=0x23), heard=heard)
    assert [kind & 0xC0 for kind in asked(heard)][:1] == [Ask.TC]
    assert outcome.code in (b"Y1", b"Y3", b"Z3")


def test_content_of_both_kinds_is_looked_at_without_an_order() -> None:
    """A dual card has two certificates under one tag; without an AFL neither is told."""
    from szunion.emv.reading import peek_application
    from szunion.emv.selection import select_application

    made = content(Scheme.BOTH)
    held = SimulatedCard(made, 5)
    held.reset()
    wired = performer(held)
    selected = run(select_application(PBOC_DEBIT), wired)
    places = tuple((sfi, number) for sfi in range(1, 9) for number in range(1, 6))
    seen = run(peek_application(selected, places), wired)
    assert seen.value(0x90) is None
    assert seen.value(0x9F46) is None
    assert seen.value(0x5A) is not None
