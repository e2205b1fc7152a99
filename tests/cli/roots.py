"""Know a test bank's roots in the form in which a scheme hands out its own: 参数下载."""

from __future__ import annotations

from szunion.emv import capk, tlv
from szunion.emv.card.bank import TestBank
from szunion.emv.rsa import RsaKey
from szunion.emv.sm2 import PublicKey


def downloads(bank: TestBank) -> list[str]:
    """Return one line of hex for each root."""
    lines = []
    for side in (bank.rsa, bank.sm2):
        root = side.root.public(bank.expires)
        rows = [(0x9F06, root.rid), (0x9F22, bytes((root.index,)))]
        rows.append((0xDF05, bytes.fromhex(f"{root.expires:%Y%m%d}")))
        if isinstance(root.key, RsaKey):
            modulus = root.key.modulus.to_bytes(root.key.size, "big")
            exponent = bytes((root.key.exponent,)) if root.key.exponent < 256 else b"\1\0\1"
            check = capk.checksum(root.rid, root.index, modulus, exponent)
            rows += [(0xDF06, b"\1"), (0xDF07, b"\1"), (0xDF02, modulus), (0xDF04, exponent)]
            rows.append((0xDF03, check))
        elif isinstance(root.key, PublicKey):
            rows += [(0xDF06, b"\7"), (0xDF07, b"\4"), (0xDF02, root.key.encode())]
        lines.append(tlv.build(tlv.Node.of(tag, value) for tag, value in rows).hex().upper())
    return lines
