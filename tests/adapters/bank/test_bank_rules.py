"""What the simulated bank does and refuses, when nothing goes wrong on the line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from threading import Barrier, Thread

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.bank.sample import (
    SOON,
    a_bank,
    a_bank_with_cards,
    applicant,
    batch,
    key,
    names,
    passport,
    payout,
    stop,
    told,
)

from szunion.adapters.bank.books import card_number
from szunion.adapters.bank.records import CARD_MOVES, OrderState, RowState
from szunion.adapters.bank.simulated import SIMULATED
from szunion.domain.bank import (
    BankEvent,
    BankState,
    CardChanged,
    CardProduced,
    DailyCardList,
    OrderRejected,
    OrderReturned,
    OrderSettled,
    RequestAnswered,
    RowReason,
    RowRejected,
    Statement,
    StatementKind,
)
from szunion.domain.bank_requests import AccountClass, Answer
from szunion.domain.values import CardRef, CardToken, Fen
from szunion.errors import Conflict, InvalidInput, NotFound
from szunion.ports.bank import BankAdapter, Cursor
from szunion.testing import SimClock, SimulatedBank, check_bank

UNKNOWN_CARD = CardRef(CardToken("T-NOT-A-CARD"))


def test_the_simulated_bank_is_a_bank_adapter() -> None:
    bank: BankAdapter = SimulatedBank(clock=SimClock())
    assert bank.info.gapless


# --- one key, one effect --------------------------------------------------------------------


def test_the_same_key_a_second_time_gives_the_same_receipt_and_no_second_effect() -> None:
    bank, _ = a_bank()
    first = bank.send(batch(), deadline=SOON)
    second = bank.send(batch(), deadline=SOON)
    assert second == first
    assert bank.truth.effects == {key("batch"): 1}
    assert bank.truth.arrived == {key("batch"): 2}
    assert bank.ask(key("batch"), deadline=SOON) == first


def test_the_same_key_with_other_content_is_refused_and_the_first_stands() -> None:
    bank, _ = a_bank()
    first = bank.send(batch(count=3), deadline=SOON)
    other = bank.send(batch(count=2), deadline=SOON)
    assert (other.answer, other.bank_code) == (Answer.REFUSED, "B001")
    assert bank.ask(key("batch"), deadline=SOON) == first
    assert len(bank.truth.rows) == 3


def test_a_key_that_never_came_is_not_known() -> None:
    bank, _ = a_bank()
    assert bank.ask(key("never"), deadline=SOON) is None


def test_fifty_threads_with_one_key_have_one_effect() -> None:
    bank, _ = a_bank()
    barrier = Barrier(50)
    receipts = []

    def send() -> None:
        barrier.wait()
        receipts.append(bank.send(batch(), deadline=SOON))

    threads = [Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 50
    assert all(receipt == receipts[0] for receipt in receipts)
    assert bank.truth.effects == {key("batch"): 1}


def test_a_request_that_is_not_accepted_is_never_sent() -> None:
    only_cards = evolve(SIMULATED, accepts=frozenset({type(batch())}))
    bank = SimulatedBank(clock=SimClock(), info=only_cards)
    with pytest.raises(TypeError, match="SetCardUse"):
        bank.send(stop("stop", UNKNOWN_CARD), deadline=SOON)


# --- batches --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((applicant(1), applicant(2), applicant(3), applicant(4)), "B002"),
        ((applicant(1, row="twice"), applicant(2, row="twice")), "B004"),
    ],
)
def test_a_malformed_batch_is_refused_whole(rows: tuple[object, ...], code: str) -> None:
    bank = SimulatedBank(clock=SimClock(), info=evolve(SIMULATED, most_rows=3))
    receipt = bank.send(batch("batch", *rows), deadline=SOON)  # type: ignore[arg-type]
    assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, code)
    assert receipt.bank_text
    assert bank.truth.rows == {}
    assert bank.truth.effects == {}


def test_an_empty_batch_is_refused() -> None:
    bank, _ = a_bank()
    receipt = bank.send(evolve(batch(), rows=()), deadline=SOON)
    assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, "B003")


def test_the_bank_can_be_told_to_refuse_a_batch_whole() -> None:
    bank, _ = a_bank()
    bank.simulate.refuse_next()
    receipt = bank.send(batch(), deadline=SOON)
    assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, "B006")
    assert bank.ask(key("batch"), deadline=SOON) == receipt
    assert bank.send(batch("next"), deadline=SOON).answer is Answer.ACCEPTED


def test_no_card_is_made_for_the_same_row_twice() -> None:
    bank, _ = a_bank()
    bank.send(batch("first"), deadline=SOON)
    bank.simulate.produce(key("first"))
    again = bank.send(batch("second"), deadline=SOON)
    assert again.answer is Answer.ACCEPTED
    assert bank.simulate.produce(key("second")) == 0
    assert len(bank.truth.cards) == 3


def test_a_living_row_with_other_content_is_refused() -> None:
    bank, _ = a_bank()
    bank.send(batch("first", applicant(1)), deadline=SOON)
    other = bank.send(batch("second", applicant(1, person=2)), deadline=SOON)
    assert (other.answer, other.bank_code) == (Answer.REFUSED, "B005")


def test_a_row_that_was_sent_back_may_come_again_mended_and_its_sequence_goes_on() -> None:
    bank, _ = a_bank()
    bank.send(batch("first", applicant(1)), deadline=SOON)
    bank.simulate.reject(key("row-1"), RowReason.NAME_ID_MISMATCH)
    bank.send(batch("second", applicant(1, person=9, name="更正")), deadline=SOON)
    bank.simulate.verify(key("row-1"))
    assert [notice.told.sequence for notice in told(bank)] == [1, 2]
    assert bank.truth.rows[key("row-1")].state is RowState.VERIFIED


def test_who_has_a_class_one_account_is_sent_back() -> None:
    bank, _ = a_bank()
    bank.simulate.has_class_one(passport(1))
    bank.send(batch("first", applicant(1), applicant(2)), deadline=SOON)
    bank.simulate.verify(key("first"))
    rejected, verified = told(bank)
    assert isinstance(rejected, RowRejected)
    assert rejected.reason is RowReason.CLASS1_EXISTS
    assert (rejected.row, rejected.bank_code) == (key("row-1"), "A001")
    assert names([verified]) == ["RowVerified"]


def test_one_person_in_two_rows_gets_one_class_one_account_and_may_have_a_class_two() -> None:
    bank, _ = a_bank()
    rows = (
        applicant(1, person=1),
        applicant(2, person=1),
        applicant(3, person=1, account_class=AccountClass.II),
    )
    bank.send(batch("first", *rows), deadline=SOON)
    bank.simulate.produce(key("first"))
    cards = bank.truth.cards_of(passport(1))
    assert [card.row for card in cards] == [key("row-1"), key("row-3")]
    assert bank.truth.rows[key("row-2")].state is RowState.REJECTED


def test_a_name_that_the_charset_cannot_hold_is_sent_back_and_blocks_nobody() -> None:
    bank = SimulatedBank(clock=SimClock(), info=evolve(SIMULATED, charset="gb2312"))
    bank.send(batch("first", applicant(1, name="䶮"), applicant(2)), deadline=SOON)
    bank.simulate.verify(key("first"))
    rejected, verified = told(bank)
    assert isinstance(rejected, RowRejected)
    assert (rejected.reason, rejected.bank_code) == (RowReason.OTHER, "CHARSET")
    assert names([verified]) == ["RowVerified"]


def test_the_lines_of_a_batch_are_named_by_number_from_one_or_by_key() -> None:
    bank, _ = a_bank()
    bank.send(batch(), deadline=SOON)
    bank.simulate.produce(key("batch"))
    assert bank.simulate.face_sign(key("batch"), rows=[1, key("row-3")]) == 2
    states = [card.state for card in bank.truth.cards]
    assert states == [BankState.ACTIVE, BankState.ISSUED, BankState.ACTIVE]
    with pytest.raises(NotFound):
        bank.simulate.face_sign(key("batch"), rows=[4])
    with pytest.raises(NotFound):
        bank.simulate.produce(key("no such batch"))


def test_activation_names_the_row_whose_applicant_signed() -> None:
    bank, _ = a_bank()
    bank.send(batch(count=1), deadline=SOON)
    bank.simulate.produce(key("batch"))
    bank.simulate.face_sign(key("batch"))
    produced, activated = told(bank)[1:]
    assert isinstance(produced, CardProduced)
    assert isinstance(activated, CardChanged)
    assert activated.row == produced.row == key("row-1")
    assert (produced.told.stream, produced.told.sequence) == (activated.told.stream, 1)
    assert activated.told.sequence == 2


def test_a_member_may_decline_until_they_have_signed() -> None:
    bank, _ = a_bank()
    bank.send(batch(count=2), deadline=SOON)
    bank.simulate.produce(key("batch"))
    bank.simulate.decline(key("row-1"))
    bank.simulate.face_sign(key("batch"), rows=[2])
    with pytest.raises(Conflict):
        bank.simulate.decline(key("row-2"))
    assert bank.truth.rows[key("row-1")].state is RowState.DECLINED


@pytest.mark.parametrize(("wish", "ending"), [("12351", "2351"), ("888", "888"), (None, "")])
def test_a_wished_number_is_in_the_card_number(wish: str | None, ending: str) -> None:
    bank, _ = a_bank()
    bank.send(batch("first", applicant(1, wish=wish)), deadline=SOON)
    bank.simulate.produce(key("first"))
    (card,) = bank.truth.cards
    plain = card.number.plain()
    assert plain[:-1].endswith(ending)
    assert plain.endswith(card.last_four)
    assert plain not in repr(card)


@settings(derandomize=True, max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, 99_999), st.sampled_from(["", "8", "12351", "123456", "x"])),
        unique_by=lambda pair: pair[0],
        max_size=20,
    )
)
def test_card_numbers_are_test_numbers_with_a_check_digit_and_never_the_same(
    cards: list[tuple[int, str]],
) -> None:
    numbers = [card_number(serial, wish) for serial, wish in cards]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert number.startswith("620000")
        assert len(number) == 19
        digits = [int(digit) for digit in reversed(number)]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
        assert (sum(digits[::2]) + sum(doubled)) % 10 == 0


# --- cards ----------------------------------------------------------------------------------


def _drive(bank: SimulatedBank, card: CardRef, event: BankEvent) -> None:
    simulate = bank.simulate
    buttons: dict[BankEvent, Callable[[CardRef], object]] = {
        BankEvent.ACTIVATED: simulate.activate,
        BankEvent.LOSS_ORAL: simulate.report_loss,
        BankEvent.LOSS_LAPSED: simulate.lapse_loss,
        BankEvent.LOSS_WRITTEN: partial(simulate.report_loss, written=True),
        BankEvent.LOSS_UNDONE: simulate.undo_loss,
        BankEvent.FROZEN: simulate.freeze,
        BankEvent.UNFROZEN: simulate.unfreeze,
        BankEvent.DORMANT: simulate.dormant,
        BankEvent.REVIVED: simulate.revive,
        BankEvent.EXPIRED: simulate.expire,
        BankEvent.REPLACED: simulate.replace,
        BankEvent.CLOSED: simulate.close,
    }
    buttons[event](card)


_WAY_TO = {
    BankState.ISSUED: [],
    BankState.ACTIVE: [BankEvent.ACTIVATED],
    BankState.LOSS_ORAL: [BankEvent.ACTIVATED, BankEvent.LOSS_ORAL],
    BankState.LOSS_WRITTEN: [BankEvent.ACTIVATED, BankEvent.LOSS_WRITTEN],
    BankState.FROZEN: [BankEvent.ACTIVATED, BankEvent.FROZEN],
    BankState.DORMANT: [BankEvent.ACTIVATED, BankEvent.DORMANT],
    BankState.EXPIRED: [BankEvent.ACTIVATED, BankEvent.EXPIRED],
    BankState.REPLACED: [BankEvent.ACTIVATED, BankEvent.REPLACED],
    BankState.CLOSED: [BankEvent.ACTIVATED, BankEvent.CLOSED],
}


@pytest.mark.parametrize("event", [event for event in BankEvent if event in CARD_MOVES])
@pytest.mark.parametrize("state", list(BankState))
def test_in_every_state_every_event_leads_to_its_target_or_is_refused_and_changes_nothing(
    state: BankState, event: BankEvent
) -> None:
    bank, _ = a_bank()
    bank.send(batch(count=1), deadline=SOON)
    bank.simulate.produce(key("batch"))
    card = bank.truth.cards[0].card
    for step in _WAY_TO[state]:
        _drive(bank, card, step)
    before = bank.truth.told
    allowed, target = CARD_MOVES[event]
    if state in allowed:
        _drive(bank, card, event)
        seen = bank.truth.card(card)
        assert seen is not None
        assert seen.state is target
        last = [
            notice for notice in bank.truth.told if notice.told.event_id > before[-1].told.event_id
        ]
        assert isinstance(last[0], CardChanged)
        assert (last[0].event, last[0].state) == (event, target)
    else:
        with pytest.raises(Conflict):
            _drive(bank, card, event)
        assert bank.truth.told == before
    assert check_bank(bank.truth).fine


def test_a_loss_that_still_stands_is_told_again_after_the_card_is_unfrozen() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.simulate.report_loss(card, written=True)
    bank.simulate.freeze(card)
    bank.simulate.unfreeze(card)
    last = [notice.event for notice in told(bank)[-2:] if isinstance(notice, CardChanged)]
    assert last == [BankEvent.UNFROZEN, BankEvent.LOSS_WRITTEN]
    seen = bank.truth.card(card)
    assert seen is not None
    assert seen.state is BankState.LOSS_WRITTEN


def test_a_card_that_nobody_signed_for_does_not_become_active_by_being_unfrozen() -> None:
    bank, _ = a_bank()
    bank.send(batch(count=1), deadline=SOON)
    bank.simulate.produce(key("batch"))
    card = bank.truth.cards[0].card
    bank.simulate.freeze(card)
    with pytest.raises(Conflict):
        bank.simulate.unfreeze(card)


def test_a_replacement_with_the_same_number_is_another_card_on_the_same_account() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    new = bank.simulate.replace(card, same_number=True)
    assert (new.token, new.psn) == (card.token, card.psn + 1)
    old_seen, new_seen = bank.truth.card(card), bank.truth.card(new)
    assert old_seen is not None
    assert new_seen is not None
    assert (old_seen.state, new_seen.state) == (BankState.REPLACED, BankState.ISSUED)
    assert old_seen.successor == new
    assert old_seen.account == new_seen.account
    assert old_seen.number == new_seen.number
    replaced, born = told(bank)[-2:]
    assert isinstance(replaced, CardChanged)
    assert isinstance(born, CardChanged)
    assert (replaced.successor, replaced.successor_last_four) == (new, new_seen.last_four)
    assert (born.card, born.event, born.told.sequence) == (new, BankEvent.ISSUED, 1)


def test_a_lost_card_gets_a_new_number() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.simulate.report_loss(card)
    with pytest.raises(Conflict):
        bank.simulate.replace(card, same_number=True)
    new = bank.simulate.replace(card)
    assert new.token != card.token
    assert new.psn == 1


def test_closing_the_old_card_leaves_the_account_to_its_successor() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    new = bank.simulate.replace(card)
    bank.simulate.close(card)
    account = bank.truth.account_of(new)
    assert account is not None
    assert account.open
    bank.simulate.close(new)
    closed = bank.truth.account_of(new)
    assert closed is not None
    assert not closed.open


def test_the_union_may_stop_and_allow_a_card_and_the_banks_state_does_not_move() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    assert bank.send(stop("stop", card), deadline=SOON).answer is Answer.ACCEPTED
    seen = bank.truth.card(card)
    assert seen is not None
    assert (seen.allowed, seen.state) == (False, BankState.ACTIVE)
    unknown = bank.send(stop("other", UNKNOWN_CARD), deadline=SOON)
    assert (unknown.answer, unknown.bank_code) == (Answer.REFUSED, "C001")
    bank.simulate.close(card)
    gone = bank.send(stop("again", card, allowed=True), deadline=SOON)
    assert (gone.answer, gone.bank_code) == (Answer.REFUSED, "C002")
    assert bank.send(stop("gone", card), deadline=SOON).answer is Answer.ACCEPTED


# --- money ----------------------------------------------------------------------------------


def test_a_line_is_paid_once_for_each_order_and_a_copy_in_another_batch_pays_nothing() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.send(payout("first", ("order", card, 300_000)), deadline=SOON)
    bank.simulate.settle(key("first"))
    bank.send(payout("second", ("order", card, 300_000)), deadline=SOON)
    assert bank.simulate.settle(key("second")) == 0
    account = bank.truth.account_of(card)
    assert account is not None
    assert account.fen == Fen(300_000)
    assert bank.truth.paying == Fen(-300_000)
    assert bank.truth.effects[key("order")] == 1
    assert check_bank(bank.truth).fine


def test_twins_are_two_orders_of_one_amount_to_one_account_and_both_are_paid() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    lines = ("first child", card, 100_000), ("second child", card, 100_000)
    receipt = bank.send(payout("twins", *lines), deadline=SOON)
    assert (receipt.rows, receipt.total) == (2, Fen(200_000))
    assert bank.simulate.settle(key("twins")) == 2
    assert bank.truth.paying == Fen(-200_000)


def test_an_order_with_another_amount_or_payee_is_refused_whole() -> None:
    bank, _, (card, other, *_) = a_bank_with_cards()
    bank.send(payout("first", ("order", card, 100)), deadline=SOON)
    for changed in (("order", card, 101), ("order", other, 100)):
        receipt = bank.send(payout(f"second {changed}", changed), deadline=SOON)
        assert (receipt.answer, receipt.bank_code) == (Answer.REFUSED, "B005")


@pytest.mark.parametrize(
    ("closed", "fen", "code"), [(True, 100, "P003"), (False, 0, "P002"), (False, -5, "P002")]
)
def test_a_payment_that_cannot_be_made_is_rejected_by_line(
    closed: bool,  # noqa: FBT001
    fen: int,
    code: str,
) -> None:
    bank, _, (card, other, *_) = a_bank_with_cards()
    if closed:
        bank.simulate.close(card)
    lines = ("bad", card, fen), ("nobody", UNKNOWN_CARD, 100), ("good", other, 100)
    assert bank.send(payout("pay", *lines), deadline=SOON).answer is Answer.ACCEPTED
    bad, nobody, good = told(bank)[-3:]
    assert isinstance(bad, OrderRejected)
    assert isinstance(nobody, OrderRejected)
    assert (bad.bank_code, nobody.bank_code) == (code, "P001")
    assert names([good]) == ["OrderAccepted"]


def test_a_lost_cards_account_still_takes_money_but_a_credit_blocked_one_does_not() -> None:
    bank, _, (lost, blocked, frozen) = a_bank_with_cards()
    bank.simulate.report_loss(lost, written=True)
    bank.simulate.freeze(blocked, credits_blocked=True)
    bank.simulate.freeze(frozen)
    lines = ("lost", lost, 100), ("blocked", blocked, 100), ("frozen", frozen, 100)
    bank.send(payout("pay", *lines), deadline=SOON)
    bank.simulate.settle(key("pay"))
    states = {order.order: order.state for order in bank.truth.orders.values()}
    assert states == {
        key("lost"): OrderState.SETTLED,
        key("blocked"): OrderState.REJECTED,
        key("frozen"): OrderState.SETTLED,
    }


def test_an_account_closed_between_acceptance_and_settlement_is_not_paid() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.send(payout("pay", ("order", card, 100)), deadline=SOON)
    bank.simulate.close(card)
    bank.simulate.settle(key("pay"))
    last = told(bank)[-1]
    assert isinstance(last, OrderRejected)
    assert last.bank_code == "P003"
    assert bank.truth.paying == Fen(0)


def test_a_returned_payment_is_back_to_the_fen_and_in_the_statement() -> None:
    bank, clock, (card, *_) = a_bank_with_cards()
    bank.send(payout("pay", ("order", card, 12_345)), deadline=SOON)
    bank.simulate.settle(key("order"))
    bank.simulate.return_payment(key("order"), "账号户名不符")
    bank.simulate.statement()
    settled, returned, statement = told(bank)[-3:]
    assert isinstance(settled, OrderSettled)
    assert isinstance(returned, OrderReturned)
    assert isinstance(statement, Statement)
    assert returned.fen == settled.fen == Fen(12_345)
    assert [(line.kind, line.fen) for line in statement.lines] == [
        (StatementKind.PAID, Fen(12_345)),
        (StatementKind.RETURNED, Fen(12_345)),
    ]
    assert statement.day == clock.today()
    assert bank.truth.paying == Fen(0)
    with pytest.raises(Conflict):
        bank.simulate.settle(key("order"))
    assert check_bank(bank.truth).fine


def test_a_refused_order_is_never_paid() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.send(payout("pay", ("order", card, 100)), deadline=SOON)
    bank.simulate.reject_order(key("order"), code="P009", text="拒付")
    bank.send(payout("again", ("order", card, 100)), deadline=SOON)
    assert bank.simulate.settle(key("again")) == 0
    assert bank.truth.orders[key("order")].state is OrderState.REJECTED


# --- telling --------------------------------------------------------------------------------


def test_the_daily_list_has_every_card_with_the_sequence_it_was_last_told_with() -> None:
    bank, clock, cards = a_bank_with_cards()
    bank.simulate.close(cards[1])
    bank.simulate.daily_list()
    last = told(bank)[-1]
    assert isinstance(last, DailyCardList)
    assert last.day == clock.today()
    assert [(line.card, line.state, line.sequence) for line in last.cards] == [
        (cards[0], BankState.ACTIVE, 2),
        (cards[1], BankState.CLOSED, 3),
        (cards[2], BankState.ACTIVE, 2),
    ]


def test_a_list_is_of_the_day_on_which_it_is_told_however_long_nothing_happened() -> None:
    clock = SimClock("2017-11-23")
    bank = SimulatedBank(seed=7, clock=clock)
    bank.simulate.daily_list()
    clock.advance(days=3)
    bank.simulate.statement()
    listed, paper = told(bank)
    assert isinstance(listed, DailyCardList)
    assert isinstance(paper, Statement)
    assert (listed.day, paper.day) == (date(2017, 11, 23), date(2017, 11, 26))
    assert list(SimulatedBank.restore(bank.snapshot(), clock=clock).truth.told) == [listed, paper]


def test_a_receipt_can_be_told_again_as_a_notice() -> None:
    bank, _ = a_bank()
    receipt = bank.send(batch(), deadline=SOON)
    bank.simulate.receipt(key("batch"))
    (notice,) = told(bank)
    assert isinstance(notice, RequestAnswered)
    assert notice.receipt == receipt
    with pytest.raises(NotFound):
        bank.simulate.receipt(key("never"))


def test_a_bank_that_contradicts_itself_tells_one_event_id_with_two_contents() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.simulate.contradict(card)
    first = next(
        notice for notice in told(bank) if isinstance(notice, CardChanged) and notice.card == card
    )
    second = told(bank)[-1]
    assert isinstance(second, CardChanged)
    assert second.told == first.told
    assert second != first
    assert not check_bank(bank.truth).fine


def test_a_bank_may_tell_that_a_closed_card_was_activated_and_the_truth_stays_closed() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    with pytest.raises(Conflict):
        bank.simulate.revive_closed(card)
    bank.simulate.close(card)
    bank.simulate.revive_closed(card)
    last = told(bank)[-1]
    assert isinstance(last, CardChanged)
    assert (last.event, last.state) == (BankEvent.ACTIVATED, BankState.ACTIVE)
    seen = bank.truth.card(card)
    assert seen is not None
    assert seen.state is BankState.CLOSED


def test_the_plastic_has_a_stream_of_its_own() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.simulate.collected_at_branch(card)
    bank.simulate.destroy_plastic(card)
    assert [notice.told.sequence for notice in told(bank)[-2:]] == [1, 2]
    assert check_bank(bank.truth).fine


@pytest.mark.parametrize("cursor", ["", "p", "p-1", "p١", "x0", "p99", "p" + "9" * 40])
def test_a_cursor_that_is_not_of_this_bank_is_refused(cursor: str) -> None:
    bank, _ = a_bank()
    with pytest.raises(InvalidInput):
        bank.collect(after=Cursor(cursor))


def test_no_name_and_no_document_is_in_what_the_bank_keeps() -> None:
    bank, _ = a_bank()
    bank.send(batch("batch", applicant(4711, name="欧阳测试")), deadline=SOON)
    bank.simulate.produce(key("batch"))
    kept = bank.snapshot().decode() + repr(bank.truth.told) + repr(bank.truth.cards)
    assert "E00004711" not in kept
    assert "欧阳" not in kept
    assert bank.truth.cards[0].number.plain() not in kept
