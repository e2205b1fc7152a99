"""Know how to make bad bytes out of good ones: cut, flip, insert, repeat, join.

From a seeded generator, so that a finding can be found again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

VECTORS = Path(__file__).parents[1] / "vectors"
_TELLING = bytes.fromhex("00FF807F8182839F5F70726F77E0A59C1F")
_LONGEST = 4096


def corpus() -> tuple[bytes, ...]:
    """Return every hex string of the published values that is no key material."""
    found: set[bytes] = set()
    for path in sorted(VECTORS.glob("*.json")):
        _collect(json.loads(path.read_text("utf-8"))["cases"], found)
    return tuple(sorted(found))


def _collect(value: Any, found: set[bytes]) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _collect(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, found)
    elif isinstance(value, str) and len(value) % 2 == 0:
        try:
            found.add(bytes.fromhex(value))
        except ValueError:
            return


def mutations(seed: int, good: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield mutated inputs for ever, the same ones for the same seed."""
    random = Random(seed)
    while True:
        data = bytearray(random.choice(good))
        for _ in range(random.randrange(1, 5)):
            _mutate(data, random, good)
        yield bytes(data[:_LONGEST])


def _mutate(data: bytearray, random: Random, good: tuple[bytes, ...]) -> None:
    at = random.randrange(len(data) + 1)
    match random.randrange(6):
        case 0:
            del data[at:]
        case 1 if at < len(data):
            data[at] ^= 1 << random.randrange(8)
        case 2:
            data.insert(at, random.choice(_TELLING))
        case 3 if at < len(data):
            data[at] = random.choice(_TELLING)
        case 4:
            data[at:at] = data[: random.randrange(1, 20)]
        case _:
            data[at:at] = random.choice(good)
