"""A token of its own for a test: SoftHSM's, in the test's folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

from szunion.adapters.keys.pkcs11 import Pkcs11Config, Token, TokenKek, pin_source

LABEL: Final = "szunion-test"
PIN: Final = "pin-8f31c07b"
_PLACES: Final = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@frozen
class SoftToken:
    """The token, and what a city would say of it."""

    folder: Path
    config: Pkcs11Config

    def kek(self, **changed: str) -> TokenKek:
        """Return a way to the token as a new process has it."""
        config = self.config
        token = Token(config.module, changed.get("token", config.token), pin_source(config))
        return TokenKek(token, changed.get("key", config.key))

    @property
    def pin_file(self) -> Path:
        """Where the PIN is."""
        return self.folder / "pin"

    def pull(self) -> None:
        """Take the token away, as one pulls a device."""
        (self.folder / "tokens").rename(self.folder / "pulled")
        (self.folder / "tokens").mkdir()
        _look_again(self.config.module)

    def put_back(self) -> None:
        """Put it back; whoever needs it must find it without being told."""
        (self.folder / "tokens").rmdir()
        (self.folder / "pulled").rename(self.folder / "tokens")


def _look_again(module: str) -> None:
    import pkcs11

    pkcs11.lib(module).reinitialize()


def soft_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """Return a fresh token in *folder*; the test is skipped where there is no SoftHSM."""
    pytest.importorskip("pkcs11", reason="没有 python-pkcs11 · no python-pkcs11")
    module = next((place for place in _PLACES if Path(place).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("没有 SoftHSM · no SoftHSM here (Debian: softhsm2)")
    folder = folder / "softhsm"
    (folder / "tokens").mkdir(parents=True)
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n", "utf-8")
    monkeypatch.setenv("SOFTHSM2_CONF", str(conf))
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", "so-12345678",
         "--pin", PIN],
        check=True, capture_output=True, env={**os.environ, "SOFTHSM2_CONF": str(conf)},
    )  # fmt: skip
    _look_again(module)
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n", "ascii")
    pin.chmod(0o600)
    config = Pkcs11Config(module=module, token=LABEL, pin_file=str(pin))
    return SoftToken(folder, config)
