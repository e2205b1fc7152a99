"""A map of nodes gives every shard of every city to one node, or is refused with its reason."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from szunion.domain.nodes import Node, NodeMap, shard_range
from szunion.domain.values import SHARDS, PersonId
from szunion.errors import ConfigError, WrongNode


def node(name: str, city: str = "a", first: int = 0, last: int = SHARDS - 1) -> Node:
    return Node(name=name, city=city, first=first, last=last)


@given(st.sets(st.integers(1, SHARDS - 1), max_size=12), st.randoms())
def test_every_shard_has_one_node_whatever_the_cuts(cuts: set[int], chance: object) -> None:
    edges = [0, *sorted(cuts), SHARDS]
    parts = [
        node(f"n{at}", "a", first, last - 1) for at, (first, last) in enumerate(pairwise(edges))
    ]
    chance.shuffle(parts)  # type: ignore[attr-defined]
    found = NodeMap(1, (*parts, node("other", "b")))
    for shard in range(SHARDS):
        (holder,) = [part for part in parts if shard in part.shards]
        assert found.at("a", shard) is holder
        assert found.of_person("a", PersonId(shard << 53 | 5)) is holder
        assert found.at("b", shard).name == "other"
    assert found.cities == ["a", "b"]
    assert sum(len(part.shards) for part in found.of_city("a")) == SHARDS
    assert found == NodeMap(1, tuple(reversed((*parts, node("other", "b")))))


@pytest.mark.parametrize(
    ("nodes", "code", "words"),
    [
        ((node("x", "a", 0, 510), node("y", "a", 512)), "E-NODES-003", "511-511"),
        ((node("x", "a", 1),), "E-NODES-003", "0-0"),
        ((node("x", "a", 0, 1022),), "E-NODES-003", "1023-1023"),
        ((node("x", "a", 0, 512), node("y", "a", 512)), "E-NODES-004", "512-512"),
        ((node("x"), node("y")), "E-NODES-004", "0-1023"),
        ((node("x", "a", 0, 900), node("y", "a", 5, 9), node("z", "a", 901)), "E-NODES-004", "5-9"),
        ((node("x"), node("x", "b")), "E-NODES-001", "x"),
    ],
)
def test_a_map_that_is_not_total_or_not_single_is_refused(
    nodes: tuple[Node, ...], code: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=code) as found:
        NodeMap(1, nodes)
    assert words in found.value.what()


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a.b", "甲", "a" * 41, "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="E-NODES-001"):
        node(name)


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (5, 4), (0, SHARDS), (SHARDS, SHARDS)])
def test_shards_that_are_not_there_are_refused(first: int, last: int) -> None:
    with pytest.raises(ConfigError, match="E-NODES-002"):
        node("x", "a", first, last)


def test_a_node_says_of_which_city_it_is() -> None:
    with pytest.raises(ConfigError, match="E-NODES-005"):
        node("x", "")


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_begins_at_one(version: int) -> None:
    with pytest.raises(ConfigError, match="E-NODES-006"):
        NodeMap(version, (node("x"),))


def test_a_range_is_read_as_it_is_shown() -> None:
    assert shard_range("x", "") == (0, SHARDS - 1)
    assert shard_range("x", "0-511") == (0, 511)
    assert node("x", "a", *shard_range("x", "512-1023")).shown == "512-1023"
    for words in ("1", "a-b", "1-", "-1", "１-２", "0-511 "):
        with pytest.raises(ConfigError, match="E-NODES-002"):
            shard_range("x", words)


def test_what_the_map_does_not_name_is_not_there() -> None:
    found = NodeMap(3, (node("x"),))
    for ask in (lambda: found.of_city("b"), lambda: found.named("y"), lambda: found.at("b", 1)):
        with pytest.raises(ConfigError, match="E-NODES-008"):
            ask()


def test_the_digest_tells_two_maps_apart() -> None:
    maps = (
        NodeMap(1, (node("x"),)), NodeMap(2, (node("x"),)), NodeMap(1, (node("y"),)),
        NodeMap(1, (node("x", "b"),)), NodeMap(1, (node("x"), node("y", "b"))),
        NodeMap(1, (node("x", "a", 0, 9), node("y", "a", 10))),
        NodeMap(1, (node("x", "a", 0, 8), node("y", "a", 9))),
    )  # fmt: skip
    assert len({each.digest for each in maps}) == len(maps)


def test_a_node_refuses_a_shard_that_is_not_its_own() -> None:
    half = node("x", "a", 0, 511)
    half.check_holds(511)
    with pytest.raises(WrongNode, match="E-NODES-007") as found:
        half.check_holds(512)
    assert found.value.node == "x"
