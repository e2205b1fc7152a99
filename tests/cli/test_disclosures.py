"""Exports, whose copy it was, and plain values, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.moneyhouse import House, copied, house_in

from szunion.adapters.identity.simulated import CODE


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("disclosures"), 2)


@pytest.fixture
def house(built: House, tmp_path: Path) -> House:
    return copied(built, tmp_path)


def test_an_export_is_masked_counted_and_a_copy_of_it_names_the_officer(
    house: House, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    words = ("member", "export", "--org", house.union, "--reason", "中秋慰问", "--to", str(file))
    done = house.say(*words, "--code", CODE)
    assert done.status == 0, done.err
    text = file.read_text("utf-8-sig")
    assert "****" in text
    assert house.say(*words, "--code", CODE).status != 0, "a file is not written over"

    found = house.say("--json", "member", "trace", str(file))
    assert found.status == 0, found.err
    assert [each["reason"] for each in found.rows] == ["中秋慰问"]
    assert found.rows[0]["canaries"]
    nobody = tmp_path / "other.csv"
    nobody.write_text("姓名,证件\n某某,440***********0000\n", "utf-8")
    assert house.say("member", "trace", str(nobody)).status == 4


def test_a_plain_value_asks_for_a_reason_and_a_second_confirmation(house: House) -> None:
    who = house.members[0]
    words = ("member", "reveal", who, "--what", "mobile", "--org", house.union)
    assert house.say(*words, "--code", CODE).status != 0, "without a reason"
    assert house.say(*words, "--reason", "联系本人").status != 0, "without a confirmation"
    shown = house.say("--json", *words, "--reason", "联系本人", "--code", CODE)
    assert shown.status == 0, shown.err
    assert shown.data["value"].isdigit()
    assert len(shown.data["value"]) == 11
    assert shown.data["value"] not in house.say("member", "timeline", who).out
