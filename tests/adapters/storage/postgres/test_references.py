"""What a foreign key promises holds where references are checked a statement at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import psycopg
import pytest
from tests.databases import one_server
from tests.two_schemas import of_postgres

from szunion.adapters.storage.postgres.connection import (
    SCHEMA,
    Connection,
    Limits,
    ask,
    connect,
    tell,
)
from szunion.adapters.storage.postgres.migrate import migrate
from szunion.adapters.storage.postgres.net import secure
from szunion.adapters.storage.postgres.references import (
    REFERENCES,
    Reference,
    by_row,
    by_statement,
)
from szunion.errors import Conflict
from szunion.testing.postgres_databases import APPLICATION, Database, Databases

pytestmark = [
    pytest.mark.postgres,
    one_server("Citus keeps foreign keys: references are checked by the statement on one server"),
]

UNION: Final = (
    "INSERT INTO organisation (organisation_id, code, name, kind, state, path, version)"
    " VALUES (1, '440300', 'x', 'CITY', 'ACTIVE', '/1/', 0)"
)
PERSON: Final = "INSERT INTO person (shard, person_id, version) SELECT 0, n, 0"
MEMBERSHIP: Final = (
    "INSERT INTO membership (shard, person_id, membership_id, state, organisation_id, applied,"
    " version, holds_from, recorded) SELECT 0, n, n, 'ACTIVE', {union}, 'd', 0, 'd', 0"
)
AFFILIATION: Final = (
    "INSERT INTO affiliation (shard, person_id, affiliation_id, membership_id, organisation_id,"
    " since, recorded) SELECT 0, n, n, n, {union}, 'd', 0"
)
OFFER: Final = (
    "INSERT INTO offer (offer_id, item, title, title_en, stock, taken, per_person, opens, closes,"
    " ends, waiting_list, version) VALUES (1, 'i', 't', 't', 9, 0, 1, 0, 9, 9, 0, 0)"
)
BOOKING: Final = (
    "INSERT INTO booking (shard, booking_id, offer_id, person_id, place, state, asked, version)"
    " SELECT 0, n, {union}, n, 1, 'HELD', 0, 0"
)
FEW: Final = " FROM generate_series(1, 3) n"


@pytest.fixture
def people(database: Database) -> Database:
    """Three people, members of a union."""
    with psycopg.connect(database.owner, options=f"-c search_path={SCHEMA}") as owner:
        for text in (UNION, PERSON + FEW, MEMBERSHIP + FEW, AFFILIATION + FEW):
            owner.execute(text.format(union=1).encode())
        owner.execute(b"DELETE FROM affiliation WHERE person_id > 1")
        owner.execute(OFFER.encode())
        owner.execute(f"{BOOKING} FROM generate_series(1, 1) n".format(union=1).encode())
        owner.execute(b"INSERT INTO person (shard, person_id, version) VALUES (0, 9, 0)")
    return database


@pytest.fixture(params=["owner", "application", "administrator"])
def line(request: pytest.FixtureRequest, people: Database) -> Iterator[Connection]:
    """A line in each role: shown everything, shown nothing yet, kept from nothing."""
    kinds = {"owner": people.owner, "application": people.app, "administrator": people.admin}
    connection = connect(kinds[request.param], Limits())
    yield connection
    connection.close()


def refused(connection: Connection, *commands: str) -> str:
    """Return which reference the last of *commands* breaks."""
    *before, last = commands
    with connection.transaction(force_rollback=True):
        for command in before:
            tell(connection, command)
        with pytest.raises(Conflict, match="E-STORE-004") as found:
            tell(connection, last)
    return str(found.value.context["constraint"])


def _rows(text: str, union: int, first: int, last: int) -> str:
    return f"{text.format(union=union)} FROM generate_series({first}, {last}) n"


_OF_PERSON: Final = "membership_shard_person_id_fkey"
_OF_MEMBERSHIP: Final = "affiliation_shard_person_id_membership_id_fkey"
NOBODYS: Final = _rows(MEMBERSHIP, 1, 8, 8)
BROKEN: Final = [
    (NOBODYS, _OF_PERSON),
    (_rows(MEMBERSHIP, 1, 9, 3000), _OF_PERSON),
    (_rows(MEMBERSHIP, 7, 9, 9), "membership_organisation_id_fkey"),
    (_rows(AFFILIATION, 1, 9, 9), _OF_MEMBERSHIP),
    (_rows(AFFILIATION, 1, 2, 3000), _OF_MEMBERSHIP),
    (_rows(AFFILIATION, 7, 2, 3), "affiliation_organisation_id_fkey"),
    (_rows(BOOKING, 7, 2, 3), "booking_offer_id_fkey"),
]
"""People 1 to 3 are members, of whom the first has an affiliation; the ninth is there alone."""


@pytest.mark.parametrize(("broken", "name"), BROKEN)
def test_one_row_or_thousands_that_refer_to_nothing_are_refused(
    line: Connection, broken: str, name: str
) -> None:
    assert refused(line, broken) == f"FOREIGN KEY({name})"


CHANGED: Final = [
    ("UPDATE membership SET organisation_id = 7", "membership_organisation_id_fkey"),
    ("UPDATE membership SET person_id = 8 WHERE person_id = 3", "membership_shard_person_id_fkey"),
    ("UPDATE affiliation SET organisation_id = 7", "affiliation_organisation_id_fkey"),
    (
        "UPDATE affiliation SET membership_id = 8",
        "affiliation_shard_person_id_membership_id_fkey",
    ),
    ("UPDATE booking SET offer_id = 7", "booking_offer_id_fkey"),
]
TAKEN: Final = [
    ("DELETE FROM person WHERE person_id = 2", "person_stays"),
    ("DELETE FROM membership WHERE person_id = 2", "membership_stays"),
    ("DELETE FROM organisation", "organisation_stays"),
    ("DELETE FROM offer", "offer_stays"),
    ("UPDATE person SET person_id = 8 WHERE person_id = 2", "person_stays_so"),
    ("UPDATE membership SET membership_id = 8 WHERE person_id = 2", "membership_stays_so"),
    ("UPDATE organisation SET organisation_id = 8", "organisation_stays_so"),
    ("UPDATE offer SET offer_id = 8", "offer_stays_so"),
]


@pytest.mark.parametrize(("change", "name"), [*CHANGED[:1], *CHANGED[2:], *TAKEN])
def test_nothing_comes_to_refer_to_nothing(line: Connection, change: str, name: str) -> None:
    found = refused(line, "SET LOCAL szunion.scope = '*'", change)
    assert found == f"FOREIGN KEY({name})"


def test_a_key_that_is_referred_to_does_not_come_to_refer_to_nothing(people: Database) -> None:
    change, _ = CHANGED[1]
    connection = connect(people.admin, Limits())
    assert refused(connection, change) == "FOREIGN KEY(membership_stays_so)"
    tell(connection, "DROP TRIGGER membership_stays_so ON membership")
    try:
        assert refused(connection, change) == "FOREIGN KEY(membership_shard_person_id_fkey)"
    finally:
        by_statement(connection)
        connection.close()


@pytest.mark.parametrize("table", ["person", "membership", "organisation", "offer"])
def test_what_is_referred_to_is_not_emptied(people: Database, table: str) -> None:
    connection = connect(people.owner, Limits())
    assert refused(connection, f"TRUNCATE {table} CASCADE") == f"FOREIGN KEY({table}_stays)"
    connection.close()


def test_what_refers_to_something_goes_through(line: Connection) -> None:
    with line.transaction():
        tell(line, "SET LOCAL szunion.scope = '*'")
        added = (
            "WITH p AS (INSERT INTO person (shard, person_id, version) VALUES (0, 5, 0)),"
            " m AS (INSERT INTO membership (shard, person_id, membership_id, state,"
            " organisation_id, applied, version, holds_from, recorded)"
            " VALUES (0, 5, 5, 'ACTIVE', 1, 'd', 0, 'd', 0))"
            " INSERT INTO affiliation (shard, person_id, affiliation_id, membership_id,"
            " organisation_id, since, recorded) VALUES (0, 5, 5, 5, 1, 'd', 0)"
        )
        tell(line, added)  # together, as a unit's writes are told
        tell(line, "UPDATE membership SET organisation_id = 1, state = 'RETAINED'")
        tell(line, "UPDATE person SET version = version + 1, person_id = person_id")
        assert ask(line, "SELECT count(*) FROM membership WHERE version = 0") == (4,)


def test_a_reference_to_what_another_has_not_committed_is_refused(people: Database) -> None:
    """And is none, whatever becomes of the other: it was not there when it was referred to."""
    first, second = (connect(people.owner, Limits(lock=2)) for _ in range(2))
    with first.transaction(force_rollback=True):
        tell(first, "INSERT INTO person (shard, person_id, version) VALUES (0, 8, 0)")
        assert "person_id_fkey" in refused(second, NOBODYS)
    first.close()
    second.close()


def test_a_name_of_a_temporary_table_does_not_stand_in(people: Database) -> None:
    connection = connect(people.app, Limits())
    tell(
        connection,
        "CREATE TEMPORARY TABLE person AS SELECT 0::bigint AS shard, 8::bigint AS person_id",
    )
    assert "person_id_fkey" in refused(connection, NOBODYS)
    connection.close()


# --- from foreign keys, and back --------------------------------------------------------------


@pytest.fixture
def owner(databases: Databases) -> Iterator[Connection]:
    """The owner of a database whose net is not woven yet."""
    connection = connect(databases.empty().owner, Limits())
    migrate(connection, at=0)
    yield connection
    connection.close()


def _keys(owner: Connection) -> set[str]:
    row = ask(owner, "SELECT json_agg(conname) FROM pg_constraint WHERE contype = 'f'")
    assert row is not None
    return set(row[0])


def test_they_are_the_foreign_keys_that_the_migrations_say(owner: Connection) -> None:
    before = of_postgres(owner)
    assert {each.name for each in REFERENCES} <= _keys(owner)
    secure(owner, APPLICATION)
    assert {each.name for each in REFERENCES}.isdisjoint(_keys(owner))
    assert of_postgres(owner) == before
    secure(owner, APPLICATION)
    assert of_postgres(owner) == before
    with owner.transaction():
        by_row(owner)
    assert of_postgres(owner) == before
    assert {each.name for each in REFERENCES} <= _keys(owner)


@pytest.mark.parametrize("back", [by_row, by_statement])
@pytest.mark.parametrize("each", REFERENCES, ids=lambda each: each.name)
def test_what_was_broken_while_nothing_checked_it_is_found(
    people: Database, each: Reference, back: Callable[[Connection], None]
) -> None:
    broken = {name: text for text, name in BROKEN}[each.name]
    owner = connect(people.owner, Limits())
    with owner.transaction(force_rollback=True):
        tell(owner, f"DROP TRIGGER {each.table}_refers ON {each.table}")
        tell(owner, broken)
        with pytest.raises(Conflict, match="E-STORE-004"), owner.transaction():
            back(owner)
    owner.close()


def test_every_column_of_them_is_never_null(owner: Connection) -> None:
    """A foreign key looks at no row with a null; the question of ours would call it missing."""
    row = ask(
        owner,
        "SELECT json_agg(c.relname || '.' || a.attname) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'szunion'::regnamespace AND a.attnotnull",
    )
    assert row is not None
    assert {f"{each.table}.{column}" for each in REFERENCES for column in each.columns} <= set(
        row[0]
    )
