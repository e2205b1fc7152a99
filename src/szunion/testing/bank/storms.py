"""Know what must hold when everything goes wrong at once: nothing doubled, lost, stuck or told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.habits import Habits
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import (
    Answer,
    AskCardList,
    AskStatement,
    BankRequest,
    OpenCards,
    PayOut,
    ReserveNumber,
    SetCardUse,
)
from szunion.domain.values import RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import Cursor
from szunion.testing.bank.base import Promises, accepts, each_request, sample
from szunion.testing.bank.behind import TroubleKind
from szunion.testing.bank.notices import unchanged
from szunion.testing.bank.sample import batch, payment, person, stop
from szunion.testing.bank.world import BankWorld
from szunion.testing.checks import Findings, check_bank, check_effects

_PEOPLE: Final = 40
_DAYS: Final = 20
_LONG: Final = 25


class StormPromises(Promises):
    """After any storm nothing is doubled, nothing lost, nothing stuck, and no secret is out."""

    @each_request
    def test_no_secret_is_in_a_log_line_or_error(
        self, world: BankWorld, kind: type[BankRequest]
    ) -> None:
        """No document number, mobile, name or card token in a log line, an error or a repr."""
        request = sample(world, kind, "secret")
        secrets = _secrets(request)
        with _listening() as lines:
            for trouble in (None, *TroubleKind):
                if trouble is not None:
                    world.trouble(trouble)
                try:
                    world.send(request)
                    world.ask(request.key)
                except (BankUnavailable, BankOutcomeUnknown):
                    world.pass_time()
                world.behind.calm()
            world.collect()
        said = [*lines, repr(world.bank), str(world.bank), repr(world.bank.info)]
        for error in world.errors:
            said += [repr(error), str(error), repr(error.__cause__), repr(error.__context__)]
        for secret in secrets:
            world.expect(
                not any(secret in line for line in said),
                "日志、错误或 repr 里有证件号、手机号、姓名或卡令牌",
                "a log line, an error or a repr holds a number, a mobile, a name or a token",
            )

    @accepts(OpenCards)
    def test_after_a_storm_both_sides_agree(self, world: BankWorld) -> None:
        """Nothing is doubled, lost or stuck; what is believed is what the bank did."""
        storm(world, self.tells, rounds=1)

    @accepts(OpenCards)
    def test_the_same_seed_gives_the_same_story(self, world: BankWorld) -> None:
        """The same seed gives the same run, step by step."""
        storm(world, self.tells, rounds=1, people=8)
        again = self.make_world("", world.folder.with_name("again"), world.seed)
        try:
            storm(again, self.tells, rounds=1, people=8)
            for number, (one, other) in enumerate(zip(world.story, again.story, strict=False), 1):
                world.expect(
                    one == other,
                    f"第 {number} 步不同：{one} / {other}", f"step {number} differs",
                )  # fmt: skip
            world.expect(
                len(world.story) == len(again.story), "步数不同", "the runs have other lengths"
            )
        finally:
            again.close()

    @accepts(OpenCards)
    def test_a_long_storm_leaves_no_difference(self, world: BankWorld) -> None:
        """After ten thousand steps of storm nothing differs."""
        storm(world, self.tells, rounds=_LONG)


@define
class CarefulUnion:
    """What a union must be like: a key for ever, and asking before anything is sent again."""

    world: BankWorld
    waiting: dict[RequestKey, BankRequest] = field(factory=dict)
    unknown: dict[RequestKey, datetime] = field(factory=dict)
    attempted: dict[RequestKey, datetime] = field(factory=dict)
    acknowledged: dict[RequestKey, Answer] = field(factory=dict)
    collected: list[BankNotice] = field(factory=list)
    cursor: Cursor | None = None

    def want(self, request: BankRequest) -> None:
        """Have *request* done, if this bank accepts it."""
        if type(request) in self.world.bank.info.accepts:
            self.waiting[request.key] = request
            self.attempted.setdefault(request.key, self.world.clock.now())

    def turn(self) -> None:
        """Send what waits, ask after what is unknown, collect."""
        for key_, request in list(self.waiting.items()):
            if key_ in self.unknown:
                self._ask(key_)
            else:
                self._send(request)
        self.world.behind.turn()
        try:
            for each in self.world.bank.collect(after=self.cursor):
                self.collected.append(each.notice)
                self.cursor = each.cursor
        except BankUnavailable:
            self.world.tell("← 收取中断")
        except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
            self.world.broken(
                "collect 只能抛出 BankUnavailable",
                "collect raises BankUnavailable alone", cause=error,
            )  # fmt: skip

    def _send(self, request: BankRequest) -> None:
        try:
            self._learn(request.key, self.world.send(request).answer)
        except BankUnavailable:
            return
        except BankOutcomeUnknown:
            self.unknown[request.key] = self.world.clock.now()

    def _ask(self, key_: RequestKey) -> None:
        try:
            receipt = self.world.ask(key_)
        except (BankUnavailable, BankOutcomeUnknown):
            return
        if receipt is not None:
            self._learn(key_, receipt.answer)
        elif self.world.clock.now() - self.unknown[key_] > self.world.bank.info.settling:
            del self.unknown[key_]

    def _learn(self, key_: RequestKey, answer: Answer) -> None:
        self.acknowledged[key_] = answer
        self.waiting.pop(key_, None)
        self.unknown.pop(key_, None)


def storm(
    world: BankWorld, tells: frozenset[type[BankNotice]], *, rounds: int, people: int = _PEOPLE
) -> None:
    """Open cards, pay twice into each, stop some, in a storm; then heal, rest, and compare.

    Raises:
        BrokenPromise: something was doubled, lost, stuck, or differs.
    """
    bank = world.behind.bank
    bank.faults = FaultPlan.storm(world.seed)
    habits = Habits(seed=world.seed, return_share=0.1, loss_share=0.1, close_share=0.1)
    bank.auto(habits)
    union = CarefulUnion(world)
    for lap in range(rounds):
        _one_lap(world, union, lap, people)
    bank.heal()
    bank.auto(None)
    for _ in range(6):
        union.turn()
        world.clock.advance(days=1)
    union.turn()
    _compare(world, union, tells)


def _one_lap(world: BankWorld, union: CarefulUnion, lap: int, people: int) -> None:
    start = lap * people
    for first in range(start, start + people, 10):
        rows = [person(n) for n in range(first, min(first + 10, start + people))]
        union.want(batch(f"batch-{first}", rows))
    paid = len(world.truth.cards)
    for hour in range(0, 24 * _DAYS, 6):
        if hour == 24 * 12:
            for number, card in enumerate(world.truth.cards[paid:], paid):
                for word in ("first", "second"):
                    order = f"{word}-{number}"
                    union.want(payment(f"pay-{order}", [(order, card.card, 100 + number)]))
                if number % 5 == 0:
                    union.want(stop(f"stop-{number}", card.card))
        if hour == 24 * 13:
            world.killed()
        world.clock.advance(hours=6)
        union.turn()


def _compare(world: BankWorld, union: CarefulUnion, tells: frozenset[type[BankNotice]]) -> None:
    effects = {key_: world.truth.effects.get(key_, 0) for key_ in union.attempted}
    made_up = {
        key_: 1
        for key_ in world.truth.receipts
        if key_ not in union.attempted and world.truth.effects.get(key_, 0)
    }
    found = check_effects(
        attempted=union.attempted,
        acknowledged=union.acknowledged,
        effects={**effects, **made_up},
        now=world.clock.now(),
        stuck_after=max(timedelta(hours=24), world.bank.info.settling),
    )
    for name, zh in (
        ("doubled", "重复执行"), ("lost", "说了受理却没有执行"), ("unasked", "没有人要求却执行了"),
        ("refused_yet_done", "说了拒绝却执行了"), ("stuck", "一直没有结果"),
    ):  # fmt: skip
        keys: tuple[RequestKey, ...] = getattr(found, name)
        world.expect(
            not keys,
            f"{zh}：{len(keys)} 笔，如 {keys[:1]}",
            f"{name}: {len(keys)}, such as {keys[:1]}",
        )
    world.expect(union.waiting == {}, "还有请求没有结果", "requests are still without an answer")
    own = check_bank(world.truth)
    world.expect(
        own == Findings(), "；".join(own.broken) or "重复执行", "the bank's own laws broke"
    )
    heard = {notice.told.event_id for notice in union.collected}
    missing = [
        notice
        for notice in world.truth.told
        if type(notice) in tells and notice.told.event_id not in heard
    ]
    world.expect(
        not missing,
        f"银行说过、工会没有收到的通知 {len(missing)} 条",
        f"{len(missing)} notices were told and never collected",
    )
    _unchanged(world, union)


def _unchanged(world: BankWorld, union: CarefulUnion) -> None:
    """Compare each notice as it arrived with what the bank told."""
    genuine = {notice.told.event_id: notice for notice in world.truth.told}
    for notice in union.collected:
        unchanged(world, genuine, notice)


def _secrets(request: BankRequest) -> list[str]:
    match request:
        case OpenCards(rows=rows):
            return [
                word
                for row in rows
                for word in (
                    row.document.number.plain(),
                    row.mobile.plain() if row.mobile else "",
                    row.name.plain() * 1,
                )
                if len(word) > 2  # noqa: PLR2004 - a name of two characters is in every text
            ]
        case SetCardUse(card=card):
            return [card.token.plain()]
        case ReserveNumber(document=document):
            return [document.number.plain()]
        case AskCardList() | AskStatement():
            return []
        case PayOut(lines=lines):
            return [line.payee.token.plain() for line in lines]


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Hear every line that is logged by anybody, at every level."""
    root, listener = logging.getLogger(), _Listener()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield listener.lines
    finally:
        root.removeHandler(listener)
        root.setLevel(level)
