"""The bank speaks of a claim's money after the end of its recovery: people see it, none is paid."""

from __future__ import annotations

import pytest
from attrs import evolve
from tests.claimtown import CHILD, ClaimTown, claim_town_on, reviewer
from tests.offices import member

from szunion.application.money_moves import pseudonym
from szunion.application.office import Office
from szunion.application.payable_now import LeftOut
from szunion.application.recovery import Recovery
from szunion.domain.bank import (
    BankNotice,
    OrderRejected,
    OrderReturned,
    OrderSettled,
    Statement,
    StatementKind,
    StatementLine,
)
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimState
from szunion.domain.inbox import Hearing
from szunion.domain.ledger import fund
from szunion.domain.orders import Order
from szunion.domain.reckoning import Happening
from szunion.domain.values import Fen, PersonId
from szunion.errors import Conflict


@pytest.fixture
def town(office: Office) -> ClaimTown:
    return claim_town_on(office)


def paid_claim(town: ClaimTown, person: PersonId) -> Claim:
    claim = town.file(person, CHILD, Happening(on=town.today), f"P{person}")
    town.decide(claim)
    town.pay(CHILD)
    return town.claims_of(person)[0]


def recovered(town: ClaimTown, claim: Claim, fen: Fen) -> None:
    """Let two find that a claim should not be paid, if none has, and two end it."""
    if claim.state is not ClaimState.RECOVERY:
        found = Recovery(town.office, reviewer(1)).overpaid(claim.id, evidence="复查 3 号")
        Recovery(town.office, reviewer(2)).confirm_overpaid(found.id)
    done = Recovery(town.office, town.money.f1).done(claim.id, recovered=fen, document="办结 7")
    Recovery(town.office, town.money.f2).confirm_done(done.id)


def refused_claim(town: ClaimTown, person: PersonId) -> tuple[Claim, Order]:
    """Return a claim whose payment the bank has refused, and the order of it."""
    claim = town.file(person, CHILD, Happening(on=town.today), "P1")
    town.decide(claim)
    payout = town.money.pay(CHILD)
    town.money.cards.run()
    (order,) = town.money.orders(payout)
    town.money.cards.tell(
        OrderRejected(
            told=town.money.told(order, 5, "no"), order=order.key, bank_code="E1", bank_text=""
        )
    )
    return claim, order


@pytest.mark.parametrize("back", [0, 40_000, 100_000])
def test_what_the_bank_returns_after_the_end_of_a_recovery_is_on_the_list_again_and_not_paid(
    town: ClaimTown, back: int
) -> None:
    """Two have found that it should not be paid: a late return does not make it owed."""
    people = town.people(2)
    claim, _ = (paid_claim(town, person) for person in people)
    recovered(town, claim, Fen(back))
    treasury = town.money.treasury()
    payout = treasury.listed()[0]
    (order,) = (each for each in treasury.orders(payout.id) if each.payee == people[0])
    town.money.cards.bank.simulate.return_payment(order.key)
    town.money.cards.run()
    (again,) = Recovery(town.office, town.money.f1).listed()
    assert (again.id, again.state) == (claim.id, ClaimState.RECOVERY)
    left = treasury.draft(CHILD, 2017)
    assert (left.payout, [why for _, why in left.left_out]) == (None, [LeftOut.NOT_DUE])
    with pytest.raises(Conflict, match="E-CLAIM-011"):
        Recovery(town.office, town.money.f1).done(claim.id, recovered=Fen(1), document="收据 7")
    recovered(town, again, Fen(0))
    assert town.claims(member(people[0])).get(claim.id).state is ClaimState.CLOSED
    assert [why for _, why in treasury.draft(CHILD, 2017).left_out] == [LeftOut.NOT_DUE]
    name = town.money.cards.look(lambda work, _: pseudonym(work, people[0]))
    assert treasury.account(name).net == -Fen(back), (
        "what came back twice is the member's, and the books say so"
    )
    town.money.check_books()


def test_what_the_bank_pays_after_all_after_the_end_of_a_recovery_is_on_the_list_again(
    town: ClaimTown,
) -> None:
    """It was refused, found void and closed; then the bank says that it was paid."""
    (person,) = town.people()
    claim, order = refused_claim(town, person)
    recovered(town, claim, Fen(0))
    paid = OrderSettled(told=town.money.told(order, 6, "yes"), order=order.key, fen=order.fen)
    town.money.cards.tell(paid)
    (again,) = Recovery(town.office, town.money.f1).listed()
    assert again.id == claim.id
    recovered(town, again, Fen(100_000))
    assert town.money.treasury().account(fund(CHILD, 2017)).drawn == Fen(0)
    assert list(Recovery(town.office, town.money.f1).listed()) == []
    town.money.check_books()


def test_what_was_got_back_once_is_not_got_back_again_when_another_order_turns_out_paid(
    town: ClaimTown,
) -> None:
    """Paid twice, given back once, returned once: nothing is with the member."""
    (person,) = town.people()
    claim, first = refused_claim(town, person)
    second_payout = town.money.pay(CHILD)
    town.money.cards.run()
    town.money.settle(second_payout)
    (second,) = town.money.orders(second_payout)
    paid_claim(town, *town.people(start=5))
    recovered(town, claim, Fen(100_000))
    town.money.cards.bank.simulate.return_payment(second.key)
    town.money.cards.run()
    town.money.cards.tell(
        OrderSettled(told=town.money.told(first, 6, "yes"), order=first.key, fen=first.fen)
    )
    (again,) = Recovery(town.office, town.money.f1).listed()
    with pytest.raises(Conflict, match="E-CLAIM-011"):
        Recovery(town.office, town.money.f1).done(claim.id, recovered=Fen(1), document="收据 8")
    recovered(town, again, Fen(0))
    name = town.money.cards.look(lambda work, _: pseudonym(work, person))
    assert town.money.treasury().account(name).net == Fen(0)
    town.money.check_books()


@pytest.mark.parametrize("by", ["notice", "statement"])
def test_what_comes_back_twice_into_an_empty_budget_waits_for_a_person(
    town: ClaimTown, by: str
) -> None:
    """All of it was got back before: the bank's word is set aside with its reason, none is lost."""
    (person,) = town.people()
    claim = paid_claim(town, person)
    recovered(town, claim, Fen(100_000))
    treasury = town.money.treasury()
    (payout,) = treasury.listed()
    (order,) = treasury.orders(payout.id)
    told = evolve(town.money.told(order, 9, "late"), stream=by)
    line = StatementLine(order.key, StatementKind.RETURNED, order.fen)
    late: BankNotice = OrderReturned(told=told, order=order.key, fen=order.fen)
    if by == "statement":
        late = Statement(told=told, day=town.today, lines=(line,))
    town.money.cards.tell(late)
    heard = town.money.cards.heard("late")
    assert (heard.hearing, heard.reason) == (Hearing.ASIDE, "E-PAY-006")
    assert treasury.draft(CHILD, 2017).payout is None
    town.money.check_books()
