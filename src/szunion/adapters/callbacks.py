"""Know how a bank's callback comes in over HTTP, whatever serves it (WSGI).

The body is measured before it is read, read before it is verified, and verified before anything
looks into it. What the caller hears is a status and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, Final, Protocol, TypeAlias

from attrs import frozen

from szunion.domain.bank import BankNotice
from szunion.errors import SignatureInvalid, SzunionError
from szunion.ports.bank import ReceivesCallbacks

MOST_BODY: Final = 256 * 1024
_DIGITS: Final = frozenset("0123456789")
_LONGEST_LENGTH: Final = 7
_MINUTE: Final = 60.0


Tell: TypeAlias = Callable[[Callable[[], None]], object]
"""Is given a function, once, that returns or raises as hearing at once would."""


class Start(Protocol):
    """WSGI's ``start_response``."""

    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object:
        """Take status and headers."""
        ...


@frozen
class CallbackDoor:
    """A WSGI application for one path: ``POST`` it, and 204 says that it was heard (回调入口).

    401: not the bank's word. 503: heard later; the bank calls again. A host application mounts it
    at the path that the settings name; TLS and client certificates are the host's.
    """

    bank: ReceivesCallbacks
    hear: Callable[[Sequence[BankNotice]], None]
    hand_in: Callable[[Sequence[BankNotice], Tell], None]
    path: str
    refused: Callable[[], None] | None = None
    """Told of each call that was not the bank's."""

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer one request."""
        status = self._answer(environ)
        start_response(status, [("Content-Length", "0"), ("Cache-Control", "no-store")])
        return ()

    def hear_soon(self, headers: Mapping[str, str], body: bytes, told: Tell) -> None:
        """Verify one call and hand it in without waiting: for a host with an event loop.

        Args:
            headers: The call's headers, their names in lower case.
            body: Its raw bytes, of a length that the host has measured.
            told: Called after the commit, in a thread of the system's, with a function that
                returns, or raises a :class:`~szunion.SzunionError` (503). It hands that on
                and is done.

        Raises:
            SignatureInvalid: it is not the bank's word (401).
            StorageBusy: too many wait already (503); *told* is not called then.
        """
        self.hand_in(self._verified(headers, body), told)

    def _answer(self, environ: dict[str, Any]) -> str:
        if environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") != self.path:
            return "404 Not Found"
        if environ.get("REQUEST_METHOD") != "POST":
            return "405 Method Not Allowed"
        length = environ.get("CONTENT_LENGTH") or ""
        if not length or not set(length) <= _DIGITS:
            return "411 Length Required"
        if len(length) > _LONGEST_LENGTH or int(length) > MOST_BODY:
            return "413 Content Too Large"
        return self._heard(environ, environ["wsgi.input"].read(int(length)))

    def _heard(self, environ: dict[str, Any], body: bytes) -> str:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        try:
            return self._obeyed(headers, body)
        except SzunionError:
            return "503 Service Unavailable"

    def _obeyed(self, headers: Mapping[str, str], body: bytes) -> str:
        try:
            notices = self._verified(headers, body)
        except SignatureInvalid:
            return "401 Unauthorized"
        self.hear(notices)
        return "204 No Content"

    def _verified(self, headers: Mapping[str, str], body: bytes) -> Sequence[BankNotice]:
        try:
            return self.bank.receive(headers, body)
        except SignatureInvalid:
            if self.refused is not None:
                self.refused()
            raise


class Refusals:
    """Counts refused calls, and reports them at most once a minute, however many come."""

    def __init__(self, report: Callable[[int], None], monotonic: Callable[[], float]) -> None:
        self._report = report
        self._monotonic = monotonic
        self._count = 0
        self._next = float("-inf")
        self._lock = Lock()

    def __call__(self) -> None:
        """Count one; the first is reported at once, those after it together."""
        with self._lock:
            self._count += 1
            now = self._monotonic()
            if now < self._next:
                return
            count, self._count, self._next = self._count, 0, now + _MINUTE
        self._report(count)
