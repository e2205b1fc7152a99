"""The chain in a trace is followed again, and says where it breaks."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve
from tests.emv.codec import cases, unhex
from tests.emv.dialogue import TODAY, card_of, generate, opened, sent

from szunion.emv import capk
from szunion.emv.apdu import Command, Response
from szunion.emv.card.bank import TestBank
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Scheme, pan_of
from szunion.emv.explain import explain
from szunion.emv.explain_certificates import follow
from szunion.emv.explain_model import Item, walk
from szunion.emv.explain_text import as_text
from szunion.emv.explain_trace import Exchange, redact, write_trace
from szunion.emv.oda_keys import Policy

FLOW = cases("contact-flow")
POLICY = Policy(today=date(2018, 1, 1))
TRACE = tuple(
    Exchange(Command.decode(unhex(row["c"])), Response.decode(unhex(row["r"])))
    for row in FLOW["exchanges"]
)


@pytest.fixture
def roots() -> capk.CaKeys:
    facts, root = FLOW["facts"], FLOW["keys"]["ca"]
    rid, index = unhex(facts["rid"]), int(facts["ca_index"], 16)
    modulus, exponent = unhex(root["n"]), unhex(root["e"])
    key = capk.rsa_key(
        rid=rid,
        index=index,
        modulus=modulus,
        exponent=exponent,
        check=capk.checksum(rid, index, modulus, exponent),
        expires=date(2030, 1, 1),
        today=date(2018, 1, 1),
    )
    return capk.CaKeys((key,))


def said(items: tuple[Item, ...]) -> str:
    return "\n".join(
        f"{path} {item.name.en} {[one.en for one in item.meaning]}" for path, item in walk(items)
    )


def test_a_whole_chain_is_followed_to_the_signature(roots: capk.CaKeys) -> None:
    told = follow(TRACE, roots, POLICY)
    text = said(told)
    assert len(told) == 1
    assert not told[0].wrong
    assert "the chain holds" in text
    assert "the signature is right" in text
    assert "RSA, " in text
    assert FLOW["facts"]["pan"] not in text + repr(told)


def test_an_unknown_or_expired_root_breaks_it(roots: capk.CaKeys) -> None:
    assert "the CA key is not known" in said(follow(TRACE, capk.CaKeys(()), POLICY))
    late = said(follow(TRACE, roots, Policy(today=date(2031, 1, 1))))
    assert "the key has expired" in late
    assert "the chain breaks" in late


def test_a_changed_signature_breaks_it(roots: capk.CaKeys) -> None:
    changed = []
    for exchange in TRACE:
        data = exchange.response.data
        if exchange.response.data[:2] == b"\x80\x81":
            data = data[:-1] + bytes([data[-1] ^ 1])
        changed.append(evolve(exchange, response=evolve(exchange.response, data=data)))
    told = follow(changed, roots, POLICY)
    assert told[0].wrong
    (signature,) = [item for _, item in walk(told) if item.label == "9F4B"]
    assert signature.wrong


def test_odd_traces_are_followed_without_failing(roots: capk.CaKeys) -> None:
    assert follow((), roots, POLICY) == ()
    read = [exchange for exchange in TRACE if exchange.command.ins in {0xA4, 0xB2, 0xC0}]
    assert follow(read, roots, POLICY)[0].wrong
    for junk in (b"", b"\x80", b"\x80\x03AAA", unhex("770A82027C00940408010100"), b"\xff\x01"):
        mixed = [
            evolve(exchange, response=Response(0x9000, junk))
            if exchange.command.ins in {0xA8, 0x88}
            else exchange
            for exchange in TRACE
        ]
        assert follow(mixed, roots, POLICY)


class Recorder:
    """Stands before a simulated card and keeps what passes."""

    def __init__(self, card: SimulatedCard) -> None:
        self.card = card
        self.trace: list[Exchange] = []

    def reset(self, *, contactless: bool = False) -> bytes:
        return self.card.reset(contactless=contactless)

    def process(self, command: Command) -> Response:
        response = self.card.process(command)
        self.trace.append(Exchange(command, response))
        return response


@pytest.mark.parametrize("sm", [False, True], ids=["RSA", "SM2"])
def test_a_simulated_card_is_explained_from_its_own_trace(*, sm: bool) -> None:
    bank = TestBank.grow(7)
    recorder = Recorder(card_of(bank, scheme=Scheme.BOTH))
    seen = opened(recorder, sm=sm)  # type: ignore[arg-type]
    challenge = seen.terminal[0x9F37]
    assert sent(seen.card, "00880000", challenge).ok
    generate(seen, 0x80)
    told = explain(recorder.trace)
    wrong = [path for step in told.steps for path, item in walk(step.answer) if item.wrong]
    assert wrong == []
    assert all(step.good for step in told.steps)
    text = as_text(told, "en") + as_text(told, "zh")
    number = pan_of(1)
    assert number not in text
    assert f"{number[:6]}******{number[-4:]}" in text
    chain = follow(recorder.trace, bank.roots(TODAY), Policy(today=TODAY))
    assert "the signature is right" in said(chain)
    assert ("SM2" in said(chain)) is sm
    assert not chain[0].wrong
    safe = write_trace(redact(recorder.trace))
    assert number not in safe
