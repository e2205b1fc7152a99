"""Know what szunion asks of somebody outside who watches its audit log: a witness (见证人)."""

from __future__ import annotations

from typing import Protocol

from szunion.domain.signed_notes import NoteKey, Signature
from szunion.domain.witnessing import Question, WitnessRefusal


class Witness(Protocol):
    """Somebody outside the operator who keeps the log's newest checkpoint: a bank, a district."""

    @property
    def key(self) -> NoteKey:
        """Its name and public key, as it told them; its signatures are checked with it."""
        ...

    def ask(self, question: Question) -> Signature | WitnessRefusal:
        """Ask for its signature under a checkpoint; a no is an answer.

        Raises:
            WitnessUnavailable: it cannot be asked now (E-AUDIT-004); ask again later.
        """
        ...
