"""Know what every store promises of what goes to the bank and comes from it.

Part of :class:`szunion.testing.storage.StoragePromises`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pytest
from attrs import evolve

from szunion.domain.access import Scope
from szunion.domain.inbox import HeardNotice, Hearing, WaitingNotice
from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
from szunion.domain.reconciliation import Difference, DifferenceKind, ReconKind, ReconRun
from szunion.domain.values import RequestKey
from szunion.errors import Conflict
from szunion.ports.bank import Cursor
from szunion.ports.storage import UnitOfWork
from szunion.testing.storage_world import NOON, StorageWorld

MINUTE: Final = timedelta(minutes=1)


class BankPromises:
    """What every store promises of outbox, inbox and comparisons (发件、收件、对账)."""

    # --- outbox -----------------------------------------------------------------------------

    def test_a_key_goes_into_the_outbox_once(self, world: StorageWorld) -> None:
        """A second dispatch with a known key, or a known place in its order, is refused."""
        world.run(lambda work, scope: work.outbox.add(scope, dispatch(1)))
        again = evolve(dispatch(2, aggregate=2), key=key_of(1))
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.outbox.add(scope, again))
        with pytest.raises(Conflict, match="E-STORE-004"):
            world.run(lambda work, scope: work.outbox.add(scope, dispatch(3)))

    def test_one_of_an_aggregate_is_in_flight_and_in_order(self, world: StorageWorld) -> None:
        """A later dispatch of one card is not taken before the earlier one is answered."""

        def fill(work: UnitOfWork, scope: Scope) -> None:
            for number, aggregate, sequence in ((1, 7, 2), (2, 7, 1), (3, 8, 1)):
                work.outbox.add(scope, dispatch(number, aggregate=aggregate, sequence=sequence))
            assert work.outbox.next_sequence(scope, 7) == 3  # noqa: PLR2004 - two are there

        def take(work: UnitOfWork, scope: Scope, most: int) -> list[int]:
            found = work.outbox.take(scope, "w", NOON, NOON + MINUTE, most)
            work.outbox.put_many(scope, [each.leaving(NOON) for each in found])
            return [each.id for each in found]

        def end(work: UnitOfWork, scope: Scope) -> None:
            first = work.outbox.by_key(scope, key_of(2))
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
                work.outbox.add(scope, dispatch(number, aggregate=aggregate, sequence=sequence))

        def take(work: UnitOfWork, scope: Scope, most: int) -> list[int]:
            return [e.id for e in work.outbox.take(scope, "w", NOON, NOON + MINUTE, most)]

        world.run(fill)
        assert world.run(lambda w, s: take(w, s, 2)) == [2, 3]
        assert world.run(lambda w, s: take(w, s, 9)) == [4]
        assert world.run(lambda w, s: take(w, s, 9)) == []

    def test_of_a_set_one_that_somebody_has_changed_is_refused(self, world: StorageWorld) -> None:
        """What became of several is kept of all of them, or of none."""

        def fill(work: UnitOfWork, scope: Scope) -> None:
            for number in (1, 2):
                work.outbox.add(scope, dispatch(number, aggregate=number))

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
            box.add(scope, dispatch(1, aggregate=7, sequence=1))
            box.add(scope, dispatch(2, aggregate=7, sequence=2))
            until = NOON + MINUTE
            (found,) = box.take(scope, "w", NOON, until, 9)
            assert box.next_due(scope) == until, "whoever took it holds it: nobody need look now"
            box.put(scope, found.leaving(NOON))
            assert box.next_due(scope) == until
            assert list(box.lost(scope, NOON, 9)) == []
            (lost,) = box.lost(scope, until, 9)
            box.put(scope, lost.doubtful(until))
            later = until + MINUTE
            (asked,) = box.take_unknown(scope, "x", later, later + MINUTE, 9)
            assert not box.take_unknown(scope, "y", later, later, 9), "it is leased"
            assert box.next_due(scope) == later + MINUTE
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


def key_of(number: int) -> RequestKey:
    """Return a key that belongs to *number*."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return RequestKey(letters[number % 26] * 26)


def dispatch(number: int, *, aggregate: int = 1, sequence: int = 1) -> Dispatch:
    """Return a dispatch that waits to be sent."""
    return Dispatch(
        id=number, kind=DispatchKind.SET_CARD_USE, key=key_of(number), digest="D", subject=number,
        aggregate=aggregate, sequence=sequence, created=NOON, due=NOON,
    )  # fmt: skip
