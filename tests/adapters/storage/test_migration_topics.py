"""The step that makes classes of calls into the city's topics keeps every call and matter."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from szunion.adapters.storage.postgres import migrate as on_postgres
from szunion.adapters.storage.postgres.connection import Limits, ask, connect, tell
from szunion.adapters.storage.sql.migrations import Migration
from szunion.adapters.storage.sqlite import migrate as on_sqlite
from szunion.adapters.storage.sqlite import session
from szunion.testing.postgres_databases import Databases

BECAME = {
    "LOSS": "card-loss", "CARD": "member-service", "MEMBERSHIP": "member-service",
    "BENEFIT": "member-service", "LEGAL": "legal", "OTHER": "suggestion",
}  # fmt: skip
NUMBERED = list(enumerate(BECAME, start=1))
CALLS = [
    f"INSERT INTO ticket (ticket_id, clerk, matter, taken, state, version)"
    f" VALUES ({number}, 'c', '{old}', 5, 'NEW', 0)"
    for number, old in NUMBERED
]  # fmt: skip
MATTERS = [
    f"INSERT INTO referral (shard, referral_id, ticket_id, person_id, organisation_id, matter,"
    f" made, clerk, handler, due, breaches, late, bounces, calls, state, sealed, changed, version)"
    f" VALUES (0, {number}, {number}, 7, 1, '{old}', 5, 'c', '', '2026-11-30', 0, 0, 0, 0, 'NEW', "
    for number, old in NUMBERED
]  # fmt: skip
TOLD = [(number, BECAME[old]) for number, old in NUMBERED]


def before(steps: list[Migration]) -> int:
    """Return the number of the step before the one that is looked at."""
    return next(each.number for each in steps if each.name.endswith("_topics.sql")) - 1


def test_on_sqlite_every_call_and_matter_has_a_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    every = list(on_sqlite.migrations())
    with closing(session.connect(":memory:")) as connection:
        monkeypatch.setattr(on_sqlite, "migrations", lambda: every[: before(every)])
        on_sqlite.migrate(connection, at=0)
        for text in (*CALLS, *(f"{each}x'00', 5, 0)" for each in MATTERS)):
            connection.execute(text)
        monkeypatch.setattr(on_sqlite, "migrations", lambda: every)
        on_sqlite.migrate(connection, at=1)
        assert _topics(connection, "ticket") == TOLD
        assert _topics(connection, "referral") == TOLD


def _topics(connection: sqlite3.Connection, table: str) -> list[tuple[int, str]]:
    return connection.execute(f"SELECT {table}_id, topic FROM {table} ORDER BY 1").fetchall()


@pytest.mark.postgres
def test_on_postgresql_every_call_and_matter_has_a_topic(databases: Databases) -> None:
    every = list(on_postgres.migrations())
    with closing(connect(databases.empty().owner, Limits())) as connection:
        on_postgres.migrate(connection, at=0, upto=before(every))
        for text in (*CALLS, *(f"{each}'\\x00', 5, 0)" for each in MATTERS)):
            tell(connection, text)
        on_postgres.migrate(connection, at=1)
        for table in ("ticket", "referral"):
            found = ask(
                connection,
                f"SELECT json_agg(json_build_array({table}_id, topic) ORDER BY {table}_id)"
                f" FROM {table}",
            )
            assert found is not None
            assert [tuple(each) for each in found[0]] == TOLD
