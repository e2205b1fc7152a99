"""Know how moments and days are written in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Return the aware moment of :func:`micros`."""
    return _EPOCH + timedelta(microseconds=value)


def maybe_micros(at: datetime | None) -> int | None:
    """Return :func:`micros` of *at*, or None."""
    return None if at is None else micros(at)


def maybe_moment(value: int | None) -> datetime | None:
    """Return :func:`moment` of *value*, or None."""
    return None if value is None else moment(value)


def maybe_iso(day: date | None) -> str | None:
    """Return a day as ISO 8601 text, or None."""
    return None if day is None else day.isoformat()


def maybe_day(text: str | None) -> date | None:
    """Return the day of ISO 8601 text, or None."""
    return None if text is None else date.fromisoformat(text)
