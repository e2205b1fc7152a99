"""Memberships: begun, moved, ended, known in two times; M04, M07; races 10, 11, 13."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.counting import counted as statements
from tests.keyrings import filed
from tests.offices import Town, applicant, clock_of, counted, engine, member, office_on, town_on

from szunion.application import card_holds
from szunion.application.access import authorise
from szunion.application.members import Members
from szunion.domain.access import Operation, Principal
from szunion.domain.affiliations import Affiliation
from szunion.domain.as_of import Standing
from szunion.domain.identity import IdentityDocument, PersonName
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.organisations import OrganisationReason
from szunion.domain.transfers import TransferState
from szunion.domain.values import PersonId, TransferId
from szunion.errors import Conflict, NotAllowed, NotFound, SzunionError
from szunion.ports.storage import UnitOfWork


def look(town: Town, by: Principal | None = None) -> Members:
    return Members(town.office, by or town.c1)


def open_ones(rows: list[Affiliation] | tuple[Affiliation, ...]) -> list[Affiliation]:
    return [row for row in rows if row.open]


def test_m04_a_worker_without_a_union_joins_the_community_union_of_the_place(town: Town) -> None:
    by = Principal(
        id="sq", role=town.g(0).role, purpose=town.g(0).purpose, organisation=town.community.id
    )
    applied = town.memberships(by).apply(applicant(1), town.community.id)
    approved = town.memberships(by).approve(applied.person)

    assert applied.state is MembershipState.APPLIED
    assert approved.state is MembershipState.ACTIVE
    rows = look(town).affiliations(applied.person)
    assert [(row.organisation, row.open) for row in rows] == [(town.community.id, True)]


def test_a_district_takes_no_members_and_the_answer_says_where_to_go(town: Town) -> None:
    with pytest.raises(Conflict, match="E-MEMBER-005"):
        town.memberships(town.upper(0)).apply(applicant(1), town.districts[0].id)


def test_applying_twice_is_one_application(town: Town) -> None:
    desk = town.memberships(town.g(0))
    assert desk.apply(applicant(1), town.unions[0].id) == desk.apply(
        applicant(1), town.unions[0].id
    )


def test_m07_leaving_the_city_ends_the_membership_and_its_affiliation(town: Town) -> None:
    person = town.admit(0, applicant(1))
    clock_of(town.office).advance(days=100)
    ended = town.memberships(town.g(0)).move_out(person)

    assert ended.state is MembershipState.LEFT
    assert ended.reason is MembershipReason.LEFT_CITY
    assert ended.until == town.office.clock.today()
    assert open_ones(list(look(town).affiliations(person))) == []
    with pytest.raises(Conflict, match="E-STATE-001"):
        town.memberships(town.g(0)).move_out(person)


def test_only_the_union_in_charge_decides(town: Town) -> None:
    person = town.admit(0, applicant(1))

    with pytest.raises(NotFound, match="E-ACCESS-002"):
        town.memberships(town.g(1)).quit(person, document="申请")
    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        town.memberships(town.upper(0)).quit(person, document="申请")
    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        town.memberships(member(person)).quit(person, document="申请")


def test_a_retirement_is_retained_and_not_resumed(town: Town) -> None:
    person = town.admit(0, applicant(1))
    desk = town.memberships(town.g(0))
    with pytest.raises(Conflict, match="E-MEMBER-001"):
        desk.retain(person, reason=MembershipReason.VOLUNTARY)
    retained = desk.retain(person, reason=MembershipReason.RETIRED)

    assert retained.state is MembershipState.RETAINED
    with pytest.raises(Conflict, match="E-MEMBER-002"):
        desk.resume(person)


def test_expulsion_takes_two_and_a_wrong_one_is_undone_without_a_gap(town: Town) -> None:
    person = town.admit(0, applicant(1))
    clock = clock_of(town.office)
    clock.advance(days=10)
    proposal = town.memberships(town.g(0)).expel(person, document="处分决定7号")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        town.memberships(town.g(0)).confirm(proposal.id)
    town.memberships(town.g(0, "second")).confirm(proposal.id)
    ended_on = town.office.clock.today()
    clock.advance(days=20)
    wrong = town.memberships(town.c1).reinstate(person, document="复查")
    back = town.memberships(town.c2).confirm(wrong.id)

    assert back.state is MembershipState.ACTIVE
    for day in (ended_on - timedelta(days=1), ended_on, ended_on + timedelta(days=5)):
        standing = look(town).standing_on(person, day)
        assert standing is not None
        assert standing.state is MembershipState.ACTIVE
    assert len(open_ones(list(look(town).affiliations(person)))) == 1


def test_what_was_known_on_a_day_stays_known(town: Town) -> None:
    person = town.admit(0, applicant(1))
    clock = clock_of(town.office)
    clock.advance(days=30)
    before = town.office.clock.now()
    clock.advance(days=1)
    # Told late: the member left the city ten days ago.
    left = town.office.clock.today() - timedelta(days=10)
    town.memberships(town.g(0)).move_out(person, on=left)

    day = left + timedelta(days=3)
    now = look(town).standing_on(person, day)
    then = look(town).standing_on(person, day, known=before)
    assert now is None
    assert then is not None
    assert then.state is MembershipState.ACTIVE
    assert look(town).standing_on(person, left - timedelta(days=1)) is not None


def test_a_transfer_closes_and_opens_at_one_instant(town: Town) -> None:
    person = town.admit(0, applicant(1))
    clock_of(town.office).advance(days=30)
    asked = town.transfers(member(person)).request(person, town.unions[2].id)
    assert look(town).get(person).membership is not None
    released = town.transfers(town.g(0)).release(asked.id)
    assert released.state is TransferState.RELEASED
    done = town.transfers(town.g(2)).accept(asked.id)

    today = town.office.clock.today()
    assert done.state is TransferState.ACCEPTED
    said = [row for row in look(town).affiliations(person) if row.superseded is None]
    assert [(row.organisation, row.since, row.until) for row in said] == [
        (town.unions[0].id, today - timedelta(days=30), today),
        (town.unions[2].id, today, None),
    ]
    yesterday = look(town).standing_on(person, today - timedelta(days=1))
    assert yesterday is not None
    assert yesterday.organisation == town.unions[0].id
    with pytest.raises(NotFound):
        town.memberships(town.g(0)).quit(person, document="申请")
    assert town.memberships(town.g(2)).quit(person, document="申请").open is False


def test_a_new_union_asks_by_document_and_name_and_learns_nothing_else(town: Town) -> None:
    someone = applicant(1)
    town.admit(0, someone)
    desk = town.transfers(town.g(2))
    errors = []
    for document, name in (
        (someone.document, PersonName("别人")),
        (applicant(2).document, someone.name),
    ):
        with pytest.raises(NotFound) as caught:
            desk.request_by_document(document, name, town.unions[2].id)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
    asked = desk.request_by_document(someone.document, someone.name, town.unions[2].id)
    assert asked.state is TransferState.REQUESTED


def test_race_10_two_unions_accept_the_same_transfer_and_the_first_commit_wins(
    town: Town,
) -> None:
    person = town.admit(0, applicant(1))
    asked = town.transfers(member(person)).request(person, town.unions[1].id)
    with pytest.raises(Conflict, match="E-STORE-004"):
        town.transfers(member(person)).request(person, town.unions[2].id)
    town.transfers(town.g(0)).release(asked.id)
    town.transfers(town.g(1)).accept(asked.id)

    with pytest.raises(NotFound):
        town.transfers(town.g(2)).accept(asked.id)
    with pytest.raises(Conflict, match="E-STATE-001") as caught:
        town.transfers(town.g(1, "second")).accept(asked.id)
    assert caught.value.current is TransferState.ACCEPTED
    assert len(open_ones(list(look(town).affiliations(person)))) == 1


def test_race_11_the_old_unions_holds_are_taken_over_with_an_explicit_yes(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = town.admit(0, applicant(1))
    taken: list[object] = []
    monkeypatch.setattr(card_holds, "holds_of_union", lambda *_: (77,))
    monkeypatch.setattr(card_holds, "take_over_holds", lambda *a: taken.append(a[2:]))
    asked = town.transfers(member(person)).request(person, town.unions[1].id)
    town.transfers(town.g(0)).release(asked.id)

    assert list(town.transfers(town.g(1)).holds(asked.id)) == [77]
    with pytest.raises(Conflict, match="E-TRANSFER-002"):
        town.transfers(town.g(1)).accept(asked.id)
    town.transfers(town.g(1)).accept(asked.id, take_over_holds=True)
    assert taken == [(person, town.unions[0].id, town.unions[1].id)]


def test_a_transfer_nobody_answers_goes_to_the_upper_union(town: Town) -> None:
    person = town.admit(0, applicant(1))
    asked = town.transfers(member(person)).request(person, town.unions[1].id)
    days = town.office.policy.deadlines.transfer_answer
    assert town.transfers(engine()).escalate_due() == 0
    clock_of(town.office).advance(days=days)
    assert town.transfers(engine()).escalate_due() == 1

    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        town.transfers(town.g(1)).order(asked.id)
    assert town.transfers(town.upper(0)).order(asked.id).state is TransferState.ACCEPTED


def test_a_refusal_can_be_appealed_in_time_and_denied_once(town: Town) -> None:
    person = town.admit(0, applicant(1))
    asked = town.transfers(member(person)).request(person, town.unions[1].id)
    town.transfers(town.g(0)).refuse(asked.id, why="材料不齐")
    town.transfers(member(person)).appeal(asked.id)
    denied = town.transfers(town.upper(0)).deny(asked.id, why="劳动关系未变")

    assert denied.state is TransferState.DENIED
    with pytest.raises(Conflict, match="E-STATE-001"):
        town.transfers(member(person)).appeal(asked.id)


def test_an_appeal_too_late_is_refused(town: Town) -> None:
    person = town.admit(0, applicant(1))
    asked = town.transfers(member(person)).request(person, town.unions[1].id)
    town.transfers(town.g(0)).refuse(asked.id, why="材料不齐")
    clock_of(town.office).advance(days=town.office.policy.deadlines.transfer_appeal + 1)

    with pytest.raises(Conflict, match="E-TRANSFER-003"):
        town.transfers(member(person)).appeal(asked.id)


def test_race_13_who_leaves_and_comes_back_has_a_new_episode_and_the_old_file(town: Town) -> None:
    first = town.admit(0, applicant(1))
    clock_of(town.office).advance(days=100)
    town.memberships(town.g(0)).quit(first, document="申请")
    clock_of(town.office).advance(days=365)
    again = town.admit(2, applicant(1))

    assert again == first
    episodes = look(town).episodes(first)
    assert [row.state for row in episodes] == [MembershipState.LEFT, MembershipState.ACTIVE]
    assert [row.organisation for row in episodes] == [town.unions[0].id, town.unions[2].id]


def test_a_member_elsewhere_who_applies_again_is_answered_like_anybody(town: Town) -> None:
    first = town.admit(0, applicant(1))
    second = town.admit(2, applicant(1))

    assert first != second
    assert look(town, town.g(2)).get(second).name == applicant(1).name
    assert look(town, town.g(0)).get(first).id == first
    with pytest.raises(NotFound):
        look(town, town.g(2)).get(first)


def test_a_correction_makes_a_new_identity_version_and_old_documents_still_find(
    town: Town,
) -> None:
    person = town.admit(0, applicant(1))
    desk = look(town, town.g(0))
    corrected = desk.correct(person, name=PersonName("改名"), paper="更正单1号")
    corrected = desk.correct(person, document=applicant(2).document, paper="更正单2号")

    assert corrected.present.number == 3
    assert desk.find(applicant(1).document.number.plain()) == desk.get(person)
    found = desk.find(applicant(2).document.number.plain())
    assert found is not None
    assert found.name.plain() == "改名"


def test_a_document_of_somebody_else_is_not_corrected_into_a_file(town: Town) -> None:
    first = town.admit(0, applicant(1))
    town.admit(0, applicant(2))
    with pytest.raises(Conflict, match="E-STORE-004"):
        look(town, town.g(0)).correct(first, document=applicant(2).document, paper="1")


def test_m30_members_are_counted_within_reach(town: Town) -> None:
    for index in range(4):
        town.admit(index % 3, applicant(index))
    city, district = counted(town.office, town.c1), counted(town.office, town.upper(1))

    assert sum(city.values()) == 4
    assert sum(district.values()) == 1
    assert list(look(town).counts().values()) == [None], "fewer than ten are not shown"
    for index in range(4, 12):
        town.admit(0, applicant(index))
    assert list(look(town).counts().values()) == [12]


def test_found_people_print_masked(town: Town) -> None:
    person = town.admit(0, applicant(1))
    found = look(town, town.g(0)).get(person)
    text = f"{found!r} {found}"

    assert applicant(1).name.plain() not in text
    assert applicant(1).document.number.plain() not in text


#: How many random histories: a soak run asks for 10,000.
HISTORIES = int(os.environ.get("SZUNION_HISTORIES", "25"))
STEPS = ["apply", "approve", "retain", "resume", "quit", "out", "ask", "release", "accept",
         "refuse", "appeal", "order", "wait", "dissolve"]  # fmt: skip


def _step(town: Town, word: str, who: int, where: int, people: dict[int, PersonId]) -> str:
    """Do one thing; return what came of it, in words that are the same on every store."""
    try:
        if word == "apply":
            row = town.memberships(town.g(where)).apply(applicant(who), town.unions[where].id)
            people[who] = row.person
            return row.state.name
        if word == "wait":
            clock_of(town.office).advance(days=11)
            return str(town.transfers(engine()).escalate_due())
        if word == "dissolve":
            proposal = town.organisations(town.c1).dissolve(
                town.unions[where].id, reason=OrganisationReason.UNIT_ENDED, document="1"
            )
            return town.organisations(town.c2).confirm(proposal.id).state.name
        person = people.get(who)
        return "nobody" if person is None else _acts(town, person, where)[word]().name
    except SzunionError as error:
        return error.code


def _acts(
    town: Town, person: PersonId, where: int
) -> dict[str, Callable[[], MembershipState | TransferState]]:
    desk, moves = town.memberships(town.g(where)), town.transfers(town.g(where))
    own, city = town.transfers(member(person)), town.transfers(town.c1)
    why, target = MembershipReason.UNEMPLOYED, town.unions[where].id
    newest = _newest_transfer(town, person)
    return {
        "approve": lambda: desk.approve(person).state,
        "retain": lambda: desk.retain(person, reason=why).state,
        "resume": lambda: desk.resume(person).state,
        "quit": lambda: desk.quit(person, document="1").state,
        "out": lambda: desk.move_out(person).state,
        "ask": lambda: own.request(person, target).state,
        "release": lambda: moves.release(newest).state,
        "accept": lambda: moves.accept(newest).state,
        "refuse": lambda: moves.refuse(newest, why="1").state,
        "appeal": lambda: own.appeal(newest).state,
        "order": lambda: city.order(newest).state,
    }


def _newest_transfer(town: Town, person: PersonId) -> TransferId:
    def newest(work: UnitOfWork) -> TransferId:
        scope = authorise(work, town.c1, Operation.PERSON_READ)
        found = [
            transfer.id
            for episode in work.members.episodes(scope, person)
            for transfer in work.transfers.of_membership(scope, person, episode.id)
        ]
        return max(found, default=TransferId(0))

    return town.office.storage.read(newest)


def _all_known(town: Town, people: dict[int, PersonId]) -> list[object]:
    """What the store says of everybody: standings on some days, and every word on where."""
    out: list[object] = []
    for who, person in sorted(people.items()):
        rows = look(town).affiliations(person)
        open_now = open_ones(list(rows))
        membership = look(town).get(person).membership
        assert membership is not None
        runs = membership.state in {MembershipState.ACTIVE, MembershipState.RETAINED}
        assert len(open_now) == (1 if runs else 0), (who, membership)
        if runs:
            assert open_now[0].organisation == membership.organisation
        standings: list[Standing | None] = [
            look(town).standing_on(person, date(2017, 11, 23) + timedelta(days=ahead))
            for ahead in (0, 5, 12, 40)
        ]
        out.append((who, rows, membership, standings))
    return out


@settings(
    derandomize=True, max_examples=HISTORIES, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 2)), max_size=14
    )
)
def test_sqlite_and_memory_tell_the_same_story_with_one_open_affiliation_throughout(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("twins")
    towns = [town_on(office_on(kind, folder)) for kind in ("memory", "sqlite")]
    stories: list[list[object]] = []
    for town in towns:
        people: dict[int, PersonId] = {}
        story: list[object] = []
        first = [(word, who, who) for who in range(3) for word in ("apply", "approve")]
        for word, who, where in [*first, *steps]:
            story.append((word, _step(town, word, who, where, people)))
            _all_known(town, people)
        story += _all_known(town, people)
        stories.append(story)
        town.office.storage.close()

    assert stories[0] == stories[1]


def test_documents_are_found_by_index_only_within_reach(town: Town) -> None:
    town.admit(0, applicant(1))
    number = applicant(1).document.number.plain()

    assert look(town, town.g(0)).find(number) is not None
    assert look(town, town.upper(0)).find(number) is not None
    assert look(town, town.g(1)).find(number) is None
    assert look(town, town.upper(1)).find(number) is None
    assert look(town).find(document=IdentityDocument.read(number)) is not None


def test_people_are_found_by_mobile_which_is_no_identity(town: Town) -> None:
    first = town.admit(0, applicant(1))
    second = town.admit(0, evolve(applicant(2), mobile=applicant(1).mobile))
    mobile = applicant(1).mobile
    assert mobile is not None
    found = look(town, town.g(0)).by_mobile(mobile.plain())
    assert {each.id for each in found} == {first, second}
    look(town, town.g(0)).set_mobile(first, applicant(3).mobile)
    found = look(town, town.g(0)).by_mobile(mobile.plain())
    assert {each.id for each in found} == {second}


def test_a_look_by_document_shows_what_a_look_by_id_shows_and_asks_once(town: Town) -> None:
    person = town.admit(0, applicant(1))
    number = applicant(1).document.number.plain()
    town.memberships(town.g(0)).quit(person, document="申请")
    left = look(town).find(number)
    town.admit(1, applicant(1))

    with statements() as asked:
        found = look(town).find(number)
    files = [name for name in asked if name.startswith(("person.", "membership."))]

    assert left is not None
    assert left.membership is not None
    assert left.membership.state is MembershipState.LEFT
    assert found == look(town).get(person) == look(town, town.g(1)).find(number)
    assert found is not None
    assert found.membership is not None
    assert found.membership.organisation == town.unions[1].id
    assert look(town, town.g(0)).find(number) is None, "the newest is another union's"
    assert set(files) <= {"person.with_document"}, "the memory store asks nothing"


def test_a_file_without_a_membership_is_found_by_the_city_alone(town: Town) -> None:
    town.office.storage.run(lambda work: filed(work, 1))
    number = applicant(1).document.number.plain()

    found = look(town).find(number)

    assert found is not None
    assert found.membership is None
    assert look(town, town.g(0)).find(number) is None
