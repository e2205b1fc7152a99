"""Know how a PostgreSQL database is read, and filled, table by table, through COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import psycopg
from attrs import field, frozen
from psycopg import sql
from psycopg.rows import tuple_row

from szunion.adapters.storage.postgres.citus import TOGETHER
from szunion.adapters.storage.postgres.connection import SCHEMA, Connection, ask, tell
from szunion.adapters.storage.postgres.faults import ours, translated
from szunion.adapters.storage.postgres.migrate import has_table, migrations, version
from szunion.adapters.storage.postgres.references import by_row
from szunion.adapters.storage.sql.migrations import written
from szunion.adapters.storage.sql.session import Row
from szunion.adapters.storage.sql.tables import HEAD, Table, head_of, only_in

#: What each database says of itself, and is not carried.
_OWN: Final = ("filling", "moving", "schema_migration", TOGETHER, "write_gate")

_LOG: Final = "audit"
"""The log of changes is in the order of its places; it has no other key."""

_TABLES: Final = """
SELECT c.relname,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.atttypid <> 'xid8'::regtype),  -- numbers of this server's own transactions
       (SELECT array_agg(a.attname::text ORDER BY k.place)
        FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = k.number)
FROM pg_class c
WHERE c.relnamespace = to_regnamespace('szunion') AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND NOT c.relname = ANY (%s)
ORDER BY c.relname COLLATE "C"
"""
_KINDS: Final = """
SELECT json_object_agg(c.relname || '.' || a.attname, format_type(a.atttypid, NULL))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = to_regnamespace('szunion') AND a.attnum > 0 AND NOT a.attisdropped
"""

_UNSETTLED: Final = """
SELECT {columns} FROM (
    SELECT audit.*, (SELECT coalesce(max(place), 0) FROM audit)
        + row_number() OVER (ORDER BY xid, audit_id & 9007199254740991) AS settled
    FROM audit WHERE place IS NULL
) a
WHERE settled > %s ORDER BY settled
"""
"""Rows that the sealer has not numbered yet, numbered as it would (``audit.settle``): what is
committed when one looks at one moment has its order."""


def quoted(name: str) -> str:
    """Return a name of our schema as SQL writes it."""
    return sql.Identifier(name).as_string()


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(quoted, columns))


@frozen
class PostgresTables:
    """One connection as tables; see :class:`szunion.adapters.storage.sql.tables.Tables`."""

    connection: Connection
    _kinds: dict[str, str] = field(factory=dict, init=False, eq=False)

    @property
    def schema(self) -> int:
        return version(self.connection)

    def tables(self) -> Sequence[Table]:
        with translated():
            cursor = self.connection.cursor(row_factory=tuple_row)
            found = cursor.execute(_TABLES.encode(), (list(_OWN),), prepare=False).fetchall()
        return [
            Table(name, tuple(columns), ("place",) if name == _LOG else tuple(key or columns))
            for name, columns, key in found
        ]

    def _which(self, table: Table) -> str:
        """Return the condition for its rows: here all of them."""
        del table
        return "true"

    def count(self, table: Table) -> int:
        row = ask(
            self.connection,
            f"SELECT count(*) FROM {quoted(table.name)} WHERE {self._which(table)}",  # noqa: S608
        )
        assert row is not None
        found: int = row[0]
        return found

    def rows(self, table: Table, after: Row | None = None) -> Iterator[Row]:
        key, marks = _names(table.key), ", ".join(["%s"] * len(table.key))
        behind = f" AND ({key}) > ({marks})" if after else ""
        if table.name == _LOG:
            behind = f"{behind} AND place IS NOT NULL"
        text = (
            f"SELECT {_names(table.columns)} FROM {quoted(table.name)}"  # noqa: S608
            f" WHERE {self._which(table)}{behind} ORDER BY {key}"
        )
        yield from self._copied(table, text, after or ())
        if table.name == _LOG:
            columns = (f"settled AS {c}" if c == "place" else c for c in table.columns)
            yield from self._copied(
                table, _UNSETTLED.format(columns=", ".join(columns)), after or (0,)
            )

    def _copied(self, table: Table, text: str, parameters: Sequence[object]) -> Iterator[Row]:
        kinds = self._kinds_of(table)
        failed: Exception | None = None
        try:
            cursor = self.connection.cursor()
            with cursor.copy(
                f"COPY ({text}) TO STDOUT (FORMAT BINARY)".encode(), parameters
            ) as copy:
                copy.set_types(kinds)
                yield from copy.rows()
        except psycopg.Error as error:
            failed = ours(error)
        if failed is not None:
            raise failed

    def _kinds_of(self, table: Table) -> list[str]:
        if not self._kinds:
            row = ask(self.connection, _KINDS)
            assert row is not None
            self._kinds.update(row[0])
        return [self._kinds[f"{table.name}.{column}"] for column in table.columns]

    def last(self, table: Table) -> Row | None:
        back = ", ".join(f"{quoted(each)} DESC" for each in table.key)
        return ask(
            self.connection,
            f"SELECT {_names(table.key)} FROM {quoted(table.name)}"  # noqa: S608
            f" WHERE {self._which(table)} ORDER BY {back} LIMIT 1",
        )

    def put(self, table: Table, rows: Iterable[Row]) -> int:
        """Write rows as they are, by one statement, which is all or nothing; return how many."""
        kinds = self._kinds_of(table)
        with translated():
            cursor = self.connection.cursor()
            with cursor.copy(
                f"COPY {quoted(table.name)} ({_names(table.columns)})"
                " FROM STDIN (FORMAT BINARY)".encode()
            ) as copy:
                copy.set_types(kinds)
                for row in rows:
                    copy.write_row(row)
        return max(cursor.rowcount, 0)

    def audit_head(self) -> str:
        there = has_table(self.connection, "audit_checkpoint")
        return head_of(ask(self.connection, HEAD) if there else None)

    def loose(self) -> int:
        """Return 0: what refers to nothing is refused when the references are put back."""
        return 0


# --- what stands in the way of filling --------------------------------------------------------

_TAKE_AWAY: Final = """
CREATE TABLE szunion.filling (place bigint PRIMARY KEY, away text NOT NULL, again text NOT NULL);
COMMENT ON TABLE szunion.filling IS
    'There while the tables are being filled: what was taken away for it, and comes back.';
INSERT INTO szunion.filling
SELECT row_number() OVER (ORDER BY kind, name), away, again FROM (
    SELECT 1 AS kind, i.relname AS name, format('DROP INDEX szunion.%I', i.relname) AS away,
           pg_get_indexdef(x.indexrelid) AS again
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE i.relnamespace = 'szunion'::regnamespace AND NOT x.indisunique
    UNION ALL
    SELECT 2, k.conrelid::regclass || k.conname,
           format('ALTER TABLE szunion.%I DROP CONSTRAINT %I', c.relname, k.conname),
           format('ALTER TABLE szunion.%I ADD CONSTRAINT %I %s', c.relname, k.conname,
                  pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.connamespace = 'szunion'::regnamespace
      AND (k.contype = 'f' OR k.conname LIKE '%_by_two_sides')  -- a rule of the moment of signing
) t;
DO $$ DECLARE each text; BEGIN
    FOR each IN SELECT away FROM szunion.filling ORDER BY place LOOP EXECUTE each; END LOOP;
    -- COPY does not write where row-level security holds for the owner, too
    FOR each IN SELECT format('ALTER TABLE szunion.%I NO FORCE ROW LEVEL SECURITY', c.relname)
                FROM pg_class c WHERE c.relnamespace = 'szunion'::regnamespace
                AND c.relforcerowsecurity LOOP EXECUTE each; END LOOP;
END $$
"""
_BRING_BACK: Final = """
DO $$ DECLARE each text; BEGIN
    FOR each IN SELECT again FROM szunion.filling ORDER BY place LOOP EXECUTE each; END LOOP;
END $$;
DROP TABLE szunion.filling
"""


def is_filling(connection: Connection) -> bool:
    """Return whether the tables are being filled, by a copy that has not come to its end."""
    return has_table(connection, "filling")


def take_away(connection: Connection) -> None:
    """Take away references and what only speeds up looking, and remember them; in a transaction."""
    by_row(connection)
    tell(connection, _TAKE_AWAY)


def bring_back(connection: Connection) -> None:
    """Put back what was taken away, which looks at every reference; in a transaction.

    Raises:
        Conflict: a row refers to nothing (E-STORE-004).
    """
    tell(connection, _BRING_BACK)


def analyse(connection: Connection) -> None:
    """Let the server count what is in each table; outside a transaction, as Citus needs it."""
    found = ask(
        connection,
        "SELECT json_agg(relname) FROM pg_class"
        " WHERE relnamespace = 'szunion'::regnamespace AND relkind = 'r'",
    )
    assert found is not None
    for table in found[0]:
        tell(connection, f"ANALYZE {SCHEMA}.{quoted(table)}")


def without_first_rows(connection: Connection) -> bool:
    """Take away what the migrations themselves wrote; False: something else was written since."""
    tables = PostgresTables(connection)
    first = written(migrations()[: tables.schema])
    if not only_in(tables, first):
        return False
    for name in first:
        tell(connection, f"DELETE FROM {SCHEMA}.{quoted(name)}")  # noqa: S608
    return True
