"""Know how one PostgreSQL checks references a statement at a time (语句级引用检查).

A foreign key looks for each row by itself, some 7 us of the server's time: two to a membership and
two to an affiliation were half of what an import asked of it. The migrations say foreign keys, and
Citus keeps them. On one server, where the net is woven, those of the tables that fill by the
thousand become one question a statement; and what a row may refer to is never taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from szunion.adapters.storage.postgres.connection import SCHEMA, Connection, ask, tell


@frozen
class Reference:
    """The columns of a table that name a row of another, whose columns have the same names."""

    table: str
    columns: tuple[str, ...]
    parent: str

    @property
    def name(self) -> str:
        """The foreign key's name: whoever breaks it is told the same either way."""
        return f"{self.table}_{'_'.join(self.columns)}_fkey"

    @property
    def foreign_key(self) -> str:
        """What puts the foreign key there, which looks at every row."""
        columns = ", ".join(self.columns)
        return (
            f"ALTER TABLE {SCHEMA}.{self.table} ADD CONSTRAINT {self.name}"
            f" FOREIGN KEY ({columns}) REFERENCES {SCHEMA}.{self.parent} ({columns})"
        )


#: Those of tables that an import or a crowd fills. None of their columns may be null.
REFERENCES: Final[Sequence[Reference]] = (
    Reference("membership", ("organisation_id",), "organisation"),
    Reference("membership", ("shard", "person_id"), "person"),
    Reference("affiliation", ("organisation_id",), "organisation"),
    Reference("affiliation", ("shard", "person_id", "membership_id"), "membership"),
    Reference("booking", ("offer_id",), "offer"),
)

_TABLES: Final = tuple(dict.fromkeys(each.table for each in REFERENCES))
_PARENTS: Final = {each.parent: each.columns for each in REFERENCES}

# The owner asks, to whom row-level security shows all; and names of a temporary table, or of an
# operator, that somebody else has made are not looked at.
_AS_OWNER: Final = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

#: A subquery that is a value cannot become a join: it stays one look by the key for each row, when
#: the plan was made for a small table, too.
_MISSING: Final = """
    IF EXISTS (SELECT FROM {rows} WHERE (
        SELECT true FROM szunion.{parent} p WHERE {same}
    ) IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', TABLE = '{table}',
            CONSTRAINT = '{name}', MESSAGE = 'a row refers to nothing';
    END IF;"""
_ALL_ADDED: Final = "(SELECT DISTINCT {columns} FROM added) n"
_EACH_ADDED: Final = "added n"
_ONE: Final = "(SELECT NEW.*) n"

_REFERS: Final = """
CREATE OR REPLACE FUNCTION szunion.{table}_refers() RETURNS trigger {as_owner} AS $$
BEGIN
    IF TG_LEVEL = 'STATEMENT' THEN{added}
    ELSE{changed}
    END IF;
    RETURN NULL;
END $$
"""
_KEPT: Final = f"""
CREATE OR REPLACE FUNCTION szunion.is_referred_to() RETURNS trigger {_AS_OWNER} AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME,
        CONSTRAINT = TG_NAME, MESSAGE = 'rows may refer to it';
END $$
"""


def _check(each: Reference, rows: str) -> str:
    columns = ", ".join(each.columns)
    same = " AND ".join(f"p.{column} = n.{column}" for column in each.columns)
    return _MISSING.format(
        rows=rows.format(columns=columns), parent=each.parent, same=same, table=each.table,
        name=each.name,
    )  # fmt: skip


def _function(table: str) -> str:
    """Return the function that looks at what was added to a table, or at one row that changed.

    Many rows name one union, and each names a person of its own.
    """
    refers = [each for each in REFERENCES if each.table == table]
    added = "".join(
        _check(each, _EACH_ADDED if "shard" in each.columns else _ALL_ADDED) for each in refers
    )
    changed = "".join(_check(each, _ONE) for each in refers)
    return _REFERS.format(table=table, as_owner=_AS_OWNER, added=added, changed=changed)


def _changes(columns: Sequence[str]) -> str:
    return " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)


def _of_rows(table: str) -> Iterator[tuple[str, str]]:
    """Yield the triggers of a table whose rows refer to others: name, and what it does."""
    columns = tuple(
        dict.fromkeys(c for each in REFERENCES if each.table == table for c in each.columns)
    )
    on, does = f"ON {SCHEMA}.{table}", f"EXECUTE FUNCTION {SCHEMA}.{table}_refers()"
    yield (
        f"{table}_refers",
        f"AFTER INSERT {on} REFERENCING NEW TABLE AS added FOR EACH STATEMENT {does}",
    )
    yield (
        f"{table}_refers_anew",
        f"AFTER UPDATE OF {', '.join(columns)} {on} FOR EACH ROW WHEN ({_changes(columns)}) {does}",
    )


def _of_parents(table: str) -> Iterator[tuple[str, str]]:
    """Yield the triggers of a table that is referred to: its rows stay, and so do their keys."""
    key, does = _PARENTS[table], f"EXECUTE FUNCTION {SCHEMA}.is_referred_to()"
    on = f"ON {SCHEMA}.{table}"
    yield f"{table}_stays", f"BEFORE DELETE OR TRUNCATE {on} FOR EACH STATEMENT {does}"
    yield (
        f"{table}_stays_so",
        f"BEFORE UPDATE OF {', '.join(key)} {on} FOR EACH ROW WHEN ({_changes(key)}) {does}",
    )


def triggers() -> Iterator[tuple[str, str, str]]:
    """Yield the triggers that check references: table, name, and what each does."""
    for table in _TABLES:
        yield from ((table, *each) for each in _of_rows(table))
    for table in _PARENTS:
        yield from ((table, *each) for each in _of_parents(table))


_KEYS: Final = """
SELECT coalesce(json_agg(conname), '[]') FROM pg_constraint
WHERE connamespace = 'szunion'::regnamespace AND contype = 'f'
"""
_TRIGGERS: Final = """
SELECT coalesce(json_agg(tgname), '[]') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'szunion'::regnamespace AND NOT t.tgisinternal
"""


def _names(connection: Connection, question: str) -> frozenset[str]:
    row = ask(connection, question)
    assert row is not None
    return frozenset(row[0])


def _is_checked(each: Reference, there: frozenset[str]) -> bool:
    return {name for table, name, _ in triggers() if table in {each.table, each.parent}} <= there


def by_statement(connection: Connection) -> None:
    """Check these references a statement at a time; in the owner's transaction, on one server.

    What neither a foreign key nor its triggers have held becomes a foreign key first.

    Raises:
        Conflict: a row refers to nothing (E-STORE-004).
    """
    keys, there = _names(connection, _KEYS), _names(connection, _TRIGGERS)
    for each in REFERENCES:
        if each.name not in keys and not _is_checked(each, there):
            tell(connection, each.foreign_key)
    for function in (*map(_function, _TABLES), _KEPT):
        tell(connection, function)
    for _, name, does in triggers():
        tell(connection, f"CREATE OR REPLACE TRIGGER {name} {does}")
    for each in REFERENCES:
        on = f"{SCHEMA}.{each.table}"
        tell(connection, f"ALTER TABLE {on} DROP CONSTRAINT IF EXISTS {each.name}")


def by_row(connection: Connection) -> None:
    """Make foreign keys of them again, which look at every row; in the owner's transaction.

    Raises:
        Conflict: a row refers to nothing (E-STORE-004).
    """
    there = _names(connection, _TRIGGERS)
    gone = [(table, name) for table, name, _ in triggers() if name in there]
    for table, name in gone:
        tell(connection, f"DROP TRIGGER {name} ON {SCHEMA}.{table}")
    keys = _names(connection, _KEYS)
    for each in REFERENCES if gone else ():
        if each.name not in keys:
            tell(connection, each.foreign_key)
