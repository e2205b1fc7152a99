"""Know which store a database's address names, and how it is opened (数据库地址).

``sqlite:///path`` is a file, ``postgresql://…`` a server, ``memory:`` neither. Each store is loaded
when it is asked for: PostgreSQL's driver is an extra, and few need the one in memory.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from szunion.adapters.storage.sqlite.migrate import is_blank
from szunion.adapters.storage.sqlite.session import APPLICATION_ID
from szunion.adapters.storage.sqlite.storage import BorrowedSqlite, SqliteStorage
from szunion.errors import ConfigError, StorageError
from szunion.ports.keys import Vault
from szunion.ports.storage import Storage
from szunion.ports.system import Clock, Ids

if TYPE_CHECKING:
    import psycopg

_SQLITE: Final = "sqlite:///"
_MEMORY: Final = "memory:"
_POSTGRES: Final = ("postgresql://", "postgres://")


def file_of(database: str) -> Path | None:
    """Return the file in which a store lies; None: it lies in none."""
    return Path(database.removeprefix(_SQLITE)) if database.startswith(_SQLITE) else None


def is_postgres(database: str) -> bool:
    """Return whether a database's address is one of PostgreSQL."""
    return database.startswith(_POSTGRES)


def postgres(module: str) -> ModuleType:
    """Return a module of the PostgreSQL store: loaded when it is asked for, for it is an extra.

    Raises:
        ConfigError: the driver is not installed (E-STORE-022).
    """
    if find_spec("psycopg") is None:
        raise ConfigError("E-STORE-022")
    return import_module(f"szunion.adapters.storage.postgres.{module}")


def must_exist(database: str) -> None:
    """Refuse a store in a file that is not there.

    Raises:
        StorageError: it is not (E-STORE-009).
    """
    path = file_of(database)
    if path is not None and not path.is_file():
        raise StorageError("E-STORE-009", path=path.name)


def must_be_possible(database: str) -> None:
    """Refuse an address that names no store: before anything is made for it, as its keys are.

    Raises:
        ConfigError: it is not understood (E-CONFIG-002).
        StorageError: its file is none, or the folder of it is not there (E-STORE-009).
    """
    path = file_of(database)
    if path is not None:
        if not path.parent.is_dir() or (path.exists() and not path.is_file()):
            raise StorageError("E-STORE-009", path=path.name)
    elif database != _MEMORY and not is_postgres(database):
        scheme, colon, _ = database.partition(":")  # without one it may be anything, a password too
        raise ConfigError("E-CONFIG-002", scheme=scheme if colon and scheme.isalnum() else "?")


def is_made(database: str) -> bool:
    """Return whether a store at an address is in use already: then its keys are somewhere.

    Raises:
        StorageError: it holds something else (E-STORE-009), or a server's cannot be opened.
    """
    if is_postgres(database):
        used: bool = postgres("admin").is_in_use(database)
        return used
    path = file_of(database)
    if path is None or not path.is_file() or not path.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            if is_blank(file):
                return False
            (found,) = file.execute("PRAGMA application_id").fetchone()
    except sqlite3.OperationalError:  # it is there; why it cannot be read says whoever opens it
        return True
    except sqlite3.DatabaseError:
        found = 0
    if found != APPLICATION_ID:
        raise StorageError("E-STORE-009", path=path.name)
    return True


def open_storage(
    database: str, clock: Clock, ids: Ids, vault: Vault, *, recovering: bool
) -> Storage:
    """Open the store at an address.

    Raises:
        ConfigError: the address is not understood (E-CONFIG-002).
        StorageError: the database cannot be opened safely.
    """
    must_be_possible(database)
    if database == _MEMORY:
        from szunion.adapters.storage.memory.storage import (  # noqa: PLC0415 - others pay nothing
            MemoryStorage,
        )

        return MemoryStorage(clock, ids, vault)
    if database.startswith(_SQLITE):
        path = database.removeprefix(_SQLITE)
        return SqliteStorage.open(path, clock=clock, ids=ids, vault=vault, recovering=recovering)
    opened: Storage = postgres("storage").PostgresStorage.open(
        database, clock=clock, ids=ids, vault=vault, recovering=recovering
    )
    return opened


def borrowed_storage(
    connection: sqlite3.Connection | psycopg.Connection[Any], clock: Clock, ids: Ids, vault: Vault
) -> Storage:
    """Return the store inside the transaction that a host application has on *connection*.

    Raises:
        StorageError: the connection is weaker than ours would be (E-STORE-003).
    """
    if isinstance(connection, sqlite3.Connection):
        return BorrowedSqlite(connection, clock, ids, vault)
    borrowed: Storage = postgres("storage").BorrowedPostgres(connection, clock, ids, vault)
    return borrowed
