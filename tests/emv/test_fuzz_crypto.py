"""A short run of the targets for certificates, keys, cryptograms and scripts."""

from __future__ import annotations

import tracemalloc
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.fuzz.crypto_targets import CRYPTO_TARGETS
from tests.emv.fuzz.mutation import corpus, mutations

from szunion.emv import certificates

GOOD = corpus()
NAMES = sorted(CRYPTO_TARGETS)


@pytest.mark.parametrize("name", NAMES)
def test_the_corpus_and_its_mutations_raise_only_our_errors(name: str) -> None:
    target = CRYPTO_TARGETS[name]
    for data in [*GOOD, *islice(mutations(3, GOOD), 600)]:
        target(data)


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_raise_only_our_errors(name: str) -> None:
    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(st.binary(max_size=160))
    def run(data: bytes) -> None:
        CRYPTO_TARGETS[name](data)

    run()


@pytest.mark.parametrize("name", NAMES)
def test_heavy_inputs_stay_within_8_mib(name: str) -> None:
    for data in (b"\x70\x82\xff\xfc" + b"\x5a\x00" * 32_766, bytes(65_536), b"\x9f" * 65_536):
        CRYPTO_TARGETS[name](data[:100])  # tables that are made once do not count
        tracemalloc.start()
        try:
            CRYPTO_TARGETS[name](data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak <= 8 * 1024 * 1024


def test_a_target_finds_a_planted_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(data: bytes) -> None:
        raise IndexError(data)

    monkeypatch.setattr(certificates, "digits_of", bad)
    with pytest.raises(IndexError):
        CRYPTO_TARGETS["rsa_certificates"](bytes(40))
