"""Many approvals at one moment on one budget: what a run of them found, in threads or processes.

Every approver first comes to the gate; then all go at once. The naive approver looks at what is
left of the budget, comes to the gate, and then approves on its own reckoning: the bug that the
guarded step of the store is there to prevent.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from attrs import evolve
from tests.at_once import SHARED, Crowd, Gate, crowd
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import clock_of, office_on, officer
from tests.places import grounds, opened

from szunion.adapters.keys.file import FileKeys
from szunion.application.office import Office
from szunion.application.treasury import Treasury
from szunion.domain.access import Role
from szunion.domain.payouts import PayoutBatch
from szunion.domain.values import Fen, PayoutBatchId
from szunion.errors import Conflict
from szunion.testing.clock import SeededChance, SeededIds

GRANT = Fen(300_000)
Approver: TypeAlias = Callable[[Office, PayoutBatchId, Gate], str]


def guarded(office: Office, payout: PayoutBatchId, gate: Gate) -> str:
    """Approve as finance does; return what came of it."""
    gate()
    try:
        Treasury(office, officer("finance-2", Role.FINANCE)).approve(payout)
    except Conflict as error:
        return error.code
    return "approved"


def naive(office: Office, payout: PayoutBatchId, gate: Gate) -> str:
    """The planted bug: what is left is looked up first, and trusted afterwards."""
    desk = Treasury(office, officer("finance-2", Role.FINANCE))
    budget = desk.budget(WARMTH, YEAR)
    gate()
    if budget is None or budget.left < desk.get(payout).total:
        return "E-PAY-006"
    lifted = evolve(budget, ceiling=Fen(10**9))

    def work(unit: object) -> None:
        unit.budgets.set(None, lifted)  # type: ignore[attr-defined]

    office.storage.run(work)
    desk.approve(payout)
    return "approved"


def drafts(town: MoneyTown, count: int, budget: int) -> list[PayoutBatchId]:
    """Return *count* pay-outs of one grant each, on a budget for *budget* of them."""
    people = town.cards.admit(count)
    town.cards.activate(people)
    owed = [town.grant(person) for person in people]
    town.treasury().set_budget(WARMTH, YEAR, GRANT * budget)
    made: list[PayoutBatchId] = []
    for one in owed:
        payout = town.treasury().draft(WARMTH, YEAR, only=[one.id]).payout
        assert isinstance(payout, PayoutBatch)
        made.append(payout.id)
    return made


def in_threads(
    office: Office, payouts: Sequence[PayoutBatchId], approve: Approver, by: Crowd | None = None
) -> Counter[str]:
    """Let one thread for each pay-out approve it, all at once."""
    acts = [partial(approve, office, payout) for payout in payouts]
    if by is not None:
        return by.act(acts)
    with crowd(len(acts)) as once:
        return once.act(acts)


def processes(
    kind: str, folder: Path, office: Office, payouts: Sequence[PayoutBatchId], approve: Approver
) -> Counter[str]:
    """Let one process for each pay-out open the store by itself and approve it, all at once.

    The caller must have no threads and no open connection: its children are forked from it.
    """
    go_read, go_write = os.pipe()
    pids: dict[int, int] = {}
    for number, payout in enumerate(payouts):
        out_read, out_write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(go_write)
            own = partial(opened_by, kind, folder, office, number)
            os.write(out_write, _child(own, payout, approve, go_read))
            os._exit(0)
        os.close(out_write)
        pids[pid] = out_read
    os.close(go_read)
    os.close(go_write)  # every child that waits at the gate sees the end of the pipe, and goes
    found: Counter[str] = Counter()
    for pid, out_read in pids.items():
        with os.fdopen(out_read, "rb") as told:
            found[told.read().decode()] += 1
        os.waitpid(pid, 0)
    return found


def opened_by(kind: str, folder: Path, office: Office, number: int) -> Office:
    """Open the store of *folder* for that process; no two draw the same ids."""
    clock = clock_of(office)
    clock.advance(seconds=number + 1)
    ids = SeededIds(clock)
    vault = FileKeys(bytes(range(32))).vault(chance=SeededChance(1000 + number).bytes)
    storage = opened(kind, folder, clock=clock, ids=ids, vault=vault, limits=SHARED)
    return evolve(office, storage=storage, ids=ids, vault=vault)


def _child(own: Callable[[], Office], payout: PayoutBatchId, approve: Approver, go: int) -> bytes:
    def gate() -> None:
        select.select([go], [], [])

    try:
        office = own()
        told = approve(office, payout, gate)
        office.storage.close()
    except BaseException as error:  # noqa: BLE001 - the parent must hear of everything
        told = f"{type(error).__name__} {error}"
    return told.encode()


def main(kind: str, folder: Path, approver: str, count: int) -> dict[str, int]:
    """Make a town with *count* drafts on a budget for ten; let as many processes approve them."""
    office = office_on(kind, folder)
    town = money_town_on(office)
    payouts = drafts(town, count, 10)
    office.storage.close()
    which = {"guarded": guarded, "naive": naive}[approver]
    found = processes(kind, folder, town.office, payouts, which)
    again = office_on(kind, folder)
    budget = Treasury(again, officer("finance-1", Role.FINANCE)).budget(WARMTH, YEAR)
    assert budget is not None
    again.storage.close()
    return {**found, "committed": budget.committed.amount // GRANT.amount}


if __name__ == "__main__":
    engine_, where, how, many = sys.argv[1:]
    with grounds(engine_):
        told_ = main(engine_, Path(where), how, int(many))
    sys.stdout.write(json.dumps(told_) + "\n")
