"""Know what szunion asks of a card reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen


@frozen
class ReaderSeen:
    """A reader that is there, and whether a card is in it."""

    name: str
    atr: bytes | None
    """The card's answer to reset; None: no card."""


class CardChannel(Protocol):
    """A conversation with one card; a swapped card is another conversation."""

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU; return data and status word, 61xx and 6Cxx as they came.

        Raises:
            CardRemoved: the card is gone; this channel is of no more use.
            ReaderError: the reader is gone, silent past its deadline, or held by another.
        """
        ...

    def close(self) -> None:
        """Let the card go. A second time does nothing."""
        ...


class CardReader(Protocol):
    """A way to cards: the readers of one machine, or simulated ones."""

    def list(self) -> Sequence[ReaderSeen]:
        """Return the readers that are there now."""
        ...

    def connect(self, name: str) -> CardChannel:
        """Open an exclusive channel to the card in reader *name*.

        Raises:
            NoReader: no reader of that name.
            NoCard: it is empty.
            SharingViolation: another program holds it.
        """
        ...

    def wait(self, name: str, *, present: bool, seconds: float) -> bool:
        """Wait until a card is (or is no longer) in reader *name*; False: not in that time."""
        ...
