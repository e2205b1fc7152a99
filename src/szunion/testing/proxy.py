"""Know how real bytes between two machines go wrong: a proxy that delays, cuts, drops and resets.

It stands on loopback between a client and a server and passes bytes on, except where its
:class:`WireFaults` strike. A decision belongs to the seed and to the number of the connection, so
the same connections meet the same faults.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Final, Self

from attrs import field, frozen

from szunion.adapters.bank.faults import draw
from szunion.errors import InvalidInput

_PART: Final = 16 * 1024
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends a reset in place of an end."""


class WireFault(StrEnum):
    """One way in which a connection goes wrong (连接故障)."""

    REFUSE = "refuse"
    """It is accepted and reset before a byte has passed."""
    DROP = "drop"
    """Whatever the client sends is swallowed, and then the connection ends."""
    CUT_REQUEST = "cut_request"
    """Only so many bytes of the client's pass, then the connection ends."""
    CUT_ANSWER = "cut_answer"
    """Only so many bytes of the server's pass, then the connection ends."""
    RESET_ANSWER = "reset_answer"
    """The server's first bytes are answered with a reset of the client."""
    DELAY = "delay"
    """The server's bytes wait before they pass."""


@frozen(kw_only=True)
class WireFaults:
    """How often each fault strikes a connection: rates from 0 to 1, at most one a connection."""

    seed: int = 7
    refuse: float = 0.0
    drop: float = 0.0
    cut_request: float = 0.0
    cut_answer: float = 0.0
    reset_answer: float = 0.0
    delay: float = 0.0
    cut_within: int = 400
    """A cut comes after fewer than so many bytes."""
    most_delay: float = 0.05
    """A delay is shorter than so many seconds."""

    def __attrs_post_init__(self) -> None:
        """Check the rates.

        Raises:
            InvalidInput: one is not from 0 to 1 (E-SIM-001).
        """
        for kind in WireFault:
            if not 0 <= getattr(self, kind.value) <= 1:
                raise InvalidInput("E-SIM-001", name=kind.value)

    def strikes(self, number: int) -> WireFault | None:
        """Return the fault of the connection of that number; None: it goes well."""
        for kind in WireFault:
            rate: float = getattr(self, kind.value)
            if rate > 0 and draw(self.seed, kind.value, "connection", number) < rate:
                return kind
        return None

    def share(self, number: int) -> float:
        """Return a number from 0 up to 1 that belongs to this connection."""
        return draw(self.seed, "share", "connection", number)


@frozen
class Met:
    """What a connection met."""

    number: int
    fault: WireFault | None
    passed: list[int] = field(factory=lambda: [0, 0])
    """Bytes that passed: the client's, the server's."""


class TcpProxy:
    """A proxy on loopback in front of *target* (TCP 故障代理). Use it as a context manager.

    Args:
        target: Host and port of the server.
        faults: What goes wrong; it may be set at any time, for connections from then on.
    """

    def __init__(self, target: tuple[str, int], faults: WireFaults | None = None) -> None:
        """Listen on a free port."""
        self.faults = faults or WireFaults()
        self.met: list[Met] = []
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._begin(self._accept)

    @property
    def port(self) -> int:
        """Where the proxy listens."""
        port: int = self._listening.getsockname()[1]
        return port

    def close(self) -> None:
        """End every connection and stop listening. A second time does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        _end(self._listening)
        with self._lock:
            connections = list(self._open)
        for each in connections:
            _end(each)
        for thread in list(self._threads):
            thread.join(10)

    def __enter__(self) -> Self:
        """Return the proxy."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    # --- within -----------------------------------------------------------------------------

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            faults = self.faults
            met = Met(len(self.met), faults.strikes(len(self.met)))
            self.met.append(met)
            self._keep(client)
            self._begin(self._serve, client, met, faults)

    def _keep(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.append(connection)

    def _serve(self, client: socket.socket, met: Met, faults: WireFaults) -> None:
        if met.fault is WireFault.REFUSE:
            _reset(client)
            return
        if met.fault is WireFault.DROP:
            _swallow(client)
            return
        try:
            server = socket.create_connection(self._target, timeout=10)
            server.settimeout(None)
        except OSError:
            _reset(client)
            return
        self._keep(server)
        if met.fault is WireFault.RESET_ANSWER:
            _pass_until_answered(client, server)
            _reset(client)
            _end(server)
            return
        budget = 1 + int(faults.share(met.number) * faults.cut_within)
        there = budget if met.fault is WireFault.CUT_REQUEST else None
        back = budget if met.fault is WireFault.CUT_ANSWER else None
        self._begin(_pass, client, server, met.passed, 0, there, None)
        wait = None
        if met.fault is WireFault.DELAY:
            wait = partial(self._ended.wait, faults.share(met.number) * faults.most_delay)
        _pass(server, client, met.passed, 1, back, wait)


def _pass(  # noqa: PLR0913, PLR0917 - one direction of one connection
    source: socket.socket,
    sink: socket.socket,
    passed: list[int],
    which: int,
    budget: int | None,
    wait: Callable[[], object] | None,
) -> None:
    """Pass bytes on until one side ends, or the budget is used up."""
    try:
        while part := source.recv(_PART):
            if wait is not None:
                wait()
            if budget is not None:
                part = part[: budget - passed[which]]
            sink.sendall(part)
            passed[which] += len(part)
            if budget is not None and passed[which] >= budget:
                break
        else:
            sink.shutdown(socket.SHUT_WR)
            return
    except OSError:
        pass
    _end(source)
    _end(sink)


def _swallow(client: socket.socket) -> None:
    try:
        client.settimeout(0.2)
        while client.recv(_PART):
            pass
    except OSError:
        pass
    _end(client)


def _pass_until_answered(client: socket.socket, server: socket.socket) -> None:
    """Pass the client's bytes on in this one thread: a reset needs nobody else on its socket."""
    sides = [client, server]
    with contextlib.suppress(OSError):
        while True:
            ready, _, _ = select.select(sides, [], [])
            if server in ready:
                return
            part = client.recv(_PART)
            if part:
                server.sendall(part)
            else:  # it has said everything; the server has still to answer
                server.shutdown(socket.SHUT_WR)
                sides = [server]


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
