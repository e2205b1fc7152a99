"""Batches, rows, cards, outbox, inbox and reconciliations: both stores keep the same promises."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.offices import engine, office_on

from szunion.adapters.storage.sql.dialect import texts
from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.bank import BankEvent, BankState
from szunion.domain.batches import BATCH
from szunion.domain.card_records import CODES
from szunion.domain.cards import CARD_UNION
from szunion.domain.custody import CUSTODY
from szunion.domain.facets import CARD_BANK, BankFact
from szunion.domain.holds import HOLD, HoldReason
from szunion.domain.instructions import INSTRUCTION
from szunion.domain.machine import Machine
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.rows import ROW
from szunion.domain.values import RequestKey, RowId
from szunion.errors import Conflict
from szunion.ports.keys import IndexField
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


def test_states_are_of_every_card_under_its_blind_index(place: CardTown) -> None:
    cards = place.activate(place.admit(5))
    found = run(place, lambda work, scope: list(chain.from_iterable(work.cards.states(scope))))
    refs = [kept.card.ref for kept in cards]
    blind = place.office.vault.index_many(IndexField.CARD, [ref.token.plain() for ref in refs])
    assert sorted(found) == sorted(
        (index, ref.psn, BankState.ACTIVE.value, kept.id)
        for index, ref, kept in zip(blind, refs, cards, strict=True)
    )


def test_where_the_server_joins_records_a_state_is_the_byte_that_it_is_everywhere() -> None:
    text = texts("szunion.adapters.storage.postgres")["card.records"]
    codes = re.findall(r"WHEN '(\w+)' THEN decode\('([0-9a-f]{2})', 'hex'\)", text)
    assert {state: int(code, 16) for state, code in codes} == {
        state.value: code for state, code in CODES.items() if state is not None
    }
    assert CODES[None] == 0
    assert "ELSE decode('00', 'hex')" in text
