"""64 buyers for ten tickets, each for themselves: exactly ten, at most one each.

Promise 31, on each engine.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.booktown import BookTown, book_town_on
from tests.offices import ENGINES, member, office_on

from szunion.application.bookings import Booked, Bookings
from szunion.domain.values import OfferId, PersonId

BUYERS = 64
TICKETS = 10


def sold(town: BookTown, offer: OfferId, people: list[PersonId]) -> Counter[str]:
    """Let everybody ask for the last ten at once; return what they were told."""
    barrier, told = threading.Barrier(len(people)), list[str]()

    def buy(person: PersonId) -> None:
        barrier.wait(60)
        try:
            told.append(type(Bookings(town.office, member(person)).book(offer)).__name__)
        except BaseException as error:  # noqa: BLE001 - the test must hear of everything
            told.append(f"{type(error).__name__} {error}")

    threads = [threading.Thread(target=buy, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(told)


@pytest.fixture(params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BookTown]:
    made = book_town_on(office_on(request.param, tmp_path))
    yield made
    made.office.storage.close()


def rounds(town: BookTown, count: int) -> None:
    """Let 64 buy, so many times over: nobody is told of a ticket that is not there."""
    people = town.members(BUYERS)
    for _ in range(count):
        offer = town.offer(TICKETS, hours=100)
        told = sold(town, offer.id, people)
        assert told[Booked.__name__] == TICKETS, told
        assert sum(told.values()) == BUYERS
        assert not [word for word in told if "Error" in word or "Busy" in word], told
        holders = [each.person for each in town.bookings(offer, people) if each.takes_a_place]
        assert len(set(holders)) == len(holders) == town.taken(offer.id) == TICKETS


def test_64_buyers_of_ten_tickets_without_a_crowd(town: BookTown) -> None:
    rounds(town, 2)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
def test_64_buyers_of_ten_tickets_a_thousand_times(town: BookTown, part: int) -> None:
    """In slices, each in a town of its own."""
    assert part in range(10)
    rounds(town, 100)
