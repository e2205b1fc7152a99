"""What a schema has, read from either engine in words that both share, and what differs."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from typing import Any, Final

import psycopg

from szunion.adapters.storage.postgres.references import REFERENCES, triggers
from szunion.adapters.storage.sqlite import migrate, session

Part = tuple[str, str, object]
"""A table, a kind of part (column, key, unique, refers, index, check, trigger), and which."""

TYPES: Final = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}

#: What only one engine needs, and why.
ONLY_SQLITE: Final[dict[Part, str]] = {
    ("ledger", "trigger", "ledger_id_is_not_taken_over"): "against INSERT OR REPLACE",
    ("ledger", "trigger", "ledger_end_is_not_taken_over"): "against INSERT OR REPLACE",
    ("audit", "key", ("place",)): "a row has its place from the first",
    ("audit", "column", ("place", "bigint", True)): "a row has its place from the first",
    ("audit", "index", ("audit_by_actor", False, ("actor", "place", "at"), ())): "as its place",
}
ONLY_POSTGRES: Final[dict[Part, str]] = {
    ("audit", "column", ("place", "bigint", False)): "the sealer numbers what was committed",
    ("audit", "column", ("xid", "xid8", True)): "transactions, in their order",
    ("audit", "index", ("audit_place", True, ("place",), ("null", "place"))): "in place of the key",
    ("audit", "index", ("audit_unsettled", False, ("xid",), ("null", "place"))): "for the sealer",
    (
        "audit", "index",
        ("audit_by_actor", False, ("actor", "place", "at"), ("null", "place")),
    ): "an entry is written once in it, when it has its place",
}  # fmt: skip
_OF_NEITHER: Final = frozenset({"schema_migration", "write_gate"})
"""What the runners of migrations make for themselves."""


def words_of(expression: str, columns: set[str]) -> tuple[str, ...]:
    """Return what an expression is about, however an engine writes it: columns, literals, numbers.

    PostgreSQL rewrites what it is given (``IN`` becomes ``= ANY (ARRAY[…])``, casts come in), and
    SQLite checks types by ``typeof``, which PostgreSQL's columns do by themselves.
    """
    expression = re.sub(r"typeof\((\w+)\) = 'integer'|::\w+", "", expression)
    found = re.findall(r"'((?:[^']|'')*)'|\b([A-Za-z_]\w*)\b|\b([0-9]+)\b", expression)
    literals = {text or number for text, _, number in found}
    words = {word.lower() for _, word, _ in found} & (columns | {"null"})
    return tuple(sorted((literals | words) - {""}))


def checks_in(sql: str) -> list[str]:
    """Return the expressions of the CHECKs in a CREATE TABLE."""
    found = []
    for start in re.finditer(r"CHECK \(", sql):
        depth, at = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        found.append(sql[start.end() : at - 1])
    return found


def of_sqlite(connection: sqlite3.Connection) -> Counter[Part]:
    """Return everything that a SQLite schema has."""
    found: Counter[Part] = Counter()
    ask = connection.execute
    for table, sql in ask("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall():
        if not table.startswith("sqlite_"):
            found.update((table, kind, what) for kind, what in _of_table(connection, table, sql))
    for name, table in ask("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger'"):
        found[table, "trigger", name] += 1
    return found


def _of_table(connection: sqlite3.Connection, table: str, sql: str) -> list[tuple[str, object]]:
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    names = {row[1] for row in rows}
    found: list[tuple[str, object]] = [
        ("column", (name, TYPES[kind], bool(required or key)))
        for _, name, kind, required, _, key in rows
    ]
    if key := tuple(row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]):
        found.append(("key", key))
    found += _indexes(connection, table, names)
    foreign: dict[int, list[Any]] = {}
    for row in connection.execute(f"PRAGMA foreign_key_list({table})"):
        foreign.setdefault(row[0], []).append(row)
    for parts in foreign.values():
        parts.sort(key=lambda row: row[1])
        here, there = tuple(row[3] for row in parts), tuple(row[4] for row in parts)
        found.append(("refers", (here, parts[0][2], there)))
    checks = [words_of(check, names) for check in checks_in(re.sub(r"--[^\n]*", "", sql))]
    return found + [("check", words) for words in checks if words]  # a bare typeof has none


def _indexes(
    connection: sqlite3.Connection, table: str, names: set[str]
) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for _, index, unique, origin, _ in connection.execute(f"PRAGMA index_list({table})").fetchall():
        columns = tuple(row[2] for row in connection.execute(f"PRAGMA index_info({index})"))
        if origin == "u":
            found.append(("unique", columns))
        elif origin == "c":
            wanted = "SELECT sql FROM sqlite_schema WHERE name = ?"
            (made,) = connection.execute(wanted, (index,)).fetchone()
            where = words_of(
                made.partition(" WHERE ")[2] or made.partition("\n    WHERE ")[2], names
            )
            found.append(("index", (index, bool(unique), columns, where)))
    return found


_COLUMNS: Final = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull,
       coalesce(l.collname, 'C')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relnamespace = 'szunion'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
  AND NOT a.attisdropped
"""
_NAMES: Final = """
(SELECT array_agg(a.attname ORDER BY n)::text[] FROM unnest({numbers}) WITH ORDINALITY u (number, n)
 JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = u.number)
"""
_CONSTRAINTS: Final = f"""
SELECT c.relname, k.contype, {_NAMES.format(numbers="k.conkey", table="k.conrelid")},
       t.relname, {_NAMES.format(numbers="k.confkey", table="k.confrelid")},
       pg_get_expr(k.conbin, k.conrelid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_class t ON t.oid = k.confrelid
WHERE k.connamespace = 'szunion'::regnamespace AND k.contype IN ('p', 'u', 'f', 'c')
"""
_INDEXES: Final = """
SELECT c.relname, i.relname, x.indisunique,
       (SELECT array_agg(pg_get_indexdef(x.indexrelid, n, true) ORDER BY n)
        FROM generate_series(1, x.indnkeyatts::int) n),
       pg_get_expr(x.indpred, x.indrelid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'szunion'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid
                    AND k.contype IN ('p', 'u'))
"""
_TRIGGERS: Final = """
SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'szunion'::regnamespace AND NOT t.tgisinternal
"""


def of_postgres(connection: psycopg.Connection[Any]) -> Counter[Part]:
    """Return everything that PostgreSQL's schema has."""
    found: Counter[Part] = Counter()
    names: dict[str, set[str]] = {}
    for table, name, kind, required, collation in connection.execute(_COLUMNS):
        names.setdefault(table, set()).add(name)
        order = "" if collation == "C" else f" in the order of {collation}"
        found[table, "column", (name, kind + order, required)] += 1
    for table, kind, columns, other, there, expression in connection.execute(_CONSTRAINTS):
        match kind:
            case "p":
                found[table, "key", tuple(columns)] += 1
            case "u":
                found[table, "unique", tuple(columns)] += 1
            case "f":
                found[table, "refers", (tuple(columns), other, tuple(there))] += 1
            case _:
                found[table, "check", words_of(expression, names[table])] += 1
    for table, index, unique, columns, where in connection.execute(_INDEXES):
        about = words_of(where or "", names[table])
        found[table, "index", (index, unique, tuple(columns), about)] += 1
    there = Counter((table, "trigger", name) for table, name in connection.execute(_TRIGGERS))
    return found + _referring(there)


def _referring(there: Counter[Part]) -> Counter[Part]:
    """Return the triggers of a schema; those that check a reference are that reference."""
    found: Counter[Part] = Counter(there)
    for each in REFERENCES:
        of_both = {each.table, each.parent}
        wanted = {(table, "trigger", name) for table, name, _ in triggers() if table in of_both}
        if wanted <= there.keys():
            found[each.table, "refers", (each.columns, each.parent, each.columns)] += 1
    if there.keys() >= {(table, "trigger", name) for table, name, _ in triggers()}:
        found -= Counter((table, "trigger", name) for table, name, _ in triggers())
    return found


def differences(connection: psycopg.Connection[Any]) -> set[tuple[str, Part]]:
    """Return what one engine has and the other has not, but for what is said above."""
    sqlite = session.connect(":memory:")
    migrate.migrate(sqlite, at=0)
    ours, theirs = of_sqlite(sqlite), of_postgres(connection)
    sqlite.close()
    more, less = ours - theirs, theirs - ours
    found = {("sqlite", part) for part in more if part not in ONLY_SQLITE}
    found |= {("postgres", part) for part in less if part not in ONLY_POSTGRES}
    stale = {part for part in ONLY_SQLITE if part not in more}
    stale |= {part for part in ONLY_POSTGRES if part not in less}
    found |= {("no longer a difference", part) for part in stale}
    return {(who, part) for who, part in found if part[0] not in _OF_NEITHER}
