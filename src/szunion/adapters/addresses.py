"""Know which addresses may be connected to: a table of our own, and the address that was checked.

The resolver takes ``0x7f.1``, ``2130706433`` and full-width digits for 127.0.0.1, and the standard
library's ``is_global`` calls some ways inside global; so names are held to a grammar and addresses
to a table. What stands in neither is not connected to.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

from attrs import frozen

from szunion.errors import ConfigError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_DENIED_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")
_DENIED_6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, ORCHID, benchmarking and other protocol assignments
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address in disguise
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
_LOOPBACK: Final[tuple[Network, ...]] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
_NUMERIC: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_.~-]+)*/?", re.ASCII)
_LONGEST_NAME: Final = 253
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@frozen(kw_only=True)
class AddressRule:
    """Which addresses a line may go to (可连接的地址).

    Public addresses always; a private line's networks (专线) only where they are named; this
    machine itself only where it is said in so many words.
    """

    inside: tuple[Network, ...] = ()
    loopback: bool = False

    @classmethod
    def of(cls, inside: Iterable[str] = (), *, loopback: bool = False) -> Self:
        """Return the rule of settings.

        Raises:
            ConfigError: a network is not understood, or reaches this machine (E-HTTP-002).
        """
        networks = []
        for text in inside:
            try:
                network = ipaddress.ip_network(text)
            except ValueError:
                raise ConfigError("E-HTTP-002", network=text) from None
            if any(network.version == own.version and network.overlaps(own) for own in _LOOPBACK):
                raise ConfigError("E-HTTP-002", network=text)
            networks.append(network)
        return cls(inside=tuple(networks), loopback=loopback)

    def allows(self, address: Address) -> bool:
        """Return whether *address* may be connected to."""
        if any(address.version == own.version and address in own for own in _LOOPBACK):
            return self.loopback
        if any(address.version == one.version and address in one for one in self.inside):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in denied for denied in _DENIED_4)
        if address.scope_id is not None:
            return False
        return address in _GLOBAL_6 and not any(address in denied for denied in _DENIED_6)


def all_allowed(found: Sequence[str], rule: AddressRule) -> Sequence[str]:
    """Return the resolved addresses *found*, or none of them if one is not allowed.

    A name that leads both outside and inside is not connected to at all.
    """
    return found if all(_allowed(text, rule) for text in found) else ()


def _allowed(text: str, rule: AddressRule) -> bool:
    try:
        return rule.allows(ipaddress.ip_address(text))
    except ValueError:
        return False


@frozen(kw_only=True)
class Origin:
    """Where a line goes: scheme, host, port, and the path under which everything lies."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str, rule: AddressRule) -> Self:
        """Return the origin that *url* names.

        Raises:
            ConfigError: it is not a plain ``https://host[:port]/path`` (E-HTTP-001). ``http`` is
                for this machine alone.
        """
        refused = ConfigError("E-HTTP-001", url=_harmless(url))
        if not (url.isascii() and url.isprintable()) or " " in url:
            raise refused
        try:
            parts = urlsplit(url)
            port = parts.port
            host = parts.hostname or ""
        except ValueError:
            raise refused from None
        if parts.scheme not in _DEFAULT_PORTS or not url.startswith(f"{parts.scheme}://"):
            raise refused
        literal = _literal(host)
        plain = f"[{host}]" if isinstance(literal, IPv6Address) else host
        expected = plain if port is None else f"{plain}:{port}"
        if parts.netloc != expected or not _PATH.fullmatch(parts.path):
            raise refused  # user info, upper case, a zone, an odd port: none of it is needed
        if ("?" in url) or ("#" in url) or ".." in parts.path or port == 0:
            raise refused
        if literal is None and not _is_name(host):
            raise refused
        if literal is not None and not rule.allows(literal):
            raise refused
        if parts.scheme == "http" and not _is_this_machine(host, literal):
            raise refused
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port if port is not None else _DEFAULT_PORTS[parts.scheme],
            path=parts.path.rstrip("/"),
        )

    @property
    def url(self) -> str:
        """The origin as a URL, without its path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def _literal(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return address if str(address) == host else None


def _is_name(host: str) -> bool:
    """Return whether *host* is a name that no resolver takes for a number."""
    last = host.rpartition(".")[2]
    return (
        len(host) <= _LONGEST_NAME
        and _NAME.fullmatch(host) is not None
        and _NUMERIC.fullmatch(last) is None
    )


def _is_this_machine(host: str, literal: Address | None) -> bool:
    if literal is None:
        return host == "localhost"
    return any(literal.version == own.version and literal in own for own in _LOOPBACK)


def _harmless(url: str) -> str:
    """Return *url* without user info, cut, and without what a terminal would obey."""
    shown = re.sub(r"//[^/@]*@", "//…@", url)[:200]
    return shown.encode("ascii", "backslashreplace").decode() if shown.isprintable() else "…"
