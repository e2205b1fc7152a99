"""A database for a benchmark: a folder (SQLite) or an address (PostgreSQL), and an office on it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import psycopg
from tests.offices import shenzhen

from szunion.adapters.file_piles import FilePiles
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.adapters.storage.sqlite.session import prepare
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.adapters.system import ChineseCalendar, SystemChance, SystemClock, SystemIds
from szunion.application.office import Office
from szunion.application.organisations import NewUnion, Organisations
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import OrganisationKind
from szunion.testing.postgres import PostgresServer
from szunion.testing.postgres_databases import Databases, ready

Place: TypeAlias = Path | str

ENGINES: Final = os.environ.get("SZUNION_BENCH_ENGINES", "sqlite,postgres").split(",")
"""On which engines a benchmark of both is run: a city's size takes long on either."""

_SETTINGS: Final = {
    "shared_buffers": "512MB", "max_wal_size": "4GB", "work_mem": "64MB",
    "maintenance_work_mem": "256MB", "autovacuum": "off",
}  # fmt: skip
"""A server of a city's size in little: tests run theirs with far less."""


def keys() -> FileKeys:
    """Return the keys of every benchmark."""
    return FileKeys(bytes(32))


def office_on(place: Place) -> Office:
    """Return an office on the database at *place*."""
    clock = SystemClock()
    ids = SystemIds(clock, SystemChance())
    own = keys()
    vault, city = own.vault(), shenzhen()
    storage: Any = (
        SqliteStorage.open(place / "union.db", clock=clock, ids=ids, vault=vault)
        if isinstance(place, Path)
        else PostgresStorage.open(place, clock=clock, ids=ids, vault=vault)
    )
    return Office(
        storage=storage, clock=clock, ids=ids, vault=vault, signer=own.signer("bench"),
        calendar=ChineseCalendar(), policy=city.policy, catalogue=city.catalogue,
        piles=FilePiles(),
    )  # fmt: skip


def founded(office: Office) -> Principal:
    """Found a city with one grassroots union in an empty database; return its officer."""
    desk = Organisations(office, Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL))
    desk.found_city(code="440300", name="市总工会")
    _, union = desk.register_many(
        [
            NewUnion(code="D", name="区", kind=OrganisationKind.DISTRICT, parent_code="440300"),
            NewUnion(code="G", name="会", kind=OrganisationKind.GRASSROOTS, parent_code="D"),
        ],
        document="1",
    )
    return Principal(id="g", role=Role.GRASSROOTS, purpose=Purpose.ENROL, organisation=union.id)


def place_of(word: str) -> Place:
    """Return the place that a command line names: an address, or a folder, made if need be.

    Raises:
        ValueError: it names none; the folder that one happens to be in is not meant by that.
    """
    if not word.strip():
        msg = "name a place: a folder, or the address of a database"
        raise ValueError(msg)
    if "=" in word or "://" in word:
        return word
    folder = Path(word)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def engine_of(place: Place) -> str:
    """Return what the engine at *place* is called."""
    return "SQLite" if isinstance(place, Path) else "PostgreSQL"


@contextmanager
def sqlite_place() -> Iterator[Path]:
    """Yield a folder with an empty database of ours."""
    with tempfile.TemporaryDirectory() as name:
        office_on(Path(name)).storage.close()
        yield Path(name)


@contextmanager
def postgres_place() -> Iterator[tuple[str, str, PostgresServer]]:
    """Yield the address of an empty database of ours, its administrator's, and the server.

    Raises:
        NoPostgres: there is no server on this machine.
    """
    with PostgresServer.start(settings=_SETTINGS) as server:
        databases = Databases(server.dsn(), server)
        databases.prepare()
        made = databases.filled(ready)
        yield made.app, made.admin, server


def sqlite_rows(folder: Path) -> sqlite3.Connection:
    """Return a connection for rows that no use case makes: as durable as ours, outside it."""
    connection = sqlite3.connect(folder / "union.db")
    prepare(connection)
    return connection


def postgres_rows(admin: str) -> psycopg.Connection[Any]:
    """Return the same for PostgreSQL: the administrator's, which row security lets through."""
    return psycopg.connect(admin, autocommit=True, options="-csearch_path=szunion")
