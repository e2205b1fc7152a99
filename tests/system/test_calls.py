"""Who hears the bank's calls dies in the middle: what was answered is heard, whole."""

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


def called(kind: str, folder: Path, plant: str = "") -> dict[str, Any]:
    """Run a fork server; return its findings."""
    needs(kind)
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.calling", kind, str(folder), plant],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    if run.returncode:
        return {"wrong": [run.stderr]}
    done: dict[str, Any] = json.loads(run.stdout)
    return done


@pytest.mark.parametrize("kind", ENGINES[1:])
def test_what_was_answered_outlives_kill_9(kind: str, tmp_path: Path) -> None:
    done = called(kind, tmp_path)
    assert done["wrong"] == []
    assert done["killed"] >= 3, "a quick machine is done before it was killed twelve times"


def test_an_answer_before_the_commit_is_caught(tmp_path: Path) -> None:
    done = called("sqlite", tmp_path, "ack_first")
    assert any("lost" in each for each in done["wrong"]), done
