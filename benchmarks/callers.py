"""Many callers at once, of two kinds: threads that wait, and tasks of one event loop that are told.

Each caller asks so many times, one after the other; it asks again when it has its answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

Answer = Callable[[], Any]
HandIn = Callable[[int, Callable[[Answer], object]], object]
"""Hands in the wish of that number, and says who is to be told."""


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
