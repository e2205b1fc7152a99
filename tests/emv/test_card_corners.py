"""Corners of the simulated card: content that few personalise, and what it then answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve
from tests.emv.test_card_machine import RIGHT, Talk, online
from tests.emv.world import BUSINESS, bank, card, content, performer, terminal

from szunion.emv import crypto, scripts
from szunion.emv.apdu import Command
from szunion.emv.card.content import Path, PaymentApplication, ProcessingOptions
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Scheme
from szunion.emv.card.session import entries
from szunion.emv.crypto import Algorithm
from szunion.emv.flow import Performer, run
from szunion.emv.pboc import Fast, FastOutcome, tap
from szunion.emv.terminal import terminal_values
from szunion.emv.tlv import Node, build, parse


def odd_card(*, air: bool = False, **changes: Any) -> SimulatedCard:
    """A card whose payment application differs in *changes*."""
    made = content()
    applications = tuple(
        evolve(one, **changes) if isinstance(one, PaymentApplication) else one
        for one in made.applications
    )
    held = SimulatedCard(evolve(made, applications=applications), 5)
    held.reset(contactless=air)
    return held


def debit() -> PaymentApplication:
    return next(one for one in content().applications if isinstance(one, PaymentApplication))


def go(held: SimulatedCard) -> FastOutcome:
    made = terminal(floor_limit=50_000)
    values = terminal_values(made, BUSINESS, b"\1\2\3\4")
    return run(tap(made, BUSINESS, values), performer(held))


# --- PIN CHANGE --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", [Scheme.RSA, Scheme.SM])
def test_a_pin_is_changed_with_the_old_one(scheme: Scheme) -> None:
    talk = online(scheme=scheme)
    host, genuine = bank().host(), talk.genuine()
    right = host.pin_script(genuine, "778899", "1234")
    assert talk.held.process(right).sw == 0x9000
    talk.start()
    assert talk.send("00200080", bytes.fromhex("26778899FFFFFFFF")).sw == 0x9000
    assert talk.send("00200080", RIGHT).sw == 0x63C2


def test_a_pin_is_not_changed_with_a_wrong_old_one() -> None:
    talk = online()
    wrong = bank().host().pin_script(talk.genuine(), "778899", "9999")
    assert talk.held.process(wrong).sw == 0x6A80


def test_a_card_without_pin_has_none_to_change() -> None:
    talk = online(pin=None)
    assert talk.script(scripts.unblock_pin()) == [0x6A88]


def _sealed(talk: Talk, head: str, data: bytes) -> Command:
    """Seal any command as the issuer would."""
    host, genuine = bank().host(), talk.genuine()
    session = host.script_session(genuine)
    keys = bank().vault.issuer_keys(1, Algorithm.TDES)
    account = session.account
    master = crypto.master_key(Algorithm.TDES, keys.mac, account.pan, account.psn)
    key = crypto.pboc_session_key(Algorithm.TDES, master, session.atc)
    raw = bytes.fromhex(head)
    whole = raw + bytes((len(data) + 4,)) + session.atc + session.first + data
    mac = crypto.retail_mac(key, whole)[:4]
    return Command(raw[0], raw[1], raw[2], raw[3], data + mac)


@pytest.mark.parametrize(
    ("head", "data", "sw"),
    [
        ("84180000", b"x", 0x6700),
        ("84240000", b"x", 0x6700),
        ("84240002", bytes(15), 0x6700),
        ("84240002", bytes(16), 0x6A80),
        ("84240003", b"", 0x6A86),
        ("04DC0108", b"x", 0x6A86),
    ],
)
def test_a_sealed_order_of_a_wrong_form_is_refused(head: str, data: bytes, sw: int) -> None:
    talk = online()
    assert talk.held.process(_sealed(talk, head, data)).sw == sw


def test_an_object_that_was_never_personalised_cannot_be_put() -> None:
    data = {tag: value for tag, value in debit().data.items() if tag != 0x9F59}
    talk = Talk(odd_card(data=data))
    talk.start()
    talk.generate(0x80)
    assert talk.script(scripts.put_data(0x9F59, b"\1")) == [0x6A88]


def test_a_wrong_le_does_not_carry_a_command_out_twice() -> None:
    held = odd_card(records={(1, 1): b"\x70\0"})
    talk = Talk(held)
    assert talk.gpo().sw == 0x9000
    assert held.process_bytes(bytes.fromhex("80AE800000"))[0] == 0x6C
    assert held.process_bytes(bytes.fromhex("80AE800001"))[0] == 0x6C
    assert talk.send("80AE8000", b"", 256).sw == 0x9000


def test_an_order_with_less_than_a_mac_is_6987() -> None:
    assert online().held.process(Command(0x84, 0x18, 0, 0, b"abc")).sw == 0x6987


# --- taps ----------------------------------------------------------------------------------------


def _path(options: Mapping[Path, ProcessingOptions], afl: bytes) -> dict[Path, ProcessingOptions]:
    return {**options, Path.QPBOC: evolve(options[Path.QPBOC], afl=afl)}


def test_a_tap_without_records_pays_at_once_and_is_not_believed() -> None:
    held = odd_card(air=True, options=_path(debit().options, b""))
    assert go(held).decision is Fast.DECLINED
    assert held.cell(debit().aid, 0x9F79) == bytes.fromhex("000000009000")


def test_a_card_without_a_key_taps_unsigned_and_is_not_believed() -> None:
    held = odd_card(air=True, rsa=None)
    outcome = go(held)
    assert outcome.decision is Fast.DECLINED
    assert outcome.verdict is not None
    assert "DYNAMIC_SIGNATURE_MISSING" in {reason.name for reason in outcome.verdict.reasons}


def test_an_old_card_signs_version_00_and_is_refused() -> None:
    data = {tag: value for tag, value in debit().data.items() if tag != 0x9F69}
    assert go(odd_card(air=True, data=data)).decision is not Fast.APPROVED_OFFLINE


def test_what_can_be_spent_is_told_when_the_issuer_wants_it() -> None:
    held = odd_card(air=True, data={**debit().data, 0x9F5D: bytes(6)})
    outcome = go(held)
    assert outcome.data is not None
    assert outcome.data.value(0x9F5D) == bytes.fromhex("000000010000")


@pytest.mark.parametrize("record", [b"\x70", b"\x71\0"])
def test_a_broken_record_is_told_as_it_is(record: bytes) -> None:
    records = dict(debit().records)
    last = max(key for key in records if key[0] in (3, 4, 5, 6, 7))
    held = odd_card(air=True, records={**records, last: record})
    talk = Talk(held)
    talk.told[0x9F66] = bytes.fromhex("26000080")
    assert talk.gpo().sw == 0x9000
    assert talk.send(f"00B2{last[1]:02X}{last[0] << 3 | 4:02X}", le=256).data == record


# --- broken content ---------------------------------


@pytest.mark.parametrize("fci", [b"", b"\x6f", b"\x6f\x02\x84", b"\xff"])
def test_a_broken_fci_is_told_as_it_is(fci: bytes) -> None:
    held = odd_card(fci=fci)
    talk = Talk(held)
    assert talk.select().data == fci
    assert talk.send("80A80000", bytes.fromhex("8300"), 256).sw == 0x9000
    assert talk.send("00B2015C", le=256).sw in (0x6A82, 0x6A83)


def test_broken_records_and_lists_want_nothing() -> None:
    held = odd_card(records={(1, 1): b"\x70\x05", (1, 2): b"\x70\x04\x8c\x02\x9f\x02"})
    talk = Talk(held)
    assert talk.gpo().sw == 0x9000
    assert talk.send("80AE8000", b"", 256).sw == 0x9000
    assert entries(b"\x9f") == ()


def test_a_card_that_cannot_sign_refuses_internal_authenticate() -> None:
    for held in (odd_card(rsa=None), card(aip=b"\x5c\0")):
        talk = Talk(held)
        talk.start()
        assert talk.send("00880000", b"\1\2\3\4", 256).sw == 0x6985
    talk = Talk(card())
    talk.start()
    assert talk.send("00880000", b"\1\2\3", 256).sw == 0x6700


def test_a_pdol_template_that_does_not_parse_is_refused() -> None:
    talk = Talk(card())
    talk.select()
    assert talk.send("80A80000", b"\x83", 256).sw == 0x6A80
    assert talk.send("80A80000", b"\x83\x05\0", 256).sw == 0x6A80


def test_a_format_that_the_card_does_not_have_logs_nothing() -> None:
    data = {tag: value for tag, value in debit().data.items() if tag not in (0x9F4F, 0xDF4F)}
    held = odd_card(data=data)
    talk = Talk(held)
    talk.start()
    talk.generate(0x80)
    talk.script(scripts.set_ecash_balance(1))
    talk.generate(0x40, b"00")
    assert talk.send("00B2015C", le=256).sw == 0x6A83
    assert talk.send("00B20064", le=256).sw == 0x9000


def test_a_card_that_declines_with_a_signature_only_by_its_test_switch() -> None:
    for switch in (False, True):
        talk = Talk(card(signs_aac=switch))
        talk.start()
        answer = talk.generate(0x10)
        assert (answer.data[0] == 0x77) == switch


def test_a_list_with_a_hash_goes_into_the_cryptogram() -> None:
    talk = Talk(card(tc_hash=True), {0x98: bytes(range(20))})
    talk.start()
    assert talk.generate(0x80).sw == 0x9000
    other = Talk(card(tc_hash=True), {0x98: bytes(20)})
    other.start()
    other.generate(0x80)
    assert talk.first[0x9F26] != other.first[0x9F26]


def test_ecash_that_went_online_is_not_paid_from_the_balance() -> None:
    talk = Talk(card(), {0x9F7A: b"\1"})
    talk.start()
    talk.generate(0x80)
    assert talk.generate(0x40, b"Y3").sw == 0x9000
    assert talk.cell(0x9F79) == bytes.fromhex("000000010000")


def test_a_broken_pse_record_ends_the_directory() -> None:
    made = content()
    pse = {(1, 1): build([Node.of(0x70, [])])}
    held = SimulatedCard(evolve(made, pse=pse), 1)
    held.reset()
    wired = Performer(transmit=held.process_bytes)
    from szunion.emv.selection import build_candidate_list

    assert len(run(build_candidate_list(), wired)) == 1
    assert parse(pse[1, 1])


def test_the_name_of_a_card_is_for_tests() -> None:
    assert card().name == "union card"
