"""What an installation is told: the file, then the environment; a wrong setting stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from szunion.bootstrap import UnionSystem
from szunion.errors import ConfigError
from szunion.settings import Settings, load_settings
from szunion.text import Language

FILE = """
[szunion]
city = "shenzhen"
database = "sqlite:///of-the-file.db"
[szunion.bank]
settings = { seed = 3 }
[szunion.reader]
name = "simulated"
"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_a_file_every_setting_has_its_declared_default() -> None:
    assert load_settings() == Settings()


def test_a_system_opens_on_the_defaults_and_has_no_counter(tmp_path: Path) -> None:
    with UnionSystem.from_settings(load_settings()) as system:
        assert system.reader is None
    assert (tmp_path / "szunion.db").is_file()


def test_the_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("szunion.toml").write_text(FILE, "utf-8")
    monkeypatch.setenv("SZUNION_DATABASE", "sqlite:///of-the-environment.db")
    settings = load_settings()
    assert settings.database == "sqlite:///of-the-environment.db"
    assert settings.bank.settings == {"seed": 3}
    assert load_settings(database="sqlite:///told.db").database == "sqlite:///told.db"


def test_a_reader_that_is_named_is_there(tmp_path: Path) -> None:
    tmp_path.joinpath("szunion.toml").write_text(FILE, "utf-8")
    with UnionSystem.from_settings(load_settings()) as system:
        assert system.reader is not None


@pytest.mark.parametrize("line", ["cities = 'x'", "bank = { nane = 'x' }", "city = ["])
def test_a_setting_that_nobody_knows_stops_the_start(tmp_path: Path, line: str) -> None:
    tmp_path.joinpath("szunion.toml").write_text(f"[szunion]\n{line}\n", "utf-8")
    with pytest.raises(ConfigError, match="E-CONFIG-001"):
        load_settings()


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        ('[szunion]\ndatabse = "geheim"\n', "databse", "no such setting"),
        ('[szunion]\n[szunion.bank]\nnane = "geheim"\n', "bank.nane", "no such setting"),
        ('[szunion]\nlog = "geheim"\n', "值不对：log", "of the wrong kind: log"),
        ('[szunion.nodes]\nversion = "geheim"\n', "nodes.version", "of the wrong kind"),
        ('[szunion]\nkeys = "C:\\Users\\geheim"\n', "第 2 行", "line 2, column"),
        ("city = [", "没有写完", "ends too early"),
        ('[szunoin]\ncity = "geheim"\n', "没有 [szunion] 一节", "no section [szunion]"),
        ("\udcb2", "不是 UTF-8", "not UTF-8"),
    ],
)
def test_what_is_wrong_with_the_settings_is_named_without_its_value(
    tmp_path: Path, content: str, zh: str, en: str
) -> None:
    tmp_path.joinpath("szunion.toml").write_text(content, "utf-8", errors="surrogateescape")
    with pytest.raises(ConfigError) as found:
        load_settings()
    assert found.value.code == "E-CONFIG-001"
    assert zh in found.value.what()
    assert en in found.value.what(Language.EN)
    assert "geheim" not in str(found.value)


def test_a_settings_file_that_was_named_must_be_there(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, why in (
        ("none.toml", "no such file"), (".", "cannot be read"), ("union.ini", "end with .toml"),
    ):  # fmt: skip
        tmp_path.joinpath("union.ini").touch()
        with pytest.raises(ConfigError) as found:
            load_settings(str(tmp_path / name))
        assert why in found.value.what(Language.EN)
    assert capfd.readouterr().err == ""  # nobody else says it, too


def test_a_setting_that_an_adapter_does_not_know_stops_the_start(tmp_path: Path) -> None:
    text = FILE.replace("seed = 3", "sead = 3")
    tmp_path.joinpath("szunion.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="E-PLUGIN-004"):
        UnionSystem.from_settings(load_settings())


def test_an_address_that_is_not_understood_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="E-CONFIG-002") as found:
        UnionSystem.open("user=app dbname=city password=geheim", keys="x.keys")
    assert "geheim" not in str(found.value)
    with pytest.raises(ConfigError, match="mysql:"):
        UnionSystem.open("mysql://city", keys="x.keys")
