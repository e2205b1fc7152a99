"""Know the time by which a city lives: its days, and the hours that people read (北京时间)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from typing import Final

from szunion.errors import InvalidInput

CITY_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""One for every city: the country has one, without summer time."""


def check_aware(moment: datetime) -> None:
    """Check that *moment* says of which zone it is.

    Raises:
        InvalidInput: it does not (E-VALUE-005): in the city's time or another, nobody knows.
    """
    if moment.utcoffset() is None:
        raise InvalidInput("E-VALUE-005", moment=moment.isoformat(timespec="seconds"))


def months_later(day: date, months: int) -> date:
    """Return the same day *months* later, or the last day of that month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
