"""What a terminal takes for the application that it selected finally: EMV book 1, 12.4."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from tests.emv.test_terminal_by_the_book import READ_RECORD, SELECT
from tests.emv.test_transaction import at_once, between, pay
from tests.emv.world import BUSINESS, PBOC_DEBIT, Heard, card, performer, terminal

from szunion.emv.apdu import Command
from szunion.emv.flow import Candidate, run
from szunion.emv.outcome import Decision
from szunion.emv.tlv import Node, build, parse
from szunion.emv.transaction import transact


def two_names(first_answer: str) -> tuple[Any, list[str]]:
    """A card with two applications of which the first is not to be selected finally."""
    held = at_once()
    entries = [
        Node.of(0x61, [Node.of(0x4F, name), Node.of(0x50, b"A"), Node.of(0x87, bytes((rank,)))])
        for rank, name in enumerate((bytes.fromhex("A000000333010102"), PBOC_DEBIT), start=1)
    ]
    selected: list[str] = []

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins == READ_RECORD and command.p2 == 0x0C and not selected:
            listed = build([Node.of(0x70, entries)]) + b"\x90\0"
            return listed if command.p1 == 1 else b"\x6a\x83"
        if command.ins == SELECT and command.data.startswith(PBOC_DEBIT[:5]):
            selected.append(command.data[-1:].hex())
            return answer if command.data == PBOC_DEBIT else bytes.fromhex(first_answer)
        return answer

    return between(held, change), selected


@pytest.mark.parametrize("refusal", ["6283", "6A82", "6A81", "6985", "6999", "9000", "6F009000"])
def test_an_application_that_cannot_be_selected_is_off_the_list(refusal: str) -> None:
    transmit, selected = two_names(refusal)
    assert pay(card(), transmit=transmit).decision is Decision.APPROVED_ONLINE
    assert selected == ["02", "01"]


@pytest.mark.parametrize("listed", [True, False], ids=["directory", "list of AIDs"])
@pytest.mark.parametrize("longer", ["", "01"])
def test_the_name_that_answers_the_final_selection_is_the_very_name_that_was_selected(
    *, listed: bool, longer: str
) -> None:
    """EMV book 1, 12.3.3 lets a name begin with an AID of ours; 12.4 wants the same one."""
    held, heard = at_once(), Heard()

    def change(command: Command, answer: bytes) -> bytes:
        if command.ins != SELECT:
            return answer
        if command.data != PBOC_DEBIT:
            return answer if listed or command.data.startswith(PBOC_DEBIT[:5]) else b"\x6a\x82"
        (fci,) = parse(answer[:-2])
        name = Node.of(0x84, PBOC_DEBIT + bytes.fromhex(longer))
        inside = [name, *(node for node in fci.children if node.tag != 0x84)]
        return build([Node.of(0x6F, inside)]) + b"\x90\0"

    outcome = pay(held, transmit=between(held, change), heard=heard)
    names = [command.data for command, _ in heard.lines if command.ins == SELECT]
    assert names[-1] == PBOC_DEBIT
    assert (PBOC_DEBIT[:7] in names) is not listed
    assert (outcome.decision is Decision.NOT_ACCEPTED) is bool(longer)


def test_after_a_choice_that_could_not_be_used_the_holder_is_asked_again() -> None:
    transmit, _ = two_names("6283")
    shown: list[list[str]] = []

    def choose(candidates: Any) -> Candidate | None:
        shown.append([candidate.aid[-1:].hex() for candidate in candidates])
        return candidates[0] if len(candidates) > 1 else None

    wired = evolve(performer(card(), transmit=transmit), choose=choose)
    outcome = run(transact(terminal(), BUSINESS), wired)
    assert shown == [["02", "01"], ["01"]]
    assert outcome.decision is Decision.NOT_ACCEPTED
