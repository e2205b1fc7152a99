"""One person's row made safe to keep: sealed under its own key, and two blind indexes beside it.

The peer is what one writes first: each field sealed by itself with its own call for a nonce, each
index by ``hmac.new``. The limit is the same work as ours as bare calls of the C libraries in one
loop, nothing asked and nothing returned.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from benchmarks.lines import Line, faster, rates
from szunion.adapters.keys.file import FileKeys
from szunion.domain.keyset import KeyProfile
from szunion.ports.keys import IndexField

ROWS = 1_000
ROUNDS = 41


def lines() -> list[Line]:
    """Return the lines of one protected row, with either choice of algorithms."""
    return [*_international(), *_chinese()]


def _rows() -> tuple[list[str], list[str], list[tuple[str, str, str]], list[bytes], list[int]]:
    """Return numbers, mobiles, people, their plain rows, and ids."""
    numbers = [f"44030019{at % 90 + 10}0101{at % 10_000:04d}" for at in range(ROWS)]
    mobiles = [f"138{at:08d}" for at in range(ROWS)]
    names = ["测试甲"] * ROWS
    ids = [at % 1024 << 53 | at for at in range(ROWS)]
    people = list(zip(names, numbers, mobiles, strict=True))
    plains = ["\x1f".join(person).encode() for person in people]
    return numbers, mobiles, people, plains, ids


def _international() -> list[Line]:
    vault, key = FileKeys(bytes(32)).vault(), bytes(range(32))
    numbers, mobiles, people, plains, ids = _rows()

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
    what = "2 a row sealed and indexed twice, rows/s"
    return [
        faster(
            f"{what}, beside each field by itself", found["ours"], peer=found["peer"], floor=1.5
        ),
        faster(f"{what}, beside the bare C calls", found["ours"], limit=found["bare"], floor=0.5),
    ]


def _chinese() -> list[Line]:
    """Return the same with SM4-GCM and HMAC-SM3: the library makes both anew for every call."""
    vault, key = FileKeys(profile=KeyProfile.GM).vault(), bytes(range(16))
    numbers, mobiles, people, plains, ids = _rows()

    def sealed(under: bytes, nonce: bytes, text: bytes, aad: bytes) -> bytes:
        making = Cipher(algorithms.SM4(under), modes.GCM(nonce)).encryptor()
        making.authenticate_additional_data(aad)
        return making.update(text) + making.finalize() + making.tag

    def ours() -> int:
        kept = vault.seal_many("person", ids, vault.salts(ROWS), plains)
        documents = vault.index_many(IndexField.DOCUMENT, numbers)
        reached = vault.index_many(IndexField.MOBILE, mobiles)
        assert len(kept) == len(documents) == len(reached)
        return ROWS

    def peer() -> int:
        kept = []
        for person in people:
            for text in person:
                nonce = os.urandom(12)
                kept.append(nonce + sealed(key, nonce, text.encode(), b""))
            for text in person[1:]:
                mac = HMAC(key, hashes.SM3())
                mac.update(text.encode())
                kept.append(mac.finalize()[:16])
        return len(people)

    def bare() -> int:
        inner, outer = hashes.Hash(hashes.SM3()), hashes.Hash(hashes.SM3())
        inner.update(bytes(64))
        outer.update(bytes([1] * 64))
        nonce, aad, under = bytes(12), b"person|7|1234", key
        number, mobile, salt = b"RESIDENT:440300199001010001", b"13800000000", bytes(16)
        for plain in plains:
            for text in (salt, number, mobile):
                first = inner.copy()
                first.update(text)
                second = outer.copy()
                second.update(first.finalize())
                under = second.finalize()[:16]
            sealed(under, nonce, plain, aad)
        return ROWS

    found = rates(ROUNDS, ours=ours, peer=peer, bare=bare)
    what = "the same under SM4 and SM3, rows/s"
    return [
        faster(
            f"{what}, beside each field by itself", found["ours"], peer=found["peer"], floor=1.5
        ),
        faster(f"{what}, beside the bare C calls", found["ours"], limit=found["bare"], floor=0.5),
    ]
