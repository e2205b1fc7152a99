"""Plain values of a chip: who may see them, and that the log knows first, without the number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.offices import Town, officer

from szunion.application.audit import AuditLog
from szunion.application.chips import Chips
from szunion.application.office import Office
from szunion.domain.access import Role
from szunion.domain.audit import LoggedEntry
from szunion.domain.wording import action_text
from szunion.emv.pan import CardNumber
from szunion.errors import InvalidInput, NotAllowed
from szunion.ports.keys import IndexField

NUMBER = CardNumber("6200000000000013")


def told(office: Office) -> list[LoggedEntry]:
    """Return what the log says of chips."""

    log = AuditLog(office, officer("auditor", Role.AUDITOR))
    start = office.clock.now() - timedelta(days=1)
    found = [
        log.touched(name, start, start + timedelta(days=9)) for name in ("wang", "li", "g-0", "x")
    ]
    return [row for rows in found for row in rows if row.entry.action == "chip.reveal"]


def test_a_look_is_in_the_log_with_who_and_why_and_without_the_number(town: Town) -> None:
    office = town.office
    Chips(office, officer("wang", Role.CITY)).reveal(NUMBER, " 复核证件 ")
    Chips(office, officer("li", Role.CITY)).reveal(None, "比对记录")
    first, second = told(office)
    assert (first.actor, first.entry.reason) == ("wang", "复核证件")
    assert (second.actor, second.entry.after) == ("li", "")
    assert NUMBER.plain() not in repr(first) + first.canonical().decode()
    # whoever has the number finds the line
    assert first.entry.after == office.vault.index(IndexField.CARD, NUMBER.plain()).hex()
    assert action_text("chip.reveal").zh == "芯片：查看明文"


@pytest.mark.parametrize(
    "role", [Role.MEMBER, Role.HOTLINE, Role.AUDITOR, Role.FINANCE, Role.PROVIDER, Role.ENGINE]
)
def test_who_only_looks_on_sees_no_plain_values(town: Town, role: Role) -> None:
    with pytest.raises(NotAllowed) as refused:
        Chips(town.office, officer("x", role)).reveal(NUMBER, "好奇")
    assert refused.value.code == "E-ACCESS-001"
    assert told(town.office) == []


@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_without_a_reason_nothing_is_shown_and_nothing_logged(town: Town, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Chips(town.office, officer("wang", Role.CITY)).reveal(NUMBER, reason)
    assert refused.value.code == "E-READER-025"
    assert told(town.office) == []


def test_a_union_that_is_not_there_sees_nothing(town: Town) -> None:
    with pytest.raises(NotAllowed):
        Chips(town.office, officer("wang", Role.GRASSROOTS)).reveal(NUMBER, "复核")


def test_a_union_officer_sees_what_is_in_their_hands_and_the_log_says_for_which_union(
    town: Town,
) -> None:
    Chips(town.office, town.g(0)).reveal(NUMBER, "核对证件")
    (row,) = told(town.office)
    assert (row.role, row.node) == (Role.GRASSROOTS, town.unions[0].id)
