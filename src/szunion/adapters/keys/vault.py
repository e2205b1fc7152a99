"""Know how the keys of a set seal personal data, index it blindly, and derive what goes outside.

A sealed value says by which suite and which key it was sealed, so that keys can be changed while
it lies there. A row that has a salt is sealed with a key derived from data key and salt, so that
destroying the salt destroys the row (a person's erasure).
"""

from __future__ import annotations

import base64
import hmac
import os
import struct
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from attrs import define, field, frozen
from cryptography.exceptions import InvalidTag

from szunion.adapters.keys.suites import BLOCKS, FIRST_FORM, MACS, NONCE, SEALING, Aead, Mac
from szunion.domain.keyset import KeyUse
from szunion.domain.values import SHARDS, RequestKey
from szunion.errors import KeysUnavailable, NotFound, StorageError
from szunion.ports.keys import IndexField, Place

_HEAD: Final = struct.Struct(">BI")
_FIRST_HEAD: Final = struct.Struct(">BH")
_STONE: Final = struct.Struct(">I16s")
_INDEX_BYTES: Final = 16
_SHARD_AT: Final = 53
"""Where an id carries its shard: the bulk path does without a call a row."""
_SHARD_BITS: Final = 10
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS: Final = [one + two for one in _BASE32 for two in _BASE32]
_PLACES: Final = range(120, -1, -10)
"""Where the 13 pairs of a request key's 26 characters begin among its 130 bits."""

USES: Final = {name: KeyUse(name.value) for name in IndexField}


@frozen
class DataKey:
    """One data key, unwrapped."""

    id: int
    use: KeyUse
    suite: str
    material: bytes = field(repr=False)
    primary: bool = True


@frozen
class DataKeys:
    """The enabled data keys of one city, unwrapped, oldest first."""

    generation: int
    keys: tuple[DataKey, ...]
    destroyed: frozenset[int] = frozenset()


class KeySource(Protocol):
    """Where a vault has its keys from."""

    def load(self) -> DataKeys:
        """Return the keys as they are now.

        Raises:
            KeysUnavailable: they cannot be had now.
        """
        ...

    def newer(self, generation: int) -> bool:
        """Return whether there may be another set than that of *generation*. Never raises."""
        ...


def derived(key: bytes, label: str, mac: Callable[[bytes], Mac] = MACS["hmac-sha-256"]) -> bytes:
    """Return a key made of another for one purpose."""
    return mac(key)(label.encode())


@define(repr=False)
class _Sealer:
    """What one sealing key does."""

    id: int
    suite: str
    material: bytes
    head: bytes = field(init=False)
    row_key: Mac = field(init=False)
    _bytes: int = field(init=False)
    _cipher: Callable[[bytes], Aead] = field(init=False)
    _tables: dict[str, Aead] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        how = SEALING[self.suite]
        self.head = _HEAD.pack(how.number, self.id)
        self.row_key = how.mac(derived(self.material, "row", how.mac))
        self._bytes, self._cipher = how.key_bytes, how.cipher

    def cipher(self, table: str, salt: bytes) -> Aead:
        if salt:
            return self._cipher(self.row_key(salt)[: self._bytes])
        known = self._tables.get(table)
        if known is None:
            key = derived(self.material, f"table:{table}", SEALING[self.suite].mac)
            known = self._tables[table] = self._cipher(key[: self._bytes])
        return known


@frozen(repr=False)
class _Names:
    """How ids get their outward names."""

    encrypt: Callable[[bytes], bytes]
    decrypt: Callable[[bytes], bytes]


@frozen(repr=False)
class _Loaded:
    """Everything that a vault computes with, made once for a set of keys."""

    generation: int
    sealers: Mapping[int, _Sealer]
    primary: _Sealer
    indexes: Mapping[IndexField, Mapping[int, Mac]]
    """By the key's number, oldest first."""
    index: Mapping[IndexField, Mac]
    stones: Mapping[int, Mac]
    stone: int
    route: Mac
    request: Mac
    names: _Names


def _names(key: DataKey) -> _Names:
    # One block under its own key is a permutation: nobody else can make or order names.
    mac, block = BLOCKS[key.suite]
    cipher = block(derived(key.material, "outward", mac))
    return _Names(lambda data: cipher.encryptor().update(data),
                  lambda data: cipher.decryptor().update(data))  # fmt: skip


def _loaded(data: DataKeys, before: _Loaded | None) -> _Loaded:
    """Return what is computed with the keys of *data*.

    What a key that is disabled now has sealed is still opened, and looked up, in a process that had
    it: a look that began before still sees such rows, however often the set has changed since. It
    goes when the key is destroyed, or the process ends.
    """
    sealers = dict(before.sealers) if before else {}
    sealers = {id_: each for id_, each in sealers.items() if id_ not in data.destroyed}
    made: dict[KeyUse, dict[int, Mac]] = {use: {} for use in KeyUse}
    primary: dict[KeyUse, DataKey] = {}
    for key in data.keys:
        if key.primary:
            primary[key.use] = key
        if key.use is KeyUse.SEAL and key.id not in sealers:
            sealers[key.id] = _Sealer(key.id, key.suite, key.material)
        elif key.suite in MACS:
            made[key.use][key.id] = MACS[key.suite](key.material)
    indexes = {}
    for name, use in USES.items():
        earlier = before.indexes[name].items() if before else ()
        left = {id_: mac for id_, mac in earlier if id_ not in data.destroyed}
        indexes[name] = dict(sorted((left | made[use]).items()))
    return _Loaded(
        generation=data.generation,
        sealers=sealers,
        primary=sealers[primary[KeyUse.SEAL].id],
        indexes=indexes,
        index={name: made[use][primary[use].id] for name, use in USES.items()},
        stones=made[KeyUse.TOMBSTONE],
        stone=primary[KeyUse.TOMBSTONE].id,
        route=made[KeyUse.ROUTE][primary[KeyUse.ROUTE].id],
        request=made[KeyUse.REQUEST][primary[KeyUse.REQUEST].id],
        names=_names(primary[KeyUse.NAME]),
    )


@define
class KeysetVault:
    """The vault of :class:`szunion.ports.keys.Vault` over the keys of a set.

    The keys are loaded when they are first needed, and anew when the set has changed.
    """

    _source: KeySource = field(repr=False)
    chance: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    _state: _Loaded | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def _load(self) -> _Loaded:
        with self._lock:
            if self._state is None:
                self._state = _loaded(self._source.load(), None)
            return self._state

    def refresh(self) -> bool:
        state = self._state
        if state is None or not self._source.newer(state.generation):
            return False
        with self._lock:
            try:
                data = self._source.load()
            except KeysUnavailable:
                return False  # what is at hand goes on; who needs a key that is not will hear of it
            before = self._state
            if before is not None and before.generation == data.generation:
                return before is not state
            self._state = _loaded(data, before)
            return True

    # --- sealing ---------------------------------------------------------------------------

    def salt(self) -> bytes:
        return self.chance(16)

    def salts(self, count: int) -> list[bytes]:
        pool = self.chance(16 * count)
        return [pool[start : start + 16] for start in range(0, len(pool), 16)]

    def _sealer(self, key: int) -> _Sealer:
        found = (self._state or self._load()).sealers.get(key)
        if found is None and self.refresh():
            found = (self._state or self._load()).sealers.get(key)
        if found is None:
            raise KeysUnavailable("E-KEYS-001", version=key)
        return found

    @property
    def sealing_key(self) -> int:
        return (self._state or self._load()).primary.id

    def key_of(self, sealed: bytes) -> int:
        if sealed[:1] == b"\1":
            return int(_FIRST_HEAD.unpack(sealed[: _FIRST_HEAD.size])[1])
        return int(_HEAD.unpack(sealed[: _HEAD.size])[1])

    def seal(self, place: Place, plain: bytes, *, salt: bytes = b"") -> bytes:
        sealer, nonce = (self._state or self._load()).primary, self.chance(NONCE)
        head = sealer.head
        cipher = sealer.cipher(place.table, salt)
        return head + nonce + cipher.encrypt(nonce, plain, head + place.aad())

    def open(self, place: Place, sealed: bytes, *, salt: bytes = b"") -> bytes:
        first = sealed[:1] == b"\1"
        size = _FIRST_HEAD.size if first else _HEAD.size
        head, rest = sealed[:size], sealed[size:]
        if len(rest) <= NONCE:
            raise StorageError("E-KEYS-002", table=place.table)
        form, key = (_FIRST_HEAD if first else _HEAD).unpack(head)
        sealer = self._sealer(key)
        how = SEALING[sealer.suite].number
        if form != how and (form, how) != (FIRST_FORM, SEALING["aes-256-gcm"].number):
            raise StorageError("E-KEYS-002", table=place.table)
        aad = head + (place.first_aad() if first else place.aad())
        try:
            return sealer.cipher(place.table, salt).decrypt(rest[:NONCE], rest[NONCE:], aad)
        except InvalidTag:
            raise StorageError("E-KEYS-002", table=place.table) from None

    def seal_many(
        self,
        table: str,
        ids: Sequence[int],
        salts: Sequence[bytes],
        plains: Iterable[bytes],
        *,
        column: str = "sealed",
    ) -> list[bytes]:
        sealer = (self._state or self._load()).primary
        how, head = SEALING[sealer.suite], sealer.head
        cipher, pool = how.cipher, self.chance(NONCE * len(ids))
        keys = sealer.row_key.many(salts, how.key_bytes)
        nonces = [pool[start : start + NONCE] for start in range(0, len(pool), NONCE)]
        prefix = head + f"{table}|{column}|".encode()
        return [
            head
            + nonce
            + cipher(key).encrypt(nonce, plain, prefix + b"%d|%d" % (id_ >> _SHARD_AT, id_))
            for nonce, id_, key, plain in zip(nonces, ids, keys, plains, strict=True)
        ]

    def open_many(
        self, table: str, rows: Iterable[tuple[int, bytes, bytes]], *, column: str = "sealed"
    ) -> list[bytes]:
        sealer, all_ = (self._state or self._load()).primary, list(rows)
        how, head, start = SEALING[sealer.suite], sealer.head, _HEAD.size
        cipher, end, prefix = how.cipher, start + NONCE, head + f"{table}|{column}|".encode()
        keys = sealer.row_key.many([salt for _, _, salt in all_], how.key_bytes)
        try:
            return [
                cipher(key).decrypt(
                    sealed[start:end], sealed[end:], prefix + b"%d|%d" % (id_ >> _SHARD_AT, id_)
                )
                if salt and sealed.startswith(head) and len(sealed) > end
                else self.open(Place(table, id_ >> _SHARD_AT, id_, column), sealed, salt=salt)
                for (id_, sealed, salt), key in zip(all_, keys, strict=True)
            ]
        except InvalidTag:
            raise StorageError("E-KEYS-002", table=table) from None

    # --- indexes, shards, keys, names ------------------------------------------------------

    def index_keys(self, field: IndexField) -> Sequence[int]:
        return list((self._state or self._load()).indexes[field])

    def _index_mac(self, field: IndexField, key: int | None) -> Mac:
        state = self._state or self._load()
        if key is None:
            return state.index[field]
        mac = state.indexes[field].get(key)
        if mac is None and self.refresh():
            mac = (self._state or self._load()).indexes[field].get(key)
        if mac is None:
            raise KeysUnavailable("E-KEYS-001", version=key)
        return mac

    def index(self, field: IndexField, text: str, *, key: int | None = None) -> bytes:
        return self._index_mac(field, key)(text.encode())[:_INDEX_BYTES]

    def index_many(
        self, field: IndexField, texts: Iterable[str], *, key: int | None = None
    ) -> list[bytes]:
        return self.index_bytes(field, map(str.encode, texts), key=key)

    def index_bytes(
        self, field: IndexField, texts: Iterable[bytes], *, key: int | None = None
    ) -> list[bytes]:
        return self._index_mac(field, key).many(texts, _INDEX_BYTES)

    def route(self, text: str) -> int:
        made = (self._state or self._load()).route(text.encode())
        return int.from_bytes(made[:2]) >> (16 - _SHARD_BITS)

    def route_many(self, texts: Iterable[str]) -> list[int]:
        made = (self._state or self._load()).route.many(map(str.encode, texts), 2)
        return [int.from_bytes(each) >> 16 - _SHARD_BITS for each in made]

    def tombstone(self, text: str) -> bytes:
        state = self._state or self._load()
        head = _STONE.pack(state.stone, self.chance(16))
        return head + state.stones[state.stone](head + text.encode())[:_INDEX_BYTES]

    def remembers(self, stone: bytes, text: str) -> bool:
        head, mac = stone[: _STONE.size], stone[_STONE.size :]
        if len(head) != _STONE.size:
            return False
        key = (self._state or self._load()).stones.get(_STONE.unpack(head)[0])
        if key is None:
            return False
        return hmac.compare_digest(key(head + text.encode())[:_INDEX_BYTES], mac)

    def request_key(self, business: str) -> RequestKey:
        digest = (self._state or self._load()).request(business.encode())
        bits = int.from_bytes(digest[:17]) >> 6
        return RequestKey("".join([_PAIRS[bits >> place & 1023] for place in _PLACES]))

    def outward(self, kind: str, id_: int) -> str:
        block = kind.encode().rjust(8, b"\0")[:8] + id_.to_bytes(8)
        made = (self._state or self._load()).names.encrypt(block)
        return f"{kind}_{base64.b32encode(made).decode().rstrip('=').lower()}"

    def inward(self, kind: str, name: str) -> int:
        head, _, tail = name.partition("_")
        try:
            block = base64.b32decode(tail.upper() + "=" * (-len(tail) % 8))
        except ValueError:
            block = b""
        if head != kind or len(block) != 16:  # noqa: PLR2004 - one block of either cipher
            raise NotFound("E-VALUE-003", kind=kind)
        plain = (self._state or self._load()).names.decrypt(block)
        id_ = int.from_bytes(plain[8:])
        if plain[:8] != kind.encode().rjust(8, b"\0")[:8] or id_ >= SHARDS << 53:
            raise NotFound("E-VALUE-003", kind=kind)
        return id_
