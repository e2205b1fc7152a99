"""A queue drained by two workers in sets of 500, on PostgreSQL: letters to members.

Ours is the desk of letters: it leases a set, opens each member's mobile number, finds the words,
hands the letter to a way to people that leads nowhere, and ends the set. The peers are two queues
of PostgreSQL whose jobs do nothing, with two workers in one process as ours are. What our store
does of that, queue beside queue, is a set leased and ended. The limit is a plain ``DELETE`` of 500
rows of a bare queue by two clients of pgbench, which hands nothing over. Filling does not count.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import procrastinate
import psycopg
from attrs import define, field, frozen
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode
from tests.offices import applicant, engine, town_on

from benchmarks.lines import Line, faster, rates
from benchmarks.servers import Served, postgres
from szunion.application.access import authorise
from szunion.application.letters import LEASE, TOGETHER, LetterDesk
from szunion.domain.access import Operation, Scope
from szunion.domain.messages import MessageSet, MessageState
from szunion.domain.values import PersonId
from szunion.ports.notifier import Delivery, Letter
from szunion.ports.storage import UnitOfWork

WORKERS: Final = 2
MEMBERS: Final = 512
ROUNDS: Final = 9
LETTERS, JOBS, FEW = 10_000, 4_000, 200
"""How many ours, the first peer and the slower second are given in a round."""
BARE: Final = 2_000_000
"""More rows than the limit takes away in its second, on a quick machine too."""

_BARE: Final = f"""
CREATE SCHEMA IF NOT EXISTS bare;
DROP TABLE IF EXISTS bare.queue;
CREATE TABLE bare.queue (id bigint PRIMARY KEY, due bigint, template text, fields text);
INSERT INTO bare.queue SELECT n, 1, 'card.restored', '{{}}' FROM generate_series(1, {BARE}) n;
CREATE INDEX ON bare.queue (due);
ANALYZE bare.queue
"""
_DELETE: Final = f"""
DELETE FROM bare.queue WHERE id IN (
    SELECT id FROM bare.queue WHERE due <= 2 ORDER BY due LIMIT {TOGETHER} FOR UPDATE SKIP LOCKED)
"""


def _deleted(served: Served) -> int:
    """Return how many rows the limit takes away in a second; deleting nothing is no work."""
    found = round(served.pgbench(_DELETE, clients=WORKERS, seconds=1) * TOGETHER)
    with psycopg.connect(served.database.admin) as connection:
        if not connection.execute("SELECT FROM bare.queue LIMIT 1").fetchall():
            msg = f"the limit took all {BARE:,} rows away within its second: give it more"
            raise RuntimeError(msg)
    return found


class Nowhere:
    """A way to people that leads nowhere: what it is handed counts as handed over."""

    def deliver(self, _: Letter) -> Delivery:
        return Delivery.DELIVERED


def _desk(work: UnitOfWork) -> Scope:
    return authorise(work, engine(), Operation.BANK_DESK)


@frozen
class _Letters:
    """The queue of letters, to as many members as a set has."""

    served: Served
    people: Sequence[PersonId]
    threads: ThreadPoolExecutor

    @classmethod
    def in_(cls, served: Served, threads: ThreadPoolExecutor) -> _Letters:
        town = town_on(served.office)
        return cls(served, [town.admit(0, applicant(at)) for at in range(MEMBERS)], threads)

    def fill(self) -> None:
        words = dict[str, str]()
        told = [(self.people[at % MEMBERS], "card.restored", words) for at in range(LETTERS)]
        self.served.office.storage.run(lambda work: work.messages.add_many(_desk(work), told))

    def drain(self) -> int:
        desk = LetterDesk(office=self.served.office, by=engine(), notifier=Nowhere())

        def work(_: int) -> None:
            while desk.deliver():
                pass

        return self._by_all(work)

    def sets(self) -> int:
        return self._by_all(self._sets)

    def _by_all(self, work: Callable[[int], None]) -> int:
        list(self.threads.map(work, range(WORKERS)))
        return LETTERS

    def _sets(self, _: int) -> None:
        """Lease and end all sets as the desk does: with the end of one the next is leased."""
        storage, until = self.served.office.storage, self.served.office.clock.now() + LEASE

        def lease(work: UnitOfWork) -> MessageSet | None:
            return work.messages.lease(_desk(work), work.now, until, TOGETHER)

        def end(work: UnitOfWork, taken: MessageSet) -> MessageSet | None:
            ways = {(MessageState.DELIVERED, until): [each.id for each in taken.messages]}
            work.messages.end(_desk(work), taken, ways)
            return lease(work)

        taken = storage.run(lease, guarded=True)
        while taken is not None:
            taken = storage.run(partial(end, taken=taken), guarded=True)


@define
class _PgQueuer:
    """The peer that takes sets: each round is a queue of its own, drained until it is empty."""

    served: Served
    rounds: count[int] = field(factory=count)
    queue: str = ""

    def _connected(self) -> Any:  # noqa: ANN401 - the peer's own
        return asyncpg.connect(
            host=str(self.served.server.folder), port=5432, user="postgres", password="none",
            database=self.served.database.name,
        )  # fmt: skip

    async def install(self) -> None:
        line = await self._connected()
        await Queries(AsyncpgDriver(line)).install()
        await line.close()

    async def fill(self) -> None:
        self.queue = f"r{next(self.rounds)}"
        line = await self._connected()
        await Queries(AsyncpgDriver(line)).enqueue([self.queue] * JOBS, [None] * JOBS, [0] * JOBS)
        await line.close()

    async def drain(self) -> int:
        done: list[object] = []

        async def job(each: object) -> None:
            done.append(each)

        async def worker() -> None:
            line = await self._connected()
            manager = QueueManager(Queries(AsyncpgDriver(line)))
            manager.entrypoint(self.queue)(job)
            await manager.run(
                batch_size=TOGETHER, dequeue_timeout=timedelta(milliseconds=1),
                mode=QueueExecutionMode.drain,
            )  # fmt: skip
            await line.close()

        await asyncio.gather(*(worker() for _ in range(WORKERS)))
        assert len(done) == JOBS
        return JOBS


@define
class _Procrastinate:
    """The peer that takes one job after the other, and forgets it when it is done."""

    served: Served
    rounds: count[int] = field(factory=count)
    queue: str = ""
    done: int = 0

    def _app(self) -> Any:  # noqa: ANN401 - the peer's own
        line = procrastinate.PsycopgConnector(conninfo=self.served.database.admin)
        return procrastinate.App(connector=line)

    async def _job(self) -> None:
        self.done += 1

    async def install(self) -> None:
        app = self._app()
        async with app.open_async():
            await app.schema_manager.apply_schema_async()

    async def fill(self) -> None:
        self.queue, app = f"r{next(self.rounds)}", self._app()
        async with app.open_async():
            task = app.task(name="job", queue=self.queue)(self._job)
            await task.batch_defer_async(*({} for _ in range(FEW)))

    async def drain(self) -> int:
        self.done, app = 0, self._app()
        app.task(name="job", queue=self.queue)(self._job)
        async with app.open_async():
            await asyncio.gather(
                *(
                    app.run_worker_async(
                        queues=[self.queue], wait=False, concurrency=TOGETHER, listen_notify=False,
                        install_signal_handlers=False, delete_jobs="always",
                    )
                    for _ in range(WORKERS)
                )
            )  # fmt: skip
        assert self.done == FEW
        return FEW


def lines() -> list[Line]:
    """Return the lines of a queue that is drained."""
    with (
        tempfile.TemporaryDirectory() as name,
        postgres(Path(name)) as served,
        ThreadPoolExecutor(WORKERS) as threads,
    ):
        ours = _Letters.in_(served, threads)
        sets, each = _PgQueuer(served), _Procrastinate(served)
        asyncio.run(sets.install())
        asyncio.run(each.install())
        found = rates(
            ROUNDS,
            {
                "ours": ours.fill,
                "bare_ours": ours.fill,
                "sets": lambda: asyncio.run(sets.fill()),
                "each": lambda: asyncio.run(each.fill()),
                "bare": lambda: served.tell(_BARE),
            },
            ours=ours.drain,
            sets=lambda: asyncio.run(sets.drain()),
            each=lambda: asyncio.run(each.drain()),
            bare_ours=ours.sets,
            bare=lambda: _deleted(served),
        )
    what = f"10 letters leased, handed over, ended, {WORKERS} workers, 1/s"
    bare = f"10 sets of {TOGETHER} leased and ended, {WORKERS} workers, 1/s"
    return [
        faster(f"{what}, beside pgqueuer", found["ours"], peer=found["sets"], floor=3),
        faster(f"{what}, beside procrastinate", found["ours"], peer=found["each"], floor=50),
        faster(f"{bare}, beside pgqueuer", found["bare_ours"], peer=found["sets"], floor=3),
        faster(f"{bare}, beside a DELETE by pgbench", found["bare_ours"], limit=found["bare"],
               floor=0.2),
    ]  # fmt: skip
