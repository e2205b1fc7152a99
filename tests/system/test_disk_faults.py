"""The disk fails at any call, or is full: nothing is told that is not so, and work goes on."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.system.disk_faults import store_in, told, unit
from tests.system.recorded import cannot_trace

from szunion.adapters.storage.sqlite.session import connect

ROOT = Path(__file__).parents[2]
traced = pytest.mark.skipif(bool(cannot_trace()), reason=cannot_trace() or "can trace")


def failed(folder: Path, stride: int, plant: str = "") -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.system.disk_faults", str(folder), str(stride), plant],
        cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    done: dict[str, Any] = json.loads(run.stdout)
    return done


@traced
@pytest.mark.strace
def test_a_disk_that_fails_at_a_call_makes_no_liar(tmp_path: Path) -> None:
    done = failed(tmp_path, 37)
    assert done["wrong"] == {}
    said = done["said"]
    assert said.get("error=ENOSPC pwrite64: full", 0) > 0
    assert said.get("error=EIO fdatasync: unknown", 0) > 0, "a failed sync is nobody's no"
    assert not any("EIO" in name and name.endswith(": full") for name in said)


@traced
@pytest.mark.strace
def test_who_swallows_what_the_disk_says_is_found(tmp_path: Path) -> None:
    assert failed(tmp_path, 37, plant="lies")["wrong"]


@traced
@pytest.mark.strace
@pytest.mark.soak
def test_a_disk_that_fails_at_any_call_makes_no_liar(tmp_path: Path) -> None:
    done = failed(tmp_path, 1)
    assert done["wrong"] == {}
    print(done)  # noqa: T201 - the figure is quoted


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of three megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root mounts")
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mount.returncode:
        pytest.skip("this machine does not let mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def there(folder: Path) -> set[str]:
    with closing(connect(folder / "union.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {name for (name,) in connection.execute("SELECT template FROM message")}


def test_a_full_disk_refuses_is_read_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    storage = store_in(small_disk)
    ballast = small_disk / "ballast"
    left = os.statvfs(small_disk)
    ballast.write_bytes(b"x" * (left.f_bavail * left.f_frsize))
    answers = [told(storage, number, lies=False) for number in range(40)]
    assert "full" in answers
    assert set(answers) <= {"full", "done", "unknown"}
    assert storage.read(lambda work: work.ids.new(1)) > 0
    ballast.unlink()
    assert told(storage, 99, lies=False) == "done", "without a restart"
    storage.close()
    found = there(small_disk)
    for number, answer in enumerate(answers):
        if answer != "unknown":
            assert (f"unit.{number}" in found) == (answer == "done")


def test_a_limit_on_files_is_no_lie_either(tmp_path: Path) -> None:
    """A write that is cut short by a limit of the process: the rest of it fails."""
    storage = store_in(tmp_path)
    storage.run(lambda work: unit(work, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "union.db-wal").stat().st_size
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, hard))
        answers = [told(storage, number, lies=False) for number in range(1, 6)]
        assert storage.read(lambda work: work.ids.new(1)) > 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answers[-1] != "done"
    assert told(storage, 99, lies=False) == "done"
    storage.close()
    found = there(tmp_path)
    assert all(f"unit.{n}" in found for n, each in enumerate(answers, 1) if each == "done")
    assert "unit.99" in found
