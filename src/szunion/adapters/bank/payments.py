"""Know how the simulated bank pays, refuses to pay, and sends money back."""

from __future__ import annotations

from szunion.adapters.bank.books import Books, Op, city_day, refuse
from szunion.adapters.bank.records import BankOrder, Movement, OrderState
from szunion.domain.bank import OrderRejected, OrderReturned, OrderSettled, StatementKind
from szunion.domain.values import Fen


def why_not_payable(books: Books, serial: int, fen: int) -> tuple[str, str] | None:
    """Return the bank's code and words for why money cannot go there; None: it can."""
    if serial < 0:
        return "P001", "查无此账户"
    if fen <= 0:
        return "P002", "金额不正确"
    account = books.account_of(serial)
    if not account.open:
        return "P003", "账户已销户"
    if account.blocked:
        return "P004", "账户止收"
    return None


def settle(books: Books, op: Op) -> None:
    """Pay (到账); an account that was closed or blocked meanwhile refuses (拒付)."""
    for order in _orders(books, op, OrderState.ACCEPTED, ("入账", "settle")):
        why = why_not_payable(books, order.card, order.fen)
        if why is not None:
            refuse_order(books, order, why)
            continue
        _transfer(books, order, order.fen, StatementKind.PAID)
        order.state = OrderState.SETTLED
        books.effect(order.key.text)
        told = books.order_told(order)
        books.tell(OrderSettled(told=told, order=order.key, fen=Fen(order.fen)))


def refuse_order(books: Books, order: BankOrder, why: tuple[str, str]) -> None:
    """Refuse a payment for good (拒付)."""
    order.state = OrderState.REJECTED
    told = books.order_told(order)
    books.tell(OrderRejected(told=told, order=order.key, bank_code=why[0], bank_text=why[1]))


def reject_order(books: Books, op: Op) -> None:
    """Refuse accepted payments for good (拒付)."""
    for order in _orders(books, op, OrderState.ACCEPTED, ("拒付", "refuse the payment")):
        refuse_order(books, order, (op["code"], op["text"]))


def return_payment(books: Books, op: Op) -> None:
    """Send paid money back (退票)."""
    for order in _orders(books, op, OrderState.SETTLED, ("退票", "return the payment")):
        _transfer(books, order, -order.fen, StatementKind.RETURNED)
        order.state = OrderState.RETURNED
        told = books.order_told(order)
        books.tell(
            OrderReturned(told=told, order=order.key, fen=Fen(order.fen), reason=op["reason"])
        )


def _transfer(books: Books, order: BankOrder, fen: int, kind: StatementKind) -> None:
    books.account_of(order.card).fen += fen
    books.paying -= fen
    day = city_day(books.now)
    books.movements.setdefault(day, []).append(Movement(day, order.key, kind, order.fen))


def _orders(books: Books, op: Op, state: OrderState, what: tuple[str, str]) -> list[BankOrder]:
    orders = [books.orders[key] for key in op["orders"]]
    for order in orders:
        if order.state is not state:
            raise refuse(what, (order.state.value, order.state.name))
    return orders
