"""Keys are many and change while they are used; what each made is told apart by its number."""

from __future__ import annotations

import base64
import json
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from szunion.adapters.keys.file import FileKeys, signed_by
from szunion.domain.keyset import FIRST, ROTATES, KeyProfile, KeyStatus, KeyUse
from szunion.domain.values import SHARDS
from szunion.errors import ConfigError, Conflict, KeysUnavailable, NotFound, StorageError
from szunion.ports.keys import IndexField, Place

NOW = datetime(2018, 1, 1, tzinfo=UTC)
PLACE = Place("person", 7, 1)
SALT = bytes(range(16))
ROOT = bytes(range(32))


def first_form(folder: Path) -> Path:
    """Return a key file as the first release wrote it."""
    path = folder / "union.keys"
    root = base64.b64encode(ROOT).decode()
    path.write_text(json.dumps({"format": "szunion-keys/1", "root": root}), "ascii")
    path.chmod(0o600)
    return path


# What the first release made with that root; a nonce was 00…0b, the salt as above.
FIRST_SALTED = bytes.fromhex(
    "010001000102030405060708090a0b30570a4b43e232c5f2c2dc4b835cdb93281b68409afcb96159649c0931d8"
)
FIRST_PLAIN = bytes.fromhex(
    "010001000102030405060708090a0b1f7e65b98148b53b408f19b3d4f94a1da1092b05f3"
)
FIRST_INDEXES = {
    IndexField.DOCUMENT: "b4f1bc09cd489555a5b659248379ebce",
    IndexField.MOBILE: "ffdf5118f54d464afce35ef2aada2740",
    IndexField.CARD: "4681eaf42fdb31703a45eee035de40de",
    IndexField.ACCOUNT: "7169e11ac07ca5d6a6f2f71771ca837d",
    IndexField.GRANT: "8f9d6196ea8725904b3ad36478eed210",
}
FIRST_STONE = bytes.fromhex(
    "00000007000102030405060708090a0b0c0d0e0fe9d1522301721bcc6f4425fba91e1321"
)


@given(kind=st.sampled_from(["m", "offer", "provider"]), id_=st.integers(0, (SHARDS << 53) - 1))
def test_a_name_leads_back_to_its_thing_and_any_other_name_nowhere(kind: str, id_: int) -> None:
    vault = FileKeys(ROOT).vault()
    name = vault.outward(kind, id_)
    assert vault.inward(kind, name) == id_
    tail = name.partition("_")[2]
    wrong = [name[:-1], name + "a", f"{kind}_", tail, kind, "", f"x_{tail}"]
    wrong += [f"{kind}_{'a' if tail[0] != 'a' else 'b'}{tail[1:]}", f"{kind}_{tail}{tail}"]
    wrong += [vault.outward("other", id_).replace("other", kind)]
    for each in wrong:
        with pytest.raises(NotFound, match="E-VALUE-003"):
            vault.inward(kind, each)
    with pytest.raises(NotFound, match="E-VALUE-003"):
        vault.inward(kind, vault.outward(kind, id_ + (SHARDS << 53)))


def check_first(store: FileKeys) -> None:
    """Check that all the first release made with the root is understood, and made again."""
    vault, signer = store.vault(), store.signer("szunion/test")
    assert vault.open(PLACE, FIRST_SALTED, salt=SALT) == b"sealed in 2017"
    assert vault.open(Place("card", 7, 1, "token_sealed"), FIRST_PLAIN) == b"token"
    first = {name: vault.index_keys(name)[0] for name in IndexField}
    made = {name: vault.index(name, "13900000001", key=first[name]).hex() for name in IndexField}
    assert made == FIRST_INDEXES
    assert vault.route("440301199003071230") == 774
    assert vault.request_key("PAY|42|1").text == "RIOL3KPJY6GPVMO4VENEV7HZ3N"
    assert vault.outward("m", 1) == "m_uydf6htpshg7jiw2sdciheicc4"
    assert vault.inward("m", "m_uydf6htpshg7jiw2sdciheicc4") == 1
    assert vault.remembers(FIRST_STONE, "RESIDENT:1")
    assert signer.name == "szunion/test+ee258bb7"
    assert signed_by(signer.public, signer.sign(b"x"), b"x")


def test_a_key_file_of_the_first_release_opens_all_that_was_made_with_it(tmp_path: Path) -> None:
    path = first_form(tmp_path)
    before = path.read_bytes()
    check_first(FileKeys.open(path))
    check_first(FileKeys(ROOT))
    assert path.read_bytes() == before, "reading a key file changed it"


def test_a_first_change_leaves_the_first_format_and_its_root(tmp_path: Path) -> None:
    path = first_form(tmp_path)
    store = FileKeys.open(path)
    store.signer("szunion/test")
    new = store.rotate(KeyUse.SEAL, at=NOW)
    for again in (store, FileKeys.open(path)):
        check_first(again)
        assert again.vault().key_of(again.vault().seal(PLACE, b"new")) == new.id
    text = path.read_text("ascii")
    assert base64.b64encode(ROOT).decode() not in text
    # A destroyed key does not follow from anything that is left: every other is wrapped anew.
    store.change(1, KeyStatus.DISABLED)
    store.change(1, KeyStatus.DESTROYED)
    with pytest.raises(KeysUnavailable, match="E-KEYS-001"):
        FileKeys.open(path).vault().open(PLACE, FIRST_SALTED, salt=SALT)


def test_a_key_file_is_for_its_owner_alone_also_after_it_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    store = FileKeys.open(path)
    store.rotate(KeyUse.SEAL, at=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["union.keys"]
    path.chmod(0o640)
    with pytest.raises(KeysUnavailable, match="E-KEYS-004"):
        FileKeys.open(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": "szunion-keys/9"}',
     '{"format": "szunion-keys/1", "root": "AA=="}', '{"format": "szunion-keys/2", "keys": [{}]}'],
)  # fmt: skip
def test_what_is_no_key_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "union.keys"
    path.write_text(text, "ascii")
    path.chmod(0o600)
    with pytest.raises(KeysUnavailable, match="E-KEYS-003"):
        FileKeys.open(path)


def test_a_wrapped_key_is_bound_to_its_number_and_its_use(tmp_path: Path) -> None:
    """Whoever can write the file cannot make one key pass for another."""
    path = tmp_path / "union.keys"
    FileKeys.open(path)
    told = json.loads(path.read_text("ascii"))
    for one in range(len(told["keys"])):
        other = (one + 1) % len(told["keys"])
        changed = json.loads(path.read_text("ascii"))
        changed["keys"][one]["wrapped"] = told["keys"][other]["wrapped"]
        beside = tmp_path / f"changed-{one}.keys"
        beside.write_text(json.dumps(changed), "ascii")
        beside.chmod(0o600)
        with pytest.raises(KeysUnavailable, match="E-KEYS-011"):
            FileKeys.open(beside).vault().seal(PLACE, b"x")


@pytest.mark.parametrize("use", [use for use in KeyUse if use in ROTATES])
def test_a_new_key_is_taken_up_by_processes_that_run(tmp_path: Path, use: KeyUse) -> None:
    path = tmp_path / "union.keys"
    here, there = FileKeys.open(path), FileKeys.open(path)
    vault = there.vault()
    vault.seal(PLACE, b"x")
    assert not vault.refresh()
    new = here.rotate(use, at=NOW)
    assert vault.refresh()
    assert not vault.refresh()
    if use is KeyUse.SEAL:
        assert vault.key_of(vault.seal(PLACE, b"x")) == new.id
    elif use is KeyUse.TOMBSTONE:
        assert int.from_bytes(vault.tombstone("x")[:4]) == new.id
    else:
        assert vault.index_keys(IndexField(use.value)) == [FIRST[use], new.id]


def test_what_a_process_does_not_know_yet_it_looks_up(tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    here, there = FileKeys.open(path), FileKeys.open(path).vault()
    assert there.open(PLACE, here.vault().seal(PLACE, b"x")) == b"x"
    new = here.rotate(KeyUse.SEAL, at=NOW)
    sealed = here.vault().seal(PLACE, b"y")
    assert there.key_of(sealed) == new.id
    assert there.open(PLACE, sealed) == b"y"
    document = here.rotate(KeyUse.DOCUMENT, at=NOW)
    assert there.index(IndexField.DOCUMENT, "z", key=document.id) == here.vault().index(
        IndexField.DOCUMENT, "z"
    )


def test_a_key_set_that_cannot_be_read_leaves_a_running_process_with_what_it_has(
    tmp_path: Path,
) -> None:
    path = tmp_path / "union.keys"
    vault = FileKeys.open(path).vault()
    sealed = vault.seal(PLACE, b"x")
    for damage in (lambda: path.write_text("{"), path.unlink):
        damage()
        assert not vault.refresh()
        assert vault.open(PLACE, sealed) == b"x"
        with pytest.raises(KeysUnavailable, match="E-KEYS-001"):
            vault.open(PLACE, sealed[:1] + (99).to_bytes(4) + sealed[5:])


def test_a_destroyed_key_opens_nothing_in_any_process(tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    store, running = FileKeys.open(path), FileKeys.open(path).vault()
    sealed = running.seal(PLACE, b"x")
    store.rotate(KeyUse.SEAL, at=NOW)
    store.change(1, KeyStatus.DISABLED)
    running.refresh()
    assert running.open(PLACE, sealed) == b"x", "a look that had begun before was cut off"
    with pytest.raises(KeysUnavailable, match="E-KEYS-001"):
        FileKeys.open(path).vault().open(PLACE, sealed)
    store.change(1, KeyStatus.DESTROYED)
    running.refresh()
    for vault in (running, store.vault(), FileKeys.open(path).vault()):
        with pytest.raises(KeysUnavailable, match="E-KEYS-001"):
            vault.open(PLACE, sealed)
    entry = FileKeys.open(path).keyset().entry(1)
    assert (entry.status, entry.wrapped) == (KeyStatus.DESTROYED, b"")


def test_a_look_that_began_before_finds_under_the_old_index_key(tmp_path: Path) -> None:
    """Its snapshot holds the rows as they were, and its keys may be read anew in the middle."""
    path = tmp_path / "union.keys"
    store, running = FileKeys.open(path), FileKeys.open(path).vault()
    running.seal(PLACE, b"x")
    (old,) = running.index_keys(IndexField.MOBILE)
    new = [store.rotate(use, at=NOW).id for use in (KeyUse.SEAL, KeyUse.MOBILE)][-1]
    store.change(1, KeyStatus.DISABLED)
    store.change(old, KeyStatus.DISABLED)
    running.refresh()
    assert running.index_keys(IndexField.MOBILE) == [old, new]
    assert FileKeys.open(path).vault().index_keys(IndexField.MOBILE) == [new]
    store.change(old, KeyStatus.DESTROYED)
    running.refresh()
    assert running.index_keys(IndexField.MOBILE) == [new]


def test_a_disabled_key_can_be_enabled_again(tmp_path: Path) -> None:
    store = FileKeys.open(tmp_path / "union.keys")
    sealed = store.vault().seal(PLACE, b"x")
    store.rotate(KeyUse.SEAL, at=NOW)
    store.change(1, KeyStatus.DISABLED)
    store.change(1, KeyStatus.ENABLED)
    assert FileKeys.open(tmp_path / "union.keys").vault().open(PLACE, sealed) == b"x"


def test_a_tombstone_says_nothing_once_its_key_is_destroyed() -> None:
    store = FileKeys(ROOT)
    stone = store.vault().tombstone("RESIDENT:1")
    store.rotate(KeyUse.TOMBSTONE, at=NOW)
    assert store.vault().remembers(stone, "RESIDENT:1")
    store.change(FIRST[KeyUse.TOMBSTONE], KeyStatus.DISABLED)
    assert not store.vault().remembers(stone, "RESIDENT:1")


@pytest.mark.parametrize("status", KeyStatus)
def test_the_primary_stays_as_it_is(status: KeyStatus) -> None:
    store = FileKeys(ROOT)
    with pytest.raises(Conflict, match="E-KEYS-010"):
        store.change(1, status)


def test_only_what_is_disabled_is_destroyed_and_only_once() -> None:
    store = FileKeys(ROOT)
    store.rotate(KeyUse.SEAL, at=NOW)
    with pytest.raises(Conflict, match="E-KEYS-010"):
        store.change(1, KeyStatus.DESTROYED)
    store.change(1, KeyStatus.DISABLED)
    store.change(1, KeyStatus.DESTROYED)
    for status in KeyStatus:
        with pytest.raises(Conflict, match="E-KEYS-010"):
            store.change(1, status)
    with pytest.raises(NotFound, match="E-KEYS-008"):
        store.change(99, KeyStatus.DISABLED)


@pytest.mark.parametrize("use", [use for use in KeyUse if use not in ROTATES])
def test_what_cannot_be_made_anew_does_not_rotate(use: KeyUse) -> None:
    store = FileKeys(ROOT)
    with pytest.raises(Conflict, match="E-KEYS-009"):
        store.rotate(use, at=NOW)
    with pytest.raises(Conflict, match="E-KEYS-010"):
        store.change(FIRST[use], KeyStatus.DISABLED)


def test_every_key_is_wrapped_anew_and_makes_what_it_made(tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    store = FileKeys.open(path)
    store.rotate(KeyUse.SEAL, at=NOW)
    vault = store.vault()
    sealed, index = vault.seal(PLACE, b"x"), vault.index(IndexField.DOCUMENT, "x")
    name = store.signer("t").name
    before = store.keyset()
    kek = json.loads(path.read_text("ascii"))["kek"]
    store.rewrap()
    assert json.loads(path.read_text("ascii"))["kek"] != kek
    again = FileKeys.open(path)
    assert again.vault().open(PLACE, sealed) == b"x"
    assert again.vault().index(IndexField.DOCUMENT, "x") == index
    assert again.signer("t").name == name
    assert not {each.wrapped for each in before.keys} & {
        each.wrapped for each in again.keyset().keys
    }


def test_two_who_change_the_keys_at_once_both_do(tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    FileKeys.open(path)
    barrier = threading.Barrier(8)

    def rotate() -> None:
        store = FileKeys.open(path)
        barrier.wait()
        store.rotate(KeyUse.SEAL, at=NOW)

    workers = [threading.Thread(target=rotate) for _ in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    keyset = FileKeys.open(path).keyset()
    assert len(keyset.of(KeyUse.SEAL)) == 9
    assert len({each.id for each in keyset.keys}) == len(keyset.keys)


# --- algorithms -----------------------------------------------------------------------------


def test_a_city_chooses_its_algorithms_once(tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    made = FileKeys.open(path, profile=KeyProfile.GM)
    sealed = made.vault().seal(PLACE, b"x", salt=SALT)
    assert sealed[0] == 3
    assert FileKeys.open(path).vault().open(PLACE, sealed, salt=SALT) == b"x"
    assert {each.suite for each in made.keyset().keys} == {"sm4-gcm", "hmac-sm3", "sm4", "ed25519"}
    with pytest.raises(ConfigError, match="E-KEYS-012"):
        FileKeys.open(path, profile=KeyProfile.INTL)


def test_algorithms_change_by_rotation_and_both_are_read(tmp_path: Path) -> None:
    store = FileKeys.open(tmp_path / "union.keys")
    old = store.vault().seal(PLACE, b"old", salt=SALT)
    (first,) = store.vault().seal_many("person", [1], [SALT], [b"old"])
    store.rotate(KeyUse.SEAL, at=NOW, profile=KeyProfile.GM)
    vault = FileKeys.open(tmp_path / "union.keys", profile=KeyProfile.GM).vault()
    new = vault.seal(PLACE, b"new", salt=SALT)
    assert [old[0], new[0]] == [2, 3]
    assert [vault.open(PLACE, each, salt=SALT) for each in (old, new)] == [b"old", b"new"]
    (last,) = vault.seal_many("person", [1], [SALT], [b"new"])
    both = vault.open_many("person", [(1, each, SALT) for each in (first, last)])
    assert both == [b"old", b"new"]
    # A value that says it is of the other suite is opened by neither.
    for sealed, other in ((old, 3), (new, 2), (old, 1), (new, 1)):
        with pytest.raises((StorageError, KeysUnavailable), match="E-KEYS"):
            vault.open(PLACE, bytes([other]) + sealed[1:], salt=SALT)


def test_a_value_is_bound_to_its_column(tmp_path: Path) -> None:
    vault = FileKeys.open(tmp_path / "union.keys").vault()
    sealed = vault.seal(PLACE, b"x", salt=SALT)
    with pytest.raises(StorageError, match="E-KEYS-002"):
        vault.open(evolve(PLACE, column="other"), sealed, salt=SALT)
    (many,) = vault.seal_many("person", [7 << 53 | 1], [SALT], [b"x"], column="other")
    assert vault.open(Place("person", 7, 7 << 53 | 1, "other"), many, salt=SALT) == b"x"


def test_the_schema_knows_the_first_keys_of_the_two_indexes() -> None:
    assert (FIRST[KeyUse.DOCUMENT], FIRST[KeyUse.MOBILE]) == (2, 3)
