"""Know the time by which a city lives: its days, and the hours that people read (北京时间)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta, timezone
from typing import Final, TypeVar

from szunion.errors import InvalidInput

D = TypeVar("D", bound=date | None)

CITY_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""One for every city: the country has one, without summer time."""


def check_aware(moment: datetime) -> None:
    """Check that *moment* says of which zone it is.

    Raises:
        InvalidInput: it does not (E-VALUE-005): in the city's time or another, nobody knows.
    """
    if moment.utcoffset() is None:
        raise InvalidInput("E-VALUE-005", moment=moment.isoformat(timespec="seconds"))


def check_day(value: date | None) -> None:
    """Check that *value* is a day: a moment is one, too, as far as Python's types can tell.

    Raises:
        InvalidInput: it is a moment (E-VALUE-006): its zone decides on which day it is.
    """
    if isinstance(value, datetime):
        raise InvalidInput("E-VALUE-006", moment=value.isoformat(timespec="seconds"))


def a_day(_value: object, _name: object, day: D) -> None:
    """Check a field that is a day, for attrs."""
    check_day(day)


def day_of(moment: datetime) -> date:
    """Return the city's day on which *moment* lies."""
    return moment.astimezone(CITY_TIME).date()


def start_of(day: date) -> datetime:
    """Return the moment at which *day* begins in the city."""
    return datetime.combine(day, time(), CITY_TIME)


def end_of(day: date) -> datetime:
    """Return the moment at which *day* is over in the city."""
    return start_of(day + timedelta(days=1))


def local(moment: datetime) -> str:
    """Return *moment* as people in the city write it, to the minute."""
    return moment.astimezone(CITY_TIME).strftime("%Y-%m-%d %H:%M")


def meant(given: datetime) -> datetime:
    """Return a moment that a person gave: by the city's clock, if it says of no zone."""
    return given if given.tzinfo is not None else given.replace(tzinfo=CITY_TIME)


def months_later(day: date, months: int) -> date:
    """Return the same day *months* later, or the last day of that month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
