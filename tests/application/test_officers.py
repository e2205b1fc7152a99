"""Who has left is out at once; who acts for another is no second person for that one's work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from tests.offices import ENGINES, PAPER, Town, applicant, office_on, officer, operating, town_on

from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.batches import Batches
from szunion.application.duplicates import Duplicates
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.officers import Officers, check_registered, principal_of
from szunion.application.organisations import Organisations
from szunion.domain.access import Assurance, Operation, Principal, Purpose, Role
from szunion.domain.officers import Delegation, Post
from szunion.domain.organisations import OrganisationReason
from szunion.domain.proposals import Proposal, ProposalState
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork


@pytest.fixture(params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    office = office_on(request.param, tmp_path)
    yield town_on(office)
    office.storage.close()


def registry(town: Town, by: Principal | None = None) -> Officers:
    return Officers(town.office, operating(by or town.c1))


def at_union(town: Town, login: str, index: int = 0, role: Role = Role.GRASSROOTS) -> Post:
    made = registry(town).appoint(login, role, town.unions[index].id)
    assert isinstance(made, Post)
    return made


def in_organ(town: Town, login: str, role: Role = Role.CITY) -> Post:
    made = registry(town).appoint(login, role)
    assert isinstance(made, Proposal)
    return registry(town, town.c2).confirm(made.id)


def logged_in(town: Town, login: str, purpose: Purpose = Purpose.ENROL, **named: str) -> Principal:
    found = principal_of(town.office, login, purpose, acting_for=named.get("acting_for", ""))
    return evolve(found, assurance=Assurance.STEP_UP)


# --- posts ----------------------------------------------------------------------------------------


def test_a_login_alone_has_the_role_and_reach_that_the_registry_says(town: Town) -> None:
    person = town.admit(0, applicant(1))
    other = town.admit(2, applicant(2))
    at_union(town, "wang")
    by = logged_in(town, "wang")
    assert (by.role, by.organisation) == (Role.GRASSROOTS, town.unions[0].id)
    assert Members(town.office, by).get(person).id == person
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        Members(town.office, by).get(other)
    with pytest.raises(NotAllowed, match="E-ACCESS-012"):
        logged_in(town, "nobody")


def test_what_the_host_says_of_a_known_login_is_held_to_the_registry(town: Town) -> None:
    at_union(town, "wang")
    person = town.admit(0, applicant(1))
    for claimed in (
        officer("wang", Role.CITY),
        officer("wang", Role.GRASSROOTS, town.unions[2]),
        officer("wang", Role.UPPER, town.districts[0]),
    ):
        with pytest.raises(NotAllowed, match="E-ACCESS-012"):
            Members(town.office, claimed).get(person)
    told = officer("wang", Role.GRASSROOTS, town.unions[0])
    assert Members(town.office, told).get(person).id == person
    unknown = officer("not-in-it", Role.GRASSROOTS, town.unions[0])
    assert Members(town.office, unknown).get(person).id == person


def test_who_has_left_is_out_with_that_commit(town: Town) -> None:
    person = town.admit(0, applicant(1))
    post = at_union(town, "wang")
    by = logged_in(town, "wang")
    desk = Members(town.office, by)
    assert desk.get(person).id == person
    assert registry(town).leave(post.id, why="调离").until == town.office.clock.now()
    with pytest.raises(NotAllowed, match="E-ACCESS-012"):
        desk.get(person)
    with pytest.raises(NotAllowed, match="E-ACCESS-012"):
        logged_in(town, "wang")
    assert registry(town).leave(post.id, why="再次").why == "调离"
    at_union(town, "wang")
    assert desk.get(person).id == person


def test_when_a_union_ends_its_officers_posts_end_in_that_commit(town: Town) -> None:
    at_union(town, "wang", 1)
    desk = Organisations(town.office, town.c1)
    proposal = desk.dissolve(town.unions[1].id, reason=OrganisationReason.UNIT_ENDED, document="1")
    logged_in(town, "wang")
    Organisations(town.office, town.c2).confirm(proposal.id)
    with pytest.raises(NotAllowed, match="E-ACCESS-012"):
        logged_in(town, "wang")
    (post,) = registry(town).of_union(town.unions[1].id)
    assert (post.until, post.why) == (town.office.clock.now(), "dissolve")


def test_an_organ_of_the_city_is_filled_by_two_and_nobody_fills_the_own(town: Town) -> None:
    waiting = registry(town).appoint("cfo", Role.FINANCE)
    assert isinstance(waiting, Proposal)
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        registry(town).confirm(waiting.id)
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        registry(town, officer("cfo", Role.CITY)).confirm(waiting.id)
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        registry(town).appoint("city-1", Role.AUDITOR)
    assert registry(town, town.c2).confirm(waiting.id).role is Role.FINANCE
    refused = registry(town).appoint("x", Role.AUDITOR)
    assert isinstance(refused, Proposal)
    assert registry(town, town.c2).refuse(refused.id).state is ProposalState.REFUSED
    upper = registry(town, town.upper(0))
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        upper.appoint("y", Role.CITY)


def test_an_upper_union_appoints_below_itself_alone(town: Town) -> None:
    upper = registry(town, town.upper(0))
    made = upper.appoint("wang", Role.GRASSROOTS, town.unions[0].id)
    assert isinstance(made, Post)
    assert upper.appoint(" wang ", Role.GRASSROOTS, town.unions[0].id) == made, "once"
    elsewhere = at_union(town, "li", 2)
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        upper.appoint("zhao", Role.GRASSROOTS, town.unions[2].id)
    for refused in (elsewhere.id, 5):
        with pytest.raises(NotFound, match="E-ACCESS-002"):
            upper.leave(refused, why="x")
    assert list(upper.of_union(town.unions[2].id)) == []
    assert list(upper.listed()) == []
    assert [each.login for each in registry(town).listed()] == ["wang", "li"]


@pytest.mark.parametrize(
    ("login", "role", "named"),
    [("", Role.GRASSROOTS, True), ("x", Role.MEMBER, False), ("x", Role.ENGINE, False),
     ("x", Role.GRASSROOTS, False), ("x", Role.CITY, True)],
)  # fmt: skip
def test_a_post_that_says_too_little_or_too_much_is_none(
    town: Town, login: str, role: Role, *, named: bool
) -> None:
    with pytest.raises(InvalidInput, match="E-OFFICER-001"):
        registry(town).appoint(login, role, town.unions[0].id if named else None)


def test_several_posts_of_one_login_are_chosen_among(town: Town) -> None:
    at_union(town, "wang", 0)
    at_union(town, "wang", 1)
    with pytest.raises(NotAllowed, match="E-OFFICER-006"):
        logged_in(town, "wang")
    at = town.unions[1].id
    found = principal_of(town.office, "wang", Purpose.ENROL, organisation=at)
    assert found.organisation == at


def strict(office: Office) -> Office:
    rules = evolve(office.policy.access, registered=True)
    return evolve(office, policy=evolve(office.policy, access=rules))


def test_a_city_may_take_registered_officers_alone(town: Town) -> None:
    office = strict(town.office)
    with pytest.raises(NotAllowed, match="E-ACCESS-014"):
        check_registered(office, town.g(0))
    check_registered(office, town.c1)  # the first two have nobody to register them
    check_registered(office, Principal(id="m", role=Role.MEMBER, purpose=Purpose.SERVE))
    in_organ(town, "li")
    check_registered(office, town.c1)
    in_organ(town, "zhang")
    with pytest.raises(NotAllowed, match="E-ACCESS-014"):
        check_registered(office, town.c1)
    check_registered(office, officer("li", Role.CITY))


def test_a_host_with_a_directory_of_its_own_is_asked_in_place_of_the_registry(town: Town) -> None:
    class Staff:
        def posts(self, login: str) -> list[Post]:
            since = town.office.clock.now() - timedelta(days=1)
            return [
                Post(id=1, login=login, role=Role.CITY, organisation=None, since=since, by="hr")
            ]

    found = principal_of(town.office, "anna", Purpose.SERVE, directory=Staff())
    assert found.role is Role.CITY


# --- delegations ----------------------------------------------------------------------------------


def given(
    town: Town, delegator: str, delegate: str, *operations: Operation, days: int = 7
) -> Delegation:
    desk = Officers(town.office, logged_in(town, delegator))
    until = town.office.clock.now() + timedelta(days=days)
    return desk.delegate(delegate, operations or [Operation.PERSON_READ], until=until)


def test_who_acts_for_another_does_what_is_named_for_as_long_as_it_is(town: Town) -> None:
    person = town.admit(0, applicant(1))
    at_union(town, "wang")
    post = at_union(town, "li")
    made = given(town, "wang", "li")
    by = logged_in(town, "li", acting_for="wang")
    assert Members(town.office, by).get(person).id == person
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        town.memberships(by).quit(person, document="x")
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        Members(town.office, evolve(by, id="zhao")).get(person)
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        Members(town.office, evolve(by, role=Role.CITY, organisation=None)).get(person)
    town.office.clock.advance(days=7)  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        Members(town.office, by).get(person)
    again = given(town, "wang", "li")
    assert Members(town.office, by).get(person).id == person
    registry(town).leave(post.id, why="调离")
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        Members(town.office, by).get(person)
    desk = Officers(town.office, logged_in(town, "wang"))
    assert [each.id for each in desk.delegations()] == [made.id, again.id]
    assert desk.end_delegation(again.id).until == town.office.clock.now()
    assert desk.end_delegation(made.id).until == town.office.clock.now()
    with pytest.raises(NotFound, match="E-OFFICER-002"):
        desk.end_delegation(7)


def test_who_is_above_ends_a_delegation_and_the_next_act_finds_it_ended(town: Town) -> None:
    person = town.admit(0, applicant(1))
    at_union(town, "wang")
    at_union(town, "li")
    made = given(town, "wang", "li")
    by = logged_in(town, "li", acting_for="wang")
    assert Members(town.office, by).get(person).id == person
    above, aside = (registry(town, town.upper(at)) for at in (0, 1))
    assert above.given_by("wang") == [made]
    assert above.given_by("li") == []
    assert aside.given_by("wang") == above.given_by("nobody") == ()
    for desk, which in ((aside, made.id), (above, 7)):
        with pytest.raises(NotFound, match="E-ACCESS-002"):
            desk.revoke(which, why="调岗")
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        Officers(town.office, operating(logged_in(town, "wang"))).revoke(made.id, why="调岗")
    weak = evolve(operating(town.upper(0)), assurance=Assurance.LOGIN)
    with pytest.raises(NotAllowed, match="E-ACCESS-008"):
        Officers(town.office, weak).revoke(made.id, why="调岗")
    ended = above.revoke(made.id, why="调岗")
    assert ended.until == town.office.clock.now()
    assert above.revoke(made.id, why="again") == ended
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        Members(town.office, by).get(person)
    log = AuditLog(town.office, officer("auditor", Role.AUDITOR))
    day = town.office.clock.now()
    told = [row.entry for row in log.touched("upper-0", day, day + timedelta(days=1))]
    assert [(each.action, each.subject, each.reason) for each in told] == [
        ("delegation.revoke", made.id, "调岗")
    ]


def test_a_delegation_names_a_colleague_own_things_and_a_time(town: Town) -> None:
    for login in ("wang", "li"):
        at_union(town, login)
    at_union(town, "far", 2)
    desk = Officers(town.office, logged_in(town, "wang"))
    until = town.office.clock.now() + timedelta(days=1)
    for stranger in ("far", "nobody", "wang"):
        with pytest.raises(NotFound, match="E-OFFICER-002"):
            desk.delegate(stranger, [Operation.PERSON_READ], until=until)
    for wrong in ([], [Operation.PAY_WRITE], [Operation.OFFICER_DELEGATE]):
        with pytest.raises(InvalidInput, match="E-OFFICER-004"):
            desk.delegate("li", wrong, until=until)
    for days in (0, 91):
        with pytest.raises(InvalidInput, match="E-OFFICER-005"):
            given(town, "wang", "li", days=days)
    given(town, "wang", "li")
    onward = evolve(logged_in(town, "li"), acting_for="wang")
    with pytest.raises(NotAllowed, match="E-ACCESS-013"):
        Officers(town.office, onward).delegate("wang", [Operation.PERSON_READ], until=until)
    unknown = officer("unknown", Role.GRASSROOTS, town.unions[0])
    with pytest.raises(NotAllowed, match="E-OFFICER-003"):
        Officers(town.office, unknown).delegate("li", [Operation.PERSON_READ], until=until)


@pytest.mark.parametrize("maker", ["wang", "li"])
def test_who_acts_for_the_maker_or_is_acted_for_is_no_second_person(town: Town, maker: str) -> None:
    for login in ("wang", "li", "zhao"):
        in_organ(town, login)
    first, second = town.admit(0, applicant(1)), town.admit(1, applicant(2))
    given(town, "wang", "li", Operation.PERSON_MERGE)
    checker = "li" if maker == "wang" else "wang"
    desk = Duplicates(town.office, logged_in(town, maker))
    proposal = desk.merge(second, into=first, document="1号")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        Duplicates(town.office, logged_in(town, checker)).confirm(proposal.id)
    acting = officer("li", Role.CITY)
    if maker == "wang":
        with pytest.raises(NotAllowed, match="E-ACCESS-004"):
            Duplicates(town.office, evolve(acting, acting_for="wang")).confirm(proposal.id)
    town.office.clock.advance(days=8)  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        Duplicates(town.office, logged_in(town, checker)).confirm(proposal.id)
    assert Duplicates(town.office, logged_in(town, "zhao")).confirm(proposal.id).id == first


def test_two_who_act_for_one_are_one_side(town: Town) -> None:
    for login in ("wang", "li", "zhao"):
        in_organ(town, login)
    given(town, "wang", "li", Operation.PERSON_MERGE)
    given(town, "wang", "zhao", Operation.PERSON_MERGE)
    first, second = town.admit(0, applicant(1)), town.admit(1, applicant(2))
    by = logged_in(town, "li", acting_for="wang")
    proposal = Duplicates(town.office, by).merge(second, into=first, document="1号")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        Duplicates(town.office, logged_in(town, "zhao", acting_for="wang")).confirm(proposal.id)
    town.office.clock.advance(days=8)  # type: ignore[attr-defined]
    after = Duplicates(town.office, logged_in(town, "li")).merge(second, into=first, document="1号")
    assert after.id == proposal.id


def test_the_store_itself_refuses_a_checker_of_the_makers_side(town: Town) -> None:
    for login in ("wang", "li"):
        in_organ(town, login)
    given(town, "wang", "li")
    first, second = town.admit(0, applicant(1)), town.admit(1, applicant(2))
    desk = Duplicates(town.office, logged_in(town, "wang"))
    proposal = desk.merge(second, into=first, document="1号")

    def around(work: UnitOfWork) -> None:
        scope = authorise(work, town.c1, Operation.PERSON_MERGE)
        decided = proposal.decided(ProposalState.CONFIRMED, "li", work.now)
        work.proposals.put(scope, decided)

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(around)


def test_a_batch_is_not_approved_by_who_acts_for_its_submitter(town: Town) -> None:
    for login in ("wang", "li"):
        made = registry(town).appoint(login, Role.UPPER, town.districts[0].id)
        assert isinstance(made, Post)
    person = town.admit(0, applicant(1))
    desk = Batches(town.office, logged_in(town, "wang"))
    (batch,) = desk.draft([person], paper=PAPER).batches
    desk.check(batch.id)
    desk.submit(batch.id)
    given(town, "wang", "li", Operation.BATCH_APPROVE)
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        Batches(town.office, logged_in(town, "li")).approve(batch.id)

    def around(work: UnitOfWork) -> None:
        scope = authorise(work, town.c1, Operation.BATCH_READ)
        submitted = work.batches.get(scope, batch.id)
        assert submitted is not None
        work.batches.put(scope, evolve(submitted, approved_by="li"))

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(around)
