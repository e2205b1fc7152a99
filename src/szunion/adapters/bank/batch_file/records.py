"""Know how one record of a file is written and read: a line, and the words in it.

What does not fit is never cut, and what cannot be read is never guessed. A :class:`BadField` says
which field and which rule; it never says what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from struct import Struct
from typing import Final

from attrs import field, frozen

from szunion.adapters.bank.batch_file.charset import Charset, Unwritable
from szunion.adapters.bank.batch_file.layout import BankLayout, FieldLayout, FileLayout
from szunion.adapters.bank.batch_file.speech import Plain
from szunion.domain.city_time import CITY_TIME

"""The whole country keeps one time (北京时间)."""
_MOST_DIGITS: Final = 18
_SAME: Final = 4096
"""How many days and moments are remembered: most lines of a file have a few of them."""
_YUAN: Final = re.compile(r"([0-9]{1,16})\.([0-9]{2})", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_DAY: Final = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})", re.ASCII)
_MOMENT: Final = re.compile(r"([0-9]{2}):?([0-9]{2}):?([0-9]{2})\.?([0-9]{0,6})", re.ASCII)


class BadField(ValueError):
    """One field cannot be written or read: its name, and the rule that it breaks."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{name}: {rule}")
        self.name = name
        self.rule = rule


Read = Callable[[str], Plain]


# --- single fields --------------------------------------------------------------------------


def _number(text: str) -> int:
    # ASCII first: Python counts full-width digits as digits.
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError
    return int(text)


def _yuan(text: str) -> int:
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ValueError
    return int(found[1]) * 100 + int(found[2])


@lru_cache(_SAME)
def _day(text: str) -> date:
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError
    return date(int(found[1]), int(found[3]), int(found[4]))


@lru_cache(_SAME)
def _moment(text: str) -> datetime:
    day, clock = (text[:10], text[10:].lstrip("T ")) if "-" in text else (text[:8], text[8:])
    found = _MOMENT.fullmatch(clock)
    if found is None:
        raise ValueError
    on = _day(day)
    hour, minute, second, micro = (
        int(found[1]), int(found[2]), int(found[3]), int(found[4].ljust(6, "0")),
    )  # fmt: skip
    return datetime(on.year, on.month, on.day, hour, minute, second, micro, tzinfo=CITY_TIME)


def _from_code(table: Mapping[str, str]) -> Read:
    other = table.get("*")

    def read(text: str) -> str:
        ours = table.get(text, other)
        if ours is None:
            raise ValueError
        return ours

    return read


def _reader(each: FieldLayout, codes: Mapping[str, Mapping[str, str]]) -> Read:
    match each.kind:
        case "text":
            return str
        case "number" | "fen":
            return _number
        case "yuan":
            return _yuan
        case "day":
            return _day
        case "moment":
            return _moment
        case "code":
            return _from_code(codes[each.codes])


def _written(  # noqa: C901, PLR0911 - one a kind
    each: FieldLayout, codes: Mapping[str, Mapping[str, str]], value: Plain
) -> str:
    if value is None or value == "":
        return ""
    match each.kind, value:
        case "text", str():
            return value
        case (("text" | "number" | "fen"), int()) if value >= 0:
            return str(value)
        case "yuan", int() if value >= 0:
            return f"{value // 100}.{value % 100:02d}"
        case "moment", datetime():
            local = value.astimezone(CITY_TIME)
            fraction = f"{local:%f}"[: each.fraction]
            if "-" in each.write:
                return f"{local:%Y-%m-%d %H:%M:%S}{'.' if fraction else ''}{fraction}"
            return f"{local:%Y%m%d%H%M%S}{fraction}"
        case "day", date() if not isinstance(value, datetime):
            return f"{value:%Y-%m-%d}" if "-" in each.write else f"{value:%Y%m%d}"
        case "code", str():
            for code, ours in codes[each.codes].items():
                if ours == value and code != "*":
                    return code
        case _:
            pass
    raise BadField(each.field or each.value, "KIND")


def _from_the_right(each: FieldLayout, text: str) -> str:
    kept = text.lstrip(each.pad)
    # zeros before a number are padding; a zero is not nothing
    return kept or ("0" if each.pad == "0" and text and each.kind != "text" else "")


# --- a record -------------------------------------------------------------------------------


def lines_in(block: bytes, end: bytes) -> list[bytes]:
    """Return the lines of a block without their ends; the last one has its own, too."""
    return block.split(end)[:-1]


@frozen
class Record:
    """One kind of line of a file, ready to be written and read."""

    fields: tuple[FieldLayout, ...]
    form: str
    separator: str
    charset: Charset
    codes: Mapping[str, Mapping[str, str]]
    width: int = field(init=False)
    _plan: tuple[tuple[FieldLayout, int, int, Read], ...] = field(init=False, repr=False)
    _places: Mapping[str, int] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        at, plan = 0, []
        for each in self.fields:
            plan.append((each, at, at + each.width, _reader(each, self.codes)))
            at += each.width
        object.__setattr__(self, "width", at)
        object.__setattr__(self, "_plan", tuple(plan))
        places = {each.field: index for index, each in enumerate(self.fields)}
        object.__setattr__(self, "_places", places)

    @classmethod
    def of(cls, fields: tuple[FieldLayout, ...], file: FileLayout, bank: BankLayout) -> Record:
        """Return the record of *fields* in *file*."""
        return cls(fields, file.form, file.separator, bank.writing, bank.codes)

    # --- writing ----------------------------------------------------------------------------

    def write(self, words: Mapping[str, Plain]) -> bytes:
        """Return the line, without its end.

        Raises:
            BadField: a text does not fit, cannot be written in the charset, or is of another kind.
        """
        parts = [self._part(each, words) for each in self.fields]
        return (b"" if self.form == "fixed" else self.separator.encode()).join(parts)

    def _part(self, each: FieldLayout, words: Mapping[str, Plain]) -> bytes:
        told = words.get(each.field) if each.field else each.value
        text = _written(each, self.codes, told) if each.field else each.value
        name = each.field or each.value
        try:
            data = self.charset.write(text)
        except Unwritable:
            raise BadField(name, "CHARSET") from None
        if _CONTROL.search(text):
            raise BadField(name, "CONTROL")
        if self.form == "delimited":
            if self.separator in text:
                raise BadField(name, "SEPARATOR")
            return data
        pad = each.pad.encode()
        if len(data) > each.width:
            raise BadField(name, "WIDTH")
        edge = text[:1] if each.justify == "right" else text[-1:]
        if edge == each.pad and (each.pad != "0" or each.kind == "text"):
            raise BadField(name, "PAD")
        filled = data.rjust if each.justify == "right" else data.ljust
        return filled(each.width, pad)

    # --- reading ----------------------------------------------------------------------------

    def read(self, line: bytes) -> dict[str, Plain]:
        """Return the words of a line without its end.

        Raises:
            BadField: the line has another length, or a field cannot be read.
        """
        texts = self._cut(line) if self.form == "fixed" else self._split(line)
        words: dict[str, Plain] = {}
        for (each, _, _, read), text in zip(self._plan, texts, strict=True):
            name = each.field
            if not name:
                if each.value and text != each.value:
                    raise BadField(each.value, "MARK")
            elif not text:
                words[name] = None
            elif each.kind == "text":
                words[name] = text
            else:
                try:
                    words[name] = read(text)
                except ValueError:
                    raise BadField(name, "KIND") from None
        return words

    def read_one(self, line: bytes, name: str) -> Plain:
        """Return one word of a line without its end, whatever the other fields hold.

        Raises:
            BadField: the line has another length, or that field cannot be read.
        """
        index = self._places[name]
        each, start, end, read = self._plan[index]
        if self.form != "fixed":
            text = self._split(line)[index]
        elif len(line) != self.width:
            raise BadField("-", "LENGTH")
        else:
            text = self._text(each, line[start:end])
        try:
            return read(text) if text else None
        except ValueError:
            raise BadField(name, "KIND") from None

    def parted(
        self, name: str, block: bytes, end: bytes
    ) -> tuple[Sequence[bytes], Sequence[object]]:
        """Take whole lines into one word's bytes and, of each, all the rest.

        Of two ASCII lines with the same rest, if one can be read the other can but for that word.
        """
        index = self._places[name]
        if self.form != "fixed":
            split = [line.split(self.separator.encode()) for line in lines_in(block, end)]
            words = [parts.pop(index) if index < len(parts) else b"" for parts in split]
            return words, list(map(tuple, split))
        each, start, stop, _ = self._plan[index]
        parts: Iterable[tuple[bytes, bytes, bytes]]
        if self._regular(block, end):  # as they should be: all are cut in one go
            cut = Struct(f"{start}s{each.width}s{self.width - stop}s{len(end)}x")
            parts = cut.iter_unpack(block)
        else:
            lines = lines_in(block, end)
            parts = [(line[:start], line[start:stop], line[stop:]) for line in lines]
        heads, cut_out, tails = zip(*parts, strict=True)
        pad = each.pad.encode()
        strip = bytes.rstrip if each.justify == "left" else bytes.lstrip
        words = [strip(word, pad) for word in cut_out]
        if {*heads} == {self._mark(index)}:  # usual: nothing stands there but a mark
            return words, tails
        return words, list(zip(heads, tails, strict=True))

    def _mark(self, index: int) -> bytes | None:
        """Return what stands before a field in every line; None: what stands there differs."""
        before = self.fields[:index]
        if not all(each.constant for each in before):
            return None
        return b"".join(self._part(each, {}) for each in before)

    def _regular(self, block: bytes, end: bytes) -> bool:
        """Return whether each line of a block is as long as it should be, and then ends."""
        step = self.width + len(end)
        count, odd = divmod(len(block), step)
        if odd or block.count(end) != count:
            return False
        return all(
            block[self.width + at :: step] == end[at : at + 1] * count for at in range(len(end))
        )

    def _cut(self, line: bytes) -> list[str]:
        if len(line) != self.width:
            raise BadField("-", "LENGTH")
        if not line.isascii():
            return [self._text(each, line[start:end]) for each, start, end, _ in self._plan]
        text = line.decode("ascii")
        return [
            text[start:end].rstrip(each.pad)
            if each.justify == "left"
            else _from_the_right(each, text[start:end])
            for each, start, end, _ in self._plan
        ]

    def _text(self, each: FieldLayout, part: bytes) -> str:
        try:
            text = self.charset.read(part)
        except Unwritable:
            raise BadField(each.field or each.value, "CHARSET") from None
        if each.justify == "left":
            return text.rstrip(each.pad)
        return _from_the_right(each, text)

    def _split(self, line: bytes) -> list[str]:
        # Decoded before it is split: the second byte of a character may be a separator's.
        try:
            texts = self.charset.read(line).split(self.separator)
        except Unwritable:
            raise BadField("-", "CHARSET") from None
        if len(texts) != len(self.fields):
            raise BadField("-", "LENGTH")
        return texts
