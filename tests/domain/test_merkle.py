"""The tree: every proof of every small tree is right, and no other is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from szunion.domain.merkle import (
    EMPTY_ROOT,
    TILE,
    Frontier,
    KeptTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    listed,
    node_hash,
    proves_consistency,
    proves_inclusion,
    root_of,
    tiled,
)

MOST = 64
LEAVES = [leaf_hash(bytes([number])) for number in range(MOST)]


def by_the_book(leaves: Sequence[bytes]) -> bytes:
    """The Merkle Tree Hash as RFC 6962, 2.1, says it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return hashlib.sha256(b"\x01" + by_the_book(leaves[:cut]) + by_the_book(leaves[cut:])).digest()


ROOTS = [by_the_book(LEAVES[:size]) for size in range(MOST + 1)]


def altered(proof: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Each proof that differs in one hash: one bit of it, none of it, once more, two swapped."""
    for at, step in enumerate(proof):
        yield [*proof[:at], bytes([step[0] ^ 1]) + step[1:], *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[:at], step, step, *proof[at + 1 :]]
        if at and proof[at - 1] != step:
            yield [*proof[: at - 1], step, proof[at - 1], *proof[at + 1 :]]
    yield [*proof, LEAVES[0]]


@pytest.mark.parametrize("size", range(MOST + 1))
def test_the_root_is_the_one_of_the_book(size: int) -> None:
    assert root_of(LEAVES[:size]) == ROOTS[size]
    assert (
        Frontier().append(LEAVES[: size // 3]).append(LEAVES[size // 3 : size]).root == ROOTS[size]
    )


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_leaf_of_every_tree_is_proved_and_no_altered_proof_is_taken(size: int) -> None:
    root, node = ROOTS[size], listed(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(index, size, node)
        assert proves_inclusion(LEAVES[index], index, size, proof, root)
        assert not proves_inclusion(
            LEAVES[index - 1] if size > 1 else b"", index, size, proof, root
        )
        assert not any(
            proves_inclusion(LEAVES[index], other, size, proof, root)
            for other in range(-1, size + 1)
            if other != index
        )
        assert not any(
            proves_inclusion(LEAVES[index], index, size, wrong, root) for wrong in altered(proof)
        )
        assert not proves_inclusion(LEAVES[index], index, size, proof, ROOTS[size - 1])


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_every_pair_of_trees_is_proved_and_no_altered_proof_is_taken(new: int) -> None:
    node = listed(LEAVES[:new])
    for old in range(1, new + 1):
        proof = consistency_proof(old, new, node)
        assert proves_consistency(old, ROOTS[old], new, ROOTS[new], proof)
        assert not any(
            proves_consistency(old, ROOTS[old], new, ROOTS[new], wrong) for wrong in altered(proof)
        )
        assert not proves_consistency(old, node_hash(ROOTS[old], b""), new, ROOTS[new], proof)
        assert not proves_consistency(old, ROOTS[old], new, node_hash(ROOTS[new], b""), proof)
        if old < new:
            assert not proves_consistency(new, ROOTS[new], old, ROOTS[old], proof)


def test_from_nothing_everything_grows_but_only_from_nothing() -> None:
    assert proves_consistency(0, EMPTY_ROOT, 5, ROOTS[5], ())
    assert not proves_consistency(0, ROOTS[1], 5, ROOTS[5], ())
    assert not proves_consistency(0, EMPTY_ROOT, 5, ROOTS[5], LEAVES[:1])


@settings(derandomize=True, max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 900), min_size=1, max_size=6), data=st.data())
def test_a_tree_kept_as_tiles_proves_what_the_whole_tree_proves(
    cuts: list[int], data: st.DataObject
) -> None:
    """However it was sealed, tile by tile: the same proofs, from no more than the tiles."""
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(sum(cuts))]
    store: dict[tuple[int, int], bytes] = {}
    tree = Frontier()
    for cut in cuts:
        grown, kept = tree.grown(leaves[tree.size : tree.size + cut])
        for level, number, tile in tiled(tree.size, kept, lambda *place: store[place]):
            store[level, number] = tile
        tree = grown

    size, node = tree.size, KeptTree(lambda *place: store[place]).node
    assert tree.root == root_of(leaves)
    assert all(len(tile) <= TILE * 32 for tile in store.values())
    assert b"".join(store[0, at] for at in range(-(-size // TILE))) == b"".join(leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert inclusion_proof(index, size, node) == inclusion_proof(index, size, listed(leaves))
    early = KeptTree(lambda *place: store[place]).node
    assert consistency_proof(old, size, early) == consistency_proof(old, size, listed(leaves))
    part = leaves[:old]
    proof = consistency_proof(old, size, node)
    assert proves_consistency(old, root_of(part), size, tree.root, proof)


def test_an_inclusion_proof_at_ten_million_entries_is_under_a_kibibyte() -> None:
    """24 hashes at most: the depth of the tree, and no tree is built to know it."""
    size = 10_000_000
    proof = inclusion_proof(size - size // 3, size, lambda *_: bytes(32))
    assert sum(map(len, proof)) <= 24 * 32 < 1024
