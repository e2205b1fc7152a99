"""Know which readers a person at this machine can use: real ones, and the simulated one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from attrs import evolve, frozen

from szunion.adapters.reader.vpcd import VpcdReader
from szunion.adapters.system import SystemClock
from szunion.application.card_reading import contactless
from szunion.cli.frame import Frame
from szunion.errors import NoCard, NoReader, ReaderError
from szunion.plugins import collect
from szunion.ports.reader import CardReader, ReaderSeen
from szunion.testing.cards import SampleCard

SIMULATED: Final = "simulated"
_REAL: Final = "pcsc"
CONTACT: Final = "szunion-sim"
AIR: Final = "szunion-sim-air"
"""The readers that are always there; short, because people type them."""


@frozen(kw_only=True)
class Place:
    """One reader that can be named, by its number here or by its name."""

    number: int
    adapter: str
    seen: ReaderSeen
    reader: CardReader
    sample: SampleCard | None = None
    """The simulated card in it; None: a real reader."""

    @property
    def contactless(self) -> bool:
        """Whether the card in it is in the air."""
        return contactless(self.seen.atr or b"")


def places(frame: Frame) -> tuple[tuple[Place, ...], tuple[ReaderError, ...]]:
    """Return the readers there are, and why a kind of them could not be asked."""
    settings = frame.settings()
    registry = collect(allow=frozenset(filter(None, settings.load_plugins.split(","))) or None)
    clock = SystemClock()
    found: list[Place] = []
    problems: list[ReaderError] = []
    for name in dict.fromkeys(filter(None, (_REAL, settings.reader.name))):
        if name == SIMULATED:
            continue
        told = settings.reader.settings if name == settings.reader.name else {}
        try:
            reader = registry.reader(name).build(told, clock)
            if isinstance(reader, VpcdReader):
                frame.closing(reader.shut)
            for seen in reader.list():
                found.append(Place(number=len(found), adapter=name, seen=seen, reader=reader))
        except ReaderError as error:
            problems.append(error)
    sample = _sample()
    simulated = sample.reader(CONTACT, AIR)
    for seen in simulated.list():
        found.append(
            Place(number=len(found), adapter=SIMULATED, seen=seen, reader=simulated, sample=sample)
        )
    return tuple(found), tuple(problems)


@cache
def _sample() -> SampleCard:
    """Return the bank and card of the simulated readers; they take half a second to grow."""
    return SampleCard.grow()


def named(all_: Sequence[Place], asked: str) -> Place:
    """Return the reader of that number or name.

    Raises:
        NoReader: there is none.
    """
    found = [place for place in all_ if asked in (str(place.number), place.seen.name)]
    if not found:
        raise NoReader("E-READER-001", reader=asked)
    return found[0]


def chosen(frame: Frame, all_: Sequence[Place], asked: str | None, wait: float = 0) -> Place:
    """Return the reader that was asked for; without asking, the first one with a card.

    Args:
        frame: Says that it waits.
        all_: What there is.
        asked: A number or a name; None: the first with a card, or to wait for one, the first.
        wait: How many seconds to wait for a card.

    Raises:
        NoReader: no reader of that number or name.
        NoCard: it is empty.
    """
    if asked is not None:
        place = named(all_, asked)
    elif wait:
        place = all_[0]
    else:
        place = next(place for place in all_ if place.seen.atr is not None)
    name = place.seen.name
    if place.seen.atr is None and wait:
        frame.note("等卡放到“{name}”……", "waiting for a card in {name} …", name=name)
        if place.reader.wait(name, present=True, seconds=wait):
            seen = next(seen for seen in place.reader.list() if seen.name == name)
            place = evolve(place, seen=seen)
    if place.seen.atr is None:
        raise NoCard("E-READER-002", reader=name)
    return place
