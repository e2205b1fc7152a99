"""64 buyers for ten tickets, each for themselves: exactly ten, at most one each.

Promise 31, on each engine.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from tests.at_once import ONE_EACH, SHARED, Crowd, Gate, crowd, patient
from tests.booktown import BookTown, book_town_on
from tests.offices import ENGINES, member, office_on

from szunion.adapters.storage.postgres.connection import Limits
from szunion.application.bookings import Booked, Bookings, NotBooked
from szunion.domain.values import OfferId, PersonId

BUYERS = 64
TICKETS = 10


def sold(town: BookTown, offer: OfferId, people: list[PersonId], by: Crowd) -> Counter[str]:
    """Let everybody ask for the last ten at once; return what they were told."""

    def buy(person: PersonId, gate: Gate) -> str:
        gate()
        return type(Bookings(town.office, member(person)).book(offer)).__name__

    return by.act([partial(buy, person) for person in people])


def town_on(kind: str, folder: Path, limits: Limits | None = None) -> BookTown:
    return book_town_on(office_on(kind, folder, limits=limits))


def rounds(town: BookTown, count: int) -> None:
    """Let 64 buy, so many times over: nobody is told of a ticket that is not there.

    They keep their threads, and each thread its connection: a round is 64 requests and no more.
    """
    people = town.members(BUYERS)
    with crowd(BUYERS) as all_:
        for _ in range(count):
            offer = town.offer(TICKETS, hours=100)
            told = sold(town, offer.id, people, all_)
            assert told == {Booked.__name__: TICKETS, NotBooked.__name__: BUYERS - TICKETS}
            holders = [each.person for each in town.bookings(offer, people) if each.takes_a_place]
            assert len(set(holders)) == len(holders) == town.taken(offer.id) == TICKETS


@pytest.mark.parametrize("kind", ENGINES)
def test_64_buyers_of_ten_tickets_without_a_crowd(kind: str, tmp_path: Path) -> None:
    town = town_on(kind, tmp_path)
    rounds(town, 2)
    town.office.storage.close()


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("kind", ENGINES)
def test_64_buyers_of_ten_tickets_a_thousand_times(
    kind: str, part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In slices, each in a town of its own; in the first each buyer has a connection."""
    patient(monkeypatch)
    town = town_on(kind, tmp_path, SHARED if part else ONE_EACH)
    rounds(town, 100)
    town.office.storage.close()
