"""Know how the log's entries get their places in the tree, and how the log leaves the system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import Checkpoint, Frontier, leaf_hash, note_body
from szunion.domain.audit_export import exported
from szunion.ports.storage import UnitOfWork

_MOST: Final = 10_000
"""Entries of one checkpoint, at most."""


@frozen(kw_only=True)
class LogState:
    """How the log stands (日志状态)."""

    checkpoint: Checkpoint | None
    unsealed: int
    """Entries that no checkpoint covers yet; at most what is counted."""
    oldest_unsealed_seconds: float
    """How old the oldest of them is; 0: none."""


@frozen
class AuditLog:
    """The desk of the audit log: sealing, export, state."""

    office: Office
    by: Principal = field()

    @property
    def origin(self) -> str:
        """The log's name, as every checkpoint says it."""
        return f"szunion/{self.office.policy.code}/audit"

    @one_commit
    def seal(self, work: UnitOfWork) -> Checkpoint | None:
        """Give the next entries their places and sign the tree; None: there was nothing to seal.

        The order is the order of commits. The signature covers origin, size, root and time.
        """
        scope = authorise(work, self.by, Operation.OPERATE)
        entries = work.audit.unsealed(scope, _MOST)
        if not entries:
            return None
        last = work.audit.last_checkpoint(scope)
        before = Frontier() if last is None else last.frontier
        leaves = [leaf_hash(entry.canonical()) for entry in entries]
        tree = before.append(leaves)
        signature = self.office.signer.sign(note_body(self.origin, tree, work.now).encode())
        checkpoint = Checkpoint(
            origin=self.origin,
            at=work.now,
            frontier=tree,
            signer=self.office.signer.name,
            signature=signature,
        )
        work.audit.seal(scope, entries, leaves, checkpoint)
        return checkpoint

    def seal_all(self) -> Checkpoint | None:
        """Seal until nothing is left; return the last checkpoint, None if there was nothing."""
        last: Checkpoint | None = None
        while (found := self.seal()) is not None:
            last = found
        return last

    @one_look
    def state(self, work: UnitOfWork) -> LogState:
        """Return how far the log is sealed, and how long the tail is that is not."""
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        tail = work.audit.unsealed(scope, _MOST)
        age = (work.now - tail[0].at).total_seconds() if tail else 0.0
        return LogState(
            checkpoint=work.audit.last_checkpoint(scope),
            unsealed=len(tail),
            oldest_unsealed_seconds=max(0.0, age),
        )

    @one_look
    def checkpoints(self, work: UnitOfWork) -> Sequence[Checkpoint]:
        """Return all checkpoints, oldest first: the newest is what witnesses keep."""
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        return list(work.audit.checkpoints(scope))

    def export(self) -> Iterator[str]:
        """Yield the sealed log as lines of JSON (审计导出): entries, and checkpoints after them.

        The whole export is one consistent look; ``domain.audit_export.verify`` checks it outside.
        """
        return iter(self._lines())

    @one_look
    def _lines(self, work: UnitOfWork) -> Sequence[str]:
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        entries = work.audit.sealed(scope)
        return list(exported(entries, work.audit.checkpoints(scope), self.origin))
