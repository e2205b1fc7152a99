"""What people may do with a card: see every reason, lock, unlock, take over, revoke (M07, M08)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cardtown import CardTown, card_town_on
from tests.offices import applicant, member, on_call

from szunion.application.binding_moves import evidence_of
from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.bank import BankState
from szunion.domain.bindings import Evidence
from szunion.domain.cards import UnionReason, UnionState
from szunion.domain.holds import HoldReason, HoldState
from szunion.domain.instructions import InstructionKind, InstructionState
from szunion.domain.rows import RowState
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def test_m05_the_banks_name_check_and_face_signing_come_back_to_the_union(place: CardTown) -> None:
    (person,) = place.admit(1)
    batch = place.approve([person])
    place.run()
    assert batch.key is not None
    place.bank.simulate.verify(batch.key)
    place.run()
    assert place.row(person).state is RowState.VERIFIED
    place.bank.simulate.produce(batch.key)
    place.bank.simulate.face_sign(batch.key)
    place.run()
    assert place.row(person).state is RowState.ACTIVATED

    def of_the_file(work: UnitOfWork, scope: Scope) -> Evidence:
        file = work.people.get(scope, person)
        assert file is not None
        return evidence_of(work, scope, file)

    evidence = place.look(of_the_file)
    assert evidence.verified_versions == evidence.face_signed_versions == {1}


def test_m07_who_leaves_the_city_has_the_card_stopped_at_the_bank_once(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.town.memberships(place.town.g(0)).move_out(kept.person)
    after = place.card(kept.person)
    assert (after.card.union.state, after.card.union.reason) == (
        UnionState.REVOKED,
        UnionReason.LEFT_CITY,
    )
    (stop,) = place.instructions(after)
    assert (stop.kind, stop.reason, stop.state) == (
        InstructionKind.STOP,
        "LEFT_CITY",
        InstructionState.QUEUED,
    )
    place.run()
    assert place.instructions(after)[0].state is InstructionState.ACKED
    seen = place.bank.truth.card(kept.card.ref)
    assert seen is not None
    assert not seen.allowed
    assert after.card.bank.state is BankState.ACTIVE, "the union never writes the bank's facet"


def test_m08_a_loss_and_a_closure_at_the_bank_lock_the_card(place: CardTown) -> None:
    lost, closed = place.activate(place.admit(2))
    place.bank.simulate.report_loss(lost.card.ref)
    place.bank.simulate.close(closed.card.ref)
    place.run()
    for kept, words in ((lost, "口头挂失"), (closed, "已销卡")):
        use = place.cards(member(kept.person)).use(kept.id)
        assert not use.usable
        assert [words in each.text.zh for each in use.against] == [True]


def test_m25_activation_gives_the_pack_once_and_m29_makes_the_card_the_current_one(
    place: CardTown,
) -> None:
    (kept,) = place.activate(place.admit(1))
    assert kept.card.current
    use = place.cards(member(kept.person)).current(kept.person)
    assert use is not None
    assert use.usable
    pack = place.cards(member(kept.person)).pack(kept.person)
    assert {each.item for each in pack} == {each.id for each in place.office.catalogue.pack.items}
    told = [letter.message.template for letter in place.notifier.letters]
    assert told.count("pack.granted") == 1


def test_a_card_of_another_union_is_not_there(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    with pytest.raises(NotFound, match="E-CARD-010"):
        place.cards(place.town.g(2)).get(kept.id)
    with pytest.raises(NotFound, match="E-CARD-010"):
        place.cards(member(place.town.admit(0, applicant(50)))).use(kept.id)
    assert place.cards(place.town.g(2)).of_person(kept.person) == []


def test_a_hold_names_its_owner_and_only_the_owner_or_above_lifts_it(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    upper = place.cards(place.town.upper(0))
    held = upper.lock(kept.id, HoldReason.INVESTIGATION)
    assert upper.lock(kept.id, HoldReason.INVESTIGATION) == held, "again is the same hold"
    (hold,) = held.card.open_holds
    with pytest.raises(NotAllowed, match="E-HOLD-001"):
        place.cards().unlock(kept.id, hold.id, "mine?")
    lifted = place.cards(place.town.c1).unlock(kept.id, hold.id, "done")
    assert (lifted.card.union.state, lifted.card.holds[0].state) == (
        UnionState.ENABLED,
        HoldState.LIFTED,
    )
    with pytest.raises(InvalidInput, match="E-CARD-017"):
        upper.lock(kept.id, HoldReason.CONFLICT)


def test_the_last_of_several_holds_resumes_the_use_and_an_expiry_counts(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    until = place.clock.now() + timedelta(days=3)
    place.cards().lock(kept.id, HoldReason.MISUSE, until=until)
    held = place.cards().lock(kept.id, HoldReason.DATA_DOUBT)
    later = place.clock.now() + timedelta(days=5)
    first = held.card.open_holds[0]
    place.cards().extend(kept.id, first.id, later, "more time")
    place.pass_time(days=4)
    assert len(place.card(kept.person).card.open_holds) == 2
    place.pass_time(days=2)
    still = place.card(kept.person)
    assert [hold.reason for hold in still.card.open_holds] == [HoldReason.DATA_DOUBT]
    assert still.card.union.state is UnionState.SUSPENDED
    place.cards().unlock(kept.id, still.card.open_holds[0].id, "clear")
    assert place.against(still) == set()


def test_the_hotline_only_protects_and_only_for_a_time(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    desk = place.cards(on_call(place.town.office, kept.person))
    with pytest.raises(NotAllowed, match="E-CARD-014"):
        desk.lock(kept.id, HoldReason.REPORTED_LOST)
    far = place.clock.now() + timedelta(days=400)
    with pytest.raises(NotAllowed, match="E-CARD-014"):
        desk.lock(kept.id, HoldReason.REPORTED_LOST, until=far)
    soon = place.clock.now() + timedelta(hours=20)
    held = desk.lock(kept.id, HoldReason.REPORTED_LOST, until=soon)
    (hold,) = held.card.open_holds
    with pytest.raises(NotAllowed, match="E-HOLD-002"):
        desk.extend(kept.id, hold.id, soon + timedelta(hours=1), "please")
    place.pass_time(days=1)
    assert place.against(kept) == set()


def test_a_stop_that_was_told_is_taken_back_when_the_last_hold_is_lifted(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    told = next(iter(place.office.policy.cards.holds_told_to_bank))
    held = place.cards().lock(kept.id, told)
    place.run()
    seen = place.bank.truth.card(kept.card.ref)
    assert seen is not None
    assert not seen.allowed
    place.cards().unlock(kept.id, held.card.open_holds[0].id, "found")
    place.run()
    seen = place.bank.truth.card(kept.card.ref)
    assert seen is not None
    assert seen.allowed


def test_the_city_revokes_by_two_persons_and_lets_it_be_used_again(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    proposal = place.cards(place.town.c1).propose_revoke(kept.id, "深工发〔2018〕2号")
    assert place.against(kept) == set(), "nothing has changed yet"
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        place.cards(place.town.c1).confirm(proposal.id)
    revoked = place.cards(place.town.c2).confirm(proposal.id)
    assert revoked.card.union.reason is UnionReason.DECISION
    place.town.memberships(place.town.g(0)).quit(kept.person, document="1")
    place.town.admit(0, applicant(0))
    still = place.card(kept.person)
    assert still.card.union.state is UnionState.REVOKED, "a decision is not undone by joining"
    back = place.cards(place.town.c1).rejoin(kept.id)
    assert back.card.union.state is UnionState.ENABLED
    place.run()
    assert place.against(back) == set()


def test_a_hold_on_the_wrong_card_is_void_by_two_persons(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    held = place.cards().lock(kept.id, HoldReason.MISUSE)
    (hold,) = held.card.open_holds
    proposal = place.cards(place.town.c1).propose_void(kept.id, hold.id, "错锁")
    after = place.cards(place.town.c2).confirm(proposal.id)
    assert after.card.holds[0].state is HoldState.VOID
    assert after.card.union.state is UnionState.ENABLED


def test_a_contradiction_is_not_lifted_before_the_bank_has_cleared_it(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.bank.simulate.close(kept.card.ref)
    place.bank.simulate.revive_closed(kept.card.ref)
    place.run()
    (hold,) = place.card(kept.person).card.open_holds
    with pytest.raises(Conflict, match="E-CARD-015"):
        place.cards(place.town.c1).unlock(kept.id, hold.id, "let it go")


def test_every_change_of_a_card_is_in_its_holders_log(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    held = place.cards().lock(kept.id, HoldReason.MISUSE)
    place.cards().unlock(kept.id, held.card.open_holds[0].id, "x")
    place.town.memberships(place.town.g(0)).move_out(kept.person)
    actions = [each.action for each in place.log_of(kept.person)]
    for action in (
        "row.add", "row.check", "row.queue", "row.send", "row.verified", "card.born",
        "row.produced", "card.bank.activated", "card.current", "card.enable", "pack.grant",
        "row.activated", "hold.place", "hold.lift", "card.membership_ended", "instruction.stop",
    ):  # fmt: skip
        assert action in actions, action


def test_what_a_member_is_told_has_words_in_both_languages(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.cards().lock(kept.id, HoldReason.MISUSE)
    place.bank.simulate.report_loss(kept.card.ref)
    place.run()
    place.town.memberships(place.town.g(0)).quit(kept.person, document="1")
    place.run()
    words = [letter.words for letter in place.notifier.letters]
    assert len(words) >= 6
    assert not any("{" in text.zh + text.en for text in words)
    assert any("涉嫌违规使用" in text.zh and "suspected misuse" in text.en for text in words)
