"""Know what every store promises of consents, people's requests, figures, and what was decided.

Part of :class:`szunion.testing.storage.StoragePromises`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle
from typing import Final

from attrs import evolve

from szunion.domain.access import Scope
from szunion.domain.consent import (
    Channel,
    ConsentEvent,
    ConsentPurpose,
    ConsentState,
    ConsentWord,
    folded,
)
from szunion.domain.identity import IdentityDocument, Mobile, PersonName
from szunion.domain.members import Membership, MembershipState
from szunion.domain.participation import Means, Participation, participation_key
from szunion.domain.people import IdentityVersion, Origin, Person, new_person
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.rights import OPEN, RequestKind, RightsRequest
from szunion.domain.values import (
    SHARDS,
    MembershipId,
    OrganisationId,
    ParticipationId,
    PersonId,
)
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.figures import MonthCount
from szunion.testing.storage_world import (
    CITY,
    DAY,
    NOON,
    OTHER,
    SHIFT,
    WHO,
    StorageWorld,
    own,
    union,
)

_NUMBERS: Final = (
    "110101199003070011", "110101199003070038", "11010119900307002X", "110101199003070054",
)  # fmt: skip
"""Synthetic: place, day and serial, with the digit that belongs to them; the third is hers."""


class PeoplePromises:
    """What every store promises of people's answers and requests, and of counts over them."""

    # --- consents -------------------------------------------------------------------------------

    def test_words_of_a_consent_are_added_and_none_is_another_s(self, world: StorageWorld) -> None:
        """The words of a person come in their order, in one look or for many people at once."""
        told = [
            _word(1, WHO, ConsentEvent.ASK), _word(2, WHO, ConsentEvent.GIVE),
            _word(3, WHO, ConsentEvent.WITHDRAW),
        ]  # fmt: skip
        theirs = evolve(_word(1, OTHER, ConsentEvent.ASK), recipient="insurer")

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.consents
            box.add_many(scope, [*told[:1], theirs])
            box.add_many(scope, told[1:])
            assert list(box.of_person(scope, WHO)) == told
            assert list(box.of_person(scope, PersonId(7))) == []
            many = box.of_people(scope, [OTHER, WHO, PersonId(7)])
            assert {who: list(words) for who, words in many.items()} == {
                WHO: told, OTHER: [theirs],
            }  # fmt: skip
            (answer,) = folded(box.of_person(scope, WHO))
            assert (answer.state, answer.follows) == (ConsentState.WITHDRAWN, None)

        world.run(step)

    # --- requests -------------------------------------------------------------------------------

    def test_a_request_is_kept_whole_and_changed_by_who_read_it_last(
        self, world: StorageWorld
    ) -> None:
        """What is wanted comes back as it was; who is late is told; the most urgent comes first."""
        first = _request(1, days=9)
        urgent = evolve(_request(2, days=2), wanted={"name": "某某"}, paper="1号")

        def step(work: UnitOfWork, scope: Scope) -> None:
            box = work.requests
            for each in (first, urgent):
                box.add(scope, each)
            assert box.get(scope, urgent.id) == urgent
            assert box.get(scope, 7) is None
            assert [each.id for each in box.of_person(scope, WHO)] == [first.id, urgent.id]
            assert [each.id for each in box.listed(scope, OPEN, 9)] == [urgent.id, first.id]
            assert [each.id for each in box.listed(scope, OPEN, 1)] == [urgent.id]
            box.put(scope, urgent.withdrawn(NOON))
            assert [each.id for each in box.listed(scope, OPEN, 9)] == [first.id]

        world.run(step)
        world.loses(lambda work, scope: work.requests.put(scope, urgent.withdrawn(NOON)), to=2)

    # --- figures --------------------------------------------------------------------------------

    def test_members_are_counted_by_shape_and_uses_as_corrected(self, world: StorageWorld) -> None:
        """Who has left is no member; a range of shards counts its own; a correction undoes one."""
        people = [PersonId((shard << SHIFT) + 1) for shard in (5, 6, 700)]
        world.run(lambda work, scope: settle(work, scope, people))

        def step(work: UnitOfWork, scope: Scope) -> None:
            figures = work.figures
            for shards, count in ((range(SHARDS), 2), (range(6), 1), (range(7, 600), 0)):
                found = figures.shapes(scope, "card", shards)
                assert sum(many for _, many in found) == count
                assert {shape.organisation for shape, _ in found} <= {CITY}
                assert {(shape.state, shape.card) for shape, _ in found} <= {
                    (MembershipState.ACTIVE, None)
                }
            assert list(figures.held(scope, "card", range(SHARDS))) == []
            assert [who for who, *_ in figures.each(scope, "card", [CITY])] == people[:2]
            assert list(figures.activations(scope, "card", range(SHARDS))) == []
            record = part(1, people[0])
            for each in (record, part(2, people[0]), part(1, people[1])):
                assert work.participations.add(scope, each)
            wrong = evolve(
                part(3, people[0]), key="correction", corrects=record.id, reason="mistaken"
            )
            assert work.participations.add(scope, wrong)
            assert list(figures.uses(scope, range(SHARDS))) == [
                MonthCount(organisation=CITY, year=2017, month=11, count=2)
            ]

        world.run(step)

    # --- the indexes of people -------------------------------------------------------------------

    def test_an_index_is_paged_in_order_and_equal_values_have_one_token(
        self, world: StorageWorld
    ) -> None:
        """Whoever holds two stores finds what they have in common; only the city is told."""
        mobiles = (Mobile("13800000001"), Mobile("13800000002"), Mobile("13800000001"))
        people = [
            new_person(
                PersonId((shard << SHIFT) + 1), PersonName("测试"), IdentityDocument.read(number),
                recorded=NOON, mobile=mobile,
            )
            for shard, number, mobile in zip((5, 6, 700), _NUMBERS, mobiles, strict=False)
        ]  # fmt: skip

        def step(work: UnitOfWork, scope: Scope) -> None:
            for each in people:
                work.people.add(scope, each)
            for index, values in ((IndexField.DOCUMENT, 3), (IndexField.MOBILE, 2)):
                whole = list(work.people.entries(scope, index, None, 9))
                assert whole == sorted(whole)
                assert sorted(person for _, person in whole) == [each.id for each in people]
                assert len({token for token, _ in whole}) == values
                last = None
                for entry in whole:
                    (last,) = work.people.entries(scope, index, last, 1)
                    assert last == entry
                assert list(work.people.entries(scope, index, last, 1)) == []

        world.run(step)

    # --- proposals ------------------------------------------------------------------------------

    def test_what_became_of_a_confirmed_proposal_is_kept_by_who_read_it_last(
        self, world: StorageWorld
    ) -> None:
        """The terms of an open one stay; those of a confirmed one change for who knows them."""
        asked = Proposal(
            id=1, operation="emergency.open", subject=1, terms={"minutes": "60"}, maker="w",
            made=NOON,
        )  # fmt: skip
        later = {**asked.terms, "ended": NOON.isoformat()}
        world.run(lambda work, scope: work.proposals.add(scope, asked))
        world.loses(
            lambda w, s: w.proposals.put_terms(s, evolve(asked, terms=later), asked), to="OPEN"
        )
        decided = asked.decided(ProposalState.CONFIRMED, "x", NOON)
        world.run(lambda work, scope: work.proposals.put(scope, decided))
        ended = evolve(decided, terms=later)
        world.run(lambda work, scope: work.proposals.put_terms(scope, ended, decided))
        assert world.run(lambda work, scope: work.proposals.get(scope, 1)) == ended
        world.loses(
            lambda work, scope: work.proposals.put_terms(scope, ended, decided), to="other terms"
        )


def _word(number: int, person: PersonId, event: ConsentEvent) -> ConsentWord:
    return ConsentWord(
        id=own(number, person), consent=own(1, person), person=person, event=event,
        purpose=ConsentPurpose.BANK, recipient="bank", notice="bank/1", sha256="0" * 64,
        channel=Channel.PORTAL, at=NOON + timedelta(minutes=number),
    )  # fmt: skip


def _request(number: int, *, days: int) -> RightsRequest:
    due = DAY + timedelta(days=days)
    return RightsRequest(
        id=own(number, WHO), person=WHO, kind=RequestKind.CORRECT, asked=NOON, made_by="w",
        due=due, limit=due,
    )  # fmt: skip


def part(number: int, person: PersonId) -> Participation:
    return Participation(
        id=ParticipationId(own(number, person)),
        key=participation_key("cu-events", str(number), person), person=person, item="cu-events",
        category="culture", occasion=str(number), at=NOON, recorded=NOON, means=Means.CARD,
        organisation=CITY, author="w",
    )  # fmt: skip


def settle(
    work: UnitOfWork,
    scope: Scope,
    people: Sequence[PersonId],
    unions: Sequence[OrganisationId] = (CITY,),
) -> None:
    """Let unions have members in turn, four at most, of whom the last has left."""
    for each in sorted({CITY, *unions}):
        work.organisations.add(scope, union(each))
    for who, number, at in zip(people, _NUMBERS, cycle(unions), strict=False):
        version = IdentityVersion(
            number=1, name=PersonName("测试"), document=IdentityDocument.read(number),
            recorded=NOON, origin=Origin.ROSTER,
        )  # fmt: skip
        work.people.add(scope, Person(id=who, versions=(version,)))
        left = who == people[-1]
        membership = Membership(
            id=MembershipId(own(1, who)), person=who, organisation=at, applied=DAY, since=DAY,
            state=MembershipState.LEFT if left else MembershipState.ACTIVE,
            until=DAY if left else None,
        )  # fmt: skip
        work.members.add(scope, membership, DAY)
