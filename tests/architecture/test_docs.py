"""The manual is whole: each page has its twin of the same shape, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.relative_to(DOCS / "zh") for path in (DOCS / "zh").rglob("*.md"))
FENCE = re.compile(
    r"^```(?:console|shell-session|python|toml|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL
)
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SHAPE = re.compile(r"^(?:#+ |\||[*-] |\d+\. )", re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
MOST = 300
"""Characters that a table's cell may have before nobody reads it."""


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


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_twins_have_the_same_headings_lists_and_tables(page: Path) -> None:
    chinese, english = (_prose(DOCS / language / page) for language in ("zh", "en"))
    assert SHAPE.findall(chinese) == SHAPE.findall(english)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_links_within_the_manual_lead_somewhere(language: str) -> None:
    lost = []
    for page in (DOCS / language).rglob("*.md"):
        for file, heading in LINK.findall(_prose(page)):
            target = (page.parent / file).resolve() if file else page
            if not target.exists() or (heading and heading not in _anchors(target)):
                lost.append(f"{page.relative_to(DOCS)}: {file}#{heading}")
    assert lost == []


@pytest.mark.parametrize("kind", ["explanation", "howto", "tutorial"])
def test_a_cell_of_a_table_can_be_read(kind: str) -> None:
    pages = [page for language in ("zh", "en") for page in (DOCS / language / kind).glob("*.md")]
    rows = [row for page in pages for row in _prose(page).splitlines() if row.startswith("|")]
    assert [cell for row in rows for cell in row.split("|") if len(cell) > MOST] == []


def _prose(page: Path) -> str:
    return BLOCK.sub("", page.read_text("utf-8"))


def _anchors(page: Path) -> set[str]:
    """Return the names that MyST gives to the headings of *page*, as GitHub does."""
    headings = HEADING.findall(_prose(page))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
