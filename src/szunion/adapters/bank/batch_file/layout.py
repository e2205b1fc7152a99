"""Know how a city describes its bank's files: which files, which records, which fields (报文布局).

A layout is data, a TOML file: another bank's interface is described, not coded. It is checked as
a whole when it is read, so that a layout which could lose a cut file, or make no notice of a line,
is refused before the first file is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Final, Literal

from attrs import field, frozen

from szunion.adapters.bank.batch_file import speech
from szunion.adapters.bank.batch_file.charset import CODECS, Charset
from szunion.adapters.bank.batch_file.names import FileName
from szunion.domain.bank import DailyCardList, Statement
from szunion.domain.bank_requests import Receipt
from szunion.domain.policy import structured
from szunion.domain.values import Fen
from szunion.errors import ConfigError

Kind = Literal["text", "number", "fen", "yuan", "day", "moment", "code"]
Form = Literal["fixed", "delimited"]

COUNT: Final = "count"
TOTAL: Final = "total"
DIGEST: Final = "digest"
DAY: Final = "day"
NUMBER: Final = "number"
_CHECKS: Final = frozenset({COUNT, TOTAL, DIGEST})
_OF_FILE: Final = frozenset({COUNT, TOTAL, DIGEST, DAY, NUMBER})
"""Words that the adapter itself fills in and checks, in header and trailer."""
_WIDEST: Final = 4096
_MICROS: Final = 6


@frozen(kw_only=True)
class FieldLayout:
    """One field of a record (字段). In a fixed-width file its width counts bytes."""

    field: str = ""
    """The word that it holds; empty: a constant, or something nobody reads."""
    value: str = ""
    """What it always holds (标识)."""
    width: int = 0
    pad: str = " "
    justify: Literal["left", "right"] = "left"
    kind: Kind = "text"
    codes: str = ""
    """Which table of codes it is written in."""
    write: str = "YYYYMMDD"
    """How a day is written: ``YYYYMMDD`` or ``YYYY-MM-DD``; a moment has ``hhmmss`` behind it."""
    fraction: int = 0
    """How many digits of a second a moment has behind that, from 0 to 6."""

    @property
    def constant(self) -> bool:
        """Whether it marks its record."""
        return not self.field and bool(self.value)


Fields = tuple[FieldLayout, ...]


@frozen(kw_only=True)
class FileLayout:
    """One kind of file (文件): header, details, trailer (文件头、明细、文件尾)."""

    name: str
    """Its name, with ``{day}``, ``{number:4}``, or for a receipt ``{request}``."""
    header: Fields
    detail: Fields
    trailer: Fields
    form: Form = "fixed"
    separator: str = "|"
    numbering: Literal["daily", "running"] = "daily"
    """Whether numbers begin with 1 each day, or run on for ever."""
    tag: str = ""
    """The detail's word that says which notice a line is."""
    notices: Mapping[str, str] = field(factory=dict)
    """The notice for each value of the tag; without a tag the only entry."""
    kind: str = ""
    """``DailyCardList`` or ``Statement``: the whole file is one notice."""

    @property
    def words(self) -> frozenset[str]:
        """Every word that header and details have."""
        return frozenset(each.field for each in (*self.header, *self.detail) if each.field)

    @property
    def checks(self) -> frozenset[str]:
        """Which of count, total and digest it carries."""
        return _CHECKS & {each.field for each in (*self.header, *self.trailer)}


@frozen(kw_only=True)
class BankLayout:
    """All of a bank's files."""

    name: str
    charset: str = "gb18030"
    line_end: Literal["CRLF", "LF"] = "CRLF"
    digest: Literal["SM3", "SHA256"] = "SM3"
    most_rows: int = 5000
    settling_hours: int = 48
    idempotent_send: bool = False
    """Whether the bank does the same file under the same name once, however often it is laid."""
    codes: Mapping[str, Mapping[str, str]] = field(factory=dict)
    """Tables: the bank's code to ours. ``*`` stands for every other code."""
    send: Mapping[str, FileLayout] = field(factory=dict)
    """What the union lays out, by the name of the request."""
    receipt: FileLayout | None = None
    """The answer to one file (回执文件)."""
    collect: Mapping[str, FileLayout] = field(factory=dict)
    """What the bank lays out, by a name of our own: each is a sequence of files of its own."""

    @property
    def end(self) -> bytes:
        """How a line ends."""
        return b"\r\n" if self.line_end == "CRLF" else b"\n"

    @property
    def writing(self) -> Charset:
        """How characters are written."""
        return Charset(self.charset)

    @property
    def settling(self) -> timedelta:
        """After this long "never seen" is a word to rely on."""
        return timedelta(hours=self.settling_hours)


def read_layout(text: str) -> BankLayout:
    """Return the layout that a TOML text says.

    Raises:
        ConfigError: it is no such layout; says where (E-FILE-001).
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("E-FILE-001", path="TOML", what=str(error)) from None
    layout: BankLayout = structured(given, BankLayout, "E-FILE-001")
    for path, what in _faults(layout):
        raise ConfigError("E-FILE-001", path=path, what=what)
    return layout


def load_layout(path: Path) -> BankLayout:
    """Return the layout that stands in the file *path*.

    Raises:
        ConfigError: it cannot be read, or is no such layout (E-FILE-001).
    """
    try:
        return read_layout(path.read_text("utf-8"))
    except (OSError, UnicodeError) as error:
        raise ConfigError("E-FILE-001", path=path.name, what=type(error).__name__) from None


# --- what can be wrong with it --------------------------------------------------------------


def _faults(layout: BankLayout) -> Iterator[tuple[str, str]]:
    if layout.charset not in CODECS:
        yield "charset", f"one of {', '.join(sorted(CODECS))} expected"
    if not layout.send:
        yield "send", "no request is described"
    if layout.receipt is None:
        yield "receipt", "missing"
    for name in layout.send.keys() - speech.REQUESTS.keys():
        yield f"send.{name}", f"one of {', '.join(sorted(speech.REQUESTS))} expected"
    files = [(f"send.{name}", each) for name, each in layout.send.items()]
    files += [("receipt", layout.receipt)] if layout.receipt else []
    files += [(f"collect.{name}", each) for name, each in layout.collect.items()]
    for path, each in files:
        yield from _of_file(path, each, layout)
    for name, request in layout.send.items():
        yield from _of_request(f"send.{name}", request, speech.REQUESTS[name], layout)
    if layout.receipt is not None:
        yield from _has(layout.receipt, "receipt", Receipt)
        yield from _codes(layout.receipt, "receipt", [Receipt], layout)
    for name, each in layout.collect.items():
        yield from _of_channel(f"collect.{name}", each, layout)


def _of_file(path: str, file: FileLayout, layout: BankLayout) -> Iterator[tuple[str, str]]:
    named = FileName.of(file.name)
    tokens = {"request"} if path == "receipt" else {DAY, NUMBER}
    if named is None or named.tokens - tokens or not named.tokens:
        yield f"{path}.name", f"a name with {' and '.join(sorted(tokens))} expected"
    elif file.numbering == "running" and NUMBER not in named.tokens:
        yield f"{path}.name", "running numbers need {number}"
    elif file.numbering == "daily" and path != "receipt" and DAY not in named.tokens:
        yield f"{path}.name", "daily numbers need {day}"
    if COUNT not in file.checks:
        yield f"{path}.trailer", "without count a cut file would pass for a whole one"
    for part, fields in (("header", file.header), ("trailer", file.trailer)):
        if not any(each.constant for each in fields):
            yield f"{path}.{part}", "a constant field must mark it"
    if TOTAL in file.checks and "fen" not in {each.field for each in file.detail}:
        yield f"{path}.trailer", "total needs a field fen in the details"
    for part, fields in _parts(file):
        for number, each in enumerate(fields):
            yield from _of_field(f"{path}.{part}[{number}]", each, file, layout)


def _parts(file: FileLayout) -> Iterator[tuple[str, Fields]]:
    yield from (("header", file.header), ("detail", file.detail), ("trailer", file.trailer))


def _of_field(
    path: str, each: FieldLayout, file: FileLayout, layout: BankLayout
) -> Iterator[tuple[str, str]]:
    if file.form == "fixed" and not 1 <= each.width <= _WIDEST:
        yield path, f"a width from 1 to {_WIDEST} expected"
    if len(each.pad) != 1 or not each.pad.isascii():
        yield path, "one ASCII character to pad with expected"
    if file.form == "delimited" and not (len(file.separator) == 1 and file.separator.isascii()):
        yield path, "one ASCII character as separator expected"
    if each.kind == "code" and each.codes not in layout.codes:
        yield path, f"no table codes.{each.codes}"
    if not 0 <= each.fraction <= _MICROS:
        yield path, f"a fraction from 0 to {_MICROS} digits expected"
    if each.write not in {"YYYYMMDD", "YYYY-MM-DD"}:
        yield path, "YYYYMMDD or YYYY-MM-DD expected"


def _of_request(
    path: str, file: FileLayout, kind: type, layout: BankLayout
) -> Iterator[tuple[str, str]]:
    many = kind in speech.MANY
    head = speech.words_of(kind)
    detail = speech.words_of(speech.MANY[kind][1]) if many else head
    known = {*head, *detail, *_OF_FILE}
    for word in sorted(file.words - known):
        yield path, f"{kind.__name__} has no {word}"
    for each in (*head.values(), *detail.values()):
        if each.needed and not each.optional and each.name not in file.words:
            yield path, f"{each.name} is missing"
    yield from _codes(file, path, [kind, *([speech.MANY[kind][1]] if many else [])], layout)


def _of_channel(path: str, file: FileLayout, layout: BankLayout) -> Iterator[tuple[str, str]]:
    whole: Mapping[str, type] = {each.__name__: each for each in (DailyCardList, Statement)}
    if file.kind:
        if file.kind not in whole:
            yield f"{path}.kind", f"one of {', '.join(whole)} expected"
            return
        line = speech.MANY[whole[file.kind]][1]
        yield from _has(file, path, line)
        yield from _codes(file, path, [line], layout)
        return
    if not file.notices or (len(file.notices) > 1 and file.tag not in file.words):
        yield f"{path}.notices", "which notice is a line? a tag and its values expected"
    for value, name in file.notices.items():
        kind = speech.NOTICES.get(name)
        if kind is None or name in whole:
            yield f"{path}.notices.{value}", f"no notice {name}"
            continue
        yield from _has(file, path, kind)
    kinds = [speech.NOTICES[name] for name in file.notices.values() if name in speech.NOTICES]
    yield from _codes(file, path, kinds, layout)


def _has(file: FileLayout, path: str, kind: type) -> Iterator[tuple[str, str]]:
    for word in speech.words_of(kind).values():
        if word.name == "sequence":
            continue  # where the bank has none, it follows from day, number and line
        if word.needed and not word.optional and word.name not in file.words:
            yield path, f"{kind.__name__} needs {word.name}"


def _codes(
    file: FileLayout, path: str, kinds: Iterable[type], layout: BankLayout
) -> Iterator[tuple[str, str]]:
    """Check that what a table of codes leads to is a value of the word, and money is money."""
    words = [word for kind in kinds for word in speech.words_of(kind).values()]
    for each in (*file.header, *file.detail):
        for word in words:
            if word.name != each.field:
                continue
            if word.kind is Fen and each.kind not in {"fen", "yuan"}:
                yield path, f"{word.name} is money: kind fen or yuan expected"
            allowed = _values(word)
            if each.kind != "code" or not allowed:
                continue
            for ours in layout.codes.get(each.codes, {}).values():
                if ours not in allowed and len(words_named(words, word.name)) == 1:
                    yield f"codes.{each.codes}", f"{word.name} is never {ours}"


def words_named(words: Iterable[speech.Word], name: str) -> set[type]:
    """Return the kinds that a word has among several notices of one file."""
    return {word.kind for word in words if word.name == name}


def _values(word: speech.Word) -> frozenset[str]:
    if word.kind is bool:
        return frozenset({"true", "false"})
    if issubclass(word.kind, Enum):
        return frozenset(str(each.value) for each in word.kind)
    return frozenset()
