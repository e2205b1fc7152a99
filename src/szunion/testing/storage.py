"""Know what every store promises: a unit of work is there whole and for good, or not at all.

Subclass :class:`StoragePromises`, give it one factory, and run pytest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
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
from szunion.domain.inbox import HeardNotice, Hearing, WaitingNotice
from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
from szunion.domain.reconciliation import Difference, DifferenceKind, ReconKind, ReconRun
from szunion.domain.values import RequestKey
from szunion.errors import Conflict
from szunion.ports.bank import Cursor
from szunion.ports.keys import Vault
from szunion.ports.storage import Storage, UnitOfWork
from szunion.ports.system import Clock, Ids
from szunion.testing.clock import SeededChance, SeededIds, SimClock
from szunion.testing.storage_closing import ClosingPromises
from szunion.testing.storage_desks import DeskPromises
from szunion.testing.storage_files import FilePromises
from szunion.testing.storage_orders import OrderPromises
from szunion.testing.storage_people import PeoplePromises
from szunion.testing.storage_world import NOON, Step, StorageWorld

__all__ = ["StorageParts", "StoragePromises", "StorageWorld"]

_MINUTE: Final = timedelta(minutes=1)
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


class StoragePromises(ClosingPromises, DeskPromises, OrderPromises, PeoplePromises, FilePromises):
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
            work.outbox.add(scope, _dispatch(1))
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
        world.run(lambda work, scope: work.outbox.add(scope, _dispatch(1)))
        world.storage.close()
        again = world.make()
        try:
            found = StorageWorld(again, world.make).run(lambda w, scope: w.outbox.get(scope, 1))
            assert found == _dispatch(1)
        finally:
            again.close()

    def test_a_look_sees_what_was_committed(self, world: StorageWorld) -> None:
        """A read sees a whole commit."""
        world.run(lambda work, scope: work.outbox.add(scope, _dispatch(1)))
        seen = world.storage.read(
            lambda work: work.outbox.get(authorise(work, engine(), Operation.BANK_DESK), 1)
        )
        assert seen == _dispatch(1)

    def test_so_many_looks_go_on_at_once_as_it_says(self, world: StorageWorld) -> None:
        """So many looks are open at one moment, each in a thread; each sees what was committed."""
        world.run(lambda work, scope: work.outbox.add(scope, _dispatch(1)))
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
            assert list(pool.map(looked, range(most))) == [_dispatch(1)] * most

    def test_two_writers_cannot_both_win(self, world: StorageWorld) -> None:
        """A version that somebody else has changed is refused."""
        world.run(lambda work, scope: work.outbox.add(scope, _dispatch(1)))
        first = world.run(lambda work, scope: work.outbox.get(scope, 1))
        assert first is not None
        world.run(lambda work, scope: work.outbox.put(scope, first.leaving(NOON)))
        world.loses(lambda work, scope: work.outbox.put(scope, first.leaving(NOON)), to=1)
        world.loses(lambda work, scope: work.outbox.put(scope, _dispatch(2)), to="?")

    def test_an_id_that_is_taken_is_drawn_anew(self, world: StorageWorld) -> None:
        """Whoever finds an id taken decides again, with another one; nobody hears of it."""
        places = count(100)

        def call(work: UnitOfWork, scope: Scope, id_: int) -> None:
            work.calls.add(scope, Ticket(id=id_, clerk="clerk", topic="legal", taken=NOON))

        def dispatch(work: UnitOfWork, scope: Scope, id_: int) -> None:
            place = next(places)
            made = evolve(_dispatch(id_, aggregate=place), key=_key(place))
            work.outbox.add(scope, made)

        for add in (call, dispatch):
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
                work.outbox.add(scope, _dispatch(number + 1, aggregate=number + 1))

        world.run(fill)
        barrier, taken = threading.Barrier(_RACERS), list[int]()
        lock = threading.Lock()

        def race(name: str) -> None:
            barrier.wait()
            found = world.run(lambda w, scope: w.outbox.take(scope, name, NOON, NOON + _MINUTE, 1))
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

    # --- outbox -----------------------------------------------------------------------------

    def test_a_key_goes_into_the_outbox_once(self, world: StorageWorld) -> None:
        """A second dispatch with a known key, or a known place in its order, is refused."""
        world.run(lambda work, scope: work.outbox.add(scope, _dispatch(1)))
        again = evolve(_dispatch(2, aggregate=2), key=_key(1))
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.outbox.add(scope, again))
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.outbox.add(scope, _dispatch(3)))

    def test_one_of_an_aggregate_is_in_flight_and_in_order(self, world: StorageWorld) -> None:
        """A later dispatch of one card is not taken before the earlier one is answered."""

        def fill(work: UnitOfWork, scope: Scope) -> None:
            for number, aggregate, sequence in ((1, 7, 2), (2, 7, 1), (3, 8, 1)):
                work.outbox.add(scope, _dispatch(number, aggregate=aggregate, sequence=sequence))
            assert work.outbox.next_sequence(scope, 7) == 3  # noqa: PLR2004 - two are there

        def take(work: UnitOfWork, scope: Scope, most: int) -> list[int]:
            found = work.outbox.take(scope, "w", NOON, NOON + _MINUTE, most)
            work.outbox.put_many(scope, [each.leaving(NOON) for each in found])
            return [each.id for each in found]

        def end(work: UnitOfWork, scope: Scope) -> None:
            first = work.outbox.by_key(scope, _key(2))
            assert first is not None
            work.outbox.put(scope, first.ended(DispatchState.DONE, ""))

        world.run(fill)
        assert [world.run(lambda w, s: take(w, s, 1)) for _ in range(3)] == [[2], [3], []]
        world.run(end)
        assert world.run(lambda w, s: take(w, s, 9)) == [1]

    def test_a_set_is_the_first_of_each_aggregate(self, world: StorageWorld) -> None:
        """Of many that are due a set has one of each aggregate, and the next set has none."""

        def fill(work: UnitOfWork, scope: Scope) -> None:
            for number, aggregate, sequence in ((1, 7, 2), (2, 7, 1), (3, 8, 1), (4, 9, 1)):
                work.outbox.add(scope, _dispatch(number, aggregate=aggregate, sequence=sequence))

        def take(work: UnitOfWork, scope: Scope, most: int) -> list[int]:
            return [e.id for e in work.outbox.take(scope, "w", NOON, NOON + _MINUTE, most)]

        world.run(fill)
        assert world.run(lambda w, s: take(w, s, 2)) == [2, 3]
        assert world.run(lambda w, s: take(w, s, 9)) == [4]
        assert world.run(lambda w, s: take(w, s, 9)) == []

    def test_of_a_set_one_that_somebody_has_changed_is_refused(self, world: StorageWorld) -> None:
        """What became of several is kept of all of them, or of none."""

        def fill(work: UnitOfWork, scope: Scope) -> None:
            for number in (1, 2):
                work.outbox.add(scope, _dispatch(number, aggregate=number))

        world.run(fill)
        both = world.run(lambda work, scope: work.outbox.many(scope, [1, 2]))
        world.run(lambda work, scope: work.outbox.put(scope, both[1].leaving(NOON)))
        world.loses(
            lambda work, scope: work.outbox.put_many(scope, [e.leaving(NOON) for e in both]), to=1
        )
        kept = world.run(lambda work, scope: work.outbox.many(scope, [1, 2]))
        assert sorted(each.version for each in kept) == [0, 1]

    def test_a_lease_runs_out_and_what_is_set_aside_bars_its_aggregate(
        self, world: StorageWorld
    ) -> None:
        """What a dead worker held is found again; what was set aside lets nothing pass."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.outbox
            box.add(scope, _dispatch(1, aggregate=7, sequence=1))
            box.add(scope, _dispatch(2, aggregate=7, sequence=2))
            until = NOON + _MINUTE
            (found,) = box.take(scope, "w", NOON, until, 9)
            assert box.next_due(scope) == until, "whoever took it holds it: nobody need look now"
            box.put(scope, found.leaving(NOON))
            assert box.next_due(scope) == until
            assert list(box.lost(scope, NOON, 9)) == []
            (lost,) = box.lost(scope, until, 9)
            box.put(scope, lost.doubtful(until))
            later = until + _MINUTE
            (asked,) = box.take_unknown(scope, "x", later, later + _MINUTE, 9)
            assert not box.take_unknown(scope, "y", later, later, 9), "it is leased"
            assert box.next_due(scope) == later + _MINUTE
            box.put(scope, asked.ended(DispatchState.ASIDE, "E-BANK-017"))
            assert not box.take(scope, "w", later, later, 9)
            assert box.next_due(scope) is None
            states = [each.state for each in box.of(scope, 7)]
            assert states == [DispatchState.ASIDE, DispatchState.QUEUED]
            assert [each.id for each in box.listed(scope, list(DispatchState), after=1)] == [2]

        world.run(step)

    # --- inbox ------------------------------------------------------------------------------

    def test_an_event_id_is_heard_once(self, world: StorageWorld) -> None:
        """A second notice of an event id is told what was there."""
        notice = HeardNotice(
            source="b", event_id="E1", kind="K", stream="s", sequence=1, digest="d",
            received=NOON, hearing=Hearing.OBEYED,
        )  # fmt: skip

        def step(work: UnitOfWork, scope: Scope) -> None:
            assert work.inbox.hear(scope, notice) is None
            assert work.inbox.hear(scope, evolve(notice, digest="other")) == notice
            work.inbox.put(scope, evolve(notice, copies=4, hearing=Hearing.ASIDE, reason="R"))
            assert work.inbox.get(scope, "b", "E2") is None
            (found,) = work.inbox.listed(scope, [Hearing.ASIDE])
            assert (found.copies, found.reason) == (4, "R")

        world.run(step)

    def test_waiting_notices_come_in_their_order_and_cursors_move(
        self, world: StorageWorld
    ) -> None:
        """What waits comes in the order of its arrival; a cursor is where it was put last."""

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.inbox
            for id_, about in ((2, "card:1"), (1, "card:1"), (3, "aside")):
                waiting = WaitingNotice(
                    id=id_, source="b", event_id=f"E{id_}", about=about, sealed=b"x", received=NOON
                )
                box.wait(scope, waiting)
            assert [each.id for each in box.waiting(scope, "card:1")] == [1, 2]
            assert [each.id for each in box.waiting_longest(scope, 1)] == [1]
            box.waits_no_more(scope, box.waiting(scope, "card:1")[0])
            assert [each.id for each in box.waiting_longest(scope, 9)] == [2]
            assert box.cursor(scope, "b") is None
            for place in ("p1", "p2"):
                box.move_cursor(scope, "b", Cursor(place), NOON)
            assert box.cursor(scope, "b") == "p2"

        world.run(step)

    # --- reconciliations --------------------------------------------------------------------

    def test_a_difference_stays_open_until_it_is_closed_and_is_open_once(
        self, world: StorageWorld
    ) -> None:
        """A difference is open once, with the day it was first found, until it is closed."""
        found = Difference(id=5, run=1, kind=DifferenceKind.AHEAD, subject=9, ours="A", theirs="B")
        first = ReconRun(
            id=1, kind=ReconKind.CARDS, day=date(2017, 11, 23), digest="d", at=NOON, ours=1,
            theirs=1, agreed=0, differences=(found,),
        )  # fmt: skip

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.reconciliations
            box.add(scope, first)
            assert box.find(scope, ReconKind.CARDS, first.day, "d") == first
            assert box.last(scope, ReconKind.MONEY) is None
            assert box.last(scope, ReconKind.CARDS, first.day) == first
            assert box.last(scope, ReconKind.CARDS, date(2017, 11, 24)) is None
            assert box.get(scope, 1) == first
            assert list(box.open(scope)) == [found]
            assert list(box.open(scope, [DifferenceKind.AMOUNT])) == []
            assert box.first_found(scope, 5) == NOON
            box.close(scope, [found.closed("me", NOON)], NOON)
            assert list(box.open(scope)) == []

        world.run(step)
        second = evolve(first, id=2, digest="e", differences=(evolve(found, id=6, run=2),))
        world.run(lambda work, scope: work.reconciliations.add(scope, second))
        third = evolve(first, id=3, digest="f", differences=(evolve(found, id=7, run=3),))
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.reconciliations.add(scope, third))
        assert world.run(lambda work, scope: work.reconciliations.get(scope, 3)) is None


def _key(number: int) -> RequestKey:
    """Return a key that belongs to *number*."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return RequestKey(letters[number % 26] * 26)


def _dispatch(number: int, *, aggregate: int = 1, sequence: int = 1) -> Dispatch:
    """Return a dispatch that waits to be sent."""
    return Dispatch(
        id=number, kind=DispatchKind.SET_CARD_USE, key=_key(number), digest="D", subject=number,
        aggregate=aggregate, sequence=sequence, created=NOON, due=NOON,
    )  # fmt: skip


def _drawing(add: Callable[[UnitOfWork, Scope, int], None], ids: Sequence[int]) -> Step[int]:
    """Return a step that adds something with the next of *ids* at each try."""
    drawn = iter(ids)

    def decide(work: UnitOfWork, scope: Scope) -> int:
        id_ = next(drawn)
        add(work, scope, id_)
        return id_

    return decide
