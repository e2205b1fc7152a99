"""A bank that is killed comes back as the same bank: nothing it told anybody is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.adapters.bank.sample import (
    SOON,
    CarefulClient,
    a_bank_with_cards,
    applicant,
    batch,
    key,
    payout,
    stop,
)

from szunion.errors import ConfigError
from szunion.testing import FaultPlan, Habits, SimClock, SimulatedBank, check_bank


def _busy(bank: SimulatedBank) -> None:
    bank.send(batch(), deadline=SOON)
    bank.simulate.produce(key("batch"))
    bank.simulate.face_sign(key("batch"))
    cards = [card.card for card in bank.truth.cards]
    bank.send(
        payout("pay", *((f"o{n}", card, 100 + n) for n, card in enumerate(cards))), deadline=SOON
    )
    bank.simulate.settle(key("pay"))
    bank.send(stop("stop", cards[0]), deadline=SOON)
    bank.simulate.replace(cards[1])
    list(bank.collect(after=None))


def _same(one: SimulatedBank, other: SimulatedBank) -> bool:
    def shown(bank: SimulatedBank) -> list[object]:
        truth = bank.truth
        delivered = [each.notice for each in bank.collect(after=None)]
        return [
            truth.told,
            truth.cards,
            truth.accounts,
            dict(truth.rows),
            dict(truth.orders),
            dict(truth.effects),
            dict(truth.arrived),
            truth.paying,
            delivered,
        ]

    return shown(one) == shown(other)


def test_a_bank_rises_from_its_file_as_it_was(tmp_path: Path) -> None:
    path, clock = tmp_path / "bank.jsonl", SimClock()
    first = SimulatedBank.open(path, clock=clock)
    _busy(first)
    first.close()
    second = SimulatedBank.open(path, clock=clock)
    assert _same(first, second)
    assert second.send(batch(), deadline=SOON) == first.truth.receipts[key("batch")]
    assert check_bank(second.truth).fine
    second.close()


def test_a_snapshot_is_the_same_bank_in_memory() -> None:
    bank, clock, _ = a_bank_with_cards()
    again = SimulatedBank.restore(bank.snapshot(), clock=clock)
    assert _same(bank, again)
    assert again.snapshot() == bank.snapshot()


def test_a_file_cut_at_any_byte_is_an_earlier_moment_of_the_same_bank(tmp_path: Path) -> None:
    path, clock = tmp_path / "bank.jsonl", SimClock()
    bank = SimulatedBank.open(path, clock=clock)
    _busy(bank)
    whole = path.read_bytes()
    bank.close()
    told = bank.truth.told
    seen = set()
    for end in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:end])
        cut = SimulatedBank.open(path, clock=clock)
        assert cut.truth.told == told[: len(cut.truth.told)]
        assert check_bank(cut.truth).fine
        seen.add(len(cut.truth.told))
        cut.close()
    assert len(seen) > 5


def test_one_process_at_a_time_holds_the_file(tmp_path: Path) -> None:
    bank = SimulatedBank.open(tmp_path / "bank.jsonl", clock=SimClock())
    with pytest.raises(ConfigError) as raised:
        SimulatedBank.open(tmp_path / "bank.jsonl", clock=SimClock())
    assert raised.value.code == "E-SIM-005"
    bank.close()
    bank.close()
    SimulatedBank.open(tmp_path / "bank.jsonl", clock=SimClock()).close()


@pytest.mark.parametrize("damage", [b"{}", b"garbage", b'{"op":"no such act","at":1}', b"[1]"])
def test_a_file_that_is_not_a_journal_is_refused_and_let_go(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "bank.jsonl"
    SimulatedBank.open(path, clock=SimClock()).close()
    path.write_bytes(path.read_bytes() + damage + b"\n")
    for _ in range(2):
        with pytest.raises(ConfigError) as raised:
            SimulatedBank.open(path, clock=SimClock())
        assert "2" in str(raised.value)


@pytest.mark.parametrize("mine", [b"a list\nwithout an end", b"one line", b'{"op":"bunk"}'])
def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path: Path, mine: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(mine)
    with pytest.raises(ConfigError, match="E-SIM-005"):
        SimulatedBank.open(path, clock=SimClock())
    assert path.read_bytes() == mine


def test_a_file_of_another_bank_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bank.jsonl"
    SimulatedBank.open(path, seed=1, clock=SimClock()).close()
    with pytest.raises(ConfigError):
        SimulatedBank.open(path, seed=2, clock=SimClock())


def test_requests_under_way_and_counted_attempts_outlive_a_restart() -> None:
    clock = SimClock()
    plan = FaultPlan(seed=1, delay_request=1.0)
    bank = SimulatedBank(clock=clock, faults=plan)
    client = CarefulClient(bank, clock)
    client.want(batch())
    client.turn()
    assert bank.truth.arrived == {}
    again = SimulatedBank.restore(bank.snapshot(), clock=clock, faults=plan)
    clock.advance(days=3)
    assert again.ask(key("batch"), deadline=SOON) is not None


def test_habits_go_on_after_a_restart_as_if_there_had_been_none() -> None:
    def run(*, restarts: bool) -> SimulatedBank:
        clock, habits = SimClock(), Habits(seed=3, loss_share=0.5, return_share=0.5)
        bank = SimulatedBank(clock=clock, habits=habits)
        bank.send(batch(count=30), deadline=SOON)
        for day in range(40):
            clock.advance(days=1)
            if day == 20:
                cards = [card.card for card in bank.truth.cards]
                lines = ((f"o{n}", card, 100) for n, card in enumerate(cards))
                bank.send(payout("pay", *lines), deadline=SOON)
            if restarts:
                bank = SimulatedBank.restore(bank.snapshot(), clock=clock, habits=habits)
            list(bank.collect(after=None))
        return bank

    assert _same(run(restarts=False), run(restarts=True))


_CHILD = """
import os, sys
from tests.adapters.bank.sample import *
from szunion.testing import SimulatedBank, SimClock
bank = SimulatedBank.open(sys.argv[1], clock=SimClock())
acks = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for number in range(10_000):
    word = f"{sys.argv[3]}-{number}"
    bank.send(batch(word, applicant(number, row=word, person=int(sys.argv[3]) * 10_000 + number)),
              deadline=SOON)
    os.write(acks, (word + chr(10)).encode())
"""


@pytest.mark.parametrize("kills", [6])
def test_what_a_killed_bank_acknowledged_it_has_done(tmp_path: Path, kills: int) -> None:
    """kill -9: acknowledged means present, and what is present is whole."""
    path, acks = tmp_path / "bank.jsonl", tmp_path / "acks"
    for life in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(path), str(acks), str(life)], cwd=Path.cwd()
        )
        wanted = 20 + 37 * life
        while child.poll() is None:
            if acks.exists() and acks.read_bytes().count(b"\n") >= wanted:
                break
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    bank = SimulatedBank.open(path, clock=SimClock())
    acknowledged = acks.read_text().split()
    assert len(acknowledged) >= 20 + 37 * (kills - 1)
    for word in acknowledged:
        assert bank.truth.effects[key(word)] == 1
        other = batch(word, applicant(99_999_999, row=word))
        assert bank.send(other, deadline=SOON).bank_code == "B001"
    assert set(bank.truth.effects.values()) == {1}
    lines = path.read_bytes().splitlines()
    assert all(json.loads(line) for line in lines)
    bank.close()
