"""The types refuse what must not be written: each bad example here fails to type-check.

The line that is wrong says so, and by which rule: ``# bad: arg-type``. An example that fails
somewhere else, or for another reason, has lost its point.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BAD = sorted(HERE.glob("bad_*.py"))
MARK = re.compile(r"# bad: ([a-z-]+(?:, [a-z-]+)*)$", re.ASCII)
ERROR = re.compile(r"(?:.*/)?(bad_\w+\.py):([0-9]+): error: .*\[([a-z-]+)\]", re.ASCII)

Faults = dict[str, set[tuple[int, str]]]


def faults(files: list[Path]) -> Faults:
    """Return what mypy finds: file → lines and rules."""
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", *map(str, files)],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    found: Faults = {}
    for line in result.stdout.splitlines():
        if ": error:" in line:
            match = ERROR.fullmatch(line)
            assert match, line
            found.setdefault(match[1], set()).add((int(match[2]), match[3]))
    return found


def marked(file: Path) -> set[tuple[int, str]]:
    """Return what a file says is wrong in it."""
    lines = enumerate(file.read_text("utf-8").splitlines(), start=1)
    return {
        (number, rule)
        for number, line in lines
        if (match := MARK.search(line))
        for rule in match[1].split(", ")
    }


@pytest.fixture(scope="module")
def found() -> Faults:
    return faults(BAD)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_misuse_does_not_type_check_where_and_as_it_should(found: Faults, file: Path) -> None:
    assert marked(file)
    assert found.get(file.name, set()) == marked(file)
