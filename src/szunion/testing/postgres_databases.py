"""Know how each test gets a database of its own: one that was made once, and emptied since.

Two roles share a database as in production: an *owner*, which makes and migrates the tables, and an
*application*, which works on them and owns nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Final, Self

from attrs import define, field, frozen

from szunion.adapters.storage.postgres.citus import ENGINE, spread
from szunion.adapters.storage.postgres.connection import (
    Limits,
    ask,
    connect,
    tell,
    with_parts,
)
from szunion.adapters.storage.postgres.migrate import migrate
from szunion.adapters.storage.postgres.net import secure
from szunion.testing.postgres import NoPostgres, PostgresServer

__all__ = ["DSN", "Database", "Databases", "ready"]

DSN: Final = "SZUNION_TEST_PG_DSN"
"""The address of a running server, as a role that may make roles and databases."""

CITUS_DSN: Final = "SZUNION_TEST_CITUS_DSN"
"""The same of a Citus coordinator, whose database there knows its workers."""

OWNER: Final = "szunion_test_owner"
APPLICATION: Final = "szunion_test_app"
_PASSWORD: Final = "tests-only"  # noqa: S105 - of roles that exist on a test server
_names: Final = count(1)


@frozen
class Database:
    """One database: how its application, its owner and the server's administrator come to it."""

    name: str
    admin: str = field(repr=False)
    engine: str = ""
    """``citus``: it has the extension, on all its nodes."""

    @property
    def owner(self) -> str:
        """The owner's address."""
        return with_parts(self.admin, user=OWNER, password=_PASSWORD)

    @property
    def app(self) -> str:
        """The application's address."""
        return with_parts(self.admin, user=APPLICATION, password=_PASSWORD)


@frozen
class Node:
    """One node of a Citus cluster, as its coordinator knows it."""

    host: str
    port: int
    group: int
    """0: the coordinator."""


@define
class Databases:
    """The databases of one server, its own or one that was named."""

    admin: str = field(repr=False)
    server: PostgresServer | None = None
    """The server, where it is ours; a named one is not to be stopped or killed."""
    nodes: Sequence[Node] = ()
    """The nodes of a Citus cluster, its coordinator first; none: one PostgreSQL."""
    _free: dict[str, list[Database]] = field(factory=dict, init=False)
    _made: list[Database] = field(factory=list, init=False)

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Use the server that ``SZUNION_TEST_PG_DSN`` names, or run one of our own.

        Raises:
            NoPostgres: there is none.
        """
        spread = os.environ.get(CITUS_DSN)
        given = spread or os.environ.get(DSN)
        if given:
            found = cls(given, nodes=_nodes(given) if spread else ())
            found.prepare()
            try:
                yield found
            finally:
                found.drop()
            return
        with PostgresServer.start() as server:
            own = cls(server.dsn(), server)
            own.prepare()
            yield own

    def prepare(self) -> None:
        """Make the two roles where they are not there."""
        for role in (OWNER, APPLICATION):
            self._tell(
                f"DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD '{_PASSWORD}';"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )

    def _tell(self, command: str) -> None:
        connection = connect(self.admin, Limits())
        try:
            tell(connection, command)
        finally:
            connection.close()

    def empty(self) -> Database:
        """Make a database without tables, for the owner to fill."""
        return self._made_as("")

    def _made_as(self, how: str) -> Database:
        name = f"szunion_{os.getpid()}_{next(_names)}"
        made = Database(
            name, with_parts(self.admin, dbname=name), engine=ENGINE if self.nodes else ""
        )
        if self.nodes:
            _on_each(self.admin, self.nodes, f'CREATE DATABASE "{name}" OWNER {OWNER} {how}')
            _joined(made, self.nodes)
        else:
            self._tell(f'CREATE DATABASE "{name}" OWNER {OWNER} {how}')
        self._made.append(made)
        return made

    @contextmanager
    def lent(self, kind: str, fill: Callable[[Database], None]) -> Iterator[Database]:
        """Lend a database of *kind* as *fill* left it; afterwards its tables are emptied."""
        free = self._free.setdefault(kind, [])
        lent = free.pop() if free else self.filled(fill)
        try:
            yield lent
        finally:
            _emptied(lent, self.nodes)
            free.append(lent)

    def filled(self, fill: Callable[[Database], None]) -> Database:
        """Make a database and let *fill* make its tables."""
        made = self.empty()
        fill(made)
        return made

    def copied(self, source: Database) -> Database:
        """Make a copy of a database to which nobody is connected, with all that is in it."""
        return self._made_as(f'TEMPLATE "{source.name}"')

    def remove(self, made: Database) -> None:
        """Remove a database that was made here, whoever is still connected."""
        self._made.remove(made)
        drop = f'DROP DATABASE IF EXISTS "{made.name}" WITH (FORCE)'
        if self.nodes:
            _on_each(self.admin, self.nodes, drop)
        else:
            self._tell(drop)

    def drop(self) -> None:
        """Remove what was made."""
        while self._made:
            self.remove(self._made[-1])


def _nodes(admin: str) -> Sequence[Node]:
    """Return the nodes that a coordinator knows.

    Raises:
        NoPostgres: it is no coordinator, or has no workers.
    """
    connection = connect(admin, Limits())
    try:
        row = ask(
            connection,
            "SELECT json_agg(json_build_array(nodename, nodeport, groupid) ORDER BY groupid)"
            " FROM pg_dist_node WHERE noderole = 'primary'",
        )
    finally:
        connection.close()
    found = [Node(*each) for each in (row or [None])[0] or ()]
    if [node.group for node in found[:2]] != [0, 1]:
        msg = (
            f"{CITUS_DSN} 不是有工作节点的 Citus 协调节点 · "
            f"{CITUS_DSN} names no Citus coordinator that has workers"
        )
        raise NoPostgres(msg)
    return found


def _on_each(admin: str, nodes: Sequence[Node], *commands: str) -> None:
    """Run commands on every node itself: a database is made, and dropped, node by node."""
    for node in nodes:
        connection = connect(with_parts(admin, host=node.host, port=str(node.port)), Limits())
        try:
            tell(connection, "SET citus.enable_create_database_propagation = off")
            for command in commands:
                tell(connection, command)
        finally:
            connection.close()


def _joined(made: Database, nodes: Sequence[Node]) -> None:
    """Make one cluster of the databases of one name that the nodes have."""
    _on_each(made.admin, nodes, "CREATE EXTENSION citus")
    connection = connect(made.admin, Limits())
    try:
        for node in nodes:
            add = "citus_add_node" if node.group else "citus_set_coordinator_host"
            ask(connection, f"SELECT {add}(%s, CAST(%s AS integer))", node.host, node.port)
    finally:
        connection.close()


def ready(database: Database) -> None:
    """Make our tables in an empty database, as ``szunion db init`` does."""
    connection = connect(database.owner, Limits())
    try:
        migrate(connection, at=0)
        if database.engine:
            spread(connection)
        secure(connection, APPLICATION)
    finally:
        connection.close()


_EMPTY: Final = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- no triggers: a log is never deleted otherwise
    FOR name IN SELECT c.relname FROM pg_class c
                WHERE c.relnamespace = to_regnamespace('szunion') AND c.relkind = 'r'
                AND c.relname NOT IN ('schema_migration', 'index_key') {ours} LOOP
        EXECUTE format('DELETE FROM szunion.%I', name);
    END LOOP;
    -- as the schema fills it: the first keys of the indexes
    IF to_regclass('szunion.index_key') IS NOT NULL THEN
        UPDATE szunion.index_key SET key_id = CASE field WHEN 'document' THEN 2 ELSE 3 END;
    END IF;
END $$
"""
_PIECES: Final = "AND c.oid NOT IN (SELECT logicalrelid FROM pg_dist_partition)"
"""Each node empties what lies there, the pieces of spread tables too: Citus would ask for each."""
_PIECES_SHOWN: Final = (
    "SET citus.override_table_visibility = off; SET citus.enable_manual_changes_to_shards = on"
)


def _emptied(database: Database, nodes: Sequence[Node]) -> None:
    """Empty the tables as the administrator, whom row-level security does not hide a row from.

    Whoever is still connected is a transaction that the test has forgotten: it is ended.
    """
    connection = connect(database.admin, Limits())
    try:
        tell(
            connection,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        if not nodes:
            tell(connection, _EMPTY.format(ours=""))
    finally:
        connection.close()
    _on_each(database.admin, nodes, _PIECES_SHOWN, _EMPTY.format(ours=_PIECES))
