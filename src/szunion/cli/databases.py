"""Know which database an address on the command line means, of whatever engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from szunion.adapters.storage.addressed import is_postgres, postgres
from szunion.adapters.storage.backing import Database
from szunion.adapters.storage.sqlite.backing import SqliteFile
from szunion.errors import ConfigError

SQLITE: Final = "sqlite:///"
_LIBPQ: Final = re.compile(r"\b(host|hostaddr|user|password|dbname|service)\s*=", re.ASCII)
"""Words of libpq's: such an address may hold a password, so it is never shown as a file's name."""


def database_at(address: str, owner: str = "") -> Database:
    """Return the database at *address*: a URL, or a file's path.

    Args:
        address: What is meant.
        owner: On PostgreSQL, the address in the role that owns the tables; to look needs none.

    Raises:
        ConfigError: there is no such engine (E-CONFIG-002), or its driver is not there
            (E-STORE-022).
    """
    if is_postgres(address):
        found: Database = postgres("backing").PostgresDatabase(address, owner)
        return found
    return SqliteFile(file_at(address))


def file_at(address: str) -> Path:
    """Return the file that *address* means: a URL of SQLite's, or a path.

    Raises:
        ConfigError: it is of another engine (E-CONFIG-002).
    """
    if "://" in address and not address.startswith(SQLITE):
        raise ConfigError("E-CONFIG-002", scheme=address.partition(":")[0])
    if _LIBPQ.search(address):
        raise ConfigError("E-CONFIG-002", scheme="?")
    return Path(address.removeprefix(SQLITE))
