"""Unpredictable numbers are: a million of the randomness that terminals are given, counted.

"Chip and Skim" (2012) harvested cryptograms because terminals' numbers were counters and clocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from szunion.adapters.system import SystemChance

COUNT = 1_000_000
#: n²/2 over 2³², and four standard deviations
EXPECTED, SPREAD = 116, 45
#: chi-square of 255 degrees of freedom, p = 10⁻⁶
MOST_CHI_SQUARE = 377.2


def faults(numbers: list[bytes]) -> list[str]:
    """Return what is wrong with a million numbers of four bytes."""
    found = []
    collisions = len(numbers) - len(set(numbers))
    if abs(collisions - EXPECTED) > SPREAD:
        found.append(f"{collisions} collisions")
    each = len(numbers) / 256
    joined = b"".join(numbers)
    for place in range(4):
        seen = Counter(joined[place::4])
        chi = sum((seen[byte] - each) ** 2 / each for byte in range(256))
        if chi > MOST_CHI_SQUARE:
            found.append(f"byte {place}: {chi:.0f}")
    return found


def test_a_million_numbers_look_like_chance() -> None:
    random = SystemChance().bytes
    assert not faults([random(4) for _ in range(COUNT)])


def test_counters_clocks_and_small_states_do_not() -> None:
    """What was found in real terminals would be seen here."""
    weak: dict[str, Callable[[int], int]] = {
        "a counter": lambda at: at,
        "sixteen bits of state": lambda at: (at * 40_503 & 0xFFFF) * 65_537,
        "a bit that is never set": lambda at: (at * 2_654_435_761 & 0xFFFFFFFF) & ~0x80,
    }
    for name, number in weak.items():
        assert faults([(number(at) & 0xFFFFFFFF).to_bytes(4, "big") for at in range(COUNT)]), name
