"""Know how applications for cards are kept: batches of a union, rows of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.batches import Batch, BatchState
from szunion.domain.identity import Mobile
from szunion.domain.rows import Row, RowState
from szunion.domain.values import BatchId, OrganisationId, PersonId, RequestKey, RowId


class Batches(Protocol):
    """Application batches. A union sees its own and those below it."""

    def add(self, scope: Scope, batch: Batch) -> None:
        """Keep a new batch."""
        ...

    def get(self, scope: Scope, batch: BatchId) -> Batch | None:
        """Return a batch; None: it is not there, or not within the scope."""
        ...

    def by_key(self, scope: Scope, key: RequestKey) -> Batch | None:
        """Return the batch that the bank knows by *key*."""
        ...

    def put(self, scope: Scope, batch: Batch) -> None:
        """Keep a changed batch; its ``version`` is the one that was read.

        Raises:
            Conflict: somebody else was faster (E-STORE-008), or who approves it submitted it
                (E-STORE-004).
        """
        ...

    def listed(
        self, scope: Scope, states: Iterable[BatchState] = (), *, after: int = 0, most: int = 200
    ) -> Sequence[Batch]:
        """Return a page of batches by id, from *after* on; no states: all of them."""
        ...

    def hand_over(self, scope: Scope, old: OrganisationId, new: OrganisationId) -> Sequence[Batch]:
        """Give every batch of a union that ends to its heir; return those that are still open."""
        ...


class Rows(Protocol):
    """Application rows, each of one person."""

    def add_many(self, scope: Scope, rows: Sequence[Row]) -> None:
        """Keep new rows.

        Raises:
            Conflict: a person has an open row in that programme already (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, row: RowId) -> Row | None:
        """Return a row; None: it is not there, or not within the scope."""
        ...

    def by_key(self, scope: Scope, key: RequestKey) -> Row | None:
        """Return the row that the bank knows by *key*."""
        ...

    def of_batch(self, scope: Scope, batch: BatchId) -> Sequence[Row]:
        """Return a batch's rows, by id."""
        ...

    def counts(self, scope: Scope, batch: BatchId) -> Mapping[RowState, int]:
        """Return how many rows of a batch stand where."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Row]:
        """Return a person's applications, oldest first."""
        ...

    def of_people(
        self, scope: Scope, people: Sequence[PersonId], programme: str
    ) -> Mapping[PersonId, Sequence[Row]]:
        """Return the applications of many people in one programme, oldest first."""
        ...

    def put(self, scope: Scope, row: Row) -> None:
        """Keep a changed row; its ``version`` is the one that was read (E-STORE-008)."""
        ...

    def put_many(self, scope: Scope, rows: Sequence[Row]) -> None:
        """Keep many changed rows: the bulk path (E-STORE-008)."""
        ...

    def pin_mobiles(self, scope: Scope, mobiles: Mapping[RowId, Mobile]) -> None:
        """Keep, sealed, the numbers with which rows leave: the same bytes must leave again."""
        ...

    def pinned_mobiles(self, scope: Scope, batch: BatchId) -> Mapping[RowId, Mobile]:
        """Return the numbers with which a batch's rows left, until the bank has answered."""
        ...

    def unpin_mobiles(self, scope: Scope, batch: BatchId) -> None:
        """Forget them: the bank has answered."""
        ...

    def overdue(self, scope: Scope, before: datetime, most: int) -> Sequence[Row]:
        """Return rows whose card has been neither collected nor activated since *before*."""
        ...
