"""Know how a key store hands out a city's keys: unwrapped on demand, changed one step at a time.

What wraps the data keys (KEK, 密钥加密密钥) is behind :class:`Wrapping`: a key in the same file for
development, a key inside a token or HSM otherwise.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, Self

from attrs import evolve

from szunion.adapters.keys import keyfile
from szunion.adapters.keys.signing import Ed25519Signer, seed_of
from szunion.adapters.keys.vault import DataKey, DataKeys, KeysetVault
from szunion.domain.keyset import FIRST, SUITES, KeyEntry, KeyProfile, Keyset, KeyStatus, KeyUse
from szunion.errors import ConfigError, KeysUnavailable

KEY_BYTES: Final = 32


class Wrapping(Protocol):
    """What wraps data keys, with what is bound to each."""

    def told(self) -> Mapping[str, str]:
        """Return what the key file says of it; for a key in a token, nothing secret."""
        ...

    def wrap(self, material: bytes, bound: bytes) -> bytes:
        """Return *material* wrapped.

        Raises:
            KeysUnavailable: the wrapping key cannot be had now.
        """
        ...

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """Return the material.

        Raises:
            KeysUnavailable: the wrapping key cannot be had now, or it is not what was wrapped, or
                *bound* is another (E-KEYS-011).
        """
        ...

    def renewed(self) -> Self:
        """Return the wrapping under a fresh key of the same kind."""
        ...


def chosen(word: str) -> KeyProfile | None:
    """Return the algorithms of a setting; None for an empty one.

    Raises:
        ConfigError: it is none that we know (E-KEYS-015).
    """
    try:
        return KeyProfile(word) if word else None
    except ValueError:
        known = ", ".join(each.value for each in KeyProfile)
        raise ConfigError("E-KEYS-015", given=word, known=known) from None


def new_keyset(
    wrapping: Wrapping,
    material: Callable[[KeyUse], bytes],
    profile: KeyProfile,
    at: datetime | None,
) -> Keyset:
    """Return a set with the first key of each use."""
    suites = SUITES[profile]
    bare = [KeyEntry(id=FIRST[use], use=use, suite=suites[use], created=at) for use in KeyUse]
    keys = [evolve(each, wrapped=wrapping.wrap(material(each.use), each.bound())) for each in bare]
    return Keyset(profile=profile, keys=tuple(keys), primary=dict(FIRST))


class KeysetStore:
    """A key store over a set of wrapped keys: :class:`szunion.ports.keys.KeyStore`. Thread-safe."""

    def __init__(
        self,
        keyset: Keyset,
        wrapping: Wrapping,
        *,
        path: Path | None = None,
        stamp: keyfile.Stamp | None = None,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._keyset, self._wrapping = keyset, wrapping
        self._path, self._stamp, self._chance = path, stamp, chance
        self._known: dict[int, bytes] = {}
        self._labels: set[str] = set()
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._keyset.generation}>"

    # --- reading ---------------------------------------------------------------------------

    def _read(self, path: Path) -> tuple[Keyset, Wrapping, keyfile.Stamp]:
        """Return what the file says now; a store with a KEK elsewhere finds it by that."""
        told, stamp = keyfile.read(path)
        if told.keyset is None:
            raise KeysUnavailable("E-KEYS-003", path=path.name)
        return told.keyset, self._wrapping_of(told.wrapping, path), stamp

    def _wrapping_of(self, told: Mapping[str, str], path: Path) -> Wrapping:
        raise NotImplementedError

    def _sync(self) -> None:
        """Read the file again if it has been replaced."""
        path = self._path
        if path is None:
            return
        try:
            same = keyfile.Stamp.of(path) == self._stamp
        except OSError:
            raise KeysUnavailable("E-KEYS-003", path=path.name) from None
        if not same:
            self._keyset, self._wrapping, self._stamp = self._read(path)

    def keyset(self) -> Keyset:
        """Return the set as it is now.

        Raises:
            KeysUnavailable: the file cannot be read (E-KEYS-003, E-KEYS-004).
        """
        with self._lock:
            self._sync()
            return self._keyset

    def newer(self, generation: int) -> bool:
        path = self._path
        if self._keyset.generation != generation:
            return True
        if path is None:
            return False
        try:
            return keyfile.Stamp.of(path) != self._stamp
        except OSError:
            return False

    def load(self) -> DataKeys:
        with self._lock:
            self._sync()
            keyset = self._keyset
            return DataKeys(
                generation=keyset.generation,
                keys=tuple(
                    DataKey(
                        each.id, each.use, each.suite, self._material(each),
                        keyset.is_primary(each),
                    )
                    for each in keyset.keys
                    if each.status is KeyStatus.ENABLED and not each.label
                ),
                destroyed=frozenset(
                    each.id for each in keyset.keys if each.status is KeyStatus.DESTROYED
                ),
            )  # fmt: skip

    def _material(self, entry: KeyEntry) -> bytes:
        known = self._known.get(entry.id)
        if known is None:
            known = self._wrapping.unwrap(entry.wrapped, entry.bound())
            self._known[entry.id] = known
        return known

    def vault(self, *, chance: Callable[[int], bytes] | None = None) -> KeysetVault:
        """Return a vault over these keys; nothing is unwrapped before it is needed."""
        return KeysetVault(self, chance or self._chance)

    def signer(self, label: str) -> Ed25519Signer:
        """Return the signer for *label*, such as the audit log's origin."""
        self._labels.add(label)
        return Ed25519Signer(label, lambda: self._seed(label))

    def _seed(self, label: str) -> bytes:
        with self._lock:
            self._sync()
            own = self._keyset.of(KeyUse.SIGN, label=label)
            if own:
                return self._material(own[-1])
            return seed_of(self._material(self._keyset.of(KeyUse.SIGN)[-1]), label)

    def write_new(self, path: Path) -> None:
        """Write these keys into a new file; one that is there by now stays as it is."""
        keyfile.create(path, self._keyset, self._wrapping.told())

    # --- changing --------------------------------------------------------------------------

    def _change(self, change: Callable[[Keyset], Keyset]) -> Keyset:
        if self._path is None:
            with self._lock:
                self._keyset = change(self._keyset)
                return self._keyset
        with keyfile.locked(self._path), self._lock:
            self._sync()
            new = self._ready(change(self._keyset))
            self._stamp = keyfile.replace(self._path, new, self._wrapping.told())
            self._keyset = new
            self._forget_destroyed()
            return new

    def _ready(self, keyset: Keyset) -> Keyset:
        """Return the set as it is written: here a store may leave an older form behind."""
        return keyset

    def _forget_destroyed(self) -> None:
        for each in self._keyset.keys:
            if each.status is KeyStatus.DESTROYED:
                self._known.pop(each.id, None)

    def rotate(self, use: KeyUse, *, at: datetime, profile: KeyProfile | None = None) -> KeyEntry:
        """Add a new primary for *use*; see :class:`szunion.ports.keys.KeyStore`."""

        def change(old: Keyset) -> Keyset:
            wanted = profile or old.profile
            bare = KeyEntry(
                id=old.next_id(), use=use, suite=SUITES[wanted][use], created=at,
            )  # fmt: skip
            wrapped = self._wrapping.wrap(self._chance(KEY_BYTES), bare.bound())
            return evolve(old, profile=wanted).rotated(evolve(bare, wrapped=wrapped))

        new = self._change(change)
        return new.entry(new.primary[use])

    def change(self, key: int, status: KeyStatus) -> KeyEntry:
        """Enable, disable or destroy a key; see :class:`szunion.ports.keys.KeyStore`."""
        return self._change(lambda old: old.changed(key, status)).entry(key)

    def rewrap(self, wrapping: Wrapping | None = None) -> None:
        """Wrap every key anew; see :class:`szunion.ports.keys.KeyStore`.

        Args:
            wrapping: What wraps from now on; None: a fresh key of the same kind.
        """

        def change(old: Keyset) -> Keyset:
            new = wrapping or self._wrapping.renewed()
            moved = self._moved(old, new)
            self._wrapping = new
            return evolve(moved, generation=old.generation + 1)

        self._change(change)

    def _moved(self, keyset: Keyset, new: Wrapping) -> Keyset:
        keys = [
            each
            if each.status is KeyStatus.DESTROYED
            else evolve(
                each,
                wrapped=new.wrap(
                    self._wrapping.unwrap(each.wrapped, each.bound()), each.bound()
                ),
            )
            for each in keyset.keys
        ]  # fmt: skip
        return evolve(keyset, keys=tuple(keys))
