"""Know what every key store promises: what is sealed opens where it was sealed, and nowhere else.

Subclass :class:`KeysPromises`, give it one factory, and run pytest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from attrs import evolve

from szunion.adapters.keys.file import signed_by
from szunion.domain.keyset import ROTATES, KeyStatus, KeyUse
from szunion.domain.values import SHARDS, shard_of
from szunion.errors import Conflict, KeysUnavailable, NotFound, StorageError
from szunion.ports.keys import IndexField, KeyStore, Place, Signer, Vault

__all__ = ["Keys", "KeysPromises"]

_PLAIN: Final = "测试 · 440301199003071230".encode()
_PLACE: Final = Place("person", 7, 1)
_SALT: Final = bytes(range(16))
_DAY: Final = datetime(2018, 1, 1, tzinfo=UTC)


class Keys(NamedTuple):
    """What a key store gives to a city."""

    vault: Vault
    signer: Signer
    store: KeyStore | None = None
    """Where the keys can be changed; a store that cannot, says so by leaving it out."""


class KeysPromises:
    """What every key store promises (密钥适配器的承诺)."""

    def make_keys(self, folder: Path) -> Keys:
        """Return the keys that live in *folder*; a second call returns the same keys again."""
        msg = "give the promises their one factory: def make_keys(self, folder): ..."
        raise NotImplementedError(msg)

    @pytest.fixture
    def keys(self, tmp_path: Path) -> Iterator[Keys]:
        """The keys of one test."""
        yield self.make_keys(tmp_path)

    @pytest.fixture
    def again(self, keys: Keys, tmp_path: Path) -> Keys:
        """The same keys, opened anew."""
        del keys
        return self.make_keys(tmp_path)

    def test_what_is_sealed_opens_in_its_place(self, keys: Keys, again: Keys) -> None:
        """What is sealed opens in its place, also after a restart."""
        sealed = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        assert keys.vault.open(_PLACE, sealed, salt=_SALT) == _PLAIN
        assert again.vault.open(_PLACE, sealed, salt=_SALT) == _PLAIN

    @pytest.mark.parametrize("field", ["table", "column", "shard", "id"])
    def test_what_is_moved_does_not_open(self, keys: Keys, field: str) -> None:
        """A sealed value that was moved to another place does not open."""
        other = {
            "table": evolve(_PLACE, table="card"),
            "column": evolve(_PLACE, column="token_sealed"),
            "shard": evolve(_PLACE, shard=8),
            "id": evolve(_PLACE, id=2),
        }[field]
        sealed = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        with pytest.raises(StorageError, match="E-KEYS-002"):
            keys.vault.open(other, sealed, salt=_SALT)

    def test_no_changed_bit_opens(self, keys: Keys) -> None:
        """Whatever bit is changed, it does not open, and says nothing but that."""
        sealed = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        for at in range(len(sealed)):
            changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
            with pytest.raises(Exception, match="E-KEYS"):
                keys.vault.open(_PLACE, changed, salt=_SALT)

    def test_without_its_salt_it_does_not_open(self, keys: Keys) -> None:
        """Destroying the salt destroys what was sealed with it."""
        sealed = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        for salt in (b"", bytes(16), _SALT[::-1]):
            with pytest.raises(StorageError, match="E-KEYS-002"):
                keys.vault.open(_PLACE, sealed, salt=salt)

    def test_the_same_sealed_twice_is_not_the_same(self, keys: Keys) -> None:
        """The same sealed twice is not the same, and shows nothing of the plain text."""
        twice = [keys.vault.seal(_PLACE, _PLAIN, salt=_SALT) for _ in range(2)]
        assert twice[0] != twice[1]
        assert not any(_PLAIN[:6] in sealed for sealed in twice)

    def test_many_are_sealed_as_one_is(self, keys: Keys) -> None:
        """The bulk path seals what the single path opens."""
        ids = [n << 53 | n for n in range(20)]
        salts, plains = [bytes([n]) * 16 for n in range(20)], [b"%d" % n for n in range(20)]
        sealed = keys.vault.seal_many("person", ids, salts, plains)
        for id_, salt, plain, one in zip(ids, salts, plains, sealed, strict=True):
            assert keys.vault.open(Place("person", shard_of(id_), id_), one, salt=salt) == plain

    def test_many_are_opened_as_one_is(self, keys: Keys) -> None:
        """The bulk path opens what either path sealed, with or without a salt, where it stands."""
        ids = [n << 53 | n for n in range(6)]
        salts, plains = [bytes([n]) * 16 for n in range(6)], [b"%d" % n for n in range(6)]
        sealed = keys.vault.seal_many("person", ids, salts, plains)
        place = Place("person", 9, 9 << 53 | 9)
        alone = (place.id, keys.vault.seal(place, b"alone"), b"")
        rows = [*zip(ids, sealed, salts, strict=True), alone]
        assert keys.vault.open_many("person", rows) == [*plains, b"alone"]
        assert keys.vault.open_many("person", []) == []
        for moved in (
            (ids[1], sealed[0], salts[0]),
            (ids[0], sealed[0], salts[1]),
            (ids[0], sealed[0][:-1], salts[0]),
            (ids[0], sealed[0][:9], salts[0]),
        ):
            with pytest.raises(StorageError, match="E-KEYS-002"):
                keys.vault.open_many("person", [rows[2], moved])
        with pytest.raises(StorageError, match="E-KEYS-002"):
            keys.vault.open_many("person", rows, column="other")

    def test_an_index_is_stable_and_its_own_for_each_field(self, keys: Keys, again: Keys) -> None:
        """An index is stable, 16 bytes, and never the same for two fields."""
        made = {field: keys.vault.index(field, "13900000001") for field in IndexField}
        assert made == {field: again.vault.index(field, "13900000001") for field in IndexField}
        assert {len(index) for index in made.values()} == {16}
        assert len(set(made.values())) == len(IndexField)
        many = keys.vault.index_many(IndexField.MOBILE, ["13900000001", "13900000002"])
        assert many[0] == made[IndexField.MOBILE]
        assert many[1] != many[0]

    def test_routes_are_stable_and_even(self, keys: Keys, again: Keys) -> None:
        """Routes are stable, within the shards, and spread."""
        texts = [f"E{n:08d}" for n in range(8192)]
        routes = keys.vault.route_many(texts)
        assert routes == again.vault.route_many(texts)
        assert routes[:5] == [keys.vault.route(text) for text in texts[:5]]
        counted = Counter(routes)
        assert min(routes) >= 0
        assert max(routes) < SHARDS
        assert max(counted.values()) < 8 * 5, "one shard has five times its share"

    def test_a_tombstone_remembers_its_text_and_no_other(self, keys: Keys, again: Keys) -> None:
        """A tombstone knows its text also after a restart, and says nothing without it."""
        stones = [keys.vault.tombstone("RESIDENT:1") for _ in range(2)]
        assert stones[0] != stones[1], "two stones of one text can be told to be of one"
        for stone in stones:
            assert again.vault.remembers(stone, "RESIDENT:1")
            assert not again.vault.remembers(stone, "RESIDENT:2")
            for at in range(len(stone)):
                changed = stone[:at] + bytes([stone[at] ^ 1]) + stone[at + 1 :]
                assert not keys.vault.remembers(changed, "RESIDENT:1")
        assert not keys.vault.remembers(b"", "RESIDENT:1")
        index = keys.vault.index(IndexField.DOCUMENT, "RESIDENT:1")
        assert not any(index[:8] in stone for stone in stones), "it is made with the index's key"

    def test_request_keys_follow_from_the_business_and_say_nothing(
        self, keys: Keys, again: Keys
    ) -> None:
        """A request key is the same for ever for one fact, and another for another."""
        made = keys.vault.request_key("PAY|234567|1")
        assert made == again.vault.request_key("PAY|234567|1")
        assert made != keys.vault.request_key("PAY|234567|2")
        assert "234567" not in made.text

    def test_names_for_the_world_outside_come_back_and_cannot_be_guessed(
        self, keys: Keys, again: Keys
    ) -> None:
        """An outward name leads back to its id, in its own kind alone."""
        names = [keys.vault.outward("m", id_) for id_ in (1, 2, 1 << 62)]
        assert [again.vault.inward("m", name) for name in names] == [1, 2, 1 << 62]
        for wrong in (names[0][:-1], names[0] + "0", names[0].replace("m_", "c_"), "m_1", ""):
            with pytest.raises(NotFound, match="E-VALUE-003"):
                keys.vault.inward("m", wrong)

    def test_salts_are_all_different(self, keys: Keys) -> None:
        """Salts are 16 bytes and never twice the same."""
        salts = [keys.vault.salt(), *keys.vault.salts(1000)]
        assert {len(salt) for salt in salts} == {16}
        assert len(set(salts)) == len(salts)

    # --- keys that change -------------------------------------------------------------------

    @pytest.fixture
    def store(self, keys: Keys) -> KeyStore:
        """The store of keys that can be changed."""
        if keys.store is None:
            pytest.skip(
                "这个密钥库里的密钥不由本系统更换 · this store's keys are changed elsewhere"
            )
        return keys.store

    def test_a_new_key_seals_and_the_old_one_still_opens(
        self, keys: Keys, again: Keys, store: KeyStore
    ) -> None:
        """After a rotation new values get the new key, old ones open, in each process."""
        old = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        assert again.vault.open(_PLACE, old, salt=_SALT) == _PLAIN
        new_key = store.rotate(KeyUse.SEAL, at=_DAY).id
        keys.vault.refresh()
        new = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        assert keys.vault.sealing_key == keys.vault.key_of(new) == new_key
        assert keys.vault.key_of(old) != new_key
        for vault in (keys.vault, again.vault):
            assert vault.open(_PLACE, old, salt=_SALT) == _PLAIN
            assert vault.open(_PLACE, new, salt=_SALT) == _PLAIN

    def test_a_value_does_not_open_under_another_key_of_the_set(
        self, keys: Keys, store: KeyStore
    ) -> None:
        """What says it was sealed under another key than it was, does not open."""
        old = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        new_key = store.rotate(KeyUse.SEAL, at=_DAY).id
        with pytest.raises(StorageError, match="E-KEYS-002"):
            keys.vault.open(_PLACE, old[:1] + new_key.to_bytes(4) + old[5:], salt=_SALT)

    @pytest.mark.parametrize("field", [IndexField.DOCUMENT, IndexField.MOBILE])
    def test_an_index_is_looked_up_under_both_keys_while_it_rotates(
        self, keys: Keys, store: KeyStore, field: IndexField
    ) -> None:
        """While an index rotates there are two keys, oldest first, and each gives its own."""
        (old_key,) = keys.vault.index_keys(field)
        before = keys.vault.index(field, "x")
        new_key = store.rotate(KeyUse(field.value), at=_DAY).id
        keys.vault.refresh()
        assert list(keys.vault.index_keys(field)) == [old_key, new_key]
        assert keys.vault.index(field, "x", key=old_key) == before
        assert keys.vault.index(field, "x", key=new_key) == keys.vault.index(field, "x") != before
        assert keys.vault.index_many(field, ["x"], key=old_key) == [before]

    def test_shards_request_keys_and_names_never_change(self, keys: Keys, store: KeyStore) -> None:
        """Whatever is rotated, what stands outside stays what it was."""
        vault = keys.vault
        before = (vault.route("x"), vault.request_key("x"), vault.outward("m", 1), keys.signer.name)
        for use in KeyUse:
            if use in ROTATES:
                store.rotate(use, at=_DAY)
            else:
                with pytest.raises(Conflict, match="E-KEYS-009"):
                    store.rotate(use, at=_DAY)
        store.rewrap()
        vault.refresh()
        after = (vault.route("x"), vault.request_key("x"), vault.outward("m", 1), keys.signer.name)
        assert before == after

    def test_a_key_that_wraps_is_changed_without_touching_data(
        self, keys: Keys, store: KeyStore, tmp_path: Path
    ) -> None:
        """After a change of the wrapping key everything opens as before, also after a restart."""
        sealed = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        before = {each.id: each.wrapped for each in store.keyset().keys}
        store.rewrap()
        after = {each.id: each.wrapped for each in store.keyset().keys}
        assert before.keys() <= after.keys()
        assert not set(before.values()) & set(after.values())
        assert self.make_keys(tmp_path).vault.open(_PLACE, sealed, salt=_SALT) == _PLAIN

    def test_a_destroyed_key_opens_nothing_again(
        self, keys: Keys, store: KeyStore, tmp_path: Path
    ) -> None:
        """What was sealed under a destroyed key opens nowhere, and fails typed."""
        sealed = keys.vault.seal(_PLACE, _PLAIN, salt=_SALT)
        old_key = keys.vault.key_of(sealed)
        store.rotate(KeyUse.SEAL, at=_DAY)
        with pytest.raises(Conflict, match="E-KEYS-010"):
            store.change(old_key, KeyStatus.DESTROYED)
        store.change(old_key, KeyStatus.DISABLED)
        store.change(old_key, KeyStatus.DESTROYED)
        keys.vault.refresh()
        for vault in (keys.vault, self.make_keys(tmp_path).vault):
            with pytest.raises(KeysUnavailable, match="E-KEYS-001"):
                vault.open(_PLACE, sealed, salt=_SALT)

    def test_a_signature_holds_for_its_data_alone(self, keys: Keys, again: Keys) -> None:
        """A signature holds for its data and key alone; the signer's name is stable."""
        signature = keys.signer.sign(b"checkpoint")
        assert signed_by(again.signer.public, signature, b"checkpoint")
        assert not signed_by(again.signer.public, signature, b"checkpoinT")
        assert keys.signer.name == again.signer.name

    def test_no_key_is_in_a_repr(self, keys: Keys) -> None:
        """What prints of vault and signer holds no long run of bytes or hexadecimal digits."""
        for said in (repr(keys.vault), str(keys.vault), repr(keys.signer), str(keys.signer)):
            assert "\\x" not in said
            run = longest = 0
            for mark in said:
                run = run + 1 if mark in "0123456789abcdef" else 0
                longest = max(longest, run)
            assert longest < 24  # noqa: PLR2004 - 12 bytes of a key
