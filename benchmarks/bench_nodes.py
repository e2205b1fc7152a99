"""Processor time of an operation at the busiest of 1, 2 and 4 PostgreSQL servers.

On one machine N servers are no quicker than one, so what is measured is what each of them had to
work: the processor time of all its processes, from ``/proc``, over the same operations that the
application routes by member. The operations are ours, with all that belongs to them: a membership
read in a look of its own, and one changed, logged and told to the member in one commit.

One caller asks, one operation after the other. With more of them one server would be the busier
the fewer there are, and a busy server works less for each: it finds the next message when it is
done with one, and flushes several commits at once. That is a saving of load, which N machines have
as well once each of them carries it; here it would look like a cost of N.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from attrs import frozen
from tests.province import CITY, Province, found_in, officer_at, parts, province

from benchmarks.bench_import import roster
from benchmarks.lines import Line, smaller
from benchmarks.servers import one_processor
from szunion.application.access import authorise
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Operation
from szunion.domain.audit import AuditEntry
from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork
from szunion.testing.postgres import PostgresServer

NODES: Final = (1, 2, 4)
BUSIEST: Final = {2: 0.6, 4: 0.4}
TOTAL: Final = 1.35
MEMBERS: Final = 2_000
ROUNDS: Final = 7
READS: Final = 4_000
CHANGES: Final = 2_000
_TICK: Final = os.sysconf("SC_CLK_TCK")


def cpu(server: PostgresServer) -> float:
    """Return the processor time of a server since it was started, dead children included, in s.

    That of the living is said in nanoseconds; that of the dead, few, in ticks.
    """
    dead = living = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = entry.read_text("utf-8", "replace").rpartition(")")[2].split()
            head = int(entry.parent.name) == server.pid
            if head or int(words[1]) == server.pid:
                living += int((entry.parent / "schedstat").read_text("ascii").split()[0])
            if head:
                dead += sum(map(int, words[13:15]))
    return living / 1e9 + dead / _TICK


def read(system: UnionSystem, person: PersonId) -> None:
    """Read an open membership by its key."""
    found = system.office.storage.read(
        lambda work: work.members.open_of(authorise(work, CITY, Operation.PERSON_READ), person)
    )
    assert found is not None


def change(system: UnionSystem, person: PersonId) -> None:
    """Change a membership, log it and tell the member, in one commit."""
    day = system.office.clock.today()

    def one(work: UnitOfWork) -> None:
        scope = authorise(work, CITY, Operation.MEMBERSHIP_WRITE)
        row = work.members.open_of(scope, person)
        assert row is not None
        work.members.put(scope, row, day)
        work.audit.add(scope, AuditEntry(action="bench.note", subject=row.id, person=person))
        work.messages.add(scope, person, "membership.active", {"state": "1"})

    system.office.storage.run(one)


@frozen
class City:
    """A city on so many servers, with its members."""

    made: Province
    people: Sequence[PersonId]

    def run(self, work: Callable[..., None], count: int) -> list[float]:
        """Do *work* so often, each at the node of its member; return each server's CPU, us/op."""
        nodes, servers = self.made.nodes, list(self.made.servers.values())
        before = [cpu(server) for server in servers]
        for person in islice(cycle(self.people), count):
            name = nodes.node_of("a", person).name
            nodes.ask(name, partial(work, person=person))
        after = [cpu(server) for server in servers]
        return [(then - now) * 1e6 / count for now, then in zip(before, after, strict=True)]


def _city(made: Province, folder: Path) -> City:
    """Found a city and let every node take its own rows of one roster."""
    nodes = made.nodes
    own = nodes.map.of_city("a")
    found_in(nodes.system(own[0].name))
    nodes.spread_unions("a", CITY)
    path = folder / "roster.csv"
    path.write_bytes(roster(0, MEMBERS))
    people: list[PersonId] = []
    for node in own:
        system = nodes.system(node.name)
        people += system.desk(officer_at(system)).roster.import_file(str(path)).accepted
    assert len(people) == MEMBERS
    Random(1).shuffle(people)  # neighbours go to different servers
    return City(made, people)


def lines() -> list[Line]:
    """Return the lines of N nodes."""
    found: dict[tuple[str, int], list[list[float]]] = {}
    with one_processor(), ExitStack() as stack, tempfile.TemporaryDirectory() as name:
        servers = [stack.enter_context(PostgresServer.start()) for _ in range(max(NODES))]
        cities = {}
        for count in NODES:
            made = stack.enter_context(province(parts("a", count), servers=servers[:count]))
            cities[count] = _city(made, Path(name))
        works = (("read", read, READS), ("changed, logged and told", change, CHANGES))
        for turn in range(ROUNDS + 1):
            for what, work, many in works:
                for count in NODES:
                    if turn == 0:
                        cities[count].run(work, many // 10)  # warm
                    else:
                        each = cities[count].run(work, many)
                        found.setdefault((what, count), []).append(each)
    return [line for what, *_ in works for line in _lines_of(what, found)]


def _lines_of(what: str, found: dict[tuple[str, int], list[list[float]]]) -> list[Line]:
    busiest = {count: median(map(max, found[what, count])) for count in NODES}
    total = {count: median(map(sum, found[what, count])) for count in NODES}
    made = []
    for count in NODES[1:]:
        begin = f"17 a membership {what} on {count} nodes, CPU us"
        one = busiest[1]
        made += [
            smaller(f"{begin} at the busiest", busiest[count], limit=one, floor=1 / BUSIEST[count]),
            smaller(f"{begin} of all", total[count], limit=one, floor=1 / TOTAL),
        ]
    return made
