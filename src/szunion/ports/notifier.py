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

    __hash__ = object.__hash__  # quicker than hashing its name, for each letter


@frozen
class Letter:
    """A message made ready: to whom, and the words in both languages."""

    message: Message
    mobile: Mobile | None
    words: Text


class Notifier(Protocol):
    """A way to people."""

    def deliver(self, letter: Letter) -> Delivery:
        """Hand *letter* over; the same message id a second time is not sent again.

        Each letter comes at least once, from one worker at a time. A worker that dies between this
        call and its record, or that takes longer than its lease, leaves the letter to the next, who
        hands over the same message id again: a gateway is given the id as its own key of the
        request, and what has no such key may reach the person twice.

        It answers within 30 s, and answers ``LATER`` where the gateway does not. What it raises is
        a fault of its own: the letter is tried again as after ``LATER``, and the worker is told.
        """
        ...
