"""In any tree of unions an officer sees the own union and all below it, whichever way it is asked.

Random trees, random places of members, random moves: the visible set is compared with a model that
is a walk over parents, by every way of asking: get, search, list, count, sort, timeline, export,
statistics, and the text of what is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.filters import UNFILTERED, filters_off
from tests.offices import (
    ENGINES,
    applicant,
    counted,
    engine,
    lasting_office,
    office_on,
    officer,
    serving,
)
from tests.places import admin

from szunion.adapters.storage.postgres.connection import tell
from szunion.application.access import authorise
from szunion.application.exports import Exports
from szunion.application.members import Members
from szunion.application.membership_moves import open_affiliation
from szunion.application.office import Office
from szunion.application.organisations import Organisations
from szunion.application.statistics import Grouping, Statistics
from szunion.application.timeline import Timeline
from szunion.domain.access import Operation, Principal, Role
from szunion.domain.identity import IdentityDocument, Mobile
from szunion.domain.members import Membership, MembershipState
from szunion.domain.organisations import (
    Organisation,
    OrganisationEvent,
    OrganisationKind,
    OrganisationReason,
    register,
)
from szunion.domain.people import new_person
from szunion.domain.suppression import LEAST
from szunion.domain.values import MembershipId, OrganisationId, PersonId
from szunion.errors import NotAllowed, SzunionError
from szunion.ports.storage import UnitOfWork

SHARED = [Mobile(f"138{number:08}") for number in range(20)]
"""Several people of one tree, and of every 20th, have one number: a search crosses unions."""
MOST, FEW = 200, 9
"""How many unions a tree of the long run may have, and one of the short."""
TREES, SLICE = 10_000, 100
"""Each slice in a store of its own: without filters every look goes over all that is there."""
_G = OrganisationKind.GRASSROOTS


@define
class Grown:
    """A tree in the store, and the model of it: for each union its parent, for each person one."""

    office: Office
    mobile: Mobile
    parents: list[int] = field(factory=list)
    unions: list[Organisation] = field(factory=list)
    people: dict[PersonId, int] = field(factory=dict)
    documents: dict[PersonId, Any] = field(factory=dict)

    def above(self, at: int) -> set[int]:
        """Return a union and all above it."""
        found = {at}
        while at:
            at = self.parents[at]
            found.add(at)
        return found

    def below(self, at: int) -> set[int]:
        return {each for each in range(len(self.unions)) if at in self.above(each)}

    def seen(self, at: int) -> set[PersonId]:
        return {person for person, union in self.people.items() if union in self.below(at)}


@define
class Forest:
    """One office in which trees grow beside each other, each under a union of its own."""

    office: Office
    city: Organisation
    numbers: Iterator[int]
    trees: Iterator[int] = field(factory=count)

    def grow(self, parents: Sequence[int], places: Sequence[int]) -> Grown:
        mobile = SHARED[next(self.trees) % len(SHARED)]
        tree = Grown(self.office, mobile, parents=[0, *parents])
        self.office.storage.run(lambda work: self._keep(work, tree, places))
        return tree

    def _keep(self, work: UnitOfWork, tree: Grown, places: Sequence[int]) -> None:
        scope = authorise(work, officer("city-1", Role.CITY), Operation.ORGANISATION_WRITE)
        levels = {_G: frozenset({OrganisationKind.CITY, _G})}
        tree.unions.clear()
        tree.people.clear()
        for at, parent in enumerate(tree.parents):
            union = register(
                OrganisationId(work.ids.new()), code=f"T{next(self.numbers):08}", name="某工会",
                kind=_G, parent=self.city if at == 0 else tree.unions[parent],
                since=self.office.clock.today(), levels=levels, credit_code=None,
            ).after(OrganisationEvent.APPROVE)  # fmt: skip
            tree.unions.append(union)
        work.organisations.add_many(scope, tree.unions)
        for place in places:
            at = place % len(tree.unions)
            self._admit(work, tree, at, shared=bool(place % 2))

    def _admit(self, work: UnitOfWork, tree: Grown, at: int, *, shared: bool) -> None:
        number, today = next(self.numbers), self.office.clock.today()
        someone, document = applicant(number % 900), IdentityDocument.read(numbered(number))
        scope = authorise(work, engine(), Operation.BANK_DESK)
        person = PersonId(work.ids.new(work.vault.route(document.number.plain())))
        mobile = tree.mobile if shared else someone.mobile
        work.people.add(
            scope, new_person(person, someone.name, document, recorded=work.now,
                              mobile=mobile)
        )  # fmt: skip
        row = Membership(
            id=MembershipId(work.ids.new(person & 1023)), person=person,
            state=MembershipState.ACTIVE, organisation=tree.unions[at].id, applied=today,
            since=today,
        )  # fmt: skip
        work.members.add(scope, row, today)
        open_affiliation(work, scope, row, today)
        tree.people[person] = at
        tree.documents[person] = document


PLACES = [*ENGINES, pytest.param(UNFILTERED, marks=pytest.mark.postgres)]
"""Every engine; and PostgreSQL once more with row-level security alone."""


@contextmanager
def planted(place: str, folder: Path) -> Iterator[Forest]:
    alone = place == UNFILTERED
    kind = "postgres" if alone else place
    with filters_off() if alone else nullcontext(), lasting_office(kind, folder) as office:
        city = Organisations(office, officer("city-1", Role.CITY)).found_city(
            code="440300", name="市总工会"
        )
        yield Forest(office, city, iter(range(1, 10**8)))


@pytest.fixture(params=PLACES, scope="module")
def forest(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Forest]:
    with planted(request.param, tmp_path_factory.mktemp("forest")) as made:
        yield made


def numbered(index: int) -> str:
    """Return a well-formed document number of its own for each index: nobody's."""
    born = date(1950, 1, 1) + timedelta(days=index // 1000 % 20_000)
    body = f"110101{born:%Y%m%d}{index % 1000:03d}"
    weights = [2 ** (17 - at) % 11 for at in range(17)]
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def told(call: Any, *given: Any) -> str:
    """Return what was answered, without the ids that were asked for."""
    try:
        return repr(call(*given))
    except SzunionError as error:
        return f"{error.code} {error} {error.do()}"


def check(tree: Grown, at: int, by: Principal) -> None:
    """Compare every way of asking with the model."""
    office, nobody = tree.office, PersonId(5)
    unions, seen = tree.below(at), tree.seen(at)
    ids = {tree.unions[each].id for each in unions}
    members, organisations = Members(office, by), Organisations(office, by)

    listed = [union.id for _, union in organisations.tree()]
    assert set(listed) == ids
    assert len(listed) == len(ids)
    codes = {union.id: union.code for union in tree.unions}
    for each, union in enumerate(tree.unions):
        found = organisations.find(codes[union.id])
        assert (found is not None) is (each in unions)
        below = {one.id for one in organisations.below(union.id)}
        assert below <= ids
        of = [row.person for row in members.of_union(union.id)]
        here = {p for p, place in tree.people.items() if place == each}
        assert set(of) == (here if each in unions else set())
        assert of == sorted(of)
    everybody = sorted(tree.people)
    assert [one.id for one in members.show_many(everybody)] == [p for p in everybody if p in seen]
    assert {one.id for one in members.by_mobile(tree.mobile.plain())} <= seen
    missing = told(members.get, nobody)
    gone = told(Timeline(office, by).of, nobody)
    for person in everybody:
        document = tree.documents[person]
        hit = members.find(document=document)
        assert (hit.id if hit else None) == (person if person in seen else None)
        assert bool(members.episodes(person)) is (person in seen)
        if person not in seen:
            assert told(members.get, person) == missing
            assert told(Timeline(office, by).of, person) == gone
    assert sum(organisations.counts().values()) == len(unions)
    assert sum(counted(office, by).values()) == len(seen)
    assert all(count is None or count >= LEAST for count in members.counts().values())
    if by.role is Role.GRASSROOTS:
        _check_exports(tree, at, serving(by))


def _check_exports(tree: Grown, at: int, by: Principal) -> None:
    desk = Exports(tree.office, by)
    missing = told(lambda one: desk.members(one, reason="核对"), OrganisationId(5))
    for each, union in enumerate(tree.unions):
        if each in tree.below(at):
            here = [p for p, place in tree.people.items() if place == each]
            assert desk.members(union.id, reason="核对").members == len(here)
        else:
            assert told(lambda one: desk.members(one, reason="核对"), union.id) == missing


def trees(most: int) -> st.SearchStrategy[tuple[list[int], list[int], int, int]]:
    """Return parents (each before its child), places of people, an officer's place, and a move."""
    parents = st.lists(st.integers(0, most), max_size=most - 1).map(
        lambda given: [each % (at + 1) for at, each in enumerate(given)]
    )
    places = st.lists(st.integers(0, 2 * most), max_size=min(most, 40))
    return st.tuples(parents, places, st.integers(0, most), st.integers(0, most))


def look_at(forest: Forest, given: tuple[list[int], list[int], int, int], role: Role) -> None:
    parents, places, officer_at, moved = given
    tree = forest.grow(parents, places)
    at = officer_at % len(tree.unions)
    by = officer("looker", role, tree.unions[at])
    check(tree, at, by)
    one = moved % len(tree.unions)
    if one and one not in tree.above(at):
        _move_up(forest, tree, one)
        check(tree, at, by)


def _move_up(forest: Forest, tree: Grown, one: int) -> None:
    """Hang a union and all below it at the top of the tree: scopes follow in the same commit."""
    office = forest.office
    levels = {**office.policy.organisation.levels, _G: frozenset({OrganisationKind.CITY, _G})}
    rules = evolve(office.policy.organisation, levels=levels)
    office = evolve(office, policy=evolve(office.policy, organisation=rules))
    desk = Organisations(office, officer("city-1", Role.CITY))
    if tree.parents[one] != 0:
        desk.reparent(tree.unions[one].id, tree.unions[0].id)
        tree.parents[one] = 0


def look_at_many(forest: Forest, role: Role, *, count: int, most: int, first: int) -> None:
    @seed(first)
    @settings(
        max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None,
        phases=(Phase.generate,),
    )  # fmt: skip
    @given(trees(most))
    def every(given: tuple[list[int], list[int], int, int]) -> None:
        look_at(forest, given, role)

    every()


@pytest.mark.parametrize("role", [Role.GRASSROOTS, Role.UPPER])
def test_an_officer_sees_the_own_branch_and_nothing_else(forest: Forest, role: Role) -> None:
    look_at_many(forest, role, count=25, most=FEW, first=0)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1, 1 + TREES // SLICE))
@pytest.mark.parametrize("place", PLACES)
def test_ten_thousand_trees_show_an_officer_the_own_branch(
    place: str, tmp_path: Path, first: int
) -> None:
    role = (Role.GRASSROOTS, Role.UPPER)[first % 2]
    with planted(place, tmp_path) as forest:
        look_at_many(forest, role, count=SLICE, most=MOST, first=first)


def test_a_leak_is_found(forest: Forest) -> None:
    """A model that leaves one union out is not what the store shows: the comparison can fail."""
    tree = forest.grow([0, 0, 1], [0, 1, 2, 3, 4, 5])
    by = officer("looker", Role.GRASSROOTS, tree.unions[1])
    tree.parents[2] = 1
    with pytest.raises(AssertionError):
        check(tree, 1, by)


@pytest.mark.postgres
def test_with_both_nets_down_a_leak_is_found(tmp_path: Path) -> None:
    """Planted: no filter, and nothing forced on memberships; so it was the net that held."""
    with filters_off():
        office = office_on("postgres", tmp_path)
        city = Organisations(office, officer("city-1", Role.CITY)).found_city(
            code="440300", name="市总工会"
        )
        tree = Forest(office, city, iter(range(1, 10**8))).grow([0, 0], [0, 1, 2])
        by = officer("looker", Role.GRASSROOTS, tree.unions[1])
        check(tree, 1, by)
        with admin(tmp_path) as server:
            tell(server, "ALTER TABLE szunion.membership DISABLE ROW LEVEL SECURITY")
            try:
                with pytest.raises(AssertionError):
                    check(tree, 1, by)
            finally:
                tell(server, "ALTER TABLE szunion.membership ENABLE ROW LEVEL SECURITY")
        office.storage.close()


def test_few_are_not_shown_also_not_as_a_difference(forest: Forest) -> None:
    tree = forest.grow([0, 0], [0] * 12 + [2] * 24 + [1] * 3)
    whole = Statistics(tree.office, officer("u", Role.UPPER, tree.unions[0])).count(Grouping.UNION)
    shown = {line.place: line.members for line in whole.lines}
    assert whole.whole.members == 39
    hidden = [place for place, count in shown.items() if count is None]
    assert tree.unions[1].code in hidden
    assert len(hidden) > 1, "one cell alone would be the sum less the rest"


@pytest.mark.parametrize("end", ["suspended", "dissolved"])
def test_a_union_that_closes_has_no_officers_in_the_same_commit(tmp_path: Path, end: str) -> None:
    office = office_on("memory", tmp_path)
    city = Organisations(office, officer("city-1", Role.CITY)).found_city(
        code="440300", name="市总工会"
    )
    forest = Forest(office, city, iter(range(1, 10**8)))
    tree = forest.grow([0], [0, 1])
    union = tree.unions[1]
    by = officer("looker", Role.GRASSROOTS, union)
    desk = Organisations(office, officer("city-1", Role.CITY))
    (person,) = tree.seen(1)
    if end == "suspended":
        desk.suspend(union.id, reason=OrganisationReason.NO_COMMITTEE)
        assert Members(office, by).get(person).id == person, "it may look, and do nothing"
        return
    levels = {**office.policy.organisation.levels, _G: frozenset({OrganisationKind.CITY, _G})}
    levels[OrganisationKind.POOL] = frozenset({OrganisationKind.CITY, _G})
    rules = evolve(office.policy.organisation, levels=levels)
    wide = evolve(office, policy=evolve(office.policy, organisation=rules))
    desk = Organisations(wide, officer("city-1", Role.CITY))
    made = desk.dissolve(union.id, reason=OrganisationReason.UNIT_ENDED, document="1")
    Organisations(wide, officer("city-2", Role.CITY)).confirm(made.id)
    for look in (lambda: Members(office, by).get(person), Organisations(office, by).tree):
        with pytest.raises(NotAllowed, match="E-ACCESS-003"):
            look()
