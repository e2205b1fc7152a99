"""Corners of the terminal and the card that no usual conversation comes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.emv.purses import AID as PURSE_AID
from tests.emv.purses import pay_once, purse_card
from tests.emv.world import BUSINESS, card, content, performer, terminal

from szunion.emv.apdu import Command
from szunion.emv.card.cells import amount
from szunion.emv.card.content import PaymentApplication
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.errors import BadField, CardFault
from szunion.emv.flow import Performer, run
from szunion.emv.oda_keys import Assurance
from szunion.emv.outcome import Decision
from szunion.emv.pboc import tap
from szunion.emv.purse import read_log
from szunion.emv.reading import ApplicationData
from szunion.emv.selection import Selected, select_application
from szunion.emv.terminal import terminal_values
from szunion.emv.transaction import transact


def refusing(held: SimulatedCard, ins: int, status: str) -> Callable[[bytes], bytes]:
    """A card that answers one kind of command with a status word only."""

    def transmit(raw: bytes) -> bytes:
        return bytes.fromhex(status) if raw[1] == ins else held.process_bytes(raw)

    return transmit


@pytest.mark.parametrize("ins", [0xA8, 0xAE, 0xB2])
def test_an_odd_status_word_ends_a_contact_transaction(ins: int) -> None:
    acting = performer(card(), transmit=refusing(card(), ins, "6F00"))
    with pytest.raises(CardFault) as caught:
        run(transact(terminal(), BUSINESS), acting)
    assert caught.value.sw == 0x6F00


def test_an_odd_status_word_ends_a_tap_and_6985_asks_for_the_contacts() -> None:
    values = terminal_values(terminal(), BUSINESS, b"\1\2\3\4")
    held = card(contactless=True)
    with pytest.raises(CardFault):
        run(
            tap(terminal(), BUSINESS, values),
            performer(held, transmit=refusing(held, 0xA8, "6F00")),
        )


def test_a_card_with_nothing_but_refusals_is_not_accepted() -> None:
    """Every application says 6985, and there are more than we try."""
    from szunion.emv import tlv
    from szunion.emv.tlv import Node

    names = [bytes.fromhex(f"A0000003330101{number:02X}") for number in range(1, 13)]
    entries = [Node.of(0x61, [Node.of(0x4F, name)]) for name in names]
    directory = tlv.build([Node.of(0x70, entries)]) + b"\x90\0"
    tried: list[bytes] = []

    def transmit(raw: bytes) -> bytes:
        if raw[1] == 0xA4:
            name = raw[5 : 5 + raw[4]]
            inside = [Node.of(0x88, b"\1")] if name.startswith(b"1PAY") else []
            return (
                tlv.build([Node.of(0x6F, [Node.of(0x84, name), Node.of(0xA5, inside)])]) + b"\x90\0"
            )
        if raw[1] == 0xB2:
            return directory if raw[2] == 1 else b"\x6a\x83"
        tried.append(raw)
        return b"\x69\x85"

    made = terminal(holder_chooses=True)
    outcome = run(transact(made, BUSINESS), performer(card(), transmit=transmit))
    assert outcome.decision is Decision.NOT_ACCEPTED
    assert len(tried) == 8


def test_data_of_an_application_that_was_not_begun_are_not_authenticated() -> None:
    told = ApplicationData(Selected(b"AAAAA", b"AAAAA", (), b""), None)
    with pytest.raises(BadField, match="82"):
        told.for_authentication()


def test_a_holder_is_not_verified_by_data_of_another_form() -> None:
    """The card's own view is in PBOC's 9F10; what is no PBOC 9F10 says nothing."""
    from szunion.emv import transaction

    outcome_of: list[Any] = []
    original = transaction._holder_verified

    def kept(state: Any) -> bool:
        outcome_of.append(state)
        return original(state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "_holder_verified", kept)
        outcome = run(transact(terminal(), BUSINESS), performer(card()))
    assert outcome.assurance is Assurance.CDA_OFFLINE
    assert outcome.holder_verified
    (state,) = outcome_of
    for data in (b"", b"\x06\x01\x0a\x03\x04\x00\x00", b"\x07\x01\x01\x04\x04\x00\x00"):
        first = evolve(state.cryptograms[0], issuer_data=data)
        assert not original(evolve(state, cryptograms=(first, *state.cryptograms[1:])))


def test_the_purses_log_is_read_to_its_last_record() -> None:
    held = purse_card(log_size=10)
    acting = Performer(transmit=held.process_bytes)
    run(select_application(PURSE_AID), acting)
    for number in range(12):
        pay_once(held.process_bytes, 100 + number, number=number)
    assert [record.amount for record in run(read_log(), acting)] == list(range(111, 101, -1))


def test_a_purse_reads_files_by_their_short_name_only() -> None:
    held = purse_card(files={0x15: bytes(30)})
    run(select_application(PURSE_AID), Performer(transmit=held.process_bytes))
    assert held.process(Command(0x00, 0xB0, 0x00, 0x00, le=8)).sw == 0x6986


def test_a_card_with_content_that_no_personaliser_makes_still_answers() -> None:
    whole = content()
    broken = [
        evolve(one, data={**one.data, 0x9F4F: b"\x9f"})
        if isinstance(one, PaymentApplication)
        else one
        for one in whole.applications
    ]
    held = SimulatedCard(evolve(whole, applications=tuple(broken)), 5)
    held.reset()
    outcome = run(transact(terminal(online=False), BUSINESS), performer(held))
    assert outcome.decision is Decision.APPROVED_OFFLINE


@pytest.mark.parametrize(
    ("value", "fen"), [(b"", None), (None, None), (b"\x0a", None), (b"\x00\x12", 12)]
)
def test_an_amount_on_the_card_is_digits_or_none(value: bytes | None, fen: int | None) -> None:
    assert amount(value) == fen
