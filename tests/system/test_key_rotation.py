"""Twenty rotations while others read and write: no failure, nobody missed, nothing under old keys.

Promise 26, on each engine. Every worker is a process of the city as far as keys go: it has opened
the key file and the database by itself, and nobody tells it that the keys have changed.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import define, evolve, field
from tests.keyrings import Files, Process, brought, city, duplicates, everyone
from tests.offices import applicant

from szunion.domain.identity import Mobile
from szunion.domain.keyset import KeyUse
from szunion.domain.values import PersonId
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork

PEOPLE = 24
ROTATIONS, FEWER = 20, 4
KINDS = {"read", "add", "again", "mobile"}
MOST = 400
"""How many people there may come to be; so many have different mobiles among the canaries."""


@define
class Load:
    """What readers and writers do until they are told to stop, and what went wrong."""

    files: Files
    people: list[PersonId]
    stop: threading.Event = field(factory=threading.Event)
    done: Counter[str] = field(factory=Counter)
    failures: list[BaseException] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock)

    def run(self, work: Callable[[Process, random.Random], str], seed: int) -> None:
        """Do *work* again and again, as one process."""
        process, chance = self.files.process(), random.Random(seed)
        while not self.stop.is_set():
            try:
                self.count(work(process, chance))
            except BaseException as error:  # noqa: BLE001 - the test tells what went wrong
                self.failures.append(error)
                return

    def count(self, what: str) -> None:
        with self._lock:
            self.done[what] += 1

    def one(self, chance: random.Random) -> tuple[int, PersonId]:
        with self._lock:
            index = chance.randrange(len(self.people))
            return index, self.people[index]

    def read(self, process: Process, chance: random.Random) -> str:
        index, person = self.one(chance)
        document = applicant(index).document

        def look(work: UnitOfWork) -> None:
            scope = city(work)
            assert work.people.find(scope, document) == person, "somebody was not found"
            found = work.people.on_file(scope, document)
            assert found is not None
            assert found.holds(document)
            assert found.mobile is not None
            assert person in work.people.by_mobile(scope, found.mobile), "by the mobile"

        process.office.storage.read(look)
        return "read"

    def write(self, process: Process, chance: random.Random) -> str:
        what = chance.choice(("add", "again", "mobile"))
        if what == "add":
            with self._lock:  # so that index and person stay in step
                if len(self.people) >= MOST:
                    return "full"
                self.people.append(process.add(len(self.people)))
            return what
        index, person = self.one(chance)
        if what == "again":
            with pytest.raises(Conflict, match="E-STORE-004"):
                process.add(index)
            return what
        mobile = Mobile(f"139{chance.randrange(10**8):08d}")

        def change(work: UnitOfWork) -> None:
            old = work.people.get(city(work), person)
            assert old is not None
            work.people.put(city(work), evolve(old, mobile=mobile))

        process.office.storage.run(change)
        return what


def rotated(process: Process, number: int, retired: list[int]) -> None:
    """Do one whole rotation; what the one before has retired is destroyed."""
    care, primary = process.care, process.keys.keyset().primary
    uses = (KeyUse.SEAL, KeyUse.DOCUMENT if number % 2 else KeyUse.MOBILE)
    old = [primary[use] for use in uses]
    for use in uses:
        care.rotate(use)
    brought(process, most=50)
    for key in old:
        care.retire(key)
    for key in retired:
        care.destroy(key)
    retired[:] = old


@pytest.fixture(params=["sqlite", "postgres"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    made = Files(tmp_path, request.param)
    yield made
    for each in made.opened:
        each.office.storage.close()


def under_load(files: Files, *, rotations: int, operations: int) -> Load:
    """Rotate under load until both figures are reached."""
    here = files.process()
    load = Load(files, everyone(here, PEOPLE))
    workers = [
        threading.Thread(target=load.run, args=(work, seed))
        for seed, work in enumerate((load.read, load.write, load.read, load.write))
    ]
    for each in workers:
        each.start()
    number, retired = 0, list[int]()
    try:
        while not load.failures and (
            number < rotations or load.done.total() < operations or not set(load.done) >= KINDS
        ):
            rotated(here, number, retired)
            number += 1
    finally:
        load.stop.set()
        for each in workers:
            each.join()
    return load


def check(files: Files, load: Load) -> None:
    assert load.failures == []
    last = files.process()
    brought(last)
    present = last.keys.keyset().primary[KeyUse.SEAL]
    assert files.keys_in_columns()["person.sealed"] == {present}
    assert duplicates(files) == 0
    assert [last.find(index) for index in range(len(load.people))] == load.people
    assert sum(files.index_rows("person_mobile").values()) == len(load.people)


def test_keys_are_rotated_again_and_again_under_load(files: Files) -> None:
    rotations = ROTATIONS if files.kind == "sqlite" else FEWER
    check(files, under_load(files, rotations=rotations, operations=10 * rotations))


@pytest.mark.soak
@pytest.mark.parametrize("part", range(5))
def test_keys_are_rotated_under_a_hundred_thousand_reads_and_writes(
    files: Files, part: int
) -> None:
    """In slices, each in a city of its own."""
    assert part in range(5)
    check(files, under_load(files, rotations=ROTATIONS // 5, operations=20_000))
