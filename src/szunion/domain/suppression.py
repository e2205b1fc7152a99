"""Know which small counts are not shown, and which others would give them away (小单元抑制).

A count of few people is about those people. It is left out; and where it could be reckoned as the
difference between a shown sum and the shown rest, the next smallest is left out with it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)

LEAST: Final = 10
"""The smallest number of people of whom a count is shown."""


def shown(cells: Mapping[K, int], *, least: int = LEAST) -> dict[K, int | None]:
    """Return counts that add up to a shown sum; None: not shown.

    Nought is shown: it is about nobody. If what is left out is a single count, or fewer than
    *least* people together, the sum would give it away: the next smallest goes as well.

    Args:
        cells: Counts, of which the sum is known to whoever reads them.
        least: The smallest count that is shown.
    """
    hidden = {key for key, count in cells.items() if 0 < count < least}
    rest = sorted((key for key in cells if cells[key] >= least), key=lambda key: cells[key])
    if hidden:
        for key in rest:
            if len(hidden) > 1 and sum(cells[each] for each in hidden) >= least:
                break
            hidden.add(key)
    return {key: None if key in hidden else count for key, count in cells.items()}
