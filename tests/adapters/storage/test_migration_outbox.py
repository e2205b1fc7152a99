"""The step that widens the outbox keeps what waits in it, with its order and its guards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from szunion.adapters.storage.sqlite import migrate, session

_OLD = """
INSERT INTO outbox VALUES (?, ?, 'PAY_OUT', ?, 'D', 9, 9, ?, 1, 2, ?, 3, 0, 5, NULL, 'w', '', 4)
"""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(session.connect(":memory:")) as made:
        yield made


def test_what_waits_in_the_outbox_is_there_after_the_step(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = migrate.migrations()
    before = [each for each in every if each.number < 5]
    monkeypatch.setattr(migrate, "migrations", lambda: before)
    migrate.migrate(connection, at=0)
    connection.execute(_OLD, (0, 1, "K1", 1, "UNKNOWN"))
    connection.execute(_OLD, (0, 2, "K2", 2, "QUEUED"))
    old = connection.execute("SELECT * FROM outbox ORDER BY dispatch_id").fetchall()
    monkeypatch.setattr(migrate, "migrations", lambda: every)
    migrate.migrate(connection, at=1)
    assert connection.execute("SELECT * FROM outbox ORDER BY dispatch_id").fetchall() == old
    with pytest.raises(sqlite3.IntegrityError):  # two of one aggregate in flight
        connection.execute("UPDATE outbox SET state = 'SENT' WHERE dispatch_id = 2")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE outbox SET kind = 'NO_SUCH' WHERE dispatch_id = 2")
    connection.execute("UPDATE outbox SET kind = 'CARD_LIST' WHERE dispatch_id = 2")
