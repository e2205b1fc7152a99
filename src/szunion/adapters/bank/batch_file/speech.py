"""Know how the values of the bank's language come apart into named words, and together again.

A file has flat fields; a request or notice has values in values. ``card`` of a notice becomes the
words ``card`` and ``card_psn``, an identity becomes ``document`` and ``document_kind``, and where
a notice stands becomes ``event_id``, ``stream``, ``sequence``, ``effective``. What a word may be
follows from the value's own type, so that a new kind of notice needs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin

from attrs import NOTHING, fields, frozen, resolve_types

from szunion.domain.bank import (
    BankNotice,
    DailyCardList,
    ListedCard,
    NotUnderstood,
    Statement,
    StatementLine,
    Told,
)
from szunion.domain.bank_requests import (
    BankRequest,
    CardApplicant,
    OpenCards,
    PayLine,
    PayOut,
    Receipt,
)
from szunion.domain.documents import DocumentKind
from szunion.domain.identity import DocumentNumber, IdentityDocument
from szunion.domain.values import CardRef, CardToken, Fen, Masked, RequestKey

Plain: TypeAlias = str | int | date | datetime | None
"""What a field of a file holds: money is whole fen, yes and no are ``true`` and ``false``."""
TOLD: Final = ("event_id", "stream", "sequence", "effective")


@frozen
class Word:
    """One word: what it is, and whether a value cannot be made without it."""

    name: str
    kind: type
    """``str``, ``int``, ``bool``, ``Fen``, ``date``, ``datetime``, or an enum."""
    needed: bool
    optional: bool = False


#: Of each kind that has many lines: the attribute that holds them, and what one line is.
MANY: Final[Mapping[type, tuple[str, type]]] = MappingProxyType(
    {
        OpenCards: ("rows", CardApplicant),
        PayOut: ("lines", PayLine),
        DailyCardList: ("cards", ListedCard),
        Statement: ("lines", StatementLine),
    }
)
REQUESTS: Final[Mapping[str, type]] = MappingProxyType(
    {each.__name__: each for each in get_args(BankRequest)}
)
NOTICES: Final[Mapping[str, type]] = MappingProxyType(
    {each.__name__: each for each in get_args(BankNotice) if each is not NotUnderstood}
)


# --- which words a value has ----------------------------------------------------------------


@cache
def words_of(kind: type) -> Mapping[str, Word]:
    """Return the words of a value's type, apart from its lines and where it stands."""
    found: dict[str, Word] = {}
    lines = MANY.get(kind, ("", None))[0]
    for attribute in fields(resolve_types(kind)):
        if attribute.name in {lines, "told"}:
            continue
        type_, optional = _without_none(attribute.type)
        needed = attribute.default is NOTHING
        for word in _words(attribute.name, type_, needed=needed, optional=optional):
            found[word.name] = word
    return MappingProxyType(found)


def _without_none(type_: Any) -> tuple[type, bool]:  # noqa: ANN401 - a type hint
    if get_origin(type_) in {Union, UnionType}:
        kept = [each for each in get_args(type_) if each is not NoneType]
        assert len(kept) == 1, type_
        return kept[0], True
    return type_, False


def _words(name: str, type_: type, *, needed: bool, optional: bool) -> list[Word]:
    if type_ is CardRef:
        return [
            Word(name, str, needed, optional),
            Word(f"{name}_psn", int, needed=False, optional=True),
        ]
    if type_ is IdentityDocument:
        return [Word(name, str, needed), Word(f"{name}_kind", DocumentKind, needed)]
    if type_ is Receipt:
        return list(words_of(Receipt).values())
    if issubclass(type_, RequestKey | Masked):
        return [Word(name, str, needed, optional)]
    return [Word(name, type_, needed, optional)]


# --- apart ----------------------------------------------------------------------------------


def apart(value: object) -> dict[str, Plain]:
    """Return *value* as its words, without its lines."""
    kind = type(value)
    lines = MANY.get(kind, ("", None))[0]
    found: dict[str, Plain] = {}
    for attribute in fields(kind):  # type: ignore[arg-type] # attrs, or it raises
        if attribute.name == lines:
            continue
        part = getattr(value, attribute.name)
        found.update(_apart(attribute.name, part))
    return found


def lines_of(value: object) -> tuple[object, ...]:
    """Return the lines of *value*; a value without lines is its own only line."""
    if type(value) not in MANY:
        return (value,)
    found: tuple[object, ...] = getattr(value, MANY[type(value)][0])
    return found


def _apart(name: str, part: object) -> dict[str, Plain]:  # noqa: C901, PLR0911 - one a type
    match part:
        case CardRef():
            return {name: part.token.plain(), f"{name}_psn": part.psn}
        case IdentityDocument():
            return {name: part.number.plain(), f"{name}_kind": part.kind.value}
        case Told():
            return {each: getattr(part, each) for each in TOLD}
        case Receipt():
            return apart(part)
        case Masked():
            return {name: part.plain()}
        case RequestKey():
            return {name: part.text}
        case Fen():
            return {name: part.amount}
        case Enum():
            return {name: part.value}
        case bool():
            return {name: "true" if part else "false"}
        case None | str() | int() | date():
            return {name: part}
        case _:
            pass
    msg = f"{type(part).__name__} has no words"
    raise TypeError(msg)


# --- together -------------------------------------------------------------------------------


def _flag(text: object) -> bool:
    return {"true": True, "false": False}[str(text)]


_SIMPLE: Final[Mapping[type, Callable[[Any], Any]]] = MappingProxyType(
    {RequestKey: RequestKey, CardToken: CardToken, Fen: Fen, bool: _flag}
)
Maker: TypeAlias = Callable[[Mapping[str, Plain]], Any]


@cache
def maker_of(kind: type) -> Callable[..., Any]:
    """Return what makes a *kind* of its words: ``make(words, **more)``.

    Raises (what it returns):
        ValueError, KeyError, InvalidInput: a word is missing or is not what it must be.
    """
    lines = MANY.get(kind, ("", None))[0]
    parts: list[tuple[str, Maker, bool, str, bool]] = []
    for attribute in fields(resolve_types(kind)):
        if attribute.name in {lines, "told"}:
            continue
        type_, optional = _without_none(attribute.type)
        lenient = optional or attribute.default is not NOTHING
        word = "answer" if type_ is Receipt else attribute.name
        alias, empty = attribute.alias or attribute.name, attribute.default is NOTHING
        parts.append((alias, _maker(attribute.name, type_), lenient, word, empty))

    def make(words: Mapping[str, Plain], **more: object) -> Any:  # noqa: ANN401 - a *kind*
        for alias, part, lenient, word, empty in parts:
            given = words.get(word)
            if lenient and (given is None or given == ""):
                if empty:
                    more[alias] = None
            else:
                more[alias] = part(words)
        return kind(**more)

    return make


def _maker(name: str, type_: type) -> Maker:  # noqa: PLR0911 - one a type
    if type_ is CardRef:
        return lambda words: _card(words, name)
    if type_ is IdentityDocument:
        return lambda words: IdentityDocument(
            DocumentKind(_text(words[f"{name}_kind"])), DocumentNumber(_text(words[name]))
        )
    if type_ is Receipt:
        return maker_of(Receipt)
    if type_ in _SIMPLE:
        simple = _SIMPLE[type_]
        return lambda words: simple(words[name])
    if issubclass(type_, Masked):
        return lambda words: type_(_text(words[name]))
    if issubclass(type_, Enum):
        return lambda words: type_(words[name])
    return lambda words: _checked(words[name], type_)


def _card(words: Mapping[str, Plain], name: str) -> CardRef:
    psn = words.get(f"{name}_psn")
    token = CardToken(_text(words[name]))
    return CardRef(token) if psn is None else CardRef(token, _checked(psn, int))


def _text(value: Plain) -> str:
    if not isinstance(value, str) or not value:
        msg = "text expected"
        raise ValueError(msg)
    return value


def _checked(value: Plain, type_: type) -> Any:  # noqa: ANN401 - a *type_*
    if type(value) is not type_:
        msg = f"{type_.__name__} expected"
        raise ValueError(msg)
    return value


def request_of(kind: type, head: Mapping[str, Plain], lines: Sequence[Mapping[str, Plain]]) -> Any:  # noqa: ANN401
    """Return the request that a file's words and its lines are: the bank's side of a line."""
    if kind in MANY:
        name, each = MANY[kind]
        make = maker_of(each)
        return maker_of(kind)(head, **{name: tuple(make(line) for line in lines)})
    (line,) = lines
    return maker_of(kind)({**head, **line})
