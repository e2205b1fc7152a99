"""Know which rows PostgreSQL itself shows to whom: row-level security, the second net.

The first net is the filter in each statement. The second holds when a statement forgets it: every
table with something of a person, or of a union's work on its people, shows a row only to a
transaction that has said in whose scope it asks (``szunion.scope``, until its end), and to nobody
who has not said so::

    *          the whole city: city organs, auditors, the engine
    /1/7/      the unions from this place in the tree down
    p4711      one person's own things

A person is where their newest membership is, and belongs there alone, with all that they ever were;
a membership shows itself to its own union as well, and what a union keeps of its own work to those
above it. What is written is not looked at: who files a person sees them only when they are a
member, and a transfer is written by one union for another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

import psycopg
from attrs import evolve, frozen
from psycopg import sql

from szunion.adapters.storage.postgres.citus import is_spread
from szunion.adapters.storage.postgres.connection import SCHEMA, Connection, ask, tell
from szunion.adapters.storage.postgres.faults import translated
from szunion.adapters.storage.postgres.reach import PLACE, REACH, SPREAD_REACH, WITHIN
from szunion.adapters.storage.postgres.references import by_statement
from szunion.adapters.storage.sql.migrations import split
from szunion.errors import StorageError

_CITY: Final = f"{PLACE} = '*'"
_HERE: Final = "nullif(current_setting('szunion.scope', true), '')"
"""The same place where a policy may hold no subquery."""
_CITY_HERE: Final = f"{_HERE} = '*'"


@frozen
class Shown:
    """Which rows of a table are shown, said twice."""

    whole: str
    """On one server."""
    spread: str
    """On Citus, whose policies hold no subquery: functions look on the row's own node."""
    ends: str = ""
    """On Citus, which of them may be deleted; a trigger says so on one server. For tables without
    UPDATE. No restrictive policy: Citus makes it permissive on its workers."""


def _person() -> Shown:
    rest = "{0} = 'p' || person_id OR szunion.in_reach(person_id)"
    return Shown(f"{_CITY} OR {rest.format(PLACE)}", f"{_CITY_HERE} OR {rest.format(_HERE)}")


def _index() -> Shown:
    """A row on the node of its key: on Citus the person beyond it is narrowed, on their own."""
    return Shown(_person().whole, f"{_HERE} <> ''")


def _city_on_citus() -> Shown:
    """A row on the node of a key by which the city alone asks."""
    return Shown(_person().whole, _CITY_HERE)


def _until_erased(shown: Shown, holder: str) -> Shown:
    return evolve(shown, ends=f"szunion.is_erased({holder})")


def _union(table: str, *columns: str) -> Shown:
    unions = ", ".join(f"{table}.{column}" for column in columns)
    own = "{0} = 'p' || person_id"
    return Shown(
        f"{_CITY} OR {own.format(PLACE)} OR EXISTS (SELECT FROM szunion.organisation o"
        f" WHERE o.organisation_id IN ({unions}) AND {WITHIN})",
        f"{_CITY_HERE} OR {own.format(_HERE)} OR szunion.union_in_reach(ARRAY[{unions}])",
    )


def _membership(table: str) -> Shown:
    own, rest = _union(table, "organisation_id"), "szunion.in_reach(person_id)"
    return Shown(f"{own.whole} OR {rest}", f"{own.spread} OR {rest}")


def _owned(table: str) -> Shown:
    return Shown(
        f"{_CITY} OR EXISTS (SELECT FROM szunion.organisation o"
        f" WHERE o.organisation_id = {table}.organisation_id AND {WITHIN})",
        f"{_CITY_HERE} OR szunion.union_in_reach(ARRAY[{table}.organisation_id])",
    )


_ITEM: Final = Shown(
    "EXISTS (SELECT FROM szunion.custody_list l WHERE l.list_id = custody_item.list_id)",
    f"{_CITY_HERE} OR szunion.list_in_reach(list_id)",
)


def _card(table: str) -> Shown:
    return Shown(
        f"{_CITY} OR EXISTS (SELECT FROM szunion.card c"
        f" WHERE c.shard = {table}.shard AND c.card_id = {table}.card_id)",
        f"{_CITY_HERE} OR szunion.card_in_reach(shard, card_id)",
    )


_CITY_ALONE: Final = Shown(_CITY, _CITY_HERE)

#: table: which of its rows are shown.
NET: Final[Mapping[str, Shown]] = {
    "affiliation": _person(),
    "application": _person(),
    "audit": _person(),
    "batch": _owned("batch"),
    "binding": _index(),
    "binding_of_person": _person(),
    "booking": _person(),
    "card": _person(),
    "card_counter": _card("card_counter"),
    "card_fact": _until_erased(_card("card_fact"), "szunion.holder_of(shard, card_id)"),
    "card_hold": _person(),
    "card_standing": _person(),
    "claim": _person(),
    "consent_word": _until_erased(_person(), "person_id"),
    "custody_item": _ITEM,
    "custody_list": _owned("custody_list"),
    "enrolment": _person(),
    "entitlement": _person(),
    "erasure": _person(),
    "face_sign": _person(),
    "fee_waiver": _person(),
    "heir": _person(),
    "instruction": _person(),
    "joining": _owned("joining"),
    "joining_member": _union("joining_member", "organisation_id"),
    "membership": _membership("membership"),
    "membership_past": _membership("membership_past"),
    "message": _person(),
    "number_reservation": _person(),
    "obligation": _person(),
    "participation": _person(),
    "pay_order": _person(),
    "payee_name": _person(),
    "person": _person(),
    "person_document": _index(),
    "person_mobile": _index(),
    "person_salt": _person(),
    "person_tombstone": _city_on_citus(),
    "quarantine": _CITY_ALONE,
    "rating": _person(),
    "referral": _union("referral", "organisation_id"),
    "rights_request": _person(),
    "roster_import": _owned("roster_import"),
    "transfer": _union("transfer", "source_id", "target_id"),
    "wish": _person(),
}

_IN_REACH: Final = frozenset({"membership", "organisation"})
"""What ``szunion.in_reach`` looks at."""


@cache
def looks_at(table: str) -> frozenset[str]:
    """Return the tables that the net looks at before it shows a row of *table*."""
    text = NET[table].whole if table in NET else ""
    found = set(re.findall(r"FROM szunion\.(\w+)", text))
    beyond_them = (looks_at(each) for each in found)
    return frozenset(found).union(_IN_REACH if "in_reach" in text else (), *beyond_them)


#: table: why it is not in the net although it names a person, a card or a union.
OPEN: Final[Mapping[str, str]] = {
    "organisation": "which unions there are is nobody's secret",
    "organisation_place": "as organisation: where a union stood, and when",
    # The authoriser reads a login's posts, and that they are still held, to make the scope: if the
    # net asked for one first, nobody who is in the registry could do anything. What is asked later
    # (a post, a union's posts, the list) is held to the scope by its statements. A row names a
    # login and a union, never a member.
    "officer_post": "who sits where is read before there is a scope: it is what a scope is made of",
    "disclosure": "what officers were shown: pseudonyms, which the city and auditors read alone",
    "ticket": "an operator's own: pseudonyms, found before it is known whose member it is",
}

#: statement: why it looks, or writes, beyond the scope in which it is asked. No other one reads so.
ANYWHERE: Final[Mapping[str, str]] = {
    "binding.get": "an account is asked for before it is known whose it is",
    "binding.put": "an account that lets go of its person is nobody's, and is written so",
    "booking.ahead": "how many wait before a member is a number, whoever they are",
    "booking.figures": "a sum over everybody, by item",
    "booking.waiting": "who is next on a waiting list is told so by whoever gave a place back",
    "participation.ratings": "a sum over everybody, by item",
    "participation.used": "a sum over everybody, by item",
    "wish.counts": "a sum over everybody, by shelf and item",
    "card.holds_on": "who takes over a member sees the holds that come with the card",
    "claim.holder": "one child is claimed for once, whichever parent comes first",
    "affiliation.anywhere": "who takes over a member ends what the other union began",
    "affiliation.retire": "who takes over a member ends what the other union began",
    "membership.keep_past": "who takes over a member keeps what was",
    "membership.put": "who takes over a member moves a membership that is still the other union's",
    "person.inherit_document": "who was merged gives up the document, wherever they belonged",
    "person.next_rank": "a file in quarantine stands behind those that are on file elsewhere",
    "person.on_file": "who files somebody must find them on file elsewhere, and is not told",
    "person.stand_aside": "a place that was held for a moment is given up, before anybody is there",
    "person.row": "what is put is read first, to be sealed again under its own salt",
    "roster.on_file": "as person.on_file, for a whole roster",
    "sealed.move_document": "what is filed under an old key is brought under the new, whoever's",
    "membership.open_anywhere": "a person has one open membership in the city, wherever it is",
}


def beyond(texts: Mapping[str, str]) -> frozenset[str]:
    """Return the statements that are asked as for the whole city.

    Beside :data:`ANYWHERE` they are the insertions that may meet a row that is there: PostgreSQL
    holds even what they write against what may be *seen*, and who files a person sees them only
    when they are a member. None of them returns a row.
    """
    meeting = {
        name
        for name, text in texts.items()
        if text.startswith("INSERT") and "ON CONFLICT" in text and "RETURNING" not in text
    }
    return frozenset(meeting | ANYWHERE.keys())


#: table: what the application may do with it; the rest it reads and writes.
RIGHTS: Final[Mapping[str, str]] = {
    "audit": "SELECT, INSERT, UPDATE (place)",
    "audit_checkpoint": "SELECT, INSERT",
    "audit_cosignature": "SELECT, INSERT",
    "audit_tile": "SELECT, INSERT, UPDATE",
    "card_fact": "SELECT, INSERT, DELETE",
    "card_standing": "SELECT, INSERT, DELETE",
    "consent_word": "SELECT, INSERT, DELETE",
    "disclosure": "SELECT, INSERT, DELETE",
    "disclosure_count": "SELECT, INSERT, UPDATE, DELETE",
    "ledger": "SELECT, INSERT",
    "participation": "SELECT, INSERT",
    "policy_version": "SELECT, INSERT",
    "schema_migration": "SELECT",
}
_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"


def _policies(table: str, *, spread: bool) -> Mapping[str, str]:
    """Return a table's policies by name, which says which text of ours it is."""
    shown = NET[table]
    text, functions = (shown.spread, SPREAD_REACH) if spread else (shown.whole, REACH)
    ends = shown.ends if spread else ""
    name = f"szunion_{hashlib.sha256(f'{text}{ends}{functions}'.encode()).hexdigest()[:12]}"
    if not ends:
        return {name: f"USING ({text}) WITH CHECK (true)"}
    return {
        name: f"FOR SELECT USING ({text})",
        f"{name}_new": "FOR INSERT WITH CHECK (true)",
        f"{name}_ends": f"FOR DELETE USING (({text}) AND {ends})",
    }


_STATE: Final = """
SELECT coalesce(json_object_agg(c.relname, p.names), '{}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
LATERAL (SELECT array_agg(polname) AS names FROM pg_policy WHERE polrelid = c.oid) p
WHERE n.nspname = 'szunion' AND c.relrowsecurity AND c.relforcerowsecurity
"""


def holes(connection: Connection) -> tuple[str, ...]:
    """Return the tables whose rows are not guarded as :data:`NET` says."""
    row = ask(connection, _STATE)
    assert row is not None
    found: Mapping[str, list[str]] = row[0]
    spread = is_spread(connection)
    return tuple(
        sorted(
            table for table in NET
            if not _policies(table, spread=spread).keys() <= set(found.get(table) or ())
        )
    )  # fmt: skip


def check_net(connection: Connection) -> None:
    """Check that the second net is whole.

    Raises:
        StorageError: some tables are not guarded as this program needs it (E-STORE-024).
    """
    if missing := holes(connection):
        raise StorageError("E-STORE-024", tables=", ".join(missing))


def secure(connection: Connection, application: str) -> None:
    """Put the net in place and give the role *application* what it may do; twice does no harm.

    Args:
        connection: The owner's, outside a transaction.
        application: The role in which the program works.
    """
    try:
        with translated(), connection.transaction():
            spread = is_spread(connection)
            if not spread:
                by_statement(connection)
            _weave(connection, spread=spread)
            _grant(connection, application)
    except psycopg.Error as error:  # pragma: no cover - translated() lets none out
        raise AssertionError from error


def close_to(connection: Connection, application: str) -> None:
    """Keep the role *application* out until the net is put in place again (:func:`secure`)."""
    role = sql.Identifier(application).as_string(connection)
    tell(connection, f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {role}")


def open_to(connection: Connection, application: str) -> None:
    """Let the role *application* see which version this is, and nothing else."""
    role = sql.Identifier(application).as_string(connection)
    tell(
        connection,
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role};"
        f" GRANT SELECT ON {SCHEMA}.schema_migration TO {role}",
    )


def _weave(connection: Connection, *, spread: bool) -> None:
    for function in split(SPREAD_REACH if spread else REACH):
        tell(connection, function)
    for table in NET:
        old = ask(
            connection,
            "SELECT coalesce(json_agg(polname), '[]') FROM pg_policy"
            " WHERE polrelid = to_regclass(%s) AND polname LIKE 'szunion%%'",
            f"{SCHEMA}.{table}",
        )
        assert old is not None
        for name in old[0]:
            tell(connection, f"DROP POLICY {name} ON {SCHEMA}.{table}")
        on = f"ON {SCHEMA}.{table}"
        for command in (  # one by one: Citus sends each on as it was written
            f"ALTER TABLE {SCHEMA}.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY szunion_owner {on} TO CURRENT_USER USING (true)",
            *(
                f"CREATE POLICY {name} {on} {rule}"
                for name, rule in _policies(table, spread=spread).items()
            ),
        ):
            tell(connection, command)


def _grant(connection: Connection, application: str) -> None:
    role = sql.Identifier(application).as_string(connection)
    tables = ask(
        connection, "SELECT json_agg(tablename) FROM pg_tables WHERE schemaname = 'szunion'"
    )
    assert tables is not None
    tell(connection, f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
    for table in tables[0] or ():
        rights = RIGHTS.get(table, _ALL)
        tell(connection, f"REVOKE ALL ON {SCHEMA}.{table} FROM {role}")
        tell(connection, f"GRANT {rights} ON {SCHEMA}.{table} TO {role}")
    tell(connection, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {role}")
