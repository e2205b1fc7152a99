"""Know the algorithms that keys are for: AES and SHA-2, or the Chinese standard's SM4 and SM3.

SM3 and SM4 come from ``cryptography`` alone: some distributions build their OpenSSL, and so
Python's ``hashlib``, without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Final, Protocol

from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

NONCE: Final = 12
_TAG: Final = 16
_BLOCK: Final = 64
"""Bytes that SHA-256 takes at a time."""
_INNER: Final = bytes(each ^ 0x36 for each in range(256))
_OUTER: Final = bytes(each ^ 0x5C for each in range(256))


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


class Mac(Protocol):
    """HMAC under one key, what comes of the key alone reckoned once."""

    def __call__(self, data: bytes) -> bytes:
        """Return the code of *data*."""
        ...

    def many(self, datas: Iterable[bytes], size: int) -> list[bytes]:
        """Return the first *size* bytes of the code of each of *datas*: the bulk path."""
        ...


class _Digesting(Protocol):
    """A hash that is being made."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


@frozen(repr=False)
class _MacSha256:
    """HMAC-SHA-256 by ``hashlib``, whose two states cost less than the library's one object."""

    _inner: Callable[[], _Digesting]
    _outer: Callable[[], _Digesting]

    @classmethod
    def under(cls, key: bytes) -> _MacSha256:
        """Return it under *key* (RFC 2104): a block long, or hashed where it is longer."""
        block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        return cls(sha256(block.translate(_INNER)).copy, sha256(block.translate(_OUTER)).copy)

    def __call__(self, data: bytes) -> bytes:
        within, made = self._inner(), self._outer()
        within.update(data)
        made.update(within.digest())
        return made.digest()

    def many(self, datas: Iterable[bytes], size: int) -> list[bytes]:
        inner, outer, found = self._inner, self._outer, []
        for data in datas:
            within, made = inner(), outer()
            within.update(data)
            made.update(within.digest())
            found.append(made.digest()[:size])
        return found


@frozen(repr=False)
class _MacSm3:
    """HMAC-SM3."""

    _begun: Callable[[], HMAC]

    @classmethod
    def under(cls, key: bytes) -> _MacSm3:
        """Return it under *key*."""
        return cls(HMAC(key, hashes.SM3()).copy)

    def __call__(self, data: bytes) -> bytes:
        made = self._begun()
        made.update(data)
        return made.finalize()

    def many(self, datas: Iterable[bytes], size: int) -> list[bytes]:
        begun, found = self._begun, []
        for data in datas:
            made = begun()
            made.update(data)
            found.append(made.finalize()[:size])
        return found


def mac_sha256(key: bytes) -> Mac:
    """Return HMAC-SHA-256 under *key*."""
    return _MacSha256.under(key)


def mac_sm3(key: bytes) -> Mac:
    """Return HMAC-SM3 under *key*."""
    return _MacSm3.under(key)


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
