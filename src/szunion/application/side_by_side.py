"""Know how much is looked at in parts: a few looks side by side, and what they found in order.

What is asked of all members is asked a range at a time, and each range is a look of its own. The
database works on one while we reckon with another, or on two where it has two cores.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from szunion.ports.storage import Storage, UnitOfWork

P = TypeVar("P")
T = TypeVar("T")


def in_parts(
    storage: Storage, look: Callable[[UnitOfWork, P], T], parts: Iterable[P]
) -> Iterator[T]:
    """Yield what *look* finds in each of *parts*, in their order.

    Nothing is looked at further ahead than the store allows side by side, so what waits for the
    caller is never more than that. Whoever stops early waits for the looks that have begun.
    """

    def looked(part: P) -> T:
        return storage.read(lambda work: look(work, part))

    if storage.side_by_side == 1:
        yield from map(looked, parts)
        return
    with ThreadPoolExecutor(storage.side_by_side) as pool:
        begun: deque[Future[T]] = deque()
        try:
            for part in parts:
                begun.append(pool.submit(looked, part))
                if len(begun) > storage.side_by_side:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for each in begun:
                each.cancel()
