"""A moment that says nothing of its zone is refused by every use case that takes one.

And where a day is asked for every moment is: Python's types let it pass.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import fields
from tests.offices import office_on

from szunion import application
from szunion.application.audit import AuditLog
from szunion.application.bookings import Bookings
from szunion.application.cards import Cards
from szunion.application.filing import Applicant
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.officers import Officers
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.bank import DailyCardList, NumberAnswered, Statement
from szunion.domain.people import HeldDocument
from szunion.domain.projects import Project
from szunion.domain.reckoning import Happening
from szunion.errors import InvalidInput
from szunion.text import Text

NAIVE: Final = datetime(2017, 11, 23, 9)  # noqa: DTZ001 - it is about such ones
SAID: Final = datetime(2017, 11, 23, 9, tzinfo=UTC)
EMPTY: Final = inspect.Parameter.empty
DAY: Final = date(2017, 11, 23)
SOMEBODY: Final = Principal(id="somebody", role=Role.CITY, purpose=Purpose.ENROL)

#: Every use case that takes a moment, and calls of it each of which has a naive one. Nobody is
#: looked for before it is refused.
CALLS: Final[dict[tuple[type, str], list[tuple[tuple[Any, ...], dict[str, Any]]]]] = {
    (Members, "standing_on"): [((1, DAY), {"known": NAIVE})],
    (Members, "as_of"): [((1,), {"on": DAY, "known": NAIVE})],
    (Members, "entitled"): [((1, "cinema"), {"on": DAY, "known": NAIVE})],
    (Members, "of_union_on"): [((1,), {"on": DAY, "known": NAIVE})],
    (AuditLog, "touched"): [(("bob", NAIVE, SAID), {}), (("bob", SAID, NAIVE), {})],
    (Bookings, "put_up"): [
        (("cinema", Text("票", "tickets")), {"stock": 1, "opens": SAID, "closes": SAID} | naive)
        for naive in ({"opens": NAIVE}, {"closes": NAIVE}, {"ends": NAIVE})
    ],
    (Cards, "lock"): [((1, "reason"), {"until": NAIVE})],
    (Cards, "extend"): [((1, 1, NAIVE, "note"), {})],
    (Officers, "delegate"): [(("bob", ()), {"until": NAIVE})],
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = office_on("memory", tmp_path)
    yield made
    made.storage.close()


@pytest.mark.parametrize(("kind", "name"), CALLS)
def test_a_moment_without_its_zone_is_refused(office: Office, kind: type, name: str) -> None:
    for args, named in CALLS[kind, name]:
        answer = getattr(kind(office, SOMEBODY), name)
        with pytest.raises(InvalidInput, match="E-VALUE-005") as refused:
            list(answer(*args, **named))
        assert "2017-11-23T09:00:00" in refused.value.what()


def test_a_moment_is_no_day(office: Office) -> None:
    """Whichever use case asks for a day, and by whichever name."""
    asked = taking("date")
    assert len(asked) > 20
    for kind, name, day in asked:
        answer = getattr(kind(office, SOMEBODY), name)
        needed = (each for each in signature(answer).parameters.values() if each.default is EMPTY)
        given: dict[str, Any] = {each.name: None for each in needed}
        for moment in (NAIVE, SAID):
            with pytest.raises(InvalidInput, match="E-VALUE-006") as refused:
                list(answer(**given | {day: moment}))
            assert "2017-11-23T09:00:00" in refused.value.what()


@pytest.mark.parametrize(
    ("kind", "day", "others"),
    [
        (Applicant, "birth", ("name", "document")),
        (DailyCardList, "day", ("told", "cards")),
        (Happening, "on", ()),
        (Happening, "until", ("on",)),
        (HeldDocument, "since", ("document",)),
        (HeldDocument, "until", ("document",)),
        (NumberAnswered, "until", ("told", "reservation", "result")),
        (Project, "since", ("item", "argument", "responsible", "people")),
        (Statement, "day", ("told", "lines")),
    ],
)
def test_what_is_handed_in_holds_no_moment_for_a_day(
    kind: type, day: str, others: tuple[str, ...]
) -> None:
    given = dict.fromkeys(others, DAY) | {"argument": "x", "people": 1}
    known = {each.name for each in fields(kind)}
    with pytest.raises(InvalidInput, match="E-VALUE-006"):
        kind(**{name: value for name, value in given.items() if name in known} | {day: SAID})


def taking(what: str) -> set[tuple[type, str, str]]:
    """Return every parameter of a use case whose type names *what*."""
    found = set()
    for module in pkgutil.iter_modules(application.__path__):
        for kind in vars(import_module(f"szunion.application.{module.name}")).values():
            if not inspect.isclass(kind) or not kind.__module__.startswith("szunion.application"):
                continue
            if "by" not in getattr(kind, "__annotations__", {}):  # nobody acts at it
                continue
            for name, method in vars(kind).items():
                if name.startswith("_") or not inspect.isfunction(method):
                    continue
                for each, type_ in inspect.get_annotations(method).items():
                    if each != "return" and what in re.split(r"\W+", str(type_)):
                        found.add((kind, name, each))
    return found


def test_every_use_case_that_takes_a_moment_is_asked_here() -> None:
    assert {(kind, name) for kind, name, _ in taking("datetime")} == set(CALLS)
