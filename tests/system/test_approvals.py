"""64 approvals at once on a budget for ten: exactly ten, and the harness can see eleven."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import office_on
from tests.system.approving import GRANT, drafts, guarded, in_threads, naive

from szunion.domain.ledger import fund
from szunion.domain.values import Fen

ROOT = Path(__file__).parents[2]
APPROVERS = 64
PLACES = 10
STORES = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def town_on(kind: str, folder: Path) -> MoneyTown:
    return money_town_on(office_on(kind, folder))


def check_ten(town: MoneyTown) -> None:
    """The budget, the books and the outbox all say ten."""
    budget = town.treasury().budget(WARMTH, YEAR)
    assert budget is not None
    assert budget.committed == budget.ceiling == GRANT * PLACES
    assert town.treasury().account(fund(WARMTH, YEAR)).drawn == GRANT * PLACES
    town.cards.run()
    assert -town.cards.bank.truth.paying == Fen(0)
    assert len(town.cards.bank.truth.orders) == PLACES
    town.check_books()


@pytest.mark.parametrize("kind", STORES)
def test_of_64_threads_that_approve_on_a_budget_for_ten_exactly_ten_succeed(
    kind: str, tmp_path: Path
) -> None:
    town = town_on(kind, tmp_path)
    payouts = drafts(town, APPROVERS, PLACES)
    found = in_threads(town.office, payouts, guarded)
    assert found == {"approved": PLACES, "E-PAY-006": APPROVERS - PLACES}
    check_ten(town)
    town.office.storage.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_harness_notices_a_budget_that_is_looked_up_and_then_trusted(
    kind: str, tmp_path: Path
) -> None:
    """Planted: each looks, then all approve; more than ten pass, and the check sees it."""
    town = town_on(kind, tmp_path)
    payouts = drafts(town, 16, PLACES)
    found = in_threads(town.office, payouts, naive)
    assert found["approved"] > PLACES
    with pytest.raises(AssertionError):
        check_ten(town)
    town.office.storage.close()


def processes(folder: Path, approver: str, count: int) -> Counter[str]:
    """Run the approvals of so many processes on one file; return what came of them."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.approving", str(folder), approver, str(count)],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return Counter(json.loads(run.stdout))


def test_of_64_processes_that_approve_on_a_budget_for_ten_exactly_ten_succeed(
    tmp_path: Path,
) -> None:
    found = processes(tmp_path, "guarded", APPROVERS)
    assert found == {"approved": PLACES, "E-PAY-006": APPROVERS - PLACES, "committed": PLACES}


def test_the_harness_of_processes_notices_the_planted_bug(tmp_path: Path) -> None:
    found = processes(tmp_path, "naive", 16)
    assert found["approved"] > PLACES
    assert found["committed"] > PLACES


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_50_threads_that_approve_one_pay_out_send_it_once(kind: str, tmp_path: Path) -> None:
    """The same act with the same key on 50 threads: it happens once, and all hear so."""
    town = town_on(kind, tmp_path)
    (payout,) = drafts(town, 1, 1)
    found = in_threads(town.office, [payout] * 50, guarded)
    assert found == {"approved": 50}
    assert len(town.request_keys(town.treasury().get(payout))) == 1
    town.cards.run()
    assert len(town.cards.bank.truth.orders) == 1
    town.office.storage.close()


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_ten_of_64_in_a_thousand_rounds(kind: str, tmp_path: Path) -> None:
    for round_ in range(1000 if kind == "memory" else 100):
        folder = tmp_path / str(round_)
        folder.mkdir()
        town = town_on(kind, folder)
        payouts = drafts(town, APPROVERS, PLACES)
        assert in_threads(town.office, payouts, guarded)["approved"] == PLACES, round_
        town.office.storage.close()
