"""A primary, its standby, and threads that write through one store and note what was acknowledged.

As a caller does: each dispatch has a key of its own, and whoever does not know what became of it
asks by the key before writing again. A primary that dies is sought until another one answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, pairwise

from attrs import define, field
from tests.system.pg_load import desk, key, queue

from szunion.adapters.storage.postgres.connection import Limits, ask, connect, with_parts
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.errors import CommitUnknown, StorageError
from szunion.testing.postgres import PostgresServer
from szunion.testing.postgres_databases import Database, Databases, ready

_LETTERS = str.maketrans("0189", "GHIJ")


@define(eq=False)
class Writers:
    """So many threads on one store; each is an aggregate of its own."""

    store: PostgresStorage
    threads: int
    told: list[tuple[float, str]] = field(factory=list)
    """When each dispatch was acknowledged (seconds of a clock that only grows), and its key."""
    unknown: int = 0
    _stop: threading.Event = field(factory=threading.Event)
    _running: list[threading.Thread] = field(factory=list)

    def start(self) -> None:
        for number in range(self.threads):
            name = "BCDEFGKLMNOPQRST"[number]
            self._running.append(threading.Thread(target=self._write, args=(name,)))
            self._running[-1].start()

    def _write(self, name: str) -> None:
        for number in count(1):
            word = format(number, "X").translate(_LETTERS) + name
            while not self._kept(word, name):
                if self._stop.is_set():
                    return
                time.sleep(0.005)
            self.told.append((time.monotonic(), key(word).text))
            if self._stop.is_set():
                return

    def _kept(self, word: str, name: str) -> bool:
        try:
            if self.store.read(lambda work: work.outbox.by_key(desk(work), key(word))) is None:
                self.store.run(partial(queue, name=word, aggregate=ord(name)))
        except CommitUnknown:
            self.unknown += 1
            return False
        except StorageError:
            return False
        return True

    def wait_for(self, more: int) -> None:
        """Wait until so many more were acknowledged: by count, not by the clock."""
        wanted = len(self.told) + more
        while len(self.told) < wanted:
            assert all(thread.is_alive() for thread in self._running), "a writer has failed"
            time.sleep(0.005)

    def stop(self) -> None:
        """Let each end what it is about, and end."""
        self._stop.set()
        for thread in self._running:
            thread.join()

    def gap(self) -> float:
        """Return the longest time between two acknowledgements, of whichever threads, in s."""
        times = sorted(at for at, _ in self.told)
        return max(after - before for before, after in pairwise(times))

    def lost_and_doubled(self, dsn: str) -> tuple[set[str], int]:
        """Return what was acknowledged and is not there, and how many rows are there twice."""
        connection = connect(dsn, Limits())
        try:
            row = ask(connection, "SELECT coalesce(json_agg(key), '[]') FROM szunion.outbox")
        finally:
            connection.close()
        assert row is not None
        there: list[str] = row[0]
        return {key for _, key in self.told} - set(there), len(there) - len(set(there))


# --- a primary and its standby ------------------------------------------------------------------


def made(server: PostgresServer) -> Database:
    own = Databases(server.dsn(), server)
    own.prepare()
    return own.filled(ready)


def both(database: Database, primary: PostgresServer, standby: PostgresServer) -> str:
    """Return an address that finds the primary, whichever of the two it is."""
    hosts = f"{primary.folder},{standby.folder}"
    return with_parts(database.app, host=hosts, target_session_attrs="read-write")


def wait_for_sync(primary: PostgresServer) -> None:
    primary.reload({"synchronous_standby_names": "*"})
    connection = connect(primary.dsn(), Limits())
    try:
        while not ask(connection, "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"):
            time.sleep(0.02)
    finally:
        connection.close()


@contextmanager
def two(server: PostgresServer) -> Iterator[tuple[Database, PostgresServer]]:
    """Make a database, and a synchronous standby of its server."""
    database = made(server)
    with server.standby("first") as other:
        wait_for_sync(server)
        yield database, other
