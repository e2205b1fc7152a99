"""In every snapshot, while many write: the books balance, and all the sums of money are one sum.

Reading threads look at one consistent state after another while others draft, approve, pay and
send back. A snapshot in which the sums differ would be a moment at which the city owed, or had
paid, another amount than its books say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import define, field
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import ENGINES, engine, office_on

from szunion.application.access import authorise
from szunion.application.treasury import Treasury
from szunion.domain.access import Operation, Scope
from szunion.domain.ledger import fund
from szunion.domain.values import Fen, PersonId
from szunion.errors import Conflict, StorageBusy
from szunion.ports.storage import UnitOfWork

PEOPLE = 24
ROUNDS = 3


def sums(work: UnitOfWork, scope: Scope, people: list[PersonId]) -> str:
    """Return what is wrong with one snapshot; empty: nothing."""
    whole = work.ledger.whole(scope)
    owed = [each for person in people for each in work.obligations.of_person(scope, person)]
    settled = sum(each.settled.amount for each in owed)
    flight = sum(each.in_flight.amount for each in owed)
    budget = work.budgets.get(scope, WARMTH, YEAR)
    account = work.ledger.balance(scope, fund(WARMTH, YEAR))
    assert budget is not None
    found = {
        "debit and credit": whole.debit == whole.credit,
        "pending debit and credit": whole.pending_debit == whole.pending_credit,
        "beyond what is owed": all(each.settled + each.in_flight <= each.fen for each in owed),
        "beyond the budget": budget.committed <= budget.ceiling,
        "budget and obligations": budget.committed == Fen(settled + flight),
        "fund and obligations": account.drawn == Fen(settled + flight),
        "pending and in flight": account.pending_credit == Fen(flight),
        "posted and settled": account.credit - account.debit == Fen(settled),
    }
    return ", ".join(name for name, holds in found.items() if not holds)


@define
class Watch:
    """Threads that look, and what they saw."""

    town: MoneyTown
    people: list[PersonId]
    stop: threading.Event = field(factory=threading.Event)
    looks: int = 0
    wrong: set[str] = field(factory=set)
    errors: list[str] = field(factory=list)
    lock: threading.Lock = field(factory=threading.Lock)

    def look(self) -> None:
        """Look once."""
        told = self.town.office.storage.read(
            lambda work: sums(work, authorise(work, engine(), Operation.BANK_DESK), self.people)
        )
        with self.lock:
            self.looks += 1
            if told:
                self.wrong.add(told)

    def run(self, *steps: Callable[[], None], readers: int = 2) -> None:
        """Look again and again while *steps* write, each in a thread of its own."""

        def reading() -> None:
            while not self.stop.is_set():
                self.look()

        def writing(step: Callable[[], None]) -> None:
            try:
                step()
            except BaseException as error:  # noqa: BLE001 - the test must hear of everything
                self.errors.append(f"{type(error).__name__} {error}")

        readers_ = [threading.Thread(target=reading) for _ in range(readers)]
        writers = [threading.Thread(target=writing, args=(step,)) for step in steps]
        for thread in (*readers_, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        self.stop.set()
        for thread in readers_:
            thread.join()
        self.look()


def town_in(kind: str, folder: Path) -> tuple[MoneyTown, list[PersonId]]:
    town = money_town_on(office_on(kind, folder))
    people = town.cards.admit(PEOPLE)
    town.cards.activate(people)
    for person in people:
        town.grant(person)
    return town, people


def finance(town: MoneyTown) -> None:
    """Draft and approve what is open, in small pay-outs."""
    for _ in range(PEOPLE):
        draft = Treasury(town.office, town.f1).draft(WARMTH, YEAR, most=5).payout
        if draft is not None:
            Treasury(town.office, town.f2).approve(draft.id, total=draft.total)


def bank(town: MoneyTown, returns: int = PEOPLE // 4) -> None:
    """Send, settle, and let so many payments come back."""
    back: set[str] = set()
    for _ in range(ROUNDS * 4):
        try:
            town.cards.run()
        except StorageBusy:
            continue
        for key, order in list(town.cards.bank.truth.orders.items()):
            try:
                if order.state.name == "ACCEPTED":
                    town.cards.bank.simulate.settle(key)
                elif order.state.name == "SETTLED" and len(back) < returns:
                    back.add(key.text)
                    town.cards.bank.simulate.return_payment(key)
            except Conflict as error:
                assert error.code == "E-SIM-002"  # noqa: PT017


def settled_at_last(town: MoneyTown) -> None:
    """Pay what is still open, by one hand."""
    for _ in range(4):
        finance(town)
        bank(town, returns=0)


@pytest.mark.parametrize("kind", ENGINES)
def test_the_sums_are_one_sum_in_every_snapshot(kind: str, tmp_path: Path) -> None:
    town, people = town_in(kind, tmp_path)
    watch = Watch(town, people)
    watch.run(lambda: finance(town), lambda: finance(town), lambda: bank(town))
    assert watch.errors == []
    assert watch.wrong == set()
    assert watch.looks > 50
    settled_at_last(town)
    watch.look()
    assert watch.wrong == set()
    owed = town.cards.look(
        lambda work, scope: [
            each for person in people for each in work.obligations.of_person(scope, person)
        ]
    )
    assert all(each.settled == each.fen for each in owed), "everybody has it at last"
    assert -town.cards.bank.truth.paying == Fen(300_000 * PEOPLE)
    town.cards.bank.simulate.statement()
    town.cards.run()
    assert town.treasury().books().lines == ()
    town.office.storage.close()


@pytest.mark.parametrize("kind", ENGINES)
def test_a_planted_step_that_moves_the_budget_in_a_commit_of_its_own_is_seen(
    kind: str, tmp_path: Path
) -> None:
    town, people = town_in(kind, tmp_path)
    watch = Watch(town, people)
    seen = threading.Event()

    def careless() -> None:
        def move(fen: Fen) -> None:
            town.office.storage.run(
                lambda work: work.budgets.commit(
                    authorise(work, engine(), Operation.BANK_DESK), WARMTH, YEAR, fen
                )
            )

        for _ in range(200):
            move(Fen(100))
            watch.look()
            move(Fen(-100))
            if watch.wrong:
                break
        seen.set()

    watch.run(careless)
    assert seen.is_set()
    assert watch.wrong == {"budget and obligations"}
    town.office.storage.close()
