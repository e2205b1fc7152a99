"""Know how a part of the bank's notices is obeyed with the statements of one (成批处理).

What the notices will ask is fetched ahead in sets; what they change is answered from there, and
written at the end in sets. Whatever was not foreseen goes to the store itself, after everything
held back has been written: so each notice finds what it would find alone. What the store refuses at
the end undoes the whole part; smaller parts, in the end single notices, are tried then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast

from szunion.application.bank_outcomes import card_name, row_name
from szunion.application.together.cards import CardsTogether, MembersTogether, PackTogether
from szunion.application.together.held import Held, Through
from szunion.application.together.inbox import InboxTogether, LogTogether
from szunion.application.together.money import (
    BudgetsTogether,
    ClaimsTogether,
    LedgerTogether,
    ObligationsTogether,
    OrdersTogether,
    PayoutsTogether,
)
from szunion.application.together.orders import InstructionsTogether, OutboxTogether
from szunion.application.together.rows import BatchesTogether, RowsTogether, SignsTogether
from szunion.domain.access import Scope
from szunion.domain.bank import (
    BankEvent,
    BankNotice,
    CardChanged,
    CardProduced,
    FeeWaiversUsed,
    OrderAccepted,
    OrderRejected,
    OrderReturned,
    OrderSettled,
    PlasticMoved,
    RowDeclined,
    RowFaceSigned,
    RowRejected,
    RowVerified,
)
from szunion.domain.values import CardId, CardRef, RequestKey
from szunion.ports.storage import UnitOfWork

_OF_ROWS: Final = (RowVerified, RowRejected, RowFaceSigned, RowDeclined, CardProduced)
_OF_CARDS: Final = (CardProduced, CardChanged, PlasticMoved, FeeWaiversUsed)
_OF_ORDERS: Final = (OrderAccepted, OrderRejected, OrderSettled, OrderReturned)


class _Together:
    """A unit of work whose repositories hold back what a part of notices writes."""

    def __init__(self, work: UnitOfWork, scope: Scope) -> None:
        self._work = work
        self.held = held = Held()
        self.now, self.ids, self.vault = work.now, work.ids, work.vault
        # In the order in which the store must hear what they hold back.
        self.inbox = InboxTogether(work, scope, held)
        self.cards = CardsTogether(work, scope, held)
        self.instructions = InstructionsTogether(work, scope, held, self.cards)
        self.outbox = OutboxTogether(work, scope, held)
        self.rows = RowsTogether(work, scope, held)
        self.batches = BatchesTogether(work, scope, held)
        self.members = MembersTogether(work, scope, held)
        self.pack = PackTogether(work, scope, held)
        self.entitlements, self.enrolments = self.pack.entitlements, self.pack.enrolments
        self.face_signs = SignsTogether(work, scope, held)
        self.obligations = ObligationsTogether(work, scope, held)
        self.budgets = BudgetsTogether(work, scope, held)
        self.ledger = LedgerTogether(work, scope, held)
        self.orders = OrdersTogether(work, scope, held)
        self.payouts = PayoutsTogether(work, scope, held)
        self.claims = ClaimsTogether(work, scope, held)
        self.participations = self.pack.participations
        self.log = LogTogether(work, scope, held)
        self.audit, self.messages = self.log.audit, self.log.messages

    def __getattr__(self, noun: str) -> Through:
        """Return a repository that nothing is foreseen for: it is asked when all is written."""
        return Through(getattr(self._work, noun), self.held.write)


def obeyed_together(
    work: UnitOfWork,
    scope: Scope,
    source: str,
    notices: Sequence[BankNotice],
    obey: Callable[[UnitOfWork, BankNotice], object],
) -> None:
    """Let *obey* follow each of *notices* in its order, and write in sets what comes of them.

    Raises:
        Conflict: the store refuses something of it: the part must be undone.
    """
    together = _Together(work, scope)
    _fetch(together, work, source, notices)
    for notice in notices:
        obey(cast(UnitOfWork, together), notice)
    together.held.write()


@contextmanager
def cards_together(work: UnitOfWork, scope: Scope, cards: Sequence[CardId]) -> Iterator[UnitOfWork]:
    """Yield a unit in which what the bank says of *cards* is followed, and written in sets.

    Raises:
        Conflict: the store refuses something of it: all of it must be undone.
    """
    together = _Together(work, scope)
    people = list(dict.fromkeys(kept.person for kept in together.cards.fetch(cards)))
    together.cards.fetch_people(people)
    together.members.fetch(people)
    yield cast(UnitOfWork, together)
    together.held.write()


def _fetch(to: _Together, work: UnitOfWork, source: str, notices: Sequence[BankNotice]) -> None:
    """Fetch what *notices* are going to ask."""
    to.inbox.fetch(source, [each.told.event_id for each in notices])
    keys, refs = _row_keys(notices), _refs(notices)
    orders = [each.order for each in notices if isinstance(each, _OF_ORDERS)]
    if keys or refs:
        abouts = [row_name(key) for key in keys] + [card_name(work, ref) for ref in refs]
        to.inbox.fetch_waiting(abouts)
        _fetch_cards(to, notices, keys, refs)
    if orders:
        found = to.orders.fetch(orders)
        to.ledger.fetch([order.key.text for order in found])
        owed = list(dict.fromkeys(order.obligation for order in found))
        to.obligations.fetch(owed)
        to.claims.fetch(owed)


def _fetch_cards(
    to: _Together,
    notices: Sequence[BankNotice],
    keys: Sequence[RequestKey],
    refs: Sequence[CardRef],
) -> None:
    rows = to.rows.fetch_named(keys)
    cards = to.cards.fetch_named(refs)
    if not keys and not any(map(_asks_of_others, notices)):
        to.cards.fetch_facts()
        return
    rows += to.rows.fetch([kept.row for kept in cards if kept.row is not None])
    to.batches.fetch([row.batch for row in rows])
    to.rows.fetch_counts([row.batch for row in rows])
    people = list(dict.fromkeys([*(row.person for row in rows), *(kept.person for kept in cards)]))
    if refs:
        to.cards.fetch_people(people)
        to.members.fetch(people)
    if any(isinstance(each, RowFaceSigned) for each in notices):
        to.face_signs.fetch(people)
    activated = (each for each in notices if isinstance(each, CardChanged))
    if any(each.event is BankEvent.ACTIVATED for each in activated):
        to.pack.fetch(people)


def _asks_of_others(notice: BankNotice) -> bool:
    """Return whether a notice that names no row asks for its person's rows and other cards."""
    return isinstance(notice, CardChanged) and (
        notice.event is BankEvent.ACTIVATED or notice.successor is not None
    )


def _row_keys(notices: Iterable[BankNotice]) -> list[RequestKey]:
    named = (each.row for each in notices if isinstance(each, (*_OF_ROWS, CardChanged)))
    return [key for key in dict.fromkeys(named) if key is not None]


def _refs(notices: Iterable[BankNotice]) -> list[CardRef]:
    refs: dict[CardRef, None] = {}
    for each in notices:
        if isinstance(each, _OF_CARDS):
            refs[each.card] = None
        if isinstance(each, CardChanged) and each.successor is not None:
            refs[each.successor] = None
    return list(refs)
