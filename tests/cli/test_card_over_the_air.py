"""A card that comes over the network, as from a phone: waited for, read, gone."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from tests.cli.speaking import Said, say

from szunion.adapters.reader.vpcd import Card, serve
from szunion.emv.card.machine import SimulatedCard
from szunion.testing.cards import SampleCard

SETTINGS = """[szunion.reader]
name = "vpcd"
settings = {{ port = {port}, seconds = 2.0 }}
"""


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    (tmp_path / "szunion.toml").write_text(SETTINGS.format(port=number), "utf-8")
    monkeypatch.chdir(tmp_path)
    return number


class Weak:
    """A card that leaves the field at its twelfth command."""

    def __init__(self, card: SimulatedCard) -> None:
        self.reset, self.power_off = card.reset, card.power_off
        self.card = card
        self.heard = 0

    def process_bytes(self, raw: bytes) -> bytes:
        self.heard += 1
        return b"" if self.heard == 12 else self.card.process_bytes(raw)


def phone(port: int, card: Card) -> threading.Thread:
    """Return a card that connects as soon as somebody listens."""

    def come() -> None:
        for _ in range(1_000):
            try:
                line = socket.create_connection(("127.0.0.1", port))
            except OSError:
                time.sleep(0.01)
            else:
                with line:
                    serve(card, line)
                return

    thread = threading.Thread(target=come)
    thread.start()
    return thread


def read(*words: str) -> Said:
    return say(["card", "read", "--reader", "vpcd", *words])


def test_a_card_that_comes_is_waited_for_and_read(port: int) -> None:
    thread = phone(port, SampleCard.grow().card())
    told = read("--wait", "20")
    thread.join()
    assert told.status == 0, told
    assert "等卡放到“vpcd”" in told.err
    assert "620000******0070" in told.out


def test_a_card_that_does_not_come_is_no_card(port: int) -> None:
    assert port
    assert read().code == "E-READER-002"
    told = say(["--lang", "en", "card", "read", "--reader", "vpcd", "--wait", "0.05"])
    assert (told.status, told.code) == (6, "E-READER-002")
    assert "waiting for a card" in told.err


def test_a_card_that_loses_its_power_is_said_with_its_number(port: int) -> None:
    thread = phone(port, Weak(SampleCard.grow().card()))
    told = read("--wait", "20")
    thread.join()
    assert (told.status, told.code) == (6, "E-READER-013")
    assert "第 12 条 APDU" in told.err
    assert told.out == ""
