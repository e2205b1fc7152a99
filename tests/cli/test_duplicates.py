"""Possible duplicates from the command line: listed, and resolved by two of the city."""

from __future__ import annotations

from pathlib import Path

from tests.cli.speaking import Said, say
from tests.offices import applicant

from szunion.bootstrap import UnionSystem
from szunion.domain.values import PersonId
from szunion.testing.world import demo_world


def test_a_file_in_quarantine_is_resolved_by_two(tmp_path: Path) -> None:
    db = tmp_path / "union.db"
    with UnionSystem.open(f"sqlite:///{db}") as system:
        city = demo_world(system)
        people: list[PersonId] = []
        for at in (0, 1, 1):
            union = city.unions[at]
            someone = applicant(1 if len(people) < 2 else 2)
            desk = city.officer(union).memberships
            people.append(desk.approve(desk.apply(someone, union.id).person).person)
        names = [system.office.vault.outward("m", person) for person in people]

    def js(*words: str, user: str = "city-1") -> Said:
        return say(["--db", str(db), "--json", "--user", user, "privacy", "duplicate", *words])

    (row,) = js("list").rows
    assert (row["file"], row["on_file"], row["import"]) == (names[1], names[0], None)
    asked = js("apart", row["file"], "--document", "公安函1号")
    name = asked.data["proposal"]
    assert js("confirm", name).status != 0, "the same person"
    assert js("confirm", name, "--refuse", user="city-2").data["state"] == "REFUSED"
    again = js("merge", row["file"], "--into", row["on_file"], "--document", "核查2号")
    done = js("confirm", again.data["proposal"], user="city-2")
    assert done.data["file"] == names[0]
    assert js("list").rows == []
    assert js("apart", names[2], "--document", "x").status == 4, "it is in no quarantine"
