"""Know how a provider of real-name proofs behaves that proves whoever has the right code."""

from __future__ import annotations

from typing import Final

from szunion.ports.identity import Claimed, IdentityProofs, Proof, StepUp

CODE: Final = "000000"
"""The code that proves: demonstrations and tests say so openly, production has no such adapter."""


class SimulatedIdentity:
    """A provider in process (模拟实名认证); it can be told to be away.

    Args:
        code: The second thing that proves.
    """

    def __init__(self, code: str = CODE) -> None:
        self._code = code
        self.away = False
        """Whether it gives no answer at all."""

    def prove(self, claimed: Claimed) -> Proof:
        """See :class:`szunion.ports.identity.IdentityProofs`."""
        if self.away:
            return Proof.NO_ANSWER
        return Proof.PROVED if claimed.second == self._code else Proof.WRONG

    def confirm(self, login: str, code: str) -> Proof:
        """See :class:`szunion.ports.identity.StepUp`."""
        del login
        if self.away:
            return Proof.NO_ANSWER
        return Proof.PROVED if code == self._code else Proof.WRONG


def _conforms(provider: SimulatedIdentity) -> IdentityProofs:
    return provider


def _steps_up(provider: SimulatedIdentity) -> StepUp:
    return provider
