"""Both engines keep the same things: one schema in two tongues, and every statement is prepared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest
from tests.two_schemas import differences

from szunion.adapters.storage.postgres.dialect import statements
from szunion.testing.postgres_databases import Database

pytestmark = pytest.mark.postgres


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection[Any]]:
    connection = psycopg.connect(database.owner, options="-c search_path=szunion,pg_catalog")
    yield connection
    connection.rollback()
    connection.close()


def test_both_engines_have_the_same_schema(owner: psycopg.Connection[Any]) -> None:
    assert differences(owner) == set()


_LAXER: Final = """
DROP INDEX outbox_in_flight;
CREATE UNIQUE INDEX outbox_in_flight ON outbox (shard, aggregate) WHERE state = 'SENT'
"""


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("ALTER TABLE offer DROP CONSTRAINT offer_check", "check"),
        ("ALTER TABLE offer ALTER COLUMN taken DROP NOT NULL", "column"),
        ("ALTER TABLE offer ALTER COLUMN taken TYPE integer", "column"),
        ('ALTER TABLE offer ALTER COLUMN item TYPE text COLLATE "default"', "column"),
        ("ALTER TABLE offer ADD COLUMN more bigint", "column"),
        ("DROP INDEX outbox_in_flight", "index"),
        (_LAXER, "index"),
        ("DROP TRIGGER ledger_is_never_changed ON ledger", "trigger"),
        ("ALTER TABLE granted DROP CONSTRAINT granted_pkey", "key"),
        ("ALTER TABLE transfer DROP CONSTRAINT transfer_source_id_fkey", "refers"),
        ("CREATE TABLE more (id bigint PRIMARY KEY)", "column"),
    ],
)  # fmt: skip
def test_a_difference_of_the_schemas_is_found(
    owner: psycopg.Connection[Any], change: str, kind: str
) -> None:
    owner.execute(change.encode())
    assert kind in {part[1] for _, part in differences(owner)}


#: What columns of an answer may be: Python's int, str, bytes and bool, as from SQLite.
_PLAIN: Final = frozenset({"bigint", "integer", "text", "bytea", "boolean"})


def test_postgres_prepares_every_statement(owner: psycopg.Connection[Any]) -> None:
    """And no answer holds a numeric, which a sum of bigints would be."""
    wrong: dict[str, object] = {}
    for name, text in statements().items():
        places: dict[str, int] = {}
        sql = re.sub(r"%\((\w+)\)s|%s", lambda found, places=places: _place(found, places), text)  # type: ignore[misc]
        done = owner.pgconn.prepare(b"", sql.replace("%%", "%").encode())
        if done.error_message:
            wrong[name] = done.error_message.decode()
            owner.rollback()
            continue
        told = owner.pgconn.describe_prepared(b"")
        kinds = [told.ftype(number) for number in range(told.nfields)]
        named = owner.execute("SELECT format_type(k, NULL) FROM unnest(%s::oid[]) k", (kinds,))
        if strange := {row[0] for row in named} - _PLAIN:
            wrong[name] = strange
    assert wrong == {}


def _place(found: re.Match[str], places: dict[str, int]) -> str:
    """Return ``$1``, ``$2``: one for each name, as the driver counts them."""
    return f"${places.setdefault(found[1] or str(len(places)), len(places) + 1)}"
