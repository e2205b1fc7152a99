"""Know the frames of the virtual smart card reader, from both ends: 虚拟读卡器.

`VpcdReader` is a reader whose card comes over the network: a phone or a simulated card connects
to it. `serve` is the other end: it connects a simulated card to a reader, such as Debian's
vsmartcard-vpcd. The frames are in clear text and without authentication: the reader listens on
loopback unless told otherwise, and is for development only.

A frame is a length of two bytes and a body. A body of one byte from the reader is control: 0 off,
1 on, 2 reset, 4 asks for the ATR, which is the only one that is answered.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, Self

from szunion.errors import CardRemoved, NoCard, NoReader, ReaderError, SharingViolation
from szunion.ports.reader import CardChannel, ReaderSeen

PORT = 35963
"""Where vpcd listens for its first reader."""

_OFF, _ON, _RESET, _ATR = 0, 1, 2, 4
_LONGEST_ATR = 33
_STATUS_WORD = 2


class Card(Protocol):
    """What can be served; `szunion.emv.card.machine.SimulatedCard` can."""

    def reset(self, *, contactless: bool = False) -> bytes:
        """Power up and return the answer to reset."""
        ...

    def process_bytes(self, raw: bytes) -> bytes:
        """Answer a command; empty when the power was gone before the end."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...


def _receive(line: socket.socket, size: int) -> bytes:
    """Return exactly *size* bytes, or nothing when the line ended."""
    body = b""
    while len(body) < size:
        # length and body come in two small packets, and the kernel forgets this after each
        # receive: without it every APDU waits 40 ms for a delayed acknowledgement
        if hasattr(socket, "TCP_QUICKACK"):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        more = line.recv(size - len(body))
        if not more:
            return b""
        body += more
    return body


def read_frame(line: socket.socket) -> bytes | None:
    """Return the body of the next frame, None when the line ended.

    Raises:
        OSError: the line broke or was silent too long.
    """
    head = _receive(line, 2)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    if not size:
        return b""
    return _receive(line, size) or None


def write_frame(line: socket.socket, body: bytes) -> None:
    """Send one frame in one packet.

    Raises:
        OSError: the line broke.
    """
    line.sendall(len(body).to_bytes(2, "big") + body)


def serve(card: Card, line: socket.socket, *, contactless: bool = False) -> None:
    """Be the card at the other end of *line* until the line ends or the card loses its power."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    atr = card.reset(contactless=contactless)
    with suppress(ConnectionError):
        while (body := read_frame(line)) is not None:
            if len(body) != 1:
                answer = card.process_bytes(body)
                if not answer:
                    break
                write_frame(line, answer)
            elif body[0] in (_ON, _RESET):
                atr = card.reset(contactless=contactless)
            elif body[0] == _ATR:
                write_frame(line, atr)
            elif body[0] == _OFF:
                card.power_off()


class VpcdChannel:
    """A conversation with a card at the other end of a line."""

    def __init__(self, owner: VpcdReader, line: socket.socket, atr: bytes) -> None:
        self._owner = owner
        self._line = line
        self._atr = atr
        self._closed = False

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU; return data and status word.

        Raises:
            CardRemoved: the line ended.
            ReaderError: no answer within the deadline, or this channel was closed.
        """
        if self._closed:
            raise ReaderError("E-READER-012", reader=self._owner.name)
        return self._owner.ask(self._line, command)

    def close(self) -> None:
        """Power the card down; the line stays for the next conversation."""
        if self._closed:
            return
        self._closed = True
        self._owner.release(self._line)


class VpcdReader:
    """One reader whose card comes over the network.

    Args:
        address: Host and port to listen on; port 0 takes a free one.
        name: What the reader is called.
        seconds: How long one answer may take.
    """

    def __init__(
        self,
        address: tuple[str, int] = ("127.0.0.1", PORT),
        *,
        name: str = "vpcd",
        seconds: float = 5.0,
    ) -> None:
        self.name = name
        self._seconds = seconds
        self._listening = socket.create_server(address)
        self._line: socket.socket | None = None
        self._busy = False

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listening.getsockname()[:2]
        return host, port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def shut(self) -> None:
        """Hang up and stop listening."""
        self._drop()
        self._listening.close()

    def _accept(self, seconds: float) -> socket.socket | None:
        """Return the line to a card, waiting for one at most *seconds*."""
        if self._line is not None and self._ended(self._line):
            self._drop()
        if self._line is None:
            self._listening.settimeout(seconds)
            try:
                self._line, _ = self._listening.accept()
            except (TimeoutError, BlockingIOError):
                return None
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._line.settimeout(self._seconds)
        return self._line

    def _ended(self, line: socket.socket) -> bool:
        """Whether the card hung up; only an idle line may be asked."""
        if self._busy:
            return False
        line.settimeout(0)
        try:
            return not line.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            line.settimeout(self._seconds)

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line, self._busy = None, False

    def ask(self, line: socket.socket, body: bytes) -> bytes:
        """Send one frame and return the answer.

        Raises:
            CardRemoved: the line ended, before or now.
            ReaderError: no answer within the deadline; the line is dropped.
        """
        if line is not self._line:
            raise CardRemoved("E-READER-003", reader=self.name)
        try:
            write_frame(line, body)
            answer = read_frame(line)
        except TimeoutError as error:
            self._drop()
            raise ReaderError("E-READER-006", reader=self.name, seconds=self._seconds) from error
        except OSError as error:
            self._drop()
            raise CardRemoved("E-READER-003", reader=self.name) from error
        if answer is None:
            self._drop()
            raise CardRemoved("E-READER-003", reader=self.name)
        if len(answer) < _STATUS_WORD:
            raise ReaderError("E-READER-011", reader=self.name, detail=f"{len(answer)} bytes")
        return answer

    def release(self, line: socket.socket) -> None:
        """Power the card down and let the next conversation begin."""
        if line is self._line:
            self._busy = False
            with suppress(OSError):
                write_frame(line, bytes((_OFF,)))

    def list(self) -> Sequence[ReaderSeen]:
        """Return the one reader; its ATR is empty until somebody connects to the card."""
        present = self._accept(0) is not None
        return [ReaderSeen(self.name, b"" if present else None)]

    def connect(self, name: str) -> CardChannel:
        """Power the card up and open an exclusive channel.

        Raises:
            NoReader: the reader has another name.
            NoCard: no card has connected.
            SharingViolation: another channel is open.
            CardRemoved, ReaderError: the card hung up or is silent.
        """
        self._known(name)
        if self._busy:
            raise SharingViolation("E-READER-005", reader=name)
        line = self._accept(0)
        if line is None:
            host, port = self.address
            raise NoCard("E-READER-014", reader=name, address=f"{host}:{port}")
        try:
            write_frame(line, bytes((_ON,)))
        except OSError as error:
            self._drop()
            raise CardRemoved("E-READER-003", reader=name) from error
        atr = self.ask(line, bytes((_ATR,)))[:_LONGEST_ATR]
        self._busy = True
        return VpcdChannel(self, line, atr)

    def wait(self, name: str, *, present: bool, seconds: float) -> bool:
        """Wait until a card has connected, or has hung up.

        Raises:
            NoReader: the reader has another name.
        """
        self._known(name)
        if present:
            return self._accept(seconds) is not None
        line = self._accept(0)
        if line is None:
            return True
        line.settimeout(seconds)
        try:
            ended = not line.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return False
        except OSError:
            ended = True
        finally:
            line.settimeout(self._seconds)
        if ended:
            self._drop()
        return ended

    def _known(self, name: str) -> None:
        if name != self.name:
            raise NoReader("E-READER-001", reader=name)
