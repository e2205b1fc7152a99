"""What is to be got back, from the command line: found by two, ended by two, refused, listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.moneyhouse import STAY, House, ask_stay, copied, house_in, pay_for

from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.ledger import fund
from szunion.domain.values import Fen

FOUND = ("--evidence", "复查记录3号")
BY_RECEIPT = ("--document", "收据7号")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def paid(built: House) -> tuple[House, str]:
    """A claim of 180.00 yuan, paid."""
    name = ask_stay(built, 3)
    built.say("claim", "decide", name)
    pay_for(built, STAY)
    assert built.say("pay", "run").status == 0
    with built.bank() as bank:
        (key,) = bank.truth.orders
        bank.simulate.settle(key)
    assert built.say("pay", "run").status == 0
    shown = built.say("--json", "claim", "show", name).data
    assert (shown["state"], shown["yuan"]) == ("PAID", 18_000)
    return built, name


@pytest.fixture
def house(paid: tuple[House, str], tmp_path: Path) -> House:
    return copied(paid[0], tmp_path)


@pytest.fixture
def name(paid: tuple[House, str]) -> str:
    return paid[1]


def state(house: House, name: str) -> str:
    word: str = house.say("--json", "claim", "show", name).data["state"]
    return word


def drawn(house: House) -> Fen:
    """Return what the fund has paid and not got back, and check that the books balance."""
    finance = Principal(id="丙", role=Role.FINANCE, purpose=Purpose.PAY)
    with house.system() as system:
        treasury = system.desk(finance).treasury
        whole = treasury.books().whole
        assert whole.debit == whole.credit
        return treasury.account(fund(STAY, house.today.year)).drawn


def proposed(house: House, *words: str, user: str = "甲") -> str:
    said = house.say("--json", "claim", "recover", *words, user=user)
    assert said.status == 3, said.err
    proposal: str = said.data["proposal"]
    return proposal


def on_the_list(house: House, name: str) -> None:
    proposal = proposed(house, "overpaid", name, *FOUND)
    assert house.say("claim", "recover", "confirm", proposal, user="乙").status == 0


def test_what_was_overpaid_is_found_by_two_and_its_end_by_two_and_the_books_balance(
    house: House, name: str
) -> None:
    assert drawn(house) == Fen(18_000)
    first = house.say("--json", "claim", "recover", "overpaid", name, *FOUND)
    assert first.status == 3
    found = first.data["proposal"]
    assert first.data == {
        "proposal": found, "claim": name, "act": "overpaid", "recovered": None,
        "document": "复查记录3号", "by": "甲", "state": "OPEN",
    }  # fmt: skip
    assert f"claim recover confirm {found}" in first.err
    assert house.say("--json", "claim", "recover", "list").rows == []
    second = house.say("--json", "claim", "recover", "confirm", found, user="乙")
    assert (second.status, second.data["state"]) == (0, "RECOVERY")
    (listed,) = house.say("--json", "claim", "recover", "list", user="丙").rows
    assert (listed["claim"], listed["member"]) == (name, house.members[0])
    assert (listed["state"], listed["yuan"]) == ("RECOVERY", 18_000)
    ended = proposed(house, "done", name, "--recovered", "100.00", *BY_RECEIPT, user="丙")
    seen = house.say("--json", "claim", "recover", "confirm", ended, "--dry-run", user="丁").data
    assert (seen["act"], seen["recovered"], seen["by"]) == ("done", 10_000, "丙")
    assert drawn(house) == Fen(18_000), "nothing is booked before the second word"
    last = house.say("--json", "claim", "recover", "confirm", ended, user="丁")
    assert (last.status, last.data["state"]) == (0, "CLOSED")
    assert house.say("--json", "claim", "recover", "list").rows == []
    assert drawn(house) == Fen(8_000), "the rest is written off"
    twice = house.say("claim", "recover", "confirm", ended, user="丁")
    assert (twice.status, twice.code) == (5, "E-PROPOSAL-001")


def test_whoever_proposed_is_no_second_person(house: House, name: str) -> None:
    found = proposed(house, "overpaid", name, *FOUND)
    assert proposed(house, "overpaid", name, *FOUND) == found, "one person stays one person"
    for verb in ("confirm", "refuse"):
        own = house.say("claim", "recover", verb, found)
        assert (own.status, own.code) == (5, "E-ACCESS-004")
    assert house.say("claim", "recover", "confirm", found, user="乙").status == 0
    ended = proposed(house, "done", name, "--recovered", "0", *BY_RECEIPT, user="丙")
    for verb in ("confirm", "refuse"):
        own = house.say("claim", "recover", verb, ended, user="丙")
        assert (own.status, own.code) == (5, "E-ACCESS-004")
    assert state(house, name) == "RECOVERY"


def test_what_the_second_person_refuses_stays_as_it_was_and_is_proposed_anew(
    house: House, name: str
) -> None:
    found = proposed(house, "overpaid", name, *FOUND)
    other = house.say("claim", "recover", "overpaid", name, "--evidence", "别的")
    assert (other.status, other.code) == (5, "E-PROPOSAL-002")
    refused = house.say("--json", "claim", "recover", "refuse", found, user="乙")
    assert (refused.status, refused.data["state"]) == (0, "REFUSED")
    assert state(house, name) == "PAID"
    on_the_list(house, name)
    ended = proposed(house, "done", name, "--recovered", "180", *BY_RECEIPT, user="丙")
    refused = house.say("--json", "claim", "recover", "refuse", ended, user="丁")
    assert (refused.status, refused.data["state"]) == (0, "REFUSED")
    assert (state(house, name), drawn(house)) == ("RECOVERY", Fen(18_000))


def test_a_dry_run_says_what_would_be_and_writes_nothing(house: House, name: str) -> None:
    tried = house.say("--json", "claim", "recover", "overpaid", name, *FOUND, "--dry-run")
    assert (tried.status, tried.data["state"]) == (0, "RECOVERY")
    assert state(house, name) == "PAID"
    found = proposed(house, "overpaid", name, "--evidence", "没有先提请的证据")
    shown = house.say("--json", "claim", "recover", "confirm", found, "--dry-run", user="乙")
    assert (shown.status, shown.data["state"]) == (0, "OPEN")
    assert state(house, name) == "PAID"
    assert house.say("claim", "recover", "confirm", found, user="乙").status == 0
    words = ("claim", "recover", "done", name, *BY_RECEIPT, "--dry-run", "--recovered")
    tried = house.say("--json", *words, "1,00.00")
    assert tried.status == 2, "an amount is written as elsewhere"
    tried = house.say("--json", *words, "100.00")
    assert (tried.status, tried.data) == (0, {"recovered": 10_000, "written_off": 8_000})
    over = house.say(*words, "180.01")
    assert (over.status, over.code) == (5, "E-CLAIM-011")
    proposed(house, "done", name, "--recovered", "5", "--document", "批文1", user="丙")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("overpaid", "cl_nothing", *FOUND), 4, "E-VALUE-003"),
        (("done", "cl_nothing", "--recovered", "1", *BY_RECEIPT), 4, "E-VALUE-003"),
        (("confirm", "po_nothing"), 4, "E-VALUE-003"),
        (("confirm", "pd_nothing", "--dry-run"), 4, "E-VALUE-003"),
        (("refuse", "p_nothing"), 4, "E-VALUE-003"),
        (("overpaid", "{claim}", "--evidence", " "), 2, "E-CLAIM-010"),
        (("overpaid", "{claim}", "--evidence", " ", "--dry-run"), 2, "E-CLAIM-010"),
        (("done", "{claim}", "--recovered", "1", *BY_RECEIPT), 5, "E-STATE-001"),
        (("done", "{claim}", "--recovered", "1", *BY_RECEIPT, "--dry-run"), 5, "E-STATE-001"),
        (("overpaid", "{other_claim}", *FOUND), 4, "E-CLAIM-008"),
        (("confirm", "{other_found}"), 4, "E-ACCESS-002"),
        (("confirm", "{other_done}", "--dry-run"), 4, "E-ACCESS-002"),
        (("refuse", "{other_done}"), 4, "E-ACCESS-002"),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_said_with_its_code(
    house: House, name: str, words: tuple[str, ...], status: int, code: str
) -> None:
    with house.system() as system:
        nobodys = system.office.ids.new()
        named = {
            "claim": name,
            "other_claim": system.office.vault.outward("cl", nobodys),
            "other_found": system.office.vault.outward("po", nobodys),
            "other_done": system.office.vault.outward("pd", nobodys),
        }
    said = house.say("claim", "recover", *(word.format(**named) for word in words))
    assert (said.status, said.code) == (status, code)
    assert state(house, name) == "PAID"


def test_both_languages_say_the_same(house: House, name: str) -> None:
    chinese = house.say("claim", "recover", "overpaid", name, *FOUND)
    english = house.say("claim", "recover", "overpaid", name, *FOUND, language="en")
    assert "发现多付" in chinese.out
    assert "须另一人确认" in chinese.err
    assert "found overpaid" in english.out
    assert "another person confirms" in english.err
    found = proposed(house, "overpaid", name, *FOUND)
    house.say("claim", "recover", "confirm", found, user="乙")
    assert "追回中" in house.say("claim", "recover", "list").out
    assert "being recovered" in house.say("claim", "recover", "list", language="en").out
    words = ("claim", "recover", "done", name, "--recovered", "100", *BY_RECEIPT, "--dry-run")
    assert house.say(*words).out == "将追回 100.00 元，核销 80.00 元\n"
    told = house.say(*words, language="en").out
    assert told == "would get back 100.00 yuan and write off 80.00\n"
    assert "由审核人" in house.say("claim", "recover", "confirm", "--help").out
    assert "a reviewer" in house.say("claim", "recover", "confirm", "--help", language="en").out
