"""The whole contact transaction: terminal, card and issuer, each from its own module."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.emv.world import (
    BUSINESS,
    PBOC_DEBIT,
    Heard,
    Line,
    card,
    performer,
    terminal,
)

from szunion.adapters.reader.simulated import SimulatedReader
from szunion.emv import dol, scripts
from szunion.emv.action import Ask
from szunion.emv.apdu import Command, Response
from szunion.emv.card.chance import Chance
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Ecash, Scheme, flawed_profiles
from szunion.emv.errors import BadField, CardFault, EmvError, LimitExceeded
from szunion.emv.fields import Tsi, Tvr
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest, run
from szunion.emv.generated import read_cryptogram
from szunion.emv.issuer_script import ScriptResult, read_script, run_scripts
from szunion.emv.oda_keys import Assurance
from szunion.emv.outcome import Decision, Outcome
from szunion.emv.terminal import ActionCodes, Terminal
from szunion.emv.tlv import Node, build, first, parse
from szunion.emv.transaction import transact
from szunion.errors import CardRemoved

DDA_ONLY, CDA_TOO = bytes.fromhex("E0F9C0"), bytes.fromhex("E0F9C8")
SDA_ONLY = bytes.fromhex("E0F980")
LENIENT = ActionCodes(online=bytes(5), default=bytes(5))
SCHEMES = [Scheme.RSA, Scheme.SM, Scheme.BOTH]


def offline(**changes: Any) -> Terminal:
    """A terminal whose own codes never want to go online; the card's are in its records."""
    return terminal(action_codes=LENIENT, online=False, **changes)


def pay(
    simulated: SimulatedCard | None = None,
    made: Terminal | None = None,
    *,
    amount: int = 1_000,
    **more: Any,
) -> Outcome:
    made = made or terminal(knows_sm=True)
    wired = performer(simulated or card(), **more)
    return run(transact(made, evolve(BUSINESS, amount=amount)), wired)


# --- the good ways ------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("capabilities", "assurance"),
    [
        (None, Assurance.CDA_OFFLINE),
        (DDA_ONLY, Assurance.DDA_OFFLINE),
        (SDA_ONLY, Assurance.SDA),
    ],
)
def test_approved_online_with_arpc_and_script(
    scheme: Scheme, capabilities: bytes | None, assurance: Assurance
) -> None:
    held = card(scheme)
    made = terminal(knows_sm=True)
    if capabilities:
        made = evolve(made, capabilities=capabilities)
    line = Line(scheme, orders=(scripts.set_ecash_balance(4_321),))
    outcome = pay(held, made, line=line)
    assert outcome.decision is Decision.APPROVED_ONLINE
    assert outcome.decision.approved
    assert outcome.assurance is assurance
    assert outcome.code == b"00"
    assert [c.kind for c in outcome.cryptograms] == [Ask.ARQC, Ask.TC]
    assert [s.encode() for s in outcome.scripts] == [b"\x20" + bytes(4)]
    assert outcome.tsi == Tsi.of(*Tsi.bits())
    assert held.cell(PBOC_DEBIT, 0x9F79) == bytes.fromhex("000000004321")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_second_payment_stays_offline_when_nothing_asks_for_the_issuer(scheme: Scheme) -> None:
    held = card(scheme)
    assert pay(held).decision is Decision.APPROVED_ONLINE
    held.reset()
    outcome = pay(held)
    assert outcome.decision is Decision.APPROVED_OFFLINE
    assert outcome.assurance is Assurance.CDA_OFFLINE
    assert outcome.code == b"Y1"


def test_two_transactions_never_have_the_same_cryptogram_b21() -> None:
    held = card()
    seen = set()
    for _ in range(3):
        held.reset()
        seen |= {c.ac for c in pay(held).cryptograms}
    assert len(seen) == 4  # ARQC and TC online, then a TC twice: never a repeated one


def test_the_issuer_may_decline() -> None:
    outcome = pay(line=Line(code=b"05"))
    assert outcome.decision is Decision.DECLINED_ONLINE
    assert [c.kind for c in outcome.cryptograms] == [Ask.ARQC, Ask.AAC]


def test_scripts_run_after_a_decline_too() -> None:
    held = card()
    line = Line(code=b"05", orders=(scripts.block_application(),))
    outcome = pay(held, line=line)
    assert [result.done for result in outcome.scripts] == [True]
    held.reset()
    assert pay(held).decision is Decision.NOT_ACCEPTED


def test_without_a_line_the_default_codes_decide() -> None:
    first = pay(made=terminal(online=True), line=lambda _: None)
    assert first.code in (b"Y3", b"Z3")
    strict = terminal(action_codes=ActionCodes(default=b"\xff" * 5))
    declined = pay(made=strict, line=Line(up=False))
    assert (declined.decision, declined.code) == (Decision.DECLINED_OFFLINE, b"Z3")


def test_a_wrong_arpc_is_told_in_the_tvr_and_to_the_issuer_next_time() -> None:
    held = card()
    outcome = pay(held, line=Line(wrong_arpc=True))
    assert Tvr.ISSUER_AUTHENTICATION_FAILED in outcome.tvr
    held.reset()
    line = Line()
    assert pay(held, line=line).cryptograms[0].issuer_data[5] & 0x08
    assert len(line.asked) == 1


def test_the_holder_is_verified_only_when_the_card_says_so_in_signed_data() -> None:
    assert pay().holder_verified
    assert not pay(made=terminal(capabilities=DDA_ONLY)).holder_verified
    assert not pay(pin="9999").holder_verified


def test_an_enciphered_pin_is_checked_by_the_card() -> None:
    listed = bytes.fromhex("00000000000000000403")
    outcome = pay(card(cvm_list=listed))
    assert outcome.holder is not None
    assert outcome.holder.results == bytes.fromhex("040302")
    wrong = pay(card(cvm_list=listed), pin="9999")
    assert Tvr.PIN_TRY_LIMIT_EXCEEDED in wrong.tvr


def test_the_document_is_compared_with_the_card() -> None:
    held = card(cvm_list=bytes.fromhex("00000000000000002003"))
    outcome = pay(held, document=True)
    assert outcome.holder is not None
    assert outcome.holder.document_shown


def test_an_online_pin_travels_with_the_request() -> None:
    line = Line()
    pay(card(cvm_list=bytes.fromhex("00000000000000000203")), line=line)
    assert line.asked[0].pin is not None
    assert "1234" not in repr(line.asked)


def test_the_request_has_what_the_issuer_needs_and_no_more_prints() -> None:
    line = Line()
    pay(line=line)
    told = dict(line.asked[0].data)
    assert {0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x82, 0x9F1A, 0x57} <= set(told)
    assert told[0x57].hex()[:16] not in repr(line.asked[0])


def test_a_new_pin_set_by_script_works_next_time() -> None:
    for scheme in (Scheme.RSA, Scheme.SM):
        held = card(scheme)
        outcome = pay(held, line=Line(scheme, new_pin="778899"))
        assert [result.done for result in outcome.scripts] == [True]
        held.reset()
        assert pay(held, pin="778899").holder_verified
        held.reset()
        assert not pay(held, pin="1234").holder_verified


# --- selection and odd cards ------------------------------------------------------------


def test_a_card_without_our_application_is_not_accepted() -> None:
    def nothing(raw: bytes) -> bytes:
        return bytes.fromhex("6A82" if raw[1] == 0xA4 else "6985")

    assert pay(transmit=nothing).decision is Decision.NOT_ACCEPTED


def test_gpo_6985_takes_the_application_off_the_list() -> None:
    sm_only = card(Scheme.SM)
    outcome = pay(sm_only, terminal(knows_sm=False))
    assert outcome.decision is Decision.NOT_ACCEPTED
    assert sm_only.cell(PBOC_DEBIT, 0x9F36) == bytes(2)


def test_pdol_data_are_never_left_out_b23() -> None:
    heard = Heard()
    pay(card(Scheme.BOTH), terminal(knows_sm=False), heard=heard)
    gpo = next(command for command, _ in heard.lines if command.ins == 0xA8)
    assert gpo.data[1] == len(gpo.data) - 2
    assert gpo.data.endswith(b"\0")  # DF69 = 0: known, and zero


def test_every_transaction_signs_a_fresh_number_from_the_injected_randomness_b08() -> None:
    numbers = []
    for seed in (1, 2):
        line = Line()
        pay(made=terminal(random=Chance(seed).bytes), line=line)
        numbers.append(line.asked[0].value(0x9F37))
    assert numbers == [Chance(1).bytes(4), Chance(2).bytes(4)]


def test_a_card_that_asks_for_the_tc_hash_gets_it_over_the_default_list() -> None:
    heard, line = Heard(), Line()
    held = card(tc_hash=True)

    def host(request: AuthorisationRequest) -> AuthorisationReply:
        line.asked.append(request)
        return AuthorisationReply(b"05")

    outcome = pay(held, heard=heard, line=host)
    assert Tvr.DEFAULT_TDOL_USED in outcome.tvr
    assert outcome.data is not None
    sent = next(command for command, _ in heard.lines if command.ins == 0xAE)
    parts = {
        entry.tag: value
        for entry, value in dol.split(dol.parse(outcome.data.require(0x8C)), sent.data)
    }
    listed = (0x9F02, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37)
    assert parts[0x98] == hashlib.sha1(b"".join(parts[tag] for tag in listed)).digest()
    assert parts[0x95][4] & 0x80


# --- attacks --------------------------------------------------------------------------------


def between(held: SimulatedCard, change: Callable[[Command, bytes], bytes]) -> Any:
    """A reader in the middle: the card at T=1, and somebody who changes answers."""

    def transmit(raw: bytes) -> bytes:
        return change(Command.decode(raw), held.process_bytes(raw))

    return transmit


def at_once(**changes: Any) -> SimulatedCard:
    """A card whose answers come without GET RESPONSE."""
    from tests.emv.world import content

    held = SimulatedCard(evolve(content(**changes), get_response=False), 5)
    held.reset()
    return held


def test_a_wedge_that_answers_verify_itself_gains_nothing() -> None:
    held = at_once()

    def wedge(raw: bytes) -> bytes:
        if raw[1] == 0x20:
            return b"\x90\0"
        return held.process_bytes(raw)

    outcome = pay(held, transmit=wedge, pin="9999")
    assert outcome.holder is not None
    assert outcome.holder.offline_pin
    assert not outcome.holder_verified


def test_a_wedge_that_also_edits_the_cards_view_breaks_the_signature() -> None:
    held = at_once()

    def wedge(raw: bytes) -> bytes:
        if raw[1] == 0x20:
            return b"\x90\0"
        answer = held.process_bytes(raw)
        if raw[1] == 0xAE and b"\x9f\x10" in answer:
            at = answer.index(b"\x9f\x10") + 3
            return answer[: at + 4] + bytes((answer[at + 4] | 4,)) + answer[at + 5 :]
        return answer

    outcome = pay(held, transmit=wedge, pin="9999")
    assert not outcome.holder_verified
    assert not outcome.decision.approved
    assert outcome.assurance is Assurance.READ_ONLY


def test_a_yes_card_with_copied_data_is_not_believed() -> None:
    clone = next(p for p in flawed_profiles() if p.flaw and p.flaw.name == "CLONED")
    held = card(pan=clone.pan, flaw=clone.flaw)
    strict = terminal(online=False, action_codes=ActionCodes(denial=b"\xff" * 5))
    outcome = pay(held, strict)
    assert outcome.assurance is Assurance.READ_ONLY
    assert not outcome.decision.approved


@pytest.mark.parametrize("flaw", [p.flaw for p in flawed_profiles() if p.flaw], ids=str)
def test_no_flawed_card_is_believed_offline(flaw: Any) -> None:
    profile = next(p for p in flawed_profiles() if p.flaw is flaw)
    held = card(pan=profile.pan, flaw=flaw)
    outcome = pay(held, terminal(online=False))
    if flaw.name == "WRONG_PSN":  # only its issuer can see that
        assert outcome.assurance is Assurance.CDA_OFFLINE
    else:
        assert outcome.assurance is Assurance.READ_ONLY
        assert outcome.verdict is not None
        assert outcome.verdict.reasons
        assert not outcome.decision.approved


#: What authentication goes by, on each kind of card: all of it is read from records.
ODA_TAGS = {
    Scheme.RSA: (0x8F, 0x90, 0x92, 0x9F32, 0x9F46, 0x9F47, 0x9F48, 0x9F4A, 0x5A, 0x57, 0x5F24,
                 0x9F49, 0x8E),
    Scheme.SM: (0x8F, 0x90, 0x9F46, 0x9F4A, 0x5A, 0x57, 0x5F24, 0x9F49, 0x8E),
}  # fmt: skip
ODA_INPUTS = [(scheme, tag) for scheme, tags in ODA_TAGS.items() for tag in tags]


def _without(raw: bytes, tag: int, value: bytes | None) -> bytes:
    """Return the record without *tag*, or with another value of it."""
    try:
        nodes = parse(raw)
    except EmvError:
        return raw
    if len(nodes) != 1 or nodes[0].tag != 0x70:
        return raw
    kept = []
    for child in nodes[0].children:
        if child.tag != tag:
            kept.append(child)
        elif value is not None:
            kept.append(Node.of(tag, value))
    return build([Node.of(0x70, kept)])


@pytest.mark.parametrize("how", ["missing", "broken", "cut"])
@pytest.mark.parametrize(
    ("scheme", "tag"), ODA_INPUTS, ids=[f"{scheme.name}-{tag:X}" for scheme, tag in ODA_INPUTS]
)
@pytest.mark.parametrize("capabilities", [DDA_ONLY, CDA_TOO], ids=["DDA", "CDA"])
def test_an_induced_failure_of_authentication_never_leads_on(
    scheme: Scheme, tag: int, how: str, capabilities: bytes
) -> None:
    held = at_once(scheme=scheme, icc_bits=1152)  # a key so long that 92 and 9F48 are there
    touched = []

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins != 0xB2 or not answer.endswith(b"\x90\0"):
            return answer
        original = first(parse(answer[:-2]), tag)
        if original is None:
            return answer
        touched.append(tag)
        new = {
            "missing": None,
            "broken": original[:-1] + bytes((original[-1] ^ 1,)),
            "cut": original[:-1],
        }[how]
        return _without(answer[:-2], tag, new) + b"\x90\0"

    made = terminal(online=False, capabilities=capabilities, knows_sm=True)
    try:
        outcome = pay(held, made, transmit=between(held, change))
    except EmvError:
        assert touched == [tag]
        return
    assert touched == [tag]
    assert outcome.assurance is Assurance.READ_ONLY
    assert not outcome.decision.approved


@pytest.mark.parametrize("scheme", ODA_TAGS, ids=lambda scheme: scheme.name)
def test_without_an_attack_the_same_cards_are_believed(scheme: Scheme) -> None:
    for capabilities, level in (
        (DDA_ONLY, Assurance.DDA_OFFLINE),
        (CDA_TOO, Assurance.CDA_OFFLINE),
    ):
        held = at_once(scheme=scheme, icc_bits=1152)
        made = terminal(online=False, capabilities=capabilities, knows_sm=True)
        outcome = pay(held, made, transmit=between(held, lambda _, answer: answer))
        assert outcome.assurance is level


@pytest.mark.parametrize("number", range(20))
def test_a_brand_mix_up_is_refused(number: int) -> None:
    """The name is not signed: our number range under a foreign name is not believed."""
    from tests.emv.world import bank

    from szunion.emv import oda
    from szunion.emv.oda_keys import CardData, recover

    rids = ["A000000003", "A000000004", "A000000025", "A000000065"]
    aid = bytes.fromhex(rids[number % 4] + f"{number + 16:04X}")
    held = card()
    heard = Heard()
    outcome = pay(held, heard=heard)
    assert outcome.data is not None
    told = outcome.data.for_authentication()
    swapped = CardData(aid=aid, df_name=told.df_name, aip=told.aip, records=told.records)
    keys = bank().roots(terminal().policy.today)
    verdict = oda.check_sda(swapped, keys, terminal().policy)
    assert verdict.assurance is Assurance.READ_ONLY
    assert "BRAND_MISMATCH" in {reason.name for reason in verdict.reasons}
    assert recover(swapped, keys, terminal().policy, dynamic=True).icc is None


def test_a_doubled_tag_with_another_value_is_refused() -> None:
    held = at_once()

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == 0xB2 and answer[:1] == b"\x70":
            inside = [*parse(answer[:-2])[0].children, Node.of(0x5A, bytes.fromhex("6222" * 4))]
            return build([Node.of(0x70, inside)]) + b"\x90\0"
        return answer

    with pytest.raises(BadField):
        pay(held, transmit=between(held, change))


def test_a_record_cannot_say_another_application_profile() -> None:
    """The AIP chooses the method of authentication: a second one in a record is an attack."""
    held = at_once()

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == 0xB2 and answer[:1] == b"\x70":
            inside = [*parse(answer[:-2])[0].children, Node.of(0x82, b"\x5c\0")]
            return build([Node.of(0x70, inside)]) + b"\x90\0"
        return answer

    with pytest.raises(BadField):
        pay(held, transmit=between(held, change))


def test_a_card_without_any_method_is_not_believed() -> None:
    outcome = pay(card(aip=b"\x1c\0"), terminal(online=False))
    assert outcome.assurance is Assurance.READ_ONLY
    assert Tvr.ODA_NOT_PERFORMED in outcome.tvr
    assert not outcome.decision.approved


def test_an_afl_of_255_times_30_records_is_refused_before_the_first_read() -> None:
    held = at_once()
    heard = Heard()
    endless = b"".join(bytes((sfi << 3, 1, 255, 0)) for sfi in range(1, 31))

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == 0xA8:
            return Node.of(0x80, answer[2:4] + endless).encode() + b"\x90\0"
        return answer

    with pytest.raises(LimitExceeded):
        pay(held, transmit=between(held, change), heard=heard)
    assert "00B2" not in heard.names()[-1:]


@pytest.mark.parametrize(
    "afl", ["0801", "09010100", "00010100", "08000000", "08020100", "08010102"]
)
def test_a_broken_afl_is_refused(afl: str) -> None:
    held = at_once()

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == 0xA8:
            return Node.of(0x80, answer[2:4] + bytes.fromhex(afl)).encode() + b"\x90\0"
        return answer

    with pytest.raises(BadField):
        pay(held, transmit=between(held, change))


def test_no_verify_is_sent_when_the_card_counts_only_one_try() -> None:
    held = card()
    heard = Heard()
    pay(held, terminal(least_pin_tries=3), pin="9999", heard=heard)
    assert [name for name in heard.names() if name == "0020"] == ["0020"]


@pytest.mark.parametrize("only_first", [False, True])
@pytest.mark.parametrize("at", range(12))
def test_every_byte_of_a_cda_answer_counts(at: int, only_first: bool) -> None:  # noqa: FBT001
    """A change anywhere in the answer to GENERATE AC is never approved."""
    held = at_once()
    probe = Heard()
    pay(at_once(), heard=probe)
    size = max(len(answer.data) for command, answer in probe.lines if command.ins == 0xAE)
    for place in range(at, size, 12):
        held.reset()
        seen: list[int] = []

        def change(
            command: Command, answer: bytes, place: int = place, seen: list[int] = seen
        ) -> bytes:
            if command.ins != 0xAE or place >= len(answer) - 2 or (seen and only_first):
                return answer
            seen.append(place)
            return answer[:place] + bytes((answer[place] ^ 0x10,)) + answer[place + 1 :]

        def fine(request: AuthorisationRequest) -> AuthorisationReply:
            del request
            return AuthorisationReply(b"00")

        try:
            outcome = pay(held, transmit=between(held, change), line=fine)
        except EmvError:
            continue
        assert not outcome.decision.approved
        assert outcome.assurance is Assurance.READ_ONLY


# --- the card taken out ---------------------------------------------------------------------


def test_the_card_removed_after_any_command_is_one_typed_error() -> None:
    reader, codes = SimulatedReader("desk"), set()
    for gone in range(200):
        reader.insert("desk", card())
        channel = reader.connect("desk")
        left = [gone]

        def transmit(raw: bytes, channel: Any = channel, left: list[int] = left) -> bytes:
            if left[0] == 0:
                reader.remove("desk")
            left[0] -= 1
            answer: bytes = channel.transmit(raw)
            return answer

        try:
            outcome = pay(transmit=transmit)
        except CardRemoved as error:
            codes.add(error.code)
            with pytest.raises(CardRemoved):
                channel.transmit(bytes.fromhex("80CA9F3600"))
            continue
        assert outcome.decision is Decision.APPROVED_ONLINE
        assert gone > 30
        assert codes == {"E-READER-003"}
        return
    pytest.fail("the transaction never ended")


# --- answers that are no answers ---------------------------------


@pytest.mark.parametrize(
    "raw",
    ["", "80", "8003400001", "7703" + "9F2701", "770A9F2701409F36020001", "9000", "7000"],
)
def test_a_cryptogram_without_its_parts_is_the_cards_fault(raw: str) -> None:
    with pytest.raises(CardFault):
        read_cryptogram(bytes.fromhex(raw))


def test_the_fourth_kind_of_cryptogram_does_not_exist() -> None:
    odd = read_cryptogram(bytes.fromhex("800BC00001") + bytes(8))
    with pytest.raises(CardFault):
        _ = odd.kind


def test_a_card_that_answers_more_than_it_was_asked_for_is_at_fault() -> None:
    held = at_once()

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == 0xAE:
            return bytes.fromhex("800B400001") + bytes(8) + b"\x90\0"
        return answer

    strict = terminal(action_codes=ActionCodes(denial=b"\xff" * 5))
    with pytest.raises(CardFault):
        pay(held, strict, transmit=between(held, change))


@pytest.mark.parametrize("seed", range(60))
def test_a_card_that_answers_noise_ends_in_an_outcome_or_an_emv_error(seed: int) -> None:
    import random

    dice = random.Random(seed)
    held = at_once()

    def noise(raw: bytes) -> bytes:
        answer = bytearray(held.process_bytes(raw))
        for _ in range(dice.choice((0, 0, 0, 1, 3))):
            answer[dice.randrange(len(answer))] = dice.randrange(256)
        return bytes(answer[: dice.choice((len(answer), len(answer), dice.randrange(len(answer))))])

    def fine(request: AuthorisationRequest) -> AuthorisationReply:
        del request
        return AuthorisationReply(b"00", bytes(10), (bytes.fromhex("7206860484160000"),))

    try:
        outcome = pay(held, transmit=noise, line=fine)
    except EmvError:
        return
    assert isinstance(outcome.decision, Decision)


# --- scripts in the terminal ------------------------------------------------------------------


ONE = "8604841E0000"


@pytest.mark.parametrize(
    ("raw", "understood"),
    [
        ("7206" + ONE, True),
        ("720C" + ONE + ONE, True),
        ("720D9F180411223344" + ONE, True),
        ("7106" + ONE, True),
        ("7200", False),
        ("7306" + ONE, False),
        ("72", False),
        ("7203860184", False),
        ("72099F1802112286" + "04841E", False),
        ("720B5A0362000186" + "04841E0000", False),
        ("72819A" + ("8681" + "04841E0000") * 22, False),
    ],
)
def test_a_script_is_understood_whole_or_not_at_all(raw: str, understood: bool) -> None:  # noqa: FBT001
    assert (read_script(bytes.fromhex(raw)) is not None) == understood


def test_two_commands_in_one_script_both_live_b10() -> None:
    found = read_script(bytes.fromhex("720C" + ONE + ONE))
    assert found is not None
    assert len(found[1]) == 2


NAME = "9F180411223344"


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        (ONE, "00000000"),
        (ONE + "8604841E0001", "00000000"),
        (NAME + ONE, "11223344"),
        (ONE + NAME + "8604841E0001", "11223344"),
        (ONE * 21, "00000000"),  # more do not fit into 128 bytes
        (NAME + NAME + ONE, None),
        (NAME, None),
        (ONE * 22, None),
    ],
)
def test_a_script_is_its_identifier_and_its_commands_in_their_order(
    inside: str, name: str | None
) -> None:
    size = len(inside) // 2
    found = read_script(bytes.fromhex(f"72{size:02X}{inside}" if size < 128 else "7281" + inside))
    if name is None:
        assert found is None
        return
    assert found is not None
    commands = inside.replace(NAME, "").split("8604")[1:]
    assert found == (bytes.fromhex(name), tuple(Command.decode(bytes.fromhex(c)) for c in commands))


def _script(raw: tuple[str, ...], *answers: str) -> tuple[ScriptResult, ...]:
    left = list(answers)
    wired = performer(card(), transmit=lambda _: bytes.fromhex(left.pop(0)))
    return run(run_scripts(tuple(bytes.fromhex(text) for text in raw), 0x72), wired)


def test_results_of_scripts_are_kept_b09() -> None:
    two = "720C" + ONE + ONE
    assert _script((two,), "9000", "6200") == (ScriptResult(0x20),)
    assert _script((two,), "9000", "6985") == (ScriptResult(0x12),)
    assert _script((two,), "6985") == (ScriptResult(0x11),)
    assert _script(("7200",)) == (ScriptResult(0x00),)
    many = "727E" + ONE * 21
    for failed in range(1, 22):
        told = _script((many,), *["9000"] * (failed - 1), "6985")
        assert told == (ScriptResult(0x10 | min(failed, 15)),)


def test_every_script_of_an_answer_is_run_in_its_turn() -> None:
    """EMV book 3, 10.10 and annex E2; book 4, 12.2.4."""
    two = "720C" + ONE + ONE
    done, failed, nothing = ScriptResult(0x20), ScriptResult(0x11), ScriptResult(0x00)
    assert _script((two, two), "9000", "9000", "9000", "6985") == (done, ScriptResult(0x12))
    assert _script((two, "7200", "7106" + ONE, two), "6985", "9000", "9000") == (
        failed, nothing, done,
    )  # fmt: skip


def test_a_script_that_is_not_understood_is_reported_with_its_identifier() -> None:
    """EMV book 4, 12.2.4: read the identifier if possible."""
    named = ScriptResult(0x00, bytes.fromhex("11223344"))
    for raw in ("720B9F1804112233448602841E", "720D9F1804112233448605841E0000"):
        assert _script((raw,)) == (named,)


def test_scripts_together_are_at_most_128_bytes() -> None:
    """EMV book 4, 6.3.9 and 12.2.4."""
    long = Node.of(0x72, [Node.of(0x86, bytes.fromhex("04DA9F7950") + bytes(80))]).encode().hex()
    short = "7206" + ONE
    assert _script((long, short, long), "9000", "9000") == (
        ScriptResult(0x20), ScriptResult(0x20), ScriptResult(0x00),
    )  # fmt: skip


def test_a_failed_script_is_in_the_tvr() -> None:
    def odd(request: AuthorisationRequest) -> AuthorisationReply:
        answer = Line()(request)
        assert answer is not None
        return evolve(answer, scripts=(bytes.fromhex("7206" + ONE),))

    outcome = pay(line=odd)
    assert outcome.decision is Decision.APPROVED_ONLINE
    assert Tvr.SCRIPT_FAILED_AFTER in outcome.tvr
    assert Tsi.SCRIPT_PERFORMED in outcome.tsi
    assert [result.result for result in outcome.scripts] == [0x11]

    def early(request: AuthorisationRequest) -> AuthorisationReply:
        answer = Line()(request)
        assert answer is not None
        return evolve(answer, scripts=(bytes.fromhex("7106" + ONE),))

    assert Tvr.SCRIPT_FAILED_BEFORE in pay(line=early).tvr


def test_ecash_pays_over_contacts_and_tops_up_online() -> None:
    made = terminal(knows_ecash=True, ecash_limit=50_000, action_codes=LENIENT)
    held = card(
        ecash=Ecash(balance=5_000, limit=100_000, single_limit=4_500, reset_threshold=1_000)
    )
    outcome = pay(held, made, amount=1_500)
    assert outcome.decision is Decision.APPROVED_OFFLINE
    assert outcome.used_ecash
    assert held.cell(PBOC_DEBIT, 0x9F79) == bytes.fromhex("000000003500")
    held.reset()
    line = Line(orders=(scripts.set_ecash_balance(9_000),))
    online = pay(held, made, amount=3_000, line=line)
    assert online.decision is Decision.APPROVED_ONLINE
    assert not online.used_ecash
    assert len(line.asked) == 1
    assert held.cell(PBOC_DEBIT, 0x9F79) == bytes.fromhex("000000009000")


def test_nothing_personal_prints() -> None:
    outcome = pay()
    assert outcome.data is not None
    pan = outcome.data.require(0x5A).hex().rstrip("f")
    shown = repr(outcome) + repr(Response(0x9000, bytes.fromhex(pan)))
    assert pan not in shown
    assert "44030019900101001X" not in shown
