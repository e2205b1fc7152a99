"""Know how a terminal that we did not write is asked: emv-tool of openemv/emv-utils, a C program.

It reads every record, authenticates offline, asks for a decline, and shows its TVR and TSI. It
stands beside the tests and is no part of the product.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from attrs import frozen
from tests.emv.world import TODAY, bank

from szunion.emv import capk
from szunion.emv.rsa import RsaKey

#: 9F33 byte 3: what the terminal can do.
_CAPABILITIES: Final = {"SDA": "E0F980", "DDA": "E0F9C0", "CDA": "E0F9C8"}
_FAILED: Final = 0x4C
"""TVR byte 1: SDA failed, DDA failed, CDA failed."""
_CONFIG: Final = """<?xml version='1.0' encoding='UTF-8'?>
<emv>
  <data>
    <tlv id='9F01'>000123456789</tlv><tlv id='9F15'>5999</tlv>
    <tlv id='9F16'>"UNION          "</tlv><tlv id='9F1A'>0156</tlv>
    <tlv id='9F1B'>00002710</tlv><tlv id='9F1C'>"TID12345"</tlv>
    <tlv id='9F1E'>"12345678"</tlv><tlv id='9F4E'>"UNION"</tlv>
    <tlv id='9F33'>{capabilities}</tlv><tlv id='9F35'>22</tlv>
    <tlv id='9F40'>FA00F0A3FF</tlv><tlv id='9F49'>9F3704</tlv><tlv id='5F2A'>0156</tlv>
  </data>
  <app aid='A000000333010101' match='partial'>
    <data><tlv id='9F09'>0030</tlv></data>
    <random_selection_percentage>0</random_selection_percentage>
    <random_selection_max_percentage>0</random_selection_max_percentage>
    <random_selection_threshold>5000</random_selection_threshold>
  </app>
  <capk rid='{rid}' index='{index:02X}' hash_id='01'>
    <modulus>{modulus}</modulus><exponent>{exponent}</exponent><hash>{check}</hash>
  </capk>
</emv>
"""


@frozen
class Judged:
    """What the foreign terminal made of a card."""

    method: str
    tvr: int
    tsi: int
    error: bool

    @property
    def failed(self) -> bool:
        """Whether it says that authentication failed, or that the card is at fault."""
        return self.error or bool(self.tvr >> 32 & _FAILED)

    @property
    def performed(self) -> bool:
        """Whether it authenticated at all."""
        return bool(self.tsi & 0x8000) and not self.tvr >> 32 & 0x80


def _config(method: str) -> str:
    root = bank().rsa.root.public(TODAY)
    assert isinstance(root.key, RsaKey)
    modulus = root.key.modulus.to_bytes(root.key.size, "big")
    exponent = root.key.exponent.to_bytes((root.key.exponent.bit_length() + 7) // 8, "big")
    check = capk.checksum(root.rid, root.index, modulus, exponent)
    return _CONFIG.format(
        capabilities=_CAPABILITIES[method], rid=root.rid.hex().upper(), index=root.index,
        modulus=modulus.hex().upper(), exponent=exponent.hex().upper(), check=check.hex().upper(),
    )  # fmt: skip


def judged(method: str) -> Judged:
    """Let emv-tool run a transaction of 10.00 yuan with the card in the reader."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "emv.xml")
        config.write_text(_config(method), "utf-8")
        done = subprocess.run(
            ["emv-tool", "--config-no-static-capk-data", f"--config-xml={config}",
             "--txn-amount=1000", f"--txn-date={TODAY}", "--txn-type=00", "--debug-level=ALL"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    chosen = re.search(r"\[ODA\] Select .*\((SDA|DDA|CDA)\)", done.stdout)
    tvr = re.findall(r"95 \| .*?: \[5\] ([0-9A-F ]{14})", done.stdout)
    tsi = re.findall(r"9B \| .*?: \[2\] ([0-9A-F ]{5})", done.stdout)
    assert chosen, done.stdout + done.stderr
    assert tvr, done.stdout + done.stderr
    return Judged(
        method=chosen[1],
        tvr=int(tvr[-1].replace(" ", ""), 16),
        tsi=int(tsi[-1].replace(" ", ""), 16) if tsi else 0,
        error="Card error" in done.stdout,
    )
