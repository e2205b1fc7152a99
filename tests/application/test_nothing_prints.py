"""No object of ours prints a member: every one that lives after a town has lived is looked at."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from tests import canaries
from tests.moneytown import money_town_on
from tests.offices import applicant, office_on

from szunion.application.office import Office
from szunion.domain.documents import births_until
from szunion.domain.identity import PersonName


def printed(everything: list[object]) -> list[str]:
    """Return the types whose objects show a canary when they are printed, or formatted."""
    found = set()
    for each in everything:
        kind = type(each)
        if not str(kind.__module__).startswith("szunion."):  # of some, it is no text
            continue
        try:
            words = f"{each!r} {each!s}"
        except Exception as error:  # noqa: BLE001 - a repr that raises is a defect too
            found.add(f"{kind.__module__}.{kind.__name__} raises {type(error).__name__}")
            continue
        if canaries.found_in_text(words):
            found.add(f"{kind.__module__}.{kind.__name__}")
    return sorted(found)


@pytest.fixture(params=["memory", "sqlite"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    made = office_on(request.param, tmp_path)
    request.addfinalizer(made.storage.close)  # noqa: PT021 - the office is returned
    return made


def test_after_a_town_has_lived_no_object_shows_who_lives_there(office: Office) -> None:
    town = money_town_on(office)
    people = town.cards.admit(4)
    kept = town.cards.activate(people)
    obligation = town.grant(people[0])
    payout = town.pay()
    town.cards.run()
    town.settle(payout)
    births = births_until(office.clock.today())
    assert births[canaries.MOBILE] == date(1997, 7, 7)  # a day, too
    looked = [
        births, *(town.cards.look(lambda work, scope: work.people.many(scope, people))),
        *kept, obligation, payout, *town.orders(payout), applicant(1),
    ]  # fmt: skip
    assert any(type(each).__name__ == "Person" for each in looked)
    gc.collect()
    assert printed([*looked, *gc.get_objects()]) == []


def test_the_scan_sees_an_object_that_shows_a_name() -> None:
    class Careless:
        __module__ = "szunion.careless"

        def __repr__(self) -> str:
            return f"Careless({canaries.canary(3).name})"

    class Broken:
        __module__ = "szunion.broken"

        def __repr__(self) -> str:
            raise ValueError

    names = printed([Careless(), Broken(), PersonName(canaries.canary(3).name)])
    assert [name.rpartition(".")[2] for name in names] == ["Broken raises ValueError", "Careless"]


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_masked_value_is_not_carried_away(way: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        way(PersonName(canaries.canary(3).name))
