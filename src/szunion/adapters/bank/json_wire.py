"""Know how every request, receipt and notice of the bank language is written in JSON, both ways.

An object's ``type`` is the value's name in snake case (``open_cards``, ``card_changed``); its
fields are the value's own, an enum is its code, money is whole fen, a moment has its offset. A
kind that joins the language is written and read without a line here.

What is read is held to the letter: a field too many, a field of the wrong kind, a number with a
fraction, all are one ``ValueError``. A *notice* of an unknown kind, or one that does not fit, is
no error: it becomes :class:`~szunion.domain.bank.NotUnderstood`, is set aside, and blocks nobody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar, get_args, get_origin

import cattrs
from attrs import fields_dict

from szunion.adapters.bank.json_rows import MOST_FEN, rows_of
from szunion.adapters.bank.json_text import write_json
from szunion.domain.bank import BankNotice, NotUnderstood, RawWords, Told
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import Fen, Masked, RequestKey
from szunion.errors import InvalidInput

Plain: TypeAlias = dict[str, Any]
"""An object as JSON holds it."""
T = TypeVar("T")

_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WORD: Final = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
_LONGEST_TEXT: Final = 1024
TYPE: Final = "type"
_NOBODYS: Final = "not-understood"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


REQUESTS: Final[Mapping[str, type[Any]]] = {
    _snake(each.__name__): each for each in get_args(BankRequest)
}
NOTICES: Final[Mapping[str, type[Any]]] = {
    _snake(each.__name__): each for each in get_args(BankNotice) if each is not NotUnderstood
}
_KINDS: Final = {each: kind for kind, each in {**REQUESTS, **NOTICES}.items()}
_WRONG: Final = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,  # an object was expected, and it is none
    InvalidInput,
    cattrs.BaseValidationError,
    cattrs.ForbiddenExtraKeysError,
    cattrs.StructureHandlerNotFoundError,
)


# --- both ways ------------------------------------------------------------------------------


def request_to_plain(request: BankRequest) -> Plain:
    """Return *request* as JSON can hold it."""
    return {TYPE: _KINDS[type(request)], **CONVERTER.unstructure(request)}


def request_from_plain(plain: object) -> BankRequest:
    """Return the request that *plain* is.

    Raises:
        ValueError: it is none, to the letter.
    """
    kind, fields = _parted(plain)
    if kind not in REQUESTS:
        msg = "no such kind of request"
        raise ValueError(msg)
    request: BankRequest = _structured(fields, REQUESTS[kind])
    return request


def receipt_to_plain(receipt: Receipt) -> Plain:
    """Return *receipt* as JSON can hold it."""
    plain: Plain = CONVERTER.unstructure(receipt)
    return plain


def receipt_from_plain(plain: object) -> Receipt:
    """Return the receipt that *plain* is.

    Raises:
        ValueError: it is none, to the letter.
    """
    return _structured(plain, Receipt)


def notice_to_plain(notice: BankNotice) -> Plain:
    """Return *notice* as JSON can hold it."""
    return {TYPE: _KINDS[type(notice)], **CONVERTER.unstructure(notice)}


def notice_from_plain(plain: object) -> BankNotice:
    """Return the notice that *plain* is, or that nobody here understands it."""
    try:
        kind, fields = _parted(plain)
        if kind in NOTICES:
            notice: BankNotice = _structured(fields, NOTICES[kind])
            return notice
    except ValueError:
        pass
    return _not_understood(plain)


def _not_understood(plain: object) -> NotUnderstood:
    raw = write_json(plain)
    kind, told = "", None
    if isinstance(plain, dict):
        word = plain.get(TYPE)
        kind = word if isinstance(word, str) and _WORD.fullmatch(word) else ""
        try:
            told = _structured(plain.get("told"), Told)
        except ValueError:
            told = None
    if told is None:
        # Without an event id of the bank's, the content is the id: the same comes once.
        digest = hashlib.sha256(raw).hexdigest()[:40]
        told = Told(
            event_id=f"{_NOBODYS}-{digest}",
            stream=_NOBODYS,
            sequence=0,
            effective=datetime(1970, 1, 1, tzinfo=UTC),
        )
    return NotUnderstood(told=told, named=kind, raw=RawWords(raw.decode()))


def _parted(plain: object) -> tuple[str, Plain]:
    match plain:
        case {"type": str(kind), **fields}:
            return kind, {str(name): part for name, part in fields.items()}
        case _:
            msg = "an object with a type is expected"
            raise ValueError(msg)


def _structured(plain: object, kind: type[T]) -> T:
    try:
        return CONVERTER.structure(plain, kind)
    except _WRONG:
        msg = f"no {kind.__name__}"
        raise ValueError(msg) from None  # the message of the cause may quote a person's data


# --- the converter --------------------------------------------------------------------------


def _exactly(kind: type[Any], value: object, _: object) -> Any:  # noqa: ANN401
    if type(value) is not kind:
        msg = f"{kind.__name__} expected"
        raise TypeError(msg)
    return value


def _text(value: object, _: object) -> str:
    if type(value) is not str or len(value) > _LONGEST_TEXT or _CONTROL.search(value):
        msg = "a short text expected"
        raise TypeError(msg)
    return value


def _fen(value: object, _: object) -> Fen:
    if type(value) is not int or not -MOST_FEN <= value <= MOST_FEN:
        msg = "whole fen expected"
        raise TypeError(msg)
    return Fen(value)


def _moment(value: object, _: object) -> datetime:
    if type(value) is not str or _MOMENT.fullmatch(value) is None:
        msg = "a moment with its offset expected"
        raise TypeError(msg)
    return datetime.fromisoformat(value)


def _day(value: object, _: object) -> date:
    if type(value) is not str or _DAY.fullmatch(value) is None:
        msg = "a day expected"
        raise TypeError(msg)
    return date.fromisoformat(value)


def _codes(kind: type[Enum]) -> Callable[[object, object], Enum]:
    members = {member.value: member for member in kind}

    def structure(value: object, _: object) -> Enum:
        if type(value) is not str:
            msg = "a code expected"
            raise TypeError(msg)
        return members[value]

    return structure


def _word(value: object, kind: type[Any]) -> Any:  # noqa: ANN401 - a masked word
    return kind(_text(value, str))


def _key(value: object, _: object) -> RequestKey:
    if type(value) is not str:
        msg = "a request key expected"
        raise TypeError(msg)
    return RequestKey(value)  # 26 letters and digits, and nothing else: it checks itself


def _is(kind: type[Any]) -> Callable[[object], bool]:
    return lambda each: isinstance(each, type) and issubclass(each, kind)


def _is_row(kind: object) -> bool:
    return get_origin(kind) in {tuple, Sequence}


def _many(kind: Any, converter: cattrs.Converter) -> Callable[[object, object], tuple[Any, ...]]:  # noqa: ANN401
    rows = rows_of(get_args(kind)[0], converter)

    def structure(value: object, _: object) -> tuple[Any, ...]:
        if type(value) is not list:
            msg = "a list expected"
            raise TypeError(msg)
        return rows(value)

    return structure


def _optional(kind: Any, converter: cattrs.Converter) -> Callable[[object, object], Any]:  # noqa: ANN401
    (part,) = (each for each in get_args(kind) if each is not type(None))
    one = converter.get_structure_hook(part)
    return lambda value, _: None if value is None else one(value, part)


def _is_optional(kind: object) -> bool:
    parts = get_args(kind)
    return get_origin(kind) not in {tuple, Sequence} and len(parts) == 2 and type(None) in parts  # noqa: PLR2004


def _made() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    for plain in (int, bool):
        converter.register_structure_hook(plain, partial(_exactly, plain))
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(date, _day)
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook(Fen, _fen)
    converter.register_structure_hook(RequestKey, _key)
    converter.register_structure_hook_func(_is(Masked), _word)
    converter.register_structure_hook_factory(_is(Enum), _codes)
    converter.register_structure_hook_factory(_is_row, partial(_many, converter=converter))
    converter.register_structure_hook_factory(_is_optional, partial(_optional, converter=converter))
    converter.register_unstructure_hook(Fen, lambda fen: fen.amount)
    converter.register_unstructure_hook(RequestKey, lambda key: key.text)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook_func(_is(Masked), lambda word: word.plain())
    converter.register_unstructure_hook_func(_is(Enum), lambda each: each.value)
    return converter


CONVERTER: Final = _made()
"""What reads and writes every value of the language."""

for _each in _KINDS:
    assert TYPE not in fields_dict(_each), "a value of the language cannot be written"
