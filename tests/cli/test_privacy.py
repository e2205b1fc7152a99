"""People's rights on the command line: consents, requests, the copy, erasure, who looked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.canaries import canary
from tests.cli.moneyhouse import House, copied, house_in
from tests.offices import PAPER

from szunion.domain.inventory import inventory


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("rights"), 1)


@pytest.fixture
def house(built: House, tmp_path: Path) -> House:
    return copied(built, tmp_path)


def rows(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


def test_consents_are_shown_entered_on_paper_and_withdrawn(house: House) -> None:
    who = house.members[0]
    shown = {each["purpose"]: each["standing"] for each in
             rows(house.say("--json", "privacy", "consent", who).out)}  # fmt: skip
    assert shown["bank"] == "given"
    assert shown["medical"] == "none"
    refused = house.say("privacy", "consent", who, "--give", "medical", "--org", house.union)
    assert refused.status == 2
    assert "E-CONSENT-005" in refused.err
    done = house.say(
        "--json", "privacy", "consent", who, "--give", "medical", "--paper", PAPER,
        "--withdraw", "bank", "--org", house.union,
    )  # fmt: skip
    assert done.status == 0, done.err
    found = {each["purpose"]: each["standing"] for each in rows(done.out)}
    assert (found["medical"], found["bank"]) == ("given", "withdrawn")
    assert "1" in done.err, "the card is at the bank"
    text = house.say("privacy", "notice", "bank").out
    assert "单独" in text or "银行" in text
    assert "sha256:" in text


def test_a_copy_is_asked_for_proved_made_and_answered(house: House, tmp_path: Path) -> None:
    who = house.members[0]
    made = house.say("--json", "privacy", "request", who, "copy", "--paper", "申请7")
    assert made.status == 0, made.err
    name = made.data["request"]
    page, data = tmp_path / "copy.html", tmp_path / "copy.json"
    early = house.say("privacy", "copy", who, "--request", name, "--out", str(page))
    assert early.status == 5
    assert "E-PRIVACY-007" in early.err
    verified = house.say("--json", "privacy", "verify", name, "--evidence", "当面核对")
    assert verified.data["state"] == "VERIFIED"
    for file in (page, data):
        said = house.say("privacy", "copy", who, "--request", name, "--out", str(file))
        assert said.status == 0, said.err
        assert file.stat().st_mode & 0o777 == 0o600, "all of it is in plain"
    twice = house.say("privacy", "copy", who, "--request", name, "--out", str(page))
    assert (twice.status, "E-CLI-008" in twice.err) == (5, True)
    try:
        assert canary(0).number in page.read_text("utf-8")
        assert json.loads(data.read_text("utf-8"))["sections"]["cards"]
    finally:
        page.unlink()
        data.unlink()
    log = rows(house.say("--json", "privacy", "access-log", who).out)
    assert [each["what"] for each in log].count("person.copy") == 2
    assert "甲" not in json.dumps(log, ensure_ascii=False)
    done = house.say("--json", "privacy", "answer", name, "--paper", "已交本人")
    assert done.data["state"] == "DONE"
    assert house.say("--json", "privacy", "list").out == ""
    assert len(rows(house.say("--json", "privacy", "list", "--all").out)) == 1


def test_a_correction_and_a_refusal(house: House) -> None:
    who = house.members[0]
    ask = ("--json", "privacy", "request", who, "correct", "--paper", "申请8", "--what", "name")
    name = house.say(*ask, given="测试改名\n").data["request"]
    house.say("privacy", "verify", name, "--evidence", "当面核对")
    done = house.say("--json", "privacy", "answer", name, "--paper", "户口簿1")
    assert done.data["state"] == "DONE", done.err
    other = house.say(*ask, given="再改\n").data["request"]
    refused = house.say("--json", "privacy", "answer", other, "--refuse", "NO_PROOF")
    assert (refused.data["state"], refused.data["refusal"]) == ("REFUSED", "NO_PROOF")


def test_an_erasure_says_first_what_it_would_do_and_waits(house: House, tmp_path: Path) -> None:
    who = house.members[0]
    ask = ("--json", "privacy", "request", who, "erase", "--paper", "申请9")
    name = house.say(*ask).data["request"]
    house.say("privacy", "verify", name, "--evidence", "当面核对")
    looked = house.say("--json", "privacy", "erase", name, "--dry-run")
    assert looked.status == 3
    assert "退会" in looked.err
    fates = {each["table"]: each["fate"] for each in rows(looked.out)}
    assert (fates["person"], fates["card"], fates["audit"]) == ("destroyed", "kept", "kept")
    same = house.say("privacy", "erase", name)
    assert same.status == 5
    assert "E-ACCESS-004" in same.err
    waits = house.say("privacy", "erase", name, user="乙")
    assert waits.status == 5
    assert "E-PRIVACY-005" in waits.err
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    into = ("--journal", str(tmp_path / "notes.txt"))
    assert "E-PRIVACY-009" in house.say("privacy", "erase", name, *into, user="乙").err
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"
    journal = tmp_path / "journal.jsonl"
    assert house.say("privacy", "journal", "--out", str(journal)).status == 0
    assert journal.read_text("utf-8") == ""
    assert house.say("--json", "privacy", "journal", "--again", str(journal)).data == {
        "erased_again": 0
    }
    for dry in (("--dry-run",), ()):
        told = house.say("--json", "privacy", "sweep", *dry).data
        assert told == {"dry_run": bool(dry), "people": 0, "cases": 0, "log": 0}


def test_the_inventory_lists_every_column(house: House) -> None:
    found = rows(house.say("--json", "privacy", "inventory").out)
    columns = {f"{table.name}.{column.name}" for table in inventory().values()
               for column in table.columns}  # fmt: skip
    assert {f"{each['table']}.{each['column']}" for each in found} == columns
