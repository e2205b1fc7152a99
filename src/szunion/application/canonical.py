"""Know how requests and notices become canonical bytes, and notices become values again.

The bytes are what digests are made of, and what is sealed of a notice that has to wait.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from hashlib import sha256
from operator import add, attrgetter
from typing import Any, Final, get_args

from attrs import evolve, fields, has

from szunion.domain import bank
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import (
    AccountClass,
    Answer,
    BankRequest,
    CardApplicant,
    PayLine,
    Receipt,
)
from szunion.domain.card_records import plainly
from szunion.domain.documents import DocumentKind
from szunion.domain.identity import DocumentNumber, IdentityDocument, Mobile, PersonName
from szunion.domain.values import CardRef, CardToken, Fen, Masked, RequestKey
from szunion.errors import StorageError
from szunion.ports.keys import Vault

_MADE_OF: Final[tuple[type[Any], ...]] = (
    *get_args(BankNotice), *get_args(BankRequest), CardApplicant, PayLine, Answer, AccountClass,
    Receipt, bank.Told, bank.ListedCard, bank.StatementLine, bank.BankState, bank.BankEvent,
    bank.RowReason, bank.PlasticEvent, bank.StatementKind, bank.FaceSignResult, bank.NumberResult,
    bank.Waiver, bank.RawWords, CardRef, CardToken, Fen, RequestKey, PersonName, IdentityDocument,
    Mobile, DocumentNumber, DocumentKind,
)  # fmt: skip
_NAMES: Final[Mapping[str, type[Any]]] = {each.__name__: each for each in _MADE_OF}


_TEXT: Final = attrgetter("text")
_BARE: Final[frozenset[type]] = frozenset({type(None), bool, int, str})
"""What stands in JSON as it is: most parts of a request."""


_PARTS: Final[Mapping[type[Any], Sequence[tuple[str, str]]]] = {
    each: [(one.alias or one.name, one.name) for one in fields(each)]
    for each in _MADE_OF
    if has(each) and not issubclass(each, Masked)
}
"""The attributes of each value that is made of some: the name in a call, the name on the value."""


def _plain(value: object) -> object:
    kind = type(value)
    if kind in _BARE:
        return value
    if kind in _PARTS:
        named = {alias: _plain(getattr(value, name)) for alias, name in _PARTS[kind]}
        return [kind.__name__, named]
    return _plain_word(value)


def _plain_word(value: object) -> object:
    match value:
        case tuple():
            return ["@many", *map(_plain, value)]
        case str() | bytes():
            raise TypeError(type(value).__name__)
        case Sequence():  # a list that is read from a file
            return ["@many", *map(_plain, value)]
        case Enum():
            return [type(value).__name__, value.value]
        case Masked():
            return [type(value).__name__, value.plain()]
        case datetime():
            return ["@moment", value.isoformat()]
        case date():
            return ["@day", value.isoformat()]
        case _:
            raise TypeError(type(value).__name__)


def _value(plain: object) -> Any:  # noqa: ANN401 - one of the values above
    match plain:
        case ["@moment", str(text)]:
            return datetime.fromisoformat(text)
        case ["@day", str(text)]:
            return date.fromisoformat(text)
        case ["@many", *parts]:
            return tuple(map(_value, parts))
        case [str(name), dict(named)]:
            return _NAMES[name](**{alias: _value(part) for alias, part in named.items()})
        case [str(name), word]:
            return _NAMES[name](word)
        case _:
            return plain


def encode(value: BankRequest | BankNotice) -> bytes:
    """Return the one way in which *value* is written: JSON, keys sorted, UTF-8."""
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def decode(data: bytes) -> BankNotice:
    """Return the notice that :func:`encode` wrote.

    Raises:
        StorageError: it is none of today's notices (E-BANK-012).
    """
    try:
        notice: BankNotice = _value(json.loads(data))
    except (KeyError, TypeError, ValueError):
        raise StorageError("E-BANK-012") from None
    return notice


def digest(vault: Vault, value: BankRequest | BankNotice) -> str:
    """Return a keyed hash of *value*: it tells copies from contradictions and nothing else."""
    if isinstance(value, bank.DailyCardList):
        return _digest_of_list(vault, value)
    return vault.request_key("digest:" + encode(value).decode()).text


def _digest_of_list(vault: Vault, value: bank.DailyCardList) -> str:
    """Return the keyed hash of a list that may be longer than memory: card by card."""
    whole = sha256(encode(evolve(value, cards=())))
    for tokens, said in plainly(value.cards):
        whole.update(b"".join(map(add, tokens, map(_TEXT, said))))
    return vault.request_key(f"digest:{whole.hexdigest()}").text
