"""Know how the keys of a development or single-machine city are kept in one file.

The file holds the key that wraps all others, readable by its owner alone. Where keys must not lie
on a disk, :mod:`szunion.adapters.keys.pkcs11` keeps that one key in a token.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen
from cryptography.exceptions import InvalidTag

from szunion.adapters.keys import keyfile
from szunion.adapters.keys.signing import Ed25519Signer, seed_of, signed_by
from szunion.adapters.keys.store import KEY_BYTES, KeysetStore, Wrapping, new_keyset
from szunion.adapters.keys.suites import NONCE, SEALING, Aead, mac_sha256
from szunion.domain.keyset import SUITES, KeyEntry, KeyProfile, Keyset, KeyUse
from szunion.errors import ConfigError, KeysUnavailable

__all__ = ["Ed25519Signer", "FileKeys", "LocalKek", "signed_by"]

_KIND: Final = "file"
#: Under which label each key follows from a root of the first format, and which from another key.
_FIRST_LABELS: Final[Mapping[KeyUse, str]] = {
    KeyUse.SEAL: "seal/1", KeyUse.ROUTE: "route", KeyUse.REQUEST: "request", KeyUse.NAME: "name",
    KeyUse.TOMBSTONE: "tombstone",
}  # fmt: skip


@frozen
class LocalKek:
    """A wrapping key that is in memory, and in the key file."""

    suite: str
    _key: bytes = field(repr=False)
    _chance: Callable[[int], bytes] = field(default=os.urandom, repr=False)

    @classmethod
    def fresh(cls, profile: KeyProfile, chance: Callable[[int], bytes]) -> LocalKek:
        """Return a new key of the profile's cipher."""
        suite = SUITES[profile][KeyUse.SEAL]
        return cls(suite, chance(SEALING[suite].key_bytes), chance)

    @property
    def _cipher(self) -> Aead:
        return SEALING[self.suite].cipher(self._key)

    def told(self) -> Mapping[str, str]:
        return {"kind": _KIND, "suite": self.suite, "key": keyfile.text(self._key)}

    def wrap(self, material: bytes, bound: bytes) -> bytes:
        nonce = self._chance(NONCE)
        return nonce + self._cipher.encrypt(nonce, material, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:NONCE], wrapped[NONCE:], bound)
        except (InvalidTag, ValueError):
            raise KeysUnavailable("E-KEYS-011") from None

    def renewed(self) -> LocalKek:
        return LocalKek(self.suite, self._chance(len(self._key)), self._chance)


def _first_material(root: bytes) -> Callable[[KeyUse], bytes]:
    """Return how the keys of the first format follow from its root."""
    mac = mac_sha256(root)
    index = mac_sha256(mac(b"szunion/1/index"))

    def material(use: KeyUse) -> bytes:
        if use is KeyUse.SIGN:
            return root
        label = _FIRST_LABELS.get(use)
        return mac(f"szunion/1/{label}".encode()) if label else index(use.value.encode())

    return material


def _first_set(root: bytes, chance: Callable[[int], bytes]) -> tuple[Keyset, LocalKek]:
    kek = LocalKek("aes-256-gcm", mac_sha256(root)(b"szunion/1/kek"), chance)
    return new_keyset(kek, _first_material(root), KeyProfile.INTL, None), kek


class FileKeys(KeysetStore):
    """The key store in a file."""

    def __init__(
        self,
        root: bytes | None = None,
        *,
        path: Path | None = None,
        profile: KeyProfile = KeyProfile.INTL,
        at: datetime | None = None,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Open the store at *path*, which is there; without one, make a store in memory.

        In memory its keys are fresh, or follow from a *root* of the first format.
        """
        self._first, self._chance = root is not None, chance
        keyset: Keyset
        wrapping: Wrapping
        stamp = None
        if path is not None:
            keyset, wrapping, stamp = self._read(path)
        elif root is not None:
            keyset, wrapping = _first_set(root, os.urandom)
        else:
            wrapping = LocalKek.fresh(profile, chance)
            keyset = new_keyset(wrapping, lambda _: chance(KEY_BYTES), profile, at)
        super().__init__(keyset, wrapping, path=path, stamp=stamp, chance=chance)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        profile: KeyProfile | None = None,
        at: datetime | None = None,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> FileKeys:
        """Open the key file, making a new one (mode 0600) where there is none.

        Args:
            path: The file.
            profile: Which algorithms the city has chosen; None: the file's, or ``intl``.
            at: When a new one is made, for its keys' date.
            chance: Where keys, salts and nonces come from.

        Raises:
            KeysUnavailable: it cannot be read, or is no key file (E-KEYS-003), or others may
                read it (E-KEYS-004).
            ConfigError: its keys are for other algorithms than *profile* says (E-KEYS-012).
        """
        file = Path(path)
        if not file.exists():
            cls(profile=profile or KeyProfile.INTL, at=at, chance=chance).write_new(file)
        store = cls(path=file, chance=chance)
        store.check_profile(profile)
        return store

    def check_profile(self, wanted: KeyProfile | None) -> None:
        """Check that the keys are for the algorithms *wanted*; None: for whichever.

        Raises:
            ConfigError: they are not (E-KEYS-012).
        """
        found = self.keyset().profile
        if wanted is not None and found is not wanted:
            raise ConfigError("E-KEYS-012", found=found.value, wanted=wanted.value)

    def _read(self, path: Path) -> tuple[Keyset, Wrapping, keyfile.Stamp]:
        told, stamp = keyfile.read(path)
        self._first = told.root is not None
        if told.root is not None:
            return (*_first_set(told.root, self._chance), stamp)
        assert told.keyset is not None
        return told.keyset, self._wrapping_of(told.wrapping, path), stamp

    def _wrapping_of(self, told: Mapping[str, str], path: Path) -> Wrapping:
        try:
            if told["kind"] == _KIND:
                key, how = keyfile.plain(told["key"]), SEALING[told["suite"]]
                if len(key) == how.key_bytes:
                    return LocalKek(told["suite"], key, self._chance)
        except (KeyError, ValueError):
            raise KeysUnavailable("E-KEYS-003", path=path.name) from None
        if told["kind"] != _KIND:
            raise KeysUnavailable("E-KEYS-019", path=path.name, kind=told["kind"])
        raise KeysUnavailable("E-KEYS-003", path=path.name)

    def _ready(self, keyset: Keyset) -> Keyset:
        """Leave the first format: no root stays from which a destroyed key could follow again.

        The signers of whom this process knows keep their keys, each under its own label.
        """
        if not self._first:
            return keyset
        local = isinstance(self._wrapping, LocalKek)
        new = LocalKek.fresh(keyset.profile, self._chance) if local else self._wrapping
        base = self._material(keyset.of(KeyUse.SIGN)[-1])
        moved = self._moved(keyset, new)
        keys: list[KeyEntry] = []
        for each in moved.keys:
            if each.use is KeyUse.SIGN:
                fresh = self._chance(KEY_BYTES)
                self._known[each.id] = fresh
                keys.append(evolve(each, wrapped=new.wrap(fresh, each.bound())))
            else:
                keys.append(each)
        for at, label in enumerate(sorted(self._labels), start=moved.next_id()):
            own = KeyEntry(id=at, use=KeyUse.SIGN, suite="ed25519", label=label)
            keys.append(evolve(own, wrapped=new.wrap(seed_of(base, label), own.bound())))
        self._first, self._wrapping = False, new
        return evolve(moved, keys=tuple(keys))
