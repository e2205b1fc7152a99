"""kill -9 of clients, of the whole server, of a primary: nothing acknowledged is lost.

What is checked comes from outside: the clients write down what they were told, and what is in the
database is read when all has come up again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.system.pg_load import desk, key, load, opened, queue
from tests.system.writers import Writers, both, made, two, wait_for_sync

from szunion.adapters.storage.postgres.admin import Standby, standby
from szunion.adapters.storage.postgres.connection import Limits, ask, connect, with_parts
from szunion.errors import CommitUnknown, StorageError
from szunion.testing.postgres import NoPostgres, PostgresServer
from szunion.testing.postgres_databases import Database

pytestmark = pytest.mark.postgres

CLIENTS = 2


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own, to be killed."""
    try:
        with PostgresServer.start() as own:
            yield own
    except NoPostgres as error:
        pytest.skip(str(error))


def killed(server: PostgresServer, folder: Path, rounds: int, plant: str = "") -> set[str]:
    """Kill clients and the server by turns; return what was acknowledged and is lost."""
    database = made(server)
    with load(database.app, folder, CLIENTS, plant) as running:
        for number in range(rounds):
            running.wait_for(10)
            if number % 2:
                running.kill()
                running.start(CLIENTS)
            else:
                server.kill()
                server.up()
                if plant and running.lost(database.admin):
                    break
        if not plant:
            running.wait_for(10)
        running.kill()
        return running.lost(database.admin)


def test_kill_9_of_clients_and_of_the_whole_server_loses_nothing(
    server: PostgresServer, tmp_path: Path
) -> None:
    assert killed(server, tmp_path, 4) == set()


@pytest.mark.soak
def test_a_thousand_kills_lose_nothing(server: PostgresServer, tmp_path: Path) -> None:
    assert killed(server, tmp_path, 1_000) == set()


def test_who_acknowledges_before_the_commit_is_found_out(
    server: PostgresServer, tmp_path: Path
) -> None:
    """Planted: each client notes the key first; one of them is always on its way."""
    assert killed(server, tmp_path, 200, "ack_first") != set()


def failed_over(server: PostgresServer, folder: Path, rounds: int) -> set[str]:
    """Kill the primary under load, again and again, each time promoting its standby."""
    database = made(server)
    primary, standby = server, server.standby("first")
    others = [standby]
    try:
        wait_for_sync(primary)
        for number in range(rounds):
            dsn = both(database, primary, standby)
            where = folder / str(number)
            where.mkdir()
            with load(dsn, where, CLIENTS) as running:
                running.wait_for(10)
                primary.kill()
                standby.reload({"synchronous_standby_names": ""})  # it is alone now, and says so
                standby.promote()
                running.wait_for(10)  # the same clients, at the other server
                running.kill()
                lost = running.lost(standby.dsn(database.name))
            if lost:
                return lost
            if number + 1 < rounds:
                primary, standby = standby, standby.standby(f"again{number}")
                others.append(standby)
                wait_for_sync(primary)
    finally:
        for other in others:
            other.close()
    return set()


def test_kill_9_of_the_primary_loses_nothing_that_its_synchronous_standby_confirmed(
    server: PostgresServer, tmp_path: Path
) -> None:
    assert failed_over(server, tmp_path, 1) == set()


@pytest.mark.soak
def test_twenty_primaries_die_one_after_the_other(server: PostgresServer, tmp_path: Path) -> None:
    assert failed_over(server, tmp_path, 20) == set()


# --- one pool, two servers ----------------------------------------------------------------------


def test_the_same_pool_goes_on_at_the_promoted_standby(server: PostgresServer) -> None:
    """Eight threads write through one store while its primary is killed."""
    with two(server) as (database, other):
        store = opened(both(database, server, other))
        writers = Writers(store, 8)
        writers.start()
        try:
            writers.wait_for(50)
            server.kill()
            other.reload({"synchronous_standby_names": ""})
            other.promote()
            writers.wait_for(50)
        finally:
            writers.stop()
            store.close()
        assert writers.lost_and_doubled(other.dsn(database.name)) == (set(), 0)


def seen(database: Database, server: PostgresServer) -> Standby:
    """Return what the application's role sees of the standby of a server."""
    connection = connect(with_parts(database.app, host=str(server.folder)), Limits())
    try:
        return standby(connection)
    finally:
        connection.close()


def test_a_dead_standby_lets_nobody_wait_for_ever_and_nothing_be_seen_too_early(
    server: PostgresServer,
) -> None:
    """The commit is unknown; it is seen when a standby has it, and then exactly once."""
    with two(server) as (database, other):
        assert seen(database, server).connected == 1
        assert not seen(database, server).silent
        store = opened(database.app, Limits(connections=2, commit=0.2, lock=0.2, tries=2))
        write = partial(queue, name="BA", aggregate=1)
        other.kill()
        with pytest.raises(CommitUnknown, match="E-STORE-031"):
            store.run(write)
        assert seen(database, server).waiting == 1
        for _ in range(2):  # again, with the same key: nobody is told that it is kept
            with pytest.raises(StorageError):
                store.run(write)
            assert store.read(lambda work: work.outbox.by_key(desk(work), key("BA"))) is None
        while seen(database, server).connected:
            time.sleep(0.02)
        assert seen(database, server).silent
        other.up()
        while store.read(lambda work: work.outbox.by_key(desk(work), key("BA"))) is None:
            time.sleep(0.02)
        while seen(database, server).waiting:
            time.sleep(0.02)
        store.run(partial(queue, name="CA", aggregate=1))
        connection = connect(database.admin, Limits())
        count = ask(connection, "SELECT count(*), max(sequence) FROM szunion.outbox")
        connection.close()
        store.close()
    assert count == (2, 2)


def test_an_old_primary_that_rises_again_acknowledges_nothing(server: PostgresServer) -> None:
    """It still asks for a standby that follows another one now: its clients hear "unknown"."""
    with two(server) as (database, other):
        server.kill()
        other.reload({"synchronous_standby_names": ""})
        other.promote()
        server.up()  # nobody has fenced it off
        store = opened(database.app, Limits(connections=1, commit=0.2, tries=2))
        with pytest.raises(CommitUnknown, match="E-STORE-031"):
            store.run(partial(queue, name="BA", aggregate=1))
        assert store.read(lambda work: work.outbox.by_key(desk(work), key("BA"))) is None
        store.close()
        assert seen(database, server).silent
