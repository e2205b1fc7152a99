"""The HTTP line: what a failure means, one deadline, one address, and no way round."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.adapters.http.machines import (
    OK,
    Authority,
    Talk,
    answers,
    heard,
    machine,
    server_context,
)

from szunion.adapters.addresses import AddressRule
from szunion.adapters.http import (
    ARRIVED,
    HttpAnswer,
    HttpLine,
    MayHaveArrived,
    NeverArrived,
    Resolver,
    Tls,
    may_have_arrived,
    resolve,
)
from szunion.errors import ConfigError

HERE = AddressRule.of(loopback=True)


def line(port: int, **more: object) -> HttpLine:
    return HttpLine(f"http://127.0.0.1:{port}", rule=HERE, **more)  # type: ignore[arg-type]


def get(line: HttpLine, target: str = "/x", seconds: float = 20.0) -> HttpAnswer:
    try:
        return line.call("GET", target, headers={"szunion-id": "1"}, seconds=seconds)
    finally:
        line.close()


# --- what every failure means -----------------------------------------------------------------

#: Written down by hand: a class that httpx adds is not here, and the test says so.
MEANS = {
    httpx.TransportError: True,
    httpx.TimeoutException: True,
    httpx.ConnectTimeout: False,
    httpx.ReadTimeout: True,
    httpx.WriteTimeout: True,
    httpx.PoolTimeout: False,
    httpx.NetworkError: True,
    httpx.ConnectError: False,
    httpx.ReadError: True,
    httpx.WriteError: True,
    httpx.CloseError: True,
    httpx.ProtocolError: True,
    httpx.LocalProtocolError: True,
    httpx.RemoteProtocolError: True,
    httpx.ProxyError: True,
    httpx.UnsupportedProtocol: False,
}


def _below(kind: type[httpx.TransportError]) -> Iterator[type[httpx.TransportError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _below(each)


def test_every_transport_error_means_one_of_the_two() -> None:
    met = {kind: may_have_arrived(kind) for kind in _below(httpx.TransportError)}
    assert met == MEANS


def test_a_class_that_nobody_thought_of_may_have_arrived() -> None:
    """A new failure is never taken for "it did not arrive"."""
    new = type("NewError", (httpx.TransportError,), {})
    assert may_have_arrived(new)
    assert sum(not arrived for arrived in ARRIVED.values()) == 4


def test_every_transport_error_comes_out_as_one_of_the_two() -> None:
    for kind, arrived in MEANS.items():
        one = line(1)

        def fail(*_: object, kind: type[httpx.TransportError] = kind, **__: object) -> None:
            raise kind("the message may quote anything")

        one._client.send = fail  # type: ignore[assignment]
        with pytest.raises((NeverArrived, MayHaveArrived)) as raised:
            get(one)
        assert isinstance(raised.value, MayHaveArrived if arrived else NeverArrived)
        assert str(raised.value) == kind.__name__


def test_an_answer_comes_as_it_is() -> None:
    with machine(answers(OK)) as there:
        answer = get(line(there.port))
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers["content-type"] == "text/plain"


def test_a_connection_is_kept_and_used_again() -> None:
    with machine(answers(OK)) as there:
        one = line(there.port)
        for _ in range(3):
            one.call("POST", "/x", headers={}, seconds=20.0)
        one.close()
        assert there.connections == 1


def test_nobody_there_never_arrived() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(NeverArrived):
        get(line(port))


def test_a_deadline_that_has_passed_sends_nothing() -> None:
    with machine(answers(OK)) as there:
        with pytest.raises(NeverArrived):
            get(line(there.port), seconds=0.0)
        assert there.connections == 0


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"<html>maintenance</html>\r\n\r\n",
        b"HTTP/1.1 999999 Odd\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n" + b"x" * 22,
    ],
    ids=range(12),
)
def test_whatever_is_no_answer_may_have_arrived(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(said)

    with machine(talk) as there, pytest.raises(MayHaveArrived):
        get(line(there.port))


def test_a_reset_after_the_request_may_have_arrived() -> None:
    def talk(connection: socket.socket) -> None:
        heard(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with machine(talk) as there, pytest.raises(MayHaveArrived):
        get(line(there.port))


# --- limits -----------------------------------------------------------------------------------


def _dripping(head: bytes, drop: bytes, ended: threading.Event) -> Talk:
    def talk(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(head)
        for _ in range(400):
            connection.sendall(drop)
            if ended.wait(0.05):
                return

    return talk


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"y"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\ny\r\n"),
        (b"", b"H"),
    ],
    ids=["headers", "body", "chunks", "status line"],
)
def test_one_deadline_is_over_the_whole_call(head: bytes, drop: bytes) -> None:
    """Each byte comes quickly and the answer never does: no single step is slow."""
    ended = threading.Event()
    with machine(_dripping(head, drop, ended)) as there:
        with pytest.raises(MayHaveArrived):
            get(line(there.port), seconds=0.4)
        ended.set()


def test_the_deadline_is_counted_on_the_clock_that_only_grows() -> None:
    """A clock that was set forward between two reads ends the call; nothing sleeps here."""
    ticks = iter([0.0, 1.0, 2.0, 3.0, *[100.0] * 50])
    with machine(answers(OK)) as there:
        one = HttpLine(f"http://127.0.0.1:{there.port}", rule=HERE, monotonic=lambda: next(ticks))
        with pytest.raises(MayHaveArrived):
            get(one, seconds=50.0)


def test_a_silent_machine_is_given_up() -> None:
    ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        heard(connection)
        ended.wait(30)

    with machine(talk) as there:
        with pytest.raises(MayHaveArrived):
            get(line(there.port), seconds=0.3)
        ended.set()


@pytest.mark.parametrize(("size", "fits"), [(999, True), (1000, True), (1001, False)])
def test_an_answer_is_read_so_far_and_no_further(size: int, *, fits: bool) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (size, b"x" * size)
    with machine(answers(said)) as there:
        one = line(there.port, most_answer=1000)
        if fits:
            assert len(get(one).body) == size
        else:
            with pytest.raises(MayHaveArrived):
                get(one)


def test_a_compressed_bomb_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(10_000_000))
    said = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with machine(answers(said + packed)) as there, pytest.raises(MayHaveArrived):
        get(line(there.port))


# --- no way round -----------------------------------------------------------------------------


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with machine(answers(OK)) as inside:
        to = f"http://127.0.0.1:{inside.port}/".encode()
        said = b"HTTP/1.1 302 Found\r\nLocation: " + to + b"\r\nContent-Length: 0\r\n\r\n"
        with machine(answers(said)) as there:
            assert get(line(there.port)).status == 302
        assert inside.connections == 0


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with machine(answers(OK)) as proxy, machine(answers(OK)) as there:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert get(line(there.port)).status == 200
        assert (proxy.connections, there.connections) == (0, 1)


def _bank(port: int, resolver: Resolver, rule: AddressRule = HERE) -> HttpLine:
    return HttpLine(f"https://bank.example:{port}", rule=rule, resolver=resolver)


def test_a_name_is_resolved_once_and_the_checked_address_is_used() -> None:
    """Rebinding: the name leads outside the first time it is asked for, and inside after that."""
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    with machine(answers(OK)) as inside:
        with pytest.raises(NeverArrived):
            get(_bank(inside.port, rebinding, AddressRule()))
        assert asked == ["bank.example"]
        assert inside.connections == 0


def test_a_resolver_that_fails_or_hangs_never_arrived() -> None:
    def fails(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    ended = threading.Event()

    def hangs(_host: str, _port: int) -> list[str]:
        ended.wait(30)
        return []

    resolvers: list[Resolver] = [fails, hangs, lambda _host, _port: []]
    for resolver in resolvers:
        with pytest.raises(NeverArrived):
            get(_bank(443, resolver), seconds=0.3)
    ended.set()


def test_the_next_address_is_tried_when_the_first_is_not_there() -> None:
    with machine(answers(OK)) as there:
        one = HttpLine(
            f"http://localhost:{there.port}",
            rule=HERE,
            resolver=lambda _host, _port: ["127.0.0.2", "127.0.0.1"],
        )
        assert get(one).status == 200


def test_the_system_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in resolve("localhost", 80)


# --- TLS --------------------------------------------------------------------------------------


def to_bank(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def test_mutual_tls_lets_the_two_in_that_know_each_other(tmp_path: Path) -> None:
    theirs, ours = Authority(tmp_path, "Bank CA"), Authority(tmp_path, "Union CA")
    bank, union = theirs.papers("bank.example"), ours.papers("union.example")
    context = server_context(bank, clients=ours)
    with machine(answers(OK), context) as there:
        tls = Tls(ca=theirs.file, certificate=union.certificate, key=union.key)
        url = f"https://bank.example:{there.port}"
        assert get(HttpLine(url, rule=HERE, tls=tls, resolver=to_bank)).status == 200
        stranger = theirs.papers("stranger.example")
        for wrong in (
            Tls(ca=theirs.file),
            Tls(ca=theirs.file, certificate=stranger.certificate, key=stranger.key),
        ):
            with pytest.raises((NeverArrived, MayHaveArrived)):
                get(HttpLine(url, rule=HERE, tls=wrong, resolver=to_bank))


@pytest.mark.parametrize("fault", ["expired", "another name", "another authority", "no TLS"])
def test_a_bank_that_is_not_who_it_says_gets_not_a_byte(tmp_path: Path, fault: str) -> None:
    authority = Authority(tmp_path)
    papers = authority.papers(
        "other.example" if fault == "another name" else "bank.example",
        until=timedelta(hours=-1) if fault == "expired" else timedelta(days=1),
    )
    trusted = Authority(tmp_path, "Another CA") if fault == "another authority" else authority
    requests: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        requests.append(heard(connection))

    context = None if fault == "no TLS" else server_context(papers)
    with machine(talk, context) as there:
        one = HttpLine(
            f"https://bank.example:{there.port}", rule=HERE, tls=Tls(ca=trusted.file),
            resolver=to_bank,
        )  # fmt: skip
        with pytest.raises(NeverArrived):
            get(one, seconds=1.0)
    assert not any(b"szunion-id" in each for each in requests)


def test_files_that_are_no_certificates_are_said_by_name_alone(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("nothing", "utf-8")
    for tls in (Tls(ca=str(wrong)), Tls(ca=str(tmp_path / "gone.pem")), Tls(certificate="gone")):
        with pytest.raises(ConfigError) as raised:
            HttpLine("https://bank.example", tls=tls)
        assert raised.value.code == "E-HTTP-003"
        assert str(tmp_path) not in str(raised.value.context)
