"""Money goes from decision to account, twice never, and back to finance when it comes back."""

from __future__ import annotations

import pytest
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on

from szunion.application.money_moves import pseudonym
from szunion.application.office import Office
from szunion.domain.card_files import KeptCard
from szunion.domain.ledger import fund
from szunion.domain.participation import Means
from szunion.domain.payouts import OrderState
from szunion.domain.values import Fen


@pytest.fixture
def town(office: Office) -> MoneyTown:
    return money_town_on(office)


def arrived(town: MoneyTown, kept: KeptCard) -> Fen:
    account = town.cards.bank.truth.account_of(kept.card.ref)
    assert account is not None
    return account.fen


def test_m21_m22_warmth_of_3000_yuan_goes_from_decision_to_account(town: MoneyTown) -> None:
    """M21, M22: on success the money is paid into the card's account."""
    (person,) = town.cards.admit(1)
    (kept,) = town.cards.activate([person])
    owed = town.grant(person)
    assert owed.fen == Fen(300_000)
    payout = town.pay()
    assert town.treasury().budget(WARMTH, YEAR).committed == Fen(300_000)  # type: ignore[union-attr]
    town.cards.run()
    (order,) = town.orders(payout)
    assert order.state is OrderState.ACCEPTED
    assert arrived(town, kept) == Fen(0)
    town.settle(payout)
    (order,) = town.orders(payout)
    assert order.state is OrderState.SETTLED
    assert arrived(town, kept) == Fen(300_000)
    assert town.owed(owed).settled == Fen(300_000)
    name = town.cards.look(lambda work, _: pseudonym(work, person))
    assert town.treasury().account(name).net == Fen(300_000)
    assert town.treasury().account(fund(WARMTH, YEAR)).drawn == Fen(300_000)
    records = town.cards.look(lambda work, scope: work.participations.of_person(scope, person))
    assert [(each.item, each.means) for each in records] == [(WARMTH, Means.PAYOUT)]
    town.check_books()
