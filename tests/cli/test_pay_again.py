"""What the bank contradicts itself about is paid from the command line by name alone (点名再付)."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen
from tests.cli.moneyhouse import STAY, House, ask_stay, copied, house_in, pay_for
from tests.cli.speaking import Said

from szunion.domain.values import RequestKey

SUM = 540_000
NOBODYS = "A" * 26


@frozen(kw_only=True)
class Doubt:
    """An installation in which two claims are owed; the first one's order is contradicted."""

    house: House
    doubtful: RequestKey
    plain: RequestKey
    """The order of the other claim: it is with the bank, and nothing is wrong with it."""

    @property
    def item(self) -> tuple[str, str]:
        return STAY, str(self.house.today.year)

    def plan(self, *words: str) -> Said:
        return self.house.say("--json", "pay", "plan", *self.item, *words)

    @property
    def payouts(self) -> int:
        return len(self.house.say("--json", "pay", "show").rows)


def owe(house: House, number: str, who: int) -> None:
    name = ask_stay(house, 91, number, who)
    assert house.say("claim", "decide", name).status == 3
    assert house.say("claim", "decide", name, user="乙").status == 0


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Doubt:
    house = house_in(tmp_path_factory.mktemp("doubt"))
    keys: list[RequestKey] = []
    for who in range(2):
        owe(house, f"ZY-{who}", who)
        pay_for(house, STAY)
        assert house.say("pay", "run").status == 0
        with house.bank() as bank:
            keys += [key for key in bank.truth.orders if key not in keys]
    doubtful, plain = keys
    house.tell_paid_after_all(doubtful)
    return Doubt(house=house, doubtful=doubtful, plain=plain)


@pytest.fixture
def doubt(built: Doubt, tmp_path: Path) -> Doubt:
    return Doubt(house=copied(built.house, tmp_path), doubtful=built.doubtful, plain=built.plain)


def test_what_is_contradicted_is_left_out_and_its_name_is_said(doubt: Doubt) -> None:
    said = doubt.plan()
    assert (said.status, said.data["orders"]) == (3, 0)
    assert said.data["left_out"] == {"CONTRADICTED": 1}
    assert f"--again {doubt.doubtful}" in said.err
    assert doubt.payouts == 2


def test_once_it_is_clear_it_is_paid_by_its_name_and_goes_to_the_bank(doubt: Doubt) -> None:
    said = doubt.plan("--again", doubt.doubtful.text.lower())
    assert (said.status, said.data["orders"], said.data["total"]) == (0, 1, SUM)
    assert said.data["left_out"] == {}
    name = said.data["payout"]
    approved = doubt.house.say("pay", "approve", name, "--total", "5400.00", user="乙")
    assert approved.status == 0
    sent = doubt.house.say("--json", "pay", "run")
    assert (sent.status, sent.data) == (0, {"ACCEPTED": 2}), "the other claim's, and this one"
    with doubt.house.bank() as bank:
        (third,) = set(bank.truth.orders) - {doubt.doubtful, doubt.plain}
        assert bank.truth.orders[third].fen.amount == SUM
    again = doubt.plan("--again", doubt.doubtful.text)
    assert (again.status, again.data) == (0, {"orders": 0, "total": 0, "left_out": {}})


def test_a_dry_run_says_what_would_be_paid_and_makes_nothing(doubt: Doubt) -> None:
    said = doubt.plan("--again", doubt.doubtful.text, "--dry-run")
    assert (said.status, said.data) == (
        0,
        {"orders": 1, "total": SUM, "largest": SUM, "left_out": {}},
    )
    assert doubt.payouts == 2
    assert doubt.plan("--dry-run").data["left_out"] == {"CONTRADICTED": 1}


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("key", "status", "code"), [(NOBODYS, 4, "E-BANK-015"), ("ABC", 2, "E-VALUE-002")]
)
def test_a_key_of_no_order_pays_nothing_at_all(
    doubt: Doubt, key: str, status: int, code: str, dry: tuple[str, ...]
) -> None:
    said = doubt.plan("--again", doubt.doubtful.text, "--again", key, *dry)
    assert (said.status, said.out) == (status, "")
    assert code in said.err
    assert doubt.payouts == 2


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_an_order_that_nobody_contradicts_is_not_paid_beside_itself(
    doubt: Doubt, dry: tuple[str, ...]
) -> None:
    """It is with the bank: naming it does not make it owed."""
    said = doubt.plan("--again", doubt.plain.text, *dry)
    assert (said.status, said.data["orders"], said.data["total"]) == (0, 0, 0)
    assert doubt.payouts == 2


def test_what_is_owed_for_another_item_is_not_paid_under_this_one(doubt: Doubt) -> None:
    year = str(doubt.house.today.year)
    other = doubt.house.say("pay", "plan", "gp-maternity", year, "--again", doubt.doubtful.text)
    assert (other.status, other.code) == (4, "E-PAY-009")
    assert doubt.payouts == 2
