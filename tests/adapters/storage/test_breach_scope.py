"""What a login touched is found by the login: of a log of millions, no other's entry is read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from tests.databases import planned
from tests.offices import office_on

from szunion.adapters.storage.postgres.dialect import statements as of_postgres
from szunion.adapters.storage.sql.dialect import spelled
from szunion.adapters.storage.sqlite.dialect import SQLITE
from szunion.testing.postgres_databases import Database

ROWS = 3_000
_COLUMNS = """(shard, audit_id, person_id, at, actor, role, node, purpose, action, subject, before,
              after, reason{more}) SELECT i % 16, i, i, i, 'officer-' || (i % 97), 'G', 93, 'enrol',
              'membership.approve', i, 'APPLIED', 'ACTIVE', ''{what}"""
ASKED = {"actor": "officer-7", "since": 1, "until": ROWS, "after": 0, "most": 100}


@pytest.mark.parametrize("name", ["audit.touched", "audit.touched_lately"])
def test_sqlite_finds_it_by_the_login(name: str, tmp_path: Path) -> None:
    office_on("sqlite", tmp_path).storage.close()
    with sqlite3.connect(tmp_path / "union.db") as connection:
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
            f" INSERT INTO audit {_COLUMNS.format(more='', what='')} FROM n"
        )
        plan = connection.execute(f"EXPLAIN QUERY PLAN {spelled(SQLITE)[name]}", ASKED).fetchall()
    connection.close()
    assert [row[3] for row in plan if "audit" in row[3]] == [
        f"SEARCH audit USING INDEX audit_by_actor (actor=?{' AND place>?' * (name[-1] == 'd')})"
    ]


@pytest.mark.postgres
def test_postgres_finds_it_by_the_login(database: Database) -> None:
    with psycopg.connect(database.owner, options="-c search_path=szunion,pg_catalog") as owner:
        into = _COLUMNS.format(more=", place", what=", i")
        owner.execute(f"INSERT INTO audit {into} FROM generate_series(1, {ROWS}) i".encode())
        owner.execute("ANALYZE audit")
        told = planned(owner, of_postgres()["audit.touched"])
    assert "Index Scan using audit_by_actor on audit" in told
    assert "Sort" not in told
