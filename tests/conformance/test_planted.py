"""The kit finds bugs: each is planted, and the law that is there for it must break."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conformance.bugs import BUGS
from tests.conformance.plain import PlainPromises

from szunion.testing.bank import Verdict, check_promises
from szunion.testing.bank.laws import LAWS


@pytest.mark.parametrize("name", BUGS)
def test_the_kit_finds(name: str, tmp_path: Path) -> None:
    bug, laws = BUGS[name]
    promises = type("Promises", (PlainPromises,), {"adapter": bug})
    outcomes = list(check_promises(promises, tmp_path, only=laws))
    broken = [each for each in outcomes if each.verdict is Verdict.BROKEN]
    assert broken, f"{laws} did not notice {name}: {bug.__doc__}"
    story = broken[0].text
    assert broken[0].law.title.zh in story
    assert "规则：" in story
    assert f"seed={PlainPromises.seed}" in story


def test_there_are_more_than_thirty_bugs_and_each_law_they_name_exists() -> None:
    assert len(BUGS) >= 30
    assert {law for _, laws in BUGS.values() for law in laws} <= LAWS.keys()


def test_nearly_every_law_has_a_bug_that_it_alone_is_there_for() -> None:
    named = {law for _, laws in BUGS.values() for law in laws}
    unproved = set(LAWS) - named
    assert unproved == {
        "test_after_a_storm_both_sides_agree",
        "test_a_long_storm_leaves_no_difference",
    }
