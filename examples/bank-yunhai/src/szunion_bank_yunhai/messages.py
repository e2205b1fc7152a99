"""Know how the Bank of Yunhai writes requests, receipts and notices: JSON with its own words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, Union, get_args

from attrs import frozen
from cattrs import BaseValidationError, Converter
from cattrs.strategies import configure_tagged_union

from szunion import domain
from szunion.domain import (
    BankNotice,
    BankRequest,
    CardToken,
    DocumentKind,
    DocumentNumber,
    Fen,
    Masked,
    Mobile,
    PersonName,
    Receipt,
    RequestKey,
)

#: What the bank calls each message. A word that is not here is no message of this bank.
WORDS: Final[dict[type[Any], str]] = {
    domain.OpenCards: "KK-开卡",
    domain.SetCardUse: "KZ-控制",
    domain.PayOut: "DF-代发",
    domain.ReserveNumber: "HM-预留",
    domain.AskCardList: "RZ-索取全量",
    domain.AskStatement: "RZ-索取流水",
    domain.RequestAnswered: "HZ-回执",
    domain.RowVerified: "HC-核查通过",
    domain.RowRejected: "HC-退回",
    domain.RowFaceSigned: "HC-面签",
    domain.RowDeclined: "HC-放弃",
    domain.CardProduced: "ZK-制卡",
    domain.CardChanged: "ZT-变更",
    domain.PlasticMoved: "ZT-卡片",
    domain.NumberAnswered: "HM-号码",
    domain.FeeWaiversUsed: "ZT-免费",
    domain.OrderAccepted: "DF-受理",
    domain.OrderRejected: "DF-拒付",
    domain.OrderSettled: "DF-到账",
    domain.OrderReturned: "DF-退票",
    domain.DailyCardList: "RZ-全量",
    domain.Statement: "RZ-流水",
}
ASKS: Final = frozenset(get_args(BankRequest)) & WORDS.keys()
TELLS: Final = frozenset(get_args(BankNotice)) & WORDS.keys()
"""What this bank has words for. A kind that szunion learns later is not in it."""
_ASKED: Final[Any] = Union[tuple(sorted(ASKS, key=WORDS.__getitem__))]  # noqa: UP007
_TOLD: Final[Any] = Union[tuple(sorted(TELLS, key=WORDS.__getitem__))]  # noqa: UP007
_MASKED: Final = (PersonName, Mobile, DocumentNumber, CardToken)
_ENUMS: Final = (
    domain.AccountClass, domain.Answer, domain.BankState, domain.BankEvent, domain.RowReason,
    domain.PlasticEvent, domain.StatementKind, domain.FaceSignResult, domain.NumberResult,
    domain.Waiver, DocumentKind,
)  # fmt: skip


class UnreadableError(Exception):
    """A file is not what this bank writes. It never says what stood in it."""


@frozen
class Letter:
    """One file of notices: its number, and what it tells."""

    number: int
    notices: tuple[BankNotice, ...]


def _making(kind: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda plain, _: kind(plain)


def _value_of(each: Enum) -> Any:
    return each.value


def _converter() -> Converter:
    made = Converter(forbid_extra_keys=True, omit_if_default=False)
    masked: type[Masked]
    for masked in _MASKED:
        made.register_unstructure_hook(masked, lambda value: value.plain())
        made.register_structure_hook(masked, _making(masked))
    for enum in _ENUMS:
        made.register_unstructure_hook(enum, _value_of)
        made.register_structure_hook(enum, _making(enum))
    made.register_unstructure_hook(Fen, lambda fen: fen.amount)
    made.register_structure_hook(Fen, _making(Fen))
    made.register_unstructure_hook(RequestKey, lambda key: key.text)
    made.register_structure_hook(RequestKey, _making(RequestKey))
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_structure_hook(datetime, _making(datetime.fromisoformat))
    made.register_unstructure_hook(date, date.isoformat)
    made.register_structure_hook(date, _making(date.fromisoformat))
    for union in (_ASKED, _TOLD):
        configure_tagged_union(union, made, tag_name="报文", tag_generator=WORDS.__getitem__)
    return made


class Messages:
    """The bank's language, both ways."""

    def __init__(self) -> None:
        self._converter = _converter()

    def request(self, request: BankRequest) -> bytes:
        """Write a request: the same request is always the same bytes."""
        return _bytes(self._converter.unstructure(request, _ASKED))

    def receipt(self, receipt: Receipt) -> bytes:
        """Write a receipt."""
        return _bytes(self._converter.unstructure(receipt))

    def letter(self, number: int, notices: Sequence[BankNotice]) -> bytes:
        """Write a file of notices."""
        plain = [self._converter.unstructure(each, _TOLD) for each in notices]
        digest = hashlib.sha256(_bytes(plain)).hexdigest()
        return _bytes({"序号": number, "笔数": len(plain), "摘要": digest, "内容": plain})

    def read_request(self, data: bytes) -> BankRequest:
        """Read a request.

        Raises:
            UnreadableError: it is none.
        """
        request: BankRequest = self._read(data, _ASKED)
        return request

    def read_receipt(self, data: bytes) -> Receipt:
        """Read a receipt.

        Raises:
            UnreadableError: it is none.
        """
        receipt: Receipt = self._read(data, Receipt)
        return receipt

    def read_letter(self, data: bytes) -> Letter:
        """Read a file of notices, whole or not at all.

        Raises:
            UnreadableError: it is cut, its count or hash is wrong, or it tells something unknown.
        """
        try:
            plain = json.loads(data)
            content = plain["内容"]
            sound = plain["笔数"] == len(content)
            sound = sound and plain["摘要"] == hashlib.sha256(_bytes(content)).hexdigest()
            number = int(plain["序号"])
        except (ValueError, KeyError, TypeError):
            raise UnreadableError from None
        if not sound:
            raise UnreadableError
        return Letter(number, tuple(self._structured(each, _TOLD) for each in content))

    def _read(self, data: bytes, kind: Any) -> Any:
        try:
            plain = json.loads(data)
        except ValueError:
            raise UnreadableError from None
        return self._structured(plain, kind)

    def _structured(self, plain: object, kind: Any) -> Any:
        try:
            return self._converter.structure(plain, kind)
        except (BaseValidationError, KeyError, TypeError, ValueError):
            # cattrs quotes what it could not read, and that may be a person's number.
            raise UnreadableError from None


def _bytes(plain: object) -> bytes:
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()
