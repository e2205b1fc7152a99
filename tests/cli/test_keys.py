"""Keys are changed on the command line, and nothing of them is ever shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.speaking import Said, say


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert say(["db", "init", "--db", "union.db"]).status == 0


def keys(*words: str) -> Said:
    said = say(["keys", *words, "--db", "union.db"])
    secrets = json.loads(Path("union.keys").read_text("ascii"))
    for secret in (secrets["kek"]["key"], *(each["wrapped"] for each in secrets["keys"])):
        if secret:
            assert secret not in said.out + said.err
    return said


def statuses() -> dict[int, tuple[str, str]]:
    rows = keys("status", "--json").rows
    return {row["key"]: (row["use"], row["status"]) for row in rows}


@pytest.mark.usefixtures("city")
def test_a_rotation_from_new_key_to_destroyed_key() -> None:
    new = keys("rotate", "seal", "--json").data
    assert new["use"] == "seal"
    assert keys("retire", str(new["key"])).code == "E-KEYS-010"
    assert keys("reseal").status == 0
    assert keys("retire", "1").status == 0
    refused = keys("destroy", "1")
    assert refused.status == 2
    assert "--yes" in refused.err
    assert keys("enable", "1").status == 0
    assert keys("destroy", "1", "--yes").code == "E-KEYS-010"
    assert keys("retire", "1").status == 0
    assert keys("destroy", "1", "--yes").status == 0
    assert statuses()[1] == ("seal", "DESTROYED")
    assert statuses()[new["key"]] == ("seal", "ENABLED")
    assert keys("retire", "99").code == "E-KEYS-008"


@pytest.mark.usefixtures("city")
def test_an_index_key_is_not_retired_before_its_rows_are_brought() -> None:
    new = keys("rotate", "document", "--json").data["key"]
    assert keys("retire", "2").code == "E-KEYS-014"
    said = keys("reseal", "--json")
    assert list(said.data["changed"]) == [f"index.document/{new}"]
    assert keys("retire", "2").status == 0
    assert keys("reseal", "--json").data == {"changed": {}}


@pytest.mark.usefixtures("city")
def test_tombstones_stay_under_their_key_and_no_reseal_is_advised() -> None:
    """What is advised is what works: nothing brings a tombstone under another key."""
    assert "keys reseal" in keys("rotate", "seal", "--lang", "en").out
    said = keys("rotate", "tombstone", "--lang", "en").out
    assert "reseal" not in said
    assert "stay under the old key" in said
    assert "reseal" not in keys("rotate", "tombstone", "--lang", "zh").out
    assert "tombstone" not in keys("reseal", "--lang", "en").out
    old = next(key for key, (use, _) in statuses().items() if use == "tombstone")
    gone = keys("retire", str(old), "--lang", "en").out
    assert f"szunion keys enable {old}" in gone
    assert keys("enable", str(old)).status == 0


@pytest.mark.usefixtures("city")
def test_the_key_that_wraps_the_others_is_changed() -> None:
    before = json.loads(Path("union.keys").read_text("ascii"))
    assert keys("rewrap").status == 0
    after = json.loads(Path("union.keys").read_text("ascii"))
    assert before["kek"] != after["kek"]
    assert keys("status", "--count").status == 0
    assert say(["audit", "verify", "--db", "union.db"]).status == 0


@pytest.mark.usefixtures("city")
def test_what_cannot_rotate_is_no_choice() -> None:
    assert keys("rotate", "route").status == 2


def test_a_city_with_chinese_algorithms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert say(["db", "init", "--crypto", "gm", "--db", "union.db"]).status == 0
    rows = keys("status", "--json").rows
    assert {row["suite"] for row in rows} == {"sm4-gcm", "hmac-sm3", "sm4", "ed25519"}
    monkeypatch.setenv("SZUNION_CRYPTO", "intl")
    assert keys("status").code == "E-KEYS-012"
    monkeypatch.setenv("SZUNION_CRYPTO", "rot13")
    assert keys("status").code == "E-KEYS-015"
