"""Know the demo: sixty days of a city in seconds, with a bank that loses and doubles messages.

Everything follows from the seed: the people, the faults, the numbers, the bytes of the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.habits import Habits
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.notifier.recording import RecordingNotifier
from szunion.adapters.roster.writer import ExcelRosterWriter
from szunion.application.grants import AlreadyGranted, Granted, NotGranted, Proposed
from szunion.application.roster import ImportResult
from szunion.application.system import Desk
from szunion.application.worker import Worker
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Purpose
from szunion.domain.batches import Batch
from szunion.domain.card_files import KeptCard
from szunion.domain.custody import CustodyState
from szunion.domain.holds import HoldReason
from szunion.domain.orders import OrderState
from szunion.domain.organisations import Organisation
from szunion.domain.payouts import Obligation, PayoutBatch
from szunion.domain.values import Fen, PersonId
from szunion.errors import Conflict
from szunion.testing.clock import SeededChance, SeededIds, SimClock
from szunion.testing.rosters import synthetic_roster
from szunion.testing.world import DEMO_UNIONS, DemoCity, DemoUnion, demo_world
from szunion.text import Text

START: Final = "2017-11-23"
DAYS: Final = 60
_STEP: Final = timedelta(hours=8)
_CONSENTS: Final = "同意书2017-11"
"""Where each office has filed the signed consents to the hand-over to the bank."""
AID: Final = "ha-spring-festival"
HOUSEHOLDS: Final = 312
CEILING: Final = 100_000_000
"""The budget of the year for it, in fen."""
_HANDED_OUT: Final = 4
"""The union (by its place) that keeps plastic and hands it out itself."""
SIGN: Final = "# 演示城市的设置："
"""How a demo's settings begin: the sign that a folder is a demo's."""
_CONFIG: Final = """{sign}szunion --config {folder}/szunion.toml …
[szunion]
city = ""
database = "sqlite:///{folder}/union.db"

[szunion.bank]
name = "simulated"
settings = {{ seed = {seed}, journal = "{folder}/bank.jsonl" }}
"""

Progress = Callable[[Text, int], None]
"""Told what is being done, and on which day."""


def faults_of(seed: int) -> FaultPlan:
    """Return what goes wrong on the line to the demo's bank."""
    return FaultPlan(
        seed=seed,
        drop_response=0.35,
        error_after_acting=0.1,
        late_receipt=0.5,
        duplicate_notice=0.005,
        reorder_notices=0.01,
        delay_notice=0.003,
        truncate_file=0.05,
        most_delay=timedelta(days=1),
    )


@frozen(kw_only=True)
class Enrolled:
    """What became of one union's roster, and of its application."""

    union: DemoUnion
    organisation: Organisation
    result: ImportResult
    batch: Batch


@define
class Demo:
    """One run of the demo: the city, its bank, and the people who act in it."""

    folder: Path
    seed: int
    city: DemoCity
    bank: SimulatedBank
    notifier: RecordingNotifier
    clock: SimClock
    worker: Worker
    progress: Progress
    enrolled: list[Enrolled] = field(factory=list)
    locked: KeptCard | None = None
    replaced: KeptCard | None = None
    left: KeptCard | None = None
    handed: int = 0
    asked: list[int] = field(factory=list)
    """Proposals of aid."""
    asked_twice: int = 0
    not_granted: int = 0
    granted: list[Obligation] = field(factory=list)
    paid: list[PayoutBatch] = field(factory=list)

    @property
    def system(self) -> UnionSystem:
        """The system of the city."""
        return self.city.system

    def live(self) -> None:
        """Let the sixty days pass."""
        agenda = sorted(self._agenda(), key=lambda each: each[0])
        begin = self.clock.now()
        for step in range(int(timedelta(days=DAYS) / _STEP)):
            passed = step * _STEP
            while agenda and agenda[0][0] <= passed:
                _, what, act = agenda.pop(0)
                self.progress(what, passed.days)
                act()
            self.worker.run_until_idle()
            self.clock.advance(seconds=(begin + passed + _STEP - self.clock.now()).total_seconds())
        self.progress(Text("收尾", "close the books"), DAYS)
        self.bank.heal()
        self.bank.simulate.daily_list()
        self.worker.run_until_idle()

    def _agenda(self) -> Iterator[tuple[timedelta, Text, Callable[[], None]]]:
        day = timedelta(days=1)
        for place, union in enumerate(DEMO_UNIONS):
            yield (
                place * day,
                Text("导入", "import a roster, apply for cards"),
                partial(self._enrol, place, union),
            )
            yield (
                place * day + _STEP,
                Text("审核", "approve, by another person"),
                partial(self._approve, place),
            )
        yield 14 * day, Text("发卡", "collect and hand out cards"), self._hand_out
        yield 20 * day, Text("锁定", "lock a card"), self._lock
        yield 22 * day, Text("解除", "lift the lock"), self._unlock
        yield 24 * day, Text("挂失", "report a card lost"), self._lose
        yield 26 * day, Text("换卡", "replace it"), self._replace
        yield 30 * day, Text("退会", "a member quits"), self._leave
        yield 43 * day, Text("提请送温暖", "ask for aid"), self._ask_for_aid
        yield 44 * day, Text("核准送温暖", "decide about aid"), self._grant_aid
        yield 45 * day, Text("拨付", "pay out"), self._pay
        yield 48 * day, Text("一笔退票", "a payment comes back"), self._send_back
        yield 50 * day, Text("退票重拨", "pay it again"), self._pay

    # --- rosters and applications -----------------------------------------------------------

    def _enrol(self, place: int, union: DemoUnion) -> None:
        """Import one office's roster, write what is to be mended, apply for cards."""
        roster = synthetic_roster(self.seed * 100 + place, union.rows)
        suffix = "xlsx" if union.form == "xlsx" else "csv"
        data = roster.as_xlsx() if suffix == "xlsx" else roster.as_csv(union.form)
        file = self.folder / "rosters" / f"{union.name}.{suffix}"
        file.write_bytes(data)
        desk = self.city.officer(self.city.unions[place])
        result = desk.roster.import_file(str(file), paper=_CONSENTS)
        if result.rejected:
            mend = ExcelRosterWriter().to_mend(result.heading, result.rejected)
            file.with_name(f"{union.name}-待修正.xlsx").write_bytes(mend)
        (draft,) = desk.batches.draft(result.accepted).batches
        desk.batches.check(draft.id)
        batch = desk.batches.submit(draft.id)
        organisation = self.city.unions[place]
        self.enrolled.append(
            Enrolled(union=union, organisation=organisation, result=result, batch=batch)
        )

    def _approve(self, place: int) -> None:
        """Let another person approve what one office has submitted."""
        batch = self.enrolled[place].batch
        self.city.federation(2).batches.approve(batch.id, rows=batch.row_count)

    # --- plastic ----------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Let one union collect its cards, two people signing, and hand them to members."""
        mine = self.enrolled[_HANDED_OUT]
        first, second = (self.city.officer(mine.organisation, who) for who in (1, 2))
        waiting = [
            kept.id
            for kept in first.custody.pieces(mine.batch.id)
            if kept.custody.state is CustodyState.AT_BANK
        ]
        counted = first.custody.collect(mine.batch.id, waiting)
        second.custody.sign(counted.id)
        for card in waiting:
            first.custody.hand_out(card, "签收单 2017-12")
        self.handed = len(waiting)

    # --- what happens to cards --------------------------------------------------------------

    def _active(self, place: int, nth: int = 0) -> KeptCard:
        """Return the *nth* active card of the members of one office."""
        desk, seen = self.city.federation(), 0
        for person in self.enrolled[place].result.accepted:
            found = desk.cards.current(person)
            if found is not None and found.usable:
                if seen == nth:
                    return found.card
                seen += 1
        raise Conflict("E-SIM-002", current=seen, allowed=())

    def _lock(self) -> None:
        self.locked = self._active(0)
        self._officer(0).cards.lock(self.locked.id, HoldReason.DATA_DOUBT, note="核对资料")

    def _unlock(self) -> None:
        assert self.locked is not None
        desk = self._officer(0)
        (hold,) = desk.cards.get(self.locked.id).card.open_holds
        desk.cards.unlock(self.locked.id, hold.id, "资料无误")

    def _lose(self) -> None:
        self.replaced = self._active(1)
        assert self.replaced.card.ref is not None
        self.bank.simulate.report_loss(self.replaced.card.ref, written=True)

    def _replace(self) -> None:
        assert self.replaced is not None and self.replaced.card.ref is not None
        successor = self.bank.simulate.replace(self.replaced.card.ref)
        self.bank.simulate.activate(successor)

    def _leave(self) -> None:
        self.left = self._active(2)
        self._officer(2).memberships.quit(self.left.person, document="退会申请（模拟）")

    # --- aid --------------------------------------------------------------------------------

    def _ask_for_aid(self) -> None:
        """Let unions ask for households' aid; some households are named by both spouses."""
        self.city.finance(1).treasury.set_budget(AID, self._year, Fen(CEILING))
        looking = self.city.federation()
        left = HOUSEHOLDS
        for each in self.enrolled:
            desk = self.city.officer(each.organisation)
            for number, person in enumerate(each.result.accepted):
                if not left or number >= HOUSEHOLDS // len(self.enrolled) + 60:
                    break
                found = looking.cards.current(person)
                if found is None or not found.usable:
                    continue
                left -= 1
                self._ask(desk, person, f"{each.union.code}-{number}")
                spouse = each.result.accepted[number - 1]
                if left % 40 == 0 and number:
                    self._ask(desk, spouse, f"{each.union.code}-{number}")

    def _ask(self, desk: Desk, person: PersonId, household: str) -> None:
        grants = desk.for_purpose(Purpose.SERVE).grants
        asked = grants.propose(person, AID, subject=f"模拟户-{household}")
        match asked:
            case Proposed():
                self.asked.append(asked.proposal.id)
            case AlreadyGranted():
                self.asked_twice += 1
            case NotGranted():
                self.not_granted += 1

    def _grant_aid(self) -> None:
        desk = self.city.federation(2)
        for proposal in self.asked:
            decided = desk.for_purpose(Purpose.SERVE).grants.decide(proposal)
            if isinstance(decided, Granted):
                self.granted.append(decided.obligation)

    def _pay(self) -> None:
        """Let finance pay what is owed: one makes the pay-out, another approves its total."""
        draft = self.city.finance(1).treasury.draft(AID, self._year)
        if draft.payout is not None:
            desk = self.city.finance(2).treasury
            self.paid.append(desk.approve(draft.payout.id, total=draft.payout.total))

    def _send_back(self) -> None:
        (payout,) = self.paid
        settled = [
            order
            for order in self.city.finance(1).treasury.orders(payout.id)
            if order.state is OrderState.SETTLED
        ]
        if settled:
            self.bank.simulate.return_payment(settled[0].key)

    @property
    def _year(self) -> int:
        return self.clock.today().year

    def _officer(self, place: int) -> Desk:
        return self.city.officer(self.city.unions[place])


@contextmanager
def demo_run(folder: Path, *, seed: int, progress: Progress) -> Iterator[Demo]:
    """Make the demo city in *folder*, which must be empty, and yield it before its first day."""
    folder.mkdir(parents=True, exist_ok=True)
    config = _CONFIG.format(sign=SIGN, folder=folder.as_posix(), seed=seed)
    (folder / "szunion.toml").write_text(config, "utf-8")  # first: the folder is the demo's
    (folder / "rosters").mkdir()
    clock = SimClock(START)
    habits = Habits(seed=seed, loss_share=0.01, sign_within=timedelta(days=30))
    bank = SimulatedBank(seed=seed, clock=clock, faults=faults_of(seed), habits=habits)
    notifier = RecordingNotifier()
    keys = FileKeys.open(folder / "union.keys", chance=SeededChance(seed).bytes)
    opened = UnionSystem.open(
        f"sqlite:///{folder / 'union.db'}", city="", bank=bank, clock=clock,
        ids=SeededIds(clock), keys=keys, notifier=notifier,
    )  # fmt: skip
    with opened as system:
        yield Demo(
            folder=folder, seed=seed, city=demo_world(system), bank=bank,
            notifier=notifier, clock=clock, worker=system.worker(), progress=progress,
        )  # fmt: skip
        (folder / "bank.jsonl").write_bytes(bank.snapshot())


def people_of(demo: Demo) -> Sequence[PersonId]:
    """Return everyone who was accepted, in the order of the rosters."""
    return [person for each in demo.enrolled for person in each.result.accepted]
