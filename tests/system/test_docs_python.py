"""The Python of the manual, of the READMEs and of the examples runs as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from szunion.testing.rosters import synthetic_roster

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
WRITTEN = [*sorted((DOCS / "zh").rglob("*.md")), *sorted(DOCS.parent.glob("README*.md"))]
PAGES = [page for page in WRITTEN if FENCE.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    roster = synthetic_roster(7, 40)  # the file that pages read
    (tmp_path / "roster.csv").write_bytes(roster.as_csv())
    script = tmp_path / "page.py"
    script.write_text("\n".join(FENCE.findall(page.read_text("utf-8"))), "utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "error", script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]


def test_the_python_of_every_page_has_the_types_it_should(tmp_path: Path) -> None:
    pages = [page for page in PAGES if "bank-adapter" not in page.name]  # that one is run as files
    for page in pages:
        text = "\n".join(FENCE.findall(page.read_text("utf-8")))
        (tmp_path / f"{re.sub(r'[-.]', '_', page.stem)}_page.py").write_text(text, "utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty",
         "--config-file", DOCS.parent / "pyproject.toml", "--allow-untyped-defs",
         *sorted(tmp_path.glob("*_page.py"))],
        cwd=DOCS.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stdout == ""
