"""Know how the (invented) Bank of Haichao writes requests, receipts and events."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from szunion import domain as d
from szunion.errors import InvalidInput

REQUESTS: Final = "/txn"
NEWS: Final = "/events?from="
YUAN: Final = re.compile(r"([0-9]{1,13})\.([0-9]{2})", re.ASCII)


class UnreadableError(Exception):
    """A message is not what this bank writes."""


Way = tuple[Callable[[Any], Any], Callable[[Any], Any]]
Words = Mapping[str, tuple[str, Way]]
"""The field of our value: the bank's word for it, and the way there and back."""


def _yuan(fen: d.Fen) -> str:
    return f"{fen.amount // 100}.{fen.amount % 100:02d}"


def _fen(text: str) -> d.Fen:
    found = YUAN.fullmatch(text)
    if found is None:
        raise UnreadableError
    return d.Fen(int(found[1]) * 100 + int(found[2]))  # never through a float


def _exactly(kind: type) -> Way:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise UnreadableError
        return value

    return (lambda value: value, read)


def _code(enum: Any) -> Way:
    return (lambda value: value.value, enum)


def _masked(kind: Any) -> Way:
    return (lambda value: value.plain(), kind)


def _maybe(way: Way) -> Way:
    write, read = way
    return (
        lambda value: None if value is None else write(value),
        lambda plain: None if plain is None else read(plain),
    )


def _inside(kind: Any, words: Words) -> Way:
    return (lambda value: _say(words, value), lambda plain: _hear(kind, words, plain))


def _many(way: Way) -> Way:
    write, read = way
    return (lambda values: [write(each) for each in values], lambda p: tuple(map(read, p)))


def _say(words: Words, value: Any) -> dict[str, Any]:
    return {word: write(getattr(value, field)) for field, (word, (write, _)) in words.items()}


def _hear(kind: Any, words: Words, plain: Mapping[str, Any]) -> Any:
    return kind(**{field: read(plain[word]) for field, (word, (_, read)) in words.items()})


TEXT, NUMBER, FLAG = _exactly(str), _exactly(int), _exactly(bool)
KEY: Way = (lambda value: value.text, d.RequestKey)
MONEY: Way = (_yuan, _fen)
TIME: Way = (datetime.isoformat, datetime.fromisoformat)
CARD: Way = _inside(
    d.CardRef, {"token": ("cardNo", _masked(d.CardToken)), "psn": ("cardSeq", NUMBER)}
)
PAPER: Way = _inside(
    d.IdentityDocument,
    {"kind": ("idType", _code(d.DocumentKind)), "number": ("idNo", _masked(d.DocumentNumber))},
)
ROW: Way = _inside(
    d.CardApplicant,
    {
        "row": ("itemNo", KEY),
        "name": ("name", _masked(d.PersonName)),
        "document": ("paper", PAPER),
        "mobile": ("phone", _maybe(_masked(d.Mobile))),
        "account_class": ("class", _code(d.AccountClass)),
        "wish": ("wish", _maybe(TEXT)),
    },
)
LINE: Way = _inside(
    d.PayLine,
    {
        "order": ("orderNo", KEY),
        "payee": ("card", CARD),
        "fen": ("amount", MONEY),
        "remark": ("memo", TEXT),
    },
)
TOLD: Way = _inside(
    d.Told,
    {
        "event_id": ("id", TEXT),
        "stream": ("line", TEXT),
        "sequence": ("seq", NUMBER),
        "effective": ("time", TIME),
    },
)

_SERIAL: Final = {"key": ("serialNo", KEY)}
_ORDER: Final = {"told": ("at", TOLD), "order": ("orderNo", KEY)}
_BANKS_WORDS: Final = {"bank_code": ("retCode", TEXT), "bank_text": ("retMsg", TEXT)}
MESSAGES: Final[Mapping[Any, tuple[str, Words]]] = {
    d.OpenCards: ("KK", {**_SERIAL, "programme": ("project", TEXT), "rows": ("items", _many(ROW))}),
    d.SetCardUse: (
        "KZ",
        {
            **_SERIAL,
            "card": ("card", CARD),
            "allowed": ("flag", FLAG),
            "reason": ("why", TEXT),
        },
    ),
    d.PayOut: ("DF", {**_SERIAL, "lines": ("items", _many(LINE))}),
    d.RowVerified: ("HC01", {"told": ("at", TOLD), "row": ("itemNo", KEY)}),
    d.RowRejected: (
        "HC02",
        {
            "told": ("at", TOLD),
            "row": ("itemNo", KEY),
            "reason": ("why", _code(d.RowReason)),
            **_BANKS_WORDS,
        },
    ),
    d.CardProduced: (
        "ZK01",
        {
            "told": ("at", TOLD),
            "row": ("itemNo", KEY),
            "card": ("card", CARD),
            "last_four": ("tail", TEXT),
            "account_class": ("class", _code(d.AccountClass)),
            "collect_at_branch": ("branch", FLAG),
        },
    ),
    d.CardChanged: (
        "ZT01",
        {
            "told": ("at", TOLD),
            "card": ("card", CARD),
            "event": ("what", _code(d.BankEvent)),
            "state": ("state", _code(d.BankState)),
            "row": ("itemNo", _maybe(KEY)),
            "successor": ("next", _maybe(CARD)),
            "successor_last_four": ("tail", TEXT),
            "reason": ("why", TEXT),
        },
    ),
    d.OrderAccepted: ("DF01", _ORDER),
    d.OrderRejected: ("DF02", {**_ORDER, **_BANKS_WORDS}),
    d.OrderSettled: ("DF03", {**_ORDER, "fen": ("amount", MONEY)}),
    d.OrderReturned: ("DF04", {**_ORDER, "fen": ("amount", MONEY), "reason": ("why", TEXT)}),
}
RECEIPT: Final = _inside(
    d.Receipt,
    {
        **_SERIAL,
        "answer": ("status", _code(d.Answer)),
        "rows": ("count", NUMBER),
        "total": ("amount", MONEY),
        **_BANKS_WORDS,
    },
)
KINDS: Final = {word: kind for kind, (word, _) in MESSAGES.items()}
ACCEPTS: Final[frozenset[type[d.BankRequest]]] = frozenset({d.OpenCards, d.SetCardUse, d.PayOut})
TELLS: Final[frozenset[type[d.BankNotice]]] = frozenset(MESSAGES.keys() - ACCEPTS)


def write_request(request: d.BankRequest) -> bytes:
    return _bytes(_written(request))


def read_request(body: bytes) -> d.BankRequest:
    request: d.BankRequest = _read(lambda: _value(json.loads(body)))
    return request


def write_receipt(receipt: d.Receipt) -> bytes:
    return _bytes(RECEIPT[0](receipt))


def read_receipt(body: bytes, key: d.RequestKey) -> d.Receipt:
    receipt: d.Receipt = _read(lambda: RECEIPT[1](json.loads(body)))
    if receipt.key != key:
        raise UnreadableError
    return receipt


def write_news(news: Sequence[tuple[int, d.BankNotice]]) -> bytes:
    return _bytes({"events": [{"no": at, **_written(notice)} for at, notice in news]})


def read_news(body: bytes) -> list[tuple[int, d.BankNotice]]:
    events: list[tuple[int, d.BankNotice]] = _read(
        lambda: [(int(each["no"]), _value(each)) for each in json.loads(body)["events"]]
    )
    return events


def _written(value: Any) -> dict[str, Any]:
    word, words = MESSAGES[type(value)]
    return {"trans": word, **_say(words, value)}


def _value(plain: Mapping[str, Any]) -> Any:
    kind = KINDS[plain["trans"]]
    return _hear(kind, MESSAGES[kind][1], plain)


def _read(reading: Callable[[], Any]) -> Any:
    try:
        return reading()
    except (KeyError, ValueError, TypeError, AttributeError, InvalidInput):
        raise UnreadableError from None


def _bytes(plain: Any) -> bytes:
    return json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()
