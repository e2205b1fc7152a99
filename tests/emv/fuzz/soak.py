"""Run fuzz targets for a long time: ``python -m tests.emv.fuzz.soak --runs 10000000 tlv dol``.

With atheris installed (``--atheris``) its coverage guides the inputs; otherwise the published
values are mutated. Prints one line a target; a failing input is printed as hex.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import islice

from tests.emv.fuzz.codec_targets import CODEC_TARGETS
from tests.emv.fuzz.crypto_targets import CRYPTO_TARGETS
from tests.emv.fuzz.flow_targets import FLOW_TARGETS
from tests.emv.fuzz.mutation import corpus, mutations

TARGETS = {**CODEC_TARGETS, **CRYPTO_TARGETS, **FLOW_TARGETS}


def soak(name: str, target: Callable[[bytes], None], runs: int, seed: int) -> None:
    start = time.perf_counter()
    for data in islice(mutations(seed, corpus()), runs):
        try:
            target(data)
        except BaseException:
            print(f"{name}: fails on {data.hex()}", file=sys.stderr)  # noqa: T201
            raise
    took = time.perf_counter() - start
    print(f"{name}: {runs:,} runs in {took:.0f} s, seed {seed}")  # noqa: T201


def guided(target: Callable[[bytes], None], runs: int) -> None:
    atheris = import_module("atheris")
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-runs={runs}"], target)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="names; all of them if none is given")
    parser.add_argument("--runs", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--atheris", action="store_true", help="one target, guided by coverage")
    asked = parser.parse_args()
    names = asked.targets or list(TARGETS)
    if asked.atheris:
        guided(TARGETS[names[0]], asked.runs)
        return
    for name in names:
        soak(name, TARGETS[name], asked.runs, asked.seed)


if __name__ == "__main__":
    main()
