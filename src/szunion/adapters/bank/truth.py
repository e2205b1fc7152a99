"""Know how to look at what the simulated bank really did, without touching it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from operator import attrgetter
from types import MappingProxyType
from typing import Generic, TypeVar

from szunion.adapters.bank.books import Books
from szunion.adapters.bank.post import RefusedFile
from szunion.adapters.bank.records import (
    AccountSeen,
    BankOrder,
    BankRow,
    CardSeen,
    Movement,
    OrderSeen,
    RowSeen,
    TestCardNumber,
)
from szunion.adapters.bank.requests import person_digest
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import Receipt
from szunion.domain.identity import IdentityDocument
from szunion.domain.values import CardRef, Fen, RequestKey

_Kept = TypeVar("_Kept")
_Shown = TypeVar("_Shown")


class ByKey(Mapping[RequestKey, _Shown], Generic[_Kept, _Shown]):
    """A window on what the books keep by key: looking one up copies nothing."""

    def __init__(self, kept: Mapping[str, _Kept], show: Callable[[_Kept], _Shown]) -> None:
        self._kept = kept
        self._show = show

    def __getitem__(self, key: RequestKey) -> _Shown:
        return self._show(self._kept[key.text])

    def __iter__(self) -> Iterator[RequestKey]:
        return map(RequestKey, self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class BankTruth:
    """The bank's own truth (银行实况), read only: what tests compare our belief with."""

    def __init__(self, books: Books, refused: Sequence[RefusedFile]) -> None:
        self._books = books
        self._refused = refused

    # --- cards and accounts ---------------------------------------------------------------

    @property
    def cards(self) -> tuple[CardSeen, ...]:
        """Every card, in the order they were made."""
        return tuple(self._card(serial) for serial in range(len(self._books.cards)))

    def card(self, ref: CardRef) -> CardSeen | None:
        """Return the card that *ref* names; None: the bank has no such card."""
        serial = self._books.serial_of(ref)
        return None if serial < 0 else self._card(serial)

    def card_of_row(self, row: RequestKey) -> CardSeen | None:
        """Return the card that was made for *row*; None: none was."""
        known = self._books.rows.get(row.text)
        return None if known is None or known.card < 0 else self._card(known.card)

    def cards_of(self, document: IdentityDocument) -> tuple[CardSeen, ...]:
        """Return every card of the person with *document*, successors included."""
        person = person_digest(document, self._books.seed)
        return tuple(self._card(serial) for serial in self._books.holders.get(person, ()))

    @property
    def accounts(self) -> tuple[AccountSeen, ...]:
        """Every account with its balance, in the order they were opened."""
        return tuple(self._account(number) for number in range(len(self._books.accounts)))

    def account_of(self, ref: CardRef) -> AccountSeen | None:
        """Return the account behind a card; None: the bank has no such card."""
        serial = self._books.serial_of(ref)
        return None if serial < 0 else self._account(self._books.cards[serial].account)

    @property
    def paying(self) -> Fen:
        """The union's paying account: it starts at 0 and goes down by what was paid."""
        return Fen(self._books.paying)

    # --- rows and orders ------------------------------------------------------------------

    @property
    def rows(self) -> Mapping[RequestKey, RowSeen]:
        """Every application row."""
        return ByKey(self._books.rows, self._row)

    def row(self, key: RequestKey) -> RowSeen | None:
        """Return the row of *key*; None: the bank never met it."""
        return self.rows.get(key)

    @property
    def orders(self) -> Mapping[RequestKey, OrderSeen]:
        """Every payment line."""
        return ByKey(self._books.orders, self._order)

    def order(self, key: RequestKey) -> OrderSeen | None:
        """Return the payment of *key*; None: the bank never met it."""
        return self.orders.get(key)

    def movements(self, day: date) -> tuple[Movement, ...]:
        """Return what moved on the paying account on *day*."""
        return tuple(self._books.movements.get(day, ()))

    @property
    def days(self) -> tuple[date, ...]:
        """The days on which money moved."""
        return tuple(sorted(self._books.movements))

    # --- what had an effect ---------------------------------------------------------------

    @property
    def effects(self) -> Mapping[RequestKey, int]:
        """How often each key had an effect; never more than 1.

        A request's key counts when it was accepted and acted on, a row's when its card was made,
        an order's when its money arrived.
        """
        return ByKey(self._books.effects, _as_it_is)

    @property
    def arrived(self) -> Mapping[RequestKey, int]:
        """How often each request reached the bank."""
        return ByKey(self._books.arrived, _as_it_is)

    @property
    def receipts(self) -> Mapping[RequestKey, Receipt]:
        """What was answered to each key."""
        return ByKey(self._books.answers, attrgetter("receipt"))

    @property
    def told(self) -> Sequence[BankNotice]:
        """Everything the bank has told, in its own order, each once."""
        return tuple(self._books.log)

    @property
    def refused_files(self) -> tuple[RefusedFile, ...]:
        """Files that were not whole, and of which nothing was taken."""
        return tuple(self._refused)

    @property
    def streams(self) -> Mapping[str, int]:
        """The last sequence of the streams that belong to no row, card or order."""
        return MappingProxyType(self._books.streams)

    # --- views ----------------------------------------------------------------------------

    def _card(self, serial: int) -> CardSeen:
        card = self._books.cards[serial]
        successor = None if card.successor < 0 else self._books.cards[card.successor].ref
        return CardSeen(
            card=card.ref,
            state=card.state,
            last_four=card.last_four,
            number=TestCardNumber(card.number),
            account=card.account,
            row=card.row,
            allowed=card.allowed,
            sequence=card.told,
            successor=successor,
        )

    def _account(self, number: int) -> AccountSeen:
        account = self._books.accounts[number]
        return AccountSeen(
            account=number,
            account_class=account.account_class,
            fen=Fen(account.fen),
            open=account.open,
            credits_blocked=account.blocked,
        )

    def _row(self, row: BankRow) -> RowSeen:
        card = None if row.card < 0 else self._books.cards[row.card].ref
        return RowSeen(row=row.key, batch=row.batch, state=row.state, card=card)

    def _order(self, order: BankOrder) -> OrderSeen:
        card = None if order.card < 0 else self._books.cards[order.card].ref
        return OrderSeen(order=order.key, state=order.state, fen=Fen(order.fen), card=card)


def _as_it_is(count: int) -> int:
    return count
