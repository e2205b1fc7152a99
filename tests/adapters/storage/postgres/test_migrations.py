"""On a server, too, a migration is said, tried and undone; what was applied is never edited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.two_schemas import of_postgres

from szunion.adapters.storage.postgres import migrate as steps
from szunion.adapters.storage.postgres.connection import Connection, Limits, ask, connect, tell
from szunion.adapters.storage.sql.migrations import Migration, Statement, read
from szunion.errors import Conflict, SchemaOutOfDate, StorageError
from szunion.testing.postgres_databases import APPLICATION, Databases

pytestmark = pytest.mark.postgres

BEFORE = 13
"""The version that the tests begin at."""


@pytest.fixture
def owner(databases: Databases) -> Iterator[Connection]:
    """The owner of a database with a row, that lacks the last steps."""
    connection = connect(databases.empty().owner, Limits())
    steps.migrate(connection, at=0, upto=BEFORE)
    tell(
        connection,
        "INSERT INTO organisation (organisation_id, code, name, kind, state, path, version)"
        " VALUES (1, '440300', 'x', 'CITY', 'ACTIVE', '/1/', 0)",
    )
    yield connection
    connection.close()


def more(sql: str, monkeypatch: pytest.MonkeyPatch) -> Migration:
    """Let there be one more migration."""
    known = read("szunion.adapters.storage.postgres")
    made = Migration(len(known) + 1, f"{len(known) + 1:04}_more.sql", sql)
    monkeypatch.setattr(steps, "migrations", lambda: [*known, made])
    return made


def test_a_plan_says_what_each_statement_does_and_changes_nothing(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = more("CREATE INDEX m ON organisation (name);", monkeypatch)
    was = of_postgres(owner)
    found = steps.planned(owner)
    assert {each.migration.number for each in found} == {
        each.number for each in steps.pending(owner) if each.statements
    }
    assert [each.rows for each in found if each.migration is made] == [1]
    assert (of_postgres(owner), steps.version(owner)) == (was, BEFORE)


#: A mode of a lock that a table which was there before has, and what our words say of it.
_STRENGTH = {
    "AccessShareLock": 0, "RowShareLock": 0, "ShareUpdateExclusiveLock": 0,
    "RowExclusiveLock": 1, "ShareLock": 2,
    "ShareRowExclusiveLock": 2, "AccessExclusiveLock": 3,
}  # fmt: skip
_SAID = (steps._NOBODY, steps._ROWS, steps._WRITERS, steps._EVERYBODY)

_HELD = """
SELECT coalesce(json_agg(l.mode), '[]') FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND c.relname = ANY (%s)
  AND c.relnamespace = 'szunion'::regnamespace
"""


def test_what_a_plan_says_of_locks_is_what_the_server_holds(databases: Databases) -> None:
    """Of every statement of every migration of ours, alone in a transaction."""
    connection = connect(databases.empty().owner, Limits())
    tell(connection, steps._RECORD)
    wrong = []
    for step in steps.migrations():
        for each in step.statements:
            there = ask(
                connection, "SELECT coalesce(json_agg(relname), '[]') FROM pg_class"
                " WHERE relnamespace = 'szunion'::regnamespace AND relkind = 'r'",
            )  # fmt: skip
            assert there is not None
            tell(connection, "BEGIN")
            tell(connection, each.text)
            held = ask(connection, _HELD, there[0])
            assert held is not None
            tell(connection, "COMMIT")
            strongest = max((_STRENGTH[mode] for mode in held[0]), default=0)
            if strongest > _SAID.index(steps._lock(each)):
                wrong.append((each.text[:60], held[0]))
    connection.close()
    assert wrong == []


def test_a_rehearsal_runs_all_of_it_and_leaves_nothing(owner: Connection) -> None:
    was = of_postgres(owner)
    assert steps.rehearse(owner, APPLICATION, at=0) == steps.pending(owner)
    assert (of_postgres(owner), steps.version(owner)) == (was, BEFORE)
    assert owner.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("CREATE TABLE organisation (x bigint);", "E-STORE-005"),
        ("ALTER TABLE organisation ADD CHECK (name <> 'x');", "E-STORE-004"),
        ("UPDATE organisation SET parent_id = 7;", "E-STORE-004"),
    ],
)
def test_a_rehearsal_finds_what_does_not_go_through_on_these_data(
    owner: Connection, monkeypatch: pytest.MonkeyPatch, sql: str, code: str
) -> None:
    more(sql, monkeypatch)
    was = of_postgres(owner)
    with pytest.raises((StorageError, Conflict), match=code):
        steps.rehearse(owner, APPLICATION, at=0)
    assert (of_postgres(owner), steps.version(owner)) == (was, BEFORE)


def test_a_step_that_does_not_go_through_leaves_the_one_before(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = more("CREATE TABLE extra (x bigint); CREATE TABLE organisation (x bigint);", monkeypatch)
    with pytest.raises(StorageError, match="E-STORE-005"):
        steps.migrate(owner, at=0)
    assert steps.version(owner) == made.number - 1
    assert not steps.has_table(owner, "extra")


def test_what_was_applied_and_edited_since_is_refused(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = steps.migrations()
    edited = Migration(first.number, first.name, first.sql + "-- better")
    monkeypatch.setattr(steps, "migrations", lambda: [edited, *others])
    looks: tuple[Any, ...] = (
        steps.pending, steps.planned, lambda one: steps.migrate(one, at=0),
        lambda one: steps.rehearse(one, APPLICATION, at=0),
    )  # fmt: skip
    for look in looks:
        with pytest.raises(StorageError, match="E-STORE-007"):
            look(owner)


def test_old_code_refuses_a_newer_schema(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "migrations", lambda: read("szunion.adapters.storage.postgres")[:3])
    for look in (steps.pending, steps.planned):
        with pytest.raises(SchemaOutOfDate, match="E-STORE-006"):
            look(owner)


def test_whoever_drops_a_trigger_locks_its_table() -> None:
    found = Statement("DROP TRIGGER t ON card_fact")
    assert (found.table, steps._lock(found)) == ("card_fact", steps._EVERYBODY)
