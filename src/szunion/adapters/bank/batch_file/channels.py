"""Know the bank's files in their sequences, and what each line of them tells (来盘文件).

Each kind of file is a channel with a sequence of its own. A file is read when the one before it
was, and when it is whole; a channel whose next file is missing or broken waits, the others flow.
The cursor says how far each channel was read, to the line, so that whoever goes on from it after
a kill meets every line behind it once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen

from szunion.adapters.bank.batch_file import names, speech
from szunion.adapters.bank.batch_file.cards import FiledCards
from szunion.adapters.bank.batch_file.carrier import Seen
from szunion.adapters.bank.batch_file.layout import BankLayout, FileLayout
from szunion.adapters.bank.batch_file.lines import BAD, Reading
from szunion.adapters.bank.batch_file.names import START, FileName, Place
from szunion.adapters.bank.batch_file.sheets import BadLine, Broken, Head, Sheet
from szunion.adapters.bank.batch_file.speech import Plain
from szunion.adapters.bank.batch_file.spool import Spool
from szunion.domain.bank import (
    BankNotice,
    DailyCardList,
    NotUnderstood,
    RawWords,
    Statement,
    Told,
)
from szunion.domain.city_time import start_of
from szunion.errors import InvalidInput, NotFound
from szunion.ports.bank import Collected, Cursor, FileTrouble

_CURSOR: Final = re.compile(
    r"([a-z0-9_]{1,40})=([0-9]{1,7})\.([0-9]{1,10})\.([0-9]{1,8}|\*)", re.ASCII
)
_MOST_LINES: Final = 10**7
_MOST_FILES: Final = 10**4
_WHOLE: Final = {"DailyCardList": DailyCardList, "Statement": Statement}
_PASSED: Final = frozenset({"BEHIND", "OTHER_CONTENT", "ANSWER"})
"""Troubles with a file that no other file waits for."""


@frozen
class Reached:
    """How far a channel was read."""

    place: Place = START
    line: int = 0
    whole: bool = True
    """Whether the file at *place* was read to its end."""

    def __str__(self) -> str:
        """Return it as the cursor has it."""
        line = "*" if self.whole else str(self.line)
        return f"{self.place.day}.{self.place.number}.{line}"


Positions: TypeAlias = dict[str, Reached]


@frozen
class Channel:
    """One sequence of files."""

    name: str
    sheet: Sheet
    named: FileName

    @property
    def file(self) -> FileLayout:
        """How its files look."""
        return self.sheet.file

    @property
    def order_of(self) -> names.Sequence:
        """How its files follow each other."""
        return names.Sequence(running=self.file.numbering == "running")

    def order(self, place: Place) -> tuple[int, int]:
        """Return where a file stands in the sequence."""
        return self.order_of.order(place)

    def sequence(self, place: Place, line: int) -> int:
        """Return the place of a line among all that the channel tells (业务日期、文件号、行号)."""
        if self.file.numbering == "running":
            return place.number * _MOST_LINES + line
        return (place.day * _MOST_FILES + place.number) * _MOST_LINES + line


@define
class Channels:
    """All channels of one bank."""

    layout: BankLayout
    spool: Spool
    _channels: dict[str, Channel] = field(init=False)
    _troubles: dict[str, str] = field(factory=dict, init=False)
    _known_broken: dict[str, tuple[int, int, str]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._channels = {}
        for name, file in self.layout.collect.items():
            named = FileName.of(file.name)
            assert named is not None, "read_layout checks it"
            self._channels[name] = Channel(name, Sheet(self.layout, file), named)

    # --- troubles ---------------------------------------------------------------------------

    @property
    def troubles(self) -> tuple[FileTrouble, ...]:
        """What could not be read, by name."""
        return tuple(FileTrouble(name, reason) for name, reason in sorted(self._troubles.items()))

    def note(self, name: str, reason: str) -> None:
        """Note that a file cannot be read."""
        self._troubles[name] = reason

    def settled(self, name: str) -> None:
        """Note that there is no trouble with a file any more."""
        self._troubles.pop(name, None)

    @property
    def stuck(self) -> bool:
        """Whether a channel waits for a file that is broken, or for one that is missing."""
        return any(reason not in _PASSED for reason in self._troubles.values())

    # --- fetching ---------------------------------------------------------------------------

    def wants(self, seen: Seen) -> bool:
        """Return whether a file of the bank's is ours to fetch, or to look at again."""
        if not any(each.named.read(seen.name) for each in self._channels.values()):
            return False
        if seen.name in self._known_broken:
            return True  # the whole one may be as long, and as old to the second
        for folder in (self.spool.done, self.spool.incoming):
            try:
                stat = (folder / seen.name).stat()
            except FileNotFoundError:
                continue
            return (stat.st_size, stat.st_mtime_ns) != (seen.size, seen.changed)
        return True

    def begun(self, name: str, positions: Positions) -> bool:
        """Return whether a line of the file *name* was read, or may have been."""
        if (self.spool.done / name).exists():
            return True
        for channel in self._channels.values():
            place = channel.named.read(name)
            if place is not None and (self.spool.incoming / name).exists():
                at = positions[channel.name]
                order, reached = channel.order(place), channel.order(at.place)
                return order == reached
        return False

    # --- the cursor -------------------------------------------------------------------------

    def reached(self, after: Cursor | None) -> Positions:
        """Return how far each channel was read.

        Raises:
            InvalidInput: the cursor is not one of this adapter's (E-FILE-002).
        """
        positions = {name: Reached() for name in self._channels}
        for part in after.split(";") if after else ():
            found = _CURSOR.fullmatch(part)
            if found is None:
                raise InvalidInput("E-FILE-002")
            name, day, number, line = found.groups()
            whole = line == "*"
            place = Place(int(day), int(number))
            positions[name] = Reached(place, 0 if whole else int(line), whole)
        return positions

    # --- reading ----------------------------------------------------------------------------

    def read(self, positions: Positions) -> Iterator[Collected]:
        """Yield what every channel tells behind *positions*."""
        there = [
            path for folder in (self.spool.done, self.spool.incoming) for path in folder.iterdir()
        ]
        for name, channel in self._channels.items():
            others = [f"{each}={at}" for each, at in positions.items() if each != name]
            rest = ";".join(["", *others])
            yield from self._read_channel(channel, there, positions, rest)

    def _read_channel(
        self, channel: Channel, there: Sequence[Path], positions: Positions, rest: str
    ) -> Iterator[Collected]:
        files = _files_of(channel, there)
        self._forget(path.name for path, _ in files.values())
        at = positions[channel.name]
        if at.whole:
            self._pass(files.get(channel.order(at.place)))
        for order in sorted(files):
            path, place = files[order]
            at = positions[channel.name]
            if self._behind(channel, at, order, path):
                continue
            begun = not at.whole and place == at.place
            if not begun and not (at.whole and channel.order_of.follows(at.place, place)):
                self.note(path.name, "SEQUENCE")
                return
            try:
                here = f"{channel.name}={place.day}.{place.number}."
                for line, last, notice in self._file(channel, path, place, at.line):
                    cursor = Cursor(f"{here}{'*' if last else line}{rest}")
                    yield Collected(notice=notice, cursor=cursor)
            except Broken as error:
                self.note(path.name, error.reason)
                return
            positions[channel.name] = Reached(place)
            self._pass((path, place))

    def _behind(self, channel: Channel, at: Reached, order: tuple[int, int], path: Path) -> bool:
        """Return whether a file was read, or comes when those behind it were."""
        reached = channel.order(at.place)
        if order < reached and path.parent == self.spool.incoming:
            self.note(path.name, "BEHIND")
        return order < reached or (order == reached and at.whole)

    def _forget(self, names: Iterable[str]) -> None:
        """Forget troubles that this reading will find again if they are still there."""
        for name in names:
            if self._troubles.get(name) not in _PASSED:
                self.settled(name)

    def _pass(self, found: tuple[Path, Place] | None) -> None:
        if found is not None:
            self._forget([found[0].name])
            if found[0].parent == self.spool.incoming:
                self.spool.archive(found[0].name)

    def _file(
        self, channel: Channel, path: Path, place: Place, done: int
    ) -> Iterator[tuple[int, bool, BankNotice]]:
        """Yield line, whether it is the last, and notice of a file behind its line *done*."""
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            mark = (stat.st_size, stat.st_ctime_ns)
            known = self._known_broken.get(path.name)
            if known is not None and known[:2] == mark:
                raise Broken(known[2])
            try:
                head = channel.sheet.verify(file)
            except Broken as error:
                self._known_broken[path.name] = (*mark, error.reason)
                raise
            self._known_broken.pop(path.name, None)
            self._forget([path.name])
            told = _Telling(channel, path, place, head)
            lines = enumerate(channel.sheet.details(file, head), start=1)
            if channel.file.kind:
                bad, whole = told.whole(lines)
                many: list[BankNotice] = [*bad, whole]
                for number, notice in enumerate(many, start=1):
                    if number > done:
                        yield number, number == len(many), notice
                return
            for number, words in lines:
                if number > done:
                    yield number, number == head.count, told.line(number, words)

    def reread(self, name: str) -> Iterator[BankNotice]:
        """Yield the notices of a file again.

        Raises:
            NotFound: no such file was fetched (E-FILE-003).
            InvalidInput: it is not whole (E-FILE-004).
        """
        for channel in self._channels.values():
            place = channel.named.read(name)
            for folder in (self.spool.incoming, self.spool.done) if place else ():
                if place is not None and (folder / name).is_file():
                    try:
                        for _, _, notice in self._file(channel, folder / name, place, 0):
                            yield notice
                    except Broken as error:
                        raise InvalidInput("E-FILE-004", name=name, reason=error.reason) from None
                    return
        raise NotFound("E-FILE-003", name=name)


def _files_of(channel: Channel, there: Sequence[Path]) -> dict[tuple[int, int], tuple[Path, Place]]:
    """Return the files of a channel by their place; one that was fetched anew goes before."""
    found: dict[tuple[int, int], tuple[Path, Place]] = {}
    for path in there:
        place = channel.named.read(path.name)
        if place is not None:
            found[channel.order(place)] = (path, place)
    return found


class _Telling:
    """What the lines of one file tell."""

    def __init__(self, channel: Channel, path: Path, place: Place, head: Head) -> None:
        self._channel, self._name, self._place = channel, path.name, place
        self._path, self._checked = path, head
        self._head = {word: told for word, told in head.words.items() if told is not None}
        file = channel.file
        self._tag = file.tag
        self._makers = {
            tag: speech.maker_of(speech.NOTICES[kind]) for tag, kind in file.notices.items()
        }
        self._only = next(iter(self._makers.values()), None) if not file.tag else None
        self._effective = self._moment()
        spoken = {
            word for kind in file.notices.values() for word in speech.words_of(speech.NOTICES[kind])
        }
        detail = {each.field for each in file.detail}
        wanted = (spoken | set(speech.TOLD) | {file.tag}) - detail
        self._more = {word: told for word, told in self._head.items() if word in wanted}

    def _moment(self) -> datetime:
        told = self._head.get("effective")
        if isinstance(told, datetime):
            return told
        day = self._day()
        if day is None:
            return datetime(1970, 1, 1, tzinfo=UTC)
        return start_of(day)

    def _day(self) -> date | None:
        told = self._head.get("day")
        if isinstance(told, date):
            return told
        return date.fromordinal(self._place.day) if self._place.day else None

    def _told(self, number: int, words: Mapping[str, Plain]) -> Told:
        get = words.get
        sequence, effective = get("sequence"), get("effective")
        return Told(
            event_id=str(get("event_id") or f"{self._name}#{number}"),
            stream=str(get("stream") or f"file-{self._channel.name}"),
            sequence=(
                sequence
                if isinstance(sequence, int)
                else self._channel.sequence(self._place, number)
            ),
            effective=effective if isinstance(effective, datetime) else self._effective,
        )

    def line(self, number: int, words: dict[str, Plain] | BadLine) -> BankNotice:
        """Return the notice that one line is."""
        if isinstance(words, BadLine):
            return self._bad(number, words.rule, words.raw)
        known: dict[str, Plain] = {**self._more, **words} if self._more else words
        make = self._only or self._makers.get(str(known.get(self._tag)))
        if make is None:
            return self._bad(number, f"{self._tag}: NOTICE", str(known.get(self._tag)))
        try:
            notice: BankNotice = make(known, told=self._told(number, known))
        except BAD:
            return self._bad(number, "VALUE", "")
        return notice

    def _bad(self, number: int, rule: str, raw: str) -> NotUnderstood:
        return NotUnderstood(told=self._told(number, {}), named=rule, raw=RawWords(raw))

    def whole(
        self, lines: Iterable[tuple[int, dict[str, Plain] | BadLine]]
    ) -> tuple[list[BankNotice], BankNotice]:
        """Return lines that cannot be read, and the one notice that the others make."""
        kind: type[Any] = _WHOLE[self._channel.file.kind]
        name, each = speech.MANY[kind]
        last = self._channel.sequence(self._place, _MOST_LINES - 1)
        read = Reading(self._channel.sheet, self._path, self._checked, speech.maker_of(each), last)
        bad: list[BankNotice] = []
        good = 0
        for number, words in lines:
            if isinstance(words, BadLine):
                bad.append(self._bad(number, words.rule, words.raw))
            elif read.made(words) is None:
                bad.append(self._bad(number, "VALUE", ""))
            else:
                good += 1
        day = self._day()
        told = self._told(0, self._head)
        # A list of a whole city's cards stays in its file; a day's movements are few.
        each_line = FiledCards(read, good) if kind is DailyCardList else tuple(read())
        notice: BankNotice = kind(told=told, day=day or date(1970, 1, 1), **{name: each_line})
        return bad, notice
