"""Who wants limited stock and does not wait for the answer; a crowd that is authorised together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Queue

import pytest
from attrs import evolve
from tests.booktown import BookTown, book_town_on
from tests.offices import engine, member, officer, operating, serving, town_on

from szunion.adapters.crowd import Combiner
from szunion.application.access import authorise, authorise_each
from szunion.application.bookings import Booked, Bookings, NotBooked, Outcome
from szunion.application.office import Alone, Office
from szunion.application.officers import Officers
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.officers import Post
from szunion.domain.values import OfferId, OrganisationId, PersonId
from szunion.errors import NotAllowed, NotFound, StorageBusy
from szunion.ports.storage import UnitOfWork


@pytest.fixture
def town(office: Office) -> BookTown:
    return book_town_on(office)


def test_who_hands_in_is_told_after_the_commit(town: BookTown) -> None:
    """With a crowd and without: the answer is a place, and the place is in the store by then."""
    people = town.members(3)
    told: Queue[tuple[Outcome, int]] = Queue()

    def hear(offer: OfferId, answer: Callable[[], Outcome]) -> None:
        told.put((answer(), town.taken(offer)))

    for crowd in (Combiner(), Alone()):
        office = evolve(town.office, crowd=crowd)
        offer = town.offer(2)
        for person in people:
            Bookings(office, member(person)).book_soon(offer.id, partial(hear, offer.id))
        outcomes = [told.get(timeout=60) for _ in people]
        crowd.close()
        assert [type(outcome) for outcome, _ in outcomes] == [Booked, Booked, NotBooked]
        assert outcomes[-1][1] == 2
        assert all(taken for _, taken in outcomes)


def test_what_stands_in_the_way_is_raised_where_the_answer_is_taken(town: BookTown) -> None:
    (person,) = town.members(1)
    crowd = Combiner()
    told: Queue[Callable[[], Outcome]] = Queue()
    Bookings(evolve(town.office, crowd=crowd), member(person)).book_soon(OfferId(1), told.put)
    answer = told.get(timeout=60)
    crowd.close()
    with pytest.raises(NotFound, match="E-BOOKING-002"):
        answer()


def test_nobody_can_be_asked_for(town: BookTown) -> None:
    told: Queue[Callable[[], Outcome]] = Queue()
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        Bookings(town.office, town.provider).book_soon(OfferId(1), told.put)
    assert told.empty()


def test_a_receiver_that_fails_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    crowd = Combiner()
    told: Queue[int] = Queue()

    def breaks(_: Callable[[], int]) -> None:
        raise KeyError

    crowd.ask_soon(1, list, breaks)
    crowd.ask_soon(2, list, lambda answer: told.put(answer()))
    assert told.get(timeout=60) == 2
    assert crowd.ask(3, list) == 3
    crowd.close()
    assert "W-BOOKING-001 kind=KeyError" in caplog.messages
    with pytest.raises(StorageBusy, match="E-BOOKING-001"):
        crowd.ask_soon(4, list, breaks)


def test_a_crowd_is_authorised_as_each_of_it_would_be(office: Office) -> None:
    """Whoever they are and in whatever order: the same scopes, and the same reasons against."""
    town = town_on(office)
    registry = Officers(office, operating(town.c1))
    left = registry.appoint("left", Role.GRASSROOTS, town.unions[0].id)
    registry.appoint("stays", Role.GRASSROOTS, town.unions[0].id)
    assert isinstance(left, Post)
    registry.leave(left.id, why="调离")
    posts = [serving(officer(name, Role.GRASSROOTS, town.unions[0])) for name in ("stays", "left")]
    people = [
        *posts, *posts, evolve(posts[0], acting_for="left"), evolve(town.g(0), ticket=7),
        member(PersonId(1)), member(PersonId(2)), member(PersonId(1)), engine(),
        serving(town.g(0)), serving(town.g(1)), serving(town.upper(0)), town.g(0),
        Principal(id="m", role=Role.MEMBER, purpose=serving(town.g(0)).purpose),
        officer("hot", Role.HOTLINE, town.city), officer("lost", Role.PROVIDER, OrganisationId(9)),
        officer("door", Role.PROVIDER, town.unions[2]), member(PersonId(3)),
    ]  # fmt: skip

    def one(work: UnitOfWork, by: Principal, operation: Operation) -> Scope | str:
        try:
            return authorise(work, by, operation)
        except NotAllowed as error:
            return error.code

    def same(work: UnitOfWork) -> None:
        for operation in Operation:
            for crowd in (people, people[::-1]):
                each = [one(work, by, operation) for by in crowd]
                found = authorise_each(work, crowd, operation)
                assert [no.code if isinstance(no, NotAllowed) else no for no in found] == each

    office.storage.read(same)
