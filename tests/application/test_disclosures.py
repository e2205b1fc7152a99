"""What leaves for an officer's eyes is confirmed, counted, written down first, and traced again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from tests.offices import Town, applicant, clock_of, officer, serving

from szunion.application.audit import AuditLog
from szunion.application.exports import Exports
from szunion.application.office import Office
from szunion.application.reveals import Reveals
from szunion.application.rights import Rights
from szunion.application.timeline import Timeline
from szunion.domain.access import Assurance, Principal, Purpose, Role
from szunion.domain.disclosures import DisclosureKind, Revealed
from szunion.domain.rights import Access
from szunion.domain.values import PersonId
from szunion.errors import InvalidInput, NotAllowed, NotFound

WHY = "中秋慰问"


def exports(town: Town, by: Principal | None = None) -> Exports:
    return Exports(town.office, serving(by or town.g(0)))


def reveals(town: Town, by: Principal | None = None) -> Reveals:
    return Reveals(town.office, serving(by or town.g(0)))


def auditor(town: Town) -> Exports:
    return Exports(town.office, officer("auditor", Role.AUDITOR))


def filled(town: Town, count: int = 12) -> list[PersonId]:
    return [town.admit(0, applicant(index)) for index in range(count)]


def few(office: Office, **limits: Any) -> Office:
    rules = evolve(office.policy.access, **limits)
    return evolve(office, policy=evolve(office.policy, access=rules))


def logged(town: Town, actor: str) -> list[tuple[str, str, str]]:
    log = AuditLog(town.office, officer("auditor", Role.AUDITOR))
    now = town.office.clock.now()
    found = log.touched(actor, now - timedelta(days=2), now + timedelta(days=2))
    return [
        (row.entry.action, row.entry.after, row.entry.reason)
        for row in found
        if row.entry.action in {"member.export", "person.reveal"}
    ]


def test_an_export_is_masked_counted_and_in_the_log(town: Town) -> None:
    people = filled(town)
    made = exports(town).members(town.unions[0].id, reason=f" {WHY} ")

    assert made.members == len(people) == 12
    assert len(made.rows) == 13
    everything = repr(made.rows)
    for index in range(12):
        plain = applicant(index)
        assert plain.document.number.plain() not in everything
        assert plain.mobile is not None
        assert plain.mobile.plain() not in everything
        assert plain.name.plain() not in everything
    assert logged(town, "g-0") == [("member.export", "12", WHY)]
    (record,) = auditor(town).listed()
    assert (record.id, record.actor, record.rows) == (made.id, "g-0", 12)
    assert record.node == town.unions[0].id


def test_two_officers_get_the_same_members_in_two_orders(town: Town) -> None:
    filled(town)
    first = exports(town).members(town.unions[0].id, reason=WHY)
    second = exports(town, town.g(0, "h")).members(town.unions[0].id, reason=WHY)
    assert first.rows != second.rows
    assert len(set(first.rows) & set(second.rows)) == 12


def test_a_leaked_copy_names_the_officer(town: Town) -> None:
    filled(town)
    made = {
        name: exports(town, town.g(0, name)).members(town.unions[0].id, reason=WHY)
        for name in ("g", "h", "i")
    }
    for name, export in made.items():
        lines = [",".join(row) for row in export.rows]
        for leaked in (lines, sorted(lines), lines[:9]):
            traced = auditor(town).trace(leaked)
            assert [each.of.actor for each in traced][:1] == [f"{name}-0"]
    with pytest.raises(InvalidInput, match="E-EXPORT-003"):
        auditor(town).trace(["nothing"])


def test_above_the_days_rows_nothing_leaves_and_nothing_is_counted(town: Town) -> None:
    filled(town)
    town = evolve(town, office=few(town.office, export_rows=30))
    desk = exports(town)
    desk.members(town.unions[0].id, reason=WHY)
    desk.members(town.unions[0].id, reason=WHY)
    with pytest.raises(NotAllowed, match="E-EXPORT-002") as refused:
        desk.members(town.unions[0].id, reason=WHY)
    assert refused.value.context["left"] == 6
    assert len(logged(town, "g-0")) == 2
    exports(town, town.g(0, "h")).members(town.unions[0].id, reason=WHY)
    clock_of(town.office).advance(days=1)
    desk.members(town.unions[0].id, reason=WHY)


def test_one_file_above_the_quota_is_refused_whole(town: Town) -> None:
    filled(town)
    town = evolve(town, office=few(town.office, export_rows=11))
    with pytest.raises(NotAllowed, match="E-EXPORT-002"):
        exports(town).members(town.unions[0].id, reason=WHY)
    assert list(auditor(town).listed()) == []


@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_without_a_reason_nothing_leaves(town: Town, reason: str) -> None:
    (person,) = filled(town, 1)
    with pytest.raises(InvalidInput, match="E-EXPORT-001"):
        exports(town).members(town.unions[0].id, reason=reason)
    with pytest.raises(InvalidInput, match="E-EXPORT-001"):
        reveals(town).show(person, Revealed.MOBILE, reason=reason)
    assert logged(town, "g-0") == []


def test_a_name_of_a_union_that_is_a_formula_is_none_in_the_file(town: Town) -> None:
    desk = town.organisations(town.c1)
    union = desk.register(
        code="=1+1", name="@SUM(A1)", kind=town.unions[0].kind, parent=town.districts[0].id
    )
    desk.approve(union.id, document="1")
    theirs = town.memberships(officer("g-x", Role.GRASSROOTS, union))
    theirs.approve(theirs.apply(applicant(40), union.id).person)
    made = exports(town, town.c1).members(union.id, reason=WHY)
    assert made.members == 1
    assert all(row[3].startswith("'=1+1") for row in made.rows)


def test_each_member_of_an_export_finds_it_in_the_own_access_log(town: Town) -> None:
    people = filled(town, 3)
    other = town.admit(1, applicant(30))
    exports(town).members(town.unions[0].id, reason=WHY)
    reveals(town).show(people[1], Revealed.MOBILE, reason=WHY)

    def seen(person: PersonId) -> list[tuple[str, Access]]:
        me = evolve(officer(f"m{person}", Role.MEMBER), person=person, purpose=Purpose.RIGHTS)
        return [
            (each.action, each.access)
            for each in Rights(town.office, me).access_log(person)
            if each.action in {"person.export", "person.reveal"}
        ]

    assert seen(people[0]) == [("person.export", Access.HANDED_OUT)]
    assert set(seen(people[1])) == {
        ("person.export", Access.HANDED_OUT), ("person.reveal", Access.READ)
    }  # fmt: skip
    assert seen(other) == []


# --- plain values ---------------------------------------------------------------------------------


def test_a_plain_value_is_shown_after_it_was_written_down(town: Town) -> None:
    (person,) = filled(town, 1)
    plain = applicant(0)
    desk = reveals(town)
    assert desk.show(person, Revealed.DOCUMENT, reason=WHY) == plain.document.number.plain()
    assert plain.mobile is not None
    assert desk.show(person, Revealed.MOBILE, reason=WHY) == plain.mobile.plain()
    with pytest.raises(NotFound, match="E-REVEAL-001"):
        desk.show(person, Revealed.CARD, reason=WHY)
    assert logged(town, "g-0") == [
        ("person.reveal", "document", WHY), ("person.reveal", "mobile", WHY)
    ]  # fmt: skip


def test_the_member_sees_who_looked_and_why(town: Town) -> None:
    (person,) = filled(town, 1)
    reveals(town).show(person, Revealed.DOCUMENT, reason=WHY)
    me = evolve(officer(f"m{person}", Role.MEMBER), person=person)
    seen = [event for event in Timeline(town.office, me).of(person) if "reveal" in event.action]
    assert [(event.actor, event.why, event.text.zh) for event in seen] == [
        ("g-0", WHY, "人员档案：查看明文")
    ]


def test_a_plain_value_needs_a_second_thing_and_has_a_days_number(town: Town) -> None:
    (person,) = filled(town, 1)
    town = evolve(town, office=few(town.office, reveals=2))
    with pytest.raises(NotAllowed, match="E-ACCESS-008"):
        reveals(town, evolve(town.g(0), assurance=Assurance.LOGIN)).show(
            person, Revealed.MOBILE, reason=WHY
        )
    for _ in range(2):
        reveals(town).show(person, Revealed.MOBILE, reason=WHY)
    with pytest.raises(NotAllowed, match="E-REVEAL-002"):
        reveals(town).show(person, Revealed.MOBILE, reason=WHY)
    found = Exports(town.office, officer("auditor", Role.AUDITOR)).listed(
        kind=DisclosureKind.REVEAL
    )
    assert [(each.person, each.what) for each in found] == [(person, "mobile")] * 2


def test_two_exports_at_once_do_not_pass_the_quota_together(town: Town) -> None:
    """The count is one row that says itself when it is full: no two read it and both write."""
    filled(town, 3)
    town = evolve(town, office=few(town.office, export_rows=100))
    for _ in range(33):
        exports(town).members(town.unions[0].id, reason=WHY)
    with pytest.raises(NotAllowed, match="E-EXPORT-002"):
        exports(town).members(town.unions[0].id, reason=WHY)
    assert sum(each.rows for each in auditor(town).listed()) == 99
