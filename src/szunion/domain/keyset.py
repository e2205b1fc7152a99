"""Know which keys a city has, which of them new data get, and what may still become of each.

A key is for one use. Of the keys of a use one is the primary; what the others have made is read
as long as they are enabled, by the key's number. A key's material stands here wrapped only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.values import Labelled
from szunion.errors import Conflict, NotFound


class KeyUse(Labelled):
    """What a key is for (用途): a key is never used for anything else."""

    SEAL = "seal", "加密", "sealing"
    DOCUMENT = "document", "证件索引", "index of documents"
    MOBILE = "mobile", "手机号索引", "index of mobiles"
    CARD = "card", "卡索引", "index of cards"
    ACCOUNT = "account", "账号索引", "index of portal accounts"
    GRANT = "grant", "业务指纹", "fingerprints of business facts"
    TOMBSTONE = "tombstone", "墓碑", "tombstones of the erased"
    ROUTE = "route", "分片", "shards"
    REQUEST = "request", "银行请求键", "request keys"
    NAME = "name", "对外名称", "outward names"
    SIGN = "sign", "签名", "signing"


class KeyStatus(Labelled):
    """What may be done with a key (密钥状态)."""

    ENABLED = "ENABLED", "启用", "enabled"
    DISABLED = "DISABLED", "停用", "disabled"
    DESTROYED = "DESTROYED", "已销毁", "destroyed"


class KeyProfile(Labelled):
    """Which algorithms new keys are for (密码算法)."""

    INTL = "intl", "国际算法", "international"
    GM = "gm", "国密算法", "Chinese standards"


ROTATES: Final[frozenset[KeyUse]] = frozenset(
    {KeyUse.SEAL, KeyUse.DOCUMENT, KeyUse.MOBILE, KeyUse.TOMBSTONE}
)
"""What can get a new key. What the others made stands outside, or its text is kept nowhere: the
shard in every id, the request key at the bank, the name on a printed code, the fingerprint."""

INDEXES: Final[frozenset[KeyUse]] = frozenset({KeyUse.DOCUMENT, KeyUse.MOBILE})
"""Indexes that are looked up under two keys while they rotate."""

SUITES: Final[Mapping[KeyProfile, Mapping[KeyUse, str]]] = {
    KeyProfile.INTL: {
        **dict.fromkeys(KeyUse, "hmac-sha-256"),
        KeyUse.SEAL: "aes-256-gcm", KeyUse.NAME: "aes-256", KeyUse.SIGN: "ed25519",
    },
    KeyProfile.GM: {
        **dict.fromkeys(KeyUse, "hmac-sm3"),
        KeyUse.SEAL: "sm4-gcm", KeyUse.NAME: "sm4", KeyUse.SIGN: "ed25519",
    },
}  # fmt: skip
"""What a key of a use is for, by profile. A checkpoint of the log is signed with Ed25519 in both:
whoever needs SM2 there puts a signer of their own behind the port."""

FIRST: Final[Mapping[KeyUse, int]] = {use: number for number, use in enumerate(KeyUse, start=1)}
"""The number of each use's first key, the same in every city: the schema knows two of them."""


@frozen(kw_only=True)
class KeyEntry:
    """One key of the set (密钥)."""

    id: int
    """A number below 2³², of which there is one in the set."""
    use: KeyUse
    suite: str
    status: KeyStatus = KeyStatus.ENABLED
    created: datetime | None = None
    """None: with the city, before keys were counted."""
    label: str = ""
    """Whose it is, where a use has several beside each other: a signer's name."""
    wrapped: bytes = field(default=b"", repr=False)

    def bound(self) -> bytes:
        """Return what is bound into the wrapped key, so that it is taken for no other."""
        return f"szunion-keys/2|{self.id}|{self.use.value}|{self.suite}|{self.label}".encode()


@frozen(kw_only=True)
class Keyset:
    """All keys of a city (密钥集)."""

    profile: KeyProfile
    keys: tuple[KeyEntry, ...]
    primary: Mapping[KeyUse, int]
    generation: int = 1
    """Grows with every change: by it a process sees that it has an old set."""

    def entry(self, key: int) -> KeyEntry:
        """Return a key by its number.

        Raises:
            NotFound: there is none (E-KEYS-008).
        """
        for each in self.keys:
            if each.id == key:
                return each
        raise NotFound("E-KEYS-008", key=key)

    def of(self, use: KeyUse, *, label: str = "") -> tuple[KeyEntry, ...]:
        """Return the keys of one use, oldest first."""
        return tuple(each for each in self.keys if each.use is use and each.label == label)

    def is_primary(self, entry: KeyEntry) -> bool:
        """Return whether new data get this key."""
        return self.primary.get(entry.use) == entry.id and not entry.label

    def next_id(self) -> int:
        """Return the number that the next key gets."""
        return max(each.id for each in self.keys) + 1

    def rotated(self, entry: KeyEntry) -> Keyset:
        """Return the set with a new primary (换钥).

        Raises:
            Conflict: what such keys made cannot be made anew (E-KEYS-009).
        """
        if entry.use not in ROTATES:
            raise Conflict("E-KEYS-009", use=entry.use.label, use_en=entry.use.label_en)
        return evolve(
            self, keys=(*self.keys, entry), primary={**self.primary, entry.use: entry.id},
            generation=self.generation + 1,
        )  # fmt: skip

    def changed(self, key: int, status: KeyStatus) -> Keyset:
        """Return the set with a key enabled, disabled or destroyed (启用、停用、销毁).

        Raises:
            NotFound: there is no such key (E-KEYS-008).
            Conflict: it is the primary, or not disabled before it is destroyed, or destroyed
                already (E-KEYS-010).
        """
        old = self.entry(key)
        fits = {
            KeyStatus.ENABLED: {KeyStatus.DISABLED},
            KeyStatus.DISABLED: {KeyStatus.ENABLED},
            KeyStatus.DESTROYED: {KeyStatus.DISABLED},
        }[status]
        if old.status not in fits or self.is_primary(old) or old.use not in ROTATES:
            raise Conflict(
                "E-KEYS-010",
                key=key, status=old.status.label, status_en=old.status.label_en,
                wanted=status.label, wanted_en=status.label_en,
            )  # fmt: skip
        gone = status is KeyStatus.DESTROYED
        new = evolve(old, status=status, wrapped=b"" if gone else old.wrapped)
        kept = tuple(new if each.id == key else each for each in self.keys)
        return evolve(self, keys=kept, generation=self.generation + 1)
