"""Know that a whole union over the adapter ends up believing what the bank did, to the fen.

The other laws ask the adapter alone. Here a whole :class:`~szunion.bootstrap.UnionSystem` works on
it: people are admitted, cards opened, help is paid, members quit, through a storm; then what the
union's registers say of every card and payment is compared with the bank's own books.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from attrs import define, evolve, field

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.habits import Habits
from szunion.adapters.bank.records import OrderState as BankOrderState
from szunion.adapters.keys.file import FileKeys
from szunion.application.filing import Applicant
from szunion.application.grants import Granted, Proposed
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Purpose
from szunion.domain.bank import BankState, CardChanged, CardProduced, OrderSettled
from szunion.domain.bank_requests import Answer, BankRequest, OpenCards, PayOut, Receipt, SetCardUse
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import UnionState
from szunion.domain.cities import City, city_from
from szunion.domain.orders import Order, OrderState
from szunion.domain.outbox import OPEN, REQUESTS, DispatchState
from szunion.domain.values import CardRef, Fen, PersonId, RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.plugins import collect
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.testing.bank.base import Promises, accepts, unsupported
from szunion.testing.bank.sample import person
from szunion.testing.bank.world import BankWorld
from szunion.testing.checks import Findings, check_bank
from szunion.testing.clock import SeededChance, SeededIds
from szunion.testing.world import DemoCity, DemoUnion, demo_world

_UNION: Final = DemoUnion(code="440305-0001", name="模拟科技有限公司工会", rows=0, form="")
_CONSENTS: Final = "同意书1"
"""Where the signed consents of everybody are filed."""
_AID: Final = "ha-spring-festival"
_BUDGET: Final = Fen(100_000_000)
_PEOPLE: Final = 24
_TOGETHER: Final = 2
_STEP: Final = timedelta(hours=6)
_PAY_ON: Final = timedelta(days=12)
_KILLED_ON: Final = timedelta(days=13)
_QUIT_ON: Final = timedelta(days=14)
_CHANGED_ON: Final = timedelta(days=18)
_HEAL_ON: Final = timedelta(days=20)
_REST: Final = timedelta(days=8)
_GONE: Final = frozenset({BankState.REPLACED, BankState.CLOSED})
_ANSWERS: Final = {DispatchState.DONE: Answer.ACCEPTED, DispatchState.REFUSED: Answer.REFUSED}
_FINAL: Final = {
    BankOrderState.REJECTED: OrderState.REJECTED,
    BankOrderState.SETTLED: OrderState.SETTLED,
    BankOrderState.RETURNED: OrderState.RETURNED,
}


class WholePromises(Promises):
    """What the union believes in the end is what the bank did."""

    @accepts(OpenCards, SetCardUse)
    def test_a_whole_union_believes_what_the_bank_did(self, world: BankWorld) -> None:
        """A whole union over the adapter, through a storm: cards, orders and money agree."""
        if not self.tells >= {CardProduced, CardChanged}:
            unsupported("银行不告知制卡或卡状态", "the bank does not tell of cards")
        pays = PayOut in world.bank.info.accepts and OrderSettled in self.tells
        with _opened(world, pays=pays) as union:
            union.live()
            union.compare()


@define
class _Line:
    """The adapter as the union's system meets it; what it must not raise is kept as a finding.

    The bank desk outlives such an adapter: it writes the fault down and asks. Here it is a bug.
    """

    world: BankWorld
    faults: list[Exception] = field(factory=list)

    @property
    def info(self) -> BankInfo:
        return self.world.bank.info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        with self._watched():
            return self.world.send(request, deadline=deadline)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        with self._watched():
            return self.world.ask(key, deadline=deadline)

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        with self._watched():
            yield from self.world.bank.collect(after=after)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except (BankUnavailable, BankOutcomeUnknown):
            raise
        except Exception as error:
            self.faults.append(error)
            raise


@define
class _Union:
    """One whole union at work, and what is known of it in the end."""

    world: BankWorld
    line: _Line
    city: DemoCity
    pays: bool
    people: list[PersonId] = field(factory=list)

    def live(self) -> None:
        """Admit, apply, pay and quit through the storm; then let everything come to rest."""
        bank, seed = self.world.behind.bank, self.world.seed
        self._apply()
        bank.faults = FaultPlan.storm(seed)
        bank.auto(
            Habits(seed=seed, sign_within=timedelta(days=4), return_share=0.2, loss_share=0.2)
        )
        agenda = [
            (_KILLED_ON, self.world.killed),
            (_QUIT_ON, self._quit),
            (_CHANGED_ON, self._change),
            (_HEAL_ON, self._heal),
        ]
        if self.pays:
            agenda.insert(0, (_PAY_ON, self._pay))
        end = _HEAL_ON + max(_REST, self.world.bank.info.settling + timedelta(days=2))
        for step in range(end // _STEP + 1):
            while agenda and agenda[0][0] <= step * _STEP:
                agenda.pop(0)[1]()
            self.world.behind.turn()
            self.city.system.run_until_idle()
            self.world.clock.advance(seconds=_STEP.total_seconds())

    def _apply(self) -> None:
        (union,) = self.city.unions
        office = self.city.officer(union)
        for number in range(_PEOPLE):
            one = person(number)
            form = Applicant(name=one.name, document=one.document, mobile=one.mobile)
            admitted = office.memberships.apply(form, union.id)
            office.memberships.approve(admitted.person)
            self.people.append(admitted.person)
        for start in range(0, _PEOPLE, _TOGETHER):
            together = self.people[start : start + _TOGETHER]
            for batch in office.batches.draft(together, paper=_CONSENTS).batches:
                office.batches.check(batch.id)
                office.batches.submit(batch.id)
                self.city.federation(2).batches.approve(batch.id)
        self.world.tell(f"工会 {_PEOPLE} 人入会、申办")

    def _pay(self) -> None:
        """Grant help to everybody with a usable card, and pay it: maker and checker."""
        year = self.world.clock.today().year
        treasury = self.city.finance(1).treasury
        treasury.set_budget(_AID, year, _BUDGET)
        office, federation = self.city.officer(self.city.unions[0]), self.city.federation()
        for number, who in enumerate(self.people):
            found = federation.cards.current(who)
            if found is None or not found.usable:
                continue
            asked = office.for_purpose(Purpose.SERVE).grants.propose(
                who, _AID, subject=f"模拟户-{number}"
            )
            if isinstance(asked, Proposed):
                second = self.city.federation(2).for_purpose(Purpose.SERVE)
                decided = second.grants.decide(asked.proposal.id)
                assert isinstance(decided, Granted)
        draft = treasury.draft(_AID, year).payout
        if draft is not None:
            self.city.finance(2).treasury.approve(draft.id, total=draft.total)
            self.world.tell(f"工会拨付 {draft.total}")

    def _quit(self) -> None:
        """Let every second member quit: their cards are to be stopped."""
        office = self.city.officer(self.city.unions[0])
        for who in self.people[::2]:
            office.memberships.quit(who, document="退会申请（模拟）")
        self.world.tell("工会 一半会员退会")

    def _change(self) -> None:
        """Let the bank replace a lost card, close another, freeze a third: of those who stay."""
        desk, simulate = self.city.federation().cards, self.world.simulate
        uses = filter(None, map(desk.current, self.people[1::2]))
        active = [use.card.card.ref for use in uses if _is_active(self.world, use.card.card.ref)]
        acts: list[Callable[[CardRef], object]] = [self._replace, simulate.close, simulate.freeze]
        for act, ref in zip(acts, active, strict=False):
            act(ref)
        self.world.tell("银行 换卡、销卡、冻结各一张")

    def _replace(self, ref: CardRef) -> None:
        simulate = self.world.simulate
        simulate.report_loss(ref, written=True)
        simulate.activate(simulate.replace(ref))

    def _heal(self) -> None:
        bank = self.world.behind.bank
        bank.heal()
        bank.auto(None)
        bank.simulate.daily_list()
        bank.simulate.statement()

    # --- what is believed, beside what is so ------------------------------------------------

    def compare(self) -> None:
        """Compare the union's registers with the bank's own books.

        Raises:
            BrokenPromise: they differ.
        """
        world = self.world
        for error in self.line.faults[:1]:
            world.broken(
                "适配器抛出了不该抛出的错误", "the adapter raised what no adapter may", cause=error
            )
        own = check_bank(world.truth)
        world.expect(
            own == Findings(), "；".join(own.broken) or "重复执行", "the bank did something twice"
        )
        looking = self.city.federation().for_purpose(Purpose.OPERATE)
        dispatches = looking.bank_books.dispatches()
        left = [each for each in dispatches if each.state in {*OPEN, DispatchState.ASIDE}]
        world.expect(
            not left,
            f"还有 {len(left)} 笔发送没有结果或被搁置",
            f"{len(left)} dispatches have no outcome or were set aside",
        )
        for each in dispatches:
            told = world.truth.receipts.get(each.key)
            answer = _ANSWERS.get(each.state)
            world.expect(
                (told.answer if told else None) is answer,
                f"{each.kind}：工会认为 {each.state}，银行并没有这样答复",
                f"{each.kind}: the union believes {each.state}; the bank did not answer so",
            )
        strays = world.strays()
        world.expect(
            not strays,
            f"没有人要求的请求到了银行 {len(strays)} 笔",
            f"{len(strays)} requests reached the bank that nobody had asked for",
        )
        self._cards()
        self._orders()

    def _cards(self) -> None:
        kept = {each.card.ref: each for each in self._kept()}
        for seen in self.world.truth.cards:
            ours = kept.pop(seen.card, None)
            if ours is None:
                self.world.broken("银行有一张工会不知道的卡", "the union does not know a card")
            said = ours.card.bank.state
            self.world.expect(
                said is seen.state,
                f"卡状态：工会认为 {said}，银行实为 {seen.state}",
                f"a card's state: the union believes {said}, at the bank it is {seen.state}",
            )
            revoked = ours.card.union.state is UnionState.REVOKED
            self.world.expect(
                # a card that is gone at the bank is nothing that anybody would stop
                seen.state in _GONE or seen.allowed is not revoked,
                "停用没有到达银行，或银行停用了不该停的卡",
                "a stop did not reach the bank, or a card was stopped that should not be",
            )
        self.world.expect(
            not kept, "工会有一张银行没有的卡", "the union has a card that the bank has not"
        )

    def _orders(self) -> None:
        ours = {each.key: each for each in self._ordered()}
        theirs = self.world.truth.orders
        self.world.expect(
            ours.keys() == theirs.keys(),
            f"付款笔数不同：工会 {len(ours)}，银行 {len(theirs)}",
            f"payments differ: the union has {len(ours)}, the bank {len(theirs)}",
        )
        for key, seen in theirs.items():
            mine = ours[key]
            self.world.expect(
                (mine.state, mine.fen) == (_FINAL.get(seen.state), seen.fen),
                f"一笔付款：工会认为 {mine.state} {mine.fen}，银行实为 {seen.state} {seen.fen}",
                f"a payment: the union believes {mine.state} {mine.fen}, "
                f"at the bank it is {seen.state} {seen.fen}",
            )

    def _kept(self) -> Iterator[KeptCard]:
        desk = self.city.federation().cards
        for who in self.people:
            yield from desk.of_person(who)

    def _ordered(self) -> Sequence[Order]:
        desk = self.city.finance(1).treasury
        return [order for payout in desk.listed() for order in desk.orders(payout.id)]


def _is_active(world: BankWorld, ref: CardRef) -> bool:
    seen = world.truth.card(ref)
    return seen is not None and seen.state is BankState.ACTIVE


@contextmanager
def _opened(world: BankWorld, *, pays: bool) -> Iterator[_Union]:
    """Open a whole system in memory over the world's adapter."""
    line = _Line(world)
    keys = FileKeys.open(world.folder / "union.keys", chance=SeededChance(world.seed).bytes)
    opened = UnionSystem.open(
        "memory:",
        city=_needing_no_more(world.bank.info, pays=pays),
        bank=line,
        clock=world.clock,
        ids=SeededIds(world.clock),
        keys=keys,
        registry=collect(allow=frozenset()),
    )
    with opened as system:
        yield _Union(world, line, demo_world(system, (_UNION,)), pays)


def _needing_no_more(info: BankInfo, *, pays: bool) -> City:
    """Return the demo's city, as one that needs no more than this bank accepts."""
    cities = collect(allow=frozenset()).cities
    city = city_from(cities[min(cities)].read)
    needs = frozenset(
        kind
        for kind in city.policy.bank.needs
        if REQUESTS[kind] in info.accepts and (pays or REQUESTS[kind] is not PayOut)
    )
    policy = city.policy
    return evolve(city, policy=evolve(policy, bank=evolve(policy.bank, needs=needs)))
