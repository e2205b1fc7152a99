"""The commands of the manual run as they stand there, page by page.

A command is a line of a ``console`` fence that begins with ``$``. It must end with 0, or with what
the page says behind it: ``# exit 3``. What needs somebody's bank, a network or a server that stays
is a ``shell-session``: shown and not run. The two commands of the READMEs are what CI itself calls.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exit ([0-9]+)$", re.ASCII)
READMES = ("README.md", "README.zh-CN.md")
WRITTEN = [*sorted((ROOT / "docs" / "zh").rglob("*.md")),
           *sorted((ROOT / "examples").rglob("README.md"))]  # fmt: skip
#: What CI calls before and after the tests, and what it stands for here.
BY_CI = {"make demo": "szunion demo --force"}


def commands(page: Path) -> list[str]:
    fences = FENCE.findall(page.read_text("utf-8"))
    return [line[2:] for fence in fences for line in fence.splitlines() if line.startswith("$ ")]


#: A page that has a test of its own, which compares what is printed as well.
HELD_ELSEWHERE = {"read-a-card.md": "tests/cli/test_tutorial.py"}
PAGES = [page for page in WRITTEN if commands(page) and page.name not in HELD_ELSEWHERE]


def script(lines: list[str]) -> str:
    """Return a script that stops at the first command that does not end as the page says."""
    parts: list[str] = []
    for line in lines:
        found = EXIT.search(line)
        wanted, words = (found[1], line[: found.start()]) if found else ("0", line)
        words = BY_CI.get(words, words)
        told = f"$status instead of {wanted}: line {len(parts) + 1}"
        parts.append(
            f'{words}\nstatus=$?\n[ $status = {wanted} ] || {{ echo "{told}" >&2; exit 99; }}'
        )
    return "\n".join(parts)


def run(lines: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", script(lines)],
        cwd=folder, env={**os.environ, "PATH": programs}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    done = run(commands(page), tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_a_page_that_is_held_elsewhere_is() -> None:
    for page, test in HELD_ELSEWHERE.items():
        assert page in (ROOT / test).read_text("utf-8")


def test_the_first_tutorials_are_among_them() -> None:
    names = {page.name for page in PAGES}
    assert {"five-minutes.md", "first-roster.md"} <= names


@pytest.mark.parametrize(
    "lines", [["true", "szunion explain E-NOPE-001"], ["true  # exit 3"], ["no-such-command"]]
)
def test_a_command_that_does_not_end_as_the_page_says_is_found(
    lines: list[str], tmp_path: Path
) -> None:
    assert run(lines, tmp_path).returncode == 99


def test_the_commands_of_the_readmes_are_what_ci_calls() -> None:
    called = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    recipe = (ROOT / "Makefile").read_text("utf-8")
    assert f"\t$(BIN)/{BY_CI['make demo']}\n" in recipe
    for name in READMES:
        assert commands(ROOT / name)
        assert set(commands(ROOT / name)) <= set(called)
