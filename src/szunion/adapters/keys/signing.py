"""Know how checkpoints are signed with Ed25519, by a key that is unwrapped on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from attrs import define, field
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from szunion.adapters.keys.suites import mac_sha256

_LABEL: Final = b"szunion/1/sign/"


def seed_of(material: bytes, label: str) -> bytes:
    """Return the seed of the signer for *label*, made of a key for signing."""
    return mac_sha256(material)(_LABEL + label.encode())


@define
class Ed25519Signer:
    """A signer of :class:`szunion.ports.keys.Signer` whose key is fetched when it first signs."""

    label: str
    _seed: Callable[[], bytes] = field(repr=False)
    _fetched: Ed25519PrivateKey | None = field(default=None, init=False, repr=False)

    @property
    def _private(self) -> Ed25519PrivateKey:
        if self._fetched is None:
            self._fetched = Ed25519PrivateKey.from_private_bytes(self._seed())
        return self._fetched

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def name(self) -> str:
        return f"{self.label}+{hashlib.sha256(self.public).hexdigest()[:8]}"

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)


def signed_by(public: bytes, signature: bytes, data: bytes) -> bool:
    """Return whether an Ed25519 *signature* over *data* was made with the key of *public*."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
