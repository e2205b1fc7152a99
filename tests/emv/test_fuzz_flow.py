"""A short run of the targets for flows and the simulated card."""

from __future__ import annotations

import random
import time
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.fuzz.flow_targets import FLOW_TARGETS
from tests.emv.fuzz.mutation import corpus, mutations
from tests.emv.world import BUSINESS, Heard, card, performer, terminal

from szunion.emv import selection

NAMES = sorted(FLOW_TARGETS)
RUNS = {"dialogue": 60, "card": 120}


def _answers() -> bytes:
    """Return a real conversation in the form that the fuzz reader plays."""
    from szunion.emv.flow import run
    from szunion.emv.transaction import transact

    heard = Heard()
    run(transact(terminal(), BUSINESS), performer(card(), heard=heard))
    played = b""
    for _, response in heard.lines:
        if response.data:
            played += bytes((len(response.data), 0)) + response.data
    return played


@pytest.mark.parametrize("name", NAMES)
def test_the_corpus_and_its_mutations_raise_only_our_errors(name: str) -> None:
    target = FLOW_TARGETS[name]
    good = corpus()
    few = RUNS.get(name, 300)
    for data in [*good[:few], *islice(mutations(5, good), few)]:
        target(data[:400])


@pytest.mark.parametrize("name", ["transaction", "look", "tap"])
def test_changed_conversations_raise_only_our_errors(name: str) -> None:
    good, dice = _answers(), random.Random(9)
    for _ in range(250):
        data = bytearray(good)
        for _ in range(dice.choice((1, 1, 2, 6))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        FLOW_TARGETS[name](bytes(data))


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_raise_only_our_errors(name: str) -> None:
    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(st.binary(max_size=200))
    def run(data: bytes) -> None:
        FLOW_TARGETS[name](data)

    run()


@pytest.mark.parametrize("name", ["transaction", "look", "tap", "membership", "issuer_script"])
def test_64_kib_of_answers_end(name: str) -> None:
    dice = random.Random(1)
    for data in (b"\xff\0" + b"\x70\xfd" * 32_000, dice.randbytes(65_536), bytes(65_536)):
        start = time.process_time()
        FLOW_TARGETS[name](data)
        assert time.process_time() - start < 5


def test_a_target_finds_a_planted_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(raw: bytes) -> object:
        raise IndexError(raw)

    monkeypatch.setattr(selection, "read_fci", bad)
    with pytest.raises(IndexError):
        FLOW_TARGETS["transaction"](_answers())
