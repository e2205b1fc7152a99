"""Know what a notifier that only records has been handed: for tests, demonstrations, first runs."""

from __future__ import annotations

from threading import Lock

from szunion.ports.notifier import Delivery, Letter


class RecordingNotifier:
    """A way to people that leads nowhere and keeps every letter once (只记录的通知).

    Args:
        down: The gateway is down: every letter is to be tried again later.
    """

    def __init__(self, *, down: bool = False) -> None:
        """Start with nothing recorded."""
        self.down = down
        self._letters: dict[int, Letter] = {}
        self._lock = Lock()

    def deliver(self, letter: Letter) -> Delivery:
        """Record *letter*; the same message id a second time changes nothing."""
        if self.down:
            return Delivery.LATER
        with self._lock:
            self._letters.setdefault(letter.message.id, letter)
        return Delivery.DELIVERED

    @property
    def letters(self) -> tuple[Letter, ...]:
        """Every letter, in the order in which they came."""
        with self._lock:
            return tuple(self._letters.values())
