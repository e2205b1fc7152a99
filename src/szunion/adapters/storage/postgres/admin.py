"""Know what an administrator does with a database: makes it, looks at it, brings it up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from attrs import frozen

from szunion.adapters.storage.postgres.citus import (
    ENGINE,
    astray,
    check_cluster,
    check_workers,
    is_spread,
    spread,
    unused,
)
from szunion.adapters.storage.postgres.connection import (
    SCHEMA,
    Connection,
    Limits,
    Seen,
    ask,
    connect,
    look,
    role_at,
)
from szunion.adapters.storage.postgres.migrate import (
    Migration,
    has_table,
    migrate,
    migrations,
    pending,
    planned,
    rehearse,
    version,
)
from szunion.adapters.storage.postgres.net import holes, secure
from szunion.adapters.storage.postgres.storage import check_schema
from szunion.adapters.storage.postgres.tables import is_filling
from szunion.adapters.storage.sql.migrations import Planned
from szunion.errors import ConfigError, StorageBusy, StorageError


@frozen(kw_only=True)
class Standby:
    """What an application can see of the standby that confirms its commits (同步备库)."""

    names: str
    """Which are asked for; empty: none."""
    connected: int
    """How many standbys receive from this server."""
    waiting: int
    """How many commits of our role wait for a confirmation now."""
    seconds: float
    """How long the first of them has waited."""

    @property
    def silent(self) -> bool:
        """Whether commits wait that nobody will confirm soon."""
        return bool(self.names) and (not self.connected or self.seconds > _PATIENCE)


_PATIENCE: Final = 5.0
"""Seconds: a confirmation takes milliseconds."""

_STANDBY: Final = """
SELECT current_setting('synchronous_standby_names'),
       (SELECT count(*) FROM pg_stat_replication),
       count(*), coalesce(extract(epoch FROM max(now() - state_change)), 0)::float8
FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = current_user
"""


def standby(connection: Connection) -> Standby:
    """Return what can be seen of the standby from here."""
    row = ask(connection, _STANDBY)
    assert row is not None
    names, connected, waiting, seconds = row
    return Standby(names=names, connected=connected, waiting=waiting, seconds=seconds)


@frozen(kw_only=True)
class State:
    """What a database is, as its application sees it."""

    name: str
    schema: int
    known: int
    steps: Sequence[Migration]
    """What is still to be applied."""
    holes: Sequence[str]
    """Tables that the second net does not hold."""
    engine: str
    """``citus``: the tables are spread over its nodes; empty: one server has them."""
    astray: Sequence[str]
    """Tables that do not lie on the nodes on which they should."""
    bytes: int
    seen: Seen
    standby: Standby

    @property
    def sound(self) -> bool:
        """Whether the application may open it."""
        return not (self.steps or self.holes or self.astray)


@contextmanager
def _open(dsn: str) -> Iterator[Connection]:
    connection = connect(dsn, Limits())
    try:
        yield connection
    finally:
        connection.close()


def state(dsn: str) -> State:
    """Return the state of the database that *dsn* names, in the role it names.

    Raises:
        StorageUnreachable: no server answers (E-STORE-020).
        StorageError: a setting or the role is unsafe (E-STORE-003).
    """
    with _open(dsn) as connection:
        seen = look(connection)
        seen.check()
        size = ask(connection, "SELECT pg_database_size(current_database())")
        assert size is not None
        found, spread_ = version(connection), is_spread(connection)
        if spread_:
            check_workers(connection)
        return State(
            name=connection.info.dbname, schema=found, known=len(migrations()),
            engine=ENGINE if spread_ else "", astray=astray(connection) if spread_ else (),
            steps=pending(connection), holes=holes(connection) if found else (),
            bytes=size[0], seen=seen, standby=standby(connection),
        )  # fmt: skip


def is_in_use(dsn: str) -> bool:
    """Return whether there is a union in the database: nothing is sealed before its first one.

    Raises:
        StorageUnreachable: no server answers (E-STORE-020).
        StorageError: it is unsafe (E-STORE-003), or no database that this code opens.
    """
    with _open(dsn) as connection:
        look(connection).check()
        check_schema(connection)
        return ask(connection, f"SELECT FROM {SCHEMA}.organisation LIMIT 1") is not None


def to_do(owner: str) -> tuple[int, Sequence[Migration]]:
    """Return the schema's version and what is to be applied; nothing is changed."""
    with _open(owner) as connection:
        return version(connection), pending(connection)


def plan(owner: str) -> Sequence[Planned]:
    """Return what each statement that is to be applied would do; nothing is changed."""
    with _open(owner) as connection:
        return planned(connection)


def rehearsed(owner: str, application: str, *, at: int) -> Sequence[Migration]:
    """Do what :func:`bring_up` would do, see whether it goes through, and undo it."""
    with _open(owner) as connection:
        role = role_at(connection, application)
        return rehearse(connection, role, at=at)


def bring_up(
    owner: str, application: str, *, at: int, distributed: str = ""
) -> Sequence[Migration]:
    """Apply what is pending as the *owner*, and weave the net for the role of *application*.

    Args:
        owner: The address with the role that owns the tables.
        application: The address with the role in which the program works.
        at: Microseconds since 1970 UTC, written beside each version.
        distributed: ``citus``: spread the tables of a new database over its nodes. A database whose
            tables are spread stays so without it.

    Raises:
        ConfigError: there is no such engine (E-STORE-035), or the two addresses are those of two
            databases (E-STORE-040).
        StorageBusy: members move between this node and another (E-NODES-016).
        StorageError: a copy into the database has not come to its end (E-STORE-025), the nodes are
            not there (E-STORE-036), or one server holds its tables (E-STORE-037). Nothing was
            changed.
    """
    with _open(owner) as connection:
        role = role_at(connection, application)
        if is_filling(connection):
            raise StorageError("E-STORE-025")
        if has_table(connection, "moving"):
            raise StorageBusy("E-NODES-016")
        if distributed:
            _check_new(connection, distributed)
        steps = migrate(connection, at=at)
        if distributed or is_spread(connection):
            spread(connection)
        secure(connection, role)
    return steps


def _check_new(connection: Connection, engine: str) -> None:
    if engine != ENGINE:
        raise ConfigError("E-STORE-035", engine=engine)
    check_cluster(connection)
    # A run that was killed after the schema and before the spreading left no row.
    if version(connection) and not is_spread(connection) and not unused(connection):
        raise StorageError("E-STORE-037", name=connection.info.dbname)
