"""The purse: the product's card and terminal against a plain oracle (`tests.emv.purses`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.cards import fci
from tests.emv.purses import AID, NOW, TERMINAL, content, load_once, pay_once, purse_card

from szunion.emv import purse
from szunion.emv.apdu import Command, Response
from szunion.emv.card.content import PurseApplication
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.errors import CardFault
from szunion.emv.exchange import exchange
from szunion.emv.flow import Flow, Performer, run
from szunion.emv.look import Probes, look
from szunion.emv.purse import (
    Kind,
    Load,
    LoadOffer,
    Moment,
    Paid,
    Purchase,
    PurchaseOffer,
    load,
    pay,
    read_balance,
    read_log,
    read_log_record,
)
from szunion.emv.selection import select_application
from szunion.emv.transit import (
    CITY_UNION,
    SHENZHEN_TONG,
    Settings,
    System,
    TransitNumber,
    read_number,
    read_transit,
)
from szunion.testing.cards import SampleCard


class Talk:
    def __init__(self, held: SimulatedCard) -> None:
        self.held = held
        run(select_application(AID), self.performer())

    def performer(self) -> Performer:
        return Performer(transmit=self.held.process_bytes)

    def run(self, flow: Flow[Any]) -> Any:
        return run(flow, self.performer())

    def send(self, text: str) -> Response:
        response = self.run(exchange(Command.decode(bytes.fromhex(text))))
        assert isinstance(response, Response)
        return response

    def balance(self, kind: Kind = Kind.EP) -> int | None:
        told: int | None = self.run(purse.balance(kind))
        return told


def test_load_and_purchase_with_the_oracles_codes() -> None:
    talk = Talk(purse_card())
    paid = load_once(talk.held.process_bytes, 500)
    assert paid is not None
    assert paid.balance == 10_500
    assert talk.balance() == 10_500
    assert pay_once(talk.held.process_bytes, 300).balance == 10_200
    assert talk.balance() == 10_200
    assert talk.balance(Kind.ED) == 700
    assert load_once(talk.held.process_bytes, 50, Kind.ED) is not None
    assert pay_once(talk.held.process_bytes, 20, Kind.ED).balance == 730


def test_what_a_card_offers_is_read_from_its_own_bytes() -> None:
    raw = bytes(range(1, 17))
    sent: list[Command] = []

    def answers(size: int, code: int) -> Performer:
        def transmit(command: bytes) -> bytes:
            sent.append(Command.decode(command))
            return (raw[:size] if len(sent) == 1 else raw[:code]) + b"\x90\0"

        sent.clear()
        return Performer(transmit=transmit)

    def issuer(offer: LoadOffer) -> bytes:
        assert offer == LoadOffer(0x01020304, raw[4:6], 7, 8, raw[8:12], raw[12:16])
        return b"MAC2"

    stamp = NOW.date + NOW.time
    loaded = run(load(Load(Kind.EP, 9, 1, TERMINAL), NOW, issuer), answers(16, 4))
    assert loaded == Paid(0x01020304 + 9, raw[:4])
    assert sent == [
        Command(0x80, 0x50, 0, 2, b"\1\0\0\0\x09" + TERMINAL, le=16),
        Command(0x80, 0x52, 0, 0, stamp + b"MAC2", le=4),
    ]

    def secure(offer: PurchaseOffer) -> tuple[bytes, Callable[[bytes], bool]]:
        wanted = PurchaseOffer(0x01020304, raw[4:6], 0x070809, 10, 11, raw[11:15])
        assert offer == wanted
        return b"MAC1", raw[4:8].__eq__

    bought = run(pay(Purchase(Kind.EP, 9, 1, TERMINAL, b"SEQ4"), NOW, secure), answers(15, 8))
    assert bought == Paid(0x01020304 - 9, raw[:4])
    assert sent == [
        Command(0x80, 0x50, 1, 2, b"\1\0\0\0\x09" + TERMINAL, le=15),
        Command(0x80, 0x54, 1, 0, b"SEQ4" + stamp + b"MAC1", le=8),
    ]


def test_the_log_tells_what_happened_newest_first() -> None:
    talk = Talk(purse_card())
    load_once(talk.held.process_bytes, 500)
    pay_once(talk.held.process_bytes, 300)
    pay_once(talk.held.process_bytes, 200)
    log = talk.run(read_log())
    assert [(r.kind, r.amount, r.sequence) for r in log] == [(6, 200, 1), (6, 300, 0), (2, 500, 0)]
    assert log[0].terminal == TERMINAL
    assert log[0].moment == NOW


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4_000)), max_size=12))
def test_no_sequence_of_loads_and_purchases_loses_a_fen(steps: list[tuple[bool, int]]) -> None:
    talk = Talk(purse_card(purse=5_000))
    model = 5_000
    for is_load, amount in steps:
        if is_load:
            load_once(talk.held.process_bytes, amount)
            model += amount
        elif amount <= model:
            pay_once(talk.held.process_bytes, amount)
            model -= amount
        else:
            with pytest.raises(CardFault) as fault:
                pay_once(talk.held.process_bytes, amount)
            assert fault.value.sw == 0x9401
        assert talk.balance() == model


def test_a_terminal_without_the_key_cannot_take_money() -> None:
    talk = Talk(purse_card())
    wanted = purse.Purchase(Kind.EP, 100, 1, TERMINAL, bytes(4))
    with pytest.raises(CardFault) as fault:
        talk.run(purse.pay(wanted, NOW, lambda _: (bytes(4), lambda _: True)))
    assert fault.value.sw == 0x9302
    assert talk.balance() == 10_000


def test_a_card_without_the_key_has_sold_nothing() -> None:
    """MAC2 is what proves the card; a wrong one is told as a fault, not as a payment."""
    answers = iter(["000027100000" + "000000" + "0100" + "01020304" + "9000", "00" * 8 + "9000"])
    performer = Performer(transmit=lambda _: bytes.fromhex(next(answers)))
    wanted = purse.Purchase(Kind.EP, 100, 1, TERMINAL, bytes(4))
    with pytest.raises(CardFault) as fault:
        run(purse.pay(wanted, NOW, lambda _: (bytes(4), lambda _: False)), performer)
    assert fault.value.code == "PURSE-MAC"


def test_an_issuer_that_refuses_ends_the_load_without_money() -> None:
    talk = Talk(purse_card())
    assert talk.run(purse.load(Load(Kind.EP, 5, 1, TERMINAL), NOW, lambda _: None)) is None
    with pytest.raises(CardFault) as fault:
        talk.run(purse.load(Load(Kind.EP, 5, 1, TERMINAL), NOW, lambda _: bytes(4)))
    assert fault.value.sw == 0x9302
    assert talk.balance() == 10_000


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("805C040204", 0x6A86),
        ("805C000304", 0x6A86),
        ("8050000309", 0x6A86),
        ("8050020211", 0x6A86),
        ("80500002010110", 0x6700),
        ("805000020B" + "0900000001" + "112233445566" + "10", 0x9403),
        ("805001020B" + "0900000001" + "112233445566" + "0F", 0x9403),
        ("805001020B" + "0100FFFFFF" + "112233445566" + "0F", 0x9401),
        ("805000020B" + "017FFFFFFF" + "112233445566" + "10", 0x9402),
        ("805200000B" + "00" * 11 + "04", 0x6985),
        ("805401000F" + "00" * 15 + "08", 0x6985),
        ("0020000002" + "1234", 0x6985),
        ("00B000000A", 0x6986),
        ("00B081000A", 0x6A82),
        ("00B201C000", 0x6A86),
        ("00B2012400", 0x6A82),
        ("00B201C400", 0x6A83),
        ("00B201F400", 0x6A83),
        ("0001000000", 0x6D00),
    ],
)
def test_every_wrong_command_has_its_status(command: str, sw: int) -> None:
    assert Talk(purse_card()).send(command).sw == sw


def test_a_credit_or_debit_of_a_wrong_form() -> None:
    talk = Talk(purse_card())
    begin = "0B" + "0100000001" + "112233445566"
    assert talk.send("80500002" + begin + "10").sw == 0x9000
    assert talk.send("805200000100" + "04").sw == 0x6700
    assert talk.send("80500102" + begin + "0F").sw == 0x9000
    assert talk.send("805401000100" + "08").sw == 0x6700
    assert talk.send("80500102" + begin + "0F").sw == 0x9000
    assert talk.send("805400000F" + "00" * 15 + "08").sw == 0x6985


def test_a_pin_guards_the_deposit_and_loads() -> None:
    talk = Talk(purse_card(pin="123456"))
    assert talk.balance() == 10_000
    assert talk.balance(Kind.ED) is None
    assert load_fault(talk) == 0x6982
    assert talk.send("0020000003" + "654321").sw == 0x63C2
    assert talk.send("0020000001" + "12").sw == 0x63C1
    assert talk.send("0020000003" + "123456").sw == 0x9000
    assert talk.balance(Kind.ED) == 700
    assert load_once(talk.held.process_bytes, 5) is not None
    other = Talk(purse_card(pin="123456"))
    for _ in range(3):
        other.send("0020000003" + "654321")
    assert other.send("0020000003" + "123456").sw == 0x6983
    assert pay_fault(other) == 0x6982


def load_fault(talk: Talk) -> int:
    with pytest.raises(CardFault) as fault:
        load_once(talk.held.process_bytes, 5)
    return fault.value.sw


def pay_fault(talk: Talk) -> int:
    with pytest.raises(CardFault) as fault:
        pay_once(talk.held.process_bytes, 5, Kind.ED)
    return fault.value.sw


def test_the_sequence_number_does_not_wrap() -> None:
    talk = Talk(purse_card())
    memory: Any = talk.held._memory
    for slot in (4, 6):
        memory._cells[AID.hex(), slot] = b"\xff\xff"
    assert load_fault(talk) == 0x6985
    with pytest.raises(CardFault) as fault:
        pay_once(talk.held.process_bytes, 5)
    assert fault.value.sw == 0x6985


# --- reading -------------------------------------------------------


def test_bit_31_of_a_balance_is_no_money_b27() -> None:
    assert read_balance(bytes.fromhex("800003E8")) == 1_000
    assert Talk(purse_card(high_bit=True)).balance() == 10_000
    with pytest.raises(CardFault):
        read_balance(b"\0\0\0")


def test_a_t_union_purse_wants_another_p1() -> None:
    assert Talk(purse_card(balance_p1=frozenset({3}))).balance() == 10_000
    assert Talk(purse_card(balance_p1=frozenset())).balance() is None


@pytest.mark.parametrize("raw", [bytes(23), b"\xff" * 23])
def test_an_empty_record_is_passed_over(raw: bytes) -> None:
    assert read_log_record(raw) is None


def test_a_short_record_is_the_cards_fault() -> None:
    with pytest.raises(CardFault):
        read_log_record(bytes(22))


@pytest.mark.parametrize("size", [0, 15, 17])
def test_answers_of_a_wrong_length_are_the_cards_fault(size: int) -> None:
    performer = Performer(transmit=lambda _: bytes(size) + b"\x90\0")
    with pytest.raises(CardFault):
        run(purse.load(Load(Kind.EP, 5, 1, TERMINAL), NOW, lambda _: bytes(4)), performer)
    wanted = purse.Purchase(Kind.EP, 1, 1, TERMINAL, bytes(4))
    if size != 15:
        with pytest.raises(CardFault):
            run(purse.pay(wanted, NOW, lambda _: (bytes(4), bool)), performer)


@pytest.mark.parametrize("sizes", [(16, 3), (16, 5)])
def test_a_tac_of_a_wrong_length_is_the_cards_fault(sizes: tuple[int, int]) -> None:
    left = iter(sizes)
    performer = Performer(transmit=lambda _: bytes(next(left)) + b"\x90\0")
    with pytest.raises(CardFault):
        run(purse.load(Load(Kind.EP, 5, 1, TERMINAL), NOW, lambda _: bytes(4)), performer)
    left = iter((15, 9))
    wanted = purse.Purchase(Kind.EP, 1, 1, TERMINAL, bytes(4))
    with pytest.raises(CardFault):
        run(purse.pay(wanted, NOW, lambda _: (bytes(4), lambda _: True)), performer)


# --- transit -------------------------------------------------------


def transit_card(aid: bytes, **changes: Any) -> SimulatedCard:
    made = content(aid=aid, fci=fci(aid), **changes)
    held = SimulatedCard(made)
    held.reset()
    return held


PUBLIC = bytes(10) + bytes.fromhex("00000000000312345678") + bytes.fromhex("2024010120311231")
PUBLIC += bytes(2)


def test_a_t_union_card_is_read() -> None:
    trip = bytes.fromhex("0102030405")
    held = transit_card(
        AID, files={0x15: PUBLIC, 0x17: bytes(4) + b"\x58\x40"}, trips=(trip, bytes(5))
    )
    found = run(read_transit(), Performer(transmit=held.process_bytes))
    assert found is not None
    assert found.system is System.T_UNION
    assert found.number == TransitNumber("312345678")
    assert str(found.number) == "*****5678"
    assert (found.balance, found.city) == (10_000, "5840")
    assert (found.begins, found.expires) == (date(2024, 1, 1), date(2031, 12, 31))
    assert found.trips == (trip,)
    assert "312345678" not in repr(found)


def test_a_shenzhen_tong_is_found_by_its_name_b27() -> None:
    public = bytes(16) + bytes.fromhex("15CD5B07") + bytes(10)
    held = transit_card(SHENZHEN_TONG, files={0x15: public})
    found = run(read_transit(), Performer(transmit=held.process_bytes))
    assert found is not None
    assert found.system is System.SHENZHEN_TONG
    assert found.number == TransitNumber("123456789")
    assert found.begins is None
    big = Settings(shenzhen_order="big")
    assert read_number(System.SHENZHEN_TONG, public, big) == TransitNumber("365779719")


def with_shenzhen_tong(sample: SampleCard) -> SimulatedCard:
    """Return a member's service card whose transit purse is one of Shenzhen Tong."""
    public = bytes(16) + bytes.fromhex("15CD5B07") + bytes(10)
    (purse_of_it,) = content(
        aid=SHENZHEN_TONG, fci=fci(SHENZHEN_TONG), files={0x15: public}
    ).applications
    others = [
        each for each in sample.content.applications if not isinstance(each, PurseApplication)
    ]
    return SimulatedCard(evolve(sample.content, applications=(*others, purse_of_it)), 3)


def test_m27_the_service_card_carries_a_shenzhen_tong_purse_beside_the_debit_account() -> None:
    """M27: one look finds bank card, membership and purse; a ride costs the purse alone."""
    held = with_shenzhen_tong(SampleCard.grow())
    held.reset()
    probes = Probes(transit=Settings(), membership=True)
    before = run(look(probes), Performer(transmit=held.process_bytes))
    assert before.transit is not None
    assert (before.transit.system, before.transit.balance) == (System.SHENZHEN_TONG, 10_000)
    assert before.transit.number == TransitNumber("123456789")
    assert before.membership is not None
    (debit,) = before.applications
    assert debit.number is not None

    run(select_application(SHENZHEN_TONG), Performer(transmit=held.process_bytes))
    assert pay_once(held.process_bytes, 250).balance == 9_750
    after = run(look(probes), Performer(transmit=held.process_bytes))
    assert after.transit is not None
    assert after.transit.balance == 9_750
    assert [(ride.amount, ride.kind) for ride in after.transit.log] == [(250, 6)]
    assert (after.applications, after.membership) == (before.applications, before.membership)


def test_a_city_union_card_is_found_and_a_stranger_is_none() -> None:
    held = transit_card(CITY_UNION)
    found = run(read_transit(), Performer(transmit=held.process_bytes))
    assert found is not None
    assert (found.system, found.number, found.city) == (System.CITY_UNION, None, None)
    stranger = transit_card(b"STRANGER")
    assert run(read_transit(), Performer(transmit=stranger.process_bytes)) is None


def test_the_order_of_probes_is_a_setting() -> None:
    sent: list[bytes] = []

    def transmit(raw: bytes) -> bytes:
        sent.append(raw[5:-1])
        return b"\x6a\x82"

    order = (System.SHENZHEN_TONG, System.T_UNION)
    run(read_transit(Settings(order=order)), Performer(transmit=transmit))
    assert sent == [SHENZHEN_TONG, AID]


@pytest.mark.parametrize("public", [b"", bytes(19), bytes(30), b"\xab" * 30])
def test_a_number_that_is_none(public: bytes) -> None:
    assert read_number(System.T_UNION, public) is None


def test_moments_are_digits() -> None:
    assert Moment.of("20261124", "235959").time == b"\x23\x59\x59"
