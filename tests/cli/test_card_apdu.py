"""Commands of one's own, and papers explained: what is let through, what is not, what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.roots import downloads
from tests.cli.speaking import Said, say

from szunion.testing.cards import SampleCard

SELECT = "00A4040008A00000033301010100"
COUNTER = "80CA9F3600"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SZUNION_LANG", raising=False)


def card(*words: str, given: str = "") -> Said:
    """Run a verb on the simulated card, whatever other readers this machine has."""
    sends = {"apdu", "trace"} & set(words) and "--reader" not in words and "-h" not in words
    return say(["card", *words, *(("--reader", "szunion-sim") if sends else ())], given)


# --- apdu -----------------------------------------------------------------------------------------


def test_commands_that_read_go_through_and_are_explained() -> None:
    told = card("apdu", SELECT, COUNTER)
    assert told.status == 0
    assert "选择银联借记" in told.out
    assert "9F36  应用交易计数器 ATC  0000  0" in told.out
    assert "卡片未改变" in told.out
    data = card("--json", "apdu", SELECT, COUNTER).data
    assert [step["sw"] for step in data["steps"]] == ["9000", "9000"]
    blanks = card("apdu", "00 A4 04 00 08 A0 00 00 03 33 01 01 01 00")
    assert blanks.status == 0


@pytest.mark.parametrize(
    ("command", "counter"),
    [
        ("80A8000002830000", "ATC"),
        ("80AE80000000", "ATC"),
        ("00820000080000000000000000", "发卡行认证"),
        ("00200080", "PTC"),
        ("8424000000", "PTC"),
        ("0088000004AABBCCDD00", "ATC"),
        ("8416000004AABBCCDD", "永久"),
        ("841E000004AABBCCDD", "应用"),
        ("80E2000000", "只读"),
        ("04DA9F7904AABBCCDD", "只读"),
    ],
)
def test_a_command_that_changes_the_card_is_refused_and_the_counter_is_named(
    command: str, counter: str
) -> None:
    if command.startswith("80AE"):
        command = "80AE8000010000"
    told = card("apdu", SELECT, command)
    assert (told.status, told.code) == (5, "E-READER-027")
    assert counter in told.err
    assert told.out == ""
    asked = card("apdu", "--transact", SELECT, command)
    assert (asked.status, asked.code) in {(2, "E-CLI-007"), (2, "E-READER-029")}
    english = card("--lang", "en", "apdu", SELECT, command)
    assert english.code == "E-READER-027"


def test_with_a_yes_it_is_sent() -> None:
    options = "80A800000C830A00000000000000015601" + "00"
    told = card("--json", "apdu", "--transact", "--yes", SELECT, options, COUNTER).data
    assert [step["sw"] for step in told["steps"]] == ["9000", "9000", "9000"]
    assert told["changed"] is True
    assert told["steps"][2]["answer"][0]["meaning"][0]["en"] == "1"


@pytest.mark.parametrize(
    "command", ["0020008008241234FFFFFFFFFF", "8424000108241234FFFFFFFFFF", "0C20008004241234FF"]
)
@pytest.mark.parametrize("more", [(), ("--transact", "--yes")])
def test_a_pin_on_the_command_line_is_refused_and_not_repeated(
    command: str, more: tuple[str, ...]
) -> None:
    told = card("apdu", *more, SELECT, command)
    assert (told.status, told.code) == (5, "E-READER-026")
    assert "1234" not in told.out + told.err


def test_a_pin_is_asked_for_at_a_terminal_only_and_never_for_a_card_in_the_air() -> None:
    told = card("apdu", "--transact", "--yes", SELECT, "00200080", given="1234\n")
    assert (told.status, told.code) == (2, "E-READER-029")
    air = card("apdu", "--transact", "--yes", "--reader", "szunion-sim-air", SELECT, "00200080")
    assert (air.status, air.code) == (5, "E-READER-030")


@pytest.mark.parametrize(
    "text", ["zz", "00A40", "00A4", "00A4040005AA", "００A404", "0020008008241234F"]
)
def test_what_is_no_command_is_refused_without_being_repeated(text: str) -> None:
    told = card("apdu", text)
    assert (told.status, told.code) == (2, "E-READER-028")
    assert text not in told.err


def test_nothing_to_send_is_wrong_usage() -> None:
    assert card("apdu").status == 2


# --- explain --------------------------------------------------------------------------------------


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "t.jsonl"
    assert card("trace", "--authenticate", "--save", str(path)).status == 0
    return path


def test_a_saved_trace_is_explained_without_a_card(trace: Path) -> None:
    told = card("explain", str(trace))
    assert told.status == 0
    assert "记录中已抹去" in told.out
    assert "✗" not in told.out
    assert "卡片有改变" in told.out
    english = card("--lang", "en", "explain", str(trace))
    assert "wiped from the trace" in english.out
    data = card("--json", "explain", str(trace)).data
    assert data["steps"][0]["command"] == "00A40400"


def test_the_chain_of_a_wiped_trace_cannot_be_checked_and_that_is_said(
    trace: Path, ca_keys: Path
) -> None:
    told = card("explain", str(trace), "--ca-keys", str(ca_keys))
    assert "证书链无法核对" in told.out
    assert "证书链不成立" not in told.out


@pytest.fixture
def ca_keys(tmp_path: Path) -> Path:
    path = tmp_path / "roots.txt"
    path.write_text(
        "# 测试根\n\n" + "\n".join(downloads(SampleCard.grow().bank)) + "\n",
        "ascii",
        errors="ignore",
    )
    return path


def test_a_transcript_of_somebody_elses_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text(">> 80CA9F3600 # counter\n<< 9F3602001C9000\n", "utf-8")
    assert "28" in card("explain", str(path)).out
    page = tmp_path / "p.html"
    assert card("explain", str(path), "--html", str(page)).status == 0
    assert "9F36" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "E-READER-028"),
        (">> 00\n>> 00\n", "E-READER-028"),
        ('{"c": 1}', "E-READER-028"),
        ("{", "E-READER-028"),
        (b"\xff\xfe\x00", "E-CLI-005"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, text: str | bytes, code: str) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    told = card("explain", str(path))
    assert (told.status, told.code) == (2, code)
    assert card("explain", "--diff", str(path), str(path)).code == code


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = card("explain", str(tmp_path / "none.jsonl"))
    assert (told.status, told.code) == (2, "E-CLI-005")
    assert "none.jsonl" in told.err


def test_tlv_is_explained_from_the_line_and_from_stdin() -> None:
    hexes = "9F360200019F2701809F1A020156"
    told = card("explain", "--tlv", hexes)
    assert told.status == 0
    assert "ARQC" in told.out
    assert "中国" in told.out
    assert card("explain", "--tlv", "-", given=hexes[:8] + "\n" + hexes[8:]).out == told.out
    items = card("--json", "explain", "--tlv", hexes).data["items"]
    assert [item["label"] for item in items] == ["9F36", "9F27", "9F1A"]
    masked = card("explain", "--tlv", "5A086200000000000013")
    assert "620000******0013" in masked.out
    assert "6200000000000013" not in masked.out


def test_tlv_that_breaks_off_is_shown_as_far_as_it_goes_and_is_a_failure() -> None:
    told = card("explain", "--tlv", "9F360200019F27")
    assert told.status == 2
    assert "9F36" in told.out
    assert "✗" in told.out
    assert card("explain", "--tlv", "zz").code == "E-READER-028"


def test_two_traces_are_compared(tmp_path: Path) -> None:
    one, two = tmp_path / "a", tmp_path / "b"
    one.write_text(">> 80CA9F3600\n<< 9F3602001C9000\n", "utf-8")
    two.write_text(">> 80CA9F3600\n<< 9F3602001D9000\n", "utf-8")
    assert card("explain", "--diff", str(one), str(one)).out == "没有差别\n"
    told = card("explain", "--diff", str(one), str(two))
    assert "- 001C" in told.out
    assert "+ 001D" in told.out
    (found,) = card("--json", "explain", "--diff", str(one), str(two)).data["differences"]
    assert found["path"] == "answer/9F36"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("t", "--tlv", "9F3600"),
        ("t", "--diff", "a", "b"),
        ("--tlv", "9F3600", "--html", "p"),
    ],
)
def test_one_thing_is_explained_at_a_time(words: tuple[str, ...]) -> None:
    told = card("explain", *words)
    assert told.status == 2
    assert "--" in told.err
    assert card("--lang", "en", "explain", *words).status == 2


# --- plain values -------------------------------------------------------------------------------


TLV = "5A086200000000000013"


def test_plain_values_need_a_reason_a_database_and_leave_a_line_in_the_log(tmp_path: Path) -> None:
    assert card("explain", "--tlv", TLV, "--reveal").code == "E-READER-025"
    assert card("explain", "--tlv", TLV, "--reveal", "--reason", "  ").code == "E-READER-025"
    long = card("--db", "u.db", "explain", "--tlv", TLV, "--reveal", "--reason", "长" * 201)
    assert long.status != 0
    closed = card("explain", "--tlv", TLV, "--reveal", "--reason", "复核")
    assert (closed.status, closed.code) == (1, "E-STORE-009")
    assert "6200000000000013" not in closed.out
    assert say(["db", "init", "--db", "u.db"]).status == 0
    shown = card("--db", "u.db", "--user", "wang", "explain", "--tlv", TLV, "--reveal",
                 "--reason", "复核")  # fmt: skip
    assert shown.status == 0
    assert "6200000000000013" in shown.out
    assert say(["--db", "u.db", "worker", "--once"]).status == 0
    log = say(["--db", "u.db", "audit", "export"]).out
    (line,) = [row for row in log.splitlines() if "chip.reveal" in row]
    assert "wang" in line
    assert "复核" in line
    assert "6200000000000013" not in line
    del tmp_path


def test_help_says_what_costs_what() -> None:
    for verb in ("read", "trace", "apdu", "explain"):
        told = card(verb, "-h")
        assert told.status == 0
        assert "--reveal" in told.out
    assert "ATC" in card("read", "-h").out
    assert "--transact" in card("apdu", "-h").out
    verbs = card("-h").out
    assert "发送自选的命令；缺省只允许只读" in verbs
