"""The standard's literal values, each used where it counts, and published signatures made again.

Source of each value: see ``vectors/pboc-spec-examples.json`` and ``vectors/contact-flow.json``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from attrs import evolve
from tests.emv.published import cases, raw
from tests.emv.test_oda import published_card
from tests.emv.test_sm2 import _altered
from tests.emv.world import BUSINESS, PBOC_DEBIT, Heard, Line, card, performer, terminal

from szunion.emv import action, dol, rsa, scripts, sm2, tlv
from szunion.emv.action import Ask, analyse
from szunion.emv.apdu import Command
from szunion.emv.bits import Bit
from szunion.emv.card.content import RsaPrivate
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Ecash, Profile, pan_of
from szunion.emv.card.signing import sign_dynamic
from szunion.emv.card.testca import sign_block
from szunion.emv.cvm import Method
from szunion.emv.exchange import exchange
from szunion.emv.fields import Tvr
from szunion.emv.flow import Performer, run
from szunion.emv.lists import CvmList
from szunion.emv.logs import LoadLog
from szunion.emv.look import Probes, look
from szunion.emv.oda_keys import Policy, Record, gather, recover
from szunion.emv.outcome import Decision
from szunion.emv.rsa import RsaKey
from szunion.emv.selection import Supported, build_candidate_list, select_application
from szunion.emv.terminal import ActionCodes
from szunion.emv.tlv import Node
from szunion.emv.transaction import transact

SPEC = cases("pboc-spec-examples")
FLOW = cases("contact-flow")


# --- selection, commands ----------------------------------------------------------------------


def test_partial_selection_finds_both_applications_with_the_standards_bytes() -> None:
    example = SPEC["aid_partial_match"]
    aid, names = example["terminal"], example["card"]
    answers = [
        tlv.build([Node.of(0x6F, [Node.of(0x84, raw(name)), Node.of(0xA5, [])])]) + b"\x90\0"
        for name in names
    ]
    answers.append(raw(example["no_more"]))
    sent: list[str] = []

    def transmit(command: bytes) -> bytes:
        sent.append(command.hex().upper())
        return answers.pop(0)

    supported = (Supported(raw(aid)),)
    found = run(build_candidate_list(supported, None), Performer(transmit=transmit))
    assert [candidate.aid for candidate in found] == [raw(name) for name in names]
    size, following = f"{len(aid) // 2:02X}", example["next_p2"]
    assert [text[:6] for text in sent] == ["00A404"] * 3
    assert [text[6:8] for text in sent] == ["00", following, following]
    assert all(text[8:].startswith(size + aid) for text in sent)


def test_blocked_cards_and_applications_answer_as_the_standard_says() -> None:
    example = SPEC["aid_partial_match"]
    for order, at_once in (
        (scripts.block_application(), example["blocked_application"]),
        (scripts.block_card(), example["blocked_card"]),
    ):
        held = card()
        run(transact(terminal(), BUSINESS), performer(held, line=Line(orders=(order,))))
        held.reset()
        select = Command(0x00, 0xA4, 0x04, 0x00, PBOC_DEBIT, 256)
        answer = held.process(select)
        while answer.sw >> 8 == 0x61:
            answer = held.process(Command(0x00, 0xC0, 0x00, 0x00, le=answer.sw & 0xFF))
        assert f"{answer.sw:04X}" == at_once


def _sent(work: Callable[[SimulatedCard, Heard], object], **changes: Any) -> list[str]:
    held, heard = card(**changes), Heard()
    work(held, heard)
    return [command.encode().hex().upper() for command, _ in heard.lines]


def test_the_commands_are_the_standards_byte_for_byte() -> None:
    def reading(held: SimulatedCard, heard: Heard) -> None:
        run(transact(terminal(), BUSINESS), performer(held))  # so that there is something to log
        held.reset()
        acting = Performer(transmit=held.process_bytes, heard=heard)
        run(look(Probes(logs=True)), acting)

    literal = SPEC["commands"]
    told = _sent(reading)
    for name in ("get_balance", "get_log_format", "get_load_log_format", "read_log_record_1",
                 "read_load_log_record_1"):  # fmt: skip
        assert literal[name] in told, name

    def paying(held: SimulatedCard, heard: Heard) -> None:
        run(transact(terminal(), BUSINESS), performer(held, heard=heard))

    assert any(text.startswith(literal["external_authenticate_header"]) for text in _sent(paying))


def test_the_whole_load_log_is_what_the_standard_lays_out() -> None:
    fixed = [int(part.rsplit(" ", 1)[1]) for part in SPEC["load_log"]["fixed"]]
    atc, count, row, mac = 2, 1, 22, 4
    assert [text.split(" ")[1] for text in SPEC["load_log"]["whole_log_answer"]] == [
        f"{atc}", f"{count}", "of", f"{mac}"
    ]  # fmt: skip
    assert f"{row} bytes" in SPEC["load_log"]["whole_log_answer"][2]
    assert sum(fixed) + 3 + 3 + 2 == row
    held = card(ecash=Ecash(balance=1_000))
    orders = (scripts.set_ecash_balance(5_000), scripts.set_ecash_balance(6_000))
    run(transact(terminal(), BUSINESS), performer(held, line=Line(orders=orders)))
    held.reset()
    acting = Performer(transmit=held.process_bytes)
    run(select_application(PBOC_DEBIT), acting)
    answer = run(exchange(Command.decode(raw(SPEC["commands"]["read_whole_load_log"]))), acting)
    assert answer.sw == 0x9000
    assert len(answer.data) == atc + count + 2 * row + mac
    log = LoadLog.parse(answer.data)
    assert [(load.old, load.new) for load in log.loads] == [(5_000, 6_000), (1_000, 5_000)]


@pytest.mark.parametrize(
    ("topic", "name", "head"), [("transaction_log", "9F4F", 0), ("load_log", "DF4F", 14)]
)
def test_log_formats_list_the_standards_entries(topic: str, name: str, head: int) -> None:
    example = SPEC[topic]
    listed = dol.parse(raw(example[f"format_{name}"]))
    assert [[f"{entry.tag:02X}", entry.length] for entry in listed] == example["entries"]
    assert head + dol.wanted(listed) == example["record_length"]


def test_published_lists_have_their_published_lengths() -> None:
    for case in cases("dol")["build"]:
        if "length" in case:
            assert dol.wanted(dol.parse(raw(case["dol"]))) == case["length"]


# --- decisions ----------------------------------------------------------------------------------


def test_the_response_codes_are_the_standards() -> None:
    codes = SPEC["authorisation_response_codes"]
    assert {
        "offline_declined": action.OFFLINE_DECLINED.decode(),
        "unable_online_declined": action.UNABLE_ONLINE_DECLINED.decode(),
        "offline_approved": action.OFFLINE_APPROVED.decode(),
        "unable_online_approved": action.UNABLE_ONLINE_APPROVED.decode(),
    }.items() <= codes.items()


@pytest.mark.parametrize("bit", Tvr.bits(), ids=lambda bit: bit.en)
def test_missing_action_codes_are_the_standards_b03(bit: Bit) -> None:
    """A missing code decides as the default does, for every bit of the TVR."""
    from tests.emv.test_risk import data

    missing = {
        name: raw(value) for name, value in SPEC["action_codes"]["defaults_if_missing"].items()
    }
    own = ActionCodes(
        denial=missing["tac_denial"], online=missing["tac_online"], default=missing["tac_default"]
    )
    told = data(
        t9F0E=missing["iac_denial"], t9F0F=missing["iac_online"], t9F0D=missing["iac_default"]
    )
    for online in (True, False):
        made = terminal(action_codes=own, online=online)
        assert analyse(data(), made, Tvr.of(bit)) is analyse(told, made, Tvr.of(bit))
        assert analyse(data(), made, Tvr.of(bit)) is (Ask.ARQC if online else Ask.AAC)


def test_the_standards_list_of_methods_is_the_profiles() -> None:
    listed = raw(SPEC["cvm_list"]["tag_8E"])
    assert Profile(pan=pan_of(1)).cvm_list == listed
    rules = [(rule.code, rule.go_on, rule.condition) for rule in CvmList.parse(listed).rules]
    assert rules == [
        (Method.ONLINE_PIN, False, 0x01),
        (Method.PLAIN_PIN, False, 0x03),
        (Method.SIGNATURE, True, 0x03),
        (Method.NOTHING, False, 0x00),
    ]


@pytest.mark.parametrize("name", ["ecash_online_purchase", "ecash_autoload"])
def test_the_standards_examples_of_electronic_cash(name: str) -> None:
    """More than the balance is paid from the account; a load on top sets the new balance."""
    example = SPEC[name]
    yuan, load = 100, example.get("load", 0)
    held = card(ecash=Ecash(balance=example["balance_before"] * yuan))
    account = example["account_before"] - example["purchase"] - load
    orders = (scripts.set_ecash_balance(example["balance_after"] * yuan),) if load else ()
    made = terminal(knows_ecash=True, ecash_limit=100_000)
    business = evolve(BUSINESS, amount=example["purchase"] * yuan)
    outcome = run(transact(made, business), performer(held, line=Line(orders=orders)))
    assert outcome.decision is Decision.APPROVED_ONLINE
    assert not outcome.used_ecash
    assert account == example["account_after"]
    assert held.cell(PBOC_DEBIT, 0x9F79) == raw(f"{example['balance_after'] * yuan:012d}")


# --- signatures -------------------------------------------------------------------------------


def test_everything_that_must_fail_with_sm2_is_among_the_tests() -> None:
    tried = set(_altered())
    tests_of = {
        "r = 0": {"r = 0"},
        "s = 0": {"s = 0"},
        "r = n": {"r = n"},
        "s = n": {"s = n"},
        "r + s = n": {"r + s = n"},
        "one bit of r, s, msg or id changed": {"bit 0 of the signature", "message", "id"},
        "signature of 63 or 65 bytes": {"63 bytes", "65 bytes"},
        "r and s swapped": {"r and s swapped"},
        # a key that is no point is refused when it is made: test_sm2
        "public key not on the curve": set(),
        "public key = point at infinity (00..00)": set(),
    }
    assert set(tests_of) == set(cases("sm2")["must_fail"])
    assert set().union(*tests_of.values()) <= tried


def test_the_length_of_the_identity_is_written_in_bits() -> None:
    assert f"{len(sm2.CARD_ID) * 8:04X}" == SPEC["sm2_id"]["entl"]
    assert cases("sm2")["signature"][0]["entl"] == SPEC["sm2_id"]["entl"]


def _private(owner: str) -> RsaPrivate:
    key = FLOW["keys"][owner]
    made = RsaPrivate(
        modulus=int(key["n"], 16),
        exponent=int(key["e"], 16),
        p=int(key["p"], 16),
        q=int(key["q"], 16),
    )
    assert made.modulus.bit_length() == key["bits"]
    assert made.p * made.q == made.modulus
    assert pow(2, int(key["d"], 16) * made.exponent, made.modulus) == 2
    return made


def _public(key: RsaPrivate) -> RsaKey:
    return RsaKey(key.modulus, key.exponent)


def _value(records: tuple[Record, ...], tag: int) -> bytes:
    return next(
        value for record in records if (value := tlv.first(tlv.parse(record.raw), tag)) is not None
    )


def test_published_certificates_and_signature_are_made_again_byte_for_byte() -> None:
    """The other way round: the private keys give the very bytes that the card of the flow has."""
    told, keys, answer, challenge = published_card()
    ca, issuer, icc = (_private(owner) for owner in ("ca", "issuer", "icc"))
    static = gather(told).static
    for signer, tag, beside in (
        (ca, 0x90, _value(told.records, 0x92) + _value(told.records, 0x9F32)),
        (issuer, 0x9F46, _value(told.records, 0x9F47) + static),
    ):
        published = _value(told.records, tag)
        block = rsa.recover(_public(signer), published)
        assert block is not None
        assert sign_block(signer, block[1:-21], beside) == published
    signature = tlv.parse(answer)[0].value
    recovered = recover(told, keys, Policy(today=date(2020, 1, 1)), dynamic=True)
    assert recovered.icc is not None
    assert recovered.icc.key == _public(icc)
    inside = rsa.recover(_public(icc), signature)
    assert inside is not None
    dynamic = inside[4 : 4 + inside[3]]
    assert sign_dynamic(icc, dynamic, challenge) == signature


def test_the_published_pin_block_is_the_one_that_is_enciphered() -> None:
    from szunion.emv.cvm import enciphered_verify
    from szunion.emv.flow import Pin

    facts, icc = FLOW["facts"], _private("icc")
    head = raw(facts["pin_block_in_the_clear"].removesuffix("00..00"))
    challenge = raw(facts["challenge"])
    command = enciphered_verify(Pin(facts["pin"]), challenge, _public(icc), bytes(icc.size - 17))
    clear = pow(int.from_bytes(command.data, "big"), int(FLOW["keys"]["icc"]["d"], 16), icc.modulus)
    assert clear.to_bytes(icc.size, "big") == head.ljust(icc.size, b"\0")
