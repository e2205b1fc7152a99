"""Know which machine holds which members: the map of cities, and of a city's shards, to nodes.

A node is one database server with everything that a unit of work needs. A city lies on one node, or
its 1,024 logical shards are shared by several; no shard lies on two, none on no node. A unit of
work is of one node, which is known before it begins: by the city, and by the shard in a member's id
or of a document number.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from attrs import field, frozen

from szunion.domain.values import SHARDS, PersonId, shard_of
from szunion.errors import ConfigError, WrongNode

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
_RANGE: Final = re.compile(r"([0-9]{1,4})-([0-9]{1,4})", re.ASCII)
_DIGEST: Final = 12
"""Hexadecimal digits by which people compare two maps."""


@frozen
class Shards:
    """A range of shards, its first and its last (分片段)."""

    first: int
    last: int

    @property
    def shown(self) -> str:
        """The range as it is written: ``0-511``."""
        return f"{self.first}-{self.last}"


@frozen(kw_only=True, order=True)
class Node:
    """One machine, and which members of which city it holds (节点)."""

    city: str
    first: int = 0
    last: int = SHARDS - 1
    """Its first and its last shard."""
    name: str = field()

    def __attrs_post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise ConfigError("E-NODES-001", name=self.name)
        if not self.city:
            raise ConfigError("E-NODES-005", name=self.name)
        if not 0 <= self.first <= self.last < SHARDS:
            raise ConfigError("E-NODES-002", node=self.name, shards=self.shown, most=SHARDS - 1)

    @property
    def shards(self) -> range:
        """The shards that it holds."""
        return range(self.first, self.last + 1)

    @property
    def whole(self) -> bool:
        """Whether all members of its city lie here."""
        return len(self.shards) == SHARDS

    @property
    def shown(self) -> str:
        """Its shards as they are written: ``0-511``."""
        return f"{self.first}-{self.last}"

    def check_holds(self, shard: int) -> None:
        """Check that a member of *shard* belongs here.

        Raises:
            WrongNode: he or she belongs to another node of the city (E-NODES-007).
        """
        if shard not in self.shards:
            raise WrongNode("E-NODES-007", node=self.name)


def shard_range(node: str, words: str) -> tuple[int, int]:
    """Return the first and the last shard that *words*, such as ``0-511``, name; empty: all.

    Raises:
        ConfigError: they name no range (E-NODES-002).
    """
    if not words:
        return 0, SHARDS - 1
    found = _RANGE.fullmatch(words)
    if found is None:
        raise ConfigError("E-NODES-002", node=node, shards=words, most=SHARDS - 1)
    return int(found[1]), int(found[2])


def _in_order(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes))


@frozen
class NodeMap:
    """Where every member of every city lies (节点图): total, and each in one place.

    Raises:
        ConfigError: its version is not positive (E-NODES-006), a name comes twice (E-NODES-001),
            shards of a city lie nowhere (E-NODES-003) or on two nodes (E-NODES-004).
    """

    version: int
    """Grows with every change; what runs says by which it routes."""
    nodes: tuple[Node, ...] = field(converter=_in_order)
    _cities: Mapping[str, Sequence[Node]] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.version < 1:
            raise ConfigError("E-NODES-006", version=self.version)
        names = [node.name for node in self.nodes]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError("E-NODES-001", name=doubled[0])
        cities: defaultdict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:  # sorted: by city, then by the first shard
            cities[node.city].append(node)
        for city, nodes in cities.items():
            _check_total(city, nodes)
        object.__setattr__(self, "_cities", dict(cities))

    @property
    def cities(self) -> Sequence[str]:
        """The cities, by name."""
        return list(self._cities)

    @property
    def digest(self) -> str:
        """What two people compare who want to know that they have the same map."""
        words = [f"{node.name} {node.city} {node.shown}" for node in self.nodes]
        text = "\n".join([str(self.version), *words])
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]

    def of_city(self, city: str) -> Sequence[Node]:
        """Return the nodes of a city, by their shards.

        Raises:
            ConfigError: the map does not name it (E-NODES-008).
        """
        found = self._cities.get(city)
        if found is None:
            raise ConfigError("E-NODES-008", what=city)
        return found

    def named(self, name: str) -> Node:
        """Return the node of a name.

        Raises:
            ConfigError: there is none (E-NODES-008).
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise ConfigError("E-NODES-008", what=name)

    def at(self, city: str, shard: int) -> Node:
        """Return the node that holds a shard of a city."""
        return next(node for node in self.of_city(city) if shard in node.shards)

    def of_person(self, city: str, person: PersonId) -> Node:
        """Return the node that holds a member: the id says it."""
        return self.at(city, shard_of(person))


def _check_total(city: str, nodes: Iterable[Node]) -> None:
    """Check that the nodes of a city, in the order of their shards, hold each shard once."""
    ordered = sorted(nodes, key=lambda node: (node.first, node.last))
    for before, after in pairwise(ordered):
        if after.first <= before.last:
            both = f"{before.name}, {after.name}"
            last = min(before.last, after.last)
            shards = f"{after.first}-{last}"
            raise ConfigError("E-NODES-004", city=city, shards=shards, nodes=both)
    wanted = 0
    for node in ordered:
        if node.first > wanted:
            raise ConfigError("E-NODES-003", city=city, shards=f"{wanted}-{node.first - 1}")
        wanted = node.last + 1
    if wanted < SHARDS:
        raise ConfigError("E-NODES-003", city=city, shards=f"{wanted}-{SHARDS - 1}")
