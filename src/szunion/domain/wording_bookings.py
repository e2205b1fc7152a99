"""Know what people are told about their bookings, in both languages (用语)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.text import Text

BOOKING_MESSAGES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "booking.held": Text(
            "“{title}”已为您占位，请在 {until} 前确认。",
            "A place at “{title_en}” is held for you; confirm it by {until}.",
        ),
        "booking.queued": Text(
            "“{title}”已约满，您在候补名单上，前面还有 {ahead} 人。",
            "“{title_en}” is full; you are on the waiting list, {ahead} are before you.",
        ),
        "booking.promoted": Text(
            "“{title}”有名额退回，已为您占位，请在 {until} 前确认。",
            "A place at “{title_en}” came back and is held for you; confirm it by {until}.",
        ),
        "booking.confirmed": Text(
            "“{title}”预约成功，凭证号 {code}。", "“{title_en}” is booked; your code is {code}."
        ),
        "booking.lapsed": Text(
            "“{title}”逾期未确认，名额已释放。",
            "Your place at “{title_en}” was not confirmed in time and has been freed.",
        ),
        "booking.cancelled": Text(
            "“{title}”的预约已取消（{reason}）。",
            "Your booking of “{title_en}” was cancelled ({reason}).",
        ),
        "booking.closed": Text(
            "“{title}”候补已截止，这次没有排到。",
            "The waiting list of “{title_en}” is closed; there was no place this time.",
        ),
        "booking.missed": Text(
            "“{title}”您未到场。如记录有误，请在 {days} 天内联系工会更正。",
            "You did not come to “{title_en}”. If that is wrong, tell your union within {days} "
            "days.",
        ),
    }
)
"""What a message's template says, with ``{names}`` to fill in."""
