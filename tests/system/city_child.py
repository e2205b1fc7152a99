"""A city loaded, with what the store was asked for it counted; its parent may kill it."""

from __future__ import annotations

import json
import sys

from benchmarks.city import load
from benchmarks.places import place_of
from tests.counting import counted


def main(place: str, members: str, per_union: str) -> None:
    """Load a city; say as one line of JSON what it took."""
    there = place_of(place)
    with counted() as asked:
        found = load(there, int(members), int(per_union))
    sys.stdout.write(json.dumps({**found, "asked": asked}))


if __name__ == "__main__":
    main(*sys.argv[1:])
