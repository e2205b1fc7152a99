"""A card that a list names twice counts as it was named last, wherever the lines come to lie."""

from __future__ import annotations

from szunion.adapters.keys.file import FileKeys
from szunion.application.listed import Line, last_words, named_lines
from szunion.domain.bank import BankState, CardRef, ListedCard
from szunion.domain.values import CardToken


def test_of_a_card_listed_twice_the_last_line_counts() -> None:
    cards = [CardRef(CardToken(f"T000000{at}")) for at in range(5)]
    listed = [ListedCard(card, BankState.FROZEN, 9) for card in cards]
    listed += [ListedCard(card, BankState.ACTIVE, 2) for card in cards[:3]]
    lines = sorted(named_lines(FileKeys(bytes(32)).vault(), iter(listed)))
    found = [Line.of(line) for line in last_words(lines)]
    assert len(found) == 5
    assert sorted(each.state.value for each in found) == ["ACTIVE"] * 3 + ["FROZEN"] * 2
    assert [each.name for each in found] == sorted(each.name for each in found)
