"""The log says what happened, at the level that was asked for, and nothing of anybody."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from tests.canaries import canary, found_in_text
from tests.cardtown import card_town_on
from tests.cli.speaking import say as command
from tests.offices import office_on

from szunion.bootstrap import UnionSystem
from szunion.domain.bank import NotUnderstood, RawWords, Told
from szunion.log import APDU, LEVELS, Fields, Lines, line, say
from szunion.testing.clock import SimClock

SOURCES = Path(__file__).parents[1] / "src" / "szunion"
CARD_NUMBER = "6200000000000070"
"""Of the simulated card."""
KEY = "ABCDEFGHIJKLMNOPQRSTUVWX23"


@pytest.mark.parametrize("name", sorted(Fields.__annotations__))
def test_no_field_takes_what_is_somebodys(name: str) -> None:
    one = canary(3)
    digits = "".join(mark for mark in one.number if mark.isdecimal())
    given: list[Any] = [
        one.name, one.number, one.mobile, one.token, int(digits), int(one.mobile),
        f"m{one.mobile}", {"name": one.name}, one, ValueError(one.name), b"\x00",
    ]  # fmt: skip
    for value in given:
        assert line("x", {name: value}) == f"x {name}=?"  # type: ignore[misc]


def test_a_field_that_is_not_of_the_list_is_left_out() -> None:
    told: Any = {"count": 2, "name": canary(1).name, "outcome": "accepted"}
    assert line("x", told) == "x count=2 outcome=accepted"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"key": KEY}, f"key={KEY}"),
        ({"key": KEY[:25]}, "key=?"),
        ({"key": KEY.lower()}, "key=?"),
        ({"code": "E-BANK-011"}, "code=E-BANK-011"),
        ({"code": "two words"}, "code=?"),
        ({"apdu": "00A40400", "sw": "9000"}, "apdu=00A40400 sw=9000"),
        ({"apdu": "00A4040007A0"}, "apdu=?"),
        ({"ms": 12, "count": -1}, "ms=12 count=-1"),
    ],
)
def test_a_value_has_the_form_of_its_field(fields: Any, said: str) -> None:
    assert line("x", fields) == f"x {said}"


def test_nobody_hears_what_nobody_listens_to(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "szunion"):
        say("test", logging.DEBUG, "x", count=1)
        say("test", logging.INFO, "y", count=1)
    assert [each.getMessage() for each in caplog.records] == ["y count=1"]


def test_an_exception_is_never_shown() -> None:
    error = ValueError(canary(2).number)
    told = (type(error), error, None)
    record = logging.LogRecord("szunion.test", APDU, "", 0, "x", (), told)
    said = Lines().format(record)
    assert re.fullmatch(r"[-0-9]{10}T[:0-9.]{12}Z APDU szunion\.test x", said)


def test_only_one_module_writes_to_the_log() -> None:
    """What has another way to a logger has another way out for what is somebody's."""
    found = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if re.search(r"getLogger|\blogging\.(debug|info|warning|error|exception|log)\(",
                     path.read_text("utf-8"))
    }  # fmt: skip
    assert found == {"log.py", "cli/listening.py", "testing/bank/storms.py"}


# --- the whole way, at the finest level -----------------------------------------------------------


def test_nobody_turns_up_at_the_finest_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(APDU):
        place = card_town_on(office_on("memory", tmp_path))
        (kept,) = place.activate(place.admit(1))
        read = command(["card", "read", "--reader", "szunion-sim"])
    said = [each for each in caplog.records if each.name.startswith("szunion")]
    events = {each.getMessage().split(" ")[0] for each in said}
    assert read.status == 0
    assert {"bank.send", "card.apdu"} <= events
    assert "card.apdu apdu=00A40400 got=" in caplog.text
    assert CARD_NUMBER not in caplog.text
    assert CARD_NUMBER[-8:].encode().hex() not in caplog.text
    by_itself = rf"(?<![0-9A-F]){kept.card.last_four}(?![0-9A-F])"  # within a command it is chance
    assert not re.search(by_itself, caplog.text)
    assert found_in_text(caplog.text) == set()


def test_each_call_of_the_bank_has_a_line_with_its_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = card_town_on(office_on("memory", tmp_path))
    with caplog.at_level(logging.INFO, "szunion"):
        place.activate(place.admit(1))
    sent = [each.getMessage() for each in caplog.records if "bank.send" in each.getMessage()]
    assert sent
    form = r"bank\.send request=\w+ key=[A-Z2-7]{26} bank=\w+ ms=[0-9]+ outcome=accepted"
    assert all(re.fullmatch(form, each) for each in sent), sent


def test_what_the_bank_told_has_a_line_a_commit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = card_town_on(office_on("memory", tmp_path))
    with caplog.at_level(logging.INFO, "szunion"):
        place.activate(place.admit(2))
        heard = [each.getMessage() for each in caplog.records if "bank.heard" in each.getMessage()]
        assert heard
        assert all(re.fullmatch(r"bank\.heard bank=\w+ count=[0-9]+", each) for each in heard)
        caplog.clear()
        place.run()
        assert "bank.heard" not in caplog.text, "nothing was told, nothing is said"
        where = Told(event_id="F#2", stream="rows", sequence=7, effective=place.clock.now())
        place.tell(NotUnderstood(told=where, named="row: KIND", raw=RawWords("…")))
    (line,) = [each for each in caplog.records if "bank.heard" in each.getMessage()]
    assert line.levelno == logging.ERROR
    assert line.getMessage().endswith("count=1 outcome=aside code=E-BANK-060")


# --- the command line -----------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "union.db"
    UnionSystem.open(f"sqlite:///{path}", clock=SimClock("2031-11-24")).close()
    return str(path)


@pytest.mark.parametrize(("level", "heard"), [("off", False), ("warn", True), ("", True)])
def test_a_command_says_on_stderr_what_was_asked_for(
    database: str, level: str, *, heard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if level:
        monkeypatch.setenv("SZUNION_LOG", level)
    before = logging.getLogger("szunion").level
    close = UnionSystem.close

    def warns(system: UnionSystem) -> None:
        say("test", logging.WARNING, "x", count=7)
        close(system)

    monkeypatch.setattr(UnionSystem, "close", warns)
    told = command(["--db", database, "org", "list"])
    assert ("WARNING szunion.test x count=7" in told.err) is heard
    assert "szunion.test" not in told.out
    assert logging.getLogger("szunion").level == before, "a command leaves the log as it was"


def test_reading_a_card_has_a_line_a_command_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = ["card", "read", "--reader", "szunion-sim"]
    assert "card.apdu" not in command(read).err
    monkeypatch.setenv("SZUNION_LOG", "apdu")
    told = command(read)
    assert told.status == 0, told.err
    assert " APDU szunion.card card.apdu apdu=00A40400 got=" in told.err
    assert "card.apdu" not in told.out


def test_a_level_that_there_is_not_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SZUNION_LOG", "loud")
    told = command(["--db", database, "org", "list"])
    assert (told.status, told.code) == (2, "E-CONFIG-001")
    assert set(LEVELS) == {"off", "warn", "info", "debug", "apdu"}
