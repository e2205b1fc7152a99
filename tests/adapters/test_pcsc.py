"""The real pyscard and libpcsclite against a daemon of our own."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.pcscd_fake

ROOT = Path(__file__).parents[2]


def missing() -> str | None:
    if importlib.util.find_spec("smartcard") is None:
        return "pyscard is not installed"
    try:
        ctypes.CDLL("libpcsclite.so.1")
    except OSError:
        return "libpcsclite1 is not installed"
    return None


class Bench:
    """The daemon, and a client process that uses our adapter: libpcsclite reads its socket's
    name once, so each test has a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "pcscd.comm"
        self.start()

    def start(self) -> None:
        self.daemon = self._start("tests.adapters.fake_pcscd", str(self.socket), "desk", "air", {})

    def _start(self, module: str, *arguments: object) -> subprocess.Popen[str]:
        *words, extra = arguments
        assert isinstance(extra, dict)
        started = subprocess.Popen(
            [sys.executable, "-m", module, *(str(word) for word in words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **extra},
        )
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        return started

    def client(self, socket: Path | None = None) -> subprocess.Popen[str]:
        name = str(socket or self.socket)
        return self._start("tests.adapters.pcsc_client", {"PCSCLITE_CSOCK_NAME": name})

    def stop(self) -> None:
        end(self.daemon)


def say(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    try:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    made = Bench(tmp_path_factory.mktemp("pcsc"))
    yield made
    made.stop()


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[Bench]:
    """A daemon of one's own, to be spoiled."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    made = Bench(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def client(bench: Bench) -> Iterator[subprocess.Popen[str]]:
    say(bench.daemon, "remove desk")
    made = bench.client()
    yield made
    end(made)


def test_readers_are_listed_with_what_is_in_them(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    assert say(client, "list") == "desk:- air:-"
    assert say(bench.daemon, "insert desk") == "ok"
    assert say(client, "list") == "desk:3B690000535A554E494F4E0000 air:-"


def test_every_refusal_has_its_error(bench: Bench, client: subprocess.Popen[str]) -> None:
    assert say(client, "connect nowhere") == "NoReader E-READER-001"
    assert say(client, "connect desk") == "NoCard E-READER-002"
    say(bench.daemon, "insert desk")
    assert say(client, "connect desk") == "ok 3B690000535A554E494F4E0000"
    assert say(client, "connect desk") == "SharingViolation E-READER-005"
    assert say(client, "close") == "ok"
    assert say(client, "send 00A4040000") == "ReaderError E-READER-012"
    assert say(client, "connect desk") == "ok 3B690000535A554E494F4E0000"


def test_61xx_and_6cxx_come_through_as_they_are(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    say(bench.daemon, "insert desk")
    say(client, "connect desk")
    assert say(client, "send 00A4040008A00000033301010100")[:2] == "61"
    assert say(client, "send 80CA9F3600") == "6C05"


def test_a_card_taken_out_ends_the_conversation_and_nothing_stale_comes(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    say(bench.daemon, "insert desk")
    say(client, "connect desk")
    say(bench.daemon, "remove desk")
    assert say(client, "send 80CA9F3600") == "CardRemoved E-READER-003"
    say(bench.daemon, "insert desk")
    assert say(client, "send 80CA9F3600") == "CardRemoved E-READER-003"


def test_a_swapped_card_is_told_apart_from_one_taken_out(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    say(bench.daemon, "insert desk")
    say(client, "connect desk")
    say(bench.daemon, "remove desk")
    say(bench.daemon, "insert desk")
    assert say(client, "send 80CA9F3600") == "CardRemoved E-READER-004"


def test_a_silent_card_costs_the_deadline_and_the_reader_counts_as_lost(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    say(bench.daemon, "insert air")
    assert say(client, "connect air").startswith("ok")
    say(bench.daemon, "hang air")
    assert say(client, "patience 0.5") == "ok"
    assert say(client, "send 80CA9F3600") == "ReaderError E-READER-006"
    assert say(client, "send 80CA9F3600") == "ReaderError E-READER-006"
    assert say(client, "connect air") == "ReaderError E-READER-006"
    assert say(client, "patience 20") == "ok"
    assert say(client, "list").startswith("desk:")


def test_waiting_ends_when_the_card_comes_and_when_the_time_is_over(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    assert say(client, "wait desk present 0.05") == "False"
    assert say(client, "wait desk absent 0.05") == "True"
    assert client.stdin is not None
    client.stdin.write("wait desk present 5\n")
    client.stdin.flush()
    say(bench.daemon, "insert desk")
    assert client.stdout is not None
    assert client.stdout.readline() == "True\n"
    assert say(client, "wait nowhere present 0.05").startswith("NoReader")


def test_many_enumerations_at_once_do_not_block_each_other(client: subprocess.Popen[str]) -> None:
    assert say(client, "storm") == "ok"


def test_a_whole_transaction_runs_over_the_library(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    say(bench.daemon, "insert desk")
    assert say(client, "pay") == "APPROVED_ONLINE CDA_OFFLINE"


def test_a_card_taken_out_before_any_command_is_one_error_at_once_and_nothing_stale(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    told: set[str] = set()
    for gone in range(100):
        say(bench.daemon, "insert desk")
        say(bench.daemon, f"remove-at desk {gone}")
        answer = say(client, "pay")
        if answer == "APPROVED_ONLINE CDA_OFFLINE":
            assert gone > 30
            assert told == {"CardRemoved E-READER-003"}
            return
        told.add(answer)
        say(bench.daemon, "insert desk")  # the same card again is another conversation
        assert say(client, "stale") == "E-READER-003 E-READER-003 E-READER-003"
        say(client, "close")
    pytest.fail("the transaction never ended")


def test_a_card_swapped_before_any_command_is_one_error_at_once(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    told: set[str] = set()
    for gone in range(0, 100, 3):
        say(bench.daemon, "insert desk")
        say(bench.daemon, f"swap-at desk {gone}")
        answer = say(client, "pay")
        if answer == "APPROVED_ONLINE CDA_OFFLINE":
            assert gone > 30
            assert told == {"CardRemoved E-READER-004"}
            return
        told.add(answer)
        assert say(client, "stale") == "E-READER-004 E-READER-004 E-READER-004"
        say(client, "close")
    pytest.fail("the transaction never ended")


def test_a_card_torn_out_in_the_middle_of_a_command_is_a_removed_card(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    for gone in (0, 7, 20):
        say(bench.daemon, "insert desk")
        say(bench.daemon, f"tear-at desk {gone}")
        assert say(client, "pay") == "CardRemoved E-READER-003"
        assert say(client, "stale") == "E-READER-003 E-READER-003 E-READER-003"
        say(client, "close")


def test_a_reader_unplugged_in_a_conversation_is_told_and_comes_back(
    bench: Bench, client: subprocess.Popen[str]
) -> None:
    say(bench.daemon, "insert desk")
    say(client, "connect desk")
    say(bench.daemon, "unplug desk")
    try:
        assert say(client, "send 80CA9F3600") == "ReaderError E-READER-007"
        assert say(client, "list").startswith("air:")
        assert say(client, "connect desk") == "NoReader E-READER-001"
    finally:
        say(bench.daemon, "plug desk")
    say(client, "close")
    say(bench.daemon, "insert desk")
    assert say(client, "connect desk").startswith("ok")


def test_two_processes_cannot_have_one_card_and_the_next_gets_it(bench: Bench) -> None:
    one, other = bench.client(), bench.client()
    try:
        say(bench.daemon, "insert desk")
        assert say(one, "connect desk").startswith("ok")
        assert say(other, "connect desk") == "SharingViolation E-READER-005"
        assert say(one, "send 00A4040008A00000033301010100")[:2] == "61"
        assert say(one, "close") == "ok"
        assert say(other, "connect desk").startswith("ok")
        # a process that dies lets go of its card
        other.kill()
        other.wait(timeout=5)
        assert any(say(one, "connect desk").startswith("ok") for _ in range(100))
    finally:
        end(one)
        end(other)


def test_a_daemon_that_restarts_ends_the_conversation_and_the_next_one_begins(
    own_bench: Bench,
) -> None:
    client = own_bench.client()
    say(own_bench.daemon, "insert desk")
    assert say(client, "connect desk").startswith("ok")
    own_bench.stop()
    assert say(client, "send 80CA9F3600").split(" ")[0] in {"ReaderError", "CardRemoved"}
    assert say(client, "list") == "ReaderError E-READER-009"
    own_bench.socket.unlink()
    own_bench.start()
    say(own_bench.daemon, "insert desk")
    assert say(client, "list").startswith("desk:3B")
    assert say(client, "stale").count("E-READER-") == 3
    say(client, "close")
    assert say(client, "pay") == "APPROVED_ONLINE CDA_OFFLINE"
    end(client)


def test_without_a_daemon_the_error_says_so(bench: Bench, tmp_path: Path) -> None:
    alone = bench.client(tmp_path / "nobody")
    assert say(alone, "list") == "ReaderError E-READER-009"
    end(alone)


def test_a_daemon_that_talks_nonsense_is_an_error_not_a_crash(own_bench: Bench) -> None:
    say(own_bench.daemon, "garbage")
    alone = own_bench.client()
    assert say(alone, "list").split(" ")[0] == "ReaderError"
    end(alone)
