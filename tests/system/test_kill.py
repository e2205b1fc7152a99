"""kill -9 at random points of importing, issuing and paying: nothing lost, nothing done twice.

Promises 1 and 4, on each engine: the union's process is killed, and on PostgreSQL the server as
well, postmaster and all; the simulated bank stands in its journal. What each run checks is in
``kill_findings.Findings``. The harness must also catch bugs that are planted in it, or its green is
void.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.offices import ENGINES
from tests.places import needs

ROOT = Path(__file__).parents[2]
ON_DISK = ENGINES[1:]
WAYS = {"sqlite": 3, "postgres": 5}


def lives(kind: str, folder: Path, seed: int, kills: int, plant: str = "") -> dict[str, Any]:
    """Run a fork server until it has killed so many children; return its report."""
    needs(kind)
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.killing", kind, str(folder), str(seed), str(kills),
         plant],
        cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    done: dict[str, Any] = json.loads(run.stdout)
    return done | {"told": run.stderr}


def check(kind: str, done: dict[str, Any], kills: int) -> None:
    assert done["wrong"] == [], done["told"]
    assert sum(done["killed"].values()) == kills
    assert len(done["killed"]) == WAYS[kind]
    assert min(done["killed"].values()) >= kills // WAYS[kind] // 2, "each way has its share"
    assert min(done["phases"].values()) >= 1, "importing, issuing and paying have theirs"


@pytest.mark.parametrize(("kind", "seed"), [*(("sqlite", seed) for seed in range(1, 5)),
                         pytest.param("postgres", 1, marks=pytest.mark.postgres)])  # fmt: skip
def test_killed_at_fifty_points_a_town_loses_nothing_and_does_nothing_twice(
    kind: str, seed: int, tmp_path: Path
) -> None:
    check(kind, lives(kind, tmp_path, seed, kills=50), 50)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 1_100, 100))
@pytest.mark.parametrize("kind", ON_DISK)
def test_killed_at_a_thousand_points_a_town_loses_nothing(
    kind: str, seed: int, tmp_path: Path
) -> None:
    check(kind, lives(kind, tmp_path, seed, kills=100), 100)


@pytest.mark.parametrize("kind", ON_DISK)
@pytest.mark.parametrize("plant", ["ack_first", "no_transaction", "key_by_chance"])
def test_the_harness_notices_a_planted_bug(kind: str, plant: str, tmp_path: Path) -> None:
    done = lives(kind, tmp_path, 7, kills=200, plant=plant)  # it stops at the first finding
    assert done["wrong"] != []
