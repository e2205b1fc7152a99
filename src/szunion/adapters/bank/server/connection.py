"""Know how one connection to the simulated bank is read and answered, and how its answers break."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, Final, TypeAlias
from urllib.parse import urlsplit

from szunion.adapters.bank.faults import FaultKind
from szunion.adapters.bank.http_peer import Delivery, Said, Silence
from szunion.adapters.bank.server.behind import Behind

_MOST_BODY: Final = 16 * 1024 * 1024
_DRIP: Final = 0.05
_MOST_DRIPS: Final = 2000
PLAIN: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json; charset=utf-8"


class Connection(BaseHTTPRequestHandler):
    """One connection: calls of the union, and what else has a place."""

    places: ClassVar[Mapping[tuple[str, str], Place]] = {}
    """What is answered here, besides the bank's own calls."""
    protocol_version = "HTTP/1.1"
    server_version = "szunion-sim-bank"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, *told: Any, behind: Behind) -> None:  # noqa: ANN401 - its own
        self.behind = behind
        super().__init__(*told)  # which answers every call that comes

    @property
    def scheme(self) -> str:
        """How an address of this connection begins."""
        return "https" if isinstance(self.connection, ssl.SSLSocket) else "http"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own
        """Log nothing: a line could name somebody."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer("GET", b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) <= 8):  # noqa: PLR2004
            self.refuse(411)
        elif int(length) > _MOST_BODY:
            self.refuse(413)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer("POST", body)
            else:
                self.close_connection = True

    def _answer(self, method: str, body: bytes) -> None:
        place = urlsplit(self.path).path
        own = self.places.get((method, place))
        if own is not None:
            own(self, body)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.behind.lock:
            reply = self.behind.peer.answer(method, self.path, headers, body)
        match reply:
            case Said() as said:
                self._deliver(said)
            case Silence(FaultKind.ERROR_AFTER_ACTING):
                self.write(500, b"Internal Server Error", PLAIN)
            case _:
                self.close_connection = True

    # --- bytes ------------------------------------------------------------------------------

    def _deliver(self, said: Said) -> None:
        match said.delivery:
            case Delivery.WHOLE:
                self.write(said.status, said.body, said.kind, dict(said.headers))
            case Delivery.CUT:
                self.head(said.status, len(said.body), said.kind, dict(said.headers))
                self.wfile.write(said.body[: len(said.body) // 2])
                self.close_connection = True
            case Delivery.DRIP:
                self.head(said.status, len(said.body) + _MOST_DRIPS, said.kind, dict(said.headers))
                self.close_connection = True
                for _ in range(_MOST_DRIPS):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    if self.behind.stopped.wait(_DRIP):
                        return

    def head(self, status: int, length: int, kind: str, headers: dict[str, str]) -> None:
        """Write the head of an answer."""
        self.send_response_only(status)
        for name, value in {**headers, "content-type": kind, "content-length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def write(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        """Write a whole answer."""
        self.head(status, len(body), kind, headers or {})
        self.wfile.write(body)

    def refuse(self, status: int) -> None:
        """Refuse a call, and let the connection go."""
        self.close_connection = True
        self.write(status, b"", PLAIN)

    def json(self, value: object, status: int = 200) -> None:
        """Write a value as JSON."""
        self.write(status, json.dumps(value, ensure_ascii=False).encode(), _JSON)


Place: TypeAlias = Callable[[Connection, bytes], None]
"""Answers a call of one method at one path."""
