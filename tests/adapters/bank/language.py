"""Any value of the bank language, made from the language itself: a new kind is in it at once."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import Any, Final, get_args, get_origin, get_type_hints

from attrs import fields

from szunion.domain.bank import BankNotice, NotUnderstood
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.identity import (
    DocumentKind,
    DocumentNumber,
    IdentityDocument,
    Mobile,
    PersonName,
)
from szunion.domain.values import CardToken, Fen, RequestKey

REQUESTS: Final[tuple[type[Any], ...]] = get_args(BankRequest)
NOTICES: Final[tuple[type[Any], ...]] = tuple(
    each for each in get_args(BankNotice) if each is not NotUnderstood
)
#: Characters that a charset, an escape or a careless reader would spoil.
_NAMES: Final = ("王建国", "张䶮", "𠮷田", "欧阳·娜娜", "李㑇", "阿卜杜拉·买买提")
_TEXTS: Final = ("", "P001", "查无此户 “引号” \\ / 𠮷", 'a"b', "一\n二", "\u2028", "é")


class Maker:
    """Makes values from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def make(self, kind: Any) -> Any:
        """Return a value of *kind*: a class of the language, or the type of a field."""
        if kind in self._PLAIN:
            return self._PLAIN[kind](self)
        if get_origin(kind) in {tuple, Sequence}:
            return tuple(self.make(get_args(kind)[0]) for _ in range(self._random.randrange(4)))
        if type(None) in get_args(kind):
            (part,) = (each for each in get_args(kind) if each is not type(None))
            return None if self._random.random() < 0.4 else self.make(part)
        if issubclass(kind, Enum):
            return self._random.choice(list(kind))
        hints = get_type_hints(kind)
        made = {one.alias: self.make(hints[one.name]) for one in fields(kind)}
        return kind(**made)

    def _token(self) -> CardToken:
        letters = string.ascii_letters + string.digits + "_-"
        return CardToken("".join(self._random.choices(letters, k=self._random.randrange(8, 65))))

    def _key(self) -> RequestKey:
        return RequestKey(base64.b32encode(self._random.randbytes(17))[:26].decode())

    def _moment(self) -> datetime:
        zone = self._random.choice((UTC, timezone(timedelta(hours=8))))
        micro = self._random.choice((0, self._random.randrange(1_000_000)))
        begin = datetime(2017, 11, 23, tzinfo=zone, microsecond=micro)
        return begin + timedelta(seconds=self._random.randrange(10**8))

    def _document(self) -> IdentityDocument:
        number = f"E{self._random.randrange(10**8):08d}"
        return IdentityDocument(DocumentKind.PASSPORT, DocumentNumber(number))

    _PLAIN: Final[Mapping[Any, Callable[[Maker], Any]]] = {
        int: lambda me: me._random.choice((0, 1, 10**12, me._random.randrange(10**6))),
        bool: lambda me: me._random.random() < 0.5,
        str: lambda me: me._random.choice(_TEXTS),
        date: lambda me: date(1988, 7, 1) + timedelta(days=me._random.randrange(20_000)),
        datetime: _moment,
        Fen: lambda me: Fen(me._random.choice((0, 1, -5, 300_000, 10**14))),
        CardToken: _token,
        RequestKey: _key,
        PersonName: lambda me: PersonName(me._random.choice(_NAMES)),
        Mobile: lambda me: Mobile(f"1380000{me._random.randrange(10_000):04d}"),
        IdentityDocument: _document,
    }


def one_of_each(seed: int) -> list[Any]:
    """Return one value of each request, of the receipt, and of each notice."""
    maker = Maker(seed)
    return [maker.make(kind) for kind in (*REQUESTS, Receipt, *NOTICES)]
