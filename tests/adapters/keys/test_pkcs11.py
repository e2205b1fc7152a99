"""The wrapping key stays in its token: a real SoftHSM, its PIN, and what happens without it."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve
from tests.adapters.keys.softhsm import LABEL, PIN, SoftToken, soft_token
from tests.cli.speaking import say
from tests.offices import applicant, officer, town_on

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.keys.pkcs11 import Pkcs11Config, TokenKeys, pin_source, token_keys
from szunion.application.membership import Memberships
from szunion.application.organisations import NewUnion, Organisations
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.keyset import KeyProfile, KeyUse
from szunion.domain.organisations import OrganisationKind
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import ConfigError, KeysUnavailable
from szunion.ports.keys import Place
from szunion.testing.clock import SimClock
from szunion.testing.keys import Keys, KeysPromises

pytestmark = pytest.mark.softhsm

NOW = datetime(2018, 1, 1, tzinfo=UTC)
PLACE, SALT = Place("person", 7, 1), bytes(range(16))


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return soft_token(tmp_path, monkeypatch)


class TestTokenKeys(KeysPromises):
    """The kit's promises, with the wrapping key in the token."""

    @pytest.fixture(autouse=True)
    def _token(self, token: SoftToken) -> None:
        self.token = token

    def make_keys(self, folder: Path) -> Keys:
        store = TokenKeys.open_with(folder / "union.keys", self.token.kek())
        return Keys(store.vault(), store.signer("szunion/test"), store)


def test_nothing_that_opens_the_data_is_in_the_file(token: SoftToken, tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    store = TokenKeys.open_with(path, token.kek())
    store.vault().seal(PLACE, b"x")
    assert store._known, "the test looks for nothing"
    text = path.read_text("ascii")
    for material in store._known.values():
        assert base64.b64encode(material).decode() not in text
        assert material.hex() not in text
    assert json.loads(text)["kek"] == {"kind": "pkcs11", "token": LABEL, "key": "szunion-kek"}


def test_the_key_cannot_be_read_out_of_the_token(token: SoftToken) -> None:
    import pkcs11

    kek = token.kek().made()
    with kek.token.session() as session:
        key = kek._key(session)
        with pytest.raises(pkcs11.PKCS11Error):
            _ = key[pkcs11.Attribute.VALUE]


def test_a_wrapped_key_is_bound_to_what_it_is_for(token: SoftToken) -> None:
    kek = token.kek().made()
    wrapped = kek.wrap(bytes(32), b"1|seal")
    assert kek.unwrap(wrapped, b"1|seal") == bytes(32)
    for other, bound in ((wrapped, b"2|seal"), (wrapped[:-1] + b"\0", b"1|seal")):
        with pytest.raises(KeysUnavailable, match="E-KEYS-011"):
            kek.unwrap(other, bound)


def test_without_the_token_who_runs_goes_on_and_who_starts_waits_for_it(
    token: SoftToken, tmp_path: Path
) -> None:
    path = tmp_path / "union.keys"
    running = TokenKeys.open_with(path, token.kek()).vault()
    sealed = running.seal(PLACE, b"x", salt=SALT)
    token.pull()
    assert running.open(PLACE, sealed, salt=SALT) == b"x"
    started = TokenKeys.open_with(path, token.kek())
    vault, signer = started.vault(), started.signer("t")
    for _ in range(2):
        for needs in (
            lambda: vault.open(PLACE, sealed, salt=SALT), lambda: vault.seal(PLACE, b"y"),
            lambda: vault.request_key("x"), lambda: signer.sign(b"x"),
            lambda: started.rotate(KeyUse.SEAL, at=NOW), started.rewrap,
        ):  # fmt: skip
            with pytest.raises(KeysUnavailable, match="E-KEYS-016"):
                needs()
    token.put_back()
    assert vault.open(PLACE, sealed, salt=SALT) == b"x", "it did not find the token again"
    assert started.rotate(KeyUse.SEAL, at=NOW).use is KeyUse.SEAL


def test_a_wrong_pin_is_said_once_and_never_again(token: SoftToken, tmp_path: Path) -> None:
    """A real token counts wrong PINs and locks: a service that tries again locks it in seconds."""
    path = tmp_path / "union.keys"
    TokenKeys.open_with(path, token.kek()).vault().seal(PLACE, b"x")
    token.pin_file.write_text("pin-wrong", "ascii")
    store = TokenKeys.open_with(path, token.kek())
    with pytest.raises(KeysUnavailable, match="E-KEYS-017") as refused:
        store.vault().seal(PLACE, b"x")
    assert "pin-wrong" not in str(refused.value)
    token.pin_file.write_text(PIN, "ascii")
    with pytest.raises(KeysUnavailable, match="E-KEYS-017"):
        store.vault().seal(PLACE, b"x")
    TokenKeys.open_with(path, token.kek()).vault().seal(PLACE, b"x")


def test_another_token_or_key_is_told_apart(token: SoftToken, tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    TokenKeys.open_with(path, token.kek())
    with pytest.raises(KeysUnavailable, match="E-KEYS-018"):
        TokenKeys.open_with(path, token.kek(token="another"))
    told = json.loads(path.read_text("ascii"))
    told["kek"]["key"] = "gone"
    path.write_text(json.dumps(told), "ascii")
    with pytest.raises(KeysUnavailable, match="E-KEYS-018"):
        TokenKeys.open_with(path, token.kek()).vault().seal(PLACE, b"x")
    token.kek(key="gone").made()
    with pytest.raises(KeysUnavailable, match="E-KEYS-011"):
        TokenKeys.open_with(path, token.kek()).vault().seal(PLACE, b"x")


@pytest.mark.parametrize("form", [1, 2])
def test_keys_move_from_their_file_into_the_token(
    token: SoftToken, tmp_path: Path, form: int
) -> None:
    path = tmp_path / "union.keys"
    if form == 1:
        root = base64.b64encode(bytes(range(32))).decode()
        path.write_text(json.dumps({"format": "szunion-keys/1", "root": root}), "ascii")
        path.chmod(0o600)
    before = FileKeys.open(path)
    sealed, name = before.vault().seal(PLACE, b"x", salt=SALT), before.signer("t").name
    store = TokenKeys.open_with(path, token.kek())
    assert store.signer("t").name == name
    store.rewrap()
    assert json.loads(path.read_text("ascii"))["kek"]["kind"] == "pkcs11"
    again = TokenKeys.open_with(path, token.kek())
    assert again.vault().open(PLACE, sealed, salt=SALT) == b"x"
    assert again.signer("t").name == name
    with pytest.raises(KeysUnavailable, match="E-KEYS-019"):
        FileKeys.open(path)


def test_the_key_in_the_token_is_changed_for_a_new_one(token: SoftToken, tmp_path: Path) -> None:
    path = tmp_path / "union.keys"
    store = TokenKeys.open_with(path, token.kek())
    sealed = store.vault().seal(PLACE, b"x")
    for wanted in ("szunion-kek-2", "szunion-kek-3"):
        store.rewrap()
        assert json.loads(path.read_text("ascii"))["kek"]["key"] == wanted
        assert TokenKeys.open_with(path, token.kek()).vault().open(PLACE, sealed) == b"x"


def test_chinese_algorithms_seal_under_a_key_in_the_token(token: SoftToken, tmp_path: Path) -> None:
    store = TokenKeys.open_with(tmp_path / "union.keys", token.kek(), profile=KeyProfile.GM)
    assert store.vault().seal(PLACE, b"x")[0] == 3
    with pytest.raises(ConfigError, match="E-KEYS-012"):
        TokenKeys.open_with(tmp_path / "union.keys", token.kek(), profile=KeyProfile.INTL)


# --- the PIN --------------------------------------------------------------------------------


def test_a_pin_comes_from_exactly_one_place(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = evolve(token.config, file=str(tmp_path / "union.keys"))
    for wrong in (evolve(config, pin_file=""), evolve(config, pin_env="SZUNION_TEST_PIN")):
        with pytest.raises(ConfigError, match="E-KEYS-020"):
            token_keys(wrong, SimClock())
    environment = evolve(config, pin_file="", pin_env="SZUNION_TEST_PIN")
    with pytest.raises(KeysUnavailable, match="E-KEYS-021"):
        token_keys(environment, SimClock())
    monkeypatch.setenv("SZUNION_TEST_PIN", PIN)
    token_keys(environment, SimClock()).vault().seal(PLACE, b"x")


def test_a_pin_that_others_can_read_is_refused(token: SoftToken) -> None:
    token.pin_file.chmod(0o644)
    with pytest.raises(KeysUnavailable, match="E-KEYS-004"):
        pin_source(token.config)()
    token.pin_file.unlink()
    with pytest.raises(KeysUnavailable, match="E-KEYS-003"):
        pin_source(token.config)()


def test_the_pin_is_neither_printed_nor_on_any_command_line(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = token.config
    settings = (
        '[szunion]\ndatabase = "sqlite:///union.db"\n[szunion.key_store]\nname = "pkcs11"\n'
        f'[szunion.key_store.settings]\nmodule = "{config.module}"\ntoken = "{config.token}"\n'
        f'pin_file = "{config.pin_file}"\n'
    )
    Path("szunion.toml").write_text(settings, "utf-8")
    said = [
        say(words) for words in (
            ["db", "init"], ["keys", "status"], ["keys", "rotate", "seal"], ["config", "show"],
            ["keys", "reseal"], ["keys", "rewrap"], ["audit", "verify"],
        )
    ]  # fmt: skip
    assert [each.status for each in said] == [0] * len(said), [each.err for each in said]
    token.pull()
    refused = say(["keys", "rewrap"])
    assert refused.code == "E-KEYS-016"
    assert say(["worker", "--once"]).code == "E-KEYS-016", "what waits for keys was called done"
    token.put_back()
    for each in (*said, refused):
        assert PIN not in each.out + each.err
    for file in tmp_path.iterdir():
        if file.is_file():
            assert PIN.encode() not in file.read_bytes(), file.name
    assert PIN not in repr(token.kek()) + repr(
        token_keys(evolve(config, file="union.keys"), SimClock())
    )
    assert PIN.encode() not in Path(f"/proc/{os.getpid()}/cmdline").read_bytes()


# --- a real office without its keys ---------------------------------------------------------


def office(token: SoftToken, folder: Path, clock: SimClock) -> UnionSystem:
    config: Pkcs11Config = token.config
    told = {"module": config.module, "token": config.token, "pin_file": config.pin_file}
    return UnionSystem.open(
        f"sqlite:///{folder / 'union.db'}", clock=clock, key_store="pkcs11",
        settings={"keys": told},
    )  # fmt: skip


def test_an_office_without_its_keys_serves_what_needs_none(
    token: SoftToken, tmp_path: Path
) -> None:
    """What is sealed fails typed, never plain; all the rest goes on, and all once they are back."""
    clock = SimClock()
    with office(token, tmp_path, clock) as system:
        town = town_on(system.office)
        person = town.admit(0, applicant(1))
    token.pull()
    with office(token, tmp_path, clock) as system:
        city = officer("city-1", Role.CITY)
        desk = Organisations(system.office, city)
        assert desk.find("440304-001") is not None
        new = NewUnion(
            code="440304-009", name="甲九工会", kind=OrganisationKind.GRASSROOTS,
            parent_code="440304",
        )  # fmt: skip
        (made,) = desk.register_many([new], document="深工发〔2018〕1号")
        assert desk.find("440304-009") == made
        members = system.desk(Principal(id="c", role=Role.CITY, purpose=Purpose.SERVE)).members
        with pytest.raises(KeysUnavailable, match="E-KEYS-016"):
            members.get(person)
        with pytest.raises(KeysUnavailable, match="E-KEYS-016"):
            members.find(applicant(1).document.number.plain())
        with pytest.raises(KeysUnavailable, match="E-KEYS-016"):
            admitted(system, made.id)
        waits: list[str] = []
        worker = evolve(system.worker(), without_keys=lambda error: waits.append(error.code))
        worker.run_until_idle()
        assert set(waits) == {"E-KEYS-016"}, "what waits for its keys was not told"
        system.run_until_idle()
        token.put_back()
        assert members.get(person).id == person
        assert admitted(system, made.id) > 0
        system.run_until_idle()


def admitted(system: UnionSystem, union: OrganisationId) -> PersonId:
    desk = Memberships(system.office, officer("city-1", Role.CITY))
    return desk.apply(applicant(2), union).person
