"""The simulated card enforces what a real one does."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.cards import fci
from tests.emv.world import PBOC_DEBIT, bank, card, content, profile

from szunion.emv import dol, tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.card.content import FileApplication, PaymentApplication, PersonalisedCard
from szunion.emv.card.decision import Ada, Answer, Memo, Risk, first, second, second_offline
from szunion.emv.card.decision import wants_advice as advice
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Ecash, Scheme
from szunion.emv.exchange import exchange
from szunion.emv.flow import Flow, Performer, run
from szunion.emv.issuer import Genuine
from szunion.emv.scripts import (
    Order,
    block_application,
    block_card,
    put_data,
    set_ecash_balance,
    unblock_application,
    unblock_pin,
    update_record,
)
from szunion.emv.vault import Account

UN = bytes.fromhex("01020304")
TOLD: dict[int, bytes] = {
    0x9F02: bytes.fromhex("000000001000"),
    0x9F03: bytes(6),
    0x9F1A: b"\x01\x56",
    0x95: bytes(5),
    0x5F2A: b"\x01\x56",
    0x9A: bytes.fromhex("261124"),
    0x9C: b"\0",
    0x9F37: UN,
    0xDF69: b"\1",
}


class Talk:
    """A conversation with a card, command by command."""

    def __init__(self, held: SimulatedCard, told: dict[int, bytes] | None = None) -> None:
        self.held = held
        self.told = {**TOLD, **(told or {})}
        self.records: dict[int, bytes] = {}
        self.first: dict[int, bytes] = {}

    def run(self, flow: Flow[Response]) -> Response:
        return run(flow, Performer(transmit=self.held.process_bytes))

    def send(self, text: str, data: bytes = b"", le: int | None = None) -> Response:
        head = bytes.fromhex(text)
        return self.run(exchange(Command(head[0], head[1], head[2], head[3], data, le)))

    def select(self) -> Response:
        return self.send("00A40400", PBOC_DEBIT, 256)

    def gpo(self) -> Response:
        answer = self.select()
        assert answer.sw in (0x9000, 0x6283)
        pdol = tlv.first(tlv.parse(answer.data), 0x9F38) or b""
        told = dol.fill(dol.parse(pdol), self.told)
        return self.send("80A80000", tlv.Node.of(0x83, told).encode(), 256)

    def read(self) -> None:
        for sfi in range(1, 11):
            for number in range(1, 9):
                answer = self.send(f"00B2{number:02X}{sfi << 3 | 4:02X}", le=256)
                if answer.sw != 0x9000:
                    break
                for node in tlv.walk(tlv.parse(answer.data)):
                    self.records.setdefault(node.tag, node.value)

    def start(self) -> None:
        assert self.gpo().sw == 0x9000
        self.read()

    def generate(self, p1: int, code: bytes = b"") -> Response:
        listed = dol.parse(self.records[0x8D if code else 0x8C])
        data = dol.fill(listed, {**self.told, 0x8A: code})
        answer = self.send(f"80AE{p1:02X}00", data, 256)
        if answer.sw == 0x9000 and answer.data[0] == 0x80 and not self.first:
            body = answer.data[2:]
            self.first = {0x9F27: body[:1], 0x9F36: body[1:3], 0x9F26: body[3:11]}
            self.first[0x9F10] = body[11:]
        return answer

    def genuine(self) -> Genuine:
        made = profile()
        values: dict[Any, bytes] = {**self.told, **self.first, 0x82: self.aip()}
        found = bank().host().verify(Account(pan=made.pan, psn=made.psn), values)
        assert isinstance(found, Genuine), found
        return found

    def aip(self) -> bytes:
        return profile().aip

    def script(self, *orders: Order) -> list[int]:
        commands = bank().host().script(self.genuine(), *orders)
        return [self.run(exchange(command)).sw for command in commands]

    def cell(self, tag: int) -> bytes | None:
        return self.held.cell(PBOC_DEBIT, tag)


def online(told: dict[int, bytes] | None = None, **changes: Any) -> Talk:
    talk = Talk(card(**changes), told)
    talk.start()
    assert talk.generate(0x80).sw == 0x9000
    assert talk.first[0x9F27][0] & 0xC0 == 0x80
    return talk


# --- selection and transport ---------------------------------------


def test_the_pse_lists_the_application_over_contacts_only() -> None:
    talk = Talk(card())
    assert talk.send("00A40400", b"1PAY.SYS.DDF01", 256).sw == 0x9000
    assert talk.send("00B2010C", le=256).sw == 0x9000
    assert talk.send("00B2020C", le=256).sw == 0x6A83
    assert talk.send("00A40400", b"2PAY.SYS.DDF01", 256).sw == 0x6A82
    air = Talk(card(contactless=True))
    assert air.send("00A40400", b"1PAY.SYS.DDF01", 256).sw == 0x6A82
    assert air.send("00A40400", b"2PAY.SYS.DDF01", 256).sw == 0x9000


def test_partial_names_select_one_after_the_other() -> None:
    debit = next(a for a in content().applications if isinstance(a, PaymentApplication))
    second_one = evolve(debit, aid=PBOC_DEBIT[:-1] + b"\2", fci=fci(PBOC_DEBIT[:-1] + b"\2"))
    held = SimulatedCard(PersonalisedCard(applications=(debit, second_one)))
    held.reset()
    talk = Talk(held)
    part = PBOC_DEBIT[:-1]
    assert (tlv.first(tlv.parse(talk.send("00A40400", part, 256).data), 0x84) or b"")[-1] == 1
    assert (tlv.first(tlv.parse(talk.send("00A40402", part, 256).data), 0x84) or b"")[-1] == 2
    assert talk.send("00A40402", part, 256).sw == 0x6A82
    assert Talk(card()).send("00A40402", part, 256).sw == 0x6A82


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00A40000", "6A86"),
        ("00A40401", "6A86"),
        ("00A40400", "6A82"),
        ("00B2010C00", "6985"),
        ("00C0000000", "6985"),
        ("80CA9F3600", "6985"),
        ("00", "6700"),
        ("00A4040008", "6A82"),
        ("00A404000811", "6700"),
    ],
)
def test_before_an_application_is_selected(command: str, sw: str) -> None:
    assert card().process_bytes(bytes.fromhex(command)).hex().upper() == sw


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("0001000000", "6D00"),
        ("80B2010C00", "6E00"),
        ("00B2010800", "6A86"),
        ("00B2010400", "6A86"),
        ("00B209F400", "6A82"),
        ("00B2090C00", "6A83"),
        ("80CA9F0200", "6A88"),
        ("80A8000000", "6A80"),
        ("80A80100028300", "6A86"),
        ("80A80000028300", "6700"),
        ("80A80000028400", "6A80"),
        ("80AE400000", "6985"),
        ("80AEC00000", "6A86"),
        ("80AE400100", "6A86"),
        ("80AE420000", "6A86"),
        ("0088000004" + "01020304" + "00", "6985"),
        ("0088010004" + "01020304" + "00", "6A86"),
        ("0084010008", "6A86"),
        ("0020008008241234FFFFFFFFFF", "6985"),
        ("0020008108241234FFFFFFFFFF", "6A86"),
        ("00820000081122334455667788", "6985"),
        ("00820100081122334455667788", "6A86"),
        ("841E00000401020304", "6985"),
        ("00C0000100", "6985"),
    ],
)
def test_in_the_selected_state_every_wrong_command_has_its_status(command: str, sw: str) -> None:
    talk = Talk(card())
    talk.select()
    assert talk.held.process_bytes(bytes.fromhex(command)).hex().upper() == sw


def test_get_response_gives_the_answer_in_pieces() -> None:
    held = card()
    first_sw = held.process_bytes(bytes.fromhex("00A4040008A00000033301010100"))
    assert first_sw[0] == 0x61
    size = first_sw[1]
    one = held.process_bytes(bytes.fromhex("00C0000005"))
    assert one[-2:] == bytes((0x61, size - 5))
    assert held.process_bytes(bytes.fromhex("00C00000FF"))[:1] == b"\x6c"
    rest = held.process_bytes(bytes((0, 0xC0, 0, 0, size - 5)))
    assert len(one[:-2] + rest[:-2]) == size
    assert held.process_bytes(bytes.fromhex("00C0000001")) == bytes.fromhex("6985")


def test_looking_at_the_card_moves_no_counter_b22() -> None:
    talk = Talk(card())
    talk.select()
    talk.read()
    talk.send("80CA9F79", le=256)
    assert talk.cell(0x9F36) == bytes(2)
    talk.gpo()
    assert talk.cell(0x9F36) == b"\0\1"


# --- the counter ---------------------------------------------------


def _with_data(tag: int, value: bytes, **changes: Any) -> SimulatedCard:
    def changed(application: Any) -> Any:
        if isinstance(application, PaymentApplication):
            return evolve(application, data={**application.data, tag: value})
        return application

    made = content(**changes)
    whole = evolve(made, applications=tuple(changed(one) for one in made.applications))
    held = SimulatedCard(whole, 5)
    held.reset()
    return held


def test_at_counter_65535_the_application_is_dead_for_ever() -> None:
    talk = Talk(_with_data(0x9F36, b"\xff\xfe"))
    assert talk.gpo().sw == 0x9000
    assert talk.cell(0x9F36) == b"\xff\xff"
    for _ in range(3):
        assert talk.gpo().sw == 0x6985
    assert talk.cell(0x9F36) == b"\xff\xff"


def test_a_second_gpo_needs_a_new_selection() -> None:
    talk = Talk(card())
    talk.start()
    assert talk.send("80A80000", bytes.fromhex("8300"), 256).sw == 0x6985


# --- cryptograms ---------------------------------------------------


def test_a_third_generate_ac_is_refused_b28() -> None:
    talk = online()
    assert talk.generate(0x40, b"00").sw == 0x9000
    assert talk.generate(0x40, b"00").sw == 0x6985


def test_a_second_external_authenticate_is_refused_b28() -> None:
    talk = online()
    answer = bank().host().answer(talk.genuine(), b"00").authentication
    assert talk.send("00820000", answer).sw == 0x9000
    assert talk.send("00820000", answer).sw == 0x6985


def test_a_wrong_arpc_is_6300_and_cannot_be_tried_again() -> None:
    talk = online()
    assert talk.send("00820000", bytes(10)).sw == 0x6300
    answer = bank().host().answer(talk.genuine(), b"00").authentication
    assert talk.send("00820000", answer).sw == 0x6985


@pytest.mark.parametrize("size", [0, 9, 17])
def test_issuer_authentication_data_of_a_wrong_length(size: int) -> None:
    assert online().send("00820000", bytes(size)).sw == 0x6700


def test_generate_ac_wants_exactly_its_list() -> None:
    talk = Talk(card())
    talk.start()
    assert talk.send("80AE8000", bytes(3), 256).sw == 0x6700


def test_a_second_generate_ac_that_asks_for_an_arqc_is_refused() -> None:
    assert online().generate(0x80, b"00").sw == 0x6A86


def test_the_cryptogram_depends_on_everything_b21() -> None:
    seen = set()
    for change in (
        {},
        {0x9F02: bytes.fromhex("000000001001")},
        {0x9F37: bytes(4)},
        {0x95: b"\1" * 5},
    ):
        seen.add(online(change).first[0x9F26])
    assert len(seen) == 4


def test_the_issuers_data_carry_amounts_and_a_mac() -> None:
    for number, size in ((1, 10), (2, 10), (3, 15), (4, 15)):
        talk = online(issuer_data=number)
        iad = talk.first[0x9F10]
        assert (iad[8], iad[9]) == (size, number)
        if number in (1, 3):
            assert iad[10:15].hex() == "0000010000"


# --- PIN -----------------------------------------------------------

RIGHT, WRONG = bytes.fromhex("241234FFFFFFFFFF"), bytes.fromhex("249999FFFFFFFFFF")


def test_6983_in_this_transaction_and_6984_in_a_later_one() -> None:
    talk = Talk(card())
    talk.start()
    got = [talk.send("00200080", WRONG).sw for _ in range(4)]
    assert got == [0x63C2, 0x63C1, 0x63C0, 0x6983]
    assert talk.send("00200080", RIGHT).sw == 0x6983
    talk.start()
    assert talk.send("00200080", RIGHT).sw == 0x6984


def test_a_right_pin_resets_the_tries() -> None:
    talk = Talk(card())
    talk.start()
    talk.send("00200080", WRONG)
    assert talk.send("00200080", RIGHT).sw == 0x9000
    assert talk.cell(0x9F17) == b"\3"


def test_a_pin_block_of_a_wrong_length_costs_no_try() -> None:
    talk = Talk(card())
    talk.start()
    assert talk.send("00200080", b"\x24").sw == 0x6700
    assert talk.cell(0x9F17) == b"\3"


def test_an_enciphered_pin_needs_a_fresh_challenge() -> None:
    talk = Talk(card())
    talk.start()
    assert talk.send("00200088", bytes(128)).sw == 0x6985
    talk.send("00840000", le=8)
    assert talk.send("00200088", bytes(12)).sw == 0x6700
    talk.send("00840000", le=8)
    assert talk.send("00200088", bytes(128)).sw == 0x6984
    assert talk.cell(0x9F17) == b"\3"


def test_a_card_without_pin_refuses_verify() -> None:
    talk = Talk(card(pin=None))
    talk.start()
    assert talk.send("00200080", RIGHT).sw == 0x6985


def test_used_up_tries_can_block_the_application() -> None:
    ada = int(Ada.PIN_BLOCKS).to_bytes(2, "big")
    talk = Talk(_with_data(0x9F52, ada))
    talk.start()
    for _ in range(3):
        talk.send("00200080", WRONG)
    assert talk.generate(0x40).data[2] & 0xC0 == 0x00
    assert talk.select().sw == 0x6283


def test_tries_used_up_before_can_block_at_the_next_start() -> None:
    ada = int(Ada.PIN_BEFORE_BLOCKS).to_bytes(2, "big")
    talk = Talk(_with_data(0x9F52, ada))
    talk.start()
    for _ in range(3):
        talk.send("00200080", WRONG)
    talk.start()
    assert talk.generate(0x40).data[2] & 0xC0 == 0x00


# --- scripts -------------------------------------------------------


def test_every_order_of_the_issuer_is_obeyed() -> None:
    talk = online()
    assert talk.script(set_ecash_balance(5_000)) == [0x9000]
    assert talk.cell(0x9F79) == bytes.fromhex("000000005000")
    talk.send("00200080", WRONG)
    assert talk.script(unblock_pin()) == [0x9000]
    assert talk.script(block_application()) == [0x9000]
    assert talk.generate(0x40, b"00").data[2] & 0xC0 == 0x40  # the block is for the next time
    assert talk.select().sw == 0x6283


def test_a_blocked_application_declines_and_can_be_unblocked() -> None:
    talk = online()
    talk.script(block_application())
    blocked = Talk(talk.held)
    blocked.start()
    assert blocked.generate(0x40).data[2] & 0xC0 == 0x00
    assert blocked.script(unblock_application()) == [0x9000]
    again = Talk(talk.held)
    again.start()
    assert again.generate(0x80).data[2] & 0xC0 == 0x80


def test_a_blocked_card_is_blocked_for_ever() -> None:
    talk = online()
    assert talk.script(block_card()) == [0x9000]
    for _ in range(2):
        talk.held.reset()
        assert talk.select().sw == 0x6A81
        assert talk.send("80CA9F36", le=256).sw == 0x6A81


def test_one_flipped_bit_shuts_the_door_for_scripts_until_the_power_goes_b28() -> None:
    talk = online()
    (sealed,) = bank().host().script(talk.genuine(), set_ecash_balance(5_000))
    (later,) = bank().host().script(talk.genuine(), unblock_pin())
    raw = bytearray(sealed.encode())
    for bit in range(16, len(raw) * 8):
        if 32 <= bit < 40:
            continue  # Lc: another command altogether
        bad = bytearray(raw)
        bad[bit // 8] ^= 0x80 >> bit % 8
        held = online()
        old = held.cell(0x9F79)
        got = held.held.process_bytes(bytes(bad))
        assert got == bytes.fromhex("6988"), bit
        assert held.held.process_bytes(sealed.encode()) == bytes.fromhex("6985")
        assert held.held.process_bytes(later.encode()) == bytes.fromhex("6985")
        assert held.cell(0x9F79) == old
        memo = held.cell(0x0100_0001) or b""
        assert memo[0] & Memo.SCRIPT_FAILED


def test_a_script_without_mac_is_6987_and_before_any_cryptogram_6985() -> None:
    assert online().send("841E0000").sw == 0x6987
    talk = Talk(card())
    talk.start()
    assert talk.send("841E0000", bytes(4)).sw == 0x6985


def test_a_script_is_refused_after_a_failed_issuer_authentication_only() -> None:
    talk = online()
    talk.send("00820000", bytes(10))
    assert talk.script(unblock_pin()) == [0x6985]
    assert online().script(unblock_pin()) == [0x9000]


@pytest.mark.parametrize(
    ("order", "sw"),
    [
        (put_data(0x9F02, bytes(6)), 0x6A88),
        (put_data(0x9F79, bytes(5)), 0x6A80),
        (put_data(0x9F79, b"\xaa" * 6), 0x6A80),
        (set_ecash_balance(100_001), 0x6A80),
        (set_ecash_balance(100_000), 0x9000),
        (put_data(0x9F78, bytes.fromhex("000000000100")), 0x9000),
        (update_record(1, 1, b"\x70\0"), 0x6982),
    ],
)
def test_put_data_and_update_record(order: Order, sw: int) -> None:
    assert online().script(order) == [sw]


def test_update_record_changes_a_record_that_may_change() -> None:
    def open_file(application: Any) -> Any:
        if isinstance(application, PaymentApplication):
            return evolve(application, updatable=frozenset({1}))
        return application

    made = content()
    whole = evolve(made, applications=tuple(open_file(one) for one in made.applications))
    held = SimulatedCard(whole, 5)
    held.reset()
    talk = Talk(held)
    talk.start()
    talk.generate(0x80)
    new = bytes.fromhex("70055F34010100"[:14])
    assert talk.script(update_record(1, 1, new)) == [0x9000]
    assert talk.send("00B2010C", le=256).data == new
    assert talk.script(update_record(1, 99, new)) == [0x6A83]
    assert talk.script(update_record(1, 1, b"")) == [0x6700]


@pytest.mark.parametrize("text", ["841E0100", "84240001", "84240003", "84240100", "04DC0108"])
def test_a_script_of_a_wrong_form_is_refused_after_its_mac(text: str) -> None:
    from szunion.emv import crypto

    talk = online()
    head = bytes.fromhex(text)
    genuine = talk.genuine()
    session = bank().host().script_session(genuine)
    issuer = bank().vault.issuer_keys(1, crypto.Algorithm.TDES)
    master = crypto.master_key(
        crypto.Algorithm.TDES, issuer.mac, session.account.pan, session.account.psn
    )
    key = crypto.pboc_session_key(crypto.Algorithm.TDES, master, session.atc)
    data = b"" if head[1] != 0xDC else b"x"
    lc = bytes((len(data) + 4,))
    mac = crypto.retail_mac(key, head + lc + session.atc + session.first + data)[:4]
    assert talk.send(text, data + mac).sw in (0x6A86, 0x6700)


def test_a_load_writes_balance_and_log_together() -> None:
    talk = online({0x9F21: bytes.fromhex("101112")})
    talk.script(set_ecash_balance(5_000))
    entry = talk.send("00B20164", le=256)
    assert entry.data[:14].hex() == "9f79" + "000000010000" + "000000005000"
    whole = talk.send("00B20064", le=256).data
    assert whole[2] == 1
    assert len(whole) == 3 + 22 + 4
    assert talk.send("00B20264", le=256).sw == 0x6A83


# --- logs ----------------------------------------------------------


def test_approved_payments_are_logged_newest_first() -> None:
    talk = online()
    talk.send("00820000", bank().host().answer(talk.genuine(), b"00").authentication)
    talk.generate(0x40, b"00")
    talk.start()
    assert talk.generate(0x40).data[2] & 0xC0 == 0x40
    first_record = talk.send("00B2015C", le=256).data
    assert len(first_record) == 45
    assert first_record[-2:] == b"\0\2"
    assert talk.send("00B2025C", le=256).data[-2:] == b"\0\1"
    assert talk.send("00B2035C", le=256).sw == 0x6A83
    assert talk.send("00B2005C", le=256).sw == 0x6A83


# --- decisions -----------------------------------------------------


@given(
    wanted=st.sampled_from(Answer),
    ada=st.integers(0, 0xFFFF),
    memo=st.integers(0, 255),
    flags=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_the_card_is_never_laxer_than_the_terminal(
    wanted: Answer, ada: int, memo: int, flags: list[bool]
) -> None:
    risk = Risk(
        wanted=wanted,
        ada=Ada(ada & 0xFFFC),
        memo=Memo(memo),
        is_new=flags[0],
        pin_blocked_before=flags[1],
        pin_blocked_now=flags[2],
        over_lower=flags[3],
        over_upper=flags[4],
        authentication_mandatory=flags[5],
    )
    rank = {Answer.AAC: 0, Answer.ARQC: 1, Answer.TC: 2}
    assert rank[first(risk)] <= rank[wanted]
    for later in (second(risk), second_offline(risk)):
        assert later in (Answer.AAC, Answer.TC)
        if wanted is not Answer.TC or Memo.BLOCKED in risk.memo:
            assert later is Answer.AAC
    assert not advice(risk, Answer.TC)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, Answer.TC),
        ({"memo": Memo.BLOCKED}, Answer.AAC),
        ({"memo": Memo.ONLINE_OPEN}, Answer.ARQC),
        ({"memo": Memo.AUTHENTICATION_FAILED}, Answer.TC),
        (
            {"memo": Memo.AUTHENTICATION_FAILED, "ada": Ada.ONLINE_AFTER_AUTHENTICATION_FAILED},
            Answer.ARQC,
        ),
        ({"memo": Memo.AUTHENTICATION_MISSING, "authentication_mandatory": True}, Answer.ARQC),
        ({"memo": Memo.SCRIPT_FAILED, "ada": Ada.SCRIPT_FAILED_ONLINE}, Answer.ARQC),
        ({"is_new": True}, Answer.TC),
        ({"is_new": True, "ada": Ada.NEW_ONLINE}, Answer.ARQC),
        ({"pin_blocked_before": True, "ada": Ada.PIN_BEFORE_DECLINES}, Answer.AAC),
        ({"pin_blocked_before": True, "ada": Ada.PIN_BEFORE_ONLINE}, Answer.ARQC),
        ({"pin_blocked_now": True}, Answer.ARQC),
        ({"over_lower": True}, Answer.ARQC),
    ],
)
def test_the_first_decision(change: dict[str, Any], wanted: Answer) -> None:
    assert first(Risk(wanted=Answer.TC, **change)) is wanted


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, Answer.TC),
        ({"authentication": False}, Answer.TC),
        ({"authentication": False, "ada": Ada.DECLINE_AUTHENTICATION_FAILED}, Answer.AAC),
        (
            {"authentication_mandatory": True, "ada": Ada.DECLINE_AUTHENTICATION_MISSING},
            Answer.AAC,
        ),
    ],
)
def test_the_second_decision(change: dict[str, Any], wanted: Answer) -> None:
    assert second(Risk(wanted=Answer.TC, **change)) is wanted


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, Answer.TC),
        ({"over_upper": True}, Answer.AAC),
        ({"is_new": True, "ada": Ada.NEW_DECLINE_OFFLINE}, Answer.AAC),
        ({"pin_blocked_before": True, "ada": Ada.PIN_BEFORE_DECLINE_OFFLINE}, Answer.AAC),
    ],
)
def test_the_decision_without_a_line(change: dict[str, Any], wanted: Answer) -> None:
    assert second_offline(Risk(wanted=Answer.TC, **change)) is wanted


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, False),
        ({"ada": Ada.ADVICE_DECLINED}, True),
        ({"ada": Ada.ADVICE_PIN, "pin_blocked_now": True}, True),
        ({"ada": Ada.ADVICE_AUTHENTICATION, "authentication": False}, True),
    ],
)
def test_advices(change: dict[str, Any], wanted: bool) -> None:  # noqa: FBT001
    assert advice(Risk(wanted=Answer.AAC, **change), Answer.AAC) == wanted


def test_velocity_sends_online_and_then_declines_offline() -> None:
    talk = Talk(_with_data(0x9F58, b"\1"))
    talk.start()
    assert talk.generate(0x40).data[2] & 0xC0 == 0x40
    talk.start()
    assert talk.generate(0x40).data[2] & 0xC0 == 0x80
    assert talk.generate(0x40, b"00").sw == 0x9000
    hard = Talk(_with_data(0x9F59, b"\0"))
    hard.start()
    hard.generate(0x80)
    assert hard.generate(0x40, b"Y3").data[2] & 0xC0 == 0x00


def test_amounts_add_up_until_the_limit_sends_online() -> None:
    talk = Talk(_with_data(0x9F54, bytes.fromhex("000000001500")))
    kinds = []
    for _ in range(2):
        talk.start()
        kinds.append(talk.generate(0x40).data[2] & 0xC0)
    assert kinds == [0x40, 0x80]


def test_foreign_currency_and_country_are_counted() -> None:
    for tag, told in ((0x9F53, {0x5F2A: b"\x08\x40"}), (0x9F72, {0x9F1A: b"\x08\x40"})):
        talk = Talk(_with_data(tag, b"\1"), told)
        kinds = []
        for _ in range(2):
            talk.start()
            kinds.append(talk.generate(0x40).data[2] & 0xC0)
        assert kinds == [0x40, 0x80]


def test_failed_authentication_is_remembered_when_the_card_declines() -> None:
    talk = Talk(card(), {0x95: bytes.fromhex("4800000000")})
    talk.start()
    talk.generate(0x00)
    again = Talk(talk.held)
    again.start()
    again.generate(0x80)
    cvr = again.first[0x9F10][3:7]
    assert cvr[2] & 0x01
    assert cvr[3] & 0x04


def test_a_mandatory_authentication_that_was_missing_is_remembered() -> None:
    talk = Talk(_with_data(0x9F56, b"\x80"))
    talk.start()
    talk.generate(0x80)
    talk.generate(0x40, b"00")
    again = Talk(talk.held)
    again.start()
    assert again.generate(0x40).data[2] & 0xC0 == 0x80
    assert again.first[0x9F10][5] & 0x04


# --- e-cash --------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "more", "uses"),
    [
        (1_000, {}, True),
        (5_000, {}, True),
        (5_001, {}, False),
        (1_000, {0x5F2A: b"\x08\x40"}, False),
        (1_000, {0x9F7A: b"\0"}, False),
    ],
)
def test_when_the_card_pays_from_its_ecash(
    amount: int,
    more: dict[int, bytes],
    uses: bool,  # noqa: FBT001
) -> None:
    told = {0x9F7A: b"\1", 0x9F02: bytes.fromhex(f"{amount:012d}"), **more}
    held = card(ecash=Ecash(balance=5_000, limit=100_000, single_limit=5_000))
    talk = Talk(held, told)
    talk.start()
    talk.generate(0x40)
    assert (talk.cell(0x9F79) != bytes.fromhex("000000005000")) == uses


def test_a_single_payment_above_its_limit_is_no_ecash() -> None:
    held = card(ecash=Ecash(balance=5_000, limit=100_000, single_limit=999))
    talk = Talk(held, {0x9F7A: b"\1"})
    talk.start()
    talk.generate(0x40)
    assert talk.cell(0x9F79) == bytes.fromhex("000000005000")


# --- content -------------------------------------------------------


def test_content_that_cannot_be_a_card_is_refused() -> None:
    debit = next(a for a in content().applications if isinstance(a, PaymentApplication))
    with pytest.raises(ValueError, match="one AID"):
        PersonalisedCard(applications=(debit, debit))
    with pytest.raises(ValueError, match="no keys"):
        evolve(debit, keys={})
    with pytest.raises(ValueError, match="5 to 16"):
        evolve(debit, aid=b"1234")


def test_keys_and_pins_do_not_print() -> None:
    made = content(Scheme.BOTH, membership=b"x" * 20)
    shown = repr(made)
    debit = next(a for a in made.applications if isinstance(a, PaymentApplication))
    for keys in debit.keys.values():
        for key in (keys.ac, keys.mac, keys.enc):
            assert key.hex() not in shown
            assert repr(key) not in shown
    assert "1234'" not in shown
    assert debit.rsa is not None
    assert str(debit.rsa.p) not in shown
    file = next(a for a in made.applications if isinstance(a, FileApplication))
    assert repr(file.key) not in shown


# --- anything ------------------------------------------------------

COMMANDS = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda head, data: head + bytes((len(data),)) + data,
        st.sampled_from(
            [
                bytes.fromhex(text)
                for text in [
                    "00A40400",
                    "80A80000",
                    "80AE4000",
                    "80AE8000",
                    "80AE9000",
                    "00820000",
                    "00880000",
                    "00840000",
                    "00200080",
                    "00200088",
                    "00B2010C",
                    "00B2015C",
                    "00B20064",
                    "80CA9F36",
                    "841E0000",
                    "84180000",
                    "84240002",
                    "04DA9F79",
                    "04DC010C",
                    "00C00000",
                    "80500002",
                    "80500102",
                    "80520000",
                    "80540100",
                    "805C0002",
                    "00B09500",
                    "04D68100",
                ]
            ]
        ),
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from(
                [PBOC_DEBIT, b"1PAY.SYS.DDF01", bytes.fromhex("A000000632010105"), b"\xf0SZUNION\1"]
            ),
        ),
    ),
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(air=st.booleans(), sent=st.lists(COMMANDS, max_size=12))
def test_any_bytes_are_answered_with_a_status_word(air: bool, sent: list[bytes]) -> None:  # noqa: FBT001
    held = card(Scheme.BOTH, contactless=air, purse=100, membership=b"\xe1\0")
    talk = Talk(held)
    if not air:
        talk.start()
    before = held.cell(PBOC_DEBIT, 0x9F36) or b""
    for raw in sent:
        answer = held.process_bytes(raw)
        assert len(answer) >= 2
        assert answer[-2] in range(0x61, 0xA0)
        assert (held.cell(PBOC_DEBIT, 0x9F36) or b"") >= before
