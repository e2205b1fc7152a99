"""Know how an application holds several machines: who is where, and what is asked of all of them.

Nothing here is a transaction of two nodes, for there is none. What is asked of all is a look, told
node by node; a node that cannot be used is told by name, and the others answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import Final, Self, TypeVar

from attrs import define, evolve, field

from szunion.application.bank_books import STUCK
from szunion.application.doubles import doubles
from szunion.application.office import Office
from szunion.application.spreading import spread
from szunion.application.statistics import Counts, Grouping
from szunion.application.strays import strays
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Principal
from szunion.domain.documents import leading
from szunion.domain.doubles import Doubles
from szunion.domain.identity import DocumentNumber, IdentityDocument
from szunion.domain.nodes import Node, NodeMap, shard_range
from szunion.domain.values import PersonId
from szunion.errors import (
    ConfigError,
    KeysUnavailable,
    NodeDown,
    StorageError,
    StorageUnreachable,
)
from szunion.installed import vault_of
from szunion.ports.keys import Vault
from szunion.settings import NodesSettings, Settings, load_settings

__all__ = ["Nodes", "map_of", "settings_of"]

T = TypeVar("T")

AT_ONCE: Final = 16
"""How many nodes are asked at the same time."""
_PROBES: Final = tuple(f"szunion/nodes/{number}" for number in range(8))
"""Texts by whose shards two sets of keys are told apart: 80 bits of them."""


def map_of(settings: Settings) -> NodeMap:
    """Return the map of nodes that *settings* hold.

    Raises:
        ConfigError: there is none (E-NODES-014), or it is wrong (E-NODES-001 to 006).
    """
    told = settings.nodes
    if not told.at:
        raise ConfigError("E-NODES-014")
    nodes = []
    for name, each in told.at.items():
        first, last = shard_range(name, each.shards)
        nodes.append(Node(name=name, city=each.city, first=first, last=last))
    return NodeMap(told.version, tuple(nodes))


def settings_of(settings: Settings, node: Node) -> Settings:
    """Return the settings of one node: of its own file where it has one, and its own database.

    Raises:
        ConfigError: its file is another city's (E-NODES-010), or cannot be read (E-CONFIG-001).
    """
    told = settings.nodes.at[node.name]
    own = load_settings(told.config) if told.config else settings
    if told.config and own.city and own.city != node.city:
        raise ConfigError("E-NODES-010", node=node.name, found=own.city, wanted=node.city)
    return evolve(
        own, city=node.city, database=told.database or own.database, nodes=NodesSettings()
    )


@define(eq=False)
class Nodes:
    """Several machines, one :class:`~szunion.bootstrap.UnionSystem` on each (多节点).

    Each is opened when it is first asked for, so one that is down keeps nobody from the others; a
    line that breaks later is sought again by the node's own store. Thread-safe.
    """

    map: NodeMap
    _open: Callable[[Node], UnionSystem] = field(repr=False)
    _vault: Callable[[Node], Vault] = field(repr=False)
    _systems: dict[str, UnionSystem] = field(factory=dict, init=False, repr=False)
    _vaults: dict[str, Vault] = field(factory=dict, init=False, repr=False)
    _locks: Mapping[str, Lock] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._locks = {node.name: Lock() for node in self.map.nodes}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the nodes that *settings* name; none is opened yet.

        Raises:
            ConfigError: the map is wrong (E-NODES-001 to 006), two nodes lead to one database
                (E-NODES-012), or as :func:`settings_of`.
        """
        map_ = map_of(settings)
        own = {node.name: settings_of(settings, node) for node in map_.nodes}
        taken: dict[str, str] = {}
        for name, each in own.items():
            other = taken.setdefault(each.database, name)
            if other != name:
                raise ConfigError("E-NODES-012", node=name, other=other)
        return cls(
            map_,
            lambda node: UnionSystem.from_settings(own[node.name], create=False, node=node),
            lambda node: vault_of(own[node.name]),
        )

    # --- one of them ---------------------------------------------------------------------------

    def system(self, name: str) -> UnionSystem:
        """Return the open system of a node, for a unit of work there.

        Raises:
            ConfigError: the map does not name it (E-NODES-008).
            NodeDown: it cannot be opened now (E-NODES-009).
        """
        node = self.map.named(name)
        with self._locks[name]:
            found = self._systems.get(name)
            if found is None:
                try:
                    found = self._systems[name] = self._open(node)
                except (StorageError, KeysUnavailable) as error:
                    raise NodeDown("E-NODES-009", node=name, cause=error.code) from error
            return found

    def ask(self, name: str, work: Callable[[UnionSystem], T]) -> T:
        """Return what *work* does at one node.

        Raises:
            NodeDown: the node cannot be reached (E-NODES-009); the unit that met it kept nothing.
        """
        system = self.system(name)
        try:
            return work(system)
        except StorageUnreachable as error:
            raise NodeDown("E-NODES-009", node=name, cause=error.code) from error

    def node_of(self, city: str, person: PersonId) -> Node:
        """Return the node that holds a member, by the id."""
        return self.map.of_person(city, person)

    def node_of_document(self, city: str, number: str) -> Node:
        """Return the node to which whoever has the document *number*, as people write it, belongs.

        Whoever has changed documents may be on file at another one, under the first. Both forms
        of a resident's number, of 15 digits and of 18, lead to one node.

        Raises:
            InvalidInput: it is no number of a document (E-VALUE-002).
            KeysUnavailable: the keys of the city cannot be had now.
        """
        nodes = self.map.of_city(city)
        if len(nodes) == 1:
            return nodes[0]
        led_by = leading(DocumentNumber.of(number).plain())
        return self.map.at(city, self._keys(nodes[0]).route(led_by))

    def _keys(self, node: Node) -> Vault:
        with self._locks[node.name]:
            found = self._vaults.get(node.name)
            if found is None:
                found = self._vaults[node.name] = self._vault(node)
            return found

    # --- all of them ---------------------------------------------------------------------------

    def ask_all(
        self, look: Callable[[UnionSystem], T], names: Collection[str] | None = None
    ) -> dict[str, T | NodeDown]:
        """Return what each node answers, or that it cannot be used, by its name.

        Args:
            look: What is asked; it must not change anything.
            names: Which nodes; None: all.
        """
        asked = [node.name for node in self.map.nodes if names is None or node.name in names]

        def one(name: str) -> T | NodeDown:
            try:
                return self.ask(name, look)
            except NodeDown as down:
                return down
            except (StorageError, KeysUnavailable) as error:
                return NodeDown("E-NODES-009", node=name, cause=error.code)

        with ThreadPoolExecutor(AT_ONCE, "szunion-nodes") as threads:
            return dict(zip(asked, threads.map(one, asked), strict=True))

    def find(
        self,
        document: str | IdentityDocument,
        by: Principal,
        cities: Collection[str] | None = None,
    ) -> dict[str, PersonId | NodeDown]:
        """Return where the holder of a document is on file and within reach of *by*, by node.

        Every city is asked, for somebody may have files in two; and every node of a city, for a
        file stays where it was opened when somebody has a new document.

        Args:
            document: Its number as people write it; a passport must be declared as one.
            by: Who looks, for a purpose that allows it.
            cities: Which cities; None: all.

        Raises:
            InvalidInput: the number is not well-formed (E-VALUE-002).
            NotAllowed: *by* does not look up people (E-ACCESS-001, E-ACCESS-007).
        """
        meant = IdentityDocument.read(document) if isinstance(document, str) else document
        wanted = self.map.cities if cities is None else cities
        names = [node.name for city in wanted for node in self.map.of_city(city)]

        def look(system: UnionSystem) -> PersonId | None:
            found = system.desk(by).members.find(document=meant)
            return None if found is None else found.id

        answers = self.ask_all(look, names)
        return {name: answer for name, answer in answers.items() if answer is not None}

    def statistics(self, by: Principal) -> dict[str, Counts | NodeDown]:
        """Return the sums of each node; small ones are not shown, so they are not added up."""
        return self.ask_all(
            lambda system: system.desk(by).statistics.count(Grouping.DISTRICT).whole
        )

    def backlog(self, by: Principal) -> dict[str, int | NodeDown]:
        """Return how many orders to the bank are stuck at each node."""

        def stuck(system: UnionSystem) -> int:
            count, after = 0, 0
            books = system.desk(by).bank_books
            while page := books.dispatches(STUCK, after=after):
                count, after = count + len(page), page[-1].id
            return count

        return self.ask_all(stuck)

    # --- are they what the map says? -------------------------------------------------------------

    def check_keys(self) -> None:
        """Check that the nodes of each city have the same keys: shards come from them.

        Raises:
            ConfigError: two have not (E-NODES-011).
            KeysUnavailable: keys cannot be had now.
        """
        for city in self.map.cities:
            first, *others = self.map.of_city(city)
            wanted = _print_of(self._keys(first))
            for node in others:
                if _print_of(self._keys(node)) != wanted:
                    raise ConfigError("E-NODES-011", node=node.name, other=first.name)

    def check(self, by: Principal) -> dict[str, int | NodeDown]:
        """Return how many members at each node are not its own: 0 where all is well.

        It goes through every member that is not the node's, so it may take as long as statistics.
        """
        return self.ask_all(lambda system: strays(system.office, by))

    def doubles(self, city: str, by: Principal) -> Doubles:
        """Return files at two nodes of a city that may be one person's: ids, and what is alike.

        Every entry of two blind indexes is read at every node, and no file but those that meet.

        Raises:
            NodeDown: one of the nodes cannot be used: without it the answer would not be whole.
            NotAllowed, Conflict: as :func:`~szunion.application.doubles.doubles`.
        """

        def ask(name: str, work: Callable[[Office], T], /) -> T:
            return self.ask(name, lambda system: work(system.office))

        return doubles([node.name for node in self.map.of_city(city)], ask, by)

    def spread_unions(self, city: str, by: Principal) -> Mapping[str, int]:
        """Bring the unions of a city's first node to its others; return how many changed at each.

        The tree of unions is of the whole city and is kept at the first node; a node that is down
        gets it the next time. Repeating it does nothing twice.

        Raises:
            NodeDown: the first node cannot be used, or one of the others; those before it are done.
        """
        first, *others = self.map.of_city(city)
        source = self.system(first.name).office
        return {
            node.name: self.ask(node.name, lambda system: spread(source, system.office, by))
            for node in others
        }

    def close(self) -> None:
        """Close every node that was opened. A second time does nothing."""
        for name, lock in self._locks.items():
            with lock:
                system = self._systems.pop(name, None)
            if system is not None:
                system.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _print_of(vault: Vault) -> Sequence[object]:
    return vault.route_many(list(_PROBES)), vault.request_key(_PROBES[0])
