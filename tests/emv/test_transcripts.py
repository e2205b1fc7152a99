"""Conversations written down once: terminal and card must go on saying exactly this.

``python -m tests.emv.test_transcripts`` writes them anew; look at the difference first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from tests.emv.world import BUSINESS, Heard, Line, card, performer, terminal

from szunion.emv import scripts
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Scheme
from szunion.emv.explain_trace import read_trace
from szunion.emv.flow import Flow, run
from szunion.emv.look import Probes, look
from szunion.emv.outcome import Decision
from szunion.emv.pboc import Fast, tap
from szunion.emv.terminal import terminal_values
from szunion.emv.transaction import transact
from szunion.emv.transit import Settings

FOLDER = Path(__file__).parent / "transcripts"


@frozen
class Scene:
    """A conversation: with which card, which flow, and what must come out."""

    name: str
    card: Callable[[], SimulatedCard]
    flow: Callable[[], Flow[Any]]
    holds: Callable[[Any], bool]
    line: Callable[[], Line] = Line


def _contact() -> Flow[Any]:
    return transact(terminal(knows_sm=True), BUSINESS)


def _tap() -> Flow[Any]:
    made = terminal(floor_limit=50_000)
    return tap(made, BUSINESS, terminal_values(made, BUSINESS, b"\1\2\3\4"))


SCENES = (
    Scene(
        "look",
        lambda: card(purse=5_000, membership=b"\xe1\0"),
        lambda: look(Probes(transit=Settings(), logs=True)),
        lambda view: view.transit.balance == 5_000,
    ),
    Scene(
        "contact-rsa-cda-script",
        card,
        _contact,
        lambda outcome: outcome.decision is Decision.APPROVED_ONLINE,
        lambda: Line(orders=(scripts.set_ecash_balance(2_000),)),
    ),
    Scene(
        "contact-sm-cda",
        lambda: card(Scheme.SM),
        _contact,
        lambda outcome: outcome.decision is Decision.APPROVED_ONLINE,
    ),
    Scene(
        "tap-offline",
        lambda: card(contactless=True),
        _tap,
        lambda outcome: outcome.decision is Fast.APPROVED_OFFLINE,
    ),
)


def _played(scene: Scene) -> str:
    """Return the conversation as text."""
    heard = Heard()
    outcome = run(scene.flow(), performer(scene.card(), line=scene.line(), heard=heard))
    assert scene.holds(outcome)
    lines = [f"# {scene.name}: test card, test keys"]
    for command, response in heard.lines:
        lines.append(f">> {command.encode().hex().upper()}")
        lines.append(f"<< {response.encode().hex().upper()}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_terminal_and_card_say_what_they_said(scene: Scene) -> None:
    assert _played(scene) == (FOLDER / f"{scene.name}.txt").read_text("utf-8")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_terminal_alone_follows_the_transcript_to_its_end(scene: Scene) -> None:
    left = list(read_trace((FOLDER / f"{scene.name}.txt").read_text("utf-8")))

    def transmit(raw: bytes) -> bytes:
        exchange = left.pop(0)
        assert exchange.command.encode() == raw
        return exchange.response.encode()

    outcome = run(scene.flow(), performer(scene.card(), line=scene.line(), transmit=transmit))
    assert scene.holds(outcome)
    assert left == []


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_card_alone_answers_the_transcript(scene: Scene) -> None:
    held = scene.card()
    for exchange in read_trace((FOLDER / f"{scene.name}.txt").read_text("utf-8")):
        assert held.process_bytes(exchange.command.encode()) == exchange.response.encode()


if __name__ == "__main__":
    for every in SCENES:
        (FOLDER / f"{every.name}.txt").write_text(_played(every), "utf-8")
