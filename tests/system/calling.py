"""Let a bank call many times at once, and kill who hears it; what it was answered is written down.

Run as ``python -m tests.system.calling ENGINE FOLDER [PLANT]``: a fork server without threads. Its
children hear the bank's calls in sixteen threads, and are killed by SIGKILL at random moments and
begun again, until every call was answered. A bank that was given no answer calls again.

The *plant* ``ack_first`` answers before the commit; the findings must then not be empty.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, Final

from attrs import evolve
from tests.offices import office_on
from tests.places import damage, grounds
from tests.system.grabbing import child, office_in

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.crowd import Combiner
from szunion.application.access import authorise
from szunion.application.bank_desk import BankDesk
from szunion.application.bank_ear import BankEar
from szunion.domain.access import Operation, engine
from szunion.domain.bank import BankEvent, BankState, CardChanged, Told
from szunion.domain.values import CardRef, CardToken

CALLS: Final = 600
KILLS: Final = 12
THREADS: Final = 16


class AckFirst(Combiner):
    """A crowd that answers when it has somebody's wish, not when it is committed."""

    def ask(self, wish: Any, decide: Any, /) -> Any:
        self.ask_soon(wish, decide, str)


def ear_in(kind: str, folder: Path, plant: str = "") -> BankEar:
    """Open the store as a process of its own does, and listen to the bank there."""
    office = office_in(kind, folder)
    office = evolve(office, bank_calls=AckFirst() if plant else Combiner())
    return BankDesk(office=office, bank=SimulatedBank(seed=1, clock=office.clock)).ear


def call(number: int) -> CardChanged:
    """Return what one call brings: of a card that nobody knows, so it is kept until it is known."""
    at = datetime(2017, 11, 24, tzinfo=UTC)
    return CardChanged(
        told=Told(event_id=f"E{number}", stream=f"card-{number}", sequence=1, effective=at),
        card=CardRef(CardToken(f"T{number:013}")), event=BankEvent.FROZEN, state=BankState.FROZEN,
    )  # fmt: skip


def hearing(kind: str, folder: Path, calls: list[int], answered: Path, plant: str) -> None:
    """Hear *calls* in sixteen threads; write down each that is answered."""
    ear = ear_in(kind, folder, plant)
    coming = iter(calls)
    handle = os.open(answered, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hear() -> None:
        for number in coming:
            ear.brought([call(number)])
            os.write(handle, b"%d\n" % number)

    threads = [Thread(target=hear) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def storm(kind: str, folder: Path, plant: str) -> dict[str, Any]:
    """Let all calls come, and kill who hears them; return what is wrong then."""
    office_on(kind, folder).storage.close()
    answered, luck, killed = folder / "answered", random.Random(7), 0
    while left := sorted(set(range(CALLS)) - told(answered)):
        pid = child(lambda left=left: hearing(kind, folder, left, answered, plant))  # type: ignore[misc]
        status = os.waitpid(pid, 0)[1] if killed >= KILLS else ended(pid, answered, luck)
        killed += os.WIFSIGNALED(status)
        if status and not os.WIFSIGNALED(status):
            return {"wrong": ["a child failed"], "killed": killed}
    return {"wrong": wrong(kind, folder), "killed": killed}


def ended(pid: int, answered: Path, luck: random.Random) -> int:
    """Kill a child soon after it gave an answer, unless it ends before; return how it ended."""
    begun = len(told(answered))
    while len(told(answered)) == begun:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.001)
    time.sleep(luck.uniform(0.0, 0.03))
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def told(answered: Path) -> set[int]:
    """Return the calls that were answered."""
    return {int(line) for line in answered.read_bytes().split()} if answered.exists() else set()


def wrong(kind: str, folder: Path) -> list[str]:
    """Return what is wrong with what was heard, beside what the bank was answered."""
    ear = ear_in(kind, folder)

    def look(work: Any) -> tuple[list[int], list[int]]:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        heard = {at: work.inbox.get(scope, ear.source, f"E{at}") for at in range(CALLS)}
        waits = {each.event_id for each in work.inbox.waiting_longest(scope, 2 * CALLS)}
        lost = [at for at, each in heard.items() if each is None]
        return lost, [at for at in range(CALLS) if at not in lost and f"E{at}" not in waits]

    lost, half = ear.office.storage.read(look)
    ear.office.storage.close()
    found = [f"{len(lost)} were answered and are lost"] if lost else []
    found += [f"{len(half)} are heard by half"] if half else []
    return found + list(filter(None, [damage(kind, folder)]))


if __name__ == "__main__":
    engine_, where, *rest = sys.argv[1:]
    with grounds(engine_):
        done_ = storm(engine_, Path(where), rest[0] if rest else "")
    sys.stdout.write(json.dumps(done_) + "\n")
