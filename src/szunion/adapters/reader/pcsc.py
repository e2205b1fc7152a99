"""Know real card readers through PC/SC: the only module that knows pyscard: 真实读卡器.

A call into the PC/SC library can be neither interrupted nor timed out, and a silent card keeps it
for ever. Every conversation therefore has a worker thread of its own; who waits for it waits until
a deadline, and a reader that missed it counts as lost until its thread comes back.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import ModuleType
from typing import Generic, TypeVar

from szunion.errors import CardRemoved, NoCard, NoReader, ReaderError, SharingViolation
from szunion.ports.reader import CardChannel, ReaderSeen

T = TypeVar("T")

_OK = 0
_TIMEOUT = 0x8010000A
_NO_READERS = 0x8010002E
_NO_SERVICE = frozenset({0x8010001D, 0x8010001E, 0x80100013, 0x80100014, 0x8010006A})
_UNKNOWN_READER = frozenset({0x80100009, 0x80100017})
_NO_CARD = frozenset({0x8010000C, 0x80100066, 0x80100067})
_GONE = frozenset({0x80100003, 0x80100068, 0x80100069})
_SHARED = 0x8010000B
_STATUS_WORD = 2
_HEADER = 5
"""CLA INS P1 P2 and a length of one byte."""
_NOTICED = 1.0
"""Seconds within which the service has seen that a card is gone."""
_SLICE = 0.2
"""Seconds between two looks in `wait`: the daemon is asked to sleep no longer than that."""


def _codes(result: int) -> int:
    return result & 0xFFFFFFFF


class _Worker:
    """A thread that makes calls one after the other, so that the caller can stop waiting."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    @property
    def alive(self) -> bool:
        """Whether the thread has not come back yet."""
        return self._thread.is_alive()

    def call(self, work: Callable[[], T], seconds: float) -> T:
        """Return what *work* returns.

        Raises:
            TimeoutError: not in that time; the thread goes on by itself.
        """
        answer: _Answer[T] = _Answer(work)
        self._jobs.put(answer.make)
        return answer.wait(seconds)

    def leave(self) -> None:
        """Let the thread end after what it is doing."""
        self._jobs.put(None)


class _Answer(Generic[T]):
    """One call: made in the worker, waited for outside."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._value: list[T] = []
        self._error: BaseException | None = None

    def make(self) -> None:
        try:
            self._value.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            self._error = error
        self._done.set()

    def wait(self, seconds: float) -> T:
        if not self._done.wait(seconds):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value[0]


def _library() -> ModuleType:
    """Return pyscard's thin layer.

    Raises:
        ReaderError: pyscard is not installed, or the PC/SC library is not there.
    """
    try:
        import smartcard.scard as scard  # noqa: PLC0415, PLR0402 - an extra, loaded when used
    except ImportError as error:
        raise ReaderError("E-READER-010") from error
    if sys.platform.startswith("linux"):
        try:
            # pyscard loads it too, and without it fails only later and with a misleading code
            ctypes.CDLL("libpcsclite.so.1")
        except OSError as error:
            raise ReaderError("E-READER-008") from error
    return scard


def _refusal(code: int, reader: str) -> ReaderError:
    """Return the error that PC/SC's *code* means for us."""
    if code in _NO_SERVICE:
        return ReaderError("E-READER-009")
    if code in _UNKNOWN_READER:
        return NoReader("E-READER-001", reader=reader)
    if code in _NO_CARD:
        return NoCard("E-READER-002", reader=reader)
    if code == _SHARED:
        return SharingViolation("E-READER-005", reader=reader)
    if code in _GONE:
        return CardRemoved("E-READER-003", reader=reader)
    return ReaderError("E-READER-011", reader=reader, detail=f"0x{code:08X}")


class PcscChannel:
    """A conversation with a card in a real reader."""

    def __init__(
        self, owner: PcscReader, name: str, worker: _Worker, connected: tuple[int, int, int, bytes]
    ) -> None:
        self._owner = owner
        self._name = name
        self._worker = worker
        self._context, self._card, self._pci, self._atr = connected
        self._over: ReaderError | None = None
        self._closed = False

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU; return data and status word.

        Raises:
            CardRemoved: the card is gone or was swapped.
            ReaderError: the reader is gone, silent past its deadline, or this is closed.
        """
        if self._closed:
            raise ReaderError("E-READER-012", reader=self._name)
        if self._over is not None:
            raise self._over
        scard = self._owner.scard
        block = _without_le(command) if self._pci == scard.SCARD_PCI_T0 else command

        def send() -> tuple[int, list[int]]:
            sent: tuple[int, list[int]] = scard.SCardTransmit(self._card, self._pci, list(block))
            return sent

        try:
            code, answer = self._worker.call(send, self._owner.seconds)
        except TimeoutError as error:
            self._owner.lose(self._name, self._worker)
            self._over = ReaderError("E-READER-006", reader=self._name, seconds=self._owner.seconds)
            raise self._over from error
        if _codes(code) != _OK:
            self._over = self._why(_codes(code))
        elif len(answer) < _STATUS_WORD:
            self._over = self._torn(len(answer))
        if self._over is not None:
            raise self._over
        return bytes(answer)

    def _torn(self, size: int) -> ReaderError:
        """Return the error of an answer without a status word.

        Some drivers say that all went well and bring nothing when the card was pulled in the
        middle of a command; the service notices only a moment later that it is gone.
        """
        try:
            gone = self._owner.wait(self._name, present=False, seconds=_NOTICED)
        except ReaderError as error:
            return error
        if gone:
            return CardRemoved("E-READER-003", reader=self._name)
        return ReaderError("E-READER-011", reader=self._name, detail=f"{size} bytes")

    def _why(self, code: int) -> ReaderError:
        """Return the error of a failed transmit; a card that is there again is another stay."""
        if code not in _GONE:
            return _refusal(code, self._name)
        try:
            seen = {reader.name: reader.atr for reader in self._owner.list()}
        except ReaderError:
            return CardRemoved("E-READER-003", reader=self._name)
        if self._name not in seen:
            return ReaderError("E-READER-007", reader=self._name)
        swapped = seen[self._name] is not None
        return CardRemoved("E-READER-004" if swapped else "E-READER-003", reader=self._name)

    def close(self) -> None:
        """Let the card go; it loses its power. A second time does nothing."""
        if self._closed:
            return
        self._closed = True
        scard = self._owner.scard

        def let_go() -> None:
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
            scard.SCardReleaseContext(self._context)

        try:
            self._worker.call(let_go, self._owner.seconds)
        except TimeoutError:
            self._owner.lose(self._name, self._worker)
        self._worker.leave()


class PcscReader:
    """The readers that the PC/SC service of this machine knows.

    Args:
        seconds: How long one call may take before its reader counts as lost.
        library: pyscard's thin layer over PC/SC; None: load it.

    Raises:
        ReaderError: pyscard or the PC/SC library is not there.
    """

    def __init__(self, *, seconds: float = 5.0, library: ModuleType | None = None) -> None:
        self.scard = _library() if library is None else library
        self.seconds = seconds
        self._lost: dict[str, _Worker] = {}
        self._enumerating = threading.Lock()

    def lose(self, name: str, worker: _Worker) -> None:
        """Remember that *worker* is still inside the library with reader *name*."""
        worker.leave()
        self._lost[name] = worker

    def _brief(self, work: Callable[[], T], reader: str) -> T:
        """Make one call in a worker of its own."""
        worker = _Worker("szunion-pcsc")
        try:
            return worker.call(work, self.seconds)
        except TimeoutError as error:
            raise ReaderError("E-READER-006", reader=reader, seconds=self.seconds) from error
        finally:
            worker.leave()

    def list(self) -> Sequence[ReaderSeen]:
        """Return the readers that are there now.

        Raises:
            ReaderError: the service does not run, or does not answer.
        """
        return self._brief(self._listed, "PC/SC")

    def _listed(self) -> Sequence[ReaderSeen]:
        scard = self.scard
        # two enumerations at once can block each other inside the library
        with self._enumerating:
            context = self._established("PC/SC")
            try:
                code, names = scard.SCardListReaders(context, [])
                if _codes(code) == _NO_READERS:
                    return []
                _check(code, "PC/SC")
                if not names:
                    return []
                asked = [(name, scard.SCARD_STATE_UNAWARE) for name in names]
                code, states = scard.SCardGetStatusChange(context, 0, asked)
                _check(code, "PC/SC")
            finally:
                scard.SCardReleaseContext(context)
        present = scard.SCARD_STATE_PRESENT
        return [ReaderSeen(n, bytes(atr) if state & present else None) for n, state, atr in states]

    def _established(self, reader: str) -> int:
        context: int
        code, context = self.scard.SCardEstablishContext(self.scard.SCARD_SCOPE_USER)
        _check(code, reader)
        return context

    def connect(self, name: str) -> CardChannel:
        """Open an exclusive channel to the card in reader *name*.

        Raises:
            NoReader: no reader of that name.
            NoCard: it is empty.
            SharingViolation: another program holds it.
            ReaderError: it is still lost from an earlier conversation, or does not answer.
        """
        lost = self._lost.get(name)
        if lost is not None and lost.alive:
            raise ReaderError("E-READER-006", reader=name, seconds=self.seconds)
        self._lost.pop(name, None)
        worker = _Worker(f"szunion-pcsc {name}")
        try:
            connected = worker.call(lambda: self._connected(name), self.seconds)
        except TimeoutError as error:
            self.lose(name, worker)
            raise ReaderError("E-READER-006", reader=name, seconds=self.seconds) from error
        except ReaderError:
            worker.leave()
            raise
        return PcscChannel(self, name, worker, connected)

    def _connected(self, name: str) -> tuple[int, int, int, bytes]:
        """Return context, card handle, protocol control and ATR."""
        scard = self.scard
        context = self._established(name)
        card = 0
        try:
            both = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
            code, card, protocol = scard.SCardConnect(
                context, name, scard.SCARD_SHARE_EXCLUSIVE, both
            )
            _check(code, name)
            code, _, _, _, atr = scard.SCardStatus(card)
            _check(code, name)
        except ReaderError:
            scard.SCardReleaseContext(context)
            raise
        is_t0 = protocol == scard.SCARD_PROTOCOL_T0
        return context, card, scard.SCARD_PCI_T0 if is_t0 else scard.SCARD_PCI_T1, bytes(atr)

    def wait(self, name: str, *, present: bool, seconds: float) -> bool:
        """Wait until a card is (or is no longer) in reader *name*; False: not in that time.

        Raises:
            NoReader: no reader of that name.
            ReaderError: the service does not run, or does not answer.
        """
        worker = _Worker(f"szunion-pcsc wait {name}")
        try:
            return worker.call(
                lambda: self._waited(name, present=present, seconds=seconds),
                seconds + self.seconds,
            )
        except TimeoutError as error:
            raise ReaderError("E-READER-006", reader=name, seconds=self.seconds) from error
        finally:
            worker.leave()

    def _waited(self, name: str, *, present: bool, seconds: float) -> bool:
        scard = self.scard
        context = self._established(name)
        try:
            known = scard.SCARD_STATE_UNAWARE
            end = time.monotonic() + seconds
            while True:
                left = max(end - time.monotonic(), 0.0)
                limit = int(min(left, _SLICE) * 1000) if known else 0
                code, states = scard.SCardGetStatusChange(context, limit, [(name, known)])
                if _codes(code) != _TIMEOUT:
                    _check(code, name)
                    known = states[0][1] & ~scard.SCARD_STATE_CHANGED
                if bool(known & scard.SCARD_STATE_PRESENT) == present:
                    return True
                if left == 0.0:
                    return False
        finally:
            scard.SCardReleaseContext(context)


def _without_le(command: bytes) -> bytes:
    """Return what goes out at T=0: of data and a wish for an answer, the data alone.

    PC/SC hands on what it gets, and T=0 has one length in a command. Many a reader takes a second
    one for an error; the card says by 61xx that its answer waits.  Spec: ISO/IEC 7816-3, 12.2.5.

    >>> _without_le(bytes.fromhex("00A4040002A00000")).hex()
    '00a4040002a000'
    """
    short = len(command) > _HEADER and command[_HEADER - 1] > 0
    return command[:-1] if short and len(command) == _HEADER + command[_HEADER - 1] + 1 else command


def _check(code: int, reader: str) -> None:
    if _codes(code) != _OK:
        raise _refusal(_codes(code), reader)
