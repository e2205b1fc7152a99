"""The same key with another content is refused, wherever it comes by: at the bank, and at ours.

A thousand pairs of requests, each a copy of the other but for one thing, and a thousand pairs of
notices: the first of each pair counts, the second changes nothing and is seen.
"""

from __future__ import annotations

from random import Random
from threading import Barrier, Thread

import pytest
from attrs import evolve
from tests.adapters.bank.sample import SOON, a_bank_with_cards, key
from tests.moneytown import MoneyTown, money_town_on
from tests.offices import engine

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.domain.access import Operation
from szunion.domain.bank import OrderReturned, OrderSettled, Told
from szunion.domain.bank_requests import Answer, PayLine, PayOut
from szunion.domain.inbox import Hearing
from szunion.domain.orders import OrderState
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.values import Fen
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork

PAIRS = 1000


def other(request: PayOut, luck: Random, cards: int) -> PayOut:
    """Return a request of the same key that differs in one thing."""
    first, *rest = request.lines
    match luck.randrange(5):
        case 0:
            return evolve(request, lines=(evolve(first, fen=first.fen + Fen(1)), *rest))
        case 1:
            return evolve(request, lines=(first,))
        case 2:
            again = evolve(first, order=key(f"{first.order}-again"))
            return evolve(request, lines=(first, *rest, again))
        case 3:
            payee = evolve(first.payee, psn=first.payee.psn + 1 + luck.randrange(cards))
            return evolve(request, lines=(evolve(first, payee=payee), *rest))
        case _:
            return evolve(request, lines=(*rest, first))


def test_a_thousand_requests_with_a_known_key_and_other_content_are_refused_by_the_bank() -> None:
    bank, _, cards = a_bank_with_cards(3)
    luck = Random(7)
    for number in range(PAIRS):
        lines = [
            PayLine(order=key(f"order-{number}-{place}"), payee=luck.choice(cards),
                    fen=Fen(luck.randrange(1, 10**6)), remark="测试")
            for place in range(2)
        ]  # fmt: skip
        request = PayOut(key=key(f"pay-{number}"), lines=tuple(lines))
        taken = bank.send(request, deadline=SOON)
        assert taken.answer is Answer.ACCEPTED
        refused = bank.send(other(request, luck, len(cards)), deadline=SOON)
        assert (refused.answer, refused.bank_code) == (Answer.REFUSED, "B001")
        assert bank.send(request, deadline=SOON) == taken, "the first one stands"
        assert bank.ask(request.key, deadline=SOON) == taken
    assert len(bank.truth.orders) == 2 * PAIRS
    assert set(bank.truth.effects.values()) == {1}


@pytest.fixture
def town(office: Office) -> MoneyTown:
    return money_town_on(office)


def test_a_thousand_notices_with_a_known_id_and_other_content_change_nothing(
    town: MoneyTown,
) -> None:
    people = town.cards.admit(10)
    town.cards.activate(people)
    for person in people:
        town.grant(person)
    payout = town.pay()
    town.cards.run()
    orders, luck = town.orders(payout), Random(8)
    pairs = []
    for number in range(PAIRS):
        order = orders[number % len(orders)]
        told = Told(
            event_id=f"event-{number}", stream=f"order-{order.key}", sequence=1000 + number,
            effective=town.cards.clock.now(),
        )  # fmt: skip
        settled = OrderSettled(told=told, order=order.key, fen=order.fen)
        false: OrderSettled | OrderReturned
        match luck.randrange(3):
            case 0:
                false = evolve(settled, order=luck.choice(orders).key, fen=order.fen + Fen(1))
            case 1:
                false = evolve(settled, fen=Fen(1))
            case _:
                false = OrderReturned(told=told, order=order.key, fen=order.fen, reason="?")
        pairs.append((settled, false))
    for start in range(0, PAIRS, 100):
        town.cards.tell(*(true for true, _ in pairs[start : start + 100]))
        town.cards.tell(*(false for _, false in pairs[start : start + 100]))
    for settled, _ in pairs:
        assert town.cards.heard(settled.told.event_id).hearing is Hearing.CONFLICT
    assert {each.state for each in town.orders(payout)} == {OrderState.SETTLED}
    town.check_books()


def test_of_50_threads_with_one_key_the_store_keeps_one(town: MoneyTown) -> None:
    barrier, kept = Barrier(50), list[int]()

    def dispatch(unit: UnitOfWork, number: int) -> None:
        scope = authorise(unit, engine(), Operation.BANK_DESK)
        id_ = unit.ids.new()
        unit.outbox.add(
            scope,
            Dispatch(
                id=id_, kind=DispatchKind.PAY_OUT, key=key("one"), digest=f"content {number}",
                subject=id_, aggregate=id_, sequence=1, created=unit.now, due=unit.now,
            ),
        )  # fmt: skip

    def one(number: int) -> None:
        barrier.wait(60)
        try:
            town.office.storage.run(lambda unit: dispatch(unit, number))
        except Conflict as error:
            assert error.code == "E-STORE-004"  # noqa: PT017
        else:
            kept.append(number)

    threads = [Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 1
    found = town.cards.look(lambda work, scope: work.outbox.by_key(scope, key("one")))
    assert found is not None
    assert found.digest == f"content {kept[0]}"
