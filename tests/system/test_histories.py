"""10,000 random histories: each engine and the memory model answer and remember the same.

Promise 18. A history mixes what unions decide, what the bank tells (in any order, doubled,
contradicting itself), what the line does, and time. Each begins at one town and is undone after.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tests.system.twins import ACTS, Step, twin_on

BATCHES, EACH, FEW = 4, 2_500, 100

#: One number is one step: drawing one is faster than drawing three.
_STEPS = st.lists(st.integers(0, len(ACTS) * 4 * 60 - 1), min_size=1, max_size=5)


def _steps(numbers: list[int]) -> list[Step]:
    return [(number % len(ACTS), number // len(ACTS) % 4, number // len(ACTS) // 4)
            for number in numbers]  # fmt: skip


def _compare(kind: str, folder: Path, first: int, count: int) -> Counter[object]:
    model, real = twin_on("memory", folder), twin_on(kind, folder)
    assert model.people == real.people
    answers: Counter[object] = Counter()

    @seed(first)
    @settings(
        max_examples=count, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(numbers=_STEPS)
    def same(numbers: list[int]) -> None:
        steps = _steps(numbers)
        story = model.live(steps)
        assert real.live(steps) == story
        answers["histories"] += 1
        for step in story[: len(steps)]:
            assert isinstance(step, tuple)
            answers[step[0]] += 1
            answers["refused"] += isinstance(step[1], str)

    try:
        same()
    finally:
        real.trial.close()
    return answers


def _check(answers: Counter[object], count: int) -> None:
    assert answers["histories"] >= count
    assert {name for name, _ in ACTS} <= answers.keys()
    steps = sum(answers[name] for name in {name for name, _ in ACTS})
    assert answers["refused"] < steps * 2 / 3, "most of what is tried should be possible"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_histories_are_the_same_in_the_database_and_in_the_model(
    batch: int, tmp_path: Path
) -> None:
    _check(_compare("sqlite", tmp_path, 1_000 + batch, EACH), EACH)


@pytest.mark.postgres
def test_random_histories_are_the_same_on_postgresql_and_in_the_model(tmp_path: Path) -> None:
    _check(_compare("postgres", tmp_path, 2_000, FEW), FEW)


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.parametrize("batch", range(BATCHES))
def test_ten_thousand_random_histories_are_the_same_on_postgresql(
    batch: int, tmp_path: Path
) -> None:
    _check(_compare("postgres", tmp_path, 2_000 + batch, EACH), EACH)


@pytest.mark.soak
def test_very_many_random_histories_are_the_same(tmp_path: Path) -> None:
    _compare("sqlite", tmp_path, 77, 100_000)
