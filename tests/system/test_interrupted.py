"""An interrupt at any line, no memory at any allocation: before or after, never between.

The units of the store are swept at every event they have; a town's whole year is interrupted at
points drawn by a seed, each step several times before it is done, and must then be right.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def without_memory() -> str:
    """Return why allocations cannot be made to fail here; empty: they can."""
    if find_spec("_testcapi") is None:
        return "this interpreter has no _testcapi"
    import _testcapi  # type: ignore[import-not-found]  # built with some interpreters only

    return "" if hasattr(_testcapi, "set_nomemory") else "this _testcapi has no set_nomemory"


MEMORY = pytest.mark.skipif(bool(without_memory()), reason=without_memory() or "it has")
BOTH = pytest.mark.parametrize("how", ["line", pytest.param("memory", marks=MEMORY)])


def interrupted(folder: Path, how: str, most: int | str, seed: int = 5, plant: str = "") -> Any:
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.interrupted",
         str(folder), str(seed), how, str(most), plant],
        cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@BOTH
def test_a_unit_that_is_interrupted_anywhere_is_done_or_not_and_holds_nothing(
    how: str, tmp_path: Path
) -> None:
    found = interrupted(tmp_path, how, "sweep")
    assert len(found) > 150, "each unit has some fifty events of its own"
    assert [each for each in found if each] == []


def test_a_transaction_that_begins_outside_of_what_ends_it_is_found(tmp_path: Path) -> None:
    found = interrupted(tmp_path, "line", "sweep", plant="holds_on")
    assert "a transaction was left open" in found


@BOTH
def test_a_year_of_interrupted_steps_ends_right(how: str, tmp_path: Path) -> None:
    done = interrupted(tmp_path, how, 4)
    assert done["wrong"] == []
    assert done["hurt"] > 30


@pytest.mark.soak
@BOTH
def test_a_year_interrupted_at_thousands_of_points_ends_right(how: str, tmp_path: Path) -> None:
    total = 0
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        done = interrupted(folder, how, 120, seed)
        assert done["wrong"] == []
        total += done["hurt"]
    print(how, total)  # noqa: T201 - the figure is quoted
    assert total > 5_000
