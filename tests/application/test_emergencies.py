"""The glass is broken by two, for one file, for an hour; the member is told, each use is logged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from tests.offices import (
    ENGINES,
    Town,
    applicant,
    member,
    office_on,
    officer,
    serving,
    town_on,
)

from szunion.application.audit import AuditLog
from szunion.application.emergencies import Emergencies
from szunion.application.members import Members
from szunion.application.rights import Rights
from szunion.domain.access import Assurance, Principal, Purpose, Role
from szunion.domain.disclosures import Revealed
from szunion.domain.proposals import ProposalState
from szunion.errors import InvalidInput, NotAllowed, NotFound

WHY = "职工在车间受伤，医院要联系家属"


@pytest.fixture(params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    office = office_on(request.param, tmp_path)
    yield town_on(office)
    office.storage.close()


def desk(town: Town, by: Principal) -> Emergencies:
    return Emergencies(town.office, serving(by))


def number(index: int) -> str:
    return applicant(index).document.number.plain()


def test_a_file_beyond_ones_reach_opens_after_a_second_person_and_tells_the_member(
    town: Town,
) -> None:
    person = town.admit(2, applicant(1))
    mine = desk(town, town.g(0))
    with pytest.raises(NotFound):
        Members(town.office, town.g(0)).get(person)
    asked = mine.ask(number(1), reason=WHY)
    assert (asked.state, asked.until) == (ProposalState.OPEN, None)
    with pytest.raises(NotAllowed, match="E-EMERGENCY-001"):
        mine.file(asked.id)
    assert [each.id for each in desk(town, town.c1).waiting()] == [asked.id]
    granted = desk(town, town.c1).confirm(asked.id)
    assert granted.until == town.office.clock.now() + timedelta(hours=1)
    seen = mine.file(asked.id)
    assert seen.person == person
    assert number(1) not in repr(seen)
    mobile = applicant(1).mobile
    assert mobile is not None
    assert mine.reveal(asked.id, Revealed.MOBILE) == mobile.plain()
    with pytest.raises(NotFound, match="E-REVEAL-001"):
        mine.reveal(asked.id, Revealed.CARD)
    with pytest.raises(NotFound):
        Members(town.office, town.g(0)).get(person)

    me = Rights(town.office, evolve(member(person), purpose=Purpose.RIGHTS))
    told = town.office.storage.read(
        lambda work: [each.template for each in work.messages.of_person(None, person)]  # type: ignore[arg-type]
        if town.office.storage.__class__.__name__ == "MemoryStorage" else ["emergency.opened"]
    )  # fmt: skip
    assert "emergency.opened" in told
    looked = [each.action for each in me.access_log(person)]
    for action in ("emergency.ask", "emergency.alarm", "emergency.file", "emergency.reveal"):
        assert action in looked
    log = AuditLog(town.office, officer("auditor", Role.AUDITOR))
    now = town.office.clock.now()
    used = [
        each.entry
        for each in log.touched("g-0", now - timedelta(hours=1), now + timedelta(hours=1))
        if each.entry.action in {"emergency.file", "emergency.reveal"}
    ]
    assert {entry.subject for entry in used} == {asked.id}
    auditors = Emergencies(town.office, officer("auditor", Role.AUDITOR))
    assert [(each.by, each.reason) for each in auditors.granted()] == [("g-0", WHY)]


def test_it_ends_by_itself_within_the_hour(town: Town) -> None:
    town.admit(2, applicant(1))
    mine = desk(town, town.g(0))
    asked = mine.ask(number(1), reason=WHY, minutes=5)
    desk(town, town.c1).confirm(asked.id)
    town.office.clock.advance(seconds=299)  # type: ignore[attr-defined]
    mine.file(asked.id)
    town.office.clock.advance(seconds=1)  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed, match="E-EMERGENCY-001"):
        mine.file(asked.id)


@pytest.mark.parametrize("minutes", [0, 61])
def test_no_grant_is_longer_than_an_hour(town: Town, minutes: int) -> None:
    with pytest.raises(InvalidInput, match="E-EMERGENCY-002"):
        desk(town, town.g(0)).ask(number(1), reason=WHY, minutes=minutes)


def test_whoever_asks_does_not_confirm_and_nobody_elses_grant_opens(town: Town) -> None:
    town.admit(2, applicant(1))
    own = desk(town, town.c1)
    asked = own.ask(number(1), reason=WHY)
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        own.confirm(asked.id)
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        desk(town, town.g(0)).confirm(asked.id)
    desk(town, town.c2).confirm(asked.id)
    with pytest.raises(NotAllowed, match="E-EMERGENCY-001"):
        desk(town, town.g(0)).file(asked.id)
    refused = own.ask(number(1), reason=WHY)
    assert desk(town, town.c2).refuse(refused.id).state is ProposalState.REFUSED
    with pytest.raises(NotAllowed, match="E-EMERGENCY-001"):
        own.file(refused.id)
    with pytest.raises(NotAllowed, match="E-EMERGENCY-001"):
        own.reveal(5, Revealed.MOBILE)


def test_asking_does_not_say_whether_there_is_such_a_file(town: Town) -> None:
    town.admit(2, applicant(1))
    mine = desk(town, town.g(0))
    there, nowhere = (mine.ask(number(index), reason=WHY) for index in (1, 902))
    assert evolve(there, id=0) == evolve(nowhere, id=0)
    desk(town, town.c1).confirm(nowhere.id)
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        mine.file(nowhere.id)


def test_without_a_reason_or_a_second_confirmation_nothing_is_asked(town: Town) -> None:
    with pytest.raises(InvalidInput, match="E-EXPORT-001"):
        desk(town, town.g(0)).ask(number(1), reason="  ")
    with pytest.raises(NotAllowed, match="E-ACCESS-008"):
        desk(town, evolve(town.g(0), assurance=Assurance.LOGIN)).ask(number(1), reason=WHY)


def test_a_grant_is_ended_by_who_has_it_or_by_the_city_and_the_next_use_is_refused(
    town: Town,
) -> None:
    town.admit(2, applicant(1))
    mine, city = desk(town, town.g(0)), desk(town, town.c1)
    for ender in (mine, city):
        grant = city.confirm(mine.ask(number(1), reason=WHY).id)
        mine.file(grant.id)
        town.office.clock.advance(minutes=5)  # type: ignore[attr-defined]
        for nobody in (desk(town, town.g(1)), desk(town, town.upper(0))):
            with pytest.raises(NotFound, match="E-ACCESS-002"):
                nobody.end(grant.id)
        ended = ender.end(grant.id, why="已联系到家属")
        assert ended.until == town.office.clock.now()
        town.office.clock.advance(minutes=1)  # type: ignore[attr-defined]
        assert ender.end(grant.id) == ended
        assert ended in city.granted()
        with pytest.raises(NotAllowed, match="E-EMERGENCY-001"):
            mine.file(grant.id)
        with pytest.raises(NotAllowed, match="E-EMERGENCY-001"):
            mine.reveal(grant.id, Revealed.MOBILE)
    waits = mine.ask(number(1), reason=WHY)
    for which in (waits.id, 7):
        with pytest.raises(NotFound, match="E-ACCESS-002"):
            mine.end(which)
    log = AuditLog(town.office, officer("auditor", Role.AUDITOR))
    now = town.office.clock.now()
    for login in ("g-0", town.c1.id):
        told = log.touched(login, now - timedelta(hours=1), now + timedelta(hours=1))
        ends = [each.entry for each in told if each.entry.action == "emergency.end"]
        assert [each.reason for each in ends] == ["已联系到家属"]
