"""The chain in a trace is followed again, and says where it breaks."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve
from tests.emv.codec import cases, unhex
from tests.emv.dialogue import TODAY, card_of, generate, opened, sent

from szunion.adapters.reader.conversation import Conversation
from szunion.emv import capk
from szunion.emv.apdu import Command, Response
from szunion.emv.card.bank import TestBank
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Scheme, pan_of
from szunion.emv.explain import explain
from szunion.emv.explain_certificates import follow
from szunion.emv.explain_html import as_html
from szunion.emv.explain_json import as_data
from szunion.emv.explain_model import Item, walk
from szunion.emv.explain_text import as_text
from szunion.emv.explain_trace import Exchange, redact, write_trace
from szunion.emv.look import Authentication, Probes, read_public
from szunion.emv.oda_keys import Policy
from szunion.emv.selection import Directory
from szunion.emv.terminal import Terminal
from szunion.testing.cards import SampleCard

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


@pytest.mark.parametrize("sm", [False, True], ids=["RSA", "SM2"])
def test_a_signature_with_the_cryptogram_is_followed_and_one_changed_bit_breaks_it(
    *, sm: bool
) -> None:
    bank = TestBank.grow(7)
    recorder = Recorder(card_of(bank, scheme=Scheme.BOTH))
    seen = opened(recorder, sm=sm)  # type: ignore[arg-type]
    generate(seen, 0x90)
    roots, policy = bank.roots(TODAY), Policy(today=TODAY)
    told = said(follow(recorder.trace, roots, policy))
    assert "signature with the cryptogram (CDA) ['the signature is right']" in told
    assert "the chain holds" in told
    places = [at for at, each in enumerate(recorder.trace) if each.command.ins == 0xAE]
    for at in places:
        changed = list(recorder.trace)
        command = changed[at].command
        amount = bytes((command.data[0] ^ 1,)) + command.data[1:]
        changed[at] = evolve(changed[at], command=evolve(command, data=amount))
        assert "the chain breaks" in said(follow(changed, roots, policy))


def test_a_card_in_the_air_is_followed_to_its_fast_signature() -> None:
    sample = SampleCard.grow(7)
    reader = sample.reader("desk", "air")
    talk = Conversation(channel=reader.connect("air"))
    terminal = Terminal(
        keys=sample.bank.roots(TODAY), policy=Policy(today=TODAY), random=bytes, knows_sm=True,
        floor_limit=5_000,
    )  # fmt: skip
    asked = Authentication(terminal=terminal, date=f"{TODAY:%y%m%d}", contactless=True)
    found = talk.hold(read_public(Probes(directory=Directory.PPSE), asked))
    assert found is not None
    assert found.verdict is not None
    assert found.verdict.passed
    told = said(follow(talk.exchanges, terminal.keys, terminal.policy))
    assert "fast dynamic signature (fDDA) ['the signature is right']" in told
    assert "the chain holds" in told


def test_a_wiped_trace_is_said_to_be_unfit_and_no_chain_is_called_broken() -> None:
    bank = TestBank.grow(7)
    recorder = Recorder(card_of(bank, scheme=Scheme.BOTH))
    generate(opened(recorder, sm=False), 0x90)  # type: ignore[arg-type]
    (told,) = follow(redact(recorder.trace), bank.roots(TODAY), Policy(today=TODAY))
    assert not told.wrong
    assert "wiped" in told.meaning[0].en


def test_the_chain_is_on_every_kind_of_paper(roots: capk.CaKeys) -> None:
    whole = evolve(explain(TRACE), certificates=follow(TRACE, roots, POLICY))
    assert "证书链完整" in as_text(whole, "zh")
    assert "the chain holds" in as_html(whole, "en")
    assert as_data(whole)["certificates"][0]["label"] == "ODA"
    assert "certificates" not in as_data(explain(TRACE))
    number = FLOW["facts"]["pan"]
    assert number not in as_text(whole, "zh") + as_html(whole, "en") + str(as_data(whole))
