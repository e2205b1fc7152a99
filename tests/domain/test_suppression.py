"""What is not shown cannot be reckoned by whoever knows the sums and the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from szunion.domain.suppression import (
    LEAST,
    shown,
    shown_in_groups,
    shown_side_by_side,
    total_shown,
)


def betrayed(
    looks: Iterable[tuple[Hashable, tuple[int, ...], tuple[bool, ...]]], least: int
) -> list[tuple[int, ...]]:
    """Return counts of which a hidden small one is the only one that looks so.

    Each look is what is seen, what was counted, and which of it is hidden.
    """
    alike: dict[Hashable, list[tuple[tuple[int, ...], tuple[bool, ...]]]] = defaultdict(list)
    for seen, counts, hidden in looks:
        alike[seen].append((counts, hidden))
    found = []
    for those in alike.values():
        for at in range(len(those[0][0])):
            values = {counts[at] for counts, _ in those}
            if those[0][1][at] and len(values) == 1 and 0 < values.pop() < least:
                found.append(those[0][0])
    return found


@pytest.mark.parametrize(("least", "largest", "cells"), [(4, 12, 3), (3, 8, 4), (4, 12, 1)])
def test_no_small_count_follows_from_the_rest_and_the_sum(
    least: int, largest: int, cells: int
) -> None:
    looks = []
    for counts in product(range(largest + 1), repeat=cells):
        table = dict(enumerate(counts))
        out = tuple(shown(table, least=least).values())
        seen = (out, total_shown(table, least=least))
        looks.append((seen, counts, tuple(each is None for each in out)))
    assert betrayed(looks, least) == []


def test_no_small_count_follows_from_two_totals_of_groups_read_side_by_side() -> None:
    least, largest, looks = 3, 9, []
    for counts in product(range(largest + 1), repeat=4):
        groups = {"A": {1: counts[0], 2: counts[1]}, "B": {3: counts[2], 4: counts[3]}}
        told = shown_in_groups(groups, least=least)
        cells = [told.within[g][u] for g, units in groups.items() for u in units]
        seen = (tuple(told.groups.values()), tuple(cells), told.total)
        looks.append((seen, counts, tuple(each is None for each in cells)))
    # Where more is hidden than the largest count tried, others than those tried look alike.
    found = betrayed(looks, least)
    assert [counts for counts in found if sum(counts) <= largest] == []


TABLES = st.dictionaries(st.integers(0, 30), st.integers(0, 60), max_size=12)


@given(TABLES)
def test_what_is_shown_is_nought_or_enough_and_right(cells: dict[int, int]) -> None:
    out = shown(cells)
    assert out.keys() == cells.keys()
    for key, count in out.items():
        assert count is None or (count == cells[key] and not 0 < count < LEAST)
    hidden = [cells[key] for key, count in out.items() if count is None]
    if hidden and total_shown(cells) is not None:
        assert len(hidden) > 1
        assert sum(hidden) >= LEAST


@given(st.dictionaries(st.integers(0, 5), TABLES, max_size=5))
def test_the_difference_of_a_groups_total_and_what_is_shown_in_it_is_of_enough_people(
    groups: dict[int, dict[int, int]],
) -> None:
    told = shown_in_groups(groups)
    for key, units in groups.items():
        whole = told.groups[key]
        left = [units[unit] for unit, count in told.within[key].items() if count is None]
        if whole is not None and left:
            rest = whole - sum(count or 0 for count in told.within[key].values())
            assert rest == sum(left) >= LEAST
            assert len(left) > 1
    if told.total is not None:
        hidden = [sum(groups[key].values()) for key, each in told.groups.items() if each is None]
        assert not hidden or (len(hidden) > 1 and sum(hidden) >= LEAST)


def test_nobody_who_stayed_away_is_reckoned_from_who_booked_and_who_came() -> None:
    """Each item: so many booked, so many came, the others did not; statistics say how many came."""
    least, largest, looks = 3, 7, []
    for counts in product(range(largest + 1), repeat=4):
        came, missed = dict(enumerate(counts[:2])), dict(enumerate(counts[2:]))
        columns = {
            "booked": {item: came[item] + missed[item] for item in came},
            "came": came, "missed": missed,
        }  # fmt: skip
        told = shown_side_by_side(columns, linked=columns.keys(), least=least)
        out = tuple(count for cells in told.values() for count in cells.values())
        came_in_all = total_shown(came, least=least)
        cells = [told[measure][item] for measure in ("came", "missed") for item in came]
        looks.append(((out, came_in_all), counts, tuple(each is None for each in cells)))
    found = betrayed(looks, least)
    assert [counts for counts in found if sum(counts) <= largest] == []


@given(
    st.dictionaries(st.sampled_from("abcd"), TABLES, max_size=4), st.sets(st.sampled_from("abcd"))
)
def test_a_row_is_shown_whole_or_not_where_its_counts_add_up(
    columns: dict[str, dict[int, int]], linked: set[str]
) -> None:
    told = shown_side_by_side(columns, linked=linked)
    for measure, cells in columns.items():
        assert told[measure].keys() == cells.keys()
        for item, count in told[measure].items():
            assert count in {None, cells[item]}
            assert count is not None or cells[item] > 0
            assert count is None or not 0 < count < LEAST
    for item in range(31):
        row = {told[each][item] for each in linked & columns.keys() if columns[each].get(item)}
        assert None not in row or row == {None}
