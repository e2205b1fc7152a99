"""Run fuzz targets for a long time: ``python -m tests.emv.fuzz.soak --runs 10000000 tlv dol``.

With atheris installed (``--atheris``) its coverage guides the inputs, which begin with the
published values; otherwise the published values are mutated. Prints one line a target; a failing
input is printed as hex. ``make soak`` runs all of it through ``tests/emv/test_soak.py``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha1
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from tests.emv.fuzz.mutation import corpus, mutations

Target = Callable[[bytes], None]
SEED = 20261124
_LONGEST = 4_096


def targets(importing: AbstractContextManager[Any] | None = None) -> Mapping[str, Target]:
    """Return every target by name; *importing* sees the modules come in."""
    found: dict[str, Target] = {}
    with importing or nullcontext():
        for family in ("codec", "crypto", "flow"):
            module = import_module(f"tests.emv.fuzz.{family}_targets")
            found.update(getattr(module, f"{family.upper()}_TARGETS"))
    return found


def soak(name: str, target: Target, runs: int, seed: int) -> None:
    """Feed *target* with mutated published values."""
    start = time.perf_counter()
    for data in islice(mutations(seed, corpus()), runs):
        try:
            target(data)
        except BaseException:
            print(f"{name}: fails on {data.hex()}", file=sys.stderr)  # noqa: T201
            raise
    took = time.perf_counter() - start
    print(f"{name}: {runs:,} runs in {took:.0f} s, seed {seed}", flush=True)  # noqa: T201


def guided(name: str, runs: int) -> None:
    """Let atheris feed *name*; it ends the process itself."""
    atheris = import_module("atheris")
    target = targets(atheris.instrument_imports(include=["szunion.emv"]))[name]
    with tempfile.TemporaryDirectory() as folder:
        for good in corpus():
            Path(folder, sha1(good, usedforsecurity=False).hexdigest()).write_bytes(good)
        atheris.Setup(
            [sys.argv[0], f"-runs={runs}", f"-seed={SEED}", f"-max_len={_LONGEST}", folder], target
        )
        atheris.Fuzz()


def each_guided(names: list[str], runs: int) -> None:
    """Run atheris once a target: it ends its process."""
    for name in names:
        start = time.perf_counter()
        line = [sys.executable, "-m", __spec__.name, "--one", "--runs", str(runs), name]
        done = subprocess.run(line, check=False, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr[-4_000:], file=sys.stderr)  # noqa: T201
            msg = f"{name}: atheris found an input that fails"
            raise SystemExit(msg)
        took = time.perf_counter() - start
        print(f"{name}: {runs:,} runs by atheris in {took:.0f} s", flush=True)  # noqa: T201


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="names; all of them if none is given")
    parser.add_argument("--runs", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--atheris", action="store_true", help="guided by coverage")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        guided(asked.targets[0], asked.runs)
        return
    known = targets()
    names = asked.targets or list(known)
    if asked.atheris:
        each_guided(names, asked.runs)
        return
    for name in names:
        soak(name, known[name], asked.runs, asked.seed)


if __name__ == "__main__":
    main()
