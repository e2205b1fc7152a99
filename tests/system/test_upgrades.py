"""An upgrade is killed at any statement: it is resumed, and ends where a fresh database begins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from szunion.testing.postgres_databases import Databases

ROOT = Path(__file__).parents[2]


def upgraded(folder: Path, every: int) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.upgrading", str(folder), str(every)],
        cwd=ROOT, capture_output=True, text=True, timeout=4 * 3600, check=False,
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


def upgraded_server(*sizes: int) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.upgrading_server", *map(str, sizes)],
        cwd=ROOT, capture_output=True, text=True, timeout=4 * 3600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    done: dict[str, Any] = json.loads(run.stdout)
    return done


@pytest.mark.postgres
def test_on_a_server_an_upgrade_is_resumed_whoever_dies(databases: Databases) -> None:
    done = upgraded_server(9, 60, 200, 1)
    assert done["wrong"] == []
    assert done["kills"] >= done["versions"] >= 2
    assert done["servers"] or databases.server is None
    assert done["rows"] > 100


@pytest.mark.soak
@pytest.mark.postgres
def test_on_a_server_killed_at_every_statement_an_upgrade_is_resumed() -> None:
    done = upgraded_server(1, 1, 20, 2)
    assert done["wrong"] == []
    print(done)  # noqa: T201 - the figure is quoted
    assert done["kills"] > 200
