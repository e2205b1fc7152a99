"""Files that are there already: no command writes over what is not its own, unasked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.cli.speaking import say

JOURNAL_LINE = {
    "person": 7, "at": "2018-01-02T10:00:00+08:00", "by": "甲", "request": 1, "files": 0,
    "next_due": None, "lines": [],
}  # fmt: skip


@pytest.fixture
def union(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert say(["--db", "union.db", "db", "init"]).status == 0
    assert union_says("org", "register", "440300", "市总工会", "--found") == 0
    return tmp_path


def union_says(*words: str) -> int:
    return say(["--db", "union.db", *words]).status


def test_what_the_log_hands_out_is_not_written_over_a_file(union: Path) -> None:
    assert union_says("worker", "--once") == 0
    for words in (("key",), ("checkpoint",), ("export",)):
        target = union / f"{words[0]}.txt"
        target.write_text("mine", "utf-8")
        told = say(["--db", "union.db", "audit", *words, "--out", str(target)])
        assert (told.status, told.code) == (5, "E-CLI-008")
        assert target.read_text("utf-8") == "mine"
        assert union_says("audit", *words, "--out", str(target), "--force") == 0
        assert target.read_text("utf-8") != "mine"


def test_a_log_goes_into_a_pipe_which_stays_one(union: Path) -> None:
    assert union_says("worker", "--once") == 0
    pipe = union / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for what, said in (("export", b'{"entry"'), ("checkpoint", b"szunion/440300/audit")):
            assert union_says("audit", what, "--out", str(pipe)) == 0
            assert said in os.read(reading, 65_536)
    finally:
        os.close(reading)
    assert pipe.is_fifo()


@pytest.mark.usefixtures("union")
def test_the_logs_own_key_is_no_witness_key() -> None:
    assert union_says("worker", "--once") == 0
    assert union_says("audit", "key", "--out", "key.txt") == 0
    told = say(["--db", "union.db", "audit", "verify", "--witness", "key.txt"])
    assert (told.status, told.code) == (2, "E-AUDIT-001")


def test_a_backup_is_written_over_a_backup_alone(union: Path) -> None:
    keys = (union / "union.keys").read_bytes()
    told = say(["--db", "union.db", "db", "backup", "union.keys", "--force"])
    assert (told.status, told.code) == (5, "E-CLI-012")
    assert (union / "union.keys").read_bytes() == keys
    assert say(["--db", "union.db", "db", "backup", "union.db", "--force"]).code == "E-CLI-012"
    os.mkfifo(union / "pipe")
    assert say(["--db", "union.db", "db", "backup", "pipe", "--force"]).code == "E-CLI-012"
    (union / "day.szb").touch()
    assert union_says("db", "backup", "day.szb") == 5
    for _ in range(2):
        assert union_says("db", "backup", "day.szb", "--force") == 0
    assert union_says("db", "verify", "day.szb") == 0


def test_a_journal_of_erasures_only_grows(union: Path) -> None:
    kept = union / "journal.jsonl"
    kept.write_text(json.dumps(JOURNAL_LINE) + "\n", "utf-8")
    before = kept.read_bytes()
    told = say(["--db", "union.db", "privacy", "journal", "--out", str(kept)])
    assert (told.status, told.code) == (5, "E-PRIVACY-011")
    assert kept.read_bytes() == before
    keys = (union / "union.keys").read_bytes()
    told = say(["--db", "union.db", "privacy", "journal", "--out", "union.keys"])
    assert (told.status, told.code) == (2, "E-PRIVACY-009")
    assert (union / "union.keys").read_bytes() == keys
    assert union_says("privacy", "journal", "--out", "new.jsonl") == 0
    assert union_says("privacy", "journal", "--out", "new.jsonl") == 0


@pytest.mark.usefixtures("union")
@pytest.mark.parametrize(
    ("yuan", "shown"),
    [("3000", "3,000.00"), ("3,000.00", "3,000.00"), ("1,000,000", "1,000,000.00"),
     ("0", "0.00"), ("0.01", "0.01"), ("999999999999.99", "999,999,999,999.99")],
)  # fmt: skip
def test_an_amount_is_read_as_it_is_written(yuan: str, shown: str) -> None:
    told = say(["--db", "union.db", "pay", "budget", "gp-maternity", "2018", "--ceiling", yuan])
    assert told.status == 0
    assert shown in told.out


@pytest.mark.usefixtures("union")
@pytest.mark.parametrize(
    "yuan",
    ["12,50", "1,00", ",5", "3,,000", "1,0000", "0,001", "12.5", "1.234", "-5", "+5", "1e5",
     "３０００", "9999999999999", "1,000,000,000,000", "1.00\n", " 5", ""],
)  # fmt: skip
def test_what_could_be_another_amount_is_refused(yuan: str) -> None:
    told = say(["--db", "union.db", "pay", "budget", "gp-maternity", "2018", "--ceiling", yuan])
    assert told.status == 2
    assert union_says("pay", "budget", "gp-maternity", "2018") == 4


CARD = (
    ("read", "--reader", "szunion-sim", "--save"),
    ("read", "--reader", "szunion-sim", "--html"),
    ("trace", "--reader", "szunion-sim", "--authenticate", "--save"),
    ("apdu", "--reader", "szunion-sim", "00A4040008A00000033301010100", "--html"),
    ("explain", "kept.jsonl", "--html"),
)


@pytest.mark.parametrize("words", CARD, ids=" ".join)
def test_what_a_card_said_is_not_written_over_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert say(["card", "read", "--reader", "szunion-sim", "--save", "kept.jsonl"]).status == 0
    target = tmp_path / "mine.txt"
    target.write_text("mine", "utf-8")
    told = say(["card", *words, "mine.txt"])
    assert (told.status, told.code) == (5, "E-CLI-008")
    assert told.out == "", "the card was not asked"
    assert target.read_text("utf-8") == "mine"
    assert say(["card", *words, "mine.txt", "--force"]).status == 0
    assert target.read_text("utf-8").startswith(("{", "<!"))


def test_a_page_is_not_written_over_its_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert say(["card", "read", "--reader", "szunion-sim", "--save", "t.jsonl"]).status == 0
    kept = (tmp_path / "t.jsonl").read_bytes()
    assert say(["card", "explain", "t.jsonl", "--html", "t.jsonl"]).code == "E-CLI-008"
    assert (tmp_path / "t.jsonl").read_bytes() == kept


def test_a_name_that_no_disk_takes_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = say(["card", "read", "--reader", "szunion-sim", "--save", "n" * 300])
    assert (told.status, told.code) == (2, "E-CLI-005")


def test_what_a_sweep_keeps_is_written_beside_nobodys_file(union: Path) -> None:
    (union / "sweep.json.new").write_text("mine", "utf-8")
    assert union_says("service", "sweep", "cu-events", "--resume", "sweep.json") == 0
    assert (union / "sweep.json.new").read_text("utf-8") == "mine"
    (union / "mine.json").write_text("[]", "utf-8")
    told = say(["--db", "union.db", "service", "sweep", "cu-events", "--resume", "mine.json"])
    assert (told.status, told.code) == (2, "E-CLI-005")
    assert (union / "mine.json").read_text("utf-8") == "[]"
