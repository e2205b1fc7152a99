"""Upgrade a PostgreSQL database with data, killed at every statement, from every version.

Run as ``python -m tests.system.upgrading_server VERSIONS NEAR FAR SERVERS``. From every
*VERSIONS*-th version a child migrates to the newest and is killed by SIGKILL just before it asks
the server for the n-th time: every *NEAR*-th of the first step, about every *FAR*-th of the rest.
*SERVERS* times the server is killed instead, while it does what it was asked. What is left must be
a version, whole; the next start must bring it to the end, with the schema of a fresh one and all
the data.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from attrs import define, field
from tests.system.upgrading import newest
from tests.two_schemas import Part, of_postgres

from szunion.adapters.storage.backing import copy
from szunion.adapters.storage.postgres.backing import PostgresDatabase
from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.adapters.storage.postgres.migrate import migrate, migrations, version
from szunion.adapters.storage.postgres.tables import (
    PostgresTables,
    bring_back,
    take_away,
    without_first_rows,
)
from szunion.adapters.storage.sql.tables import Table, sum_of
from szunion.adapters.storage.sqlite.backing import SqliteFile
from szunion.errors import Conflict, StorageError
from szunion.testing.postgres_databases import OWNER, Database, Databases

Data = dict[str, tuple[int, str]]


@contextmanager
def owned(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with closing(connect(database.owner, Limits())) as connection:
        yield connection


def data_of(database: Database, tables: Sequence[Table]) -> Data:
    """Return how many rows there are and their checksum, of the columns that there were."""
    with owned(database) as connection:
        reader = PostgresTables(connection)
        sums = {table.name: sum_of(reader, table) for table in tables}
    return {name: (each.rows, each.sha256) for name, each in sums.items()}


def schema_of(database: Database) -> Counter[Part]:
    with owned(database) as connection:
        return of_postgres(connection)


def old(database: Database, number: int, source: Database) -> None:
    """Fill an empty database at version *number* with what of *source* had a place in it."""
    with owned(database) as connection, owned(source) as other:
        migrate(connection, at=0, upto=number)
        take_away(connection)
        without_first_rows(connection)
        there = {each.name: each for each in PostgresTables(other).tables()}
        for table in PostgresTables(connection).tables():
            if table.name not in there:
                continue
            columns = tuple(c for c in table.columns if c in there[table.name].columns)
            both = Table(table.name, columns, there[table.name].key)
            try:
                PostgresTables(connection).put(both, PostgresTables(other).rows(both))
            except Conflict:
                continue  # it had a column that the newest version can no longer fill
        bring_back(connection)


def kept(before: Database, goal: Database) -> list[Table]:
    """Return the tables of *before*, with those of their columns that the newest version has."""
    with owned(before) as here, owned(goal) as there:
        later = {each.name: each for each in PostgresTables(there).tables()}
        return [
            Table(each.name, tuple(c for c in each.columns if c in later[each.name].columns),
                  tuple(c for c in each.key if c in later[each.name].columns))
            for each in PostgresTables(here).tables() if each.name in later
        ]  # fmt: skip


class Dying(psycopg.Connection[Any]):
    """A connection that calls *end* before it asks the server for the n-th time."""

    left = 0
    end: Any = None

    def wait(self, *args: Any, **more: Any) -> Any:
        cls = type(self)
        cls.left -= 1
        if cls.left == 0:
            cls.end()
        return super().wait(*args, **more)


def migrated(database: Database, before: int, end: Any) -> None:
    """Migrate, and call *end* before the n-th time that the server is asked."""
    with closing(connect(database.owner, Limits())) as made:
        dsn = made.info.dsn
    options = f"-c search_path=szunion,pg_catalog {Limits().options()}"
    password = psycopg.conninfo.conninfo_to_dict(database.owner)["password"]
    connection = Dying.connect(dsn, autocommit=True, options=options, password=str(password))
    Dying.left, Dying.end = before, staticmethod(end)
    try:
        migrate(connection, at=0)
    finally:
        connection.close()


def killed_at(database: Database, before: int) -> bool:
    """Migrate in a child that dies; return whether it died."""
    pid = os.fork()
    if not pid:
        migrated(database, before, lambda: os.kill(os.getpid(), signal.SIGKILL))
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


@define
class Trial:
    """One version with data, and what its upgrade must come to."""

    databases: Databases
    goal: Counter[Part]
    number: int
    begun: Database
    tables: Sequence[Table]
    before: Data
    wrong: list[str] = field(factory=list)

    def fresh(self) -> Database:
        """Return a copy of the version with data."""
        made = Database(f"u_{self.begun.name}", self.begun.admin)
        admin = connect(self.databases.admin, Limits())
        tell(admin, f'DROP DATABASE IF EXISTS "{made.name}" WITH (FORCE)')
        tell(admin, f'CREATE DATABASE "{made.name}" TEMPLATE "{self.begun.name}" OWNER {OWNER}')
        admin.close()
        return Database(made.name, _named(self.begun.admin, made.name))

    def look(self, database: Database, words: str) -> None:
        """See that what was left is whole, and that it comes to the end."""
        with owned(database) as connection:
            found = version(connection)
            if not self.number <= found <= len(migrations()):
                self.wrong.append(f"{words}: version {found}")
            if found == self.number and data_of(database, self.tables) != self.before:
                self.wrong.append(f"{words}: other data before")
            migrate(connection, at=0)
        if schema_of(database) != self.goal:
            self.wrong.append(f"{words}: another schema than a fresh one")
        if data_of(database, self.tables) != self.before:
            self.wrong.append(f"{words}: other data")


def _named(admin: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(admin, dbname=name)


def main(versions: int, near: int, far: int, servers: int) -> dict[str, Any]:
    """Upgrade from every version; return how often who was killed, and what was wrong."""
    luck, kills, wrong, downs = random.Random(1), 0, list[str](), 0
    with TemporaryDirectory() as folder, Databases.opened() as databases:
        file = SqliteFile(newest(Path(folder)))
        source = databases.empty()
        place = PostgresDatabase(source.app, source.owner)
        copy(file, place, at=0, progress=lambda _table, _rows: None)
        goal = databases.empty()
        with owned(goal) as connection:
            migrate(connection, at=0)
        last, rows, asked = len(migrations()), 0, 9
        for number in range(1, last, versions):
            begun = databases.empty()
            old(begun, number, source)
            tables = kept(begun, source)
            trial = Trial(databases, schema_of(goal), number, begun, tables,
                          data_of(begun, tables))  # fmt: skip
            rows += sum(count for count, _ in trial.before.values())
            first = 8 + len(migrations()[number].statements)
            before = luck.randrange(1, near + 1)
            while True:
                database = trial.fresh()
                died = killed_at(database, before)
                trial.look(database, f"from {number}, killed before {before}")
                kills += died
                if not died:
                    break
                asked = max(asked, before)
                before += near if before < first else luck.randrange(1, 2 * far)
            for _ in range(servers if databases.server else 0):
                downs += _server_dies(trial, luck.randrange(4, asked))
            wrong += trial.wrong
    return {
        "kills": kills,
        "servers": downs,
        "versions": len(range(1, last, versions)),
        "rows": rows,
        "wrong": wrong,
    }


def _server_dies(trial: Trial, before: int) -> int:
    """Kill the server while a migration is on its way; return whether that broke it off."""
    server = trial.databases.server
    assert server is not None
    database, broken = trial.fresh(), 0
    try:
        migrated(database, before, server.kill)
    except (StorageError, psycopg.Error):
        broken = 1
    if not server.running:
        server.up()
    trial.look(database, f"from {trial.number}, server killed before {before}")
    return broken


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*map(int, sys.argv[1:]))) + "\n")
