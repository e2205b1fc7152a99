"""The TCP fault proxy: what passes, how many bytes, and the same for the same seed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from szunion.testing.proxy import TcpProxy, WireFault, WireFaults


class Echo:
    """A server that answers each line with a hundred times that line."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    while data := connection.recv(4096):
                        self.heard.append(data)
                        connection.sendall(data * 100)
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def _say(port: int, words: bytes) -> bytes | None:
    """Say *words* and return all that comes; None: the connection was reset."""
    heard = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(words)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(4096):
                heard += part
    except ConnectionError:
        return None
    except OSError:
        return heard  # it ended while we spoke
    return heard


def test_without_faults_all_bytes_pass(echo: Echo) -> None:
    with TcpProxy(("127.0.0.1", echo.port)) as proxy:
        assert _say(proxy.port, b"hello") == b"hello" * 100
        (met,) = proxy.met
    assert met.passed == [5, 500]


def test_a_cut_answer_is_cut_to_the_byte(echo: Echo) -> None:
    with TcpProxy(("127.0.0.1", echo.port), WireFaults(cut_answer=1.0, cut_within=300)) as proxy:
        lengths = [len(_say(proxy.port, b"hello") or b"") for _ in range(6)]
        passed = [met.passed[1] for met in proxy.met]
    assert lengths == passed
    assert all(0 < length <= 300 for length in lengths)
    assert len(set(lengths)) > 3


def test_a_cut_request_arrives_so_far(echo: Echo) -> None:
    with TcpProxy(("127.0.0.1", echo.port), WireFaults(cut_request=1.0, cut_within=4)) as proxy:
        for _ in range(4):
            _say(proxy.port, b"hello")
        passed = [met.passed[0] for met in proxy.met]
    assert all(0 < each <= 4 for each in passed)
    assert b"hello" not in echo.heard


@pytest.mark.parametrize("kind", [WireFault.REFUSE, WireFault.DROP])
def test_what_is_refused_or_dropped_reaches_nobody(echo: Echo, kind: WireFault) -> None:
    plan = WireFaults(**{kind.value: 1.0})  # type: ignore[arg-type]
    with TcpProxy(("127.0.0.1", echo.port), plan) as proxy:
        assert not _say(proxy.port, b"hello")
    assert echo.heard == []


def test_a_reset_comes_after_the_request_has_arrived(echo: Echo) -> None:
    with TcpProxy(("127.0.0.1", echo.port), WireFaults(reset_answer=1.0)) as proxy:
        assert not _say(proxy.port, b"hello")
    assert echo.heard == [b"hello"]


def test_the_same_seed_strikes_the_same_connections() -> None:
    plan = WireFaults(seed=3, refuse=0.2, cut_answer=0.3, delay=0.3)
    struck = [plan.strikes(number) for number in range(200)]
    assert struck == [plan.strikes(number) for number in range(200)]
    assert set(struck) == {None, WireFault.REFUSE, WireFault.CUT_ANSWER, WireFault.DELAY}
    other = WireFaults(seed=4, refuse=0.2, cut_answer=0.3, delay=0.3)
    assert struck != [other.strikes(number) for number in range(200)]


def test_closing_twice_and_a_server_that_is_not_there(echo: Echo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    proxy = TcpProxy(("127.0.0.1", port))
    assert not _say(proxy.port, b"hello")
    proxy.close()
    proxy.close()
    assert echo.heard == []
