"""Plastic changes hands by two persons, piece by piece, and nothing is marked by the box."""

from __future__ import annotations

import pytest
from tests.cardtown import CardTown, card_town_on
from tests.offices import officer

from szunion.application.custody import Custody
from szunion.application.office import Office
from szunion.domain.access import Role
from szunion.domain.batches import Batch
from szunion.domain.card_files import KeptCard, ListState
from szunion.domain.custody import CustodyEvent, CustodyState
from szunion.domain.holds import HoldReason
from szunion.domain.inbox import Hearing
from szunion.domain.instructions import InstructionKind
from szunion.domain.rows import RowState
from szunion.errors import Conflict, NotAllowed, NotFound


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def produced(place: CardTown, count: int) -> tuple[Batch, list[KeptCard]]:
    people = place.admit(count)
    batch = place.produce(people)
    return batch, [place.card(person) for person in people]


def collected(place: CardTown, count: int) -> list[KeptCard]:
    batch, cards = produced(place, count)
    made = place.custody().collect(batch.id, [kept.id for kept in cards])
    place.custody(place.town.g(0, "second")).sign(made.id)
    return [place.by_ref(kept.card.ref) for kept in cards]


def test_pieces_move_when_a_second_person_has_signed_and_not_before(place: CardTown) -> None:
    batch, cards = produced(place, 3)
    made = place.custody().collect(batch.id, [kept.id for kept in cards])
    assert {kept.custody.state for kept in place.custody().pieces(batch.id)} == {
        CustodyState.AT_BANK
    }
    with pytest.raises(NotAllowed, match="E-CARD-012"):
        place.custody().sign(made.id)
    with pytest.raises(NotFound, match="E-CARD-010"):
        place.custody(place.town.g(2)).sign(made.id)
    second = place.custody(place.town.g(0, "second"))
    assert second.sign(made.id).state is ListState.SIGNED
    assert second.sign(made.id).state is ListState.SIGNED, "again is the same signature"
    assert {kept.custody.holder for kept in place.custody().held()} == {place.town.unions[0].id}
    assert {place.row(kept.person).state for kept in cards} == {RowState.WITH_UNION}
    with pytest.raises(Conflict, match="E-CARD-011"):
        place.custody(place.town.g(0, "third")).sign(made.id)


def test_the_count_must_be_the_banks_list_with_each_missing_piece_named(place: CardTown) -> None:
    batch, cards = produced(place, 3)
    ids = [kept.id for kept in cards]
    for found, missing in ((ids[:2], []), (ids, ids[:1]), ([*ids, ids[0]], [])):
        with pytest.raises(Conflict, match="E-CARD-013"):
            place.custody().collect(batch.id, found, missing)
    made = place.custody().collect(batch.id, ids[:2], ids[2:])
    place.custody(place.town.g(0, "second")).sign(made.id)
    lost = place.by_ref(cards[2].card.ref)
    assert lost.custody.state is CustodyState.MISSING
    assert [hold.reason for hold in lost.card.open_holds] == [HoldReason.PLASTIC_MISSING]
    assert [each.kind for each in place.instructions(lost)] == [InstructionKind.STOP]
    assert place.by_ref(cards[0].card.ref).card.open_holds == ()


def test_one_handed_out_piece_says_nothing_of_the_others(place: CardTown) -> None:
    first, second = collected(place, 2)
    place.custody().hand_out(first.id, "签收簿 3 页")
    place.custody().hand_out(first.id, "签收簿 3 页")
    assert place.row(first.person).state is RowState.HANDED
    assert place.row(second.person).state is RowState.WITH_UNION
    with pytest.raises(NotFound, match="E-CARD-010"):
        place.custody(place.town.g(1)).hand_out(second.id, "x")
    with pytest.raises(Conflict, match="E-CARD-018"):
        place.custody(place.town.upper(0)).hand_out(second.id, "x")


def test_a_missing_piece_is_found_by_two_and_its_hold_is_still_a_decision(place: CardTown) -> None:
    (kept,) = collected(place, 1)
    place.custody().miss(kept.id, "清点")
    place.custody().miss(kept.id, "清点")
    missed = place.by_ref(kept.card.ref)
    assert len(missed.card.open_holds) == 1
    made = place.custody().propose(CustodyEvent.FIND, [kept.id])
    place.custody(place.town.g(0, "second")).sign(made.id)
    found = place.by_ref(kept.card.ref)
    assert (found.custody.state, found.custody.holder) == (
        CustodyState.WITH_UNION,
        place.town.unions[0].id,
    )
    assert len(found.card.open_holds) == 1
    place.cards().unlock(kept.id, found.card.open_holds[0].id, "已找回")
    assert place.by_ref(kept.card.ref).card.open_holds == ()


def test_unclaimed_plastic_goes_back_by_two_and_is_destroyed_by_the_bank(place: CardTown) -> None:
    (kept,) = collected(place, 1)
    days = place.office.policy.deadlines.unclaimed
    place.pass_time(days=days + 1)
    assert place.row(kept.person).state is RowState.UNCLAIMED
    made = place.custody().propose(CustodyEvent.GIVE_BACK, [kept.id], "逾期未领")
    place.custody(place.town.g(0, "second")).sign(made.id)
    assert place.by_ref(kept.card.ref).custody.state is CustodyState.RETURNED
    place.bank.simulate.destroy_plastic(kept.card.ref)
    place.run()
    assert place.by_ref(kept.card.ref).custody.state is CustodyState.DESTROYED


def test_a_piece_is_written_off_by_the_city_only_after_the_bank_has_ended_the_card(
    place: CardTown,
) -> None:
    (kept,) = collected(place, 1)
    place.custody().miss(kept.id)
    city = officer_of_the_city(place, "city-1")
    with pytest.raises(Conflict, match="E-CARD-016"):
        city.propose(CustodyEvent.WRITE_OFF, [kept.id])
    place.bank.simulate.close(kept.card.ref)
    place.run()
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        place.custody().propose(CustodyEvent.WRITE_OFF, [kept.id])
    made = city.propose(CustodyEvent.WRITE_OFF, [kept.id])
    officer_of_the_city(place, "city-2").sign(made.id)
    assert place.by_ref(kept.card.ref).custody.state is CustodyState.DESTROYED


def officer_of_the_city(place: CardTown, name: str) -> Custody:
    return place.custody(officer(name, Role.CITY, place.town.city))


def test_what_the_bank_tells_of_plastic_waits_until_it_can_be_so(place: CardTown) -> None:
    (kept,) = collected(place, 1)
    place.bank.simulate.destroy_plastic(kept.card.ref)
    place.run()
    told = place.bank.truth.told[-1].told.event_id
    assert place.heard(told).hearing is Hearing.WAITING
    assert place.by_ref(kept.card.ref).custody.state is CustodyState.WITH_UNION
    made = place.custody().propose(CustodyEvent.GIVE_BACK, [kept.id])
    place.custody(place.town.g(0, "second")).sign(made.id)
    place.run()
    assert place.heard(told).hearing is Hearing.OBEYED
    assert place.by_ref(kept.card.ref).custody.state is CustodyState.DESTROYED


def test_an_unsigned_list_can_be_thrown_away(place: CardTown) -> None:
    batch, cards = produced(place, 1)
    made = place.custody().collect(batch.id, [cards[0].id])
    assert place.custody().drop(made.id).state is ListState.DROPPED
    with pytest.raises(Conflict, match="E-CARD-011"):
        place.custody(place.town.g(0, "second")).sign(made.id)
    assert place.by_ref(cards[0].card.ref).custody.state is CustodyState.AT_BANK


def test_a_card_collected_at_the_branch_never_was_at_the_union(place: CardTown) -> None:
    batch, (kept,) = produced(place, 1)
    place.bank.simulate.collected_at_branch(kept.card.ref)
    assert batch.key is not None
    place.bank.simulate.face_sign(batch.key)
    place.run()
    after = place.by_ref(kept.card.ref)
    assert after.custody.state is CustodyState.WITH_MEMBER
    assert place.row(kept.person).state is RowState.ACTIVATED
