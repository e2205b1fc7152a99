"""Know how many callers become one transaction: the combiner (合并提交).

One row that everybody wants to change can change only once per flush of the disk, for its lock is
held until the flush is done. So all who wait are decided together, in one transaction, and woken
after its commit; meanwhile the next crowd gathers. One thread does it, begun with the first wish,
so that one connection stays warm.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from os import register_at_fork
from threading import Lock, Semaphore, Thread
from typing import Any, Final, TypeVar
from weakref import ref

from attrs import define, field

from szunion.errors import StorageBusy, StorageClosed, StorageError
from szunion.log import say

W = TypeVar("W")
A = TypeVar("A")
Decide = Callable[[Sequence[Any]], Sequence[Any]]
Told = Callable[[Callable[[], Any]], object]


MOST_TOGETHER: Final = 1_000
MOST_WAITING: Final = 10_000
GATHER: Final = 0.001
"""Seconds: less than a flush of most disks."""


class _Place:
    """One caller's place in the queue; called, it is the answer. Thousands wait: it is all of it.

    So there is one object of ours for each who waits, and the collector has fewer to go through.
    """

    __slots__ = ("answer", "decide", "told", "wish")

    def __init__(self, wish: object, decide: Decide, told: Told) -> None:
        self.wish = wish
        self.decide = decide
        self.told = told
        self.answer: Any = None

    def __call__(self) -> Any:  # noqa: ANN401 - whatever was decided
        """Return the answer, or raise what stood in its way."""
        answer = self.answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def tell(self) -> None:
        """Let the caller know. What goes wrong there is the caller's, and nobody else's."""
        try:
            self.told(self)
        except BaseException as error:  # noqa: BLE001 - the others wait for their answers
            say("crowd", logging.ERROR, "W-BOOKING-001", code=type(error).__name__)


@define(eq=False)
class Combiner:
    """A crowd of the threads of this process. Several processes each have their own.

    Nobody takes a lock to join the queue: adding to a ``deque`` is one step for all threads, and
    whoever comes looks afterwards whether the worker is to be woken. The worker says that it is
    going to sleep before it looks at the queue for the last time, so no one is overlooked. Whoever
    wakes it says so first: the others need not ring while it gets up, which may take it longer
    than it takes them all to come.

    A fork leaves the worker, and all who wait, to the parent: in the child nobody has come yet.
    """

    most: int = MOST_TOGETHER
    """How many are decided in one transaction."""
    waiting: int = MOST_WAITING
    """How many may wait; one more is asked to come again. Callers who come in the same instant
    may be a few more."""
    _queue: deque[_Place] = field(factory=deque, init=False)
    _starting: Lock = field(factory=Lock, init=False)
    _bell: Semaphore = field(factory=lambda: Semaphore(0), init=False)
    _wanted: int = field(default=1, init=False)
    """So many must wait before the worker is woken; 0: it is awake."""
    _worker: Thread | None = field(default=None, init=False)
    """None: there is none in this process."""
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        register_at_fork(after_in_child=partial(_forked, ref(self)))

    def begin_anew(self) -> None:
        """Forget the worker and those who wait; the locks are the parent's, and may be held."""
        self._queue, self._starting, self._bell = deque(), Lock(), Semaphore(0)
        self._wanted, self._worker = 1, None

    def ask(self, wish: W, decide: Callable[[Sequence[W]], Sequence[A]], /) -> A:
        """See :class:`szunion.ports.system.Crowd`."""
        gate = Lock()
        gate.acquire()
        mine = _Place(wish, decide, lambda _: gate.release())
        self._join(mine)
        gate.acquire()
        answer: A = mine()
        return answer

    def ask_soon(
        self, wish: W, decide: Callable[[Sequence[W]], Sequence[A]],
        told: Callable[[Callable[[], A]], object], /,
    ) -> None:  # fmt: skip
        """See :class:`szunion.ports.system.Crowd`."""
        self._join(_Place(wish, decide, told))

    def _join(self, mine: _Place) -> None:
        queue = self._queue
        if self._closed:
            raise StorageClosed("E-STORE-038")
        if len(queue) >= self.waiting:
            raise StorageBusy("E-BOOKING-001", most=self.waiting)
        queue.append(mine)
        if self._worker is None:
            self._start()
        elif 0 < self._wanted <= len(queue):
            self._wanted = 0
            self._bell.release()

    def _start(self) -> None:
        with self._starting:
            if self._worker is None:
                self._worker = Thread(target=self._work, name="szunion-crowd", daemon=True)
                try:
                    self._worker.start()
                except RuntimeError:  # there is no room for a thread
                    self._worker = None
                    raise

    def close(self) -> None:
        """Answer those who wait, take no more, and let the thread end."""
        self._closed = True
        self._bell.release()
        worker = self._worker
        if worker is not None and worker.is_alive():
            worker.join()

    def _wait(self, wanted: int, seconds: float | None) -> None:
        """Sleep until so many wait, or the time is over; bells that rang before mean nothing."""
        while self._bell.acquire(blocking=False):
            pass
        self._wanted = wanted
        if len(self._queue) < wanted and not self._closed:
            self._bell.acquire(timeout=seconds)
        self._wanted = 0

    def _gather(self, last: int) -> None:
        """Let those who were just answered come again before the next flush is spent on a few."""
        before, wanted = 0, min(last, self.most)
        while before < len(self._queue) < wanted and not self._closed:
            before = len(self._queue)
            self._wait(wanted, GATHER)

    def _work(self) -> None:
        try:
            self._decide_all()
        finally:
            self._worker = None  # whatever ended it, who comes next starts another

    def _decide_all(self) -> None:
        group: list[_Place] = []
        while True:
            while not self._queue:
                if self._closed:
                    return
                self._wait(1, None)
            self._gather(len(group))
            group = [self._queue.popleft() for _ in range(min(len(self._queue), self.most))]
            try:
                _decide(group)
            finally:
                for place in group:
                    place.tell()


def _forked(parents: ref[Combiner]) -> None:
    crowd = parents()
    if crowd is not None:
        crowd.begin_anew()


def _decide(group: Sequence[_Place]) -> None:
    """Answer a group together; if that fails and not the store is to blame, one by one.

    A wish that breaks the decision then breaks its own alone.
    """
    try:
        answers = group[0].decide([place.wish for place in group])
    except StorageError as error:
        for place in group:  # each its own: a traceback belongs to one thread
            place.answer = type(error)(error.code, **error.context)
        return
    except BaseException as error:  # noqa: BLE001 - it is raised where it belongs, by each caller
        if len(group) == 1:
            group[0].answer = error
            return
        for place in group:
            _decide([place])
        return
    for place, answer in zip(group, answers, strict=True):
        place.answer = answer
