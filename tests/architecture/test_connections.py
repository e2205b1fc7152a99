"""The watch over SQLite connections sees one that is forgotten, and names the test."""

from __future__ import annotations

import sqlite3

import pytest
from tests import connections


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
