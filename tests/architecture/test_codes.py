"""Every code that is raised has a page in both languages, and no page is left over."""

from __future__ import annotations

import re
import string
from pathlib import Path

import click
import pytest

from szunion.cli import main as command_line
from szunion.errors import CodePage, code_pages

SOURCE = Path(__file__).parents[2] / "src" / "szunion"
CODE = re.compile(r"""["'\[]((?:E|W)-[A-Z]+-[0-9]{3})\b""")
COMMAND = re.compile(r"szunion (?:--?\w+ )*([a-z]+)(?: ([a-z-]+))?", re.ASCII)


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


@pytest.mark.parametrize("page", code_pages().values(), ids=lambda page: page.code)
def test_a_command_that_a_page_names_is_there(page: CodePage) -> None:
    """What to do must be something that can be done."""
    context = click.Context(command_line)
    for noun, verb in COMMAND.findall(page.what.zh + " " + page.do.zh):
        command = command_line.get_command(context, noun)
        assert command is not None, noun
        if isinstance(command, click.Group):
            assert verb in command.commands, f"{noun} {verb}"


def test_the_pages_of_the_manual_say_no_more_than_there_is() -> None:
    context = click.Context(command_line)
    manual = SOURCE.parents[1] / "docs"
    for page in [*manual.rglob("*.md"), *manual.parent.glob("README*.md")]:
        for noun, verb in re.findall(r"`szunion ([a-z]+)(?: ([a-z-]+))?", page.read_text("utf-8")):
            command = command_line.get_command(context, noun)
            assert command is not None, (page, noun)
            if isinstance(command, click.Group) and verb:
                assert verb in command.commands, (page, noun, verb)
