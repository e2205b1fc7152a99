"""The races of cards, batches and instructions: whatever comes first, the end is one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.offices import PAPER, applicant, officer

from szunion.adapters.bank.faults import FaultPlan
from szunion.application import consequences
from szunion.application.access import authorise
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.domain.access import Operation, Role
from szunion.domain.bank import (
    BankEvent,
    BankNotice,
    BankState,
    CardChanged,
)
from szunion.domain.batches import BatchState
from szunion.domain.cards import UnionReason, UnionState
from szunion.domain.custody import CustodyState
from szunion.domain.holds import HoldReason
from szunion.domain.identity import PersonName
from szunion.domain.inbox import Hearing
from szunion.domain.instructions import InstructionKind, InstructionState
from szunion.domain.machine import Actor
from szunion.domain.messages import Message
from szunion.domain.organisations import OrganisationReason
from szunion.domain.outbox import DispatchState
from szunion.domain.rows import RowState
from szunion.domain.values import PersonId
from szunion.errors import NotAllowed


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def quit_union(place: CardTown, person: PersonId, union: int = 0) -> None:
    desk = place.town.memberships(place.town.g(union))
    desk.quit(person, document="退会申请 7")


def told(place: CardTown) -> Sequence[BankNotice]:
    return [each.notice for each in place.bank.collect(after=None)]


def test_race_01_a_loss_at_the_bank_and_a_suspension_by_the_union_each_lock_for_themselves(
    place: CardTown,
) -> None:
    (kept,) = place.activate(place.admit(1))
    place.cards().lock(kept.id, HoldReason.MISUSE)
    place.bank.simulate.report_loss(kept.card.ref, written=True)
    place.run()
    hold = place.card(kept.person).card.open_holds[0]
    assert place.against(kept) == {"AtBank", "ByUnion", "Locked"}
    place.cards().unlock(kept.id, hold.id, "cleared")
    assert place.against(kept) == {"AtBank"}
    place.bank.simulate.undo_loss(kept.card.ref)
    place.run()
    assert place.against(kept) == set()


def test_race_02_a_loss_undone_leaves_the_unions_hold(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.bank.simulate.report_loss(kept.card.ref, written=True)
    place.run()
    place.cards().lock(kept.id, HoldReason.INVESTIGATION)
    place.bank.simulate.undo_loss(kept.card.ref)
    place.run()
    assert place.card(kept.person).card.bank.state is BankState.ACTIVE
    assert place.against(kept) == {"ByUnion", "Locked"}


def test_race_03_an_activation_before_the_production_is_accepted_and_the_gap_filled(
    place: CardTown,
) -> None:
    (person,) = place.admit(1)
    batch = place.approve([person])
    place.run()
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.bank.simulate.face_sign(batch.key)
    verified, produced, activated = told(place)
    place.tell(activated)
    assert place.row(person).state is RowState.ACTIVATED
    assert place.row(person).missing != ()
    assert place.card(person).gap
    place.tell(produced, verified)
    assert place.row(person).missing == ()
    assert not place.card(person).gap
    assert place.card(person).card.last_four != ""
    assert place.against(place.card(person)) == set()


def test_race_03_row_answers_before_the_receipt_prove_the_batch_and_leave_a_gap(
    office: Office,
) -> None:
    plan = FaultPlan(drop_response=1.0)
    place = card_town_on(office, faults=plan)
    (person,) = place.admit(1)
    batch = place.approve([person])
    place.run()
    assert place.batches().get(batch.id).state is BatchState.UNKNOWN
    assert batch.key is not None
    place.bank.simulate.verify(batch.key)
    place.run()
    early = place.batches().get(batch.id)
    assert (early.state, early.receipt_missing) == (BatchState.ANSWERING, True)
    place.settle_down()
    late = place.batches().get(batch.id)
    assert (late.state, late.receipt_missing) == (BatchState.ANSWERING, False)
    assert place.bank.truth.effects[batch.key] == 1


def test_race_04_a_feedback_told_twice_changes_nothing_and_is_counted(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    before, log = place.card(kept.person), place.log_of(kept.person)
    place.tell(*told(place), *told(place))
    assert place.card(kept.person) == before
    assert place.log_of(kept.person) == log
    assert {place.heard(each.told.event_id).copies for each in told(place)} == {2}


def test_race_05_one_id_with_two_contents_stops_that_card_and_no_other(place: CardTown) -> None:
    first, second = place.activate(place.admit(2))
    changes = [each for each in told(place) if isinstance(each, CardChanged)]
    mine = next(each for each in changes if each.card == first.card.ref)
    place.tell(evolve(mine, event=BankEvent.FROZEN, state=BankState.FROZEN))
    stopped = place.card(first.person)
    assert [hold.reason for hold in stopped.card.open_holds] == [HoldReason.CONFLICT]
    assert stopped.card.open_holds[0].owner == place.town.city.id
    assert stopped.card.bank.state is BankState.ISSUED, "neither copy counts"
    assert place.heard(mine.told.event_id).hearing is Hearing.CONFLICT
    assert place.against(second) == set()
    with pytest.raises(NotAllowed, match="E-HOLD-001"):
        place.cards().unlock(first.id, stopped.card.open_holds[0].id, "not mine to lift")


def test_race_06_a_late_loss_of_the_old_card_leaves_the_new_one_alone(place: CardTown) -> None:
    (old,) = place.activate(place.admit(1))
    place.bank.simulate.report_loss(old.card.ref, written=True)
    new_ref = place.bank.simulate.replace(old.card.ref)
    place.bank.simulate.activate(new_ref)
    notices = {each.told.sequence: each for each in told(place)
               if isinstance(each, CardChanged) and each.card == old.card.ref}  # fmt: skip
    rest = [each for each in told(place) if each is not notices[3]]
    place.tell(*rest)
    new = place.card(old.person)
    assert (new.card.ref, new.card.current) == (new_ref, True)
    place.tell(notices[3])
    assert place.card(old.person) == new
    assert place.by_ref(old.card.ref).card.bank.state is BankState.REPLACED
    assert place.heard(notices[3].told.event_id).hearing is Hearing.LATE


def test_race_07_a_replacement_with_the_same_number_becomes_current_when_it_is_activated(
    place: CardTown,
) -> None:
    (old,) = place.activate(place.admit(1))
    place.cards().lock(old.id, HoldReason.DATA_DOUBT)
    new_ref = place.bank.simulate.replace(old.card.ref, same_number=True)
    place.run()
    assert new_ref.token == old.card.ref.token
    assert place.by_ref(old.card.ref).card.current, "ordered is not yet activated"
    place.bank.simulate.activate(new_ref)
    place.run()
    new, gone = place.by_ref(new_ref), place.by_ref(old.card.ref)
    assert (new.card.current, gone.card.current) == (True, False)
    assert (new.card.replaces, gone.card.replaced_by) == (gone.id, new.id)
    assert gone.card.union.reason is UnionReason.SUPERSEDED
    assert [hold.reason for hold in new.card.open_holds] == [HoldReason.DATA_DOUBT]
    assert gone.card.open_holds == ()
    assert place.instructions(gone) == [], "the bank knows"


def test_race_08_who_leaves_while_the_activation_is_in_flight_gets_no_pack(
    place: CardTown,
) -> None:
    (person,) = place.admit(1)
    batch = place.produce([person])
    assert batch.key is not None
    place.bank.simulate.face_sign(batch.key)
    quit_union(place, person)
    place.run()
    kept = place.card(person)
    assert kept.card.bank.state is BankState.ACTIVE, "recorded all the same"
    assert place.against(kept) == {"ByUnion", "NoRight"}
    assert place.cards(officer("c", Role.CITY)).pack(person) == []
    stops = [each.kind for each in place.instructions(kept)]
    assert stops == [InstructionKind.STOP]
    seen = place.bank.truth.card(kept.card.ref)
    assert seen is not None
    assert not seen.allowed


def test_race_09_a_doubled_activation_and_a_second_card_give_one_pack(place: CardTown) -> None:
    (old,) = place.activate(place.admit(1))
    pack = place.cards().pack(old.person)
    assert len(pack) == len(place.office.catalogue.pack.items)
    place.tell(*told(place))
    new_ref = place.bank.simulate.replace(old.card.ref)
    place.bank.simulate.activate(new_ref)
    place.run()
    assert place.card(old.person).card.ref == new_ref
    assert place.cards().pack(old.person) == pack


def test_race_11_a_hold_is_seen_before_a_transfer_and_taken_over_with_it(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    held = place.cards().lock(kept.id, HoldReason.MISUSE)
    town, person = place.town, kept.person
    a, b = town.transfers(town.g(0)), town.transfers(town.g(1))
    row = b.request(person, town.unions[1].id)
    a.release(row.id)
    holds = b.holds(row.id)
    assert holds == [held.card.open_holds[0].id]
    b.accept(row.id, take_over_holds=True)
    after = place.card(person)
    assert after.card.open_holds[0].owner == town.unions[1].id
    assert place.against(after) == {"ByUnion", "Locked"}
    place.cards(town.g(1)).unlock(after.id, after.card.open_holds[0].id, "looked into")
    assert place.against(after) == set()


def test_race_12_a_union_that_ends_hands_over_batches_holds_and_plastic(place: CardTown) -> None:
    town = place.town
    people = place.admit(3)
    produced = place.produce(people[:2])
    cards = [place.card(person) for person in people[:2]]
    made = place.custody().collect(produced.id, [kept.id for kept in cards])
    place.custody(town.g(0, "second")).sign(made.id)
    place.cards().lock(cards[0].id, HoldReason.MISUSE)
    draft = place.batches().draft(people[2:], paper=PAPER).batches[0]
    upper = town.organisations(town.upper(0))
    proposal = upper.dissolve(
        town.unions[0].id, reason=OrganisationReason.UNIT_ENDED, document="深工发〔2017〕9号"
    )
    town.organisations(town.upper(0, "other")).confirm(proposal.id)
    district = town.districts[0].id
    heirs = {kept.custody.holder for kept in map(place.by_ref, [c.card.ref for c in cards])}
    assert heirs == {district}
    assert place.card(people[0]).card.open_holds[0].owner == district
    assert place.batches(town.upper(0)).get(draft.id).organisation == district
    handed = place.custody(town.upper(0)).hand_out(cards[1].id, "receipt 7")
    assert handed.custody.state is CustodyState.WITH_MEMBER


def test_race_13_who_comes_back_uses_the_same_card_and_gets_no_second_pack(
    place: CardTown,
) -> None:
    (kept,) = place.activate(place.admit(1))
    pack = place.cards().pack(kept.person)
    quit_union(place, kept.person)
    place.pass_time(days=365)
    assert place.by_ref(kept.card.ref).card.union.state is UnionState.REVOKED
    assert place.town.admit(1, applicant(0)) == kept.person
    place.run()
    back = place.card(kept.person)
    assert (back.id, back.card.union.state) == (kept.id, UnionState.ENABLED)
    assert [each.kind for each in place.instructions(back)] == [
        InstructionKind.STOP,
        InstructionKind.RESTORE,
    ]
    seen = place.bank.truth.card(kept.card.ref)
    assert seen is not None
    assert seen.allowed
    assert place.against(back) == set()
    assert place.cards(place.town.g(1)).pack(kept.person) == pack


def test_race_13_a_card_that_the_bank_has_closed_stays_revoked_and_a_new_row_is_possible(
    place: CardTown,
) -> None:
    (kept,) = place.activate(place.admit(1))
    quit_union(place, kept.person)
    place.bank.simulate.close(kept.card.ref)
    place.run()
    place.town.admit(0, applicant(0))
    assert place.by_ref(kept.card.ref).card.union.state is UnionState.REVOKED
    drafted = place.batches().draft([kept.person], paper=PAPER)
    assert [(row.person, row.number) for row in drafted.rows] == [(kept.person, 2)]


def test_race_15_a_corrected_name_leaves_the_sent_row_pinned_to_its_version(
    place: CardTown,
) -> None:
    (person,) = place.admit(1)
    batch = place.approve([person])
    place.run()
    assert place.row(person).identity_version == 1
    desk = Members(place.office, place.town.g(0))
    desk.correct(person, name=PersonName("测试改"), paper="更正表 3")
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.bank.simulate.face_sign(batch.key)
    place.run()
    row = place.row(person)
    assert (row.state, row.identity_version) == (RowState.ACTIVATED, 1)


def test_race_16_two_files_of_one_person_leave_one_card_in_use(place: CardTown) -> None:
    first, second = place.activate(place.admit(2))
    place.office.storage.run(
        lambda work: consequences.persons_merged(
            work,
            authorise(work, place.town.c1, Operation.CARD_DECIDE),
            second.person,
            first.person,
        )
    )
    place.run()
    gone = place.by_ref(second.card.ref)
    assert gone.card.union.reason is UnionReason.DUPLICATE_PERSON
    assert not gone.card.current
    assert [each.reason for each in place.instructions(gone)] == ["DUPLICATE_PERSON"]
    assert place.against(first) == set()


def test_race_23_a_bank_clock_a_day_ahead_orders_nothing(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.bank.simulate.report_loss(kept.card.ref)
    place.bank.simulate.lapse_loss(kept.card.ref)
    lost, lapsed = [each for each in told(place) if isinstance(each, CardChanged)][-2:]
    ahead = evolve(lost.told, effective=lost.told.effective + timedelta(days=1))
    place.tell(lapsed, evolve(lost, told=ahead))
    assert place.card(kept.person).card.bank.state is BankState.ACTIVE
    assert place.heard(lost.told.event_id).hearing is Hearing.LATE


def test_race_24_an_unsent_stop_is_superseded_by_the_restore(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    quit_union(place, kept.person)
    place.town.admit(0, applicant(0))
    stop, restore = place.instructions(kept)
    assert (stop.state, restore.state) == (InstructionState.CANCELLED, InstructionState.QUEUED)
    place.run()
    assert place.instructions(kept)[1].state is InstructionState.ACKED
    assert stop.key not in place.bank.truth.effects


def test_race_24_a_sent_stop_stays_and_the_restore_waits_behind_it(office: Office) -> None:
    place = card_town_on(office)
    (kept,) = place.activate(place.admit(1))
    place.bank.faults = FaultPlan(drop_response=1.0)
    quit_union(place, kept.person)
    place.run()
    place.town.admit(0, applicant(0))
    place.run()
    states = [each.state for each in place.instructions(kept)]
    assert states == [InstructionState.UNKNOWN, InstructionState.QUEUED], "never reordered"
    place.bank.heal()
    place.settle_down()
    states = [each.state for each in place.instructions(kept)]
    assert states == [InstructionState.ACKED, InstructionState.ACKED]
    seen = place.bank.truth.card(kept.card.ref)
    assert seen is not None
    assert seen.allowed


def test_race_25_accounts_closed_in_bulk_are_facts_card_by_card(place: CardTown) -> None:
    cards = place.activate(place.admit(5))
    for kept in cards[:4]:
        place.bank.simulate.close(kept.card.ref)
    place.run()
    states = [place.by_ref(kept.card.ref).card.bank.state for kept in cards]
    assert states == [BankState.CLOSED] * 4 + [BankState.ACTIVE]
    assert {place.cards().use(kept.id).payable.value for kept in cards[:4]} == {"NO"}


def messages(place: CardTown, person: PersonId) -> Sequence[Message]:
    return place.look(lambda work, scope: work.messages.of_person(scope, person))


def test_race_26_closed_then_activated_stays_closed_and_stops_in_either_order(
    place: CardTown,
) -> None:
    first, second = place.activate(place.admit(2))
    for kept in (first, second):
        place.bank.simulate.close(kept.card.ref)
        place.bank.simulate.revive_closed(kept.card.ref)
    news = [each for each in told(place) if isinstance(each, CardChanged)][-4:]
    place.tell(news[0], news[1], news[3], news[2])
    for kept in (first, second):
        after = place.by_ref(kept.card.ref)
        assert after.card.bank.state is BankState.CLOSED
        assert after.card.bank.contradictory
        (hold,) = after.card.open_holds
        assert (hold.reason, hold.owner) == (HoldReason.CONFLICT, place.town.city.id)
        assert hold.placed_as is Actor.ENGINE
        locked = [each for each in messages(place, kept.person) if each.template == "card.locked"]
        assert [each.fields["reason"] for each in locked] == [HoldReason.CONFLICT.label]


def test_race_28_an_application_withdrawn_before_sending_is_cancelled(place: CardTown) -> None:
    people = place.admit(3)
    batch = place.approve(people)
    quit_union(place, people[1])
    place.run()
    assert place.row(people[1]).state is RowState.EXCLUDED
    sent = place.batches().get(batch.id)
    assert (sent.state, sent.row_count) == (BatchState.ANSWERING, 2)
    assert set(place.bank.truth.rows) == {place.row(people[0]).key, place.row(people[2]).key}
    states = [each.state for each in place.books().dispatches()]
    assert states == [DispatchState.CANCELLED, DispatchState.DONE]


def test_race_28_a_batch_whose_last_row_is_withdrawn_is_cancelled(place: CardTown) -> None:
    (person,) = place.admit(1)
    batch = place.approve([person])
    quit_union(place, person)
    place.run()
    assert place.batches().get(batch.id).state is BatchState.CANCELLED
    assert place.bank.truth.rows == {}


def test_race_31_answers_find_their_rows_when_two_unions_merge_meanwhile(place: CardTown) -> None:
    town = place.town
    people = place.admit(2)
    batch = place.approve(people)
    place.run()
    proposal = town.organisations(town.upper(0)).merge(
        town.unions[0].id, target=town.unions[1].id, document="深工发〔2017〕10号"
    )
    town.organisations(town.upper(0, "other")).confirm(proposal.id)
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.run()
    owned = place.batches(town.g(1)).get(batch.id)
    assert (owned.organisation, owned.state) == (town.unions[1].id, BatchState.RECONCILED)
    assert {place.row(person).state for person in people} == {RowState.PRODUCED}


def test_race_32_plastic_missed_at_a_count_and_then_activated_stays_locked(
    place: CardTown,
) -> None:
    people = place.admit(1)
    batch = place.produce(people)
    kept = place.card(people[0])
    made = place.custody().collect(batch.id, [kept.id])
    place.custody(place.town.g(0, "second")).sign(made.id)
    place.custody().miss(kept.id)
    assert batch.key is not None
    place.bank.simulate.face_sign(batch.key)
    place.run()
    after = place.card(people[0])
    assert after.card.bank.state is BankState.ACTIVE
    assert after.custody.state is CustodyState.WITH_MEMBER
    assert [hold.reason for hold in after.card.open_holds] == [HoldReason.PLASTIC_MISSING]
    incident = [each.reason for each in place.log_of(people[0]) if each.action == "custody.used"]
    assert incident == ["INCIDENT"]
    assert "Locked" in place.against(after)
