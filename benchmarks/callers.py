"""Many callers at once, of two kinds: threads that wait, and tasks of one event loop that are told.

Each caller asks so many times, one after the other; it asks again when it has its answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock, Semaphore, Thread
from typing import Any

Answer = Callable[[], Any]
HandIn = Callable[[int, Callable[[Answer], object]], object]
"""Hands in the wish of that number, and says who is to be told."""


class Least:
    """What any crowd does at least: all *callers* come, one other thread works, and tells them all.

    There is no queue of unknown length, no time to gather, no error, no second who decides; so no
    crowd in Python is quicker. All callers ask equally often.
    """

    def __init__(self, callers: int, work: Callable[[Sequence[int]], object]) -> None:
        self._callers = callers
        self._work = work
        self._come: list[tuple[int, Callable[[Answer], object]]] = []
        self._bell = Semaphore(0)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def ask_soon(self, wish: int, told: Callable[[Answer], object]) -> None:
        """Come, and be told."""
        come = self._come
        come.append((wish, told))
        if len(come) == self._callers:
            self._bell.release()

    def ask(self, wish: int) -> None:
        """Come, and wait: each has a lock of his own, for one lock wakes one at a time."""
        gate = Lock()
        gate.acquire()
        self.ask_soon(wish, lambda _: gate.release())
        gate.acquire()

    def _run(self) -> None:
        while True:
            self._bell.acquire()
            come, self._come = self._come, []
            if not come:
                return
            self._work([wish for wish, _ in come])
            for _, told in come:
                told(_nothing)

    def close(self) -> None:
        """Let the thread end, when nobody waits."""
        self._bell.release()
        self._thread.join()


def _nothing() -> None:
    """Answer nothing."""


def threads(ask: Callable[[int], object], callers: int, each: int) -> int:
    """Let *callers* threads *ask* *each* times; return how many wishes there were."""

    def run(caller: int) -> None:
        for turn in range(each):
            ask(caller * each + turn)

    started = [Thread(target=run, args=(caller,)) for caller in range(callers)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return callers * each


def _nobody(answer: object) -> None:
    """Look at no answer."""


def tasks(hand_in: HandIn, callers: int, each: int, seen: Callable[[Any], object] = _nobody) -> int:
    """Let *callers* tasks *hand_in* *each* wishes; return how many there were.

    Every answer is *seen*.
    """
    return asyncio.run(_tasks(hand_in, callers, each, seen))


async def _tasks(hand_in: HandIn, callers: int, each: int, seen: Callable[[Any], object]) -> int:
    loop = asyncio.get_running_loop()
    told: deque[tuple[asyncio.Future[Any], Answer]] = deque()

    def settle() -> None:
        while told:
            future, answer = told.popleft()
            try:
                future.set_result(answer())
            except Exception as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)

    def tell(future: asyncio.Future[Any], answer: Answer) -> None:
        told.append((future, answer))
        if len(told) == 1:  # the loop is woken once for all who are told together
            loop.call_soon_threadsafe(settle)

    async def run(caller: int) -> None:
        for turn in range(each):
            future: asyncio.Future[Any] = loop.create_future()
            hand_in(caller * each + turn, partial(tell, future))
            seen(await future)

    await asyncio.gather(*(run(caller) for caller in range(callers)))
    return callers * each
