"""A moment that says nothing of its zone is refused by every use case that takes one."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from tests.offices import office_on

from szunion import application
from szunion.application.audit import AuditLog
from szunion.application.bookings import Bookings
from szunion.application.cards import Cards
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.officers import Officers
from szunion.domain.access import Principal, Purpose, Role
from szunion.errors import InvalidInput
from szunion.text import Text

NAIVE: Final = datetime(2017, 11, 23, 9)  # noqa: DTZ001 - it is about such ones
SAID: Final = datetime(2017, 11, 23, 9, tzinfo=UTC)
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


def test_every_use_case_that_takes_a_moment_is_asked_here() -> None:
    taking = set()
    for module in pkgutil.iter_modules(application.__path__):
        for kind in vars(import_module(f"szunion.application.{module.name}")).values():
            if not inspect.isclass(kind) or not kind.__module__.startswith("szunion.application"):
                continue
            if "by" not in getattr(kind, "__annotations__", {}):  # nobody acts at it
                continue
            for name, method in vars(kind).items():
                if name.startswith("_") or not inspect.isfunction(method):
                    continue
                kinds = inspect.get_annotations(method)
                if any("datetime" in str(v) for k, v in kinds.items() if k != "return"):
                    taking.add((kind, name))
    assert taking == set(CALLS)
