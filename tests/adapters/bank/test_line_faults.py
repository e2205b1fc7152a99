"""Each fault of the line is visible, means what it says, and changes nothing at the bank."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from tests.adapters.bank.sample import (
    SOON,
    a_bank,
    a_bank_with_cards,
    batch,
    key,
    payout,
    told,
)

from szunion.adapters.bank.post import ArrivedFile, broken
from szunion.domain.bank import BankNotice, DailyCardList, RequestAnswered, Statement
from szunion.domain.bank_requests import Answer
from szunion.errors import BankOutcomeUnknown, BankUnavailable, InvalidInput
from szunion.ports.bank import Cursor, Deadline
from szunion.testing import (
    Fault,
    FaultKind,
    FaultPlan,
    SimClock,
    SimulatedBank,
    check_bank,
    check_collected,
    shrink,
)


def _first_time(kind: FaultKind, subject: str) -> FaultPlan:
    return FaultPlan(kept=frozenset({Fault(kind, subject, 1)}))


BATCH = key("batch").text


def test_an_unreachable_bank_was_never_reached() -> None:
    bank, _ = a_bank(_first_time(FaultKind.UNREACHABLE, BATCH))
    with pytest.raises(BankUnavailable) as raised:
        bank.send(batch(), deadline=SOON)
    assert raised.value.retry
    assert bank.truth.arrived == {}
    assert bank.send(batch(), deadline=SOON).answer is Answer.ACCEPTED


def test_a_deadline_that_has_passed_sends_nothing() -> None:
    bank, _ = a_bank()
    with pytest.raises(BankUnavailable):
        bank.send(batch(), deadline=Deadline(0))
    with pytest.raises(BankUnavailable):
        bank.ask(key("batch"), deadline=Deadline(0))
    assert bank.truth.arrived == {}


def test_a_lost_request_leaves_the_outcome_unknown_and_the_bank_never_saw_it() -> None:
    bank, _ = a_bank(_first_time(FaultKind.DROP_REQUEST, BATCH))
    with pytest.raises(BankOutcomeUnknown):
        bank.send(batch(), deadline=SOON)
    assert bank.ask(key("batch"), deadline=SOON) is None
    assert bank.truth.effects == {}


@pytest.mark.parametrize("kind", [FaultKind.DROP_RESPONSE, FaultKind.ERROR_AFTER_ACTING])
def test_a_lost_answer_leaves_the_outcome_unknown_and_the_bank_has_acted(kind: FaultKind) -> None:
    bank, _ = a_bank(_first_time(kind, BATCH))
    with pytest.raises(BankOutcomeUnknown):
        bank.send(batch(), deadline=SOON)
    assert bank.truth.effects == {key("batch"): 1}
    receipt = bank.ask(key("batch"), deadline=SOON)
    assert receipt is not None
    assert receipt.answer is Answer.ACCEPTED
    assert bank.send(batch(), deadline=SOON) == receipt
    assert bank.truth.effects == {key("batch"): 1}


def test_a_lost_answer_may_be_told_later_as_a_notice() -> None:
    faults = {Fault(FaultKind.DROP_RESPONSE, BATCH, 1), Fault(FaultKind.LATE_RECEIPT, BATCH, 1)}
    bank, _ = a_bank(FaultPlan(kept=frozenset(faults)))
    with pytest.raises(BankOutcomeUnknown):
        bank.send(batch(), deadline=SOON)
    (notice,) = told(bank)
    assert isinstance(notice, RequestAnswered)
    assert notice.receipt == bank.ask(key("batch"), deadline=SOON)


def test_a_request_that_the_network_doubles_arrives_twice_and_acts_once() -> None:
    bank, _ = a_bank(_first_time(FaultKind.DOUBLE_REQUEST, BATCH))
    bank.send(batch(), deadline=SOON)
    assert bank.truth.arrived == {key("batch"): 2}
    assert bank.truth.effects == {key("batch"): 1}


def test_a_request_that_turns_up_late_pays_once_also_when_it_was_sent_again() -> None:
    """Race 27: never seen, sent again with the same key, then the first one turns up."""
    bank, clock, (card, *_) = a_bank_with_cards()
    bank.faults = _first_time(FaultKind.DELAY_REQUEST, key("pay").text)
    request = payout("pay", ("order", card, 100))
    with pytest.raises(BankOutcomeUnknown):
        bank.send(request, deadline=SOON)
    assert bank.ask(key("pay"), deadline=SOON) is None
    assert bank.send(request, deadline=SOON).answer is Answer.ACCEPTED
    clock.advance(days=3)
    bank.simulate.settle(key("pay"))
    assert bank.truth.arrived[key("pay")] == 2
    assert bank.truth.effects[key("order")] == 1
    assert check_bank(bank.truth).fine


def test_a_request_that_turns_up_late_is_done_when_it_turns_up() -> None:
    bank, clock = a_bank(_first_time(FaultKind.DELAY_REQUEST, BATCH))
    with pytest.raises(BankOutcomeUnknown):
        bank.send(batch(), deadline=SOON)
    clock.advance(days=3)
    assert bank.ask(key("batch"), deadline=SOON) is not None
    assert bank.truth.effects == {key("batch"): 1}


def test_a_lost_question_is_unavailable_and_can_be_asked_again() -> None:
    bank, _ = a_bank(_first_time(FaultKind.DROP_QUESTION, BATCH))
    with pytest.raises(BankUnavailable):
        bank.ask(key("batch"), deadline=SOON)
    assert bank.ask(key("batch"), deadline=SOON) is None


def _collected(bank: SimulatedBank, clock: SimClock, days: int) -> list[BankNotice]:
    got: list[BankNotice] = []
    cursor: Cursor | None = None
    for _ in range(days + 1):
        for each in bank.collect(after=cursor):
            got.append(each.notice)
            cursor = each.cursor
        clock.advance(days=1)
    return got


def _bank_with_twenty_rows(plan: FaultPlan) -> tuple[SimulatedBank, SimClock]:
    bank, clock = a_bank(plan)
    bank.send(batch(count=20), deadline=SOON)
    for number in range(1, 21):
        bank.simulate.verify(key(f"row-{number}"))
    return bank, clock


def test_a_doubled_notice_has_the_same_event_id_and_content() -> None:
    bank, clock = _bank_with_twenty_rows(FaultPlan(seed=3, duplicate_notice=0.5))
    got = _collected(bank, clock, 0)
    assert len(got) > 20
    assert set(got) == set(bank.truth.told)
    assert check_collected(bank.truth, got).fine


def test_notices_out_of_order_are_all_there() -> None:
    bank, clock = _bank_with_twenty_rows(FaultPlan(seed=3, reorder_notices=0.3))
    got = _collected(bank, clock, 0)
    assert got != list(bank.truth.told)
    assert sorted(got, key=lambda notice: notice.told.event_id) == list(bank.truth.told)


def test_a_late_notice_comes_later_and_the_cursor_does_not_skip_it() -> None:
    plan = FaultPlan(seed=3, delay_notice=0.5, most_delay=timedelta(days=5))
    bank, clock = _bank_with_twenty_rows(plan)
    first = list(bank.collect(after=None))
    assert 0 < len(first) < 20
    got = [each.notice for each in first]
    cursor = first[-1].cursor
    for _ in range(5):
        clock.advance(days=1)
        for each in bank.collect(after=cursor):
            got.append(each.notice)
            cursor = each.cursor
    assert sorted(got, key=lambda notice: notice.told.event_id) == list(bank.truth.told)


def test_a_wrong_clock_at_the_bank_changes_stamps_and_not_sequences() -> None:
    bank, clock = _bank_with_twenty_rows(FaultPlan(seed=3, clock_skew=timedelta(days=1)))
    got = _collected(bank, clock, 0)
    stamps = [notice.told.effective for notice in got]
    assert stamps != sorted(stamps)
    assert max(abs(stamp - SimClock().now()) for stamp in stamps) <= timedelta(days=1)
    assert [notice.told.event_id for notice in got] == sorted(n.told.event_id for n in got)
    assert check_bank(bank.truth).fine


def test_a_line_that_breaks_while_collecting_gives_the_rest_next_time() -> None:
    plan = FaultPlan(kept=frozenset({Fault(FaultKind.BREAK_COLLECT, "collect", 1)}))
    bank, _ = _bank_with_twenty_rows(plan)
    got: list[BankNotice] = []
    cursor = None
    with pytest.raises(BankUnavailable):  # noqa: PT012  (what came before it broke is the point)
        for each in bank.collect(after=None):
            got.append(each.notice)
            cursor = each.cursor
    assert len(got) < 20
    got += [each.notice for each in bank.collect(after=cursor)]
    assert got == list(bank.truth.told)


@pytest.mark.parametrize(
    ("kind", "reason"), [(FaultKind.TRUNCATE_FILE, "COUNT"), (FaultKind.WRONG_TOTAL, "TOTAL")]
)
def test_a_file_that_is_not_whole_is_refused_whole_and_comes_again(
    kind: FaultKind, reason: str
) -> None:
    """F10: the daily list, the statement and a result file of a batch."""
    bank, clock, (card, *_) = a_bank_with_cards()
    before = len(told(bank))
    bank.send(payout("pay", ("one", card, 100), ("two", card, 200)), deadline=SOON)
    bank.simulate.settle(key("pay"))
    bank.simulate.statement()
    bank.simulate.daily_list()
    files = {bank._books.groups[index] for index in range(before, len(bank.truth.told))}
    bank.faults = FaultPlan(kept=frozenset(Fault(kind, f"file-{number}", 0) for number in files))
    assert told(bank)[before:] == []
    assert {file.reason for file in bank.truth.refused_files} == {reason}
    assert len(bank.truth.refused_files) == 4
    clock.advance(hours=1)
    got = told(bank)
    assert check_collected(bank.truth, got).fine
    assert len(got) == len(bank.truth.told)


def test_the_check_of_a_file_finds_a_line_that_is_missing_and_a_fen_that_is_wrong() -> None:
    bank, _, (card, *_) = a_bank_with_cards()
    bank.send(payout("pay", ("one", card, 100), ("two", card, 200)), deadline=SOON)
    bank.simulate.settle(key("pay"))
    bank.simulate.statement()
    bank.simulate.daily_list()
    statement, listed = told(bank)[-2:]
    assert isinstance(statement, Statement)
    assert isinstance(listed, DailyCardList)
    assert broken(ArrivedFile((statement,), 2, 300)) == ""
    assert broken(ArrivedFile((statement,), 2, 301)) == "TOTAL"
    for count in range(2):
        half = evolve(statement, lines=statement.lines[:count])
        assert broken(ArrivedFile((half,), 2, 300)) == "COUNT"
    for count in range(3):
        cut = evolve(listed, cards=listed.cards[:count])
        assert broken(ArrivedFile((cut,), 3, 0)) == "COUNT"


def test_a_healed_line_delivers_all_that_was_under_way() -> None:
    plan = evolve(FaultPlan.storm(5), delay_notice=1.0, delay_request=0.0)
    bank, clock = a_bank(plan)
    while True:
        try:
            bank.send(batch(count=20), deadline=SOON)
            break
        except (BankUnavailable, BankOutcomeUnknown):
            clock.advance(hours=1)
    bank.simulate.verify(key("batch"))
    bank.heal()
    got = [each.notice for each in bank.collect(after=None)]
    assert check_collected(bank.truth, got).fine


@pytest.mark.parametrize(
    "wrong", [{"drop_request": 1.5}, {"drop_response": -0.1}, {"most_delay": timedelta(-1)}]
)
def test_a_plan_with_a_rate_beyond_one_or_a_negative_span_is_refused(
    wrong: dict[str, float],
) -> None:
    with pytest.raises(InvalidInput):
        FaultPlan(**wrong)  # type: ignore[arg-type]


def test_a_plan_can_be_written_down_and_read_back() -> None:
    for plan in (
        FaultPlan.none(),
        FaultPlan.storm(9),
        FaultPlan.swarm(4),
        _first_time(FaultKind.DROP_RESPONSE, "x"),
    ):
        assert FaultPlan.from_json(plan.to_json()) == plan
    for line in ("", "[]", '{"seeds": 1}', '{"drop_request": "often"}', '{"kept": [1]}'):
        with pytest.raises(InvalidInput):
            FaultPlan.from_json(line)


def test_the_swarm_switches_each_kind_on_for_some_seeds_and_off_for_others() -> None:
    plans = [FaultPlan.swarm(seed) for seed in range(50)]
    for kind in FaultKind:
        if kind is not FaultKind.CLOCK_SKEW:
            rates = {getattr(plan, kind.value) > 0 for plan in plans}
            assert rates == {True, False}, kind


def test_a_storm_is_shrunk_to_the_one_fault_that_matters() -> None:
    def run(plan: FaultPlan) -> SimulatedBank:
        bank, clock = a_bank(plan)
        for number in range(40):
            try:
                bank.send(batch(f"batch-{number}", count=1), deadline=SOON)
            except (BankUnavailable, BankOutcomeUnknown):
                clock.advance(hours=1)
        return bank

    def fails(plan: FaultPlan) -> bool:
        bank = run(plan)
        return key("batch-0") not in bank.truth.arrived

    storm = evolve(FaultPlan.storm(1), unreachable=0.4)
    seed = next(seed for seed in range(100) if fails(evolve(storm, seed=seed)))
    whole = evolve(storm, seed=seed)
    happened = run(whole).happened
    assert len(happened) > 10
    small = shrink(whole, happened, fails)
    assert small.kept is not None
    assert len(small.kept) == 1
    (fault,) = small.kept
    assert fault.subject == key("batch-0").text
    assert fails(FaultPlan.from_json(small.to_json()))
    with pytest.raises(ValueError, match="not theirs"):
        shrink(whole, happened, lambda _: False)
