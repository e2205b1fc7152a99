"""Know how one connection to PostgreSQL is opened, and what it must be before it is trusted.

Members and money are kept only where a commit survives the server's death, and by a role that
cannot switch off the second net: no superuser, no ``BYPASSRLS``, not the owner of the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import psycopg
from attrs import fields, frozen
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format
from psycopg.rows import tuple_row
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from szunion.adapters.storage.postgres.arrays import OIDS, Array
from szunion.adapters.storage.postgres.faults import translated
from szunion.errors import ConfigError, StorageError, StorageUnreachable

SCHEMA: Final = "szunion"
"""All that is ours lies in one schema: a host application's tables keep their names."""

OLDEST: Final = 15
_SAFE_COMMIT: Final = frozenset({"on", "remote_apply"})

SPREAD: Final[Mapping[str, str]] = {
    # A scope that is told holds on every node, not on the first alone.
    "citus.propagate_set_commands": "local",
    # One line to a node: what a transaction has written there, it sees there.
    "citus.max_adaptive_executor_pool_size": "1",
    # A node that is gone holds nobody up for longer than another transaction may.
    "citus.node_connection_timeout": "10000",
}
"""What a session also says; a server without Citus takes no notice of it."""

Connection = psycopg.Connection[tuple[Any, ...]]


@frozen(kw_only=True)
class Limits:
    """How long anything may take, and how many connections there may be: everything ends."""

    connections: int = 16
    wait: float = 10.0
    """Seconds to wait for a free connection."""
    connect: int = 5
    """Seconds to wait for a server to answer."""
    lock: float = 10.0
    """Seconds to wait for what another transaction holds."""
    commit: float = 30.0
    """Seconds to wait for the server's word that a commit is kept, and its standby's."""
    statement: float = 300.0
    """Seconds that one statement may run."""
    idle: float = 600.0
    """Seconds for which a transaction may be open and do nothing."""
    tries: int = 5
    """How often a decision is made before the store counts as busy."""
    pause: float = 0.1
    """Seconds before a lost server is sought again; doubled each time."""

    def options(self) -> str:
        """Return the session's settings as the server takes them at the start."""
        told = {
            "search_path": f"{SCHEMA},pg_catalog,pg_temp",
            "statement_timeout": f"{self.statement * 1000:.0f}",
            "lock_timeout": f"{self.lock * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{self.idle * 1000:.0f}",
            "client_min_messages": "warning",
            "timezone": "UTC",
            "jit": "off",  # a look-up through a policy looks costly and is not
            "cursor_tuple_fraction": "1",  # what is streamed is read to its end
            **SPREAD,
        }
        return " ".join(f"-c {name}={value}" for name, value in told.items())


def with_parts(dsn: str, **parts: str) -> str:
    """Return an address with some of its parts replaced."""
    return make_conninfo(dsn, **parts)


def connect(dsn: str, limits: Limits) -> Connection:
    """Open a connection; every statement of ours stays prepared on it.

    Raises:
        StorageUnreachable: no server answers there, or it does not let us in (E-STORE-020).
    """
    connection: Connection | None = None
    with suppress(psycopg.Error):  # the driver's words are not even the context of ours
        theirs = conninfo_to_dict(dsn)
        options = f"{theirs.get('options') or ''} {limits.options()}".strip()
        told: dict[str, Any] = {
            "client_encoding": "utf8", "application_name": "szunion", "keepalives_idle": 10,
            "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15000,
            "connect_timeout": limits.connect, **theirs, "options": options,
        }  # fmt: skip
        connection = psycopg.connect(make_conninfo("", **told), autocommit=True)
    if connection is None:
        raise StorageUnreachable("E-STORE-020")
    connection.prepare_threshold = 0
    connection.prepared_max = 2000
    adapt(connection.adapters)
    return connection


class _ArrayDumper(Dumper):
    """Hands over an array that is in its binary form already."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


_ARRAYS: Final[Mapping[type[Array], type[Dumper]]] = {
    kind: type(f"{kind.__name__}Dumper", (_ArrayDumper,), {"oid": oid})
    for kind, oid in OIDS.items()
}


def adapt(adapters: AdaptersMap) -> None:
    """Send every whole number as ``bigint``: one prepared statement, whatever its size.

    And the columns of a chunk as they are: arrays in binary form.
    """
    for kind, dumper in _ARRAYS.items():
        adapters.register_dumper(kind, dumper)
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(int, Int8BinaryDumper)


QUESTIONS: Final = """
SELECT current_setting('server_version_num')::int / 10000,
       current_setting('fsync'), current_setting('full_page_writes'),
       current_setting('synchronous_commit'), current_setting('server_encoding'),
       current_setting('client_encoding'), current_setting('data_checksums'),
       pg_is_in_recovery(), r.rolsuper, r.rolbypassrls,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'szunion' AND c.relkind IN ('r', 'p')
                 AND pg_has_role(r.rolname, c.relowner, 'MEMBER'))
FROM pg_roles r WHERE r.rolname = current_user
"""
"""What :class:`Seen` is made of, in its order."""


@frozen(kw_only=True)
class Seen:
    """What a server and a role say of themselves."""

    version: int
    fsync: str
    full_page_writes: str
    synchronous_commit: str
    server_encoding: str
    client_encoding: str
    checksums: str
    standby: bool
    superuser: bool
    bypasses: bool
    owner: bool

    def check(self, node: str = "") -> None:
        """Check that nothing acknowledged can be lost, and that the second net holds.

        Args:
            node: Which of several servers it is, to be told.

        Raises:
            StorageError: a setting, or the role, is weaker than that (E-STORE-003).
            StorageUnreachable: this server is a standby, so the primary is elsewhere (E-STORE-020).
        """
        if self.standby:
            raise StorageUnreachable("E-STORE-020")
        unsafe = partial(_unsafe, f" ({node})" if node else "")
        if self.version < OLDEST:
            raise unsafe("server_version", f">= {OLDEST}", self.version)
        wanted: Mapping[str, str] = {
            "fsync": "on", "full_page_writes": "on", "server_encoding": "UTF8",
            "client_encoding": "UTF8",
        }  # fmt: skip
        for setting, value in wanted.items():
            if (found := getattr(self, setting)) != value:
                raise unsafe(setting, value, found)
        if self.synchronous_commit not in _SAFE_COMMIT:
            raise unsafe("synchronous_commit", "on, remote_apply", self.synchronous_commit)
        for trait, has in (
            ("role: SUPERUSER", self.superuser), ("role: BYPASSRLS", self.bypasses),
            ("role: OWNER", self.owner),
        ):  # fmt: skip
            if has:
                raise unsafe(trait, "no", "yes")

    @property
    def warnings(self) -> tuple[str, ...]:
        """The codes of what is allowed and not wise."""
        return () if self.checksums == "on" else ("W-STORE-001",)


ANSWERS: Final = tuple(each.name for each in fields(Seen))


def _unsafe(where: str, setting: str, wanted: object, found: object) -> StorageError:
    return StorageError("E-STORE-003", setting=f"{setting}{where}", wanted=wanted, found=found)


def ask(connection: Connection, question: str, *parameters: object) -> tuple[Any, ...] | None:
    """Return the first row of an answer, whatever rows are on the host's connection."""
    with translated():
        cursor = connection.cursor(row_factory=tuple_row)
        return cursor.execute(question.encode(), parameters or None, prepare=False).fetchone()


def tell(to: Connection | psycopg.Cursor[Any], command: str) -> None:
    """Run a command without parameters and without an answer."""
    with translated():
        to.execute(command.encode(), prepare=False, binary=False)


def place_of(connection: Connection) -> tuple[int, int]:
    """Return which database this is, however it was addressed: whose cluster's, and which there."""
    row = ask(
        connection,
        "SELECT system_identifier, oid::bigint FROM pg_control_system(), pg_database"
        " WHERE datname = current_database()",
    )
    assert row is not None, "a connection is to a database"
    cluster, number = row
    return cluster, number


def role_at(owner: Connection, address: str) -> str:
    """Return the role in which *address* logs in to the database on which *owner* works.

    Raises:
        ConfigError: it is the address of another database (E-STORE-040).
        StorageUnreachable: no server answers there, or it does not let us in (E-STORE-020).
    """
    connection = connect(address, Limits())
    try:
        if place_of(connection) != place_of(owner):
            names = {"owner": owner.info.dbname, "program": connection.info.dbname}
            raise ConfigError("E-STORE-040", **names)
        return connection.info.user
    finally:
        connection.close()


def look(connection: Connection) -> Seen:
    """Return what the server at the other end says of itself, and of our role.

    Raises:
        StorageError: it does not answer.
    """
    row = ask(connection, QUESTIONS)
    assert row is not None, "a role sees itself"
    return Seen(**dict(zip(ANSWERS, row, strict=True)))
