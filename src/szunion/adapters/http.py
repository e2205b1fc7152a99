"""Know how bytes go to another machine over HTTP, and what it means when they do not.

The one module that knows httpx. A call has one deadline, on monotonic time, over everything it
does; an answer has a size; a connection goes to the address that was checked and to no other.
There are no redirects, no proxies, nothing is compressed and nothing is sent twice. A failed call
means one of two things: it never arrived, or it may have arrived.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread, local
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import httpcore
import httpx
from attrs import frozen

from szunion.adapters.addresses import AddressRule, Origin, all_allowed
from szunion.errors import ConfigError
from szunion.log import say

MOST_ANSWER: Final = 4 * 1024 * 1024
"""An answer's body is not read beyond this many bytes."""


class NeverArrived(Exception):
    """The call did not reach the other side: it may be made again."""


class MayHaveArrived(Exception):
    """Nobody knows whether the other side has it: ask before it is sent again."""


#: What each failure of the transport means. A class that is not here means what its base means.
#: "Never" is said only where not a byte of the request can have left.
ARRIVED: Final[Mapping[type[httpx.TransportError], bool]] = MappingProxyType(
    {
        httpx.ConnectTimeout: False,
        httpx.ConnectError: False,
        httpx.PoolTimeout: False,
        httpx.UnsupportedProtocol: False,
        httpx.TransportError: True,
    }
)


def may_have_arrived(error: type[httpx.TransportError]) -> bool:
    """Return whether, after *error*, the other side may have the request."""
    return next(ARRIVED[kind] for kind in error.__mro__ if kind in ARRIVED)


@frozen(kw_only=True)
class Tls:
    """Whom to trust, and who we are (双向 TLS). Paths of PEM files; empty: the system's roots."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    def context(self) -> ssl.SSLContext:
        """Return the context of these files: TLS 1.2 or later, the name always checked.

        Raises:
            ConfigError: a file cannot be read or is not what it should be (E-HTTP-003).
        """
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
        except (OSError, ssl.SSLError) as error:
            given = filter(None, (self.ca, self.certificate, self.key))
            names = ", ".join(Path(one).name for one in given)
            raise ConfigError("E-HTTP-003", files=names, problem=type(error).__name__) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


@frozen(kw_only=True)
class HttpAnswer:
    """An answer as it came: names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Resolver = Callable[[str, int], list[str]]
"""Returns the addresses of a name, or raises OSError."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of *host*, in the resolver's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class HttpLine:
    """A line to one origin. Thread-safe; connections are kept open between calls."""

    def __init__(  # noqa: PLR0913 - each is a decision of the city's
        self,
        url: str,
        *,
        rule: AddressRule | None = None,
        tls: Tls | None = None,
        most_answer: int = MOST_ANSWER,
        resolver: Resolver = resolve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Check *url*; nothing is connected yet.

        Raises:
            ConfigError: the URL or the files of *tls* cannot be used (E-HTTP-001, E-HTTP-003).
        """
        rule = rule or AddressRule()
        self.origin = Origin.of(url, rule)
        self._most = most_answer
        self._time = _Time(monotonic)
        context = (tls or Tls()).context() if self.origin.scheme == "https" else None
        backend = _CheckedBackend(rule, resolver, self._time)
        self._client = httpx.Client(
            transport=_Transport(context, backend),
            headers={"user-agent": "szunion"},
            trust_env=False,
            follow_redirects=False,
        )

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        seconds: float,
    ) -> HttpAnswer:
        """Send one request and return the whole answer, within *seconds* in all.

        Args:
            method: ``GET`` or ``POST``.
            target: Path and query, as they are signed.
            headers: More headers.
            body: The body.
            seconds: How long the whole call may take.

        Raises:
            NeverArrived: not a byte of it reached the other side.
            MayHaveArrived: anything else that is not an answer.
        """
        if seconds <= 0:
            raise NeverArrived("the deadline had passed")
        request = self._client.build_request(
            method,
            self.origin.url + target,
            headers={"accept-encoding": "identity", **headers},
            content=body,
            timeout=seconds,
        )
        since = self._time.start(seconds)
        read = None
        try:
            answer = self._client.send(request, stream=True)
            try:
                read = self._read(answer)
            finally:
                answer.close()
        except httpx.TransportError as error:
            kind = MayHaveArrived if may_have_arrived(type(error)) else NeverArrived
            raise kind(type(error).__name__) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise MayHaveArrived(type(error).__name__) from None
        finally:
            say(
                "http", logging.DEBUG, "http.call", method=method, sent=len(body),
                status=0 if read is None else read.status,
                got=0 if read is None else len(read.body),
                ms=round((self._time.stop() - since) * 1000),
            )  # fmt: skip
        return read

    def _read(self, answer: httpx.Response) -> HttpAnswer:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise MayHaveArrived("the answer is compressed")
        parts: list[bytes] = []
        size = 0
        for part in answer.iter_raw():
            size += len(part)
            if size > self._most:
                raise MayHaveArrived("the answer is too long")
            parts.append(part)
        return HttpAnswer(
            status=answer.status_code, headers=dict(answer.headers), body=b"".join(parts)
        )

    def close(self) -> None:
        """Close what is open. A second time does nothing."""
        self._client.close()


# --- within ---------------------------------------------------------------------------------


class _Time:
    """How much of a call's time is left. Each thread has its own call."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._local = local()

    def start(self, seconds: float) -> float:
        """Begin a call; return when that was."""
        now = self._monotonic()
        self._local.until = now + seconds
        return now

    def stop(self) -> float:
        """End it; return when that was."""
        self._local.until = None
        return self._monotonic()

    def left(self, timeout: float | None) -> float:
        """Return the seconds that are left, and no more than *timeout*; 0: the time is up."""
        until: float | None = getattr(self._local, "until", None)
        left = float("inf") if until is None else max(until - self._monotonic(), 0.0)
        return left if timeout is None else min(left, timeout)


class _Transport(httpx.HTTPTransport):
    """httpx's own transport over a pool whose connections are checked and timed."""

    def __init__(self, context: ssl.SSLContext | None, backend: httpcore.NetworkBackend) -> None:
        super().__init__(verify=context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
        # The pool takes a backend, the transport does not hand one on; 0.28 is its last version.
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=16,
            max_keepalive_connections=8,
            keepalive_expiry=15.0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=backend,
        )


class _CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name once, checks every address, and connects to the one that was checked."""

    def __init__(self, rule: AddressRule, resolver: Resolver, clock: _Time) -> None:
        self._rule = rule
        self._resolver = resolver
        self._time = clock
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("the address is not one of those allowed")
        for address in all_allowed(self._resolve(host, port, timeout), self._rule):
            left = self._time.left(timeout)
            if not left:
                raise httpcore.ConnectTimeout
            try:
                stream = self._plain.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error  # nothing was sent: the next address may be tried
            else:
                return _TimedStream(stream, self._time)
        raise failed

    def _resolve(self, host: str, port: int, timeout: float | None) -> list[str]:
        """Ask the resolver, and wait no longer than the call may take."""
        answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolver(host, port))
            except OSError as error:
                answers.put(error)
            except UnicodeError as error:  # a label that no name can have
                answers.put(OSError(type(error).__name__))

        if _is_number(host):
            return [host]
        Thread(target=ask, daemon=True).start()
        try:
            found = answers.get(timeout=min(self._time.left(timeout), 3600.0))
        except Empty:
            raise httpcore.ConnectTimeout from None
        if isinstance(found, OSError):
            raise httpcore.ConnectError(type(found).__name__)
        return found

    def sleep(self, seconds: float) -> None:
        self._plain.sleep(seconds)


def _is_number(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends when the call's time is up."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Time) -> None:
        self._stream = stream
        self._time = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._time.left(timeout)
        if not left:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = self._time.left(timeout)
        if not left:
            raise httpcore.WriteTimeout
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._time.left(timeout)
        if not left:
            raise httpcore.ConnectTimeout
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._time)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own
        return self._stream.get_extra_info(info)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
