"""The bank says of a payment what cannot both be: nothing is paid on it, and a person sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.moneytown import PLENTY, WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import lasting_office

from szunion.application.office import Office
from szunion.application.payable_now import LeftOut
from szunion.domain.bank import (
    BankNotice,
    OrderAccepted,
    OrderRejected,
    OrderReturned,
    OrderSettled,
    Statement,
    StatementKind,
    StatementLine,
)
from szunion.domain.inbox import Hearing
from szunion.domain.ledger import fund
from szunion.domain.orders import Order, OrderState
from szunion.domain.payouts import Obligation, PayoutBatch
from szunion.domain.statement_lines import LineVerdict
from szunion.domain.values import Fen
from szunion.errors import Conflict

AID = Fen(300_000)
PAID, BACK = StatementKind.PAID, StatementKind.RETURNED
AGREES, NEWS = LineVerdict.AGREES, LineVerdict.NEWS
NOT_EXPECTED = LineVerdict.NOT_EXPECTED


@pytest.fixture
def town(office: Office) -> MoneyTown:
    return money_town_on(office)


def sent(town: MoneyTown) -> tuple[Obligation, PayoutBatch, Order]:
    """Return what is owed to one member, and the order that is at the bank."""
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    owed = town.grant(person)
    payout = town.pay()
    town.cards.run()
    return owed, payout, town.orders(payout)[0]


def word(town: MoneyTown, order: Order, kind: str, sequence: int, event: str = "") -> BankNotice:
    told = town.told(order, sequence, event or f"{kind}-{sequence}")
    match kind:
        case "accepted":
            return OrderAccepted(told=told, order=order.key)
        case "rejected":
            return OrderRejected(told=told, order=order.key, bank_code="E1", bank_text="户名不符")
        case "settled":
            return OrderSettled(told=told, order=order.key, fen=order.fen)
        case _:
            return OrderReturned(told=told, order=order.key, fen=order.fen)


def statement(
    town: MoneyTown, number: int, lines: Sequence[tuple[Order, StatementKind]], day: date
) -> Statement:
    told = evolve(town.told(lines[0][0], number, f"statement-{number}"), stream="statements")
    moved = tuple(StatementLine(order.key, kind, order.fen) for order, kind in lines)
    return Statement(told=told, day=day, lines=moved)


def left_out(town: MoneyTown) -> list[LeftOut]:
    draft = town.treasury().draft(WARMTH, YEAR)
    assert draft.payout is None
    return [why for _, why in draft.left_out]


def drawn(town: MoneyTown) -> tuple[Fen, Fen]:
    """Return what has left the fund by the books, and what the budget holds committed."""
    budget = town.treasury().budget(WARMTH, YEAR)
    assert budget is not None
    return town.treasury().account(fund(WARMTH, YEAR)).drawn, budget.committed


# --- refused and paid ------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [("rejected", "settled"), ("settled", "rejected")])
@pytest.mark.parametrize("sequences", [(2, 3), (3, 2), (0, 0)])
def test_refused_and_paid_counts_as_paid_whichever_was_said_first(
    town: MoneyTown, kinds: tuple[str, str], sequences: tuple[int, int]
) -> None:
    """Paying it again would pay twice; a person sees the contradiction."""
    owed, payout, order = sent(town)
    notices = [
        word(town, order, kind, sequence, kind)
        for kind, sequence in zip(kinds, sequences, strict=True)
    ]
    town.cards.tell(notices[0])
    town.cards.tell(notices[1])
    (after,) = town.orders(payout)
    assert after.state is OrderState.SETTLED
    heard = town.cards.heard(notices[1].told.event_id)
    assert (heard.hearing, heard.reason) == (Hearing.CONFLICT, "E-PAY-018")
    assert [each.event_id for each in town.cards.books().troubles()] == [notices[1].told.event_id]
    assert town.owed(owed).settled == AID
    assert left_out(town) == []
    assert drawn(town) == (AID, AID)
    town.check_books()
    town.cards.tell(word(town, order, "returned", 9))
    assert drawn(town) == (Fen(0), Fen(0)), "the books take it back like any other"
    assert left_out(town) == [LeftOut.CONTRADICTED]
    town.check_books()


def test_a_statement_that_shows_a_refused_payment_settles_it(town: MoneyTown) -> None:
    """The statement is what moved: the payment is in the books, and is not made again."""
    owed, payout, order = sent(town)
    town.cards.tell(word(town, order, "rejected", 2))
    assert town.treasury().preview(WARMTH, YEAR).orders == 1, "refused: it may be paid again"
    day = town.cards.clock.today()
    town.cards.tell(statement(town, 1, [(order, PAID)], day))
    assert [line.verdict for line in town.treasury().statement(day)] == [NEWS]
    assert town.orders(payout)[0].state is OrderState.SETTLED
    assert town.owed(owed).settled == AID
    assert town.treasury().preview(WARMTH, YEAR).orders == 0
    assert drawn(town) == (AID, AID)
    town.check_books()


def test_what_was_ordered_again_meanwhile_leaves_no_room_and_the_rest_of_the_statement_counts(
    town: MoneyTown,
) -> None:
    """Both were paid: no line is lost for it, and the next pay-out waits for a person."""
    owed, payout, first = sent(town)
    town.cards.tell(word(town, first, "rejected", 2))
    again = town.pay()
    town.cards.run()
    (second,) = town.orders(again)
    town.cards.tell(word(town, first, "settled", 3))
    assert town.cards.heard("settled-3").hearing is Hearing.ASIDE
    day = town.cards.clock.today()
    town.cards.tell(statement(town, 1, [(first, PAID), (second, PAID)], day))
    assert [line.verdict for line in town.treasury().statement(day)] == [NOT_EXPECTED, NEWS]
    assert town.orders(payout)[0].state is OrderState.REJECTED
    assert town.orders(again)[0].state is OrderState.SETTLED
    assert town.owed(owed).settled == AID
    assert not town.treasury().books().explained
    town.check_books()


def test_a_budget_that_is_used_up_makes_no_statement_unreadable(office: Office) -> None:
    town = money_town_on(office, budget=AID)
    first, other = town.cards.admit(2)
    town.cards.activate([first, other])
    town.grant(first)
    payout = town.pay()
    town.cards.run()
    (order,) = town.orders(payout)
    town.cards.tell(word(town, order, "rejected", 2))
    owed = town.grant(other)
    draft = town.treasury().draft(WARMTH, YEAR, only=[owed.id]).payout
    assert draft is not None
    town.treasury(town.f2).approve(draft.id)
    day = town.cards.clock.today()
    town.cards.tell(statement(town, 1, [(order, PAID)], day))
    assert [line.verdict for line in town.treasury().statement(day)] == [NOT_EXPECTED]
    assert town.cards.heard("statement-1").hearing is Hearing.OBEYED


# --- shown twice -----------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(days=1)])
def test_a_payment_that_the_bank_shows_twice_differs(town: MoneyTown, apart: timedelta) -> None:
    """It left the account twice: the second line is no copy of the first."""
    _, payout, order = sent(town)
    town.settle(payout)
    day = town.cards.clock.today()
    if apart:
        town.cards.tell(statement(town, 1, [(order, PAID)], day))
        town.cards.tell(statement(town, 2, [(order, PAID)], day + apart))
    else:
        town.cards.tell(statement(town, 1, [(order, PAID), (order, PAID)], day))
    (line,) = town.treasury().books().lines
    assert (line.day, line.verdict) == (day + apart, NOT_EXPECTED)
    (person,) = town.cards.admit(1, start=9)
    town.cards.activate([person])
    town.grant(person)
    draft = town.treasury().draft(WARMTH, YEAR).payout
    assert draft is not None
    with pytest.raises(Conflict, match="E-PAY-014"):
        town.treasury(town.f2).approve(draft.id)


def test_what_came_back_and_went_out_again_differs_and_is_not_paid_a_third_time(
    town: MoneyTown,
) -> None:
    _, payout, order = sent(town)
    town.settle(payout)
    day = town.cards.clock.today()
    town.cards.tell(statement(town, 1, [(order, PAID), (order, BACK), (order, PAID)], day))
    verdicts = [line.verdict for line in town.treasury().statement(day)]
    assert verdicts == [AGREES, NEWS, NOT_EXPECTED]


def test_a_line_that_was_corrected_agrees(town: MoneyTown) -> None:
    """What was shown with another amount has not been shown."""
    _, payout, order = sent(town)
    town.settle(payout)
    day = town.cards.clock.today()
    wrong = statement(town, 1, [(order, PAID)], day)
    town.cards.tell(evolve(wrong, lines=(evolve(wrong.lines[0], fen=Fen(1)),)))
    town.cards.tell(statement(town, 2, [(order, PAID)], day + timedelta(days=1)))
    (line,) = town.treasury().statement(day + timedelta(days=1))
    assert line.verdict is AGREES


# --- what is doubtful is paid by name alone --------------------------------------------------


def test_paid_again_by_the_bank_after_it_came_back_is_paid_by_name_alone(town: MoneyTown) -> None:
    owed, payout, order = sent(town)
    for notice in (
        word(town, order, "settled", 2), word(town, order, "returned", 3),
        word(town, order, "settled", 4),
    ):  # fmt: skip
        town.cards.tell(notice)
    assert town.orders(payout)[0].state is OrderState.RETURNED, "no notice leaves a final state"
    assert town.cards.heard("settled-4").hearing is Hearing.CONFLICT
    assert left_out(town) == [LeftOut.CONTRADICTED]
    named = town.treasury().draft(WARMTH, YEAR, only=[owed.id]).payout
    assert named is not None
    town.cards.clock.advance(seconds=1)
    town.treasury(town.f2).approve(named.id)
    town.cards.run()
    assert town.orders(named)[0].state is OrderState.ACCEPTED
    town.check_books()


def test_a_second_order_in_the_queue_is_stopped_when_the_first_turns_out_doubtful(
    town: MoneyTown,
) -> None:
    owed, payout, order = sent(town)
    town.cards.tell(word(town, order, "settled", 2), word(town, order, "returned", 3))
    due = town.cards.clock.today() + timedelta(days=7)
    draft = town.treasury().draft(WARMTH, YEAR, due=due).payout
    assert draft is not None
    town.treasury(town.f2).approve(draft.id)
    town.cards.pass_time(days=1)
    town.cards.tell(word(town, order, "settled", 4))
    town.cards.pass_time(days=7)
    (second,) = town.orders(draft)
    assert second.state is OrderState.CANCELLED
    assert town.owed(owed).in_flight == Fen(0)
    assert drawn(town) == (Fen(0), Fen(0))
    assert left_out(town) == [LeftOut.CONTRADICTED]
    assert town.orders(payout)[0].state is OrderState.RETURNED


def test_one_event_id_with_two_contents_leaves_the_payment_to_a_person(town: MoneyTown) -> None:
    _, payout, order = sent(town)
    town.cards.tell(word(town, order, "rejected", 2, "one"))
    town.cards.tell(word(town, order, "accepted", 2, "one"))
    assert town.cards.heard("one").hearing is Hearing.CONFLICT
    assert town.orders(payout)[0].state is OrderState.REJECTED
    assert left_out(town) == [LeftOut.CONTRADICTED]


@pytest.mark.parametrize("copies", [1, 2])
def test_what_waits_in_the_queue_is_stopped_when_an_event_id_comes_with_another_content(
    town: MoneyTown, copies: int
) -> None:
    """The contradiction is as old as its second content, not as what was said first."""
    owed, payout, order = sent(town)
    town.cards.tell(word(town, order, "rejected", 2, "one"))
    town.cards.pass_time(days=1)
    due = town.cards.clock.today() + timedelta(days=7)
    draft = town.treasury().draft(WARMTH, YEAR, due=due).payout
    assert draft is not None
    town.treasury(town.f2).approve(draft.id)
    town.cards.pass_time(days=1)
    for _ in range(copies):
        town.cards.tell(word(town, order, "accepted", 2, "one"))
    town.cards.pass_time(days=7)
    assert town.orders(draft)[0].state is OrderState.CANCELLED
    assert town.orders(payout)[0].state is OrderState.REJECTED
    assert left_out(town) == [LeftOut.CONTRADICTED]
    assert town.owed(owed).in_flight == Fen(0)


def test_a_copy_of_a_contradiction_does_not_stop_what_finance_named_after_it(
    town: MoneyTown,
) -> None:
    """The bank sends what it is not thanked for again: that is nothing new."""
    owed, _, order = sent(town)
    town.cards.tell(word(town, order, "rejected", 2, "one"))
    town.cards.pass_time(days=1)
    town.cards.tell(word(town, order, "accepted", 2, "one"))
    town.cards.pass_time(days=1)
    named = town.treasury().draft(WARMTH, YEAR, only=[owed.id]).payout
    assert named is not None
    town.cards.pass_time(days=1)
    town.cards.tell(word(town, order, "accepted", 2, "one"))
    town.treasury(town.f2).approve(named.id)
    town.cards.run()
    assert town.orders(named)[0].state is OrderState.ACCEPTED


def test_what_was_set_aside_and_then_contradicted_leaves_the_payment_to_a_person(
    town: MoneyTown,
) -> None:
    """What is about no order that we could obey is about one all the same, once both are heard."""
    _, payout, order = sent(town)
    wrong = word(town, order, "settled", 2, "one")
    assert isinstance(wrong, OrderSettled)
    town.cards.tell(evolve(wrong, fen=Fen(1)))
    assert town.cards.heard("one").hearing is Hearing.ASIDE
    town.cards.tell(wrong)
    assert (town.cards.heard("one").hearing, town.cards.heard("one").subject) == (
        Hearing.CONFLICT,
        order.id,
    )
    town.cards.tell(word(town, order, "rejected", 3))
    assert town.orders(payout)[0].state is OrderState.REJECTED
    assert left_out(town) == [LeftOut.CONTRADICTED]


# --- any words in any order ------------------------------------------------------------------

WORDS = st.lists(
    st.tuples(
        st.sampled_from(["accepted", "rejected", "settled", "returned", "paid", "back", "again"]),
        st.integers(0, 6),
    ),
    max_size=10,
)


@given(WORDS)
@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
def test_after_any_words_the_books_balance_and_no_payment_is_made_beside_one_that_arrived(
    story: list[tuple[str, int]],
) -> None:
    """Whatever the bank says and finance does: one obligation never counts more than it is.

    Who drafts whatever is open never pays where the last that was heard of an order is that it
    arrived.
    """
    with lasting_office("memory", Path()) as office:
        town = money_town_on(office, budget=PLENTY)
        owed, _, _ = sent(town)
        for number, (what, sequence) in enumerate(story):
            newest = town.treasury().tries(owed.id)[-1]
            if what == "again":
                draft = town.treasury().draft(WARMTH, YEAR).payout
                if draft is not None and town.treasury().books().explained:
                    town.treasury(town.f2).approve(draft.id)
                    town.cards.run()
            elif what in {"paid", "back"}:
                kind = PAID if what == "paid" else BACK
                day = town.cards.clock.today() + timedelta(days=sequence)
                town.cards.tell(statement(town, number, [(newest, kind)], day))
            else:
                town.cards.tell(word(town, newest, what, sequence, f"e{number}"))
            town.check_books()
            now = town.owed(owed)
            tries = town.treasury().tries(owed.id)
            arrived = sum(each.fen.amount for each in tries if each.state is OrderState.SETTLED)
            assert now.settled == Fen(arrived)
            assert now.settled + now.in_flight <= now.fen
            assert drawn(town) == (now.settled + now.in_flight,) * 2
