"""Know what szunion asks of a way to people: SMS, WeChat, a recorder in tests."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from attrs import frozen

from szunion.domain.identity import Mobile
from szunion.domain.messages import Message
from szunion.text import Text


class Delivery(Enum):
    """What became of one message."""

    DELIVERED = "DELIVERED"
    LATER = "LATER"
    """The gateway is down or busy: try again later. It never blocks a change of state."""
    IMPOSSIBLE = "IMPOSSIBLE"
    """Nobody there: do not try again."""


@frozen
class Letter:
    """A message made ready: to whom, and the words in both languages."""

    message: Message
    mobile: Mobile | None
    words: Text


class Notifier(Protocol):
    """A way to people."""

    def deliver(self, letter: Letter) -> Delivery:
        """Hand *letter* over; the same message id a second time is not sent again."""
        ...
