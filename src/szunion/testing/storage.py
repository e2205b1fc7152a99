"""Know what every store promises: a unit of work is there whole and for good, or not at all.

Subclass :class:`StoragePromises`, give it one factory, and run pytest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import ClassVar, Final

import pytest
from attrs import evolve, field, frozen

from szunion.adapters.keys.file import FileKeys
from szunion.application.access import authorise
from szunion.domain.access import Operation, Scope, engine
from szunion.domain.audit import AuditEntry
from szunion.domain.calls import Ticket
from szunion.domain.outbox import Dispatch
from szunion.errors import Conflict
from szunion.ports.bank import Cursor
from szunion.ports.keys import Vault
from szunion.ports.storage import Storage, UnitOfWork
from szunion.ports.system import Clock, Ids
from szunion.testing.clock import SeededChance, SeededIds, SimClock
from szunion.testing.storage_bank import MINUTE, BankPromises, dispatch, key_of
from szunion.testing.storage_closing import ClosingPromises
from szunion.testing.storage_desks import DeskPromises
from szunion.testing.storage_files import FilePromises
from szunion.testing.storage_money import MoneyPromises
from szunion.testing.storage_orders import OrderPromises
from szunion.testing.storage_people import PeoplePromises
from szunion.testing.storage_world import NOON, Step, StorageWorld

__all__ = ["StorageParts", "StoragePromises", "StorageWorld"]

_RACERS: Final = 16
_TRIES: Final = 5
_PATIENCE: Final = 30.0
"""Seconds until a thread that should have come is given up."""


@frozen(kw_only=True)
class StorageParts:
    """What a store is made with: it keeps none of these itself."""

    folder: Path
    clock: Clock
    ids: Ids
    vault: Vault = field(repr=False)


class StoragePromises(
    BankPromises,
    ClosingPromises,
    DeskPromises,
    FilePromises,
    MoneyPromises,
    OrderPromises,
    PeoplePromises,
):
    """What every store promises (存储适配器的承诺)."""

    durable: ClassVar[bool] = True
    """Whether what was committed outlives the object: not so for a store in memory."""

    def make_storage(self, parts: StorageParts) -> Storage:
        """Return the store in ``parts.folder``, ready to work; a second call opens it again."""
        msg = "give the promises their one factory: def make_storage(self, parts): ..."
        raise NotImplementedError(msg)

    def make_vault(self) -> Vault:
        """Return the vault that the store works with: another one for other algorithms."""
        return FileKeys(bytes(range(32))).vault(chance=SeededChance(7).bytes)

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[StorageWorld]:
        """A fresh store."""
        clock = SimClock("2017-11-23")
        parts = StorageParts(
            folder=tmp_path, clock=clock, ids=SeededIds(clock), vault=self.make_vault()
        )
        made = self.make_storage(parts)
        yield StorageWorld(made, lambda: self.make_storage(parts))
        made.close()

    # --- units of work ----------------------------------------------------------------------

    def test_a_unit_that_fails_leaves_nothing(self, world: StorageWorld) -> None:
        """What raises in a unit of work leaves nothing of the unit, at whatever point."""

        def fails(work: UnitOfWork, scope: Scope) -> None:
            work.outbox.add(scope, dispatch(1))
            work.audit.add(scope, AuditEntry(action="outbox.send", subject=1))
            work.inbox.move_cursor(scope, "b", Cursor("p1"), NOON)
            msg = "in the middle"
            raise RuntimeError(msg)

        with pytest.raises(RuntimeError, match="in the middle"):
            world.run(fails)
        assert world.run(lambda work, scope: work.outbox.get(scope, 1)) is None
        assert world.run(lambda work, scope: work.inbox.cursor(scope, "b")) is None
        assert world.run(lambda work, scope: list(work.audit.unsealed(scope, 9))) == []

    def test_what_was_committed_is_there_when_it_is_opened_again(self, world: StorageWorld) -> None:
        """What was committed is there after the store was closed and opened."""
        if not self.durable:
            pytest.skip("在内存里，不保留 · in memory: it forgets, and says so")
        world.run(lambda work, scope: work.outbox.add(scope, dispatch(1)))
        world.storage.close()
        again = world.make()
        try:
            found = StorageWorld(again, world.make).run(lambda w, scope: w.outbox.get(scope, 1))
            assert found == dispatch(1)
        finally:
            again.close()

    def test_a_look_sees_what_was_committed(self, world: StorageWorld) -> None:
        """A read sees a whole commit."""
        world.run(lambda work, scope: work.outbox.add(scope, dispatch(1)))
        seen = world.storage.read(
            lambda work: work.outbox.get(authorise(work, engine(), Operation.BANK_DESK), 1)
        )
        assert seen == dispatch(1)

    def test_so_many_looks_go_on_at_once_as_it_says(self, world: StorageWorld) -> None:
        """So many looks are open at one moment, each in a thread; each sees what was committed."""
        world.run(lambda work, scope: work.outbox.add(scope, dispatch(1)))
        most = world.storage.side_by_side
        met = threading.Barrier(most)

        def look(work: UnitOfWork) -> Dispatch | None:
            met.wait(_PATIENCE)
            return work.outbox.get(authorise(work, engine(), Operation.BANK_DESK), 1)

        def looked(_: int) -> Dispatch | None:
            try:
                return world.storage.read(look)
            except BaseException:
                met.abort()  # nobody else need wait
                raise

        with ThreadPoolExecutor(most) as pool:
            assert list(pool.map(looked, range(most))) == [dispatch(1)] * most

    def test_two_writers_cannot_both_win(self, world: StorageWorld) -> None:
        """A version that somebody else has changed is refused."""
        world.run(lambda work, scope: work.outbox.add(scope, dispatch(1)))
        first = world.run(lambda work, scope: work.outbox.get(scope, 1))
        assert first is not None
        world.run(lambda work, scope: work.outbox.put(scope, first.leaving(NOON)))
        world.loses(lambda work, scope: work.outbox.put(scope, first.leaving(NOON)), to=1)
        world.loses(lambda work, scope: work.outbox.put(scope, dispatch(2)), to="?")

    def test_an_id_that_is_taken_is_drawn_anew(self, world: StorageWorld) -> None:
        """Whoever finds an id taken decides again, with another one; nobody hears of it."""
        places = count(100)

        def call(work: UnitOfWork, scope: Scope, id_: int) -> None:
            work.calls.add(scope, Ticket(id=id_, clerk="clerk", topic="legal", taken=NOON))

        def queue(work: UnitOfWork, scope: Scope, id_: int) -> None:
            place = next(places)
            made = evolve(dispatch(id_, aggregate=place), key=key_of(place))
            work.outbox.add(scope, made)

        for add in (call, queue):
            decide = _drawing(add, (1, 1, 1, 1, 9))
            assert (world.run(decide), world.run(decide)) == (1, 9), "after three that were taken"

    def test_an_id_that_stays_taken_is_told_after_some_tries(self, world: StorageWorld) -> None:
        """A decision that draws one id again and again is made five times at most."""
        made = count()

        def add(work: UnitOfWork, scope: Scope, id_: int) -> None:
            next(made)
            work.calls.add(scope, Ticket(id=id_, clerk="clerk", topic="legal", taken=NOON))

        decide = _drawing(add, (1,) * (1 + _TRIES))
        world.run(decide)
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(decide)
        assert next(made) == 1 + _TRIES

    def test_racing_threads_take_each_thing_once(self, world: StorageWorld) -> None:
        """Sixteen threads lease from sixteen dispatches: each is taken once, none is lost."""

        def fill(work: UnitOfWork, scope: Scope) -> None:
            for number in range(_RACERS):
                work.outbox.add(scope, dispatch(number + 1, aggregate=number + 1))

        world.run(fill)
        barrier, taken = threading.Barrier(_RACERS), list[int]()
        lock = threading.Lock()

        def race(name: str) -> None:
            barrier.wait()
            found = world.run(lambda w, scope: w.outbox.take(scope, name, NOON, NOON + MINUTE, 1))
            with lock:
                taken.extend(each.id for each in found)

        racers = [threading.Thread(target=race, args=(f"w{n}",)) for n in range(_RACERS)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert sorted(taken) == list(range(1, _RACERS + 1))

    def test_the_log_is_read_in_the_order_of_commits(self, world: StorageWorld) -> None:
        """What was committed first stands first, and nothing is skipped between two looks."""
        for number in range(5):
            entry = AuditEntry(action="outbox.send", subject=number)
            world.run(lambda work, scope, entry=entry: work.audit.add(scope, entry))  # type: ignore[misc]
            seen = world.run(lambda work, scope: list(work.audit.unsealed(scope, 99)))
            assert [json.loads(each)[8] for each in seen] == list(range(number + 1))


def _drawing(add: Callable[[UnitOfWork, Scope, int], None], ids: Sequence[int]) -> Step[int]:
    """Return a step that adds something with the next of *ids* at each try."""
    drawn = iter(ids)

    def decide(work: UnitOfWork, scope: Scope) -> int:
        id_ = next(drawn)
        add(work, scope, id_)
        return id_

    return decide
