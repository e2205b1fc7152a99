"""Know a test bank, its cards, a terminal and the line between them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from attrs import define, evolve, field

from szunion.emv import scripts
from szunion.emv.apdu import Command, Response
from szunion.emv.card.bank import TestBank
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import PersonalisedCard
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import personalise
from szunion.emv.card.profiles import Profile, Scheme, pan_of
from szunion.emv.crypto import Algorithm
from szunion.emv.flow import (
    AskPin,
    AuthorisationReply,
    AuthorisationRequest,
    CheckDocument,
    Performer,
    Pin,
)
from szunion.emv.issuer import Genuine
from szunion.emv.oda_keys import Policy
from szunion.emv.terminal import Business, Terminal
from szunion.emv.vault import Account

TODAY = date(2026, 11, 24)
PBOC_DEBIT = bytes.fromhex("A000000333010101")
_BANK = TestBank.grow(7)
BUSINESS = Business(amount=1_000, date="261124", time="120000")


def bank() -> TestBank:
    return _BANK


@cache
def content(scheme: Scheme = Scheme.RSA, **changes: Any) -> PersonalisedCard:
    return personalise(_BANK, profile(scheme, **changes), 11)


def profile(scheme: Scheme = Scheme.RSA, **changes: Any) -> Profile:
    return Profile(**{"pan": pan_of(1), "scheme": scheme, **changes})


def card(
    scheme: Scheme = Scheme.RSA, *, contactless: bool = False, **changes: Any
) -> SimulatedCard:
    made = SimulatedCard(content(scheme, **changes), 5)
    made.reset(contactless=contactless)
    return made


def terminal(**changes: Any) -> Terminal:
    chance = Chance(99)
    base = Terminal(
        keys=_BANK.roots(TODAY),
        policy=Policy(today=TODAY),
        random=chance.bytes,
        floor_limit=5_000,
        least_pin_tries=1,
    )
    return evolve(base, **changes)


@define
class Line:
    """The way to the issuer: what was asked, and how it answers."""

    scheme: Scheme = Scheme.RSA
    code: bytes = b"00"
    orders: tuple[scripts.Order, ...] = ()
    new_pin: str | None = None
    up: bool = True
    wrong_arpc: bool = False
    silent: bool = False
    """Answers without issuer authentication data."""
    asked: list[AuthorisationRequest] = field(factory=list)
    genuine: list[Genuine] = field(factory=list)

    def __call__(self, request: AuthorisationRequest) -> AuthorisationReply | None:
        self.asked.append(request)
        if not self.up:
            return None
        host = _BANK.host()
        values: dict[Any, bytes] = dict(request.data)
        digits = values[0x57].hex().partition("d")[0]
        account = Account(pan=digits, psn=values[0x5F34].hex())
        found = host.verify(account, values)
        assert isinstance(found, Genuine), found
        self.genuine.append(found)
        commands = host.script(found, *self.orders)
        if self.new_pin is not None:
            commands = (*commands, host.pin_script(found, self.new_pin))
        answer = host.answer(found, self.code, commands)
        arpc = answer.authentication
        if self.wrong_arpc:
            arpc = bytes((arpc[0] ^ 1,)) + arpc[1:]
        return AuthorisationReply(
            answer.code,
            None if self.silent else arpc,
            (answer.script,) if answer.script else (),
        )


@define
class Heard:
    """What went between terminal and card."""

    lines: list[tuple[Command, Response]] = field(factory=list)

    def __call__(self, command: Command, response: Response) -> None:
        self.lines.append((command, response))

    def names(self) -> list[str]:
        return [command.name[:4] for command, _ in self.lines]


def performer(  # noqa: PLR0913 - who answers what
    simulated: SimulatedCard,
    *,
    line: Callable[[AuthorisationRequest], AuthorisationReply | None] | None = None,
    pin: str | None = "1234",
    document: bool | None = True,
    heard: Heard | None = None,
    transmit: Callable[[bytes], bytes] | None = None,
) -> Performer:
    def ask_pin(ask: AskPin) -> Pin | None:
        del ask
        return None if pin is None else Pin(pin)

    def check(ask: CheckDocument) -> bool | None:
        del ask
        return document

    return Performer(
        transmit=transmit or simulated.process_bytes,
        choose=lambda candidates: candidates[0],
        ask_pin=ask_pin,
        check_document=check,
        go_online=line or Line(),
        heard=heard,
    )


ALGORITHMS = {Scheme.RSA: Algorithm.TDES, Scheme.SM: Algorithm.SM4}
