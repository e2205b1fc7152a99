"""A result file is being read when the process is killed, again and again: every line once."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.adapters.bank.filed import sheet_of_words
from tests.cli.test_bank_files import SETTINGS

from szunion.adapters.bank.batch_file.make import layout_named
from szunion.application.bank_books import BankBooks
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.inbox import HeardNotice, Hearing
from szunion.settings import load_settings

LINES = 200
KILLS = 4
PROGRAM = str(Path(sys.executable).with_name("szunion"))


def written() -> int:
    with closing(sqlite3.connect("file:union.db?mode=ro", uri=True)) as looking:
        (count,) = looking.execute("SELECT count(*) FROM inbox").fetchone()
        return int(count)


def heard() -> list[HeardNotice]:
    by = Principal(id="city-1", role=Role.CITY, purpose=Purpose.OPERATE)
    with UnionSystem.from_settings(load_settings()) as system:
        return list(BankBooks(system.office, by).troubles(most=2 * LINES))


def test_35_killed_at_any_row_of_a_file_each_row_is_heard_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line is about a row that nobody has: each is set aside in a commit of its own."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("szunion.toml").write_text(SETTINGS, "utf-8")
    for name in ("out", "in"):
        (tmp_path / "exchange" / name).mkdir(parents=True)
    subprocess.run([PROGRAM, "db", "init"], check=True, capture_output=True)
    lines = [
        {"notice": "RowVerified", "row": f"ROW{index:05d}".ljust(26, "X"), "sequence": 1}
        for index in range(LINES)
    ]
    data = sheet_of_words(layout_named("fixed"), "rows", lines)
    Path("exchange/in/JG201711230001.txt").write_bytes(data)
    chance = random.Random(35)
    for _ in range(KILLS):
        before = written()
        with subprocess.Popen([PROGRAM, "worker", "--once"], stdout=subprocess.DEVNULL) as child:
            at = before + chance.randrange(1, LINES // KILLS)
            while child.poll() is None and written() < at:
                time.sleep(0.002)
            child.send_signal(signal.SIGKILL)
        assert before < written() < LINES, "killed in the middle"
    subprocess.run([PROGRAM, "worker", "--once"], check=True, capture_output=True)
    found = heard()
    assert len(found) == LINES
    assert {each.hearing for each in found} == {Hearing.ASIDE}
    assert {each.copies for each in found} == {found[0].copies}, "no line was heard twice"
    assert {each.event_id for each in found} == {
        f"JG201711230001.txt#{number}" for number in range(1, LINES + 1)
    }
