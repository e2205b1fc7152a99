"""Know how orders, what is owed and the books are read ahead and held back for a part of notices.

The sums of an obligation and of a budget are checked at each step, as the store would: what would
break one makes the whole part fail, and each notice is then judged alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from szunion.application.together.held import Held, Together
from szunion.domain.access import Scope
from szunion.domain.claim_files import Claim
from szunion.domain.ledger import Transfer
from szunion.domain.orders import Order
from szunion.domain.payouts import Budget, Obligation, PayoutBatch
from szunion.domain.values import Fen, ObligationId, OrderId, PayoutBatchId, RequestKey
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.races import lost_race

_NOTHING = Fen(0)


class OrdersTogether(Together):
    """Attempts to pay: :class:`szunion.ports.storage.money.Orders`."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "orders")
        self._named: dict[RequestKey, Order | None] = {}
        self._ids: dict[OrderId, RequestKey] = {}
        self._changed: list[Order] = []

    def fetch(self, keys: Sequence[RequestKey]) -> list[Order]:
        """Fetch the orders that the bank names so."""
        wanted = list(dict.fromkeys(keys))
        found = self.work.orders.by_keys(self.scope, wanted)
        self._named = {key: found.get(key) for key in wanted}
        self._ids = {order.id: key for key, order in found.items()}
        return list(found.values())

    def forget(self) -> None:
        self._named, self._ids = {}, {}

    def by_keys(self, scope: Scope, keys: Iterable[RequestKey]) -> Mapping[RequestKey, Order]:
        wanted = list(keys)
        if any(key not in self._named for key in wanted):
            self.write()
            return self.work.orders.by_keys(scope, wanted)
        found = ((key, self._named[key]) for key in wanted)
        return {key: order for key, order in found if order is not None}

    def put_many(self, scope: Scope, orders: Iterable[Order]) -> None:
        changed = list(orders)
        if any(order.id not in self._ids for order in changed):
            self.write()
            self.forget()
            self.work.orders.put_many(scope, changed)
            return
        for order in changed:
            known = self._named[order.key]
            if known is None or known.version != order.version:
                now = None if known is None else known.version
                raise lost_race("pay_order", order.version, now)
            self._changed.append(order)
            self._named[order.key] = evolve(order, version=order.version + 1)

    def write(self) -> None:
        if self._changed:
            changed, self._changed = self._changed, []
            self.work.orders.put_many(self.scope, changed)


class ObligationsTogether(Together):
    """What is owed: :class:`szunion.ports.storage.money.Obligations`."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "obligations")
        self._owed: dict[ObligationId, Obligation] = {}
        self._moves: dict[ObligationId, tuple[Fen, Fen]] = {}

    def fetch(self, ids: Sequence[ObligationId]) -> None:
        """Fetch what is owed."""
        found = self.work.bulk.obligations(self.scope, ids) if ids else ()
        self._owed = {each.id: each for each in found}

    def forget(self) -> None:
        self._owed = {}

    def get(self, scope: Scope, obligation: ObligationId) -> Obligation | None:
        return self._owed.get(obligation) or self.work.obligations.get(scope, obligation)

    def move(self, scope: Scope, moves: Mapping[ObligationId, tuple[Fen, Fen]]) -> None:
        if any(id_ not in self._owed for id_ in moves):
            self.write()
            self.forget()
            self.work.obligations.move(scope, moves)
            return
        for id_, (settled, in_flight) in moves.items():
            old = self._owed[id_]
            new = evolve(
                old, settled=old.settled + settled, in_flight=old.in_flight + in_flight,
                version=old.version + 1,
            )  # fmt: skip
            least = min(new.settled, new.in_flight)
            if least < _NOTHING or new.settled + new.in_flight > new.fen:
                raise Conflict("E-STORE-004", constraint="CHECK(obligation)")
            self._owed[id_] = new
            one, two = self._moves.get(id_, (_NOTHING, _NOTHING))
            self._moves[id_] = (one + settled, two + in_flight)

    def write(self) -> None:
        if self._moves:
            moves, self._moves = self._moves, {}
            self.work.obligations.move(self.scope, moves)


class BudgetsTogether(Together):
    """Budgets: one for thousands of orders."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "budgets")
        self._budgets: dict[tuple[str, int], Budget | None] = {}
        self._drawn: dict[tuple[str, int], Fen] = {}

    def forget(self) -> None:
        self._budgets = {}

    def get(self, scope: Scope, item: str, year: int) -> Budget | None:
        place = (item, year)
        if place not in self._budgets:
            self._budgets[place] = self.work.budgets.get(scope, item, year)
        return self._budgets[place]

    def commit(self, scope: Scope, item: str, year: int, fen: Fen) -> bool:
        known = self.get(scope, item, year)
        if known is None or not _NOTHING <= known.committed + fen <= known.ceiling:
            return False
        place = (item, year)
        self._budgets[place] = evolve(known, committed=known.committed + fen)
        self._drawn[place] = self._drawn.get(place, _NOTHING) + fen
        return True

    def write(self) -> None:
        drawn, self._drawn = self._drawn, {}
        for (item, year), fen in sorted(drawn.items()):
            if fen != _NOTHING and not self.work.budgets.commit(self.scope, item, year, fen):
                raise Conflict("E-STORE-004", constraint="CHECK(budget)")


class LedgerTogether(Together):
    """The books: :class:`szunion.ports.storage.money.Ledger`."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "ledger")
        self._codes: dict[str, list[Transfer]] = {}
        self._new: list[Transfer] = []

    def fetch(self, codes: Sequence[str]) -> None:
        """Fetch what was written for *codes*."""
        self._codes = {code: [] for code in codes}
        for each in self.work.ledger.of_codes(self.scope, codes) if codes else ():
            self._codes[each.code].append(each)

    def forget(self) -> None:
        self._codes = {}

    def of_codes(self, scope: Scope, codes: Iterable[str]) -> Sequence[Transfer]:
        wanted = list(codes)
        if any(code not in self._codes for code in wanted):
            self.write()
            return self.work.ledger.of_codes(scope, wanted)
        found = (each for code in dict.fromkeys(wanted) for each in self._codes[code])
        return sorted(found, key=lambda each: each.id)

    def add_many(self, scope: Scope, transfers: Iterable[Transfer]) -> None:  # noqa: ARG002
        for each in transfers:
            self._new.append(each)
            if each.code in self._codes:
                self._codes[each.code].append(each)

    def write(self) -> None:
        if self._new:
            new, self._new = self._new, []
            self.work.ledger.add_many(self.scope, new)


class PayoutsTogether(Together):
    """Pay-outs: a few for thousands of orders, looked at once each."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "payouts")
        self._payouts: dict[PayoutBatchId, PayoutBatch | None] = {}

    def forget(self) -> None:
        self._payouts = {}

    def get(self, scope: Scope, payout: PayoutBatchId) -> PayoutBatch | None:
        if payout not in self._payouts:
            self._payouts[payout] = self.work.payouts.get(scope, payout)
        return self._payouts[payout]


class ClaimsTogether(Together):
    """Claims that follow their money: whoever's order pays none has none to look for."""

    def __init__(self, work: UnitOfWork, scope: Scope, held: Held) -> None:
        super().__init__(work, scope, held, "claims")
        self._without: set[ObligationId] = set()

    def fetch(self, ids: Sequence[ObligationId]) -> None:
        """Fetch which of *ids* no claim was decided into."""
        found = self.work.claims.of_obligations(self.scope, ids) if ids else ()
        self._without = set(ids) - {each.obligation for each in found if each.obligation}

    def forget(self) -> None:
        self._without = set()

    def of_obligations(self, scope: Scope, obligations: Iterable[ObligationId]) -> Sequence[Claim]:
        wanted = [id_ for id_ in obligations if id_ not in self._without]
        return self.work.claims.of_obligations(scope, wanted) if wanted else ()
