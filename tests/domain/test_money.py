"""Money: whole fen, orders within what is owed, books that balance by construction."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations, product

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.cards_for_tests import NOON
from tests.domain.many_for_tests import check_many

from szunion.domain.ledger import (
    RETURNED,
    Balance,
    Entry,
    Transfer,
    balances,
    bank_clearing,
    ending,
    fund,
    member_account,
    reversal,
)
from szunion.domain.machine import Gap, Kind
from szunion.domain.orders import DISBURSEMENT, IN_FLIGHT, Order, OrderEvent, OrderState
from szunion.domain.payouts import Budget, Obligation
from szunion.domain.values import (
    CardId,
    Fen,
    ObligationId,
    OrderId,
    PersonId,
    RequestKey,
    of_columns,
)
from szunion.errors import Conflict, InvalidInput

E = OrderEvent
S = OrderState
AID = Fen(300_000)


def obligation(fen: Fen = AID) -> Obligation:
    return Obligation(
        id=ObligationId(1),
        key="pay:ha-spring-festival:2026:household:H1:1",
        payee=PersonId(7),
        item="ha-spring-festival",
        year=2026,
        fen=fen,
        decided=NOON,
        decided_by="review",
    )


def order(id_: int = 1, fen: Fen = AID, state: OrderState = S.DRAFT) -> Order:
    return Order(
        id=OrderId(id_),
        obligation=ObligationId(1),
        payee=PersonId(7),
        card=CardId(1),
        fen=fen,
        key=RequestKey("A" * 26),
        due=date(2026, 11, 24),
        state=state,
        made_by="maker",
    )


def test_an_order_counts_against_what_is_owed_until_the_bank_has_said_the_last_word() -> None:
    """Race 17: unknown counts as on its way, whatever its age."""
    assert frozenset(OrderState) - {S.DRAFT} - DISBURSEMENT.final == IN_FLIGHT


def test_settled_and_returned_in_any_order_with_copies_end_in_returned() -> None:
    """Race 18: a late copy of the settlement moves nothing."""
    for events in permutations((E.SETTLED, E.RETURNED, E.SETTLED)):
        now, waiting = order(state=S.SENT), []
        for sequence, event in enumerate(events, 1):
            after = now.told(event, sequence)
            if isinstance(after, Gap):
                waiting.append(after)
            else:
                now = after
        assert (now.state, now.settlement_missing) == (S.RETURNED, False)
        assert len(waiting) == 1


@pytest.mark.parametrize(("state", "event"), list(product(OrderState, OrderEvent)))
def test_a_word_moves_an_order_waits_or_is_refused_as_the_table_says(
    state: OrderState, event: OrderEvent
) -> None:
    """Whatever moves it leaves the highest number that the bank has given; the rest, nothing."""
    step = DISBURSEMENT.transition(state, event)
    for missing, (before, word) in product((False, True), ((4, 3), (4, 4), (4, 5))):
        one = evolve(order(state=state), sequence=before, settlement_missing=missing)
        if step is None and DISBURSEMENT.kind(event) is not Kind.FACT:
            with pytest.raises(Conflict, match="E-STATE-001"):
                one.told(event, word)
            continue
        after = one.told(event, word)
        fills = missing and event is E.SETTLED
        if step is None and not fills:
            assert isinstance(after, Gap)
            continue
        assert isinstance(after, Order)
        early = event is E.RETURNED and state is not S.SETTLED
        target = state if fills or step is None else step.target
        assert after == evolve(
            one,
            state=target,
            sequence=max(before, word),
            settlement_missing=not fills and (missing or early),
        )


def test_an_amount_is_more_than_nothing() -> None:
    for fen in (Fen(0), Fen(-1)):
        with pytest.raises(InvalidInput, match="E-PAY-004"):
            order(fen=fen)
        with pytest.raises(InvalidInput, match="E-PAY-004"):
            obligation(fen)
    assert order(fen=Fen(1)).fen == obligation(Fen(1)).fen == Fen(1)


def test_of_a_budget_what_is_not_committed_is_left() -> None:
    budget = Budget(item="ha-spring-festival", year=2026, ceiling=AID, committed=Fen(100_000))
    assert budget.left == Fen(200_000)


# --- the books ------------------------------------------------------------------------------

FUND, PAYABLE = fund("ha-spring-festival", 2026), "payable:4"


def pending(id_: int = 1, fen: Fen = AID) -> Transfer:
    return Transfer(
        id=id_, debit=PAYABLE, credit=FUND, fen=fen, entry=Entry.PENDING, code="order:1", at=NOON
    )


def test_a_pending_transfer_reserves_a_post_moves_and_a_void_frees() -> None:
    reserved = balances([pending()])
    assert reserved[FUND] == Balance(pending_credit=AID)
    assert reserved[FUND].drawn == AID
    posted = balances([pending(), ending(pending(), Entry.POST, id_=2, at=NOON)])
    assert posted[PAYABLE] == Balance(debit=AID)
    assert posted[PAYABLE].net == AID
    void = balances([pending(), ending(pending(), Entry.VOID, id_=2, at=NOON)])
    assert void[FUND] == Balance()


def test_a_reversal_takes_a_payment_back() -> None:
    post = ending(pending(), Entry.POST, id_=2, at=NOON)
    after = balances([pending(), post, reversal(post, id_=3, at=NOON)])
    assert after[FUND].net == after[PAYABLE].net == Fen(0)


def test_what_ends_no_open_pending_transfer_is_refused() -> None:
    post = ending(pending(), Entry.POST, id_=2, at=NOON)
    for story in (
        [post],
        [pending(), post, evolve(post, id=3)],
        [pending(), evolve(post, fen=Fen(1))],
        [pending(), evolve(post, debit=RETURNED)],
        [pending(), evolve(post, of=None)],
    ):
        with pytest.raises(Conflict, match="E-LEDGER-003"):
            balances(story)


def test_a_transfer_moves_something_from_one_account_to_another() -> None:
    with pytest.raises(InvalidInput, match="E-LEDGER-001"):
        pending(fen=Fen(0))
    with pytest.raises(InvalidInput, match="E-LEDGER-002"):
        evolve(pending(), debit=FUND)


ACCOUNTS = [FUND, PAYABLE, bank_clearing("sim"), member_account("m1"), RETURNED]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(1, 10**13)
        ).filter(lambda each: each[0] != each[1]),
        max_size=30,
    ),
    st.lists(st.sampled_from([Entry.POST, Entry.VOID, None]), max_size=30),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_books_always_balance(
    moves: list[tuple[str, str, int]], ends: list[Entry | None]
) -> None:
    story: list[Transfer] = []
    for number, (debit, credit, fen) in enumerate(moves):
        first = evolve(pending(10 * number, Fen(fen)), debit=debit, credit=credit)
        story.append(first)
        end = ends[number] if number < len(ends) else None
        if end is not None:
            story.append(ending(first, end, id_=10 * number + 1, at=NOON + timedelta(seconds=1)))
    after = balances(story).values()
    assert sum(each.net.amount for each in after) == 0
    assert sum(each.pending_debit.amount - each.pending_credit.amount for each in after) == 0
    assert all(each.pending_debit >= Fen(0) and each.pending_credit >= Fen(0) for each in after)


# --- fen ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [1.0, "1", True, None, 0.1 + 0.2])
def test_money_is_a_whole_number(wrong: object) -> None:
    with pytest.raises(InvalidInput, match="E-VALUE-001"):
        Fen(wrong)  # type: ignore[arg-type]


def test_money_prints_in_yuan_and_has_no_division_and_no_truth() -> None:
    assert str(Fen(2_160_000)) == "21,600.00"
    assert f"{Fen(-5)}" == "-0.05"
    assert Fen(6000) * 2 * 90 == Fen(1_080_000)
    with pytest.raises(TypeError):
        Fen(1) / 2  # type: ignore[operator]
    with pytest.raises(TypeError):
        bool(Fen(1))


@given(st.integers(-(10**13), 10**13), st.lists(st.integers(0, 1000), min_size=1, max_size=20))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_sharing_loses_no_fen(amount: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        with pytest.raises(InvalidInput):
            Fen(amount).allocate(weights)
        return
    shares = Fen(amount).allocate(weights)
    assert sum(share.amount for share in shares) == amount
    assert len(shares) == len(weights)


# --- many at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [[], ["A" * 26], ["A" * 26, "B2" * 13], ["A" * 25], ["A" * 26, "a" * 26], ["A" * 26, "A" * 27],
     ["A" * 25 + "\n"], ["A" * 26 + "\n" + "B" * 26], ["A" * 13, "\n".join(["A" * 12, "A" * 13])]],
)  # fmt: skip
def test_many_keys_are_what_each_is(texts: list[str]) -> None:
    check_many(RequestKey, texts, str)


def test_many_amounts_are_what_each_is() -> None:
    assert Fen.many([]) == []
    assert Fen.many([1, -2, 10**20]) == [Fen(1), Fen(-2), Fen(10**20)]
    for wrong in (True, 1.0, "1", None):
        with pytest.raises(InvalidInput, match="E-VALUE-001"):
            Fen.many([1, wrong])  # type: ignore[list-item]


def test_values_are_made_of_columns_of_one_length() -> None:
    assert of_columns(Fen, [1, 2]) == [Fen(1), Fen(2)]
    with pytest.raises(ValueError, match="argument"):
        of_columns(Fen, [1], [2])
