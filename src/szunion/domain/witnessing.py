"""Know when a witness puts its name under a log's checkpoint (见证): when the log only ever grew.

A witness keeps one thing of a log: the newest checkpoint that it has seen. It signs a newer one
only with a proof that the older is its beginning, so a log that shows two histories, or goes back,
finds no second signature. The words are those of C2SP tlog-witness.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from szunion.domain.merkle import EMPTY_ROOT, proves_consistency
from szunion.domain.signed_notes import Checkpoint, NoteKey, Verify, decoded, encoded
from szunion.domain.values import Labelled
from szunion.errors import InvalidInput

_MOST_STEPS: Final = 63
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


class Refused(Labelled):
    """Why a witness does not sign (见证人拒签)."""

    UNKNOWN_LOG = "UNKNOWN_LOG", "不认识这份日志", "it does not know this log"
    SIGNATURE = "SIGNATURE", "检查点不是这份日志签的", "the log has not signed this checkpoint"
    STALE = "STALE", "见证人见过另一个大小", "the witness has seen another size"
    FORK = "FORK", "同样大小而树根不同：日志有两个历史", "one size, two roots: two histories"
    NO_PROOF = "NO_PROOF", "一致性证明不成立", "the proof of consistency does not hold"
    UNREADABLE = "UNREADABLE", "请求读不懂", "the request cannot be read"


@frozen
class WitnessRefusal:
    """A witness that does not sign, why, and the size that it has seen last (拒签)."""

    why: Refused
    size: int = 0


@frozen(kw_only=True)
class Question:
    """What a witness is asked: to sign a checkpoint that grew out of what it saw (请求见证)."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint

    @property
    def text(self) -> str:
        """The question as it travels. Source: C2SP tlog-witness, add-checkpoint."""
        hashes = "".join(f"{encoded(each)}\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n{self.checkpoint.note}"

    @classmethod
    def of(cls, text: str) -> Question:
        """Return the question of a text.

        Raises:
            InvalidInput: it is none (E-AUDIT-001).
        """
        head, _, note = text.partition("\n\n")
        first, *hashes = head.split("\n")
        old = _OLD.fullmatch(first)
        if old is None or len(hashes) > _MOST_STEPS:
            raise InvalidInput("E-AUDIT-001", what="见证请求", what_en="a request to a witness")
        proof = tuple(map(decoded, hashes))
        return cls(old=int(old[1]), proof=proof, checkpoint=Checkpoint.of(note))


def judged(
    question: Question, key: NoteKey | None, seen: Checkpoint | None, check: Verify
) -> WitnessRefusal | None:
    """Return why a witness does not sign; None: it signs, and keeps the checkpoint first.

    Args:
        question: What it is asked.
        key: The key of the checkpoint's log, as the witness was told it by hand; None: unknown.
        seen: The newest checkpoint of that log that the witness signed.
        check: Checks one signature.
    """
    new = question.checkpoint
    if key is None or key.name != new.origin:
        return WitnessRefusal(Refused.UNKNOWN_LOG)
    if not new.signed_by(key, check):
        return WitnessRefusal(Refused.SIGNATURE)
    size, root = (0, EMPTY_ROOT) if seen is None else (seen.size, seen.root)
    if new.size == size and new.root != root:
        return WitnessRefusal(Refused.FORK, size)
    if question.old != size:
        return WitnessRefusal(Refused.STALE, size)
    if not proves_consistency(size, root, new.size, new.root, question.proof):
        return WitnessRefusal(Refused.NO_PROOF, size)
    return None
