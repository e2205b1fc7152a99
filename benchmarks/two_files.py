"""Two ordered files walked side by side, and what others do with them: each alone in a process.

``comm`` is the limit of the time; DuckDB and Polars, which read both files into memory and join
them, are the peers of the memory. A peer that is not installed has no line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.lines import Line, smaller

_WALK: Final = """
import sys

def walk():
    apart = 0
    with open(sys.argv[1], "rb") as left, open(sys.argv[2], "rb") as right:
        one, two = next(left, None), next(right, None)
        while one is not None and two is not None:
            if one == two:
                one, two = next(left, None), next(right, None)
            elif one < two:
                apart, one = apart + 1, next(left, None)
            else:
                apart, two = apart + 1, next(right, None)
        apart += (one is not None) + (two is not None)
        return apart + sum(1 for _ in left) + sum(1 for _ in right)

apart = walk()
"""
_DUCKDB: Final = """
import duckdb, sys
duckdb.sql("SET enable_progress_bar = false")  # it would write into the answer what it has done
rows = "(FROM read_csv('%s', header=false, delim='|', quote='', columns={'line': 'VARCHAR'}))"
one, two = (rows % path for path in sys.argv[1:])
apart = sum(
    duckdb.sql(f"SELECT count(*) FROM ({a} EXCEPT {b})").fetchall()[0][0]
    for a, b in ((one, two), (two, one))
)
"""
_POLARS: Final = """
import polars, sys
one, two = (
    polars.read_csv(
        path, has_header=False, separator="|", quote_char=None, new_columns=["line"]
    )
    for path in sys.argv[1:]
)
apart = sum(a.join(b, on="line", how="anti").height for a, b in ((one, two), (two, one)))
"""
_TIMED: Final = """
import time
start = time.perf_counter()
{work}
taken = time.perf_counter() - start
status = open("/proc/self/status").read()
print(apart, taken, int(status.partition("VmHWM:")[2].split()[0]) / 1024)
"""


def _alone(work: str, one: Path, other: Path) -> tuple[int, float, float]:
    """Return what a process of its own found, in how many seconds, and its most MiB."""
    told = subprocess.run(
        [sys.executable, "-c", _TIMED.format(work=work), str(one), str(other)],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    return int(told[0]), float(told[1]), float(told[2])


def _comm(one: Path, other: Path) -> float:
    start = time.perf_counter()
    subprocess.run(
        ["comm", "-3", str(one), str(other)], check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return time.perf_counter() - start


def lines(one: Path, other: Path, count: int, rounds: int) -> Iterator[Line]:
    """Yield the lines of two ordered files that differ in a few of *count* lines."""
    ours, limit = [], []
    for _ in range(rounds):
        ours.append(_alone(_WALK, one, other))
        limit.append(_comm(one, other))
    what = f"13 two ordered files of {count:,} lines merged"
    yield smaller(
        f"{what}, s, beside 1.5x comm",
        median(taken for _, taken, _ in ours), limit=1.5 * median(limit),
    )  # fmt: skip
    apart, most = ours[0][0], max(most for _, _, most in ours)
    for peer, work in (("duckdb", _DUCKDB), ("polars", _POLARS)):
        if find_spec(peer) is not None:
            found, _, theirs = _alone(work, one, other)
            assert found == apart, (peer, found, apart)
            yield smaller(f"{what}, MiB, beside 0.3x {peer}", most, limit=0.3 * theirs)
