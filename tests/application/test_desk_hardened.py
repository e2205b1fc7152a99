# ruff: noqa: ANN001, ANN202, ARG001, ARG002, ARG005 - planted bugs are written by hand
"""An adapter that breaks its promise, a line read again, money that differs by name and age; and
the desk with bugs planted in it, each found by a scenario that passes without."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta

import pytest
from attrs import define, evolve, field
from tests.application.test_bank_desk import LOST, ScriptedBank, on
from tests.cardtown import CardTown, card_town_on
from tests.moneytown import WARMTH, YEAR, MoneyTown, money_town_on
from tests.offices import engine, officer, operating

from szunion.adapters.bank.simulated import SIMULATED
from szunion.application import bank_desk, bank_freight, statements
from szunion.application.audit import AuditLog
from szunion.application.bank_desk import BankDesk
from szunion.application.bank_ear import BankEar
from szunion.application.bank_fates import Fates
from szunion.application.bank_lines import ADAPTER_FAULT
from szunion.application.office import Office
from szunion.application.payable_now import LeftOut
from szunion.application.reconciliation import Reconciliation
from szunion.application.worker import Worker
from szunion.domain.access import Role
from szunion.domain.bank import (
    BankNotice,
    DailyCardList,
    NotUnderstood,
    RawWords,
    RowVerified,
    Statement,
    Told,
)
from szunion.domain.bank_requests import Answer, Receipt, SetCardUse
from szunion.domain.holds import HoldReason
from szunion.domain.inbox import Hearing
from szunion.domain.outbox import MOST_FAULTS, Dispatch, DispatchState
from szunion.domain.payouts import PayoutState
from szunion.domain.reconciliation import DifferenceKind, DifferenceState, ReconKind
from szunion.domain.rows import RowState
from szunion.domain.values import Fen, RequestKey
from szunion.errors import BankUnavailable, Conflict, NotAllowed, NotFound
from szunion.ports.bank import Collected, Cursor


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


@pytest.fixture
def town(office: Office) -> MoneyTown:
    return money_town_on(office)


# --- an adapter that raises what it may not (F40) -----------------------------------------------


def test_whatever_an_adapter_raises_in_sending_is_unknown_and_never_failed(
    place: CardTown,
) -> None:
    place.approve(place.admit(1))
    bank = ScriptedBank(answers=[ValueError("身份证 …")], asked=[1])
    desk = on(place, bank)
    assert desk.deliver()
    (dispatch,) = place.books().dispatches()
    assert (dispatch.state, dispatch.outcome) == (
        DispatchState.UNKNOWN,
        f"{ADAPTER_FAULT} ValueError",
    )
    place.clock.advance(hours=1)
    assert desk.ask()
    assert place.books().dispatches()[0].state is DispatchState.DONE


def test_the_answer_to_another_request_is_no_answer(place: CardTown) -> None:
    """It says nothing of this one, whatever it says: unknown, and asked for."""
    place.approve(place.admit(1))
    anothers = Receipt(key=RequestKey("B" * 26), answer=Answer.REFUSED, rows=0, total=Fen(0))
    desk = on(place, ScriptedBank(answers=[anothers], asked=[anothers, 1]))
    assert desk.deliver()
    for _ in range(2):
        (dispatch,) = place.books().dispatches()
        assert dispatch.state is DispatchState.UNKNOWN
        assert dispatch.outcome == f"{ADAPTER_FAULT} AnothersAnswer"
        place.clock.advance(hours=2)
        assert desk.ask()
    assert place.books().dispatches()[0].state is DispatchState.DONE


def test_an_adapter_that_never_answers_a_question_is_set_aside_after_eight(
    place: CardTown,
) -> None:
    place.approve(place.admit(1))
    bank = ScriptedBank(answers=[LOST], asked=[KeyError("x") for _ in range(2 * MOST_FAULTS)])
    desk = on(place, bank)
    desk.deliver()
    for _ in range(MOST_FAULTS):
        place.clock.advance(hours=2)
        assert desk.ask()
    (dispatch,) = place.books().dispatches()
    assert (dispatch.state, dispatch.outcome) == (DispatchState.ASIDE, f"{ADAPTER_FAULT} KeyError")
    assert place.books().retry(dispatch.key).state is DispatchState.UNKNOWN, "asked first"


@define
class Falling(ScriptedBank):
    """A line that tells some notices and then falls over."""

    told: list[BankNotice] = field(factory=list)

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        start = int(after or "0")
        for number, notice in enumerate(self.told[start:], start=start + 1):
            yield Collected(notice=notice, cursor=Cursor(str(number)))
        raise RuntimeError


def test_a_line_that_always_falls_keeps_no_worker_busy_and_is_noted_once_a_minute(
    place: CardTown,
) -> None:
    """Each note is work for the sealer: one a round, and the engine would never come to rest."""
    log = AuditLog(place.office, engine())
    worker = Worker(
        office=place.office, bank=Falling(), notifier=place.notifier,
        more=(lambda: log.seal() is not None,),
    )  # fmt: skip
    worker.run_until_idle()
    for minute in range(3):
        place.clock.advance(minutes=1)
        assert worker.run_until_idle() == 1, minute
        assert worker.run_until_idle() == 0, minute


def test_what_an_adapter_told_before_it_fell_over_is_obeyed_and_the_fall_is_logged(
    place: CardTown,
) -> None:
    people = place.admit(2)
    place.approve(people)
    place.run()
    now = place.clock.now()
    told: list[BankNotice] = [
        RowVerified(
            told=Told(event_id=f"V{n}", stream=f"r{n}", sequence=1, effective=now),
            row=place.row(person).key,
        )
        for n, person in enumerate(people)
    ]
    bank = Falling(info=evolve(SIMULATED, name="falling"), told=told)
    worker = Worker(office=place.office, bank=bank, notifier=place.notifier)
    worker.run_until_idle()
    assert {place.row(person).state for person in people} == {RowState.VERIFIED}
    while AuditLog(place.office, operating(place.town.c1)).seal() is not None:
        pass
    log = AuditLog(place.office, officer("auditor", Role.AUDITOR))
    faults = [line for line in log.export() if "inbox.adapter_fault" in line]
    assert faults
    assert all("RuntimeError" in line for line in faults)


# --- a line that could not be read, and can be now -----------------------------------------------


def test_a_line_that_is_read_again_and_understood_is_obeyed_once(place: CardTown) -> None:
    (person,) = place.admit(1)
    place.approve([person])
    place.run()
    where = Told(event_id="F#2", stream="file-rows", sequence=7, effective=place.clock.now())
    unread = NotUnderstood(told=where, named="row: KIND", raw=RawWords("…"))
    row = place.row(person).key
    place.tell(unread, unread)
    assert [each.hearing for each in place.books().troubles()] == [Hearing.ASIDE]
    read = RowVerified(told=where, row=row)
    place.tell(read)
    assert place.row(person).state is RowState.VERIFIED
    assert place.books().troubles() == []
    assert place.heard("F#2").kind == "RowVerified"
    place.tell(unread, read)
    assert place.books().troubles() == [], "neither the old line nor a copy is a contradiction"
    with pytest.raises(NotFound):
        place.worker.desk.ear.retry_aside("F#2")


# --- parking by hand ----------------------------------------------------------------------------


def test_what_has_not_left_can_be_parked_with_a_reason_and_taken_up_again(
    place: CardTown,
) -> None:
    one = place.approve(place.admit(1))
    other = place.approve(place.admit(1, start=10))
    assert one.key is not None
    assert other.key is not None
    with pytest.raises(Conflict, match="E-BANK-026"):
        place.books().park(one.key, "  ")
    parked = place.books().park(one.key, "名单有误")
    assert (parked.state, parked.outcome) == (DispatchState.ASIDE, "PARKED")
    place.run()
    states = {each.key: each.state for each in place.books().dispatches()}
    assert states == {one.key: DispatchState.ASIDE, other.key: DispatchState.DONE}
    place.books().retry(one.key)
    place.run()
    assert place.books().dispatch(one.key).state is DispatchState.DONE
    with pytest.raises(Conflict, match="E-BANK-025"):
        place.books().park(one.key, "too late")


def test_what_may_have_arrived_is_never_parked(place: CardTown) -> None:
    batch = place.approve(place.admit(1))
    assert batch.key is not None
    on(place, ScriptedBank(answers=[LOST])).deliver()
    with pytest.raises(Conflict, match="E-BANK-025"):
        place.books().park(batch.key, "stop it")


# --- money: named, aged, blocking (R19) -----------------------------------------------------------


def paid(town: MoneyTown) -> Statement:
    """Pay one household and return the bank's statement of the day, which is not told."""
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    town.grant(person)
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    town.cards.bank.simulate.statement()
    told = town.cards.bank.truth.told[-1]
    assert isinstance(told, Statement)
    return told


def recon(town: MoneyTown, role: Role = Role.FINANCE) -> Reconciliation:
    by = officer("recon", role)
    return Reconciliation(town.office, operating(by) if role is Role.CITY else by)


def another(told: Statement, number: int, **changes: object) -> Statement:
    """Return the statement as the bank might tell it anew: under an event id of its own."""
    where = evolve(told.told, event_id=f"S{number}", sequence=told.told.sequence + number)
    return evolve(told, told=where, **changes)  # type: ignore[arg-type]


def test_a_statement_that_agrees_is_a_run_without_differences(town: MoneyTown) -> None:
    told = paid(town)
    town.cards.run()
    run = recon(town).last(ReconKind.MONEY)
    assert run is not None
    assert (run.day, run.theirs, run.agreed, run.differences) == (told.day, 1, 1, ())
    town.cards.tell(another(told, 1))
    assert recon(town).open() == []
    lines = town.treasury().statement(told.day)
    assert len(lines) == 1, "the same statement asked for again has no new lines"


def test_a_later_statement_of_the_day_adds_the_lines_it_has_more(town: MoneyTown) -> None:
    told = paid(town)
    town.cards.tell(evolve(told, lines=()))
    assert town.treasury().statement(told.day) == []
    town.cards.tell(another(told, 1))
    (line,) = town.treasury().statement(told.day)
    assert line.fen == told.lines[0].fen


@pytest.mark.parametrize("kind", [DifferenceKind.AMOUNT, DifferenceKind.UNKNOWN_ORDER])
def test_a_line_that_differs_is_named_ages_and_is_closed_by_finance_alone(
    town: MoneyTown, kind: DifferenceKind
) -> None:
    told = paid(town)
    line = told.lines[0]
    wrong = (
        evolve(line, fen=line.fen + Fen(1))
        if kind is DifferenceKind.AMOUNT
        else evolve(line, order=RequestKey("Z" * 26))
    )
    town.cards.tell(evolve(told, lines=(wrong,)))
    town.cards.clock.advance(days=3)
    (open_,) = recon(town).open()
    assert (open_.difference.kind, open_.age) == (kind, timedelta(days=3))
    assert open_.difference.name == f"{told.day}#0"
    (second,) = town.cards.admit(1, start=30)
    town.cards.activate([second])
    town.grant(second)
    draft = town.treasury().draft(WARMTH, YEAR).payout
    assert draft is not None
    with pytest.raises(Conflict, match="E-PAY-014"):
        town.treasury(town.f2).approve(draft.id)
    with pytest.raises(NotAllowed):
        recon(town, Role.CITY).resolve(open_.difference.id, "银行更正")
    with pytest.raises(Conflict, match="E-RECON-002"):
        recon(town).resolve(open_.difference.id, " ")
    closed = recon(town).resolve(open_.difference.id, "银行更正通知 3 号")
    assert closed.state is DifferenceState.CLOSED
    assert recon(town).open() == []
    assert town.treasury().books().explained
    assert town.treasury(town.f2).approve(draft.id).state is PayoutState.APPROVED


def test_a_payment_that_no_statement_shows_is_named_and_closed_when_one_does(
    town: MoneyTown,
) -> None:
    told = paid(town)
    tomorrow = evolve(told, day=told.day + timedelta(days=1), lines=())
    town.cards.tell(another(tomorrow, 1))
    (open_,) = recon(town).open()
    assert open_.difference.kind is DifferenceKind.ORDER_NOT_LISTED
    assert open_.difference.name == told.lines[0].order.text
    assert not town.treasury().books().explained
    town.cards.tell(another(told, 2))
    assert recon(town).open() == []
    assert town.treasury().books().explained


def test_a_payment_that_was_explained_is_not_asked_about_again(town: MoneyTown) -> None:
    told = paid(town)
    for number in (1, 2):
        later = evolve(told, day=told.day + timedelta(days=number), lines=())
        town.cards.tell(another(later, number))
        if number == 1:
            (open_,) = recon(town).open()
            recon(town).resolve(open_.difference.id, "银行流水缺一笔，已书面确认")
    assert recon(town).open() == []


def test_news_of_a_statement_is_followed_and_named_as_not_told(town: MoneyTown) -> None:
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    owed = town.grant(person)
    payout = town.pay()
    town.cards.run()
    seen = len(town.cards.bank.truth.told)
    for key in town.request_keys(payout):
        town.cards.bank.simulate.settle(key)
    town.cards.bank.simulate.statement()
    statement = town.cards.bank.truth.told[-1]
    assert len(town.cards.bank.truth.told) > seen + 1
    town.cards.tell(statement)
    assert town.owed(owed).settled == owed.fen
    run = recon(town).last(ReconKind.MONEY)
    assert run is not None
    assert [(each.kind, each.state) for each in run.differences] == [
        (DifferenceKind.ORDER_NOT_TOLD, DifferenceState.CLOSED)
    ]


def test_a_returned_payment_opens_the_obligation_again(town: MoneyTown) -> None:
    (person,) = town.cards.admit(1)
    town.cards.activate([person])
    owed = town.grant(person)
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    assert town.treasury().draft(WARMTH, YEAR).payout is None
    (order,) = town.orders(payout)
    town.cards.bank.simulate.return_payment(order.key)
    town.cards.bank.simulate.statement()
    town.cards.run()
    assert town.owed(owed).settled == Fen(0)
    assert town.treasury().draft(WARMTH, YEAR).payout is not None
    assert recon(town).open() == []


def test_a_card_that_differs_gets_no_money_until_it_is_explained_and_others_do(
    town: MoneyTown,
) -> None:
    first, second = town.cards.admit(2)
    kept, other = town.cards.activate([first, second])
    for person in (first, second):
        town.grant(person)
    bank = town.cards.bank
    bank.simulate.daily_list()
    told = bank.truth.told[-1]
    assert isinstance(told, DailyCardList)
    shorter = tuple(line for line in told.cards if line.card != kept.card.ref)
    town.cards.tell(evolve(told, cards=shorter))
    draft = town.treasury().draft(WARMTH, YEAR)
    assert [why for _, why in draft.left_out] == [LeftOut.DIFFERENCE]
    assert draft.payout is not None
    assert [order.card for order in town.orders(draft.payout)] == [other.id]
    (open_,) = recon(town, Role.CITY).open()
    assert open_.difference.kind is DifferenceKind.NOT_LISTED
    recon(town, Role.CITY).resolve(open_.difference.id, "银行漏列，次日清单补")
    again = town.treasury().draft(WARMTH, YEAR)
    assert again.payout is not None
    assert [order.card for order in town.orders(again.payout)] == [kept.id]


# --- planted bugs ---------------------------------------------------------------------------------


def lost_answer(place: CardTown) -> None:
    """An answer is lost; the question is answered "never seen", too early, again and again."""
    place.approve(place.admit(1))
    bank = ScriptedBank(
        info=evolve(SIMULATED, name="x"), answers=[LOST, 1, 1, 1], asked=[None] * 20
    )
    desk = on(place, bank)
    desk.deliver()
    for _ in range(6):
        place.clock.advance(hours=1)
        desk.ask()
        desk.deliver()
    assert len(bank.sent) == 1, "sent again before the settling time"
    place.clock.advance(hours=24)
    desk.ask()
    desk.deliver()
    assert len({each.key for each in bank.sent}) == 1, "sent under another key"
    assert len(bank.sent) == 2


def unreachable(place: CardTown) -> None:
    """The bank is away for a night: everything waits, and is tried less and less often."""
    place.approve(place.admit(1))
    gone: list[object] = [BankUnavailable("E-BANK-001", bank="x")] * 40
    bank = ScriptedBank(answers=[*gone, 1])
    desk = on(place, bank)
    tries = 0
    for _ in range(12 * 60):
        tries += desk.deliver()
        place.clock.advance(seconds=60)
    assert 12 <= tries <= 40, f"{tries} tries in a night"
    assert place.books().dispatches()[0].state is DispatchState.QUEUED


def order_of_a_card(place: CardTown) -> None:
    """STOP is unknown: ALLOW, asked for later, does not overtake it."""
    (kept,) = place.activate(place.admit(1))
    held = place.cards().lock(kept.id, HoldReason.PLASTIC_MISSING)
    bank = ScriptedBank(answers=[LOST, 1], asked=[1])
    desk = on(place, bank)
    desk.deliver()
    place.cards().unlock(kept.id, held.card.open_holds[0].id, "found")
    place.clock.advance(hours=2)
    desk.deliver()
    assert len(bank.sent) == 1, "the later one overtook"
    desk.ask()
    desk.deliver()
    assert [each.allowed for each in bank.sent if isinstance(each, SetCardUse)] == [False, True]


def poison(place: CardTown) -> None:
    """A notice that cannot be obeyed is set aside, and the one behind it is obeyed."""
    (person,) = place.admit(1)
    place.approve([person])
    place.run()
    now = place.clock.now()
    bad = RowVerified(
        told=Told(event_id="X", stream="x", sequence=1, effective=now), row=RequestKey("Q" * 26)
    )
    good = RowVerified(
        told=Told(event_id="Y", stream="y", sequence=1, effective=now), row=place.row(person).key
    )
    try:
        place.tell(bad, good)
    except Exception as error:
        raise AssertionError from error
    assert place.row(person).state is RowState.VERIFIED
    assert [each.event_id for each in place.books().troubles()] == ["X"]


def dead_worker(place: CardTown) -> None:
    """A worker dies with a dispatch in its hands: another takes it up as unknown, and asks."""
    place.approve(place.admit(1))

    class Dies(ScriptedBank):
        def send(self, request, *, deadline):  # type: ignore[no-untyped-def]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on(place, Dies()).deliver()
    bank = ScriptedBank(answers=[1], asked=[1])
    desk = on(place, bank)
    assert not desk.deliver(), "taken while it was in somebody's hands"
    place.clock.advance(minutes=5)
    assert desk.recover(), "left behind for ever"
    place.clock.advance(minutes=5)
    desk.ask()
    assert bank.sent == [], "sent again without asking"
    assert place.books().dispatches()[0].state is DispatchState.DONE


def to_the_fen(place: CardTown) -> None:
    """One fen too much on a statement stops the next pay-out."""
    town = MoneyTown(cards=place)
    town.treasury().set_budget(WARMTH, YEAR, Fen(100_000_000))
    told = paid(town)
    wrong = evolve(told.lines[0], fen=told.lines[0].fen + Fen(1))
    town.cards.tell(evolve(told, lines=(wrong,)))
    assert not town.treasury().books().explained
    assert [each.difference.kind for each in recon(town).open()] == [DifferenceKind.AMOUNT]


SCENARIOS = (
    lost_answer, unreachable, order_of_a_card, poison, dead_worker, to_the_fen,
)  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_without_a_bug_every_scenario_passes(
    place: CardTown, scenario: Callable[[CardTown], None]
) -> None:
    scenario(place)


def _never_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ScriptedBank.__init__

    def hasty(self: ScriptedBank, *args: object, **more: object) -> None:
        real(self, *args, **more)  # type: ignore[arg-type]
        self.info = evolve(self.info, settling=timedelta(0))

    monkeypatch.setattr(ScriptedBank, "__init__", hasty)


def _again_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dispatch, "doubtful", lambda self, now: self.again(now))
    monkeypatch.setattr(bank_freight.OpeningCards, "no_answer", bank_freight.OpeningCards.unreached)


def _no_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("szunion.domain.outbox.back_off", lambda key, attempts: timedelta(0))


def _gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Dispatch,
        "waiting",
        lambda self, state, now: (
            self.ended(DispatchState.ASIDE, "GAVE_UP")
            if self.attempts > 5
            else evolve(self, state=state, due=now, lease_until=None)
        ),
    )


def _unknown_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Dispatch, "doubtful", lambda self, now: self.ended(DispatchState.REFUSED, "TIMEOUT")
    )


def _poison_falls_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def bare(self: BankEar, notice: BankNotice, move: object) -> bool:
        def obey(work):  # type: ignore[no-untyped-def]
            self.inbox.hear(work, self._scope(work), notice)

        self.office.storage.run(obey)
        return True

    monkeypatch.setattr(BankEar, "_hear_alone", bare)


def _poison_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(self: BankEar, notice: BankNotice, move: object) -> bool:
        def obey(work):  # type: ignore[no-untyped-def]
            self.inbox.hear(work, self._scope(work), notice)

        with suppress(Exception):
            self.office.storage.run(obey)
        return True

    monkeypatch.setattr(BankEar, "_hear_alone", silent)


def _leases_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_desk, "LEASE", timedelta(days=400))


def _no_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BankDesk, "recover", lambda self: False)


def _lost_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    def queue(self: Fates, work, scope, id_):  # type: ignore[no-untyped-def]
        dispatch = self.get(work, scope, id_)
        if dispatch.state is DispatchState.SENT:
            self.carriers[dispatch.kind].unreached(work, scope, dispatch)
            self.put(work, scope, dispatch, dispatch.again(work.now))

    monkeypatch.setattr(Fates, "no_answer", queue)


def _about_right(monkeypatch: pytest.MonkeyPatch) -> None:
    real = statements._verdict

    def rough(order, line, room):  # type: ignore[no-untyped-def]
        if order is not None and abs(order.fen.amount - line.fen.amount) < 100:
            line = evolve(line, fen=order.fen)
        return real(order, line, room)

    monkeypatch.setattr(statements, "_verdict", rough)


@pytest.mark.parametrize(
    ("plant", "scenario"),
    [
        (_never_settles, lost_answer),
        (_again_without_asking, lost_answer),
        (_unknown_is_done, lost_answer),
        (_no_back_off, unreachable),
        (_gives_up, unreachable),
        (_again_without_asking, order_of_a_card),
        (_unknown_is_done, order_of_a_card),
        (_poison_falls_through, poison),
        (_poison_is_dropped, poison),
        (_leases_never_end, dead_worker),
        (_no_leases, dead_worker),
        (_lost_is_queued, dead_worker),
        (_about_right, to_the_fen),
    ],
)
def test_a_planted_bug_is_found(
    place: CardTown,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    scenario: Callable[[CardTown], None],
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, IndexError, Conflict)):
        scenario(place)
