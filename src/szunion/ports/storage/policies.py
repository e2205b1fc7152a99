"""Know how a city's rules are noted as they change, so that past days are judged by their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.policy_versions import PolicyVersion


class Policies(Protocol):
    """Versions of the city's policy and catalogue."""

    def versions(self, scope: Scope) -> Sequence[PolicyVersion]:
        """Return all that were noted, in order."""
        ...

    def add(self, scope: Scope, version: PolicyVersion) -> None:
        """Note another; its number is the next.

        Raises:
            Conflict: somebody else noted one meanwhile (E-STORE-004).
        """
        ...
