"""Know what a run of the demo came to: every figure that is printed or drawn, and nothing else.

The figures come from the log and the registers, and are compared with the bank's own truth.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final

from attrs import asdict, field, frozen

from szunion import __version__
from szunion.adapters.bank.faults import FaultKind
from szunion.adapters.bank.records import OrderState as BankOrderState
from szunion.application.access import authorise
from szunion.domain.access import Operation, Scope, engine
from szunion.domain.audit import LoggedEntry
from szunion.domain.city_time import CITY_TIME, day_of, local
from szunion.domain.orders import OrderState
from szunion.domain.reconciliation import ReconKind
from szunion.domain.values import PersonId
from szunion.domain.wording import action_text
from szunion.ports.storage import UnitOfWork
from szunion.testing.checks import check_bank
from szunion.testing.demo import AID, DAYS, START, Demo, people_of
from szunion.text import Text

_DAY: Final = 86_400

STEPS: Final = (
    ("collected", Text("采集", "collected"), Text("基层工会", "union")),
    ("accepted", Text("初审通过", "checked"), Text("基层工会", "union")),
    ("approved", Text("审核报送", "approved, sent"), Text("市总工会", "city")),
    ("verified", Text("银行实名核验", "name verified"), Text("银行", "bank")),
    ("produced", Text("制卡", "card made"), Text("银行", "bank")),
    ("activated", Text("面签激活", "signed, active"), Text("会员", "member")),
)
"""The steps of the funnel: key, what it is called, who acts."""

_FAULTS: Final = {
    FaultKind.UNREACHABLE: Text("银行不可达", "bank not reached"),
    FaultKind.DROP_REQUEST: Text("丢失请求", "request lost"),
    FaultKind.DROP_RESPONSE: Text("丢失应答", "answer lost"),
    FaultKind.ERROR_AFTER_ACTING: Text("办完后报错", "error after acting"),
    FaultKind.DOUBLE_REQUEST: Text("重复请求", "request doubled"),
    FaultKind.DELAY_REQUEST: Text("请求迟到", "request late"),
    FaultKind.DROP_QUESTION: Text("丢失询问", "question lost"),
    FaultKind.LATE_RECEIPT: Text("迟到回执", "receipt late"),
    FaultKind.DUPLICATE_NOTICE: Text("重复回调", "notice doubled"),
    FaultKind.REORDER_NOTICES: Text("乱序回调", "notice out of order"),
    FaultKind.DELAY_NOTICE: Text("迟到回调", "notice late"),
    FaultKind.TRUNCATE_FILE: Text("半个文件", "half a file"),
    FaultKind.WRONG_TOTAL: Text("文件合计不符", "wrong total"),
    FaultKind.BREAK_COLLECT: Text("取数中断", "collection broken"),
    FaultKind.CLOCK_SKEW: Text("时钟偏差", "clock skew"),
}


def fault_text(kind: str) -> Text:
    """Return what a kind of fault is called."""
    return _FAULTS[FaultKind(kind)]


@frozen(kw_only=True)
class FileFacts:
    """One office's roster."""

    union: str
    form: str
    rows: int
    accepted: int
    fixes: int
    bad: tuple[tuple[str, int], ...]
    """How many rows were rejected, by the code of their first error."""


@frozen(kw_only=True)
class StepFacts:
    """One step of the funnel."""

    key: str
    people: int
    slowest_days: float | None
    """The longest that anybody took to get here, from the day of collection."""


@frozen(kw_only=True)
class BatchFacts:
    """One application, with the days on which it moved."""

    union: str
    rows: int
    submitted: float
    approved: float
    sent: float
    first_card: float
    last_card: float


@frozen(kw_only=True)
class ReconFacts:
    """One comparison with the bank's list of cards."""

    day: date
    ours: int
    theirs: int
    agreed: int
    closed: int


@frozen(kw_only=True)
class MoneyFacts:
    """What was paid as aid, in our books and in the bank's."""

    item: str
    households: int
    """Obligations that are paid."""
    each: int
    """In fen."""
    ours: int
    bank: int
    orders: int
    returned: int
    """Orders that came back; each was followed by another."""


@frozen(kw_only=True)
class DemoFacts:
    """Everything that is known of one run."""

    seed: int
    version: str = __version__
    start: date
    days: int
    files: tuple[FileFacts, ...]
    funnel: tuple[StepFacts, ...]
    faults: tuple[tuple[str, int], ...]
    """Faults that happened, by kind."""
    files_refused: int
    """Half files of which nothing was taken."""
    issued_twice: int
    paid_twice: int
    differences: int
    """Differences with the bank that nothing explains."""
    bank_laws_broken: int
    sent_back: int
    waiting: tuple[tuple[str, int], ...]
    """Cards made and not signed for, by days since they were made."""
    activations: tuple[tuple[date, int], ...]
    card_states: tuple[tuple[str, int], ...]
    card_flows: tuple[tuple[str, str, int], ...]
    """How many cards went from one bank state to another."""
    batches: tuple[BatchFacts, ...]
    recons: tuple[ReconFacts, ...]
    money: MoneyFacts
    handed_out: int
    replaced: int
    left: int
    messages: int
    log_entries: int
    story: tuple[tuple[str, str, str, str, str], ...] = field(repr=False)
    """One synthetic member's timeline: moment, what in Chinese, in English, before, after."""

    @property
    def rows(self) -> int:
        """How many rows there were in all rosters."""
        return sum(each.rows for each in self.files)

    @property
    def fine(self) -> bool:
        """Whether nothing was issued or paid twice and nothing is left unexplained."""
        twice = self.issued_twice or self.paid_twice
        left = self.differences or self.bank_laws_broken or self.money.ours != self.money.bank
        return not (twice or left)

    def plain(self) -> dict[str, Any]:
        """Return the same as plain values, for JSON."""
        return asdict(self)


def facts_of(demo: Demo) -> DemoFacts:
    """Return what *demo* came to, after its last day."""
    return demo.system.office.storage.read(lambda work: _Gathering(demo, work).facts())


class _Gathering:
    """One look at everything."""

    def __init__(self, demo: Demo, work: UnitOfWork) -> None:
        self.demo = demo
        self.work = work
        self.scope: Scope = authorise(work, engine(), Operation.BANK_DESK)
        self.log: Sequence[LoggedEntry] = [
            entry
            for head in work.audit.heads(self.scope, 0, sys.maxsize)
            for entry in work.audit.covered(self.scope, head.size)
        ]
        self.start = datetime.fromisoformat(START).replace(hour=9, tzinfo=CITY_TIME)

    def facts(self) -> DemoFacts:
        demo, truth = self.demo, self.demo.bank.truth
        cards = Counter(seen.row for seen in truth.cards if seen.row is not None)
        first = dict.fromkeys(cards, 1)
        doubled = [key for key, count in truth.effects.items() if count > 1]
        return DemoFacts(
            seed=demo.seed,
            start=date.fromisoformat(START),
            days=DAYS,
            files=tuple(self._files()),
            funnel=tuple(self._funnel()),
            faults=tuple(sorted(Counter(one.kind.value for one in demo.bank.happened).items())),
            files_refused=len(truth.refused_files),
            issued_twice=len([key for key in doubled if key in first]),
            paid_twice=len([key for key in doubled if key in truth.orders]),
            differences=len(self.work.reconciliations.open(self.scope)),
            bank_laws_broken=len(check_bank(truth).broken),
            sent_back=self._count("row.rejected"),
            waiting=tuple(self._waiting()),
            activations=tuple(self._activations()),
            card_states=tuple(self._card_states()),
            card_flows=tuple(self._card_flows()),
            batches=tuple(self._batches()),
            recons=tuple(self._recons()),
            money=self._money(),
            handed_out=demo.handed,
            replaced=self._count("card.bank.replaced"),
            left=self._count("membership.quit"),
            messages=len(demo.notifier.letters),
            log_entries=len(self.log),
            story=tuple(self._story()),
        )

    # --- rosters, funnel --------------------------------------------------------------------

    def _files(self) -> Iterable[FileFacts]:
        for each in self.demo.enrolled:
            codes = Counter(row.errors[0].code for row in each.result.rejected)
            yield FileFacts(
                union=each.union.name,
                form=each.union.form,
                rows=each.union.rows,
                accepted=len(each.result.accepted),
                fixes=len(each.result.fixes),
                bad=tuple(sorted(codes.items())),
            )

    def _funnel(self) -> Iterable[StepFacts]:
        demo = self.demo
        people = people_of(demo)
        collected = {
            person: self.start + timedelta(days=place)
            for place, each in enumerate(demo.enrolled)
            for person in each.result.accepted
        }
        yield StepFacts(
            key="collected", people=sum(each.union.rows for each in demo.enrolled),
            slowest_days=None,
        )  # fmt: skip
        yield StepFacts(key="accepted", people=len(set(people)), slowest_days=0.0)
        for key, action in _ACTIONS.items():
            reached: dict[PersonId, datetime] = {}
            for entry in self.log:
                if entry.entry.action == action and entry.entry.person is not None:
                    reached.setdefault(PersonId(entry.entry.person), entry.at)
            spans = [at - collected[who] for who, at in reached.items() if who in collected]
            slowest = max(spans, default=timedelta(0)).total_seconds() / _DAY
            yield StepFacts(key=key, people=len(reached), slowest_days=round(slowest, 1))

    def _money(self) -> MoneyFacts:
        """Return what our books say that was paid, and what the bank's say, each for itself."""
        payouts = self.work.payouts.listed(self.scope)
        orders = [
            each for one in payouts for each in self.work.orders.of_payout(self.scope, one.id)
        ]
        paid = [each for each in orders if each.state is OrderState.SETTLED]
        known = {each.key for each in orders}
        seen = [one for key, one in self.demo.bank.truth.orders.items() if key in known]
        return MoneyFacts(
            item=AID,
            households=len({each.obligation for each in paid}),
            each=max((each.fen.amount for each in paid), default=0),
            ours=sum(each.fen.amount for each in paid),
            bank=sum(one.fen.amount for one in seen if one.state is BankOrderState.SETTLED),
            orders=len(orders),
            returned=sum(1 for each in orders if each.state is OrderState.RETURNED),
        )

    def _count(self, action: str) -> int:
        return sum(1 for entry in self.log if entry.entry.action == action)

    def _waiting(self) -> Iterable[tuple[str, int]]:
        made: dict[int, datetime] = {}
        for entry in self.log:
            if entry.entry.action == "row.produced":
                made[entry.entry.subject] = entry.at
            elif entry.entry.action == "row.activated":
                made.pop(entry.entry.subject, None)
        now = self.demo.clock.now()
        ages = Counter(_age_group((now - at).days) for at in made.values())
        return [(group, ages[group]) for group in AGE_GROUPS]

    def _activations(self) -> Iterable[tuple[date, int]]:
        days = Counter(
            day_of(entry.at) for entry in self.log if entry.entry.action == "row.activated"
        )
        return sorted(days.items())

    # --- cards ------------------------------------------------------------------------------

    def _card_states(self) -> Iterable[tuple[str, int]]:
        cards = chain.from_iterable(self.work.cards.states(self.scope))
        states = Counter(state for _, _, state, _ in cards if state)
        return sorted(states.items())

    def _card_flows(self) -> Iterable[tuple[str, str, int]]:
        flows: Counter[tuple[str, str]] = Counter()
        for entry in self.log:
            if not entry.entry.action.startswith("card.bank."):
                continue
            before, after = (
                word.partition("/")[0] for word in (entry.entry.before, entry.entry.after)
            )
            if before != after and before.strip("-") and after:
                flows[before, after] += 1
        return [(before, after, count) for (before, after), count in sorted(flows.items())]

    # --- the bank ---------------------------------------------------------------------------

    def _batches(self) -> Iterable[BatchFacts]:
        for each in self.demo.enrolled:
            rows = {row.id for row in self.work.rows.of_batch(self.scope, each.batch.id)}
            moved = {
                entry.entry.action: self._since(entry.at)
                for entry in self.log
                if entry.entry.subject == each.batch.id
            }
            made = [
                self._since(entry.at)
                for entry in self.log
                if entry.entry.action == "row.produced" and entry.entry.subject in rows
            ]
            yield BatchFacts(
                union=each.union.name,
                rows=each.batch.row_count,
                submitted=moved.get("batch.submit", 0.0),
                approved=moved.get("batch.approve", 0.0),
                sent=moved.get("batch.send", 0.0),
                first_card=min(made, default=0.0),
                last_card=max(made, default=0.0),
            )

    def _since(self, at: datetime) -> float:
        return round((at - self.start).total_seconds() / _DAY, 2)

    def _recons(self) -> Iterable[ReconFacts]:
        for entry in self.log:
            if entry.entry.action != "recon.run" or entry.entry.reason != ReconKind.CARDS.value:
                continue
            run = self.work.reconciliations.get(self.scope, entry.entry.subject)
            if run is not None:
                yield ReconFacts(
                    day=run.day, ours=run.ours, theirs=run.theirs, agreed=run.agreed,
                    closed=run.closed,
                )  # fmt: skip

    def _story(self) -> Iterable[tuple[str, str, str, str, str]]:
        if self.demo.replaced is None:
            return
        person = self.demo.replaced.person
        for entry in self.log:
            if entry.entry.person == person:
                at = local(entry.at)
                text = action_text(entry.entry.action)
                yield at, text.zh, text.en, entry.entry.before, entry.entry.after


_ACTIONS: Final[Mapping[str, str]] = {
    "approved": "row.send",
    "verified": "row.verified",
    "produced": "row.produced",
    "activated": "row.activated",
}
AGE_GROUPS: Final = ("0-3", "4-7", "8-30", ">30")


def _age_group(days: int) -> str:
    limits = ((3, "0-3"), (7, "4-7"), (30, "8-30"))
    return next((name for limit, name in limits if days <= limit), ">30")
