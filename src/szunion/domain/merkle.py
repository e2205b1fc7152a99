"""Know how a Merkle tree grows and proves itself: what is in it, and that it only ever grew.

Hashing is RFC 6962's: ``SHA-256(00 || leaf)``, ``SHA-256(01 || left || right)``. A tree is kept as
the hashes of some of its levels (each eighth), cut into tiles of 256: what lies between them is
hashed again when somebody asks for a proof, so a proof reads a few tiles and never the whole log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from typing import Final, TypeAlias

from attrs import Factory, define, frozen

HASH_BYTES: Final = 32
TILE: Final = 256
"""Hashes of one tile."""
STEP: Final = 8
"""Every how many levels hashes are kept: a tile of one level is a hash of the next."""
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Node: TypeAlias = Callable[[int, int], bytes]
"""The root of the perfect subtree at a level (leaves: 0) and a number from the left."""

_sha = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one leaf. Source: RFC 6962, 2.1."""
    return _sha(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node. Source: RFC 6962, 2.1."""
    return _sha(b"\x01" + left + right).digest()


def _pairs(nodes: Sequence[bytes]) -> list[bytes]:
    """Return the level above an even number of neighbours."""
    each = iter(nodes)
    return list(starmap(node_hash, zip(each, each, strict=True)))


@frozen
class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first.

    It is all that is needed to append and to compute the root, and it has at most one hash for
    each bit of the size.
    """

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def append(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier after *leaves* (already hashed)."""
        return self.grown(leaves)[0]

    def grown(self, leaves: Iterable[bytes]) -> tuple[Frontier, Mapping[int, Sequence[bytes]]]:
        """Return the frontier after *leaves*, and by kept level the hashes that came with them.

        Level by level, not leaf by leaf: one hash for each node and little besides.
        """
        nodes, size, level = list(leaves), self.size, 0
        total, old = size + len(nodes), list(self.edge)
        edge: list[bytes] = []
        kept: dict[int, Sequence[bytes]] = {}
        while total >> level:
            if level % STEP == 0 and nodes:
                kept[level] = nodes
            if size >> level & 1:
                nodes = [old.pop(), *nodes]
            if len(nodes) & 1:
                edge.append(nodes[-1])
                nodes = nodes[:-1]
            nodes = _pairs(nodes)
            level += 1
        return Frontier(total, tuple(reversed(edge))), kept

    @property
    def root(self) -> bytes:
        """Return the root hash of the tree. Source: RFC 6962, 2.1."""
        if not self.edge:
            return EMPTY_ROOT
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of the tree over *leaves* (already hashed)."""
    return Frontier().append(leaves).root


# --- from what is kept to any node --------------------------------------------------------------

Tiles: TypeAlias = Callable[[int, int], bytes]
"""The hashes of a tile, side by side: by kept level and by its number from the left."""


@define
class KeptTree:
    """The nodes of a tree of which only tiles are kept; each tile is fetched once."""

    tiles: Tiles
    _fetched: dict[tuple[int, int], bytes] = Factory(dict)

    def node(self, level: int, number: int) -> bytes:
        """Return the root of a perfect subtree; see :data:`Node`."""
        floor = level // STEP * STEP
        first, count = number << level - floor, 1 << level - floor
        nodes = [self._kept(floor, each) for each in range(first, first + count)]
        while len(nodes) > 1:
            nodes = _pairs(nodes)
        return nodes[0]

    def _kept(self, level: int, number: int) -> bytes:
        place = (level, number // TILE)
        tile = self._fetched.get(place)
        if tile is None:
            tile = self._fetched[place] = self.tiles(*place)
        start = number % TILE * HASH_BYTES
        return tile[start : start + HASH_BYTES]


def tiled(
    size: int, kept: Mapping[int, Sequence[bytes]], tiles: Tiles
) -> Iterator[tuple[int, int, bytes]]:
    """Yield the tiles (level, number, hashes) that change when a tree of *size* has grown.

    Args:
        size: What it had before.
        kept: What came with the new leaves; see :meth:`Frontier.grown`.
        tiles: The tiles as they are, for those that were begun.
    """
    for level, hashes in kept.items():
        start = size >> level
        number, begun = divmod(start, TILE)
        data = (tiles(level, number)[: begun * HASH_BYTES] if begun else b"") + b"".join(hashes)
        for at in range(0, len(data), TILE * HASH_BYTES):
            yield level, number, data[at : at + TILE * HASH_BYTES]
            number += 1


def listed(leaves: Sequence[bytes]) -> Node:
    """Return the nodes of a tree whose leaves (already hashed) are all at hand."""
    return lambda level, number: root_of(leaves[number << level : number + 1 << level])


# --- proofs -------------------------------------------------------------------------------------


def _split(size: int) -> int:
    """Return the largest power of two smaller than *size*."""
    return 1 << (size - 1).bit_length() - 1


def range_hash(start: int, end: int, node: Node) -> bytes:
    """Return the hash of the leaves from *start* to before *end*, a subtree of some tree."""
    size = end - start
    if size & size - 1 == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    cut = start + _split(size)
    return node_hash(range_hash(start, cut, node), range_hash(cut, end, node))


def inclusion_proof(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """Return the path that proves leaf *index* is in the tree. Source: RFC 6962, 2.1.1."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        cut = start + _split(end - start)
        if index < cut:
            path.append(range_hash(cut, end, node))
            end = cut
        else:
            path.append(range_hash(start, cut, node))
            start = cut
    return tuple(reversed(path))


def proves_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether *proof* shows *leaf* at *index* of the tree. Source: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    spot, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if spot & 1 or spot == last:
            node = node_hash(step, node)
            while spot and not spot & 1:
                spot, last = spot >> 1, last >> 1
        else:
            node = node_hash(node, step)
        spot, last = spot >> 1, last >> 1
    return last == 0 and node == root


def consistency_proof(old: int, new: int, node: Node) -> tuple[bytes, ...]:
    """Return the proof that the first *old* leaves are a prefix. Source: RFC 6962, 2.1.2."""
    if not 0 < old < new:
        return ()
    path: list[bytes] = []
    start, end = 0, new
    while end != old:  # *old* lies inside [start, end) or is its end
        cut = start + _split(end - start)
        if old <= cut:
            path.append(range_hash(cut, end, node))
            end = cut
        else:
            path.append(range_hash(start, cut, node))
            start = cut
    if start:
        path.append(range_hash(start, end, node))
    return tuple(reversed(path))


def proves_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether the tree of *new* leaves grew from the one of *old*.

    Source: RFC 9162, 2.1.4.2.
    """
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old < new or not proof:
        return False
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    spot, last = old - 1, new - 1
    while spot & 1:
        spot, last = spot >> 1, last >> 1
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if spot & 1 or spot == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while spot and not spot & 1:
                spot, last = spot >> 1, last >> 1
        else:
            after = node_hash(after, step)
        spot, last = spot >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
