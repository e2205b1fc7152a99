"""Which key a PIN is enciphered with on its way to the card: EMV book 2, 7."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.emv.test_terminal_by_the_book import VERIFY, approves, edited
from tests.emv.test_transaction import pay
from tests.emv.world import TODAY, Heard, Line, bank, card, content, terminal

from szunion.emv.card import testca
from szunion.emv.card.content import PaymentApplication, RsaPrivate
from szunion.emv.card.profiles import Flaw, Scheme, flawed_profiles, pan_of
from szunion.emv.errors import CardFault
from szunion.emv.fields import Tvr
from szunion.emv.oda_keys import Assurance, Policy
from szunion.emv.outcome import Outcome
from szunion.emv.tlv import Node


def sealed_pin(flaw: Flaw | None = None) -> tuple[Outcome, Heard]:
    profile = next((p for p in flawed_profiles() if p.flaw is flaw), None)
    changes: dict[str, Any] = {} if profile is None else {"pan": profile.pan, "flaw": flaw}
    held = card(cvm_list=bytes.fromhex("00000000000000000403"), **changes)
    heard = Heard()
    return pay(held, heard=heard, line=approves), heard


@pytest.mark.parametrize("flaw", [Flaw.REVOKED, Flaw.CARD_EXPIRED, Flaw.OTHER_PAN, Flaw.WRONG_IIN])
def test_no_pin_is_sealed_for_a_key_that_is_not_to_be_trusted(flaw: Flaw) -> None:
    assert "0020" in sealed_pin()[1].names()
    outcome, heard = sealed_pin(flaw)
    assert "0020" not in heard.names()
    assert Tvr.CVM_NOT_SUCCESSFUL in outcome.tvr


SEALED = bytes.fromhex("00000000000000000403")
RIGHT, WRONG = bytes.fromhex("040302"), bytes.fromhex("040301")


def results(outcome: Outcome) -> bytes:
    assert outcome.holder is not None
    return outcome.holder.results


@pytest.mark.parametrize("pin_bits", [768, 896, 1024, 1152])
def test_a_pin_is_sealed_with_the_key_that_the_card_has_for_it(pin_bits: int) -> None:
    """EMV book 2, 7.1; its size tells it from the other one, with remainder or without."""
    heard = Heard()
    held = card(cvm_list=SEALED, icc_bits=1408, pin_bits=pin_bits)
    outcome = pay(held, terminal(policy=Policy(today=TODAY, least_bits=768)), heard=heard)
    assert results(outcome) == RIGHT
    assert [8 * len(told.data) for told, _ in heard.lines if told.ins == VERIFY] == [pin_bits]
    assert outcome.assurance is Assurance.CDA_OFFLINE


def test_a_pin_that_is_wrong_under_the_key_for_pins_is_wrong() -> None:
    held = card(cvm_list=SEALED, pin_bits=1024)
    assert results(pay(held, pin="9999")) == WRONG


@pytest.mark.parametrize("aip", ["5D00", "1C00"], ids=["SDA", "none"])
@pytest.mark.parametrize("pin_bits", [None, 1024])
def test_a_pin_is_sealed_whatever_the_method_of_authentication(
    aip: str, pin_bits: int | None
) -> None:
    """EMV book 2, 7.1 asks for certificates, not for DDA."""
    held = card(cvm_list=SEALED, aip=bytes.fromhex(aip), pin_bits=pin_bits)
    assert results(pay(held, line=approves)) == RIGHT


def without(tag: int) -> Callable[[tuple[Node, ...]], list[Node]]:
    return lambda nodes: [node for node in nodes if node.tag != tag]


@pytest.mark.parametrize("tag", [0x9F2D, 0x9F2E])
def test_a_key_for_pins_that_is_told_by_halves_is_none_and_the_cards_own_serves(tag: int) -> None:
    """EMV book 2, 7.1: where not all objects of table 25 are there, those of table 16 do.

    This card can open nothing under its other key, so it finds the PIN's block broken.
    """
    heard = Heard()
    held = card(cvm_list=SEALED, icc_bits=1152, pin_bits=1024)
    with pytest.raises(CardFault):
        pay(held, transmit=edited(held, without(tag)), heard=heard)
    assert [8 * len(told.data) for told, _ in heard.lines if told.ins == VERIFY] == [1152]


def test_a_key_for_pins_whose_remainder_is_not_there_seals_nothing() -> None:
    heard = Heard()
    held = card(cvm_list=SEALED, pin_bits=1152)
    outcome = pay(held, transmit=edited(held, without(0x9F2F)), heard=heard)
    assert results(outcome) == WRONG
    assert "0020" not in heard.names()


def certified(**other: Any) -> bytes:
    """A PIN key's certificate that says one thing otherwise, signed by the right issuer."""
    issuer = bank().rsa.issuer
    assert isinstance(issuer, RsaPrivate)
    made = content(pin_bits=1024).applications[0]
    assert isinstance(made, PaymentApplication)
    assert made.rsa_pin is not None
    modulus = made.rsa_pin.modulus.to_bytes(128, "big")
    fields = {
        "form": b"\4",
        "pan": testca.bcd(pan_of(1), 10),
        "expiry": bytes.fromhex("1231"),
        "serial": bytes(3),
        "hash": b"\1",
        "algorithm": b"\1",
        "length": bytes((128,)),
        "exponent": b"\1",
        "modulus": modulus[: issuer.size - 42],
        "static": b"",
    }
    assert other.keys() <= fields.keys()
    fields |= other
    beside = modulus[issuer.size - 42 :] + b"\3" + fields.pop("static")
    return testca.sign_block(issuer, b"".join(fields.values()), beside)


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": b"\2"},
        {"pan": testca.bcd(pan_of(2), 10)},
        {"pan": bytes(10)},
        {"expiry": bytes.fromhex("1020")},
        {"expiry": bytes.fromhex("1331")},
        {"hash": b"\2"},
        {"algorithm": b"\2"},
        {"length": bytes((127,))},
        {"exponent": b"\3"},
        {"static": b"what only the other certificate covers"},
    ],
    ids=str,
)
def test_no_pin_is_sealed_for_a_key_whose_certificate_is_wrong(wrong: dict[str, bytes]) -> None:
    """EMV book 2, 7.1: the checks of 6.4, table 24."""

    def pays(certificate: bytes) -> tuple[bytes, bool]:
        held, heard = card(cvm_list=SEALED, pin_bits=1024), Heard()

        def other(nodes: tuple[Node, ...]) -> list[Node]:
            return [Node.of(n.tag, certificate) if n.tag == 0x9F2D else n for n in nodes]

        outcome = pay(held, transmit=edited(held, other), heard=heard)
        assert Tvr.CDA_FAILED not in outcome.tvr
        return results(outcome), "0020" in heard.names()

    assert pays(certified()) == (RIGHT, True)
    assert pays(certified(**wrong)) == (WRONG, False)
    assert pays(certified()[:-1]) == (WRONG, False)


@pytest.mark.parametrize("flaw", [Flaw.REVOKED, Flaw.WRONG_IIN, Flaw.UNKNOWN_ROOT])
def test_no_pin_is_sealed_with_a_key_for_it_below_an_issuer_that_is_not_trusted(
    flaw: Flaw,
) -> None:
    heard = Heard()
    outcome = pay(card(cvm_list=SEALED, pin_bits=1024, flaw=flaw), heard=heard)
    assert results(outcome) == WRONG
    assert "0020" not in heard.names()


def test_a_card_of_sm2_alone_has_no_key_for_pins() -> None:
    heard = Heard()
    held = card(Scheme.SM, cvm_list=SEALED, pin_bits=1024)
    outcome = pay(held, terminal(knows_sm=True), heard=heard, line=Line(Scheme.SM))
    assert results(outcome) == WRONG
    assert "0020" not in heard.names()
