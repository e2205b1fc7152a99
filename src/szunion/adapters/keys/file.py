"""Know how the keys of a development or single-machine city are kept in one file.

The file holds the root key, readable by its owner alone; everything else is derived from it by
label. It is refused in a setting that says it is production: there an HSM or KMS stands behind
the same port.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from pathlib import Path

from attrs import define, field
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from szunion.adapters.keys.vault import AesVault, DataKeys
from szunion.errors import KeysUnavailable

_ROOT_BYTES = 32


@define
class Ed25519Signer:
    """A signer of :class:`szunion.ports.keys.Signer` whose private key is in memory."""

    label: str
    _private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def name(self) -> str:
        return f"{self.label}+{hashlib.sha256(self.public).hexdigest()[:8]}"

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)


@define
class FileKeys:
    """The key store in a file."""

    _root: bytes = field(repr=False)

    @classmethod
    def open(cls, path: str | Path, *, chance: Callable[[int], bytes] = os.urandom) -> FileKeys:
        """Open the key file, making a new one (mode 0600) where there is none.

        Raises:
            KeysUnavailable: it cannot be read, or is no key file (E-KEYS-003), or others may
                read it (E-KEYS-004).
        """
        file = Path(path)
        if not file.exists():
            text = json.dumps({"format": "szunion-keys/1", "root": _text(chance(_ROOT_BYTES))})
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as writer:
                writer.write(text)
                writer.flush()
                os.fsync(writer.fileno())
        if file.stat().st_mode & 0o077:
            raise KeysUnavailable("E-KEYS-004", path=file.name)
        try:
            root = base64.b64decode(json.loads(file.read_text("ascii"))["root"], validate=True)
        except (OSError, ValueError, KeyError, TypeError):
            raise KeysUnavailable("E-KEYS-003", path=file.name) from None
        if len(root) != _ROOT_BYTES:
            raise KeysUnavailable("E-KEYS-003", path=file.name)
        return cls(root)

    def _key(self, label: str) -> bytes:
        return hmac.digest(self._root, b"szunion/1/" + label.encode(), "sha256")

    def vault(self, *, chance: Callable[[int], bytes] = os.urandom) -> AesVault:
        """Return the vault of this city."""
        keys = DataKeys(
            sealing={1: self._key("seal/1")},
            indexing=self._key("index"),
            routing=self._key("route"),
            requests=self._key("request"),
            names=self._key("name"),
            tombstones=self._key("tombstone"),
        )
        return AesVault(keys, chance)

    def signer(self, label: str) -> Ed25519Signer:
        """Return the signer for *label*, such as the audit log's origin."""
        seed = self._key(f"sign/{label}")
        return Ed25519Signer(label, Ed25519PrivateKey.from_private_bytes(seed))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def signed_by(public: bytes, signature: bytes, data: bytes) -> bool:
    """Return whether an Ed25519 *signature* over *data* was made with the key of *public*."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
