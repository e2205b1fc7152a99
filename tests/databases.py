"""The PostgreSQL of a test run: one server for the session, a clean database for each test."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from szunion.testing.postgres import NoPostgres
from szunion.testing.postgres_databases import Database, Databases, ready

_run = ExitStack()
_test = ExitStack()
_here: list[Databases | str] = []
_lent: dict[Path, Database] = {}


def of_this_run() -> Databases:
    """Return the server's databases; it is started when a test first asks for it.

    Without a server the test is skipped, and says why.
    """
    if not _here:
        try:
            _here.append(_run.enter_context(Databases.opened()))
        except NoPostgres as error:
            _here.append(str(error))
    (found,) = _here
    if isinstance(found, str):
        pytest.skip(found)
    return found


def database_for(folder: Path) -> Database:
    """Return this test's database that belongs to *folder*, as a file would lie in it."""
    if folder not in _lent:
        _lent[folder] = _test.enter_context(of_this_run().lent("szunion", ready))
    return _lent[folder]


def give_back() -> None:
    """Empty what this test had; another one takes it."""
    _lent.clear()
    _test.close()


def url(address: str) -> str:
    """Return an address in libpq's words as a URL, as people write it."""
    parts = dict(part.split("=", 1) for part in address.split())
    return (
        f"postgresql://{parts['user']}:{parts['password']}@/{parts['dbname']}?host={parts['host']}"
    )


def stop() -> None:
    """Stop the server, if it ran."""
    give_back()
    _run.close()


@pytest.fixture
def databases() -> Databases:
    """Return the server's databases."""
    return of_this_run()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return a database with our schema, empty."""
    return database_for(tmp_path)
