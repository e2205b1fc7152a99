"""Know the audit log: what an entry says, how it becomes a leaf, and how a tree proves itself.

Hashing is RFC 6962's: ``SHA-256(00 || leaf)``, ``SHA-256(01 || left || right)``. A checkpoint is a
signed note of origin, size and root (the form of C2SP tlog-checkpoint), so a verifier who holds
one older checkpoint finds every flipped, removed, swapped, forked or cut-off entry.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from attrs import field, frozen

from szunion.domain.access import Purpose, Role
from szunion.domain.values import OrganisationId, PersonId


@frozen(kw_only=True)
class AuditEntry:
    """What was done to one thing: only ids and states, never personal data."""

    action: str
    """A dotted name, ``card.revoke``; its first word is the noun."""
    subject: int
    """The id of the thing."""
    person: PersonId = field(default=PersonId(0))
    """The person whom it concerns; 0: nobody."""
    before: str = ""
    after: str = ""
    reason: str = ""


@frozen(kw_only=True)
class LoggedEntry:
    """An entry as it stands in the log."""

    id: int
    at: datetime
    actor: str
    role: Role
    node: OrganisationId | None
    purpose: Purpose
    entry: AuditEntry

    def canonical(self) -> bytes:
        """Return the bytes that are hashed: one JSON array, UTF-8, nothing left open."""
        what = self.entry
        micros = int(self.at.timestamp()) * 1_000_000 + self.at.microsecond
        return json.dumps(
            [
                1, self.id, micros, self.actor, self.role.value, self.node or 0,
                self.purpose.value, what.action, what.subject, what.person,
                what.before, what.after, what.reason,
            ],
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()  # fmt: skip


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one leaf. Source: RFC 6962, 2.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node. Source: RFC 6962, 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


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
        size, edge = self.size, list(self.edge)
        for leaf in leaves:
            node, left = leaf, size
            while left & 1:
                node = node_hash(edge.pop(), node)
                left >>= 1
            edge.append(node)
            size += 1
        return Frontier(size, tuple(edge))

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


def _split(size: int) -> int:
    """Return the largest power of two smaller than *size*."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the path that proves leaf *index* is in the tree. Source: RFC 6962, 2.1.1."""
    if len(leaves) <= 1:
        return ()
    cut = _split(len(leaves))
    if index < cut:
        return (*inclusion_proof(leaves[:cut], index), root_of(leaves[cut:]))
    return (*inclusion_proof(leaves[cut:], index - cut), root_of(leaves[:cut]))


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


def consistency_proof(leaves: Sequence[bytes], old: int) -> tuple[bytes, ...]:
    """Return the proof that the first *old* leaves are a prefix. Source: RFC 6962, 2.1.2."""

    def prove(part: Sequence[bytes], size: int, *, whole: bool) -> tuple[bytes, ...]:
        if size == len(part):
            return () if whole else (root_of(part),)
        cut = _split(len(part))
        if size <= cut:
            return (*prove(part[:cut], size, whole=whole), root_of(part[cut:]))
        return (*prove(part[cut:], size - cut, whole=False), root_of(part[:cut]))

    return prove(leaves, old, whole=True) if 0 < old < len(leaves) else ()


def proves_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether the tree of *new* leaves grew from the one of *old*.

    Source: RFC 9162, 2.1.4.2.
    """
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof
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


@frozen(kw_only=True)
class Checkpoint:
    """A signed statement of how many entries the log has and what they hash to."""

    origin: str
    at: datetime
    frontier: Frontier
    signer: str
    signature: bytes

    @property
    def size(self) -> int:
        """How many entries it covers."""
        return self.frontier.size

    def note(self) -> str:
        """Return the note with its signature line, as it is handed to witnesses."""
        body = note_body(self.origin, self.frontier, self.at)
        return f"{body}\n— {self.signer} {base64.b64encode(self.signature).decode()}\n"


def note_body(origin: str, frontier: Frontier, at: datetime) -> str:
    """Return the text that a checkpoint's signature covers."""
    root = base64.b64encode(frontier.root).decode()
    return f"{origin}\n{frontier.size}\n{root}\n{at.isoformat()}\n"
