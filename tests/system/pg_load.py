"""Write on PostgreSQL, be killed, and remember what was acknowledged.

Run as ``python -m tests.system.pg_load ACKS NAME [PLANT]`` with the database's address on stdin: a
client that queues one dispatch a unit, each under a key of its own, and notes the key when the
commit was acknowledged. What was unknown it asks for by the key, as a caller does. It goes on until
it is killed. The plant ``ack_first`` notes the key before the unit is committed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from attrs import define, field

from szunion.adapters.keys.file import FileKeys
from szunion.adapters.storage.postgres.connection import Limits, ask, connect
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.adapters.system import SystemChance, SystemClock, SystemIds
from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.values import RequestKey
from szunion.errors import CommitUnknown, StorageError
from szunion.ports.storage import UnitOfWork

ROOT = Path(__file__).parents[2]
NOON = datetime(2017, 11, 23, 4, tzinfo=UTC)
_LETTERS = str.maketrans("0189", "GHIJ")
"""A key has no such digits."""
ENGINE = Principal(id="engine", role=Role.ENGINE, purpose=Purpose.OPERATE)


def key(name: str) -> RequestKey:
    """Return a name as a key of a request."""
    return RequestKey(name.rjust(26, "A"))


def desk(work: UnitOfWork) -> Scope:
    """Return the engine's scope."""
    return authorise(work, ENGINE, Operation.BANK_DESK)


def queue(work: UnitOfWork, name: str, aggregate: int) -> Dispatch:
    """Queue the next dispatch of an aggregate."""
    scope = desk(work)
    made = Dispatch(
        id=work.ids.new(), kind=DispatchKind.SET_CARD_USE, key=key(name), digest="D", subject=1,
        aggregate=aggregate, sequence=work.outbox.next_sequence(scope, aggregate),
        created=NOON, due=NOON,
    )  # fmt: skip
    work.outbox.add(scope, made)
    return made


def opened(dsn: str, limits: Limits | None = None) -> PostgresStorage:
    """Open the store as a process of its own does."""
    clock = SystemClock()
    ids = SystemIds(clock, SystemChance())
    vault = FileKeys(bytes(range(32))).vault()
    return PostgresStorage.open(dsn, clock=clock, ids=ids, vault=vault, limits=limits)


def note(file: int, word: str) -> None:
    """Write down what was acknowledged: a line is whole or not there."""
    os.write(file, f"{word}\n".encode())


def work_until_killed(dsn: str, acks: Path, client: int, plant: str) -> None:
    """Queue one dispatch after the other; a server that is gone is sought until it is there."""
    file = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    store, number = None, 0
    while True:
        number += 1
        word = f"{client:04X}{number:06X}".translate(_LETTERS)
        if plant == "ack_first":
            note(file, word)
        while True:
            try:
                store = store or opened(dsn, Limits(connections=1, tries=2))
                if not _kept(store, word):
                    store.run(partial(queue, name=word, aggregate=client))
                break
            except CommitUnknown:
                note(file, f"?{word}")
            except StorageError:
                time.sleep(0.02)
        if plant != "ack_first":
            note(file, word)


def _kept(store: PostgresStorage, word: str) -> bool:
    return store.read(lambda work: work.outbox.by_key(desk(work), key(word))) is not None


@define
class Load:
    """Clients that write, and what they were told."""

    dsn: str
    folder: Path
    plant: str = ""
    clients: list[subprocess.Popen[bytes]] = field(factory=list)
    _started: int = 0

    @property
    def acks(self) -> Path:
        return self.folder / "acks"

    def start(self, count: int) -> None:
        """Start so many more clients."""
        for _ in range(count):
            self._started += 1
            client = subprocess.Popen(
                [
                    sys.executable, "-m", "tests.system.pg_load",
                    str(self.acks), str(self._started), self.plant,
                ],
                cwd=ROOT, stdin=subprocess.PIPE,
            )  # fmt: skip
            assert client.stdin is not None
            client.stdin.write(self.dsn.encode())
            client.stdin.close()
            self.clients.append(client)

    def told(self) -> list[str]:
        """Return what was acknowledged, and with ``?`` what was not known."""
        return self.acks.read_text("ascii").splitlines() if self.acks.exists() else []

    def wait_for(self, more: int) -> None:
        """Wait until so many more were acknowledged: by count, not by the clock."""
        wanted = len(self.told()) + more
        while len(self.told()) < wanted:
            assert all(client.poll() is None for client in self.clients), "a client has failed"
            time.sleep(0.005)

    def kill(self) -> None:
        """Kill all clients with SIGKILL, and reap them."""
        for client in self.clients:
            client.kill()
            client.wait()
        self.clients.clear()

    def lost(self, dsn: str) -> set[str]:
        """Return what was acknowledged and is not there."""
        connection = connect(dsn, Limits())
        try:
            row = ask(connection, "SELECT coalesce(json_agg(key), '[]') FROM szunion.outbox")
        finally:
            connection.close()
        assert row is not None
        return {f"{key(word).text}" for word in self.told() if word[0] != "?"} - set(row[0])


@contextmanager
def load(dsn: str, folder: Path, clients: int, plant: str = "") -> Iterator[Load]:
    """Run clients for the length of a ``with`` block."""
    running = Load(dsn, folder, plant)
    try:
        running.start(clients)
        yield running
    finally:
        running.kill()


if __name__ == "__main__":
    where, client_, plant_ = sys.argv[1:]
    work_until_killed(sys.stdin.read(), Path(where), int(client_), plant_)
