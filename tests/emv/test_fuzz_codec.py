"""A short run of the fuzz targets: the corpus, its mutations, and what hypothesis thinks up."""

from __future__ import annotations

import tracemalloc
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.fuzz.codec_targets import CODEC_TARGETS
from tests.emv.fuzz.mutation import corpus, mutations

GOOD = corpus()
NAMES = sorted(CODEC_TARGETS)
#: Inputs of 64 KiB that try to be expensive.
HEAVY = [
    b"\x9c\x00" * 32_768,
    b"\x70\x7e" * 32_768,
    b"\x9f\x38\x03\x9f\x37\x04" * 10_922,
    b"\x00" * 65_536,
    b"\x81" * 65_536,
    bytes(range(256)) * 256,
    b"\x70\x84\x00\x00\xff\xfa" * 10_922,
]


@pytest.mark.parametrize("name", NAMES)
def test_the_corpus_and_its_mutations_raise_only_our_errors(name: str) -> None:
    target = CODEC_TARGETS[name]
    for data in [*GOOD, *islice(mutations(1, GOOD), 1500)]:
        target(data)


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_raise_only_our_errors(name: str) -> None:
    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(st.binary(max_size=80))
    def run(data: bytes) -> None:
        CODEC_TARGETS[name](data)

    run()


@pytest.mark.parametrize("name", ["tlv", "dol", "afl", "cvm_list", "track_2", "apdu", "fields"])
def test_heavy_inputs_stay_within_8_mib(name: str) -> None:
    target = CODEC_TARGETS[name]
    for data in HEAVY:
        tracemalloc.start()
        try:
            target(data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak <= 8 * 1024 * 1024


def test_the_same_seed_makes_the_same_inputs() -> None:
    assert list(islice(mutations(7, GOOD), 50)) == list(islice(mutations(7, GOOD), 50))
    assert len(set(islice(mutations(7, GOOD), 50))) > 40


def test_a_target_finds_a_planted_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """The targets would see another exception: they swallow only our own."""

    def bad(data: bytes) -> None:
        raise IndexError(data)

    monkeypatch.setattr("szunion.emv.tlv.parse", bad)
    with pytest.raises(IndexError):
        CODEC_TARGETS["tlv"](b"")
