"""Two files, one person: quarantine, merging by two; race 16 as far as the registry goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.counting import counted as asking
from tests.offices import ENGINES, Town, applicant, clock_of, office_on, town_on

from szunion.application.duplicates import Duplicates
from szunion.application.members import Members
from szunion.application.timeline import Timeline
from szunion.domain.members import MembershipReason, MembershipState
from szunion.domain.values import PersonId
from szunion.errors import Conflict, NotAllowed, NotFound


def doubled(town: Town) -> tuple[PersonId, PersonId]:
    """Return somebody's file, and another one in quarantine."""
    return town.admit(0, applicant(1)), town.admit(2, applicant(1))


def test_only_the_city_sees_what_waits_in_quarantine(town: Town) -> None:
    first, second = doubled(town)
    (waiting,) = Duplicates(town.office, town.c1).waiting()

    assert (waiting.person, waiting.on_file) == (second, first)
    assert waiting.source.organisation == town.unions[2].id
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        Duplicates(town.office, town.g(0)).waiting()


def test_race_16_two_files_of_one_person_become_one_by_two_officers(town: Town) -> None:
    first, second = doubled(town)
    clock_of(town.office).advance(days=5)
    proposal = Duplicates(town.office, town.c1).merge(second, into=first, document="核查1号")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        Duplicates(town.office, town.c1).confirm(proposal.id)
    left = Duplicates(town.office, town.c2).confirm(proposal.id)

    assert left.id == first
    assert Duplicates(town.office, town.c1).waiting() == []
    look = Members(town.office, town.c1)
    (void,) = look.episodes(second)
    (kept,) = look.episodes(first)
    assert (void.state, void.reason) == (MembershipState.VOID, MembershipReason.DUPLICATE_PERSON)
    assert void.survivor == kept.id
    assert kept.state is MembershipState.ACTIVE
    assert [row for row in look.affiliations(second) if row.open] == []
    found = look.find(applicant(1).document.number.plain())
    assert found is not None
    assert found.id == first
    labels = [event.label for event in Timeline(town.office, town.c1).of(first)]
    assert labels[-1] == "人员档案：合并"


def test_documents_of_both_files_find_the_one_that_is_left(town: Town) -> None:
    first, second = town.admit(0, applicant(1)), town.admit(1, applicant(2))
    proposal = Duplicates(town.office, town.c1).merge(second, into=first, document="核查2号")
    Duplicates(town.office, town.c2).confirm(proposal.id)

    for index in (1, 2):
        found = Members(town.office, town.g(0)).find(applicant(index).document.number.plain())
        assert found is not None
        assert found.id == first
    with pytest.raises(Conflict, match="E-PERSON-001"):
        Duplicates(town.office, town.c1).merge(second, into=first, document="又")


def test_the_file_with_the_only_open_membership_stays(town: Town) -> None:
    first, second = town.admit(0, applicant(1)), town.admit(1, applicant(2))
    town.memberships(town.g(0)).quit(first, document="申请")

    with pytest.raises(Conflict, match="E-PERSON-003"):
        Duplicates(town.office, town.c1).merge(second, into=first, document="1")
    proposal = Duplicates(town.office, town.c1).merge(first, into=second, document="1")
    assert Duplicates(town.office, town.c2).confirm(proposal.id).id == second


def test_two_people_with_one_number_are_kept_apart(town: Town) -> None:
    _, second = doubled(town)
    desk, other = Duplicates(town.office, town.c1), Duplicates(town.office, town.c2)
    proposal = desk.keep_apart(second, document="公安函1号")
    assert len(desk.waiting()) == 1, "nothing has changed yet"
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        desk.confirm(proposal.id)
    assert other.confirm(proposal.id).id == second

    assert desk.waiting() == []
    assert Members(town.office, town.g(2)).get(second).id == second
    with pytest.raises(NotFound):
        desk.keep_apart(second, document="又")


def test_what_was_proposed_of_two_files_may_be_refused(town: Town) -> None:
    _, second = doubled(town)
    desk, other = Duplicates(town.office, town.c1), Duplicates(town.office, town.c2)
    proposal = desk.keep_apart(second, document="公安函1号")
    other.refuse(proposal.id)
    assert [each.person for each in desk.waiting()] == [second]


@pytest.mark.parametrize("kind", ENGINES[1:])
def test_as_much_is_asked_for_whoever_is_on_file_elsewhere(kind: str, tmp_path: Path) -> None:
    """Statement by statement: neither the answer nor the work says who is a member elsewhere."""
    office = office_on(kind, tmp_path)
    town = town_on(office)
    town.admit(0, applicant(1))

    def asked(index: int) -> int:
        desk = town.memberships(town.g(2))
        with asking() as found:
            desk.approve(desk.apply(applicant(index), town.unions[2].id).person)
        return sum(found.values())

    try:
        fresh = asked(2)
        assert fresh > 0
        assert asked(1) == fresh
    finally:
        office.storage.close()


def test_an_entry_form_does_not_say_who_is_a_member_elsewhere(town: Town) -> None:
    """The same answer but for the ids, the same list, the same look, the same line of time."""
    town.admit(0, applicant(1))
    desk = town.memberships(town.g(2))

    def seen(index: int) -> str:
        someone = applicant(index)
        row = desk.apply(someone, town.unions[2].id)
        looks = Members(town.office, town.g(2))
        found = looks.find(someone.document.number.plain())
        told = [
            repr(row), repr(looks.get(row.person)), repr(found), repr(desk.approve(row.person)),
            repr([(e.action, e.before, e.after, e.why) for e in Timeline(town.office, town.g(2)).of(
                row.person)]),
        ]  # fmt: skip
        hidden = (str(someone.name), str(someone.document.number), str(someone.mobile))
        words = "\n".join(told)
        for word in hidden:
            words = words.replace(word, "?")
        return re.sub(r"[0-9]{6,}", "#", words)

    assert seen(1) == seen(2), "who is on file at another union, and who is nowhere"
