"""One generation of a killed town: the edges at which it can die, and what it does."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from attrs import define, evolve, field
from tests.offices import PAPER, officer, serving, shenzhen

from szunion.adapters.bank.simulated import SIMULATED, SimulatedBank
from szunion.adapters.roster.reader import read_roster
from szunion.adapters.storage.postgres.connection import tell
from szunion.adapters.storage.postgres.reach_told import NOTHING
from szunion.adapters.storage.postgres.session import PostgresSession
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.audit import AuditLog
from szunion.application.batches import Batches
from szunion.application.cards import Cards
from szunion.application.grants import Grants, Proposed
from szunion.application.office import Office
from szunion.application.roster import Rosters
from szunion.application.treasury import Treasury
from szunion.application.worker import Worker
from szunion.domain.access import Principal, Role
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.batches import BatchState
from szunion.domain.cities import City
from szunion.domain.payouts import PayoutState
from szunion.domain.values import (
    Fen,
    OrganisationId,
    PayoutBatchId,
    PersonId,
    RequestKey,
)
from szunion.errors import Conflict
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.ports.storage import Storage, UnitOfWork
from szunion.testing.clock import SimClock
from szunion.testing.rosters import SyntheticRoster, synthetic_roster

T = TypeVar("T")
Edge = Callable[[], None]

UNIONS = 3
FILES = 2
ROWS = 12
CHUNK = 5
SENDS = evolve(SIMULATED, most_rows=16)
START = date(2017, 11, 24)
PHASES = ("import", "issue", "pay")
AID = "ha-spring-festival"
YEAR = START.year
BUDGET = Fen(100_000_000)


# --- where it can die ----------------------------------------------------------------------


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@define
class Countdown:
    """Kills this process when it has been called so often; 0: never."""

    left: int = 0

    def __call__(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                _die()


def die_at_call(number: int) -> None:
    """Kill this process at the *number*-th call of a Python function from now on."""
    left = number

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal left
        if event == "call":
            left -= 1
            if not left:
                _die()

    sys.setprofile(count)


@define
class EdgedStorage:
    """A store with an edge before, inside at the end of, and after every transaction."""

    inner: Storage
    edge: Edge

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        self.edge()

        def then(unit: UnitOfWork) -> T:
            result = work(unit)
            self.edge()
            return result

        result = self.inner.run(then, guarded=guarded)
        self.edge()
        return result

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return self.inner.read(look)

    @property
    def side_by_side(self) -> int:
        return 1

    def close(self) -> None:
        self.inner.close()


def careless(kind: str) -> None:
    """Plant a bug in this process: every statement that writes is a commit of its own."""

    def unbound(store: SqliteStorage, begin: str, work: Callable[[UnitOfWork], T]) -> T:
        assert begin
        return work(store._unit(store._connection()))

    def committing(method: Callable[..., int]) -> Callable[..., int]:
        def wrote(session: PostgresSession, *given: Any) -> int:
            count = method(session, *given)
            tell(session.connection, "COMMIT; BEGIN")
            session._told = NOTHING
            return count

        return wrote

    if kind == "postgres":
        for name in ("do", "many"):
            setattr(PostgresSession, name, committing(getattr(PostgresSession, name)))
    else:
        SqliteStorage._transaction = unbound  # type: ignore[method-assign, assignment]


@define
class EdgedBank:
    """A line with an edge before and after every call."""

    inner: SimulatedBank
    edge: Edge

    @property
    def info(self) -> BankInfo:
        return self.inner.info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        self.edge()
        receipt = self.inner.send(request, deadline=deadline)
        self.edge()
        return receipt

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        self.edge()
        receipt = self.inner.ask(key, deadline=deadline)
        self.edge()
        return receipt

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        self.edge()
        return self._then(self.inner.collect(after=after))

    def _then(self, found: Iterable[Collected]) -> Iterator[Collected]:
        yield from found
        self.edge()


# --- what it does --------------------------------------------------------------------------


@cache
def city() -> City:
    """Return the city; a child inherits it from its parent."""
    return shenzhen()


@cache
def rosters(seed: int) -> list[list[SyntheticRoster]]:
    """Return the files that each union hands in."""
    return [
        [synthetic_roster(seed * 100 + union * 10 + file, ROWS) for file in range(FILES)]
        for union in range(UNIONS)
    ]


@define
class Acks:
    """What was acknowledged to the client, one line each; a line is whole or not there."""

    path: Path
    known: dict[str, Any] = field(factory=dict)

    def load(self) -> None:
        if self.path.exists():
            for line in self.path.read_bytes().splitlines():
                name, value = json.loads(line)
                self.known[name] = value

    def add(self, name: str, value: object) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, json.dumps([name, value]).encode() + b"\n")
        finally:
            os.close(handle)
        self.known[name] = value


def phase_of(acks: Mapping[str, Any]) -> str:
    """Return what a life was about, by what is acknowledged: importing, issuing, paying."""
    if f"apply-{UNIONS - 1}" not in acks:
        return "import"
    return "pay" if "budget" in acks else "issue"


def keep_time(file: Path, clock: SimClock) -> None:
    """Write down what time it is, so that the next generation begins later."""
    draft = file.with_suffix(".new")
    draft.write_text(clock.now().isoformat(), "ascii")
    draft.replace(file)


@define
class Client:
    """One generation: it does what is not acknowledged yet, in order, then comes to rest."""

    office: Office
    bank: SimulatedBank
    worker: Worker
    acks: Acks
    unions: list[OrganisationId]
    seed: int
    edge: Edge
    plant: str
    clock: SimClock
    clock_file: Path

    def g(self, union: int) -> Principal:
        return officer(f"g-{union}", Role.GRASSROOTS, self.unions[union])

    @property
    def city(self) -> Principal:
        return officer("city-1", Role.CITY)

    def step(self, name: str, work: Callable[[], object]) -> Any:
        """Do *work* unless it was acknowledged; note the acknowledgement."""
        if name not in self.acks.known:
            if self.plant == "ack_first":
                self.acks.add(name, [])
            value = work()
            self.edge()
            self.acks.add(name, value)
            self.edge()
        return self.acks.known[name]

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        keep_time(self.clock_file, self.clock)

    def live(self) -> None:
        """Import, apply, approve, send, let the bank act, pay, and settle down.

        What is acknowledged is written by this client, after the desk has answered and not before.
        """
        for union, files in enumerate(rosters(self.seed)):
            for number, roster in enumerate(files):
                file = roster.as_csv()  # no part of what may be interrupted
                self.step(f"import-{union}-{number}", partial(self._import, union, file))
            self.step(f"apply-{union}", partial(self._apply, union))
        self.worker.run_until_idle()
        self.settle_down()
        for number, act in enumerate((self.bank.simulate.produce, self.bank.simulate.face_sign)):
            for key in list(dict.fromkeys(row.batch for row in self.bank.truth.rows.values())):
                self.step(f"bank-{number}-{key.text}", partial(_done, act, key))
            self.settle_down()
        self.settle_down()
        self._pay()
        AuditLog(self.office, self.worker.by).seal_all()

    # --- paying -----------------------------------------------------------------------------

    def _pay(self) -> None:
        """Grant each household its aid, pay it, let one come back, pay that again, compare."""
        desk = Treasury(self.office, self.finance(1))
        self.step("budget", lambda: desk.set_budget(AID, YEAR, BUDGET).ceiling.amount)
        for union in range(UNIONS):
            self.step(f"grant-{union}", partial(self._grant, union))
        for time in ("first", "again"):
            self.step(f"draft-{time}", self._draft)
            self.step(f"approve-{time}", partial(self._approve, time))
            self.settle_down()
            self.step(f"settle-{time}", partial(self._settle, time))
            self.settle_down()
            if time == "first":
                self.step("return", partial(self._send_back, time))
                self.settle_down()
        self.step("statement", self._statement)
        self.settle_down()

    def finance(self, number: int) -> Principal:
        return officer(f"finance-{number}", Role.FINANCE)

    def _grant(self, union: int) -> list[int]:
        """Ask for the aid of every second member of a union, and decide it; whom it went to."""
        people = [
            PersonId(person)
            for number in range(FILES)
            for person in self.acks.known[f"import-{union}-{number}"]
        ]
        cards = Cards(self.office, self.city)
        paid = []
        for person in people[::2]:
            found = cards.current(person)
            if found is None or not found.usable:
                continue
            paid.append(int(person))
            household = f"HK{person}"
            if self.plant == "key_by_chance":  # a key that does not come from the business
                household += self.clock.now().isoformat()
            asked = Grants(self.office, serving(self.g(union))).propose(
                person, AID, subject=household
            )
            if isinstance(asked, Proposed):
                Grants(self.office, serving(self.city)).decide(asked.proposal.id)
        return paid

    def _draft(self) -> list[int]:
        """Draft what is open; a draft that was made before a kill is still there, and is taken."""
        desk = Treasury(self.office, self.finance(1))
        made = desk.draft(AID, YEAR).payout
        drafts = [one for one in desk.listed() if one.state is PayoutState.DRAFT]
        assert made is None or made.id in {one.id for one in drafts}
        return [int(one.id) for one in drafts]

    def _approve(self, time: str) -> list[int]:
        desk = Treasury(self.office, self.finance(2))
        return [desk.approve(PayoutBatchId(one)).total.amount
                for one in self.acks.known[f"draft-{time}"]]  # fmt: skip

    def _settle(self, time: str) -> list[str]:
        """Let the bank pay every order; it tells each of them."""
        desk = Treasury(self.office, self.finance(1))
        keys = [order.key for one in self.acks.known[f"draft-{time}"]
                for order in desk.orders(PayoutBatchId(one))]  # fmt: skip
        for key in keys:
            _done(self.bank.simulate.settle, key)
        return [key.text for key in keys]

    def _send_back(self, time: str) -> str:
        """Let the first payment come back."""
        key = RequestKey(self.acks.known[f"settle-{time}"][0])
        _done(self.bank.simulate.return_payment, key)
        return key.text

    def _statement(self) -> list[str]:
        """Let the bank tell the movements of every day on which money moved."""
        for day in self.bank.truth.days:
            self.bank.simulate.statement(day)
        return [day.isoformat() for day in self.bank.truth.days]

    def settle_down(self) -> None:
        while True:
            self.worker.run_until_idle()
            wait = self.worker.idle_for()
            if wait is None:
                return
            self.advance(wait.total_seconds() + 0.001)

    def _import(self, union: int, file: bytes) -> list[PersonId]:
        desk = Rosters(self.office, self.g(union), read_roster)
        return list(desk.import_file(BytesIO(file), chunk=CHUNK).accepted)

    def _apply(self, union: int) -> list[str]:
        people = [
            PersonId(person)
            for number in range(FILES)
            for person in self.acks.known[f"import-{union}-{number}"]
        ]
        desk = Batches(self.office, self.g(union))
        desk.draft(people, paper=PAPER)
        keys = []
        for batch in desk.listed():
            if batch.state is BatchState.DRAFT:
                batch, _ = desk.check(batch.id)  # noqa: PLW2901 - as it then stands
            if batch.state is BatchState.CHECKED:
                batch = desk.submit(batch.id)  # noqa: PLW2901
            if batch.state is BatchState.SUBMITTED:
                batch = Batches(self.office, self.city).approve(batch.id)  # noqa: PLW2901
            assert batch.key is not None, batch.state
            keys.append(batch.key.text)
        return keys


def _done(act: Callable[[RequestKey], object], key: RequestKey) -> None:
    """Let the bank do something; that it did so before a kill is no error."""
    try:
        act(key)
    except Conflict as error:
        if error.code != "E-SIM-002":
            raise
