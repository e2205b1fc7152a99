"""The tree of unions: levels, founding, moving, ending with nothing left behind."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve
from tests.domain.cards_for_tests import first_city, yunhai

from szunion.domain.organisations import (
    Organisation,
    OrganisationEvent,
    OrganisationKind,
    OrganisationReason,
    OrganisationState,
    joins_at,
    path_under,
    register,
    reparent,
)
from szunion.domain.succession import Belonging, heirs_of_dissolution, heirs_of_merger
from szunion.domain.values import OrganisationId
from szunion.errors import Conflict

K = OrganisationKind
S = OrganisationState
DAY = date(2026, 1, 1)
LEVELS = first_city().policy.organisation.levels


def union(id_: int, kind: OrganisationKind, state: OrganisationState = S.ACTIVE) -> Organisation:
    return Organisation(
        id=OrganisationId(id_), code=f"U{id_}", name=f"第{id_}工会", kind=kind, state=state
    )


def founded(id_: int, kind: OrganisationKind, parent: Organisation) -> Organisation:
    return register(
        OrganisationId(id_),
        code=f"U{id_}",
        name=f"第{id_}工会",
        kind=kind,
        parent=parent,
        since=DAY,
        levels=LEVELS,
    ).after(OrganisationEvent.APPROVE)


CITY = union(1, K.CITY)
DISTRICT = founded(7, K.DISTRICT, CITY)


def test_the_tree_goes_from_the_city_to_the_grassroots() -> None:
    """M01: city, districts, streets, community and park unions, federations, grassroots."""
    street = founded(71, K.STREET, DISTRICT)
    park = founded(72, K.COMMUNITY, street)
    industry = founded(73, K.INDUSTRY, CITY)
    for parent in (DISTRICT, street, park, industry):
        assert founded(93, K.GRASSROOTS, parent).parent == parent.id
    assert set(LEVELS) == set(K) - {K.CITY}
    with pytest.raises(Conflict, match="E-ORG-002"):
        founded(8, K.DISTRICT, street)
    with pytest.raises(Conflict, match="E-ORG-002"):
        founded(8, K.STREET, park)


def test_levels_are_the_citys_own() -> None:
    levels = yunhai().policy.organisation.levels
    assert K.CITY not in levels[K.GRASSROOTS]
    assert K.CITY in LEVELS[K.GRASSROOTS]


def test_nothing_is_registered_under_a_union_that_is_not_active() -> None:
    for state in (S.REGISTERED, S.SUSPENDED, S.MERGED, S.DISSOLVED):
        with pytest.raises(Conflict, match="E-ORG-001") as refused:
            founded(93, K.GRASSROOTS, evolve(DISTRICT, state=state))
        assert refused.value.current is state


def test_a_moved_union_keeps_where_it_was() -> None:
    other = founded(8, K.DISTRICT, CITY)
    moved = reparent(founded(93, K.GRASSROOTS, DISTRICT), other, "/1/8/", date(2026, 6, 1), LEVELS)
    assert moved.parent_on(date(2026, 5, 31)) == OrganisationId(7)
    assert moved.parent_on(date(2026, 6, 1)) == moved.parent == OrganisationId(8)
    assert moved.parent_on(date(2025, 12, 31)) is None
    with pytest.raises(Conflict, match="E-ORG-004"):
        reparent(moved, DISTRICT, "/1/7/", date(2026, 5, 1), LEVELS)


def test_a_union_cannot_hang_below_itself() -> None:
    street = founded(71, K.STREET, DISTRICT)
    levels = {**LEVELS, K.DISTRICT: frozenset({K.STREET})}
    path = path_under(path_under(path_under("/", CITY.id), DISTRICT.id), street.id)
    assert path == "/1/7/71/"
    with pytest.raises(Conflict, match="E-ORG-003"):
        reparent(DISTRICT, street, path, DAY, levels)
    with pytest.raises(Conflict, match="E-STATE-001"):
        reparent(evolve(street, state=S.DISSOLVED), DISTRICT, "/1/7/", DAY, LEVELS)


def test_a_worker_whose_unit_has_no_union_joins_through_the_place_or_the_industry() -> None:
    """M04: community or park union, or industry federation; else the pool."""
    pool = union(99, K.POOL)
    own, park, trade = union(93, K.GRASSROOTS), union(72, K.COMMUNITY), union(73, K.INDUSTRY)
    assert joins_at([pool, trade, park, own]) == own
    assert joins_at([pool, trade, park]) == park
    assert joins_at([pool, trade]) == trade
    assert joins_at([pool]) == pool
    assert joins_at([evolve(own, state=S.SUSPENDED), park]) == park
    assert joins_at([DISTRICT, CITY]) is None
    assert joins_at([]) is None


def test_who_ends_leaves_nothing_behind() -> None:
    """Race 12: every kind of belonging has a new owner."""
    upper, pool, target = OrganisationId(7), OrganisationId(99), OrganisationId(94)
    dissolved = heirs_of_dissolution(upper, pool)
    assert set(dissolved) == set(Belonging)
    assert dissolved[Belonging.MEMBERS] == pool
    assert {heir for what, heir in dissolved.items() if what is not Belonging.MEMBERS} == {upper}
    assert heirs_of_merger(target) == dict.fromkeys(Belonging, target)


def test_an_ended_union_is_not_living_and_can_only_be_restored() -> None:
    ended = DISTRICT.after(OrganisationEvent.DISSOLVE, reason=OrganisationReason.UNIT_ENDED)
    assert (ended.living, ended.reason) == (False, OrganisationReason.UNIT_ENDED)
    with pytest.raises(Conflict) as refused:
        ended.after(OrganisationEvent.RESUME)
    assert refused.value.allowed == (OrganisationEvent.RESTORE,)
