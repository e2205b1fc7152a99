"""The bank's files, the outbox and reconciliation on the command line: a bank in a process of its
own, and what operators do with what is stuck."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.adapters.bank.filed import sheet_of_words
from tests.cli.speaking import Said, say

from szunion.adapters.bank.batch_file.make import layout_named

SETTINGS = """
[szunion]
city = "shenzhen"
database = "sqlite:///union.db"
[szunion.bank]
name = "batch_file"
[szunion.bank.settings]
layout = "fixed"
spool = "spool"
outbox = "exchange/out"
inbox = "exchange/in"
"""


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("szunion.toml").write_text(SETTINGS, "utf-8")
    for name in ("out", "in"):
        (tmp_path / "exchange" / name).mkdir(parents=True)
    assert said("db", "init").status == 0


def said(*words: str) -> Said:
    return say(words)


def bank(*words: str) -> Said:
    return said("sim", "bank", "files", "--dir", "exchange", "--clock", "2017-11-23", *words)


def test_a_list_that_is_asked_for_comes_by_file_and_is_compared() -> None:
    early = said("--lang", "en", "recon", "run", "--day", "2017-11-23")
    assert (early.status, early.code) == (6, "E-RECON-003"), "nothing was compared yet"
    assert "the list of cards and the statement of 2017-11-23" in early.err
    asked = said("--json", "outbox", "list").rows
    assert {row["state"] for row in asked} == {"UNKNOWN"}
    assert bank("--once").status == 0
    assert sorted(path.name for path in Path("exchange/in").iterdir())[:1] == ["LS2017112301.txt"]
    shown = said("--json", "recon", "run")
    assert shown.status == 0
    assert {row["kind"] for row in shown.rows if "kind" in row} == {"CARDS", "MONEY"}
    assert said("recon", "run", "--day", "2017-11-23").status == 0, "that day is there"
    other = said("recon", "run", "--day", "2017-11-22")
    assert (other.status, other.code) == (6, "E-RECON-003"), "another day's is not"


def test_a_line_that_differs_is_shown_and_resolved_with_a_note() -> None:
    layout = layout_named("fixed")
    lines = [{"order": "Z" * 26, "kind": "PAID", "fen": 300_000}]
    data = sheet_of_words(layout, "statement", lines)
    Path("exchange/in/LS2017112301.txt").write_bytes(data)
    shown = said("--json", "recon", "run")
    assert shown.status == 3
    (open_,) = [row for row in shown.rows if "difference" in row]
    assert open_["kind"] == "UNKNOWN_ORDER"
    name = open_["difference"]
    assert said("recon", "resolve", name).code == "E-RECON-002"
    assert said("recon", "resolve", name, "--note", "银行误记，已更正").status == 0
    assert said("recon", "show").status == 0
    assert said("recon", "resolve", name, "--note", "x").code == "E-RECON-001"


def test_no_difference_is_not_said_of_a_bank_that_cannot_be_reached() -> None:
    inbox = Path("exchange/in")
    inbox.rmdir()
    shown = said("--lang", "zh", "recon", "run")
    assert (shown.status, shown.code) == (6, "E-BANK-028")
    once = said("worker", "--once")
    assert (once.status, once.code) == (6, "E-BANK-028")
    inbox.mkdir()
    assert said("worker", "--once").status == 0
    assert said("recon", "run").status == 0


def test_a_broken_file_is_listed_until_it_is_whole_and_can_be_read_again() -> None:
    layout = layout_named("fixed")
    line = {"notice": "RowVerified", "row": "Q" * 26, "sequence": 1}
    data = sheet_of_words(layout, "rows", [line])
    path = Path("exchange/in/JG201711230001.txt")
    path.write_bytes(data[:-7])
    stuck = said("--lang", "zh", "outbox", "list", "--stuck")
    assert stuck.status == 3
    assert "JG201711230001.txt 没有采用：CUT" in stuck.err
    assert said("outbox", "reread", path.name).code == "E-FILE-004"
    path.write_bytes(data)
    assert said("worker", "--once").status == 0
    stuck = said("outbox", "list", "--stuck")
    assert "CUT" not in stuck.err
    assert "E-BANK-015" in stuck.err, "the row is none of ours: set aside, by name"
    assert said("--json", "outbox", "reread", path.name).data["notices"] == 1
    assert said("outbox", "reread", "JG201711230009.txt").code == "E-FILE-003"


def test_a_dispatch_is_shown_parked_and_taken_up_again() -> None:
    assert said("recon", "run", "--day", "2017-11-23").status == 6
    key = said("--json", "outbox", "list").rows[0]["key"]
    assert said("outbox", "show", key).status == 0
    assert said("outbox", "park", key, "--why", "x").code == "E-BANK-025"
    assert said("outbox", "show", "A" * 26).code == "E-BANK-018"
    assert said("outbox", "retry", key).code == "E-BANK-019"


def test_the_bank_runs_as_a_process_of_its_own_and_stops_when_it_is_told() -> None:
    assert said("recon", "run", "--day", "2017-11-23").status == 6
    words = [
        str(Path(sys.executable).with_name("szunion")),
        "sim",
        "bank",
        "files",
        "--dir",
        "exchange",
    ]
    with subprocess.Popen(
        [*words, "--clock", "2017-11-23", "--every", "0.05"], stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as child:  # fmt: skip
        try:
            assert child.stderr is not None
            child.stderr.readline()
            for _ in range(400):
                if list(Path("exchange/in").glob("QD*.txt")):
                    break
                child.poll()
                subprocess.run(["sleep", "0.05"], check=True)
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0
        finally:
            child.kill()
    assert said("recon", "run").status == 0


def test_storms_of_files_are_read_from_a_plan() -> None:
    Path("storm.toml").write_text('seed = 3\ntruncate_file = 1.0\nmost_delay = "1h"\n', "utf-8")
    assert said("recon", "run", "--day", "2017-11-23").status == 6
    assert bank("--once", "--faults", "storm.toml").status == 0
    assert said("recon", "run").status == 0, "the whole files came after the cut ones"
