"""Know by which day something is due that is counted in the city's working days (工作日)."""

from __future__ import annotations

from datetime import date, timedelta

from szunion.ports.system import WorkCalendar


def working_day(calendar: WorkCalendar, start: date, days: int) -> date:
    """Return the *days*-th working day after *start*."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= calendar.is_working(day)
    return day
