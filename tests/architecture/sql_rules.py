"""Know the rules that let another engine run our SQL, one shard at a time: pure functions.

Each takes a text, and what the schema is, and yields what is wrong with it. The engine that proves
them is Citus; what it has taught is written beside each rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from szunion.adapters.storage.postgres.citus import Place

_TOUCHED: Final = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)")
_PREDICATE: Final = re.compile(r"\bshard\s*=")
_LOCKS: Final = re.compile(
    r"\bFOR (?:UPDATE|SHARE)|\bSKIP LOCKED|\b(?:SKIP_LOCKED|FOR_UPDATE|FOR_SHARE)"
)
_NUMBERS: Final = re.compile(
    r"\b(?:BIG|SMALL)?SERIAL\b|\bAS IDENTITY\b|\bCREATE SEQUENCE\b|\b(?:next|curr|set|last)val\b"
    r"|\bAUTOINCREMENT\b",
    re.IGNORECASE,
)


@frozen
class Tables:
    """What the rules ask of the schema."""

    columns: Mapping[str, Sequence[str]]
    places: Mapping[str, Place]

    def of_members(self, sql: str) -> set[str]:
        """Return the tables in *sql* that have a shard, wherever they lie."""
        return {t for t in _TOUCHED.findall(sql) if "shard" in self.columns.get(t, ())}

    def spread(self, sql: str) -> set[str]:
        """Return the tables in *sql* of which a node has a part only."""
        return {t for t in _TOUCHED.findall(sql) if self.places.get(t) is Place.SHARD}


def statement_faults(sql: str, tables: Tables, *, fanout: bool = False) -> Iterator[str]:
    """Yield what is wrong with a statement.

    Args:
        sql: The statement, without comments.
        tables: The schema.
        fanout: Whether it says beside its name why it goes to every shard.
    """
    yield from _shard_named(sql, tables, fanout=fanout)
    yield from _shard_kept(sql)
    yield from _locks(sql, tables)
    yield from _inserts(sql, tables)
    if re.search(r"\bMERGE\b", sql):
        yield "MERGE: say INSERT … ON CONFLICT"
    if number := _NUMBERS.search(sql):
        yield f"{number[0]}: ids are made in the program"


def _shard_named(sql: str, tables: Tables, *, fanout: bool) -> Iterator[str]:
    if not tables.of_members(sql):
        return
    if sql.startswith("INSERT"):
        fields = re.search(r"INTO\s+([a-z_]+)\s*\(\s*([a-z_]+)", sql)
        if fields and "shard" in tables.columns.get(fields[1], ()) and fields[2] != "shard":
            yield "an INSERT into a table of members begins with its shard"
    elif not (_PREDICATE.search(sql) or fanout):
        yield "no shard is named, and `fanout:` does not say why"


def _shard_kept(sql: str) -> Iterator[str]:
    """A row never moves: Citus refuses it, and an id has its shard in it."""
    for assigned in re.findall(
        r"\bSET\b(.*?)(?:\bWHERE\b|\bFROM\b|\bRETURNING\b|$)", sql, re.DOTALL
    ):
        if re.search(r"(?:^|,)\s*shard\s*=", assigned):
            yield "UPDATE of the shard: a row never moves"


def _locks(sql: str, tables: Tables) -> Iterator[str]:
    """A lock of a row is taken on one node: by its shard, or in a table of the coordinator."""
    if _LOCKS.search(sql) and tables.spread(sql) and not _PREDICATE.search(sql):
        yield "rows of every shard cannot be locked, nor passed over when locked"


def _inserts(sql: str, tables: Tables) -> Iterator[str]:
    """Citus takes no subquery within VALUES, nor behind ON CONFLICT."""
    into = re.match(r"INSERT INTO\s+([a-z_]+)", sql)
    if into is None or tables.places.get(into[1]) is Place.COORDINATOR:
        return
    head, conflict, tail = sql.partition("ON CONFLICT")
    if re.search(r"\bVALUES\b.*\(\s*SELECT\b", head, re.DOTALL):
        yield "a subquery within VALUES: say INSERT … SELECT"
    if conflict and re.search(r"\bSELECT\b", tail):
        yield "a subquery behind ON CONFLICT: a second statement"


def key_faults(table: str, keys: Sequence[Sequence[str]], tables: Tables) -> Iterator[str]:
    """Yield which PRIMARY KEY or UNIQUE of a spread table no node could hold alone."""
    if tables.places[table] is Place.SHARD:
        for key in keys:
            if not key or key[0] != "shard":
                yield f"{table}: the key {', '.join(key)} does not begin with the shard"


def reference_faults(
    table: str, target: str, columns: Sequence[tuple[str, str]], tables: Tables
) -> Iterator[str]:
    """Yield why a foreign key cannot be held.

    Args:
        table: The table that refers.
        target: The table it refers to.
        columns: Pairs of a column of the one and of the other.
        tables: The schema.
    """
    place, there = tables.places[table], tables.places[target]
    if there is Place.REFERENCE:
        return
    if place is Place.SHARD:
        if there is not Place.SHARD or ("shard", "shard") not in columns:
            yield f"{table}: {target} does not lie beside the rows that refer to it"
    elif place is Place.REFERENCE or there is Place.SHARD:
        yield f"{table}: {target} is not on every node that has {table}"


#: Triggers of tables that workers have: on Citus they are dropped, and this holds in their place.
TRIGGERS: Final[Mapping[str, str]] = {
    "card_fact": "the application may not UPDATE; a policy lets it DELETE the erased alone",
    "consent_word": "the application may not UPDATE; a policy lets it DELETE the erased alone",
    "participation": "the application may neither UPDATE nor DELETE",
    "custody_list": "a CHECK of a function over delegations, which every node has",
    "payout": "a CHECK of a function over delegations, which every node has",
}

#: Functions that a migration makes; all are bodies of triggers.
FUNCTIONS: Final = frozenset(
    {
        "audit_settles_once",
        "by_two_sides",
        "refuse",
        "refuse_unless_erased",
        "refuse_unless_holder_erased",
    }
)


def migration_faults(sql: str, tables: Tables) -> Iterator[str]:
    """Yield what in one statement of a migration another engine would not take."""
    if number := _NUMBERS.search(sql):
        yield f"{number[0]}: ids are made in the program"
    function = re.match(r"CREATE (?:OR REPLACE )?FUNCTION\s+(\w+)", sql)
    if function and function[1] not in FUNCTIONS:
        yield f"a stored function: {function[1]}"
    trigger = re.match(r"CREATE TRIGGER\s+\w+\s+.*?\bON\s+(\w+)", sql, re.DOTALL)
    here = trigger is None or tables.places.get(trigger[1]) in {None, Place.COORDINATOR}
    if trigger and not here and trigger[1] not in TRIGGERS:
        yield f"a trigger of a table that workers have: {trigger[1]}"
    if re.search(r"\bREFERENCES\b.*\bON (?:DELETE|UPDATE) (?:CASCADE|SET)", sql, re.DOTALL):
        yield "a foreign key that changes rows"
