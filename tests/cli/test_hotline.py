"""The hotline from the command line: one caller at a time, masked, and the loss led to the bank."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen
from tests.cli.speaking import Said, say
from tests.offices import applicant

from szunion.bootstrap import UnionSystem
from szunion.testing.clock import SimClock
from szunion.testing.world import demo_world


@frozen
class House:
    """A database with one member of the demo city who has no card."""

    db: str
    union: str
    member: str

    def clerk(self, *words: str, given: str = "", lang: str = "zh") -> Said:
        front = ("--db", self.db, "--lang", lang, "--user", "12351-7", "hotline")
        return say([*front, *words], given)

    def js(self, *words: str, given: str = "") -> Said:
        return say(["--db", self.db, "--json", "--user", "12351-7", "hotline", *words], given)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    db: Path = tmp_path_factory.mktemp("hotline") / "union.db"
    with UnionSystem.open(f"sqlite:///{db}", clock=SimClock("2026-11-24")) as system:
        city = demo_world(system)
        union = city.unions[0]
        officer = city.officer(union)
        row = officer.memberships.apply(applicant(1), union.id)
        officer.memberships.approve(row.person)
        member = system.office.vault.outward("m", row.person)
        return House(db=str(db), union=union.code, member=member)


def answers(house: House, mobile: str = "") -> str:
    someone = applicant(1)
    assert someone.mobile is not None
    lines = (someone.document.number.plain(), mobile or someone.mobile.plain(), house.union, "")
    return "\n".join(lines) + "\n"


def test_a_call_from_taking_it_to_closing_it(house: House) -> None:
    unknown = house.clerk("take", "LOSS")
    assert (unknown.status, unknown.code) == (4, "E-HOTLINE-005")
    for line in (unknown.err, house.clerk("take").err):
        assert "member-service 会员服务" in line
    assert "bank_line" not in house.js("take", "legal").data
    taken = house.js("take", "card-loss")
    assert taken.data["questions"] == ["mobile", "union", "card"]
    assert taken.data["bank_line"] == "95566"
    ticket = taken.data["ticket"]
    assert house.clerk("file", ticket).code == "E-ACCESS-011"
    wrong = house.js("open", ticket, given=answers(house, "13900000000"))
    assert (wrong.status, wrong.data["left"]) == (5, 2)
    right = house.clerk("open", ticket, given=answers(house), lang="en")
    assert right.status == 0
    assert "identified" in right.out
    assert applicant(1).document.number.plain() not in right.out + right.err
    seen = house.js("file", ticket)
    assert seen.data["member"] == house.member
    assert seen.data["card"] is None
    for plain in (applicant(1).name.plain(), applicant(1).document.number.plain()):
        assert plain not in seen.out
    assert "没有当前卡" in house.clerk("file", ticket).out
    assert house.clerk("hand-over", ticket).code == "E-HOTLINE-002"
    assert house.clerk("protect", ticket, "--hours", "80").code == "E-HOTLINE-003"
    assert house.js("close", ticket).data["state"] == "CLOSED"
    assert house.clerk("file", ticket).code == "E-ACCESS-011"


def test_too_many_wrong_answers_say_until_when_nothing_is_tried(house: House) -> None:
    ticket = house.js("take", "member-service").data["ticket"]
    someone = applicant(3).document.number.plain()
    said = [house.clerk("open", ticket, given=f"{someone}\n1\n2\n3\n") for _ in range(3)]
    assert [each.status for each in said] == [5, 5, 5]
    assert "已锁至" in said[-1].out
    assert "还可再试" in said[0].out


def test_m19_legal_help_is_asked_for_without_a_call(house: House) -> None:
    """M19: written down for a member who has no card; what is said is on no line of the shell."""
    base = ["--db", house.db, "--user", "g"]
    made = say([*base, "--json", "referral", "ask", "la-lawyer", house.member], "工伤认定").data
    assert (made["topic"], made["state"], made["union"]) == ("legal", "NEW", house.union)
    taken = say([*base, "referral", "take", made["referral"], "--city"]).out
    assert "律师代理：工伤认定" in taken
    wrong = say([*base, "referral", "ask", "di-parks", house.member], "门票")
    assert (wrong.status, wrong.code) == (5, "E-REFERRAL-008")


def test_a_matter_goes_to_the_union_and_comes_back(house: House) -> None:
    def union(*words: str, given: str = "") -> Said:
        return say(["--db", house.db, "--json", "--user", "g", "referral", *words], given)

    ticket = house.js("take", "legal").data["ticket"]
    house.js("open", ticket, given=answers(house))
    made = house.js("refer", ticket, given="加班费没有发\n").data
    assert (made["union"], made["state"], made["breaches"]) == (house.union, "ASSIGNED", 0)
    assert "加班费" not in str(made)
    name, at = made["referral"], ("--org", house.union)
    (listed,) = [each for each in union("list", *at).rows if each["referral"] == name]
    assert (listed["state"], listed["topic"]) == ("ASSIGNED", "legal")
    people = say(["--db", house.db, "--user", "g", "referral", "list", *at])
    assert "法律维权" in people.out
    assert union("show", name, *at).data["words"] == "加班费没有发"
    assert "E-STATE-001" in union("reply", name, *at, given="已补发").err
    union("accept", name, *at)
    assert union("reply", name, *at, given="已补发").data["state"] == "REPLIED"
    operator = ["--db", house.db, "--json", "--user", "12351-8", "referral"]
    taken = say([*operator, "take", name]).data
    assert (taken["answer"], taken["member"]) == ("已补发", house.member)
    assert say([*operator, "missed", name]).data["state"] == "CALLBACK"
    again = say([*operator, "unsatisfied", name], "只补了一半").data
    assert again["state"] == "REOPENED"
    back = say([*operator, "assign", name, house.union, "--city"]).data
    assert back["state"] == "ASSIGNED"
    assert union("bounce", name, *at, given="归区里").data["state"] == "NEW"
    plain = say(["--db", house.db, "--user", "g", "referral", "take", name, "--city"])
    assert "归区里" in plain.out
    say([*operator, "assign", name, house.union])
    union("accept", name, *at)
    union("reply", name, *at, given="全部补发")
    say([*operator, "take", name])
    assert say([*operator, "satisfied", name]).data["state"] == "CLOSED"
    assert union("list", *at, "--late").rows == []
