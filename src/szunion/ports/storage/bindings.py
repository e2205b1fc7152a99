"""Know how portal accounts and the people they are tied to are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.bindings import Binding, Portal
from szunion.domain.values import PersonId


class Bindings(Protocol):
    """Accounts of portals. An account has one row, and is tied to one person at most."""

    def get(self, scope: Scope, portal: Portal, account: str, shard: int) -> Binding | None:
        """Return the row of an account, named by its blind index (hex) and shard."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Binding]:
        """Return the accounts that are tied to a person, oldest first."""
        ...

    def add(self, scope: Scope, binding: Binding) -> None:
        """Keep a new account.

        Raises:
            Conflict: the account has a row (E-STORE-004).
        """
        ...

    def put(self, scope: Scope, binding: Binding) -> None:
        """Keep a changed account; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...
