"""Every code that is raised has a page in both languages, and no page is left over."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from szunion.errors import CodePage, code_pages

SOURCE = Path(__file__).parents[2] / "src" / "szunion"
CODE = re.compile(r"""["']((?:E|W)-[A-Z]+-[0-9]{3})\b""")


def codes_in_source() -> dict[str, str]:
    found: dict[str, str] = {}
    for file in SOURCE.rglob("*.py"):
        if "emv" in file.relative_to(SOURCE).parts[:1]:
            continue  # the card layer is an island with its own tree and texts
        for code in CODE.findall(file.read_text("utf-8")):
            found.setdefault(code, str(file.relative_to(SOURCE)))
    return found


def names(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def bare(name: str) -> str:
    return name.removesuffix("_en").removesuffix("_zh")


def test_every_code_in_the_source_has_a_page() -> None:
    missing = {code: file for code, file in codes_in_source().items() if code not in code_pages()}
    assert missing == {}


def test_no_page_is_left_over() -> None:
    assert set(code_pages()) - set(codes_in_source()) == set()


@pytest.mark.parametrize("page", code_pages().values(), ids=lambda page: page.code)
def test_a_page_says_what_and_what_to_do_in_both_languages(page: CodePage) -> None:
    for text in (page.what, page.do):
        assert text.zh.strip()
        assert text.en.strip()
        assert re.search(r"[\u4e00-\u9fff]", text.zh) or names(text.zh)
        assert re.search(r"[a-z]{2}", text.en) or names(text.en)


@pytest.mark.parametrize("page", code_pages().values(), ids=lambda page: page.code)
def test_both_languages_say_the_same_things(page: CodePage) -> None:
    for text in (page.what, page.do):
        english = {bare(name) for name in names(text.en)}
        assert english == {bare(name) for name in names(text.zh)}
