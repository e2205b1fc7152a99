"""Every SQL statement keeps the rules that let another engine run it, one shard at a time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

import pytest

from szunion.adapters.storage.postgres import dialect as postgres
from szunion.adapters.storage.postgres.dialect import POSTGRES
from szunion.adapters.storage.sql import dialect
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


@pytest.mark.parametrize(("engine", "name"), EVERY)
def test_a_statement_names_its_shard_or_says_why_not(
    schema: sqlite3.Connection, engine: str, name: str
) -> None:
    written = dialect.written(DIALECTS[engine])[name]
    sql = DIALECTS[engine].spelled(written)
    touched = set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)", sql))
    sharded = {table for table in touched if "shard" in columns(schema).get(table, ())}
    if not sharded:
        return
    if sql.startswith("INSERT"):
        (fields,) = re.findall(r"INTO\s+[a-z_]+\s*\(\s*([a-z_]+)", sql)[:1]
        assert fields == "shard", "an INSERT into a sharded table begins with its shard"
        return
    assert re.search(r"\bshard\s*=", sql) or "fanout:" in written


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
    for table, names in columns(schema).items():
        if "shard" not in names or table == "audit":
            continue  # the audit log's place is its order of commit, one log a node
        keys = [
            [row[2] for row in schema.execute(f"PRAGMA index_info({index[1]})")]
            for index in schema.execute(f"PRAGMA index_list({table})")
            if index[2]
        ]
        for key in keys:
            assert key[0] == "shard", (table, key)


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
