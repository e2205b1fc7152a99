"""What no engine keeps each refuses in the same words; what nobody can read the desk refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve
from tests.offices import ENGINES, applicant, member, office_on, serving, town_on

from szunion.adapters.storage.memory.storage import MemoryStorage
from szunion.application.bookings import Bookings
from szunion.application.consents import Consents
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.organisations import NewUnion
from szunion.application.treasury import Treasury
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.consent import ConsentPurpose, Proof
from szunion.domain.organisations import OrganisationKind
from szunion.domain.readable import MOST_NAME, MOST_WORDS, check_readable
from szunion.domain.values import PersonId
from szunion.errors import InvalidInput
from szunion.text import Text

HALF = "\ud800"
"""Half of a character, as JSON may spell it: no text in any encoding."""


@pytest.fixture(params=ENGINES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    made = office_on(request.param, tmp_path)
    yield made
    made.storage.close()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(InvalidInput) as caught:
        act()
    assert HALF not in repr(caught.value)
    return caught.value.code


def test_half_a_character_is_no_question(office: Office) -> None:
    if isinstance(office.storage, MemoryStorage):
        pytest.skip("dictionaries look for anything")
    town = town_on(office)
    assert refused(lambda: town.organisations(town.c1).find(HALF)) == "E-VALUE-004"
    money = Treasury(office, Principal(id="f", role=Role.FINANCE, purpose=Purpose.PAY))
    assert refused(lambda: money.budget(HALF, 2018)) == "E-VALUE-004"


def test_a_number_beyond_all_columns_is_no_question(office: Office) -> None:
    if isinstance(office.storage, MemoryStorage):
        pytest.skip("dictionaries look for anything")
    town = town_on(office)
    money = Treasury(office, Principal(id="f", role=Role.FINANCE, purpose=Purpose.PAY))
    for year in (1 << 64, 10**30):
        assert refused(partial(money.budget, "gp-maternity", year)) == "E-VALUE-004"
    assert refused(lambda: Members(office, town.c1).get(PersonId(10**30))) == "E-VALUE-004"


def test_what_proves_a_consent_is_readable_and_has_an_end(office: Office) -> None:
    town = town_on(office)
    person = town.admit(0, applicant(1))
    desk = Consents(office, member(person))
    for proof in (
        Proof(device="a\0b"), Proof(login="x" * (MOST_WORDS + 1)), Proof(image="\u202e1"),
        Proof(paper=HALF),
    ):  # fmt: skip
        code = refused(partial(desk.give, person, ConsentPurpose.INSURER, proof=proof))
        assert code == "E-VALUE-002"
    assert not desk.history(person)


def test_what_stands_in_the_log_is_readable_and_has_an_end(office: Office) -> None:
    town = town_on(office)
    person = town.admit(0, applicant(1))
    desk = Consents(office, town.g(0))
    for paper in ("同意书\0", "同意书\u202e7", "书" * (MOST_WORDS + 1)):
        code = refused(partial(desk.enter, [person], ConsentPurpose.BANK, paper=paper))
        assert code == "E-VALUE-002"


@pytest.mark.parametrize(
    "name", ["", "　", "甲\n乙", "甲\x1b[2J", "甲\u202e乙", "甲\0", HALF, "甲" * (MOST_NAME + 1)]
)
def test_a_union_and_an_offer_are_called_by_one_line_of_text(office: Office, name: str) -> None:
    town = town_on(office)
    unions = town.organisations(town.c1)
    form = NewUnion(
        code="440305-77", name="示例工会", kind=OrganisationKind.GRASSROOTS, parent_code="440305"
    )
    for wrong in (evolve(form, name=name), evolve(form, code=name)):
        many = partial(unions.register_many, [wrong], document="批准书")
        assert refused(many) == "E-VALUE-002"
    offers = Bookings(office, serving(town.c1))
    now = office.clock.now()
    put_up = partial(
        offers.put_up, "cu-events", Text("音乐会", name),
        stock=1, opens=now, closes=now + timedelta(days=1),
    )  # fmt: skip
    assert refused(put_up) == "E-VALUE-002"
    assert not offers.open()


@pytest.mark.parametrize("text", ["", "同意书7", "一行\n两行\t", "　全角 空格", "𬱖䶮", "\ue000"])
def test_what_people_write_is_readable(text: str) -> None:
    check_readable(text)
