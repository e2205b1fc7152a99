"""The registry's tables keep their promises on their own, whatever the code above them does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from tests.offices import Town, applicant, office_on, officer, town_on

from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.domain.access import Operation, Role, Scope
from szunion.domain.affiliations import Affiliation
from szunion.domain.bindings import BINDING
from szunion.domain.machine import Machine
from szunion.domain.members import MEMBERSHIP, Membership, MembershipState
from szunion.domain.organisations import ORGANISATION
from szunion.domain.people import new_person
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.transfers import TRANSFER, Transfer
from szunion.domain.values import (
    AffiliationId,
    MembershipId,
    OrganisationId,
    PersonId,
    TransferId,
    shard_of,
)
from szunion.errors import Conflict, StorageError
from szunion.ports.storage import UnitOfWork


@pytest.fixture(params=["memory", "sqlite"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    made = town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def city(work: UnitOfWork) -> Scope:
    return authorise(work, officer("city-1", Role.CITY), Operation.MEMBERSHIP_WRITE)


def file_of(work: UnitOfWork, scope: Scope, index: int) -> PersonId:
    someone = applicant(index)
    shard = work.vault.route(someone.document.number.plain())
    person = new_person(
        PersonId(work.ids.new(shard)), someone.name, someone.document, recorded=work.now,
        mobile=someone.mobile,
    )  # fmt: skip
    work.people.add(scope, person)
    return person.id


def episode(work: UnitOfWork, person: PersonId, union: OrganisationId) -> Membership:
    return Membership(
        id=MembershipId(work.ids.new(shard_of(person))), person=person,
        state=MembershipState.ACTIVE, organisation=union, applied=date(2017, 1, 1),
        since=date(2017, 1, 1),
    )  # fmt: skip


def affiliation(work: UnitOfWork, row: Membership) -> Affiliation:
    return Affiliation(
        id=AffiliationId(work.ids.new(shard_of(row.person))), membership=row.id, person=row.person,
        organisation=row.organisation, since=date(2017, 1, 1), recorded=work.now,
    )  # fmt: skip


def test_a_second_open_episode_is_refused(town: Town) -> None:
    def twice(work: UnitOfWork) -> None:
        scope = city(work)
        person = file_of(work, scope, 1)
        work.members.add(scope, episode(work, person, town.unions[0].id), date(2017, 1, 1))
        work.members.add(scope, episode(work, person, town.unions[1].id), date(2017, 1, 1))

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(twice)


def test_a_second_open_affiliation_is_refused_and_nothing_of_the_unit_is_kept(town: Town) -> None:
    made: list[PersonId] = []

    def twice(work: UnitOfWork) -> None:
        scope = city(work)
        person = file_of(work, scope, 1)
        made.append(person)
        row = episode(work, person, town.unions[0].id)
        work.members.add(scope, row, date(2017, 1, 1))
        work.members.add_affiliation(scope, affiliation(work, row))
        work.members.add_affiliation(scope, affiliation(work, row))

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(twice)
    assert town.office.storage.read(lambda work: work.people.get(city(work), made[0])) is None
    assert town.office.storage.read(
        lambda work: work.people.on_file(city(work), applicant(1).document)
    ) is None  # fmt: skip


def test_a_document_is_on_file_once(town: Town) -> None:
    def twice(work: UnitOfWork) -> None:
        file_of(work, city(work), 1)
        file_of(work, city(work), 1)

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(twice)


def test_a_second_open_transfer_is_refused(town: Town) -> None:
    def twice(work: UnitOfWork) -> None:
        scope = city(work)
        row = episode(work, file_of(work, scope, 1), town.unions[0].id)
        work.members.add(scope, row, date(2017, 1, 1))
        for target in town.unions[1:]:
            work.transfers.add(
                scope,
                Transfer(
                    id=TransferId(work.ids.new(shard_of(row.person))), membership=row.id,
                    person=row.person, source=row.organisation, target=target.id,
                    requested=work.now, answer_by=work.now + timedelta(days=10),
                ),
            )  # fmt: skip

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(twice)


def test_whoever_read_an_older_version_does_not_win(town: Town) -> None:
    def make(work: UnitOfWork) -> Membership:
        scope = city(work)
        row = episode(work, file_of(work, scope, 1), town.unions[0].id)
        work.members.add(scope, row, date(2017, 1, 1))
        return row

    row = town.office.storage.run(make)
    day = date(2018, 1, 1)
    retained = evolve(row, state=MembershipState.RETAINED)
    town.office.storage.run(lambda work: work.members.put(city(work), retained, day))
    with pytest.raises(Conflict, match="E-STORE-008"):
        town.office.storage.run(lambda work: work.members.put(city(work), retained, day))


def test_maker_and_checker_differ_by_a_constraint(town: Town) -> None:
    def same(work: UnitOfWork) -> None:
        scope = city(work)
        made = Proposal(
            id=work.ids.new(), operation="x.y", subject=1, terms={}, maker="a", made=work.now
        )
        work.proposals.add(scope, made)
        work.proposals.put(scope, made.decided(ProposalState.CONFIRMED, "a", work.now))

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(same)


def test_a_membership_of_nobody_or_nowhere_is_refused(town: Town) -> None:
    def nowhere(work: UnitOfWork) -> None:
        scope = city(work)
        row = episode(work, file_of(work, scope, 1), OrganisationId(5))
        work.members.add(scope, row, date(2017, 1, 1))

    def nobody(work: UnitOfWork) -> None:
        row = episode(work, PersonId(5), town.unions[0].id)
        work.members.add(city(work), row, date(2017, 1, 1))

    for work in (nowhere, nobody):
        with pytest.raises(Conflict, match="E-STORE-004"):
            town.office.storage.run(work)


def test_unions_are_read_in_the_order_of_the_tree_and_within_the_scope(town: Town) -> None:
    def codes(by: Role, union: OrganisationId | None) -> list[str]:
        def look(work: UnitOfWork) -> list[str]:
            scope = authorise(work, officer("x", by, union), Operation.ORGANISATION_READ)
            return [each.code for each in work.organisations.all(scope)]

        return town.office.storage.read(look)

    assert len(codes(Role.CITY, None)) == 8
    assert codes(Role.UPPER, town.districts[1].id) == ["440305", "440305-001"]
    assert codes(Role.GRASSROOTS, town.unions[0].id) == ["440304-001"]


@pytest.mark.parametrize(
    ("table", "machine"),
    [
        ("organisation", ORGANISATION),
        ("membership", MEMBERSHIP),
        ("transfer", TRANSFER),
        ("binding", BINDING),
    ],
)
def test_the_tables_states_are_the_machines_states(
    tmp_path: Path, table: str, machine: Machine[MembershipState, MembershipState]
) -> None:
    office = office_on("sqlite", tmp_path)
    assert isinstance(office.storage, SqliteStorage)
    sql = office.storage._connection().execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    )
    words = " ".join(sql.fetchone()[0].split())
    office.storage.close()

    assert machine.sql_check("state") in words


def test_without_its_salt_nobody_opens_a_row(tmp_path: Path) -> None:
    office = office_on("sqlite", tmp_path)
    assert isinstance(office.storage, SqliteStorage)
    person = office.storage.run(lambda work: file_of(work, city(work), 1))
    connection = office.storage._connection()
    connection.execute("UPDATE person_salt SET salt = zeroblob(16)")

    with pytest.raises(StorageError, match="E-KEYS-002"):
        office.storage.read(lambda work: work.people.get(city(work), person))
    office.storage.close()


def test_a_row_that_was_moved_to_another_person_does_not_open(tmp_path: Path) -> None:
    office = office_on("sqlite", tmp_path)
    assert isinstance(office.storage, SqliteStorage)
    first = office.storage.run(lambda work: file_of(work, city(work), 1))
    second = office.storage.run(lambda work: file_of(work, city(work), 2))
    connection = office.storage._connection()
    for table, column in (("person", "sealed"), ("person_salt", "salt")):
        connection.execute(
            f"UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE person_id = ?)"
            " WHERE person_id = ?",
            (first, second),
        )

    with pytest.raises(StorageError, match="E-KEYS-002"):
        office.storage.read(lambda work: work.people.get(city(work), second))
    office.storage.close()
