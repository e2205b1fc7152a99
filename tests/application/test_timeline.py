"""What happened, who did it, why: a member's timeline, in both languages."""

from __future__ import annotations

import pytest
from tests.offices import Town, applicant, clock_of

from szunion.application.members import Members
from szunion.application.timeline import Timeline
from szunion.domain.access import Role
from szunion.domain.identity import PersonName
from szunion.domain.wording import MESSAGES, action_text
from szunion.errors import NotFound


def test_a_timeline_tells_what_happened_who_did_it_and_why(town: Town) -> None:
    person = town.admit(0, applicant(1))
    clock_of(town.office).advance(days=1)
    Members(town.office, town.g(0)).correct(person, name=PersonName("改名"), paper="更正单3号")
    clock_of(town.office).advance(days=1)
    town.memberships(town.g(0)).move_out(person)
    events = Timeline(town.office, town.g(0)).of(person)

    assert [event.label for event in events] == [
        "会籍：申请入会", "会籍：批准入会", "人员档案：更正", "会籍：转出本市",
    ]  # fmt: skip
    assert events[-1].label_en == "membership: leave the city"
    assert events[-1].actor == "g-0"
    assert events[-1].role is Role.GRASSROOTS
    assert events[-1].why == "LEFT_CITY"
    assert events[2].why == "更正单3号"
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_nobody_reads_the_timeline_of_another_unions_member(town: Town) -> None:
    person = town.admit(0, applicant(1))
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        Timeline(town.office, town.g(1)).of(person)


@pytest.mark.parametrize(
    ("action", "zh"),
    [
        ("organisation.dissolve", "工会组织：撤销"),
        ("membership.expel.propose", "会籍：开除会籍（提请）"),
        ("membership.expel.confirm", "会籍：开除会籍（第二人确认）"),
        ("transfer.orphan", "会籍接转：一方工会已停止"),
        ("membership.import", "会籍：花名册导入入会"),
        ("nobody.knows", "nobody.knows"),
    ],
)
def test_an_action_has_its_words(action: str, zh: str) -> None:
    assert action_text(action).zh == zh


def test_every_message_says_the_same_fields_in_both_languages() -> None:
    import string

    for name, text in MESSAGES.items():
        fields = [
            {
                field.removesuffix("_en")
                for _, field, _, _ in string.Formatter().parse(words)
                if field
            }
            for words in (text.zh, text.en)
        ]
        assert fields[0] == fields[1], name
