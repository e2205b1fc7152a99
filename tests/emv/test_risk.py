from __future__ import annotations

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
from szunion.emv.flow import Performer, run
from szunion.emv.reading import ApplicationData, Options
from szunion.emv.risk import is_selected, manage_risk, percent, read_date, restrictions
from szunion.emv.selection import Selected
from szunion.emv.terminal import ActionCodes, Business, RandomSelection, Tvr, terminal_values

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
    tvr = Tvr(int(case["tvr"], 16))
    made = terminal(action_codes=ActionCodes(online=bytes(5)))
    assert (analyse(card, made, tvr) is Ask.AAC) == case["denial"]


def test_a_missing_iac_online_is_all_ones_b03() -> None:
    zeros = ActionCodes(online=bytes(5), default=bytes(5))
    assert analyse(data(), terminal(action_codes=zeros), Tvr.NEW_CARD) is Ask.ARQC
    assert analyse(data(), terminal(action_codes=zeros), Tvr(0)) is Ask.TC


def test_a_missing_iac_default_is_all_ones_and_a_missing_tac_zeros_b03() -> None:
    zeros = ActionCodes(online=bytes(5), default=bytes(5))
    made = terminal(action_codes=zeros)
    assert default_hit(data(), made, Tvr.NEW_CARD)
    assert not default_hit(data(t9F0D=bytes(5)), made, Tvr.NEW_CARD)
    assert analyse(data(t9F0E=bytes(5), t9F0F=bytes(5)), made, Tvr.NEW_CARD) is Ask.TC


def test_the_default_codes_count_only_without_a_line_b04() -> None:
    codes = ActionCodes(online=bytes(5), default=b"\xff" * 5)
    card = data(t9F0D=b"\xff" * 5, t9F0F=bytes(5))
    assert analyse(card, terminal(action_codes=codes), Tvr.NEW_CARD) is Ask.TC
    offline = terminal(action_codes=codes, online=False)
    assert analyse(card, offline, Tvr.NEW_CARD) is Ask.AAC
    assert analyse(card, offline, Tvr(0)) is Ask.TC


@given(
    tvr=st.integers(0, (1 << 40) - 1),
    denial=st.binary(min_size=5, max_size=5),
    online=st.binary(min_size=5, max_size=5),
)
def test_action_analysis_is_the_book_in_one_line(tvr: int, denial: bytes, online: bytes) -> None:
    codes = ActionCodes(denial=bytes(5), online=bytes(5), default=bytes(5))
    card = data(t9F0E=denial, t9F0F=online)
    wanted = Ask.TC
    if tvr & int.from_bytes(online, "big"):
        wanted = Ask.ARQC
    if tvr & int.from_bytes(denial, "big"):
        wanted = Ask.AAC
    assert analyse(card, terminal(action_codes=codes), Tvr(tvr)) is wanted


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


def test_percent_is_1_to_99() -> None:
    assert {percent(number.to_bytes(8, "big")) for number in range(200)} == set(range(1, 100))


# --- restrictions ------------------------------------------------------------------------------


def test_a_good_card_has_no_restriction() -> None:
    assert restrictions(data(**GOOD), terminal(), BUSINESS) == Tvr(0)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"t5F24": bytes.fromhex("261123")}, Tvr.EXPIRED),
        ({"t5F24": bytes.fromhex("261124")}, Tvr(0)),
        ({"t5F24": bytes.fromhex("261332")}, Tvr.EXPIRED),
        ({"t5F24": b"\xff\xff\xff"}, Tvr.EXPIRED),
        ({"t5F25": bytes.fromhex("261125")}, Tvr.NOT_YET_EFFECTIVE),
        ({"t5F25": bytes.fromhex("261124")}, Tvr(0)),
        ({"t5F25": b"\0\0\0"}, Tvr.NOT_YET_EFFECTIVE),
        ({"t9F08": bytes.fromhex("0020")}, Tvr.VERSIONS_DIFFER),
        ({"t9F08": bytes.fromhex("0030")}, Tvr(0)),
        ({"t9F07": b"\0\0"}, Tvr.SERVICE_NOT_ALLOWED),
        ({"t9F07": b"\1"}, Tvr.SERVICE_NOT_ALLOWED),
        ({"t9F07": b"\1\0"}, Tvr(0)),
        ({"t9F07": b"\x21\0", "t5F28": b"\x01\x56"}, Tvr(0)),
        ({"t9F07": b"\x11\0", "t5F28": b"\x01\x56"}, Tvr.SERVICE_NOT_ALLOWED),
        ({"t9F07": b"\x11\0", "t5F28": b"\x08\x40"}, Tvr(0)),
    ],
)
def test_versions_dates_and_usage(more: dict[str, bytes], wanted: Tvr) -> None:
    assert restrictions(data(**{**GOOD, **more}), terminal(), BUSINESS) == wanted


def test_usage_of_cash_and_cashback() -> None:
    card = data(**GOOD, t9F07=b"\x81\x80", t5F28=b"\x01\x56")
    assert restrictions(card, terminal(), evolve(BUSINESS, kind=1)) == Tvr(0)
    assert restrictions(card, terminal(), BUSINESS) == Tvr.SERVICE_NOT_ALLOWED
    back = evolve(BUSINESS, kind=1, other=100)
    assert restrictions(card, terminal(), back) == Tvr(0)
    none = data(**GOOD, t9F07=b"\x81\x00", t5F28=b"\x01\x56")
    assert restrictions(none, terminal(), back) == Tvr.SERVICE_NOT_ALLOWED
    atm = terminal(kind=0x14)
    assert restrictions(none, atm, evolve(BUSINESS, kind=1)) == Tvr.SERVICE_NOT_ALLOWED


def test_years_from_50_on_are_of_the_last_century() -> None:
    assert read_date(bytes.fromhex("500101")) is not None
    first, last = read_date(bytes.fromhex("500101")), read_date(bytes.fromhex("491231"))
    assert first is not None
    assert last is not None
    assert (first.year, last.year) == (1950, 2049)


# --- risk management ---------------------------------------------------------------------------


def risk(card: ApplicationData, business: Business = BUSINESS, **more: Any) -> Tvr:
    answers = more.pop("answers", {})

    def transmit(raw: bytes) -> bytes:
        command = Command.decode(raw)
        return bytes.fromhex(answers.get(command.p1 << 8 | command.p2, "6A88"))

    made = terminal(**more)
    return run(manage_risk(card, made, business), Performer(transmit=transmit))


def test_from_the_floor_limit_on_the_limit_is_exceeded() -> None:
    assert risk(data(), evolve(BUSINESS, amount=5_000)) == Tvr.FLOOR_LIMIT
    assert risk(data(), evolve(BUSINESS, amount=4_999)) == Tvr(0)


def test_random_selection_and_lists() -> None:
    always = RandomSelection(threshold=4_000, target=99, most=99)
    assert risk(data(), selection=always) == Tvr.RANDOMLY_SELECTED
    assert risk(data(), selection=always, online=False) == Tvr(0)
    listed = evolve(BUSINESS, on_exception_file=True, force_online=True)
    assert risk(data(), listed) == Tvr.EXCEPTION_FILE | Tvr.MERCHANT_FORCED


LIMITS = {"t9F14": b"\x02", "t9F23": b"\x04"}


@pytest.mark.parametrize(
    ("atc", "last", "wanted"),
    [
        (3, 1, Tvr(0)),
        (4, 1, Tvr.LOWER_LIMIT),
        (6, 1, Tvr.LOWER_LIMIT | Tvr.UPPER_LIMIT),
        (1, 0, Tvr.NEW_CARD),
        (1, 5, Tvr.LOWER_LIMIT | Tvr.UPPER_LIMIT),
    ],
)
def test_velocity(atc: int, last: int, wanted: Tvr) -> None:
    answers = {0x9F36: f"9F3602{atc:04X}9000", 0x9F13: f"9F1302{last:04X}9000"}
    assert risk(data(**LIMITS), answers=answers) == wanted


def test_a_card_that_hides_its_counters_has_exceeded_both_limits() -> None:
    both = Tvr.LOWER_LIMIT | Tvr.UPPER_LIMIT
    assert risk(data(**LIMITS)) == both
    assert risk(data(**LIMITS), answers={0x9F36: "9F3602000A9000"}) == both
    assert risk(data(t9F14=b"\2")) == Tvr(0)


# --- what the terminal tells -----------------------------------------------------------------


def test_the_floor_limit_is_told_as_four_binary_bytes_b05() -> None:
    values = terminal_values(terminal(floor_limit=123_456), BUSINESS, bytes(4))
    assert values[0x9F1B].hex() == "0001e240"
    assert values[0x9F02].hex() == "000000001000"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": -1},
        {"amount": 10**12},
        {"other": 2_000},
        {"date": "2611"},
        {"date": "２６１１２４"},
        {"time": "12"},
        {"sequence": 10**8},
    ],
)
def test_a_business_that_cannot_be_written_down_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadField):
        evolve(BUSINESS, **wrong)
