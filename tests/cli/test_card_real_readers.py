"""The card commands over the real PC/SC library, against a daemon and cards of our own."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import frozen
from tests.adapters.test_pcsc import Bench, end, missing, say
from tests.cli.roots import downloads
from tests.cli.speaking import Said

from szunion.testing.cards import PIN, SampleCard

ROOT = Path(__file__).parents[2]
NUMBER = "6200000000000070"
SETTINGS = """[szunion.reader]
name = "pcsc"
settings = {{ seconds = {seconds} }}
"""

pytestmark = pytest.mark.pcscd_fake


@frozen
class Office:
    """A folder with settings, a daemon, and a process that obeys command lines."""

    folder: Path
    bench: Bench
    process: subprocess.Popen[str]

    def order(self, line: str) -> None:
        assert say(self.bench.daemon, line) == "ok"

    def __call__(self, *words: str) -> Said:
        answer = json.loads(say(self.process, json.dumps({"words": words})))
        return Said(answer["status"], answer["out"], answer["err"])


def started(folder: Path, socket: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.desk_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(socket), "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("office")
    (folder / "szunion.toml").write_text(SETTINGS.format(seconds=20.0), "utf-8")
    (folder / "hasty.toml").write_text(SETTINGS.format(seconds=0.5), "utf-8")
    lines = downloads(SampleCard.grow().bank)
    (folder / "roots.txt").write_text("\n".join(lines), "utf-8")
    bench = Bench(folder)
    process = started(folder, bench.socket)
    yield Office(folder, bench, process)
    end(process)
    bench.stop()


@pytest.fixture
def office(made: Office) -> Office:
    made.order("insert desk sample")
    made.order("remove air")
    return made


def test_a_real_reader_is_listed_before_the_simulated_ones(office: Office) -> None:
    rows = office("--json", "reader", "list").rows
    assert [row["reader"] for row in rows] == ["desk", "air", "szunion-sim", "szunion-sim-air"]
    assert [row["number"] for row in rows] == [0, 1, 2, 3]
    assert [row["card"] for row in rows[:2]] == ["有卡", None]
    assert office("reader", "list").err == ""


def test_doctor_asks_the_service_itself(office: Office) -> None:
    assert "PC/SC 服务可用：2 台读卡器，1 张卡" in office("doctor").out


def test_a_real_card_is_read_masked(office: Office) -> None:
    told = office("card", "read")
    assert told.status == 0
    assert told.out.startswith("工会会员服务卡（接触）")
    assert "620000******0070" in told.out
    assert NUMBER not in told.out
    assert office("--json", "card", "read", "--reader", "desk").data["simulated"] is False


def test_a_real_card_is_authenticated_with_the_roots_of_the_operator(office: Office) -> None:
    roots = str(office.folder / "roots.txt")
    told = office("card", "read", "--authenticate", "--ca-keys", roots)
    assert told.status == 0, told.err
    assert "DDA 通过（CA 公钥索引 E2）" in told.out
    assert "真卡在场" in told.out
    long = office("card", "trace", "--authenticate", "--explain", "--ca-keys", roots)
    assert "证书链完整" in long.out


@pytest.mark.parametrize(
    ("revoked", "why"),
    [
        ("revoked A000000333 E2 000001", "证书已吊销"),
        ("revoked A000000333 E2", "密钥已吊销"),
    ],
)
def test_a_card_under_a_certificate_that_the_operator_revoked_is_not_believed(
    office: Office, revoked: str, why: str
) -> None:
    roots = (office.folder / "roots.txt").read_text("utf-8")
    listed = office.folder / "revoked.txt"
    listed.write_text(f"{revoked}\n{roots}\nrevoked A000000333 E2 000666\n", "utf-8")
    told = office("card", "read", "--authenticate", "--ca-keys", str(listed))
    assert (told.status, told.code) == (1, "E-READER-022")
    assert why in told.err + told.out
    listed.write_text(f"{roots}\nrevoked A000000333 E2 000666\n", "utf-8")
    assert office("card", "read", "--authenticate", "--ca-keys", str(listed)).status == 0


def test_without_roots_a_card_is_not_believed(office: Office) -> None:
    told = office("card", "read", "--authenticate")
    assert (told.status, told.code) == (1, "E-READER-022")
    assert "不可采信" in told.out
    assert office("--json", "card", "read", "--authenticate").data["conclusion"] == "REFUSED"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda lines: [lines[0][:-2] + "00", lines[1]], "E-READER-023"),
        (lambda lines: [lines[0], lines[0]], "E-READER-023"),
        (lambda _: ["no hex"], "E-READER-023"),
        (lambda lines: [lines[0][:40]], "E-READER-023"),
        (lambda lines: [*lines, "revoked A000000333 E2 1"], "E-READER-023"),
    ],
    ids=["checksum", "twice", "no hex", "cut", "revocation"],
)
def test_a_wrong_root_is_refused_by_its_line_before_the_card_counts(
    office: Office, spoil: object, why: str
) -> None:
    assert callable(spoil)
    lines = (office.folder / "roots.txt").read_text("utf-8").splitlines()
    wrong = office.folder / "wrong.txt"
    wrong.write_text("\n".join(spoil(lines)), "utf-8")
    told = office("card", "read", "--authenticate", "--ca-keys", str(wrong))
    assert (told.status, told.code) == (2, why)
    none = office("card", "read", "--authenticate", "--ca-keys", "none.txt")
    assert (none.status, none.code) == (2, "E-CLI-005")


def test_a_card_taken_out_before_any_command_is_said_with_its_number_and_nothing_is_shown(
    office: Office,
) -> None:
    for gone in range(100):
        office.order("insert desk sample")
        office.order(f"remove-at desk {gone}")
        told = office("card", "read", "--reader", "desk")
        if told.status == 0:
            assert gone > 30
            return
        assert (told.status, told.code) == (6, "E-READER-013")
        assert f"第 {gone + 1} 条 APDU" in told.err
        assert told.out == ""
    pytest.fail("the read never ended")


def test_a_card_swapped_in_a_read_is_said(office: Office) -> None:
    office.order("swap-at desk 12")
    told = office("card", "trace", "--reader", "desk", "--explain", "--save", "cut.jsonl")
    assert (told.status, told.code) == (6, "E-READER-004")
    assert told.out == ""
    # what there was before is kept for whoever looks into it, wiped
    assert office("card", "explain", "cut.jsonl").status == 0


def test_a_silent_card_costs_the_deadline_and_no_more(office: Office) -> None:
    office.order("insert air sample")
    office.order("hang air")
    told = office("--config", "hasty.toml", "card", "apdu", "--reader", "air", "00A4040000")
    assert (told.status, told.code) == (6, "E-READER-006")
    assert "0.5" in told.err
    assert office("card", "read", "--reader", "desk").status == 0


def test_no_card_no_reader_and_a_card_of_somebody_else(office: Office) -> None:
    told = office("card", "read", "--reader", "1")
    assert (told.status, told.code) == (6, "E-READER-002")
    office.order("insert air stranger")
    other = office("card", "read", "--reader", "air")
    assert (other.status, other.code) == (4, "E-READER-024")
    assert "A0000000031010 Visa" in other.err
    english = office("--lang", "en", "card", "read", "--reader", "air")
    assert "it lists: A0000000031010 Visa debit/credit" in english.err


def test_a_reader_that_somebody_else_has_is_said(office: Office) -> None:
    other = office.bench.client()
    try:
        assert say(other, "connect desk").startswith("ok")
        told = office("card", "read", "--reader", "desk")
        assert (told.status, told.code) == (6, "E-READER-005")
    finally:
        end(other)


def test_watching_sees_the_card_come_and_go(office: Office) -> None:
    office.order("remove desk")
    assert office.process.stdin is not None
    assert office.process.stdout is not None
    words = ["--json", "reader", "watch", "--reader", "desk", "--events", "2", "--seconds", "20"]
    office.process.stdin.write(json.dumps({"words": words}) + "\n")
    office.process.stdin.flush()
    office.order("await")
    office.order("insert desk")
    office.order("await")
    office.order("remove desk")
    told = json.loads(office.process.stdout.readline())
    assert told["status"] == 0
    states = [json.loads(line)["card"] for line in told["out"].splitlines()]
    assert states == [False, True, False]


def test_plain_values_of_a_real_card_are_in_the_log_before_they_are_on_the_screen(
    office: Office,
) -> None:
    refused = office("card", "read", "--reveal")
    assert (refused.status, refused.code) == (2, "E-READER-025")
    closed = office("card", "read", "--reveal", "--reason", "复核证件")
    assert (closed.status, closed.code) == (1, "E-STORE-009")
    assert office("db", "init").status == 0
    shown = office("--user", "wang", "card", "read", "--reveal", "--reason", "复核证件")
    assert shown.status == 0
    assert NUMBER in shown.out
    assert office("worker", "--once").status == 0
    log = [row for row in office("audit", "export").out.splitlines() if "chip.reveal" in row]
    assert len(log) == 1
    assert "wang" in log[0]
    assert NUMBER not in log[0]
    told = office("card", "read", "--reveal", "--reason", "复核证件", "--org", "nowhere")
    assert (told.status, told.code) == (4, "E-CLI-002")
    assert NUMBER not in told.out


# --- one real process at a terminal ---------------------------------------------------------


def at_a_terminal(folder: Path, socket: Path, words: list[str], answers: list[str]) -> str:
    """Run ``szunion`` at a terminal and type *answers*, each when a question was asked."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from szunion.cli import main; main()", *words],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(socket), "NO_COLOR": "1"},
    )  # fmt: skip
    os.close(theirs)
    shown, left = "", list(answers)
    try:
        while select.select([ours], [], [], 30)[0]:
            try:
                more = os.read(ours, 65536)
            except OSError:  # Linux: the other end of a terminal was closed
                break
            if not more:
                break
            shown += more.decode("utf-8", "replace")
            if left and shown.rstrip(" ").endswith(("]:", "):", "密码:")):
                os.write(ours, left.pop(0).encode() + b"\n")
    finally:
        os.close(ours)
        status = process.wait(timeout=30)
    return f"{shown}\n[{status}]"


SELECT = "00A4040008A00000033301010100"


def test_at_a_terminal_the_question_names_the_counter_and_the_pin_is_not_echoed(
    office: Office,
) -> None:
    words = ["card", "apdu", "--reader", "desk", "--transact", SELECT, "00200080"]
    told = at_a_terminal(office.folder, office.bench.socket, words, ["y", PIN])
    assert "PTC" in told
    assert "继续？" in told
    assert PIN not in told.replace(SELECT, "")
    assert "校验 PIN" in told
    assert "9000" in told
    assert told.endswith("[0]")


def test_at_a_terminal_a_no_leaves_the_card_alone(office: Office) -> None:
    words = ["card", "trace", "--reader", "desk", "--transact"]
    told = at_a_terminal(office.folder, office.bench.socket, words, ["n"])
    assert "ATC" in told
    assert "GENERATE" not in told
    assert told.endswith("[1]")
    counter = office("--json", "card", "apdu", "--reader", "desk", SELECT, "80CA9F3600").data
    assert counter["steps"][1]["answer"][0]["meaning"][0]["en"] == "0"


def test_at_a_terminal_a_whole_transaction_asks_for_the_pin(office: Office) -> None:
    roots = str(office.folder / "roots.txt")
    words = ["card", "trace", "--reader", "desk", "--transact", "--ca-keys", roots]
    told = at_a_terminal(office.folder, office.bench.socket, words, ["y", PIN])
    assert "校验 PIN" in told
    assert PIN not in told
    assert told.endswith("[0]")


def test_who_stops_waiting_is_told_so_by_the_exit_code(office: Office) -> None:
    # Whatever runs the tests in the background may have let its children ignore interrupts.
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{heeds}; from szunion.cli import main; main()",
         "reader", "watch", "--reader", "desk", "--seconds", "60"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=office.folder,
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(office.bench.socket)},
    )  # fmt: skip
    office.order("await")
    for _ in range(6):
        # Python drops an interrupt that falls into a destructor; whoever waits presses again
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            out, err = process.communicate(timeout=10)
            break
    else:
        pytest.fail("it cannot be interrupted")
    assert process.returncode == 130
    assert "有卡" in out
    assert err.strip() == "已中断"
