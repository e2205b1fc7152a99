"""Covers, claims and heirs are kept alike by both stores, and the database knows their rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.claimtown import CHILD, STAY, ClaimTown, claim_town_on, stay
from tests.offices import engine, office_on

from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.application.claim_decisions import Decided
from szunion.domain.access import Operation, Scope
from szunion.domain.claim_files import Heir
from szunion.domain.claims import CLAIM, ClaimState
from szunion.domain.enrolments import ENROLMENT
from szunion.domain.machine import Machine
from szunion.domain.reckoning import Happening
from szunion.domain.values import Fen
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork


@pytest.fixture(params=["memory", "sqlite"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClaimTown]:
    made = claim_town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def run(town: ClaimTown, step: Callable[[UnitOfWork, Scope], object]) -> object:
    return town.office.storage.run(
        lambda work: step(work, authorise(work, engine(), Operation.BANK_DESK))
    )


@pytest.mark.parametrize(("table", "machine"), [("enrolment", ENROLMENT), ("claim", CLAIM)])
def test_the_tables_states_are_the_machines_states(
    table: str, machine: Machine[Any, Any], tmp_path: Path
) -> None:
    office = office_on("sqlite", tmp_path)
    assert isinstance(office.storage, SqliteStorage)
    rows = office.storage._connection().execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    )
    assert machine.sql_check("state") in " ".join(rows.fetchone()[0].split())
    office.storage.close()


def test_a_version_that_somebody_else_has_changed_is_refused(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, CHILD, Happening(on=town.today), "P1")
    cover = town.cover(person, STAY)
    for step in (
        lambda work, scope: work.claims.put(scope, evolve(claim, version=7)),
        lambda work, scope: work.enrolments.put(scope, evolve(cover, version=7)),
    ):
        with pytest.raises(Conflict, match="E-STORE-008"):
            run(town, step)


def test_a_claim_comes_back_as_it_was_kept(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(
        person, STAY, stay(town.today, 91, "cancer"), "ZY1", "ZY2", papers=["出院小结", "发票"]
    )
    decided = town.decide(claim)
    assert isinstance(decided, Decided)
    (kept,) = town.claims_of(person)
    assert kept == evolve(decided.claim, version=kept.version)
    assert kept.happening == stay(town.today, 91, "cancer")
    assert kept.reckoning == decided.reckoning
    assert kept.papers == ("出院小结", "发票")
    found = run(
        town, lambda work, scope: work.claims.of_obligations(scope, [decided.obligation.id])
    )
    assert found == [kept]


def test_two_reviewers_are_two_people_for_the_store_too(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, CHILD, Happening(on=town.today), "P1")
    same = evolve(claim, reviewer="review-1", confirmed_by="review-1")
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(town, lambda work, scope: work.claims.put(scope, same))


def test_an_event_is_held_until_it_is_free_and_never_by_two(town: ClaimTown) -> None:
    first, second = town.people(2)
    claim = town.file(first, CHILD, Happening(on=town.today), "P1", "N1")
    other = town.file(second, CHILD, Happening(on=town.today), "P2")
    both = evolve(other, keys=(*other.keys, claim.keys[0]))
    with pytest.raises(Conflict, match="E-STORE-004"):
        run(town, lambda work, scope: work.claims.put(scope, both))
    gone = evolve(claim, state=ClaimState.WITHDRAWN)
    run(town, lambda work, scope: work.claims.put(scope, gone))
    for key in claim.keys:
        assert run(town, lambda work, scope, key=key: work.claims.holder(scope, [key])) is None  # type: ignore[misc]
    held = run(town, lambda work, scope: work.claims.holder(scope, other.keys))
    assert held == other


def test_a_cap_is_kept_by_the_store(town: ClaimTown) -> None:
    (person,) = town.people()
    cover = town.cover(person, STAY)
    assert cover.cap is not None
    too_much, whole = cover.cap + Fen(1), cover.cap
    assert not run(town, lambda work, scope: work.enrolments.use(scope, cover.id, too_much))
    assert run(town, lambda work, scope: work.enrolments.use(scope, cover.id, whole))
    assert not run(town, lambda work, scope: work.enrolments.use(scope, cover.id, Fen(1)))
    if isinstance(town.office.storage, SqliteStorage):
        with pytest.raises(sqlite3.IntegrityError, match="paid <= cap"):
            town.office.storage._connection().execute("UPDATE enrolment SET paid = 9999999")


def test_an_heir_is_named_by_two_and_is_somebody_else(town: ClaimTown) -> None:
    first, second = town.people(2)
    named = Heir(
        person=first, heir=second, document="9", named=town.office.clock.now(), named_by="c1",
        confirmed_by="c2", since=date(2017, 12, 1),
    )  # fmt: skip
    for wrong in (evolve(named, confirmed_by="c1"), evolve(named, heir=first)):
        with pytest.raises(Conflict, match="E-STORE-004"):
            run(town, lambda work, scope, wrong=wrong: work.heirs.put(scope, wrong))  # type: ignore[misc]
    run(town, lambda work, scope: work.heirs.put(scope, named))
    later = evolve(named, document="10")
    run(town, lambda work, scope: work.heirs.put(scope, later))
    found = run(town, lambda work, scope: work.heirs.of_people(scope, [first, second]))
    assert found == {first: later}
