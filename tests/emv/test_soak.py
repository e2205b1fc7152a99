"""The long runs over the card layer: ``make soak``.

Ten million inputs a target that reads bytes, a million a whole transaction, less for what runs a
real card. ``SZUNION_SOAK_RUNS`` sets another number of inputs for the byte-level targets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from tests.emv.fuzz.codec_targets import CODEC_TARGETS
from tests.emv.fuzz.crypto_targets import CRYPTO_TARGETS
from tests.emv.fuzz.flow_targets import FLOW_TARGETS

RUNS = int(os.environ.get("SZUNION_SOAK_RUNS", "10000000"))
#: A run of these is a whole conversation.
SHARE = dict.fromkeys(FLOW_TARGETS, 10) | {"card": 50, "dialogue": 500}


#: The share that atheris guides where it is installed: it finds more and is ten times as slow.
GUIDED = 10 if find_spec("atheris") else 0


def _soak(name: str, runs: int, *engine: str) -> None:
    line = [sys.executable, "-m", "tests.emv.fuzz.soak", name, "--runs", str(runs), *engine]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[-4_000:]
    assert f"{name}: {runs:,} runs" in done.stdout


@pytest.mark.soak
@pytest.mark.parametrize("name", [*CODEC_TARGETS, *CRYPTO_TARGETS, *FLOW_TARGETS])
def test_ten_million_inputs_raise_only_our_errors(name: str) -> None:
    runs = RUNS // SHARE.get(name, 1)
    guided = runs // GUIDED if GUIDED else 0
    _soak(name, runs - guided)
    if guided:
        _soak(name, guided, "--atheris")


def test_the_soak_engine_runs_a_target() -> None:
    line = [sys.executable, "-m", "tests.emv.fuzz.soak", "afl", "--runs", "500"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert "afl: 500 runs" in done.stdout
