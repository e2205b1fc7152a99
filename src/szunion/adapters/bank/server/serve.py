"""Know how the simulated bank is reached over real sockets, and how the line there misbehaves.

A thread for each connection, from the standard library: an answer that breaks off, drips or never
comes is a matter of single bytes, and a bigger server would put itself between. For development
and tests; it is never a bank.
"""

from __future__ import annotations

import hmac
import json
import secrets
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol, runtime_checkable
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

from szunion.adapters.bank.faults import Fault, FaultKind
from szunion.adapters.bank.http_peer import Delivery, HttpPeer, Said, Silence
from szunion.adapters.bank.server.desk import press
from szunion.adapters.bank.server.page import STYLE, Look, page
from szunion.adapters.bank.server.push import Pusher
from szunion.adapters.bank.server.storm import storm_of
from szunion.errors import SzunionError
from szunion.ports.system import Clock
from szunion.text import Language

_MOST_BODY: Final = 16 * 1024 * 1024
_MOST_FORM: Final = 4096
_IDLE: Final = 60.0
_DRIP: Final = 0.05
_MOST_DRIPS: Final = 2000
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_CITY: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_HTML: Final = "text/html; charset=utf-8"
_PLAIN: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json; charset=utf-8"
_SAFE: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


@runtime_checkable
class MovableClock(Protocol):
    """A clock that can be moved forward."""

    def advance(self, *, seconds: float) -> object:
        """Move forward."""
        ...


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
        super().__init__(address, _Handler)
        self.peer = peer
        self.clock = clock
        self.pusher = pusher
        self.control = secrets.token_urlsafe(24)
        """The word that a test's control calls carry, and every form of the page."""
        self.lock = threading.RLock()
        self.stopped = threading.Event()
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
        self.stopped.set()
        self.shutdown()
        self.server_close()

    def faults(self) -> Counter[str]:
        """Return how often each kind of fault has happened."""
        happened = (*self.peer.bank.happened, *self.peer.happened)
        return Counter(fault.kind.value for fault in happened)

    def _context(self, certificates: Certificates) -> ssl.SSLContext:
        with self.lock:
            self._connections += 1
            nth = self._connections
            fault = Fault(FaultKind.EXPIRED_CERTIFICATE, "connection", nth)
            if certificates.expired is None or not self.peer.bank.faults.happens(
                fault.kind, fault.subject, nth
            ):
                return certificates.good
            self.peer.happened.append(fault)
            return certificates.expired


class _Handler(BaseHTTPRequestHandler):
    """One connection: calls of the union, the page, and a test's control."""

    server: BankServer
    protocol_version = "HTTP/1.1"
    server_version = "szunion-sim-bank"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own
        """Log nothing: a line could name somebody."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer("GET", b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) <= 8):  # noqa: PLR2004
            self._refuse(411)
        elif int(length) > _MOST_BODY:
            self._refuse(413)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer("POST", body)
            else:
                self.close_connection = True

    def _answer(self, method: str, body: bytes) -> None:
        place = urlsplit(self.path).path
        own = _PLACES.get((method, place))
        if own is not None:
            own(self, body)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            reply = self.server.peer.answer(method, self.path, headers, body)
        match reply:
            case Said() as said:
                self._deliver(said)
            case Silence(FaultKind.ERROR_AFTER_ACTING):
                self._write(500, b"Internal Server Error", _PLAIN)
            case _:
                self.close_connection = True

    # --- bytes ------------------------------------------------------------------------------

    def _deliver(self, said: Said) -> None:
        match said.delivery:
            case Delivery.WHOLE:
                self._write(said.status, said.body, said.kind, dict(said.headers))
            case Delivery.CUT:
                self._head(said.status, len(said.body), said.kind, dict(said.headers))
                self.wfile.write(said.body[: len(said.body) // 2])
                self.close_connection = True
            case Delivery.DRIP:
                self._head(said.status, len(said.body) + _MOST_DRIPS, said.kind, dict(said.headers))
                self.close_connection = True
                for _ in range(_MOST_DRIPS):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    if self.server.stopped.wait(_DRIP):
                        return

    def _head(self, status: int, length: int, kind: str, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "content-type": kind, "content-length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def _write(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self._head(status, len(body), kind, headers or {})
        self.wfile.write(body)

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._write(status, b"", _PLAIN)

    def _json(self, value: object, status: int = 200) -> None:
        self._write(status, json.dumps(value, ensure_ascii=False).encode(), _JSON)

    # --- the page ---------------------------------------------------------------------------

    def _from_here(self) -> bool:
        """Whether a browser on this machine speaks to this machine by its own name."""
        host = self.headers.get("host", "").rpartition(":")[0] or self.headers.get("host", "")
        origin = self.headers.get("origin")
        peer = str(self.client_address[0])
        return (
            host in _LOCAL
            and (peer == "::1" or peer.startswith("127."))
            and origin in {None, f"{self.server.url.partition(':')[0]}://{self.headers['host']}"}
        )

    def _show(self, said: str = "", language: Language | None = None, status: int = 200) -> None:
        asked = parse_qs(urlsplit(self.path).query).get("lang", ["zh"])[0]
        chosen = language or (Language.EN if asked == "en" else Language.ZH)
        server = self.server
        with server.lock:
            look = Look(
                language=chosen,
                token=server.control,
                now=server.clock.now().astimezone(_CITY).strftime("%Y-%m-%d %H:%M"),
                movable=isinstance(server.clock, MovableClock),
                said=said,
                faults=server.faults(),
            )
            text = page(server.peer.bank, look)
        self._write(status, text.encode(), _HTML, _SAFE)

    def show(self, _: bytes) -> None:
        """Show the page, on this machine alone."""
        if self._from_here():
            self._show()
        else:
            self._refuse(403)

    def style(self, _: bytes) -> None:
        """Give the stylesheet."""
        self._write(200, STYLE.encode(), "text/css; charset=utf-8", _SAFE)

    def _form(self, body: bytes) -> dict[str, str] | None:
        """Return the fields of a form that our own page sent; None: it was refused."""
        if len(body) <= _MOST_FORM and self._from_here():
            fields = {
                name: each[0] for name, each in parse_qs(body.decode("ascii", "replace")).items()
            }
            if hmac.compare_digest(fields.get("token", "").encode(), self.server.control.encode()):
                return fields
        self._refuse(403)
        return None

    def do(self, body: bytes) -> None:
        """Press a button."""
        form = self._form(body)
        if form is None:
            return
        language = Language.EN if form.get("lang") == "en" else Language.ZH
        try:
            with self.server.lock:
                press(self.server.peer.bank, form.get("act", ""), form.get("target", ""))
        except SzunionError as error:
            self._show(error.what(language), language, 409)
            return
        self._back(language)

    def move_clock(self, body: bytes) -> None:
        """Move the clock from the page."""
        form = self._form(body)
        if form is None:
            return
        word = form.get("target", "")
        if word.isascii() and word.isdigit() and len(word) <= 8:  # noqa: PLR2004 - three years
            self._advance(float(word))
        self._back(Language.EN if form.get("lang") == "en" else Language.ZH)

    def _back(self, language: Language) -> None:
        self._head(303, 0, _PLAIN, {"location": f"/?lang={language.value}"})

    def _advance(self, seconds: float) -> None:
        if isinstance(self.server.clock, MovableClock):
            with self.server.lock:
                self.server.clock.advance(seconds=seconds)

    # --- a test's control -------------------------------------------------------------------

    def _told(self, body: bytes) -> dict[str, Any] | None:
        """Return what a control call says; None: it does not carry the word, and was refused."""
        word = self.headers.get("x-szunion-control", "")
        if hmac.compare_digest(word.encode("utf-8", "replace"), self.server.control.encode()):
            try:
                told = json.loads(body or b"{}")
            except ValueError:
                told = None
            if isinstance(told, dict):
                return told
        self._refuse(403)
        return None

    def sim_clock(self, body: bytes) -> None:
        """Move the clock: ``{"advance": seconds}``."""
        told = self._told(body)
        if told is not None:
            self._advance(float(told.get("advance", 0)))
            self._json({"now": self.server.clock.now().isoformat()})

    def sim_do(self, body: bytes) -> None:
        """Press: ``{"act": …, "target": …}``."""
        told = self._told(body)
        if told is None:
            return
        try:
            with self.server.lock:
                press(self.server.peer.bank, str(told.get("act")), str(told.get("target", "")))
        except SzunionError as error:
            self._json({"error": error.code}, 409)
        else:
            self._json({})

    def sim_heal(self, body: bytes) -> None:
        """Let nothing go wrong any more."""
        if self._told(body) is not None:
            with self.server.lock:
                self.server.peer.bank.heal()
            self._json({})

    def sim_faults(self, body: bytes) -> None:
        """Change the weather: what a storm file says, as JSON."""
        told = self._told(body)
        if told is None:
            return
        try:
            plan = storm_of(told)
        except SzunionError as error:
            self._json({"error": error.code}, 409)
            return
        with self.server.lock:
            self.server.peer.bank.faults = plan
        self._json({})

    def sim_push(self, body: bytes) -> None:
        """Bring now what was told."""
        if self._told(body) is not None:
            pusher = self.server.pusher
            taken = 0 if pusher is None else pusher.push()
            self._json({"taken": taken, "seen": {} if pusher is None else dict(pusher.seen)})

    def sim_state(self, body: bytes) -> None:
        """Say what time it is, and which faults have happened."""
        if self._told(body) is not None:
            with self.server.lock:
                faults = dict(self.server.faults())
            self._json({"now": self.server.clock.now().isoformat(), "faults": faults})

    def sim_happened(self, body: bytes) -> None:
        """Say which faults have happened, in a form that a storm file's ``replay`` takes."""
        if self._told(body) is not None:
            peer = self.server.peer
            with self.server.lock:
                happened = [fault.to_json() for fault in (*peer.bank.happened, *peer.happened)]
            self._json(happened)

    def sim_snapshot(self, body: bytes) -> None:
        """Give the bank's journal: its truth, for ``SimulatedBank.restore``."""
        if self._told(body) is not None:
            with self.server.lock:
                journal = self.server.peer.bank.snapshot()
            self._write(200, journal, _PLAIN)


_PLACES: Final[dict[tuple[str, str], Callable[[_Handler, bytes], None]]] = {
    ("GET", "/"): _Handler.show,
    ("GET", "/style.css"): _Handler.style,
    ("POST", "/do"): _Handler.do,
    ("POST", "/clock"): _Handler.move_clock,
    ("POST", "/sim/clock"): _Handler.sim_clock,
    ("POST", "/sim/do"): _Handler.sim_do,
    ("POST", "/sim/heal"): _Handler.sim_heal,
    ("POST", "/sim/faults"): _Handler.sim_faults,
    ("POST", "/sim/push"): _Handler.sim_push,
    ("POST", "/sim/state"): _Handler.sim_state,
    ("POST", "/sim/happened"): _Handler.sim_happened,
    ("POST", "/sim/snapshot"): _Handler.sim_snapshot,
}
