"""The command line holds adapters to their promises, and builds the matrix from results."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.conformance.bugs import FloatMoney, RetryWithANewKey
from tests.conformance.plain import PlainPromises

from szunion import plugins
from szunion.adapters import builtin
from szunion.cli import main
from szunion.domain.bank_requests import OpenCards, SetCardUse
from szunion.errors import InvalidInput
from szunion.plugins import AdapterSpec, BankSpec, NoConfig, Registry, collect, hookimpl
from szunion.testing import SimulatedBank
from szunion.testing.bank import Tier, check_promises
from szunion.testing.bank.matrix import read_quality, scores, tier_of
from szunion.text import Text


class Hasty(PlainPromises):
    adapter = RetryWithANewKey


class Floating(PlainPromises):
    adapter = FloatMoney


class Strangers:
    """Adapters of other cities, one good and some not."""

    @hookimpl
    def szunion_adapters(self) -> Iterable[AdapterSpec]:
        for name, promises in {
            "good": f"{__name__}:PlainPromises",
            "hasty": f"{__name__}:Hasty",
            "floating": f"{__name__}:Floating",
            "silent": "",
            "gone": "no_such_module:Promises",
            "odd": f"{__name__}:Path",
        }.items():
            yield BankSpec(
                name=name, title=Text(name, name), config=NoConfig,
                make=lambda _config, clock: SimulatedBank(clock=clock), promises=promises,
            )  # fmt: skip


@pytest.fixture(autouse=True)
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = collect([builtin, Strangers()], installed=False)

    def only_these(*_: object, **__: object) -> Registry:
        return found

    for module in ("szunion.cli.adapter", "szunion.cli.adapter_kit"):
        monkeypatch.setattr(f"{module}.collect", only_these)


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["--lang", "en", *words])


def test_a_good_adapter_passes_and_its_laws_are_listed() -> None:
    result = call("--json", "adapter", "conform", "good", "--law", "one-key-does-the-work-once")
    assert result.exit_code == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert {line["verdict"] for line in lines} == {"kept"}
    assert {line["request"] for line in lines} >= {"OpenCards", "SetCardUse", "PayOut"}


def test_a_broken_law_is_told_with_its_story_and_how_to_see_it_again() -> None:
    law = "a_lost_answer_is_unknown_and_settled_by_asking"
    result = call("adapter", "conform", "hasty", "--law", law, "--seed", "11")
    assert result.exit_code == 1
    assert "应答丢失即未知" in result.stderr
    assert (
        "szunion adapter conform hasty --tier silver --seed 11 --law test_" + law in result.stderr
    )
    again = call("adapter", "conform", "hasty", "--law", f"test_{law}", "--seed", "11")
    assert again.stderr == result.stderr


def test_the_matrix_is_made_from_results() -> None:
    result = call("--json", "adapter", "matrix", "good", "floating")
    assert result.exit_code == 3
    lines = {line["request"]: line for line in map(json.loads, result.stdout.splitlines())}
    assert lines["OpenCards"]["required"] == "yes"
    assert lines["OpenCards"]["good"].startswith("yes ")
    assert lines["PayOut"]["good"].startswith("yes ")
    assert lines["notices"]["floating"].startswith("broken ")
    assert (lines["tier"]["good"], lines["tier"]["floating"]) == ("SILVER", None)


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("conform", "nobody"), "E-PLUGIN-001", 1),
        (("conform", "silent"), "E-PLUGIN-010", 1),
        (("conform", "gone"), "E-PLUGIN-010", 1),
        (("conform", "odd"), "E-PLUGIN-010", 1),
        (("conform", "good", "--law", "no_such_law"), "E-PLUGIN-011", 1),
    ],
)
def test_what_cannot_be_run_says_why(words: tuple[str, ...], code: str, status: int) -> None:
    result = call("adapter", *words)
    assert (result.exit_code, code in result.stderr) == (status, True), result.stderr


def test_an_adapter_says_what_it_is() -> None:
    result = call("--json", "adapter", "check", "good")
    assert result.exit_code == 0
    seen = json.loads(result.stdout)
    assert (seen["name"], seen["callbacks"]) == ("simulated", False)
    assert "OpenCards" in seen["accepts"]


def test_tiers_rise_with_what_is_kept(tmp_path: Path) -> None:
    names = ["test_one_key_does_the_work_once", "test_rare_characters_survive"]
    every = frozenset({OpenCards, SetCardUse})
    bronze = list(check_promises(PlainPromises, tmp_path / "b", only=names[:1]))
    silver = list(check_promises(PlainPromises, tmp_path / "s", only=names))
    assert tier_of(bronze, every) is Tier.BRONZE
    assert tier_of(silver, every) is Tier.SILVER
    assert tier_of(silver, frozenset({SetCardUse})) is None
    hasty = check_promises(
        Hasty, tmp_path / "h", only=["test_a_lost_answer_is_unknown_and_settled_by_asking"]
    )
    assert tier_of(hasty, every) is None
    assert sum(score.kept for score in scores(silver, every)) == len(
        [each for each in silver if each.verdict.value == "kept"]
    )


def test_platinum_is_gold_and_what_people_say(tmp_path: Path) -> None:
    file = tmp_path / "adapter-quality.toml"
    said = 'strict_types = "done"\nbank_environment = {exempt = "no test line"}\n'
    file.write_text(f'[platinum]\n{said}signing = "done"\nrunbook = "todo"\n', "utf-8")
    every = frozenset({OpenCards, SetCardUse})
    names = [
        "test_one_key_does_the_work_once",
        "test_rare_characters_survive",
        "test_a_long_storm_leaves_no_difference",
    ]
    outcomes = list(check_promises(PlainPromises, tmp_path, only=names[:2]))
    assert "runbook" not in read_quality(file)
    assert tier_of(outcomes, every, read_quality(file)) is Tier.SILVER
    file.write_text('[platinum]\nstrict_types = "perhaps"\n', "utf-8")
    with pytest.raises(InvalidInput, match="E-PLUGIN-012"):
        read_quality(file)


def test_the_door_for_adapters_has_the_field_for_promises() -> None:
    spec = plugins.collect([builtin], installed=False).bank("simulated")
    assert spec.promises == "szunion.testing.bank.references:SimulatedPromises"
