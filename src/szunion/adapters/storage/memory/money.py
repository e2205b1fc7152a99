"""Know how what is owed, orders, budgets, books and statements are kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.officers import OfficerTables, check_two_sides
from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.bank import StatementKind
from szunion.domain.ledger import Balance, Entry, Transfer
from szunion.domain.orders import IN_FLIGHT, Order, OrderState
from szunion.domain.payouts import Budget, Obligation, PayoutBatch
from szunion.domain.statement_lines import CheckedLine
from szunion.domain.values import (
    Fen,
    ObligationId,
    OrderId,
    PayoutBatchId,
    PersonId,
    RequestKey,
)
from szunion.errors import Conflict
from szunion.ports.keys import IndexField, Vault


def _replaces(row: Order) -> Hashable | None:
    return None if row.state is OrderState.CANCELLED else row.replaces


def _ends(row: Transfer) -> Hashable | None:
    return row.of if row.entry in {Entry.POST, Entry.VOID} else None


@define
class MoneyTables:
    """Obligations, orders, pay-outs, budgets, the books, statement lines."""

    obligations: Table[ObligationId, Obligation] = field(
        factory=lambda: Table("obligation", {"key": lambda row: row.key})
    )
    orders: Table[OrderId, Order] = field(
        factory=lambda: Table("pay_order", {"key": lambda row: row.key, "replaces": _replaces})
    )
    payouts: Table[PayoutBatchId, PayoutBatch] = field(
        factory=lambda: Table("payout", {"key": lambda row: row.key})
    )
    budgets: Table[tuple[str, int], Budget] = field(factory=lambda: Table("budget"))
    ledger: Table[int, Transfer] = field(factory=lambda: Table("ledger", {"ended": _ends}))
    lines: Table[tuple[date, int], CheckedLine] = field(factory=lambda: Table("statement_line"))


@frozen
class MemoryObligations:
    """What is owed, in memory."""

    tables: MoneyTables
    sight: Sight
    undo: Undo
    vault: Vault

    def add(self, scope: Scope, obligation: Obligation) -> Obligation | None:
        key = self.vault.index(IndexField.GRANT, obligation.key).hex()
        known = self.tables.obligations.find("key", key)
        if known is None:
            kept = evolve(obligation, key=key)
            self.tables.obligations.insert(self.undo, obligation.id, kept)
        return known

    def granted(self, scope: Scope, key: str) -> Obligation | None:
        return self.tables.obligations.find("key", self.vault.index(IndexField.GRANT, key).hex())

    def get(self, scope: Scope, obligation: ObligationId) -> Obligation | None:
        row = self.tables.obligations.get(obligation)
        return row if row is not None and self.sight.person(scope, row.payee) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Obligation]:
        if not self.sight.person(scope, person):
            return []
        rows = [row for row in self.tables.obligations if row.payee == person]
        return sorted(rows, key=lambda row: row.id)

    def unpaid(
        self, scope: Scope, item: str, year: int, *, after: ObligationId | None, most: int
    ) -> Sequence[Obligation]:
        rows = [
            row
            for row in self.tables.obligations
            if (row.item, row.year) == (item, year)
            and row.settled + row.in_flight < row.fen
            and row.id > (after or -1)
        ]
        return sorted(rows, key=lambda row: row.id)[:most]

    def move(self, scope: Scope, moves: Mapping[ObligationId, tuple[Fen, Fen]]) -> None:
        for id_, (settled, in_flight) in moves.items():
            row = self.tables.obligations.rows[id_]
            changed = evolve(
                row,
                settled=row.settled + settled,
                in_flight=row.in_flight + in_flight,
                version=row.version + 1,
            )
            sums = (changed.settled, changed.in_flight, row.fen - changed.settled)
            if min(sums) < Fen(0) or changed.settled + changed.in_flight > row.fen:
                raise Conflict("E-STORE-004", constraint="CHECK(obligation)")
            self.tables.obligations.replace(self.undo, id_, changed)


@frozen
class MemoryOrders:
    """Attempts to pay, in memory."""

    tables: MoneyTables
    undo: Undo

    def add_many(self, scope: Scope, orders: Iterable[Order]) -> None:
        for order in orders:
            self.tables.orders.insert(self.undo, order.id, order)

    def get(self, scope: Scope, order: OrderId) -> Order | None:
        return self.tables.orders.get(order)

    def by_keys(self, scope: Scope, keys: Iterable[RequestKey]) -> Mapping[RequestKey, Order]:
        found = ((key, self.tables.orders.find("key", key)) for key in keys)
        return {key: order for key, order in found if order is not None}

    def of_obligation(self, scope: Scope, obligation: ObligationId) -> Sequence[Order]:
        rows = [row for row in self.tables.orders if row.obligation == obligation]
        return sorted(rows, key=lambda row: row.id)

    def of_obligations(
        self, scope: Scope, obligations: Iterable[ObligationId]
    ) -> Mapping[ObligationId, Sequence[Order]]:
        wanted = frozenset(obligations)
        found: dict[ObligationId, list[Order]] = {}
        for order in sorted(self.tables.orders, key=lambda row: row.id):
            if order.obligation in wanted:
                found.setdefault(order.obligation, []).append(order)
        return found

    def of_payout(
        self, scope: Scope, payout: PayoutBatchId, part: int | None = None
    ) -> Sequence[Order]:
        rows = [
            row
            for row in self.tables.orders
            if row.batch == payout and (part is None or row.part == part)
        ]
        return sorted(rows, key=lambda row: (row.part, row.id))

    def in_flight(self, scope: Scope) -> Mapping[OrderState, int]:
        return Counter(row.state for row in self.tables.orders if row.state in IN_FLIGHT)

    def put_many(self, scope: Scope, orders: Iterable[Order]) -> None:
        for order in orders:
            check_version(self.tables.orders.get(order.id), order, "pay_order")
            changed = evolve(order, version=order.version + 1)
            self.tables.orders.replace(self.undo, order.id, changed)


@frozen
class MemoryPayouts:
    """Pay-outs in memory."""

    tables: MoneyTables
    officers: OfficerTables
    undo: Undo

    def add(self, scope: Scope, payout: PayoutBatch) -> None:
        self.tables.payouts.insert(self.undo, payout.id, payout)

    def get(self, scope: Scope, payout: PayoutBatchId) -> PayoutBatch | None:
        return self.tables.payouts.get(payout)

    def listed(self, scope: Scope, *, after: int = 0, most: int = 200) -> Sequence[PayoutBatch]:
        rows = [row for row in self.tables.payouts if row.id > after]
        return sorted(rows, key=lambda row: row.id)[:most]

    def put(self, scope: Scope, payout: PayoutBatch) -> None:
        old = check_version(self.tables.payouts.get(payout.id), payout, "payout")
        check_two_sides(self.officers, "payout", old.made_by, payout.approved_by, old.made)
        changed = evolve(payout, version=payout.version + 1)
        self.tables.payouts.replace(self.undo, payout.id, changed)


@frozen
class MemoryBudgets:
    """Budgets in memory."""

    tables: MoneyTables
    undo: Undo

    def set(self, scope: Scope, budget: Budget) -> None:
        key = (budget.item, budget.year)
        old = self.tables.budgets.get(key)
        if old is None:
            self.tables.budgets.insert(self.undo, key, evolve(budget, committed=Fen(0)))
            return
        if old.committed > budget.ceiling:
            raise Conflict("E-STORE-004", constraint="CHECK(budget)")
        self.tables.budgets.replace(self.undo, key, evolve(old, ceiling=budget.ceiling))

    def get(self, scope: Scope, item: str, year: int) -> Budget | None:
        return self.tables.budgets.get((item, year))

    def commit(self, scope: Scope, item: str, year: int, fen: Fen) -> bool:
        old = self.tables.budgets.get((item, year))
        if old is None or not Fen(0) <= old.committed + fen <= old.ceiling:
            return False
        changed = evolve(old, committed=old.committed + fen)
        self.tables.budgets.replace(self.undo, (item, year), changed)
        return True


@frozen
class MemoryLedger:
    """The books in memory: rows are added, nothing else."""

    tables: MoneyTables
    undo: Undo

    def add_many(self, scope: Scope, transfers: Iterable[Transfer]) -> None:
        for each in transfers:
            self.tables.ledger.insert(self.undo, each.id, each)

    def of_codes(self, scope: Scope, codes: Iterable[str]) -> Sequence[Transfer]:
        wanted = frozenset(codes)
        rows = [row for row in self.tables.ledger if row.code in wanted]
        return sorted(rows, key=lambda row: row.id)

    def _sum(self, rows: Iterable[Transfer]) -> tuple[Fen, Fen]:
        posted = pending = 0
        for row in rows:
            match row.entry:
                case Entry.PENDING:
                    pending += row.fen.amount
                case Entry.POST:
                    posted, pending = posted + row.fen.amount, pending - row.fen.amount
                case Entry.VOID:
                    pending -= row.fen.amount
                case Entry.DIRECT:
                    posted += row.fen.amount
        return Fen(posted), Fen(pending)

    def balance(self, scope: Scope, account: str) -> Balance:
        rows = list(self.tables.ledger)
        debit, pending_debit = self._sum(row for row in rows if row.debit == account)
        credit, pending_credit = self._sum(row for row in rows if row.credit == account)
        return Balance(debit, credit, pending_debit, pending_credit)

    def whole(self, scope: Scope) -> Balance:
        posted, pending = self._sum(self.tables.ledger)
        return Balance(posted, posted, pending, pending)


@frozen
class MemoryStatements:
    """The lines of the bank's statements, in memory."""

    tables: MoneyTables
    undo: Undo

    def add_many(self, scope: Scope, lines: Iterable[CheckedLine]) -> None:
        for line in lines:
            if (line.day, line.position) not in self.tables.lines.rows:
                self.tables.lines.insert(self.undo, (line.day, line.position), line)

    def of_day(self, scope: Scope, day: date) -> Sequence[CheckedLine]:
        rows = [row for row in self.tables.lines if row.day == day]
        return sorted(rows, key=lambda row: row.position)

    def of_keys(self, scope: Scope, keys: Iterable[RequestKey]) -> Sequence[CheckedLine]:
        wanted = frozenset(keys)
        rows = [row for row in self.tables.lines if row.key in wanted]
        return sorted(rows, key=lambda row: (row.day, row.position))

    def last_day(self, scope: Scope) -> date | None:
        return max((row.day for row in self.tables.lines), default=None)

    def unexplained(self, scope: Scope, most: int) -> Sequence[CheckedLine]:
        rows = [row for row in self.tables.lines if row.differs]
        return sorted(rows, key=lambda row: (row.day, row.position))[:most]

    def explain(self, scope: Scope, day: date, position: int, words: str) -> bool:
        line = self.tables.lines.get((day, position))
        if line is None or not line.differs:
            return False
        self.tables.lines.replace(self.undo, (day, position), evolve(line, explained=words))
        return True

    def missing(self, scope: Scope, before: datetime, most: int) -> Sequence[str]:
        shown = {line.key.text for line in self.tables.lines if line.kind is StatementKind.PAID}
        posts = [
            row
            for row in self.tables.ledger
            if row.entry is Entry.POST and row.at < before and row.code not in shown
        ]
        return [row.code for row in sorted(posts, key=lambda row: row.at)][:most]
