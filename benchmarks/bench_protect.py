"""One person's row made safe to keep: sealed under its own key, and two blind indexes beside it.

The peer is what one writes first: each field sealed by itself with its own call for a nonce, each
index by ``hmac.new``. The limit is the same work as ours as bare calls of the C libraries in one
loop, nothing asked and nothing returned.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.lines import Line, faster, rates
from szunion.adapters.keys.file import FileKeys
from szunion.ports.keys import IndexField

ROWS = 1_000
ROUNDS = 41


def lines() -> list[Line]:
    """Return the lines of one protected row."""
    vault, key = FileKeys(bytes(32)).vault(), bytes(range(32))
    numbers = [f"44030019{at % 90 + 10}0101{at % 10_000:04d}" for at in range(ROWS)]
    mobiles = [f"138{at:08d}" for at in range(ROWS)]
    names = ["测试甲"] * ROWS
    ids = [at % 1024 << 53 | at for at in range(ROWS)]
    people = list(zip(names, numbers, mobiles, strict=True))
    plains = ["\x1f".join(person).encode() for person in people]

    def ours() -> int:
        sealed = vault.seal_many("person", ids, vault.salts(ROWS), plains)
        documents = vault.index_many(IndexField.DOCUMENT, numbers)
        reached = vault.index_many(IndexField.MOBILE, mobiles)
        assert len(sealed) == len(documents) == len(reached)
        return ROWS

    def peer() -> int:
        cipher = AESGCM(key)
        kept = []
        for person in people:
            for text in person:
                nonce = os.urandom(12)
                kept.append(nonce + cipher.encrypt(nonce, text.encode(), None))
            for text in person[1:]:
                index = hmac.new(key, text.encode(), hashlib.sha256).digest()[:16]
                kept.append(index)
        return len(people)

    def bare() -> int:
        inner, outer = hashlib.sha256(bytes(64)), hashlib.sha256(bytes([1] * 64))
        nonce, aad = bytes(12), b"person|7|1234"
        number, mobile, salt, row_key = (
            b"RESIDENT:440300199001010001",
            b"13800000000",
            bytes(16),
            key,
        )
        for plain in plains:
            for text in (salt, number, mobile):
                first = inner.copy()
                first.update(text)
                second = outer.copy()
                second.update(first.digest())
                row_key = second.digest()
            AESGCM(row_key).encrypt(nonce, plain, aad)
        return ROWS

    found = rates(ROUNDS, ours=ours, peer=peer, bare=bare)
    what = "a row sealed and indexed twice, rows/s"
    return [
        faster(
            f"{what}, beside each field by itself", found["ours"], peer=found["peer"], floor=1.5
        ),
        faster(f"{what}, beside the bare C calls", found["ours"], limit=found["bare"], floor=0.5),
    ]
