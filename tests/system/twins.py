"""Two stores that live the same history at once, from one beginning to which both return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from attrs import define, evolve, field, frozen
from tests.cardtown import CardTown, card_town_on
from tests.databases import database_for
from tests.offices import PAPER, Town, applicant, engine, member, office_on

from szunion.adapters.bank.simulated import SIMULATED
from szunion.adapters.storage.memory.storage import MemoryStorage
from szunion.adapters.storage.memory.tables import Undo
from szunion.adapters.storage.postgres import connection as pg
from szunion.adapters.storage.postgres.storage import BorrowedPostgres
from szunion.adapters.storage.sqlite.session import connect
from szunion.adapters.storage.sqlite.storage import BorrowedSqlite
from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.bank_desk import BankDesk
from szunion.application.card_deadlines import CardDeadlines
from szunion.application.office import Office
from szunion.domain.access import Operation, Scope
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import Answer, BankRequest, PayOut, Receipt
from szunion.domain.holds import HoldReason
from szunion.domain.inbox import Hearing
from szunion.domain.members import MembershipReason
from szunion.domain.outbox import DispatchState
from szunion.domain.values import Fen, PersonId, RequestKey, TransferId
from szunion.errors import BankOutcomeUnknown, BankUnavailable, SzunionError
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.ports.storage import UnitOfWork
from szunion.testing.clock import SeededIds, SimClock

T = TypeVar("T")
Step = tuple[int, int, int]

PEOPLE: Final = 4
"""One with an active card, one with a card that is not activated, one in a batch, one without."""


# --- stores that return to their beginning -------------------------------------------------


@define
class MemoryTrial:
    """A store in memory whose every change since the beginning can be undone."""

    store: MemoryStorage
    undo: Undo = field(factory=list)

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:  # noqa: ARG002
        steps: Undo = []
        try:
            result = work(self.store._unit(steps))
        except BaseException:
            for step in reversed(steps):
                step()
            raise
        self.undo += steps
        return result

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return self.store.read(look)

    @property
    def side_by_side(self) -> int:
        return 1

    def close(self) -> None:
        self.store.close()

    def begin(self) -> None:
        """Begin a history."""

    def back(self) -> None:
        """Return to the beginning."""
        for step in reversed(self.undo):
            step()
        self.undo.clear()


@define
class SqliteTrial(BorrowedSqlite):
    """A database in whose one open transaction a history is lived, and rolled back."""

    def close(self) -> None:
        """Close the connection: this host is we."""
        self.connection.close()

    def begin(self) -> None:
        """Begin a history."""
        self.connection.execute("BEGIN IMMEDIATE")

    def back(self) -> None:
        """Check what a commit would check, and return to the beginning."""
        loose = self.connection.execute("PRAGMA foreign_key_check").fetchall()
        self.connection.rollback()
        assert loose == []


@define
class PostgresTrial(BorrowedPostgres):
    """A database in whose one open transaction a history is lived, and rolled back."""

    def close(self) -> None:
        """Close the connection: this host is we."""
        self.connection.close()

    def begin(self) -> None:
        """Begin a history."""
        pg.tell(self.connection, "BEGIN ISOLATION LEVEL SERIALIZABLE")

    def back(self) -> None:
        """Check what a commit would check, and return to the beginning."""
        try:
            pg.tell(self.connection, "SET CONSTRAINTS ALL IMMEDIATE")
        finally:
            pg.tell(self.connection, "ROLLBACK")


@frozen
class OracleBank:
    """A line that answers as it is told, and remembers nothing."""

    answer: int
    info: BankInfo = SIMULATED

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        assert deadline.seconds > 0
        match self.answer % 4:
            case 0:
                raise BankOutcomeUnknown("E-BANK-002", bank="x", key=request.key)
            case 1:
                raise BankUnavailable("E-BANK-001", bank="x")
            case 2:
                refused = Answer.REFUSED
                return Receipt(key=request.key, answer=refused, rows=0, total=Fen(0), bank_code="B")
            case _:
                rows = len(getattr(request, "rows", getattr(request, "lines", "1")))
                total = request.total if isinstance(request, PayOut) else Fen(0)
                accepted = Answer.ACCEPTED
                return Receipt(key=request.key, answer=accepted, rows=rows, total=total)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        assert deadline.seconds > 0
        match self.answer % 4:
            case 0:
                return None
            case 1:
                raise BankUnavailable("E-BANK-001", bank="x")
            case 2:
                refused = Answer.REFUSED
                return Receipt(key=key, answer=refused, rows=0, total=Fen(0), bank_code="B")
            case _:
                return Receipt(key=key, answer=Answer.ACCEPTED, rows=1, total=Fen(0))

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        assert after is None
        return ()


Trial: TypeAlias = MemoryTrial | SqliteTrial | PostgresTrial


# --- one of the two ------------------------------------------------------------------------


@define
class Twin:
    """One store with everything that was true at the beginning."""

    place: CardTown
    trial: Trial
    people: list[PersonId]
    news: list[BankNotice]
    began: datetime
    last_id: int

    @property
    def town(self) -> Town:
        return self.place.town

    @property
    def office(self) -> Office:
        return self.place.office

    def look(self, view: Callable[[UnitOfWork, Scope], T]) -> T:
        return self.trial.read(lambda work: view(work, authorise(work, engine(), _DESK)))

    def live(self, steps: Sequence[Step]) -> list[object]:
        """Live a history; return what was answered to each step, and all that is known then."""
        self.trial.begin()
        try:
            story: list[object] = [self._one(*step) for step in steps]
            return [*story, *self.everything()]
        finally:
            self.trial.back()
            clock, ids = self.office.clock, self.office.ids
            assert isinstance(clock, SimClock)
            assert isinstance(ids, SeededIds)
            clock._now, ids._last = self.began, self.last_id

    def _one(self, act: int, who: int, how: int) -> object:
        name, do = ACTS[act % len(ACTS)]
        try:
            return name, do(self, who % PEOPLE, how)
        except SzunionError as error:
            return name, error.code

    def everything(self) -> list[object]:
        """Return all that the store knows of these people, their cards, and the bank."""

        def view(work: UnitOfWork, scope: Scope) -> list[object]:
            cards = work.cards.of_people(scope, self.people)
            return [
                cards,
                [work.cards.facts(scope, kept.id) for kept in cards],
                [work.instructions.of_card(scope, kept.id) for kept in cards],
                [work.rows.of_person(scope, one) for one in self.people],
                [work.entitlements.of_person(scope, one) for one in self.people],
                [work.members.episodes(scope, one) for one in self.people],
                [work.messages.of_person(scope, one) for one in self.people],
                work.batches.listed(scope),
                work.outbox.listed(scope, list(DispatchState)),
                work.inbox.listed(scope, list(Hearing), most=10_000),
                list(work.audit.unsealed(scope, 10_000)),
            ]

        return self.look(view)


_DESK: Final = Operation.BANK_DESK


def twin_on(kind: str, folder: Path) -> Twin:
    """Return a store at the beginning of every history."""
    office = office_on(kind, folder)
    place = card_town_on(office)
    people = [place.town.admit(0, applicant(index)) for index in range(PEOPLE)]
    place.activate(people[:1])
    place.produce(people[1:2])
    place.approve(people[2:3])
    known = len(place.bank.truth.told)
    for seen in place.bank.truth.cards:
        _happen(place, seen.card)
    place.clock.advance(hours=1)
    AuditLog(place.office, engine()).seal_all()
    storage = office.storage
    trial: Trial
    if isinstance(storage, MemoryStorage):
        trial = MemoryTrial(storage)
    elif kind == "postgres":
        storage.close()
        dsn = database_for(folder).app
        trial = PostgresTrial(pg.connect(dsn, pg.Limits()), office.clock, office.ids, office.vault)
    else:
        storage.close()
        connection = connect(folder / "union.db")
        trial = SqliteTrial(connection, office.clock, office.ids, office.vault)
    inside = evolve(place.office, storage=trial)
    moved = evolve(place, town=evolve(place.town, office=inside))
    assert isinstance(office.ids, SeededIds)
    news = list(place.bank.truth.told)[known:]
    return Twin(moved, trial, people, news, place.clock.now(), office.ids.new())


def _happen(place: CardTown, card: object) -> None:
    """Let things happen to a card at the bank, of which the union has not heard."""
    bank = place.bank.simulate
    (seen,) = [each for each in place.bank.truth.cards if each.card == card]
    if seen.state.value == "ISSUED":
        bank.activate(seen.card)
    bank.report_loss(seen.card, written=True)
    bank.undo_loss(seen.card)
    bank.freeze(seen.card)
    bank.unfreeze(seen.card)
    bank.activate(bank.replace(seen.card))
    bank.contradict(seen.card)
    bank.revive_closed(seen.card)


# --- what may happen -----------------------------------------------------------------------

Act = Callable[[Twin, int, int], object]


def _apply(twin: Twin, who: int, how: int) -> object:
    desk = twin.town.memberships(twin.town.g(how % 2))
    return desk.apply(applicant(who), twin.town.unions[how % 2].id).state


def _approve(twin: Twin, who: int, how: int) -> object:
    return twin.town.memberships(twin.town.g(how % 2)).approve(twin.people[who]).state


def _quit(twin: Twin, who: int, how: int) -> object:
    desk = twin.town.memberships(twin.town.g(how % 2))
    return desk.quit(twin.people[who], document="1").state


def _move_out(twin: Twin, who: int, how: int) -> object:
    return twin.town.memberships(twin.town.g(how % 2)).move_out(twin.people[who]).state


def _retain(twin: Twin, who: int, how: int) -> object:
    desk = twin.town.memberships(twin.town.g(0))
    if how % 2:
        return desk.resume(twin.people[who]).state
    return desk.retain(twin.people[who], reason=MembershipReason.UNEMPLOYED).state


def _transfer(twin: Twin, who: int, how: int) -> object:
    town, person = twin.town, twin.people[who]
    newest = max(
        twin.look(
            lambda work, scope: [
                transfer.id
                for episode in work.members.episodes(scope, person)
                for transfer in work.transfers.of_membership(scope, person, episode.id)
            ]
        ),
        default=TransferId(0),
    )
    match how % 3:
        case 0:
            return town.transfers(member(person)).request(person, town.unions[1].id).state
        case 1:
            return town.transfers(town.g(0)).release(newest).state
        case _:
            return town.transfers(town.g(1)).accept(newest).state


def _lock(twin: Twin, who: int, how: int) -> object:
    reasons = (HoldReason.MISUSE, HoldReason.PLASTIC_MISSING, HoldReason.DATA_DOUBT)
    card = twin.place.card(twin.people[who % 2]).id
    return twin.place.cards(twin.town.g(how % 2)).lock(card, reasons[how % 3]).card


def _unlock(twin: Twin, who: int, how: int) -> object:
    kept = twin.place.card(twin.people[who % 2])
    holds = kept.card.open_holds
    by = twin.town.c1 if how % 2 else twin.town.g(0)
    return [twin.place.cards(by).unlock(kept.id, hold.id, "1").card for hold in holds]


def _use(twin: Twin, who: int, how: int) -> object:
    assert how >= 0
    return sorted(twin.place.against(twin.place.card(twin.people[who % 2])))


def _batch(twin: Twin, who: int, how: int) -> object:
    desk = twin.place.batches()
    newest = max(batch.id for batch in desk.listed())
    match how % 5:
        case 0:
            drafted = desk.draft(twin.people[who:], paper=PAPER)
            return len(drafted.rows), drafted.already, drafted.not_here
        case 1:
            return desk.check(newest)
        case 2:
            return desk.submit(newest)
        case 3:
            return twin.place.batches(twin.town.c1).approve(newest)
        case _:
            by = twin.town.c1 if who % 2 else twin.town.g(0)
            return twin.place.batches(by).cancel(newest)


def _plastic(twin: Twin, who: int, how: int) -> object:
    kept = twin.place.card(twin.people[who % 2])
    desk = twin.place.custody()
    row = twin.place.row(twin.people[who % 2])
    match how % 4:
        case 0:
            return desk.collect(row.batch, [kept.id])
        case 1:
            newest = max((one.id for one in desk.lists(row.batch)), default=0)
            return twin.place.custody(twin.town.g(0, "second")).sign(newest)
        case 2:
            return desk.hand_out(kept.id, "1").custody
        case _:
            return desk.miss(kept.id).custody


def _tell(twin: Twin, who: int, how: int) -> object:
    first = (who * 7 + how) % len(twin.news)
    told = twin.news[first : first + 1 + how % 3]
    twin.place.tell(*told)
    return [twin.place.heard(notice.told.event_id).hearing for notice in told]


def _deliver(twin: Twin, who: int, how: int) -> object:
    assert who >= 0
    return BankDesk(office=twin.office, bank=OracleBank(how)).deliver("w")


def _ask(twin: Twin, who: int, how: int) -> object:
    assert who >= 0
    return BankDesk(office=twin.office, bank=OracleBank(how)).ask("w")


def _wait(twin: Twin, who: int, how: int) -> object:
    twin.place.clock.advance(hours=(1, 25, 24 * 11, 24 * 400)[how % 4])
    desk = BankDesk(office=twin.office, bank=OracleBank(who))
    kept = CardDeadlines(twin.office, engine()).keep()
    return desk.recover(), desk.ear.look_again(), kept


ACTS: Final[Sequence[tuple[str, Act]]] = (
    ("tell", _tell), ("tell", _tell), ("tell", _tell), ("deliver", _deliver), ("ask", _ask),
    ("wait", _wait), ("lock", _lock), ("unlock", _unlock), ("use", _use), ("quit", _quit),
    ("apply", _apply), ("approve", _approve), ("move out", _move_out), ("retain", _retain),
    ("transfer", _transfer), ("batch", _batch), ("batch", _batch), ("plastic", _plastic),
)  # fmt: skip
