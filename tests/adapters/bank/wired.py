"""A bank behind the signed HTTP line, in process: rings of keys, a peer, and an adapter."""

from __future__ import annotations

import itertools
from datetime import timedelta

from attrs import evolve, frozen
from tests.cardtown import CardTown

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.http_peer import HttpPeer, PeerLine
from szunion.adapters.bank.signatures import CheckingKey, Keyring, SigningKey, Validity
from szunion.adapters.bank.signed_http import Line, SignedHttpBank
from szunion.adapters.bank.simulated import SIMULATED, SimulatedBank
from szunion.adapters.keys.messages import HmacSha256
from szunion.application.worker import Worker
from szunion.ports.bank import BankInfo
from szunion.ports.system import Clock
from szunion.testing.clock import SimClock

PATH = "/union/v1"
CALLBACK = "/bank/callback"
OURS, THEIRS = HmacSha256(b"o" * 32), HmacSha256(b"t" * 32)


def ring_of_union() -> Keyring:
    return Keyring(
        signing=(SigningKey(id="u1", signer=OURS),),
        checking=(CheckingKey(id="b1", verifier=THEIRS),),
    )


def ring_of_bank() -> Keyring:
    return Keyring(
        signing=(SigningKey(id="b1", signer=THEIRS),),
        checking=(CheckingKey(id="u1", verifier=OURS),),
    )


def rotated(secrets: list[tuple[str, HmacSha256, Validity]], checked: Keyring) -> Keyring:
    """Return a ring that signs with *secrets* in turn, and checks as *checked* does."""
    keys = tuple(SigningKey(id=id_, signer=key, valid=valid) for id_, key, valid in secrets)
    return evolve(checked, signing=keys)


def adapter(line: Line, clock: Clock, *, info: BankInfo = SIMULATED) -> SignedHttpBank:
    """Return the union's side over *line*."""
    ids = itertools.count()
    return SignedHttpBank(
        info=evolve(info, name="signed_http"), line=line, ring=ring_of_union(), clock=clock,
        ids=lambda: f"q{next(ids):015d}", path=PATH, callback_path=CALLBACK,
    )  # fmt: skip


@frozen
class Wired:
    """Both sides of one line in process."""

    bank: SimulatedBank
    peer: HttpPeer
    line: SignedHttpBank
    clock: SimClock


def wired(faults: FaultPlan | None = None, *, info: BankInfo = SIMULATED) -> Wired:
    """Return a bank, its peer and our adapter on one simulated clock."""
    clock = SimClock("2017-11-23")
    bank = SimulatedBank(seed=7, clock=clock, faults=faults, info=info)
    peer = HttpPeer(bank, ring_of_bank(), clock, path=PATH, callback_path=CALLBACK)
    return Wired(bank, peer, adapter(PeerLine(peer), clock, info=info), clock)


def put_on_the_wire(place: CardTown) -> tuple[CardTown, HttpPeer, SignedHttpBank]:
    """Let a town's worker speak with its bank over the signed line."""
    peer = HttpPeer(place.bank, ring_of_bank(), place.clock, path=PATH, callback_path=CALLBACK)
    line = adapter(PeerLine(peer), place.clock, info=place.bank.info)
    worker = Worker(office=place.office, bank=line, notifier=place.notifier)
    object.__setattr__(place, "worker", worker)
    return place, peer, line


SECOND = timedelta(seconds=1)
