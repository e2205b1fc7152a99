"""Know how a test, a demo or a person makes the simulated bank act (面签、挂失、入账)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeAlias

from szunion.adapters.bank.books import Books, Op, missing, refuse
from szunion.adapters.bank.records import OrderState, RowState
from szunion.adapters.bank.requests import person_digest
from szunion.domain.bank import BankEvent, FaceSignResult, PlasticEvent, RowReason, Waiver
from szunion.domain.identity import IdentityDocument
from szunion.domain.values import CardRef, RequestKey

Rows: TypeAlias = Sequence[int | RequestKey] | None
"""Lines of a batch: numbers that begin with 1, or row keys; None: every line that is ready."""


class Simulate:
    """What the bank can be told to do (让银行动作).

    Each call is one act of the bank: it happens whole, and is told as notices.

    Raises:
        Conflict: a bank would not do that in this state (E-SIM-002).
        NotFound: the bank has no such row, card, order or batch (E-SIM-003).
    """

    def __init__(self, books: Books, act: Callable[[Op], None]) -> None:
        self._books = books
        self._act = act

    # --- rows -----------------------------------------------------------------------------

    def verify(self, key: RequestKey, rows: Rows = None) -> int:
        """Check the names of a batch, of some of its lines, or of one row (实名核验)."""
        return self._on_rows("verify", key, rows, {RowState.RECEIVED}, {})

    def reject(
        self,
        row: RequestKey,
        reason: RowReason = RowReason.NAME_ID_MISMATCH,
        *,
        code: str = "R000",
        text: str = "",
    ) -> None:
        """Send a row back (银行退回)."""
        more = {"reason": reason.value, "code": code, "text": text or reason.label}
        self._on_rows("reject", row, None, {RowState.RECEIVED, RowState.VERIFIED}, more)

    def decline(self, row: RequestKey) -> None:
        """Note that the member refused at the counter (放弃)."""
        states = {RowState.RECEIVED, RowState.VERIFIED, RowState.PRODUCED}
        self._on_rows("decline", row, None, states, {})

    def produce(self, key: RequestKey, rows: Rows = None, *, at_branch: bool = False) -> int:
        """Make the cards of a batch or row (制卡); names still unchecked are checked first."""
        states = {RowState.RECEIVED, RowState.VERIFIED}
        return self._on_rows("produce", key, rows, states, {"branch": at_branch})

    def face_sign(self, key: RequestKey, rows: Rows = None) -> int:
        """Let the members of a batch or row sign face to face (面签): cards become active."""
        ready = self._chosen(key, rows, {RowState.PRODUCED})
        cards = [self._books.rows[row].card for row in ready]
        if rows is None:
            cards = [one for one in cards if not self._books.cards[one].signed]
        self._change(BankEvent.ACTIVATED, cards)
        return len(cards)

    def sign_face(
        self,
        key: RequestKey,
        result: FaceSignResult = FaceSignResult.SIGNED,
        rows: Rows = None,
        *,
        code: str = "",
        text: str = "",
    ) -> int:
        """Tell what came of the signing for a batch or row (面签结果); nothing is activated."""
        more = {"result": result.value, "code": code, "text": text}
        return self._on_rows("sign", key, rows, {RowState.VERIFIED, RowState.PRODUCED}, more)

    def has_class_one(self, document: IdentityDocument) -> None:
        """Note that a person has a class I account from elsewhere (已有一类户)."""
        self._act({"op": "elsewhere", "person": person_digest(document, self._books.seed)})

    # --- cards ----------------------------------------------------------------------------

    def activate(self, card: CardRef) -> None:
        """Activate one card face to face (面签激活)."""
        self._one(BankEvent.ACTIVATED, card)

    def report_loss(self, card: CardRef, *, written: bool = False) -> None:
        """Report a card lost: orally, or in writing (口头挂失、书面挂失)."""
        self._one(BankEvent.LOSS_WRITTEN if written else BankEvent.LOSS_ORAL, card)

    def undo_loss(self, card: CardRef) -> None:
        """Undo a written loss report (解挂)."""
        self._one(BankEvent.LOSS_UNDONE, card)

    def lapse_loss(self, card: CardRef) -> None:
        """Let an oral loss report run out, or be taken back (口头挂失失效)."""
        self._one(BankEvent.LOSS_LAPSED, card)

    def freeze(self, card: CardRef, reason: str = "", *, credits_blocked: bool = False) -> None:
        """Freeze a card, and if wanted its account against credits (冻结、止收)."""
        more = {"reason": reason, "blocked": credits_blocked}
        self._change(BankEvent.FROZEN, [self._serial(card)], more)

    def unfreeze(self, card: CardRef) -> None:
        """Unfreeze a card (解冻); a loss that still stands is told again after it."""
        self._one(BankEvent.UNFROZEN, card)

    def dormant(self, card: CardRef) -> None:
        """Let a card go dormant (转睡眠户)."""
        self._one(BankEvent.DORMANT, card)

    def revive(self, card: CardRef) -> None:
        """Revive a dormant card (恢复使用)."""
        self._one(BankEvent.REVIVED, card)

    def expire(self, card: CardRef) -> None:
        """Let a card expire (到期)."""
        self._one(BankEvent.EXPIRED, card)

    def close(self, card: CardRef) -> None:
        """Close a card, and its account unless a successor hangs on it (销卡)."""
        self._one(BankEvent.CLOSED, card)

    def replace(self, card: CardRef, *, same_number: bool = False) -> CardRef:
        """Replace a card (换卡) and return its successor, which is still to be activated."""
        serial = self._serial(card)
        self._act({"op": "replace", "card": serial, "same": same_number})
        return self._books.cards[self._books.cards[serial].successor].ref

    def collected_at_branch(self, card: CardRef) -> None:
        """Hand the plastic out at the branch (网点领取)."""
        self._plastic(card, PlasticEvent.COLLECTED_AT_BRANCH)

    def destroy_plastic(self, card: CardRef) -> None:
        """Destroy the plastic (银行销毁)."""
        self._plastic(card, PlasticEvent.DESTROYED)

    def free_service(self, card: CardRef, kind: Waiver, times: int = 1) -> None:
        """Serve a card free of fee, and tell how often this month (免手续费)."""
        serial = self._serial(card)
        self._act({"op": "free_service", "card": serial, "kind": kind.value, "times": times})

    # --- numbers --------------------------------------------------------------------------

    def exhaust_number(self, digits: str) -> None:
        """Let no number with these digits be left (已无此号)."""
        self._act({"op": "exhaust_number", "digits": digits})

    def lapse_number(self, reservation: RequestKey) -> None:
        """Let a reservation lapse (预留失效)."""
        self._act({"op": "lapse_number", "key": reservation.text})

    # --- money ----------------------------------------------------------------------------

    def settle(self, key: RequestKey) -> int:
        """Pay an order, or every accepted order of a batch (到账)."""
        orders = self._orders(key)
        if key.text in self._books.payouts:
            accepted = OrderState.ACCEPTED
            orders = [one for one in orders if self._books.orders[one].state is accepted]
        self._act({"op": "settle", "orders": orders})
        return len(orders)

    def reject_order(self, order: RequestKey, *, code: str = "P000", text: str = "拒付") -> None:
        """Refuse an accepted payment for good (拒付)."""
        orders = self._orders(order)
        self._act({"op": "reject_order", "orders": orders, "code": code, "text": text})

    def return_payment(self, order: RequestKey, reason: str = "账号户名不符") -> None:
        """Send a paid amount back (退票)."""
        self._act({"op": "return_payment", "orders": self._orders(order), "reason": reason})

    # --- files, answers -------------------------------------------------------------------

    def daily_list(self, day: date | None = None) -> None:
        """Tell every card, as the list of *day* (日终全量); without a day, today's."""
        self._act({"op": "daily_list", **_of(day)})

    def statement(self, day: date | None = None) -> None:
        """Tell the movements of *day* (流水); without a day, today's."""
        self._act({"op": "statement", **_of(day)})

    def receipt(self, key: RequestKey) -> None:
        """Tell the answer to a request again, as a notice (回执)."""
        if key.text not in self._books.answers:
            raise missing("请求", "request")
        self._act({"op": "receipt", "key": key.text})

    def refuse_next(self) -> None:
        """Refuse the next new request as a whole (整批退回)."""
        self._act({"op": "refuse_next", "code": "B006"})

    # --- contradictions -------------------------------------------------------------------

    def contradict(self, what: CardRef | RequestKey) -> None:
        """Tell the last word on a card, row or order again: same event id, other content (F9)."""
        books = self._books
        match what:
            case CardRef():
                stream = f"card-{self._serial(what):09d}"
            case RequestKey() if what.text in books.rows:
                stream = f"row-{what.text}"
            case RequestKey() if what.text in books.orders:
                stream = f"order-{what.text}"
            case _:
                raise missing("明细或订单", "row or order")
        self._act({"op": "same_id", "stream": stream})

    def revive_closed(self, card: CardRef) -> None:
        """Tell that a closed or replaced card was activated, with a higher sequence (F9)."""
        self._act({"op": "revive_closed", "card": self._serial(card)})

    # --- finding things -------------------------------------------------------------------

    def _serial(self, card: CardRef) -> int:
        serial = self._books.serial_of(card)
        if serial < 0:
            raise missing("卡", "card")
        return serial

    def _one(self, event: BankEvent, card: CardRef) -> None:
        self._change(event, [self._serial(card)])

    def _change(self, event: BankEvent, cards: list[int], more: Op | None = None) -> None:
        self._act({"op": "change", "event": event.value, "cards": cards, **(more or {})})

    def _plastic(self, card: CardRef, event: PlasticEvent) -> None:
        self._act({"op": "plastic", "card": self._serial(card), "event": event.value})

    def _orders(self, key: RequestKey) -> list[str]:
        if key.text in self._books.payouts:
            return self._books.payouts[key.text]
        if key.text not in self._books.orders:
            raise missing("代发批次或订单", "pay-out or order")
        return [key.text]

    def _on_rows(
        self, op: str, key: RequestKey, rows: Rows, states: set[RowState], more: Op
    ) -> int:
        chosen = self._chosen(key, rows, states)
        self._act({"op": op, "rows": chosen, **more})
        return len(chosen)

    def _chosen(self, key: RequestKey, rows: Rows, states: set[RowState]) -> list[str]:
        """Return row keys: of the whole batch those in *states*, else exactly those named."""
        books = self._books
        if key.text in books.rows and key.text not in books.batches:
            chosen = [key.text]
        elif key.text not in books.batches:
            raise missing("批次或明细", "batch or row")
        elif rows is None:
            batch = books.batches[key.text]
            return [row for row in batch if books.rows[row].state in states]
        else:
            chosen = [self._line(books.batches[key.text], row) for row in rows]
        for row in chosen:
            state = books.rows[row].state
            if state not in states:
                raise refuse(("处理该明细", "take this row on"), (state.value, state.name))
        return chosen

    def _line(self, batch: list[str], row: int | RequestKey) -> str:
        if isinstance(row, RequestKey):
            if row.text in batch:
                return row.text
        elif 1 <= row <= len(batch):
            return batch[row - 1]
        raise missing("批内明细", "line of the batch")


def _of(day: date | None) -> Op:
    # Without a day the act's own moment decides: the books may stand where the last act left them.
    return {} if day is None else {"day": day.isoformat()}
