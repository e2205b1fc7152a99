"""An upgrade is killed at any statement: it is resumed, and ends where a fresh database begins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def upgraded(folder: Path, every: int) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.upgrading", str(folder), str(every)],
        cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    done: dict[str, Any] = json.loads(run.stdout)
    return done


def test_from_every_version_with_data_an_upgrade_is_resumed(tmp_path: Path) -> None:
    done = upgraded(tmp_path, 37)
    assert done["wrong"] == []
    assert done["versions"] >= 11
    assert done["kills"] >= done["versions"]
    assert done["rows"] > 500, "there are data that could be lost"


@pytest.mark.soak
def test_killed_at_every_statement_of_every_migration_an_upgrade_is_resumed(
    tmp_path: Path,
) -> None:
    done = upgraded(tmp_path, 1)
    assert done["wrong"] == []
    print(done["kills"], done["versions"], done["rows"])  # noqa: T201 - the figure is quoted
    assert done["kills"] > 1_000
