"""Whatever the terminal, the account and the disk are like, a command says what is the matter."""

from __future__ import annotations

import errno
import getpass
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from tests.cli.speaking import say

from szunion import __version__
from szunion.cli.speech import dumps
from szunion.cli.streams import hand_over
from szunion.cli.tables import table

HEAD = "姓名,证件号码\n"
ROW = "测试甲,440301199003071230\n"
_PROGRAM = "from szunion.cli import main; main()"


UNION = "440305-0001"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    for words in (
        ["db", "init"],
        ["org", "register", "440300", "市总工会", "--found"],
        ["org", "register", UNION, "模拟科技工会", "--parent", "440300"],
        ["org", "approve", UNION, "--document", "示例1号"],
    ):
        assert say(["--db", f"{folder}/union.db", "--user", "wang", *words]).status == 0
    return folder


@pytest.fixture
def city(founded: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(founded)
    return founded


def run(
    folder: Path, *words: str | bytes, given: bytes = b"", out: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own, its standard streams as the environment has them."""
    with Path(out or os.devnull).open("wb") as file:
        return subprocess.run(
            [sys.executable, "-c", _PROGRAM, "--db", "union.db", *words],
            cwd=folder, env={**os.environ, **environment}, input=given,
            stdout=file if out else subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip


@pytest.mark.parametrize("encoding", ["latin-1", "gbk", "cp437"])
def test_a_terminal_that_lacks_our_characters_is_shown_the_rest(city: Path, encoding: str) -> None:
    told = run(city, "doctor", PYTHONIOENCODING=encoding)
    assert told.returncode == 0, told.stderr
    assert rb"\u2714 Python" in told.stdout
    assert b"E-CLI-003" not in told.stderr


def test_json_is_json_in_any_encoding(city: Path) -> None:
    told = run(city, "--json", "org", "list", PYTHONIOENCODING="latin-1")
    names = [json.loads(line)["name"] for line in told.stdout.splitlines()]
    assert names == ["市总工会", "模拟科技工会"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_full_disk_under_the_output_is_no_defect_of_ours(city: Path, form: list[str]) -> None:
    told = run(city, "--lang", "en", *form, "org", "list", out="/dev/full")
    assert told.returncode == 2
    assert b"E-CLI-005" in told.stderr
    assert b"the disk is full" in told.stderr


def test_bytes_on_stdin_that_are_no_text_are_refused_as_input(city: Path) -> None:
    told = run(city, "member", "show", "-", given=b"\xb2\xe2\n", PYTHONIOENCODING="utf-8:strict")
    assert told.returncode == 2
    assert b"[E-VALUE-002]" in told.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")
def test_a_file_whose_name_is_in_another_encoding_is_read(city: Path) -> None:
    name = "名册.csv".encode("gbk")
    (Path(os.fsdecode(bytes(city) + b"/" + name))).write_text(HEAD + ROW, "utf-8")
    told = run(city, "roster", "check", name, "--org", UNION, PYTHONIOENCODING="utf-8:strict")
    assert told.returncode == 0, told.stderr
    assert b"E-CLI-003" not in told.stderr


@pytest.mark.usefixtures("city")
def test_an_account_without_a_name_can_do_what_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert say(["version"]).status == 0
    asked = say(["--db", "union.db", "org", "list"])
    assert (asked.status, asked.code) == (2, "E-CLI-010")
    assert say(["--db", "union.db", "--user", "wang", "org", "list"]).status == 0


@pytest.mark.usefixtures("city")
def test_a_folder_is_named_in_the_error_whatever_its_path() -> None:
    told = say(["--db", "union.db", "--lang", "en", "roster", "check", ".", "--org", UNION])
    assert told.code == "E-CLI-005"
    assert "[E-CLI-005] . cannot be read" in told.err


@pytest.mark.usefixtures("city")
def test_words_that_are_no_file_name_are_taken_for_a_key() -> None:
    Path("log").touch()
    told = say(["--db", "union.db", "audit", "verify", "--file", "log", "--key", "9" * 400])
    assert told.code == "E-AUDIT-001"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_what_a_disk_refuses_is_no_defect_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuses(self: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuses)
    for words in (["demo"], ["new", "bank-adapter", "--name", "zhuhai", "--bank", "某银行"]):
        told = say(["--lang", "en", *words])
        assert (told.status, told.code) == (2, "E-CLI-005"), told.err


def test_a_journal_of_the_bank_that_cannot_be_opened_is_a_finding_of_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert say(["--db", "union.db", "db", "init"]).status == 0
    Path("szunion.toml").write_text(
        """[szunion]
database = "sqlite:///union.db"
[szunion.bank]
name = "simulated"
settings = { journal = "no/such/bank.jsonl" }
""",
        "utf-8",
    )
    told = say(["doctor"])
    assert told.status == 1
    assert "E-SIM-005" in told.out
    assert say(["org", "list"]).code == "E-SIM-005"


def test_what_a_terminal_would_obey_is_shown_and_a_cell_is_one_line() -> None:
    shown = table(["name"], [["甲\x1b[2J\n440300  伪造的一行"], ["乙\u202e1\t2"], ["王·丽 𬱖"]])
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(shown.splitlines()) == 5
    assert r"甲\x1b[2J\n440300" in shown
    assert "王·丽 𬱖" in shown


@pytest.mark.usefixtures("city")
def test_an_error_that_quotes_does_not_command_the_terminal() -> None:
    told = say(["--lang", "en", "explain", "E-\x1b[2J"])
    assert told.code == "E-CLI-001"
    assert "\x1b" not in told.err
    assert r"\x1b[2J" in told.err


def test_what_is_wrong_with_a_line_is_said_in_one_language() -> None:
    assert "[选项] 命令 [参数]" in say(["orgg"]).err
    assert "[OPTIONS] COMMAND [ARGS]" in say(["--lang", "en", "orgg"]).err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", [["--help"], ["org", "--help"], ["--version"], ["--json", "org"]])
def test_a_full_disk_under_the_help_is_told_in_words(tmp_path: Path, words: list[str]) -> None:
    told = run(tmp_path, "--lang", "en", *words, out="/dev/full")
    assert told.returncode == 2
    assert b"Traceback" not in told.stderr
    assert (b"the disk is full" in told.stderr) != ("--json" in words), "that one says it on stderr"


def test_the_module_is_the_command_line(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "szunion", "--version"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (told.returncode, told.stdout) == (0, f"szunion {__version__}\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["org", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["org"], "a command is missing"),
        (["org", "list", "--foo"], "No such option '--foo'. Did you mean '--org'?"),
        (["org", "show"], "Missing argument 'CODE'."),
    ],
)
def test_a_misused_command_is_told_as_json_where_that_was_asked_for(
    words: list[str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SZUNION_LANG", "en")
    told = say([*words, "--json"])
    error = json.loads(told.err)
    assert (told.status, told.out, error["error"]) == (2, "", "E-CLI-011")
    assert error["what"] == f"the command line is not understood: {reason}"
    assert error["do"].endswith("--help")
    assert not say(words).err.startswith("{")


def test_no_word_of_the_command_line_is_obeyed_by_a_terminal() -> None:
    told = say(["--lang", "zh", "org", "find\x07\x9b2J"])
    assert told.status == 2
    assert "find\\x07\\x9b2J" in told.err


def test_json_is_json_whatever_a_terminal_would_obey() -> None:
    line = dumps({"name": "a\x9b2J\u202eb\x00"})
    assert line.isprintable()
    assert json.loads(line) == {"name": "a\x9b2J\u202eb\x00"}


@pytest.mark.parametrize("looked_at", [True, False])
def test_what_a_program_reads_is_to_the_letter_but_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, looked_at: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: looked_at)
    hand_over("a,\x9b2J\r\n")
    assert capsys.readouterr().out == ("a,\\x9b2J\\r\n" if looked_at else "a,\x9b2J\r\n")


@pytest.mark.usefixtures("city")
def test_what_is_wrong_in_a_roster_is_told_in_one_language() -> None:
    Path("wrong.csv").write_text("name,idno\nAda Example,4.40301E+17\n", "utf-8")
    told = say(["--db", "union.db", "--lang", "en", "roster", "check", "wrong.csv", "--org", UNION])
    assert "document number  E-ROSTER-012  (4.40E+17)" in told.out
    assert not any(unicodedata.east_asian_width(mark) == "W" for mark in told.out), told.out
