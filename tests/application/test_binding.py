"""Portal accounts bound by the person's own proof: M06, real-name levels, race 29."""

from __future__ import annotations

import pytest
from tests.offices import Town, applicant, clock_of, engine, member, on_call

from szunion.adapters.identity.simulated import CODE, SimulatedIdentity
from szunion.application import binding_moves
from szunion.application.bindings import Bindings, Bound, Locked, NotProved, Outcome, Unanswered
from szunion.application.members import Members
from szunion.domain.bindings import BindingState, Evidence, Portal, RealNameLevel
from szunion.domain.identity import PersonName
from szunion.domain.values import PersonId
from szunion.errors import NotAllowed
from szunion.ports.identity import Claimed
from szunion.ports.storage import UnitOfWork


class World:
    """A town with one provider of proofs."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.proofs = SimulatedIdentity()
        self.desk = Bindings(town.office, engine(), self.proofs)

    def claim(self, index: int, second: str = CODE, name: str = "") -> Claimed:
        someone = applicant(index)
        return Claimed(
            name=PersonName(name) if name else someone.name,
            document=someone.document,
            second=second,
        )

    def bind(self, account: str, index: int, second: str = CODE) -> Outcome:
        return self.desk.bind(Portal.WECHAT, account, self.claim(index, second))

    def messages(self, person: PersonId) -> list[str]:
        from szunion.application.access import authorise
        from szunion.domain.access import Operation

        def told(work: UnitOfWork) -> list[str]:
            scope = authorise(work, engine(), Operation.OPERATE)
            return [message.template for message in work.messages.of_person(scope, person)]

        return self.town.office.storage.read(told)


@pytest.fixture
def world(town: Town) -> World:
    return World(town)


def test_m06_a_member_binds_an_account_by_name_document_and_a_second_thing(world: World) -> None:
    person = world.town.admit(0, applicant(1))
    outcome = world.bind("openid-1", 1)

    assert outcome == Bound(person, RealNameLevel.ROSTER)
    assert world.desk.who(Portal.WECHAT, "openid-1") == person
    assert "binding.bound" in world.messages(person)


def test_m06_the_level_follows_the_evidence_for_the_present_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = world.town.admit(0, applicant(1))
    evidence = Evidence(
        present_version=1, verified_versions=frozenset({1}), face_signed_versions=frozenset({1})
    )
    monkeypatch.setattr(
        binding_moves,
        "evidence_of",
        lambda _work, _scope, who: Evidence(
            present_version=who.present.number,
            verified_versions=evidence.verified_versions,
            face_signed_versions=evidence.face_signed_versions,
        ),
    )
    assert world.desk.level(person) is RealNameLevel.FACE_SIGNED
    assert world.bind("openid-1", 1) == Bound(person, RealNameLevel.BOUND)
    Members(world.town.office, world.town.g(0)).correct(
        person, name=PersonName("改名"), paper="更正单"
    )

    assert world.desk.level(person) is RealNameLevel.ROSTER
    assert world.desk.who(Portal.WECHAT, "openid-1") is None


def test_m10_the_same_member_comes_through_each_of_the_four_portals(world: World) -> None:
    """M10: WeChat, app and website by a bound account, the hotline by answers: one file."""
    person = world.town.admit(0, applicant(1))
    seen = {}
    for portal in (Portal.WECHAT, Portal.APP, Portal.WEBSITE):
        account = "the-same-name"
        assert world.desk.who(portal, account) is None, "an account is of one portal alone"
        assert world.desk.bind(portal, account, world.claim(1)) == Bound(
            person, RealNameLevel.ROSTER
        )
        who = world.desk.who(portal, account)
        assert who is not None
        seen[portal] = Members(world.town.office, member(who)).get(who)
    caller = on_call(world.town.office, person)
    seen[Portal.HOTLINE] = Members(world.town.office, caller).get(person)
    assert set(seen) == set(Portal)
    assert {one.id for one in seen.values()} == {person}
    own = Bindings(world.town.office, member(person), world.proofs)
    own.unbind(Portal.APP, "the-same-name")
    assert world.desk.who(Portal.APP, "the-same-name") is None
    assert world.desk.who(Portal.WEBSITE, "the-same-name") == person


def test_who_is_not_on_file_gets_the_answer_of_a_wrong_proof(world: World) -> None:
    world.town.admit(0, applicant(1))

    assert (
        world.bind("a", 2)
        == world.bind("b", 1, "111111")
        == NotProved(world.town.office.policy.limits.wrong_proofs - 1)
    )
    wrong_name = world.desk.bind(Portal.WECHAT, "c", world.claim(1, name="别人"))
    assert isinstance(wrong_name, NotProved)


def test_too_many_wrong_proofs_lock_the_account_until_the_lock_ends(world: World) -> None:
    world.town.admit(0, applicant(1))
    most = world.town.office.policy.limits.wrong_proofs
    outcomes = [world.bind("a", 1, "111111") for _ in range(most)]

    assert outcomes[-1] == Locked()
    assert world.bind("a", 1) == Locked()
    clock_of(world.town.office).advance(hours=25)
    assert isinstance(world.bind("a", 1), Bound)


def test_the_hotline_or_the_city_releases_a_lock_and_the_member_does_not(world: World) -> None:
    person = world.town.admit(0, applicant(1))
    for _ in range(world.town.office.policy.limits.wrong_proofs):
        world.bind("a", 1, "111111")

    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        Bindings(world.town.office, member(person), world.proofs).release(Portal.WECHAT, "a")
    city = Bindings(world.town.office, world.town.c1, world.proofs)
    assert city.release(Portal.WECHAT, "a").state is BindingState.UNBOUND
    assert isinstance(world.bind("a", 1), Bound)


def test_a_provider_that_does_not_answer_is_not_counted_as_wrong(world: World) -> None:
    world.town.admit(0, applicant(1))
    world.proofs.away = True
    assert world.bind("a", 1) == Unanswered()
    world.proofs.away = False

    assert isinstance(world.bind("a", 1), Bound)


def test_race_29_one_account_is_bound_to_one_person_and_both_are_told(world: World) -> None:
    first, second = world.town.admit(0, applicant(1)), world.town.admit(1, applicant(2))
    world.bind("13900000001", 1)
    outcome = world.bind("13900000001", 2)

    assert outcome == Bound(second, RealNameLevel.ROSTER)
    assert world.desk.who(Portal.WECHAT, "13900000001") == second
    assert world.messages(first)[-1] == "binding.displaced"
    assert world.messages(second)[-1] == "binding.bound"


def test_a_wrong_proof_does_not_take_a_bound_account_away(world: World) -> None:
    first = world.town.admit(0, applicant(1))
    world.town.admit(1, applicant(2))
    world.bind("a", 1)
    for _ in range(10):
        assert isinstance(world.bind("a", 2, "111111"), NotProved)

    assert world.desk.who(Portal.WECHAT, "a") == first


def test_a_newer_account_displaces_the_oldest_above_the_portals_limit(world: World) -> None:
    person = world.town.admit(0, applicant(1))
    most = world.town.office.policy.limits.accounts_per_portal
    for index in range(most + 1):
        assert isinstance(world.bind(f"account-{index}", 1), Bound)
        clock_of(world.town.office).advance(minutes=1)

    assert world.desk.who(Portal.WECHAT, "account-0") is None
    assert world.desk.who(Portal.WECHAT, f"account-{most}") == person


def test_a_member_unbinds_and_death_ends_every_binding(world: World) -> None:
    person = world.town.admit(0, applicant(1))
    world.bind("a", 1)
    own = Bindings(world.town.office, member(person), world.proofs)
    assert own.unbind(Portal.WECHAT, "a").state is BindingState.UNBOUND
    world.bind("b", 1)
    desk = world.town.memberships(world.town.g(0))
    proposal = desk.death(person, document="证明1")
    world.town.memberships(world.town.g(0, "second")).confirm(proposal.id)

    assert world.desk.who(Portal.WECHAT, "b") is None


def test_leaving_the_union_alone_does_not_unbind(world: World) -> None:
    person = world.town.admit(0, applicant(1))
    world.bind("a", 1)
    world.town.memberships(world.town.g(0)).quit(person, document="申请")

    assert world.desk.who(Portal.WECHAT, "a") == person
