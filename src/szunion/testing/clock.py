"""Know simulated time, ids and chance: the same in every run, and moved by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from threading import Lock
from typing import Final

from szunion.domain.city_time import CITY_TIME, day_of
from szunion.errors import InvalidInput

_MORNING: Final = time(9)
_IDS_BEGIN: Final = datetime(2017, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_COUNTERS: Final = 1 << 12


class SimClock:
    """A clock (模拟时钟) that stands still until it is moved; it starts at 9:00 in the city.

    Args:
        start: A day such as ``"2017-11-23"``, or an aware moment.

    Raises:
        InvalidInput: a moment without time zone (E-SIM-006).
    """

    def __init__(self, start: str | date | datetime = "2017-11-23") -> None:
        """Start at *start*."""
        if isinstance(start, str):
            start = date.fromisoformat(start)
        if not isinstance(start, datetime):
            start = datetime.combine(start, _MORNING, CITY_TIME)
        if start.tzinfo is None:
            raise InvalidInput("E-SIM-006")
        self._now = start.astimezone(UTC)
        self._elapsed = timedelta(0)

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return self._now

    def today(self) -> date:
        """Return the day in the city (Asia/Shanghai)."""
        return day_of(self._now)

    def monotonic(self) -> float:
        """Return how many seconds this clock has been moved in all."""
        return self._elapsed.total_seconds()

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Move forward and return the new moment.

        Raises:
            InvalidInput: the sum is negative (E-SIM-006).
        """
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta(0):
            raise InvalidInput("E-SIM-006")
        self._now += step
        self._elapsed += step
        return self._now

    def jump(self, step: timedelta) -> datetime:
        """Set the wall clock off by *step*, either way, as somebody who sets it wrong would.

        ``monotonic`` does not notice.
        """
        self._now += step
        return self._now


class SeededIds:
    """Ids (编号) that are the same in every run: shard, simulated milliseconds, counter."""

    def __init__(self, clock: SimClock) -> None:
        """Take time from *clock*."""
        self._clock = clock
        self._last = 0
        self._lock = Lock()

    def new(self, shard: int = 0) -> int:
        """Return a new id; never the same twice, even while the clock stands still."""
        return self.many([shard])[0]

    def many(self, shards: list[int]) -> list[int]:
        """Return one new id for each shard of the list, in order."""
        passed = (self._clock.now() - _IDS_BEGIN) // _MILLISECOND
        with self._lock:
            first = max(self._last + 1, passed * _COUNTERS)
            if shards:
                self._last = first + len(shards) - 1
        return [shard << 53 | number for number, shard in enumerate(shards, start=first)]


class SeededChance:
    """Randomness (随机数) that is the same in every run. It protects nothing."""

    def __init__(self, seed: int) -> None:
        """Begin the sequence of *seed*."""
        self._seed = seed
        self._count = 0
        self._lock = Lock()

    def bytes(self, count: int) -> bytes:
        """Return the next *count* bytes of the sequence."""
        with self._lock:
            out = bytearray()
            while len(out) < count:
                out += blake2b(f"{self._seed}|chance|{self._count}".encode()).digest()
                self._count += 1
            return bytes(out[:count])
