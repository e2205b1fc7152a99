"""Know how a simulated card throws dice: the same seed, the same numbers: 确定的随机数."""

from __future__ import annotations

import hashlib


class Chance:
    """A stream of bytes grown from a seed. For simulated cards and test keys only."""

    def __init__(self, seed: int) -> None:
        self._root = seed.to_bytes(16, "big", signed=True)
        self._count = 0

    def bytes(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        out = b""
        while len(out) < size:
            self._count += 1
            out += hashlib.sha256(self._root + self._count.to_bytes(8, "big")).digest()
        return out[:size]
