"""Run every benchmark, print its lines, and write them to build/bench.json.

Each ``bench_*.py`` here has ``lines() -> list[Line]``: our figure beside a peer's and beside the
physical limit, measured in the same run, interleaved. Exit status 1: a line could not be measured.
Figures below their floor are marked, not fatal: machines are noisy, so the noise is printed.
Words on the command line choose: ``python -m benchmarks import read``.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def machine() -> str:
    """Return what the figures were measured on: processor, load, flushes of the disk a second."""
    flushes = 200
    with tempfile.NamedTemporaryFile(dir=HERE.parent) as file:
        start = time.perf_counter()
        for _ in range(flushes):
            file.write(b"x")
            file.flush()
            os.fdatasync(file.fileno())
        rate = flushes / (time.perf_counter() - start)
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {_processor()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {rate:,.0f} fdatasync/s"
    )


def _processor() -> str:
    """Return the processor's name, as Linux has it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def spin() -> float:
    """Return how long a fixed piece of work takes now, in ms: its spread is the noise."""
    start = time.perf_counter()
    sum(range(1_000_000))
    return (time.perf_counter() - start) * 1000


def main(wanted: list[str]) -> int:
    """Run the benchmarks whose names contain one of *wanted* (all without any)."""
    print(machine(), flush=True)
    all_lines: list[dict[str, Any]] = []
    failed = False
    noise = [spin()]
    for file in sorted(HERE.glob("bench_*.py")):
        if wanted and not any(word in file.stem for word in wanted):
            continue
        try:
            lines = importlib.import_module(f"benchmarks.{file.stem}").lines()
        except Exception:  # noqa: BLE001 - one broken line must not hide the others
            traceback.print_exc()
            print(f"{file.stem}: COULD NOT BE MEASURED")
            failed = True
            continue
        noise.append(spin())
        for line in lines:
            all_lines.append(line)
            mark = "ok " if line["ok"] else "LOW"
            print(
                f"{mark} {line['name']:<72} ours {_number(line['ours'])}"
                f"  peer {_number(line['peer'])}"
                f"  limit {_number(line['limit'])}  ratio {_number(line['ratio'])}"
                f"  floor {_number(line['floor'])}",
                flush=True,
            )
    print(f"noise: a fixed piece of work took {min(noise):.1f}-{max(noise):.1f} ms")
    out = HERE.parent / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(all_lines, ensure_ascii=False, indent=1), "utf-8")
    return int(failed)


def _number(value: float | None) -> str:
    return f"{'-':>12}" if value is None else f"{value:>12,.4g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
