"""Upgrade a database with data, killed at every statement of every migration, from every version.

Run as ``python -m tests.system.upgrading FOLDER EVERY``: *EVERY* is 1 for each statement, or a
stride. A child is killed by SIGKILL just before SQLite runs its n-th statement; what it leaves must
be the version before or the one after, whole, and the next start must bring it to the end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.offices import applicant, office_on, town_on

from szunion.adapters.storage.sql.tables import Table, sum_of
from szunion.adapters.storage.sqlite.migrate import migrate, migrations, version
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.tables import SqliteTables


def schema_of(connection: sqlite3.Connection) -> list[Any]:
    """Return everything that the schema says; how it is spaced does not matter."""
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
        " ORDER BY type, name"
    ).fetchall()
    return [(*row[:3], "".join((row[3] or "").replace('"', "").split())) for row in rows]


def newest(folder: Path) -> Path:
    """Make a database of today's version with data."""
    office = office_on("sqlite", folder)
    town = town_on(office)
    for index in range(9):
        town.admit(index % 3, applicant(index))
    office.storage.close()
    return folder / "union.db"


def old(path: Path, number: int, source: Path) -> None:
    """Make a database of version *number* with the data of *source*, as far as it had a place."""
    with closing(connect(path)) as connection:
        migrate(connection, at=0, upto=number)
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("ATTACH ? AS newest", (str(source),))
        there = {name for (name,) in connection.execute("SELECT name FROM newest.sqlite_schema")}
        for table in SqliteTables(connection).tables():
            if table.name not in there:
                continue
            theirs = [row[1] for row in
                      connection.execute(f"PRAGMA newest.table_info({table.name})")]  # fmt: skip
            both = ", ".join(one for one in table.columns if one in theirs)
            connection.execute(
                f"INSERT OR IGNORE INTO main.{table.name} ({both})"
                f" SELECT {both} FROM newest.{table.name}"
            )
        connection.execute("DETACH newest")


def data_of(connection: sqlite3.Connection, tables: Sequence[Table]) -> dict[str, str]:
    """Return the checksum of each of *tables*, of the columns that it had."""
    reader = SqliteTables(connection)
    return {table.name: sum_of(reader, table).sha256 for table in tables}


def kept(path: Path, goal: Path) -> list[Table]:
    """Return the tables of *path*, with those of their columns that the newest version has too."""
    with closing(connect(path)) as before, closing(connect(goal)) as after:
        later = {each.name: each for each in SqliteTables(after).tables()}
        return [
            Table(each.name, tuple(c for c in each.columns if c in later[each.name].columns),
                  tuple(c for c in each.key if c in later[each.name].columns))
            for each in SqliteTables(before).tables() if each.name in later
        ]  # fmt: skip


def killed_at(path: Path, statement: int) -> bool:
    """Migrate in a child that dies before its n-th statement; return whether it died."""
    pid = os.fork()
    if not pid:
        left = statement

        def traced(_text: str) -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        connection = connect(path)
        connection.set_trace_callback(traced)
        migrate(connection, at=0)
        connection.close()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def main(folder: Path, every: int) -> dict[str, Any]:
    """Upgrade from every version; return how often a child was killed, and what was wrong."""
    source = newest(folder)
    with closing(connect(source)) as connection:
        goal = schema_of(connection)
    kills, wrong, rows = 0, list[str](), 0
    last = len(migrations())
    for number in range(1, last):
        begun = folder / f"v{number}.db"
        old(begun, number, source)
        tables = kept(begun, source)
        with closing(connect(begun)) as connection:
            before = data_of(connection, tables)
            rows += sum(SqliteTables(connection).count(each) for each in tables)
        statement = 1
        while True:
            path = folder / "u.db"
            for name in folder.glob("u.db*"):
                name.unlink()
            shutil.copy(begun, path)
            died = killed_at(path, statement)
            kills += died
            statement += every
            with closing(connect(path)) as connection:
                words = f"from {number}, statement {statement - every}"
                wrong += _wrong(connection, words, number)
                migrate(connection, at=0)
                if schema_of(connection) != goal:
                    wrong.append(f"{words}: another schema than a fresh one")
                if data_of(connection, tables) != before:
                    wrong.append(f"{words}: other data")
            if not died:
                break
    return {"kills": kills, "versions": last - 1, "rows": rows, "wrong": wrong}


def _wrong(connection: sqlite3.Connection, words: str, begun: int) -> list[str]:
    found = version(connection)
    done = connection.execute("SELECT max(version) FROM schema_migration").fetchone()[0]
    sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
    whole = begun <= found == done and sound == "ok"
    return [] if whole else [f"{words}: version {found}, {done} remembered, {sound}"]


if __name__ == "__main__":
    where, stride = sys.argv[1:]
    sys.stdout.write(json.dumps(main(Path(where), int(stride))) + "\n")
