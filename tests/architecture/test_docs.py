"""The manual is whole: each page has its twin, and both run the same commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.relative_to(DOCS / "zh") for path in (DOCS / "zh").rglob("*.md"))
FENCE = re.compile(
    r"^```(?:console|shell-session|python|toml|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def test_every_page_has_its_twin() -> None:
    twins = sorted(path.relative_to(DOCS / "en") for path in (DOCS / "en").rglob("*.md"))
    assert twins == PAGES


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_twins_show_the_same_code(page: Path) -> None:
    chinese, english = ((DOCS / language / page).read_text("utf-8") for language in ("zh", "en"))
    assert FENCE.findall(chinese) == FENCE.findall(english)


def test_the_readmes_show_the_same_code() -> None:
    texts = [(DOCS.parent / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")]
    assert FENCE.findall(texts[0]) == FENCE.findall(texts[1])
