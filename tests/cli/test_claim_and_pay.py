"""Claims and pay-outs from the command line: filed, decided by two, ordered by two, paid."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.moneyhouse import STAY, House, ask_stay, copied, house_in, pay_for
from tests.offices import PAPER

from szunion.adapters.bank.faults import FaultPlan

CHILD = "gp-maternity"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("house"))


@pytest.fixture
def house(built: House, tmp_path: Path) -> House:
    return copied(built, tmp_path)


def ask_child(house: House, number: str, who: int = 0) -> str:
    said = house.say(
        "--json", "claim", "ask", house.members[who], CHILD, "--on", house.today.isoformat(),
        "--consent", PAPER, "--org", house.union, given=number,
    )  # fmt: skip
    assert said.status == 0, said.err
    name: str = said.data["claim"]
    return name


def test_a_claim_goes_from_asking_to_the_account(house: House) -> None:
    """M21, M25: 91 days are cut to 90, decided by two, ordered by two, and paid."""
    name = ask_stay(house, 91)
    listed = house.say("--json", "claim", "list").rows
    assert [(each["claim"], each["state"]) for each in listed] == [(name, "SUBMITTED")]
    tried = house.say("claim", "decide", name, "--dry-run")
    assert tried.status == 0
    assert "住院 91 天，计 90 天" in tried.out
    assert "核减：天数已满" in tried.out
    assert house.say("--json", "claim", "show", name).data["state"] == "SUBMITTED"
    first = house.say("--json", "claim", "decide", name)
    assert (first.status, first.data["state"]) == (3, "REVIEW")
    assert "另一位审核人" in first.err
    again = house.say("claim", "decide", name)
    assert again.status == 3, "the same person is still one person"
    second = house.say("--json", "claim", "decide", name, user="乙")
    assert (second.status, second.data["state"], second.data["yuan"]) == (0, "DECIDED", 540_000)
    payout = pay_for(house, STAY)
    sent = house.say("--json", "pay", "run")
    assert (sent.status, sent.data) == (0, {"ACCEPTED": 1})
    with house.bank() as bank:
        (key,) = bank.truth.orders
        bank.simulate.settle(key)
    assert house.say("pay", "run").status == 0
    shown = house.say("--json", "pay", "show", payout).data
    assert (shown["states"], shown["largest"]) == ({"SETTLED": 1}, 540_000)
    assert house.say("--json", "claim", "show", name).data["state"] == "PAID"
    covers = house.say("--json", "cover", "list", house.members[0], "--org", house.union).rows
    assert {(each["plan"], each["claims"]) for each in covers} == {(STAY, "1/2"), (CHILD, "0")}


def test_the_second_parent_hears_the_day_alone(house: House) -> None:
    ask_child(house, "P440300001\n")
    said = house.say(
        "--json", "claim", "ask", house.members[1], CHILD, "--on", house.today.isoformat(),
        "--consent", PAPER, "--org", house.union, given="p440300001\n",
    )  # fmt: skip
    assert said.status == 3
    assert list(said.data) == ["already_claimed"]


def test_papers_are_asked_for_and_handed_in(house: House) -> None:
    name = ask_child(house, "P1\n")
    early = house.say("claim", "supplement", name, "--paper", "出生医学证明", "--org", house.union)
    assert (early.status, early.code) == (5, "E-STATE-001")
    asked = house.say("--json", "claim", "more", name, "--paper", "出生医学证明")
    assert (asked.status, asked.data["missing"]) == (0, ["出生医学证明"])
    said = house.say("claim", "supplement", name, "--paper", "出生医学证明", "--org", house.union)
    assert said.status == 0
    done = house.say("--json", "claim", "decide", name)
    assert (done.status, done.data["state"]) == (0, "DECIDED"), "one reviewer is enough"


def test_a_claim_is_rejected_with_a_reason_and_a_second_word_refused(house: House) -> None:
    name = ask_stay(house, 30)
    assert house.say("claim", "decide", name).status == 3
    refused = house.say("--json", "claim", "decide", name, "--refuse", user="乙")
    assert (refused.status, refused.data["state"]) == (0, "REVIEW")
    said = house.say("--json", "claim", "decide", name, "--reject", "PAPERS")
    assert (said.status, said.data["state"], said.data["reason"]) == (0, "REJECTED", "PAPERS")
    assert house.say("--json", "claim", "list").rows == []
    assert len(house.say("--json", "claim", "list", "--all").rows) == 1
    assert house.say("claim", "list", "--state", "REJECTED", language="en").out.count("cl_") == 1


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("claim", "show", "cl_nothing"), 4, "E-VALUE-003"),
        (("pay", "show", "p_nothing"), 4, "E-VALUE-003"),
        (("pay", "budget", "no-such-item", "2018", "--ceiling", "1"), 4, "E-SERVICE-002"),
        (("pay", "explain", "2018-02-05", "1", "--why", "x"), 4, "E-PAY-017"),
    ],
)
def test_what_is_not_there_is_said_with_its_code(
    house: House, words: tuple[str, ...], status: int, code: str
) -> None:
    said = house.say(*words)
    assert (said.status, said.code) == (status, code)
    assert house.say("pay", "plan", CHILD, "2018", "--dry-run").status == 0
    assert house.say("pay", "budget", CHILD, "1999").status == 4
    assert house.say("pay", "budget", CHILD, "1999", "--ceiling", "drei").status == 2


def test_a_dry_run_shows_and_writes_nothing(house: House) -> None:
    year = str(house.today.year)
    house.say("claim", "decide", ask_child(house, "P1"))
    tried = house.say("--json", "pay", "plan", CHILD, year, "--dry-run")
    assert (tried.status, tried.data["orders"], tried.data["total"]) == (0, 1, 100_000)
    assert house.say("--json", "pay", "show").rows == []
    drafted = house.say("--json", "pay", "plan", CHILD, year)
    name = drafted.data["payout"]
    left = house.say("--json", "pay", "plan", CHILD, year)
    assert (left.status, left.data["left_out"]) == (3, {"IN_DRAFT": 1})
    wrong = house.say("pay", "approve", name, "--total", "1.00", "--dry-run", user="乙")
    assert wrong.code == "E-PAY-010"
    right = house.say("pay", "approve", name, "--total", "1000.00", "--dry-run", user="乙")
    assert right.status == 0
    assert house.say("--json", "pay", "show", name).data["state"] == "DRAFT"
    no_budget = house.say("pay", "approve", name, "--total", "1000.00", user="乙")
    assert (no_budget.status, no_budget.code) == (5, "E-PAY-007")
    house.say("pay", "budget", CHILD, year, "--ceiling", "999.99")
    over = house.say("pay", "approve", name, "--total", "1000.00", user="乙")
    assert (over.status, over.code) == (5, "E-PAY-006")
    house.say("pay", "budget", CHILD, year, "--ceiling", "1000.00")
    own = house.say("pay", "approve", name, "--total", "1000.00")
    assert (own.status, own.code) == (5, "E-ACCESS-004")
    assert house.say("pay", "approve", name, "--total", "1,000.00", user="乙").status == 0
    assert house.say("--json", "pay", "run", "--dry-run").data == {"BATCHED": 1}
    assert house.say("pay", "cancel", name, "--reason", "名单有误", "--dry-run").status == 0
    assert house.say("--json", "pay", "show", name).data["state"] == "APPROVED"
    given_up = house.say("--json", "pay", "cancel", name, "--reason", "名单有误")
    assert given_up.data["state"] == "CANCELLED"
    assert house.say("--json", "pay", "run").data == {}


@pytest.mark.parametrize(
    ("plan", "status", "state"),
    [
        (FaultPlan(unreachable=1.0), 6, "BATCHED"),
        (FaultPlan(drop_request=1.0, drop_question=1.0), 7, "UNKNOWN"),
    ],
)
def test_a_bank_that_was_not_reached_says_six_and_an_unknown_outcome_seven(
    house: House, plan: FaultPlan, status: int, state: str
) -> None:
    house.say("claim", "decide", ask_child(house, "P1"))
    name = pay_for(house, CHILD)
    house.work(plan)
    said = house.say("--json", "pay", "run")
    assert (said.status, said.data) == (status, {state: 1})
    shown = house.say("--json", "pay", "show", name)
    assert (shown.status, shown.data["states"]) == (0, {state: 1})
    left = house.say("--json", "pay", "plan", CHILD, str(house.today.year))
    assert left.data["orders"] == 0, "nothing is ordered beside it"


def test_a_statement_that_differs_says_three_until_it_is_explained(house: House) -> None:
    house.say("claim", "decide", ask_child(house, "P1"))
    pay_for(house, CHILD)
    assert house.say("pay", "run").status == 0
    with house.bank() as bank:
        (key,) = bank.truth.orders
        bank.simulate.settle(key)
        bank.simulate.statement()
        (day,) = bank.truth.days
    assert house.say("pay", "run").status == 0
    lines = house.say("--json", "pay", "statement", day.isoformat()).rows
    assert [(each["yuan"], each["verdict"]) for each in lines] == [(100_000, "AGREES")]
    assert house.say("--json", "pay", "statement").rows == []
    house.tell_wrong_line(day)
    assert house.say("pay", "show").status == 3
    (line,) = house.say("--json", "pay", "statement").rows
    assert line["verdict"] == "UNKNOWN_ORDER"
    explained = house.say(
        "pay", "explain", line["day"], str(line["position"]), "--why", "银行更正通知3号"
    )
    assert explained.status == 0
    assert house.say("pay", "show").status == 0


def test_an_heir_is_named_by_two_with_the_same_words(house: House) -> None:
    dead, heir = house.members
    words = ("cover", "heir", dead, "--to", heir, "--document", "公证书9号")
    early = house.say(*words)
    assert (early.status, early.code) == (5, "E-HEIR-001")
    house.die(0)
    assert house.say(*words).status == 3
    assert house.say(*words).status == 3
    named = house.say("--json", *words, user="乙")
    assert (named.status, named.data["heir"], named.data["confirmed_by"]) == (0, heir, "乙")


def test_a_plan_is_joined_through_the_union_and_accepted_by_the_review_body(
    house: House,
) -> None:
    who = house.members[0]
    asked = house.say("--json", "cover", "join", who, "ma-hospital", "--org", house.union)
    assert (asked.status, asked.data["state"]) == (0, "SUBMITTED")
    twice = house.say("--json", "cover", "join", who, "ma-hospital", "--org", house.union)
    assert (twice.status, twice.data) == (3, {"against": ["ASKED"]})
    (waiting,) = house.say("--json", "cover", "list").rows
    no_receipt = house.say("cover", "accept", waiting["enrolment"])
    assert (no_receipt.status, no_receipt.code) == (2, "E-PLAN-003")
    until = (house.today + timedelta(days=365)).isoformat()
    done = house.say(
        "--json", "cover", "accept", waiting["enrolment"], "--document", "收据12",
        "--until", until,
    )  # fmt: skip
    assert (done.status, done.data["state"], done.data["until"]) == (0, "IN_FORCE", until)
    other = house.say("--json", "cover", "join", house.members[1], "ma-hospital",
                      "--org", house.union)  # fmt: skip
    refused = house.say(
        "--json", "cover", "refuse", other.data["enrolment"], "--reason", "名册不全"
    )
    assert refused.data["state"] == "REJECTED"


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_plan_for_what_is_no_item_is_not_nothing_to_pay(
    house: House, dry: tuple[str, ...]
) -> None:
    year = str(house.today.year)
    assert house.say("pay", "plan", CHILD, year, *dry).status == 0
    mistyped = house.say("pay", "plan", f"{CHILD}s", year, *dry)
    assert mistyped.status == 4
    assert "E-SERVICE-002" in mistyped.err
    assert house.say("pay", "plan", CHILD, year, "--most", "0", *dry).status == 2
