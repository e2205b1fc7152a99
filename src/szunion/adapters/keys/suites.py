"""Know the algorithms that keys are for: AES and SHA-2, or the Chinese standard's SM4 and SM3.

SM3 and SM4 come from ``cryptography`` alone: some distributions build their OpenSSL, and so
Python's ``hashlib``, without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE: Final = 12
_TAG: Final = 16
_BLOCK: Final = 64

Mac: TypeAlias = Callable[[bytes], bytes]


class Aead(Protocol):
    """A cipher under one key that seals a text together with what is bound to it."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return text and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plain text, or raise ``cryptography.exceptions.InvalidTag``."""
        ...


@frozen(repr=False, slots=False)
class Sm4Gcm:
    """SM4 in Galois counter mode (RFC 8998) with nonces of 12 and tags of 16 bytes."""

    _cipher: algorithms.SM4

    @classmethod
    def under(cls, key: bytes) -> Sm4Gcm:
        """Return the cipher under a key of 16 bytes."""
        return cls(algorithms.SM4(key))

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return text and tag."""
        making = Cipher(self._cipher, modes.GCM(_checked(nonce))).encryptor()
        making.authenticate_additional_data(associated_data or b"")
        return making.update(data) + making.finalize() + making.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plain text, or raise ``cryptography.exceptions.InvalidTag``."""
        if len(data) < _TAG:
            raise InvalidTag
        mode = modes.GCM(_checked(nonce), data[-_TAG:])
        reading = Cipher(self._cipher, mode).decryptor()
        reading.authenticate_additional_data(associated_data or b"")
        return reading.update(data[:-_TAG]) + reading.finalize()


def _checked(nonce: bytes) -> bytes:
    if len(nonce) != NONCE:
        msg = "a nonce has 12 bytes"
        raise ValueError(msg)
    return nonce


def mac_sha256(key: bytes) -> Mac:
    """Return HMAC-SHA-256 under *key* with both hash states computed once."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def mac(data: bytes) -> bytes:
        first = inner.copy()
        first.update(data)
        second = outer.copy()
        second.update(first.digest())
        return second.digest()

    return mac


def _sm3(data: bytes) -> hashes.Hash:
    begun = hashes.Hash(hashes.SM3())
    begun.update(data)
    return begun


def mac_sm3(key: bytes) -> Mac:
    """Return HMAC-SM3 under *key* with both hash states computed once."""
    block = (_sm3(key).finalize() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = _sm3(bytes(byte ^ 0x36 for byte in block))
    outer = _sm3(bytes(byte ^ 0x5C for byte in block))

    def mac(data: bytes) -> bytes:
        first = inner.copy()
        first.update(data)
        second = outer.copy()
        second.update(first.finalize())
        return second.finalize()

    return mac


@frozen
class Sealing:
    """How one suite seals: the number in its envelopes, its cipher, and how a row's key is made."""

    number: int
    key_bytes: int
    cipher: Callable[[bytes], Aead]
    mac: Callable[[bytes], Mac]


SEALING: Final[Mapping[str, Sealing]] = {
    "aes-256-gcm": Sealing(2, 32, AESGCM, mac_sha256),
    "sm4-gcm": Sealing(3, 16, Sm4Gcm.under, mac_sm3),
}
FIRST_FORM: Final = 1
"""AES-256-GCM as the first release wrote it: a key's number in two bytes, no column bound."""

MACS: Final[Mapping[str, Callable[[bytes], Mac]]] = {
    "hmac-sha-256": mac_sha256,
    "hmac-sm3": mac_sm3,
}


def _aes_block(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - one block, never two alike


def _sm4_block(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(algorithms.SM4(key[:16]), modes.ECB())  # noqa: S305 - one block, never two alike


BLOCKS: Final[Mapping[str, tuple[Callable[[bytes], Mac], Callable[[bytes], Cipher[modes.ECB]]]]] = {
    "aes-256": (mac_sha256, _aes_block),
    "sm4": (mac_sm3, _sm4_block),
}
