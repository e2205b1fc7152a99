"""Two files that were one person are erased as one: nothing of either is left, nor kept longer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.application.everything import rights_officer
from tests.canaries import canary
from tests.cardtown import CardTown, card_town_on
from tests.offices import ENGINES, clock_of, office_on

from szunion.adapters.storage.memory.storage import MemoryStorage
from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.application.duplicates import Duplicates
from szunion.application.members import Members
from szunion.application.rights import Rights
from szunion.domain.access import Operation
from szunion.domain.rights import Fate, RequestKind
from szunion.domain.values import PersonId
from szunion.errors import NotFound

SECRETS = (
    "SELECT sealed FROM person WHERE person_id = ?",
    "SELECT salt FROM person_salt WHERE person_id = ?",
    "SELECT blind FROM person_document WHERE person_id = ?",
    "SELECT blind FROM person_mobile WHERE person_id = ?",
)


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CardTown]:
    made = card_town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def secrets(storage: SqliteStorage, person: PersonId) -> list[bytes]:
    """Return the bytes by which a file is opened or found."""
    connection = sqlite3.connect(storage.path)
    found = [row[0] for sql in SECRETS for row in connection.execute(sql, (person,))]
    connection.close()
    return found


def ended(place: CardTown) -> tuple[PersonId, PersonId]:
    """Return two files with a card each that were merged, and of which all has come to its end."""
    kept = place.activate(place.admit(2))
    first, second = (each.person for each in kept)
    proposal = Duplicates(place.office, place.town.c1).merge(second, into=first, document="核查1号")
    Duplicates(place.office, place.town.c2).confirm(proposal.id)
    place.run()
    place.town.memberships(place.town.g(0)).quit(first, document="退会申请1")
    place.run()
    for each in kept:
        place.bank.simulate.close(each.card.ref)
    place.run()
    place.pass_time(days=400)  # the covers of the cards' plan are over
    return first, second


def erase(place: CardTown, person: PersonId) -> None:
    desk = Rights(place.office, rights_officer("rights-1"))
    asked = desk.ask(person, RequestKind.ERASE, paper="申请9")
    desk.verify(asked.id, "当面核对身份证")
    assert desk.preview(person).against == ()
    Rights(place.office, rights_officer("rights-2")).erase(asked.id)


def left(place: CardTown, person: PersonId) -> list[object]:
    """Return cards, applications and consents that are still kept of a file."""
    return [
        each
        for noun in ("cards", "rows", "consents")
        for each in place.office.storage.read(
            lambda work, noun=noun: getattr(work, noun).of_person(  # type: ignore[misc]
                authorise(work, place.town.c1, Operation.CONSENT_WRITE), person
            )
        )
    ]


def test_an_erasure_leaves_no_trace_of_either_file(place: CardTown, tmp_path: Path) -> None:
    first, second = ended(place)
    storage = place.office.storage
    before = []
    if isinstance(storage, SqliteStorage):
        before = secrets(storage, first) + secrets(storage, second)
        assert len(before) >= 2 * len(SECRETS) - 1
    if isinstance(storage, MemoryStorage):
        assert {first, second} <= storage._tables.people.people.rows.keys()
    erase(place, first)

    look = Members(place.office, place.town.c1)
    for index in (0, 1):
        assert look.find(canary(index).number) is None
        assert look.by_mobile(canary(index).mobile) == []
    for person in (first, second):
        with pytest.raises(NotFound, match="E-ACCESS-002"):
            look.get(person)
    if isinstance(storage, SqliteStorage):
        storage.checkpoint()
        files = [file.read_bytes() for file in tmp_path.iterdir() if file.is_file()]
        assert [secret for secret in before if any(secret in data for data in files)] == []
    if isinstance(storage, MemoryStorage):
        people = storage._tables.people
        assert (people.people.rows, people.documents.rows) == ({}, {})


def test_what_is_kept_of_either_file_goes_when_its_term_is_over(place: CardTown) -> None:
    first, second = ended(place)
    assert left(place, second), "else nothing is tried"
    erase(place, first)
    assert left(place, first)
    desk = Rights(place.office, rights_officer())
    for _ in range(5):
        clock_of(place.office).advance(days=366)
        desk.sweep()
    assert (left(place, first), left(place, second)) == ([], [])
    for person in (first, second):
        told = desk.erased(person)
        assert told is not None
        assert told.next_due is None or all(
            line.fate is Fate.DESTROYED or line.until is None or line.until >= told.next_due
            for line in told.lines
        )
