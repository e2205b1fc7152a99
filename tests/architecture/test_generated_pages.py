"""The generated pages of the manual say what the code says now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import attrs

from szunion.errors import code_pages
from szunion.settings import Settings

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs"


def test_every_generated_page_is_fresh() -> None:
    result = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, ""), result.stderr[-2000:]


def test_every_code_has_its_line_in_the_manual() -> None:
    for language in ("zh", "en"):
        page = (MANUAL / language / "reference" / "codes.md").read_text("utf-8")
        assert re.findall(r"^\| `([EW]-[A-Z]+-[0-9]{3})`", page, re.MULTILINE) == sorted(
            code_pages(), key=lambda code: (code.split("-")[1], list(code_pages()).index(code))
        )


def test_every_setting_has_its_line_in_the_manual() -> None:
    page = (MANUAL / "zh" / "reference" / "settings.md").read_text("utf-8")
    for field in attrs.fields(Settings):
        assert f"| `{field.name}" in page, field.name
