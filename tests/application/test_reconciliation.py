"""The bank's daily list closes what is left, names every difference, and twice changes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on

from szunion.adapters.bank.faults import FaultPlan
from szunion.application.office import Office
from szunion.domain.bank import BankState, CardRef, DailyCardList, ListedCard, Told
from szunion.domain.inbox import Hearing
from szunion.domain.reconciliation import DifferenceKind, DifferenceState
from szunion.domain.values import CardToken
from szunion.errors import Conflict, NotFound


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def list_of(place: CardTown, *lines: ListedCard, number: int = 1, day: int = 23) -> DailyCardList:
    told = Told(event_id=f"L{number}", stream="list", sequence=number, effective=place.clock.now())
    return DailyCardList(told=told, day=date(2017, 11, day), cards=lines)


def line_of(place: CardTown, ref: CardRef) -> ListedCard:
    seen = place.bank.truth.card(ref)
    assert seen is not None
    return ListedCard(seen.card, seen.state, seen.sequence)


def kinds(place: CardTown) -> list[tuple[DifferenceKind, DifferenceState]]:
    run = place.reconciliation().last()
    assert run is not None
    return [(each.kind, each.state) for each in run.differences]


def test_a_change_that_was_never_told_becomes_a_reconciled_fact(place: CardTown) -> None:
    first, second = place.activate(place.admit(2))
    place.bank.faults = FaultPlan(delay_notice=1.0, most_delay=timedelta(days=30))
    place.bank.simulate.report_loss(first.card.ref)
    place.run()
    assert place.card(first.person).card.bank.state is BankState.ACTIVE
    lines = [line_of(place, each.card.ref) for each in (first, second)]
    place.tell(list_of(place, *lines))
    assert place.card(first.person).card.bank.state is BankState.LOSS_ORAL
    assert kinds(place) == [(DifferenceKind.NOT_TOLD, DifferenceState.CLOSED)]
    run = place.reconciliation().last()
    assert run is not None
    assert (run.ours, run.theirs, run.agreed, run.closed) == (2, 2, 1, 1)
    history = [(each.event, each.state) for each in place.cards().facts(first.id)]
    assert history[-1] == (None, BankState.LOSS_ORAL), "RECONCILED, in the card's history"
    place.bank.heal()
    place.run()
    after = place.card(first.person).card
    assert (after.bank.state, after.bank.contradictory) == (BankState.LOSS_ORAL, False)


def test_the_same_list_again_changes_nothing(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    frozen = evolve(line_of(place, kept.card.ref), state=BankState.FROZEN, sequence=7)
    place.tell(list_of(place, frozen))
    card, run = place.card(kept.person), place.reconciliation().last()
    place.tell(list_of(place, frozen))
    assert place.heard("L1").copies == 1
    assert (place.card(kept.person), place.reconciliation().last()) == (card, run)
    place.tell(list_of(place, frozen, number=2))
    after = place.reconciliation().last()
    assert after is not None
    assert (after.differences, after.agreed) == ((), 1)
    assert place.card(kept.person) == card


def test_an_unknown_card_and_one_that_is_not_listed_stay_open_until_they_are_explained(
    place: CardTown,
) -> None:
    (kept,) = place.activate(place.admit(1))
    stranger = ListedCard(CardRef(CardToken("T" * 20)), BankState.ACTIVE, 3)
    place.tell(list_of(place, stranger))
    found = {each.difference.kind for each in place.reconciliation().open()}
    assert found == {DifferenceKind.UNKNOWN_CARD, DifferenceKind.NOT_LISTED}
    place.clock.advance(days=1)
    place.tell(list_of(place, stranger, line_of(place, kept.card.ref), number=2, day=24))
    (left,) = place.reconciliation().open()
    assert left.difference.kind is DifferenceKind.UNKNOWN_CARD
    assert left.age == timedelta(days=1), "it ages from the first run that found it"
    with pytest.raises(Conflict, match="E-RECON-002"):
        place.reconciliation().resolve(left.difference.id, " ")
    place.reconciliation().resolve(left.difference.id, "测试卡，银行确认")
    assert place.reconciliation().open() == []
    with pytest.raises(NotFound, match="E-RECON-001"):
        place.reconciliation().resolve(left.difference.id, "again")


def test_a_list_does_not_bring_a_closed_card_back(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.bank.simulate.close(kept.card.ref)
    place.run()
    alive = evolve(line_of(place, kept.card.ref), state=BankState.ACTIVE, sequence=9)
    place.tell(list_of(place, alive))
    after = place.by_ref(kept.card.ref).card
    assert after.bank.state is BankState.CLOSED
    assert after.bank.contradictory
    assert kinds(place) == [(DifferenceKind.ENDED_HERE, DifferenceState.OPEN)]


def test_a_list_older_than_what_we_hold_is_named_and_moves_nothing(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    old = line_of(place, kept.card.ref)
    place.bank.simulate.freeze(kept.card.ref)
    place.run()
    place.tell(list_of(place, old))
    assert place.card(kept.person).card.bank.state is BankState.FROZEN
    assert kinds(place) == [(DifferenceKind.AHEAD, DifferenceState.OPEN)]


def test_a_stop_that_the_bank_has_not_answered_is_a_difference(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.town.memberships(place.town.g(0)).move_out(kept.person)
    place.tell(list_of(place, line_of(place, kept.card.ref)))
    assert kinds(place) == [(DifferenceKind.USE_NOT_STOPPED, DifferenceState.OPEN)]
    place.run()
    place.tell(list_of(place, line_of(place, kept.card.ref), number=2, day=24))
    assert place.reconciliation().open() == []


def test_a_list_with_two_contents_under_one_id_counts_for_nothing(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.tell(list_of(place, line_of(place, kept.card.ref)))
    before = place.reconciliation().last()
    frozen = evolve(line_of(place, kept.card.ref), state=BankState.FROZEN)
    place.tell(list_of(place, frozen))
    assert place.heard("L1").hearing is Hearing.CONFLICT
    assert place.card(kept.person).card.bank.state is BankState.ACTIVE
    assert place.reconciliation().last() == before
