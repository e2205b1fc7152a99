"""Know the line to a simulated bank (模拟银行): a bank adapter that can be made to misbehave.

The bank behind the line is exact: one effect for each key, ever. The line loses, doubles, delays
and cuts what passes over it as its :class:`FaultPlan` says. Everything follows from the seed, the
calls and the clock; everything that happened stands in a journal, from which the same bank rises
again after a kill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import RLock
from typing import Final, Self, get_args

from szunion.adapters.bank.acts import ACTS
from szunion.adapters.bank.books import Books, Op, micros
from szunion.adapters.bank.buttons import Simulate
from szunion.adapters.bank.faults import Fault, FaultKind, FaultPlan
from szunion.adapters.bank.habits import Agenda, Habits, acts_until, micros_of
from szunion.adapters.bank.journal import (
    FileJournal,
    Journal,
    MemoryJournal,
    from_line,
    header,
    to_line,
    unusable,
)
from szunion.adapters.bank.line import Line
from szunion.adapters.bank.post import cursor_at, place_of
from szunion.adapters.bank.requests import seen, take, to_op
from szunion.adapters.bank.truth import BankTruth
from szunion.adapters.system import SystemClock
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.values import CardToken, RequestKey
from szunion.emv.pan import CardNumber
from szunion.errors import BankOutcomeUnknown, BankUnavailable, Conflict, NotFound
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.ports.system import Clock

SIMULATED: Final = BankInfo(
    name="simulated",
    accepts=frozenset(get_args(BankRequest)),
    gapless=True,
)
"""What the simulated bank says of itself, unless it is told to say something else."""

_REQUESTS: Final = frozenset({"open", "use", "pay", "reserve", "ask_list", "ask_statement"})


class SimulatedBank:
    """A bank in process, with its own truth, over a line that can misbehave.

    Args:
        seed: Decides card numbers and tokens.
        clock: What time it is at the bank; without one, the machine's.
        faults: What the line does; without one, nothing goes wrong.
        info: What it says of itself: its charset and batch limit are obeyed.
        habits: What the bank does of its own accord; without, only what it is told to.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        clock: Clock | None = None,
        faults: FaultPlan | None = None,
        info: BankInfo = SIMULATED,
        habits: Habits | None = None,
    ) -> None:
        self._info = info
        self._clock: Clock = clock or SystemClock()
        self._lock = RLock()
        self._books = Books(seed, charset=info.charset, most_rows=info.most_rows)
        self._line = Line(self._books, faults or FaultPlan.none())
        self._journal: Journal = MemoryJournal([to_line(self._header())])
        self._agenda: Agenda | None = None
        self.auto(habits)
        self.simulate = Simulate(self._books, self._told_to)
        self.truth = BankTruth(self._books, self._line.post.refused)

    @classmethod
    def open(  # noqa: PLR0913  (what the constructor takes, and where)
        cls,
        path: Path | str,
        *,
        seed: int = 7,
        clock: Clock | None = None,
        faults: FaultPlan | None = None,
        info: BankInfo = SIMULATED,
        habits: Habits | None = None,
    ) -> Self:
        """Return the bank whose journal is the file *path*; it is made if it is not there.

        Every act is on disk before anybody hears of it, so a killed process meets the same bank.

        Raises:
            ConfigError: another process holds the file, or it is another bank's (E-SIM-005).
        """
        bank = cls(seed=seed, clock=clock, faults=faults, info=info)
        journal = FileJournal(Path(path))
        try:
            lines = journal.read()
            bank._replay(lines, str(path))
        except BaseException:
            journal.close()
            raise
        if not lines:
            journal.write(bank._header())
            journal.sync()
        bank._journal = journal
        bank._go_on(habits)
        return bank

    def snapshot(self) -> bytes:
        """Return everything that happened at this bank, as lines of JSON, for :meth:`restore`."""
        with self._lock:
            return b"".join(line + b"\n" for line in self._journal.read())

    @classmethod
    def restore(  # noqa: PLR0913  (what the constructor takes, and from what)
        cls,
        snapshot: bytes,
        *,
        seed: int = 7,
        clock: Clock | None = None,
        faults: FaultPlan | None = None,
        info: BankInfo = SIMULATED,
        habits: Habits | None = None,
    ) -> Self:
        """Return the bank of a :meth:`snapshot`, in memory.

        Raises:
            ConfigError: it is another bank's, or damaged (E-SIM-005).
        """
        bank = cls(seed=seed, clock=clock, faults=faults, info=info)
        lines = snapshot.splitlines()
        bank._replay(lines, "snapshot")
        bank._journal = MemoryJournal(lines)
        bank._go_on(habits)
        return bank

    def close(self) -> None:
        """Let the journal go. A second time does nothing."""
        with self._lock:
            self._journal.close()

    # --- the port -------------------------------------------------------------------------

    @property
    def info(self) -> BankInfo:
        """What this bank accepts and promises."""
        return self._info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Hand *request* over; the same key a second time gives the same receipt.

        Raises:
            BankUnavailable: it never arrived.
            BankOutcomeUnknown: it may have arrived.
            TypeError: the request is not in ``info.accepts``.
        """
        if type(request) not in self._info.accepts:
            msg = f"{type(request).__name__} is not in info.accepts"
            raise TypeError(msg)
        with self._lock:
            if deadline.seconds <= 0:
                raise BankUnavailable("E-BANK-001", bank=self._info.name)
            self._live()
            try:
                return self._send(to_op(request, self._books))
            finally:
                self._journal.sync()

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Return what became of *key*; None: the bank never saw it.

        Raises:
            BankUnavailable: the question never arrived, or no answer came.
        """
        with self._lock:
            if deadline.seconds <= 0:
                raise BankUnavailable("E-BANK-001", bank=self._info.name)
            self._live()
            nth = self._nth("ask", key.text)
            self._journal.sync()
            lost = self._line.strikes(FaultKind.UNREACHABLE, f"ask-{key}", nth)
            if lost or self._line.strikes(FaultKind.DROP_QUESTION, key.text, nth):
                raise BankUnavailable("E-BANK-001", bank=self._info.name)
            answered = self._books.answers.get(key.text)
            return None if answered is None else answered.receipt

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Yield what the bank has told since *after*, in any order, each as often as it likes.

        Raises:
            BankUnavailable: nothing, or nothing more, could be fetched now.
            InvalidInput: the cursor is not one of this bank's (E-SIM-004).
        """
        with self._lock:
            self._live()
            nth = self._nth("collect", "")
            self._release()
            self._journal.sync()
            place = place_of(after, len(self._line.post.delivered))
            broken = self._line.strikes(FaultKind.BREAK_COLLECT, "collect", nth)
            end = len(self._line.post.delivered)
            if broken:
                end = place + int((end - place) * self._line.plan.share("break", "collect", nth))
            return self._delivered(place, end, broken=broken)

    def _delivered(self, place: int, end: int, *, broken: bool) -> Iterator[Collected]:
        log, delivered = self._books.log, self._line.post.delivered
        for index in range(place, end):
            yield Collected(notice=log[delivered[index]], cursor=cursor_at(index + 1))
        if broken:
            raise BankUnavailable("E-BANK-001", bank=self._info.name)

    # --- what a test can turn -------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        """What time it is at the bank."""
        return self._clock

    @property
    def faults(self) -> FaultPlan:
        """What the line does now; it may be set at any time."""
        return self._line.plan

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        with self._lock:
            self._line.take_in()
            self._line.plan = plan

    @property
    def happened(self) -> tuple[Fault, ...]:
        """Every fault that happened, in order: what a failing storm is shrunk from."""
        return tuple(self._line.happened)

    def heal(self) -> None:
        """Let nothing go wrong any more, and let all that is under way arrive now."""
        with self._lock:
            self._live()
            self.faults = FaultPlan.none()
            self._line.post.hurry()
            for number in self._line.under_way():
                self._arrive(number, self._now())
            self._journal.sync()

    def auto(self, habits: Habits | None) -> None:
        """Let the bank act of its own accord from now on, or with None no more."""
        with self._lock:
            if habits is None:
                self._agenda = None
            else:
                self._books.now = self._now()
                self._agenda = Agenda(self._books, habits)

    def keep_time_by(self, clock: Clock) -> None:
        """Use *clock* from now on; a bank at which nothing has happened begins with it."""
        with self._lock:
            self._clock = clock
            if not self._books.acts:
                self._books.now = 0

    # --- one call -------------------------------------------------------------------------

    def _send(self, op: Op) -> Receipt:
        key: str = op["key"]
        nth = self._nth("send", key)
        unknown = BankOutcomeUnknown("E-BANK-002", bank=self._info.name, key=key)
        if self._line.strikes(FaultKind.UNREACHABLE, key, nth):
            raise BankUnavailable("E-BANK-001", bank=self._info.name)
        if self._line.strikes(FaultKind.DROP_REQUEST, key, nth):
            raise unknown
        if self._line.strikes(FaultKind.DELAY_REQUEST, key, nth):
            share = self._line.plan.share("flight", key, nth)
            due = self._now() + int(share * micros_of(self._line.plan.most_delay))
            self._do({"op": "flight", "at": self._now(), "due": due, "what": op})
            raise unknown
        receipt = self._take(op, self._now())
        if self._line.strikes(FaultKind.DOUBLE_REQUEST, key, nth):
            self._take(op, self._now())
        no_answer = self._line.strikes(FaultKind.DROP_RESPONSE, key, nth)
        if no_answer or self._line.strikes(FaultKind.ERROR_AFTER_ACTING, key, nth):
            if key in self._books.answers and self._line.strikes(FaultKind.LATE_RECEIPT, key, nth):
                self._do({"op": "receipt", "at": self._now(), "key": key})
            raise unknown
        return receipt

    def _take(self, op: Op, at: int) -> Receipt:
        """Let a request arrive; a known one changes nothing but the count of arrivals."""
        known = seen(self._books, op)
        if known is not None:
            self._do({"op": "again", "at": at, "key": op["key"]})
            return known
        self._do({**op, "at": at})
        return self._books.answers[op["key"]].receipt

    def _told_to(self, op: Op) -> None:
        with self._lock:
            self._live()
            self._do({**op, "at": self._now()})
            self._journal.sync()

    def _live(self) -> None:
        """Do all that was due by now: requests that were under way, and the bank's habits."""
        now = self._now()
        while (landing := self._line.landing(now)) is not None:
            due, number = landing
            for op in acts_until(self._agenda, due):
                self._do(op)
            self._arrive(number, due)
        for op in acts_until(self._agenda, now):
            self._do(op)
        self._books.now = max(self._books.now, now)

    def _arrive(self, number: int, at: int) -> None:
        op = self._line.request(number)
        self._do({"op": "arrive", "at": at, "number": number})
        self._take(op, at)

    def _release(self) -> None:
        order, refused = self._line.release()
        if order or refused:
            at = self._now()
            self._do({"op": "release", "at": at, "order": order, "refused": refused})

    # --- acts -----------------------------------------------------------------------------

    def _do(self, op: Op) -> None:
        """Do one act and write it down; nobody hears of it before ``sync``."""
        op = self._line.skewed(op)
        self._apply(op)
        self._journal.write(op)

    def _apply(self, op: Op) -> None:
        """Do what one line of the journal says, in the books or on the line."""
        books = self._books
        books.begin(op)
        if self._line.carries(op):
            return
        match op["op"]:
            case "again":
                books.arrived[op["key"]] = books.arrived.get(op["key"], 0) + 1
            case name if name in _REQUESTS:
                books.arrived[op["key"]] = books.arrived.get(op["key"], 0) + 1
                take(books, op)
            case name:
                try:
                    ACTS[name](books, op)
                except BaseException:
                    books.acts -= 1
                    raise

    def _replay(self, lines: list[bytes], path: str) -> None:
        for number, line in enumerate(lines):
            try:
                op = from_line(line)
                if number:
                    self._apply(op)
                elif op != self._header():
                    raise unusable(path, "不是这家银行的", "it is another bank's")
            except (ValueError, KeyError, IndexError, Conflict, NotFound) as error:
                where = f"第 {number + 1} 行", f"line {number + 1}"
                raise unusable(path, *where) from error
        self._line.recover()

    def _go_on(self, habits: Habits | None) -> None:
        """Take habits up where the journal ends, so that what fell due meanwhile is done."""
        if habits is None or not self._books.acts:
            self.auto(habits)
        else:
            self._agenda = Agenda(self._books, habits)

    def _header(self) -> Op:
        return header(self._books.seed, self._books.charset, self._books.most_rows)

    def token_of(self, number: CardNumber) -> CardToken | None:
        """See :class:`szunion.ports.bank.NamesCards`."""
        plain = number.plain()
        found = (card.ref.token for card in self._books.cards if card.number == plain)
        return next(found, None)

    # --- faults ---------------------------------------------------------------------------

    def _now(self) -> int:
        return max(micros(self._clock.now()), self._books.now)

    def _nth(self, what: str, key: str) -> int:
        """Return the how-manieth call of its kind this is; counted while faults are about."""
        if self._line.plan.quiet:
            return 0
        name = f"{what}|{key}"
        self._do({"op": "call", "at": self._now(), "what": name})
        return self._line.times(name)
