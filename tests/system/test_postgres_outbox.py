"""Eight writers queue and roll back while workers deliver: none is missed, each aggregate in order.

The naive reader beside them, which remembers the highest id it has seen, is what everybody writes
first: an id is drawn before its commit, so it goes by those that commit late.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable

import pytest
from tests.system.pg_load import NOON, desk, opened, queue

from szunion.adapters.storage.postgres.connection import Limits, ask, connect
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.domain.outbox import Dispatch, DispatchState
from szunion.ports.storage import UnitOfWork
from szunion.testing.postgres_databases import Database

pytestmark = pytest.mark.postgres

WRITERS = 8
WORKERS = 2
AGGREGATES = 40


class Undone(Exception):
    """A writer changed its mind."""


def write(store: PostgresStorage, writer: int, rows: int, kept: list[tuple[int, int]]) -> None:
    """Queue so many, with pauses on both sides of the change; every fourth time, think better."""
    luck, done = random.Random(writer), 0

    def unit(work: UnitOfWork, name: str, aggregate: int, *, undone: bool) -> Dispatch:
        made = queue(work, name, aggregate)
        if luck.random() < 0.1:
            time.sleep(luck.uniform(0, 0.003))
        if undone:
            raise Undone
        return made

    while done < rows:
        aggregate, undone = luck.randrange(1, AGGREGATES + 1), luck.random() < 0.25
        name = f"{chr(65 + writer)}{done}".translate(str.maketrans("0189", "WXYZ"))
        try:
            made = store.run(
                lambda work, n=name, a=aggregate, u=undone: unit(work, n, a, undone=u)  # type: ignore[misc]
            )
        except Undone:
            continue
        kept.append((made.aggregate, made.sequence))
        done += 1


def deliver(store: PostgresStorage, worker: str, whole: int, sent: list[tuple[int, int]]) -> None:
    """Take one after the other, as the worker does, until all have been sent."""
    while len(sent) < whole:
        found = store.run(
            lambda work: work.outbox.take(desk(work), worker, NOON, NOON.replace(hour=5)),
            guarded=True,
        )
        if found is None:
            time.sleep(0.002)
            continue
        sent.append((found.aggregate, found.sequence))
        store.run(
            lambda work, one=found: work.outbox.put(  # type: ignore[misc]
                desk(work), one.ended(DispatchState.DONE, "")
            ),
            guarded=True,
        )


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


def run(database: Database, rows: int) -> list[str]:
    """Let all of them work at once; return what is wrong in the end."""
    store = opened(database.app, Limits(connections=WRITERS + WORKERS))
    kept: list[tuple[int, int]] = []
    sent: list[tuple[int, int]] = []
    failed: list[BaseException] = []

    def writes(writer: int) -> None:
        try:
            write(store, writer, rows // WRITERS, kept)
        except BaseException as error:  # noqa: BLE001 - the workers must not wait for ever
            failed.append(error)
            sent.extend([(0, 0)] * rows)

    threads = [threading.Thread(target=writes, args=(writer,)) for writer in range(WRITERS)] + [
        threading.Thread(target=deliver, args=(store, f"w{n}", rows, sent)) for n in range(WORKERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    return [*map(str, failed), *wrong_with(kept, sent)]


def test_a_thousand_rows_of_eight_writers_are_all_sent_in_order(database: Database) -> None:
    assert run(database, 1_000) == []


@pytest.mark.soak
def test_a_hundred_thousand_rows_of_eight_writers_are_all_sent_in_order(
    database: Database,
) -> None:
    assert run(database, 100_000) == []


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
        other = threading.Thread(target=store.run, args=[lambda work: queue(work, "EARLY", 2)])
        other.start()
        other.join()
        read()
        return made

    kept = [(1, 1), (2, 1)]
    store.run(late)
    read()
    assert seen == [(2, 1)]
    assert wrong_with(kept, seen) == ["1 missed"]
    taken = [
        store.run(lambda work: work.outbox.take(desk(work), "w", NOON, NOON.replace(hour=5)))
        for _ in kept
    ]
    assert wrong_with(kept, [(one.aggregate, one.sequence) for one in taken if one]) == []
    reader.close()
    store.close()
