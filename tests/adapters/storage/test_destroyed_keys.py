"""A person whose key is destroyed opens for nobody and is found by nothing, but is remembered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from tests import canaries
from tests.databases import of_another_server
from tests.offices import ENGINES, Town, applicant, office_on, officer, town_on
from tests.places import admin

from szunion.adapters.storage.postgres.connection import ask, tell
from szunion.adapters.storage.sql.blind import document_key
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.people import Person, corrected, merge, new_person
from szunion.domain.values import PersonId
from szunion.errors import Conflict
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.people import QuarantineSource
from szunion.testing.clock import SimClock
from szunion.testing.postgres import NoPostgres, PostgresServer


@pytest.fixture(params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    made = town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def city(work: UnitOfWork) -> Scope:
    return authorise(work, officer("city-1", Role.CITY), Operation.MEMBERSHIP_WRITE)


def somebody(work: UnitOfWork, index: int) -> Person:
    someone = applicant(index)
    shard = work.vault.route(someone.document.number.plain())
    return new_person(
        PersonId(work.ids.new(shard)), someone.name, someone.document, recorded=work.now,
        mobile=someone.mobile,
    )  # fmt: skip


def filed(town: Town, index: int) -> PersonId:
    def file(work: UnitOfWork) -> PersonId:
        person = somebody(work, index)
        work.people.add(city(work), person)
        return person.id

    return town.office.storage.run(file)


def destroyed(town: Town, person: PersonId) -> int:
    return town.office.storage.run(lambda work: work.people.destroy_key(city(work), person))


def test_nobody_opens_or_finds_a_person_whose_key_is_destroyed(town: Town) -> None:
    gone, other = filed(town, 1), filed(town, 2)
    assert destroyed(town, gone) == 1

    def look(work: UnitOfWork) -> None:
        scope, one = city(work), applicant(1)
        assert one.mobile is not None
        assert work.people.get(scope, gone) is None
        assert [each.id for each in work.people.many(scope, [gone, other])] == [other]
        assert work.people.find(scope, one.document) is None
        assert work.people.on_file(scope, one.document) is None
        assert work.people.by_mobile(scope, one.mobile) == []
        assert work.people.erased(scope, one.document) == [gone]
        assert work.people.erased(scope, applicant(2).document) == []

    town.office.storage.read(look)


def test_a_key_is_destroyed_once(town: Town) -> None:
    gone = filed(town, 1)
    assert [destroyed(town, gone) for _ in range(2)] == [1, 0]
    assert destroyed(town, PersonId(1)) == 0


def test_whoever_comes_back_is_a_new_person_and_the_tombstones_know(town: Town) -> None:
    first = filed(town, 1)
    destroyed(town, first)
    assert isinstance(town.office.clock, SimClock)
    town.office.clock.advance(days=1)
    second = filed(town, 1)
    assert first != second
    destroyed(town, second)
    found = town.office.storage.read(
        lambda work: work.people.erased(city(work), applicant(1).document)
    )
    assert found == [first, second]


def test_whoever_had_read_the_file_before_cannot_write_it_back(town: Town) -> None:
    gone = filed(town, 1)
    old = town.office.storage.read(lambda work: work.people.get(city(work), gone))
    assert old is not None
    destroyed(town, gone)
    with pytest.raises(Conflict, match="E-STORE-008"):
        town.office.storage.run(lambda work: work.people.put(city(work), old))


def test_a_file_in_quarantine_moves_up_when_the_one_on_file_is_destroyed(town: Town) -> None:
    first = filed(town, 1)

    def again(work: UnitOfWork) -> PersonId:
        person = somebody(work, 1)
        source = QuarantineSource(organisation=town.unions[0].id)
        work.people.add_in_quarantine(city(work), person, first, source)
        return person.id

    second = town.office.storage.run(again)
    destroyed(town, first)
    held = town.office.storage.read(
        lambda work: work.people.on_file(city(work), applicant(1).document)
    )
    assert held is not None
    assert held.id == second
    with pytest.raises(Conflict, match="E-STORE-004"):
        filed(town, 1)


def test_what_was_merged_into_a_person_goes_with_that_person(town: Town) -> None:
    loser, survivor = filed(town, 1), filed(town, 2)

    def together(work: UnitOfWork) -> None:
        scope = city(work)
        one, other = work.people.get(scope, loser), work.people.get(scope, survivor)
        assert one is not None
        assert other is not None
        for each in merge(one, other):
            work.people.put(scope, each)

    town.office.storage.run(together)
    assert destroyed(town, survivor) == 2

    def look(work: UnitOfWork) -> None:
        scope = city(work)
        assert work.people.get(scope, loser) is None
        for index in (1, 2):
            assert work.people.on_file(scope, applicant(index).document) is None
            assert survivor in work.people.erased(scope, applicant(index).document)

    town.office.storage.read(look)


def test_a_unit_that_fails_destroys_nothing(town: Town) -> None:
    kept = filed(town, 1)

    def fails(work: UnitOfWork) -> None:
        work.people.destroy_key(city(work), kept)
        msg = "in the middle"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="in the middle"):
        town.office.storage.run(fails)

    def look(work: UnitOfWork) -> None:
        assert work.people.get(city(work), kept) is not None
        assert work.people.find(city(work), applicant(1).document) == kept
        assert work.people.erased(city(work), applicant(1).document) == []

    town.office.storage.read(look)


def changed_and_traced(town: Town) -> tuple[PersonId, list[bytes]]:
    """File somebody, who then changes; return what of them, as it was and is, is to go."""
    person = filed(town, 1)
    one, later = applicant(1), applicant(3)
    assert one.mobile is not None
    assert later.mobile is not None

    def change(work: UnitOfWork) -> None:
        old = work.people.get(city(work), person)
        assert old is not None
        new = corrected(old, document=later.document, recorded=work.now, origin=old.present.origin)
        work.people.put(city(work), evolve(new, mobile=later.mobile))

    town.office.storage.run(change)
    index = town.office.vault.index
    return person, [
        *(index(IndexField.DOCUMENT, document_key(each.document)) for each in (one, later)),
        *(index(IndexField.MOBILE, each.plain()) for each in (one.mobile, later.mobile)),
    ]


def test_36_after_a_checkpoint_neither_salt_nor_index_is_left_in_any_file(tmp_path: Path) -> None:
    """What could open or find the person is in no page, no free page and no journal."""
    town = town_on(office_on("sqlite", tmp_path))
    try:
        gone, traces = changed_and_traced(town)
        (path,) = tmp_path.glob("*.db")
        with closing(sqlite3.connect(path)) as looking:
            (salt,) = looking.execute(
                "SELECT salt FROM person_salt WHERE person_id = ?", [gone]
            ).fetchone()
        traces = [salt, *traces]
        assert found_in_files(tmp_path, traces[:2]) == [True] * 2, "the test looks for nothing"
        destroyed(town, gone)
        assert isinstance(town.office.storage, SqliteStorage)
        town.office.storage.checkpoint()
        assert found_in_files(tmp_path, traces) == [False] * len(traces)
    finally:
        town.office.storage.close()


#: As the owner of the tables: they are written anew, without what is gone.
SWEPT = "VACUUM (FULL) {}"
TABLES = ("person", "person_salt", "person_document", "person_mobile", "person_tombstone")
#: As the administrator: the journal begins a new file, and those before it are removed.
NEW_JOURNAL = ("SELECT pg_switch_wal()", "CHECKPOINT")


@pytest.mark.postgres
def test_36_on_postgresql_a_sweep_leaves_neither_salt_nor_index_in_any_file(
    tmp_path: Path,
) -> None:
    """Tables, indexes and journal, byte by byte, of a server that does not use its journals again.

    Nor does any of them, or the server's log, hold in the clear who that was, before or after.
    """
    try:
        server = PostgresServer.start(settings={"wal_recycle": "off"})
    except NoPostgres as error:
        pytest.skip(str(error))
    with server, of_another_server(server, tmp_path):
        town = town_on(office_on("postgres", tmp_path))
        gone, traces = changed_and_traced(town)
        with admin(tmp_path) as asking:
            row = ask(asking, "SELECT salt FROM szunion.person_salt WHERE person_id = %s", gone)
            assert row is not None
            traces = [bytes(row[0]), *traces]
            tell(asking, "CHECKPOINT")
            assert found_in_files(server.folder, traces[:2]) == [True] * 2
            destroyed(town, gone)
            for table in TABLES:
                tell(asking, SWEPT.format(f"szunion.{table}"))
            for command in NEW_JOURNAL:
                tell(asking, command)
        town.office.storage.close()
        assert found_in_files(server.folder, traces) == [False] * len(traces)
        assert canaries.found_in(contents(server.folder)) == set()


def contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def found_in_files(folder: Path, traces: list[bytes]) -> list[bool]:
    whole = contents(folder)
    return [trace in whole for trace in traces]
