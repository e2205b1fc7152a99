"""Threads that stop before each step until they are told to go on: every order of steps by hand.

A step that waits in the server for what another thread holds counts as begun: the next one is told
to go on, as it would be if nobody watched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import Any, Final

import pytest
from attrs import define, field

from szunion.adapters.storage.postgres.commit import commit as committed

_PATIENCE: Final = 60.0
_GLANCE: Final = 0.002
_here = threading.local()


def orders(first: int, second: int) -> list[tuple[int, ...]]:
    """Return every order of so many steps of thread 0 and so many of thread 1."""
    places = range(first + second)
    return [
        tuple(int(at not in taken) for at in places) for taken in combinations(places, first)
    ]  # fmt: skip


@define
class Steps:
    """Threads, how far each may go, and where each stands."""

    blocked: Callable[[], int]
    """Says how many wait in the server for what another one holds."""
    may: list[int]
    running: list[bool]
    ended: set[int] = field(factory=set)
    free: bool = False
    told: threading.Condition = field(factory=threading.Condition)

    def stop(self, thread: int) -> None:
        """Stop here until thread number *thread* may go on."""
        with self.told:
            self.running[thread] = False
            self.told.notify_all()
            assert self.told.wait_for(lambda: self.free or self.may[thread] > 0, _PATIENCE)
            self.may[thread] -= 1
            self.running[thread] = True

    def end(self, thread: int) -> None:
        """Say that thread number *thread* takes no more steps."""
        with self.told:
            self.ended.add(thread)
            self.running[thread] = False
            self.told.notify_all()

    def settle(self) -> None:
        """Wait until each has stopped, has ended, or waits for another."""
        while (running := sum(self.running)) and self.blocked() < running:
            with self.told:
                self.told.wait(_GLANCE)

    def go_on(self, thread: int) -> None:
        """Let a thread take its next step, and wait until it has, as far as it can."""
        with self.told:
            self.may[thread] += 1
            self.running[thread] = thread not in self.ended
            self.told.notify_all()
        self.settle()


def played(
    jobs: Sequence[Callable[[], Any]], order: Sequence[int], blocked: Callable[[], int]
) -> list[Any]:
    """Return what each of *jobs* returns, or raises, when their steps come in *order*.

    What is left of them when the order is at its end goes on by itself.
    """
    steps = Steps(blocked, [0] * len(jobs), [True] * len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(at: int) -> None:
        _here.steps, _here.thread, _here.armed = steps, at, False
        try:
            results[at] = jobs[at]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[at] = error
        finally:
            steps.end(at)

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for each in threads:
        each.start()
    steps.settle()
    for at in order:
        steps.go_on(at)
    with steps.told:
        steps.free = True
        steps.told.notify_all()
    for each in threads:
        each.join()
    return results


def step() -> None:
    """Stop here, if this thread is one that is told when to go on; its commit is a step, too."""
    steps = getattr(_here, "steps", None)
    if steps is not None:
        _here.armed = True
        steps.stop(_here.thread)


@contextmanager
def stepping(patch: pytest.MonkeyPatch, *stops: tuple[type, str]) -> Iterator[None]:
    """Stop before each of these methods, and before the commit of whoever has come to one."""

    def stopping(whole: Callable[..., Any]) -> Callable[..., Any]:
        def stopped(*given: Any, **named: Any) -> Any:
            step()
            return whole(*given, **named)

        return stopped

    def commit(*given: Any) -> None:
        if getattr(_here, "armed", False):
            step()
            _here.armed = False
        committed(*given)

    with patch.context() as within:
        for kind, name in stops:
            within.setattr(kind, name, stopping(getattr(kind, name)))
        within.setattr("szunion.adapters.storage.postgres.storage.commit", commit)
        yield
