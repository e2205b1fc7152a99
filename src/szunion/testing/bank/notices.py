"""Know what an adapter promises of the notices that its bank tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from szunion.adapters.bank.faults import FaultPlan
from szunion.domain.bank import (
    BankNotice,
    CardProduced,
    FaceSignResult,
    RowReason,
    RowVerified,
    Waiver,
)
from szunion.domain.bank_requests import ReserveNumber
from szunion.errors import BankUnavailable
from szunion.ports.bank import Collected
from szunion.testing.bank.base import Promises
from szunion.testing.bank.behind import TroubleKind
from szunion.testing.bank.sample import PROGRAMME, batch, key, payment, people, person, stop
from szunion.testing.bank.world import BankWorld

_PLACES: Final = 10
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
        for trouble in _BAD_WIRES:
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

    def _all_there(self, world: BankWorld, found: list[Collected]) -> None:
        genuine = _told(world)
        wanted = {id_ for id_, notice in genuine.items() if type(notice) in self.tells}
        got: dict[str, BankNotice] = {}
        for each in found:
            id_ = each.notice.told.event_id
            world.expect(
                genuine.get(id_) == each.notice,
                f"通知 {type(each.notice).__name__} 到达时变了样，或银行没有说过",
                f"{type(each.notice).__name__} arrived changed, or was never told",
            )
            got[id_] = each.notice
        missing = sorted({type(genuine[id_]).__name__ for id_ in wanted - got.keys()})
        world.expect(
            not missing,
            f"少了 {len(wanted - got.keys())} 条通知：{'、'.join(missing)}",
            f"{len(wanted - got.keys())} notices are missing: {', '.join(missing)}",
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
