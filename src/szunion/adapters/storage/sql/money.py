"""Know how what is owed, orders, budgets, books and statements are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from attrs import frozen

from szunion.adapters.storage.sql.batches import people_seen
from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.domain.access import Scope
from szunion.domain.bank import StatementKind
from szunion.domain.ledger import Balance, Entry, Transfer
from szunion.domain.orders import Order, OrderState
from szunion.domain.payouts import Budget, Obligation, PayoutBatch, PayoutState
from szunion.domain.statement_lines import CheckedLine, LineVerdict
from szunion.domain.values import (
    CardId,
    Fen,
    ObligationId,
    OrderId,
    PayoutBatchId,
    PersonId,
    RequestKey,
    shard_of,
)
from szunion.ports.keys import IndexField, Vault
from szunion.ports.storage.races import lost_of_versions


def obligation_of(row: Row) -> Obligation:
    id_, key, person, item, year, fen, settled, in_flight, decided, decided_by, version = row
    return Obligation(
        id=ObligationId(id_), key=key.hex(), payee=PersonId(person), item=item, year=year,
        fen=Fen(fen), settled=Fen(settled), in_flight=Fen(in_flight), decided=moment(decided),
        decided_by=decided_by, version=version,
    )  # fmt: skip


@frozen
class SqlObligations:
    """What is owed, in SQL. Its business key is a blind index: it names no household."""

    session: Session
    vault: Vault

    def add(self, scope: Scope, obligation: Obligation) -> Obligation | None:
        key = {
            "shard": self.vault.route(obligation.key),
            "key": self.vault.index(IndexField.GRANT, obligation.key),
        }
        if self.session.do("obligation.grant", key | {"id": obligation.id}) != 1:
            return self.granted(scope, obligation.key)
        self.session.do(
            "obligation.add",
            {
                "shard": shard_of(obligation.id), "id": obligation.id, "key": key["key"],
                "person": obligation.payee, "item": obligation.item, "year": obligation.year,
                "fen": obligation.fen.amount, "settled": obligation.settled.amount,
                "in_flight": obligation.in_flight.amount, "decided": micros(obligation.decided),
                "decided_by": obligation.decided_by,
            },
        )  # fmt: skip
        return None

    def granted(self, scope: Scope, key: str) -> Obligation | None:
        where = {
            "shard": self.vault.route(key),
            "key": self.vault.index(IndexField.GRANT, key),
        }
        row = self.session.one("obligation.of_key", where)
        return None if row is None else obligation_of(row)

    def _get(self, obligation: ObligationId) -> Obligation | None:
        where = {"shard": shard_of(obligation), "id": obligation}
        row = self.session.one("obligation.get", where)
        return None if row is None else obligation_of(row)

    def get(self, scope: Scope, obligation: ObligationId) -> Obligation | None:
        found = self._get(obligation)
        if found is None or not people_seen(self.session, scope, [found.payee]):
            return None
        return found

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Obligation]:
        if not people_seen(self.session, scope, [person]):
            return []
        where = {"shard": shard_of(person), "person": person}
        return [obligation_of(row) for row in self.session.all("obligation.of_person", where)]

    def unpaid(
        self, scope: Scope, item: str, year: int, *, after: ObligationId | None, most: int
    ) -> Sequence[Obligation]:
        where = {"item": item, "year": year, "after": after or -1, "most": most}
        return [obligation_of(row) for row in self.session.all("obligation.unpaid", where)]

    def move(self, scope: Scope, moves: Mapping[ObligationId, tuple[Fen, Fen]]) -> None:
        self.session.many(
            "obligation.move",
            (
                (settled.amount, in_flight.amount, shard_of(id_), id_)
                for id_, (settled, in_flight) in moves.items()
            ),
        )


def _order(row: Row) -> Order:
    (
        id_, obligation, person, card, payout, part, fen, key, due, state, made_by,
        approved_by, replaces, missing, sequence, bank_code, bank_text, version,
    ) = row  # fmt: skip
    return Order(
        id=OrderId(id_), obligation=ObligationId(obligation), payee=PersonId(person),
        card=CardId(card), batch=PayoutBatchId(payout), part=part, fen=Fen(fen),
        key=RequestKey(key), due=date.fromisoformat(due), state=OrderState(state),
        made_by=made_by, approved_by=approved_by,
        replaces=OrderId(replaces) if replaces else None, settlement_missing=bool(missing),
        sequence=sequence, bank_code=bank_code, bank_text=bank_text, version=version,
    )  # fmt: skip


@frozen
class SqlOrders:
    """Attempts to pay, in SQL."""

    session: Session

    def add_many(self, scope: Scope, orders: Iterable[Order]) -> None:
        known = list(orders)
        self.session.many(
            "pay_order.add",
            [
                (
                    shard_of(each.id), each.id, each.obligation, each.payee, each.card, each.batch,
                    each.part, each.fen.amount, each.key.text, each.due.isoformat(),
                    each.state.value, each.made_by, each.approved_by, each.replaces,
                    int(each.settlement_missing), each.sequence, each.bank_code, each.bank_text,
                )
                for each in known
            ],
        )  # fmt: skip
        self.session.many(
            "pay_order.add_name", [(each.key.text, shard_of(each.id), each.id) for each in known]
        )

    def get(self, scope: Scope, order: OrderId) -> Order | None:
        row = self.session.one("pay_order.get", {"shard": shard_of(order), "id": order})
        return None if row is None else _order(row)

    def by_keys(self, scope: Scope, keys: Iterable[RequestKey]) -> Mapping[RequestKey, Order]:
        wanted = json.dumps([key.text for key in keys])
        found = map(_order, self.session.all("pay_order.by_keys", {"keys": wanted}))
        return {order.key: order for order in found}

    def of_obligation(self, scope: Scope, obligation: ObligationId) -> Sequence[Order]:
        where = {"shard": shard_of(obligation), "obligation": obligation}
        return [_order(row) for row in self.session.all("pay_order.of_obligation", where)]

    def of_obligations(
        self, scope: Scope, obligations: Iterable[ObligationId]
    ) -> Mapping[ObligationId, Sequence[Order]]:
        found: dict[ObligationId, list[Order]] = {}
        where = {"obligations": json.dumps(list(obligations))}
        for order in map(_order, self.session.all("pay_order.of_obligations", where)):
            found.setdefault(order.obligation, []).append(order)
        return found

    def of_payout(
        self, scope: Scope, payout: PayoutBatchId, part: int | None = None
    ) -> Sequence[Order]:
        rows = self.session.all("pay_order.of_payout", {"payout": payout, "part": part})
        return [_order(row) for row in rows]

    def in_flight(self, scope: Scope) -> Mapping[OrderState, int]:
        rows = self.session.all("pay_order.in_flight")
        return {OrderState(state): count for state, count in rows}

    def put_many(self, scope: Scope, orders: Iterable[Order]) -> None:
        put = list(orders)
        rows = [
            (
                each.card, each.part, each.state.value, each.approved_by,
                int(each.settlement_missing), each.sequence, each.bank_code, each.bank_text,
                shard_of(each.id), each.id, each.version,
            )
            for each in put
        ]  # fmt: skip
        if self.session.many("pay_order.put", rows) != len(rows):
            known = self.of_obligations(scope, {each.obligation for each in put})
            there: dict[int, Order] = {each.id: each for some in known.values() for each in some}
            raise lost_of_versions("pay_order", put, there)


def _payout(row: Row) -> PayoutBatch:
    id_, key, item, year, state, orders, total, made, made_by, approved_by, version = row
    return PayoutBatch(
        id=PayoutBatchId(id_), key=RequestKey(key), item=item, year=year,
        state=PayoutState(state), orders=orders, total=Fen(total), made=moment(made),
        made_by=made_by, approved_by=approved_by, version=version,
    )  # fmt: skip


@frozen
class SqlPayouts:
    """Pay-outs in SQL."""

    session: Session

    def add(self, scope: Scope, payout: PayoutBatch) -> None:
        self.session.do(
            "payout.add",
            {
                "id": payout.id, "key": payout.key.text, "item": payout.item, "year": payout.year,
                "state": payout.state.value, "orders": payout.orders,
                "total": payout.total.amount, "made": micros(payout.made),
                "made_by": payout.made_by, "approved_by": payout.approved_by,
            },
        )  # fmt: skip

    def get(self, scope: Scope, payout: PayoutBatchId) -> PayoutBatch | None:
        row = self.session.one("payout.get", {"id": payout})
        return None if row is None else _payout(row)

    def listed(self, scope: Scope, *, after: int = 0, most: int = 200) -> Sequence[PayoutBatch]:
        rows = self.session.all("payout.listed", {"after": after, "most": most})
        return [_payout(row) for row in rows]

    def put(self, scope: Scope, payout: PayoutBatch) -> None:
        self.session.put(
            "payout.put",
            {
                "id": payout.id, "state": payout.state.value, "approved_by": payout.approved_by,
                "version": payout.version,
            },
            "payout",
        )  # fmt: skip


@frozen
class SqlBudgets:
    """Budgets in SQL: the ceiling is a constraint of the table."""

    session: Session

    def set(self, scope: Scope, budget: Budget) -> None:
        self.session.do(
            "budget.set",
            {"item": budget.item, "year": budget.year, "ceiling": budget.ceiling.amount},
        )

    def get(self, scope: Scope, item: str, year: int) -> Budget | None:
        row = self.session.one("budget.get", {"item": item, "year": year})
        if row is None:
            return None
        return Budget(item=row[0], year=row[1], ceiling=Fen(row[2]), committed=Fen(row[3]))

    def commit(self, scope: Scope, item: str, year: int, fen: Fen) -> bool:
        where = {"item": item, "year": year, "fen": fen.amount}
        return self.session.do("budget.commit", where) == 1


def _transfer(row: Row) -> Transfer:
    id_, debit, credit, fen, entry, of, code, at = row
    return Transfer(
        id=id_, debit=debit, credit=credit, fen=Fen(fen), entry=Entry(entry), of=of,
        code=code, at=moment(at),
    )  # fmt: skip


@frozen
class SqlLedger:
    """The books in SQL; triggers refuse every change of a row."""

    session: Session

    def add_many(self, scope: Scope, transfers: Iterable[Transfer]) -> None:
        self.session.many(
            "ledger.add",
            (
                (
                    each.id, each.debit, each.credit, each.fen.amount, each.entry.value, each.of,
                    each.code, micros(each.at),
                )
                for each in transfers
            ),
        )  # fmt: skip

    def of_codes(self, scope: Scope, codes: Iterable[str]) -> Sequence[Transfer]:
        rows = self.session.all("ledger.of_codes", {"codes": json.dumps(list(codes))})
        return [_transfer(row) for row in rows]

    def balance(self, scope: Scope, account: str) -> Balance:
        row = self.session.one("ledger.balance", {"account": account}) or (0, 0, 0, 0)
        debit, credit, pending_debit, pending_credit = map(Fen, row)
        return Balance(debit, credit, pending_debit, pending_credit)

    def whole(self, scope: Scope) -> Balance:
        posted, pending = map(Fen, self.session.one("ledger.whole") or (0, 0))
        return Balance(posted, posted, pending, pending)


def _line(row: Row) -> CheckedLine:
    day, position, key, kind, fen, verdict, explained = row
    return CheckedLine(
        day=date.fromisoformat(day), position=position, key=RequestKey(key),
        kind=StatementKind(kind), fen=Fen(fen), verdict=LineVerdict(verdict), explained=explained,
    )  # fmt: skip


@frozen
class SqlStatements:
    """The lines of the bank's statements, in SQL."""

    session: Session

    def add_many(self, scope: Scope, lines: Iterable[CheckedLine]) -> None:
        self.session.many(
            "statement.add",
            (
                (
                    each.day.isoformat(), each.position, each.key.text, each.kind.value,
                    each.fen.amount, each.verdict.value, each.explained,
                )
                for each in lines
            ),
        )  # fmt: skip

    def of_day(self, scope: Scope, day: date) -> Sequence[CheckedLine]:
        rows = self.session.all("statement.of_day", {"day": day.isoformat()})
        return [_line(row) for row in rows]

    def of_keys(self, scope: Scope, keys: Iterable[RequestKey]) -> Sequence[CheckedLine]:
        words = json.dumps(sorted({key.text for key in keys}))
        return [_line(row) for row in self.session.all("statement.of_keys", {"keys": words})]

    def last_day(self, scope: Scope) -> date | None:
        row = self.session.one("statement.last_day")
        return date.fromisoformat(row[0]) if row and row[0] else None

    def unexplained(self, scope: Scope, most: int) -> Sequence[CheckedLine]:
        return [_line(row) for row in self.session.all("statement.unexplained", {"most": most})]

    def explain(self, scope: Scope, day: date, position: int, words: str) -> bool:
        where = {"day": day.isoformat(), "position": position, "words": words}
        return self.session.do("statement.explain", where) == 1

    def missing(self, scope: Scope, before: datetime, most: int) -> Sequence[str]:
        where = {"before": micros(before), "most": most}
        return [code for (code,) in self.session.all("statement.missing", where)]
