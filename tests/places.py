"""Where a store lies: in a folder a file, or for it a database; copied whole, opened by anybody.

One text for both engines: a test names the engine and the folder, and nothing else differs.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.databases import copy_for, database_for, of_this_process, remove_copy

from szunion.adapters.storage.postgres.connection import Limits, ask, connect, tell
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.ports.keys import Vault
from szunion.ports.system import Clock, Ids
from szunion.testing.postgres import NoPostgres, PostgresServer, binaries
from szunion.testing.postgres_databases import Databases

FILE: Final = "union.db"


def opened(
    kind: str, folder: Path, *, clock: Clock, ids: Ids, vault: Vault
) -> SqliteStorage | PostgresStorage:
    """Open the store of that engine that belongs to *folder*; it is made where there is none."""
    if kind == "postgres":
        dsn = database_for(folder).app
        return PostgresStorage.open(dsn, clock=clock, ids=ids, vault=vault)
    return SqliteStorage.open(folder / FILE, clock=clock, ids=ids, vault=vault)


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
    connection = connect(database_for(folder).admin, Limits())
    try:
        tell(connection, "CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA pg_catalog")
        found, checked = ask(connection, _HEAPS), ask(connection, _INDEXES)
    finally:
        connection.close()
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
