"""Know the simulated bank's own books: what it keeps, and how it numbers what it tells.

Books change only through the acts of ``acts.py``. Time comes in with each act; there is no clock.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from szunion.adapters.bank.records import (
    Answered,
    BankAccount,
    BankCard,
    BankNumber,
    BankOrder,
    BankRow,
    Movement,
)
from szunion.domain.bank import BankNotice, Told, Waiver
from szunion.domain.city_time import day_of
from szunion.domain.values import CardRef, CardToken, RequestKey
from szunion.errors import Conflict, NotFound

Op: TypeAlias = dict[str, Any]
"""One act of the bank as JSON can hold it: ``op`` is its name, ``at`` microseconds since 1970."""

_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX: Final = "620000"
_BODY: Final = 11
_MOST_WISH: Final = 6


def micros(moment: datetime) -> int:
    """Return *moment* in microseconds since 1970."""
    return (moment - _BEGIN) // timedelta(microseconds=1)


def moment_of(at: int) -> datetime:
    """Return the moment of *at* microseconds since 1970, aware, in UTC."""
    return _BEGIN + timedelta(microseconds=at)


def city_day(at: int) -> date:
    """Return the business day in the city at *at* microseconds since 1970."""
    return day_of(moment_of(at))


class Books:
    """Everything that one simulated bank has and has told (账簿)."""

    def __init__(self, seed: int, *, charset: str, most_rows: int) -> None:
        self.seed = seed
        self.charset = charset
        self.most_rows = most_rows
        self.now = 0
        self.acts = 0
        self.rows: dict[str, BankRow] = {}
        self.batches: dict[str, list[str]] = {}
        self.cards: list[BankCard] = []
        self.serials: dict[tuple[str, int], int] = {}
        self.accounts: list[BankAccount] = []
        self.class_one: dict[str, str] = {}
        """Who has, or is promised, a class I account: person to row, or to ``elsewhere``."""
        self.orders: dict[str, BankOrder] = {}
        self.payouts: dict[str, list[str]] = {}
        self.taken: list[str] = []
        """The keys of batches and pay-outs, in the order they came."""
        self.paying = 0
        """The union's paying account, in fen, from 0 downwards."""
        self.movements: dict[date, list[Movement]] = {}
        self.answers: dict[str, Answered] = {}
        self.effects: dict[str, int] = {}
        self.arrived: dict[str, int] = {}
        """How often a request with this key reached the bank."""
        self.streams: dict[str, int] = {}
        """The last sequence of streams that belong to no row, card or order."""
        self.refuse_next = ""
        self.numbers: dict[str, BankNumber] = {}
        """Reserved card numbers, by the key of the request."""
        self.exhausted: set[str] = set()
        self.waivers: dict[tuple[int, date, Waiver], int] = {}
        """How often a card was served free of fee in a month."""
        self.log: list[BankNotice] = []
        self.written = array("q")
        self.groups = array("L")
        self.holders: dict[str, list[int]] = {}
        """The cards of a person, by digest."""
        self._effective = _BEGIN

    # --- one act begins -------------------------------------------------------------------

    def begin(self, op: Op) -> None:
        """Let time come to the act's; a clock that was set back does not take the bank back."""
        self.now = max(self.now, int(op["at"]))
        self.acts += 1
        self._effective = moment_of(self.now + int(op.get("skew", 0)))

    @property
    def today(self) -> date:
        """The business day in the city."""
        return city_day(self.now)

    # --- telling --------------------------------------------------------------------------

    def told(self, stream: str, sequence: int) -> Told:
        """Return where the next notice stands."""
        return Told(
            event_id=f"E{len(self.log):09d}",
            stream=stream,
            sequence=sequence,
            effective=self._effective,
        )

    def next_of(self, stream: str) -> Told:
        """Return where the next notice of a stream without a record stands."""
        sequence = self.streams[stream] = self.streams.get(stream, 0) + 1
        return self.told(stream, sequence)

    def row_told(self, row: BankRow) -> Told:
        """Return where the next notice of *row* stands."""
        row.told += 1
        return self.told(f"row-{row.key.text}", row.told)

    def card_told(self, card: BankCard) -> Told:
        """Return where the next notice of *card* stands."""
        card.told += 1
        return self.told(card_stream(card), card.told)

    def order_told(self, order: BankOrder) -> Told:
        """Return where the next notice of *order* stands."""
        order.told += 1
        return self.told(f"order-{order.key.text}", order.told)

    def tell(self, notice: BankNotice) -> None:
        """Write *notice* down; the post takes it from there."""
        self.log.append(notice)
        self.written.append(self.now)
        self.groups.append(self.acts)

    # --- making ---------------------------------------------------------------------------

    def effect(self, key: str) -> None:
        """Count that *key* had its effect."""
        self.effects[key] = self.effects.get(key, 0) + 1

    def new_card(self, row: RequestKey | None, account: int, wish: str, old: CardRef | None) -> int:
        """Make a card on *account*; with *old*, the same number and the next PSN."""
        serial = len(self.cards)
        if old is None:
            told = f"{self.seed}|token|{serial}".encode()
            ref = CardRef(CardToken("T" + blake2b(told, digest_size=12).hexdigest().upper()))
            number = card_number(serial, wish)
        else:
            ref = CardRef(old.token, old.psn + 1)
            number = self.cards[self.serials[_named(old)]].number
        card = BankCard(serial, ref, row, account, wish, number, self.now)
        self.cards.append(card)
        self.serials[_named(ref)] = serial
        self.holders.setdefault(self.accounts[account].person, []).append(serial)
        return serial

    def serial_of(self, ref: CardRef) -> int:
        """Return the serial of the card *ref* names; -1: the bank has no such card."""
        return self.serials.get(_named(ref), -1)

    def account_of(self, serial: int) -> BankAccount:
        """Return the account behind a card."""
        return self.accounts[self.cards[serial].account]

    def standing(self, keys: Iterable[str]) -> list[BankRow]:
        """Return the rows of *keys*."""
        return [self.rows[key] for key in keys]


def card_stream(card: BankCard) -> str:
    """Return the name of a card's stream; it says nothing of token or number."""
    return f"card-{card.serial:09d}"


def card_number(serial: int, wish: str) -> str:
    """Return a test card number with its check digit: 620000, serial, then the digits wished."""
    if len(wish) > _MOST_WISH or not (wish.isascii() and wish.isdigit()):
        wish = ""
    body = f"{_PREFIX}{len(wish)}{serial:0{_BODY - len(wish)}d}{wish}"
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004  (Luhn: sum of the digits)
    return f"{body}{-total % 10}"


def _named(ref: CardRef) -> tuple[str, int]:
    return ref.token.plain(), ref.psn


def refuse(what: tuple[str, str], state: tuple[str, str]) -> Conflict:
    """Return the error for an act that this state does not allow."""
    return Conflict(
        "E-SIM-002", what=what[0], what_en=what[1], current=state[0], current_en=state[1]
    )


def missing(zh: str, en: str) -> NotFound:
    """Return the error for something that the bank has not got."""
    return NotFound("E-SIM-003", what=zh, what_en=en)
