"""Know the real world: the machine's clock, ids, the operating system's chance, working days."""

from __future__ import annotations

import logging
import os
import time
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Final, Self

from attrs import frozen

from szunion.domain.city_time import CITY_TIME
from szunion.errors import ConfigError
from szunion.log import say
from szunion.ports.system import Chance, Clock

_IDS_BEGIN: Final = 1_483_228_800_000
"""2017-01-01 00:00 UTC in milliseconds."""
_COUNTERS: Final = 1 << 12
_SATURDAY: Final = 5


class SystemClock:
    """The machine's clock (系统时钟)."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Return the business day in the city (Asia/Shanghai)."""
        return datetime.now(CITY_TIME).date()

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()


class SystemChance:
    """The operating system's randomness (随机数)."""

    def bytes(self, count: int) -> bytes:
        """Return *count* unpredictable bytes."""
        return os.urandom(count)


class SystemIds:
    """Sortable ids (编号): ``shard (10 bits) | milliseconds since 2017 (41) | counter (12)``.

    Within one process an id never comes twice, also when the clock is set back. Each millisecond
    begins at a random counter, so that two processes seldom meet; the primary key refuses it when
    they do, and the decision is made again with new ids.
    """

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._chance = chance
        self._last = 0
        self._lock = Lock()

    def new(self, shard: int = 0) -> int:
        """Return a new id in *shard*."""
        with self._lock:
            return shard << 53 | self._next()

    def many(self, shards: list[int]) -> list[int]:
        """Return one new id for each shard of the list, in order."""
        if not shards:
            return []
        with self._lock:
            first = self._next()
            self._last += len(shards) - 1
        return [shard << 53 | number for number, shard in enumerate(shards, start=first)]

    def _next(self) -> int:
        passed = int(self._clock.now().timestamp() * 1000) - _IDS_BEGIN
        if passed > self._last // _COUNTERS:
            start = int.from_bytes(self._chance.bytes(2), "big") % (_COUNTERS // 2)
            self._last = passed * _COUNTERS + start
        else:
            self._last += 1
        return self._last


@frozen
class CalendarYear:
    """What one year's notice says: days off on weekdays, working days on weekends (调休)."""

    off: frozenset[date]
    on: frozenset[date]


class ChineseCalendar:
    """Which days are working days (工作日历), from the yearly notices in a data file.

    A year that the file does not have counts Monday to Friday, and is warned of once
    (W-CAL-001, logger ``szunion.calendar``); :meth:`missing` lists such years for ``doctor``.
    """

    def __init__(self, years: Mapping[int, CalendarYear] | None = None) -> None:
        self._years = dict(years or {})
        self._warned: set[int] = set()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the calendar of a TOML file: ``[2026]``, ``off = [2026-10-01, …]``, ``on = […]``.

        Raises:
            ConfigError: it cannot be read, or is not such a file (E-CAL-001).
        """
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError("E-CAL-001", what=path.name) from error
        return cls({year.year: entry for year, entry in map(_calendar_year, tables.items())})

    def is_working(self, day: date) -> bool:
        """Return whether people work on *day*."""
        entry = self._years.get(day.year)
        if entry is None:
            if day.year not in self._warned:
                self._warned.add(day.year)
                say("calendar", logging.WARNING, "W-CAL-001", year=day.year)
            return day.weekday() < _SATURDAY
        return day in entry.on or (day.weekday() < _SATURDAY and day not in entry.off)

    def missing(self, first: date, last: date) -> tuple[int, ...]:
        """Return the years from *first* to *last* that the file does not have."""
        return tuple(y for y in range(first.year, last.year + 1) if y not in self._years)


def _calendar_year(item: tuple[str, object]) -> tuple[date, CalendarYear]:
    name, table = item
    try:
        year = date(int(name), 1, 1)
    except ValueError as error:
        raise ConfigError("E-CAL-001", what=name) from error
    if not isinstance(table, dict) or table.keys() - {"off", "on"}:
        raise ConfigError("E-CAL-001", what=name)
    days = {}
    for side in ("off", "on"):
        listed = table.get(side, [])
        if not isinstance(listed, list) or not all(
            type(day) is date and day.year == year.year for day in listed
        ):
            raise ConfigError("E-CAL-001", what=f"{name}.{side}")
        days[side] = frozenset(listed)
    return year, CalendarYear(days["off"], days["on"])
