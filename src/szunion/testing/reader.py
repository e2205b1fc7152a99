"""Know what every way to cards promises: the card's own answers, or a typed error at once.

Subclass :class:`ReaderPromises`, give it one factory, and run pytest. The kit owns the card; an
author lets their reader, or whatever stands behind it, reach it through a :class:`CardBench`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from attrs import define, field

from szunion.emv.card.machine import SimulatedCard
from szunion.errors import CardRemoved, NoCard, NoReader, ReaderError, SharingViolation
from szunion.ports.reader import CardChannel, CardReader
from szunion.testing.cards import SampleCard

__all__ = ["CardBench", "ReaderPromises"]

_SELECT_PPSE: Final = bytes.fromhex("00A404000E325041592E5359532E444446303100")
_SELECT_DEBIT: Final = bytes.fromhex("00A4040008A00000033301010100")
_READ_RECORD: Final = bytes.fromhex("00B2010C00")
_GET_ATC: Final = bytes.fromhex("80CA9F3600")
_NONSENSE: Final = bytes.fromhex("00FF000000")
_DIALOGUE: Final = (_SELECT_PPSE, _SELECT_DEBIT, _READ_RECORD, _GET_ATC, _NONSENSE)


@define
class CardBench:
    """The place of a card in the reader under test (卡位), moved by the kit."""

    name: str = "kit"
    """What the reader is to call this place."""
    card: SimulatedCard | None = None
    _moved: list[Callable[[SimulatedCard | None], object]] = field(factory=list)

    def on_move(self, moved: Callable[[SimulatedCard | None], object]) -> None:
        """Call *moved* whenever a card is put in, or (None) taken out."""
        self._moved.append(moved)

    def put(self, card: SimulatedCard) -> None:
        """Put a card in."""
        self.card = card
        for moved in self._moved:
            moved(card)

    def take(self) -> None:
        """Take the card out."""
        self.card = None
        for moved in self._moved:
            moved(None)


class ReaderPromises:
    """What every reader adapter promises (读卡器适配器的承诺)."""

    def make_reader(self, bench: CardBench) -> CardReader:
        """Return your reader, in whose place *bench.name* the kit puts cards."""
        msg = "give the promises their one factory: def make_reader(self, bench): ..."
        raise NotImplementedError(msg)

    @pytest.fixture(scope="class")
    @classmethod
    def sample(cls) -> SampleCard:
        """Cards to try with."""
        return SampleCard.grow()

    @pytest.fixture
    def bench(self) -> CardBench:
        """The place of the card."""
        return CardBench()

    @pytest.fixture
    def reader(self, bench: CardBench) -> Iterator[CardReader]:
        """The reader under test, empty."""
        made = self.make_reader(bench)
        yield made
        close = getattr(made, "close", None)
        if callable(close):
            close()

    def test_an_empty_reader_is_listed_without_a_card(
        self, reader: CardReader, bench: CardBench
    ) -> None:
        """A reader without a card is listed, and says so."""
        assert [(each.name, each.atr) for each in reader.list()] == [(bench.name, None)]
        with pytest.raises(NoCard):
            reader.connect(bench.name)

    def test_a_reader_that_is_not_there_is_no_reader(self, reader: CardReader) -> None:
        """A name that is not there is NoReader, never an empty one."""
        with pytest.raises(NoReader):
            reader.connect("no such reader")

    def test_a_card_answers_in_its_own_words(
        self, reader: CardReader, bench: CardBench, sample: SampleCard
    ) -> None:
        """Every answer is the card's own, to the byte: 61xx, 6Cxx and errors as they came."""
        twin = sample.card()
        atr = twin.reset()
        wanted = [twin.process_bytes(command) for command in _DIALOGUE]
        bench.put(sample.card())
        (seen,) = reader.list()
        assert seen.atr == atr
        channel = reader.connect(bench.name)
        assert channel.atr == atr
        assert [channel.transmit(command) for command in _DIALOGUE] == wanted
        channel.close()

    def test_a_channel_is_exclusive_until_it_is_closed(
        self, reader: CardReader, bench: CardBench, sample: SampleCard
    ) -> None:
        """A second channel is refused while the first is open; closing twice does nothing."""
        bench.put(sample.card())
        channel = reader.connect(bench.name)
        with pytest.raises(SharingViolation):
            reader.connect(bench.name)
        channel.close()
        channel.close()
        again = reader.connect(bench.name)
        assert again.transmit(_SELECT_PPSE)
        again.close()

    def test_a_card_taken_out_is_told_at_once_and_nothing_comes_after(
        self, reader: CardReader, bench: CardBench, sample: SampleCard
    ) -> None:
        """A card that goes is CardRemoved at once, at whatever command; the channel is dead."""
        for survived in range(len(_DIALOGUE)):
            bench.put(sample.card())
            channel = reader.connect(bench.name)
            for command in _DIALOGUE[:survived]:
                channel.transmit(command)
            bench.take()
            self._dead(channel)
            channel.close()
            assert [each.atr for each in reader.list()] == [None]

    def test_a_swapped_card_is_another_conversation(
        self, reader: CardReader, bench: CardBench, sample: SampleCard
    ) -> None:
        """The old channel never speaks with the new card."""
        bench.put(sample.card())
        channel = reader.connect(bench.name)
        channel.transmit(_SELECT_DEBIT)
        bench.take()
        bench.put(sample.card(1))
        self._dead(channel)
        channel.close()
        fresh = reader.connect(bench.name)
        twin = sample.card(1)
        twin.reset()
        assert fresh.transmit(_GET_ATC) == twin.process_bytes(_GET_ATC)
        fresh.close()

    def test_a_closed_channel_sends_nothing(
        self, reader: CardReader, bench: CardBench, sample: SampleCard
    ) -> None:
        """What is sent on a closed channel is an error of ours."""
        bench.put(sample.card())
        channel = reader.connect(bench.name)
        channel.close()
        with pytest.raises(ReaderError):
            channel.transmit(_SELECT_PPSE)

    def test_waiting_for_what_is_so_already_returns_at_once(
        self, reader: CardReader, bench: CardBench, sample: SampleCard
    ) -> None:
        """Waiting for the present state returns at once; for another one, not in no time."""
        assert reader.wait(bench.name, present=False, seconds=0.0)
        assert not reader.wait(bench.name, present=True, seconds=0.0)
        bench.put(sample.card())
        assert reader.wait(bench.name, present=True, seconds=5.0)

    def _dead(self, channel: CardChannel) -> None:
        for _ in range(2):
            with pytest.raises((CardRemoved, ReaderError)):
                channel.transmit(_SELECT_PPSE)
