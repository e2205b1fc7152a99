"""Know how the log's entries get their places in the tree, and how the log leaves the system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from attrs import field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Scope, engine
from szunion.domain.audit import AuditEntry, LoggedEntry, Sealed, Touching
from szunion.domain.audit_export import exported
from szunion.domain.merkle import (
    Frontier,
    KeptTree,
    Node,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tiled,
)
from szunion.domain.signed_notes import Checkpoint, Inclusion, NoteKey, Signature, checkpoint_text
from szunion.errors import KeysUnavailable, NotFound
from szunion.ports.storage import UnitOfWork

_MOST: Final = 10_000
"""Entries of one checkpoint, at most: what a seal holds at once."""
_PAGE: Final = 1_000
"""Checkpoints that are looked up together."""


@frozen(kw_only=True)
class LogState:
    """How the log stands (日志状态)."""

    checkpoint: Checkpoint | None
    at: datetime | None
    """When the newest checkpoint was made."""
    seen: int
    """The largest size that a witness outside has signed; 0: none."""
    unsealed: int
    """Entries that no checkpoint covers yet; at most what is counted."""
    oldest_unsealed_seconds: float
    """How old the oldest of them is; 0: none."""


@frozen
class AuditLog:
    """The desk of the audit log: sealing, proofs, export, state."""

    office: Office
    by: Principal = field()

    @property
    def origin(self) -> str:
        """The log's name, as every checkpoint says it: each machine of a city has its own log."""
        node = self.office.node
        part = "" if node is None or node.whole else f"{node.name}/"
        return f"szunion/{self.office.policy.code}/{part}audit"

    @property
    def key(self) -> NoteKey:
        """What others check its checkpoints with."""
        return NoteKey(name=self.origin, public=self.office.signer.public)

    @property
    def keys(self) -> Sequence[NoteKey]:
        """What its checkpoints may be signed with, the present one first.

        A machine that had the whole city before it was shared signed under the city's name.
        """
        names = dict.fromkeys((self.origin, f"szunion/{self.office.policy.code}/audit"))
        return [NoteKey(name=name, public=self.office.signer.public) for name in names]

    # --- sealing -----------------------------------------------------------------------------

    @one_commit
    def seal(self, work: UnitOfWork) -> Checkpoint | None:
        """Give the next entries their places and sign the tree; None: there was nothing to seal.

        The order is the order of commits. What is held is one checkpoint's entries, whatever the
        length of the log.
        """
        scope = authorise(work, self.by, Operation.OPERATE)
        leaves = [leaf_hash(entry) for entry in work.audit.settle(scope, _MOST)]
        if not leaves:
            return None
        last = work.audit.head(scope)
        before = Frontier() if last is None else last.tree
        tree, kept = before.grown(leaves)
        data = self.office.signer.sign(checkpoint_text(self.origin, tree).encode())
        head = Sealed(
            origin=self.origin, at=work.now, size=tree.size, edge=tree.edge,
            signature=Signature(name=self.origin, id=self.key.id, data=data),
        )  # fmt: skip
        tiles = tiled(before.size, kept, lambda *place: work.audit.tile(scope, *place))
        work.audit.seal(scope, head, list(tiles))
        return head.checkpoint()

    def seal_all(self) -> Checkpoint | None:
        """Seal until nothing is left; return the last checkpoint, None if there was nothing."""
        last: Checkpoint | None = None
        while (found := self.seal()) is not None:
            last = found
        return last

    # --- looking -----------------------------------------------------------------------------

    @one_look
    def signed_here(self, work: UnitOfWork) -> bool:
        """Return whether the newest checkpoint is under this office's key, or there is none yet."""
        scope = authorise(work, self.by, Operation.OPERATE)
        head = work.audit.head(scope)
        return head is None or head.signature.id in {key.id for key in self.keys}

    @one_look
    def state(self, work: UnitOfWork) -> LogState:
        """Return how far the log is sealed, and how long the tail is that is not."""
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        count, oldest = work.audit.tail(scope, _MOST)
        head = work.audit.head(scope)
        return LogState(
            checkpoint=_noted(work, scope, head),
            at=None if head is None else head.at,
            seen=work.audit.seen_by(scope),
            unsealed=count,
            oldest_unsealed_seconds=max(0.0, (work.now - (oldest or work.now)).total_seconds()),
        )

    @one_look
    def checkpoint(self, work: UnitOfWork, size: int | None = None) -> Checkpoint | None:
        """Return the newest checkpoint, or the one of *size*, with whoever signed it; None: none.

        It is what somebody outside keeps, to check the log with later.
        """
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        if size is None:
            return _noted(work, scope, work.audit.head(scope))
        found = work.audit.heads(scope, size - 1, 1)
        exact = found and found[0].size == size
        return _noted(work, scope, found[0]) if exact else None

    @one_look
    def checkpoints(self, work: UnitOfWork, after: int = 0) -> Sequence[Checkpoint]:
        """Return the next thousand checkpoints whose size is more than *after*, oldest first."""
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        return [head.checkpoint() for head in work.audit.heads(scope, after, _PAGE)]

    def touched(self, actor: str, since: datetime, until: datetime) -> Iterator[LoggedEntry]:
        """Yield what a login did and saw from *since* to before *until* (泄露范围), in order.

        For the day on which somebody's credential was in the wrong hands: each entry names the
        thing and the person. It is answered from sealed and unsealed entries alike, in pages.
        That it was asked is an entry itself.

        Raises:
            InvalidInput: one of the two says nothing of its zone (E-VALUE-005).
        """
        by, place = Touching(actor=actor, since=since, until=until), 0
        self._note(AuditEntry(action="audit.scope", subject=0, after=actor))
        while page := self._touched(by, place):
            yield from (entry for _, entry in page)
            place = page[-1][0]

    @one_look
    def _touched(
        self, work: UnitOfWork, by: Touching, after: int
    ) -> Sequence[tuple[int, LoggedEntry]]:
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        return work.audit.touched(scope, by, after, _MOST)

    # --- proving -----------------------------------------------------------------------------

    @one_look
    def prove(self, work: UnitOfWork, entry: int) -> Inclusion:
        """Return the proof that an entry is in the log, under the newest checkpoint (包含证明).

        Raises:
            NotFound: there is no such entry, or no checkpoint covers it yet (E-AUDIT-002).
        """
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        found, index = work.audit.find(scope, entry), work.audit.position(scope, entry)
        checkpoint = _noted(work, scope, work.audit.head(scope))
        if found is None or index is None or checkpoint is None:
            raise NotFound("E-AUDIT-002", entry=entry)
        path = inclusion_proof(index, checkpoint.size, _tree(work, scope))
        leaf = found.canonical()
        return Inclusion(leaf=leaf, index=index, path=path, checkpoint=checkpoint)

    @one_look
    def consistency(self, work: UnitOfWork, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of *new* entries grew from the one of *old* (一致性证明).

        Raises:
            NotFound: the log is not that long (E-AUDIT-003).
        """
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        head = work.audit.head(scope)
        if not 0 <= old <= new <= (head.size if head else 0):
            raise NotFound("E-AUDIT-003", size=max(old, new))
        return consistency_proof(old, new, _tree(work, scope))

    # --- handing out -------------------------------------------------------------------------

    def export(self) -> Iterator[str]:
        """Yield the sealed log as lines of JSON (审计导出): entries, and checkpoints after them.

        It goes up to the checkpoint that is the newest now, in constant memory: what is sealed
        never changes, so no one look has to hold it. ``domain.audit_export.verify`` checks it.
        That it was exported is an entry itself.
        """
        self._note(AuditEntry(action="audit.export", subject=0))
        return self.lines()

    def lines(self) -> Iterator[str]:
        """Yield the same lines for a look that stays here, such as checking the log in its place.

        Raises:
            NotAllowed: the role does not read the log (E-ACCESS-001).
        """
        return exported(self._parts(), self.origin)

    @one_commit
    def _note(self, work: UnitOfWork, entry: AuditEntry) -> None:
        saw(work, authorise(work, self.by, Operation.AUDIT_READ), entry)

    def _parts(self) -> Iterator[tuple[Checkpoint, Sequence[LoggedEntry]]]:
        last, seen = self._ends()
        size = 0
        while size < last:
            for head in self._heads(size):
                if head.size > last:
                    return
                size = head.size
                yield self._part(head, size == seen)

    @one_look
    def _ends(self, work: UnitOfWork) -> tuple[int, int]:
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        head = work.audit.head(scope)
        return (head.size if head else 0), work.audit.seen_by(scope)

    @one_look
    def _heads(self, work: UnitOfWork, after: int) -> Sequence[Sealed]:
        return work.audit.heads(authorise(work, self.by, Operation.AUDIT_READ), after, _PAGE)

    @one_look
    def _part(
        self,
        work: UnitOfWork,
        head: Sealed,
        witnessed: bool,  # noqa: FBT001
    ) -> tuple[Checkpoint, Sequence[LoggedEntry]]:
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        signed = work.audit.cosignatures(scope, head.size) if witnessed else ()
        return head.checkpoint(signed), list(work.audit.covered(scope, head.size))


def saw(work: UnitOfWork, scope: Scope, entry: AuditEntry) -> None:
    """Write down that somebody is about to be shown something (查看留痕), before it is shown.

    Reads of what is sensitive are entries as changes are: plain values, exports, files that a
    ticket opened, the log itself. The unit commits before anything leaves the system, so what
    cannot be logged is not shown.
    """
    work.audit.add(scope, entry)


def _noted(work: UnitOfWork, scope: Scope, head: Sealed | None) -> Checkpoint | None:
    return None if head is None else head.checkpoint(work.audit.cosignatures(scope, head.size))


def _tree(work: UnitOfWork, scope: Scope) -> Node:
    return KeptTree(lambda level, number: work.audit.tile(scope, level, number)).node


def check_keys(office: Office) -> None:
    """Refuse a store whose log was signed by other keys: under ours nobody on file is found again.

    Raises:
        KeysUnavailable: it was (E-KEYS-023); the store is closed.
    """
    log = AuditLog(office, engine())
    try:
        ours = log.signed_here()
    except KeysUnavailable:  # a token that is away is told when something needs it
        return
    except BaseException:
        office.storage.close()
        raise
    if not ours:
        office.storage.close()
        raise KeysUnavailable("E-KEYS-023")
