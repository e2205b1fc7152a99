"""Know what stands behind the socket: the bank's side of the line, its clock, one lock for both."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from szunion.adapters.bank.http_peer import HttpPeer
from szunion.adapters.bank.server.push import Pusher
from szunion.ports.system import Clock


@runtime_checkable
class MovableClock(Protocol):
    """A clock that can be moved forward."""

    def advance(self, *, seconds: float) -> object:
        """Move forward."""
        ...


def _word() -> str:
    return secrets.token_urlsafe(24)


@frozen(kw_only=True)
class Behind:
    """The simulated bank as every connection meets it."""

    peer: HttpPeer
    clock: Clock
    """What time it is at the bank."""
    pusher: Pusher | None = None
    """Who brings notices; None: they are fetched."""
    control: str = field(factory=_word, repr=False)
    """The word that a test's control calls carry, and every form of the page."""
    lock: threading.RLock = field(factory=threading.RLock)
    stopped: threading.Event = field(factory=threading.Event)

    def faults(self) -> Counter[str]:
        """Return how often each kind of fault has happened."""
        happened = (*self.peer.bank.happened, *self.peer.happened)
        return Counter(fault.kind.value for fault in happened)

    def advance(self, seconds: float) -> None:
        """Move the bank's clock, if it can be moved."""
        if isinstance(self.clock, MovableClock):
            with self.lock:
                self.clock.advance(seconds=seconds)
