"""Know the other end of the files: the simulated bank behind the same layout (模拟银行收发文件).

It takes the union's files in their sequence, answers each, and lays out what it has to tell. What
a line of files can do wrong happens here, as a :class:`FaultPlan` says: a file is cut, has a wrong
total, is in a wrong encoding, comes late or comes again; the whole one follows. What it means to
write is on disk before it writes, so that a bank which is killed goes on with the same files.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from szunion.adapters.bank.batch_file import speech
from szunion.adapters.bank.batch_file.layout import DAY, NUMBER, BankLayout
from szunion.adapters.bank.batch_file.names import START, FileName, Place, Sequence
from szunion.adapters.bank.batch_file.sheets import BadLine, Broken, Sheet
from szunion.adapters.bank.faults import Fault, FaultKind, FaultPlan
from szunion.adapters.files import appear
from szunion.domain.bank import BankNotice, DailyCardList, RequestAnswered, Statement
from szunion.domain.bank_requests import Answer, BankRequest, Receipt
from szunion.domain.city_time import day_of
from szunion.domain.values import Fen, RequestKey
from szunion.errors import BankError, InvalidInput
from szunion.ports.bank import Collected, Cursor, Deadline
from szunion.ports.system import Clock

_NOW: Final = Deadline(30.0)
_MOST_LINES: Final = 1000
_LATE_BY: Final = 3
"""A late file comes so many steps later."""
_UNREADABLE: Final = "F001"


class Behind(Protocol):
    """The bank itself: what it is asked, and what it tells."""

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Take a request in."""
        ...

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Tell what there is behind *after*."""
        ...


def _as_it_is(data: bytes) -> bytes:
    return data


@frozen
class Sheetful:
    """One file to be laid out: where it belongs, and what it tells."""

    channel: str
    name: str
    place: Place
    notices: tuple[BankNotice, ...]


@define
class FilePeer:
    """A simulated bank that speaks in files.

    Args:
        layout: How its files look: the union's own layout.
        outbox: Where the union lays its files.
        inbox: Where the bank lays its files.
        home: The bank's own folder, in which it keeps how far it has come.
        bank: The bank itself.
        clock: What day it is at the bank.
        faults: What happens to files on their way to the union.
    """

    layout: BankLayout
    outbox: Path
    inbox: Path
    home: Path
    bank: Behind
    clock: Clock
    faults: FaultPlan = field(factory=FaultPlan.none)
    wire: Callable[[bytes], bytes] = _as_it_is
    """What happens to the bytes of every file on top of the plan: a test's own weather."""
    happened: list[Fault] = field(factory=list, init=False)
    _late: dict[str, int] = field(factory=dict, init=False)
    """When the whole of a file comes: the step, by name. Its bytes lie in ``late``."""
    _steps: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        for folder in (self.outbox, self.inbox, self.home / "taken", self.home / "late"):
            folder.mkdir(parents=True, exist_ok=True)
        self._late = {path.name: 1 for path in (self.home / "late").glob("[!.]*")}

    def visit(self) -> None:
        """Take a step; a line of the bank's own that fails is tried at the next visit."""
        with suppress(BankError):
            self.step()

    def step(self) -> bool:
        """Take what has come, answer it, lay out what there is to tell; return whether any."""
        self._steps += 1
        mended = self._mend()
        taken = self._take_all()
        told = self._tell()
        return mended or taken or told

    # --- the union's files ------------------------------------------------------------------

    def _take_all(self) -> bool:
        taken = False
        for kind, file in self.layout.send.items():
            named = FileName.of(file.name)
            assert named is not None, "read_layout checks it"
            sequence = Sequence(running=file.numbering == "running")
            found = {
                place: path
                for path in self.outbox.iterdir()
                if (place := named.read(path.name)) is not None
            }
            before = START
            for place in sorted(found, key=sequence.order):
                path = found[place]
                if not sequence.follows(before, place):
                    break  # one before it is missing: it waits for that one
                if not (self.home / "taken" / path.name).exists():
                    if not self._take(Sheet(self.layout, file), speech.REQUESTS[kind], path):
                        break
                    taken = True
                before = place
        return taken

    def _take(self, sheet: Sheet, kind: type, path: Path) -> bool:
        try:
            request = _request(sheet, kind, path)
        except Broken:
            return False  # it is not whole yet, or never will be: nothing of it is taken
        except (ValueError, KeyError, TypeError, InvalidInput) as error:
            answer = _refused(error.args[0] if isinstance(error, _Unreadable) else None)
            if answer is None:
                return False
        else:
            try:
                answer = self.bank.send(request, deadline=_NOW)
            except BankError:
                return False  # the bank's own line failed: it takes the file up again
        self._answer(path.name, answer)
        appear(self.home / "taken" / path.name, lambda out: out.write(b""))
        return True

    def _answer(self, request: str, receipt: Receipt) -> None:
        assert self.layout.receipt is not None, "read_layout checks it"
        named = FileName.of(self.layout.receipt.name)
        assert named is not None, "read_layout checks it"
        name = named.write(request=request.rpartition(".")[0] or request)
        words = speech.apart(receipt)
        data = _bytes(Sheet(self.layout, self.layout.receipt), words, [words])
        self._arrive(name, data)

    # --- the bank's files -------------------------------------------------------------------

    def _tell(self) -> bool:
        state = self._state()
        planned: Any = state.get("planned")
        if planned is None:
            told = list(self.bank.collect(after=_cursor(state)))
            if not told:
                return False
            today = day_of(self.clock.now())
            planned = {"to": told[-1].cursor, "day": today.isoformat()}
            self._keep({**state, "planned": planned})
        else:
            told = list(_up_to(self.bank.collect(after=_cursor(state)), planned["to"]))
        numbers: dict[str, int] = dict(state.get("numbers", {}))
        day = date.fromisoformat(planned["day"])
        for sheetful in self._sheetfuls([each.notice for each in told], day, numbers):
            self._lay(sheetful)
        self._keep({"cursor": planned["to"], "numbers": numbers})
        return True

    def _sheetfuls(
        self, notices: Iterable[BankNotice], day: date, numbers: dict[str, int]
    ) -> Iterator[Sheetful]:
        by_channel: dict[str, list[BankNotice]] = {}
        for notice in notices:
            if isinstance(notice, RequestAnswered) and not self._tells(RequestAnswered):
                continue  # this bank answers by a file of its own, which was laid out
            by_channel.setdefault(self._channel_of(notice), []).append(notice)
        for channel, many in by_channel.items():
            whole = isinstance(many[0], DailyCardList | Statement)
            most = 1 if whole else _MOST_LINES
            for at in range(0, len(many), most):
                part = tuple(many[at : at + most])
                on = part[0].day if isinstance(part[0], DailyCardList | Statement) else day
                daily = self.layout.collect[channel].numbering == "daily"
                count = f"{channel}|{on.isoformat()}" if daily else channel
                numbers[count] = numbers.get(count, 0) + 1
                place = Place(on.toordinal(), numbers[count])
                named = FileName.of(self.layout.collect[channel].name)
                assert named is not None, "read_layout checks it"
                name = named.write(day=on, number=place.number)
                yield Sheetful(channel, name, place, part)

    def _tells(self, kind: type) -> bool:
        return any(kind.__name__ in file.notices.values() for file in self.layout.collect.values())

    def _channel_of(self, notice: BankNotice) -> str:
        kind = type(notice).__name__
        for name, file in self.layout.collect.items():
            if file.kind == kind or kind in file.notices.values():
                return name
        msg = f"no file tells a {kind}"
        raise LookupError(msg)

    def _lay(self, one: Sheetful) -> None:
        file = self.layout.collect[one.channel]
        day = date.fromordinal(one.place.day)
        head: dict[str, Any] = {DAY: day, NUMBER: one.place.number}
        if file.kind:
            head = {**speech.apart(one.notices[0]), **head}
            lines = [speech.apart(line) for line in speech.lines_of(one.notices[0])]
        else:
            tags = {kind: tag for tag, kind in file.notices.items()}
            lines = [
                {**speech.apart(each), file.tag: tags[type(each).__name__]} for each in one.notices
            ]
        data = _bytes(Sheet(self.layout, file), head, lines)
        sent = self._on_its_way(one.name, data)
        if sent is not None:
            self._arrive(one.name, sent)

    def _arrive(self, name: str, data: bytes) -> None:
        """Lay a file; if the wire spoils it, the whole one comes later."""
        sent = self.wire(data)
        if sent != data:
            self._later(name, data)
        appear(self.inbox / name, lambda out: out.write(sent))

    # --- faults -----------------------------------------------------------------------------

    def _on_its_way(self, name: str, data: bytes) -> bytes | None:
        """Return what arrives under *name* now; the whole file comes later if that is not it."""
        for kind, spoil in _SPOILED.items():
            if self.faults.happens(kind, name):
                self.happened.append(Fault(kind, name, 0))
                share = self.faults.share(kind.value, name)
                self._later(name, data)
                return spoil(data, share)
        if self.faults.happens(FaultKind.LATE_FILE, name):
            self.happened.append(Fault(FaultKind.LATE_FILE, name, 0))
            self._later(name, data)
            return None
        if self.faults.happens(FaultKind.DOUBLE_FILE, name):
            self.happened.append(Fault(FaultKind.DOUBLE_FILE, name, 0))
            self._later(name, data)
        return data

    def _later(self, name: str, data: bytes) -> None:
        """Keep the whole file, so that it comes although the bank is killed before."""
        appear(self.home / "late" / name, lambda out: out.write(data))
        self._late[name] = self._steps + _LATE_BY

    def _mend(self) -> bool:
        due = [name for name, step in self._late.items() if step <= self._steps]
        for name in due:
            whole = (self.home / "late" / name).read_bytes()
            appear(self.inbox / name, lambda out, whole=whole: out.write(whole))  # type: ignore[misc]
            (self.home / "late" / name).unlink()
            del self._late[name]
        return bool(due)

    @property
    def under_way(self) -> int:
        """How many files are still to come whole."""
        return len(self._late)

    # --- how far it has come ----------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.home / "state.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def _keep(self, state: Mapping[str, Any]) -> None:
        text = json.dumps(state, sort_keys=True).encode()
        appear(self.home / "state.json", lambda out: out.write(text))


class _Unreadable(ValueError):
    """A whole file with a line that cannot be read; its key is known."""


def _request(sheet: Sheet, kind: type, path: Path) -> BankRequest:
    with path.open("rb") as file:
        head = sheet.verify(file)
        lines = list(sheet.details(file, head))
    good = [line for line in lines if not isinstance(line, BadLine)]
    if len(good) < len(lines):
        raise _Unreadable(head.words.get("key"))
    request: BankRequest = speech.request_of(kind, head.words, good)
    return request


def _refused(key: object) -> Receipt | None:
    with suppress(InvalidInput):
        if isinstance(key, str):
            return Receipt(
                key=RequestKey(key), answer=Answer.REFUSED, rows=0, total=Fen(0),
                bank_code=_UNREADABLE, bank_text="文件有不能识别的明细",
            )  # fmt: skip
    return None


def _cursor(state: Mapping[str, Any]) -> Cursor | None:
    told = state.get("cursor")
    return None if told is None else Cursor(told)


def _up_to(told: Iterable[Collected], last: str) -> Iterator[Collected]:
    for each in told:
        yield each
        if each.cursor == last:
            return


def _bytes(sheet: Sheet, head: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> bytes:
    out = io.BytesIO()
    sheet.write(out, head, lines)
    return out.getvalue()


# --- what can happen to a file --------------------------------------------------------------


def _cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def _wrong_total(data: bytes, share: float) -> bytes:
    """Take one line away and keep the trailer, or the digest alone where there is one line."""
    del share
    lines = data.splitlines(keepends=True)
    if len(lines) > 2:  # noqa: PLR2004 - header and trailer
        return b"".join([lines[0], *lines[2:]])
    return lines[0] + lines[0] + lines[-1]


def _wrong_encoding(data: bytes, share: float) -> bytes:
    del share
    return b"\xef\xbb\xbf" + data.decode("gb18030").encode("utf-8")


_SPOILED: Final = {
    FaultKind.TRUNCATE_FILE: _cut,
    FaultKind.WRONG_TOTAL: _wrong_total,
    FaultKind.WRONG_ENCODING: _wrong_encoding,
}
