"""Where a store lies: in a folder a file, or for it a database; copied whole, opened by anybody.

One text for both engines: a test names the engine and the folder, and nothing else differs.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.databases import copy_for, database_for, of_this_process, of_this_run, remove_copy

from szunion.adapters.storage.backing import Database
from szunion.adapters.storage.postgres.backing import PostgresDatabase
from szunion.adapters.storage.postgres.connection import Connection, Limits, ask, connect, tell
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.adapters.storage.sqlite.backing import SqliteFile
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.ports.keys import Vault
from szunion.ports.system import Clock, Ids
from szunion.testing.postgres import NoPostgres, PostgresServer, binaries
from szunion.testing.postgres_databases import Databases

FILE: Final = "union.db"


def opened(  # noqa: PLR0913 - what a store is made of
    kind: str,
    folder: Path,
    *,
    clock: Clock,
    ids: Ids,
    vault: Vault,
    limits: Limits | None = None,
) -> SqliteStorage | PostgresStorage:
    """Open the store of that engine that belongs to *folder*; it is made where there is none."""
    if kind == "postgres":
        dsn = database_for(folder).app
        return PostgresStorage.open(dsn, clock=clock, ids=ids, vault=vault, limits=limits)
    return SqliteStorage.open(folder / FILE, clock=clock, ids=ids, vault=vault)


def nothing_at(kind: str, path: Path) -> Database:
    """Return a place where there is no database yet: the file at *path*, or one on the server."""
    if kind == "sqlite":
        return SqliteFile(path)
    made = of_this_run().empty()
    return PostgresDatabase(made.app, made.owner)


def opened_at(
    place: Database, *, clock: Clock, ids: Ids, vault: Vault, recovering: bool = False
) -> SqliteStorage | PostgresStorage:
    """Open the store at a place where there is one."""
    if isinstance(place, PostgresDatabase):
        return PostgresStorage.open(
            place.application, clock=clock, ids=ids, vault=vault, recovering=recovering
        )
    assert isinstance(place, SqliteFile)
    return SqliteStorage.open(place.path, clock=clock, ids=ids, vault=vault, recovering=recovering)


def copied(kind: str, source: Path, folder: Path) -> None:
    """Let *folder* have a copy of a store that nobody has open."""
    folder.mkdir(exist_ok=True)
    if kind == "postgres":
        copy_for(folder, source)
    else:
        shutil.copyfile(source / FILE, folder / FILE)


def removed(kind: str, folder: Path) -> None:
    """Remove a copy."""
    if kind == "postgres":
        remove_copy(folder)
    else:
        (folder / FILE).unlink()


def remembered(kind: str, folder: Path) -> None:
    """Keep beside a store that is at rest all that is in it, to come back to."""
    if kind == "postgres":
        with admin(folder) as connection:
            tell(connection, "CREATE SCHEMA remembered")
            tell(connection, _for_each("CREATE TABLE remembered.%1$I AS TABLE szunion.%1$I"))
    else:
        _backed_up(folder / FILE, folder / "remembered")


def returned(kind: str, folder: Path) -> None:
    """Let a store be again as it was remembered; who has it open, and is at rest, may keep it."""
    if kind == "postgres":
        with admin(folder) as connection, connection.transaction():
            tell(connection, "SET LOCAL session_replication_role = replica")
            tell(connection, _for_each("DELETE FROM szunion.%1$I"))
            tell(connection, _for_each("INSERT INTO szunion.%1$I TABLE remembered.%1$I"))
    else:
        _backed_up(folder / "remembered", folder / FILE)


def _backed_up(source: Path, target: Path) -> None:
    """Let one file have what another has, its journal included; others may have either open."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def forgotten(kind: str, folder: Path) -> None:
    """Remove what was remembered."""
    if kind == "postgres":
        with admin(folder) as connection:
            tell(connection, "DROP SCHEMA remembered CASCADE")
    else:
        (folder / "remembered").unlink()


def _for_each(command: str) -> str:
    """Return what tells *command* for each table of ours."""
    return (
        "DO $$ DECLARE name text; BEGIN"
        " FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'szunion' LOOP"
        f" EXECUTE format('{command}', name); END LOOP; END $$"
    )


def everything(kind: str, folder: Path) -> dict[str, list[str]]:
    """Return every row of every table of a store, as text and in order."""
    if kind == "postgres":
        with admin(folder) as connection:
            row = ask(connection, _TABLES)
            assert row is not None
            return {
                name: sorted((ask(connection, _ROWS.format(name)) or ("",))[0]) for name in row[0]
            }
    with closing(sqlite3.connect(folder / FILE)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(repr(row) for row in connection.execute(f"SELECT * FROM {name}"))
            for (name,) in names
        }


_TABLES: Final = "SELECT json_agg(tablename) FROM pg_tables WHERE schemaname = 'szunion'"
_ROWS: Final = "SELECT coalesce(json_agg(t::text), '[]') FROM szunion.{} t"


@contextmanager
def unwritable(kind: str, folder: Path, table: str) -> Iterator[None]:
    """Let a table take no new row for the length of a ``with`` block."""
    if kind == "postgres":
        with admin(folder) as connection:
            tell(
                connection,
                "CREATE FUNCTION pg_temp.full() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;"
                f" CREATE TRIGGER is_full BEFORE INSERT ON szunion.{table}"
                " FOR EACH ROW EXECUTE FUNCTION pg_temp.full()",
            )
            try:
                yield
            finally:
                tell(connection, f"DROP TRIGGER is_full ON szunion.{table}")
        return
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as connection:
        connection.execute(
            f"CREATE TRIGGER is_full BEFORE INSERT ON {table} "
            "BEGIN SELECT raise(ABORT, 'no room'); END"
        )
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER is_full")


@contextmanager
def unguarded(kind: str, folder: Path) -> Iterator[Callable[[str], int]]:
    """Tell a store what it would refuse: no trigger speaks; returns how many rows were touched."""
    if kind == "postgres":
        with admin(folder) as connection:
            tell(connection, "SET session_replication_role = replica")
            yield lambda command: connection.execute(command.encode()).rowcount
        return
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        yield lambda command: connection.execute(command).rowcount


@contextmanager
def admin(folder: Path) -> Iterator[Connection]:
    """Be the server's administrator in the database of *folder*: nothing is hidden from it."""
    connection = connect(database_for(folder).admin, Limits())
    try:
        yield connection
    finally:
        connection.close()


def damage(kind: str, folder: Path) -> str:
    """Return what is damaged in a store once its engine has recovered it; empty: nothing.

    Every page is read and every index is compared with its table.
    """
    return _damaged_database(folder) if kind == "postgres" else _damaged_file(folder)


def _damaged_file(folder: Path) -> str:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        (word,) = connection.execute("PRAGMA integrity_check").fetchone()
        loose = connection.execute("PRAGMA foreign_key_check").fetchall()
    return "" if word == "ok" and not loose else f"integrity: {word}, loose rows: {len(loose)}"


_HEAPS: Final = """
SELECT coalesce(string_agg(c.relname || ': ' || found.msg, '; '), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, verify_heapam(c.oid) found
WHERE n.nspname = 'szunion' AND c.relkind = 'r'
"""
_INDEXES: Final = """
SELECT count(bt_index_check(c.oid, true))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
WHERE n.nspname = 'szunion' AND c.relkind = 'i' AND a.amname = 'btree'
"""


def _damaged_database(folder: Path) -> str:
    with admin(folder) as connection:
        tell(connection, "CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA pg_catalog")
        found, checked = ask(connection, _HEAPS), ask(connection, _INDEXES)
    assert found is not None
    assert checked is not None
    assert checked[0] > 0, "there are indexes to check"
    return str(found[0])


def needs(kind: str) -> None:
    """Skip a test whose processes need a PostgreSQL that is not there."""
    if kind == "postgres":
        try:
            binaries()
        except NoPostgres as error:
            pytest.skip(str(error))


@contextmanager
def grounds(kind: str) -> Iterator[PostgresServer | None]:
    """Have what the engine needs in a process of one's own: PostgreSQL needs a server."""
    if kind != "postgres":
        yield None
        return
    with PostgresServer.start() as server, of_this_process(Databases(server.dsn(), server)):
        yield server
