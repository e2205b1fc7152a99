"""A tap at a counter, with simulated cards: whose card, may it be used, and what is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from tests.booktown import BookTown, book_town_on
from tests.chips import DAY, READER, Counts, chip, content, equipment, swap
from tests.offices import applicant, office_on, officer, serving

from szunion.application.card_reading import Equipment, NumbersAreTokens, Seen, contactless
from szunion.application.counter import Counter, Tapped, TapVerdict
from szunion.domain.access import Principal, Role
from szunion.domain.bank import BankState
from szunion.domain.eligibility import Ineligible
from szunion.domain.holds import HoldReason
from szunion.domain.identity import Gender
from szunion.domain.participation import Means, Outcome, Participation
from szunion.domain.use import AtBank, Locked, NotCurrent
from szunion.domain.values import PersonId
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Flaw
from szunion.emv.oda_keys import Assurance
from szunion.emv.pan import CardNumber
from szunion.errors import CardRemoved, NoCard, NotAllowed, NotFound

_V = TapVerdict
CULTURE, WOMEN = "cu-events", "co-women-classroom"


@pytest.fixture(params=["memory", "sqlite"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BookTown]:
    office = office_on(request.param, tmp_path, day=DAY)
    yield book_town_on(office)
    office.storage.close()


def tapped(
    town: BookTown, machine: Equipment, occasion: str = "2026-11-24", **more: object
) -> Tapped:
    by = more.pop("by", town.provider)
    item = more.pop("item", CULTURE)
    assert isinstance(by, Principal)
    counter = Counter(town.office, by, machine)
    return counter.tap(READER, str(item), occasion, **more)  # type: ignore[arg-type]


def records(town: BookTown, person: PersonId) -> list[Participation]:
    return list(
        town.cards.look(lambda work, scope: work.participations.of_person(scope, person))
    )  # fmt: skip


def test_m09_a_tap_is_whose_card_may_it_be_used_and_a_record(town: BookTown) -> None:
    """M09 and M29: the card is the mark of membership; taking part is recorded by itself."""
    (person,) = town.members(1)
    machine = equipment(town.cards, chip(town.cards, town.cards.card(person)))
    told = tapped(town, machine)
    assert (told.verdict, told.person, told.assurance) == (
        _V.RECORDED, person, Assurance.READ_ONLY,
    )  # fmt: skip
    (record,) = records(town, person)
    assert record == told.record
    assert (record.means, record.outcome, record.item, record.card) == (
        Means.CARD, Outcome.TOOK_PART, CULTURE, town.cards.card(person).id,
    )  # fmt: skip
    assert record.organisation == town.provider.organisation
    again = tapped(town, machine)
    assert (again.verdict, again.record) == (_V.ALREADY, record)
    assert tapped(town, machine, "2026-11-25").verdict is _V.RECORDED
    log = [e for e in town.cards.log_of(person) if e.action == "counter.tap"]
    assert [(e.after, e.reason) for e in log] == [
        ("RECORDED", "cu-events:READ_ONLY"), ("ALREADY", "cu-events:READ_ONLY"),
        ("RECORDED", "cu-events:READ_ONLY"),
    ]  # fmt: skip


def test_reading_costs_the_card_nothing_and_proving_one_count(town: BookTown) -> None:
    (person,) = town.members(1)
    watched = Counts(chip(town.cards, town.cards.card(person)), lambda _: None, [])
    machine = equipment(town.cards, watched)
    tapped(town, machine)
    assert not {0xA8, 0x88, 0x20, 0xAE} & set(watched.seen)
    told = tapped(town, machine, "second", prove=True)
    assert (told.verdict, told.assurance) == (_V.RECORDED, Assurance.DDA_OFFLINE)
    assert watched.seen.count(0xA8) == 1
    assert 0x20 not in watched.seen, "no PIN at a counter, ever"


def test_what_moves_money_asks_the_card_to_prove_itself(town: BookTown) -> None:
    (person,) = town.members(1)
    kept = town.cards.card(person)
    counter = Counter(town.office, town.provider, equipment(town.cards))
    for item in ("ha-spring-festival", "ma-hospital-allowance", "pack-maternity"):
        known = town.office.catalogue.item(item) or town.office.catalogue.pack_item(item)
        if known is not None:
            assert counter.must_prove(item)
    assert not counter.must_prove(CULTURE)
    money = next(i for i in town.office.catalogue.items if i.pay_to_card).id
    genuine = tapped(town, equipment(town.cards, chip(town.cards, kept)), item=money)
    assert (genuine.verdict, genuine.assurance) == (_V.RECORDED, Assurance.DDA_OFFLINE)
    copied = chip(town.cards, kept, flaw=Flaw.CLONED)
    told = tapped(town, equipment(town.cards, copied), "other", item=money)
    assert (told.verdict, told.record) == (_V.NOT_GENUINE, None)
    with pytest.raises(NotFound, match="E-SERVICE-002"):
        counter.must_prove("no-such-item")


def test_replaced_cloned_and_wrong_psn_are_told_apart(town: BookTown) -> None:
    """The old card after a replacement, a copy without keys, another PSN, a stranger's card."""
    (person,) = town.members(1)
    old = town.cards.card(person)
    successor = town.cards.bank.simulate.replace(old.card.ref, same_number=True)
    town.cards.run()
    town.cards.bank.simulate.activate(successor)
    town.cards.run()
    new = town.cards.card(person)
    assert new.card.ref.token == old.card.ref.token
    assert (old.card.ref.psn, new.card.ref.psn) == (1, 2)

    machine = equipment(town.cards, chip(town.cards, new))
    assert tapped(town, machine, prove=True).verdict is _V.RECORDED

    swap(machine, chip(town.cards, old))
    replaced = tapped(town, machine, "b", prove=True)
    assert replaced.verdict is _V.NOT_USABLE
    assert replaced.card is not None
    assert replaced.card.id == old.id
    assert {type(why) for why in replaced.against} >= {AtBank, NotCurrent}
    at_bank = [why for why in replaced.against if isinstance(why, AtBank)]
    assert at_bank == [AtBank(BankState.REPLACED)]

    swap(machine, chip(town.cards, new, flaw=Flaw.CLONED))
    cloned = tapped(town, machine, "c", prove=True)
    assert (cloned.verdict, bool(cloned.reasons)) == (_V.NOT_GENUINE, True)
    assert cloned.assurance < Assurance.DDA_OFFLINE

    swap(machine, chip(town.cards, new, psn="07"))
    assert tapped(town, machine, "d", prove=True).verdict is _V.OTHER_PSN

    swap(machine, SimulatedCard(content("6200009999999994", "01"), 5))
    assert tapped(town, machine, "e").verdict is _V.UNKNOWN_CARD

    assert [record.occasion for record in records(town, person)] == ["2026-11-24"]


def test_a_recording_of_an_older_tap_is_noticed_by_the_cards_counter(town: BookTown) -> None:
    """Whoever remembers the highest counter notices a copy that stayed behind."""
    (person,) = town.members(1)
    kept = town.cards.card(person)
    machine = equipment(town.cards, chip(town.cards, kept))
    assert tapped(town, machine, "a", prove=True).verdict is _V.RECORDED
    swap(machine, chip(town.cards, kept))  # the same chip as it left the factory: counter at 0
    told = tapped(town, machine, "b", prove=True)
    assert (told.verdict, told.record) == (_V.REPLAYED, None)
    assert tapped(town, machine, "b", prove=True).verdict is _V.RECORDED, "now it counts on"


def test_why_a_card_is_refused_is_shown_whole(town: BookTown) -> None:
    (person,) = town.members(1)
    kept = town.cards.card(person)
    town.cards.cards().lock(kept.id, HoldReason.DATA_DOUBT)
    town.cards.bank.simulate.report_loss(kept.card.ref)
    town.cards.run()
    told = tapped(town, equipment(town.cards, chip(town.cards, kept)))
    assert not told.yes
    assert {AtBank, Locked} <= {type(why) for why in told.against}
    assert records(town, person) == []


def test_a_card_that_goes_away_in_the_middle_leaves_nothing(town: BookTown) -> None:
    """Pulled before every single command: a typed error, and nothing half recorded."""
    (person,) = town.members(1)
    kept = town.cards.card(person)
    machine = equipment(town.cards)
    whole = Counts(chip(town.cards, kept), lambda _: None, [])
    swap(machine, whole)
    tapped(town, machine, "whole", prove=True)
    steps = len(whole.seen)
    assert steps > 8
    before = town.cards.log_of(person)
    for at in range(steps):

        def pull(command: int, at: int = at) -> None:
            if command == at:
                swap(machine, None)

        swap(machine, Counts(chip(town.cards, kept), pull, []))
        with pytest.raises(CardRemoved):
            tapped(town, machine, f"pulled-{at}", prove=True)
    assert [record.occasion for record in records(town, person)] == ["whole"]
    assert town.cards.log_of(person) == before
    with pytest.raises(NoCard):
        tapped(town, machine, "empty")


def test_what_an_item_asks_for_is_asked_at_the_tap_too(town: BookTown) -> None:
    """A man is no more recorded at the women's classroom by tap than by list; a woman is."""
    people = town.members(2)
    told = {}
    for person, index in zip(people, range(2), strict=True):
        machine = equipment(town.cards, chip(town.cards, town.cards.card(person)))
        told[applicant(index).document.gender()] = tapped(town, machine, item=WOMEN)
    man, woman = told[Gender.MALE], told[Gender.FEMALE]
    assert (man.verdict, man.item, man.record) == (
        _V.NOT_ELIGIBLE, (Ineligible.GENDER,), None,
    )  # fmt: skip
    assert (man.yes, man.against, man.price_percent) == (False, frozenset(), None)
    assert (woman.verdict, woman.item) == (_V.RECORDED, ())
    assert man.person is not None
    assert records(town, man.person) == []
    (entry,) = [e for e in town.cards.log_of(man.person) if e.action == "counter.tap"]
    assert (entry.after, entry.reason) == ("NOT_ELIGIBLE", f"{WOMEN}:READ_ONLY")


def test_whoever_has_a_card_and_no_benefits_any_more_is_not_served(town: BookTown) -> None:
    (person,) = town.members(1)
    rules = tuple(
        evolve(rule, rights=evolve(rule.rights, benefits=False))
        for rule in town.office.policy.rights
    )
    policy = evolve(town.office.policy, rights=rules)
    counter = Counter(
        evolve(town.office, policy=policy), town.provider,
        equipment(town.cards, chip(town.cards, town.cards.card(person))),
    )  # fmt: skip
    told = counter.tap(READER, CULTURE, "2026-11-24")
    assert (told.verdict, told.item) == (_V.NOT_ELIGIBLE, (Ineligible.NO_BENEFITS,))


def test_a_booking_is_checked_in_by_the_card(town: BookTown) -> None:
    people = town.members(2)
    offer = town.offer(2)
    booking = town.held(offer, people[0])
    machine = equipment(town.cards, chip(town.cards, town.cards.card(people[0])))
    held_only = tapped(town, machine, offer=offer.id)
    assert held_only.verdict is _V.NO_BOOKING
    town.desk(people[0]).confirm(booking.id)
    elsewhere = tapped(town, machine, item=WOMEN, offer=offer.id)
    assert elsewhere.verdict is _V.NO_BOOKING
    told = tapped(town, machine, offer=offer.id)
    assert told.verdict is _V.RECORDED
    assert told.record is not None
    assert (told.record.means, told.record.card) == (Means.CARD, town.cards.card(people[0]).id)
    assert town.state(booking).value == "USED"
    assert tapped(town, machine, offer=offer.id).verdict is _V.ALREADY
    swap(machine, chip(town.cards, town.cards.card(people[1])))
    assert tapped(town, machine, offer=offer.id).verdict is _V.NO_BOOKING
    assert len(records(town, people[0])) == 1


def test_a_card_without_our_application_and_one_that_answers_from_afar(town: BookTown) -> None:
    class Blank:
        def reset(self, *, contactless: bool = False) -> bytes:
            del contactless
            return b"\x3b\x00"

        def process_bytes(self, raw: bytes) -> bytes:
            del raw
            return b"\x6a\x82"

        def power_off(self) -> None: ...

    machine = equipment(town.cards, Blank())
    assert tapped(town, machine).verdict is _V.NO_APPLICATION
    (person,) = town.members(1)

    def once(at: int) -> None:
        if at == 3:
            town.cards.clock.advance(seconds=0.6)

    slow = Counts(chip(town.cards, town.cards.card(person)), once, [])
    swap(machine, slow)
    assert tapped(town, machine, "slow", prove=True).verdict is _V.FROM_AFAR
    assert records(town, person) == []


def test_only_those_who_stand_at_a_counter_tap(town: BookTown) -> None:
    (person,) = town.members(1)
    machine = equipment(town.cards, chip(town.cards, town.cards.card(person)))
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        tapped(town, machine, by=officer("12351-1", Role.HOTLINE))
    other = serving(officer("g-2", Role.GRASSROOTS, town.cards.town.unions[2]))
    assert tapped(town, machine, by=other).verdict is _V.RECORDED, "any member of the city"


def test_a_bank_without_tokens_is_asked_by_number() -> None:
    names = NumbersAreTokens()
    token = names.token_of(CardNumber("6200000000000013"))
    assert token is not None
    assert token.plain() == "6200000000000013"
    assert contactless(bytes.fromhex("3B8880010000000000"))
    assert not contactless(bytes.fromhex("3B6500"))
    seen = Seen(
        ref=None, number=CardNumber("6200000000000013"), assurance=Assurance.READ_ONLY,
        asked=False, counter=None, relay_suspect=False,
    )  # fmt: skip
    assert "000000001" not in repr(seen)
    assert not seen.proved
    assert not evolve(seen, assurance=Assurance.DDA_OFFLINE, relay_suspect=True).proved
