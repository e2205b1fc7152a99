"""Posts, delegations and the glass from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen
from tests.cli.speaking import Said, say
from tests.offices import applicant

from szunion.adapters.identity.simulated import CODE
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Purpose, Role
from szunion.testing.clock import SimClock
from szunion.testing.world import demo_world


@frozen
class House:
    """A database of the demo city, with one member at the first union."""

    db: str
    union: str
    other: str

    def js(self, *words: str, user: str = "city-1", given: str = "") -> Said:
        return say(["--db", self.db, "--json", "--user", user, *words], given)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    db: Path = tmp_path_factory.mktemp("officers") / "union.db"
    with UnionSystem.open(f"sqlite:///{db}", clock=SimClock("2026-11-24")) as system:
        city = demo_world(system)
        desk = city.officer(city.unions[0]).memberships
        desk.approve(desk.apply(applicant(1), city.unions[0].id).person)
        return House(db=str(db), union=city.unions[0].code, other=city.unions[1].code)


def test_posts_are_given_listed_and_ended(house: House) -> None:
    made = house.js("officer", "appoint", "wang", "G", "--at", house.union, "--code", CODE)
    assert made.status == 0, made.err
    (post,) = made.rows
    assert (post["login"], post["role"], post["union"]) == ("wang", "G", house.union)
    assert house.js("officer", "appoint", "li", "G", "--at", house.union).status != 0, "no code"
    house.js("officer", "appoint", "li", "G", "--at", house.union, "--code", CODE)
    waiting = house.js("officer", "appoint", "cfo", "F", "--code", CODE)
    name = waiting.data["proposal"]
    assert house.js("officer", "confirm", name, "--code", CODE).status != 0, "the same person"
    done = house.js("officer", "confirm", name, "--code", CODE, user="city-2")
    assert [each["role"] for each in done.rows] == ["F"]
    again = house.js("officer", "appoint", "zzz", "F", "--code", CODE)
    refused = house.js("officer", "confirm", again.data["proposal"], "--refuse", "--code", CODE,
                       user="city-2")  # fmt: skip
    assert refused.data["state"] == "REFUSED"
    everybody = {each["login"] for each in house.js("officer", "list").rows}
    assert everybody == {"wang", "li", "cfo"}

    given = house.js("officer", "delegate", "li", "person.read", "--until", "2027-01-15",
                     "--org", house.union, user="wang")  # fmt: skip
    assert given.status == 0, given.err
    delegation = given.rows[0]["delegation"]
    mine = house.js("officer", "delegations", "--org", house.union, user="li")
    assert [each["delegation"] for each in mine.rows] == [delegation]
    house.js("officer", "delegations", "--end", delegation, "--org", house.union, user="li")

    with UnionSystem.open(f"sqlite:///{house.db}") as system:
        by = system.log_in("wang", Purpose.ENROL)
        assert by.role is Role.GRASSROOTS
        assert system.desk(by).members.find(applicant(1).document.number.plain()) is not None

    left = house.js("officer", "leave", post["post"], "--why", "调离", "--code", CODE)
    assert left.rows[0]["until"] is not None
    out = say(["--db", house.db, "--user", "wang", "member", "find", "-", "--org", house.union],
              applicant(1).document.number.plain())  # fmt: skip
    assert out.code == "E-ACCESS-012"
    assert len(house.js("officer", "list", "--at", house.union).rows) == 2


def test_the_glass_is_broken_by_two_and_listed(house: House) -> None:
    number = applicant(1).document.number.plain()
    words = ("emergency", "ask", "--reason", "车间受伤", "--org", house.other, "--code", CODE)
    asked = house.js(*words, user="g-other", given=number)
    assert asked.status == 0, asked.err
    grant = asked.rows[0]["grant"]
    assert [each["grant"] for each in house.js("emergency", "list").rows] == [grant]
    use = ("emergency", "file", grant, "--org", house.other, "--code", CODE)
    assert house.js(*use, user="g-other").status != 0, "not confirmed"
    done = house.js("emergency", "confirm", grant, "--code", CODE)
    assert done.rows[0]["confirmed_by"] == "city-1"
    seen = house.js(*use, user="g-other")
    assert seen.status == 0, seen.err
    assert number not in seen.out
    plain = house.js("emergency", "reveal", grant, "mobile", "--org", house.other, "--code", CODE,
                     user="g-other")  # fmt: skip
    assert len(plain.data["value"]) == 11
    assert [each["grant"] for each in house.js("emergency", "list", "--granted").rows] == [grant]
    refused = house.js(*words, user="g-other", given=number).rows[0]["grant"]
    told = house.js("emergency", "confirm", refused, "--refuse", "--code", CODE)
    assert told.rows[0]["state"] == "REFUSED"
