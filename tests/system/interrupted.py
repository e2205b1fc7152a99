"""A town's year in which every step is interrupted again and again, and then done.

Run as ``python -m tests.system.interrupted FOLDER SEED HOW MOST [PLANT]``; with ``sweep`` for
*MOST*, single units are interrupted at every event they have. *HOW* is ``line``: an
exception that nobody catches is raised at the n-th line or return of our own code; or ``memory``:
the n-th allocation of the interpreter fails. After each, nobody may hold a transaction, and what is
left is what the last commit left; the process goes on. At the end the town must be right.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar

from attrs import define, field
from tests.offices import engine, town_on
from tests.system.kill_client import SENDS, START, Acks, Client, Countdown, city
from tests.system.kill_findings import wrong_with

import szunion
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.notifier.recording import RecordingNotifier
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.adapters.system import ChineseCalendar
from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.application.worker import Worker
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import PersonId, RequestKey
from szunion.errors import NotFound, SzunionError
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.ports.storage import UnitOfWork
from szunion.testing.clock import SeededChance, SeededIds, SimClock

T = TypeVar("T")

OURS: Final = str(Path(szunion.__file__).parent)
THEIRS: Final = (f"{OURS}/adapters/bank", f"{OURS}/testing")
"""The bank's machine is another one; the tests' clock is nobody's."""
FARTHEST: Final = {"line": 60_000, "memory": 400_000}


class Interrupted(BaseException):
    """What comes at a line."""


def interrupted(how: str, number: int, work: Callable[[], object]) -> bool:
    """Do *work*, to be interrupted at its *number*-th event; return whether it was.

    What is out of memory inside a library is said as that library has it: as a SystemError, a
    TypeError, a panic of Rust. Never as an error of ours, for nobody would know what to do.
    """
    try:
        HOW[how](number)
        work()
    except Interrupted:
        return True
    except BaseException as error:
        if how == "line" or isinstance(error, SzunionError):
            raise
        return True
    finally:
        _all_well()
    return False


def _line_fails(number: int) -> None:
    """Raise at the *number*-th line or return of our own code from now on, once."""
    left = number

    def inside(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal left
        if event in {"line", "return"}:
            left -= 1
            if not left:
                sys.settrace(None)
                raise Interrupted
        return inside if left > 0 else None

    def entered(frame: FrameType, _event: str, _arg: object) -> Any:
        name = frame.f_code.co_filename
        ours = name.startswith(OURS) and not name.startswith(THEIRS)
        planted = frame.f_code is HoldsOn._transaction.__code__
        return inside if ours or planted else None

    sys.settrace(entered)


def _memory_fails(number: int) -> None:
    import _testcapi  # type: ignore[import-not-found]  # built with some interpreters only

    _testcapi.set_nomemory(number, number + 1)


def _all_well() -> None:
    sys.settrace(None)
    if "_testcapi" in sys.modules:
        import _testcapi

        _testcapi.remove_mem_hooks()


HOW: Final[dict[str, Callable[[int], None]]] = {"line": _line_fails, "memory": _memory_fails}


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Let nothing fail in what happens on another machine."""
    tracer = sys.gettrace()
    _all_well()
    yield
    sys.settrace(tracer)


@define
class OtherMachine:
    """A line to a bank that no fault of ours can break."""

    inner: SimulatedBank

    @property
    def info(self) -> BankInfo:
        return self.inner.info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        with _elsewhere():
            return self.inner.send(request, deadline=deadline)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        with _elsewhere():
            return self.inner.ask(key, deadline=deadline)

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        with _elsewhere():
            return list(self.inner.collect(after=after))


class HoldsOn(SqliteStorage):
    """A planted bug: the transaction is begun outside of what ends it."""

    def _transaction(self, begin: str, work: Callable[[UnitOfWork], T]) -> T:
        connection = self._connection()
        connection.execute(begin)
        try:
            result = work(self._unit(connection))
        except BaseException:
            connection.rollback()
            raise
        connection.execute("COMMIT")
        return result


@define
class Hurt(Client):
    """A client whose every step is interrupted before it is done."""

    how: str = "line"
    most: int = 4
    luck: random.Random = field(factory=random.Random)
    wrong: list[str] = field(factory=list)
    hurt: int = 0

    def step(self, name: str, work: Callable[[], object]) -> Any:
        if name not in self.acks.known and not name.startswith(
            ("bank-", "settle-", "return", "st")
        ):
            self._hurting(name, work)
        return super().step(name, work)

    def settle_down(self) -> None:
        self._hurting("worker", self.worker.run_until_idle)
        super().settle_down()

    def _hurting(self, name: str, work: Callable[[], object]) -> None:
        """Begin *work* again and again, farther each time, until it is interrupted no more."""
        far = FARTHEST[self.how]
        points = sorted(int(far ** self.luck.random()) for _ in range(self.most))
        for number in points:
            if not interrupted(self.how, number, work):
                break
            self.hurt += 1
            self._nobody_holds(f"{name} at {number}")
            if self.wrong:
                raise SystemExit

    def _nobody_holds(self, words: str) -> None:
        assert isinstance(self.office.storage, SqliteStorage)
        if wrong := held(self.office.storage):
            self.wrong.append(f"{words}: {wrong}")


def held(storage: SqliteStorage) -> str:
    """Return what is still held that nobody should hold; empty: nothing."""
    if storage._connection().in_transaction:
        return "a transaction was left open"
    other = sqlite3.connect(storage.path, timeout=0, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return "a lock was left"
    finally:
        other.close()
    return ""


def at_every_event(how: str, work: Callable[[], object], look: Callable[[], str]) -> list[str]:
    """Interrupt *work* at its first line, its second, and so on, until it is not reached.

    Returns:
        For each time what *look* then found wrong.
    """
    found = []
    for number in range(1, FARTHEST[how]):
        if not interrupted(how, number, work):
            break
        found.append(look())
        if found[-1]:
            break
    return found


def sweep(folder: Path, how: str, plant: str) -> list[str]:
    """Interrupt one unit that writes, one that only looks, and one that is refused, everywhere."""
    clock = SimClock(START)
    ids = SeededIds(clock)
    vault = FileKeys(bytes(range(32))).vault(chance=SeededChance(1).bytes)
    kind = HoldsOn if plant == "holds_on" else SqliteStorage
    storage = kind.open(folder / "union.db", clock=clock, ids=ids, vault=vault)
    by = engine()
    person = PersonId(ids.new(7))

    def tell(work: UnitOfWork, *, fine: bool = True) -> None:
        scope = authorise(work, by, Operation.BANK_DESK)
        work.messages.add(scope, person, "card.ready", {})
        work.audit.add(scope, AuditEntry(action="x.y", subject=1, person=person))
        if not fine:
            raise NotFound("E-ACCESS-002")

    def written() -> int:
        def look(work: UnitOfWork) -> tuple[int, int]:
            scope = authorise(work, by, Operation.BANK_DESK)
            told = len(work.messages.of_person(scope, person))
            return told, sum(1 for _ in work.audit.of_person(scope, person))

        messages, entries = storage.read(look)
        assert messages == entries, "half a unit"
        return messages

    def refused() -> None:
        with suppress(NotFound):
            storage.run(lambda work: tell(work, fine=False))

    def look() -> str:
        return held(storage) or ("" if written() >= 0 else "?")

    try:
        found = at_every_event(how, lambda: storage.run(tell), look)
        if any(found):
            return found
        found += at_every_event(how, lambda: storage.read(written_by(by, person)), look)
        before = written()
        found += at_every_event(how, refused, look)
        return [*found, "" if written() == before else "what was refused is there"]
    finally:
        storage.close()


def written_by(by: Principal, person: PersonId) -> Callable[[UnitOfWork], int]:
    """Return a look at what somebody was told."""
    return lambda work: len(
        work.messages.of_person(authorise(work, by, Operation.BANK_DESK), person)
    )


def main(folder: Path, seed: int, how: str, most: int, plant: str) -> dict[str, Any]:
    """Live the year; return how it went."""
    clock = SimClock(START)
    ids = SeededIds(clock)
    keys = FileKeys(bytes(range(32)))
    vault = keys.vault(chance=SeededChance(seed).bytes)
    bank = SimulatedBank.open(folder / "bank.journal", seed=7, clock=clock, info=SENDS)
    kind = HoldsOn if plant == "holds_on" else SqliteStorage
    office = Office(
        storage=kind.open(folder / "union.db", clock=clock, ids=ids, vault=vault), clock=clock,
        ids=ids, vault=vault, signer=keys.signer("szunion/440300"), calendar=ChineseCalendar(),
        policy=city().policy, catalogue=city().catalogue, bank_info=bank.info,
    )  # fmt: skip
    town = town_on(office)
    client = Hurt(
        office, bank, Worker(office=office, bank=OtherMachine(bank), notifier=RecordingNotifier()),
        Acks(folder / "acks"), [one.id for one in town.unions], seed, Countdown(), "",
        clock, folder / "clock", how=how, most=most, luck=random.Random(seed),
    )  # fmt: skip
    try:
        client.live()
        client.wrong += wrong_with(client)
    except SystemExit:
        pass
    finally:
        office.storage.close()
        bank.close()
    return {"hurt": client.hurt, "wrong": client.wrong}


def _unraisable(_told: object) -> None:
    """Say nothing of what a destructor could not do without memory."""


if __name__ == "__main__":
    sys.unraisablehook = _unraisable
    where, number, how_, most_, *rest = sys.argv[1:]
    plant_ = rest[0] if rest else ""
    done: object
    if most_ == "sweep":
        done = sweep(Path(where), how_, plant_)
    else:
        done = main(Path(where), int(number), how_, int(most_), plant_)
    sys.stdout.write(json.dumps(done) + "\n")
