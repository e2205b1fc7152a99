"""The plug-in door: strangers and our own come in the same way, and what is wrong is named.

The distributions here are real ones as far as Python can tell: a package and its dist-info on the
path, found through their entry points.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.speaking import say

from szunion.bootstrap import UnionSystem
from szunion.errors import PluginError
from szunion.plugins import collect
from szunion.testing import SimClock

BANK = """
from attrs import frozen
from szunion.plugins import BankSpec, hookimpl
from szunion.testing import SimulatedBank
from szunion.text import Text


@frozen
class Config:
    seed: int = 7


@hookimpl
def szunion_adapters():
    yield BankSpec(
        name="{name}", title=Text("某银行", "some bank"), config=Config,
        make=lambda config, clock: SimulatedBank(seed=config.seed, clock=clock),
    )
"""
MISSPELT = """
from szunion.plugins import hookimpl


@hookimpl
def szunion_adaptors():
    yield from ()
"""
RAISES = """
from szunion.plugins import hookimpl


@hookimpl
def szunion_adapters():
    raise RuntimeError("no such folder")
"""
ODD = """
from szunion.plugins import hookimpl


@hookimpl
def szunion_adapters():
    yield "a word and no adapter"
"""

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what installs a distribution of one module: its name and its text."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def put(name: str, text: str) -> None:
        (site / f"{name}.py").write_text(text, "utf-8")
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[szunion]\n{name} = {name}\n")
        monkeypatch.delitem(sys.modules, name, raising=False)

    return put


def test_our_own_adapters_come_through_the_strangers_door() -> None:
    assert collect(installed=False).adapters == {}
    found = collect()
    assert {spec.distribution for spec in found.adapters.values()} >= {"szunion"}
    assert found.bank("simulated").distribution == "szunion"


def test_a_strangers_bank_is_found_named_and_opened(install: Install, tmp_path: Path) -> None:
    install("plug_good", BANK.format(name="good"))
    assert collect().sound().bank("good").distribution == "dist-plug_good"
    with UnionSystem.open(
        f"sqlite:///{tmp_path / 'u.db'}", bank="good", clock=SimClock("2017-11-23")
    ) as system:
        assert system.office.bank_info.name == "simulated"
    told = say(["--json", "adapter", "list"])
    assert told.status == 0
    assert {"good"} <= {row["name"] for row in told.rows}


def test_two_of_one_name_name_both_distributions(install: Install) -> None:
    install("plug_one", BANK.format(name="twice"))
    install("plug_two", BANK.format(name="twice"))
    with pytest.raises(PluginError, match="E-PLUGIN-002") as found:
        collect()
    assert "dist-plug_one" in found.value.what()
    assert "dist-plug_two" in found.value.what()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        (RAISES, "RuntimeError"),
        (ODD, "TypeError"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_reported_and_stops_no_look(
    install: Install, text: str, problem: str
) -> None:
    install("plug_broken", text)
    install("plug_good", BANK.format(name="good"))
    found = collect()
    (broken,) = found.broken
    assert (broken.name, broken.distribution, broken.problem) == (
        "plug_broken", "dist-plug_broken", problem,
    )  # fmt: skip
    assert found.bank("good").name == "good"
    with pytest.raises(PluginError, match="E-PLUGIN-003"):
        found.sound()
    told = say(["doctor"])
    assert told.status == 1
    assert "plug_broken" in told.out
    assert say(["adapter", "list"]).status == 1


def test_a_misspelt_hook_is_refused(install: Install) -> None:
    install("plug_misspelt", MISSPELT)
    with pytest.raises(PluginError, match="E-PLUGIN-005") as found:
        collect()
    assert "dist-plug_misspelt" in found.value.what()


def test_a_list_of_names_lets_only_those_in(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("plug_good", BANK.format(name="good"))
    install("plug_misspelt", MISSPELT)
    monkeypatch.setenv("SZUNION_LOAD_PLUGINS", "plug_good")
    found = collect(allow=frozenset({"plug_good"}))
    assert found.bank("good").name == "good"
    assert found.bank("simulated").name == "simulated", "our own are always there"
    with pytest.raises(PluginError, match="E-PLUGIN-001"):
        collect(allow=frozenset()).bank("good")
    assert say(["doctor"]).status == 0


def test_what_an_application_gives_comes_without_installing() -> None:
    class Own:
        pass

    assert collect([Own()], installed=False).adapters == {}
