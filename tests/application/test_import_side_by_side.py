"""Two desks at once on PostgreSQL, in every order of their steps: as one after the other.

Chunks of newcomers are written side by side, where keys decide who came first; any other has its
turn. What each of the keys and checks is for is shown by what happens without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, Final

import psycopg
import pytest
from attrs import evolve
from tests.databases import ONE_SERVER, database_for
from tests.hall import Hall, hall_of
from tests.offices import (
    Town,
    applicant,
    clock_of,
    engine,
    lasting_office,
    office_on,
    town_on,
)
from tests.stepping import orders, played, step, stepping

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.sql.imports import SqlImports
from szunion.adapters.storage.sql.members import SqlMembers
from szunion.adapters.storage.sql.people import SqlPeople
from szunion.adapters.storage.sql.prepared import RowPreparer
from szunion.adapters.storage.sql.sealed import SqlSealedData
from szunion.application.keys import KeyCare
from szunion.application.roster import ImportResult
from szunion.domain.access import Principal
from szunion.domain.identity import DocumentKind, DocumentNumber, IdentityDocument
from szunion.domain.keyset import KeyUse
from szunion.domain.organisations import Organisation, OrganisationReason

pytestmark = [pytest.mark.postgres, ONE_SERVER]

CHUNK_STEPS: Final = ((SqlImports, "look_up"), (SqlImports, "admit"), (SqlImports, "still_holds"))
OF_A_CHUNK: Final = len(CHUNK_STEPS) + 1
"""And its commit."""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("hall")
    with lasting_office("postgres", folder) as office:
        yield from hall_of(town_on(office), database_for(folder).admin)


@pytest.fixture
def own_hall(tmp_path: Any) -> Iterator[Hall]:
    office = office_on("postgres", tmp_path)
    yield from hall_of(town_on(office), database_for(tmp_path).admin)
    office.storage.close()


# --- the same people at two desks -------------------------------------------------------------


def one_union(town: Town) -> tuple[Principal, Principal]:
    return town.g(0), town.g(0, "other")


def two_unions(town: Town) -> tuple[Principal, Principal]:
    return town.g(0), town.g(2)


def one_file(first: int) -> tuple[Sequence[int], Sequence[int]]:
    return (range(first, first + 6),) * 2


def overlapping(first: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return two rosters, half of whose people are the same, in opposite orders."""
    return range(first, first + 6), range(first + 8, first + 2, -1)


def strangers(first: int) -> tuple[Sequence[int], Sequence[int]]:
    return range(first, first + 4), range(first + 4, first + 8)


Pair = Callable[[Town], tuple[Principal, Principal]]
Rosters = Callable[[int], tuple[Sequence[int], Sequence[int]]]


def outcomes(
    hall: Hall, patch: pytest.MonkeyPatch, pair: Pair, rosters: Rosters
) -> tuple[list[object], list[object]]:
    """Return what comes of one desk after the other, both ways, and of all orders of steps."""
    desks = pair(hall.town)

    def jobs(people: Sequence[Sequence[int]]) -> list[Callable[[], ImportResult]]:
        return [partial(hall.taken, by, each) for by, each in zip(desks, people, strict=True)]

    apart, found = [], []
    for at in (0, 1):
        people = rosters(next(hall.numbers))
        results: list[Any] = [None, None]
        for desk in (at, 1 - at):
            results[desk] = jobs(people)[desk]()
        apart.append(hall.outcome(results, people))
    with stepping(patch, *CHUNK_STEPS):
        every = orders(OF_A_CHUNK, OF_A_CHUNK)
        for order in every if rosters is overlapping else every[::4]:
            people = rosters(next(hall.numbers))
            results = played(jobs(people), order, hall.blocked)
            found.append(hall.outcome(results, people))
    return apart, found


@pytest.mark.parametrize("rosters", [overlapping, one_file, strangers])
@pytest.mark.parametrize("pair", [one_union, two_unions])
def test_whatever_the_order_it_is_as_if_one_desk_came_after_the_other(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, pair: Pair, rosters: Rosters
) -> None:
    apart, found = outcomes(hall, monkeypatch, pair, rosters)
    assert not any(isinstance(each, str) for each in apart)
    for each in found:
        assert each in apart


def test_without_the_key_of_documents_somebody_would_be_filed_twice(
    own_hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the orders above would show nothing."""
    key = "ALTER TABLE szunion.person_document {} CONSTRAINT person_document_pkey"
    own_hall.admin.execute(key.format("DROP").encode())
    try:
        apart, found = outcomes(own_hall, monkeypatch, two_unions, overlapping)
    finally:  # other tests are lent this database
        own_hall.admin.execute(b"TRUNCATE szunion.person_document")
        own_hall.admin.execute(f"{key.format('ADD')} PRIMARY KEY (shard, blind, rank)".encode())
    assert any(each not in apart for each in found)


def test_newcomers_are_written_side_by_side_and_others_in_turn(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have admitted their people before either commits; who is known waits for the other."""
    sides = (0, 0, 0, 1, 1, 1)
    waited: list[int] = []

    def watched(people: Sequence[Sequence[int]]) -> int:
        def ended() -> int:
            waited.append(hall.blocked())
            return waited[-1]

        waited.clear()
        jobs = [partial(hall.taken, hall.town.g(at), each) for at, each in enumerate(people)]
        results = played(jobs, sides, ended)
        assert [each.added + each.unchanged for each in results] == [4, 4]
        return max(waited)

    known = range(next(hall.numbers), next(hall.numbers) - 8)
    hall.taken(hall.town.g(1), known)
    with stepping(monkeypatch, *CHUNK_STEPS):
        assert watched(strangers(next(hall.numbers))) == 0
        new, _ = strangers(next(hall.numbers))
        assert watched((new, known)) == 1


# --- what changes meanwhile -------------------------------------------------------------------


def closings(hall: Hall, patch: pytest.MonkeyPatch) -> int:
    """Return how many members are left in a union that ended while they came in, in all orders."""
    left = 0
    with stepping(patch, *CHUNK_STEPS, (SqlMembers, "move_all")):
        for order in orders(OF_A_CHUNK, 2):
            union, by = hall.new_union()
            people, _ = strangers(next(hall.numbers))
            proposal = hall.town.organisations(hall.town.c1).dissolve(
                union.id, reason=OrganisationReason.UNIT_ENDED, document="注销证明"
            )
            close = partial(hall.town.organisations(hall.town.c2).confirm, proposal.id)
            result, closed = played([partial(hall.taken, by, people), close], order, hall.blocked)
            assert isinstance(closed, Organisation)
            counted = "SELECT count(*) FROM szunion.membership WHERE organisation_id = %s"
            left += hall.all(counted, union.id)[0][0]
            if isinstance(result, BaseException):
                assert "E-ORG-001" in str(result) or "E-ACCESS-003" in str(result)
            else:
                assert result.added == len(people)
    return left


def test_nobody_is_left_in_a_union_that_ends_while_its_roster_comes_in(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_of(hall.town.office).advance(days=1)
    assert closings(hall, monkeypatch) == 0


def test_without_the_last_look_at_the_union_somebody_would_be(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlImports, "still_holds", lambda *_: True)
    assert closings(hall, monkeypatch) > 0


def filed_twice(hall: Hall, patch: pytest.MonkeyPatch) -> int:
    """Return how often somebody had two files: one by the old form of the number, at a counter."""
    twice = 0
    with stepping(patch, *CHUNK_STEPS, (SqlPeople, "add")):
        for order, sought in [(o, s) for o in orders(OF_A_CHUNK, 2) for s in (True, False)]:
            if not sought:  # as if nobody in the city had a number of 15 digits yet
                hall.admin.execute("DELETE FROM szunion.document_kind WHERE kind = 'RESIDENT_15'")
            people = hall.born_before_2000()
            one = applicant(people[2])
            number = one.document.number.plain()
            old = DocumentNumber(number[:6] + number[8:17])
            form = evolve(one, document=IdentityDocument(DocumentKind.RESIDENT_15, old))
            desk = hall.town.memberships(hall.town.g(0))
            union = hall.town.unions[0].id
            results = played(
                [partial(hall.taken, hall.town.g(0), people), partial(desk.apply, form, union)],
                order, hall.blocked,
            )  # fmt: skip
            assert not [each for each in results if isinstance(each, BaseException)]
            twice += results[0].accepted[2] != results[1].person
    return twice


def test_the_two_forms_of_a_number_are_one_person_whoever_comes_first(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filed_twice(hall, monkeypatch) == 0


@pytest.mark.parametrize(
    ("kind", "name"), [(SqlPeople, "_tell_new_form"), (SqlImports, "_in_other_form")]
)
def test_without_either_side_of_that_they_would_be_two(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, kind: type, name: str
) -> None:
    monkeypatch.setattr(kind, name, lambda *_: {})
    assert filed_twice(hall, monkeypatch) > 0


def test_keys_may_change_while_two_rosters_come_in(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same people at two desks, one of which still sees the old keys, and the walk between."""
    keys = FileKeys.open(tmp_path / "union.keys")
    office = office_on("postgres", tmp_path, keys=keys)
    for hall in hall_of(town_on(office), database_for(tmp_path).admin):
        care = KeyCare(office, keys, engine())

        def rotate(care: KeyCare = care) -> None:
            care.rotate(KeyUse.DOCUMENT)
            care.rotate(KeyUse.MOBILE)
            deque(care.bring(most=20), maxlen=0)

        with stepping(monkeypatch, *CHUNK_STEPS, (SqlSealedData, "file_under")):
            for seed in range(6):
                order = [0] * OF_A_CHUNK + [1] * OF_A_CHUNK + [2] * 4
                Random(seed).shuffle(order)
                people = overlapping(next(hall.numbers))
                desks = zip(two_unions(hall.town), people, strict=True)
                jobs = [partial(hall.taken, by, each) for by, each in desks]
                results = played([*jobs, rotate], order, hall.blocked)
                assert not [each for each in results if isinstance(each, BaseException)]
                assert [each.added for each in results[:2]] == [6, 6]
                again = hall.taken(hall.town.g(1), sorted({*people[0], *people[1]}))
                ids = [person for each in (*results[:2], again) for person in each.accepted]
                filed = "SELECT count(*) FROM szunion.quarantine WHERE person_id = ANY(%s)"
                assert hall.all(filed, ids) == [(3 + 9,)], "somebody was not found"
    office.storage.close()


def test_who_is_on_file_under_an_old_key_is_brought_under_the_new_one_by_whoever_asks(
    tmp_path: Any,
) -> None:
    """Also by a union that may not see that file: else both would be the one that is on file."""
    keys = FileKeys.open(tmp_path / "union.keys")
    office = office_on("postgres", tmp_path, keys=keys)
    for hall in hall_of(town_on(office), database_for(tmp_path).admin):
        hall.taken(hall.town.g(0), range(4))
        care = KeyCare(office, keys, engine())
        care.rotate(KeyUse.DOCUMENT)
        assert hall.taken(hall.town.g(2), range(2, 6)).added == 4
        deque(care.bring(), maxlen=0)
        ranks = "SELECT rank, count(*) FROM szunion.person_document GROUP BY rank ORDER BY rank"
        assert hall.all(ranks) == [(0, 6), (1, 2)]
    office.storage.close()


# --- two in each other's way ------------------------------------------------------------------


def test_documents_are_filed_in_the_order_of_their_key(hall: Hall) -> None:
    """So that two chunks with the same people do not wait for each other at two of them."""
    seen: list[Any] = []
    whole = RowPreparer.__call__

    def prepared(self: RowPreparer, *given: Any) -> Any:
        seen.append(whole(self, *given))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowPreparer, "__call__", prepared)
        hall.taken(hall.town.g(0), overlapping(next(hall.numbers))[1])
    for each in (seen[0].documents, seen[0].mobiles):
        filed = list(zip(each.shards, each.blinds, strict=True))
        assert filed == sorted(filed)
        assert len(filed) == 6
    assert [seen[0].ids[at] for at in seen[0].documents.places] == list(seen[0].documents.keys)


def test_a_deadlock_is_decided_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another holds one key and wants the one before it, which the chunk has."""
    prepared: list[Any] = []
    look_up = SqlImports.look_up

    def seen(self: SqlImports, *given: Any) -> Any:
        looked = look_up(self, *given)
        prepared.append(looked.prepared.documents)
        return looked

    monkeypatch.setattr(SqlImports, "look_up", seen)
    people, _ = strangers(next(hall.numbers))

    def holds(other: psycopg.Connection[Any], at: int) -> None:
        filed = prepared[0]
        other.execute(
            "INSERT INTO szunion.person_document VALUES (%s, %s, 0, 7)",
            (filed.shards[at], filed.blinds[at]),
        )

    def in_the_way() -> None:
        with psycopg.connect(hall.admin.info.dsn) as other:
            step()
            holds(other, -1)
            step()  # the chunk has the first by now, and waits for the last
            with suppress(psycopg.errors.DeadlockDetected):  # the server chooses one of them
                holds(other, 0)
            other.rollback()

    job = partial(hall.taken, hall.town.g(0), people)
    with stepping(monkeypatch, *CHUNK_STEPS):
        result, _ = played([job, in_the_way], (0, 1, 0, 1), hall.blocked)
    assert result.added == len(people)
    assert len(prepared) == 2, "it was the chunk that had to decide again"


def test_a_conflict_that_is_none_of_keys_is_told(hall: Hall) -> None:
    union, by = hall.new_union()
    proposal = hall.town.organisations(hall.town.c1).dissolve(
        union.id, reason=OrganisationReason.UNIT_ENDED, document="注销证明"
    )
    hall.town.organisations(hall.town.c2).confirm(proposal.id)
    with pytest.raises(Exception, match=r"E-ORG-001|E-ACCESS-003"):
        hall.taken(by, strangers(next(hall.numbers))[0])
