"""Eight writers queue and roll back while workers deliver: none is missed, each aggregate in order.

Promise 10, on each engine; the long run is many seeds. The naive reader beside them, which
remembers the highest id it has seen, is what everybody writes first: an id is drawn before its
commit, so it goes by those that commit late.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import pytest
from tests.offices import ENGINES, office_on
from tests.system.pg_load import NOON, desk, opened, queue

from szunion.adapters.storage.postgres.connection import Limits, ask, connect
from szunion.application.bank_desk import TOGETHER
from szunion.domain.outbox import Dispatch, DispatchState
from szunion.errors import StorageBusy
from szunion.ports.storage import Storage, UnitOfWork
from szunion.testing.postgres_databases import Database

WRITERS = 8
WORKERS = 2
AGGREGATES = 40
ROWS = 20_000
"""Rows of one slice of the long run; five make the hundred thousand."""


T = TypeVar("T")
Kept: TypeAlias = list[tuple[int, int]]
"""What is in the outbox: its aggregate, and its number there."""


class Undone(Exception):
    """A writer changed its mind."""


def write(store: Storage, luck: random.Random, name: str, rows: int, kept: Kept) -> None:
    """Queue so many, with pauses on both sides of the change; every fourth time, think better."""
    done = 0

    def unit(work: UnitOfWork, word: str, aggregate: int, *, undone: bool) -> Dispatch:
        made = queue(work, word, aggregate)
        if luck.random() < 0.1:
            time.sleep(luck.uniform(0, 0.003))
        if undone:
            raise Undone
        return made

    while done < rows:
        aggregate, undone = luck.randrange(1, AGGREGATES + 1), luck.random() < 0.25
        word = f"{name}{done}".translate(str.maketrans("0189", "WXYZ"))
        try:
            made = store.run(
                lambda work, n=word, a=aggregate, u=undone: unit(work, n, a, undone=u)  # type: ignore[misc]
            )
        except (Undone, StorageBusy):  # who is told that the store is busy comes again
            continue
        kept.append((made.aggregate, made.sequence))
        done += 1


def deliver(store: Storage, worker: str, whole: int, sent: Kept) -> None:
    """Take one set after the other, as the worker does, until all have been sent."""
    until = NOON.replace(hour=5)
    while len(sent) < whole:
        found = patiently(
            store, lambda work: work.outbox.take(desk(work), worker, NOON, until, TOGETHER)
        )
        if not found:
            time.sleep(0.002)
            continue
        sent.extend((each.aggregate, each.sequence) for each in found)
        done = [each.ended(DispatchState.DONE, "") for each in found]
        patiently(store, lambda work, done=done: work.outbox.put_many(desk(work), done))  # type: ignore[misc]


def patiently(store: Storage, work: Callable[[UnitOfWork], T]) -> T:
    """Run *work*; whoever is told that the store is busy comes again."""
    while True:
        try:
            return store.run(work, guarded=True)
        except StorageBusy:
            time.sleep(0.002)


def wrong_with(kept: Iterable[tuple[int, int]], sent: Iterable[tuple[int, int]]) -> list[str]:
    """Return what was missed, sent twice or out of order."""
    kept, sent = list(kept), list(sent)
    found = []
    if missed := set(kept) - set(sent):
        found.append(f"{len(missed)} missed")
    if len(set(sent)) != len(sent):
        found.append("something was sent twice")
    orders: dict[int, list[int]] = defaultdict(list)
    for aggregate, sequence in sent:
        orders[aggregate].append(sequence)
    if any(order != list(range(1, len(order) + 1)) for order in orders.values()):
        found.append("an aggregate is out of order, or has a gap")
    return found


def run(store: Storage, rows: int, seed: int) -> list[str]:
    """Let all of them work at once; return what is wrong in the end."""
    kept, sent = Kept(), Kept()
    failed: list[BaseException] = []

    def attempt(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - the workers must not wait for ever
            failed.append(error)
            sent.extend([(0, 0)] * rows)

    jobs = [
        partial(write, store, random.Random(seed * WRITERS + n), chr(65 + n), rows // WRITERS, kept)
        for n in range(WRITERS)
    ] + [partial(deliver, store, f"w{n}", rows, sent) for n in range(WORKERS)]
    threads = [threading.Thread(target=attempt, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [*map(str, failed), *wrong_with(kept, sent)]


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    made = office_on(request.param, tmp_path).storage
    yield made
    made.close()


def test_a_thousand_rows_of_eight_writers_are_all_sent_in_order(store: Storage) -> None:
    assert run(store, 1_000, 0) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_hundred_thousand_rows_of_eight_writers_are_all_sent_in_order(
    store: Storage, seed: int
) -> None:
    assert run(store, ROWS, seed) == []


@pytest.mark.postgres
def test_a_reader_that_remembers_the_highest_id_misses_one_and_is_found_out(
    database: Database,
) -> None:
    """Planted: the first writer draws its id, the second draws, commits, and is read."""
    store = opened(database.app)
    reader = connect(database.app, Limits())
    seen: list[tuple[int, int]] = []
    highest = 0

    def read() -> None:
        nonlocal highest
        rows = ask(
            reader,
            "SELECT coalesce(json_agg(json_build_array(dispatch_id, aggregate, sequence)), '[]')"
            " FROM szunion.outbox WHERE dispatch_id > %s",
            highest,
        )
        assert rows is not None
        for id_, aggregate, sequence in sorted(rows[0]):
            highest = id_
            seen.append((aggregate, sequence))

    def late(work: UnitOfWork) -> Dispatch:
        made = queue(work, "LATE", 1)
        # Not serialisable, or a second try of either would wait for the other's gate.
        other = threading.Thread(
            target=store.run, args=[lambda work: queue(work, "EARLY", 2)], kwargs={"guarded": True}
        )
        other.start()
        other.join()
        read()
        return made

    kept = [(1, 1), (2, 1)]
    store.run(late, guarded=True)
    read()
    assert seen == [(2, 1)]
    assert wrong_with(kept, seen) == ["1 missed"]
    taken = store.run(lambda work: work.outbox.take(desk(work), "w", NOON, NOON.replace(hour=5), 9))
    assert wrong_with(kept, [(one.aggregate, one.sequence) for one in taken]) == []
    reader.close()
    store.close()
