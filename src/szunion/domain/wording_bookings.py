"""Know what people are told about their bookings, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

BOOKING_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "booking.held": Text(
            "“{title}”已为您保留名额，请您在 {until} 前确认。",
            "A place at “{title_en}” is held for you; confirm it by {until}.",
        ),
        "booking.queued": Text(
            "“{title}”已约满，您已进入候补名单，前面还有 {ahead} 人。",
            "“{title_en}” is full; you are on the waiting list with {ahead} people before you.",
        ),
        "booking.promoted": Text(
            "“{title}”有名额退回，已为您保留，请您在 {until} 前确认。",
            "A place at “{title_en}” became free and is held for you; confirm it by {until}.",
        ),
        "booking.confirmed": Text(
            "您已成功预约“{title}”，凭证号 {code}。",
            "“{title_en}” is booked; your code is {code}.",
        ),
        "booking.lapsed": Text(
            "您预约的“{title}”逾期未确认，名额已释放。",
            "Your place at “{title_en}” was not confirmed in time and has been freed.",
        ),
        "booking.cancelled": Text(
            "您预约的“{title}”已取消（{reason}）。",
            "Your booking of “{title_en}” was cancelled ({reason_en}).",
        ),
        "booking.closed": Text(
            "“{title}”的候补已截止，很遗憾，您这次未能排到。",
            "The waiting list of “{title_en}” is closed; unfortunately there was no place for you.",
        ),
        "booking.missed": Text(
            "您预约的“{title}”记为未到场。如记录有误，请您在 {days} 天内联系工会更正。",
            "You are recorded as not having come to “{title_en}”. If that is wrong, tell your "
            "union within {days} days.",
        ),
    }
)
"""What a message's template says, with ``{names}`` to fill in."""
