"""Know one adapter joined to one bank, and tell the story of what happened between them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from attrs import define, evolve, field

from szunion.adapters.bank.buttons import Simulate
from szunion.adapters.bank.simulated import SIMULATED, SimulatedBank
from szunion.adapters.bank.truth import BankTruth
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.domain.city_time import CITY_TIME
from szunion.domain.values import CardRef, RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import BankAdapter, Collected, Cursor, Deadline
from szunion.testing.bank.behind import BankBehind, TroubleKind
from szunion.testing.bank.laws import Law
from szunion.testing.bank.sample import batch, key, people
from szunion.testing.clock import SimClock

SOON: Final = Deadline(5.0)
MakeBank = Callable[[BankBehind], BankAdapter]

_PATIENCE: Final = 60
"""So many rounds of asking while the bank comes by; then an answer is held to be lost."""
_LAST_STEPS: Final = 14
_LAST_FRAMES: Final = 3
_MOST_NOTICES: Final = 1_000_000


class BrokenPromise(AssertionError):
    """An adapter does not keep a law of the kit; the text tells which, and what happened."""

    def __init__(self, law: Law | None, text: str) -> None:
        super().__init__(text)
        self.law = law


@define
class BankWorld:
    """One adapter, the bank behind it, and simulated time (适配器的测试世界).

    Args:
        make: The adapter author's factory.
        folder: A folder of this test's own.
        seed: From which everything follows.
        law: The law that is being tested, for the story.
        replay: How this very run is repeated, as a command.
    """

    make: MakeBank
    folder: Path
    seed: int = 7
    law: Law | None = None
    replay: str = ""
    clock: SimClock = field(factory=lambda: SimClock("2017-11-23"), init=False)
    behind: BankBehind = field(init=False)
    bank: BankAdapter = field(init=False)
    errors: list[Exception] = field(factory=list, init=False)
    """Every error that the adapter raised, for the law on secrets."""
    asked: set[RequestKey] = field(factory=set, init=False)
    """Every key under which anybody asked the bank for anything."""
    _story: list[str] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        """Put the bank there, and join the adapter to it."""
        info = evolve(SIMULATED, most_rows=_MOST_NOTICES)
        simulated = SimulatedBank(seed=self.seed, clock=self.clock, info=info)
        self.behind = BankBehind(simulated, self.folder, self.seed)
        self.bank = self.make(self.behind)

    # --- the two sides ----------------------------------------------------------------------

    @property
    def truth(self) -> BankTruth:
        """What the bank really did."""
        return self.behind.bank.truth

    @property
    def simulate(self) -> Simulate:
        """What the bank can be told to do."""
        return self.behind.bank.simulate

    def killed(self) -> None:
        """Kill the adapter and make it anew on the same wire: what it remembered is gone."""
        self.tell("× 适配器进程被结束，重新创建")
        self.close()
        self.behind.forget_peers()
        self.bank = self.make(self.behind)

    def close(self) -> None:
        """Let the adapter go, if it can be closed."""
        close = getattr(self.bank, "close", None)
        if callable(close):
            close()

    def trouble(self, *kinds: TroubleKind) -> None:
        """Let *kinds* happen to what comes next."""
        self.tell("! 故障 " + "、".join(kind.value for kind in kinds))
        self.behind.trouble(*kinds)

    def pass_time(self, *, minutes: float = 5) -> None:
        """Let simulated time pass, and the bank come by."""
        self.clock.advance(minutes=minutes)
        self.behind.turn()

    # --- steps, each told -------------------------------------------------------------------

    def send(self, request: BankRequest, *, deadline: Deadline = SOON) -> Receipt:
        """Send *request* as the bank desk does.

        Raises:
            BankUnavailable: the adapter says so.
            BankOutcomeUnknown: likewise.
            BrokenPromise: anything else came out of the adapter.
        """
        self.tell(f"→ {type(request).__name__} {request.key}")
        self.asked.add(request.key)
        try:
            receipt = self.bank.send(request, deadline=deadline)
        except (BankUnavailable, BankOutcomeUnknown) as error:
            self._heard(error)
            raise
        except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
            self.broken("send 只能抛出 BankUnavailable 或 BankOutcomeUnknown",
                        "send raises these two and nothing else", cause=error)  # fmt: skip
        self.tell(f"← {receipt.answer.value} {receipt.bank_code}".rstrip())
        self._is_the_banks(receipt)
        return receipt

    def ask(self, key_: RequestKey, *, deadline: Deadline = SOON) -> Receipt | None:
        """Ask what became of a key; BankUnavailable comes through."""
        self.tell(f"? {key_}")
        try:
            receipt = self.bank.ask(key_, deadline=deadline)
        except (BankUnavailable, BankOutcomeUnknown) as error:
            self._heard(error)
            raise
        except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
            self.broken("ask 只能抛出 BankUnavailable", "ask raises BankUnavailable alone",
                        cause=error)  # fmt: skip
        self.tell("← 银行无此笔" if receipt is None else f"← {receipt.answer.value}")
        if receipt is not None:
            self._is_the_banks(receipt)
        return receipt

    def done(self, request: BankRequest) -> Receipt:
        """Send *request* and learn its answer: as a careful union does, asking and never guessing.

        Raises:
            BrokenPromise: no answer can be had although nothing is in the way.
        """
        try:
            return self.send(request)
        except BankUnavailable:
            unknown = False
        except BankOutcomeUnknown:
            unknown = True
        for _ in range(_PATIENCE):
            self.pass_time()
            try:
                receipt = self.ask(request.key) if unknown else self.send(request)
            except BankUnavailable:
                continue
            except BankOutcomeUnknown:
                unknown = True
                continue
            if receipt is not None:
                return receipt
        return self.broken("没有故障，却得不到答复", "nothing is in the way, yet no answer comes")

    def collect(self, after: Cursor | None = None) -> list[Collected]:
        """Collect everything behind *after*; a line that breaks is tried again from there."""
        found: list[Collected] = []
        cursor = after
        for _ in range(_PATIENCE):
            self.behind.turn()
            whole = True
            try:
                for each in self.bank.collect(after=cursor):
                    found.append(each)
                    cursor = each.cursor
            except BankUnavailable as error:
                self._heard(error)
                whole = False
                self.clock.advance(minutes=5)
            except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
                self.broken("collect 只能抛出 BankUnavailable",
                            "collect raises BankUnavailable alone", cause=error)  # fmt: skip
            if whole:
                self.tell(f"← 通知 {len(found)} 条")
                return found
        return self.broken("没有故障，却收不完", "nothing is in the way, yet it never ends")

    def notices(self, after: Cursor | None = None) -> list[BankNotice]:
        """Collect, and return the notices alone."""
        return [each.notice for each in self.collect(after)]

    # --- short ways on the bank's side ------------------------------------------------------

    def cards(self, count: int = 3, *, word: str = "cards") -> tuple[CardRef, ...]:
        """Let *count* people have active cards, without the adapter's help."""
        request = batch(word, people(word, count))
        self.at_the_bank(request)
        self.simulate.produce(request.key)
        self.simulate.face_sign(request.key)
        rows = [self.truth.card_of_row(key(f"{word}-{n}")) for n in range(count)]
        return tuple(card.card for card in rows if card is not None)

    def at_the_bank(self, request: BankRequest) -> Receipt:
        """Let the bank do *request* without the adapter."""
        self.asked.add(request.key)
        return self.behind.bank.send(request, deadline=SOON)

    def strays(self) -> list[RequestKey]:
        """Return the keys under which the bank was asked for something that nobody wanted."""
        return sorted(key_ for key_ in self.truth.arrived if key_ not in self.asked)

    def arrived(self, key_: RequestKey) -> int:
        """Return how often a request reached the bank."""
        return self.truth.arrived.get(key_, 0)

    # --- the story --------------------------------------------------------------------------

    @property
    def story(self) -> Sequence[str]:
        """What happened, one line a step, with simulated time."""
        return tuple(self._story)

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        now = self.clock.now().astimezone(CITY_TIME)
        self._story.append(f"{now:%m-%d %H:%M:%S} {what}")

    def expect(self, holds: bool, zh: str, en: str) -> None:  # noqa: FBT001 - it is the claim
        """Hold the adapter to its promise.

        Raises:
            BrokenPromise: *holds* is false; the text tells the story.
        """
        if not holds:
            self.broken(zh, en)

    def one_effect(self, request: BankRequest) -> None:
        """Expect that the bank did *request* once, and nothing under another key."""
        count = self.truth.effects.get(request.key, 0)
        self.expect(
            count == 1,
            f"银行执行了 {count} 次，应为 1 次", f"the bank acted {count} times, and not once",
        )  # fmt: skip
        strays = self.strays()
        self.expect(
            not strays,
            f"银行收到了没有人要求的键 {strays[:1]}（换了请求键）",
            f"the bank was asked under a key that nobody wanted: {strays[:1]}",
        )

    def broken(self, zh: str, en: str, *, cause: BaseException | None = None) -> NoReturn:
        """Say that a promise was broken: which, where, after what, and how to see it again."""
        raise BrokenPromise(self.law, self.told_of(zh, en, cause=cause)) from cause

    def told_of(self, zh: str, en: str, *, cause: BaseException | None = None) -> str:
        """Return the story so far, under the law that it broke."""
        law = self.law
        head = f"{law.title.zh} · {law.title.en}" if law else "适配器 · adapter"
        lines = [
            f"{head}  [seed={self.seed} step={len(self._story)}]",
            f"  {zh}",
            f"  {en}",
        ]
        if cause is not None:
            # its kind alone: a stranger's text may quote what must not be printed
            lines.append(f"  出现了 {type(cause).__name__}：{_way(cause)}")
        lines.append("  经过：")
        lines += [f"    {step}" for step in self._story[-_LAST_STEPS:]]
        if law:
            lines.append(f"  规则：{law.rule.zh}")
            lines.append(f"        {law.rule.en}")
        if self.replay:
            lines.append(f"  重放：{self.replay}")
        return "\n".join(lines)

    def _is_the_banks(self, receipt: Receipt) -> None:
        self.expect(
            receipt.key in self.truth.receipts,
            "适配器给出了银行没有给过的回执", "the adapter has a receipt that the bank never gave",
        )  # fmt: skip

    def _heard(self, error: Exception) -> None:
        self.errors.append(error)
        self.tell(f"← {type(error).__name__}")


def _way(error: BaseException) -> str:
    """Return the last lines that an error came by: the author finds the place, and no value."""
    frames = traceback.extract_tb(error.__traceback__)[-_LAST_FRAMES:]
    return " › ".join(f"{Path(each.filename).name}:{each.lineno}" for each in frames)
