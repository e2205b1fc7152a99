"""Backups, restores and copies: their speed beside the same bytes moved, their memory as they grow.

The limit of a backup is reading every row through the driver and writing a file of the same size to
the disk. The limit of a copy is the engine moving the rows by itself: `INSERT … SELECT` on SQLite,
the raw bytes of COPY handed on on PostgreSQL, into tables with the same keys. Memory is the peak of
a process that does it with ten times the members, beside its peak with a tenth of them.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from attrs import frozen
from tests.databases import url

from benchmarks.backing import run
from benchmarks.city import load
from benchmarks.lines import Line, faster, smaller
from szunion.adapters.storage.postgres.backing import PostgresDatabase
from szunion.adapters.storage.postgres.connection import Limits, connect
from szunion.adapters.storage.postgres.migrate import migrate
from szunion.adapters.storage.postgres.tables import PostgresTables, take_away, without_first_rows
from szunion.adapters.storage.sqlite.backing import SqliteFile
from szunion.adapters.storage.sqlite.session import connect as open_file
from szunion.adapters.storage.sqlite.tables import SqliteTables, to_fill
from szunion.testing.postgres_databases import Databases

FEW = int(os.environ.get("SZUNION_BENCH_BACKED", "200000")) // 10
MANY = FEW * 10
_CACHE = 64
"""MiB: what SQLite keeps of a file that it fills, however large."""


@frozen
class Place:
    """Where a database is: for the program, and for the owner of its tables."""

    address: str
    owner: str = "-"


def empty(kind: str, folder: Path, databases: Databases, name: str) -> Place:
    """Return a place without a database."""
    if kind == "sqlite":
        return Place(str(folder / f"{name}.db"))
    made = databases.empty()
    return Place(url(made.app), url(made.owner))


def measured(folder: Path, databases: Databases, members: int) -> dict[str, dict[str, float]]:
    """Back up, restore and copy a city of so many *members* on both engines."""
    town = folder / str(members)
    town.mkdir()
    load(town, members, per_union=20_000)
    found, file = {}, town / "a.szb"
    places = {"sqlite": Place(str(town / "union.db"))}
    for target in ("sqlite", "postgres"):
        there = empty(target, town, databases, "copy")
        found[f"copy sqlite {target}"] = run(
            "copy", places["sqlite"].address, there.address, there.owner, file
        )
        places.setdefault(target, there)
    for kind in ("sqlite", "postgres"):
        here = places[kind].address
        found[f"backup {kind}"] = run("backup", here, here, "-", file)
        found[f"backup {kind}"]["bytes"] = file.stat().st_size
        there = empty(kind, town, databases, "restored")
        found[f"restore {kind}"] = run("restore", here, there.address, there.owner, file)
    there = empty("postgres", town, databases, "again")
    found["copy postgres postgres"] = run(
        "copy", places["postgres"].address, there.address, there.owner, file
    )
    found["limits"] = {
        "sqlite": _read_file(SqliteFile(Path(places["sqlite"].address)), town),
        "postgres": _read_server(places["postgres"], town),
        "sqlite copy": _moved_in_sqlite(Path(places["sqlite"].address), town),
        "postgres copy": _moved_in_postgres(places["postgres"], databases),
    }
    return found


def _written(folder: Path, size: int) -> None:
    with (folder / "raw").open("wb") as out:
        for _ in range(size // 65536 + 1):
            out.write(b"\0" * 65536)
        out.flush()
        os.fsync(out.fileno())


def _read_file(source: SqliteFile, folder: Path) -> float:
    began = time.perf_counter()
    with source.snapshot() as tables:
        for table in tables.tables():
            for _ in tables.rows(table):
                pass
    _written(folder, (folder / "a.szb").stat().st_size)
    return time.perf_counter() - began


def _read_server(source: Place, folder: Path) -> float:
    began = time.perf_counter()
    with PostgresDatabase(source.address).snapshot() as tables:
        for table in tables.tables():
            for _ in tables.rows(table):
                pass
    _written(folder, (folder / "a.szb").stat().st_size)
    return time.perf_counter() - began


def _moved_in_sqlite(source: Path, folder: Path) -> float:
    began = time.perf_counter()
    with closing(open_file(source)) as one:
        tables = SqliteTables(one).tables()
        with closing(
            to_fill(folder / "limit.db", SqliteTables(one).schema, at=0).connection
        ) as two:
            two.execute("ATTACH ? AS source", (str(source),))
            for table in tables:
                columns, key = ", ".join(table.columns), ", ".join(table.key)
                two.execute(
                    f"INSERT INTO main.{table.name} ({columns})"
                    f" SELECT {columns} FROM source.{table.name} ORDER BY {key}"
                )
    return time.perf_counter() - began


def _moved_in_postgres(source: Place, databases: Databases) -> float:
    """Hand on the bytes of COPY unread; like a restore, in one transaction."""
    place = databases.empty()
    began = time.perf_counter()
    with (
        PostgresDatabase(source.address).snapshot() as tables,
        closing(connect(place.owner, Limits(statement=0))) as two,
    ):
        migrate(two, at=0)
        with two.transaction():
            take_away(two)
            without_first_rows(two)
            for table in tables.tables():
                columns, key = ", ".join(table.columns), ", ".join(table.key)
                read = f"COPY (SELECT {columns} FROM {table.name} ORDER BY {key}) TO STDOUT BINARY"
                write = f"COPY {table.name} ({columns}) FROM STDIN BINARY"
                assert isinstance(tables, PostgresTables)
                with (
                    tables.connection.cursor().copy(read.encode()) as out,
                    two.cursor().copy(write.encode()) as into,
                ):
                    for part in out:
                        into.write(part)
    return time.perf_counter() - began


def lines() -> Iterator[Line]:
    """Return the lines."""
    with tempfile.TemporaryDirectory() as folder, Databases.opened() as databases:
        few = measured(Path(folder), databases, FEW)
        many = measured(Path(folder), databases, MANY)
    limits = many.pop("limits")
    few.pop("limits")
    for kind in ("sqlite", "postgres"):
        found = many[f"backup {kind}"]
        yield faster(
            f"backup on {kind}, rows/s: read and write the same bytes",
            found["rows"] / found["seconds"], limit=found["rows"] / limits[kind], floor=0.2,
        )  # fmt: skip
        found = many[f"copy {kind} {kind}"]
        yield faster(
            f"copy {kind} to {kind}, compared at the end, rows/s: the engine by itself",
            found["rows"] / found["seconds"], limit=found["rows"] / limits[f"{kind} copy"],
            floor=0.2,
        )  # fmt: skip
    for name, found in many.items():
        fills_file = name.endswith("sqlite") and not name.startswith("backup")
        yield smaller(
            f"peak MiB of {name}, {MANY:,} members: with {FEW:,}",
            found["peak"], limit=few[name]["peak"] + (_CACHE if fills_file else 0), floor=0.9,
        )  # fmt: skip
