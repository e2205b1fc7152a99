"""The demo: the main job runs, nothing happens twice, and the same seed gives the same bytes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests import canaries

from szunion.cli.demo import _clear
from szunion.testing.demo import SIGN

PROGRAM = Path(sys.executable).with_name("szunion")
BAD_SHARE = (0.02, 0.04)


def run(folder: Path, *words: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words],
        cwd=folder, env={**os.environ, "PYTHONHASHSEED": seed, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    told = run(folder, "demo")
    assert told.returncode == 0, told.stdout + told.stderr
    return folder, told.stdout


@pytest.fixture(scope="module")
def facts(lived: tuple[Path, str]) -> Any:
    return json.loads((lived[0] / "szunion-demo" / "facts.json").read_text("utf-8"))


def test_the_funnel_and_the_way_to_the_report_are_shown(lived: tuple[Path, str]) -> None:
    folder, out = lived
    for word in ("采集", "银行实名核验", "制卡", "面签激活", "重复发卡 0 · 重复付款 0",
                 "未解释的对账差异 0", "差额 0.00 元", "szunion-demo/report.html"):  # fmt: skip
        assert word in out, word
    page = (folder / "szunion-demo" / "report.html").read_text("utf-8")
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


def test_about_1200_members_of_several_unions_with_bad_rows(facts: Any) -> None:
    assert facts["funnel"][0]["people"] == sum(each["rows"] for each in facts["files"])
    assert 1_200 <= facts["funnel"][0]["people"] <= 1_300
    assert len(facts["files"]) >= 4
    accepted = sum(each["accepted"] for each in facts["files"])
    share = 1 - accepted / facts["funnel"][0]["people"]
    assert BAD_SHARE[0] < share < BAD_SHARE[1]
    steps = [each["people"] for each in facts["funnel"]]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] > 1_000


def test_the_line_was_bad_and_nothing_happened_twice(facts: Any) -> None:
    assert sum(count for _, count in facts["faults"]) > 20
    wrong = ("issued_twice", "paid_twice", "differences", "bank_laws_broken")
    assert {name: facts[name] for name in wrong} == dict.fromkeys(wrong, 0)
    money = facts["money"]
    assert money["ours"] == money["bank"] == money["households"] * 300_000 > 0
    assert money["returned"] >= 1


def test_the_same_seed_gives_the_same_bytes(lived: tuple[Path, str], tmp_path: Path) -> None:
    assert run(tmp_path, "demo", seed="1").returncode == 0
    for name in ("report.html", "facts.json", "bank.jsonl"):
        first = (lived[0] / "szunion-demo" / name).read_bytes()
        assert (tmp_path / "szunion-demo" / name).read_bytes() == first, name


def test_what_it_leaves_can_be_looked_into(lived: tuple[Path, str]) -> None:
    folder, _ = lived
    settings = ("--config", "szunion-demo/szunion.toml")
    for words in (("org", "list"), ("member", "list"), ("recon", "show"), ("audit", "verify"),
                  ("pay", "show"), ("outbox", "list", "--stuck"), ("doctor",)):  # fmt: skip
        told = run(folder, *settings, *words)
        assert told.returncode == 0, told.stdout + told.stderr
    assert canaries.found_in((folder / "szunion-demo" / "union.db").read_bytes()) == set()


def test_the_command_that_it_names_runs_as_it_stands_there(lived: tuple[Path, str]) -> None:
    folder, out = lived
    found = re.search(r"查看：(.+ member list .+)", out)
    assert found is not None
    looked = subprocess.run(
        ["sh", "-c", found[1]],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert looked.returncode == 0, looked.stderr
    assert "m_" in looked.stdout


@pytest.mark.parametrize("mine", ["mine.txt", "rosters/mine.xlsx"])
def test_a_demo_is_not_written_over_what_is_not_its_own(mine: str, tmp_path: Path) -> None:
    demo = tmp_path / "szunion-demo"
    (demo / "rosters").mkdir(parents=True)
    (demo / "szunion.toml").write_text(SIGN, "utf-8")
    (demo / "report.html").write_text("", "utf-8")
    assert "E-CLI-004" in run(tmp_path, "demo").stderr
    (demo / mine).write_text("work", "utf-8")
    told = run(tmp_path, "demo", "--force")
    assert told.returncode == 5
    assert mine in told.stderr
    assert (demo / mine).read_text("utf-8") == "work"


def test_a_unions_own_folder_is_no_demos_whatever_its_files_are_called(tmp_path: Path) -> None:
    (tmp_path / "szunion.toml").write_text('[szunion]\ndatabase = "sqlite:///union.db"\n', "utf-8")
    assert run(tmp_path, "db", "init").returncode == 0
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert {"union.db", "union.keys"} <= before.keys()
    told = run(tmp_path, "demo", "--force", "--out", ".")
    assert (told.returncode, "E-CLI-009" in told.stderr) == (5, True)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_demos_folder_is_emptied_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    (folder / "rosters").mkdir(parents=True)
    folder.chmod(0o700)
    (folder / "szunion.toml").write_text(SIGN, "utf-8")
    (tmp_path / "way").symlink_to(folder)
    before = folder.stat()
    _clear(tmp_path / "way", force=True)
    assert list(folder.iterdir()) == []
    assert (folder.stat().st_ino, folder.stat().st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize("out", ["a-file", "a-file/below"])
def test_a_demo_in_a_file_is_refused_in_words(out: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("work", "utf-8")
    told = run(tmp_path, "demo", "--force", "--out", out)
    assert (told.returncode, "E-CLI-005" in told.stderr) == (2, True)
    assert (tmp_path / "a-file").read_text("utf-8") == "work"
