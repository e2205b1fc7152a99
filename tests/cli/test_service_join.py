"""A union signs up from the command line, is given a day, and two officers say who came."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen
from tests.cli.speaking import Said, say
from tests.offices import applicant

from szunion.bootstrap import UnionSystem
from szunion.domain.identity import Gender
from szunion.testing.clock import SimClock
from szunion.testing.world import demo_world

DAY = "2026-11-24"


@frozen
class House:
    """A database with two members of one union, a woman and a man, and a day of its own.

    Each command is a minute later than the one before: what two of them draw at one moment may be
    the same number.
    """

    db: str
    members: tuple[str, str]
    union: str
    district: str

    def js(self, *words: str, user: str = "g-1", given: str = "") -> Said:
        return say(["--db", self.db, "--json", "--user", user, "service", "join", *words], given)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    url, clock = f"sqlite:///{tmp_path / 'union.db'}", SimClock(DAY)

    def opened(settings: object, **how: object) -> UnionSystem:
        del settings, how
        clock.advance(minutes=1)
        return UnionSystem.open(url, clock=clock)

    with UnionSystem.open(url, clock=clock) as system:
        city = demo_world(system)
        union = city.unions[0]
        desk = city.officer(union)
        names = []
        for sex in (Gender.FEMALE, Gender.MALE):
            who = next(
                one for one in map(applicant, range(50)) if one.document.gender() is sex
            )  # fmt: skip
            person = desk.memberships.apply(who, union.id).person
            desk.memberships.approve(person)
            names.append(system.office.vault.outward("m", person))
        assert union.parent is not None
        above = city.federation().organisations.get(union.parent)
        made = House(str(tmp_path / "union.db"), (names[0], names[1]), union.code, above.code)
    monkeypatch.setattr(UnionSystem, "from_settings", opened)
    return made


def test_m26_the_whole_way_on_the_command_line(house: House) -> None:
    """M17, M26: asked, listed, accepted, held, confirmed by another officer, in the history."""
    woman, man = house.members
    at, above = ("--org", house.union), ("--org", house.district)
    asked = house.js("ask", "co-women-classroom", "--on", DAY, "--to", "2026-12-24", "--place",
                     "三楼", "--number", "9", "--members", "-", *at,
                     given=f"{woman}\n{man}\n")  # fmt: skip
    assert asked.status == 3, "one of two could not be listed"
    assert f"未列入 {man}：性别不符" in asked.err
    made = asked.rows[0]
    name = made["joining"]
    assert (made["state"], made["days"], made["contact"], made["union"]) == (
        "ASKED", f"{DAY}/2026-12-24", "g-1", house.union,
    )  # fmt: skip
    assert [row["member"] for row in house.js("members", name, *at).rows] == [woman]
    assert house.js("mine", woman).rows[0]["joining"] == name
    assert house.js("mine", man).rows == []
    assert "E-ACCESS-004" in house.js("accept", name, "--on", DAY, "--places", "5", *above).err
    accepted = house.js("accept", name, "--on", DAY, "--places", "5", "--session", "14:00",
                        *above, user="u-1")  # fmt: skip
    assert accepted.status == 0, accepted.err
    given = accepted.rows[0]
    assert (given["state"], given["days"], given["number"], given["session"]) == (
        "ACCEPTED", DAY, 5, "14:00",
    )  # fmt: skip
    assert house.js("enlist", name, *at).data["listed"] == 0
    handed = house.js("held", name, "--members", "-", *at, given=woman).data
    assert handed["came"] == 1
    assert house.js("refuse", handed["proposal"], *at, user="g-2").rows[0]["state"] == "HELD"
    again = house.js("held", name, "--members", "-", *at, given=woman).data["proposal"]
    assert "E-ACCESS-004" in house.js("confirm", again, *at).err
    done = house.js("confirm", again, *at, user="g-2").rows[0]
    assert (done["state"], done["came"]) == ("CLOSED", 1)
    history = say(["--db", house.db, "--json", "service", "history", woman]).rows
    assert [(row["item"], row["means"]) for row in history] == [("co-women-classroom", "DESK")]
    assert house.js("list", *at).rows == []
    assert [row["joining"] for row in house.js("list", "--all", *above).rows] == [name]
    plain = say(["--db", house.db, "service", "show", "co-women-classroom", "--lang", "zh"])
    assert "由所在工会集体报名" in plain.out


def test_what_comes_to_nothing_on_the_command_line(house: House) -> None:
    at, above = ("--org", house.union), ("--org", house.district)

    def asked() -> str:
        made = house.js("ask", "co-lawyer-visit", "--on", DAY, "--place", "厂区", "--number", "9",
                        *at)  # fmt: skip
        name: str = made.rows[0]["joining"]
        return name

    first, second, third = asked(), asked(), asked()
    assert house.js("withdraw", first, *at).rows[0]["state"] == "WITHDRAWN"
    declined = house.js("decline", second, "--why", "无律师", *above, user="u-1").rows[0]
    assert (declined["state"], declined["reason"]) == ("DECLINED", "无律师")
    house.js("accept", third, "--on", DAY, "--places", "5", *above, user="u-1")
    assert house.js("cancel", third, "--why", "台风", *above, user="u-1").rows[0]["state"] == (
        "CANCELLED"
    )
    assert house.js("list", "--provider", *at).rows == []
    assert house.js("list", "--provider").status == 2
    assert house.js("withdraw", "jn_nothing", *at).status == 4
    lost = house.js("enlist", third, "--members", "no-such-file", *at)
    assert (lost.status, "E-CLI-005" in lost.err) == (2, True)
