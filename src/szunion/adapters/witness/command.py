"""Know how a witness elsewhere is asked through a command: the question in, its answer out.

The command is whatever reaches the witness: ``ssh bank szunion audit witness sign DIR``. It gets
the question on its input and prints a signature line, or ``refused WHY SIZE``.
"""

from __future__ import annotations

import subprocess
from typing import Final

from attrs import frozen

from szunion.domain.signed_notes import NoteKey, Signature
from szunion.domain.witnessing import Question, Refused, WitnessRefusal
from szunion.errors import InvalidInput, WitnessUnavailable

_SECONDS: Final = 30.0
_LONGEST: Final = 65_536
_REFUSED: Final = "refused"


def answer_text(answer: Signature | WitnessRefusal) -> str:
    """Return an answer as it travels."""
    match answer:
        case Signature():
            return answer.line
        case WitnessRefusal(why, size):
            return f"{_REFUSED} {why.value} {size}\n"


@frozen
class CommandWitness:
    """A witness behind a command: :class:`szunion.ports.witness.Witness`."""

    key: NoteKey
    command: tuple[str, ...]
    seconds: float = _SECONDS

    def ask(self, question: Question) -> Signature | WitnessRefusal:
        """See :class:`szunion.ports.witness.Witness`."""
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own setting, no shell
                self.command, input=question.text.encode(), capture_output=True,
                timeout=self.seconds, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._lost(type(error).__name__) from None
        return self._read(done.stdout[:_LONGEST].decode("utf-8", "replace"), done.returncode)

    def _read(self, text: str, status: int) -> Signature | WitnessRefusal:
        """Return the answer of a witness; what is no answer is a witness that is not there."""
        for line in text.splitlines():
            try:
                match line.split(" "):
                    case [word, why, size] if word == _REFUSED:
                        return WitnessRefusal(Refused(why), int(size))
                    case _ if (found := Signature.of(line)).of_key(self.key):
                        return found
                    case _:
                        continue  # of a key that we do not know: not ours to judge
            except (InvalidInput, ValueError):
                break
        raise self._lost("exit status " + str(status))

    def _lost(self, problem: str) -> WitnessUnavailable:
        return WitnessUnavailable("E-AUDIT-004", witness=self.key.name, problem=problem)
