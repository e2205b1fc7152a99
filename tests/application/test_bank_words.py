"""Signings, free services, reserved numbers, lists on request: told, kept, shown, in any order."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.offices import member, shenzhen

from szunion.adapters.bank.simulated import SIMULATED
from szunion.adapters.keys.file import FileKeys
from szunion.application.bank_fit import check_bank
from szunion.application.binding_moves import level_of
from szunion.application.canonical import decode, encode
from szunion.application.numbers import Numbers
from szunion.application.office import Office
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Scope
from szunion.domain.bank import BankNotice, FaceSignResult, NumberResult, RowFaceSigned, Waiver
from szunion.domain.bank_requests import OpenCards, PayOut, ReserveNumber, SetCardUse
from szunion.domain.bindings import RealNameLevel
from szunion.domain.inbox import Hearing
from szunion.domain.outbox import REQUESTS, DispatchKind, DispatchState
from szunion.domain.reconciliation import ReconKind
from szunion.domain.rows import RowState
from szunion.domain.values import PersonId
from szunion.errors import ConfigError, Conflict, InvalidInput
from szunion.ports.bank import BankInfo
from szunion.ports.storage import UnitOfWork
from szunion.testing.checks import check_bank as check_truth


@pytest.fixture
def place(office: Office) -> CardTown:
    return card_town_on(office)


def level(place: CardTown, person: PersonId) -> RealNameLevel:
    def of(work: UnitOfWork, scope: Scope) -> RealNameLevel:
        found = work.people.get(scope, person)
        assert found is not None
        return level_of(work, scope, found)

    return place.look(of)


# --- signing face to face -------------------------------------------------------------------


def test_m05_a_signing_lifts_the_level_before_any_activation(place: CardTown) -> None:
    (person,) = place.admit(1)
    place.produce([person])
    assert level(place, person) is RealNameLevel.VERIFIED
    place.bank.simulate.sign_face(place.row(person).key)
    place.run()
    assert level(place, person) is RealNameLevel.FACE_SIGNED
    assert place.row(person).state is RowState.PRODUCED, "signed is not activated"
    (sign,) = place.cards().signings(person)
    assert (sign.result, sign.identity_version) == (FaceSignResult.SIGNED, 1)


def test_a_signing_that_failed_is_told_to_the_member_and_lifts_nothing(place: CardTown) -> None:
    (person,) = place.admit(1)
    place.produce([person])
    key = place.row(person).key
    place.bank.simulate.sign_face(key, FaceSignResult.NOT_THE_PERSON, code="F01", text="人证不符")
    place.run()
    assert level(place, person) is RealNameLevel.VERIFIED
    told = [each.words.zh for each in place.notifier.letters if each.message.person == person]
    assert any("人证不一致" in text for text in told)
    place.bank.simulate.sign_face(key)
    place.run()
    assert level(place, person) is RealNameLevel.FACE_SIGNED
    assert len(place.cards().signings(person)) == 2


def test_the_last_word_on_a_signing_stands_in_every_order(place: CardTown) -> None:
    people = place.admit(6)
    place.produce(people)
    words = [
        FaceSignResult.PAPERS_MISSING,
        FaceSignResult.SIGNED,
        FaceSignResult.NOT_THE_PERSON,
    ]
    for person in people:
        for word in words:
            place.bank.simulate.sign_face(place.row(person).key, word)
    told: dict[PersonId, list[BankNotice]] = {
        person: [
            each
            for each in place.bank.truth.told
            if isinstance(each, RowFaceSigned) and each.row == place.row(person).key
        ]
        for person in people
    }
    for person, order in zip(people, permutations(range(3)), strict=True):
        place.tell(*(told[person][index] for index in (*order, order[0])))
        assert level(place, person) is RealNameLevel.VERIFIED, order
        place.bank.simulate.sign_face(place.row(person).key)
    place.run()
    assert {level(place, person) for person in people} == {RealNameLevel.FACE_SIGNED}


# --- free services --------------------------------------------------------------------------


def test_m20_free_withdrawals_of_a_month_are_counted_and_a_new_month_begins_anew(
    place: CardTown,
) -> None:
    (kept,) = place.activate(place.admit(1))
    for _ in range(2):
        place.bank.simulate.free_service(kept.card.ref, Waiver.ATM_WITHDRAWAL)
    place.bank.simulate.free_service(kept.card.ref, Waiver.REMITTANCE, 5)
    place.run()
    own = place.cards(member(kept.person))
    (cash, transfer) = own.free_services(kept.id)
    assert (cash.used, cash.allowed, cash.left) == (2, 3, 1)
    assert (transfer.used, transfer.allowed, transfer.left) == (5, None, None)
    place.pass_time(days=31)
    assert own.free_services(kept.id) == []
    place.bank.simulate.free_service(kept.card.ref, Waiver.ATM_WITHDRAWAL)
    place.run()
    assert [each.used for each in own.free_services(kept.id)] == [1]


def test_a_late_count_does_not_take_the_place_of_a_later_one(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    for _ in range(3):
        place.bank.simulate.free_service(kept.card.ref, Waiver.ATM_WITHDRAWAL)
    first, second, third = place.bank.truth.told[-3:]
    place.tell(third, first, second, first)
    assert [each.used for each in place.cards().free_services(kept.id)] == [3]
    assert place.heard(first.told.event_id).hearing is Hearing.LATE


def test_a_count_for_a_card_that_is_not_known_yet_waits_for_it(place: CardTown) -> None:
    people = place.admit(1)
    batch = place.approve(people)
    place.run()
    assert batch.key is not None
    place.bank.simulate.produce(batch.key)
    place.bank.simulate.face_sign(batch.key)
    (card,) = place.bank.truth.cards
    place.bank.simulate.free_service(card.card, Waiver.ATM_WITHDRAWAL)
    *earlier, count = place.bank.truth.told
    place.tell(count)
    assert place.heard(count.told.event_id).hearing is Hearing.WAITING
    place.tell(*earlier)
    assert [each.used for each in place.cards().free_services(place.card(people[0]).id)] == [1]


# --- reserved numbers -----------------------------------------------------------------------


def numbers(place: CardTown) -> Numbers:
    return Numbers(place.office, place.town.c1)


def test_m33_a_number_that_was_reserved_is_on_the_card(place: CardTown) -> None:
    (person,) = place.admit(1)
    made = numbers(place).reserve(person, "12351")
    assert numbers(place).reserve(person, "12351") == made, "asked for once"
    place.run()
    (kept,) = numbers(place).of(person)
    assert kept.result is NumberResult.RESERVED
    assert kept.until == place.clock.today() + timedelta(days=90)
    place.produce([person])
    (card,) = place.bank.truth.cards
    assert card.number.plain()[-6:-1] == "12351"
    (kept,) = numbers(place).of(person)
    assert kept.result is NumberResult.USED
    assert check_truth(place.bank.truth).fine


def test_a_number_that_is_gone_is_told_and_another_may_be_asked_for(place: CardTown) -> None:
    (person,) = place.admit(1)
    place.bank.simulate.exhaust_number("88888")
    numbers(place).reserve(person, "88888")
    place.run()
    second = numbers(place).reserve(person, "12351")
    assert second.number == 2
    with pytest.raises(Conflict, match="E-BANK-023"):
        numbers(place).reserve(person, "66666")
    place.run()
    assert [each.result for each in numbers(place).of(person)] == [
        NumberResult.TAKEN,
        NumberResult.RESERVED,
    ]
    place.bank.simulate.lapse_number(second.key)
    place.run()
    assert numbers(place).of(person)[-1].result is NumberResult.LAPSED
    assert numbers(place).reserve(person, "66666").number == 3


def test_a_request_for_a_number_that_was_refused_whole_is_over(place: CardTown) -> None:
    (person,) = place.admit(1)
    place.bank.simulate.refuse_next()
    numbers(place).reserve(person, "12351")
    place.run()
    (kept,) = numbers(place).of(person)
    assert (kept.refused, kept.open) == ("B006", False)
    with pytest.raises(InvalidInput, match="E-BATCH-005"):
        numbers(place).reserve(person, "１２３")


def test_a_bank_that_keeps_no_numbers_is_not_asked(office: Office) -> None:
    few = frozenset({OpenCards, SetCardUse, PayOut})
    place = card_town_on(office, info=evolve(SIMULATED, accepts=few))
    (person,) = place.admit(1)
    with pytest.raises(Conflict, match="E-BANK-011"):
        numbers(place).reserve(person, "12351")
    with pytest.raises(Conflict, match="E-BANK-011"):
        place.reconciliation().ask_for(ReconKind.CARDS, place.clock.today())
    assert place.books().dispatches() == []


# --- lists on request -----------------------------------------------------------------------


def test_a_list_that_was_asked_for_is_compared(place: CardTown) -> None:
    place.activate(place.admit(2))
    day = place.clock.today()
    key = place.reconciliation().ask_for(ReconKind.CARDS, day)
    assert place.reconciliation().ask_for(ReconKind.CARDS, day) == key, "one is under way"
    money = place.reconciliation().ask_for(ReconKind.MONEY, day)
    place.run()
    run = place.reconciliation().last()
    assert run is not None
    assert (run.day, run.ours, run.agreed) == (day, 2, 2)
    assert {place.books().dispatch(each).state for each in (key, money)} == {DispatchState.DONE}
    assert place.reconciliation().ask_for(ReconKind.CARDS, day) != key


def test_a_list_of_tomorrow_is_refused_by_the_bank(place: CardTown) -> None:
    key = place.reconciliation().ask_for(ReconKind.MONEY, place.clock.today() + timedelta(days=1))
    place.run()
    assert place.books().dispatch(key).state is DispatchState.REFUSED


# --- the wire, and what is asked of a bank at the start --------------------------------------


def test_the_new_notices_are_read_back_as_they_were(place: CardTown) -> None:
    (person,) = place.admit(1)
    numbers(place).reserve(person, "12351")
    place.activate([person])
    place.bank.simulate.free_service(place.card(person).card.ref, Waiver.ATM_WITHDRAWAL)
    for notice in place.bank.truth.told:
        assert decode(encode(notice)) == notice


def test_every_kind_of_dispatch_carries_a_request_of_its_own() -> None:
    assert set(REQUESTS) == set(DispatchKind)
    assert len(set(REQUESTS.values())) == len(REQUESTS)


@pytest.mark.parametrize("lacking", [OpenCards, SetCardUse, PayOut])
def test_a_bank_that_lacks_what_the_city_needs_does_not_open(lacking: type) -> None:
    policy = shenzhen().policy
    check_bank(policy, SIMULATED)
    info = evolve(SIMULATED, accepts=SIMULATED.accepts - {lacking})
    with pytest.raises(ConfigError, match="E-BANK-021"):
        check_bank(policy, info)
    wanted = evolve(policy.bank, needs=frozenset({DispatchKind.RESERVE_NUMBER}))
    check_bank(evolve(policy, bank=wanted), info)
    with pytest.raises(ConfigError, match="预留吉祥号"):
        check_bank(
            evolve(policy, bank=wanted),
            evolve(SIMULATED, accepts=SIMULATED.accepts - {ReserveNumber}),
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "云海"),
        ("name", ""),
        ("accepts", frozenset({OpenCards, SetCardUse, PayOut, int})),
        ("most_rows", 0),
        ("charset", "no-such"),
        ("charset", "ascii"),
        ("settling", timedelta(seconds=-1)),
        ("settling", timedelta(days=61)),
    ],
)
def test_an_adapter_that_says_something_impossible_does_not_open(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match="E-BANK-022"):
        check_bank(shenzhen().policy, evolve(SIMULATED, **{field: value}))  # type: ignore[arg-type]


def test_the_system_does_not_open_on_a_bank_that_cannot_pay() -> None:
    class Mute:
        info = BankInfo(name="mute", accepts=frozenset({OpenCards, SetCardUse}))

    with pytest.raises(ConfigError, match="批量代发"):
        UnionSystem.open("memory:", city=shenzhen(), bank=Mute(), keys=FileKeys(bytes(range(32))))  # type: ignore[arg-type]


def test_the_month_of_a_count_is_its_first_day(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    place.bank.simulate.free_service(kept.card.ref, Waiver.ATM_WITHDRAWAL)
    place.run()
    (use,) = place.cards().free_services(kept.id)
    assert use.month == date(2017, 11, 1)
