"""Know which shards a node has given away: it takes nobody of them again, whatever map is in use.

An application server with an old map would register a member of the range here a second time. So
the table of people has a trigger that looks at the shard alone, and costs next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from psycopg import sql

from szunion.adapters.storage.postgres.connection import SCHEMA, Connection, ask, tell
from szunion.adapters.storage.postgres.faults import MOVED_AWAY
from szunion.domain.nodes import Shards

_NAME: Final = re.compile(r"gone_(\d+)_(\d+)", re.ASCII)

_REFUSE: Final = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.moved_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the shard lies on another node' USING ERRCODE = '{MOVED_AWAY}';
END $$
"""


def _given(connection: Connection) -> Sequence[Shards]:
    row = ask(
        connection,
        "SELECT coalesce(json_agg(tgname), '[]') FROM pg_trigger"
        " WHERE tgrelid = 'szunion.person'::regclass AND tgname LIKE 'gone\\_%'",
    )
    assert row is not None
    found = (_NAME.fullmatch(name) for name in row[0])
    return [Shards(int(each[1]), int(each[2])) for each in found if each]


def _owner(connection: Connection) -> str:
    """Return who may bring back whom it has given away: whoever moves, until the switch."""
    return sql.Literal(connection.info.user).as_string(connection)


def gone(connection: Connection, shards: Shards) -> None:
    """Take nobody of *shards* from now on; in a transaction, as the owner."""
    tell(connection, _REFUSE)
    tell(
        connection,
        f"CREATE TRIGGER gone_{shards.first}_{shards.last} BEFORE INSERT ON {SCHEMA}.person"
        f" FOR EACH ROW WHEN (NEW.shard BETWEEN {shards.first} AND {shards.last}"
        f" AND current_user <> {_owner(connection)})"
        f" EXECUTE FUNCTION {SCHEMA}.moved_away()",
    )


def taken_back(connection: Connection, shards: Shards) -> None:
    """Take whom *shards* hold again; what else was given away stays so."""
    for given in _given(connection):
        if given.last < shards.first or shards.last < given.first:
            continue
        tell(connection, f"DROP TRIGGER gone_{given.first}_{given.last} ON {SCHEMA}.person")
        for first, last in ((given.first, shards.first - 1), (shards.last + 1, given.last)):
            if first <= last:
                gone(connection, Shards(first, last))
