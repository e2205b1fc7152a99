"""Know what the simulated bank does beside cards and money: numbers, signings, free services."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from szunion.adapters.bank.books import Books, Op, missing, refuse
from szunion.adapters.bank.records import BankNumber, BankRow, RowState
from szunion.domain.bank import (
    BankState,
    FaceSignResult,
    FeeWaiversUsed,
    NumberAnswered,
    NumberResult,
    RowFaceSigned,
    Waiver,
)
from szunion.domain.values import RequestKey

_KEPT_FOR: Final = timedelta(days=90)
_FREE: Final = {Waiver.ATM_WITHDRAWAL: 3, Waiver.REMITTANCE: None}
_MOST_DIGITS: Final = 6


# --- reserved numbers -----------------------------------------------------------------------


def reserve(books: Books, op: Op) -> None:
    """Keep a number for a person, or say why not (预留吉祥号)."""
    digits: str = op["digits"]
    if not 1 <= len(digits) <= _MOST_DIGITS:
        result, until = NumberResult.NOT_OFFERED, None
    elif digits in books.exhausted:
        result, until = NumberResult.TAKEN, None
    else:
        result, until = NumberResult.RESERVED, books.today + _KEPT_FOR
    made = BankNumber(RequestKey(op["key"]), op["person"], digits, result, until)
    books.numbers[op["key"]] = made
    _tell(books, made)


def _tell(books: Books, number: BankNumber) -> None:
    books.tell(
        NumberAnswered(
            told=books.next_of(f"number-{number.key}"),
            reservation=number.key,
            result=number.result,
            until=number.until,
        )
    )


def kept_for(books: Books, row: BankRow) -> BankNumber | None:
    """Return the number that is kept for the row's person; None: there is none."""
    for each in books.numbers.values():
        if each.person == row.person and each.result is NumberResult.RESERVED:
            return each
    return None


def use_number(books: Books, number: BankNumber) -> None:
    """Note that a kept number is on a card now."""
    number.result, number.until = NumberResult.USED, None
    _tell(books, number)


def exhaust_number(books: Books, op: Op) -> None:
    """Note that no number with these digits is left (已无此号)."""
    books.exhausted.add(op["digits"])


def lapse_number(books: Books, op: Op) -> None:
    """Let a reservation lapse (预留失效)."""
    number = books.numbers.get(op["key"])
    if number is None:
        raise missing("预留的号码", "reserved number")
    if number.result is not NumberResult.RESERVED:
        raise refuse(("预留失效", "let it lapse"), (number.result.label, number.result.label_en))
    number.result, number.until = NumberResult.LAPSED, None
    _tell(books, number)


# --- signings, free services ----------------------------------------------------------------


def sign(books: Books, op: Op) -> None:
    """Tell what came of a signing face to face (面签结果). It activates nothing by itself."""
    rows = books.standing(op["rows"])
    for row in rows:
        if row.state not in {RowState.VERIFIED, RowState.PRODUCED}:
            raise refuse(("面签", "sign for"), (row.state.value, row.state.name))
    result = FaceSignResult(op["result"])
    for row in rows:
        told = books.row_told(row)
        books.tell(
            RowFaceSigned(
                told=told, row=row.key, result=result, bank_code=op["code"], bank_text=op["text"]
            )
        )


def free_service(books: Books, op: Op) -> None:
    """Serve a card free of fee, and tell how often this month (免手续费)."""
    card = books.cards[op["card"]]
    if card.state is not BankState.ACTIVE:
        raise refuse(("免费服务", "serve free of fee"), (card.state.label, card.state.label_en))
    kind, month = Waiver(op["kind"]), books.today.replace(day=1)
    place = (card.serial, month, kind)
    used = books.waivers[place] = books.waivers.get(place, 0) + int(op["times"])
    books.tell(
        FeeWaiversUsed(
            told=books.next_of(f"waiver-{card.serial:09d}-{kind.value}"),
            card=card.ref, month=month, waiver=kind, used=used, allowed=_FREE[kind],
        )
    )  # fmt: skip
