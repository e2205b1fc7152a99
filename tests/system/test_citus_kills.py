"""kill -9 of a worker and of the coordinator of a Citus cluster: nothing acknowledged is lost.

The cluster is the run's own to break. ``SZUNION_TEST_CITUS_NODE`` is a command that is given a verb
and a node's host and port: ``kill`` (SIGKILL of all its processes), ``start`` (and wait until it
answers), ``standby`` (make a synchronous standby of it), ``promote`` (make that standby the
primary, and say its host and port), ``away`` (take the standby away again).
"""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Final

import pytest
from attrs import define, field
from tests.databases import ON_CITUS, of_this_run, url
from tests.offices import shenzhen
from tests.province import found_in, join, keys_of

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.storage.postgres.connection import Limits, ask, connect
from szunion.bootstrap import UnionSystem
from szunion.errors import CommitUnknown, StorageBusy, StorageError, StorageUnreachable
from szunion.testing.clock import SimClock
from szunion.testing.postgres_databases import Database, Node, ready

COMMAND: Final = "SZUNION_TEST_CITUS_NODE"

pytestmark = [
    pytest.mark.postgres,
    ON_CITUS,
    pytest.mark.skipif(
        not os.environ.get(COMMAND), reason=f"no cluster to be broken: {COMMAND} names no command"
    ),
]

THREADS = 4


def command(verb: str, node: Node) -> str:
    """Do something to a node, and return what was said."""
    words = [*shlex.split(os.environ[COMMAND]), verb, node.host, str(node.port)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@define(eq=False)
class Admitting:
    """Threads that admit members through one system, and note what they were told."""

    system: UnionSystem
    told: list[int] = field(factory=list)
    """Who was acknowledged."""
    heard: Counter[type[StorageError]] = field(factory=Counter)
    """What was raised; all of it was tried again."""
    _stop: threading.Event = field(factory=threading.Event)
    _running: list[threading.Thread] = field(factory=list)

    def start(self) -> None:
        for first in range(THREADS):
            self._running.append(threading.Thread(target=self._admit, args=(first,)))
            self._running[-1].start()

    def _admit(self, first: int) -> None:
        for index in count(first, THREADS):
            while (person := self._admitted(index)) is None:
                time.sleep(0.02)
            self.told.append(person)
            if self._stop.is_set():
                return

    def _admitted(self, index: int) -> int | None:
        try:
            return join(self.system, index)
        except StorageError as error:
            self.heard[type(error)] += 1
            return None

    def wait_for(self, more: int) -> None:
        """Wait until so many more were acknowledged: by count, not by the clock."""
        wanted = len(self.told) + more
        while len(self.told) < wanted:
            assert all(thread.is_alive() for thread in self._running), "a thread has failed"
            time.sleep(0.005)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._running:
            thread.join()


_THERE: Final = """
SELECT json_build_object(
    'members', (SELECT json_agg(person_id) FROM szunion.membership),
    'people', (SELECT json_agg(person_id) FROM szunion.person),
    'documents', (SELECT json_agg(person_id) FROM szunion.person_document),
    'logged', (SELECT json_agg(person_id) FROM szunion.audit WHERE action = 'membership.apply'))
"""


@define(eq=False)
class Cluster:
    """A database of the cluster, its nodes, and members that are being admitted."""

    database: Database
    nodes: list[Node]
    admitting: Admitting

    def asked(self, question: str, *given: object) -> object:
        connection = connect(self.database.admin, Limits())
        try:
            row = ask(connection, question, *given)
        finally:
            connection.close()
        return None if row is None else row[0]

    def settle(self) -> None:
        """Let Citus end what was prepared; by itself it does so once a minute."""
        self.asked("SELECT recover_prepared_transactions()")

    def check(self) -> None:
        """Check that all who were acknowledged are there, once, in each table and in the log."""
        self.settle()
        there = self.asked(_THERE)
        assert isinstance(there, dict)
        told = sorted(self.admitting.told)
        assert {name: sorted(found) for name, found in there.items()} == dict.fromkeys(there, told)
        assert self.admitting.heard.keys() <= {CommitUnknown, StorageBusy, StorageUnreachable}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A city on the cluster, and threads that admit its members until the test's end."""
    databases = of_this_run()
    database = databases.filled(ready)
    system = UnionSystem.open(
        url(database.app), city=shenzhen(), keys=keys_of("a"), bank=SimulatedBank(seed=7),
        clock=SimClock(),
    )  # fmt: skip
    try:
        found_in(system)
        admitting = Admitting(system)
        made = Cluster(database, list(databases.nodes), admitting)
        admitting.start()
        try:
            admitting.wait_for(20)
            yield made
        finally:
            admitting.stop()
    finally:
        system.close()
        databases.remove(database)


@pytest.mark.parametrize("node", [0, 1], ids=["the coordinator", "a worker"])
def test_kill_9_of_a_node_loses_nothing(cluster: Cluster, node: int) -> None:
    """It is killed under load and started again; the same system goes on."""
    dies = cluster.nodes[node]
    command("kill", dies)
    command("start", dies)
    cluster.settle()
    cluster.admitting.wait_for(20)
    cluster.admitting.stop()
    cluster.check()


def test_a_workers_standby_goes_on_in_its_place(cluster: Cluster) -> None:
    """The worker dies under load, its synchronous standby is promoted, the coordinator is told."""
    worker = cluster.nodes[1]
    command("standby", worker)
    try:
        cluster.admitting.wait_for(20)
        command("kill", worker)
        host, port = command("promote", worker).split()
        cluster.asked(
            "SELECT citus_update_node(nodeid, %s, CAST(%s AS integer), force => true)"
            " FROM pg_dist_node WHERE groupid = CAST(%s AS integer)", host, port, worker.group,
        )  # fmt: skip
        cluster.settle()
        cluster.admitting.wait_for(20)
        cluster.admitting.stop()
        cluster.check()
    finally:
        command("away", worker)
        command("start", worker)
