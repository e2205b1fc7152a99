"""Know how many callers become one transaction: the combiner (合并提交).

One row that everybody wants to change can change only once per flush of the disk, for its lock is
held until the flush is done. So all who wait are decided together, in one transaction, and woken
after its commit; meanwhile the next crowd gathers. One thread does it, begun with the first wish,
so that one connection stays warm.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Lock, Thread
from typing import Any, Final, TypeVar

from attrs import define, field

from szunion.errors import StorageBusy, StorageError

W = TypeVar("W")
A = TypeVar("A")
Decide = Callable[[Sequence[Any]], Sequence[Any]]

MOST_TOGETHER: Final = 1_000
MOST_WAITING: Final = 10_000
GATHER: Final = 0.001
"""Seconds: less than a flush of most disks."""


class _Place:
    """One caller's place in the queue."""

    __slots__ = ("answer", "decide", "error", "gate", "wish")

    def __init__(self, wish: object, decide: Decide) -> None:
        self.wish = wish
        self.decide = decide
        self.gate = Lock()
        """Held until the caller is answered."""
        self.gate.acquire()
        self.answer: Any = None
        self.error: BaseException | None = None


@define(eq=False)
class Combiner:
    """A crowd of the threads of this process. Several processes each have their own."""

    most: int = MOST_TOGETHER
    """How many are decided in one transaction."""
    waiting: int = MOST_WAITING
    """How many may wait; one more is asked to come again."""
    _queue: deque[_Place] = field(factory=deque, init=False)
    _came: Condition = field(factory=Condition, init=False)
    _worker: Thread | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    def ask(self, wish: W, decide: Callable[[Sequence[W]], Sequence[A]], /) -> A:
        """See :class:`szunion.ports.system.Crowd`."""
        mine = _Place(wish, decide)
        with self._came:
            if self._closed or len(self._queue) >= self.waiting:
                raise StorageBusy("E-BOOKING-001", most=self.waiting)
            self._queue.append(mine)
            if self._worker is None or not self._worker.is_alive():  # the first; or after a fork
                self._worker = Thread(target=self._work, name="szunion-crowd", daemon=True)
                self._worker.start()
            elif len(self._queue) == 1:
                self._came.notify()
        mine.gate.acquire()
        if mine.error is not None:
            raise mine.error
        answer: A = mine.answer
        return answer

    def close(self) -> None:
        """Answer those who wait, take no more, and let the thread end."""
        with self._came:
            self._closed = True
            self._came.notify()
            worker = self._worker
        if worker is not None and worker.is_alive():
            worker.join()

    def _gather(self, last: int) -> None:
        """Let those who were just answered come again before the next flush is spent on a few."""
        before = 0
        while before < len(self._queue) < min(last, self.most) and not self._closed:
            before = len(self._queue)
            self._came.wait(GATHER)

    def _work(self) -> None:
        group: list[_Place] = []
        while True:
            with self._came:
                while not self._queue and not self._closed:
                    self._came.wait()
                if not self._queue:
                    return
                self._gather(len(group))
                group = [self._queue.popleft() for _ in range(min(len(self._queue), self.most))]
            try:
                _decide(group)
            finally:
                for place in group:
                    place.gate.release()


def _decide(group: Sequence[_Place]) -> None:
    """Answer a group together; if that fails and not the store is to blame, one by one.

    A wish that breaks the decision then breaks its own alone.
    """
    try:
        answers = group[0].decide([place.wish for place in group])
    except StorageError as error:
        for place in group:  # each its own: a traceback belongs to one thread
            place.error = type(error)(error.code, **error.context)
        return
    except BaseException as error:  # noqa: BLE001 - it is raised where it belongs, by each caller
        if len(group) == 1:
            group[0].error = error
            return
        for place in group:
            _decide([place])
        return
    for place, answer in zip(group, answers, strict=True):
        place.answer = answer
