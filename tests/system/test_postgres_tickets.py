"""64 buyers for ten tickets on PostgreSQL, each for themselves: exactly ten, at most one each."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
from tests.booktown import BookTown, book_town_on
from tests.offices import member, office_on
from tests.system.approving import drafts, guarded, in_threads
from tests.system.test_approvals import check_ten, town_on

from szunion.application.bookings import Booked, Bookings
from szunion.domain.values import PersonId

pytestmark = pytest.mark.postgres

BUYERS = 64
TICKETS = 10


def sold(town: BookTown, people: list[PersonId]) -> Counter[str]:
    """Let everybody ask for the last ten at once; return what they were told."""
    offer = town.offer(TICKETS, hours=100)
    barrier, told = threading.Barrier(len(people)), list[str]()

    def buy(person: PersonId) -> None:
        barrier.wait(60)
        try:
            told.append(type(Bookings(town.office, member(person)).book(offer.id)).__name__)
        except BaseException as error:  # noqa: BLE001 - the test must hear of everything
            told.append(f"{type(error).__name__} {error}")

    threads = [threading.Thread(target=buy, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(told)


@pytest.fixture
def town(tmp_path: Path) -> BookTown:
    return book_town_on(office_on("postgres", tmp_path))


def rounds(town: BookTown, count: int) -> None:
    """Let 64 buy, so many times over: nobody is told of a ticket that is not there."""
    people = town.members(BUYERS)
    try:
        for _ in range(count):
            told = sold(town, people)
            assert told[Booked.__name__] == TICKETS, told
            assert sum(told.values()) == BUYERS
            assert not [word for word in told if "Error" in word or "Busy" in word], told
    finally:
        town.office.storage.close()


def test_64_buyers_of_ten_tickets_without_a_crowd(town: BookTown) -> None:
    rounds(town, 2)


@pytest.mark.soak
def test_64_buyers_of_ten_tickets_a_thousand_times(town: BookTown) -> None:
    rounds(town, 1_000)


@pytest.mark.soak
def test_64_approvals_on_a_budget_for_ten_a_thousand_times(tmp_path: Path) -> None:
    for number in range(1_000):
        folder = tmp_path / str(number)
        folder.mkdir()
        one = town_on("postgres", folder)
        found = in_threads(one.office, drafts(one, BUYERS, TICKETS), guarded)
        assert found == {"approved": TICKETS, "E-PAY-006": BUYERS - TICKETS}
        check_ten(one)
        one.office.storage.close()
