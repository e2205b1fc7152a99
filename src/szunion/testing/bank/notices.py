"""Know what an adapter promises of the notices that its bank tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final

from szunion.adapters.bank.faults import FaultPlan
from szunion.domain.bank import (
    BankNotice,
    CardProduced,
    FaceSignResult,
    NotUnderstood,
    RowReason,
    RowVerified,
    Waiver,
)
from szunion.domain.bank_requests import OpenCards, ReserveNumber
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import Collected
from szunion.testing.bank.base import Promises, accepts, unsupported
from szunion.testing.bank.behind import BankBehind, TroubleKind
from szunion.testing.bank.differing import differing
from szunion.testing.bank.sample import PROGRAMME, batch, key, payment, people, person, stop
from szunion.testing.bank.world import BankWorld

_PLACES: Final = 10
_HOURS: Final = 24
_BAD_WIRES: Final = (TroubleKind.HALF, TroubleKind.HTML, TroubleKind.CHARSET)


class NoticePromises(Promises):
    """Nothing missing, nothing made up, in the bank's own order."""

    def test_every_notice_comes_through_unchanged(self, world: BankWorld) -> None:
        """Every notice the bank tells arrives as it was told, and none is missing."""
        let_everything_happen(world)
        self._all_there(world, world.collect())

    def test_rows_answer_by_key_not_by_line(self, world: BankWorld) -> None:
        """Rows that are answered in another order still answer for themselves."""
        request = batch("mixed", [person(n, row=f"mixed-{n}") for n in range(8)])
        world.at_the_bank(request)
        for n in (5, 2, 7, 0, 3, 6, 1, 4):
            world.simulate.verify(key(f"mixed-{n}"))
        for n in (1, 6, 0, 4, 7, 3, 2, 5):
            world.simulate.produce(key(f"mixed-{n}"))
        for notice in world.notices():
            if isinstance(notice, CardProduced):
                card = world.truth.card_of_row(notice.row)
                world.expect(
                    card is not None and card.card == notice.card,
                    "一行的答复给了另一行的卡", "a row was told of another row's card",
                )  # fmt: skip
            if isinstance(notice, RowVerified):
                world.expect(
                    world.truth.row(notice.row) is not None,
                    "答复了银行没有的明细", "a row was told of that the bank does not have",
                )  # fmt: skip

    def test_collecting_goes_on_from_any_cursor(self, world: BankWorld) -> None:
        """From any cursor on, nothing is missing and nothing comes that was before it."""
        let_everything_happen(world)
        whole = world.collect()
        step = max(1, len(whole) // _PLACES)
        for place in range(0, len(whole), step):
            if place == 2 * step:
                world.killed()
            rest = world.collect(whole[place].cursor)
            wanted = [each.notice.told.event_id for each in whole[place + 1 :]]
            got = [each.notice.told.event_id for each in rest]
            world.expect(
                got == wanted,
                f"从第 {place + 1} 条之后续收：应有 {len(wanted)} 条，收到 {len(got)} 条",
                f"behind notice {place + 1} there are {len(wanted)} more; {len(got)} came",
            )

    def test_nothing_new_is_nothing(self, world: BankWorld) -> None:
        """Behind the last cursor there is nothing, quietly."""
        world.expect(world.collect() == [], "银行没说话却有通知", "notices from a silent bank")
        let_everything_happen(world)
        whole = world.collect()
        world.expect(
            world.collect(whole[-1].cursor) == [],
            "收完之后又收到通知", "behind the last notice there is another",
        )  # fmt: skip

    def test_doubled_and_reordered_notices_all_arrive(self, world: BankWorld) -> None:
        """Doubled, late or out of order: in the end every notice is there, unchanged."""
        world.behind.bank.faults = FaultPlan(
            seed=world.seed, duplicate_notice=0.3, reorder_notices=0.3, delay_notice=0.2,
            break_collect=0.2, most_delay=timedelta(hours=6),
        )  # fmt: skip
        let_everything_happen(world)
        found: list[Collected] = []
        for _ in range(12):
            found += world.collect(found[-1].cursor if found else None)
            world.pass_time(minutes=60)
        world.behind.bank.heal()
        found += world.collect(found[-1].cursor if found else None)
        self._all_there(world, found)

    def test_half_a_file_changes_nothing(self, world: BankWorld) -> None:
        """Of half a file nothing is taken; the next time it is taken whole."""
        let_everything_happen(world)
        genuine = _told(world)
        for trouble in (*_BAD_WIRES, *(TroubleKind.CHARSET,) * _PLACES):
            world.trouble(trouble)
            world.behind.turn()
            taken: list[Collected] = []
            try:
                taken.extend(world.bank.collect(after=None))
            except BankUnavailable:
                world.tell("← BankUnavailable")
            except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
                world.broken(
                    f"{trouble.value}：collect 只能抛出 BankUnavailable",
                    f"{trouble.value}: collect raises BankUnavailable alone", cause=error,
                )  # fmt: skip
            world.behind.calm()
            world.expect(
                all(genuine.get(each.notice.told.event_id) == each.notice for each in taken),
                f"{trouble.value}：收下了银行没有说过的通知",
                f"{trouble.value}: a notice was taken that the bank never told",
            )
            rest = world.collect(taken[-1].cursor if taken else None)
            self._all_there(world, [*taken, *rest])

    def test_a_sequence_is_the_banks_own(self, world: BankWorld) -> None:
        """Stream and sequence of a notice are the bank's own, not the order of arrival."""
        world.behind.bank.faults = FaultPlan(seed=world.seed, reorder_notices=0.9, reach=9)
        let_everything_happen(world)
        genuine = _told(world)
        for notice in world.notices():
            told = genuine.get(notice.told.event_id)
            world.expect(
                told is not None
                and (told.told.stream, told.told.sequence)
                == (notice.told.stream, notice.told.sequence),
                "流或顺序号不是银行给的", "stream or sequence is not the bank's",
            )  # fmt: skip

    @accepts(OpenCards)
    def test_a_word_that_nobody_knows_is_no_answer_and_not_nothing(self, world: BankWorld) -> None:
        """A code that was never agreed on is no acceptance, no refusal, and no notice to skip."""
        if not self.strange:
            unsupported("没有给出 strange", "no strange words were given")
        used = {word: self._no_answer(world, word) for word in self.strange}
        let_everything_happen(world)
        for word in self.strange:
            used[word] += self._not_nothing(world, word)
            world.expect(
                used[word] > 0,
                f"报文里没有 {word!r}", f"{word!r} stands in none of the bank's messages",
            )  # fmt: skip

    def _no_answer(self, world: BankWorld, word: bytes) -> int:
        """Expect that an answer with a strange word is none; return in how many it stood."""
        request = batch(f"strange-{word!r}", people(f"strange-{word!r}", 2))
        with self._estranged(world, word) as behind:
            said = ""
            try:
                said = world.send(request).answer.value
            except BankUnavailable:
                said = "BankUnavailable"
            except BankOutcomeUnknown:
                with suppress(BankUnavailable, BankOutcomeUnknown):
                    answer = world.ask(request.key)
                    said = "None" if answer is None else answer.answer.value
            world.expect(
                not (said and behind.strangers),
                f"不识别的代码被当作 {said}", f"a code that nobody knows was taken for {said}",
            )  # fmt: skip
            return behind.strangers

    def _not_nothing(self, world: BankWorld, word: bytes) -> int:
        """Expect that a notice with a strange word is not skipped; return in how many it stood."""
        genuine, taken = _told(world), list[Collected]()
        with self._estranged(world, word) as behind:
            with suppress(BankUnavailable):
                taken.extend(world.bank.collect(after=None))
            strangers = behind.strangers
        for each in taken:
            if not isinstance(each.notice, NotUnderstood):
                unchanged(world, genuine, each.notice)
        rest = world.collect(taken[-1].cursor if taken else None)
        got = {each.notice.told.event_id for each in (*taken, *rest)}
        missing = {id_ for id_, one in genuine.items() if type(one) in self.tells} - got
        world.expect(
            not missing,
            f"不识别的来报被跳过，少了 {len(missing)} 条",
            f"what it did not know was skipped: {len(missing)} notices are missing for ever",
        )
        return strangers

    @contextmanager
    def _estranged(self, world: BankWorld, word: bytes) -> Iterator[BankBehind]:
        world.tell(f"! 银行改用没约定的代码：{word!r}")
        world.behind.strange, world.behind.strangers = {word: self.strange[word]}, 0
        yield world.behind
        world.behind.strange = {}

    def test_a_day_is_the_banks_own_day(self, world: BankWorld) -> None:
        """The day of a list or a statement is the one that the bank wrote, at whatever hour."""
        card, *_ = world.cards(2)
        for hour in range(_HOURS):
            order = key(f"day-{hour}")
            world.at_the_bank(payment(f"pay-{hour}", [(f"day-{hour}", card, 100 + hour)]))
            world.simulate.settle(order)
            world.simulate.statement()
            world.simulate.daily_list()
            world.clock.advance(minutes=60)
        self._all_there(world, world.collect())

    def _all_there(self, world: BankWorld, found: list[Collected]) -> None:
        genuine = _told(world)
        wanted = {id_ for id_, notice in genuine.items() if type(notice) in self.tells}
        got: dict[str, BankNotice] = {}
        for each in found:
            unchanged(world, genuine, each.notice)
            got[each.notice.told.event_id] = each.notice
        missing = sorted({type(genuine[id_]).__name__ for id_ in wanted - got.keys()})
        world.expect(
            not missing,
            f"少了 {len(wanted - got.keys())} 条通知：{'、'.join(missing)}",
            f"{len(wanted - got.keys())} notices are missing: {', '.join(missing)}",
        )


def unchanged(world: BankWorld, genuine: Mapping[str, BankNotice], notice: BankNotice) -> None:
    """Expect that the bank has told *notice*, and as it arrived; else its fields are named."""
    kind, told = type(notice).__name__, genuine.get(notice.told.event_id)
    if told is None:
        world.broken(f"银行没有说过这条 {kind}", f"the bank never told this {kind}")
    if told != notice:
        where = differing(told, notice)
        world.broken(
            f"通知 {type(told).__name__} 到达时变了样：{where}",
            f"{type(told).__name__} arrived changed: {where}",
        )


def _told(world: BankWorld) -> Mapping[str, BankNotice]:
    return {notice.told.event_id: notice for notice in world.truth.told}


def let_everything_happen(world: BankWorld) -> None:
    """Let the bank tell everything it has words for, without the adapter's help."""
    simulate = world.simulate
    request = batch("all", [person(7000 + n, row=f"all-{n}") for n in range(8)])
    world.at_the_bank(request)
    rows = [key(f"all-{n}") for n in range(8)]
    simulate.verify(request.key, rows=rows[:6])
    simulate.reject(rows[6], RowReason.ID_EXPIRED, code="R002", text="证件已过有效期，请更换")
    simulate.decline(rows[7])
    simulate.produce(request.key, rows=rows[:6])
    world.clock.advance(days=1)
    simulate.sign_face(request.key, rows=rows[:5])
    simulate.face_sign(request.key, rows=rows[:5])
    simulate.sign_face(rows[5], FaceSignResult.PAPERS_MISSING, code="S002", text="未带身份证原件")
    made = [world.truth.card_of_row(row) for row in rows[:6]]
    cards = [card.card for card in made if card is not None]
    simulate.collected_at_branch(cards[0])
    simulate.report_loss(cards[1])
    simulate.lapse_loss(cards[1])
    simulate.report_loss(cards[1], written=True)
    simulate.undo_loss(cards[1])
    simulate.freeze(cards[2], "司法冻结")
    simulate.unfreeze(cards[2])
    simulate.dormant(cards[3])
    simulate.revive(cards[3])
    simulate.expire(cards[4])
    simulate.activate(simulate.replace(cards[4], same_number=True))
    simulate.replace(cards[1])
    simulate.close(cards[3])
    simulate.destroy_plastic(cards[3])
    pay = payment("all-pay", [(f"all-{n}", cards[n], 100 + n) for n in range(3)])
    world.at_the_bank(pay)
    simulate.reject_order(key("all-0"), code="P009", text="户名不符")
    simulate.settle(pay.key)
    simulate.return_payment(key("all-1"), "账号户名不符")
    world.at_the_bank(stop("all-stop", cards[0]))
    simulate.receipt(key("all-stop"))
    simulate.free_service(cards[0], Waiver.ATM_WITHDRAWAL, 2)
    (who,) = people("number", 1)
    number = ReserveNumber(
        key=key("all-number"), programme=PROGRAMME, name=who.name, document=who.document,
        digits="12351",
    )  # fmt: skip
    world.at_the_bank(number)
    simulate.lapse_number(number.key)
    simulate.daily_list()
    simulate.statement()
    world.clock.advance(hours=1)
