"""No card number, name, identity number, PIN or key prints: every object of every flow is asked.

While whole conversations run, a hook looks at every local and every result of the card layer's
functions, errors among them, and searches its ``repr`` and ``str``. What is never printed by
anything cannot reach a log.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from attrs import evolve, fields, has
from tests.emv.purses import LOAD_KEY, PURCHASE_KEY, TAC_KEY, load_once, pay_once, purse_card
from tests.emv.world import BUSINESS, Line, bank, card, content, performer, terminal

from szunion.emv import scripts
from szunion.emv.card import dgi
from szunion.emv.card.blank import BlankCard
from szunion.emv.card.channel import ChannelKeys, open_channel, store_data
from szunion.emv.card.content import PaymentApplication, RsaPrivate, Sm2Private
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import DEBIT_AID, personalise
from szunion.emv.card.profiles import Holder, Profile, Scheme, flawed_profiles, pan_of
from szunion.emv.crypto import Algorithm
from szunion.emv.errors import EmvError
from szunion.emv.explain import explain
from szunion.emv.explain_html import as_html
from szunion.emv.explain_json import as_json
from szunion.emv.explain_text import as_text
from szunion.emv.explain_trace import Exchange
from szunion.emv.flow import AuthorisationRequest, Performer, run
from szunion.emv.look import Authentication, Probes, look, read_public
from szunion.emv.mismatch import explain_arqc
from szunion.emv.pboc import Fast, tap
from szunion.emv.selection import select_application
from szunion.emv.terminal import terminal_values
from szunion.emv.transaction import transact
from szunion.emv.transit import Settings
from szunion.emv.vault import Account

PAN = pan_of(73_551_946)
NAME = "欧阳测试"
ID_NUMBER = "44030019771231888X"
PIN, NEW_PIN = "739154", "845267"
CHANNEL = ChannelKeys(enc=b"channel-enc-key1", mac=b"channel-mac-key2", dek=b"channel-dek-key3")
PERSON = Holder(name=NAME, id_number=ID_NUMBER)
WHOLE: dict[str, Any] = {"pan": PAN, "holder": PERSON, "pin": PIN}


def forms(secret: bytes) -> set[str]:
    """Return how bytes may look in print: hex in both cases, a bytes literal."""
    return {secret.hex(), secret.hex().upper(), repr(secret)[2:-1]}


def secrets_of(scheme: Scheme) -> set[str]:
    found = {PAN, NAME, ID_NUMBER, PIN, NEW_PIN}
    for text in (NAME, ID_NUMBER):
        found |= forms(text.encode("gbk"))
    found |= forms(bytes.fromhex(PAN))
    for block in (f"26{PIN}FFFFFFFF", f"26{NEW_PIN}FFFFFFFF", f"06{NEW_PIN}FFFFFFFF"):
        found |= forms(bytes.fromhex(block))
    keys = [LOAD_KEY, PURCHASE_KEY, TAC_KEY, CHANNEL.enc, CHANNEL.mac, CHANNEL.dek]
    for algorithm in Algorithm:
        own = bank().vault.issuer_keys(1, algorithm)
        keys += [own.ac, own.mac, own.enc]
    for application in content(scheme, **WHOLE).applications:
        if isinstance(application, PaymentApplication):
            for held in application.keys.values():
                keys += [held.ac, held.mac, held.enc]
            if application.rsa is not None:
                found |= {f"{application.rsa.p}", f"{application.rsa.q}"}
            if application.sm2 is not None:
                found |= {f"{application.sm2.d}", f"{application.sm2.d:x}"}
    for key in keys:
        found |= forms(key)
    return found


class Watch:
    """Looks at every object of ours that a function of ours held or returned."""

    def __init__(self, hidden: set[str]) -> None:
        self.hidden = hidden
        self.leaks: set[str] = set()
        self.types: set[type] = set()

    def look(self, thing: object, where: str) -> None:
        kind = type(thing)
        if not kind.__module__.startswith("szunion.emv") or isinstance(thing, type):
            return
        self.types.add(kind)
        try:
            text = f"{thing!r} {thing}"
        except AttributeError:  # still being made
            return
        if any(secret in text for secret in self.hidden):
            self.leaks.add(f"{kind.__name__} in {where}")

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event != "return" or not module.startswith("szunion.emv"):
            return
        where = f"{module}.{frame.f_code.co_name}"
        for thing in [*frame.f_locals.values(), arg]:
            self.look(thing, where)


@contextmanager
def watched(scheme: Scheme) -> Iterator[Watch]:
    watch = Watch(secrets_of(scheme))
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield watch
    finally:
        sys.setprofile(before)
    assert not watch.leaks


def contact(scheme: Scheme) -> None:
    line = Line(scheme, orders=(scripts.set_ecash_balance(5_000),), new_pin=NEW_PIN)
    trace: list[Exchange] = []

    def heard(command: Any, response: Any) -> None:
        trace.append(Exchange(command, response))

    acting = performer(card(scheme, **WHOLE), line=line, pin=PIN, heard=heard)  # type: ignore[arg-type]
    outcome = run(transact(terminal(knows_sm=True), BUSINESS), acting)
    assert outcome.decision.approved
    told = explain(trace)
    shown = as_text(told, "zh") + as_json(told) + as_html(told, "en")
    for secret in (PAN, NAME, ID_NUMBER, PIN, NEW_PIN):
        assert secret not in shown


def wrong_pin_and_arqc(scheme: Scheme) -> None:
    def host(request: AuthorisationRequest) -> None:
        account = Account(pan=PAN, psn="01")
        values = dict(request.data) | {0x9F37: bytes(4)}
        assert explain_arqc(bank().vault, account, values).sentences()

    acting = performer(card(scheme, **WHOLE), line=host, pin="111222")
    run(transact(terminal(knows_sm=True), BUSINESS), acting)


def in_the_air(scheme: Scheme) -> None:
    made = terminal(knows_sm=True, floor_limit=50_000)
    values = terminal_values(made, BUSINESS, b"\1\2\3\4")
    acting = performer(card(scheme, contactless=True, **WHOLE))
    assert run(tap(made, BUSINESS, values), acting).decision is Fast.APPROVED_OFFLINE


def looking(scheme: Scheme) -> None:
    held = card(scheme, purse=500, membership=b"\xe1\x00", **WHOLE)
    probes = Probes(logs=True, transit=Settings(), membership=True)
    with pytest.raises(EmvError):  # the membership record is none
        run(look(probes), Performer(transmit=held.process_bytes))
    held.reset()
    wanted = Authentication(terminal=terminal(knows_sm=True), date="261124")
    found = run(read_public(None, wanted), Performer(transmit=held.process_bytes))
    assert found is not None
    assert found.number is not None
    assert found.number.plain() == PAN


def personalising(scheme: Scheme) -> None:
    profile = Profile(scheme=scheme, purse=1, membership=b"\xe1\x00", **WHOLE)
    SimulatedCard(personalise(bank(), profile, 3), 4).reset()
    for flawed in flawed_profiles(scheme):
        personalise(bank(), evolve(flawed, holder=PERSON, pin=PIN), 3)


def storing(scheme: Scheme) -> None:
    """Personalise over a channel; its groupings are known for RSA only."""
    del scheme
    wanted = content(Scheme.RSA, **WHOLE).applications[0]
    assert isinstance(wanted, PaymentApplication)

    async def flow() -> None:
        session = await open_channel(CHANNEL, bytes(8))
        await store_data(session, dgi.groupings(wanted, session.seal))

    blank = BlankCard(DEBIT_AID, CHANNEL)
    run(flow(), Performer(transmit=blank.process_bytes))
    assert blank.application == wanted


def purse(scheme: Scheme) -> None:
    del scheme
    held = purse_card(pin=PIN)
    transmit = Performer(transmit=held.process_bytes)
    run(select_application(bytes.fromhex("A000000632010105")), transmit)
    held.process_bytes(bytes.fromhex(f"0020000003{PIN}"))
    load_once(held.process_bytes, 500)
    pay_once(held.process_bytes, 300)


@pytest.mark.parametrize("scheme", [Scheme.RSA, Scheme.SM], ids=lambda scheme: scheme.name)
@pytest.mark.parametrize(
    "work",
    [contact, wrong_pin_and_arqc, in_the_air, looking, personalising, storing, purse],
    ids=lambda work: work.__name__,
)
def test_nothing_secret_prints_while(work: Callable[[Scheme], None], scheme: Scheme) -> None:
    with watched(scheme) as watch:
        work(scheme)
    assert len(watch.types) > 5


def test_the_watch_sees_a_leak() -> None:
    watch = Watch({PAN})
    watch.look(EmvError("FIELD-MISSING", tag=PAN), "here")
    assert watch.leaks == {"EmvError in here"}


@pytest.mark.parametrize("kind", [RsaPrivate, Sm2Private])
def test_private_keys_have_their_private_parts_out_of_repr(kind: type[Any]) -> None:
    assert has(kind)
    assert {f.name for f in fields(kind) if f.repr is False} >= (
        {"p", "q"} if kind is RsaPrivate else {"d"}
    )
