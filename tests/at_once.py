"""Many who act at one moment, again and again: a thread each, which keeps its connection."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeAlias

import pytest
from attrs import evolve, frozen

from szunion.adapters.storage.postgres.connection import Limits
from szunion.adapters.storage.sqlite import storage

Gate: TypeAlias = Callable[[], None]
"""Where each waits until all have come; then all go on at once."""

_PATIENCE: Final = 300.0
"""Seconds until the last has come, on a machine that many use."""

SHARED: Final = Limits(wait=_PATIENCE, lock=_PATIENCE)
"""As many connections as by default, and time: nobody waits more than ten seconds by default, and
where a machine has so much to do that 64 decisions take longer, the last of them hear E-STORE-001.
"""

ONE_EACH: Final = evolve(SHARED, connections=64)
"""A connection for each of 64: their decisions are in each other's way more often."""


def patient(patch: pytest.MonkeyPatch) -> None:
    """Let threads wait for each other as long on SQLite, where it is no limit of a store's."""
    patch.setattr(storage, "BUSY_MS", int(_PATIENCE * 1000))


@frozen
class Crowd:
    """So many who act at one moment."""

    size: int
    threads: ThreadPoolExecutor

    def act(self, acts: Sequence[Callable[[Gate], str]]) -> Counter[str]:
        """Let each act, who comes to the gate of his or her own accord; return what they told."""
        assert len(acts) <= self.size, "whoever has no thread never comes to the gate"
        barrier = threading.Barrier(len(acts))

        def one(act: Callable[[Gate], str]) -> str:
            come: list[int] = []
            try:
                return act(lambda: come.append(barrier.wait(_PATIENCE)))
            except BaseException as error:  # noqa: BLE001 - the test must hear of everything
                if not come:
                    barrier.abort()  # who waits for this one waits in vain
                return f"{type(error).__name__} {error}"

        return Counter(self.threads.map(one, acts))


@contextmanager
def crowd(size: int) -> Iterator[Crowd]:
    """Have so many for the length of a ``with`` block."""
    with ThreadPoolExecutor(size) as threads:
        yield Crowd(size, threads)
