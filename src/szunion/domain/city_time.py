"""Know the time by which a city lives: its days, and the hours that people read (北京时间)."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final

CITY_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""One for every city: the country has one, without summer time."""
