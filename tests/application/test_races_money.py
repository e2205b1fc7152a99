"""The races of money on its way: whatever is lost, doubled or late, one payment for one debt."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from attrs import evolve
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import engine

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.records import OrderState as AtBank
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.application.money_moves import pseudonym
from szunion.application.office import Office
from szunion.domain.access import Operation
from szunion.domain.bank import (
    BankNotice,
    OrderAccepted,
    OrderRejected,
    OrderReturned,
    OrderSettled,
)
from szunion.domain.inbox import Hearing
from szunion.domain.ledger import fund
from szunion.domain.machine import Gap
from szunion.domain.orders import IN_FLIGHT, Order, OrderEvent, OrderState
from szunion.domain.outbox import DispatchState
from szunion.domain.payouts import Obligation, PayoutBatch, PayoutState
from szunion.domain.values import Fen, OrderId, PayoutBatchId, PersonId, RequestKey
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork

AID = Fen(300_000)


@pytest.fixture
def town(office: Office) -> MoneyTown:
    return money_town_on(office)


def owing(town: MoneyTown, count: int = 1) -> list[tuple[PersonId, Obligation]]:
    """Return members with an active card and a grant each."""
    people = town.cards.admit(count)
    town.cards.activate(people)
    return [(person, town.grant(person)) for person in people]


def arrived(town: MoneyTown, person: PersonId) -> Fen:
    account = town.cards.bank.truth.account_of(town.cards.card(person).card.ref)
    assert account is not None
    return account.fen


def told_of(town: MoneyTown, order: Order) -> list[BankNotice]:
    """Return what the bank has told of an order's money, oldest first."""
    return [
        notice
        for notice in town.cards.bank.truth.told
        if isinstance(notice, OrderAccepted | OrderSettled | OrderReturned)
        and notice.order == order.key
    ]


def second_order(town: MoneyTown, first: Order) -> PayoutBatch:
    """Return a draft of a second order for the obligation, made behind the treasury's back."""

    def work(unit: UnitOfWork) -> PayoutBatch:
        scope = authorise(unit, engine(), Operation.BANK_DESK)
        id_ = PayoutBatchId(unit.ids.new())
        payout = PayoutBatch(
            id=id_, key=unit.vault.request_key(f"planted:{id_}"), item=WARMTH, year=YEAR,
            orders=1, total=first.fen, made=unit.now, made_by="finance-1",
        )  # fmt: skip
        unit.payouts.add(scope, payout)
        again = evolve(
            first, id=OrderId(unit.ids.new(first.id >> 53)), batch=id_, state=OrderState.DRAFT,
            key=unit.vault.request_key(f"planted-order:{id_}"), approved_by=None, part=0,
            sequence=0, version=0,
        )  # fmt: skip
        unit.orders.add_many(scope, [again])
        return payout

    return town.office.storage.run(work)


# --- 17 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plan",
    [
        FaultPlan(drop_response=1.0, drop_question=1.0, delay_notice=1.0),
        FaultPlan(error_after_acting=1.0, drop_question=1.0, delay_notice=1.0),
    ],
)
def test_race_17_after_a_time_out_it_is_unknown_until_the_bank_says_what_became_of_it(
    town: MoneyTown, plan: FaultPlan
) -> None:
    """F2, F3: the bank acted, its answer is lost, or a 500: ask by key, never send another."""
    ((person, owed),) = owing(town)
    bank = town.cards.bank
    bank.faults = plan
    payout = town.pay()
    town.cards.run()
    (order,) = town.orders(payout)
    assert order.state is OrderState.UNKNOWN
    bank.faults = FaultPlan.none()
    town.cards.settle_down(timedelta(hours=2))
    (order,) = town.orders(payout)
    assert order.state is OrderState.ACCEPTED, "asked by key"
    town.settle(payout)
    (key,) = town.request_keys(payout)
    assert bank.truth.arrived[key] == 1, "never sent again"
    assert bank.truth.effects[order.key] == 1
    assert arrived(town, person) == AID
    assert town.owed(owed).settled == AID
    town.check_books()


def test_race_17_nothing_leaves_unknown_by_age(town: MoneyTown) -> None:
    ((person, owed),) = owing(town)
    town.cards.bank.faults = FaultPlan(drop_request=1.0, drop_question=1.0)
    payout = town.pay()
    town.cards.run()
    for _ in range(30):
        town.cards.pass_time(days=1)
    (order,) = town.orders(payout)
    assert order.state is OrderState.UNKNOWN
    assert town.owed(owed).in_flight == AID
    assert town.treasury().draft(WARMTH, YEAR).payout is None, "nothing is open to be ordered"
    assert town.treasury().draft(WARMTH, YEAR, only=[owed.id]).payout is None
    town.cards.bank.faults = FaultPlan.none()
    town.cards.settle_down()
    town.settle(payout)
    assert arrived(town, person) == AID
    assert len(town.treasury().tries(owed.id)) == 1
    town.check_books()


def test_race_17_no_second_order_is_approved_beside_an_unknown_one(town: MoneyTown) -> None:
    """The sum rule stands in the database: a draft from anywhere cannot get past it."""
    ((person, owed),) = owing(town)
    town.cards.bank.faults = FaultPlan(drop_response=1.0, drop_question=1.0)
    payout = town.pay()
    town.cards.run()
    (order,) = town.orders(payout)
    planted = second_order(town, order)
    with pytest.raises(Conflict, match="E-PAY-005"):
        town.treasury(town.f2).approve(planted.id, total=planted.total)
    assert town.treasury().get(planted.id).state is PayoutState.DRAFT
    assert town.owed(owed).in_flight == AID
    assert town.treasury().account(fund(WARMTH, YEAR)).drawn == AID
    town.cards.bank.heal()
    town.cards.settle_down()
    town.settle(payout)
    with pytest.raises(Conflict, match="E-PAY-005"):
        town.treasury(town.f2).approve(planted.id, total=planted.total)
    assert arrived(town, person) == AID


def test_race_17_the_store_itself_refuses_more_than_is_owed(town: MoneyTown) -> None:
    ((_, owed),) = owing(town)

    def beyond(unit: UnitOfWork) -> None:
        scope = authorise(unit, engine(), Operation.BANK_DESK)
        unit.obligations.move(scope, {owed.id: (Fen(0), owed.fen + Fen(1))})

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(beyond)
    if isinstance(town.office.storage, SqliteStorage):
        connection = town.office.storage._connection()
        for column in ("settled", "in_flight"):
            with pytest.raises(sqlite3.IntegrityError, match="settled \\+ in_flight"):
                connection.execute(
                    f"UPDATE obligation SET {column} = fen + 1 WHERE obligation_id = ?", (owed.id,)
                )
    assert town.owed(owed).in_flight == Fen(0)


# --- 18 --------------------------------------------------------------------------------------


def test_race_18_settled_returned_and_a_late_copy_of_settled_stays_returned(
    town: MoneyTown,
) -> None:
    """In every order of the three: RETURNED stays, the copy is a duplicate, it is owed again."""
    orders = sorted(set(permutations((0, 1, 0))))
    pairs = owing(town, len(orders))
    payout = town.pay()
    town.cards.run()
    by_payee = {order.payee: order for order in town.orders(payout)}
    told: dict[PersonId, Sequence[BankNotice]] = {}
    for person, _ in pairs:
        key = by_payee[person].key
        town.cards.bank.simulate.settle(key)
        town.cards.bank.simulate.return_payment(key)
        settled, returned = told_of(town, by_payee[person])[-2:]
        told[person] = (settled, returned)
    for (person, owed), places in zip(pairs, orders, strict=True):
        for place in places:
            town.cards.tell(told[person][place])
        copy = told[person][0]
        assert isinstance(copy, OrderSettled)
        assert town.cards.heard(copy.told.event_id).copies == 1
        (order,) = [one for one in town.orders(payout) if one.payee == person]
        assert order.state is OrderState.RETURNED, places
        assert not order.settlement_missing, places
        left = town.owed(owed)
        assert (left.settled, left.in_flight) == (Fen(0), Fen(0)), "it is owed again"
    town.check_books()
    assert town.treasury().account(fund(WARMTH, YEAR)).drawn == Fen(0)


def test_race_18_a_new_order_names_the_returned_one_and_pays_once(town: MoneyTown) -> None:
    ((person, owed),) = owing(town)
    payout = town.pay()
    town.cards.run()
    (first,) = town.orders(payout)
    town.settle(payout)
    town.cards.bank.simulate.return_payment(first.key)
    town.cards.run()
    assert arrived(town, person) == Fen(0)
    again = town.pay()
    (second,) = town.orders(again)
    assert second.replaces == first.id
    assert second.key != first.key
    town.cards.run()
    town.settle(again)
    settled, _ = told_of(town, first)[-2:]
    town.cards.tell(evolve(settled, told=evolve(settled.told, event_id="late-copy")))
    assert town.cards.heard("late-copy").hearing is Hearing.LATE
    tries = town.treasury().tries(owed.id)
    assert [each.state for each in tries] == [OrderState.RETURNED, OrderState.SETTLED]
    assert town.owed(owed).settled == AID
    assert arrived(town, person) == AID
    town.check_books()


E = OrderEvent
WORDS = tuple(permutations((E.ACCEPTED, E.REJECTED, E.SETTLED, E.RETURNED), 3))
"""What the bank may say of one order, in the order in which it arrives."""
SEQUENCES = {E.ACCEPTED: 11, E.REJECTED: 12, E.SETTLED: 13, E.RETURNED: 14}


def word(town: MoneyTown, order: Order, event: OrderEvent) -> BankNotice:
    """Return what the bank says, with the number that it gave it when it happened there."""
    told = town.told(order, SEQUENCES[event], f"{order.key}-{event.value}")
    match event:
        case E.ACCEPTED:
            return OrderAccepted(told=told, order=order.key)
        case E.REJECTED:
            return OrderRejected(told=told, order=order.key, bank_code="R7", bank_text="账户冻结")
        case E.SETTLED:
            return OrderSettled(told=told, order=order.key, fen=order.fen)
        case _:
            return OrderReturned(told=told, order=order.key, fen=order.fen, reason="户名不符")


def test_whatever_the_bank_says_in_any_order_all_books_say_what_the_order_says(
    town: MoneyTown,
) -> None:
    """Obligation, budget, ledger, audit log: each moves with every step, and by nothing else."""
    pairs = dict(owing(town, len(WORDS)))
    payout = town.pay()
    town.cards.run()
    committed = AID.amount * len(WORDS)
    for order, words in zip(town.orders(payout), WORDS, strict=True):
        owed, account = (
            pairs[order.payee],
            town.cards.look(
                lambda work, _, who=order.payee: pseudonym(work, who)  # type: ignore[misc]
            ),
        )
        now, counted = order, AID.amount
        for event in words:
            notice = word(town, order, event)
            fills = event is E.SETTLED and now.settlement_missing
            odd = now.contradicted_by(event, SEQUENCES[event])
            late = 0 < SEQUENCES[event] < now.sequence and not fills and not odd
            after = now if late else now.told(event, SEQUENCES[event])
            town.cards.tell(notice)
            heard = town.cards.heard(notice.told.event_id).hearing
            (found,) = town.cards.look(
                lambda work, scope, key=order.key: work.orders.by_keys(scope, [key]).values()  # type: ignore[misc]
            )
            if late or isinstance(after, Gap):
                assert (heard, found) == (Hearing.CONFLICT if odd else Hearing.LATE, now)
                continue
            early = after.settlement_missing and not now.settlement_missing
            moved = Hearing.CONFLICT if odd else Hearing.OBEYED
            assert heard is (Hearing.GAP if early else moved)
            said = {E.REJECTED: ("R7", "账户冻结"), E.RETURNED: (now.bank_code, "户名不符")}
            code, text = said.get(event, (now.bank_code, now.bank_text))
            assert found == evolve(after, bank_code=code, bank_text=text, version=now.version + 1)
            entry = town.cards.log_of(order.payee)[-1]
            assert (entry.action, entry.before, entry.after, entry.reason) == (
                f"order.{event.value}", now.state.value, after.state.value,
                "R7" if event is E.REJECTED else "",
            )  # fmt: skip
            now = found
        arrived = AID if now.state is OrderState.SETTLED else Fen(0)
        waiting = AID if now.state in IN_FLIGHT else Fen(0)
        left = town.owed(owed)
        assert (left.settled, left.in_flight) == (arrived, waiting), words
        assert town.treasury().account(account).net == arrived, words
        committed += (arrived + waiting).amount - counted
        budget = town.treasury().budget(WARMTH, YEAR)
        assert budget is not None
        assert (
            budget.committed == Fen(committed) == town.treasury().account(fund(WARMTH, YEAR)).drawn
        )
    town.check_books()


def test_what_the_bank_says_of_another_amount_or_of_no_order_of_ours_is_set_aside(
    town: MoneyTown,
) -> None:
    owing(town)
    payout = town.pay()
    town.cards.run()
    (order,) = town.orders(payout)
    for number, wrong in enumerate(
        (
            evolve(order, fen=order.fen + Fen(1)),
            evolve(order, fen=order.fen - Fen(1)),
            evolve(order, key=RequestKey("Z" * 26)),
        )
    ):
        for event in (E.SETTLED, E.RETURNED):
            notice = word(town, wrong, event)
            assert isinstance(notice, OrderSettled | OrderReturned)
            notice = evolve(notice, told=evolve(notice.told, event_id=f"W{number}-{event.value}"))
            town.cards.tell(notice)
            heard = town.cards.heard(notice.told.event_id)
            code = "E-PAY-013" if wrong.key == order.key else "E-BANK-015"
            assert (heard.hearing, heard.reason) == (Hearing.ASIDE, code)
    assert town.orders(payout) == [order]


# --- 27 --------------------------------------------------------------------------------------


def test_race_27_never_seen_sent_again_and_then_the_first_turns_up_is_one_payment(
    town: MoneyTown,
) -> None:
    """The key and the bytes are the same, so whichever comes first is paid, and no other."""
    ((person, owed),) = owing(town)
    bank, settling = town.cards.bank, town.cards.bank.info.settling
    bank.faults = FaultPlan(delay_request=1.0, most_delay=timedelta(days=1000))
    payout = town.pay()
    town.cards.run()
    (key,) = town.request_keys(payout)
    (order,) = town.orders(payout)
    assert key not in bank.truth.arrived, "it is still under way"
    assert order.state is OrderState.UNKNOWN
    bank.faults = FaultPlan.none()
    town.cards.pass_time(seconds=settling.total_seconds() - 60)
    assert key not in bank.truth.arrived, "never seen does not count before the settling time"
    town.cards.settle_down(timedelta(days=2))
    assert bank.truth.arrived[key] == 1
    (order,) = town.orders(payout)
    assert order.state is OrderState.ACCEPTED, "never seen, sent again"
    town.settle(payout)
    bank.heal()
    town.cards.run()
    assert bank.truth.arrived[key] == 2, "the first one has turned up"
    assert bank.truth.effects[order.key] == 1
    seen = bank.truth.order(order.key)
    assert seen is not None
    assert seen.state is AtBank.SETTLED
    assert arrived(town, person) == AID
    assert town.owed(owed).settled == AID
    (dispatch,) = town.cards.look(lambda work, scope: work.outbox.of(scope, payout.id))
    assert dispatch.state is DispatchState.DONE
    assert len(town.treasury().tries(owed.id)) == 1, "never a new order beside it"
    town.check_books()
