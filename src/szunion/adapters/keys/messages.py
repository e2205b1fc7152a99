"""Know how messages between union and bank are signed with keys in files, one class a suite.

``hmac-sha256`` and ``hmac-sm3`` share a secret; ``rsa-pss-sha256`` and ``sm2`` do not. An HSM or a
key device offers the same two protocols, :class:`szunion.ports.keys.MessageSigner` and
:class:`~szunion.ports.keys.MessageVerifier`, and needs nothing of this module.
"""

from __future__ import annotations

import hmac
import re
from pathlib import Path
from typing import Final

from attrs import field, frozen
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from szunion.adapters.keys.sm2_library import Sm2Library, system_library
from szunion.errors import ConfigError, KeysUnavailable, SignatureInvalid
from szunion.ports.keys import MessageSigner, MessageVerifier

SUITES: Final = ("hmac-sha256", "hmac-sm3", "rsa-pss-sha256", "sm2")
_SHORTEST_SECRET: Final = 32
_SHORTEST_RSA: Final = 2048
_LONGEST_FILE: Final = 64 * 1024
_HEX: Final = re.compile(rb"(?:[0-9a-f]{2})+", re.ASCII)
_SM2_PRIVATE: Final = re.compile(rb"[0-9a-f]{64}", re.ASCII)
_SM2_PUBLIC: Final = re.compile(rb"04[0-9a-f]{128}", re.ASCII)
_PSS: Final = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)


@frozen
class HmacSha256:
    """A shared secret with SHA-256; it signs and it checks."""

    _secret: bytes = field(repr=False)
    suite: str = field(default="hmac-sha256", init=False)

    def sign(self, message: bytes) -> bytes:
        return hmac.digest(self._secret, message, "sha256")

    def verify(self, message: bytes, signature: bytes) -> None:
        if not hmac.compare_digest(self.sign(message), signature):
            raise SignatureInvalid("E-SIG-001")


@frozen
class HmacSm3:
    """A shared secret with SM3 (国密杂凑); it signs and it checks."""

    _secret: bytes = field(repr=False)
    suite: str = field(default="hmac-sm3", init=False)

    def sign(self, message: bytes) -> bytes:
        mac = HMAC(self._secret, hashes.SM3())
        mac.update(message)
        return mac.finalize()

    def verify(self, message: bytes, signature: bytes) -> None:
        if not hmac.compare_digest(self.sign(message), signature):
            raise SignatureInvalid("E-SIG-001")


@frozen
class RsaPssSigner:
    """A private RSA key; PSS with SHA-256 and a salt of 32 bytes."""

    _key: RSAPrivateKey = field(repr=False)
    suite: str = field(default="rsa-pss-sha256", init=False)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, _PSS, hashes.SHA256())


@frozen
class RsaPssVerifier:
    """A public RSA key; PSS with SHA-256 and a salt of 32 bytes, and no other."""

    _key: RSAPublicKey = field(repr=False)
    suite: str = field(default="rsa-pss-sha256", init=False)

    def verify(self, message: bytes, signature: bytes) -> None:
        try:
            self._key.verify(signature, message, _PSS, hashes.SHA256())
        except InvalidSignature:
            raise SignatureInvalid("E-SIG-001") from None


@frozen
class Sm2Signer:
    """A private SM2 key in the system's library (国密签名)."""

    _library: Sm2Library = field(repr=False)
    _private: bytes = field(repr=False)
    _public: bytes
    _user: bytes
    suite: str = field(default="sm2", init=False)

    def sign(self, message: bytes) -> bytes:
        return self._library.sign(self._private, self._public, message, self._user)


@frozen
class Sm2Verifier:
    """A public SM2 key in the system's library."""

    _library: Sm2Library = field(repr=False)
    _public: bytes
    _user: bytes
    suite: str = field(default="sm2", init=False)

    def verify(self, message: bytes, signature: bytes) -> None:
        if not self._library.verifies(self._public, message, signature, self._user):
            raise SignatureInvalid("E-SIG-001")


# --- from files -----------------------------------------------------------------------------


def signer_of(suite: str, path: str | Path, *, user: str = "1234567812345678") -> MessageSigner:
    """Return the signer whose secret or private key is in the file *path*.

    HMAC: the secret in hexadecimal, 32 bytes or more. RSA: PEM, 2048 bits or more. SM2: the
    private key, a line break, the public key ``04…``, in hexadecimal. *user* is SM2's user id.

    Raises:
        ConfigError: no such suite (E-KEYS-005).
        KeysUnavailable: the file cannot be read or is no such key (E-KEYS-003), others may read
            it (E-KEYS-004), or there is no library to be trusted with SM2 (E-KEYS-006).
    """
    file = Path(path)
    data = _read(file, secret=True)
    match suite:
        case "hmac-sha256" | "hmac-sm3":
            return _secret(suite, file, data)
        case "rsa-pss-sha256":
            return RsaPssSigner(_rsa_private(file, data))
        case "sm2":
            private, _, public = data.partition(b"\n")
            if not (_SM2_PRIVATE.fullmatch(private) and _SM2_PUBLIC.fullmatch(public)):
                raise KeysUnavailable("E-KEYS-003", path=file.name)
            library = system_library()
            halves = bytes.fromhex(private.decode()), bytes.fromhex(public.decode())
            if not library.is_pair(*halves):
                raise KeysUnavailable("E-KEYS-003", path=file.name)
            return Sm2Signer(library, *halves, user.encode())
        case _:
            raise ConfigError("E-KEYS-005", suite=suite, known=", ".join(SUITES))


def verifier_of(suite: str, path: str | Path, *, user: str = "1234567812345678") -> MessageVerifier:
    """Return the verifier whose secret, public key or certificate is in the file *path*.

    Raises:
        ConfigError: no such suite (E-KEYS-005).
        KeysUnavailable: as for :func:`signer_of`.
    """
    file = Path(path)
    match suite:
        case "hmac-sha256" | "hmac-sm3":
            return _secret(suite, file, _read(file, secret=True))
        case "rsa-pss-sha256":
            return RsaPssVerifier(_rsa_public(file, _read(file, secret=False)))
        case "sm2":
            data = _read(file, secret=False)
            if not _SM2_PUBLIC.fullmatch(data):
                raise KeysUnavailable("E-KEYS-003", path=file.name)
            library = system_library()
            public = bytes.fromhex(data.decode())
            if not library.is_key(public):
                raise KeysUnavailable("E-KEYS-003", path=file.name)
            return Sm2Verifier(library, public, user.encode())
        case _:
            raise ConfigError("E-KEYS-005", suite=suite, known=", ".join(SUITES))


def _read(file: Path, *, secret: bool) -> bytes:
    try:
        if secret and file.stat().st_mode & 0o077:
            raise KeysUnavailable("E-KEYS-004", path=file.name)
        with file.open("rb") as reader:
            data = reader.read(_LONGEST_FILE + 1)
    except OSError:
        raise KeysUnavailable("E-KEYS-003", path=file.name) from None
    if len(data) > _LONGEST_FILE:
        raise KeysUnavailable("E-KEYS-003", path=file.name)
    return data.strip()


def _secret(suite: str, file: Path, data: bytes) -> HmacSha256 | HmacSm3:
    if not _HEX.fullmatch(data) or len(data) < 2 * _SHORTEST_SECRET:
        raise KeysUnavailable("E-KEYS-003", path=file.name)
    secret = bytes.fromhex(data.decode())
    return HmacSha256(secret) if suite == "hmac-sha256" else HmacSm3(secret)


def _rsa_private(file: Path, data: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeysUnavailable("E-KEYS-003", path=file.name) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SHORTEST_RSA:
        raise KeysUnavailable("E-KEYS-003", path=file.name)
    return key


def _rsa_public(file: Path, data: bytes) -> RSAPublicKey:
    try:
        certified = b"BEGIN CERTIFICATE" in data
        key = (
            load_pem_x509_certificate(data).public_key() if certified else load_pem_public_key(data)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeysUnavailable("E-KEYS-003", path=file.name) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _SHORTEST_RSA:
        raise KeysUnavailable("E-KEYS-003", path=file.name)
    return key
