"""The command line as an office uses it: from an empty database to a batch at the bank."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from attrs import frozen
from openpyxl import load_workbook
from tests.cli.speaking import Said, say

from szunion.cli import main
from szunion.testing.rosters import synthetic_roster

ROWS = 60
UNION = "440305-0001"


@frozen
class Office:
    """A folder with a settings file, a database, and what has been said in it."""

    folder: Path

    def say(self, *words: str, given: str = "") -> Said:
        return say(["--config", str(self.folder / "szunion.toml"), *words], given)

    def rows(self, *words: str) -> list[dict[str, object]]:
        told = self.say("--json", *words)
        assert told.status == 0, told.err
        return told.rows

    def path(self, name: str) -> str:
        return str(self.folder / name)


def settled(folder: Path) -> Office:
    office = Office(folder)
    (folder / "szunion.toml").write_text(
        f'[szunion]\ndatabase = "sqlite:///{folder / "union.db"}"\n\n[szunion.bank]\n'
        f'name = "simulated"\nsettings = {{ seed = 7, journal = "{folder / "bank.jsonl"}" }}\n',
        "utf-8",
    )
    for words in (
        ("db", "init"),
        ("org", "register", "440300", "市总工会", "--found"),
        ("org", "register", "440305", "一区总工会", "--kind", "DISTRICT", "--parent", "440300"),
        ("org", "approve", "440305", "--document", "示例1号"),
        ("org", "register", UNION, "模拟工会", "--parent", "440305"),
        ("org", "approve", UNION, "--document", "示例2号"),
    ):
        assert office.say(*words).status == 0
    (folder / "花名册.csv").write_bytes(synthetic_roster(7, ROWS).as_csv())
    return office


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Return an office with a roster in it and nothing else; tests only look."""
    office = settled(tmp_path_factory.mktemp("office"))
    told = office.say("roster", "import", office.path("花名册.csv"), "--org", UNION)
    assert told.status == 3
    return office


@pytest.fixture
def fresh(tmp_path: Path) -> Office:
    return settled(tmp_path)


# --- the main way ------------------------------------------------------------------------------


def test_from_a_roster_to_a_batch_that_the_bank_has_accepted(fresh: Office) -> None:
    roster = fresh.path("花名册.csv")
    checked = fresh.say("roster", "check", roster, "--org", UNION)
    assert checked.status == 3
    assert "列对应：姓名←姓 名" in checked.out
    assert "未写入任何数据" in checked.out
    assert fresh.rows("member", "list", "--org", UNION) == []

    imported = fresh.say("--json", "roster", "import", roster, "--org", UNION)
    assert imported.status == 3
    told = imported.rows[0]
    assert told["added"] + len({each["row"] for each in told["rejected"]}) == ROWS
    again = fresh.say("--json", "roster", "import", roster, "--org", UNION).rows[0]
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, told["added"])

    members = fresh.rows("member", "list", "--org", UNION, "--most", "1000")
    assert len(members) == told["added"]
    submitted = fresh.say("batch", "submit", "--org", UNION, "--consent", "同意书2017-11")
    assert submitted.status == 0, submitted.err
    (batch,) = fresh.rows("batch", "list")
    name = str(batch["batch"])
    refused = fresh.say("batch", "approve", name)
    assert (refused.status, refused.code) == (5, "E-ACCESS-004")
    seen = fresh.say("--user", "第二人", "batch", "approve", name, "--dry-run")
    assert seen.status == 0
    assert fresh.rows("batch", "list") == [batch], "nothing was written"
    assert fresh.say("--user", "第二人", "batch", "approve", name).status == 0
    assert fresh.say("worker", "--once").status == 0
    (sent,) = fresh.rows("outbox", "list")
    assert sent["state"] == "DONE"
    assert fresh.say("outbox", "list", "--stuck").status == 0
    timeline = fresh.say("member", "timeline", str(members[0]["member"]))
    assert "花名册导入入会" in timeline.out
    assert "在籍" in timeline.out
    assert "ACTIVE" not in timeline.out, "people read words, programs read codes"
    assert fresh.say("audit", "verify").status == 0


def test_a_past_day_is_asked_about_on_the_line(started: Office) -> None:
    """One member, and the list of the union: as known now, as known before anything was."""
    (first, *_) = started.rows("member", "list", "--org", UNION)
    name, since = str(first["member"]), str(first["since"])
    asked = started.say("--json", "member", "as-of", name, "--on", since)
    assert asked.status == 0, asked.err
    assert (asked.data["state"], asked.data["final"]) == ("ACTIVE", False)
    before = started.say("member", "as-of", name, "--on", since, "--known", "2001-01-01")
    assert before.status == 4
    assert "不是会员" in before.out

    listed = started.rows("org", "members", UNION, "--on", since)
    assert name in {each["member"] for each in listed}
    assert started.rows("org", "members", UNION, "--on", since, "--known", "2001-01-01") == []
    assert started.say("org", "members", UNION, "--on", since, "--known", "2999-01-01").code == ""
    no_card = started.say("member", "as-of", name, "--on", since, "--item", "no-such-item")
    assert (no_card.status, no_card.code) == (4, "E-MEMBER-007")


def test_the_to_mend_workbook_imports_as_it_is_and_is_never_written_over(fresh: Office) -> None:
    roster = fresh.path("花名册.csv")
    assert fresh.say("roster", "import", roster, "--org", UNION).status == 3
    mend = Path(fresh.path("花名册-待修正.xlsx"))
    assert mend.is_file()
    as_it_is = fresh.say("--json", "roster", "check", str(mend), "--org", UNION)
    assert as_it_is.status == 3
    # Somebody mends a cell, and then imports the first file again by mistake.
    book = load_workbook(mend)
    sheet = book.active
    assert sheet is not None
    sheet["A3"].value = "改过"
    book.save(mend)
    kept = mend.read_bytes()
    told = fresh.say("roster", "import", roster, "--org", UNION)
    assert told.status == 3
    assert mend.read_bytes() == kept
    assert Path(fresh.path("花名册-待修正2.xlsx")).is_file()
    out = fresh.say("roster", "rejects", roster, "--org", UNION, "--out", str(mend))
    assert (out.status, out.code) == (5, "E-CLI-008")
    assert fresh.say(
        "roster", "rejects", roster, "--org", UNION, "--out", str(mend), "--force"
    ).status == 3  # fmt: skip
    assert mend.read_bytes() != kept


def test_a_workbook_that_is_there_is_refused_before_the_rows_are_imported(fresh: Office) -> None:
    mend = Path(fresh.path("mine.xlsx"))
    mend.write_text("mine", "utf-8")
    words = ("roster", "import", fresh.path("花名册.csv"), "--org", UNION, "--mend", str(mend))
    told = fresh.say(*words)
    assert (told.status, told.code) == (5, "E-CLI-008")
    assert fresh.rows("member", "list", "--org", UNION) == []
    assert mend.read_text("utf-8") == "mine"
    assert fresh.say(*words, "--force").status == 3
    assert mend.read_bytes().startswith(b"PK")


def test_a_template_imports_as_nothing(fresh: Office) -> None:
    template = fresh.path("模板.xlsx")
    assert fresh.say("roster", "template", "--out", template).status == 0
    told = fresh.say("roster", "check", template, "--org", UNION)
    assert told.status == 0
    assert "可导入 0 行" in told.out


def test_a_card_is_locked_and_unlocked_with_words_for_each_step(fresh: Office) -> None:
    assert fresh.say("roster", "import", fresh.path("花名册.csv"), "--org", UNION).status == 3
    assert fresh.say("batch", "submit", "--org", UNION, "--consent", "同意书2017-11").status == 0
    name = str(fresh.rows("batch", "list")[0]["batch"])
    assert fresh.say("--user", "乙", "batch", "approve", name).status == 0
    assert fresh.say("worker", "--once").status == 0
    assert fresh.rows("card", "list", "--org", UNION) == []
    assert fresh.say("card", "list", "--org", UNION).out.strip() == "（没有）"


# --- what is wrong is said ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("org", "show", "999"), 4, "E-CLI-002"),
        (("org", "find", "没有这样的"), 4, ""),
        (("org", "joins", "999"), 4, "E-CLI-002"),
        (("member", "find", "440301199003071230"), 4, "E-ACCESS-002"),
        (("member", "find", "abc"), 2, "E-VALUE-002"),
        (("member", "show", "m_xxx"), 4, "E-VALUE-003"),
        (("card", "show", "c_xxx"), 4, "E-VALUE-003"),
        (("batch", "approve", "b_xxx"), 4, "E-VALUE-003"),
        (("recon", "resolve", "d_xxx", "--note", "x"), 4, "E-VALUE-003"),
        (("outbox", "retry", "A" * 26), 4, "E-BANK-018"),
        (("roster", "check", "nowhere.xlsx", "--org", UNION), 2, "E-CLI-005"),
        (("roster", "import", "szunion.toml", "--org", UNION), 2, "E-ROSTER-005"),
        (("roster", "check", "花名册.csv", "--org", "999"), 4, "E-CLI-002"),
        (("audit", "verify", "--file", "nowhere", "--key", "00"), 2, "E-CLI-005"),
        (("explain", "E-NOPE-001"), 4, "E-CLI-001"),
        (("no-such-noun",), 2, ""),
        (("member", "show"), 2, ""),
        (("card", "hold", "c_x", "--reason", "NOPE"), 2, ""),
    ],
)
def test_what_is_wrong_has_a_code_and_a_status(
    started: Office, words: Sequence[str], status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(started.folder)
    told = started.say(*words)
    assert (told.status, told.code) == (status, code), told.err
    assert "Traceback" not in told.out + told.err
    if code:
        assert "处理：" in told.err
        english = started.say("--lang", "en", *words)
        assert "do: " in english.err
        machine = started.say("--json", *words)
        assert json.loads(machine.err.splitlines()[-1])["error"] == code


def test_a_database_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    for words in (("member", "list"), ("db", "status"), ("audit", "verify"), ("org", "list")):
        told = say(["--db", str(tmp_path / "no.db"), *words])
        assert told.status != 0
        assert told.code == "E-STORE-009"
    assert list(tmp_path.iterdir()) == []


def test_a_defect_of_ours_goes_to_a_file_without_values(
    started: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from szunion.application.organisations import Organisations

    def broken(*_: object) -> object:
        raise RuntimeError("secret 440301199003071230")

    monkeypatch.setattr(Organisations, "tree", broken)
    told = started.say("org", "list")
    assert told.status == 1
    assert told.code == "E-CLI-003"
    assert "440301199003071230" not in told.err
    assert "Traceback" not in told.err


def test_nobody_who_stops_reading_is_called_a_defect(started: Office) -> None:
    """``szunion --json member list | head -1``"""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        run = subprocess.run(
            [Path(sys.executable).with_name("szunion"), "--config", started.path("szunion.toml"),
             "--json", "member", "list", "--most", "1000"],
            stdout=nobody, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert "E-CLI-003" not in run.stderr
    assert "Traceback" not in run.stderr


# --- every command -------------------------------------------------------------------------------


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))
    else:
        yield path


EVERY = sorted(commands(main))
NAMED = {
    "demo", "doctor", "explain", "org", "roster", "member", "batch", "card", "pay", "recon",
    "outbox", "worker", "audit", "db",
}  # fmt: skip


def test_every_command_that_was_promised_is_there() -> None:
    assert {path[0] for path in EVERY} >= NAMED
    assert {("roster", verb) for verb in ("template", "check", "import", "rejects")} <= set(EVERY)
    assert {("db", verb) for verb in ("init", "status", "migrate")} <= set(EVERY)
    assert ("audit", "verify") in EVERY


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_help_begins_with_examples_and_is_in_one_language(path: tuple[str, ...]) -> None:
    chinese, english = say([*path, "-h"]), say(["--lang", "en", *path, "-h"])
    for told in (chinese, english):
        assert told.status == 0
        lines = [line.strip() for line in told.out.splitlines()[1:] if line.strip()]
        assert lines[0].startswith(("szunion ", "echo ")), lines[0]
    assert chinese.out.startswith("用法：")
    assert chinese.out[3] != " "
    assert "\n选项：\n" in chinese.out
    assert english.out.startswith("Usage:")
    body = [
        line for line in english.out.splitlines()
        if not line.strip().startswith(("szunion ", "echo "))
    ]  # fmt: skip
    assert not any("一" <= mark <= "鿿" for mark in "".join(body)), body


CHANGES = (
    ("org", "register"), ("org", "approve"), ("roster", "import"), ("member", "transfer"),
    ("member", "leave"), ("batch", "submit"), ("batch", "approve"), ("card", "hold"),
    ("card", "lift"), ("pay", "budget"), ("pay", "approve"), ("outbox", "retry"),
    ("recon", "resolve"), ("db", "migrate"),
)  # fmt: skip


@pytest.mark.parametrize("path", CHANGES, ids=" ".join)
def test_what_writes_can_be_tried_first(path: tuple[str, ...]) -> None:
    assert "--dry-run" in say([*path, "-h"]).out


def test_explain_shows_no_blanks_in_braces() -> None:
    told = say(["explain"])
    assert told.status == 0
    assert "{" not in told.out
    assert "{" not in say(["explain", "E-BANK-002"]).out
    assert '{ value = …, src = "A" }' in say(["explain", "E-POLICY-002"]).out


@pytest.mark.parametrize(
    "words", [("org", "list"), ("member", "list"), ("roster", "check"), ("adapter", "list")]
)
def test_columns_are_aligned_by_what_a_terminal_shows(
    started: Office, words: Sequence[str]
) -> None:
    from szunion.cli.tables import width

    more = (started.path("花名册.csv"), "--org", UNION) if words[0] == "roster" else ()
    lines = started.say(*words, *more).out.splitlines()
    (at,) = [at for at, line in enumerate(lines) if line.startswith("─")]
    edges = {column for column, mark in enumerate(lines[at]) if mark == " "}
    rows = lines[at + 1 : at + 2] if words[0] == "roster" else lines[at + 1 :]
    assert rows
    assert len(edges) >= 6 or words[0] == "adapter"
    for line in (lines[at - 1], *rows):
        column = 0
        for mark in line:
            assert column not in edges or mark == " ", line
            column += width(mark)
