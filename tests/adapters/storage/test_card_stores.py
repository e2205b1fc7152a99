"""Batches, rows, cards, outbox, inbox and reconciliations: both stores keep the same promises."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.offices import engine, office_on

from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.bank import BankEvent, BankState
from szunion.domain.batches import BATCH
from szunion.domain.cards import CARD_UNION
from szunion.domain.custody import CUSTODY
from szunion.domain.facets import CARD_BANK, BankFact
from szunion.domain.holds import HOLD, HoldReason
from szunion.domain.inbox import HeardNotice, Hearing, WaitingNotice
from szunion.domain.instructions import INSTRUCTION
from szunion.domain.machine import Machine
from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
from szunion.domain.reconciliation import Difference, DifferenceKind, ReconKind, ReconRun
from szunion.domain.rows import ROW
from szunion.domain.values import RequestKey, RowId
from szunion.errors import Conflict
from szunion.ports.bank import Cursor
from szunion.ports.storage import UnitOfWork

T = TypeVar("T")
NOON = datetime(2017, 11, 23, 4, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CardTown]:
    made = card_town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def run(place: CardTown, step: Callable[[UnitOfWork, Scope], T], by: Principal | None = None) -> T:
    operation = Operation.BANK_DESK if by is None else Operation.CARD_READ
    return place.office.storage.run(
        lambda work: step(work, authorise(work, by or engine(), operation))
    )


def key(number: int) -> RequestKey:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return RequestKey(letters[number % 26] * 26)


def dispatch(number: int, *, aggregate: int = 1, sequence: int = 1) -> Dispatch:
    return Dispatch(
        id=number, kind=DispatchKind.SET_CARD_USE, key=key(number), digest="D", subject=number,
        aggregate=aggregate, sequence=sequence, created=NOON, due=NOON,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("table", "column", "machine"),
    [
        ("batch", "state", BATCH),
        ("application", "state", ROW),
        ("card", "bank_state", CARD_BANK),
        ("card", "union_state", CARD_UNION),
        ("card", "custody", CUSTODY),
        ("card_hold", "state", HOLD),
        ("instruction", "state", INSTRUCTION),
    ],
)
def test_the_database_knows_the_states_of_the_tables(
    table: str, column: str, machine: Machine[Any, Any]
) -> None:
    folder = files("szunion.adapters.storage.sqlite").joinpath("migrations")
    sql = folder.joinpath("0003_cards.sql").read_text("utf-8")
    body = sql.split(f"CREATE TABLE {table} (")[1].split(") STRICT")[0]
    assert f"CHECK ({machine.sql_check(column)})" in re.sub(r"\s+", " ", body)


def test_a_version_that_somebody_else_has_changed_is_refused(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    batch = place.batches().listed()[0]
    row = place.row(kept.person)
    (instruction,) = place.instructions(place.cards().lock(kept.id, HoldReason.PLASTIC_MISSING))
    (first, *_) = place.books().dispatches()
    steps: list[Callable[[UnitOfWork, Scope], object]] = [
        lambda work, scope: work.batches.put(scope, evolve(batch, version=batch.version - 1)),
        lambda work, scope: work.rows.put(scope, evolve(row, version=row.version - 1)),
        lambda work, scope: work.rows.put_many(scope, [row, evolve(row, version=0)]),
        lambda work, scope: work.cards.put(scope, kept),
        lambda work, scope: work.instructions.put(scope, evolve(instruction, version=9)),
        lambda work, scope: work.outbox.put(scope, evolve(first, version=99)),
    ]
    for step in steps:
        with pytest.raises(Conflict, match="E-STORE-008"):
            run(place, step)


def test_one_open_application_per_person_and_programme(place: CardTown) -> None:
    (person,) = place.admit(1)
    place.approve([person])
    row = place.row(person)
    second = evolve(row, id=RowId(row.id + 1), number=2, key=key(1), version=0)
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(place, lambda work, scope: work.rows.add_many(scope, [second]))
    other = evolve(second, programme="OTHER")
    run(place, lambda work, scope: work.rows.add_many(scope, [other]))
    assert len(place.batches().of_person(person)) == 2


def test_who_submitted_cannot_stand_as_approver_whatever_the_code_believes(
    place: CardTown,
) -> None:
    batch = place.approve(place.admit(1))
    forged = evolve(batch, approved_by=batch.submitted_by)
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(place, lambda work, scope: work.batches.put(scope, forged))


def test_a_person_has_one_current_card_in_a_programme(place: CardTown) -> None:
    (old,) = place.activate(place.admit(1))
    place.bank.simulate.replace(old.card.ref)
    place.run()
    new = run(place, lambda work, scope: work.cards.of_person(scope, old.person))[-1]
    both = evolve(new, card=evolve(new.card, current=True))
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(place, lambda work, scope: work.cards.put(scope, both))


def test_the_same_fact_is_kept_once_and_another_content_beside_it(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    fact = BankFact(
        event_id="F1", sequence=3, digest="one", event=BankEvent.FROZEN, state=BankState.FROZEN,
        effective=NOON, received=NOON,
    )  # fmt: skip
    for each in (fact, evolve(fact, received=NOON + timedelta(1)), evolve(fact, digest="two")):
        run(place, lambda work, scope, each=each: work.cards.add_fact(scope, kept.id, each))  # type: ignore[misc]
    facts = run(place, lambda work, scope: work.cards.facts(scope, kept.id))
    assert [each.digest for each in facts if each.event_id == "F1"] == ["one", "two"]
    after = place.card(kept.person).card.bank
    assert (after.state, after.contradictory) == (BankState.ACTIVE, True)


def test_a_union_sees_the_cards_of_its_own_members_only(place: CardTown) -> None:
    (mine,) = place.activate(place.admit(1))
    (theirs,) = place.activate(place.admit(1, union=2, start=1), union=2)
    ids = [mine.person, theirs.person]
    for by, seen in (
        (place.town.g(0), [mine.id]),
        (place.town.upper(1), [theirs.id]),
        (place.town.c1, sorted([mine.id, theirs.id])),
    ):
        found = run(place, lambda work, scope: work.cards.of_people(scope, ids), by)
        assert [kept.id for kept in found] == seen
        rows = run(place, lambda work, scope: work.rows.of_people(scope, ids, mine.programme), by)
        assert sorted(len(each) for each in rows.values()) == [1] * len(seen)
    assert run(place, lambda work, scope: work.cards.by_ref(scope, theirs.card.ref),
               place.town.g(0)) is None  # fmt: skip


def test_states_come_in_the_order_of_the_cards_names(place: CardTown) -> None:
    cards = place.activate(place.admit(5))
    found = run(place, lambda work, scope: list(work.cards.states(scope)))
    names = [name for _, name, _, _ in found]
    assert names == sorted(names)
    assert {(id_, state, sequence) for id_, _, state, sequence in found} == {
        (kept.id, BankState.ACTIVE, 2) for kept in cards
    }


# --- outbox ---------------------------------------------------------------------------------


def test_a_key_goes_into_the_outbox_once(place: CardTown) -> None:
    run(place, lambda work, scope: work.outbox.add(scope, dispatch(1)))
    again = evolve(dispatch(2, aggregate=2), key=key(1))
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(place, lambda work, scope: work.outbox.add(scope, again))
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(place, lambda work, scope: work.outbox.add(scope, dispatch(3)))


def test_one_of_an_aggregate_is_in_flight_and_in_order(place: CardTown) -> None:
    def fill(work: UnitOfWork, scope: Scope) -> None:
        for number, aggregate, sequence in ((1, 7, 2), (2, 7, 1), (3, 8, 1)):
            made = dispatch(number, aggregate=aggregate, sequence=sequence)
            work.outbox.add(scope, made)
        assert work.outbox.next_sequence(scope, 7) == 3

    def take(work: UnitOfWork, scope: Scope) -> int | None:
        found = work.outbox.take(scope, "w", NOON, NOON + timedelta(minutes=1))
        if found is None:
            return None
        work.outbox.put(scope, found.leaving(NOON))
        return found.id

    run(place, fill)
    assert [run(place, take) for _ in range(3)] == [2, 3, None]

    def end(work: UnitOfWork, scope: Scope) -> None:
        first = work.outbox.by_key(scope, key(2))
        assert first is not None
        work.outbox.put(scope, first.ended(DispatchState.DONE, ""))

    run(place, end)
    assert run(place, take) == 1


def test_a_lease_runs_out_and_what_is_set_aside_bars_its_aggregate(place: CardTown) -> None:
    def step(work: UnitOfWork, scope: Scope) -> None:
        box = work.outbox
        box.add(scope, dispatch(1, aggregate=7, sequence=1))
        box.add(scope, dispatch(2, aggregate=7, sequence=2))
        until = NOON + timedelta(minutes=1)
        found = box.take(scope, "w", NOON, until)
        assert found is not None
        box.put(scope, found.leaving(NOON))
        assert box.next_due(scope) == until
        assert list(box.lost(scope, NOON, 9)) == []
        (lost,) = box.lost(scope, until, 9)
        box.put(scope, lost.doubtful(until))
        later = until + timedelta(minutes=1)
        asked = box.take_unknown(scope, "x", later, later + timedelta(minutes=1))
        assert asked is not None
        assert box.take_unknown(scope, "y", later, later) is None, "it is leased"
        box.put(scope, asked.ended(DispatchState.ASIDE, "E-BANK-017"))
        assert box.take(scope, "w", later, later) is None
        assert box.next_due(scope) is None
        states = [each.state for each in box.of(scope, 7)]
        assert states == [DispatchState.ASIDE, DispatchState.QUEUED]
        assert [each.id for each in box.listed(scope, list(DispatchState), after=1)] == [2]

    run(place, step)


# --- inbox ----------------------------------------------------------------------------------


def test_an_event_id_is_heard_once(place: CardTown) -> None:
    notice = HeardNotice(
        source="b", event_id="E1", kind="K", stream="s", sequence=1, digest="d", received=NOON,
        hearing=Hearing.OBEYED,
    )  # fmt: skip

    def step(work: UnitOfWork, scope: Scope) -> None:
        assert work.inbox.hear(scope, notice) is None
        assert work.inbox.hear(scope, evolve(notice, digest="other")) == notice
        work.inbox.put(scope, evolve(notice, copies=4, hearing=Hearing.ASIDE, reason="R"))
        assert work.inbox.get(scope, "b", "E2") is None
        (found,) = work.inbox.listed(scope, [Hearing.ASIDE])
        assert (found.copies, found.reason) == (4, "R")

    run(place, step)


def test_waiting_notices_come_in_their_order_and_cursors_move(place: CardTown) -> None:
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
        for place_ in ("p1", "p2"):
            box.move_cursor(scope, "b", Cursor(place_), NOON)
        assert box.cursor(scope, "b") == "p2"

    run(place, step)


# --- reconciliations ------------------------------------------------------------------------


def test_a_difference_stays_open_until_it_is_closed_and_is_open_once(place: CardTown) -> None:
    found = Difference(id=5, run=1, kind=DifferenceKind.AHEAD, subject=9, ours="A", theirs="B")
    first = ReconRun(
        id=1, kind=ReconKind.CARDS, day=date(2017, 11, 23), digest="d", at=NOON, ours=1, theirs=1,
        agreed=0, differences=(found,),
    )  # fmt: skip

    def step(work: UnitOfWork, scope: Scope) -> None:
        box = work.reconciliations
        box.add(scope, first)
        assert box.find(scope, ReconKind.CARDS, first.day, "d") == first
        assert box.last(scope, ReconKind.MONEY) is None
        assert box.get(scope, 1) == first
        assert list(box.open(scope)) == [found]
        assert list(box.open(scope, [DifferenceKind.AMOUNT])) == []
        assert box.first_found(scope, 5) == NOON
        box.close(scope, [found.closed("me", NOON)], NOON)
        assert list(box.open(scope)) == []

    run(place, step)
    second = evolve(first, id=2, digest="e", differences=(evolve(found, id=6, run=2),))
    run(place, lambda work, scope: work.reconciliations.add(scope, second))
    third = evolve(first, id=3, digest="f", differences=(evolve(found, id=7, run=3),))
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(place, lambda work, scope: work.reconciliations.add(scope, third))
    assert run(place, lambda work, scope: work.reconciliations.get(scope, 3)) is None
