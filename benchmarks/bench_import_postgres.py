"""Rosters into PostgreSQL: the first ones, and more of them among those who are on file already.

Ours is the whole import (verdicts, sealing, blind indexes, history, log, row-level security) of
four rosters at two desks, processes that are open when the first comes in. The limit is what
PostgreSQL itself needs for the rows that the import has made: ``COPY`` of them, ready in binary
form, into bare tables and then every index of ours; and ``COPY`` into our tables as they are,
indexes, checks and references included. The peer is what is usually written: stdnum, hmac, AESGCM,
and SQLAlchemy Core with one list of dicts a table. It looks for no duplicates and is granted rows
that are ready, and foreign keys: what checks a statement at a time would hold up one that inserts
row by row.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
import warnings
from contextlib import suppress
from statistics import median
from typing import Any

import psycopg
import sqlalchemy as sa
from attrs import frozen
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from stdnum.cn import ric

from benchmarks.bench_import import TABLES, office_in, roster
from benchmarks.desks import desks
from benchmarks.lines import Line, faster
from szunion.adapters.storage.postgres.references import by_row
from szunion.testing.postgres import PostgresServer
from szunion.testing.postgres_databases import Database, Databases, ready

ROWS = 5_000
"""Of one roster."""
ROSTERS = 4
"""Of one load, at two desks."""
LOAD = ROSTERS * ROWS
ROUNDS = 3
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
FILLED = tuple(table for table in TABLES if table not in {"organisation", "roster_import"})
"""The tables of members, each after those it refers to."""
_PLACE = (1 << 53) - 1
"""The low bits of an id: the moment when it was made."""


@frozen
class Made:
    """What two loads have made: the rows of each, ready to be copied."""

    unions: bytes
    first: dict[str, bytes]
    second: dict[str, bytes]


def ours(database: Database) -> tuple[float, float, int]:
    """Return seconds of the first load and of the second, and the last moment of the first."""
    office, officer = office_in(database.app)
    halves = [[roster(start + at * ROWS, ROWS) for at in range(ROSTERS)] for start in (0, LOAD)]
    taken, last = [], 0
    with desks(database.app, officer) as imported:
        for rosters in halves:
            began = time.perf_counter()
            assert imported(rosters) == LOAD
            taken.append(time.perf_counter() - began)
            last = last or office.ids.new()
    office.storage.close()
    return taken[0], taken[1], last


def copied_out(database: Database, last: int) -> Made:
    """Return the rows that two loads have made, in the order in which they were made."""
    with psycopg.connect(database.admin) as connection:

        def out(question: str) -> bytes:
            with connection.cursor().copy(f"COPY ({question}) TO STDOUT (FORMAT binary)") as rows:
                return b"".join(rows)

        def half(table: str, sign: str) -> bytes:
            place = f"person_id & {_PLACE}"
            question = (
                f"SELECT * FROM szunion.{table} WHERE person_id > 0 AND {place} {sign} {last}"
            )
            return out(f"{question} ORDER BY {place}")

        return Made(
            unions=out("SELECT * FROM szunion.organisation"),
            first={table: half(table, "<=") for table in FILLED},
            second={table: half(table, ">") for table in FILLED},
        )


def _copy_in(connection: psycopg.Connection[Any], table: str, rows: bytes) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.write(rows)


def filled(databases: Databases, made: Made, *, first: bool) -> Database:
    """Return a database with the unions, and with the *first* load."""
    database = databases.filled(ready)
    with psycopg.connect(database.admin) as connection:
        _copy_in(connection, "szunion.organisation", made.unions)
        for table, rows in made.first.items() if first else ():
            _copy_in(connection, f"szunion.{table}", rows)
    return database


def bare_first(databases: Databases, made: Made) -> float:
    """Return seconds of copying the ready rows into bare tables and making every index."""
    database = databases.filled(ready)
    with psycopg.connect(database.admin) as connection:
        indexes = connection.execute(
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'szunion'"
        ).fetchall()
        connection.execute("CREATE SCHEMA bare")
        for table in FILLED:
            connection.execute(
                f"CREATE TABLE bare.{table} (LIKE szunion.{table} INCLUDING DEFAULTS)"
            )
        connection.commit()
        began = time.perf_counter()
        for table, rows in made.first.items():
            _copy_in(connection, f"bare.{table}", rows)
        for table, made_by in indexes:
            if table in made.first:
                connection.execute(made_by.replace(" szunion.", " bare."))
        connection.commit()
        return time.perf_counter() - began


def bare_second(databases: Databases, made: Made) -> float:
    """Return seconds of copying the ready rows of the second load into our tables as they are."""
    with psycopg.connect(filled(databases, made, first=True).admin) as connection:
        began = time.perf_counter()
        for table, rows in made.second.items():
            _copy_in(connection, f"szunion.{table}", rows)
        connection.commit()
        return time.perf_counter() - began


def usual(databases: Databases, made: Made, data: bytes, *, first: bool) -> float:
    """Return seconds of the usual way, for the first load or for the second."""
    database = filled(databases, made, first=not first)
    with psycopg.connect(database.owner, options="-c client_encoding=utf8") as owner:
        by_row(owner)
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database.admin)
    )
    tables = sa.MetaData(schema="szunion")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # it does not know the type xid8
        tables.reflect(engine, only=FILLED)
    rows = {}
    with psycopg.connect(database.admin, row_factory=psycopg.rows.dict_row) as connection:
        for table, copied in (made.first if first else made.second).items():
            connection.execute(f"CREATE TEMP TABLE t_{table} (LIKE szunion.{table})")
            _copy_in(connection, f"t_{table}", copied)
            rows[table] = connection.execute(f"SELECT * FROM t_{table}").fetchall()
    key, cipher = bytes(32), AESGCM(bytes(32))
    began = time.perf_counter()
    for line in data.decode("gb18030").splitlines()[1:]:
        _, number, mobile, _ = line.split(",")
        with suppress(KeyError):  # it falls over area codes that its table does not have
            ric.is_valid(number)
        cipher.encrypt(os.urandom(12), line.encode(), None)
        for text in (number, mobile):
            hmac.new(key, text.encode(), hashlib.sha256).digest()
    with engine.begin() as transaction:
        for table, each in rows.items():
            transaction.execute(tables.tables[f"szunion.{table}"].insert(), each)
    taken = time.perf_counter() - began
    engine.dispose()
    return taken


def lines() -> list[Line]:
    """Return the lines of the first load and of the second."""
    names = ("first", "second", "bare first", "bare second", "usual first", "usual second")
    taken: dict[str, list[float]] = {name: [] for name in names}
    with PostgresServer.start(settings=SETTINGS) as server:
        databases = Databases(server.dsn(), server)
        databases.prepare()
        data = roster(0, LOAD)
        for _ in range(ROUNDS):
            database = databases.filled(ready)
            first, second, last = ours(database)
            made = copied_out(database, last)
            found = (
                first, second, bare_first(databases, made), bare_second(databases, made),
                usual(databases, made, data, first=True),
                usual(databases, made, data, first=False),
            )  # fmt: skip
            for name, seconds in zip(names, found, strict=True):
                taken[name].append(seconds)
            databases.drop()
    rate = {name: LOAD / median(seconds) for name, seconds in taken.items()}
    one, more = "3 first load into PostgreSQL, members/s", "4 import into PostgreSQL, members/s"
    core = "stdnum, hmac, AESGCM and SQLAlchemy Core"
    return [
        faster(f"{one}, beside COPY of ready rows and CREATE INDEX", rate["first"],
               limit=rate["bare first"], floor=0.35),
        faster(f"{one}, beside {core}", rate["first"], peer=rate["usual first"], floor=5),
        faster(f"{more}, beside COPY of ready rows into the same tables", rate["second"],
               limit=rate["bare second"], floor=0.6),
        faster(f"{more}, beside {core}", rate["second"], peer=rate["usual second"], floor=4),
    ]  # fmt: skip
