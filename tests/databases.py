"""The PostgreSQL of a test run: one server for the session, a clean database for each test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from szunion.testing.postgres import NoPostgres, PostgresServer
from szunion.testing.postgres_databases import CITUS_DSN, Database, Databases, ready


def one_server(reason: str) -> pytest.MarkDecorator:
    """Return the mark of what is promised of one PostgreSQL server alone."""
    return pytest.mark.skipif(bool(os.environ.get(CITUS_DSN)), reason=reason)


ONE_SERVER = one_server(
    "on Citus decisions queue from the first try, and a host's transaction has no turn:"
    " test_citus.py has what holds there"
)
OF_A_RANGE = one_server(
    "Citus moves its own shards, and no range moves in or out: test_citus_moves.py has the refusal"
)

ON_CITUS = pytest.mark.citus
"""For what needs a coordinator and workers that the run was given; conftest.py skips it else."""

_run = ExitStack()
_test = ExitStack()
_here: list[Databases | str] = []
_lent: dict[Path, Database] = {}
_lasting: dict[Path, Database] = {}


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
    if folder in _lasting:
        return _lasting[folder]
    if folder not in _lent:
        _lent[folder] = _test.enter_context(of_this_run().lent("szunion", ready))
    return _lent[folder]


@contextmanager
def lasting(folder: Path) -> Iterator[None]:
    """Let a database belong to *folder* for as long as the block lasts, over many tests."""
    with of_this_run().lent("szunion", ready) as found:
        _lasting[folder] = found
        try:
            yield
        finally:
            del _lasting[folder]


@contextmanager
def of_another_server(server: PostgresServer, folder: Path) -> Iterator[None]:
    """Let a database of *server*, not of the run's own, belong to *folder* in the block."""
    others = Databases(server.dsn(), server)
    others.prepare()
    _lasting[folder] = others.filled(ready)
    try:
        yield
    finally:
        del _lasting[folder]


@contextmanager
def of_this_process(own: Databases) -> Iterator[None]:
    """Let *own* be the server's databases of a process that is no test run."""
    own.prepare()
    _here.append(own)
    try:
        yield
    finally:
        give_back()
        _here.clear()


def copy_for(folder: Path, source: Path) -> None:
    """Let a copy of the database that belongs to *source* belong to *folder*."""
    _lent[folder] = of_this_run().copied(database_for(source))


def remove_copy(folder: Path) -> None:
    """Remove the copy that belongs to *folder*."""
    of_this_run().remove(_lent.pop(folder))


def give_back() -> None:
    """Empty what this test had; another one takes it."""
    _lent.clear()
    _test.close()


def url(address: str) -> str:
    """Return an address in libpq's words as a URL, as people write it."""
    parts = dict(part.split("=", 1) for part in address.split())
    where = f"host={parts['host']}" + (f"&port={parts['port']}" if "port" in parts else "")
    return f"postgresql://{parts['user']}:{parts['password']}@/{parts['dbname']}?{where}"


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


_PARAMETER: Final = re.compile(r"%\(\w+\)s|%s")


def planned(connection: psycopg.Connection[Any], statement: str) -> str:
    """Return the plan that a server has for *statement* whatever is asked, as it shows it."""
    numbers = count(1)
    text = _PARAMETER.sub(lambda _: f"${next(numbers)}", statement)
    given = ", ".join(["NULL"] * (next(numbers) - 1))
    asked = f"EXPLAIN (COSTS OFF) EXECUTE asked{f'({given})' if given else ''}"
    connection.execute("SET plan_cache_mode = force_generic_plan", prepare=False)
    connection.execute(f"PREPARE asked AS {text}".encode(), prepare=False)
    plan = connection.execute(asked.encode(), prepare=False).fetchall()
    connection.execute("DEALLOCATE asked", prepare=False)
    return "\n".join(line for (line,) in plan)
