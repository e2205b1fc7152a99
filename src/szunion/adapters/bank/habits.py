"""Know what the simulated bank does of its own accord as simulated time passes.

Every decision belongs to the seed and to the row, card or order it is about, so the agenda can be
made again from the bank's log after a restart.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from attrs import frozen

from szunion.adapters.bank.books import Books, Op, city_day, micros
from szunion.adapters.bank.faults import draw
from szunion.adapters.bank.records import OrderState, RowState
from szunion.domain.bank import (
    BankEvent,
    BankState,
    CardChanged,
    CardProduced,
    DailyCardList,
    OrderSettled,
    RowReason,
)
from szunion.domain.city_time import CITY_TIME

_EVENING: Final = time(23, 45)
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_REASONS: Final = (
    (RowReason.NAME_ID_MISMATCH, "R001", "姓名与证件号码核查不一致"),
    (RowReason.NAME_ID_MISMATCH, "R001", "姓名与证件号码核查不一致"),
    (RowReason.ID_EXPIRED, "R002", "证件已过有效期"),
    (RowReason.PHONE_CONFLICT, "R003", "手机号已被他人登记"),
    (RowReason.CARD_LIMIT, "R004", "超过开卡数量"),
    (RowReason.AML, "R005", "请联系开户网点"),
)


@frozen(kw_only=True)
class Habits:
    """How the bank behaves when nobody tells it (自动行为); shares are from 0 to 1."""

    seed: int = 7
    check_within: timedelta = timedelta(days=1)
    """The name check of a batch is done within this time."""
    reject_share: float = 0.005
    produce_after: timedelta = timedelta(days=6)
    """Cards are made this long after a batch came in."""
    sign_share: float = 0.86
    """So many members sign face to face."""
    sign_within: timedelta = timedelta(days=30)
    settle_within: timedelta = timedelta(hours=8)
    """Money arrives within this time, and on the same day."""
    return_share: float = 0.0
    """So many payments come back after two days."""
    loss_share: float = 0.0
    """So many signed cards are reported lost within a month, and found three days later."""
    close_share: float = 0.0
    """So many signed cards are closed within a year."""
    evenings: bool = True
    """Whether the daily list and the day's statement are told at 23:45."""


_Due = tuple[int, int, str, str]


class Agenda:
    """What the bank is going to do of its own accord, in order of time."""

    def __init__(self, books: Books, habits: Habits) -> None:
        self._books = books
        self._habits = habits
        self._lived = books.now
        """What was due before this moment has been done, or was nobody's business."""
        self._heap: list[_Due] = []
        self._count = 0
        self._read = 0
        self._taken = 0
        self._evening = books.today

    def next_act(self, until: int) -> Op | None:
        """Return the next act that is due by *until*, with its own ``at``; None: nothing is."""
        while True:
            self._look()
            if not self._heap or self._heap[0][0] > until:
                return None
            at, _, what, key = heapq.heappop(self._heap)
            op = self._act(at, what, key)
            if op is not None:
                return {**op, "at": at}

    def _plan(self, at: int, what: str, key: str) -> None:
        if what in _AGAIN and at < self._lived:
            return
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, what, key))

    def _after(self, at: int, within: timedelta, what: str, key: str) -> None:
        share = draw(self._habits.seed, what, key, 0)
        self._plan(at + int(share * (within // timedelta(microseconds=1))), what, key)

    def _likely(self, share: float, what: str, key: str) -> bool:
        return share > 0 and draw(self._habits.seed, f"whether-{what}", key, 0) < share

    # --- looking at what is new -----------------------------------------------------------

    def _look(self) -> None:
        """Plan what follows from the batches and notices that are new."""
        books, habits = self._books, self._habits
        for place in range(self._taken, len(books.taken)):
            key = books.taken[place]
            if key in books.payouts:
                self._plan_settlement(key)
            else:
                came = max(books.rows[row].received for row in books.batches[key])
                self._after(came, habits.check_within, "check", key)
                self._plan(came + micros_of(habits.produce_after), "produce", key)
        self._taken = len(books.taken)
        for index in range(self._read, len(books.log)):
            self._look_at(index)
        self._read = len(books.log)
        if habits.evenings and self._evening <= books.today:
            self._plan(_evening_of(self._evening), "evening", self._evening.isoformat())
            self._evening += timedelta(days=1)

    def _look_at(self, index: int) -> None:
        books, habits = self._books, self._habits
        at = books.written[index]
        match books.log[index]:
            case CardProduced(card=ref):
                key = str(books.serial_of(ref))
                if self._likely(habits.sign_share, "sign", key):
                    self._after(at, habits.sign_within, "sign", key)
            case CardChanged(event=BankEvent.ACTIVATED, card=ref):
                key = str(books.serial_of(ref))
                if self._likely(habits.loss_share, "lose", key):
                    self._after(at, timedelta(days=30), "lose", key)
                if self._likely(habits.close_share, "close", key):
                    self._after(at, timedelta(days=365), "close", key)
            case CardChanged(event=BankEvent.LOSS_ORAL, card=ref):
                self._plan(at + 3 * _DAY, "find", str(books.serial_of(ref)))
            case OrderSettled(order=order):
                if self._likely(habits.return_share, "return", order.text):
                    self._plan(at + 2 * _DAY, "return", order.text)
            case DailyCardList(day=day):
                self._evening = max(self._evening, day + timedelta(days=1))
            case _:
                pass

    def _plan_settlement(self, key: str) -> None:
        books = self._books
        came = max(books.orders[order].accepted for order in books.payouts[key])
        share = draw(self._habits.seed, "settle", key, 0)
        wished = came + int(share * micros_of(self._habits.settle_within))
        evening = _evening_of(city_day(came)) - 60 * _SECOND
        self._plan(max(came, min(wished, evening)), "settle", key)

    # --- what is to be done ---------------------------------------------------------------

    def _act(self, at: int, what: str, key: str) -> Op | None:  # noqa: PLR0911  (one a kind)
        """Return the act for an entry; None when it has become pointless."""
        books = self._books
        match what:
            case "check":
                return self._check(at, key)
            case "reject":
                return _if_any({"op": "reject", **_reason(key)}, "rows", self._open_rows([key]))
            case "produce":
                rows = [k for k in books.batches[key] if books.rows[k].state is RowState.VERIFIED]
                rows = [k for k in rows if books.rows[k].batch.text == key]
                return _if_any({"op": "produce"}, "rows", rows)
            case "settle":
                orders = books.payouts[key]
                ready = [k for k in orders if books.orders[k].state is OrderState.ACCEPTED]
                return _if_any({"op": "settle"}, "orders", ready)
            case "return":
                if books.orders[key].state is not OrderState.SETTLED:
                    return None
                return {"op": "return_payment", "orders": [key], "reason": "账号户名不符"}
            case "evening":
                self._plan(at, "statement", key)
                return {"op": "daily_list", "day": key}
            case "statement":
                return {"op": "statement", "day": key}
            case _:
                return self._card_act(what, int(key))

    def _open_rows(self, keys: list[str]) -> list[str]:
        return [key for key in keys if self._books.rows[key].state is RowState.RECEIVED]

    def _check(self, at: int, key: str) -> Op | None:
        own = [row for row in self._books.batches[key] if self._books.rows[row].batch.text == key]
        rows = self._open_rows(own)
        bad = {row for row in rows if self._likely(self._habits.reject_share, "reject", row)}
        for row in sorted(bad):
            self._plan(at, "reject", row)
        return _if_any({"op": "verify"}, "rows", [row for row in rows if row not in bad])

    def _card_act(self, what: str, serial: int) -> Op | None:
        event, states = _CARD_ACTS[what]
        if self._books.cards[serial].state not in states:
            return None
        return {"op": "change", "event": event.value, "cards": [serial]}


_CARD_ACTS: Final = {
    "sign": (BankEvent.ACTIVATED, {BankState.ISSUED}),
    "lose": (BankEvent.LOSS_ORAL, {BankState.ACTIVE}),
    "find": (BankEvent.LOSS_LAPSED, {BankState.LOSS_ORAL}),
    "close": (BankEvent.CLOSED, {BankState.ACTIVE}),
}

_AGAIN: Final = frozenset({"lose", "find"})
"""What could be done a second time when the agenda is made again after a restart."""


def acts_until(agenda: Agenda | None, until: int) -> Iterator[Op]:
    """Yield every act that is due by *until*; each must be done before the next is asked for."""
    while agenda is not None and (op := agenda.next_act(until)) is not None:
        yield op


def micros_of(span: timedelta) -> int:
    """Return *span* in microseconds."""
    return span // timedelta(microseconds=1)


def _evening_of(day: date) -> int:
    return micros(datetime.combine(day, _EVENING, CITY_TIME))


def _reason(row: str) -> Op:
    reason, code, text = _REASONS[int(draw(0, "reason", row, 0) * len(_REASONS))]
    return {"reason": reason.value, "code": code, "text": text}


def _if_any(op: Op, name: str, keys: list[str]) -> Op | None:
    return {**op, name: keys} if keys else None
