"""Two sides are compared by what they say of each card, wherever its record comes to lie."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from szunion.adapters.keys.file import FileKeys
from szunion.application.daily_list import (
    ComparedPile,
    Listed,
    compare_piles,
    told_records,
)
from szunion.application.office import in_memory
from szunion.domain.bank import BankState, ListedCard
from szunion.domain.card_records import RECORD, kept_records
from szunion.domain.values import CardId, CardRef, CardToken
from szunion.ports.keys import IndexField

VAULT = FileKeys(bytes(32)).vault()
Ours = tuple[str, int, BankState | None, int]


def card(at: int, psn: int = 1) -> CardRef:
    """Return a card."""
    return CardRef(CardToken(f"T000000{at}"), psn)


def together(listed: Sequence[ListedCard], held: Sequence[Ours]) -> list[ComparedPile]:
    """Compare a list with what is held, pile by pile; return the piles in which cards are."""
    kept = [
        (VAULT.index(IndexField.CARD, token), psn, state and state.value, CardId(id_))
        for token, psn, state, id_ in held
    ]
    theirs = in_memory(told_records(VAULT, iter(listed)))
    ours = in_memory([kept_records(kept)])
    return [compare_piles(*both) for both in zip(theirs, ours, strict=True) if any(both)]


def test_of_a_card_listed_twice_the_last_line_counts() -> None:
    cards = [card(at) for at in range(5)]
    listed = [ListedCard(each, BankState.FROZEN, 9) for each in cards]
    listed += [ListedCard(each, BankState.ACTIVE, 2) for each in cards[:3]]
    held = [(each.token.plain(), 1, BankState.ACTIVE, at) for at, each in enumerate(cards)]
    found = together(listed, held)
    assert sum(pile.agreed for pile in found) == 3
    apart = [pair for pile in found for pair in pile.apart]
    assert {(told.state, kept.state, kept.card) for told, kept in apart} == {
        (BankState.FROZEN, BankState.ACTIVE, at) for at in (3, 4)
    }
    assert not any(pile.unknown or pile.not_listed for pile in found)


@pytest.mark.parametrize("seed", range(5))
def test_every_card_of_either_side_is_told_of_once(seed: int) -> None:
    """Random sides against what two dictionaries say."""
    chance = Random(seed)
    states = [BankState.ACTIVE, BankState.FROZEN, BankState.CLOSED]
    listed = [
        ListedCard(card(chance.randrange(60), chance.choice((1, 2))), chance.choice(states), at)
        for at in range(80)
    ]
    names = {(card(chance.randrange(60)).token.plain(), chance.choice((1, 2))) for _ in range(60)}
    held = [
        (token, psn, chance.choice([*states, None]), at)
        for at, (token, psn) in enumerate(sorted(names))
    ]
    theirs = {(each.card.token.plain(), each.card.psn): each for each in listed}
    ours = {(token, psn): (state, id_) for token, psn, state, id_ in held}
    found = together(listed, held)
    both = theirs.keys() & ours.keys()
    agreed = {name for name in both if theirs[name].state is ours[name][0]}
    assert sum(pile.ours for pile in found) == len(ours)
    assert sum(pile.agreed for pile in found) == len(agreed)
    apart = [pair for pile in found for pair in pile.apart]
    assert sorted((kept.card, told.sequence) for told, kept in apart) == sorted(
        (ours[name][1], theirs[name].sequence) for name in both - agreed
    )
    assert sorted(told.sequence for pile in found for told in pile.unknown) == sorted(
        theirs[name].sequence for name in theirs.keys() - ours.keys()
    )
    assert sorted(kept.card for pile in found for kept in pile.not_listed) == sorted(
        ours[name][1] for name in ours.keys() - theirs.keys()
    )


def test_a_card_is_named_by_its_blind_index_and_its_sequence_number() -> None:
    ref = card(1, 7)
    (pile,) = together([ListedCard(ref, BankState.DORMANT, 4)], [])
    name = f"{VAULT.index(IndexField.CARD, ref.token.plain()).hex()}-007"
    assert pile.unknown == [Listed(name, BankState.DORMANT, 4)]


def test_numbers_that_no_column_holds_are_nobodys_card_and_break_no_list() -> None:
    listed = [ListedCard(card(1, 10**30), BankState.ACTIVE, 10**30)]
    (page,) = told_records(VAULT, listed)
    assert [len(record) for record in page] == [RECORD]
    held = [(card(1).token.plain(), 1, BankState.ACTIVE, 1)]
    (pile,) = together(listed, held)
    assert (len(pile.unknown), len(pile.not_listed)) == (1, 1)
