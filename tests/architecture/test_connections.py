"""The watch over connections sees one that is forgotten, and names the test."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from tests import connections

from szunion.testing.postgres_databases import Database


def test_a_forgotten_connection_is_seen_with_the_test_that_opened_it(
    request: pytest.FixtureRequest,
) -> None:
    assert connections.forgotten() == []
    sqlite3.connect(":memory:")
    assert connections.forgotten() == [request.node.nodeid]


def test_a_connection_in_a_with_statement_is_not_closed_by_it(
    request: pytest.FixtureRequest,
) -> None:
    with sqlite3.connect(":memory:"):
        pass
    assert connections.forgotten() == [request.node.nodeid]


def test_a_closed_connection_is_nobodys_fault() -> None:
    sqlite3.connect(":memory:").close()
    assert connections.forgotten() == []


@pytest.mark.postgres
def test_a_forgotten_connection_to_a_server_is_seen(
    request: pytest.FixtureRequest, database: Database
) -> None:
    psycopg.connect(database.app).close()
    assert connections.forgotten() == []
    psycopg.connect(database.app)
    assert connections.forgotten() == [request.node.nodeid]
