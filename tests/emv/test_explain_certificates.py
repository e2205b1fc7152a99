"""The chain in a trace is followed again, and says where it breaks."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve
from tests.emv.codec import cases, unhex

from szunion.emv import capk
from szunion.emv.apdu import Command, Response
from szunion.emv.explain_certificates import follow
from szunion.emv.explain_model import Item, walk
from szunion.emv.explain_trace import Exchange
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
