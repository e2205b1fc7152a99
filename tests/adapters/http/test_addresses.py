"""Where a line may go: names held to a grammar, addresses to a table of our own."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from szunion.adapters.addresses import AddressRule, Origin, all_allowed
from szunion.adapters.http import HttpLine, NeverArrived
from szunion.errors import ConfigError

NOWHERE = AddressRule()

#: Hosts that a resolver, a browser or an old library takes for a machine inside.
_HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0x7f.1", "0x7f000001", "0x7f.0.0.1",
    "0177.0.0.1", "0177.1", "2130706433", "017700000001", "0", "0.0.0.0", "00.0.0.0", "1",
    "127.0.0.1.", "localhost.", "LOCALHOST", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.０.０.１",
    "127．0．0．1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "10.0.0.1", "10.1", "0xa.0.0.1", "012.0.0.1", "167772161",
    "172.16.0.1", "172.31.255.255", "192.168.1.1", "0xc0.0xa8.1.1", "3232235777", "169.254.169.254",
    "0xa9fea9fe", "2852039166", "100.64.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001::7f00:1]",
    "[2001:0:7f00:1::]", "[2001:db8::1]", "[2001:10::1]", "[2001:20::1]", "[3fff::1]", "[fc00::1]",
    "[fd00::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[fec0::1]", "[ff02::1]",
    "[100::1]", "[5f00::1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[4000::1]",
    "user@127.0.0.1", "user:word@127.0.0.1", "bank.example@127.0.0.1", "127.0.0.1#bank.example",
    "127.0.0.1?bank.example", "127.0.0.1\\@bank.example", "bank.example\\.127.0.0.1",
    "bank.example%2e", "bank_.example", "-bank.example", "bank-.example", "bank..example",
    ".bank.example", "bank.example.", "bänk.example", "банк.example", "bank.example\u200b",
    "bank.example\u3002cn", "bank.example:0", "bank.example:65536", "bank.example:-1",
    "bank.example:+443", "bank.example:４４３", "bank.example:443:443", "bank.example: 443",
    "bank.example\t", " bank.example", "bank.example\r\nHost:x", "", ":443", "@", "[]", "[::1",
    "::1", "a" * 64 + ".example", ".".join(["a" * 60] * 5), "bank.example.0x7f", "bank.0177",
    "1.2.3", "1.2.3.4.5", "256.256.256.256", "1.2.3.04", "0x1.2.3.4", "08.8.8.8",
)  # fmt: skip
FORMS = [
    *(f"https://{host}/union" for host in _HOSTS),
    "http://bank.example/union", "ftp://bank.example/", "file:///etc/passwd", "//bank.example/",
    "https:/bank.example/", "https:bank.example", "HTTPS://bank.example/", "https://",
    "gopher://127.0.0.1/", "unix:///run/x", "http://127.0.0.1/", "http://localhost/",
    "https://bank.example/a/../b", "https://bank.example/%2e%2e/", "https://bank.example/?x=1",
    "https://bank.example/#x", "https://bank.example/a b", "https://bank.example//",
    "https://bank.example/a\\b", "https://bank.example/\u200b", "javascript:alert(1)", "",
    "https://BANK.example/", "https://user@bank.example/", "http+unix://x/",
    "https://bank.example/a\n", "https://bank.exam\tple/", "https:\\\\bank.example/",
    "https:///bank.example/", "https://bank.example:/", "https://bank.example/;x",
]  # fmt: skip


def test_there_are_enough_forms() -> None:
    assert len(set(FORMS)) >= 150


@pytest.mark.parametrize("form", FORMS, ids=ascii)
def test_no_form_of_a_url_leads_inside(form: str) -> None:
    """Nothing reaches a listener on this machine, whatever the resolver makes of the name."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        with pytest.raises((ConfigError, NeverArrived)):
            HttpLine(form, resolver=lambda _host, _port: ["127.0.0.1"]).call(
                "GET", "/", headers={}, seconds=1.0
            )
        with pytest.raises(BlockingIOError):
            inside.accept()


@pytest.mark.parametrize(
    "url",
    [
        "https://bank.example/union/v1", "https://bank.example", "https://bank.example:8443/",
        "https://xn--fiqs8s.example/a_b-c.d~e", "https://8.8.8.8/", "https://[2400:3200::1]:8443/x",
        "https://a-b.c0/",
    ],
)  # fmt: skip
def test_a_plain_url_is_taken(url: str) -> None:
    origin = Origin.of(url, NOWHERE)
    assert origin.scheme == "https"
    assert origin.url.startswith("https://")
    assert not origin.path.endswith("/")


def test_http_is_for_this_machine_alone_and_only_when_it_is_said() -> None:
    here = AddressRule.of(loopback=True)
    assert Origin.of("http://127.0.0.1:8500/union", here).port == 8500
    assert Origin.of("http://[::1]:8500", here).host == "::1"
    assert Origin.of("http://localhost:8500", here).path == ""
    for url in ("http://bank.example/", "http://8.8.8.8/"):
        with pytest.raises(ConfigError) as raised:
            Origin.of(url, here)
        assert raised.value.code == "E-HTTP-001"


def test_a_private_line_is_named_and_this_machine_is_no_network() -> None:
    rule = AddressRule.of(["10.20.0.0/16", "fd00:1::/32"])
    assert rule.allows(ipaddress.ip_address("10.20.3.4"))
    assert rule.allows(ipaddress.ip_address("fd00:1::9"))
    assert not rule.allows(ipaddress.ip_address("10.21.0.1"))
    assert not rule.allows(ipaddress.ip_address("127.0.0.1"))
    for wrong in ("127.0.0.0/8", "0.0.0.0/0", "::/0", "::1/128", "10.20.0.1/16", "bank", ""):
        with pytest.raises(ConfigError) as raised:
            AddressRule.of([wrong])
        assert raised.value.code == "E-HTTP-002"


def test_a_name_that_leads_outside_and_inside_is_not_connected_to_at_all() -> None:
    assert all_allowed(["8.8.8.8", "2400:3200::1"], NOWHERE) == ["8.8.8.8", "2400:3200::1"]
    assert not all_allowed(["8.8.8.8", "10.0.0.1"], NOWHERE)
    assert not all_allowed(["8.8.8.8", "no address"], NOWHERE)


@pytest.mark.parametrize("edge", [
    ("9.255.255.255", True), ("10.0.0.0", False), ("10.255.255.255", False), ("11.0.0.0", True),
    ("100.63.255.255", True), ("100.64.0.0", False), ("100.127.255.255", False),
    ("100.128.0.0", True), ("126.255.255.255", True), ("128.0.0.0", True),
    ("172.15.255.255", True), ("172.16.0.0", False), ("172.32.0.0", True),
    ("192.167.255.255", True), ("192.169.0.0", True), ("223.255.255.255", True),
    ("1fff:ffff::", False), ("2001:1ff:ffff::", False), ("2001:200::", True),
    ("2001:db7:ffff::", True), ("2001:db9::", True), ("2003::", True), ("3ffe::", True),
    ("3fff:1000::", True), ("4000::", False),
])  # fmt: skip
def test_the_table_ends_where_the_ranges_end(edge: tuple[str, bool]) -> None:
    address, allowed = edge
    assert NOWHERE.allows(ipaddress.ip_address(address)) is allowed


def test_an_error_shows_no_password() -> None:
    with pytest.raises(ConfigError) as raised:
        Origin.of("https://user:hunter2@bank.example/", NOWHERE)
    assert "hunter2" not in str(raised.value.what()) + str(raised.value.context)
