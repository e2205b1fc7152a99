"""One database of a whole country on Citus: a coordinator and workers that the run was given."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.application.test_import import taken
from tests.booktown import book_town_on
from tests.databases import ON_CITUS, of_this_run
from tests.offices import applicant, office_on, town_on

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.postgres.admin import state
from szunion.adapters.storage.postgres.citus import (
    SIDES,
    TO_COMMIT_TOGETHER,
    Place,
    astray,
    lying,
    spread,
)
from szunion.adapters.storage.postgres.connection import (
    SPREAD,
    Connection,
    Limits,
    ask,
    connect,
    tell,
    with_parts,
)
from szunion.adapters.storage.postgres.spread import statements_here
from szunion.adapters.storage.postgres.storage import BorrowedPostgres, PostgresStorage
from szunion.adapters.storage.postgres.unit import PostgresUnit
from szunion.application.access import authorise
from szunion.application.members import Members
from szunion.domain.access import Operation, Principal
from szunion.domain.bindings import Binding, Portal
from szunion.domain.bookings import Booking, BookingState
from szunion.domain.values import BindingId, BookingId, PersonId
from szunion.errors import StorageBusy, StorageError
from szunion.ports.storage import UnitOfWork
from szunion.testing import SimClock
from szunion.testing.postgres_databases import Database
from szunion.testing.rosters import synthetic_roster

pytestmark = [pytest.mark.postgres, ON_CITUS]


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    connection = connect(database.owner, Limits())
    yield connection
    connection.close()


def test_every_table_lies_in_its_place(owner: Connection) -> None:
    assert astray(owner) == []
    assert lying(owner)["person"] is Place.SHARD


def test_a_cluster_from_before_gets_what_holds_two_sides(owner: Connection) -> None:
    """Delegations lay on the coordinator alone; the next migration copies them to every node."""
    kept = "SELECT array_agg(conname::text ORDER BY conname) FROM pg_constraint"
    kept += " WHERE conname LIKE '%%_by_two_sides'"
    for table in SIDES:
        tell(owner, f"ALTER TABLE szunion.{table} DROP CONSTRAINT {table}_by_two_sides")
    ask(owner, "SELECT undistribute_table('szunion.delegation')")
    assert astray(owner) == ["delegation"]
    assert ask(owner, kept) == (None,)
    assert spread(owner) == ["delegation"]
    assert astray(owner) == []
    assert ask(owner, kept) == (["custody_list_by_two_sides", "payout_by_two_sides"],)


#: A value of each type that a parameter has; the text serves as JSON too.
_SAMPLE: Final = {
    "bigint": "1", "integer": "1", "text": "'[]'", "bytea": "'\\x00'", "boolean": "true",
    "bigint[]": "'{}'", "bytea[]": "'{}'", "text[]": "'{}'", "character varying": "'a'",
}  # fmt: skip
#: What is carried out and never prepared.
_COMMAND: Final = re.compile(r"(?:--.*\n)*(?:LOCK|SET)\b")


def test_every_statement_is_taken(database: Database) -> None:
    """Each is carried out, with values that may break a constraint, and never a rule of Citus."""
    options = " ".join(f"-c {name}={value}" for name, value in SPREAD.items())
    refused: dict[str, str] = {}
    with psycopg.connect(
        database.app, options=f"-c search_path=szunion,pg_catalog {options}"
    ) as connection:
        for name, text in statements_here().items():
            connection.execute("SET LOCAL szunion.scope = '*'")
            if message := _refusal(connection, text):
                refused[name] = message
            connection.rollback()
    assert not refused, "\n".join(f"{n}: {m}" for n, m in sorted(refused.items()))


def _refusal(connection: psycopg.Connection[Any], text: str) -> str:
    """Return why the engine does not take a statement; empty: it does, or the values were wrong."""
    places: dict[str, int] = {}
    sql = re.sub(
        r"%\((\w+)\)s|%s",
        lambda found: f"${places.setdefault(found[1] or str(len(places)), len(places) + 1)}",
        text,
    )
    try:
        if _COMMAND.match(text):
            connection.execute(text.encode())
            return ""
        connection.execute(f"PREPARE tried AS {sql.replace('%%', '%')}".encode())
        row = connection.execute(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'tried'"
        ).fetchone()
        assert row is not None
        # what TRUE lets the planner leave out, FALSE leaves in: a scope is whole or not
        for whole in ("true", "false") if "boolean" in row[0] else ("",):
            values = ", ".join({**_SAMPLE, "boolean": whole}[kind] for kind in row[0])
            connection.execute(f"EXECUTE tried{f' ({values})' if values else ''}".encode())
    except psycopg.Error as error:
        state = error.sqlstate or ""
        return "" if state.startswith(("22", "23")) else f"{state} {error.diag.message_primary}"
    finally:
        connection.rollback()
        connection.execute("DEALLOCATE ALL")
    return ""


def test_a_worker_is_held_to_what_a_server_must_be(database: Database) -> None:
    """Members lie there: a weak setting, or a role that sees past the net, is refused by name."""
    _, worker, *_ = of_this_run().nodes
    where = {"host": worker.host, "port": str(worker.port)}
    there = connect(with_parts(database.admin, **where), Limits())
    app = conninfo_to_dict(database.app)["user"]
    role = f'ALTER ROLE {app} IN DATABASE "{database.name}"'
    tell(there, "SET citus.enable_ddl_propagation = off")
    store(database).close()
    tell(there, f"{role} SET synchronous_commit = off")
    try:
        for opened in (partial(store, database), partial(state, database.app)):
            with pytest.raises(StorageError, match=rf"E-STORE-003.*{worker.port}"):
                opened()
    finally:
        tell(there, f"{role} RESET synchronous_commit")
        there.close()
    assert state(database.app).sound


def store(database: Database) -> PostgresStorage:
    return PostgresStorage.open(
        database.app, clock=SimClock(), ids=None, vault=FileKeys(bytes(32)).vault(),  # type: ignore[arg-type]
        limits=Limits(pause=0.01),
    )  # fmt: skip


# --- what no node sees ------------------------------------------------------------------------


def shards_of_two_nodes(owner: Connection) -> tuple[int, int]:
    """Return two values of ``shard`` whose rows lie on two nodes."""
    row = ask(
        owner,
        "SELECT json_agg(v) FROM (SELECT min(v) AS v FROM generate_series(0, 63) v"
        " JOIN pg_dist_placement p ON p.shardid ="
        " get_shard_id_for_distribution_column('szunion.claimed', v::bigint)"
        " GROUP BY p.groupid ORDER BY 1 LIMIT 2) two",
    )
    assert row is not None
    one, other = row[0]
    return one, other


def claimed(connection: Connection, shard: int) -> int:
    row = ask(connection, "SELECT count(*) FROM claimed WHERE shard = %s", shard)
    assert row is not None
    return int(row[0])


def claim(connection: Connection, shard: int) -> None:
    tell(
        connection,
        "INSERT INTO claimed (shard, key, claim_id)"
        f" VALUES ({shard}, decode(repeat('00', 16), 'hex'), 1)",
    )


def test_without_the_queue_two_nodes_let_both_decide(database: Database, owner: Connection) -> None:
    """Each looks on one node and writes on the other: serialisable on each, and not together.

    It is why decisions queue. The day Citus refuses one of them, the queue can go.
    """
    here, there = shards_of_two_nodes(owner)
    one, other = connect(database.app, Limits()), connect(database.app, Limits())
    for connection in (one, other):
        tell(connection, "BEGIN ISOLATION LEVEL SERIALIZABLE")
    assert claimed(one, here) == claimed(other, there) == 0
    claim(one, there)
    claim(other, here)
    tell(one, "COMMIT")
    tell(other, "COMMIT")
    assert claimed(owner, here) == claimed(owner, there) == 1
    one.close()
    other.close()


def test_one_node_refuses_one_of_two_that_passed_each_other(
    database: Database, owner: Connection
) -> None:
    """The isolation level reaches the workers: what one node sees whole, it decides."""
    here, _ = shards_of_two_nodes(owner)
    one, other = connect(database.app, Limits()), connect(database.app, Limits())
    for connection in (one, other):
        tell(connection, f"BEGIN ISOLATION LEVEL SERIALIZABLE; {TO_COMMIT_TOGETHER}")
        assert claimed(connection, here) == 0
    for connection, key in ((one, "00"), (other, "01")):
        tell(
            connection,
            "INSERT INTO claimed (shard, key, claim_id)"
            f" VALUES ({here}, decode(repeat('{key}', 16), 'hex'), 1)",
        )
    tell(one, "COMMIT")
    with pytest.raises(StorageBusy, match="E-STORE-001"):
        tell(other, "COMMIT")
    one.close()
    other.close()


_WAITING: Final = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"


def test_decisions_queue(database: Database, owner: Connection) -> None:
    """The second begins to look when the first is done: it cannot pass it on another node."""
    here, there = shards_of_two_nodes(owner)
    decides = store(database)
    told: list[str] = []
    began = threading.Event()

    def decide(name: str, looks: int, writes: int, work: UnitOfWork) -> None:
        assert isinstance(work, PostgresUnit)
        line = work.session.connection
        told.append(f"{name} looks")
        if name == "first":
            began.set()
            for _ in range(3_000):
                if ask(owner, _WAITING, "szunion.write_gate") == (1,):
                    break
                time.sleep(0.01)
        if not claimed(line, looks):
            claim(line, writes)
            told.append(f"{name} claims")

    first = threading.Thread(target=decides.run, args=(partial(decide, "first", here, there),))
    second = threading.Thread(target=decides.run, args=(partial(decide, "second", there, here),))
    first.start()
    assert began.wait(60)
    second.start()
    first.join()
    second.join()
    decides.close()
    assert told == ["first looks", "first claims", "second looks"]


def test_a_host_cannot_decide_within_its_own_transaction(database: Database) -> None:
    host: Connection = psycopg.connect(database.app)
    host.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    inside = BorrowedPostgres(host, SimClock(), None, FileKeys(bytes(32)).vault())  # type: ignore[arg-type]
    with pytest.raises(StorageError, match=r"E-STORE-010[^$]*Citus"):
        inside.run(lambda _: None)
    assert inside.read(lambda _: "read") == "read"
    host.close()


def test_members_of_every_node_are_taken_in_and_found_by_their_own_union_alone(
    tmp_path: Path,
) -> None:
    """By desk and by roster; a mobile's row lies on another node than its person's now and then."""
    town = town_on(office_on("postgres", tmp_path))
    try:
        people = {each: town.admit(0, each) for each in map(applicant, range(8))}
        roster = synthetic_roster(3, 40)
        assert taken(town, town.g(0), roster).added == len(roster.clean)
        own, other = Members(town.office, town.g(0)), Members(town.office, town.g(1))
        for form, person in people.items():
            number, mobile = form.document.number.plain(), form.mobile
            assert mobile is not None
            assert (found := own.find(number)) is not None
            assert found.id == person
            assert [each.id for each in own.by_mobile(mobile.plain())] == [person]
            assert other.find(number) is None
            assert not other.by_mobile(mobile.plain())
        for _, number, dialled in roster.clean:
            assert own.find(number) is not None
            assert own.by_mobile(dialled)
    finally:
        town.office.storage.close()


def test_accounts_of_every_node_are_shown_to_the_members_own_union_alone(tmp_path: Path) -> None:
    """An account lies by its own name, now and then on another node than the member."""
    town = town_on(office_on("postgres", tmp_path))
    try:
        people = [town.admit(0, applicant(each)) for each in range(3)]
        shards = range(8)

        def bind(work: UnitOfWork) -> None:
            scope = authorise(work, town.c1, Operation.PERSON_READ)
            for person in people:
                for shard in shards:
                    id_ = BindingId(work.ids.new(shard))
                    work.bindings.add(
                        scope,
                        Binding(id=id_, portal=Portal.WECHAT, account=f"{id_:032x}", person=person),
                    )

        def bound(by: Principal, work: UnitOfWork) -> list[int]:
            scope = authorise(work, by, Operation.PERSON_READ)
            return [len(work.bindings.of_person(scope, person)) for person in people]

        town.office.storage.run(bind)
        assert town.office.storage.read(partial(bound, town.g(0))) == [len(shards)] * 3
        assert town.office.storage.read(partial(bound, town.g(1))) == [0] * 3
    finally:
        town.office.storage.close()


def test_sets_of_rows_are_written_to_every_node(tmp_path: Path) -> None:
    """Letters and bookings of many members are handed over as columns."""
    town = book_town_on(office_on("postgres", tmp_path))
    storage = town.office.storage
    try:
        offer = town.offer(8)
        people = [PersonId((shard << 53) + 1) for shard in range(8)]

        def write(work: UnitOfWork) -> None:
            scope = authorise(work, town.cards.town.c1, Operation.PERSON_READ)
            work.messages.add_many(scope, [(person, "t", {}) for person in people])
            work.bookings.add_many(
                scope,
                [
                    Booking(
                        id=BookingId(person), offer=offer.id, person=person, place=place,
                        state=BookingState.HELD, asked=work.now, confirm_by=work.now,
                    )
                    for place, person in enumerate(people, 1)
                ],
            )  # fmt: skip

        def kept(work: UnitOfWork) -> list[tuple[int, int]]:
            scope = authorise(work, town.cards.town.c1, Operation.PERSON_READ)
            letters, bookings = work.messages.of_person, work.bookings.of_person
            return [(len(letters(scope, each)), len(bookings(scope, each))) for each in people]

        storage.run(write)
        assert storage.read(kept) == [(1, 1)] * len(people)
    finally:
        storage.close()


# --- what triggers hold on one server ---------------------------------------------------------

_BLANK: Final = {"bigint": "0", "text": "''", "bytea": "decode(repeat('00', 16), 'hex')"}


def put(connection: Connection, table: str, **given: str) -> None:
    """Put a row; what it must have and was not given is blank."""
    row = ask(
        connection,
        "SELECT json_object_agg(attname, format_type(atttypid, NULL)) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull",
        f"szunion.{table}",
    )
    assert row is not None
    values = {name: _BLANK[kind] for name, kind in row[0].items()} | given
    tell(
        connection,
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})",
    )


_WHOSE: Final = {"card_fact": "card_id", "consent_word": "person_id"}


@pytest.mark.parametrize("table", _WHOSE)
def test_proof_is_deleted_for_the_erased_alone(
    table: str, database: Database, owner: Connection
) -> None:
    here, there = shards_of_two_nodes(owner)
    people = {shard: str((shard << 53) + 1) for shard in (here, there)}
    app = connect(database.app, Limits())
    with app.transaction():
        tell(app, "SET LOCAL szunion.scope = '*'")
        for shard, person in people.items():
            put(app, "card", shard=str(shard), card_id=person, person_id=person,
                union_state="'PENDING'", custody="'AT_BANK'")  # fmt: skip
            put(app, table, shard=str(shard), **{_WHOSE[table]: person})
        assert _deleted(app, table) == 0
    with app.transaction():
        tell(app, "SET LOCAL szunion.scope = '*'")
        put(app, "erasure", shard=str(there), person_id=people[there])
        assert _deleted(app, table) == 1
        assert ask(app, f"SELECT min(shard), max(shard) FROM {table}") == (here, here)
    app.close()


def _deleted(connection: Connection, table: str) -> int:
    return connection.execute(f"DELETE FROM {table}".encode()).rowcount
