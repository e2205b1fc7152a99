"""A backup is restored while the bank has gone on: the gap is said exactly, and closed.

Where the members and their applications are in the backup, all else comes back: by hearing the
bank again, and by doing again what was decided since, with the same keys. What the union alone
knew, such as members who were admitted after the backup, the bank cannot tell: that is said too.
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
GRANT = 300_000
ON_DISK = ENGINES[1:]


def restored(
    kind: str, folder: Path, seed: int, points: int, early: int = 0
) -> list[dict[str, Any]]:
    needs(kind)
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.restoring",
         kind, str(folder), str(seed), str(points), str(early)],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


def comes_back(one: dict[str, Any]) -> None:
    assert one["held"] == "E-STORE-014", "nothing is written before it is compared"
    assert one["gap"]["heard"] == one["lacks"], "the gap is said to the last notice"
    assert one["wrong"] == []
    assert one["after"]["closed"], "nothing is left to be explained"


@pytest.mark.parametrize("kind", ON_DISK)
def test_restored_at_random_steps_a_town_is_at_one_with_its_bank(kind: str, tmp_path: Path) -> None:
    found = restored(kind, tmp_path, 3, 2)
    for one in found:
        comes_back(one)
    assert len(found) == 2


def test_what_the_union_alone_knew_is_named_and_nobody_is_paid_twice(tmp_path: Path) -> None:
    (one,) = restored("sqlite", tmp_path, 4, 0, early=1)
    assert one["held"] == "E-STORE-014"
    assert one["gap"]["heard"] == one["lacks"]
    assert one["gap"]["unknown"] > 0
    assert not one["gap"]["closed"], "the bank speaks of people whom this store has never seen"
    assert one["most"] <= GRANT


@pytest.mark.soak
@pytest.mark.parametrize("kind", ON_DISK)
def test_restored_at_twenty_random_steps_a_town_is_at_one_with_its_bank(
    kind: str, tmp_path: Path
) -> None:
    found = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        found += restored(kind, folder, seed, 10)
    for one in found:
        comes_back(one)
    assert len(found) == 20
