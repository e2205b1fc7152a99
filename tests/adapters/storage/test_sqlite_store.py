"""The SQLite store refuses weaker settings, keeps its word, and makes a decision again."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.sqlite.migrate import is_blank, migrate
from szunion.adapters.storage.sqlite.session import SqliteSession, connect, prepare
from szunion.adapters.storage.sqlite.storage import BorrowedSqlite, SqliteStorage
from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.errors import Conflict, SchemaOutOfDate, StorageError, StorageFull
from szunion.ports.storage import UnitOfWork
from szunion.testing import SimClock

ENGINE = Principal(id="engine", role=Role.ENGINE, purpose=Purpose.OPERATE)


class Dice:
    """Ids that come as they are told; of the many that are let pass between two tries, none."""

    def __init__(self, *ids: int) -> None:
        self.ids = list(ids)

    def new(self, shard: int = 0) -> int:
        return (shard << 53) | self.ids.pop(0)

    def many(self, shards: list[int]) -> list[int]:
        return [self.new(shard) for shard in shards] if len(shards) < 8 else []


def store(path: Path, *ids: int) -> SqliteStorage:
    vault = FileKeys(bytes(32)).vault()
    return SqliteStorage.open(path, clock=SimClock(), ids=Dice(*ids), vault=vault)


def hosts(path: Path) -> sqlite3.Connection:
    """Return a connection of a host application to the database at *path*."""
    connection = sqlite3.connect(path)
    prepare(connection)
    return connection


def borrowed(connection: sqlite3.Connection, *ids: int) -> BorrowedSqlite:
    return BorrowedSqlite(connection, SimClock(), Dice(*ids), FileKeys(bytes(32)).vault())


def log(work: UnitOfWork) -> None:
    scope: Scope = authorise(work, ENGINE, Operation.OPERATE)
    work.audit.add(scope, AuditEntry(action="test.note", subject=1))


def twice(work: UnitOfWork) -> None:
    log(work)
    log(work)


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("SELECT count(*) FROM audit").fetchone()[0]
        return found


def test_an_id_that_another_process_drew_is_drawn_again(tmp_path: Path) -> None:
    path = tmp_path / "union.db"
    one = store(path, 7)
    one.run(log)
    other = store(path, 7, 7, 8)
    other.run(log)
    assert count(path) == 2
    one.close()
    other.close()


def test_a_key_that_is_always_taken_is_a_conflict_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "union.db"
    one = store(path, 7, 7, 7, 7, 7, 7)
    one.run(log)
    with pytest.raises(Conflict, match="E-STORE-004"):
        one.run(log)
    assert count(path) == 1
    one.close()


def test_a_unit_that_raises_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "union.db"
    one = store(path, 1, 2)

    def half(work: UnitOfWork) -> None:
        log(work)
        raise KeyError

    with pytest.raises(KeyError):
        one.run(half)
    assert count(path) == 0
    one.run(log)
    assert count(path) == 1
    one.close()


def test_a_thread_that_ended_leaves_no_connection_behind(tmp_path: Path) -> None:
    one = store(tmp_path / "union.db", *range(1, 9))
    for _ in range(5):
        thread = threading.Thread(target=one.run, args=[log])
        thread.start()
        thread.join()
    assert len(one._lines._opened) <= 2
    one.close()
    assert count(tmp_path / "union.db") == 5


@pytest.mark.parametrize(
    "setting",
    [
        "synchronous=NORMAL", "synchronous=OFF", "foreign_keys=OFF", "trusted_schema=ON",
        "cell_size_check=OFF", "journal_mode=DELETE", "journal_mode=MEMORY", "journal_mode=OFF",
    ],
)  # fmt: skip
def test_a_borrowed_connection_with_weaker_settings_is_refused(
    tmp_path: Path, setting: str
) -> None:
    path = tmp_path / "union.db"
    store(path).close()
    connection = hosts(path)
    connection.execute(f"PRAGMA {setting}")
    with pytest.raises(StorageError, match="E-STORE-003"):
        borrowed(connection)
    connection.close()


def test_a_borrowed_connection_commits_with_its_host_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "union.db"
    store(path).close()
    connection = hosts(path)
    inside = borrowed(connection, 1, 2, 3)
    with pytest.raises(StorageError, match="E-STORE-010"):
        inside.run(log)
    for end, rows in (("ROLLBACK", 0), ("COMMIT", 1)):
        connection.execute("BEGIN IMMEDIATE")
        inside.run(log)
        connection.execute(end)
        assert count(path) == rows
    connection.close()


def test_an_id_that_is_taken_is_drawn_again_within_the_hosts_transaction(tmp_path: Path) -> None:
    """Our part is undone and done again; what the host has done stays, once."""
    path = tmp_path / "union.db"
    one = store(path, 7)
    one.run(log)
    one.close()
    connection = hosts(path)
    connection.execute("CREATE TABLE theirs (x INTEGER)")
    inside = borrowed(connection, 5, 7, 8, 9, 7, 7, 7, 7, 7)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO theirs VALUES (1)")
    inside.run(twice)
    with pytest.raises(Conflict, match="E-STORE-004"):
        inside.run(log)
    connection.execute("COMMIT")
    found = connection.execute("SELECT audit_id FROM audit ORDER BY audit_id").fetchall()
    assert [id_ for (id_,) in found] == [7, 8, 9]
    assert connection.execute("SELECT count(*) FROM theirs").fetchone() == (1,)
    connection.close()


def test_a_host_whose_temporary_table_has_one_of_our_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "union.db"
    store(path).close()
    connection = hosts(path)
    inside = borrowed(connection, 1)
    connection.execute("CREATE TEMPORARY TABLE audit (theirs INTEGER)")
    connection.execute("BEGIN IMMEDIATE")
    for attempt in (inside.run, inside.read):
        with pytest.raises(StorageError, match=r"E-STORE-010[^$]*audit"):
            attempt(log)
    connection.rollback()
    connection.execute("DROP TABLE temp.audit")
    connection.execute("BEGIN IMMEDIATE")
    inside.run(log)
    connection.execute("COMMIT")
    assert count(path) == 1
    connection.close()


def test_a_file_that_is_no_database_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(StorageError, match="E-STORE-009"):
        store(path)
    text = tmp_path / "text.db"
    text.write_text("no database")
    with pytest.raises(StorageError, match="E-STORE-009"):
        store(text)


@pytest.mark.parametrize("left", [1, 5, 400])
def test_where_the_disk_is_full_a_new_store_is_left_blank_and_made_later(
    tmp_path: Path, left: int
) -> None:
    path = tmp_path / "union.db"
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA max_page_count = {left}")
        with pytest.raises(StorageFull, match="E-STORE-002") if left < 400 else nullcontext():
            migrate(connection, at=0)
        assert is_blank(connection) == (left < 400)
    assert path.stat().st_size, "there is a file, with its first page"
    one = store(path, 1)
    one.run(log)
    one.close()


def test_a_schema_of_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "union.db"
    store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaOutOfDate, match="E-STORE-006"):
        store(path)


def test_the_log_cannot_be_edited_in_the_database(tmp_path: Path) -> None:
    path = tmp_path / "union.db"
    one = store(path, 1)
    one.run(log)
    one.close()
    connection = sqlite3.connect(path)
    for attack in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(attack)
    connection.close()


def test_times_of_the_database_are_exact() -> None:
    from szunion.adapters.storage.sql.times import micros, moment

    at = datetime(2017, 11, 23, 1, 2, 3, 456789, tzinfo=UTC)
    assert moment(micros(at)) == at


def test_what_goes_by_keeps_few_pages_and_gives_the_cache_back(tmp_path: Path) -> None:
    connection = connect(tmp_path / "union.db")
    migrate(connection, at=0)
    for card in (1, 2):
        connection.execute(
            "INSERT INTO card (shard, card_id, person_id, programme, token_sealed, token_index,"
            " psn, last_four, account_class, bank_sequence, bank_conflict, bank_gap, union_state,"
            " union_sequence, custody, current, born, version) VALUES (0, :card, :card, 'P', x'',"
            " zeroblob(16), :card, '', 'I', 0, 0, 0, 'PENDING', 0, 'AT_BANK', 1, 0, 0)",
            {"card": card},
        )

    def cache() -> int:
        found: int = connection.execute("PRAGMA cache_size").fetchone()[0]
        return found

    session, usual = SqliteSession(connection), cache()
    rows = session.stream("card.states")
    next(rows)
    assert abs(cache()) < abs(usual)
    assert len(list(rows)) == 1
    assert cache() == usual
    broken_off = session.stream("card.states")
    next(broken_off)
    broken_off.close()  # type: ignore[attr-defined] # a generator's
    assert cache() == usual
    connection.close()
