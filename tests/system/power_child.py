"""A small town whose every system call is recorded: what a loss of power may interrupt.

Run as ``python -m tests.system.power_child FOLDER SEED PLANT`` under ``strace``. The union's own
files lie in ``FOLDER/union``; the bank, the client's notes and the witness lie outside of it, as if
on other machines. After each commit that the store has acknowledged, one line goes to the
witness: from then on a loss of power may not take it.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from attrs import define, field
from tests.offices import town_on
from tests.system.kill_client import SENDS, START, Acks, Client, Countdown, city

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.notifier.recording import RecordingNotifier
from szunion.adapters.storage.sqlite import migrate as steps
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.adapters.system import ChineseCalendar
from szunion.application.office import Office
from szunion.application.worker import Worker
from szunion.ports.storage import UnitOfWork
from szunion.testing.clock import SeededChance, SeededIds, SimClock

T = TypeVar("T")

FRESH_CHECKPOINT = 40
"""Pages of WAL after which a checkpoint follows: a small town must see many of them."""
EVERY = 23
"""Commits after which somebody checkpoints by hand, and empties the WAL."""
LATER = """
ALTER TABLE membership ADD COLUMN later TEXT;
UPDATE membership SET later = 'x';
CREATE INDEX membership_later ON membership (shard, later);
"""


@define
class Witness:
    """Notes what was acknowledged; it lies on another machine."""

    handle: int
    commits: int = 0

    def __call__(self) -> None:
        self.commits += 1
        os.write(self.handle, b"acknowledged\n")


@define
class Watched:
    """A store whose acknowledged commits are noted, and that is checkpointed by hand at times."""

    inner: SqliteStorage
    witness: Witness
    plant: str = ""
    _set: set[int] = field(factory=set, init=False)

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        self._small(self.inner._connection())
        result = self.inner.run(work, guarded=guarded)
        self.witness()
        if not self.witness.commits % EVERY:
            self.inner._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return result

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return self.inner.read(look)

    @property
    def side_by_side(self) -> int:
        return 1

    def close(self) -> None:
        self.inner.close()

    def _small(self, connection: sqlite3.Connection) -> None:
        if id(connection) not in self._set:
            self._set.add(id(connection))
            connection.execute(f"PRAGMA wal_autocheckpoint={FRESH_CHECKPOINT}")
            if self.plant == "normal":
                connection.execute("PRAGMA synchronous=NORMAL")


def migrated(path: Path, witness: Witness, whole: list[steps.Migration]) -> None:
    """Bring the file to the end of *whole*, one step after the other."""
    connection = connect(path)
    known = steps.migrations
    try:
        for number in range(steps.version(connection) + 1, len(whole) + 1):
            steps.migrations = lambda upto=number: whole[:upto]  # type: ignore[misc]
            steps.migrate(connection, at=0)
            witness()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        steps.migrations = known
        connection.close()


def main(folder: Path, seed: int, plant: str) -> None:
    """Live through a town's year, then through an upgrade."""
    witness = Witness(os.open(folder / "witness", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    path = folder / "union" / "union.db"
    migrated(path, witness, list(steps.migrations()))
    clock = SimClock(START)
    ids = SeededIds(clock)
    keys = FileKeys(bytes(range(32)))
    vault = keys.vault(chance=SeededChance(seed).bytes)
    bank = SimulatedBank.open(folder / "bank.journal", seed=7, clock=clock, info=SENDS)

    def opened() -> Office:
        kept = SqliteStorage.open(path, clock=clock, ids=ids, vault=vault)
        return Office(
            storage=Watched(kept, witness, plant), clock=clock, ids=ids, vault=vault,
            signer=keys.signer("szunion/440300"), calendar=ChineseCalendar(),
            policy=city().policy, catalogue=city().catalogue, bank_info=bank.info,
        )  # fmt: skip

    office = opened()
    town = town_on(office)
    office.storage.close()  # the last connection empties the WAL and takes its name away
    office = opened()
    Client(
        office, bank, Worker(office=office, bank=bank, notifier=RecordingNotifier()),
        Acks(folder / "acks"), [one.id for one in town.unions], seed, Countdown(), plant,
        clock, folder / "clock",
    ).live()  # fmt: skip
    office.storage.close()
    bank.close()
    whole = list(steps.migrations())
    migrated(path, witness, [*whole, steps.Migration(len(whole) + 1, "9999_later.sql", LATER)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
