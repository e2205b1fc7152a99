"""The PostgreSQL store keeps its word: decides again, knows its commits, leaves nothing half."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

import psycopg
import pytest
from attrs import evolve
from psycopg.pq import TransactionStatus
from tests.databases import ONE_SERVER

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.postgres import commit
from szunion.adapters.storage.postgres import migrate as migrations
from szunion.adapters.storage.postgres.connection import Connection, Limits, ask, connect, tell
from szunion.adapters.storage.postgres.net import NET, check_net, secure
from szunion.adapters.storage.postgres.storage import BorrowedPostgres, PostgresStorage
from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal, Purpose, Role
from szunion.domain.audit import AuditEntry
from szunion.domain.card_records import SAID
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.values import RequestKey
from szunion.errors import (
    CommitUnknown,
    Conflict,
    NotFound,
    SchemaOutOfDate,
    StorageBusy,
    StorageClosed,
    StorageError,
    StorageUnreachable,
)
from szunion.ports.storage import UnitOfWork
from szunion.testing import SimClock
from szunion.testing.postgres_databases import APPLICATION, Database, Databases

pytestmark = pytest.mark.postgres

ENGINE = Principal(id="engine", role=Role.ENGINE, purpose=Purpose.OPERATE)
QUICK = Limits(connections=4, pause=0.01)


class Dice:
    """Ids that come as they are told; of the many that are let pass between two tries, none."""

    def __init__(self, *ids: int) -> None:
        self.ids = list(ids)

    def new(self, shard: int = 0) -> int:
        return (shard << 53) | self.ids.pop(0)

    def many(self, shards: list[int]) -> list[int]:
        return [self.new(shard) for shard in shards] if len(shards) < 8 else []


def store(database: Database, *ids: int, limits: Limits = QUICK) -> PostgresStorage:
    vault = FileKeys(bytes(32)).vault()
    return PostgresStorage.open(
        database.app, clock=SimClock(), ids=Dice(*ids), vault=vault, limits=limits
    )


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    found = connect(database.admin, QUICK)
    yield found
    found.close()


def log(work: UnitOfWork) -> None:
    scope = authorise(work, ENGINE, Operation.OPERATE)
    work.audit.add(scope, AuditEntry(action="test.note", subject=1))


def count(admin: Connection) -> int:
    row = ask(admin, "SELECT count(*) FROM szunion.audit")
    assert row is not None
    return int(row[0])


def offers(work: UnitOfWork) -> int:
    """Ask twice."""
    scope = authorise(work, ENGINE, Operation.SERVICE_READ)
    return len(work.offers.open(scope, work.now)) + len(work.offers.open(scope, work.now))


def test_an_id_that_another_process_drew_is_drawn_again(
    database: Database, admin: Connection
) -> None:
    one = store(database, 7)
    one.run(log)
    other = store(database, 7, 7, 8)
    other.run(log)
    assert count(admin) == 2
    one.close()
    other.close()


def test_a_key_that_is_always_taken_is_a_conflict_in_the_end(
    database: Database, admin: Connection
) -> None:
    one = store(database, *[7] * 6)
    one.run(log)
    with pytest.raises(Conflict, match="E-STORE-004"):
        one.run(log)
    assert count(admin) == 1
    one.close()


def test_a_unit_that_raises_leaves_nothing_and_its_connection_is_used_again(
    database: Database, admin: Connection
) -> None:
    one = store(database, 1, 2, limits=evolve(QUICK, connections=1))

    def half(work: UnitOfWork) -> None:
        log(work)
        raise KeyError

    with pytest.raises(KeyError):
        one.run(half)
    assert count(admin) == 0
    one.run(log)
    assert count(admin) == 1
    one.close()


def test_a_unit_that_hides_a_failed_statement_is_not_taken_for_committed(
    database: Database, admin: Connection
) -> None:
    """The server answers COMMIT with ROLLBACK then, and calls that no error."""
    one = store(database, 7, 7)
    one.run(log)

    def hides(work: UnitOfWork) -> str:
        session: Any = getattr(work, "session")  # noqa: B009
        try:
            log(work)
            session.settle()
        except Conflict:
            return "all is well"
        return "no conflict"

    with pytest.raises(StorageError, match="25P02"):
        one.run(hides)
    assert count(admin) == 1
    one.close()


def test_what_was_added_last_is_told_before_the_commit(
    database: Database, admin: Connection
) -> None:
    """Its conflict is heard then, and the decision is made again as for any other."""
    one = store(database, 7)
    one.run(log)
    other = store(database, 7, 8, 9, 10)
    decided: list[int] = []

    def twice(work: UnitOfWork) -> None:
        decided.append(count(admin))
        log(work)
        log(work)
        assert count(admin) == 1

    other.run(twice)
    assert decided == [1, 1]
    assert count(admin) == 3
    one.close()
    other.close()


@ONE_SERVER
def test_two_decisions_on_the_same_facts_are_made_one_after_the_other(database: Database) -> None:
    """Each looks whether there is an entry and writes one if not: the second decides again."""
    one = store(database, *range(1, 20))
    barrier, decided = threading.Barrier(2), list[str]()

    def once(work: UnitOfWork) -> str:
        scope = authorise(work, ENGINE, Operation.OPERATE)
        there = bool(list(work.audit.of_person(scope, 0)))  # type: ignore[arg-type]
        decided.append("looked")
        if len(decided) <= 2:
            barrier.wait(60)
        if not there:
            work.audit.add(scope, AuditEntry(action="test.note", subject=1))
        return "second" if there else "first"

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(one.run(once))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["first", "second"]
    assert len(decided) >= 3, "one of them was made again"
    one.close()


@ONE_SERVER
def test_a_key_that_somebody_took_meanwhile_is_a_reason_to_decide_again(
    database: Database,
) -> None:
    """The next number was free when it was looked up; the server says `unique`, not `again`."""
    one = store(database, *range(1, 20))
    barrier = threading.Barrier(2)
    looked: list[int] = []

    def next_number(work: UnitOfWork) -> int:
        scope = authorise(work, ENGINE, Operation.BANK_DESK)
        number = work.outbox.next_sequence(scope, 1)
        looked.append(number)
        if len(looked) <= 2:
            barrier.wait(60)
        id_ = work.ids.new()
        key = RequestKey("A" * 25 + chr(65 + id_))
        made = Dispatch(
            id=id_, kind=DispatchKind.SET_CARD_USE, key=key, digest="D", subject=1,
            aggregate=1, sequence=number, created=work.now, due=work.now,
        )  # fmt: skip
        work.outbox.add(scope, made)
        return number

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(one.run(next_number))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [1, 2]
    one.close()


@ONE_SERVER
def test_who_lost_too_often_decides_alone(database: Database) -> None:
    """The last try waits until nobody else writes, and lets nobody begin."""
    one = store(database, *range(1, 20))
    modes: list[str] = []

    def loses(work: UnitOfWork) -> None:
        session: Any = getattr(work, "session")  # noqa: B009
        row = ask(session.connection, _GATE)
        assert row is not None
        modes.append(row[0])
        tell(session.connection, "DO $$ BEGIN RAISE serialization_failure; END $$")

    with pytest.raises(StorageBusy, match="E-STORE-001") as found:
        one.run(loses)
    assert type(found.value) is StorageBusy
    queue = ["ShareUpdateExclusiveLock"] * 3
    assert modes == ["RowShareLock", *queue, "ExclusiveLock"]
    one.close()


_GATE = """
SELECT string_agg(mode, ' ') FROM pg_locks
WHERE relation = 'szunion.write_gate'::regclass AND pid = pg_backend_pid()
"""


def test_a_look_does_not_write(database: Database) -> None:
    one = store(database, 1)
    with pytest.raises(StorageError, match="25006"):
        one.read(log)
    one.close()


def test_a_look_begins_with_the_first_thing_that_it_asks(
    database: Database, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beginning, scope and question are one message; who asks nothing says nothing."""
    one = store(database, 1)
    waits: list[int] = []
    wait = Connection.wait

    def counted(connection: Connection, *given: Any) -> Any:
        waits.append(1)
        return wait(connection, *given)

    def stumbles(work: UnitOfWork) -> int:
        raise KeyError(work.now)

    def stumbles_later(work: UnitOfWork) -> int:
        raise KeyError(offers(work))

    def counting(look: Callable[[UnitOfWork], int]) -> int:
        with one.pool.connection():
            pass  # the end of the look before has been heard
        waits.clear()
        return one.read(look)

    one.read(offers)
    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "wait", counted)
        assert counting(offers) == 0
        assert len(waits) == 2, "two questions are two messages; nobody waits for the end"
        with pytest.raises(KeyError):
            counting(stumbles)
        assert len(waits) == 1, "the connection of a unit that failed is made as new"
        assert counting(lambda _: 5) == 5
        assert len(waits) == 0
    with pytest.raises(KeyError):
        one.read(stumbles_later)
    assert one.read(offers) == 0
    with one.pool.connection() as again:
        assert ask(again, "SELECT pg_backend_pid()") is not None
    open_ = """SELECT count(*) FROM pg_stat_activity
               WHERE state LIKE 'idle in transaction%' AND datname = current_database()"""
    assert ask(admin, open_) == (0,)
    one.close()


def test_who_takes_a_line_next_hears_whether_the_look_before_has_ended(
    database: Database, admin: Connection
) -> None:
    """The server ended it, or is gone: then there is another line."""
    one = store(database, 1, 2, limits=evolve(QUICK, connections=1))

    def backend() -> object:
        with one.pool.connection() as line:
            return ask(line, "SELECT pg_backend_pid()")

    before = backend()
    assert [one.read(offers) for _ in range(50)] == [0] * 50
    assert backend() == before, "one line for all of them"
    for asked in (partial(one.read, offers), partial(one.run, offers)):
        one.read(offers)
        cut(admin)
        asked()
        assert backend() != before
        before = backend()
    one.close()


def test_a_look_that_hid_a_failed_statement_is_told(database: Database) -> None:
    one = store(database, 1)

    def hides(work: UnitOfWork) -> None:
        log(work)
        with suppress(StorageError):
            offers(work)

    with pytest.raises(StorageError, match="25P02"):
        one.read(hides)
    one.close()


# --- when the line breaks ---------------------------------------------------------------------


def cut(admin: Connection) -> None:
    tell(
        admin,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE usename = '{APPLICATION}' AND datname = current_database()",
    )


def test_a_line_that_breaks_before_the_commit_is_sought_again(
    database: Database, admin: Connection
) -> None:
    one = store(database, 1, 2, 3)
    tries: list[int] = []

    def breaks_once(work: UnitOfWork) -> None:
        tries.append(1)
        log(work)
        if len(tries) == 1:
            cut(admin)
        log(work)

    with pytest.raises(IndexError):  # the third id was drawn by the try that was lost
        one.run(breaks_once)
    assert len(tries) == 2
    one.close()
    again = store(database, *range(1, 9))
    tries.clear()
    again.run(breaks_once)
    assert (len(tries), count(admin)) == (2, 2)
    again.close()


def test_a_line_that_always_breaks_is_said_in_the_end(
    database: Database, admin: Connection
) -> None:
    one = store(database, *range(1, 9))

    def breaks(work: UnitOfWork) -> None:
        cut(admin)
        log(work)

    with pytest.raises(StorageUnreachable, match="E-STORE-020"):
        one.run(breaks)
    assert count(admin) == 0
    one.close()


@pytest.mark.parametrize("kind", ["look", "change"])
def test_what_hid_that_its_line_broke_is_done_again_and_is_not_unknown(
    database: Database, admin: Connection, kind: str
) -> None:
    """No COMMIT was sent: nobody has to wonder whether anything was kept."""
    one = store(database, *range(1, 9))
    tries: list[int] = []

    def hides(work: UnitOfWork, times: int) -> int:
        tries.append(1)
        offers(work)
        if len(tries) <= times:
            cut(admin)
        with suppress(StorageUnreachable):
            return offers(work)
        return -1

    do = one.read if kind == "look" else one.run
    assert do(partial(hides, times=1)) == 0
    assert len(tries) == 2
    tries.clear()
    with pytest.raises(StorageUnreachable, match="E-STORE-020"):
        do(partial(hides, times=99))
    assert len(tries) == QUICK.tries
    one.close()


@pytest.mark.parametrize("kept", [True, False])
def test_a_line_that_breaks_during_the_commit_leaves_it_unknown(
    database: Database, admin: Connection, *, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it was kept: the answer is what was lost. It is not decided again."""
    one = store(database, *range(1, 9))
    decided: list[int] = []

    def work(unit: UnitOfWork) -> None:
        decided.append(1)
        log(unit)

    whole = commit.answer

    def breaks(connection: Connection, seconds: float) -> bytes:
        if kept:
            whole(connection, seconds)
        cut(admin)
        return whole(connection, seconds)

    with monkeypatch.context() as patched:
        patched.setattr(commit, "answer", breaks)
        with pytest.raises(CommitUnknown, match="E-STORE-011"):
            one.run(work)
    assert decided == [1]
    assert count(admin) == int(kept)
    one.run(work)
    one.close()


def test_a_commit_that_the_standby_did_not_confirm_is_unknown(
    database: Database, admin: Connection, databases: Databases
) -> None:
    """The server warns that it has committed here alone, and calls that a success."""
    if databases.server is None:
        pytest.skip("the server is not ours: its standbys are not to be changed")
    one = store(database, *range(1, 100_001))
    found: list[BaseException] = []
    kept = 0

    def work() -> None:
        nonlocal kept
        while not found:  # the server hears of its new settings when it hears of them
            try:
                one.run(log)
            except StorageError as error:
                found.append(error)
            kept += 1

    tell(admin, "SET synchronous_commit = local")
    tell(admin, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    tell(admin, "SELECT pg_reload_conf()")
    waiting = threading.Thread(target=work)
    waiting.start()
    try:
        while not ask(admin, _STOPPED) and waiting.is_alive():
            time.sleep(0.01)  # until the server waits for its standby, and is told not to
    finally:
        tell(admin, "ALTER SYSTEM RESET synchronous_standby_names")
        tell(admin, "SELECT pg_reload_conf()")
        waiting.join()
    assert [type(error) for error in found] == [CommitUnknown]
    assert count(admin) == kept
    one.close()


_STOPPED = """
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE wait_event = 'SyncRep' AND datname = current_database()
"""


# --- inside the host application's transaction ------------------------------------------------


@pytest.fixture
def host(database: Database) -> Iterator[Connection]:
    found: Connection = psycopg.connect(database.app)
    found.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    yield found
    found.close()


def borrowed(host: Connection, *ids: int) -> BorrowedPostgres:
    return BorrowedPostgres(host, SimClock(), Dice(*ids), FileKeys(bytes(32)).vault())


@ONE_SERVER
def test_a_borrowed_connection_commits_with_its_host_or_not_at_all(
    host: Connection, admin: Connection
) -> None:
    inside = borrowed(host, 1, 2, 3)
    host.rollback()
    with pytest.raises(StorageError, match="E-STORE-010"):
        inside.run(log)
    for end, rows in ((host.rollback, 0), (host.commit, 1)):
        host.execute("SELECT 1")
        inside.run(log)
        end()
        assert count(admin) == rows
    inside.close()
    host.execute("SELECT 1")
    for ask_anything in (inside.run, inside.read):
        with pytest.raises(StorageClosed, match="E-STORE-038"):
            ask_anything(log)
    assert host.info.transaction_status is TransactionStatus.INTRANS


@ONE_SERVER
def test_a_hosts_temporary_table_of_one_of_our_names_is_not_ours(
    host: Connection, admin: Connection
) -> None:
    host.execute("CREATE TEMPORARY TABLE audit (theirs int)")
    borrowed(host, 1).run(log)
    host.commit()
    assert count(admin) == 1
    assert ask(host, "SELECT count(*) FROM pg_temp.audit") == (0,)


@ONE_SERVER
def test_a_refusal_inside_undoes_our_part_and_leaves_the_hosts(
    host: Connection, admin: Connection
) -> None:
    tell(admin, f"CREATE TABLE public.theirs (x int); GRANT ALL ON public.theirs TO {APPLICATION}")
    inside = borrowed(host, 1, 2)

    def half(work: UnitOfWork) -> None:
        log(work)
        raise KeyError

    host.execute("SET LOCAL szunion.scope = 'host'")
    host.execute("INSERT INTO theirs VALUES (1)")
    with pytest.raises(KeyError):
        inside.run(half)
    assert ask(host, _THEIRS) == ("host", '"$user", public')
    inside.run(log)
    assert ask(host, _THEIRS) == ("host", '"$user", public')
    host.execute("INSERT INTO theirs VALUES (2)")
    host.commit()
    assert count(admin) == 1
    assert ask(admin, "SELECT count(*) FROM public.theirs") == (2,)
    tell(admin, "DROP TABLE public.theirs")


@ONE_SERVER
def test_an_id_that_is_taken_is_drawn_again_within_the_hosts_transaction(
    database: Database, host: Connection, admin: Connection
) -> None:
    """Our part is undone and done again; what the host has done stays, once."""
    one = store(database, 7)
    one.run(log)
    one.close()
    tell(admin, f"CREATE TABLE public.theirs (x int); GRANT ALL ON public.theirs TO {APPLICATION}")
    inside = borrowed(host, 5, 7, 8, 9, 7, 7, 7, 7, 7)

    def twice(work: UnitOfWork) -> None:
        log(work)
        log(work)

    host.execute("INSERT INTO public.theirs VALUES (1)")
    inside.run(twice)
    with pytest.raises(Conflict, match="E-STORE-004"):
        inside.run(log)
    host.commit()
    found = admin.execute("SELECT audit_id FROM szunion.audit ORDER BY audit_id").fetchall()
    assert [id_ for (id_,) in found] == [7, 8, 9]
    assert ask(admin, "SELECT count(*) FROM public.theirs") == (1,)
    tell(admin, "DROP TABLE public.theirs")


_THEIRS = "SELECT current_setting('szunion.scope', true), current_setting('search_path')"


@ONE_SERVER
def test_a_host_that_is_weaker_than_we_is_refused(database: Database, host: Connection) -> None:
    for dsn, options, words in (
        (database.admin, "", "SUPERUSER"),
        (database.owner, "", "OWNER"),
        (database.app, "-c synchronous_commit=off", "synchronous_commit"),
    ):
        weak: Connection = psycopg.connect(dsn, options=options)
        with pytest.raises(StorageError, match=f"E-STORE-003[^$]*{words}"):
            borrowed(weak)
        weak.close()
    host.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    inside = borrowed(host, 1)
    with pytest.raises(StorageError, match=r"E-STORE-010[^$]*SERIALIZABLE"):
        inside.run(log)


@ONE_SERVER
def test_a_hosts_rows_may_come_as_dictionaries(host: Connection, admin: Connection) -> None:
    host.row_factory = psycopg.rows.dict_row  # type: ignore[assignment]
    borrowed(host, 1).run(log)
    host.commit()
    assert count(admin) == 1


# --- the schema -------------------------------------------------------------------------------


@pytest.fixture
def empty(databases: Databases) -> Database:
    return databases.empty()


def test_a_database_without_our_schema_is_refused(empty: Database) -> None:
    with pytest.raises(StorageError, match="E-STORE-009"):
        store(empty)


def test_migrations_run_once_also_when_two_begin_at_once(empty: Database) -> None:
    done: list[int] = []

    patient = evolve(QUICK, lock=300.0)  # a starved machine takes its time, and the other waits

    def migrate() -> None:
        connection = connect(empty.owner, patient)
        done.append(len(migrations.migrate(connection, at=0)))
        connection.close()

    threads = [threading.Thread(target=migrate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, len(migrations.migrations())]


def test_a_migration_that_fails_leaves_the_schema_before_it(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations.migrations()
    broken = evolve(known[2], sql=f"{known[2].sql}\nSELECT nothing_of_the_kind();")
    owner = connect(empty.owner, QUICK)
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "migrations", lambda: [*known[:2], broken])
        with pytest.raises(StorageError, match="42883"):
            migrations.migrate(owner, at=0)
    assert migrations.version(owner) == 2
    assert len(migrations.migrate(owner, at=0)) == len(known) - 2
    owner.close()


def test_an_old_an_edited_and_a_newer_schema_are_refused(empty: Database) -> None:
    owner = connect(empty.owner, QUICK)
    migrations.migrate(owner, at=0)
    secure(owner, APPLICATION)
    store(empty).close()
    record = "szunion.schema_migration"
    newest = len(migrations.migrations())
    for change, code in (
        (f"INSERT INTO {record} VALUES ({newest + 1}, 'x', 'x', 0)", "E-STORE-006"),
        (f"DELETE FROM {record} WHERE version >= {newest}", "E-STORE-006"),
        (f"UPDATE {record} SET checksum = 'x' WHERE version = 1", "E-STORE-007"),
    ):
        tell(owner, change)
        with pytest.raises(SchemaOutOfDate if code.endswith("6") else StorageError, match=code):
            store(empty)
    owner.close()


def test_a_hole_in_the_net_is_seen_and_mended(empty: Database) -> None:
    owner = connect(empty.owner, QUICK)
    migrations.migrate(owner, at=0)
    with pytest.raises(StorageError, match="E-STORE-024"):
        check_net(owner)
    secure(owner, APPLICATION)
    for hole in (
        "ALTER TABLE szunion.person NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE szunion.card DISABLE ROW LEVEL SECURITY",
    ):
        tell(owner, hole)
        with pytest.raises(StorageError, match="E-STORE-024"):
            store(empty)
        secure(owner, APPLICATION)
        store(empty).close()
    owner.close()


def test_every_table_that_names_a_person_a_card_or_a_union_is_in_the_net(admin: Connection) -> None:
    from szunion.adapters.storage.postgres.net import OPEN

    row = ask(
        admin,
        "SELECT json_agg(DISTINCT table_name) FROM information_schema.columns"
        " WHERE table_schema = 'szunion' AND column_name IN"
        " ('person_id', 'card_id', 'account', 'organisation_id', 'list_id')",
    )
    assert row is not None
    assert set(row[0]) == NET.keys() | OPEN.keys()


def test_the_log_cannot_be_edited_in_the_database(database: Database, admin: Connection) -> None:
    one = store(database, 1)
    one.run(log)
    one.close()
    for dsn in (database.app, database.owner):
        connection = connect(dsn, QUICK)
        tell(connection, "SET szunion.scope = '*'")
        for attack in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
            if attack.startswith("TRUNCATE") and dsn == database.owner:
                continue
            with pytest.raises((StorageError, Conflict), match=r"42501|TRIGGER|P0001"):
                tell(connection, attack)
        connection.close()
    assert count(admin) == 1


def test_units_that_fail_leave_the_next_its_statements(database: Database) -> None:
    """One fails before it has asked anything, one after: what is prepared is there, or made."""

    def look(work: UnitOfWork, *, ask_first: bool) -> None:
        if ask_first:
            assert work.audit.head(authorise(work, ENGINE, Operation.OPERATE)) is None
        raise NotFound("E-ACCESS-002")

    opened = store(database, limits=evolve(QUICK, connections=1))
    try:
        for ask_first in (False, True, True, False, True):
            with pytest.raises(NotFound):
                opened.read(lambda work, first=ask_first: look(work, ask_first=first))  # type: ignore[misc]
        assert (
            opened.read(lambda work: work.audit.head(authorise(work, ENGINE, Operation.OPERATE)))
            is None
        )
    finally:
        opened.close()


_CARDS = """
INSERT INTO szunion.card (
    shard, card_id, person_id, programme, token_sealed, token_index, psn, last_four, account_class,
    bank_state, bank_sequence, bank_conflict, bank_gap, union_state, union_sequence, custody,
    current, born, version)
SELECT 0, at, at, 'P', '', substr(sha256(int8send(at)), 1, 16), 1, '', 'I',
    CASE WHEN at % 7 = 0 THEN NULL ELSE 'ACTIVE' END, 0, 0, 0, 'ENABLED', 0, 'WITH_MEMBER', 1, 0, 0
FROM generate_series(1, 9000) AS at
"""


@ONE_SERVER
def test_cards_of_many_pages_come_whole_and_none_twice(
    database: Database, admin: Connection
) -> None:
    """Records come by 64 pages of the table: also past the first, and where pages are empty."""
    tell(admin, "SET session_replication_role = replica")  # cards alone, without their people
    tell(admin, _CARDS)
    tell(admin, "DELETE FROM szunion.card WHERE card_id BETWEEN 3001 AND 7000")
    tell(admin, "UPDATE szunion.card SET version = 1 WHERE card_id % 2 = 0")
    pages = ask(admin, "SELECT pg_relation_size('szunion.card') / 8192")
    assert pages is not None
    assert pages[0] > 2 * 64
    one = store(database)

    def cards(work: UnitOfWork) -> list[int]:
        scope = authorise(work, ENGINE, Operation.BANK_DESK)
        joined = chain.from_iterable(work.cards.records(scope))
        return sorted(int.from_bytes(record[SAID:]) for record in joined)

    assert one.read(cards) == [*range(1, 3001), *range(7001, 9001)]
    one.close()
