"""What the tutorial shows is what the commands print: each is run, each line is held to it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tests.cli.speaking import say

PAGES = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(console|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: What no two runs have in common: how long it took.
TIMES = (re.compile(r"\d+\.\d\d s"), re.compile(r"\d+ ms"))


def steady(text: str) -> str:
    for pattern in TIMES:
        text = pattern.sub("#", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def holds(shown: str, printed: str) -> None:
    """Check that all parts of *shown*, between lines of one ``…``, were printed in that order."""
    rest = steady(printed)
    for part in re.split(r"^…\n", shown, flags=re.MULTILINE):
        before, found, rest = rest.partition(steady(part))
        assert found, f"not printed (any more):\n{part}\nafter:\n{before[-500:]}"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_tutorial_on_cards_shows_what_is_printed(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (PAGES / language / "tutorial" / "read-a-card.md").read_text("utf-8")
    printed, checked = "", 0
    for kind, body in FENCE.findall(page):
        if kind == "text":
            holds(body, printed)
            checked += 1
            continue
        for line in body.splitlines():
            _, *words = shlex.split(line.removeprefix("$ "))
            told = say(["--lang", language, *words])
            assert told.status == 0 or told.code == "E-READER-027", told
            printed = told.out if told.status == 0 else told.err
            if words[:2] == ["reader", "list"]:
                # a machine may have readers of its own, before the simulated ones
                rows = [
                    row for row in told.out.splitlines() if "  szunion-sim" in row or "─" in row
                ]
                printed = "\n".join([told.out.splitlines()[0], *rows]) + "\n"
    assert checked >= 8
