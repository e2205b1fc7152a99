"""Every SQL statement keeps the rules that let another engine run it, one shard at a time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

import pytest
from tests.architecture.sql_rules import (
    Tables,
    key_faults,
    migration_faults,
    reference_faults,
    statement_faults,
)

from szunion.adapters.storage.postgres import dialect as postgres
from szunion.adapters.storage.postgres.citus import TABLES, TOGETHER, Place
from szunion.adapters.storage.postgres.dialect import POSTGRES
from szunion.adapters.storage.sql import dialect
from szunion.adapters.storage.sql.migrations import read
from szunion.adapters.storage.sqlite import migrate as migrations
from szunion.adapters.storage.sqlite import session
from szunion.adapters.storage.sqlite.dialect import SQLITE

DIALECTS = {"sqlite": SQLITE, "postgres": POSTGRES}
SHARED = dialect.texts(dialect.SHARED)
EVERY = [
    (engine, name) for engine, own in DIALECTS.items() for name in sorted(dialect.written(own))
]

#: Words that only one engine knows: what engines say differently is a mark, or an override.
OF_ONE_ENGINE = (
    "REPLACE INTO", "AUTOINCREMENT", "rowid", "GLOB", "PRAGMA", "SELECT *", " OFFSET ",
    "json_each", "typeof", "unnest", "FOR UPDATE", "::", " ILIKE ", "nextval", "now()",
    "datetime(", "IS TRUE", "strftime", "INTEGER)",
)  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> Iterator[sqlite3.Connection]:
    connection = session.connect(":memory:")
    migrations.migrate(connection, at=0)
    yield connection
    connection.close()


def columns(schema: sqlite3.Connection) -> dict[str, list[str]]:
    tables = schema.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        name: [row[1] for row in schema.execute(f"PRAGMA table_info({name})")]
        for (name,) in tables
        if not name.startswith("sqlite_")
    }


STATEMENTS = sorted(session.statements())


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_compiles_on_the_schema(schema: sqlite3.Connection, name: str) -> None:
    sql = session.statements()[name]
    positional = sql.count("?")
    named = set(re.findall(r":([a-z_0-9]+)", sql))
    parameters: object = dict.fromkeys(named, 0) if named else [0] * positional
    schema.execute(f"EXPLAIN {sql}", parameters)  # type: ignore[arg-type]


def tables_of(schema: sqlite3.Connection) -> Tables:
    return Tables(columns(schema), TABLES)


@pytest.mark.parametrize(("engine", "name"), EVERY)
def test_a_statement_keeps_the_rules(schema: sqlite3.Connection, engine: str, name: str) -> None:
    written = dialect.written(DIALECTS[engine])[name]
    sql = DIALECTS[engine].spelled(written)
    assert not list(statement_faults(sql, tables_of(schema), fanout="fanout:" in written))


#: A statement, and the word in what the rules say of it.
PLANTED = {
    "SELECT state FROM card WHERE card_id = 1": "fanout",
    "UPDATE card SET psn = 2 WHERE card_id = 1": "fanout",
    "DELETE FROM wish WHERE wish_id = 1": "fanout",
    "INSERT INTO wish (wish_id, shard) VALUES (1, 2)": "begins with its shard",
    "UPDATE card SET psn = 2, shard = 3 WHERE shard = 1 AND card_id = 1": "never moves",
    "INSERT INTO heir (shard) VALUES (1) ON CONFLICT (shard) DO UPDATE SET shard = 2": "never",
    "SELECT 1 FROM booking ORDER BY asked LIMIT 1 FOR UPDATE SKIP LOCKED": "cannot be locked",
    "SELECT 1 FROM booking WHERE offer_id = 1 FOR UPDATE": "cannot be locked",
    "MERGE INTO offer o USING x ON o.offer_id = 1 WHEN MATCHED THEN DELETE": "MERGE",
    "INSERT INTO offer (offer_id) VALUES (nextval('x'))": "nextval",
    "INSERT INTO organisation (path) VALUES ((SELECT path FROM organisation))": "VALUES",
    "INSERT INTO heir (shard) VALUES (1) ON CONFLICT (shard)"
    " DO UPDATE SET since = '' WHERE EXISTS (SELECT 1 FROM person WHERE shard = 1)": "ON CONFLICT",
}


@pytest.mark.parametrize(("sql", "word"), PLANTED.items())
def test_a_statement_that_breaks_a_rule_is_found(
    schema: sqlite3.Connection, sql: str, word: str
) -> None:
    assert [fault for fault in statement_faults(sql, tables_of(schema)) if word in fault]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM outbox WHERE shard > 0 AND shard = 1 LIMIT 1 FOR UPDATE SKIP LOCKED",
        "SELECT 1 FROM inbox LIMIT 1 FOR UPDATE SKIP LOCKED",
        "SELECT 1 FROM booking WHERE shard = 1 FOR UPDATE",
        "UPDATE binding_of_person SET binding_shard = 2 WHERE shard = 1",
        "INSERT INTO ledger (of) VALUES ((SELECT max(of) FROM ledger))",
    ],
)
def test_what_keeps_the_rules_is_let_through(schema: sqlite3.Connection, sql: str) -> None:
    assert not list(statement_faults(sql, tables_of(schema)))


def test_every_table_has_a_place_and_every_place_a_table(schema: sqlite3.Connection) -> None:
    of_postgres = {"schema_migration", "write_gate", TOGETHER}
    assert TABLES.keys() - of_postgres == columns(schema).keys() - {"schema_migration"}
    with_shard = {table for table, names in columns(schema).items() if "shard" in names}
    spread = {table for table, place in TABLES.items() if place is Place.SHARD}
    assert with_shard - spread == {"audit", "outbox"}, "a log and a queue have one order"
    assert spread <= with_shard


def test_every_foreign_key_can_be_held(schema: sqlite3.Connection) -> None:
    wrong: list[str] = []
    for table in columns(schema):
        keys: dict[int, tuple[str, list[tuple[str, str]]]] = {}
        for number, _, target, near, far, *_ in schema.execute(f"PRAGMA foreign_key_list({table})"):
            keys.setdefault(number, (target, []))[1].append((near, far or near))
        for target, pairs in keys.values():
            wrong += reference_faults(table, target, pairs, tables_of(schema))
    assert wrong == []


def test_every_migration_of_postgres_keeps_the_rules(schema: sqlite3.Connection) -> None:
    for migration in read("szunion.adapters.storage.postgres"):
        for each in migration.statements:
            assert not list(migration_faults(each.text, tables_of(schema))), migration.name


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x (id BIGSERIAL)",
        "CREATE TABLE x (id bigint GENERATED ALWAYS AS IDENTITY)",
        "CREATE SEQUENCE x",
        "CREATE FUNCTION grab() RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER x BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION refuse('')",
        "ALTER TABLE card ADD FOREIGN KEY (shard) REFERENCES person (shard) ON DELETE CASCADE",
    ],
)
def test_a_migration_that_breaks_a_rule_is_found(schema: sqlite3.Connection, sql: str) -> None:
    assert list(migration_faults(sql, tables_of(schema)))


@pytest.mark.parametrize(
    ("table", "target", "pairs"),
    [
        ("card", "person", [("person_id", "person_id")]),
        ("card", "batch", [("card_id", "batch_id")]),
        ("ledger", "card", [("of", "card_id")]),
        ("offer", "budget", [("item", "item")]),
    ],
)
def test_a_foreign_key_that_cannot_be_held_is_found(
    schema: sqlite3.Connection, table: str, target: str, pairs: list[tuple[str, str]]
) -> None:
    assert list(reference_faults(table, target, pairs, tables_of(schema)))


def test_a_key_without_the_shard_is_found(schema: sqlite3.Connection) -> None:
    assert list(key_faults("card", [["card_id"]], tables_of(schema)))
    assert list(key_faults("card", [["card_id", "shard"]], tables_of(schema)))
    assert not list(key_faults("ledger", [["transfer_id"]], tables_of(schema)))


def test_both_engines_know_the_same_names() -> None:
    """An override without a statement that it overrides stands in both engines, or nowhere."""
    sqlite_names, postgres_names = (set(dialect.written(own)) for own in DIALECTS.values())
    assert sqlite_names == postgres_names


@pytest.mark.parametrize("engine", DIALECTS)
def test_an_engine_says_itself_only_what_it_must(engine: str) -> None:
    own = DIALECTS[engine]
    for name, text in dialect.texts(own.package).items():
        assert name not in SHARED or own.spelled(text) != own.spelled(SHARED[name]), name


@pytest.mark.parametrize(("engine", "name"), EVERY)
def test_no_mark_is_left_and_parameters_are_the_same(engine: str, name: str) -> None:
    """Both engines ask for the same parameters; a chunk of SQLite's has more, which it packs."""
    own = DIALECTS[engine]
    sql = own.spelled(dialect.written(own)[name])
    assert not re.search(r"EACH_|ONE_OF|CHUNK\(|FOR_UPDATE|FOR_SHARE|SKIP_LOCKED|--", sql)
    assert not re.search(r"(?<![:\w]):\w|\?", sql) or own is SQLITE
    if not dialect.columns_in(dialect.written(own)[name]):
        assert _asked(session.statements()[name]) == _asked(postgres.statements()[name])


def _asked(sql: str) -> tuple[set[str], int]:
    """Return the names of a statement's parameters, and how many have none."""
    named = set(re.findall(r":([a-z_0-9]+)|%\(([a-z_0-9]+)\)s", sql))
    return {first or second for first, second in named}, sql.count("?") + sql.count("%s")


def test_a_chunk_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="TEXT"):
        dialect.columns_in("SELECT a FROM CHUNK(a ID, b TEXT) c")


@pytest.mark.parametrize("name", sorted(SHARED))
def test_a_shared_statement_uses_nothing_that_only_one_engine_has(name: str) -> None:
    sql = SHARED[name]
    for word in OF_ONE_ENGINE:
        assert word.lower() not in sql.lower(), word


def test_every_table_of_members_begins_its_keys_with_the_shard(schema: sqlite3.Connection) -> None:
    wrong: list[str] = []
    for table in columns(schema):
        keys = [
            [row[2] for row in schema.execute(f"PRAGMA index_info({index[1]})")]
            for index in schema.execute(f"PRAGMA index_list({table})")
            if index[2]
        ]
        wrong += key_faults(table, keys, tables_of(schema))
    assert wrong == []


def test_every_table_is_strict(schema: sqlite3.Connection) -> None:
    loose = [
        row[1]
        for row in schema.execute("PRAGMA table_list")
        if row[0] == "main"
        and row[2] == "table"
        and not row[5]
        and not row[1].startswith("sqlite_")
    ]
    assert loose == []


def test_a_table_without_rowid_begins_with_its_key(schema: sqlite3.Connection) -> None:
    """SQLite 3.40 calls every other one damaged when its integrity is checked."""
    for row in schema.execute("PRAGMA table_list").fetchall():
        if row[0] == "main" and row[4]:
            info = schema.execute(f"PRAGMA table_info({row[1]})").fetchall()
            key = [each[1] for each in sorted(info, key=lambda each: each[5]) if each[5]]
            assert [each[1] for each in info][: len(key)] == key, row[1]


def test_migrations_are_numbered_without_a_gap_and_are_the_same_steps_on_both_engines() -> None:
    """Two who land at once may take one number: neither engine would migrate then."""
    steps = {
        engine: sorted(
            file.name
            for file in files(own.package).joinpath("migrations").iterdir()
            if file.name.endswith(".sql")
        )
        for engine, own in DIALECTS.items()
    }
    assert steps["sqlite"] == steps["postgres"]
    numbers = [int(name[:4]) for name in steps["sqlite"]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_edited_migration_is_refused(schema: sqlite3.Connection) -> None:
    schema.execute("SAVEPOINT edited")
    schema.execute("UPDATE schema_migration SET checksum = 'x' WHERE version = 1")
    with pytest.raises(Exception, match="E-STORE-007"):
        migrations.pending(schema)
    schema.execute("ROLLBACK TO edited")


def test_a_newer_schema_is_refused(schema: sqlite3.Connection) -> None:
    newest = len(migrations.migrations())
    schema.execute(f"PRAGMA user_version = {newest + 1}")
    with pytest.raises(Exception, match="E-STORE-006"):
        migrations.pending(schema)
    schema.execute(f"PRAGMA user_version = {newest}")
