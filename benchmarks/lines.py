"""How a figure is measured fairly and said in one line: interleaved rounds, the median of each.

A line is our figure beside a peer's (what people use instead) or a limit (what the machine could
do at best), measured in the same run, in turn. Its ratio is at least its floor where all is well.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

Line = dict[str, Any]


def peak_mib() -> float:
    """Return the most memory, in MiB, that this process had.

    ``VmHWM`` is of this process alone; ``ru_maxrss`` begins with what its parent once had.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def rates(
    rounds: int,
    before: Mapping[str, Callable[[], object]] | None = None,
    /,
    *,
    clock: Callable[[], float] = time.perf_counter,
    **works: Callable[[], int],
) -> dict[str, float]:
    """Return how many things a second each of *works* does: the median of interleaved rounds.

    A work returns how many things it did. Each is warmed up once. For what only computes the
    *clock* may be that of the processor: whoever else is busy on the machine does not count then.
    What a work needs *before* each time, such as a queue that is full, is not timed.

    What is alive when the rounds begin, all of the code and what earlier lines have left, is not
    theirs: the collector does not go through it meanwhile, as in a server that calls
    :func:`gc.freeze` once it has started. What the works themselves leave is theirs to pay for.
    """
    ready = before or {}
    for name, work in works.items():
        ready.get(name, _nothing)()
        work()
    found: dict[str, list[float]] = {name: [] for name in works}
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            for name, work in works.items():
                ready.get(name, _nothing)()
                start = clock()
                count = work()
                found[name].append(count / (clock() - start))
    finally:
        gc.unfreeze()
    return {name: median(each) for name, each in found.items()}


def _nothing() -> None:
    """Make nothing ready."""


def faster(name: str, ours: float, *, peer: float = 0, limit: float = 0, floor: float) -> Line:
    """Return the line of a rate: the more, the better; beside a peer's or beside a limit."""
    return _line(name, ours, peer, limit, ours / (peer or limit), floor)


def smaller(name: str, ours: float, *, limit: float, floor: float = 1) -> Line:
    """Return the line of a time or a size: the less, the better."""
    return _line(name, ours, 0, limit, limit / ours, floor)


def kept(name: str, bad: int, *, of: int) -> Line:
    """Return the line of what must never happen: *bad* times of so many, and all is well at 0."""
    return _line(name, bad, 0, of, 1 - bad / of, 1)


def _line(  # noqa: PLR0913, PLR0917 - the columns of the table
    name: str, ours: float, peer: float, limit: float, ratio: float, floor: float
) -> Line:
    return {
        "name": name, "ours": _short(ours), "peer": _short(peer) or None,
        "limit": _short(limit) or None, "ratio": round(ratio, 3), "floor": floor,
        "ok": ratio >= floor,
    }  # fmt: skip


def _short(number: float) -> float:
    """Return *number* with four figures that count."""
    return float(f"{number:.4g}")
