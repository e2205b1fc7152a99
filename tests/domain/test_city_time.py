"""The city's clock: which day a moment lies on, and when that day begins and is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from szunion.domain.city_time import CITY_TIME, day_of, end_of, local, meant, start_of

LATE = datetime(2026, 3, 1, 16, 5, tzinfo=UTC)
"""Five past midnight in the city, where it is another day than in UTC."""


def test_a_moment_lies_on_the_citys_day() -> None:
    assert day_of(LATE) == date(2026, 3, 2)
    assert day_of(LATE - timedelta(minutes=6)) == date(2026, 3, 1)
    assert local(LATE) == "2026-03-02 00:05"


def test_a_day_begins_where_the_last_one_is_over() -> None:
    day = day_of(LATE)
    assert start_of(day) == LATE - timedelta(minutes=5) == end_of(date(2026, 3, 1))
    assert day_of(start_of(day)) == day
    assert day_of(end_of(day) - timedelta.resolution) == day


def test_a_moment_without_a_zone_is_by_the_citys_clock_and_one_with_a_zone_stands() -> None:
    assert meant(datetime(2026, 3, 2, 0, 5)) == LATE  # noqa: DTZ001 - as a person types it
    assert meant(LATE) is LATE
    assert meant(datetime(2026, 3, 2, 0, 5)).tzinfo is CITY_TIME  # noqa: DTZ001
