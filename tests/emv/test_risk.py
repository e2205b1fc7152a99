from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.emv.script import vector
from tests.emv.world import BUSINESS, terminal

from szunion.emv.action import Ask, analyse, default_hit
from szunion.emv.apdu import Command
from szunion.emv.errors import BadField
from szunion.emv.fields import Tvr
from szunion.emv.flow import Performer, run
from szunion.emv.reading import ApplicationData, Options
from szunion.emv.risk import is_selected, manage_risk, percent, restrictions
from szunion.emv.selection import Selected
from szunion.emv.terminal import ActionCodes, Business, RandomSelection, terminal_values

SPEC = vector("pboc-spec-examples")["cases"]
GOOD = {"t5F24": bytes.fromhex("311231")}


def data(**more: bytes) -> ApplicationData:
    objects = {int(tag[1:], 16): value for tag, value in more.items()}
    return ApplicationData(
        Selected(b"AAAAA", b"AAAAA", (), b""), Options(b"\0\0", b""), (), objects
    )


# --- action analysis ---------------------------------


@pytest.mark.parametrize("case", SPEC["action_codes"]["examples"], ids=lambda c: c["section"])
def test_the_standards_examples_of_action_codes(case: Any) -> None:
    card = data(t9F0E=bytes.fromhex(case["iac_denial"]), t9F0F=bytes(5))
    tvr = Tvr(bytes.fromhex(case["tvr"]))
    made = terminal(action_codes=ActionCodes(online=bytes(5)))
    assert (analyse(card, made, tvr) is Ask.AAC) == case["denial"]


def test_a_missing_iac_online_is_all_ones_b03() -> None:
    zeros = ActionCodes(online=bytes(5), default=bytes(5))
    assert analyse(data(), terminal(action_codes=zeros), Tvr.of(Tvr.NEW_CARD)) is Ask.ARQC
    assert analyse(data(), terminal(action_codes=zeros), Tvr.of()) is Ask.TC


def test_a_missing_iac_default_is_all_ones_and_a_missing_tac_zeros_b03() -> None:
    zeros = ActionCodes(online=bytes(5), default=bytes(5))
    made = terminal(action_codes=zeros)
    assert default_hit(data(), made, Tvr.of(Tvr.NEW_CARD))
    assert not default_hit(data(t9F0D=bytes(5)), made, Tvr.of(Tvr.NEW_CARD))
    assert analyse(data(t9F0E=bytes(5), t9F0F=bytes(5)), made, Tvr.of(Tvr.NEW_CARD)) is Ask.TC


def test_the_default_codes_count_only_without_a_line_b04() -> None:
    codes = ActionCodes(online=bytes(5), default=b"\xff" * 5)
    card = data(t9F0D=b"\xff" * 5, t9F0F=bytes(5))
    assert analyse(card, terminal(action_codes=codes), Tvr.of(Tvr.NEW_CARD)) is Ask.TC
    offline = terminal(action_codes=codes, online=False)
    assert analyse(card, offline, Tvr.of(Tvr.NEW_CARD)) is Ask.AAC
    assert analyse(card, offline, Tvr.of()) is Ask.TC


@given(
    tvr=st.binary(min_size=5, max_size=5),
    denial=st.binary(min_size=5, max_size=5),
    online=st.binary(min_size=5, max_size=5),
)
def test_action_analysis_is_the_book_in_one_line(tvr: bytes, denial: bytes, online: bytes) -> None:
    codes = ActionCodes(denial=bytes(5), online=bytes(5), default=bytes(5))
    card = data(t9F0E=denial, t9F0F=online)
    wanted = Ask.TC
    found = int.from_bytes(tvr, "big")
    if found & int.from_bytes(online, "big"):
        wanted = Ask.ARQC
    if found & int.from_bytes(denial, "big"):
        wanted = Ask.AAC
    assert analyse(card, terminal(action_codes=codes), Tvr(tvr)) is wanted


@pytest.mark.parametrize("kind", [0x11, 0x14, 0x21, 0x24, 0x34])
def test_an_online_only_terminal_never_asks_for_an_approval_of_its_own(kind: int) -> None:
    """EMV book 3, 10.7: what is not rejected goes on online."""
    zeros = ActionCodes(online=bytes(5), default=bytes(5))
    card = data(t9F0E=b"\x40" + bytes(4), t9F0F=bytes(5))
    made = terminal(kind=kind, action_codes=zeros)
    assert analyse(card, made, Tvr.of()) is Ask.ARQC
    assert analyse(card, made, Tvr.of(Tvr.SDA_FAILED)) is Ask.AAC


def test_the_default_codes_of_the_terminal_name_every_failed_authentication() -> None:
    """EMV book 3, 10.7: else a card could say that nothing matters, and be approved offline."""
    for bit in (Tvr.ODA_NOT_PERFORMED, Tvr.SDA_FAILED, Tvr.DDA_FAILED, Tvr.CDA_FAILED):
        failed = Tvr.of(bit)
        card = data(t9F0D=bytes(5), t9F0E=bytes(5), t9F0F=bytes(5))
        assert default_hit(card, terminal(), failed)
        assert analyse(card, terminal(), failed) is Ask.ARQC
        assert analyse(card, terminal(online=False), failed) is Ask.AAC


# --- random selection ---------------------------------


def test_random_selection_of_the_standards_table() -> None:
    table = SPEC["random_selection"]
    rule = RandomSelection(
        threshold=table["threshold"],
        target=table["target_percent"],
        most=table["maximum_target_percent"],
    )
    for case in table["cases"]:
        got = is_selected(case["amount"], table["floor_limit"], rule, table["random"])
        assert got == case["selected"], case["section"]


def test_a_biased_target_is_rounded_once() -> None:
    """EMV book 3, 10.6.2: at two thirds of the way, the target is two thirds of 99."""
    rule = RandomSelection(threshold=0, target=0, most=99)
    assert is_selected(2, 3, rule, 66)
    assert not is_selected(2, 3, rule, 67)


def test_a_threshold_beyond_the_floor_limit_leaves_the_plain_target() -> None:
    rule = RandomSelection(threshold=9, target=20, most=50)
    assert is_selected(2, 3, rule, 20)
    assert not is_selected(2, 3, rule, 21)


@given(
    threshold=st.integers(0, 200),
    limit=st.integers(0, 400),
    rates=st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted),
    amount=st.integers(0, 400),
)
def test_the_chance_rises_from_the_target_to_the_most_between_threshold_and_floor_limit(
    threshold: int, limit: int, rates: list[int], amount: int
) -> None:
    target, most = rates
    rule = RandomSelection(threshold=threshold, target=target, most=most)
    chosen = sum(is_selected(amount, limit, rule, number) for number in range(1, 100))
    if amount >= limit:
        assert chosen == 0
    elif amount < threshold:
        assert chosen == target
    else:
        part = Fraction(amount - threshold, limit - threshold)
        exact = target + (most - target) * part
        assert chosen == int(exact)


def test_percent_is_1_to_99() -> None:
    assert {percent(number.to_bytes(8, "big")) for number in range(200)} == set(range(1, 100))


# --- restrictions ------------------------------------------------------------------------------


def test_a_good_card_has_no_restriction() -> None:
    assert restrictions(data(**GOOD), terminal(), BUSINESS) == Tvr.of()


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"t5F24": bytes.fromhex("261123")}, Tvr.of(Tvr.EXPIRED)),
        ({"t5F24": bytes.fromhex("261124")}, Tvr.of()),
        ({"t5F25": bytes.fromhex("261125")}, Tvr.of(Tvr.NOT_YET_EFFECTIVE)),
        ({"t5F25": bytes.fromhex("261124")}, Tvr.of()),
        ({"t9F08": bytes.fromhex("0020")}, Tvr.of(Tvr.VERSIONS_DIFFER)),
        ({"t9F08": bytes.fromhex("0030")}, Tvr.of()),
        ({"t9F07": b"\0\0"}, Tvr.of(Tvr.SERVICE_NOT_ALLOWED)),
        ({"t9F07": b"\1"}, Tvr.of(Tvr.SERVICE_NOT_ALLOWED)),
        ({"t9F07": b"\1\0"}, Tvr.of()),
        ({"t9F07": b"\x21\0", "t5F28": b"\x01\x56"}, Tvr.of()),
        ({"t9F07": b"\x11\0", "t5F28": b"\x01\x56"}, Tvr.of(Tvr.SERVICE_NOT_ALLOWED)),
        ({"t9F07": b"\x11\0", "t5F28": b"\x08\x40"}, Tvr.of()),
    ],
)
def test_versions_dates_and_usage(more: dict[str, bytes], wanted: Tvr) -> None:
    assert restrictions(data(**{**GOOD, **more}), terminal(), BUSINESS) == wanted


def test_usage_of_cash_and_cashback() -> None:
    card = data(**GOOD, t9F07=b"\x81\x80", t5F28=b"\x01\x56")
    assert restrictions(card, terminal(), evolve(BUSINESS, kind=1)) == Tvr.of()
    assert restrictions(card, terminal(), BUSINESS) == Tvr.of(Tvr.SERVICE_NOT_ALLOWED)
    back = evolve(BUSINESS, kind=1, other=100)
    assert restrictions(card, terminal(), back) == Tvr.of()
    none = data(**GOOD, t9F07=b"\x81\x00", t5F28=b"\x01\x56")
    assert restrictions(none, terminal(), back) == Tvr.of(Tvr.SERVICE_NOT_ALLOWED)


def test_what_pays_no_cash_out_is_no_atm() -> None:
    """EMV book 4, A1: types 14 to 16 with the cash bit of 9F40, and no others."""
    card = data(**GOOD, t9F07=b"\x81\x00", t5F28=b"\x01\x56")
    cash, pays_out = evolve(BUSINESS, kind=1), b"\xef\x80\xf0\xf0\x01"
    for kind in (0x14, 0x15, 0x16):
        atm = terminal(kind=kind, more_capabilities=pays_out)
        assert restrictions(card, atm, cash) == Tvr.of(Tvr.SERVICE_NOT_ALLOWED)
        assert restrictions(card, terminal(kind=kind), cash) == Tvr.of()
    assert restrictions(card, terminal(kind=0x24, more_capabilities=pays_out), cash) == Tvr.of()


@pytest.mark.parametrize("kind", [0x20, 0x30, 0x31])
def test_what_is_neither_cash_nor_a_purchase_is_not_restricted_by_country(kind: int) -> None:
    """EMV book 3, 10.4.2, table 36: cash, purchases and cashback, and nothing else."""
    card = data(**GOOD, t9F07=b"\x01\x00", t5F28=b"\x01\x56")
    assert restrictions(card, terminal(), evolve(BUSINESS, kind=kind)) == Tvr.of()
    assert restrictions(card, terminal(), BUSINESS) == Tvr.of(Tvr.SERVICE_NOT_ALLOWED)


@pytest.mark.parametrize(
    "wrong", [{"t5F24": "261332"}, {"t5F24": "FFFFFF"}, {"t5F24": "31"}, {"t5F25": "000000"}]
)
def test_a_date_that_is_no_date_ends_the_transaction(wrong: dict[str, str]) -> None:
    """EMV book 3, 7.5: dates that are out of range."""
    card = data(**{**GOOD, **{tag: bytes.fromhex(text) for tag, text in wrong.items()}})
    with pytest.raises(BadField):
        restrictions(card, terminal(), BUSINESS)


DAYS = st.dates(date(1950, 1, 1), date(2049, 12, 31))


@given(last=DAYS, today=DAYS)
def test_a_card_is_good_up_to_its_last_day_and_no_longer(last: date, today: date) -> None:
    card, business = (
        data(t5F24=bytes.fromhex(f"{last:%y%m%d}")),
        evolve(BUSINESS, date=f"{today:%y%m%d}"),
    )
    expired = Tvr.EXPIRED in restrictions(card, terminal(), business)
    assert expired == (today > last)


def test_years_from_50_on_are_of_the_last_century() -> None:
    """EMV book 4, date management: 50 to 99 are 1950 to 1999."""
    assert restrictions(data(t5F24=b"\x50\x01\x01"), terminal(), BUSINESS) == Tvr.of(Tvr.EXPIRED)
    assert restrictions(data(t5F24=b"\x49\x12\x31"), terminal(), BUSINESS) == Tvr.of()


# --- risk management ---------------------------------------------------------------------------


def risk(card: ApplicationData, business: Business = BUSINESS, **more: Any) -> Tvr:
    answers = more.pop("answers", {})

    def transmit(raw: bytes) -> bytes:
        command = Command.decode(raw)
        return bytes.fromhex(answers.get(command.p1 << 8 | command.p2, "6A88"))

    made = terminal(**more)
    return run(manage_risk(card, made, business), Performer(transmit=transmit))


def test_from_the_floor_limit_on_the_limit_is_exceeded() -> None:
    assert risk(data(), evolve(BUSINESS, amount=5_000)) == Tvr.of(Tvr.FLOOR_LIMIT_EXCEEDED)
    assert risk(data(), evolve(BUSINESS, amount=4_999)) == Tvr.of()


def test_random_selection_and_lists() -> None:
    always = RandomSelection(threshold=4_000, target=99, most=99)
    assert risk(data(), selection=always) == Tvr.of(Tvr.RANDOMLY_SELECTED)
    assert risk(data(), selection=always, online=False) == Tvr.of()
    listed = evolve(BUSINESS, on_exception_file=True, force_online=True)
    assert risk(data(), listed) == Tvr.of(Tvr.ON_EXCEPTION_FILE, Tvr.MERCHANT_FORCED_ONLINE)


LIMITS = {"t9F14": b"\x02", "t9F23": b"\x04"}


@pytest.mark.parametrize(
    ("atc", "last", "wanted"),
    [
        (3, 1, Tvr.of()),
        (4, 1, Tvr.of(Tvr.LOWER_LIMIT_EXCEEDED)),
        (6, 1, Tvr.of(Tvr.LOWER_LIMIT_EXCEEDED, Tvr.UPPER_LIMIT_EXCEEDED)),
        (1, 0, Tvr.of(Tvr.NEW_CARD)),
        (6, 0, Tvr.of(Tvr.NEW_CARD, Tvr.LOWER_LIMIT_EXCEEDED, Tvr.UPPER_LIMIT_EXCEEDED)),
        (1, 5, Tvr.of(Tvr.LOWER_LIMIT_EXCEEDED, Tvr.UPPER_LIMIT_EXCEEDED)),
        (5, 5, Tvr.of(Tvr.LOWER_LIMIT_EXCEEDED, Tvr.UPPER_LIMIT_EXCEEDED)),
        (0, 0, Tvr.of(Tvr.NEW_CARD, Tvr.LOWER_LIMIT_EXCEEDED, Tvr.UPPER_LIMIT_EXCEEDED)),
    ],
)
def test_velocity(atc: int, last: int, wanted: Tvr) -> None:
    answers = {0x9F36: f"9F3602{atc:04X}9000", 0x9F13: f"9F1302{last:04X}9000"}
    assert risk(data(**LIMITS), answers=answers) == wanted


def test_a_card_that_hides_its_counters_has_exceeded_both_limits() -> None:
    """EMV book 3, 10.6.3 and table 35; the new card is told as soon as 9F13 is there."""
    both = Tvr.of(Tvr.LOWER_LIMIT_EXCEEDED, Tvr.UPPER_LIMIT_EXCEEDED, Tvr.ICC_DATA_MISSING)
    assert risk(data(**LIMITS)) == both
    assert risk(data(**LIMITS), answers={0x9F36: "9F3602000A9000"}) == both
    assert risk(data(**LIMITS), answers={0x9F13: "9F130200009000"}) == both | Tvr.of(Tvr.NEW_CARD)
    assert risk(data(t9F14=b"\2")) == Tvr.of()


# --- what the terminal tells -----------------------------------------------------------------


def test_the_floor_limit_is_told_as_four_binary_bytes_b05() -> None:
    values = terminal_values(terminal(floor_limit=123_456), BUSINESS, bytes(4))
    assert values[0x9F1B].hex() == "0001e240"
    assert values[0x9F02].hex() == "000000001000"


@pytest.mark.parametrize(
    "wrong",
    [
        {"capabilities": b"\xe0"},
        {"more_capabilities": b"\xe0"},
        {"ttq": b""},
        {"country": b"\1"},
        {"currency": b"\0\1\x56"},
        {"version": b""},
    ],
)
def test_a_terminal_of_another_form_is_refused_when_it_is_made(wrong: dict[str, bytes]) -> None:
    with pytest.raises(BadField):
        terminal(**wrong)
    with pytest.raises(BadField):
        ActionCodes(default=b"\xff")


def test_what_a_list_often_asks_for_is_known() -> None:
    """EMV book 3, 5.4: known objects are told, unknown ones are zeros."""
    values = terminal_values(terminal(), evolve(BUSINESS, other=258), bytes(4))
    assert (values[0x9F04].hex(), values[0x81].hex()) == ("00000102", "000003e8")
    assert values[0x5F36] == b"\2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": -1},
        {"amount": 10**12},
        {"other": 2_000},
        {"date": "2611"},
        {"date": "２６１１２４"},
        {"date": "261332"},
        {"time": "250000"},
        {"kind": 0x100},
        {"kind": 0x0A},
        {"time": "12"},
        {"sequence": 10**8},
    ],
)
def test_a_business_that_cannot_be_written_down_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadField):
        evolve(BUSINESS, **wrong)
