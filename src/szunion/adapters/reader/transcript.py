"""Know how a conversation with a card is recorded and played again: 记录与回放.

A replay holds the flow to the script: another command, or an end too early, is an
`AssertionError`. It is no `ReaderError`, because a flow may handle those and hide the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from szunion.emv.apdu import Command, Response
from szunion.emv.explain_trace import Exchange
from szunion.errors import NoReader, ReaderError
from szunion.ports.reader import CardChannel, CardReader, ReaderSeen

_PLAYED_ATR = bytes.fromhex("3B00")


class RecordingChannel:
    """A conversation that is written down."""

    def __init__(self, inner: CardChannel, write: Callable[[Exchange], None]) -> None:
        self._inner = inner
        self._write = write

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU and write both down; what fails is not an exchange.

        Raises:
            ReaderError: as the reader behind raises it.
            BadApdu: the command or the answer is none.
        """
        sent = Command.decode(command)
        answer = self._inner.transmit(command)
        self._write(Exchange(sent, Response.decode(answer)))
        return answer

    def close(self) -> None:
        """Let the card go."""
        self._inner.close()


class RecordingReader:
    """A reader whose conversations are written down. They hold personal data: see ``redact``.

    Args:
        inner: The reader behind.
        write: Called with every exchange.
    """

    def __init__(self, inner: CardReader, write: Callable[[Exchange], None]) -> None:
        self._inner = inner
        self._write = write

    def list(self) -> Sequence[ReaderSeen]:
        """Return the readers behind."""
        return self._inner.list()

    def connect(self, name: str) -> CardChannel:
        """Open a channel that is written down; raises what the reader behind raises."""
        return RecordingChannel(self._inner.connect(name), self._write)

    def wait(self, name: str, *, present: bool, seconds: float) -> bool:
        """Wait with the reader behind."""
        return self._inner.wait(name, present=present, seconds=seconds)


class ReplayChannel:
    """A card that answers only what is in the script, in its order."""

    def __init__(self, script: Sequence[Exchange], reader: str, atr: bytes) -> None:
        self._script = script
        self._reader = reader
        self._atr = atr
        self._at = 0
        self._closed = False

    @property
    def atr(self) -> bytes:
        """The answer to reset that was given."""
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        """Answer the next command of the script.

        Raises:
            AssertionError: another command, or the script is over.
            ReaderError: this channel was closed.
        """
        if self._closed:
            raise ReaderError("E-READER-012", reader=self._reader)
        if self._at == len(self._script):
            msg = f"the script is over after {self._at} exchanges"
            raise AssertionError(msg)
        exchange = self._script[self._at]
        if command != exchange.command.encode():
            # headers only: a script may hold a PIN or a name
            msg = f"exchange {self._at + 1}: {command[:4].hex()} is not {exchange.command.name}"
            raise AssertionError(msg)
        self._at += 1
        return exchange.response.encode()

    def close(self) -> None:
        """End the replay. A second time does nothing."""
        self._closed = True

    def finished(self) -> None:
        """Check that the script was read to its end.

        Raises:
            AssertionError: it was not.
        """
        if self._at != len(self._script):
            msg = f"{len(self._script) - self._at} exchanges of the script were not played"
            raise AssertionError(msg)


class ReplayReader:
    """A reader with one card that plays a script; every connect plays it from the start.

    Args:
        script: What was recorded.
        name: What the reader is called.
        atr: The card's answer to reset.
    """

    def __init__(
        self, script: Sequence[Exchange], *, name: str = "transcript", atr: bytes = _PLAYED_ATR
    ) -> None:
        self._script = tuple(script)
        self._name = name
        self._atr = atr
        self.played: list[ReplayChannel] = []
        """Every conversation so far, to ask whether it was finished."""

    def list(self) -> Sequence[ReaderSeen]:
        """Return the one reader."""
        return [ReaderSeen(self._name, self._atr)]

    def connect(self, name: str) -> CardChannel:
        """Begin the script.

        Raises:
            NoReader: the reader has another name.
        """
        self._known(name)
        channel = ReplayChannel(self._script, name, self._atr)
        self.played.append(channel)
        return channel

    def wait(self, name: str, *, present: bool, seconds: float) -> bool:
        """The card is always there.

        Raises:
            NoReader: the reader has another name.
        """
        del seconds
        self._known(name)
        return present

    def _known(self, name: str) -> None:
        if name != self._name:
            raise NoReader("E-READER-001", reader=name)
