"""Know what szunion asks of the world around it: time, ids, chance, days, sorting, a crowd."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

W = TypeVar("W")
A = TypeVar("A")


class Clock(Protocol):
    """What time it is. Tests move it."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def today(self) -> date:
        """Return the business day in the city (Asia/Shanghai)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring how long something took."""
        ...


class Ids(Protocol):
    """Where new ids come from: sortable, carrying their shard, never twice the same."""

    def new(self, shard: int = 0) -> int:
        """Return a new id: ``shard (10 bits) | milliseconds since 2017 (41) | counter (12)``."""
        ...

    def many(self, shards: list[int]) -> list[int]:
        """Return one new id for each shard of the list, in order."""
        ...


class Chance(Protocol):
    """Where randomness comes from: the operating system's, or a seeded one in a simulation."""

    def bytes(self, count: int) -> bytes:
        """Return *count* unpredictable bytes."""
        ...


class WorkCalendar(Protocol):
    """Which days are working days (工作日历), make-up days included."""

    def is_working(self, day: date) -> bool:
        """Return whether people work on *day*."""
        ...


class Piles(Protocol):
    """Where more records than fit into memory are dealt into piles that do."""

    def __call__(self, pages: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
        """Yield 256 piles, by the records' first byte: in each, its records in the order they came.

        Two deals that are walked side by side have the records that begin alike in the same pile.
        """
        ...


class Crowd(Protocol):
    """Where many callers who want the same kind of thing at once are decided together.

    Each caller waits for its own answer; the answers come from one decision over all who wait,
    in the order in which they came. An answer is given only after what it rests on is committed.
    An answer that is an error is raised where the answer is taken, instead of being returned.
    """

    def ask(self, wish: W, decide: Callable[[Sequence[W]], Sequence[A]], /) -> A:
        """Return the answer to *wish*; *decide* answers any number of wishes, one each.

        Every caller of one crowd hands in the same kind of wish and the same way to decide.

        Raises:
            StorageBusy: too many wait already (E-BOOKING-001).
            StorageClosed: the system was closed (E-STORE-038).
        """
        ...

    def ask_soon(
        self,
        wish: W,
        decide: Callable[[Sequence[W]], Sequence[A]],
        told: Callable[[Callable[[], A]], object],
        /,
    ) -> None:
        """Hand in *wish* as :meth:`ask` does, and do not wait.

        *told* is called once the answer is there, in the crowd's own thread, with a function that
        returns it or raises what stood in its way. It hands that on and is done: all others wait
        for it meanwhile.

        Raises:
            StorageBusy: too many wait already (E-BOOKING-001); *told* is not called then.
            StorageClosed: the system was closed (E-STORE-038); nor is it then.
        """
        ...

    def close(self) -> None:
        """Answer those who wait, and take no more. A second time does nothing."""
        ...
