"""Know how somebody outside is asked to sign the log's newest checkpoint (请求见证)."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal
from szunion.domain.signed_notes import Checkpoint, Signature, Verify
from szunion.domain.witnessing import Question, Refused, WitnessRefusal
from szunion.errors import WitnessUnavailable
from szunion.ports.storage import UnitOfWork
from szunion.ports.witness import Witness

_TRIES: Final = 3
"""A witness that has seen another size than we thought says which; then it is asked again."""


@frozen(kw_only=True)
class Asked:
    """What came of asking a witness (见证结果)."""

    witness: str
    size: int
    """How long the log is that it was asked about."""
    refusal: WitnessRefusal | None = None
    """None: it has signed."""


@frozen
class Witnesses:
    """The desk that has the log seen by others (见证)."""

    office: Office
    by: Principal = field()
    check: Verify = field()

    @property
    def log(self) -> AuditLog:
        """The log."""
        return AuditLog(self.office, self.by)

    def ask(self, witness: Witness) -> Asked | None:
        """Have the newest checkpoint seen by *witness*; None: it has seen it, or there is none.

        Nothing is held while it is asked. A refusal is an alarm: the witness has seen a longer log
        than ours (an old copy was brought back), or another one (it was written anew).

        Raises:
            WitnessUnavailable: it cannot be asked now, or its signature is not its own
                (E-AUDIT-004).
        """
        name = witness.key.name
        newest, seen = self._newest(name)
        if newest is None or newest.size == seen:
            return None
        refusal: WitnessRefusal | None = None
        for _ in range(_TRIES):
            proof = self.log.consistency(seen, newest.size)
            asked = Question(old=seen, proof=proof, checkpoint=newest)
            match witness.ask(asked):
                case Signature() as signature:
                    if not signature.holds(newest.text, witness.key, self.check):
                        raise WitnessUnavailable("E-AUDIT-004", witness=name, problem="E-SIG-001")
                    self._keep(newest.size, signature)
                    return Asked(witness=name, size=newest.size)
                case WitnessRefusal(Refused.STALE, size) if size <= newest.size:
                    refusal, seen = WitnessRefusal(Refused.STALE, size), size
                case refusal:
                    break
        return Asked(witness=name, size=newest.size, refusal=refusal)

    def signed_now(self, witness: Witness) -> bool:
        """Ask as :meth:`ask` does; return whether it has signed. An absent one is asked again."""
        try:
            asked = self.ask(witness)
        except WitnessUnavailable:
            return False  # the log goes on; the next round asks again
        return asked is not None and asked.refusal is None

    @one_look
    def _newest(self, work: UnitOfWork, witness: str) -> tuple[Checkpoint | None, int]:
        scope = authorise(work, self.by, Operation.AUDIT_READ)
        head = work.audit.head(scope)
        return (None if head is None else head.checkpoint()), work.audit.seen_by(scope, witness)

    @one_commit
    def _keep(self, work: UnitOfWork, size: int, signature: Signature) -> None:
        work.audit.cosign(authorise(work, self.by, Operation.OPERATE), size, signature)
