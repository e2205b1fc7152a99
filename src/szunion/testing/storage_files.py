"""Know what every store promises of members' cards: counted, within reach, found, erased.

Part of :class:`szunion.testing.storage.StoragePromises`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import pytest
from attrs import evolve

from szunion.application.access import authorise
from szunion.domain.access import Operation, Principal, Purpose, Role, Scope
from szunion.domain.bank import BankEvent, BankState, Waiver
from szunion.domain.bank_words import WaiverUse
from szunion.domain.card_files import CustodyList, KeptCard
from szunion.domain.cards import Card, UnionFacet, UnionState
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimState
from szunion.domain.consent import Channel, ConsentEvent, ConsentPurpose, ConsentWord
from szunion.domain.custody import Custody, CustodyEvent
from szunion.domain.facets import BankFact, fold
from szunion.domain.holds import Hold, HoldReason
from szunion.domain.identity import Gender, PersonName
from szunion.domain.members import MembershipState
from szunion.domain.ratings import Rating
from szunion.domain.reckoning import Happening
from szunion.domain.rights import OPEN, Erasure, RequestKind, RightsRequest
from szunion.domain.values import (
    SHARDS,
    CardId,
    CardRef,
    CardToken,
    ClaimId,
    EnrolmentId,
    HoldId,
    OrganisationId,
    ParticipationId,
    PersonId,
)
from szunion.domain.wishes import Wish
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.figures import CardShape, MonthCount, Shape
from szunion.testing.storage_people import part, settle
from szunion.testing.storage_world import CITY, DAY, NOON, OTHER, SHIFT, WHO, StorageWorld, own

_WITHOUT, _LEFT = (PersonId((shard << SHIFT) + 1) for shard in (9, 700))
_NEAR, _FAR = OrganisationId(2), OrganisationId(3)
"""Two unions of which neither is above the other."""
_PEOPLE: Final = (WHO, OTHER, _WITHOUT, _LEFT)
_PROGRAMME: Final = "card"
_OCTOBER: Final = datetime(2017, 10, 31, 15, 30, tzinfo=UTC)
"""Half past eleven in the evening there, and an hour later it is November."""
_HOUR: Final = timedelta(hours=1)
_AT_ONCE: Final = ("message", "wish", "fee_waiver", "rights_request")
_WITH_THE_CARD: Final = (
    "end_card_fact", "end_custody_item", "end_card_counter", "end_card_hold", "end_card_standing",
    "end_card",
)  # fmt: skip
_AT_LAST: Final = ("end_consent_word", "end_rights_request")


_OFFICER: Final = Principal(id="w", role=Role.GRASSROOTS, purpose=Purpose.SERVE, organisation=_NEAR)
_MEMBER: Final = Principal(id="m", role=Role.MEMBER, purpose=Purpose.RIGHTS, person=WHO)


class FilePromises:
    """What every store promises of figures over cards, and of everything that is one person's."""

    def test_cards_are_counted_by_shape_and_those_with_a_hold_apart(
        self, world: StorageWorld
    ) -> None:
        """A hold that was lifted holds nobody; who has left counts nowhere, whatever the card."""
        world.run(_members_with_cards)
        usable, without = _shape(_ACTIVE), _shape(None)
        hold = _hold(1, OTHER)

        def step(work: UnitOfWork, scope: Scope) -> None:
            figures, everybody = work.figures, range(SHARDS)
            assert dict(figures.shapes(scope, _PROGRAMME, everybody)) == {usable: 1, without: 1}
            assert dict(figures.shapes(scope, _PROGRAMME, range(6))) == {usable: 1}
            assert dict(figures.shapes(scope, "another", everybody)) == {without: 3}
            assert list(figures.held(scope, _PROGRAMME, everybody)) == [(OTHER, usable, hold)]
            assert list(figures.held(scope, _PROGRAMME, range(6))) == []
            assert list(figures.each(scope, _PROGRAMME, [CITY])) == [
                (WHO, usable, None), (OTHER, usable, hold), (_WITHOUT, without, None),
            ]  # fmt: skip
            by_gender = _told(figures.shapes_by_gender(scope, _PROGRAMME, everybody))
            assert by_gender == {(usable, Gender.MALE): 1, (without, Gender.FEMALE): 1}

        world.run(step)

    def test_an_activation_counts_once_in_the_month_that_it_has_in_the_city(
        self, world: StorageWorld
    ) -> None:
        """The first one of a current card counts, by the bank's own time and the city's clock."""
        world.run(_members_with_cards)
        october = MonthCount(organisation=CITY, year=2017, month=10, count=1)
        november = evolve(october, month=11)

        def step(work: UnitOfWork, scope: Scope) -> None:
            for shards, told in (
                (range(SHARDS), [october, november]), (range(6), [november]), (range(7, 600), []),
            ):  # fmt: skip
                assert list(work.figures.activations(scope, _PROGRAMME, shards)) == told
            assert list(work.figures.activations(scope, "another", range(SHARDS))) == []

        world.run(step)

    def test_who_is_of_one_union_counts_and_finds_nothing_of_another_s(
        self, world: StorageWorld
    ) -> None:
        """Neither in any figure nor among the requests; and a member finds the own alone."""
        world.run(lambda work, scope: settle(work, scope, _PEOPLE, (_NEAR, _FAR)))
        world.run(_with_cards)
        world.run(_with_files)
        everybody = range(SHARDS)
        usable, without = _shape(_ACTIVE, _NEAR), _shape(None, _NEAR)
        november = MonthCount(organisation=_NEAR, year=2017, month=11, count=1)

        def count(work: UnitOfWork) -> None:
            figures, scope = work.figures, authorise(work, _OFFICER, Operation.STATISTICS_READ)
            assert dict(figures.shapes(scope, _PROGRAMME, everybody)) == {usable: 1, without: 1}
            assert list(figures.held(scope, _PROGRAMME, everybody)) == []
            assert list(figures.each(scope, _PROGRAMME, [_NEAR, _FAR])) == [
                (WHO, usable, None), (_WITHOUT, without, None),
            ]  # fmt: skip
            by_gender = _told(figures.shapes_by_gender(scope, _PROGRAMME, everybody))
            assert by_gender == {(usable, Gender.MALE): 1, (without, Gender.FEMALE): 1}
            assert list(figures.activations(scope, _PROGRAMME, everybody)) == [november]
            assert list(figures.uses(scope, everybody)) == [evolve(november, count=2)]

        def find(work: UnitOfWork) -> None:
            officer, member = (
                authorise(work, by, Operation.RIGHTS_READ)
                for by in (evolve(_OFFICER, purpose=Purpose.RIGHTS), _MEMBER)
            )
            for scope in (officer, member):
                assert work.requests.get(scope, own(1, WHO)) is not None
                assert work.requests.get(scope, own(1, OTHER)) is None
                assert [each.person for each in work.requests.listed(scope, OPEN, 9)] == [WHO]
            assert list(work.requests.of_person(member, OTHER)) == []
            assert list(work.consents.of_person(member, OTHER)) == []

        world.storage.read(count)
        world.storage.read(find)

    def test_what_is_one_person_s_is_found_by_the_person(self, world: StorageWorld) -> None:
        """All of it, in its order, and nothing of anybody else's."""
        world.run(_members_with_cards)
        world.run(_with_files)

        def step(work: UnitOfWork, scope: Scope) -> None:
            files = work.files
            for who in (WHO, OTHER):
                card = _card_of(who)
                assert list(files.fee_waivers(scope, who)) == [_waived(who, 10), _waived(who, 11)]
                assert list(files.ratings(scope, who)) == [_rating(who, 1), _rating(who, 2)]
                assert list(files.plastic(scope, [card])) == [(3, card, who == WHO)]
                ((counted, at, _),) = files.counters(scope, [card, CardId(7)])
                assert (counted, at) == (card, 9)
                assert _left(work, scope, who) == _ROWS
            assert list(files.merged(scope, WHO)) == [_LEFT]
            assert list(files.merged(scope, OTHER)) == []
            assert set(files.counts(scope, PersonId(7)).values()) == {0}

        world.run(step)

    def test_an_erasure_takes_what_it_names_and_nothing_of_another_s(
        self, world: StorageWorld
    ) -> None:
        """A request stays, without what was wanted; a unit that fails has erased nothing."""
        world.run(_members_with_cards)
        world.run(_with_files)
        deeds = (*_AT_ONCE, *_WITH_THE_CARD, *_AT_LAST)

        def fails(work: UnitOfWork, scope: Scope) -> None:
            _erase(work, scope, deeds)
            msg = "in the middle"
            raise RuntimeError(msg)

        def step(work: UnitOfWork, scope: Scope) -> None:
            before, theirs = (work.files.counts(scope, who) for who in (WHO, OTHER))
            assert {name: before[name] for name in _ROWS} == _ROWS, "it was undone"
            _erase(work, scope, _AT_ONCE)
            assert _left(work, scope, WHO) == {**_ROWS, "message": 0, "wish": 0, "fee_waiver": 0}
            assert [each.wanted for each in work.requests.of_person(scope, WHO)] == [{}]
            _erase(work, scope, (*_WITH_THE_CARD, *_AT_LAST))
            left = {name: many for name, many in _left(work, scope, WHO).items() if many}
            assert left == {"person": 1, "membership": 1, "participation": 2, "rating": 2}
            assert list(work.cards.of_person(scope, WHO)) == []
            assert work.files.counts(scope, OTHER) == theirs

        with pytest.raises(RuntimeError, match="in the middle"):
            world.run(fails)
        world.run(step)

    def test_what_is_proof_goes_only_with_an_erasure_in_the_journal(
        self, world: StorageWorld
    ) -> None:
        """What the bank told, and what was consented to: the journal is what a restored copy does.

        Without an entry there, a copy that is restored would have it again. A store refuses the
        deed, or takes no row.
        """
        world.run(_members_with_cards)
        world.run(_with_files)
        proof = ("end_card_fact", "end_consent_word")

        def wipe(work: UnitOfWork, scope: Scope, deed: str) -> None:
            work.erasures.wipe(scope, WHO, [deed])

        def check(work: UnitOfWork, scope: Scope) -> None:
            assert _left(work, scope, WHO) == _ROWS
            _erase(work, scope, proof)
            assert _left(work, scope, WHO) == {**_ROWS, "card_fact": 0, "consent_word": 0}

        for deed in proof:
            with suppress(Conflict):
                world.run(partial(wipe, deed=deed))
        world.run(check)

    def test_a_claim_that_is_erased_lets_go_of_its_event(self, world: StorageWorld) -> None:
        """Another may claim that event then; what else the person has claimed stays and holds."""
        world.run(_members_with_cards)
        first, second = _claim(1, WHO, "a"), _claim(2, WHO, "b")

        def step(work: UnitOfWork, scope: Scope) -> None:
            for each in (first, second):
                work.claims.add(scope, each)
            assert work.claims.holder(scope, first.keys) == first
            work.erasures.wipe_claims(scope, WHO, [first.id])
            assert list(work.claims.of_person(scope, WHO)) == [second]
            assert work.claims.holder(scope, first.keys) is None
            assert work.claims.holder(scope, second.keys) == second
            theirs = _claim(1, OTHER, "a")
            work.claims.add(scope, theirs)
            assert work.claims.holder(scope, first.keys) == theirs

        world.run(step)


#: How many rows each of two people has, by table.
_ROWS: Final = {
    "person": 1, "membership": 1, "card": 1, "card_fact": 2, "card_standing": 1, "card_counter": 1,
    "custody_item": 1, "fee_waiver": 2, "participation": 2, "rating": 2, "wish": 1, "message": 2,
    "consent_word": 1, "rights_request": 1,
}  # fmt: skip


def _erase(work: UnitOfWork, scope: Scope, deeds: Iterable[str]) -> None:
    """Do what *deeds* name; who is erased stands in the journal by then."""
    erasure = Erasure(person=WHO, at=NOON, by="w", request=1, lines=(), next_due=None)
    work.erasures.put(scope, erasure)
    work.erasures.wipe(scope, WHO, deeds)


def _told(
    found: Iterable[tuple[Shape, Gender | None, int]],
) -> Counter[tuple[Shape, Gender | None]]:
    """Return counts by shape and sex, in whatever parts a store returns them."""
    counts = Counter[tuple[Shape, Gender | None]]()
    for shape, gender, count in found:
        counts[shape, gender] += count
    return counts


def _left(work: UnitOfWork, scope: Scope, who: PersonId) -> dict[str, int]:
    counts = work.files.counts(scope, who)
    return {name: counts[name] for name in _ROWS}


def _card_of(person: PersonId) -> CardId:
    return CardId(own(1, person))


_ACTIVE: Final = CardShape(
    bank=BankState.ACTIVE, contradictory=False, union=UnionState.ENABLED, reason=None
)


def _shape(card: CardShape | None, at: OrganisationId = CITY) -> Shape:
    return Shape(organisation=at, state=MembershipState.ACTIVE, reason=None, card=card)


def _hold(number: int, person: PersonId) -> Hold:
    return Hold(
        id=HoldId(own(number, person)), card=_card_of(person), owner=CITY,
        reason=HoldReason.INVESTIGATION, since=NOON, note="note",
    )  # fmt: skip


def _activated(number: int, at: datetime) -> BankFact:
    return BankFact(
        event_id=f"e{number}", sequence=number, digest=str(number) * 64,
        event=BankEvent.ACTIVATED, state=BankState.ACTIVE, effective=at, received=NOON,
    )  # fmt: skip


def _members_with_cards(work: UnitOfWork, scope: Scope) -> None:
    """Let four have settled: a card, a card that is held, none; and a card of who has left."""
    settle(work, scope, _PEOPLE)
    _with_cards(work, scope)


def _with_cards(work: UnitOfWork, scope: Scope) -> None:
    lifted = _hold(2, OTHER).lifted()
    for who, holds, at in (
        (WHO, (), _OCTOBER + _HOUR), (OTHER, (_hold(1, OTHER), lifted), _OCTOBER),
        (_LEFT, (_hold(1, _LEFT),), _OCTOBER),
    ):  # fmt: skip
        told = [_activated(1, at), _activated(2, at + 24 * _HOUR * 40)]
        card = Card(
            id=_card_of(who), person=who, ref=CardRef(CardToken(f"token-{who}")), last_four="1234",
            bank=fold(told), union=UnionFacet(state=UnionState.ENABLED, sequence=1), holds=holds,
            current=True,
        )  # fmt: skip
        work.cards.add(
            scope,
            KeptCard(card=card, custody=Custody(card=card.id), programme=_PROGRAMME, born=NOON),
        )
        for fact in told:
            work.cards.add_fact(scope, card.id, fact)


def _claim(number: int, person: PersonId, key: str) -> Claim:
    return Claim(
        id=ClaimId(own(number, person)), keys=(key,), person=person, plan="plan",
        enrolment=EnrolmentId(own(1, person)), state=ClaimState.SUBMITTED,
        happening=Happening(on=DAY), asked=NOON, changed=NOON, made_by="w",
    )  # fmt: skip


def _waived(person: PersonId, month: int) -> WaiverUse:
    return WaiverUse(
        card=_card_of(person), person=person, month=DAY.replace(month=month, day=1),
        kind=next(iter(Waiver)), used=1, allowed=None, sequence=1, told=NOON,
    )  # fmt: skip


def _rating(person: PersonId, number: int) -> Rating:
    return Rating(
        participation=ParticipationId(own(number, person)), person=person, item="cu-events",
        stars=number, at=NOON + number * _HOUR,
    )  # fmt: skip


def _with_files(work: UnitOfWork, scope: Scope) -> None:
    """Let two of the members have something of each kind, of which each store finds all."""
    for who in (OTHER, WHO):
        for month in (11, 10):
            assert work.fee_waivers.put(scope, _waived(who, month))
        for number in (2, 1):
            assert work.participations.add(scope, part(number, who))
            work.participations.rate(scope, _rating(who, number))
            work.messages.add(scope, who, "card.ready", {"number": str(number)})
        assert work.card_counters.keep(scope, _card_of(who), 9)
        wish = Wish(id=own(1, who), person=who, category="culture", words="words", at=NOON)
        assert work.wishes.add(scope, wish)
        word = ConsentWord(
            id=own(1, who), consent=own(1, who), person=who, event=ConsentEvent.ASK,
            purpose=ConsentPurpose.BANK, recipient="bank", notice="bank/1", sha256="0" * 64,
            channel=Channel.PORTAL, at=NOON,
        )  # fmt: skip
        work.consents.add_many(scope, [word])
        wanted = RightsRequest(
            id=own(1, who), person=who, kind=RequestKind.CORRECT, asked=NOON, made_by="w",
            due=DAY, limit=DAY, wanted={"name": PersonName("某某").plain()},
        )  # fmt: skip
        work.requests.add(scope, wanted)
    pieces = CustodyList(
        id=3, organisation=CITY, event=next(iter(CustodyEvent)), pieces=(_card_of(WHO),),
        missing=(_card_of(OTHER),), made_by="w", made=NOON,
    )  # fmt: skip
    work.custody_lists.add(scope, pieces)
    gone = work.people.get(scope, _LEFT)
    assert gone is not None
    work.people.put(scope, evolve(gone, merged_into=WHO))
