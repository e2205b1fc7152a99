"""Keys are made with their database, and neither is opened without the other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.speaking import say

from szunion import UnionSystem
from szunion.adapters.storage.sqlite.session import connect
from szunion.errors import ConfigError, KeysUnavailable, StorageError


def opened(database: str, *, keys: Path | None = None, create: bool = True) -> UnionSystem:
    return UnionSystem.open(database, city="shenzhen", keys=keys, create=create)


@pytest.fixture
def made(tmp_path: Path) -> str:
    database = f"sqlite:///{tmp_path}/union.db"
    opened(database).close()
    return database


@pytest.mark.parametrize("create", [True, False])
def test_a_database_without_its_keys_is_not_opened_under_new_ones(
    made: str, tmp_path: Path, *, create: bool
) -> None:
    keys = tmp_path / "union.keys"
    keys.rename(tmp_path / "elsewhere")
    with pytest.raises(KeysUnavailable) as caught:
        opened(made, create=create)
    assert caught.value.code == "E-KEYS-003"
    assert not keys.exists()
    opened(made, keys=tmp_path / "elsewhere").close()


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_a_file_of_somebody_elses_gets_no_keys(tmp_path: Path, content: bytes | None) -> None:
    file, keys = tmp_path / "host.db", tmp_path / "host.keys"
    if content is None:
        with closing(sqlite3.connect(file)) as host:
            host.execute("CREATE TABLE note (words TEXT)")
    else:
        file.write_bytes(content)
    if content == b"":  # an empty file is a place for a new one
        opened(f"sqlite:///{file}").close()
        assert keys.is_file()
        return
    with pytest.raises(StorageError) as caught:
        opened(f"sqlite:///{file}")
    assert caught.value.code == "E-STORE-009"
    assert not keys.exists()


def test_the_keys_of_another_database_are_refused(made: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    opened(other).close()
    found = say(
        [
            "--db",
            f"{tmp_path}/union.db",
            "--user",
            "wang",
            "org",
            "register",
            "440300",
            "市总",
            "--found",
        ]
    )
    assert found.status == 0
    assert say(["--db", f"{tmp_path}/union.db", "worker", "--once"]).status == 0
    with pytest.raises(KeysUnavailable) as caught:
        opened(made, keys=tmp_path / "other.keys")
    assert caught.value.code == "E-KEYS-023"
    opened(made).close()


def test_what_names_no_database_leaves_no_keys(tmp_path: Path) -> None:
    keys = tmp_path / "new.keys"
    for database, code in (("mysql://x", "E-CONFIG-002"), ("union.db", "E-CONFIG-002")):
        with pytest.raises(ConfigError) as caught:
            opened(database)
        assert caught.value.code == code
    with pytest.raises(StorageError) as refused:
        opened(f"sqlite:///{tmp_path}/no/such/union.db", keys=keys)
    assert refused.value.code == "E-STORE-009"
    assert not keys.exists()


def test_keys_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable) as caught:
        opened(f"sqlite:///{tmp_path}/union.db", keys=tmp_path / "no" / "union.keys")
    assert caught.value.code == "E-KEYS-024"
    assert not (tmp_path / "union.db").exists()


def test_init_names_the_keys_that_it_has_made(tmp_path: Path) -> None:
    settings = tmp_path / "szunion.toml"
    settings.write_text(
        f'[szunion]\ndatabase = "sqlite:///{tmp_path}/union.db"\nkeys = "{tmp_path}/apart.keys"\n',
        "utf-8",
    )
    told = say(["--config", str(settings), "--lang", "en", "db", "init"])
    assert told.status == 0
    assert f"keys {tmp_path}/apart.keys" in told.out


def test_init_goes_on_where_the_disk_was_full(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "union.db")):  # as it is left: a file with its first page
        pass
    words = ["--db", f"{tmp_path}/union.db", "--json", "db", "init"]
    assert [say(words).data["made"] for _ in range(2)] == [True, False]
    assert (tmp_path / "union.keys").is_file()
