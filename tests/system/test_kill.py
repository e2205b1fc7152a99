"""kill -9 at 200 points of importing, issuing and paying: nothing lost, nothing done twice.

The union's process is killed; the simulated bank stands in its journal. What each run checks is in
``killing.Findings``. The harness must also catch bugs that are planted in it, or its green is void.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def lives(folder: Path, seed: int, kills: int, plant: str = "") -> dict[str, Any]:
    """Run a fork server until it has killed so many children; return its report."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.killing", str(folder), str(seed), str(kills), plant],
        cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    done: dict[str, Any] = json.loads(run.stdout)
    return done


@pytest.mark.parametrize("seed", range(1, 5))
def test_killed_at_fifty_points_a_town_loses_nothing_and_does_nothing_twice(
    seed: int, tmp_path: Path
) -> None:
    done = lives(tmp_path, seed, kills=50)
    assert done["wrong"] == []
    assert sum(done["killed"].values()) == 50
    assert min(done["killed"].values()) >= 10, "each way of dying has its share"
    assert min(done["phases"].values()) >= 1, "importing, issuing and paying have theirs"


@pytest.mark.soak
def test_killed_at_a_thousand_points_a_town_loses_nothing(tmp_path: Path) -> None:
    for seed in range(100, 110):
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert lives(folder, seed, kills=100)["wrong"] == []


@pytest.mark.parametrize("plant", ["ack_first", "no_transaction", "key_by_chance"])
def test_the_harness_notices_a_planted_bug(plant: str, tmp_path: Path) -> None:
    done = lives(tmp_path, 7, kills=200, plant=plant)  # it stops at the first finding
    assert done["wrong"] != []
