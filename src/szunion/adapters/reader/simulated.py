"""Know a reader for simulated cards, in process and without threads: 模拟读卡器."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from szunion.errors import CardRemoved, NoCard, NoReader, ReaderError, SharingViolation
from szunion.ports.reader import CardChannel, ReaderSeen


class Card(Protocol):
    """What can lie in a simulated reader; `szunion.emv.card.machine.SimulatedCard` can."""

    def reset(self, *, contactless: bool = False) -> bytes:
        """Power up and return the answer to reset."""
        ...

    def process_bytes(self, raw: bytes) -> bytes:
        """Answer a command; empty when the power was gone before the end."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...


class _Slot:
    """One reader: the card in it, and who talks to it. Every card put in is a new stay."""

    def __init__(self, name: str, *, contactless: bool) -> None:
        self.name = name
        self.contactless = contactless
        self.card: Card | None = None
        self.atr: bytes | None = None
        self.stay = 0
        self.holder: SimulatedChannel | None = None


class SimulatedChannel:
    """A conversation with a simulated card."""

    def __init__(self, slot: _Slot, card: Card, atr: bytes) -> None:
        self._slot = slot
        self._card = card
        self._stay = slot.stay
        self._atr = atr
        self._open = True

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU and return data and status word.

        Raises:
            CardRemoved: the card was taken out, swapped, or lost its power.
            ReaderError: this channel was closed.
        """
        slot = self._slot
        if not self._open:
            raise ReaderError("E-READER-012", reader=slot.name)
        if slot.stay != self._stay:
            code = "E-READER-003" if slot.card is None else "E-READER-004"
            raise CardRemoved(code, reader=slot.name)
        answer = self._card.process_bytes(command)
        if not answer:
            raise CardRemoved("E-READER-003", reader=slot.name)
        return answer

    def close(self) -> None:
        """Let the card go: it loses its power. A second time does nothing."""
        if self._open and self._slot.stay == self._stay:
            self._card.power_off()
        self._open = False
        if self._slot.holder is self:
            self._slot.holder = None


class SimulatedReader:
    """Readers that exist in this process only.

    Args:
        names: The readers there are from the start; `insert` makes more.
        contactless: Those of them that talk over the air.
        wait_for_event: Called in `wait` while the state is not the wanted one; it may insert or
            remove cards, and returns whether to look again. Default: nothing will change.
    """

    def __init__(
        self,
        *names: str,
        contactless: Sequence[str] = (),
        wait_for_event: Callable[[], bool] = lambda: False,
    ) -> None:
        self._slots: dict[str, _Slot] = {}
        self._contactless = frozenset(contactless)
        self._wait_for_event = wait_for_event
        for name in (*names, *contactless):
            self._slot(name)

    def _slot(self, name: str) -> _Slot:
        return self._slots.setdefault(name, _Slot(name, contactless=name in self._contactless))

    def insert(self, name: str, card: Card) -> None:
        """Put *card* into reader *name*; a card that was there is out."""
        slot = self._slot(name)
        self.remove(name)
        slot.card = card
        slot.atr = card.reset(contactless=slot.contactless)
        card.power_off()

    def remove(self, name: str) -> None:
        """Take the card out; nothing happens when there is none.

        Raises:
            NoReader: no reader of that name.
        """
        slot = self._known(name)
        if slot.card is not None:
            slot.card.power_off()
        slot.card, slot.atr, slot.holder = None, None, None
        slot.stay += 1

    def _known(self, name: str) -> _Slot:
        slot = self._slots.get(name)
        if slot is None:
            raise NoReader("E-READER-001", reader=name)
        return slot

    def list(self) -> Sequence[ReaderSeen]:
        """Return the readers, in the order they came."""
        return [ReaderSeen(slot.name, slot.atr) for slot in self._slots.values()]

    def connect(self, name: str) -> CardChannel:
        """Open an exclusive channel; the card is reset.

        Raises:
            NoReader: no reader of that name.
            NoCard: it is empty.
            SharingViolation: another channel is open.
        """
        slot = self._known(name)
        if slot.card is None:
            raise NoCard("E-READER-002", reader=name)
        if slot.holder is not None:
            raise SharingViolation("E-READER-005", reader=name)
        atr = slot.card.reset(contactless=slot.contactless)
        slot.holder = SimulatedChannel(slot, slot.card, atr)
        return slot.holder

    def wait(self, name: str, *, present: bool, seconds: float) -> bool:
        """Return whether a card is (or is no longer) there, without a clock.

        Raises:
            NoReader: no reader of that name.
        """
        slot = self._known(name)
        del seconds  # time passes only when `wait_for_event` says so
        while (slot.card is not None) != present:
            if not self._wait_for_event():
                return False
        return True
