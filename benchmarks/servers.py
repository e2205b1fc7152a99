"""Servers for the lines, and where they run: a PostgreSQL and its ``pgbench``, a Redis if any."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, frozen
from tests.offices import office_on

from szunion.adapters.storage.postgres.connection import Limits, connect, tell
from szunion.adapters.storage.postgres.storage import PostgresStorage
from szunion.adapters.system import SystemChance, SystemIds
from szunion.application.office import Office
from szunion.testing.postgres import PostgresServer
from szunion.testing.postgres_databases import Database, Databases, ready

SECONDS = 2
"""How long one round of pgbench runs."""
_ROOM = {"shared_buffers": "256MB", "max_wal_size": "2GB"}
_TPS = re.compile(r"tps = ([0-9.]+)")


@frozen
class Served:
    """A running server, a database with our tables, and an office in it."""

    server: PostgresServer
    database: Database
    office: Office

    def tell(self, command: str) -> None:
        """Run commands as the administrator."""
        connection = connect(self.database.admin, Limits())
        try:
            tell(connection, command)
        finally:
            connection.close()

    def pgbench(self, script: str, *, clients: int = 32, seconds: int = SECONDS) -> float:
        """Return how many times a second *clients* run *script*, prepared, as administrators."""
        file = self.server.folder / "script.sql"
        file.write_text(script, "utf-8")
        done = subprocess.run(
            [
                str(self.server.bin / "pgbench"), "-n", "-M", "prepared", "-c", str(clients),
                "-j", "2", "-T", str(seconds), "-f", str(file), self.database.admin,
            ],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        found = _TPS.search(done.stdout)
        assert found is not None, done.stdout + done.stderr
        assert not done.returncode, done.stderr
        return float(found[1])


@contextmanager
def postgres(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Run a server with our tables, and open an office in it."""
    with PostgresServer.start(settings={**_ROOM, **(settings or {})}) as server:
        databases = Databases(server.dsn(), server)
        databases.prepare()
        database = databases.filled(ready)
        offline = office_on("memory", folder)
        ids = SystemIds(offline.clock, SystemChance())  # a simulated city's cost more
        storage = PostgresStorage.open(
            database.app, clock=offline.clock, ids=ids, vault=offline.vault
        )
        try:
            yield Served(server, database, evolve(offline, storage=storage, ids=ids))
        finally:
            storage.close()


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this thread, and the servers that it starts meanwhile, on one processor.

    A caller and the server that it waits for never work at the same time. On two processors each
    message would wake the other one, and on an idle machine that takes as long as the work.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def redis_socket(folder: Path) -> Iterator[str | None]:
    """Run a Redis that flushes each command to the disk; None: it is not installed."""
    binary = shutil.which("redis-server")
    if binary is None:
        yield None
        return
    socket = folder / "redis.sock"
    words = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder),
             "--appendonly", "yes", "--appendfsync", "always", "--save", ""]  # fmt: skip
    with subprocess.Popen([binary, *words], stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(500):
                if socket.exists():
                    break
                time.sleep(0.01)
            yield str(socket)
        finally:
            process.terminate()
