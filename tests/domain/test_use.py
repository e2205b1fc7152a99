"""What stands against the use of a card: every reason, and who can lift it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.cards_for_tests import (
    NOON,
    active_card,
    card,
    first_city,
    hold,
    member,
    told,
    with_bank,
    yunhai,
)

from szunion.domain.bank import BankEvent, BankState
from szunion.domain.cards import (
    Card,
    UnionEvent,
    UnionFacet,
    UnionReason,
    UnionState,
    because,
    make_current,
)
from szunion.domain.holds import Hold, HoldEvent, HoldReason, HoldState, check_may_lift
from szunion.domain.machine import Actor
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.policy import Payable
from szunion.domain.use import (
    AtBank,
    ByUnion,
    Contradictory,
    Locked,
    NoRight,
    NotCurrent,
    Why,
    payable,
    use,
)
from szunion.domain.values import CardId, HoldId, OrganisationId
from szunion.errors import Conflict, NotAllowed, NotFound

POLICY = first_city().policy
MEMBER = member()


def why(one: Card) -> frozenset[Why]:
    return use(one, MEMBER, POLICY)


def test_a_members_active_enabled_current_card_is_usable() -> None:
    """M16: membership is enough; nothing else of the person is asked."""
    assert why(active_card()) == frozenset()


@pytest.mark.parametrize("state", [each for each in BankState if each is not BankState.ACTIVE])
def test_every_other_word_of_the_bank_stands_against_use(state: BankState) -> None:
    """M08: loss, cancellation and the like lock the card."""
    one = card(told(2, BankEvent.ACTIVATED, BankState.ACTIVE)).settled(carries_use=True)
    one = evolve(one, bank=card(told(3, BankEvent.CLOSED, state)).bank)
    assert why(one) == {AtBank(state)}
    over = state in {BankState.REPLACED, BankState.CLOSED}
    assert AtBank(state).lifted_by == (() if over else (Actor.BANK,))


@pytest.mark.parametrize(
    "reason", [MembershipReason.LEFT_CITY, MembershipReason.VOLUNTARY, MembershipReason.DECEASED]
)
def test_who_is_no_longer_a_member_has_a_card_that_is_not_usable(reason: MembershipReason) -> None:
    """M07: no longer a member, or left employment in the city."""
    ended = active_card().ended(reason)
    gone = member(MembershipState.LEFT, reason)
    assert use(ended, gone, POLICY) == {
        ByUnion(UnionState.REVOKED, because(reason)),
        NoRight(MembershipState.LEFT, reason),
    }


def test_every_reason_is_shown_at_once() -> None:
    locked = active_card().locked(hold(1)).locked(hold(2, HoldReason.INVESTIGATION))
    lost = with_bank(locked, BankState.LOSS_WRITTEN)
    old = evolve(lost, current=False)
    found = use(old, None, POLICY)
    assert found == {
        AtBank(BankState.LOSS_WRITTEN),
        ByUnion(UnionState.SUSPENDED, None),
        Locked(HoldId(1), HoldReason.MISUSE, OrganisationId(93), NOON, None),
        Locked(HoldId(2), HoldReason.INVESTIGATION, OrganisationId(93), NOON, None),
        NotCurrent(None),
        NoRight(None, None),
    }
    assert all(each.text.zh and each.text.en and each.lifted_by for each in found)


UNION_STATES = (
    UnionFacet(UnionState.PENDING),
    UnionFacet(UnionState.ENABLED),
    UnionFacet(UnionState.SUSPENDED),
    UnionFacet(UnionState.REVOKED, UnionReason.DECISION),
)


def test_the_use_table_is_the_sum_of_its_parts() -> None:
    """All of bank x union x hold x current x membership: usable in exactly one case."""
    usable = total = 0
    for bank, union, locked, current, state in product(
        BankState, UNION_STATES, (False, True), (False, True), MembershipState
    ):
        one = card(told(2, BankEvent.CLOSED, bank))
        holds = (hold(),) if locked else ()
        one = evolve(one, union=union, holds=holds, current=current)
        found = use(one, member(state, MembershipReason.RETIRED), POLICY)
        carries = state in {MembershipState.ACTIVE, MembershipState.RETAINED}
        expected = (
            (bank is not BankState.ACTIVE)
            + (union.state is not UnionState.ENABLED)
            + locked
            + (not current)
            + (not carries)
        )
        assert len(found) == expected
        usable += not found
        total += 1
    assert (usable, total) == (2, 9 * 4 * 2 * 2 * 7)


def test_whether_a_retained_member_may_use_the_card_is_the_citys_setting() -> None:
    retained = member(MembershipState.RETAINED, MembershipReason.RETIRED)
    one = active_card()
    assert use(one, retained, POLICY) == frozenset()
    assert use(one, retained, yunhai().policy) == {
        NoRight(MembershipState.RETAINED, MembershipReason.RETIRED)
    }


def test_the_banks_contradiction_stands_against_use_until_it_is_cleared() -> None:
    one = active_card()
    told_twice = card(
        told(2, BankEvent.ACTIVATED, BankState.ACTIVE),
        told(3, BankEvent.FROZEN, BankState.FROZEN),
        told(3, BankEvent.FROZEN, BankState.FROZEN, "other"),
    )
    assert why(evolve(one, bank=told_twice.bank)) == {Contradictory()}
    assert Contradictory().lifted_by == (Actor.BANK,)


# --- races between the two owners ---------------------------------------------------------------


def test_a_loss_stays_when_the_union_lifts_its_own_hold() -> None:
    """Race 1: locked until the bank undoes it; both reasons shown meanwhile."""
    both = with_bank(active_card().locked(hold()), BankState.LOSS_WRITTEN)
    assert {type(each) for each in why(both)} == {AtBank, ByUnion, Locked}
    lifted = both.unlocked(HoldId(1), HoldEvent.LIFT)
    assert why(lifted) == {AtBank(BankState.LOSS_WRITTEN)}
    assert why(with_bank(lifted, BankState.ACTIVE)) == frozenset()


def test_a_hold_stays_when_the_bank_undoes_the_loss() -> None:
    """Race 2: still locked by the hold, though the bank says active."""
    one = with_bank(with_bank(active_card(), BankState.LOSS_ORAL).locked(hold()), BankState.ACTIVE)
    assert {type(each) for each in why(one)} == {ByUnion, Locked}


def test_a_suspended_card_resumes_with_the_end_of_its_last_hold_alone() -> None:
    two = active_card().locked(hold(1)).locked(hold(2, until=NOON + timedelta(days=1)))
    one = two.unlocked(HoldId(1), HoldEvent.LIFT)
    assert (one.union.state, len(one.open_holds)) == (UnionState.SUSPENDED, 1)
    none = one.unlocked(HoldId(2), HoldEvent.EXPIRE)
    assert (none.union.state, none.open_holds) == (UnionState.ENABLED, ())
    assert [each.state for each in none.holds] == [HoldState.LIFTED, HoldState.EXPIRED]
    with pytest.raises(Conflict, match="E-STATE-001"):
        none.unlocked(HoldId(1), HoldEvent.LIFT)
    with pytest.raises(NotFound):
        none.unlocked(HoldId(3), HoldEvent.LIFT)
    with pytest.raises(Conflict, match="E-CARD-002"):
        one.unlocked(HoldId(2), HoldEvent.EXTEND)


def test_a_hold_on_a_pending_card_keeps_it_pending() -> None:
    pending = card(told(1, BankEvent.ISSUED, BankState.ISSUED)).locked(hold())
    assert pending.settled(carries_use=True).union.state is UnionState.PENDING
    freed = pending.unlocked(HoldId(1), HoldEvent.VOID)
    assert freed.settled(carries_use=False).union.state is UnionState.PENDING
    assert freed.settled(carries_use=True).union.state is UnionState.ENABLED


def test_a_hold_survives_the_end_of_a_membership_and_a_return() -> None:
    ended = active_card().locked(hold()).ended(MembershipReason.LEFT_CITY)
    assert ended.ended(MembershipReason.LEFT_CITY) == ended
    back = ended.rejoined().settled(carries_use=True)
    assert (back.union.state, len(back.open_holds)) == (UnionState.PENDING, 1)
    freed = back.unlocked(HoldId(1), HoldEvent.LIFT).settled(carries_use=True)
    assert why(freed) == frozenset()


def test_a_card_that_the_bank_ended_or_another_replaced_cannot_be_used_again() -> None:
    closed = with_bank(active_card(), BankState.CLOSED).ended(MembershipReason.VOLUNTARY)
    with pytest.raises(Conflict, match="E-CARD-003"):
        closed.rejoined()
    duplicate = active_card().ended(MembershipReason.DUPLICATE_PERSON)
    with pytest.raises(Conflict, match="E-CARD-003"):
        duplicate.rejoined()


def test_a_replacement_takes_over_when_it_is_activated_not_when_it_is_ordered() -> None:
    """Race 7, and M08: the old card's holds go with its holder, not with the plastic."""
    old = with_bank(active_card(1).locked(hold()), BankState.REPLACED)
    new = evolve(card(told(1, BankEvent.ISSUED, BankState.ISSUED), id_=2), current=False).settled(
        carries_use=True
    )
    assert {type(each) for each in why(new)} == {AtBank, NotCurrent}
    new = with_bank(new, BankState.ACTIVE)
    current, before = make_current(new, old)
    assert before is not None
    assert (current.current, before.current) == (True, False)
    assert (current.replaces, before.replaced_by) == (CardId(1), CardId(2))
    assert (before.union.state, before.union.reason) == (
        UnionState.REVOKED,
        UnionReason.SUPERSEDED,
    )
    assert before.open_holds == ()
    assert [each.card for each in current.open_holds] == [CardId(2)]
    assert {type(each) for each in why(current)} == {ByUnion, Locked}
    assert make_current(current, before)[0] == current
    assert make_current(current, current) == (current, current)


def test_a_late_fact_of_the_old_card_does_not_touch_the_new_one() -> None:
    """Race 6."""
    new, old = make_current(active_card(2), active_card(1))
    assert old is not None
    late = evolve(old, bank=old.bank.told(told(9, BankEvent.LOSS_WRITTEN, BankState.LOSS_WRITTEN)))
    assert why(new) == frozenset()
    assert AtBank(BankState.LOSS_WRITTEN) in why(late)


def test_the_first_card_has_no_predecessor() -> None:
    first = evolve(active_card(), current=False)
    assert make_current(first, None) == (evolve(first, current=True), None)


# --- holds ---------------------------------------------------------------------------------------


def test_only_the_owner_or_a_union_above_it_lifts_a_hold() -> None:
    check_may_lift(hold(), owner_path="/1/7/93/", actor_path="/1/7/93/")
    check_may_lift(hold(), owner_path="/1/7/93/", actor_path="/1/7/")
    for stranger in ("/1/7/94/", "/1/8/", "/1/7/93/5/"):
        with pytest.raises(NotAllowed, match="E-HOLD-001"):
            check_may_lift(hold(), owner_path="/1/7/93/", actor_path=stranger)


def test_a_contradiction_hold_stops_an_enabled_card() -> None:
    stopped = active_card().locked(hold(1, HoldReason.CONFLICT))
    assert stopped.union.state is UnionState.SUSPENDED


def test_the_hotlines_hold_cannot_be_extended_and_a_unions_can() -> None:
    end = NOON + timedelta(days=3)
    assert hold(until=NOON).extended(end).until == end
    with pytest.raises(NotAllowed, match="E-HOLD-002"):
        hold(placed_as=Actor.HOTLINE).extended(end)


def test_a_hold_is_due_when_its_end_has_passed() -> None:
    assert hold(until=NOON).due(NOON)
    assert not hold(until=NOON).due(NOON - timedelta(seconds=1))
    assert not hold().due(NOON)
    assert not hold(until=NOON).lifted().due(NOON)


def test_a_hold_is_taken_over_with_its_history() -> None:
    """Race 11: it does not vanish when the member moves."""
    taken = hold().taken_over(OrganisationId(94))
    assert (taken.owner, taken.state, taken.since) == (OrganisationId(94), HoldState.OPEN, NOON)


@pytest.mark.parametrize("ended", [Hold.lifted, Hold.expired, Hold.voided])
def test_a_hold_that_has_ended_is_changed_by_nothing(ended: Callable[[Hold], Hold]) -> None:
    over = ended(hold(until=NOON))
    assert not over.open
    for change in (
        Hold.lifted,
        Hold.expired,
        Hold.voided,
        lambda old: old.extended(NOON + timedelta(days=1)),
        lambda old: old.taken_over(OrganisationId(94)),
    ):
        with pytest.raises(Conflict, match="E-STATE-001"):
            change(over)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["lock", *HoldEvent]), st.sampled_from(HoldReason), st.integers(1, 4)
        ),
        max_size=12,
    )
)
def test_every_lock_and_unlock_of_a_card_in_use_is_a_decision_of_its_own(
    story: list[tuple[str | HoldEvent, HoldReason, int]],
) -> None:
    """A copy at a service point keeps the highest number: none may be given twice."""
    one = active_card()
    for number, (what, reason, at) in enumerate(story, 10):
        if isinstance(what, HoldEvent):
            try:
                after = one.unlocked(HoldId(at), what)
            except (Conflict, NotFound):
                continue
        else:
            known = {each.id for each in one.holds}
            after = one.locked(hold(number if HoldId(at) in known else at, reason))
        assert after.union.sequence == one.union.sequence + 1
        one = after
        locked = bool(one.open_holds)
        assert one.union.state is (UnionState.SUSPENDED if locked else UnionState.ENABLED)


# --- money goes to the account, not to the card -------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (BankState.ACTIVE, Payable.YES),
        (BankState.LOSS_WRITTEN, Payable.YES),
        (BankState.FROZEN, Payable.CHECK),
        (BankState.CLOSED, Payable.NO),
    ],
)
def test_a_lost_cards_account_still_takes_aid_and_a_closed_one_does_not(
    state: BankState, expected: Payable
) -> None:
    """M21 and M22: aid is paid into the account."""
    one = with_bank(active_card(), state) if state is not BankState.ACTIVE else active_card()
    assert payable(one, POLICY) is expected
    assert payable(one.ended(MembershipReason.LEFT_CITY), POLICY) is expected


def test_a_card_of_which_nothing_counts_takes_no_money() -> None:
    assert payable(card(), POLICY) is Payable.NO


def test_a_copy_of_the_union_facet_keeps_the_later_decision() -> None:
    first = UnionFacet().after(UnionEvent.ENABLE)
    second = first.after(UnionEvent.REVOKE, UnionReason.DECISION)
    assert first.told(second) == second.told(first) == second


def test_a_union_facet_of_every_kind_names_who_can_lift_it() -> None:
    assert ByUnion(UnionState.PENDING, None).lifted_by == (Actor.ENGINE,)
    assert ByUnion(UnionState.SUSPENDED, None).lifted_by == (Actor.OWNER,)
    assert ByUnion(UnionState.REVOKED, UnionReason.LEFT_CITY).lifted_by == (Actor.CITY,)
    assert ByUnion(UnionState.REVOKED, UnionReason.SUPERSEDED).lifted_by == ()
    assert NotCurrent(CardId(2)).lifted_by == ()
