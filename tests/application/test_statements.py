"""An import asks its store once a chunk, and never once a row: counted, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from tests.application.test_import import csv_of, desk, row_of
from tests.offices import ON_SQLITE, Town, office_on, town_on

from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.testing.rosters import synthetic_roster

pytestmark = ON_SQLITE

PER_CHUNK = 40
"""Statements of one chunk, its transaction, its checks and the run's own rows included."""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    office = office_on("sqlite", tmp_path)
    yield town_on(office)
    office.storage.close()


@contextmanager
def counted(town: Town) -> Iterator[list[str]]:
    """Collect every statement that SQLite runs; those of triggers come as comments."""
    storage, seen = town.office.storage, list[str]()
    assert isinstance(storage, SqliteStorage)
    connection = storage._connection()
    connection.set_trace_callback(lambda sql: None if sql.startswith("--") else seen.append(sql))
    yield seen
    connection.set_trace_callback(None)


def test_a_thousand_newcomers_cost_no_more_statements_than_ten(town: Town) -> None:
    with counted(town) as few:
        desk(town, town.g(0)).import_file(csv_of([row_of(at) for at in range(10)]))
    with counted(town) as many:
        desk(town, town.g(0)).import_file(BytesIO(synthetic_roster(1, 1_000).as_csv()))
    assert len(many) <= len(few) <= PER_CHUNK


def test_two_chunks_cost_two_chunks(town: Town) -> None:
    data = synthetic_roster(1, 1_000).as_csv()
    with counted(town) as seen:
        result = desk(town, town.g(0)).import_file(BytesIO(data), chunk=500)
    assert result.added > 900
    assert len(seen) <= 2 * PER_CHUNK


def test_a_thousand_members_who_are_on_file_cost_no_more_statements_than_ten(town: Town) -> None:
    data = synthetic_roster(1, 1_000).as_csv()
    first = desk(town, town.g(0)).import_file(BytesIO(data))
    with counted(town) as seen:
        again = desk(town, town.g(0)).import_file(BytesIO(data))
    assert again.unchanged == first.added > 900
    assert len(seen) <= PER_CHUNK


def test_the_counter_sees_a_query_a_row(town: Town) -> None:
    """A test that counts must be able to count: one look a row is found."""
    with counted(town) as seen:
        desk(town, town.g(0)).import_file(csv_of([row_of(at) for at in range(100)]), chunk=1)
    assert len(seen) > 100 * 10
