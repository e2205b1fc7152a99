"""The types refuse what must not be written: each bad example here fails to type-check."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BAD = sorted(HERE.glob("bad_*.py"))


@pytest.fixture(scope="module")
def errors() -> Counter[str]:
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", *map(str, BAD)],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert all("[import" not in line for line in lines), lines
    return Counter(Path(line.partition(":")[0]).name for line in lines)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_misuse_does_not_type_check(errors: Counter[str], file: Path) -> None:
    assert errors[file.name] >= 1
