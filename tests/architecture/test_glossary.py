"""The words that the glossary fixes are used, and no others for the same things."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from szunion.domain.wording import MESSAGES
from szunion.domain.wording_bookings import BOOKING_MESSAGES
from szunion.domain.wording_cards import CARD_MESSAGES
from szunion.domain.wording_privacy import PRIVACY_MESSAGES
from szunion.domain.wording_services import SERVICE_MESSAGES

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = Path("reference", "glossary.md")
ROW: Final = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
DOORS: Final = ("domain", "application", "ports", "errors")
SYSTEMS: Final = {
    "request key", "notice", "token", "outbox", "inbox", "worker", "node", "shard", "blind index",
    "hash", "tombstone", "mask", "default", "outcome unknown",
}  # fmt: skip
TOLD: Final = (
    MESSAGES, CARD_MESSAGES, SERVICE_MESSAGES, BOOKING_MESSAGES, PRIVACY_MESSAGES,
)  # fmt: skip
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NOT_PROSE: Final = re.compile(r"`[^`\n]+`|\]\([^)]*\)|https://\S+|\"[^\"\n]*\"")
HALF: Final = re.compile(r"[\u4e00-\u9fff”）][,;:!?()]|[,;:!?(][\u4e00-\u9fff“]")
OTHERS: Final = {
    "工人": ("工人文化宫",),
    "默认": ("代码－默认",),
    "哈希": ("公钥哈希", "证书哈希"),
}
"""Where such a word stands in a name that is somebody else's: a palace, a standard's field."""


def rows(language: str) -> list[tuple[str, ...]]:
    found = ROW.findall((ROOT / "docs" / language / PAGE).read_text("utf-8"))
    return [row for row in found if row[0] not in {"中文", "Chinese"}]


@cache
def texts() -> dict[str, str]:
    """Return every Chinese text that a person meets, by where it stands."""
    pages = [*(ROOT / "docs" / "zh").rglob("*.md"), ROOT / "README.zh-CN.md"]
    found = {
        str(page.relative_to(ROOT)): FENCE.sub("", page.read_text("utf-8"))
        for page in pages
        if page.name != PAGE.name
    }
    for file in (ROOT / "src").rglob("*.toml"):
        table = tomllib.loads(file.read_text("utf-8"))
        found[str(file.relative_to(ROOT))] = "\n".join(_leaves(table))
    for file in (ROOT / "src").rglob("*.py"):
        found[str(file.relative_to(ROOT))] = "\n".join(_said(ast.parse(file.read_text("utf-8"))))
    return found


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value


def _said(tree: ast.AST) -> Iterator[str]:
    """Yield the strings of a module that are not docstrings."""
    nodes = list(ast.walk(tree))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and id(node) not in told and isinstance(node.value, str):
            yield node.value


def without_names(text: str, word: str) -> str:
    for name in OTHERS.get(word, ()):
        text = text.replace(name, "")
    return text


def test_both_languages_have_the_same_words() -> None:
    chinese, english = rows("zh"), rows("en")
    assert len(chinese) > 40
    assert [(*row[:3], row[4]) for row in chinese] == [(*row[:3], row[4]) for row in english]
    words = [row[0] for row in chinese]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("row", rows("zh"), ids=lambda row: row[1])
def test_a_word_is_used_and_its_name_is_in_a_door(row: tuple[str, ...]) -> None:
    word, _, code, *_ = row
    assert any(word in text for text in texts().values())
    if code != "—":
        doors = [import_module(f"szunion.{name}") for name in DOORS]
        assert any(code.strip("`") in door.__all__ for door in doors)


@pytest.mark.parametrize("row", rows("zh"), ids=lambda row: row[1])
def test_no_other_word_is_written_for_it(row: tuple[str, ...]) -> None:
    for word in row[4].split("、") if row[4] != "—" else ():
        found = [name for name, text in texts().items() if word in without_names(text, word)]
        assert found == [], word


def test_a_member_reads_no_word_of_the_system() -> None:
    """What a member is told or asked stands in words that need no explanation."""
    software = [row[0] for row in rows("zh") if row[1] in SYSTEMS]
    assert len(software) == len(SYSTEMS)
    notices = [text for name, text in texts().items() if "/notices/" in name]
    told = [text.zh for table in TOLD for text in table.values()]
    assert len(notices) > 5
    found = [word for word in software for text in (*notices, *told) if word in text]
    assert found == []


def test_chinese_has_its_own_punctuation() -> None:
    """Half-width marks beside Chinese are a typist's, but within code."""
    wrong = []
    for name, text in texts().items():
        if name.endswith(".md"):
            prose = NOT_PROSE.sub("`", text)
            wrong += [f"{name}: {line}" for line in prose.splitlines() if HALF.search(line)]
    assert wrong == []
