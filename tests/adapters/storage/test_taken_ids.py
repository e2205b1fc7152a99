"""Two processes whose clocks and chance say the same draw one id; both get through."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import define, evolve
from tests.cardtown import card_town_on
from tests.offices import ENGINES, member, office_on, officer, operating, town_on

from szunion.adapters.system import SystemIds
from szunion.application.hotline import Hotline
from szunion.application.officers import Officers
from szunion.application.services import Services
from szunion.domain.access import Role
from szunion.domain.holds import HoldReason
from szunion.domain.proposals import Proposal
from szunion.ports.system import Ids
from szunion.testing.clock import SeededChance, SimClock

DAY = "2026-11-24"
BEFORE = 300


@define
class Once:
    """Ids of which the first was given to somebody else."""

    ids: Ids
    taken: int

    def new(self, shard: int = 0) -> int:
        first, self.taken = self.taken, 0
        return first or self.ids.new(shard)

    def many(self, shards: list[int]) -> list[int]:
        return self.ids.many(shards)


@pytest.mark.parametrize("engine", ENGINES)
def test_who_draws_what_another_has_drawn_draws_elsewhere(engine: str, tmp_path: Path) -> None:
    office = office_on(engine, tmp_path, day=DAY)
    clock = SimClock(DAY)
    clerk = officer("12351-7", Role.HOTLINE)
    taken: list[int] = []
    for _ in range(2):  # as a second process does that begins at the same moment
        ids = SystemIds(clock, SeededChance(7))
        store = office.storage
        store.ids = ids  # type: ignore[attr-defined]
        desk = Hotline(evolve(office, ids=ids), clerk)
        taken += [desk.take("legal").id for _ in range(BEFORE if not taken else 3)]
    assert len(set(taken)) == len(taken) == BEFORE + 3
    office.storage.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_wish_whose_id_is_taken_is_another_wish(engine: str, tmp_path: Path) -> None:
    office = office_on(engine, tmp_path)
    (person,) = card_town_on(office).admit(1)
    desk = Services(office, member(person))
    shelf = office.catalogue.categories[0].code
    first = desk.wish(category=shelf, words="羽毛球")
    office.storage.ids = Once(office.ids, first.id)  # type: ignore[attr-defined]
    second = desk.wish(category=shelf, words="乒乓球")
    assert {each.id: each.words for each in desk.wishes()} == {
        first.id: "羽毛球", second.id: "乒乓球",
    }  # fmt: skip
    office.storage.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hold_whose_id_is_taken_leaves_the_other_card_locked(engine: str, tmp_path: Path) -> None:
    town = card_town_on(office_on(engine, tmp_path))
    first, second = town.activate(town.admit(2))
    held = town.cards().lock(first.id, HoldReason.DATA_DOUBT).card.holds
    town.office.storage.ids = Once(town.office.ids, held[0].id)  # type: ignore[attr-defined]
    later = town.cards().lock(second.id, HoldReason.MISUSE).card.holds
    assert [town.cards().get(each.id).card.holds for each in (first, second)] == [held, later]
    assert held[0].id != later[0].id
    town.office.storage.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_appointment_whose_id_is_taken_is_another_appointment(
    engine: str, tmp_path: Path
) -> None:
    """It is drawn anew, and not told that somebody else has proposed the same act."""
    town = town_on(office_on(engine, tmp_path))
    desk = Officers(town.office, operating(town.c1))
    first = desk.appoint("cfo", Role.FINANCE)
    assert isinstance(first, Proposal)
    town.office.storage.ids = Once(town.office.ids, first.id)  # type: ignore[attr-defined]
    second = desk.appoint("auditor-9", Role.AUDITOR)
    assert isinstance(second, Proposal)
    checker = Officers(town.office, operating(town.c2))
    posts = [checker.confirm(each.id) for each in (first, second)]
    assert [(each.login, each.role) for each in posts] == [
        ("cfo", Role.FINANCE), ("auditor-9", Role.AUDITOR),
    ]  # fmt: skip
    town.office.storage.close()
