"""Real processes on one store book the last places, and die: nothing is sold twice."""

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


def grabbed(kind: str, folder: Path, mode: str, plant: str = "") -> dict[str, Any]:
    """Run a fork server; return its findings."""
    needs(kind)
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.grabbing", kind, str(folder), mode, plant],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    if run.returncode:
        return {"wrong": [run.stderr], "failed": 0}
    done: dict[str, Any] = json.loads(run.stdout)
    return done


@pytest.mark.parametrize("kind", ON_DISK)
def test_64_processes_book_the_last_10_tickets(kind: str, tmp_path: Path) -> None:
    """Exactly ten are sold, at most one each: real processes on one store."""
    done = grabbed(kind, tmp_path, "storm")
    assert done == {"wrong": [], "sold": 10, "waiting": 0, "answers": 64, "failed": 0}


@pytest.mark.parametrize("kind", ON_DISK)
def test_race_21_1000_requests_for_the_last_tickets_while_processes_die(
    kind: str, tmp_path: Path
) -> None:
    """Exactly the stock is sold, the rest wait; kill -9 in the middle oversells and loses nothing.

    Each of 250 members asks four times over, in processes of sixteen threads that are killed
    up to twelve times: whoever was told of a place has one.
    """
    done = grabbed(kind, tmp_path, "race")
    assert done["wrong"] == []
    assert (done["sold"], done["waiting"]) == (100, 150)
    assert done["killed"] >= 3, "a quick machine is done before it was killed twelve times"
    assert done["answers"] >= 1_000


@pytest.mark.parametrize(
    ("kind", "mode", "plant", "word"),
    [
        ("sqlite", "storm", "look_then_write", "oversold"),
        ("sqlite", "race", "ack_first", "have none"),
        pytest.param(
            "postgres", "storm", "look_then_write", "oversold", marks=pytest.mark.postgres
        ),
    ],
)
def test_a_naive_way_of_booking_is_caught(
    kind: str, mode: str, plant: str, word: str, tmp_path: Path
) -> None:
    done = grabbed(kind, tmp_path, mode, plant)
    assert any(word in each for each in done["wrong"]), done
