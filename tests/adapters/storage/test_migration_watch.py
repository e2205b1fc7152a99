"""The step that lets a matter be watched at the hotline keeps every matter, and watches those."""

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

#: state, late, watch; and what is watched afterwards.
MATTERS = [
    ("NEW", 0, "NULL", "2026-11-30"),
    ("NEW", 1, "NULL", None),
    ("ASSIGNED", 0, "'2026-11-25'", "2026-11-25"),
    ("REPLIED", 0, "NULL", None),
    ("CLOSED", 0, "NULL", None),
]
TEXTS = [
    f"INSERT INTO referral (shard, referral_id, ticket_id, person_id, organisation_id, topic, made,"
    f" clerk, handler, due, watch, breaches, late, bounces, calls, state, changed, version, sealed)"
    f" VALUES (0, {number}, {number}, 7, 1, 'legal', 5, 'c', '', '2026-11-30', {watch}, 0, {late},"
    f" 0, 0, '{state}', 5, 3, "
    for number, (state, late, watch, _) in enumerate(MATTERS, start=1)
]
AFTER = [(number, watch) for number, (*_, watch) in enumerate(MATTERS, start=1)]


def before(steps: list[Migration]) -> int:
    """Return the number of the step before the one that is looked at."""
    return next(each.number for each in steps if each.name.endswith("_watched_at_once.sql")) - 1


def test_on_sqlite_what_waits_at_the_hotline_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    every = list(on_sqlite.migrations())
    with closing(session.connect(":memory:")) as connection:
        monkeypatch.setattr(on_sqlite, "migrations", lambda: every[: before(every)])
        on_sqlite.migrate(connection, at=0)
        for text in TEXTS:
            connection.execute(f"{text}x'ab')")
        monkeypatch.setattr(on_sqlite, "migrations", lambda: every)
        on_sqlite.migrate(connection, at=1)
        found = connection.execute("SELECT referral_id, watch FROM referral ORDER BY 1").fetchall()
        assert found == AFTER
        kept = connection.execute("SELECT DISTINCT sealed, version, topic FROM referral").fetchall()
        assert kept == [(b"\xab", 3, "legal")]
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            connection.execute("UPDATE referral SET watch = due WHERE state = 'CLOSED'")


@pytest.mark.postgres
def test_on_postgresql_what_waits_at_the_hotline_is_watched(databases: Databases) -> None:
    every = list(on_postgres.migrations())
    with closing(connect(databases.empty().owner, Limits())) as connection:
        on_postgres.migrate(connection, at=0, upto=before(every))
        for text in TEXTS:
            tell(connection, f"{text}'\\xab')")
        on_postgres.migrate(connection, at=1)
        found = ask(
            connection,
            "SELECT json_agg(json_build_array(referral_id, watch) ORDER BY referral_id)"
            " FROM referral",
        )
        assert found is not None
        assert [tuple(each) for each in found[0]] == AFTER
