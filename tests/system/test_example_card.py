"""The example that reads a card runs as it stands there, from a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "read-a-card" / "read_card.py"


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), *words],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(folder / "nobody")},
    )  # fmt: skip


def test_the_example_reads_a_card_masked(tmp_path: Path) -> None:
    told = ran(tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[0] == "PBOC DEBIT 620000******0070 测** 2031-12-31"
    assert "READ_ONLY" in told.stdout


def test_the_example_says_what_to_do_when_there_is_no_such_reader(tmp_path: Path) -> None:
    told = ran(tmp_path, "no reader of this name")
    assert told.returncode == 1
    assert told.stdout.startswith("[E-READER-0")
    assert "处理" in told.stdout
    assert told.stderr == ""
