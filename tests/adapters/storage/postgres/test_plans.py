"""What PostgreSQL makes of our statements: sets of ids are met by keys, behind the net as well."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from tests.databases import planned

from szunion.adapters.storage.postgres.connection import Connection, Limits, connect, tell
from szunion.adapters.storage.postgres.dialect import POSTGRES, packed, statements
from szunion.adapters.storage.postgres.net import NET
from szunion.adapters.storage.sql.dialect import written
from szunion.testing.postgres_databases import CITUS_DSN, Database

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        bool(os.environ.get(CITUS_DSN)),
        reason="Citus makes no plan for every value; test_citus.py carries each statement out",
    ),
]

_SCANNED = re.compile(r"Seq Scan on (\w+)")
_MET = re.compile(
    r"Index (?:Only )?Scan(?: Backward)? using (\w+) on \w+[^\n]*\n +Index Cond: (.*)"
)
_OF_EACH = re.compile(r"\w\.\w")
"""A column beside this one's: it is asked again for each row that was found before."""
_FIRST = """
SELECT i.indexrelid::regclass::text, a.attname
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
"""


@pytest.fixture
def app(database: Database) -> Iterator[Connection]:
    """A connection that would rather use any index than read a table, one id after another."""
    made = connect(database.app, Limits())
    for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
        tell(made, f"SET enable_{way} = off")
    yield made
    made.close()


def test_a_stream_is_planned_for_all_of_its_rows(database: Database) -> None:
    """A cursor's rows are all asked for; planned for the first of them, each meets an index."""
    made = connect(database.app, Limits())
    assert made.execute("SHOW cursor_tuple_fraction").fetchone() == ("1",)
    made.close()


def test_a_set_of_ids_is_met_by_keys_behind_the_net(app: Connection) -> None:
    """Behind row-level security an index serves only what a leakproof comparison asks of it."""
    asked = [name for name, text in written(POSTGRES).items() if "EACH_ID" in text]
    assert len(asked) > 20
    for name in asked:
        scanned = _SCANNED.findall(planned(app, statements()[name]))
        assert not NET.keys() & set(scanned), name


def test_a_key_that_begins_with_a_shard_is_asked_for_in_that_shard(app: Connection) -> None:
    """Else the whole index is gone through for each id, which no plan calls a scan of a table."""
    first: dict[str, str] = dict(app.execute(_FIRST).fetchall())
    asked = [
        name for name, text in written(POSTGRES).items()
        if ("EACH_ID" in text or ">> 53" in text) and "CHUNK" not in text
    ]  # fmt: skip
    assert {"booking.clean", "person.by_document", "claim.holder"} <= set(asked)
    met = [
        (name, index, condition)
        for name in asked
        for index, condition in _MET.findall(planned(app, statements()[name]))
        if first[index] == "shard" and _OF_EACH.search(condition)
    ]
    assert len(met) > len(asked) // 2
    assert not [each for each in met if not re.search(r"\bshard = ", each[2])]


def test_what_counts_of_an_offer_is_met_by_a_key(app: Connection, database: Database) -> None:
    """However many bookings of other offers somebody has, and whichever key the server prefers."""
    text, keys = statements()["booking.of_people"], {"booking_once", "booking_person"}
    met = _MET.findall(planned(app, text))
    assert [key for key, _ in met] == ["booking_once"]
    owner = connect(database.admin, Limits())
    tell(owner, "SET enable_seqscan = off; SET enable_bitmapscan = off")
    tell(owner, "SET enable_hashjoin = off; SET enable_mergejoin = off")
    for key in keys:
        with owner.transaction(force_rollback=True):
            tell(owner, f"DROP INDEX szunion.booking_offer, szunion.{key}")
            met += _MET.findall(planned(owner, text))
    owner.close()
    assert {key for key, _ in met} == keys
    for _, condition in met:
        asked = re.findall(r"\b(\w+) = u\.", condition)
        assert set(asked) == {"shard", "offer_id", "person_id"}


def test_what_is_leased_is_found_once_whatever_it_is_joined_with(app: Connection) -> None:
    """A join that looks for it again passes over what is locked, and leases more than it may."""
    asked = [name for name, text in written(POSTGRES).items() if "SKIP_LOCKED" in text]
    assert {"outbox.take", "outbox.take_unknown"} <= set(asked)
    for name in asked:
        assert "CTE Scan on t" in planned(app, statements()[name]), name


def test_the_documents_of_a_large_chunk_are_met_by_their_keys(database: Database) -> None:
    """Whatever the columns hold when the plan is made: else a chunk reads all of the city's."""
    connection = connect(database.app, Limits())
    name = "roster.on_file"
    tell(connection, "SET enable_seqscan = off")  # a table that tests have emptied has no size
    told = packed(name, {"shard": list(range(1_000)), "blind": [bytes(16)] * 1_000})
    with connection.transaction():
        rows = connection.execute(f"EXPLAIN (COSTS OFF) {statements()[name]}".encode(), told)
        plan = "\n".join(line for (line,) in rows)
    connection.close()
    assert "Index Cond: ((shard = u.shard) AND (blind = u.blind) AND (rank = 0))" in plan
    assert not _SCANNED.findall(plan)
