"""The bank's facet is a set of facts: no order and no doubling of them changes what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import combinations, permutations, product

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.cards_for_tests import NOON, active_card, hold, told

from szunion.domain.bank import BankEvent, BankState, CardChanged, ListedCard, Told
from szunion.domain.cards import UnionEvent, UnionFacet, UnionReason, UnionState
from szunion.domain.facets import (
    CARD_BANK,
    BankFacet,
    BankFact,
    Verdict,
    as_fact,
    as_listed,
    fold,
    judge,
    take,
)
from szunion.domain.holds import Hold
from szunion.domain.values import CardRef, CardToken, HoldId

E = BankEvent
S = BankState


# --- the harness: a copy of a card somewhere, which hears of everything in any order ------------


@frozen
class Copy:
    """What a copy of the register knows of a card: three owners, three registers."""

    facts: frozenset[BankFact] = frozenset()
    bank: BankFacet = BankFacet()
    union: UnionFacet = UnionFacet()
    holds: frozenset[tuple[HoldId, Hold]] = frozenset()

    def usable(self) -> bool:
        """Whether nothing stands against the card."""
        free = not any(each.open for _, each in self.holds)
        enabled = self.union.state is UnionState.ENABLED
        return enabled and free and self.bank.state is S.ACTIVE and not self.bank.contradictory


Heard = BankFact | UnionFacet | Hold


def hear(copy: Copy, heard: Heard) -> Copy:
    """Return the copy after one message: the product's own rules, one owner's register each."""
    match heard:
        case BankFact():
            bank, _ = take(tuple(copy.facts), heard)
            return evolve(copy, facts=copy.facts | {heard}, bank=bank)
        case UnionFacet():
            return evolve(copy, union=copy.union.told(heard))
        case Hold():
            known = dict(copy.holds)
            old = known.get(heard.id)
            if old is None or (old.open and not heard.open):
                known[heard.id] = heard
            return evolve(copy, holds=frozenset(known.items()))


def play(story: Sequence[Heard], rule: Callable[[Copy, Heard], Copy] = hear) -> Copy:
    copy = Copy()
    for each in story:
        copy = rule(copy, each)
    return copy


def every_end(story: Sequence[Heard], times: int) -> tuple[set[Copy], int]:
    """Return every end that some order of *story*, each message told *times* times, leads to.

    All orders at once: for every multiset of messages told so far, the set of copies that its
    orders lead to. The second value is how many orders that covers.
    """
    ends: dict[tuple[int, ...], set[Copy]] = {(0,) * len(story): {Copy()}}
    ways: dict[tuple[int, ...], int] = {(0,) * len(story): 1}
    for _ in range(len(story) * times):
        further: dict[tuple[int, ...], set[Copy]] = {}
        more: dict[tuple[int, ...], int] = {}
        for told_so_far, copies in ends.items():
            for place, count in enumerate(told_so_far):
                if count == times:
                    continue
                then = (*told_so_far[:place], count + 1, *told_so_far[place + 1 :])
                further.setdefault(then, set()).update(hear(one, story[place]) for one in copies)
                more[then] = more.get(then, 0) + ways[told_so_far]
        ends, ways = further, more
    whole = (times,) * len(story)
    return ends[whole], ways[whole]


LOST = told(3, E.LOSS_WRITTEN, S.LOSS_WRITTEN)
ISSUED, ACTIVATED = told(1, E.ISSUED, S.ISSUED), told(2, E.ACTIVATED, S.ACTIVE)
ENABLED = UnionFacet().after(UnionEvent.ENABLE)
SUSPENDED = ENABLED.after(UnionEvent.SUSPEND)
RESUMED = SUSPENDED.after(UnionEvent.RESUME)
REVOKED = RESUMED.after(UnionEvent.MEMBERSHIP_ENDED, UnionReason.LEFT_CITY)
LOCK = hold()

STORIES: dict[str, tuple[tuple[Heard, ...], bool]] = {
    "a written loss stands while the union lifts its own suspension": (
        (ACTIVATED, ENABLED, LOST, SUSPENDED, LOCK.lifted(), RESUMED),
        False,
    ),
    "the loss is undone and the suspension lifted": (
        (ACTIVATED, ENABLED, LOST, told(4, E.LOSS_UNDONE, S.ACTIVE), SUSPENDED, RESUMED),
        True,
    ),
    "the loss is undone and the union's hold still stands": (
        (ACTIVATED, ENABLED, LOST, told(4, E.LOSS_UNDONE, S.ACTIVE), SUSPENDED, LOCK),
        False,
    ),
    "the member leaves the city while the card is lost": (
        (ISSUED, ACTIVATED, ENABLED, LOST, SUSPENDED, REVOKED),
        False,
    ),
    "closed, and then something that would bring it back": (
        (ACTIVATED, ENABLED, told(3, E.CLOSED, S.CLOSED), told(4, E.ACTIVATED, S.ACTIVE), LOCK),
        False,
    ),
    "one event id with two contents": (
        (ACTIVATED, ENABLED, LOST, told(3, E.UNFROZEN, S.ACTIVE), told(4, E.FROZEN, S.FROZEN)),
        False,
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_every_order_and_doubling_of_facts_from_bank_and_union_ends_in_one_state(name: str) -> None:
    """M07 and M08 race in every way, and there is one answer."""
    story, usable = STORIES[name]
    expected = play(story)
    assert expected.usable() is usable
    for times in (1, 2):
        found, orders = every_end(story, times)
        assert found == {expected}
        assert orders >= 120


def test_the_exhaustive_walk_covers_every_order() -> None:
    """Its count of orders is the multinomial one, and its ends are those of plain permutations."""
    story, _ = STORIES["the loss is undone and the suspension lifted"]
    found, orders = every_end(story, 1)
    assert orders == 720
    assert found == {play(order) for order in permutations(story)}
    assert every_end(story, 2)[1] == 7_484_400


BANK_FACTS = (
    ISSUED,
    ACTIVATED,
    LOST,
    told(4, E.LOSS_UNDONE, S.ACTIVE),
    told(5, E.FROZEN, S.FROZEN),
    told(6, E.CLOSED, S.CLOSED),
)


def test_all_720_orders_of_every_set_of_six_bank_facts_with_every_doubling_end_alike() -> None:
    expected = fold(BANK_FACTS)
    assert expected.state is S.CLOSED
    for order in permutations(BANK_FACTS):
        facet = BankFacet()
        for each in order:
            facet = facet.told(each).told(each).told(order[0])
        assert facet == expected


def test_every_set_of_six_kinds_of_facts_has_one_end_in_all_its_orders() -> None:
    """924 sets, 720 orders each, every fact told twice in a row on the way."""
    kinds = {each.event: each.target for each in CARD_BANK.edges() if each.event is not E.ISSUED}
    assert len(kinds) == 12
    for chosen in combinations(kinds.items(), 6):
        facts = [told(place, *kind) for place, kind in enumerate(chosen, 1)]
        ends: dict[frozenset[int], set[BankFacet]] = {frozenset(): {BankFacet()}}
        for _ in facts:
            further: dict[frozenset[int], set[BankFacet]] = {}
            for heard_so_far, facets in ends.items():
                for place, each in enumerate(facts):
                    if place not in heard_so_far:
                        then = further.setdefault(heard_so_far | {place}, set())
                        then.update(facet.told(each).told(each) for facet in facets)
            ends = further
        assert list(ends.values()) == [{fold(facts)}]


FACT = st.builds(
    lambda sequence, step, content: told(sequence, step[0], step[1], content),
    st.integers(1, 12),
    st.sampled_from(
        [(each.event, each.target) for each in CARD_BANK.edges() if each.event is not E.ISSUED]
    ),
    st.sampled_from(["", "", "", "other"]),
)


@given(st.lists(FACT, max_size=50), st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_random_histories_shuffled_and_doubled_end_alike(
    history: list[BankFact], chance: object
) -> None:
    again = [*history, *history[::2]]
    chance.shuffle(again)  # type: ignore[attr-defined]
    facet = BankFacet()
    known: list[BankFact] = []
    for each in again:
        facet, _ = take(known, each)
        known.append(each)
    assert facet == fold(history)


@given(st.lists(FACT, max_size=30, unique_by=lambda each: each.sequence))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_without_disputes_the_two_kept_facts_are_enough(history: list[BankFact]) -> None:
    facet = BankFacet()
    for each in history:
        facet = facet.told(each)
    assert facet == fold(history)


@given(st.lists(FACT, max_size=30))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_nothing_brings_a_closed_card_back(history: list[BankFact]) -> None:
    closed = told(6, E.CLOSED, S.CLOSED)
    undisputed = [each for each in history if each.sequence != closed.sequence]
    facet = fold((*undisputed, closed))
    assert facet.state in {S.CLOSED, S.REPLACED}


# --- the same harness catches designs that are wrong --------------------------------------------


@frozen
class OneStatus:
    """A design that this product does not have: one field that both sides write."""

    at: int = 0
    status: str = ""


def last_arrival_wins(_: OneStatus, heard: Heard) -> OneStatus:
    return OneStatus(0, _status(heard))


def newest_stamp_wins(copy: OneStatus, heard: Heard) -> OneStatus:
    at = heard.sequence if isinstance(heard, BankFact | UnionFacet) else 0
    return OneStatus(at, _status(heard)) if at >= copy.at else copy


def guarded_and_lost_is_final(copy: OneStatus, heard: Heard) -> OneStatus:
    return copy if copy.status == "LOSS_WRITTEN" else OneStatus(0, _status(heard))


def _status(heard: Heard) -> str:
    match heard:
        case BankFact():
            return str(heard.state.value)
        case UnionFacet():
            return "ACTIVE" if heard.state is UnionState.ENABLED else str(heard.state.value)
        case Hold():
            return "LOCKED" if heard.open else "ACTIVE"


@pytest.mark.parametrize("rule", [last_arrival_wins, newest_stamp_wins, guarded_and_lost_is_final])
def test_the_harness_catches_one_status_for_two_owners(
    rule: Callable[[OneStatus, Heard], OneStatus],
) -> None:
    wrong = total = 0
    for story, usable in (
        STORIES["a written loss stands while the union lifts its own suspension"],
        STORIES["the loss is undone and the suspension lifted"],
    ):
        for order in permutations(story):
            copy = OneStatus()
            for each in order:
                copy = rule(copy, each)
            wrong += (copy.status == "ACTIVE") is not usable
            total += 1
    assert wrong > total // 10


def test_the_harness_catches_a_facet_without_sequences() -> None:
    def arrival(facts: Sequence[BankFact]) -> BankState:
        return facts[-1].state

    ends = {arrival(order) for order in permutations((ACTIVATED, LOST, BANK_FACTS[3]))}
    assert len(ends) > 1


def test_the_harness_catches_an_accumulated_contradiction_flag() -> None:
    """A flag kept step by step depends on the order; the one computed from two facts does not."""
    closed, late = told(3, E.CLOSED, S.CLOSED), told(2, E.ACTIVATED, S.ACTIVE)

    def accumulated(order: Sequence[BankFact]) -> bool:
        flag, state = False, None
        for each in order:
            flag = flag or (state in CARD_BANK.absorbing and each.state is S.ACTIVE)
            state = each.state
        return flag

    assert {accumulated(order) for order in permutations((closed, late))} == {True, False}
    assert {fold(order).contradictory for order in permutations((closed, late))} == {False}


# --- verdicts --------------------------------------------------------------------------------


def test_verdicts_name_what_became_of_a_fact() -> None:
    known = (ISSUED, ACTIVATED, told(5, E.FROZEN, S.FROZEN))
    facet = fold(known)
    assert judge(facet, ACTIVATED, known) is Verdict.DUPLICATE
    assert judge(facet, told(2, E.ACTIVATED, S.ACTIVE, "other"), known) is Verdict.CONFLICT
    assert judge(facet, LOST, known) is Verdict.LATE
    assert judge(facet, told(6, E.UNFROZEN, S.ACTIVE), known) is Verdict.APPLIED
    assert judge(facet, told(6, E.LOSS_UNDONE, S.ACTIVE), known) is Verdict.GAP


def test_an_absorbing_state_is_not_left_and_the_attempt_is_a_contradiction() -> None:
    """Race 26, in every order: CLOSED stays, the card stops."""
    closed, revived = told(3, E.CLOSED, S.CLOSED), told(4, E.ACTIVATED, S.ACTIVE)
    for order in permutations((ACTIVATED, closed, revived)):
        facet, verdicts = BankFacet(), []
        known: list[BankFact] = []
        for each in order:
            facet, verdict = take(known, each)
            verdicts.append(verdict)
            known.append(each)
        assert facet.state is S.CLOSED
        assert facet.contradictory
        assert Verdict.CONFLICT in verdicts


def test_neither_copy_counts_until_the_bank_speaks_again() -> None:
    """Race 5: one id, two contents; a later word clears it."""
    one, other = told(3, E.LOSS_WRITTEN, S.LOSS_WRITTEN), told(3, E.FROZEN, S.FROZEN)
    facet = fold((ISSUED, ACTIVATED, one, other))
    assert (facet.state, facet.contradictory) == (S.ACTIVE, True)
    cleared = fold((ISSUED, ACTIVATED, one, other, told(4, E.UNFROZEN, S.ACTIVE)))
    assert (cleared.state, cleared.contradictory) == (S.ACTIVE, False)


def test_a_birth_moves_nothing_on_a_card_that_lives() -> None:
    late_birth = evolve(ISSUED, event_id="B", sequence=99)
    assert fold((ACTIVATED, late_birth)).state is S.ACTIVE
    assert fold((late_birth,)).state is S.ISSUED


def test_a_notice_becomes_a_fact_with_everything_that_orders_it() -> None:
    notice = CardChanged(
        told=Told(event_id="X9", stream="card", sequence=9, effective=NOON),
        card=CardRef(CardToken("TESTCARD0001")),
        event=E.CLOSED,
        state=S.CLOSED,
    )
    assert as_fact(notice, "abc", NOON) == BankFact(
        event_id="X9",
        sequence=9,
        digest="abc",
        event=E.CLOSED,
        state=S.CLOSED,
        effective=NOON,
        received=NOON,
    )


# --- the daily list ----------------------------------------------------------------------------


def listed(facet: BankFacet, state: BankState, sequence: int) -> BankFact | None:
    line = ListedCard(CardRef(CardToken("TESTCARD0001")), state, sequence)
    day = date(2026, 11, 24)
    return as_listed(
        facet, line, event_id=f"list:{day}:1", digest=f"{state.value}/{sequence}", at=NOON
    )


def test_a_difference_in_the_daily_list_becomes_a_fact_and_a_second_run_changes_nothing() -> None:
    """M08: what the bank's messages lost, its list brings."""
    known = [ISSUED, ACTIVATED]
    found = listed(fold(known), S.CLOSED, 5)
    assert found is not None
    facet, verdict = take(known, found)
    assert (facet.state, verdict) == (S.CLOSED, Verdict.APPLIED)
    assert listed(facet, S.CLOSED, 5) is None


def test_an_older_list_says_nothing_about_a_newer_fact() -> None:
    facet = fold((ACTIVATED, told(8, E.LOSS_WRITTEN, S.LOSS_WRITTEN)))
    assert listed(facet, S.ACTIVE, 7) is None


def test_the_fact_that_was_missing_comes_after_the_list_and_changes_nothing() -> None:
    found = listed(fold((ACTIVATED,)), S.LOSS_WRITTEN, 3)
    assert found is not None
    with_both, verdict = take([ACTIVATED, found], LOST)
    assert (with_both.state, with_both.contradictory) == (S.LOSS_WRITTEN, False)
    assert verdict is not Verdict.CONFLICT


def test_a_list_cannot_leave_an_absorbing_state_by_itself() -> None:
    known = [ACTIVATED, told(3, E.CLOSED, S.CLOSED)]
    found = listed(fold(known), S.ACTIVE, 4)
    assert found is not None
    facet, verdict = take(known, found)
    assert (facet.state, facet.contradictory, verdict) == (S.CLOSED, True, Verdict.CONFLICT)


def test_a_list_that_contradicts_the_fact_of_its_own_sequence_is_a_contradiction() -> None:
    known = [ACTIVATED, LOST]
    found = listed(fold(known), S.ACTIVE, 3)
    assert found is not None
    assert take(known, found)[1] is Verdict.CONFLICT


def test_every_state_of_the_bank_can_be_listed_over_every_other() -> None:
    for before, after in product(S, S):
        facet = fold((evolve(ACTIVATED, state=before, event=E.CLOSED),))
        found = listed(facet, after, 9)
        assert (found is None) is (before is after)


def test_the_bank_facet_of_a_usable_card_is_active() -> None:
    assert active_card().bank.state is S.ACTIVE
