"""Know how the simulated bank takes a request in: once for each key, whatever the line does.

A request is first turned into a line of the journal, in which the person is a keyed digest; then
it is answered from that line alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from hashlib import blake2b
from typing import Any, Final, assert_never

from szunion.adapters.bank.acts import daily_list, statement
from szunion.adapters.bank.books import Books, Op
from szunion.adapters.bank.extras import reserve
from szunion.adapters.bank.payments import refuse_order, why_not_payable
from szunion.adapters.bank.records import Answered, BankOrder, BankRow, RowState
from szunion.domain.bank import BankState, OrderAccepted
from szunion.domain.bank_requests import (
    AccountClass,
    Answer,
    AskCardList,
    AskStatement,
    BankRequest,
    OpenCards,
    PayOut,
    Receipt,
    ReserveNumber,
    SetCardUse,
)
from szunion.domain.identity import IdentityDocument
from szunion.domain.values import Fen, RequestKey

_GONE: Final = frozenset({BankState.REPLACED, BankState.CLOSED})

_REFUSALS: Final = {
    "B001": "同一请求键，内容不同",
    "B002": "笔数超过上限",
    "B003": "空批次",
    "B004": "批内明细键重复",
    "B005": "明细键已用于另一内容",
    "B006": "按要求整批退回",
    "B007": "日期未到",
    "C001": "查无此卡",
    "C002": "该卡已换卡或销卡",
}


def person_digest(document: IdentityDocument, seed: int) -> str:
    """Return what the books keep of a person: a keyed digest of the document."""
    told = f"{document.kind.value}|{document.number.plain()}".encode()
    return blake2b(told, digest_size=12, key=f"szunion-sim-{seed}".encode()).hexdigest()


def to_op(request: BankRequest, books: Books) -> Op:
    """Return *request* as a line of the journal, without its ``at``."""
    match request:
        case OpenCards():
            rows = []
            content = [request.programme]
            for each in request.rows:
                person = person_digest(each.document, books.seed)
                name = each.name.plain()
                mobile = each.mobile.plain() if each.mobile else ""
                cls, wish = each.account_class.value, each.wish or ""
                rows.append([each.row.text, person, cls, wish, _fits(name, books.charset)])
                content += [each.row.text, person, cls, wish, name, mobile]
            return {"op": "open", "key": request.key.text, "rows": rows, "digest": _digest(content)}
        case SetCardUse():
            serial = books.serial_of(request.card)
            content = [str(serial), str(request.allowed), request.reason]
            if serial < 0:
                content += [request.card.token.plain(), str(request.card.psn)]
            return {
                "op": "use",
                "key": request.key.text,
                "card": serial,
                "allowed": request.allowed,
                "digest": _digest(content),
            }
        case PayOut():
            lines = []
            content = []
            for line in request.lines:
                serial = books.serial_of(line.payee)
                lines.append([line.order.text, serial, line.fen.amount])
                content += [line.order.text, line.payee.token.plain(), str(line.payee.psn)]
                content += [str(line.fen.amount), line.remark]
            return {
                "op": "pay",
                "key": request.key.text,
                "lines": lines,
                "digest": _digest(content),
            }
        case ReserveNumber():
            person = person_digest(request.document, books.seed)
            content = [request.programme, person, request.name.plain(), request.digits]
            key, digits = request.key.text, request.digits
            op = {"op": "reserve", "key": key, "person": person, "digits": digits}
            return {**op, "digest": _digest(content)}
        case AskCardList() | AskStatement():
            name = "ask_list" if isinstance(request, AskCardList) else "ask_statement"
            day = request.day.isoformat()
            op = {"op": name, "key": request.key.text, "day": day}
            return {**op, "digest": _digest([name, day])}
    assert_never(request)


def seen(books: Books, op: Op) -> Receipt | None:
    """Return the answer when the bank has met this key: the same again, or refused."""
    answered = books.answers.get(op["key"])
    if answered is None:
        return None
    if answered.digest == op["digest"]:
        return answered.receipt
    return _refused(op, "B001")


def take(books: Books, op: Op) -> Receipt:
    """Answer a request and, if it is new and well-formed, act on it."""
    known = seen(books, op)
    if known is not None:
        return known
    code = books.refuse_next and "B006"
    books.refuse_next = ""
    check, act = _KINDS[op["op"]]
    code = code or check(books, op)
    if code:
        receipt = _refused(op, code)
    else:
        total = sum(fen for _, _, fen in op.get("lines", ()))
        receipt = Receipt(
            key=RequestKey(op["key"]), answer=Answer.ACCEPTED, rows=_count(op), total=Fen(total)
        )
    books.answers[op["key"]] = Answered(op["digest"], receipt)
    if not code:
        books.effect(op["key"])
        act(books, op)
    return receipt


def _refused(op: Op, code: str) -> Receipt:
    return Receipt(
        key=RequestKey(op["key"]),
        answer=Answer.REFUSED,
        rows=0,
        total=Fen(0),
        bank_code=code,
        bank_text=_REFUSALS[code],
    )


def _count(op: Op) -> int:
    many: list[Any] | None = op.get("lines", op.get("rows"))
    return 1 if many is None else len(many)


def _batch_refusal(books: Books, op: Op, keys: list[str]) -> str:
    del op
    if not keys:
        return "B003"
    if len(keys) > books.most_rows:
        return "B002"
    if len(set(keys)) < len(keys):
        return "B004"
    return ""


# --- opening cards --------------------------------------------------------------------------


def _check_open(books: Books, op: Op) -> str:
    for key, person, cls, wish, _ in op["rows"]:
        row = books.rows.get(key)
        if row is None or row.state is RowState.REJECTED:
            continue
        if (row.person, row.account_class.value, row.wish) != (person, cls, wish):
            return "B005"
    return _batch_refusal(books, op, [line[0] for line in op["rows"]])


def _act_open(books: Books, op: Op) -> None:
    batch = RequestKey(op["key"])
    books.taken.append(op["key"])
    books.batches[op["key"]] = [line[0] for line in op["rows"]]
    for key, person, cls, wish, encodable in op["rows"]:
        known = books.rows.get(key)
        if known is not None and known.state is not RowState.REJECTED:
            continue
        books.rows[key] = BankRow(
            known.key if known else RequestKey(key),
            batch,
            person,
            AccountClass(cls),
            wish,
            encodable,
            books.now,
            told=known.told if known else 0,
        )


# --- use of a card --------------------------------------------------------------------------


def _check_use(books: Books, op: Op) -> str:
    if op["card"] < 0:
        return "C001"
    if op["allowed"] and books.cards[op["card"]].state in _GONE:
        return "C002"
    return ""


def _act_use(books: Books, op: Op) -> None:
    books.cards[op["card"]].allowed = op["allowed"]


# --- paying out -----------------------------------------------------------------------------


def _check_pay(books: Books, op: Op) -> str:
    for key, serial, fen in op["lines"]:
        order = books.orders.get(key)
        if order is not None and (order.card, order.fen) != (serial, fen):
            return "B005"
    return _batch_refusal(books, op, [line[0] for line in op["lines"]])


def _act_pay(books: Books, op: Op) -> None:
    batch = RequestKey(op["key"])
    books.taken.append(op["key"])
    books.payouts[op["key"]] = [line[0] for line in op["lines"]]
    for key, serial, fen in op["lines"]:
        if key in books.orders:
            continue
        order = BankOrder(RequestKey(key), batch, serial, fen, books.now)
        books.orders[key] = order
        why = why_not_payable(books, serial, fen)
        if why is None:
            books.tell(OrderAccepted(told=books.order_told(order), order=order.key))
        else:
            refuse_order(books, order, why)


# --- numbers, lists -------------------------------------------------------------------------


def _check_nothing(books: Books, op: Op) -> str:
    del books, op
    return ""


def _check_day(books: Books, op: Op) -> str:
    return "B007" if date.fromisoformat(op["day"]) > books.today else ""


_KINDS: Final[dict[str, tuple[Callable[[Books, Op], str], Callable[[Books, Op], None]]]] = {
    "open": (_check_open, _act_open),
    "use": (_check_use, _act_use),
    "pay": (_check_pay, _act_pay),
    "reserve": (_check_nothing, reserve),
    "ask_list": (_check_day, daily_list),
    "ask_statement": (_check_day, statement),
}


def _fits(name: str, charset: str) -> bool:
    try:
        name.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _digest(content: list[str]) -> str:
    return blake2b("\x1f".join(content).encode(), digest_size=16).hexdigest()
