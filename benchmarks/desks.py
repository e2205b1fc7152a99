"""Desks on a server, each a process of its own, as officers at different machines are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from multiprocessing import get_context
from threading import Barrier
from typing import Final, TypeAlias

from benchmarks.places import office_on
from szunion.adapters.roster.reader import read_roster
from szunion.application.roster import Rosters
from szunion.domain.access import Principal

Imports: TypeAlias = Callable[[Sequence[bytes]], int]
"""Imports rosters, as many at a time as there are desks; returns how many members came in."""

_PATIENCE: Final = 60.0
_here: list[Rosters] = []
"""The desk of this process."""


def _open(address: str, by: Principal, all_open: Barrier) -> None:
    _here.append(Rosters(office_on(address), by, read_roster))
    all_open.wait(_PATIENCE)


def _imported(data: bytes) -> int:
    return _here[0].import_file(BytesIO(data)).added


@contextmanager
def desks(address: str, by: Principal, count: int = 2) -> Iterator[Imports]:
    """Open *count* desks of an officer; they are ready when the block begins."""
    context = get_context("spawn")  # no lines to a server are shared
    all_open = context.Barrier(count + 1)
    with context.Pool(count, _open, (address, by, all_open)) as pool:
        all_open.wait(_PATIENCE)
        yield lambda rosters: sum(pool.map(_imported, rosters, chunksize=1))
        pool.close()
        pool.join()
