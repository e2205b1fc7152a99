"""Every public use case, asked for in every role, of records of every relation: the table holds.

Each call is made at a real office; what is refused reads the same for a record out of reach as for
one that is not there, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from attrs import evolve
from tests.filters import filters_off
from tests.offices import ENGINES, engine, lasting_office, office_on
from tests.relations import PLACES, Records, Relations, operations_of, relations_on, uses

from szunion.application.access import authorise
from szunion.domain.access import (
    Assurance,
    Operation,
    Principal,
    Purpose,
    Range,
    Relation,
    Role,
    Scope,
    WholeCity,
)
from szunion.domain.issuing import issue
from szunion.domain.organisations import OrganisationReason, OrganisationState
from szunion.domain.permissions import MATRIX, OPEN, purposes_of
from szunion.domain.purposes import APART, PURPOSES
from szunion.domain.values import OrganisationId
from szunion.errors import NotAllowed
from szunion.ports.storage import UnitOfWork

#: Calls of these never end where nothing is kept.
ENDLESS = {"audit.seal_all"}
ASKED = sorted(set(uses()) - OPEN - ENDLESS)
NOT_THEIRS = {"E-ACCESS-001", "E-ACCESS-006"}
REFUSED = NOT_THEIRS | {"E-ACCESS-007", "E-ACCESS-008"}
#: What is put up for booking is the whole city's, whoever put it up; nothing in it is a union's.
NOBODYS = {"bookings.offer", "bookings.put_up"}
#: An account is the login of whoever sits at the portal; another's is no record to look for.
OWN_LOGIN = {"bindings.bind"}
#: An account is asked for before it is known whose it is, so the second net shows it to anybody.
BY_ACCOUNT = {"bindings.release", "bindings.revoke", "bindings.unbind"}
#: Members choose their union: that it is there is no secret from them.
CHOSEN = {"memberships.transfer_in"}


@pytest.fixture(params=ENGINES, scope="module")
def city(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Relations]:
    with lasting_office(request.param, tmp_path_factory.mktemp("city")) as office:
        yield relations_on(office)


def rules_of(use: str, role: Role) -> list[Operation]:
    return [each for each in operations_of(use) if role in MATRIX[each].cells]


def purpose_for(use: str, role: Role) -> Purpose:
    """Return a purpose that fits all that a use case may ask for; any, where it asks nothing."""
    sets = [purposes_of(each, role) for each in rules_of(use, role)]
    fitting = frozenset.intersection(*sets) if sets else frozenset()
    return min(fitting or (sets[0] if sets else frozenset(Purpose)), key=lambda each: each.value)


def asking(city: Relations, role: Role, use: str) -> Principal:
    return evolve(city.principal(role), purpose=purpose_for(use, role))


def reached(use: str, role: Role) -> frozenset[Relation]:
    return frozenset[Relation]().union(
        *(MATRIX[each].relations(role) for each in rules_of(use, role))
    )


def without_ids(words: str) -> str:
    """Return *words* in which one id reads as any other."""
    return re.sub(r"[0-9]{4,}", "#", words)


# --- the table is whole ---------------------------------------------------------------------------


def test_every_public_use_case_is_in_the_table_and_nothing_else_is() -> None:
    named = {use for rule in MATRIX.values() for use in rule.uses}
    assert named | OPEN == set(uses())
    assert not named & OPEN


def test_every_operation_and_every_role_is_in_the_table() -> None:
    assert set(MATRIX) == set(Operation)
    assert set(PURPOSES) | set(APART) == set(Role)
    assert not set(PURPOSES) & set(APART)
    seated = {role for rule in MATRIX.values() for role in rule.cells}
    assert seated == set(PURPOSES)
    for operation, rule in MATRIX.items():
        for role in rule.cells:
            assert purposes_of(operation, role), (operation, role)


def test_no_cell_reaches_another_city() -> None:
    assert all(Relation.FOREIGN not in each.relations for each in Range)


# --- every cell is tried --------------------------------------------------------------------------


def test_who_has_no_cell_is_refused_whatever_is_asked_for(city: Relations) -> None:
    wrong = []
    for use in ASKED:
        for role in set(Role) - {role for op in operations_of(use) for role in MATRIX[op].cells}:
            by = asking(city, role, use)
            code = "E-ACCESS-006" if role in APART else "E-ACCESS-001"
            for records in (city.at[Relation.OWN], city.missing):
                got, words = city.call(by, use, records)
                if got != code:
                    wrong.append((use, role.name, got, words))
    assert wrong == []


def look(city: Relations, use: str, role: Role) -> tuple[list[str], set[Relation]]:
    """Try one use case in one role on records of every relation; return what is wrong."""
    by, wrong = asking(city, role, use), []
    own = {Relation.OWN} if reached(use, role) == {Relation.SELF} else reached(use, role)
    missing = called(city, by, use, city.missing)
    got_to = set()
    for place in PLACES:
        got, words = called(city, by, use, city.at[place])
        if got in REFUSED and len(rules_of(use, role)) == len(operations_of(use)):
            wrong.append(f"{use} {role.name} {place.name}: refused, {got}")
        if place in own:
            if (got, words) != missing or got == "did":
                got_to.add(place)
        elif (got, words) != missing and use not in NOBODYS | OWN_LOGIN | CHOSEN:
            wrong.append(f"{use} {role.name} {place.name}: {got} {words} for {missing}")
    return wrong, got_to


def called(city: Relations, by: Principal, use: str, records: Records) -> tuple[str, str]:
    got, words = city.call(by, use, records)
    return got, without_ids(words)


def test_what_is_out_of_reach_reads_as_if_it_were_not_there(city: Relations) -> None:
    wrong: list[str] = []
    missed = {
        (operation, role, place)
        for operation, rule in MATRIX.items()
        if rule.uses
        for role in rule.cells
        for place in PLACES
        if place in rule.relations(role)
    }
    for use in ASKED:
        for role in {role for op in operations_of(use) for role in MATRIX[op].cells}:
            found, got_to = look(city, use, role)
            wrong += found
            missed -= {(each, role, place) for each in rules_of(use, role) for place in got_to}
    assert wrong == []
    assert sorted((o.value, r.name, p.name) for o, r, p in missed) == []


@pytest.mark.postgres
def test_row_level_security_alone_keeps_out_of_reach_what_is_not_an_account(
    tmp_path: Path,
) -> None:
    """Promise 23 with every filter off: what is not theirs is as if it were not there."""
    with filters_off():
        office = office_on("postgres", tmp_path)
        city = relations_on(office)
        wrong = {
            found
            for use in set(ASKED) - BY_ACCOUNT
            for role in {role for op in operations_of(use) for role in MATRIX[op].cells}
            for found in look(city, use, role)[0]
        }
        office.storage.close()
    assert sorted(wrong) == []


def test_a_purpose_that_is_none_of_it_is_refused_first(city: Relations) -> None:
    wrong = []
    for use in ASKED:
        for role in {role for op in operations_of(use) for role in MATRIX[op].cells}:
            fitting = {p for each in rules_of(use, role) for p in purposes_of(each, role)}
            for purpose in set(Purpose) - fitting:
                by = evolve(city.principal(role), purpose=purpose)
                got, _ = city.call(by, use, city.missing)
                if got != "E-ACCESS-007":
                    wrong.append((use, role.name, purpose.name, got))
    assert wrong == []


def test_what_needs_a_second_thing_is_refused_without_it(city: Relations) -> None:
    stepped = [op for op, rule in MATRIX.items() if rule.step_up]
    assert stepped
    for operation in stepped:
        for use in MATRIX[operation].uses:
            for role in MATRIX[operation].cells:
                by = evolve(asking(city, role, use), assurance=Assurance.LOGIN)
                assert city.call(by, use, city.missing)[0] == "E-ACCESS-008", (use, role)


@pytest.mark.parametrize("role", [Role.GRASSROOTS, Role.UPPER, Role.PROVIDER, Role.CITY])
def test_an_officer_of_another_city_is_nobody_here(city: Relations, role: Role) -> None:
    for use in ASKED:
        if rules_of(use, role):
            by = evolve(asking(city, role, use), organisation=OrganisationId(99 << 10))
            got, _ = city.call(by, use, city.at[Relation.OWN])
            assert got in {"E-ACCESS-002", "E-SERVICE-003"}, (use, got)


def test_an_organ_of_the_city_sits_at_the_city_federation(city: Relations) -> None:
    district = city.town.districts[0].id
    by = evolve(asking(city, Role.CITY, "members.get"), organisation=district)
    assert city.call(by, "members.get", city.at[Relation.OWN])[0] == "E-ACCESS-002"
    by = evolve(by, organisation=city.town.city.id)
    assert city.call(by, "members.get", city.at[Relation.OWN])[0] == "did"


def test_officers_of_a_suspended_union_may_look_and_do_nothing(
    tmp_path: Path,
) -> None:
    office = office_on("memory", tmp_path)
    city = relations_on(office)
    city.town.organisations(city.town.c1).suspend(
        city.at[Relation.OWN].union, reason=OrganisationReason.NO_COMMITTEE
    )
    for use in ASKED:
        for role in (Role.GRASSROOTS, Role.UPPER):
            rules = [MATRIX[each] for each in rules_of(use, role)]
            if rules:
                got, _ = city.call(asking(city, role, use), use, city.at[Relation.OWN])
                closed = got in {"E-ACCESS-003", "E-SERVICE-003"}
                assert closed is not any(rule.reads for rule in rules), (use, got)


def test_a_union_that_is_no_more_has_no_officers_who_look(tmp_path: Path) -> None:
    """Only a suspended union is looked at by its own: of one that is dissolved, nobody speaks."""
    office = office_on("memory", tmp_path)
    city = relations_on(office)
    who = asking(city, Role.GRASSROOTS, "members.get")
    reads = [each for each in rules_of("members.get", Role.GRASSROOTS) if MATRIX[each].reads]
    assert reads, "else nothing is tried"

    def in_state(work: UnitOfWork, state: OrganisationState) -> str:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        union = work.organisations.get(scope, city.at[Relation.OWN].union)
        assert union is not None
        work.organisations.put(scope, evolve(union, state=state))
        try:
            authorise(work, who, reads[0])
        except NotAllowed as error:
            return error.code
        return "did"

    for state in OrganisationState:
        may = state in {OrganisationState.ACTIVE, OrganisationState.SUSPENDED}
        got = office.storage.run(lambda work, state=state: in_state(work, state))  # type: ignore[misc]
        assert got == ("did" if may else "E-ACCESS-003"), state


def test_who_acts_for_the_own_person_is_somebody(city: Relations) -> None:
    for operation, rule in MATRIX.items():
        for role in (each for each, cell in rule.cells.items() if cell is Range.PERSON):
            for purpose in purposes_of(operation, role):
                nobody = evolve(
                    city.principal(role), person=None, purpose=purpose, assurance=Assurance.STEP_UP
                )
                with pytest.raises(NotAllowed, match="E-ACCESS-002"):
                    city.office.storage.read(lambda work: authorise(work, nobody, operation))  # noqa: B023


# --- nobody else makes a scope --------------------------------------------------------------------


@cache
def a_scope() -> Scope:
    who = Principal(id="x", role=Role.CITY, purpose=Purpose.SERVE)
    return issue(who, Operation.PERSON_READ, WholeCity())


def test_a_scope_cannot_be_made_or_widened_by_hand() -> None:
    with pytest.raises(TypeError, match="only the authoriser"):
        Scope()
    with pytest.raises(TypeError):
        Scope(a_scope().principal, Operation.OPERATE, WholeCity())  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        evolve(a_scope(), operation=Operation.OPERATE)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        a_scope().operation = Operation.OPERATE  # type: ignore[misc]


def test_an_operation_that_is_not_in_the_table_is_nobodys(
    city: Relations, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = {each: rule for each, rule in MATRIX.items() if each is not Operation.PERSON_READ}
    monkeypatch.setattr("szunion.application.access.MATRIX", rest)
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        city.office.storage.read(
            lambda work: authorise(work, city.principal(Role.CITY), Operation.PERSON_READ)
        )
