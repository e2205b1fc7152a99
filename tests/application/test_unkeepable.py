"""What no engine keeps each refuses in the same words; what nobody can read the desk refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.offices import ENGINES, applicant, member, office_on, town_on

from szunion.adapters.storage.memory.storage import MemoryStorage
from szunion.application.consents import Consents
from szunion.application.members import Members
from szunion.application.office import Office
from szunion.application.treasury import Treasury
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.consent import ConsentPurpose, Proof
from szunion.domain.values import PersonId
from szunion.domain.words import MOST_WORDS, check_readable
from szunion.errors import InvalidInput

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


@pytest.mark.parametrize("text", ["", "同意书7", "一行\n两行\t", "　全角 空格", "𬱖䶮", "\ue000"])
def test_what_people_write_is_readable(text: str) -> None:
    check_readable(text)
