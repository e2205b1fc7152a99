"""The power fails: what a disk may then hold is opened, and is the store at a commit, no other.

What is rebuilt, and how a state is judged, is in ``power_loss``. The harness must also find planted
bugs: a weaker setting, and syncs that never happened.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.system.power_loss import POLICIES, Replay
from tests.system.recorded import calls, cannot_trace, record

pytestmark = [
    pytest.mark.strace,
    pytest.mark.skipif(bool(cannot_trace()), reason=cannot_trace() or "can trace"),
]

STATES = 10_000
"""States a run of the whole suite builds; most of them differ, and each of those is opened."""


def recorded(folder: Path, seed: int = 7, plant: str = "", **more: Callable[[str], bool]) -> Replay:
    """Let a town live in *folder* under record; return its replay."""
    (folder / "union").mkdir()
    record(folder / "trace", "tests.system.power_child", str(folder), str(seed), plant)
    return Replay(list(calls(folder / "trace")), folder, seed, **more)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return recorded(tmp_path_factory.mktemp("town"))


def test_after_a_loss_of_power_every_acknowledged_commit_is_there_and_nothing_is_half(
    town: Replay,
) -> None:
    verdict = town.run(STATES)
    assert dict(verdict.wrong) == {}
    assert verdict.total > STATES * 0.95
    assert verdict.opened > STATES * 0.5, "most of the states are states of their own"
    assert set(verdict.states) == set(POLICIES)
    assert verdict.commits > 300


@pytest.mark.soak
def test_in_a_hundred_thousand_states_nothing_is_lost(tmp_path: Path) -> None:
    total = 0
    for seed in (11, 12, 13):
        folder = tmp_path / str(seed)
        folder.mkdir()
        verdict = recorded(folder, seed).run(40_000)
        assert dict(verdict.wrong) == {}
        total += verdict.total
        print(seed, verdict)  # noqa: T201 - the figure is quoted
    assert total >= 100_000


@pytest.mark.parametrize("name", ["union.db-wal", "union.db", "."])
def test_a_sync_that_never_happened_is_found(name: str, town: Replay) -> None:
    town.forgets = lambda synced: synced == name
    assert town.run(STATES // 5, first=True).wrong, f"{name} was never synced"


def test_one_dropped_sync_in_ten_is_found(town: Replay) -> None:
    count = 0

    def every_tenth(_name: str) -> bool:
        nonlocal count
        count += 1
        return not count % 10

    town.forgets = every_tenth
    assert town.run(STATES // 5, first=True).wrong


def test_the_setting_that_most_guides_recommend_is_found_to_lose_commits(tmp_path: Path) -> None:
    weak = recorded(tmp_path, plant="normal").run(STATES // 5, first=True)
    assert "lost, or half there" in weak.wrong
