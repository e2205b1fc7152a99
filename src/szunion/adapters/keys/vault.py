"""Know how data keys seal personal data, index it blindly, and derive what goes to the bank.

Suite 1 is AES-256-GCM with HMAC-SHA-256. A row that has a salt is sealed with a key derived from
data key and salt, so that destroying the salt destroys the row (a person's erasure).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from attrs import define, field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from szunion.domain.values import SHARDS, RequestKey, shard_of
from szunion.errors import KeysUnavailable, NotFound, StorageError
from szunion.ports.keys import IndexField, Place

AES_GCM: Final = 1
_HEAD: Final = struct.Struct(">BH")
_STONE: Final = struct.Struct(">I16s")
_TOMBSTONE_KEY: Final = 7
_NONCE: Final = 12
_INDEX_BYTES: Final = 16
_SHARD_BITS: Final = 10
_KEY_CHARACTERS: Final = 26


@frozen
class DataKeys:
    """The data keys of one city, unwrapped. *sealing* is by version; the highest is primary."""

    sealing: Mapping[int, bytes] = field(repr=False)
    indexing: bytes = field(repr=False)
    routing: bytes = field(repr=False)
    requests: bytes = field(repr=False)
    names: bytes = field(repr=False)
    tombstones: bytes = field(repr=False)


def _mac(key: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC-SHA-256 under *key* with both hash states computed once."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")  # noqa: PLR2004
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def mac(data: bytes) -> bytes:
        first = inner.copy()
        first.update(data)
        second = outer.copy()
        second.update(first.digest())
        return second.digest()

    return mac


def _derived(key: bytes, label: str) -> bytes:
    return hmac.digest(key, label.encode(), "sha256")


@define
class AesVault:
    """The vault of :class:`szunion.ports.keys.Vault` over AES-256-GCM and HMAC-SHA-256."""

    keys: DataKeys = field(repr=False)
    chance: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    _macs: dict[IndexField, Callable[[bytes], bytes]] = field(init=False, repr=False)
    _route: Callable[[bytes], bytes] = field(init=False, repr=False)
    _row_keys: dict[int, Callable[[bytes], bytes]] = field(init=False, repr=False)
    _primary: int = field(init=False)
    _tables: dict[tuple[int, str], AESGCM] = field(factory=dict, init=False, repr=False)
    _name_key: bytes = field(init=False, repr=False)
    _stone_key: bytes = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._macs = {name: _mac(_derived(self.keys.indexing, name.value)) for name in IndexField}
        self._route = _mac(self.keys.routing)
        self._row_keys = {
            version: _mac(_derived(key, "row")) for version, key in self.keys.sealing.items()
        }
        self._primary = max(self.keys.sealing)
        self._name_key = _derived(self.keys.names, "outward")
        self._stone_key = self.keys.tombstones

    # --- sealing ---------------------------------------------------------------------------

    def salt(self) -> bytes:
        return self.chance(16)

    def salts(self, count: int) -> list[bytes]:
        pool = self.chance(16 * count)
        return [pool[start : start + 16] for start in range(0, len(pool), 16)]

    def _cipher(self, version: int, table: str, salt: bytes) -> AESGCM:
        if salt:
            row_key = self._row_keys.get(version)
            if row_key is None:
                raise KeysUnavailable("E-KEYS-001", version=version)
            return AESGCM(row_key(salt))
        known = self._tables.get((version, table))
        if known is None:
            key = self.keys.sealing.get(version)
            if key is None:
                raise KeysUnavailable("E-KEYS-001", version=version)
            known = self._tables[version, table] = AESGCM(_derived(key, f"table:{table}"))
        return known

    def seal(self, place: Place, plain: bytes, *, salt: bytes = b"") -> bytes:
        nonce = self.chance(_NONCE)
        cipher = self._cipher(self._primary, place.table, salt)
        head = _HEAD.pack(AES_GCM, self._primary)
        return head + nonce + cipher.encrypt(nonce, plain, head + place.aad())

    def open(self, place: Place, sealed: bytes, *, salt: bytes = b"") -> bytes:
        head, rest = sealed[: _HEAD.size], sealed[_HEAD.size :]
        if len(rest) <= _NONCE or head[0] != AES_GCM:
            raise StorageError("E-KEYS-002", table=place.table)
        cipher = self._cipher(_HEAD.unpack(head)[1], place.table, salt)
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], head + place.aad())
        except InvalidTag:
            raise StorageError("E-KEYS-002", table=place.table) from None

    def seal_many(
        self, table: str, ids: Sequence[int], salts: Sequence[bytes], plains: Iterable[bytes]
    ) -> list[bytes]:
        head = _HEAD.pack(AES_GCM, self._primary)
        pool, row_key = self.chance(_NONCE * len(ids)), self._row_keys[self._primary]
        prefix = head + f"{table}|".encode()
        sealed = []
        for start, id_, salt, plain in zip(
            range(0, len(pool), _NONCE), ids, salts, plains, strict=True
        ):
            nonce = pool[start : start + _NONCE]
            aad = prefix + b"%d|%d" % (shard_of(id_), id_)
            sealed.append(head + nonce + AESGCM(row_key(salt)).encrypt(nonce, plain, aad))
        return sealed

    # --- indexes, shards, keys, names ------------------------------------------------------

    def index(self, field: IndexField, text: str) -> bytes:
        return self._macs[field](text.encode())[:_INDEX_BYTES]

    def index_many(self, field: IndexField, texts: Iterable[str]) -> list[bytes]:
        mac = self._macs[field]
        return [mac(text.encode())[:_INDEX_BYTES] for text in texts]

    def route(self, text: str) -> int:
        return int.from_bytes(self._route(text.encode())[:2]) >> (16 - _SHARD_BITS)

    def route_many(self, texts: Iterable[str]) -> list[int]:
        mac, shift = self._route, 16 - _SHARD_BITS
        return [int.from_bytes(mac(text.encode())[:2]) >> shift for text in texts]

    def tombstone(self, text: str) -> bytes:
        salt = self.chance(16)
        head = _STONE.pack(_TOMBSTONE_KEY, salt)
        return head + hmac.digest(self._stone_key, head + text.encode(), "sha256")[:_INDEX_BYTES]

    def remembers(self, stone: bytes, text: str) -> bool:
        head, mac = stone[: _STONE.size], stone[_STONE.size :]
        if len(head) != _STONE.size or _STONE.unpack(head)[0] != _TOMBSTONE_KEY:
            return False
        made = hmac.digest(self._stone_key, head + text.encode(), "sha256")[:_INDEX_BYTES]
        return hmac.compare_digest(made, mac)

    def request_key(self, business: str) -> RequestKey:
        digest = hmac.digest(self.keys.requests, business.encode(), "sha256")
        return RequestKey(base64.b32encode(digest)[:_KEY_CHARACTERS].decode())

    def outward(self, kind: str, id_: int) -> str:
        block = kind.encode().rjust(8, b"\0")[:8] + id_.to_bytes(8)
        name = base64.b32encode(self._names(encrypt=True)(block)).decode().rstrip("=").lower()
        return f"{kind}_{name}"

    def inward(self, kind: str, name: str) -> int:
        head, _, tail = name.partition("_")
        try:
            block = base64.b32decode(tail.upper() + "=" * (-len(tail) % 8))
        except ValueError:
            block = b""
        if head != kind or len(block) != 16:  # noqa: PLR2004 - one AES block
            raise NotFound("E-VALUE-003", kind=kind)
        plain = self._names(encrypt=False)(block)
        id_ = int.from_bytes(plain[8:])
        if plain[:8] != kind.encode().rjust(8, b"\0")[:8] or id_ >= SHARDS << 53:
            raise NotFound("E-VALUE-003", kind=kind)
        return id_

    def _names(self, *, encrypt: bool) -> Callable[[bytes], bytes]:
        # One block under its own key is a permutation: nobody else can make or order names.
        cipher = Cipher(algorithms.AES(self._name_key), modes.ECB())  # noqa: S305
        return (cipher.encryptor() if encrypt else cipher.decryptor()).update
