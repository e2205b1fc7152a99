"""64 approvals at once on a budget for ten: exactly ten, and the harness can see eleven.

Promise 15, on each engine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.at_once import ONE_EACH, SHARED, crowd, patient
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import ENGINES, office_on
from tests.places import forgotten, needs, remembered, returned
from tests.system.approving import GRANT, drafts, guarded, in_threads, naive

from szunion.domain.ledger import fund
from szunion.domain.values import Fen, PayoutBatchId, RequestKey

ROOT = Path(__file__).parents[2]
APPROVERS = 64
PLACES = 10
ON_DISK = ENGINES[1:]
PART = 100
"""Rounds of one slice of the long run."""


def town_on(kind: str, folder: Path) -> MoneyTown:
    return money_town_on(office_on(kind, folder))


def check_ten(town: MoneyTown) -> None:
    """The budget, the books and the outbox all say ten."""
    check_books(town)
    town.cards.run()
    assert -town.cards.bank.truth.paying == Fen(0)
    assert len(town.cards.bank.truth.orders) == PLACES


def check_books(town: MoneyTown) -> None:
    """The budget and the books say ten, and the books balance."""
    budget = town.treasury().budget(WARMTH, YEAR)
    assert budget is not None
    assert budget.committed == budget.ceiling == GRANT * PLACES
    assert town.treasury().account(fund(WARMTH, YEAR)).drawn == GRANT * PLACES
    town.check_books()


@pytest.mark.parametrize("kind", ENGINES)
def test_of_64_threads_that_approve_on_a_budget_for_ten_exactly_ten_succeed(
    kind: str, tmp_path: Path
) -> None:
    town = town_on(kind, tmp_path)
    payouts = drafts(town, APPROVERS, PLACES)
    found = in_threads(town.office, payouts, guarded)
    assert found == {"approved": PLACES, "E-PAY-006": APPROVERS - PLACES}
    check_ten(town)
    town.office.storage.close()


@pytest.mark.parametrize("kind", ENGINES)
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


def processes(kind: str, folder: Path, approver: str, count: int) -> Counter[str]:
    """Run the approvals of so many processes on one store; return what came of them."""
    needs(kind)
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.approving", kind, str(folder), approver, str(count)],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return Counter(json.loads(run.stdout))


@pytest.mark.parametrize("kind", ON_DISK)
def test_of_64_processes_that_approve_on_a_budget_for_ten_exactly_ten_succeed(
    kind: str, tmp_path: Path
) -> None:
    found = processes(kind, tmp_path, "guarded", APPROVERS)
    assert found == {"approved": PLACES, "E-PAY-006": APPROVERS - PLACES, "committed": PLACES}


@pytest.mark.parametrize("kind", ON_DISK)
def test_the_harness_of_processes_notices_the_planted_bug(kind: str, tmp_path: Path) -> None:
    found = processes(kind, tmp_path, "naive", 16)
    assert found["approved"] > PLACES
    assert found["committed"] > PLACES


@pytest.mark.parametrize("kind", ENGINES)
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


def sent(town: MoneyTown, payouts: Sequence[PayoutBatchId]) -> list[RequestKey]:
    """Return the keys of all that waits for the bank, in one look."""
    return town.cards.look(
        lambda work, scope: [each.key for one in payouts for each in work.outbox.of(scope, one)]
    )


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("kind", ON_DISK)
def test_ten_of_64_in_a_thousand_rounds(
    kind: str, part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each round the town is again as it was before anybody approved; in slices.

    The 64 keep their threads, and each thread its connection: a round is 64 approvals and no more.
    In the first slice each has a connection, in the others they share as many as by default.
    """
    patient(monkeypatch)
    town = money_town_on(office_on(kind, tmp_path, limits=SHARED if part else ONE_EACH))
    payouts = drafts(town, APPROVERS, PLACES)
    remembered(kind, tmp_path)
    with crowd(APPROVERS) as all_:
        for number in range(PART):
            found = in_threads(town.office, payouts, guarded, all_)
            assert found == {"approved": PLACES, "E-PAY-006": APPROVERS - PLACES}, number
            check_books(town)
            keys = sent(town, payouts)
            assert len(set(keys)) == len(keys) == PLACES, number
            returned(kind, tmp_path)
            assert not sent(town, payouts), "the next round begins where this one began"
    town.office.storage.close()
    forgotten(kind, tmp_path)
