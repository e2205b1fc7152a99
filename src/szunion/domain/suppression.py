"""Know which small counts are not shown, and which others would give them away (小单元抑制).

A count of few people is about those people. It is left out; and where it could be reckoned from a
shown sum and what else is shown, the next smallest counts are left out with it. Whoever reads it
knows these rules too: what stays hidden must have another value that would have looked the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Generic, TypeVar

from attrs import frozen

K = TypeVar("K", bound=Hashable)
U = TypeVar("U", bound=Hashable)
M = TypeVar("M", bound=Hashable)

LEAST: Final = 10
"""The smallest number of people of whom a count is shown."""


def shown(
    cells: Mapping[K, int], *, least: int = LEAST, also: AbstractSet[K] = frozenset()
) -> dict[K, int | None]:
    """Return counts that add up to a sum that may be known; None: not shown.

    Nought is shown: it is about nobody.

    Args:
        cells: Counts of people who are in one of them each.
        least: The smallest count that is shown.
        also: Counts that are not shown for another reason.
    """
    hidden = _hidden(cells, least, also)
    return {key: None if key in hidden else count for key, count in cells.items()}


def total_shown(
    cells: Mapping[K, int], *, least: int = LEAST, also: AbstractSet[K] = frozenset()
) -> int | None:
    """Return the sum of counts; None: it is about few people, or would give away what is hidden."""
    whole, hidden = sum(cells.values()), _hidden(cells, least, also)
    if 0 < whole < least or _given_away(cells, hidden, least):
        return None
    return whole


def shown_side_by_side(
    columns: Mapping[M, Mapping[K, int]], *, linked: AbstractSet[M], least: int = LEAST
) -> dict[M, dict[K, int | None]]:
    """Return several counts of each of the same things, fit to be read side by side.

    Args:
        columns: Counts by what is counted, then by the thing.
        linked: Counts that add up to each other along a row, such as who booked, who came and who
            did not: where one of them is not shown, none of that row is.
        least: The smallest count that is shown.
    """
    hidden: set[K] = set()
    while True:
        told = {
            measure: shown(
                cells, least=least, also=hidden if measure in linked else frozenset()
            )
            for measure, cells in columns.items()
        }  # fmt: skip
        more = {
            key for measure in linked for key, count in told.get(measure, {}).items()
            if count is None
        }  # fmt: skip
        if more <= hidden:
            return told
        hidden |= more


def _hidden(cells: Mapping[K, int], least: int, also: AbstractSet[K]) -> set[K]:
    hidden = {key for key, count in cells.items() if 0 < count < least or (count and key in also)}
    rest = (key for key in cells if cells[key] >= least and key not in hidden)
    for key in sorted(rest, key=lambda key: cells[key]):
        # Of equal counts all go: the largest hidden one must be able to be another.
        tied = cells[key] == max((cells[each] for each in hidden), default=0)
        if not tied and not _given_away(cells, hidden, least):
            break
        hidden.add(key)
    return hidden


def _given_away(cells: Mapping[K, int], hidden: AbstractSet[K], least: int) -> bool:
    """Return whether the sum of what is hidden says what one of it is."""
    if not hidden:
        return False
    together = sum(cells[each] for each in hidden)
    small = all(cells[each] < least for each in hidden)
    as_large_as_can_be = small and together >= (least - 1) * len(hidden)
    return len(hidden) == 1 or together < least or together <= len(hidden) or as_large_as_can_be


@frozen(kw_only=True)
class Grouped(Generic[K, U]):
    """Counts of groups and of what is in them, fit to be read side by side."""

    groups: Mapping[K, int | None]
    within: Mapping[K, Mapping[U, int | None]]
    total: int | None


def shown_in_groups(cells: Mapping[K, Mapping[U, int]], *, least: int = LEAST) -> Grouped[K, U]:
    """Return counts by group, and within each group, of which neither gives the other away.

    A group whose sum would say what is hidden within it is not shown; and a group that is not shown
    shows nothing within.
    """
    sums = {key: sum(units.values()) for key, units in cells.items()}
    telling = {
        key
        for key, units in cells.items()
        if sums[key] and total_shown(units, least=least) is None
    }  # fmt: skip
    groups = shown(sums, least=least, also=telling)
    within = {
        key: {unit: None if count else 0 for unit, count in units.items()}
        if groups[key] is None
        else shown(units, least=least)
        for key, units in cells.items()
    }  # fmt: skip
    unseen = {
        (key, unit): count
        for key, units in cells.items() if groups[key] is None
        for unit, count in units.items() if count
    }  # fmt: skip
    few = 0 < sum(unseen.values()) < 2 * least
    told = few or _given_away(unseen, unseen.keys(), least)
    total = None if told else total_shown(sums, least=least, also=telling)
    return Grouped(groups=groups, within=within, total=total)
