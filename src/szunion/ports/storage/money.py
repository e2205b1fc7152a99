"""Know how what is owed, what was ordered, budgets, books and statements are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.ledger import Balance, Transfer
from szunion.domain.orders import Order, OrderState
from szunion.domain.payouts import Budget, Obligation, PayoutBatch
from szunion.domain.statement_lines import CheckedLine
from szunion.domain.values import Fen, ObligationId, OrderId, PayoutBatchId, PersonId, RequestKey


class Obligations(Protocol):
    """What is owed. The database refuses orders beyond it."""

    def add(self, scope: Scope, obligation: Obligation) -> Obligation | None:
        """Keep a new one; if its business key is known, change nothing and return that one."""
        ...

    def granted(self, scope: Scope, key: str) -> Obligation | None:
        """Return what was granted under a business key, wherever: for deciding alone."""
        ...

    def get(self, scope: Scope, obligation: ObligationId) -> Obligation | None:
        """Return one within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Obligation]:
        """Return what one person was granted, oldest first."""
        ...

    def unpaid(
        self, scope: Scope, item: str, year: int, *, after: ObligationId | None, most: int
    ) -> Sequence[Obligation]:
        """Return a page of those of which something may still be ordered, by id."""
        ...

    def move(self, scope: Scope, moves: Mapping[ObligationId, tuple[Fen, Fen]]) -> None:
        """Add (settled, in flight) to obligations; either may be negative.

        Raises:
            Conflict: settled and in flight would exceed what is owed (E-STORE-004).
        """
        ...


class Orders(Protocol):
    """Attempts to pay."""

    def add_many(self, scope: Scope, orders: Iterable[Order]) -> None:
        """Keep new orders.

        Raises:
            Conflict: a key is known (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, order: OrderId) -> Order | None:
        """Return one order."""
        ...

    def by_keys(self, scope: Scope, keys: Iterable[RequestKey]) -> Mapping[RequestKey, Order]:
        """Return the orders that the bank names so; unknown keys are left out."""
        ...

    def of_obligation(self, scope: Scope, obligation: ObligationId) -> Sequence[Order]:
        """Return the attempts to pay one obligation, oldest first."""
        ...

    def of_obligations(
        self, scope: Scope, obligations: Iterable[ObligationId]
    ) -> Mapping[ObligationId, Sequence[Order]]:
        """Return the attempts to pay each of many obligations: the bulk path."""
        ...

    def of_payout(
        self, scope: Scope, payout: PayoutBatchId, part: int | None = None
    ) -> Sequence[Order]:
        """Return the orders of a pay-out (or of one of its parts), by id."""
        ...

    def in_flight(self, scope: Scope) -> Mapping[OrderState, int]:
        """Return how many orders are on their way, by state; none: not in the answer."""
        ...

    def put_many(self, scope: Scope, orders: Iterable[Order]) -> None:
        """Keep what became of orders.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...


class Payouts(Protocol):
    """Pay-outs: many orders, made by one person and approved by another."""

    def add(self, scope: Scope, payout: PayoutBatch) -> None:
        """Keep a draft."""
        ...

    def get(self, scope: Scope, payout: PayoutBatchId) -> PayoutBatch | None:
        """Return one."""
        ...

    def listed(self, scope: Scope, *, after: int = 0, most: int = 200) -> Sequence[PayoutBatch]:
        """Return a page, by id."""
        ...

    def put(self, scope: Scope, payout: PayoutBatch) -> None:
        """Keep what became of one.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...


class Budgets(Protocol):
    """How much an item may cost in a year; the database refuses more."""

    def set(self, scope: Scope, budget: Budget) -> None:
        """Set a ceiling.

        Raises:
            Conflict: more than that is committed already (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, item: str, year: int) -> Budget | None:
        """Return the budget of an item and year."""
        ...

    def commit(self, scope: Scope, item: str, year: int, fen: Fen) -> bool:
        """Commit *fen* (negative: release) if the ceiling allows it; one guarded step."""
        ...


class Ledger(Protocol):
    """The books: rows that are never changed and never deleted."""

    def add_many(self, scope: Scope, transfers: Iterable[Transfer]) -> None:
        """Write transfers.

        Raises:
            Conflict: a pending one is ended twice (E-STORE-004).
        """
        ...

    def of_codes(self, scope: Scope, codes: Iterable[str]) -> Sequence[Transfer]:
        """Return the transfers written for *codes*, in their order."""
        ...

    def balance(self, scope: Scope, account: str) -> Balance:
        """Return what an account holds."""
        ...

    def whole(self, scope: Scope) -> Balance:
        """Return the sum over all accounts: both sides must be the same."""
        ...


class Statements(Protocol):
    """The lines of the bank's statements, each with what it was found to be."""

    def add_many(self, scope: Scope, lines: Iterable[CheckedLine]) -> None:
        """Keep the lines of a day; the same day again changes nothing."""
        ...

    def of_day(self, scope: Scope, day: date) -> Sequence[CheckedLine]:
        """Return the lines of a day, in the statement's order."""
        ...

    def of_keys(self, scope: Scope, keys: Iterable[RequestKey]) -> Sequence[CheckedLine]:
        """Return the lines about these orders, of whatever day: by day and line, each once."""
        ...

    def last_day(self, scope: Scope) -> date | None:
        """Return the newest day of which there is a statement."""
        ...

    def unexplained(self, scope: Scope, most: int) -> Sequence[CheckedLine]:
        """Return lines that differ from the books and that nobody has explained, oldest first."""
        ...

    def explain(self, scope: Scope, day: date, position: int, words: str) -> bool:
        """Keep why a line differs; False: there is no such line that differs unexplained."""
        ...

    def missing(self, scope: Scope, before: datetime, most: int) -> Sequence[str]:
        """Return codes of money posted before a moment that no statement has shown."""
        ...
