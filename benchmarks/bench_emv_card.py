"""Know how fast a card is read and a whole contact transaction runs, in one process.

``python -m benchmarks.bench_emv_card`` prints the lines. No peer does either. Processor time:
nothing here waits, and neighbours on the machine must not count.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from attrs import evolve

from szunion.emv import sm2
from szunion.emv.capk import CaKeys, Sm2CaKey
from szunion.emv.card.bank import TestBank
from szunion.emv.card.chance import Chance
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.personalise import personalise
from szunion.emv.card.profiles import Profile, Scheme, pan_of
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest, Performer, Pin, run
from szunion.emv.issuer import Genuine
from szunion.emv.look import read_public
from szunion.emv.oda_keys import Assurance, Policy
from szunion.emv.outcome import Decision
from szunion.emv.terminal import Business, Terminal
from szunion.emv.transaction import transact
from szunion.emv.vault import Account

TODAY = date(2026, 11, 24)
READ_LIMIT_MS = 2.0
PAY_LIMIT_MS = 10.0
ROUNDS = 30
_DDA = bytes.fromhex("E0F9C0")


def _best(work: Callable[[], None], prepare: Callable[[], None]) -> float:
    """Return the best time of `ROUNDS`, in milliseconds; *prepare* is not counted."""
    best = float("inf")
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            prepare()
            start = time.process_time()
            work()
            best = min(best, time.process_time() - start)
    finally:
        gc.enable()
    return best * 1_000


def _prepared(keys: CaKeys) -> CaKeys:
    """Return the roots as a terminal loads them once: SM2 with its table."""
    roots = tuple(
        evolve(root, key=sm2.prepare(root.key))
        if isinstance(root, Sm2CaKey) and isinstance(root.key, sm2.PublicKey)
        else root
        for root in keys.keys
    )
    return CaKeys(roots, keys.revoked)


def _line(name: str, ours: float, limit: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 3),
        "peer": None,
        "limit": limit,
        "ratio": round(limit / ours, 2),
        "floor": 1.0,
        "ok": ours <= limit,
    }


def lines() -> list[dict[str, Any]]:
    """Measure and return one line for each goal; times in milliseconds, limit / ours as ratio."""
    bank = TestBank.grow(7)
    host = bank.host()
    out: list[dict[str, Any]] = []
    for scheme in (Scheme.RSA, Scheme.SM):
        profile = Profile(pan=pan_of(1), scheme=scheme)
        card = SimulatedCard(personalise(bank, profile, 11), 5)
        terminal = Terminal(
            keys=_prepared(bank.roots(TODAY)),
            policy=Policy(today=TODAY),
            random=Chance(1).bytes,
            capabilities=_DDA,
            floor_limit=1,
            knows_sm=True,
        )

        def issuer(
            request: AuthorisationRequest, profile: Profile = profile
        ) -> AuthorisationReply | None:
            values: dict[Any, bytes] = dict(request.data)
            found = host.verify(Account(pan=profile.pan, psn=profile.psn), values)
            assert isinstance(found, Genuine)
            answer = host.answer(found, b"00")
            return AuthorisationReply(answer.code, answer.authentication)

        def reset(card: SimulatedCard = card) -> None:
            card.reset()

        def read(card: SimulatedCard = card) -> None:
            found = run(read_public(), Performer(transmit=card.process_bytes))
            assert found is not None
            assert found.number is not None

        def pay(card: SimulatedCard = card, terminal: Terminal = terminal) -> None:
            performer = Performer(
                transmit=card.process_bytes,
                choose=lambda candidates: candidates[0],
                ask_pin=lambda _: Pin("1234"),
                go_online=issuer,
            )
            outcome = run(transact(terminal, Business(amount=1_000, date="261124")), performer)
            assert outcome.decision is Decision.APPROVED_ONLINE
            assert outcome.assurance is Assurance.DDA_OFFLINE

        out.append(
            _line(f"public data of a card, {scheme.name} (ms)", _best(read, reset), READ_LIMIT_MS)
        )
        name = f"contact transaction with DDA, online, {scheme.name} (ms)"
        out.append(_line(name, _best(pay, reset), PAY_LIMIT_MS))
    return out


if __name__ == "__main__":
    for measured in lines():
        print(json.dumps(measured, ensure_ascii=False))
