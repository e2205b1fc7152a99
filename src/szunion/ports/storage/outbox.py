"""Know how what goes to the bank is kept until the bank has answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.outbox import Dispatch, DispatchState
from szunion.domain.values import RequestKey


class Outbox(Protocol):
    """Dispatches to the bank, each written in the commit of the change that it tells."""

    def add(self, scope: Scope, dispatch: Dispatch) -> None:
        """Queue one.

        Raises:
            Conflict: its key is known (E-STORE-004).
        """
        ...

    def add_many(self, scope: Scope, dispatches: Iterable[Dispatch]) -> None:
        """Queue several: the bulk path.

        Raises:
            Conflict: a key of them is known, or two have the same (E-STORE-004).
        """
        ...

    def next_sequence(self, scope: Scope, aggregate: int) -> int:
        """Return the next place in an aggregate's order."""
        ...

    def take(
        self, scope: Scope, worker: str, now: datetime, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        """Lease the next ones that may be sent: due, queued, nothing of their aggregate before.

        So there is one of each aggregate at most. They come in the order in which they are due.
        """
        ...

    def take_unknown(
        self, scope: Scope, worker: str, now: datetime, until: datetime, most: int
    ) -> Sequence[Dispatch]:
        """Lease the next ones that are due to be asked for."""
        ...

    def lost(self, scope: Scope, now: datetime, most: int) -> Sequence[Dispatch]:
        """Return those whose worker has not come back within its lease."""
        ...

    def get(self, scope: Scope, id_: int) -> Dispatch | None:
        """Return one by its id."""
        ...

    def many(self, scope: Scope, ids: Iterable[int]) -> Sequence[Dispatch]:
        """Return those of *ids* that are there, in any order."""
        ...

    def by_key(self, scope: Scope, key: RequestKey) -> Dispatch | None:
        """Return the one that the bank knows by *key*."""
        ...

    def of(self, scope: Scope, aggregate: int) -> Sequence[Dispatch]:
        """Return an aggregate's dispatches in their order."""
        ...

    def put(self, scope: Scope, dispatch: Dispatch) -> None:
        """Keep what became of one.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...

    def put_many(self, scope: Scope, dispatches: Iterable[Dispatch]) -> None:
        """Keep what became of several: the bulk path.

        Raises:
            Conflict: of one of them somebody else was faster (E-STORE-008).
        """
        ...

    def listed(
        self, scope: Scope, states: Iterable[DispatchState], *, after: int = 0, most: int = 200
    ) -> Sequence[Dispatch]:
        """Return a page of those in *states*, by id, from *after* on."""
        ...

    def next_due(self, scope: Scope) -> datetime | None:
        """Return when the next one that is open can be taken; None: none is open.

        What somebody holds can be taken when the lease has run out.
        """
        ...
