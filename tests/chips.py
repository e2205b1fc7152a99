"""Chips for the cards of a simulated bank: real ones, copies, and ones with another PSN."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from attrs import frozen
from tests.cardtown import CardTown

from szunion.adapters.reader.simulated import Card, SimulatedReader
from szunion.adapters.system import SystemChance
from szunion.application.card_reading import Equipment
from szunion.domain.card_files import KeptCard
from szunion.emv.card.bank import TestBank
from szunion.emv.card.content import PersonalisedCard
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import personalise
from szunion.emv.card.profiles import Flaw, Profile

READER = "counter 0"
DAY = "2026-11-24"
"""A day within the validity of test cards."""


@cache
def maker() -> TestBank:
    """Return the keys of the bank that makes the cards."""
    return TestBank.grow(7)


@cache
def content(pan: str, psn: str, flaw: Flaw | None = None) -> PersonalisedCard:
    """Return what is on one card."""
    return personalise(maker(), Profile(pan=pan, psn=psn, flaw=flaw), 11)


def chip(town: CardTown, kept: KeptCard, *, psn: str = "", flaw: Flaw | None = None) -> Any:
    """Return the chip of a card of the register, made by its bank."""
    seen = town.bank.truth.card(kept.card.ref)
    assert seen is not None
    number = content(seen.number.plain(), psn or f"{kept.card.ref.psn:02d}", flaw)
    return SimulatedCard(number, 5)


@frozen
class Counts:
    """A card that does something before each command, and counts them."""

    card: Any
    before: Callable[[int], None]
    seen: list[int]

    def reset(self, *, contactless: bool = False) -> bytes:
        atr: bytes = self.card.reset(contactless=contactless)
        return atr

    def process_bytes(self, raw: bytes) -> bytes:
        self.before(len(self.seen))
        self.seen.append(raw[1])
        answer: bytes = self.card.process_bytes(raw)
        return answer

    def power_off(self) -> None:
        self.card.power_off()


def equipment(town: CardTown, card: Card | None = None) -> Equipment:
    """Return a counter with one reader, and a card in it."""
    reader = SimulatedReader(READER)
    if card is not None:
        reader.insert(READER, card)
    return Equipment(
        reader=reader, roots=lambda _: maker().roots(date.fromisoformat(DAY)), names=town.bank,
        clock=town.clock, chance=SystemChance(),
    )  # fmt: skip


def swap(counter: Equipment, card: Card | None) -> None:
    """Put another card into the reader."""
    assert isinstance(counter.reader, SimulatedReader)
    if card is None:
        counter.reader.remove(READER)
    else:
        counter.reader.insert(READER, card)
