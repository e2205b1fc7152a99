"""Know what szunion asks of the place where its keys live.

A :class:`Vault` works with data keys that a key store (file, HSM, KMS) has unwrapped: it seals
personal data, makes the keyed blind indexes by which sealed data are found, and derives the keys
that go to the bank. A :class:`Signer` signs what must be provable outside, such as checkpoints. A
:class:`MessageSigner` and a :class:`MessageVerifier` stand behind the messages of one partner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from attrs import frozen

from szunion.domain.keyset import KeyEntry, KeyProfile, Keyset, KeyStatus, KeyUse
from szunion.domain.values import RequestKey


class IndexField(Enum):
    """What a blind index is made of: one key a field, so that equal values never meet."""

    DOCUMENT = "document"
    MOBILE = "mobile"
    CARD = "card"
    ACCOUNT = "account"
    GRANT = "grant"


@frozen
class Place:
    """Where a sealed value stands: bound into it, so that it opens nowhere else."""

    table: str
    shard: int
    id: int
    column: str = "sealed"

    def aad(self) -> bytes:
        """Return the associated data of this place."""
        return f"{self.table}|{self.column}|{self.shard}|{self.id}".encode()

    def first_aad(self) -> bytes:
        """Return the associated data as the first release wrote it, without the column."""
        return f"{self.table}|{self.shard}|{self.id}".encode()


class Vault(Protocol):
    """Seals, opens, indexes and derives. Thread-safe."""

    def salt(self) -> bytes:
        """Return a fresh salt (16 bytes): destroying it destroys what was sealed with it."""
        ...

    def seal(self, place: Place, plain: bytes, *, salt: bytes = b"") -> bytes:
        """Seal *plain* for *place*: ``suite(1) | key(4) | nonce(12) | text | tag(16)``.

        Raises:
            KeysUnavailable: the data key cannot be had now.
        """
        ...

    def open(self, place: Place, sealed: bytes, *, salt: bytes = b"") -> bytes:
        """Return what was sealed.

        Raises:
            KeysUnavailable: its key cannot be had now (E-KEYS-001).
            StorageError: it was moved, altered, or its salt was destroyed (E-KEYS-002).
        """
        ...

    @property
    def sealing_key(self) -> int:
        """The number of the key that seals now."""
        ...

    def key_of(self, sealed: bytes) -> int:
        """Return the number of the key that sealed *sealed*."""
        ...

    def refresh(self) -> bool:
        """Take the keys anew if they have been changed since (换钥); return whether they were.

        It costs a look at the key store's date, and never raises: what is at hand goes on.
        """
        ...

    def seal_many(
        self,
        table: str,
        ids: Sequence[int],
        salts: Sequence[bytes],
        plains: Iterable[bytes],
        *,
        column: str = "sealed",
    ) -> list[bytes]:
        """Seal a plain text for each id, in its own shard, with its salt: the bulk path."""
        ...

    def open_many(
        self, table: str, rows: Iterable[tuple[int, bytes, bytes]], *, column: str = "sealed"
    ) -> list[bytes]:
        """Return what was sealed of each ``(id, sealed, salt)``, in its own shard: the bulk path.

        Raises:
            KeysUnavailable: a key cannot be had now (E-KEYS-001).
            StorageError: one was moved, altered, or its salt was destroyed (E-KEYS-002).
        """
        ...

    def salts(self, count: int) -> list[bytes]:
        """Return *count* fresh salts with one call to the source of randomness."""
        ...

    def index_keys(self, field: IndexField) -> Sequence[int]:
        """Return the keys under which *field* is looked up, oldest first.

        There is one; while the index rotates there are two (换索引密钥).
        """
        ...

    def index(self, field: IndexField, text: str, *, key: int | None = None) -> bytes:
        """Return the blind index (16 bytes) of a normalised *text*.

        Args:
            field: What it is an index of.
            text: The normalised text.
            key: One of :meth:`index_keys`; None: the newest.

        Raises:
            KeysUnavailable: that key cannot be had now (E-KEYS-001).
        """
        ...

    def index_many(
        self, field: IndexField, texts: Iterable[str], *, key: int | None = None
    ) -> list[bytes]:
        """Return the blind index of each text: the bulk path."""
        ...

    def index_bytes(
        self, field: IndexField, texts: Iterable[bytes], *, key: int | None = None
    ) -> list[bytes]:
        """Return the same of texts that come as UTF-8."""
        ...

    def route(self, text: str) -> int:
        """Return the shard (0..1023) of a document number. Its key is never rotated."""
        ...

    def route_many(self, texts: Iterable[str]) -> list[int]:
        """Return the shard of each text: the bulk path."""
        ...

    def tombstone(self, text: str) -> bytes:
        """Return what may stay of an erased *text* (墓碑): a key's number, a fresh salt, a MAC.

        It can be asked whether it is of a text one has (:meth:`remembers`), and nothing else. Its
        key is none of the others, and when that is destroyed it says nothing any more.
        """
        ...

    def remembers(self, stone: bytes, text: str) -> bool:
        """Return whether *stone* is the tombstone of *text*; False too when its key is gone."""
        ...

    def request_key(self, business: str) -> RequestKey:
        """Return the bank's key for a business fact: stable for ever, and says nothing."""
        ...

    def outward(self, kind: str, id_: int) -> str:
        """Return the opaque name of an internal id for the world outside: ``m_…``."""
        ...

    def inward(self, kind: str, name: str) -> int:
        """Return the id behind an opaque name.

        Raises:
            NotFound: it is no name of that kind (E-VALUE-003).
        """
        ...


class Signer(Protocol):
    """Signs what must be provable outside."""

    @property
    def name(self) -> str:
        """The signer's name with its key's fingerprint, as written into a checkpoint."""
        ...

    @property
    def public(self) -> bytes:
        """The public key (Ed25519: 32 bytes)."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return a signature over *data*."""
        ...


class KeyStore(Protocol):
    """Keeps a city's keys and changes them (密钥库). Thread-safe.

    Every change is whole or not at all, and other processes take it up by themselves.
    """

    def vault(self) -> Vault:
        """Return a vault over these keys; it need not have them before it needs them."""
        ...

    def signer(self, label: str) -> Signer:
        """Return the signer for *label*, such as the audit log's origin."""
        ...

    def keyset(self) -> Keyset:
        """Return the keys as they are now, wrapped.

        Raises:
            KeysUnavailable: the store cannot be read now.
        """
        ...

    def rotate(self, use: KeyUse, *, at: datetime, profile: KeyProfile | None = None) -> KeyEntry:
        """Add a key that new data of *use* get from now on; return it (换钥).

        Args:
            use: What for.
            at: Its date.
            profile: For which algorithms; None: as the city has chosen.

        Raises:
            Conflict: keys of that use do not rotate (E-KEYS-009).
            KeysUnavailable: the store cannot be reached now.
        """
        ...

    def change(self, key: int, status: KeyStatus) -> KeyEntry:
        """Enable, disable or destroy a key; return it (启用、停用、销毁).

        Raises:
            NotFound: there is none of that number (E-KEYS-008).
            Conflict: it is the primary, or not yet disabled (E-KEYS-010).
        """
        ...

    def rewrap(self) -> None:
        """Wrap every key under a fresh key-encryption key (更换主密钥); data need no work.

        Raises:
            KeysUnavailable: the store cannot be reached now.
        """
        ...


class MessageSigner(Protocol):
    """Signs messages to one partner (报文签名): an HSM, a key device, or a key in a file.

    Thread-safe. A certified module stands behind these two members and nothing else.
    """

    @property
    def suite(self) -> str:
        """What it signs with: ``hmac-sha256``, ``hmac-sm3``, ``rsa-pss-sha256`` or ``sm2``."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return a signature over *message*.

        Raises:
            KeysUnavailable: the key cannot be used now.
        """
        ...


class MessageVerifier(Protocol):
    """Checks messages of one partner (报文验签). Thread-safe."""

    @property
    def suite(self) -> str:
        """What it checks."""
        ...

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return if *signature* over *message* is right.

        Raises:
            SignatureInvalid: it is not (E-SIG-001), for whatever reason.
            KeysUnavailable: the key cannot be used now.
        """
        ...
