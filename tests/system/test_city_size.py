"""A city comes in through the import, in the memory of a small machine; all are asked at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MOST_MIB = 512


def loaded(folder: Path, members: int, per_union: int) -> dict[str, float]:
    """Load a city in a process of its own; return what it says of itself."""
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.city", str(folder), str(members), str(per_union)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    ).stdout  # fmt: skip
    found: dict[str, float] = json.loads(said)
    return found


def test_members_come_in_union_by_union_and_a_second_run_adds_nobody(tmp_path: Path) -> None:
    """Twenty thousand: more take too much of what the suite may cost; the city is the soak's."""
    pytest.importorskip("sqlalchemy", reason="the loader lies beside the benchmarks: make bench")
    first = loaded(tmp_path, 20_000, 10_000)
    again = loaded(tmp_path, 20_000, 10_000)
    assert first["members"] == again["members"] == 20_000
    assert max(first["most_mib"], again["most_mib"]) <= MOST_MIB


@pytest.mark.soak
def test_all_of_shenzhen_comes_in_within_512_mib(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the loader lies beside the benchmarks: make bench")
    found = loaded(tmp_path, 5_720_000, 25_000)
    assert found["members"] == 5_720_000
    assert found["most_mib"] <= MOST_MIB
