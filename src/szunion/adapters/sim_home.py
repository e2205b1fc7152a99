"""Know the folder of a simulated bank: its journal, its keys, and how a union finds it.

Where there are no keys yet, a secret for each direction is made, and ``union.toml`` says what the
union's settings are to be. For development: who can read the folder can speak for both.
"""

from __future__ import annotations

import json
import secrets
import ssl
import tomllib
from pathlib import Path
from typing import Any, Final

import cattrs
from attrs import field, frozen

from szunion.adapters.assembly import keyring
from szunion.adapters.bank.json_wire import REQUESTS
from szunion.adapters.bank.server.serve import Certificates
from szunion.adapters.bank.signatures import Keyring
from szunion.adapters.bank.signed_http_config import KeyConfig
from szunion.errors import ConfigError

PATH: Final = "/union/v1"
CALLBACK: Final = "/bank/callback"
_SECRET: Final = 32
_SIGN: Final = "# szunion sim bank serve: "
"""How the union's settings begin where we wrote them: what begins otherwise is not written over."""
_ACCEPTS: Final = json.dumps(list(REQUESTS))


@frozen(kw_only=True)
class PartnerKeys:
    """The keys of the bank's side, in a file of their own: ``[[sign]]`` and ``[[verify]]``."""

    sign: list[KeyConfig]
    verify: list[KeyConfig]


@frozen(kw_only=True)
class SimHome:
    """A simulated bank's folder, opened."""

    folder: Path
    ring: Keyring = field(repr=False)

    @property
    def journal(self) -> Path:
        """What the bank did."""
        return self.folder / "journal.jsonl"

    @property
    def pushed(self) -> Path:
        """How far bringing has come."""
        return self.folder / "pushed"

    @property
    def settings(self) -> Path:
        """What the union writes into its ``szunion.toml``."""
        return self.folder / "union.toml"

    def tell_union(self, url: str) -> None:
        """Write down how a union finds this bank at *url*; with keys of their own, it knows.

        Raises:
            ConfigError: settings are there that somebody else wrote (E-SIM-010).
        """
        if (self.folder / "bank.key").exists():
            sign, verify = self.folder / "union.key", self.folder / "bank.key"
            if self.settings.exists() and not self.settings.read_text("utf-8").startswith(_SIGN):
                raise ConfigError("E-SIM-010", path=self.settings.name)
            text = _settings(url, sign=sign.resolve(), verify=verify.resolve())
            self.settings.write_text(text, "utf-8")


def open_home(folder: Path, keys: Path | None = None) -> SimHome:
    """Return the folder of a simulated bank; it is made where it is not.

    Args:
        folder: Where the journal and the secrets lie.
        keys: A file with keys of other suites; None: two secrets in *folder*.

    Raises:
        ConfigError: the file of keys is not understood (E-SIM-008).
        KeysUnavailable: a key cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if keys is None:
        ours, theirs = _secret(folder / "bank.key"), _secret(folder / "union.key")
        mine = [KeyConfig(id="bank-1", file=str(ours))]
        yours = [KeyConfig(id="union-1", file=str(theirs))]
    else:
        mine, yours = _read(keys)
    return SimHome(folder=folder, ring=keyring(mine, yours))


def certificates(
    good: tuple[str, str] | None,
    expired: tuple[str, str] | None = None,
    clients: str = "",
) -> Certificates | None:
    """Return what the server shows; None: plain HTTP.

    Raises:
        ConfigError: a file cannot be used (E-HTTP-003).
    """
    if good is None:
        return None
    shown = _context(good, clients)
    return Certificates(good=shown, expired=None if expired is None else _context(expired, clients))


def _context(pair: tuple[str, str], clients: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(*pair)
        if clients:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(Path(one).name for one in (*pair, clients) if one)
        raise ConfigError("E-HTTP-003", files=names, problem=type(error).__name__) from None
    return context


def _secret(file: Path) -> Path:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(_SECRET), "ascii")
    return file.resolve()


def _read(file: Path) -> tuple[list[KeyConfig], list[KeyConfig]]:
    try:
        told: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        made = cattrs.Converter(forbid_extra_keys=True).structure(told, PartnerKeys)
    except (OSError, ValueError, cattrs.BaseValidationError):
        raise ConfigError("E-SIM-008", path=file.name) from None
    return made.sign, made.verify


def _settings(url: str, *, sign: Path, verify: Path) -> str:
    return f"""\
{_SIGN}{url}
[szunion.bank]
name = "signed_http"

[szunion.bank.settings]
url = "{url}{PATH}"
loopback = true
callback_path = "{CALLBACK}"
gapless = true
accepts = {_ACCEPTS}

[[szunion.bank.settings.sign]]
id = "union-1"
file = "{sign}"

[[szunion.bank.settings.verify]]
id = "bank-1"
file = "{verify}"
"""
