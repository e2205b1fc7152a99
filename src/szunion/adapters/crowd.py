"""Know how many callers become one transaction: the combiner (合并提交).

One row that everybody wants to change can change only once per flush of the disk, for its lock is
held until the flush is done. So whoever comes first decides for all who wait, in one transaction,
and wakes them after the commit; meanwhile the next crowd gathers. There is no thread of its own:
a caller leads while it waits anyway, so nothing has to be started, stopped or watched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Final, TypeVar

from attrs import define, field

from szunion.errors import StorageBusy, StorageError

W = TypeVar("W")
A = TypeVar("A")

MOST_TOGETHER: Final = 1_000
MOST_WAITING: Final = 10_000


@define(eq=False)
class _Place:
    """One caller's place in the queue."""

    wish: object
    gate: Lock
    """Held until the caller is answered, or has to lead."""
    answered: bool = False
    answer: Any = None
    error: BaseException | None = None


@define(eq=False)
class Combiner:
    """A crowd of the threads of this process. Several processes each have their own."""

    most: int = MOST_TOGETHER
    """How many are decided in one transaction."""
    waiting: int = MOST_WAITING
    """How many may wait; one more is asked to come again."""
    _lock: Lock = field(factory=Lock, init=False)
    _queue: deque[_Place] = field(factory=deque, init=False)
    _led: bool = field(default=False, init=False)
    """Whether somebody leads. Nobody does only while nobody waits."""

    def ask(self, wish: W, decide: Callable[[Sequence[W]], Sequence[A]], /) -> A:
        """See :class:`szunion.ports.system.Crowd`."""
        mine = _Place(wish, Lock())
        mine.gate.acquire()
        with self._lock:
            if len(self._queue) >= self.waiting:
                raise StorageBusy("E-BOOKING-001", most=self.waiting)
            self._queue.append(mine)
            first, self._led = not self._led, True
        if not first:
            self._wait(mine)
        if not mine.answered:
            self._lead(mine, decide)
        if mine.error is not None:
            raise mine.error
        answer: A = mine.answer
        return answer

    def _wait(self, mine: _Place) -> None:
        """Wait to be answered, or to lead; who is interrupted leaves the queue in order."""
        try:
            mine.gate.acquire()
        except BaseException:
            with self._lock:
                if mine in self._queue:
                    was_heir = self._queue[0] is mine and not mine.gate.locked()
                    self._queue.remove(mine)
                    heir = self._queue[0] if was_heir and self._queue else None
                    self._led = self._led and not (was_heir and heir is None)
                    if heir is not None:
                        heir.gate.release()
            raise

    def _lead(self, mine: _Place, decide: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        """Decide for all who wait, *mine* first; then let the next one lead."""
        with self._lock:
            group = [self._queue.popleft() for _ in range(min(len(self._queue), self.most))]
        try:
            _decide(group, decide)
        finally:
            with self._lock:
                heir = self._queue[0] if self._queue else None
                self._led = heir is not None
                if heir is not None:
                    heir.gate.release()
            for place in group:
                if not place.answered:  # the leader was interrupted: they ask again
                    place.error = StorageBusy("E-BOOKING-001", most=self.waiting)
                    place.answered = True
                if place is not mine:
                    place.gate.release()


def _decide(group: list[_Place], decide: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
    """Answer a group together; if that fails and not the store is to blame, one by one.

    A wish that breaks the decision then breaks its own alone.
    """
    try:
        answers = decide([place.wish for place in group])
    except StorageError as error:
        for place in group:
            place.error, place.answered = _own(error), True
        return
    except Exception as error:  # noqa: BLE001 - it is raised where it belongs, by each caller
        if len(group) == 1:
            group[0].error, group[0].answered = error, True
            return
        for place in group:
            _decide([place], decide)
        return
    for place, answer in zip(group, answers, strict=True):
        place.answer, place.answered = answer, True


def _own(error: StorageError) -> StorageError:
    """Return the same error for another thread: its traceback will be that thread's."""
    return type(error)(error.code, **error.context)
