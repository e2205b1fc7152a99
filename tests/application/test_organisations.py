"""Unions: founded, hung in the tree, suspended, ended; M01, M12, M30, M31."""

from __future__ import annotations

from datetime import date

import pytest
from tests.offices import Town, applicant, clock_of, member, officer

from szunion.application.members import Members
from szunion.application.organisations import NewUnion, Organisations
from szunion.domain.access import Role
from szunion.domain.organisations import (
    OrganisationKind,
    OrganisationReason,
    OrganisationState,
)
from szunion.domain.transfers import TransferState
from szunion.errors import Conflict, NotAllowed, NotFound


def test_m01_the_tree_has_every_level_of_the_city(town: Town) -> None:
    tree = town.organisations(town.c1).tree()

    assert [(depth, union.kind.value) for depth, union in tree if depth == 0] == [(0, "CITY")]
    assert {union.kind for _, union in tree} == {
        OrganisationKind.CITY, OrganisationKind.DISTRICT, OrganisationKind.COMMUNITY,
        OrganisationKind.INDUSTRY, OrganisationKind.GRASSROOTS,
    }  # fmt: skip


def test_m12_thousands_of_unions_are_entered_in_one_commit_and_once(town: Town) -> None:
    desk = town.organisations(town.c1)
    forms = [
        NewUnion(
            code=f"440305-{index:05d}", name=f"基层工会{index}",
            kind=OrganisationKind.GRASSROOTS, parent_code="440305",
        )
        for index in range(3000)
    ]  # fmt: skip

    first = desk.register_many(forms, document="批准书")
    again = desk.register_many(forms, document="批准书")

    assert len(first) == 3000
    assert again == []
    counts = desk.counts()
    assert counts[OrganisationKind.GRASSROOTS, OrganisationState.ACTIVE] == 3003


def test_m30_the_city_counts_its_unions_and_a_district_only_its_own(town: Town) -> None:
    city = town.organisations(town.c1).counts()
    district = town.organisations(town.upper(1)).counts()

    assert city[OrganisationKind.GRASSROOTS, OrganisationState.ACTIVE] == 3
    assert district == {
        (OrganisationKind.DISTRICT, OrganisationState.ACTIVE): 1,
        (OrganisationKind.GRASSROOTS, OrganisationState.ACTIVE): 1,
    }


def test_m04_a_worker_whose_unit_has_no_union_is_shown_the_nearest_way_in(town: Town) -> None:
    """The unit's own, else the place's; the pool where there is none, or nothing yet."""
    desk = town.organisations(town.c1)
    own, district = town.unions[0], town.districts[0]

    assert desk.joins_at(district.id, own.code) == own
    assert desk.joins_at(town.community.id) == town.community
    assert desk.joins_at(district.id) == town.community
    assert desk.joins_at(district.id, "no such code") == town.community
    assert desk.joins_at(town.districts[1].id) is None, "another district's is not near"

    ended = desk.dissolve(
        town.unions[2].id, reason=OrganisationReason.UNIT_ENDED, document="注销证明"
    )
    town.organisations(town.c2).confirm(ended.id)
    pool = desk.joins_at(town.districts[1].id, town.unions[2].code)
    assert pool is not None
    assert pool.kind is OrganisationKind.POOL
    assert town.organisations(town.upper(1)).joins_at(town.districts[1].id) == pool
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        town.organisations(town.upper(1)).joins_at(district.id)


def test_m31_a_district_registers_its_own_unions_and_not_another_districts(town: Town) -> None:
    desk = town.organisations(town.upper(0))
    new = desk.register(
        code="440304-777", name="新工会", kind=OrganisationKind.GRASSROOTS,
        parent=town.districts[0].id,
    )  # fmt: skip

    assert new.state is OrganisationState.REGISTERED
    assert desk.approve(new.id, document="批复1").state is OrganisationState.ACTIVE
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        desk.register(
            code="440305-777", name="别区", kind=OrganisationKind.GRASSROOTS,
            parent=town.districts[1].id,
        )  # fmt: skip


def test_a_registration_twice_is_one_and_another_name_is_refused(town: Town) -> None:
    desk = town.organisations(town.c1)
    form = {"code": "X-1", "kind": OrganisationKind.GRASSROOTS, "parent": town.districts[0].id}
    first = desk.register(name="甲", **form)  # type: ignore[arg-type]

    assert desk.register(name="甲", **form) == first  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="E-ORG-005"):
        desk.register(name="乙", **form)  # type: ignore[arg-type]


def test_a_kind_hangs_only_where_the_citys_levels_allow_it(town: Town) -> None:
    with pytest.raises(Conflict, match="E-ORG-002"):
        town.organisations(town.c1).register(
            code="X-2", name="错", kind=OrganisationKind.DISTRICT, parent=town.districts[0].id
        )


def test_the_credit_code_is_on_one_living_union_only(town: Town) -> None:
    desk = town.organisations(town.c1)
    code = "91440300MA5ABCDE12"
    parent = town.districts[0].id
    kind = OrganisationKind.GRASSROOTS
    desk.register(code="X-3", name="三", kind=kind, parent=parent, credit_code=code)

    with pytest.raises(Conflict, match="E-STORE-004"):
        desk.register(code="X-4", name="四", kind=kind, parent=parent, credit_code=code)


def test_a_suspended_unions_officers_can_only_look(town: Town) -> None:
    person = town.admit(0, applicant(1))
    town.organisations(town.upper(0)).suspend(
        town.unions[0].id, reason=OrganisationReason.NO_COMMITTEE
    )

    with pytest.raises(NotAllowed, match="E-ACCESS-003"):
        town.memberships(town.g(0)).quit(person, document="申请")
    assert town.organisations(town.g(0)).get(town.unions[0].id).state is OrganisationState.SUSPENDED
    town.organisations(town.upper(0)).resume(town.unions[0].id)
    assert town.memberships(town.g(0)).quit(person, document="申请").open is False


def test_nobody_suspends_a_union_from_within(town: Town) -> None:
    own = officer("x", Role.UPPER, town.districts[0])
    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        Organisations(town.office, own).suspend(
            town.districts[0].id, reason=OrganisationReason.NO_COMMITTEE
        )


def test_scopes_follow_a_union_that_moves_in_the_tree(town: Town) -> None:
    desk = town.organisations(town.c1)
    moved = desk.reparent(town.unions[0].id, town.districts[1].id)

    assert moved.parent == town.districts[1].id
    assert moved.parent_on(town.office.clock.today()) == town.districts[1].id
    assert town.organisations(town.upper(1)).find("440304-001") is not None
    assert town.organisations(town.upper(0)).find("440304-001") is None
    clock_of(town.office).advance(days=30)
    kept = desk.get(town.unions[0].id)
    assert [place.parent for place in kept.placements] == [d.id for d in town.districts]


def test_the_tree_below_moves_along(town: Town) -> None:
    desk = town.organisations(town.c1)
    below = desk.register(
        code="SQ1-1", name="园区内企业", kind=OrganisationKind.GRASSROOTS, parent=town.community.id
    )
    desk.reparent(town.community.id, town.districts[1].id, since=date(2018, 1, 1))

    assert town.organisations(town.upper(1)).find("SQ1-1") is not None
    assert below.id in {union.id for _, union in town.organisations(town.upper(1)).tree()}


def test_one_person_alone_ends_no_union(town: Town) -> None:
    desk = town.organisations(town.c1)
    proposal = desk.dissolve(
        town.unions[0].id, reason=OrganisationReason.UNIT_ENDED, document="注销证明"
    )

    assert desk.get(town.unions[0].id).state is OrganisationState.ACTIVE
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        desk.confirm(proposal.id)
    again = desk.dissolve(
        town.unions[0].id, reason=OrganisationReason.UNIT_ENDED, document="注销证明"
    )
    assert again.id == proposal.id
    other = town.organisations(town.c2)
    assert other.confirm(proposal.id).state is OrganisationState.DISSOLVED
    with pytest.raises(Conflict, match="E-PROPOSAL-001"):
        other.confirm(proposal.id)


def test_race_12_a_dissolved_unions_members_go_to_the_upper_unions_pool(town: Town) -> None:
    people = [town.admit(0, applicant(index)) for index in range(12)]
    waiting = town.memberships(town.g(0)).apply(applicant(50), town.unions[0].id)
    clock_of(town.office).advance(days=10)
    proposal = town.organisations(town.c1).dissolve(
        town.unions[0].id, reason=OrganisationReason.UNIT_ENDED, document="注销证明"
    )
    town.organisations(town.c2).confirm(proposal.id)

    (pool,) = [
        union
        for union in town.organisations(town.c1).below(town.districts[0].id)
        if union.kind is OrganisationKind.POOL
    ]
    look = Members(town.office, town.c1)
    for person in [*people, waiting.person]:
        row = look.get(person).membership
        assert row is not None
        assert row.organisation == pool.id
        places = [each for each in look.affiliations(person) if each.open]
        assert [each.organisation for each in places] == ([] if row.since is None else [pool.id])
    # The upper union is in charge of the pool: it can act for those who wait there.
    assert town.memberships(town.upper(0)).quit(people[0], document="本人申请").open is False


def test_race_31_a_merged_unions_members_belong_to_the_target(town: Town) -> None:
    people = [town.admit(0, applicant(index)) for index in range(5)]
    proposal = town.organisations(town.upper(0)).merge(
        town.unions[0].id, target=town.unions[1].id, document="合并决议"
    )
    ended = town.organisations(town.upper(0, "other")).confirm(proposal.id)

    assert ended.state is OrganisationState.MERGED
    assert ended.successor == town.unions[1].id
    for person in people:
        assert town.memberships(town.g(1)).quit(person, document="申请").open is False


def test_race_30_a_target_dissolved_while_a_transfer_is_released_escalates_it(town: Town) -> None:
    person = town.admit(0, applicant(3))
    transfer = town.transfers(member(person)).request(person, town.unions[1].id)
    town.transfers(town.g(0)).release(transfer.id)
    proposal = town.organisations(town.c1).dissolve(
        town.unions[1].id, reason=OrganisationReason.UNIT_ENDED, document="注销"
    )
    town.organisations(town.c2).confirm(proposal.id)

    after = town.transfers(town.upper(0)).get(transfer.id)
    assert after.state is TransferState.ESCALATED
    ordered = town.transfers(town.upper(0)).order(transfer.id, target=town.community.id)
    assert ordered.state is TransferState.ACCEPTED
    assert town.transfers(member(person)).get(transfer.id).target == town.community.id


def test_a_union_ended_by_mistake_comes_back_without_its_members(town: Town) -> None:
    person = town.admit(0, applicant(4))
    first = town.organisations(town.c1).dissolve(
        town.unions[0].id, reason=OrganisationReason.UNIT_ENDED, document="错"
    )
    town.organisations(town.c2).confirm(first.id)
    second = town.organisations(town.c1).restore(town.unions[0].id, document="更正")
    back = town.organisations(town.c2).confirm(second.id)

    assert back.state is OrganisationState.ACTIVE
    with pytest.raises(NotFound):
        town.memberships(town.g(0)).quit(person, document="申请")
