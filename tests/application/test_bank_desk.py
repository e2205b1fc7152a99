# ruff: noqa: ARG002 - a port has more parameters than a script needs
"""The line to the bank fails in every way it can: nothing is lost, nothing is done twice."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from attrs import define, evolve, field
from tests.cardtown import CardTown, card_town_on
from tests.offices import applicant, engine, office_on

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.simulated import SIMULATED
from szunion.application import bank_rows
from szunion.application.access import authorise
from szunion.application.bank_desk import LEASE, BankDesk
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.domain.access import Operation, Scope
from szunion.domain.bank import BankEvent, BankState, CardChanged, OrderSettled, RowVerified, Told
from szunion.domain.bank_requests import Answer, BankRequest, Receipt, SetCardUse
from szunion.domain.batches import Batch, BatchState
from szunion.domain.cards import UnionState
from szunion.domain.holds import HoldReason
from szunion.domain.identity import Mobile
from szunion.domain.inbox import Hearing
from szunion.domain.instructions import InstructionKind, InstructionState
from szunion.domain.messages import MessageState
from szunion.domain.outbox import MOST_FAULTS, Dispatch, DispatchState, back_off
from szunion.domain.rows import Row, RowState
from szunion.domain.values import Fen, PersonId, RequestKey
from szunion.domain.wording import MESSAGES
from szunion.domain.wording_cards import CARD_MESSAGES
from szunion.errors import BankOutcomeUnknown, BankUnavailable, Conflict, NotFound
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline
from szunion.ports.storage import UnitOfWork


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


@define
class ScriptedBank:
    """A line whose every answer a test decides; it counts what reached it."""

    info: BankInfo = SIMULATED
    answers: list[object] = field(factory=list)
    asked: list[object] = field(factory=list)
    sent: list[BankRequest] = field(factory=list)
    questions: list[RequestKey] = field(factory=list)

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        self.sent.append(request)
        return self._answer(self.answers, request.key)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        self.questions.append(key)
        answer = self.asked.pop(0)
        if answer is None:
            return None
        self.asked.insert(0, answer)
        return self._answer(self.asked, key)

    def _answer(self, script: list[object], key: RequestKey) -> Receipt:
        match script.pop(0):
            case Exception() as error:
                raise error
            case Receipt() as anothers:
                return anothers
            case int() as rows:
                return Receipt(key=key, answer=Answer.ACCEPTED, rows=rows, total=Fen(0))
            case other:
                raise AssertionError(other)

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        return ()


def on(place: CardTown, bank: ScriptedBank) -> BankDesk:
    return BankDesk(office=place.office, bank=bank)


def state_of(place: CardTown) -> DispatchState:
    return place.books().dispatches()[-1].state


GONE = BankUnavailable("E-BANK-001", bank="x")
LOST = BankOutcomeUnknown("E-BANK-002", bank="x", key="x")


def test_what_leaves_is_written_down_before_its_first_byte(place: CardTown) -> None:
    batch = place.approve(place.admit(1))
    seen: list[tuple[DispatchState, BatchState]] = []

    class Looking(ScriptedBank):
        def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
            seen.append((state_of(place), place.batches().get(batch.id).state))
            return super().send(request, deadline=deadline)

    on(place, Looking(answers=[1])).deliver()
    assert seen == [(DispatchState.SENT, BatchState.SENT)]


def test_a_bank_that_is_away_keeps_everything_waiting_and_nothing_is_set_aside(
    place: CardTown,
) -> None:
    batch = place.approve(place.admit(1))
    bank = ScriptedBank(answers=[GONE] * 20 + [1])
    desk = on(place, bank)
    for _ in range(20):
        assert desk.deliver()
        assert not desk.deliver(), "back-off"
        assert place.batches().get(batch.id).state is BatchState.APPROVED
        place.clock.advance(hours=1)
    assert desk.deliver()
    assert state_of(place) is DispatchState.DONE
    assert len({request.key for request in bank.sent}) == 1


def test_back_off_doubles_to_an_hour_and_is_the_same_in_every_run() -> None:
    key = RequestKey("A" * 26)
    waits = [back_off(key, attempt) for attempt in range(20)]
    assert waits == [back_off(key, attempt) for attempt in range(20)]
    for attempt, wait in enumerate(waits):
        whole = min(timedelta(hours=1), timedelta(seconds=2**attempt))
        assert whole / 2 <= wait <= whole
    assert back_off(RequestKey("B" * 26), 8) != waits[8]


def test_an_unknown_outcome_is_asked_for_and_never_sent_before_the_settling_time(
    place: CardTown,
) -> None:
    batch = place.approve(place.admit(1))
    bank = ScriptedBank(answers=[LOST, 1], asked=[None] * 100)
    desk = on(place, bank)
    desk.deliver()
    sent_at = place.clock.now()
    assert state_of(place) is DispatchState.UNKNOWN
    while len(bank.sent) == 1:
        place.clock.advance(minutes=30)
        desk.ask()
        desk.deliver()
    assert place.clock.now() - sent_at >= bank.info.settling
    assert bank.sent[0] == bank.sent[1], "the same key and the same bytes"
    assert place.batches().get(batch.id).state is BatchState.ANSWERING


def test_a_bank_that_may_be_sent_the_same_twice_gets_it_again_at_once(place: CardTown) -> None:
    batch = place.approve(place.admit(1))
    bank = ScriptedBank(
        info=evolve(SIMULATED, idempotent_send=True), answers=[LOST, 1], asked=[None]
    )
    desk = on(place, bank)
    desk.deliver()
    place.clock.advance(seconds=2)
    desk.ask()
    assert bank.sent[0] == bank.sent[1]
    assert place.batches().get(batch.id).state is BatchState.ANSWERING


def test_asking_in_vain_leaves_it_unknown_whatever_its_age(place: CardTown) -> None:
    place.approve(place.admit(1))
    bank = ScriptedBank(answers=[LOST], asked=[GONE] * 400)
    desk = on(place, bank)
    desk.deliver()
    for _ in range(100):
        place.clock.advance(days=1)
        desk.ask()
    assert state_of(place) is DispatchState.UNKNOWN
    assert len(bank.sent) == 1


def test_a_worker_that_died_with_a_dispatch_leaves_an_unknown_outcome(place: CardTown) -> None:
    batch = place.approve(place.admit(1))

    class Killed(BaseException):
        pass

    class Dying(ScriptedBank):
        def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
            raise Killed

    with pytest.raises(Killed):
        on(place, Dying()).deliver("first")
    other = on(place, ScriptedBank(asked=[1]))
    assert not other.recover()
    assert not other.deliver("second"), "it is in somebody's hands"
    place.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert other.recover()
    assert place.batches().get(batch.id).state is BatchState.UNKNOWN
    place.clock.advance(seconds=2)
    other.ask("second")
    assert place.batches().get(batch.id).state is BatchState.ANSWERING


def test_poison_is_set_aside_after_eight_faults_and_blocks_nobody(place: CardTown) -> None:
    first, second = place.activate(place.admit(2))
    desk = place.cards()
    poisoned = desk.lock(first.id, HoldReason.PLASTIC_MISSING)
    assert place.instructions(poisoned) != []

    class Picky(ScriptedBank):
        def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
            raise AssertionError("what is not accepted is never sent")

    narrow = Picky(info=evolve(SIMULATED, accepts=frozenset()))
    away = on(place, narrow)
    for _ in range(MOST_FAULTS):
        place.clock.advance(hours=1)
        assert away.deliver()
    assert not away.deliver()
    stuck = place.books().dispatches([DispatchState.ASIDE])
    assert [(each.outcome, each.faults) for each in stuck] == [("E-BANK-011", MOST_FAULTS)]
    desk.lock(second.id, HoldReason.PLASTIC_MISSING)
    place.run()
    assert [each.state for each in place.instructions(second)] == [InstructionState.ACKED]
    assert [each.state for each in place.instructions(first)] == [InstructionState.QUEUED]
    place.books().retry(stuck[0].key)
    place.run()
    assert [each.state for each in place.instructions(first)] == [InstructionState.ACKED]


def test_of_one_card_nothing_is_sent_before_the_earlier_is_answered(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    held = place.cards().lock(kept.id, HoldReason.PLASTIC_MISSING)
    bank = ScriptedBank(answers=[LOST, 1], asked=[1])
    desk = on(place, bank)
    desk.deliver()
    place.cards().unlock(kept.id, held.card.open_holds[0].id, "found")
    kinds = [(each.kind, each.state) for each in place.instructions(kept)]
    assert kinds == [
        (InstructionKind.STOP, InstructionState.UNKNOWN),
        (InstructionKind.ALLOW, InstructionState.QUEUED),
    ]
    place.clock.advance(hours=2)
    assert not desk.deliver()
    desk.ask()
    assert desk.deliver()
    allowed = [each.allowed for each in bank.sent if isinstance(each, SetCardUse)]
    assert allowed == [False, True]


def test_a_receipt_that_does_not_count_our_rows_waits_for_a_person(place: CardTown) -> None:
    place.approve(place.admit(2))
    on(place, ScriptedBank(answers=[3])).deliver()
    (stuck,) = place.books().dispatches()
    assert (stuck.state, stuck.outcome) == (DispatchState.ASIDE, "E-BATCH-004")


# --- hearing --------------------------------------------------------------------------------


def told(event_id: str, stream: str = "x", sequence: int = 1) -> Told:
    at = datetime(2017, 11, 23, tzinfo=UTC)
    return Told(event_id=event_id, stream=stream, sequence=sequence, effective=at)


def test_a_notice_about_something_we_never_had_is_set_aside_and_blocks_nobody(
    place: CardTown,
) -> None:
    (person,) = place.admit(1)
    batch = place.approve([person])
    place.run()
    poison = RowVerified(told=told("P1"), row=RequestKey("Z" * 26))
    good = RowVerified(told=told("P2"), row=place.row(person).key)
    place.tell(poison, good)
    assert place.row(person).state is RowState.VERIFIED
    aside = place.heard("P1")
    assert (aside.hearing, aside.reason) == (Hearing.ASIDE, "E-BANK-015")
    assert [each.event_id for each in place.books().troubles()] == ["P1"]
    with pytest.raises(NotFound, match="E-BANK-015"):
        place.worker.desk.ear.retry_aside("P1")
    assert place.heard("P1").hearing is Hearing.ASIDE
    assert batch.state is BatchState.APPROVED


def test_a_fact_of_an_unknown_card_waits_sealed_until_the_card_is_born(place: CardTown) -> None:
    (person,) = place.admit(1)
    batch = place.approve([person])
    place.run()
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.bank.simulate.face_sign(batch.key)
    (seen,) = place.bank.truth.cards
    place.bank.simulate.report_loss(seen.card)
    verified, produced, activated, lost = place.bank.truth.told
    place.tell(lost)
    assert place.heard(lost.told.event_id).hearing is Hearing.WAITING
    place.tell(verified, produced)
    assert place.heard(lost.told.event_id).hearing is not Hearing.WAITING
    assert place.card(person).card.bank.state is BankState.LOSS_ORAL
    assert place.card(person).gap
    place.tell(activated)
    assert not place.card(person).gap
    assert place.books().troubles() == []
    assert place.card(person).card.union.state is UnionState.ENABLED


def test_an_answer_to_a_row_that_we_believe_unsent_waits_until_it_is_sent(
    place: CardTown,
) -> None:
    (person,) = place.admit(1)
    place.approve([person])
    early = RowVerified(told=told("W1"), row=place.row(person).key)
    place.tell(early)
    assert place.row(person).state is RowState.QUEUED
    assert place.heard("W1").hearing is Hearing.WAITING
    place.run()
    assert place.row(person).state is RowState.VERIFIED
    assert place.heard("W1").hearing is Hearing.OBEYED


def test_the_cursor_moves_with_the_effects_and_a_broken_line_loses_nothing(
    office: Office,
) -> None:
    place = card_town_on(office, faults=FaultPlan(break_collect=0.5, seed=3))
    people = place.admit(8)
    place.activate(people)
    for _ in range(20):
        place.run()
    assert {place.row(person).state for person in people} == {RowState.ACTIVATED}


def test_notices_about_money_are_kept_or_obeyed_but_never_lost(place: CardTown) -> None:
    place.tell(OrderSettled(told=told("M1"), order=RequestKey("Y" * 26), fen=Fen(100)))
    assert place.heard("M1").hearing in {Hearing.ASIDE, Hearing.WAITING}


def test_a_program_error_over_one_notice_is_kept_with_its_kind(
    place: CardTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = place.activate(place.admit(1))
    fact = CardChanged(
        told=told("Q1", sequence=9), card=kept.card.ref, event=BankEvent.FROZEN,
        state=BankState.FROZEN,
    )  # fmt: skip

    def broken(*_: object) -> None:
        raise KeyError("x")

    with monkeypatch.context() as patched:
        patched.setattr(bank_rows, "changed", broken)
        place.tell(fact)
    assert place.heard("Q1").reason == "E-BANK-013 KeyError"
    assert place.worker.desk.ear.retry_aside("Q1") is Hearing.OBEYED
    assert place.card(kept.person).card.bank.state is BankState.FROZEN
    assert place.books().troubles() == []


# --- several workers, storms ----------------------------------------------------------------


def test_workers_at_once_send_each_dispatch_once(tmp_path: Path) -> None:
    place = card_town_on(office_on("sqlite", tmp_path))
    for person in place.admit(12):
        place.approve([person])
    bank = place.bank
    desks = [BankDesk(office=place.office, bank=bank) for _ in range(4)]

    def work(desk: BankDesk, name: str) -> None:
        while desk.deliver(name):
            pass

    threads = [
        threading.Thread(target=work, args=(desk, f"w{number}"))
        for number, desk in enumerate(desks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(bank.truth.arrived.values()) == {1}
    assert {each.state for each in place.books().dispatches()} == {DispatchState.DONE}
    place.office.storage.close()


def live(place: CardTown, seed: int) -> None:
    """Let a town live through a storm: everybody does what they please, in seeded order."""
    luck = random.Random(seed)
    people = place.admit(6)
    gone: set[int] = set()
    batches = [place.approve(people[:4]), place.approve(people[4:])]
    for _ in range(40):
        act = luck.choice(["verify", "produce", "sign", "card", "card", "leave", "wait", "lock"])
        try:
            _one_act(place, luck, act, batches, people, gone)
        except (Conflict, NotFound) as error:
            # What a bank would not do in that state, it does not do.
            if error.code not in {"E-SIM-002", "E-SIM-003", "E-STATE-001"}:
                raise
        place.run()


def _one_act(  # noqa: PLR0913, PLR0917 - everything there is to play with
    place: CardTown,
    luck: random.Random,
    act: str,
    batches: list[Batch],
    people: list[PersonId],
    gone: set[int],
) -> None:
    bank = place.bank.simulate
    batch = luck.choice(batches)
    assert batch.key is not None
    cards = place.bank.truth.cards
    match act:
        case "verify" | "produce":
            getattr(bank, act)(batch.key)
        case "sign":
            bank.face_sign(batch.key)
        case "card" if cards:
            move = luck.choice(
                ["report_loss", "undo_loss", "lapse_loss", "freeze", "unfreeze", "dormant",
                 "revive", "expire", "close", "replace", "activate"]
            )  # fmt: skip
            getattr(bank, move)(luck.choice(cards).card)
        case "leave":
            index = luck.randrange(len(people))
            if index in gone:
                place.town.admit(0, applicant(index))
                gone.discard(index)
            else:
                place.town.memberships(place.town.g(0)).quit(people[index], document="退会 1")
                gone.add(index)
        case "lock":
            kept = place.look(lambda work, scope: work.cards.of_person(scope, luck.choice(people)))
            if kept:
                place.cards().lock(kept[-1].id, HoldReason.MISUSE)
        case _:
            place.clock.advance(hours=luck.choice([1, 5, 24]))


def views_agree(place: CardTown) -> None:
    """Check that what we believe is what is true at the bank, and that nothing was done twice."""
    truth = place.bank.truth
    assert set(truth.effects.values()) <= {1}
    for seen in truth.cards:
        kept = place.by_ref(seen.card)
        assert kept.card.bank.state is seen.state
        assert not kept.gap
        assert not kept.card.bank.contradictory
        asked = [each for each in place.instructions(kept) if each.state is InstructionState.ACKED]
        assert seen.allowed == (not asked or asked[-1].kind.allows)
        if kept.card.union.state is UnionState.REVOKED and kept.card.bank.absorbing is None:
            assert not seen.allowed
        if kept.card.union.state is UnionState.ENABLED:
            assert seen.allowed
    assert place.books().dispatches([DispatchState.QUEUED, DispatchState.SENT,
                                     DispatchState.UNKNOWN, DispatchState.ASIDE]) == []  # fmt: skip
    assert place.books().troubles() == []


@pytest.mark.parametrize("seed", range(24))
def test_after_a_storm_the_unions_view_is_the_banks_truth(seed: int, tmp_path: Path) -> None:
    kind = "sqlite" if seed % 6 == 0 else "memory"
    plan = FaultPlan.storm(seed) if seed % 2 else FaultPlan.swarm(seed)
    info = evolve(SIMULATED, idempotent_send=seed % 3 == 0)
    place = card_town_on(office_on(kind, tmp_path), faults=plan, info=info)
    live(place, seed)
    assert place.bank.happened, "a storm in which nothing happens tests nothing"
    place.bank.heal()
    place.settle_down()
    views_agree(place)
    place.bank.simulate.daily_list()
    place.run()
    run = place.reconciliation().last()
    assert run is not None
    assert run.differences == ()
    assert run.agreed == run.ours == run.theirs
    place.office.storage.close()


def test_a_storm_would_be_noticed_if_a_dispatch_were_sent_under_a_new_key(
    place: CardTown,
) -> None:
    """The check of the storms can fail: a second key for the same rows is refused by the bank."""
    batch = place.approve(place.admit(1))
    place.run()

    def forge(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        assert batch.key is not None
        old = work.outbox.by_key(scope, batch.key)
        assert old is not None
        forged = evolve(old, id=work.ids.new(), key=RequestKey("C" * 26))
        again = evolve(forged, sequence=old.sequence + 1, state=DispatchState.QUEUED)
        work.outbox.add(scope, again)

    place.office.storage.run(forge)
    place.run()
    with pytest.raises(AssertionError):
        views_agree(place)


def test_the_same_bytes_leave_again_though_the_member_has_a_new_number(place: CardTown) -> None:
    (person,) = place.admit(1)
    place.approve([person])
    bank = ScriptedBank(answers=[LOST, 1], asked=[None] * 100)
    desk = on(place, bank)
    desk.deliver()
    Members(place.office, place.town.g(0)).set_mobile(person, Mobile("13700000001"))
    while len(bank.sent) == 1:
        place.clock.advance(hours=1)
        desk.ask()
        desk.deliver()
    assert bank.sent[0] == bank.sent[1]
    assert state_of(place) is DispatchState.DONE
    (batch,) = place.batches().listed()
    pinned = place.look(lambda work, scope: work.rows.pinned_mobiles(scope, batch.id))
    assert pinned == {}, "forgotten as soon as the bank has answered"


# --- letters --------------------------------------------------------------------------------


def letters_of(place: CardTown) -> list[str]:
    return [letter.message.template for letter in place.notifier.letters]


def test_a_gateway_that_is_down_delays_letters_and_nothing_else(place: CardTown) -> None:
    place.notifier.down = True
    (kept,) = place.activate(place.admit(1))
    assert place.against(kept) == set()
    assert letters_of(place) == []
    place.notifier.down = False
    place.pass_time(hours=1)
    assert letters_of(place).count("card.produced") == 1


def test_letters_are_given_up_in_the_end_and_one_without_words_blocks_nobody(
    place: CardTown,
) -> None:
    (person,) = place.admit(1)

    def write(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        work.messages.add(scope, person, "no.such.template", {})
        work.messages.add(scope, person, "pack.granted", {"wrong": "1"})
        work.messages.add(scope, person, "card.restored", {})

    place.office.storage.run(write)
    place.run()
    states = {
        each.template: each.state
        for each in place.look(lambda work, scope: work.messages.of_person(scope, person))
    }
    assert states["no.such.template"] is MessageState.GIVEN_UP
    assert states["pack.granted"] is MessageState.GIVEN_UP
    assert states["card.restored"] is MessageState.DELIVERED
    place.notifier.down = True
    place.office.storage.run(write)
    for _ in range(12):
        place.pass_time(hours=24)
    found = place.look(lambda work, scope: work.messages.of_person(scope, person))
    assert {each.state for each in found} == {MessageState.GIVEN_UP, MessageState.DELIVERED}


def test_every_template_of_cards_has_words() -> None:
    source = Path(bank_rows.__file__).parent
    used = {
        found
        for file in source.rglob("*.py")
        for found in re.findall(
            r'messages\.add\(\s*scope,\s*[\w.]+,\s*"([a-z._]+)"', file.read_text("utf-8")
        )
    }
    mine = {each for each in used if each.split(".")[0] in {"card", "row", "pack"}}
    assert "card.produced" in mine
    assert mine <= {*MESSAGES, *CARD_MESSAGES}


def test_a_dispatch_in_somebodys_hands_is_not_taken_again_before_it_leaves(
    place: CardTown,
) -> None:
    place.approve(place.admit(1))

    def take(work: UnitOfWork) -> Sequence[Dispatch]:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        return work.outbox.take(scope, "first", work.now, work.now + LEASE, 1)

    taken = place.office.storage.run(take)
    assert taken
    desk = on(place, ScriptedBank(answers=[1]))
    assert not desk.deliver("second")
    place.clock.advance(seconds=LEASE.total_seconds())
    assert desk.deliver("second")
    desk._send(taken)  # the first wakes up: it has lost the dispatch, and does nothing
    (done,) = place.books().dispatches()
    assert (done.state, done.faults, done.attempts) == (DispatchState.DONE, 0, 1)


def test_a_copy_that_never_arrived_says_nothing_about_the_first(place: CardTown) -> None:
    batch = place.approve(place.admit(1))
    info = evolve(SIMULATED, idempotent_send=True)
    bank = ScriptedBank(info=info, answers=[LOST, GONE], asked=[None, 1])
    desk = on(place, bank)
    desk.deliver()
    place.clock.advance(seconds=2)
    desk.ask()
    assert len(bank.sent) == 2
    assert place.batches().get(batch.id).state is BatchState.UNKNOWN
    place.clock.advance(hours=2)
    assert not desk.deliver()
    desk.ask()
    assert place.batches().get(batch.id).state is BatchState.ANSWERING


def test_listeners_at_once_hear_each_notice_once_and_never_lead_the_cursor_back(
    tmp_path: Path,
) -> None:
    place = card_town_on(office_on("sqlite", tmp_path))
    batch = place.approve(place.admit(120))
    place.run()
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    desks = [BankDesk(office=place.office, bank=place.bank) for _ in range(3)]
    threads = [threading.Thread(target=desk.collect) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    place.run()
    told = place.bank.truth.told
    assert {place.heard(each.told.event_id).copies for each in told} == {0}
    assert place.batches().get(batch.id).state is BatchState.RECONCILED
    place.office.storage.close()


def test_a_poisoned_file_is_obeyed_but_for_the_poison(place: CardTown) -> None:
    people = place.admit(3)
    place.approve(people)
    place.run()
    rows = [place.row(person).key for person in people]
    notices = [RowVerified(told=told(f"F{n}", row.text), row=row) for n, row in enumerate(rows)]
    poison = RowVerified(told=told("FX"), row=RequestKey("Q" * 26))

    class Telling(ScriptedBank):
        def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
            line = [notices[0], poison, *notices[1:]]
            start = 0 if after is None else int(after)
            for place_, notice in enumerate(line[start:], start + 1):
                yield Collected(notice=notice, cursor=Cursor(str(place_)))

    desk = BankDesk(office=place.office, bank=Telling(info=evolve(SIMULATED, name="other")))
    assert desk.collect() == 4
    assert desk.collect() == 0, "the cursor stands behind the poison"
    assert {place.row(person).state for person in people} == {RowState.VERIFIED}
    assert [each.event_id for each in place.books().troubles()] == ["FX"]


def everything(place: CardTown, people: list[PersonId]) -> list[object]:
    """Return all that a store holds of cards, applications and the bank, for comparing."""

    def look(work: UnitOfWork, scope: Scope) -> list[object]:
        cards = work.cards.of_people(scope, people)
        return [
            cards,
            [work.cards.facts(scope, kept.id) for kept in cards],
            [work.instructions.of_card(scope, kept.id) for kept in cards],
            [work.rows.of_person(scope, person) for person in people],
            [work.entitlements.of_person(scope, person) for person in people],
            work.batches.listed(scope),
            work.outbox.listed(scope, list(DispatchState)),
            work.inbox.listed(scope, list(Hearing), most=10_000),
            sorted(chain.from_iterable(work.cards.states(scope)), key=lambda each: each[0]),
            [list(work.audit.of_person(scope, person)) for person in people],
            [work.messages.of_person(scope, person) for person in people],
        ]

    return place.look(look)


@pytest.mark.parametrize("seed", range(100, 108))
def test_one_history_leaves_the_same_in_both_stores(seed: int, tmp_path: Path) -> None:
    ends = []
    for kind in ("memory", "sqlite"):
        plan = FaultPlan.storm(seed)
        place = card_town_on(office_on(kind, tmp_path), faults=plan)
        live(place, seed)
        people = [row.person for row in _all_rows(place)]
        ends.append(everything(place, sorted(set(people))))
        place.office.storage.close()
    for ours, twins in zip(*ends, strict=True):
        assert ours == twins


def _all_rows(place: CardTown) -> list[Row]:
    return [
        row
        for batch in place.batches(place.town.c1).listed()
        for row in place.batches(place.town.c1).rows(batch.id)
    ]
