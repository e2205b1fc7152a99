"""Several machines for a test: a PostgreSQL server each, one city shared by some, others whole.

Every node is a server of its own, started here and killed here; the keys of a city are the same on
all of its nodes, another city has others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import define
from tests.databases import url
from tests.offices import applicant, shenzhen

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.keys.file import FileKeys
from szunion.application.organisations import NewUnion
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.nodes import Node, NodeMap
from szunion.domain.organisations import OrganisationKind
from szunion.domain.values import SHARDS, PersonId
from szunion.nodes import Nodes
from szunion.ports.keys import Vault
from szunion.testing.clock import SimClock
from szunion.testing.postgres import PostgresServer
from szunion.testing.postgres_databases import Database, Databases, ready

CITY = Principal(id="city-1", role=Role.CITY, purpose=Purpose.ENROL)
LOOKS = Principal(id="city-1", role=Role.CITY, purpose=Purpose.OPERATE)
UNION = "GH1"


def parts(city: str, count: int) -> list[Node]:
    """Return *count* nodes that share the shards of a city evenly."""
    size = SHARDS // count
    return [
        Node(name=f"{city}-{at}", city=city, first=at * size, last=(at + 1) * size - 1)
        for at in range(count)
    ]


def keys_of(city: str) -> FileKeys:
    """Return the keys of a city."""
    return FileKeys(city.encode().ljust(32, b"."))


def found_in(system: UnionSystem) -> None:
    """Found a city with one union."""
    unions = system.desk(CITY).organisations
    unions.found_city(code="C", name="C")
    form = NewUnion(code=UNION, name=UNION, kind=OrganisationKind.GRASSROOTS, parent_code="C")
    unions.register_many([form], document="1")


def officer_at(system: UnionSystem) -> Principal:
    """Return the officer of that union, as this machine knows it."""
    union = system.desk(LOOKS).organisations.find(UNION)
    assert union is not None
    return Principal(id="g-1", role=Role.GRASSROOTS, purpose=Purpose.ENROL, organisation=union.id)


def join(system: UnionSystem, index: int) -> PersonId:
    """Apply at that union; again is the same application."""
    by = officer_at(system)
    assert by.organisation is not None
    return system.desk(by).memberships.apply(applicant(index), by.organisation).person


@define(eq=False)
class Province:
    """Servers, a database of each node, and the nodes as an application holds them."""

    servers: dict[str, PostgresServer]
    databases: dict[str, Database]
    nodes: Nodes

    def found(self) -> None:
        """Found each city at its first node, with a union, and bring the tree to the others."""
        for city in self.nodes.map.cities:
            found_in(self.nodes.system(self.nodes.map.of_city(city)[0].name))
            self.nodes.spread_unions(city, CITY)


@contextmanager
def province(
    nodes: Sequence[Node], *, servers: Sequence[PostgresServer] = ()
) -> Iterator[Province]:
    """Run a server for each of *nodes*, or use those that run; found nothing yet."""
    with ExitStack() as stack:
        own = list(servers) or [stack.enter_context(PostgresServer.start()) for _ in nodes]
        databases: dict[str, Database] = {}
        for node, server in zip(nodes, own, strict=True):
            there = Databases(server.dsn(), server)
            there.prepare()
            databases[node.name] = there.filled(ready)

        def opened(node: Node) -> UnionSystem:
            return UnionSystem.open(
                url(databases[node.name].app), city=shenzhen(), keys=keys_of(node.city),
                bank=SimulatedBank(seed=7), clock=SimClock(), node=node,
            )  # fmt: skip

        def vault(node: Node) -> Vault:
            return keys_of(node.city).vault()

        held = Nodes(NodeMap(1, tuple(nodes)), opened, vault)
        stack.callback(held.close)
        named = {node.name: server for node, server in zip(nodes, own, strict=True)}
        yield Province(named, databases, held)


def roster(first: int, count: int, folder: Path) -> Path:
    """Write a roster of made-up people, the same for the same numbers."""
    rows = [applicant(at) for at in range(first, first + count)]
    path = folder / f"roster-{first}.csv"
    lines = ["姓名,身份证号,手机号"]
    for row in rows:
        assert row.mobile is not None
        lines.append(f"{row.name.plain()},{row.document.number.plain()},{row.mobile.plain()}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
