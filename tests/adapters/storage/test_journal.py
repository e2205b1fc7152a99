"""The journal of a SQLite file is kept short, whoever relieves whom, and nobody is held up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from tests.offices import office_on

from szunion.adapters.storage.sqlite import session
from szunion.adapters.storage.sqlite.journal import Journal
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal, Purpose, Role
from szunion.domain.audit import AuditEntry
from szunion.ports.storage import UnitOfWork

MOST = 256 << 10
ENGINE = Principal(id="engine", role=Role.ENGINE, purpose=Purpose.OPERATE)


def write(work: UnitOfWork) -> None:
    """Write some hundred KiB."""
    scope = authorise(work, ENGINE, Operation.OPERATE)
    for number in range(500):
        work.audit.add(scope, AuditEntry(action="test.note", subject=number))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[SqliteStorage, SqliteStorage]]:
    """Two stores on one file, as two importers have them."""
    one = office_on("sqlite", tmp_path).storage
    assert isinstance(one, SqliteStorage)
    other = SqliteStorage.open(one.path, clock=one.clock, ids=one.ids, vault=one.vault)
    for each in (one, other):
        each._journal = Journal(each.path, MOST, wait_ms=1)
    yield one, other
    one.close()
    other.close()


def longest_of(writers: tuple[SqliteStorage, SqliteStorage]) -> int:
    """Return how long the journal was at most while writers relieved each other."""
    longest = 0
    for turn in range(30):
        writers[turn % 2].run(write)
        longest = max(longest, writers[0]._journal.size)
    return longest


def test_writers_that_relieve_each_other_keep_the_journal_short(
    pair: tuple[SqliteStorage, SqliteStorage],
) -> None:
    one, other = pair
    one.run(write)
    once = one._journal.size
    assert longest_of(pair) < MOST + 2 * once
    one._journal.most = other._journal.most = one._journal._due = other._journal._due = 1 << 40
    assert longest_of(pair) > MOST + 4 * once


def test_who_reads_for_long_holds_up_nobody_and_the_journal_is_short_afterwards(
    pair: tuple[SqliteStorage, SqliteStorage],
) -> None:
    one, _ = pair
    with closing(connect(one.path)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM audit").fetchone()
        while one._journal._due == MOST:
            one.run(write)
        held = one._journal.size
        assert one._journal._due > MOST  # it was tried, and is not tried again at every write
        assert reader.execute("SELECT count(*) FROM audit").fetchone() == before
        (found,) = reader.execute("PRAGMA busy_timeout").fetchone()
        assert one._connection().execute("PRAGMA busy_timeout").fetchone() == (found,)
    while one._journal.size >= held:
        one.run(write)
    assert one._journal._due == MOST
    with closing(connect(one.path)) as reader:
        assert reader.execute("SELECT count(*) FROM audit").fetchone() > before
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_between_the_chunks_of_a_roster_the_journal_is_left_and_the_last_empties_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_CHECKPOINT", 10)
    one = office_on("sqlite", tmp_path).storage
    assert isinstance(one, SqliteStorage)
    file = Path(one.path)

    def chunk(work: UnitOfWork, *, more: bool) -> None:
        work.imports.queue(more=more)
        write(work)

    def failing(work: UnitOfWork) -> None:
        chunk(work, more=True)
        raise RuntimeError

    one.run(write)
    before = file.stat().st_size
    for _ in range(3):
        one.run(partial(chunk, more=True))
    assert file.stat().st_size == before
    one.run(partial(chunk, more=False))
    after = file.stat().st_size
    assert after > before
    with pytest.raises(RuntimeError):
        one.run(failing)
    one.run(write)
    assert file.stat().st_size > after
    one.close()


def test_what_is_in_memory_has_no_journal() -> None:
    with closing(connect(":memory:")) as connection:
        Journal(":memory:", 0).keep_short(connection)
        assert Journal(":memory:").size == 0
