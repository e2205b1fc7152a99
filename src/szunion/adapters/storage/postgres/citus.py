"""Know where each table lies in one Citus database of a whole country, and put it there.

A table of members is spread by its ``shard`` and lies beside all others of the same member; what
every node reads is copied to every node; what has one order, or one queue, stays with the
coordinator. The schema is the ordinary one: a new table is put in its place by the next migration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from attrs import evolve

from szunion.adapters.storage.postgres.connection import (
    ANSWERS,
    QUESTIONS,
    SCHEMA,
    Connection,
    Seen,
    ask,
    tell,
)
from szunion.adapters.storage.postgres.faults import translated
from szunion.adapters.storage.postgres.references import by_row
from szunion.errors import StorageError

ENGINE: Final = "citus"

TOGETHER: Final = "two_phase"
"""An empty table that Citus itself keeps on the coordinator. Of what is written there outside its
view, such as the log and the outbox, Citus takes no notice: with one worker it would commit there
first and here afterwards, and a death between the two would keep half."""

TO_COMMIT_TOGETHER: Final = f"DELETE FROM {SCHEMA}.{TOGETHER}"  # noqa: S608 - names of ours
"""Makes a transaction commit in two phases, on the coordinator and on every node it wrote to."""


FIRST: Final = "person"
"""The table with which the co-location group begins."""


ON_EVERY_NODE: Final = f"SELECT shard FROM {SCHEMA}.{FIRST} LIMIT 1"  # noqa: S608 - names of ours
"""Begins a transaction on every node that has members: what is looked at is as it is now."""


class Place(Enum):
    """Where a table lies."""

    SHARD = "shard"
    """Spread over the workers by the column ``shard``, in one co-location group."""
    REFERENCE = "reference"
    """Whole on every node: small, read with the members' tables or referred to by them."""
    COORDINATOR = "coordinator"
    """On the coordinator alone: a log with one order, a queue, a name with one owner."""


#: table: where it lies. A table of the schema that is not here breaks a test.
TABLES: Final[Mapping[str, Place]] = {
    **dict.fromkeys(
        ("organisation", "organisation_place", "custody_list", "delegation", "offer", "payout"),
        Place.REFERENCE,
    ),
    **dict.fromkeys(
        (
            "person", "membership", "affiliation",  # in the order in which they refer
            "application", "binding", "binding_of_person", "booking", "card", "card_counter",
            "card_fact", "card_hold", "card_standing", "claim", "claimed", "consent_word",
            "custody_item", "enrolment", "entitlement", "erasure", "face_sign", "fee_waiver",
            "granted", "heir", "instruction", "joining_member", "membership_past", "message",
            "number_reservation", "obligation", "participation", "pay_order", "payee_name",
            "person_document", "person_mobile", "person_salt", "person_tombstone", "quarantine",
            "rating", "referral", "rights_request", "transfer", "wish",
        ),
        Place.SHARD,
    ),
    **dict.fromkeys(
        (
            "audit", "audit_checkpoint", "audit_cosignature", "audit_tile", "bank_cursor",
            "bank_name", "batch", "budget", "challenge", "disclosure", "disclosure_count",
            "document_kind", "inbox", "inbox_waiting", "index_key", "joining", "key_walk", "ledger",
            "message_set", "officer_post", "outbox", "pay_order_name", "policy_version", "project",
            "proposal", "recon_difference", "recon_run", "restored", "roster_import",
            "schema_migration", "statement_line", "ticket", TOGETHER, "write_gate",
        ),
        Place.COORDINATOR,
    ),
}  # fmt: skip


_ACTING: Final = "delegation"
ONE_SIDE: Final = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.one_side(maker text, checker text, at bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = {SCHEMA}, pg_catalog, pg_temp
SET citus.allow_nested_distributed_execution = on
AS $$
    SELECT EXISTS (
        SELECT FROM (SELECT maker AS who
                     UNION SELECT d.delegator FROM delegation d
                     WHERE d.delegate = maker AND d.until > at) m
        JOIN (SELECT checker AS who
              UNION SELECT d.delegator FROM delegation d
              WHERE d.delegate = checker AND d.until > at) c ON c.who = m.who)
$$
"""  # noqa: S608 - names of ours
"""As the trigger ``by_two_sides`` of one server asks; delegations are copied to every node."""

#: table that every node has: what holds maker and checker apart where there can be no trigger. What
#: was given up again is let be, for a delegation may have come since.
SIDES: Final[Mapping[str, str]] = {
    "custody_list": "signed_by IS NULL OR NOT szunion.one_side(made_by, signed_by, made_at)",
    "payout": "approved_by IS NULL OR state = 'CANCELLED'"
    " OR NOT szunion.one_side(made_by, approved_by, made)",
}


def is_there(connection: Connection) -> bool:
    """Return whether the database has the extension."""
    return ask(connection, "SELECT FROM pg_extension WHERE extname = 'citus'") is not None


def is_spread(connection: Connection) -> bool:
    """Return whether our tables are spread over nodes."""
    if not is_there(connection):
        return False
    question = "SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('szunion.person')"
    return ask(connection, question) is not None


def unused(connection: Connection) -> bool:
    """Return whether nothing was ever kept here: no union was founded."""
    return ask(connection, f"SELECT FROM {SCHEMA}.organisation LIMIT 1") is None


def keep_here(connection: Connection) -> None:
    """Let the workers be told of nothing that this transaction makes: tables not spread yet.

    Citus would send a schema and its owner on the owner's own line, as both are of this very
    transaction, and there the owner may not make a role ("permission denied to alter role").
    """
    if is_there(connection) and not is_spread(connection):
        tell(connection, "SET LOCAL citus.enable_ddl_propagation = off")


_NODES: Final = """
SELECT count(*) FILTER (WHERE groupid = 0), count(*) FILTER (WHERE shouldhaveshards)
FROM pg_dist_node WHERE isactive
"""


def check_cluster(connection: Connection) -> None:
    """Check that tables can be spread from here.

    Raises:
        StorageError: there is no extension, or it knows no coordinator or worker (E-STORE-036).
    """
    if not is_there(connection):
        raise StorageError(
            "E-STORE-036", reason="没有 citus 扩展", reason_en="it has no extension citus"
        )
    if (known := ask(connection, _NODES)) is None or known[0] != 1:
        raise StorageError(
            "E-STORE-036", reason="协调节点还没有登记自己",
            reason_en="the coordinator has not been told its own address",
        )  # fmt: skip
    if not known[1]:
        raise StorageError(
            "E-STORE-036", reason="没有工作节点", reason_en="there is no worker that takes tables"
        )


_ASKED: Final = f"SELECT row_to_json(q) FROM ({QUESTIONS}) AS q ({', '.join(ANSWERS)})"  # noqa: S608
_OF_WORKERS: Final = """
SELECT coalesce(json_agg(json_build_array(concat(nodename, ':', nodeport), result)), '[]')
FROM run_command_on_workers(%s) WHERE success
"""


def check_workers(connection: Connection) -> None:
    """Check that each worker that answers is what a server must be: members lie there.

    One that is down is asked when a connection is opened next. Whether it is a standby is not
    looked at: who is not written to may be read.

    Raises:
        StorageError: a setting, or our role there, is unsafe (E-STORE-003).
    """
    for node, said in _rows(connection, _OF_WORKERS, _ASKED):
        evolve(Seen(**json.loads(said)), standby=False).check(node)


_REFERS: Final = """
SELECT coalesce(json_agg(json_build_array(t.relname, c.conname, pg_get_constraintdef(c.oid))
                         ORDER BY t.relname, c.conname), '[]')
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND t.relnamespace = 'szunion'::regnamespace
"""
_GUARDS: Final = """
SELECT coalesce(json_agg(json_build_array(t.relname, g.tgname) ORDER BY t.relname, g.tgname), '[]')
FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
WHERE NOT g.tgisinternal AND t.relnamespace = 'szunion'::regnamespace
"""
_LYING: Final = """
SELECT coalesce(json_object_agg(c.relname, CASE
           WHEN p.partmethod = 'h' THEN 'shard'
           WHEN p.partmethod = 'n' AND p.repmodel = 't' THEN 'reference'
           ELSE 'coordinator' END), '{}')
FROM pg_class c LEFT JOIN pg_dist_partition p ON p.logicalrelid = c.oid
WHERE c.relnamespace = 'szunion'::regnamespace AND c.relkind IN ('r', 'p')
"""


def lying(connection: Connection) -> Mapping[str, Place]:
    """Return where each table of ours lies now."""
    row = ask(connection, _LYING)
    assert row is not None
    return {table: Place(place) for table, place in row[0].items()}


def astray(connection: Connection) -> Sequence[str]:
    """Return the tables that do not lie where :data:`TABLES` says."""
    found = lying(connection)
    return sorted(table for table, place in found.items() if TABLES.get(table, place) is not place)


def spread(connection: Connection) -> Sequence[str]:
    """Put every table that is not in its place there, in one transaction; return which were moved.

    Args:
        connection: The owner's, outside a transaction.
    """
    moved = set(astray(connection))
    if not moved:
        return ()
    with translated(), connection.transaction():
        if FIRST in moved:  # one server may have had them
            by_row(connection)
        if ask(connection, "SELECT to_regclass(%s)", f"{SCHEMA}.{TOGETHER}") == (None,):
            tell(connection, f"CREATE TABLE {SCHEMA}.{TOGETHER} (never bigint)")
            ask(connection, "SELECT citus_add_local_table_to_metadata(%s)", f"{SCHEMA}.{TOGETHER}")
        # Reference tables are made in the same transaction: no work of several connections in it.
        tell(connection, "SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
        refers = _rows(connection, _REFERS)
        ours = [each for each in refers if each[0] in moved]
        for table, name, _ in ours:
            tell(connection, f"ALTER TABLE {SCHEMA}.{table} DROP CONSTRAINT {name}")
        for table, name in _rows(connection, _GUARDS):
            if table in moved and TABLES[table] is not Place.COORDINATOR:
                tell(connection, f"DROP TRIGGER {name} ON {SCHEMA}.{table}")
        for table in sorted(moved, key=list(TABLES).index):
            _put(connection, table)
        for table, name, text in ours:
            tell(connection, f"ALTER TABLE {SCHEMA}.{table} ADD CONSTRAINT {name} {text}")
        if not moved.isdisjoint({*SIDES, _ACTING}):
            _hold_apart(connection)
    return sorted(moved)


def _hold_apart(connection: Connection) -> None:
    """Let every node hold maker and checker apart; what is there already was checked when new."""
    tell(connection, ONE_SIDE)
    for table, rule in SIDES.items():
        name, on = f"{table}_by_two_sides", f"ALTER TABLE {SCHEMA}.{table}"
        tell(connection, f"{on} DROP CONSTRAINT IF EXISTS {name}")
        tell(connection, f"{on} ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID")


def _put(connection: Connection, table: str) -> None:
    name = f"{SCHEMA}.{table}"
    if TABLES[table] is Place.REFERENCE:
        ask(connection, "SELECT create_reference_table(%s)", name)
    elif TABLES[table] is Place.SHARD:
        beside = "none" if table == FIRST else f"{SCHEMA}.{FIRST}"
        ask(
            connection,
            "SELECT create_distributed_table(%s, 'shard', colocate_with => %s)", name, beside,
        )  # fmt: skip


def _rows(connection: Connection, question: str, *given: object) -> Sequence[Sequence[str]]:
    row = ask(connection, question, *given)
    assert row is not None
    return list(row[0])
