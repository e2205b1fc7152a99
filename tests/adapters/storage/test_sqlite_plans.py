"""What a list names is met by its key on SQLite: no table is gone through for it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping

import pytest

from szunion.adapters.storage.sqlite.migrate import migrate
from szunion.adapters.storage.sqlite.session import connect, statements


@pytest.fixture(scope="module")
def schema() -> Iterator[sqlite3.Connection]:
    connection = connect(":memory:")
    migrate(connection, at=0)
    yield connection
    connection.close()


def after_a_table(connection: sqlite3.Connection, statement: str) -> list[str]:
    """Return the steps that go through a list anew for each row of a table."""
    given: Mapping[str, None] = dict.fromkeys(re.findall(r":(\w+)", statement))
    marks = [None] * statement.count("?")
    begun, found = set[int](), []
    for _, parent, _, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", given or marks):
        if "VIRTUAL TABLE" in step and parent in begun:
            found.append(step)
        elif step.startswith(("SCAN", "SEARCH")):
            begun.add(parent)
    return found


NAMED = sorted(
    name for name, text in statements().items() if re.search(r"FROM json_each\(\S+\) \w", text)
)


@pytest.mark.parametrize("name", NAMED)
def test_a_list_is_gone_through_once(name: str, schema: sqlite3.Connection) -> None:
    assert after_a_table(schema, statements()[name]) == []


def test_a_list_within_a_table_is_noticed(schema: sqlite3.Connection) -> None:
    """Planted: how the names of the bank were looked for, all of them for each that is there."""
    planted = (
        "SELECT n.id FROM json_each(:names) k"
        " JOIN bank_name n ON n.kind = 'CARD' AND n.name = k.value"
    )
    assert after_a_table(schema, planted) != []


def test_what_counts_of_an_offer_is_met_by_a_key(schema: sqlite3.Connection) -> None:
    """However many bookings of other offers somebody has, and whichever key the engine prefers."""
    statement = statements()["booking.of_people"]
    given: Mapping[str, None] = dict.fromkeys(re.findall(r":(\w+)", statement))
    steps = [step for *_, step in schema.execute(f"EXPLAIN QUERY PLAN {statement}", given)]
    (met,) = [step for step in steps if step.startswith("SEARCH b")]
    assert re.search("INDEX booking_(once|person) ", met)
    assert set(re.findall(r"(\w+)=\?", met)) == {"shard", "offer_id", "person_id"}
