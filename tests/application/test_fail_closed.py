"""What cannot be logged does not happen: log and change are one commit (留痕与办理同一提交).

Fault F42, on each engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.offices import ENGINES, Town, applicant, engine_of, member, office_on, town_on
from tests.places import everything, unwritable

from szunion.adapters.storage.memory.core import MemoryAuditTrail
from szunion.adapters.storage.sql.core import SqlAuditTrail
from szunion.application.members import Members
from szunion.domain.identity import Mobile, PersonName
from szunion.domain.members import MembershipReason
from szunion.domain.organisations import OrganisationReason
from szunion.domain.values import PersonId
from szunion.errors import StorageFull, SzunionError

ON_DISK = ENGINES[1:]


@pytest.fixture(params=ON_DISK)
def kind(request: pytest.FixtureRequest) -> str:
    return engine_of(str(request.param))


@pytest.fixture
def town(kind: str, tmp_path: Path) -> Iterator[Town]:
    town = town_on(office_on(kind, tmp_path))
    yield town
    town.office.storage.close()


Action = Callable[[Town, PersonId], object]
ACTIONS: dict[str, Action] = {
    "admit": lambda town, _: town.admit(0, applicant(5)),
    "apply": lambda town, _: town.memberships(town.g(1)).apply(applicant(6), town.unions[1].id),
    "retain": lambda town, one: town.memberships(town.g(0)).retain(
        one, reason=MembershipReason.UNEMPLOYED
    ),
    "quit": lambda town, one: town.memberships(town.g(0)).quit(one, document="退会书1号"),
    "transfer": lambda town, one: town.transfers(member(one)).request(one, town.unions[1].id),
    "correct": lambda town, one: Members(town.office, town.g(0)).correct(
        one, name=PersonName("金丝雀改"), paper="更正1号"
    ),
    "mobile": lambda town, one: Members(town.office, town.g(0)).set_mobile(
        one, Mobile("19970707999")
    ),
    "suspend": lambda town, _: town.organisations(town.upper(0)).suspend(
        town.unions[0].id, reason=OrganisationReason.NO_COMMITTEE
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_that_cannot_be_logged_leaves_no_trace(
    town: Town, kind: str, name: str, tmp_path: Path
) -> None:
    """The log's table takes nothing more: the action fails, and not a row has changed."""
    person = town.admit(0, applicant(1))
    with unwritable(kind, tmp_path, "audit"):
        before = everything(kind, tmp_path)
        with pytest.raises(SzunionError):
            ACTIONS[name](town, person)
        assert everything(kind, tmp_path) == before
    ACTIONS[name](town, person)
    after = everything(kind, tmp_path)
    assert after != before
    assert len(after["audit"]) > len(before["audit"])


def full(*_: object, **__: object) -> None:
    raise StorageFull("E-STORE-002")


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("name", ACTIONS)
def test_a_log_that_fails_fails_the_action_on_each_store(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = town_on(office_on(kind, tmp_path))
    try:
        person = town.admit(0, applicant(1))
        with monkeypatch.context() as patched:
            for trail in (MemoryAuditTrail, SqlAuditTrail):
                for method in ("add", "add_many", "add_each", "add_step"):
                    patched.setattr(trail, method, full)
            with pytest.raises(StorageFull):
                ACTIONS[name](town, person)
        ACTIONS[name](town, person)  # nothing of the first try stands in the way
    finally:
        town.office.storage.close()
