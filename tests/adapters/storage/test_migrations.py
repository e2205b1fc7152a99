"""What a migration would do is said, tried and undone; what was applied is never edited."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.system.upgrading import newest, old, schema_of

from szunion.adapters.storage.sql.migrations import Migration, Statement, read, split
from szunion.adapters.storage.sqlite import migrate as steps
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.tables import SqliteTables
from szunion.errors import SchemaOutOfDate, StorageError

BODY = """
-- a comment; with a semicolon
CREATE TABLE a (x TEXT DEFAULT ';', y TEXT /* ; */);
CREATE UNIQUE INDEX a_x ON a (x);
CREATE TRIGGER t BEFORE INSERT ON a
BEGIN SELECT CASE WHEN NEW.x = '' THEN raise(ABORT, 'no; no') END; END;
UPDATE a SET x = 'it''s; so';
DO $body$ BEGIN PERFORM 1; END $body$;
"""


def test_statements_are_told_apart() -> None:
    found = [Statement(each) for each in split(BODY)]
    assert [(each.verb, each.table) for each in found[:4]] == [
        ("CREATE TABLE", "a"), ("CREATE INDEX", "a"), ("CREATE TRIGGER", "a"), ("UPDATE", "a"),
    ]  # fmt: skip
    assert len(found) == 5
    assert [each.reads_all for each in found[:4]] == [False, True, False, True]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_every_migration_of_ours_is_understood(engine: str) -> None:
    for step in read(f"szunion.adapters.storage.{engine}"):
        for each in step.statements:
            assert each.table, each.text[:60]
            if engine == "sqlite":
                assert sqlite3.complete_statement(each.text + ";")


@pytest.fixture
def before(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database with data that lacks the last two steps."""
    source = newest(tmp_path)
    old(tmp_path / "old.db", len(steps.migrations()) - 2, source)
    with closing(connect(tmp_path / "old.db")) as connection:
        yield connection


def test_a_plan_says_what_each_statement_does_and_changes_nothing(
    before: sqlite3.Connection,
) -> None:
    found = steps.planned(before)
    pending = steps.pending(before)
    assert len(pending) == 2
    assert {each.migration.number for each in found} == {
        each.number
        for each in pending
        if each.statements  # a step may be the other engine's
    }
    assert all(each.lock.en for each in found)
    assert steps.version(before) == len(steps.migrations()) - 2


def test_a_plan_counts_the_rows_that_a_statement_goes_through(
    before: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = steps.migrations()
    more = Migration(len(known) + 1, "9999_more.sql", "CREATE INDEX m ON membership (state);")
    monkeypatch.setattr(steps, "migrations", lambda: [*known, more])
    assert [each.rows for each in steps.planned(before)][-1] == 9


def test_a_rehearsal_runs_all_of_it_and_leaves_nothing(before: sqlite3.Connection) -> None:
    tables = SqliteTables(before)
    was = schema_of(before), [tables.count(each) for each in tables.tables()]
    assert [each.number for each in steps.rehearse(before, at=0)] == [
        each.number for each in steps.pending(before)
    ]
    assert (schema_of(before), [tables.count(each) for each in tables.tables()]) == was
    assert not before.in_transaction


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("CREATE TABLE organisation (x);", "E-STORE-005"),
        ("CREATE UNIQUE INDEX one ON membership (state);", "E-STORE-004"),
        ("UPDATE membership SET person_id = person_id + 1;", "E-STORE-004"),
    ],
)
def test_a_rehearsal_finds_what_does_not_go_through_on_these_data(
    before: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, sql: str, code: str
) -> None:
    known = steps.migrations()
    bad = Migration(len(known) + 1, "9999_bad.sql", f"PRAGMA defer_foreign_keys=ON;\n{sql}")
    monkeypatch.setattr(steps, "migrations", lambda: [*known, bad])
    was = schema_of(before)
    with pytest.raises(Exception, match=code):
        steps.rehearse(before, at=0)
    assert schema_of(before) == was
    assert not before.in_transaction


def test_what_was_applied_and_edited_since_is_refused(
    before: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = steps.migrations()
    edited = Migration(first.number, first.name, first.sql + "-- better")
    monkeypatch.setattr(steps, "migrations", lambda: [edited, *others])
    for look in (steps.pending, steps.planned):
        with pytest.raises(StorageError, match="E-STORE-007"):
            look(before)
    with pytest.raises(StorageError, match="E-STORE-007"):
        steps.rehearse(before, at=0)


def test_old_code_refuses_a_newer_schema(
    before: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "migrations", lambda: read("szunion.adapters.storage.sqlite")[:3])
    with pytest.raises(SchemaOutOfDate, match="E-STORE-006"):
        steps.pending(before)
