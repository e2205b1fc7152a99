"""Know how the simulated bank stands behind a real socket, with TLS where it is asked for.

A thread for each connection, from the standard library: an answer that breaks off, drips or never
comes is a matter of single bytes, and a bigger server would put itself between. For development
and tests; it is never a bank.
"""

from __future__ import annotations

import ssl
from functools import partial
from http.server import ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from szunion.adapters.bank.faults import Fault, FaultKind
from szunion.adapters.bank.http_peer import HttpPeer
from szunion.adapters.bank.server.behind import Behind
from szunion.adapters.bank.server.browser import PAGE
from szunion.adapters.bank.server.connection import Connection
from szunion.adapters.bank.server.control import CONTROL
from szunion.adapters.bank.server.push import Pusher
from szunion.ports.system import Clock

_IDLE: Final = 60.0


@frozen(kw_only=True)
class Certificates:
    """What the server shows: a good certificate, and where there is one, one that has run out."""

    good: ssl.SSLContext
    expired: ssl.SSLContext | None = None


class BankServer(ThreadingHTTPServer):
    """The simulated bank behind a real socket.

    Args:
        address: Host and port; port 0: any that is free.
        peer: The bank's side of the line.
        clock: What time it is at the bank.
        pusher: Who brings notices; None: they are fetched.
        certificates: With them, TLS; without, plain HTTP.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        peer: HttpPeer,
        clock: Clock,
        *,
        pusher: Pusher | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        self.behind = Behind(peer=peer, clock=clock, pusher=pusher)
        super().__init__(address, partial(_Handler, behind=self.behind))
        self._certificates = certificates
        self._connections = 0

    @property
    def url(self) -> str:
        """Where this server is."""
        host, port = self.server_address[:2]
        scheme = "http" if self._certificates is None else "https"
        return f"{scheme}://{host!s}:{port}"

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - its own
        """Serve one connection, in a thread of its own; TLS begins here."""
        request.settimeout(_IDLE)
        if self._certificates is not None:
            context = self._context(self._certificates)
            try:
                request = context.wrap_socket(request, server_side=True)
            except OSError:
                return  # the other side did not like what it was shown
        super().finish_request(request, client_address)
        if isinstance(request, ssl.SSLSocket):
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - its own
        """Say nothing of a connection that broke: that is what this server is for."""

    def shut(self) -> None:
        """Stop, and let every connection go."""
        self.behind.stopped.set()
        self.shutdown()
        self.server_close()

    def _context(self, certificates: Certificates) -> ssl.SSLContext:
        peer = self.behind.peer
        with self.behind.lock:
            self._connections += 1
            nth = self._connections
            fault = Fault(FaultKind.EXPIRED_CERTIFICATE, "connection", nth)
            if certificates.expired is None or not peer.bank.faults.happens(
                fault.kind, fault.subject, nth
            ):
                return certificates.good
            peer.happened.append(fault)
            return certificates.expired


class _Handler(Connection):
    """One connection: calls of the union, the page, and a test's control."""

    places = MappingProxyType({**PAGE, **CONTROL})
