"""Know the way of a notice from the bank's log to whoever collects it, and lose none.

The post has one order of delivery, and it only ever grows: a notice comes into it when it is due,
a doubled one comes in more than once, a late one comes in later. A cursor is a place in that
order, so whoever goes on from any cursor meets everything behind it, whatever the faults.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence
from datetime import date
from typing import Final

from attrs import evolve, frozen

from szunion.adapters.bank.books import Books
from szunion.adapters.bank.faults import Fault, FaultKind, FaultPlan
from szunion.domain.bank import BankNotice, DailyCardList, OrderReturned, OrderSettled, Statement
from szunion.errors import InvalidInput
from szunion.ports.bank import Cursor

_HOUR: Final = 3_600_000_000
"""A refused file is sent anew after this many microseconds."""


@frozen
class RefusedFile:
    """A file that was not whole and of which nothing was taken (F10)."""

    group: int
    attempt: int
    reason: str
    """``COUNT``: lines are missing; ``TOTAL``: the control total does not fit."""
    day: date | None


@frozen
class ArrivedFile:
    """A file as it came over the line: its notices, and what its trailer says."""

    notices: tuple[BankNotice, ...]
    count: int
    fen: int


class Post:
    """What is under way, and what has been delivered in which order."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.delivered = array("L")
        self.refused: list[RefusedFile] = []
        self._pending: list[tuple[int, int, int]] = []
        self._attempts: dict[int, tuple[int, int]] = {}
        """Of each refused file: how often, and when last."""
        self._posted = 0

    def __len__(self) -> int:
        """Return how many notices are still under way."""
        return len(self._pending)

    def take_in(self, plan: FaultPlan, happened: list[Fault]) -> None:
        """Send off what the bank has told since the last time."""
        log, written = self._books.log, self._books.written
        if plan.quiet:
            for index in range(self._posted, len(log)):
                heapq.heappush(self._pending, (written[index], index, 0))
        else:
            for index in range(self._posted, len(log)):
                copies = _copies(plan, log[index].told.event_id, index, happened)
                for copy in range(1 + copies):
                    heapq.heappush(self._pending, self._due(index, copy, plan, happened))
        self._posted = len(log)

    def _due(
        self, index: int, copy: int, plan: FaultPlan, happened: list[Fault]
    ) -> tuple[int, int, int]:
        subject = f"{self._books.log[index].told.event_id}@{index}"
        due = self._books.written[index]
        fault = Fault(FaultKind.DELAY_NOTICE, subject, copy)
        if plan.happens(*_parts(fault)):
            happened.append(fault)
            due += int(plan.share("delay", subject, copy) * plan.most_delay.total_seconds() * 1e6)
        return due, index, copy

    def hurry(self) -> None:
        """Let everything that is under way arrive now: the line has healed."""
        now = self._books.now
        self._pending = [(min(due, now), index, copy) for due, index, copy in self._pending]
        heapq.heapify(self._pending)

    def release(self, plan: FaultPlan, happened: list[Fault]) -> tuple[list[int], list[int]]:
        """Return what is due now in its order, and the files that were refused; keep neither.

        The answer counts when it is given to :meth:`deliver`, after it has been journalled.
        """
        now = self._books.now
        due: list[tuple[int, int]] = []
        while self._pending and self._pending[0][0] <= now:
            _, index, copy = heapq.heappop(self._pending)
            due.append((index, copy))
        if plan.quiet or not due:
            return [index for index, _ in due], []
        refused = self._refuse_broken_files(due, plan, happened)
        groups = self._books.groups
        back = [(index, copy) for index, copy in due if groups[index] in refused]
        for index, copy in back:
            heapq.heappush(self._pending, (now + _HOUR, index, copy))
        kept = [(index, copy) for index, copy in due if groups[index] not in refused]
        return self._shuffled(kept, plan, happened), sorted(refused)

    def deliver(self, order: Sequence[int], refused: Sequence[int], at: int) -> None:
        """Put what :meth:`release` answered behind all that was delivered."""
        self.delivered.extend(order)
        for group in refused:
            attempt, _ = self._attempts.get(group, (0, 0))
            self._attempts[group] = (attempt + 1, at)

    def recover(self, plan: FaultPlan, happened: list[Fault]) -> None:
        """Find out, after a restart, what is still under way: all that was not delivered."""
        counts: dict[int, int] = {}
        for index in self.delivered:
            counts[index] = counts.get(index, 0) + 1
        for index, notice in enumerate(self._books.log):
            copies = 0 if plan.quiet else _copies(plan, notice.told.event_id, index, [])
            for copy in range(counts.get(index, 0), 1 + copies):
                due, _, _ = self._due(index, copy, plan, happened)
                _, last = self._attempts.get(self._books.groups[index], (0, -_HOUR))
                heapq.heappush(self._pending, (max(due, last + _HOUR), index, copy))
        self._posted = len(self._books.log)

    # --- files ----------------------------------------------------------------------------

    def _refuse_broken_files(
        self, due: list[tuple[int, int]], plan: FaultPlan, happened: list[Fault]
    ) -> set[int]:
        files: dict[int, dict[int, None]] = {}
        for index, _ in due:
            files.setdefault(self._books.groups[index], {})[index] = None
        refused = set()
        for group, indices in files.items():
            notices = tuple(self._books.log[index] for index in indices)
            if len(notices) == 1 and not isinstance(notices[0], Statement | DailyCardList):
                continue
            attempt, _ = self._attempts.get(group, (0, 0))
            arrived = _over_the_line(_sent(notices), group, attempt, plan, happened)
            reason = broken(arrived)
            if reason:
                day = getattr(notices[0], "day", None)
                self.refused.append(RefusedFile(group, attempt, reason, day))
                refused.add(group)
        return refused

    def _shuffled(
        self, due: list[tuple[int, int]], plan: FaultPlan, happened: list[Fault]
    ) -> list[int]:
        keyed = []
        for place, (index, copy) in enumerate(due):
            subject = f"{self._books.log[index].told.event_id}@{index}"
            fault = Fault(FaultKind.REORDER_NOTICES, subject, copy)
            back = 0.0
            if plan.happens(*_parts(fault)):
                happened.append(fault)
                back = 0.5 + plan.share("reach", subject, copy) * plan.reach
            keyed.append((place + back, place, index))
        return [index for _, _, index in sorted(keyed)]


def broken(file: ArrivedFile) -> str:
    """Return why *file* must be refused whole; empty when it is whole."""
    if _lines(file.notices) != file.count:
        return "COUNT"
    if _fen(file.notices) != file.fen:
        return "TOTAL"
    return ""


def cursor_at(place: int) -> Cursor:
    """Return the cursor that stands behind *place* notices."""
    return Cursor(f"p{place}")


def place_of(cursor: Cursor | None, delivered: int) -> int:
    """Return how many notices stand before *cursor*.

    Raises:
        InvalidInput: it is not one of this bank's cursors (E-SIM-004).
    """
    if cursor is None:
        return 0
    digits = cursor[1:]
    if not (cursor[:1] == "p" and digits.isascii() and digits.isdigit() and len(digits) <= 18):  # noqa: PLR2004
        raise InvalidInput("E-SIM-004")
    place = int(digits)
    if place > delivered:
        raise InvalidInput("E-SIM-004")
    return place


def _copies(plan: FaultPlan, event_id: str, index: int, happened: list[Fault]) -> int:
    fault = Fault(FaultKind.DUPLICATE_NOTICE, f"{event_id}@{index}", 0)
    if not plan.happens(*_parts(fault)):
        return 0
    happened.append(fault)
    return 1 + int(plan.share("copies", fault.subject) * plan.most_copies)


def _parts(fault: Fault) -> tuple[FaultKind, str, int]:
    return fault.kind, fault.subject, fault.occurrence


def _sent(notices: tuple[BankNotice, ...]) -> ArrivedFile:
    return ArrivedFile(notices, _lines(notices), _fen(notices))


def _over_the_line(
    file: ArrivedFile, group: int, attempt: int, plan: FaultPlan, happened: list[Fault]
) -> ArrivedFile:
    cut = Fault(FaultKind.TRUNCATE_FILE, f"file-{group}", attempt)
    if plan.happens(*_parts(cut)) and file.count:
        happened.append(cut)
        return evolve(file, notices=_cut(file.notices, plan.share("cut", cut.subject, attempt)))
    wrong = Fault(FaultKind.WRONG_TOTAL, f"file-{group}", attempt)
    if plan.happens(*_parts(wrong)):
        happened.append(wrong)
        return evolve(file, fen=file.fen + 1)
    return file


def _cut(notices: tuple[BankNotice, ...], share: float) -> tuple[BankNotice, ...]:
    if len(notices) > 1:
        return notices[: int(len(notices) * share)]
    match notices[0]:
        case Statement(lines=lines) as whole:
            return (evolve(whole, lines=lines[: int(len(lines) * share)]),)
        case DailyCardList(cards=cards) as whole:
            return (evolve(whole, cards=cards[: int(len(cards) * share)]),)
        case _:
            return ()


def _lines(notices: tuple[BankNotice, ...]) -> int:
    count = 0
    for notice in notices:
        match notice:
            case Statement(lines=lines):
                count += len(lines)
            case DailyCardList(cards=cards):
                count += len(cards)
            case _:
                count += 1
    return count


def _fen(notices: tuple[BankNotice, ...]) -> int:
    total = 0
    for notice in notices:
        match notice:
            case Statement(lines=lines):
                total += sum(line.fen.amount for line in lines)
            case OrderSettled(fen=fen) | OrderReturned(fen=fen):
                total += fen.amount
            case _:
                pass
    return total
