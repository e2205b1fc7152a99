"""Who wants limited stock and does not wait for the answer; a crowd that is authorised together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from attrs import evolve, field, frozen
from tests.booktown import BookTown, book_town_on
from tests.counting import counted
from tests.offices import engine, member, office_on, officer, operating, serving, town_on

from szunion.adapters.crowd import Combiner
from szunion.application.access import authorise, authorise_each
from szunion.application.bookings import Booked, Bookings, NotBooked, Outcome, Queued
from szunion.application.office import Alone, Office
from szunion.application.officers import Officers
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.bookings import BookingState, NoPlace
from szunion.domain.officers import Post
from szunion.domain.values import OfferId, OrganisationId, PersonId
from szunion.errors import NotAllowed, NotFound, StorageClosed
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
    assert "W-BOOKING-001 code=KeyError" in caplog.messages
    with pytest.raises(StorageClosed, match="E-STORE-038"):
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


@frozen
class Gathered(Alone):
    """A crowd that is decided when the test says so: all of it together."""

    waiting: list[tuple[Any, Any, Any]] = field(factory=list)

    def ask_soon(self, wish: Any, decide: Any, told: Any, /) -> None:
        self.waiting.append((wish, decide, told))

    def go(self) -> None:
        answers = self.waiting[0][1]([wish for wish, _, _ in self.waiting])
        for (_, _, told), answer in zip(self.waiting, answers, strict=True):
            told(answer)


def said(answer: Outcome | Exception) -> object:
    """Return an answer in short: what, which place or reason, and how many stand before."""
    match answer:
        case Booked(booking=booking):
            return "booked", booking.place
        case Queued(ahead=ahead):
            return "queued", ahead
        case NotBooked(reason=reason, yours=yours):
            return reason, len(yours)
        case _:
            return getattr(answer, "code", answer)


def test_a_crowd_that_wants_several_things_is_decided_as_each_would_be(town: BookTown) -> None:
    """Places, queues, quotas and refusals of four offers in one set; and all is kept and told."""
    people = town.members(5)
    (bare,) = town.cards.admit(1, start=5)  # without a card
    listed, last = town.offer(2, waiting_list=True).id, town.offer(1).id
    twice, later = town.offer(9, per_person=2).id, town.offer(9, opens_in=1).id
    a, b, c, d, e = map(member, people)
    asks: list[tuple[Principal, OfferId, PersonId | None, object]] = [
        (a, listed, None, ("booked", 1)),
        (b, last, None, ("booked", 1)),
        (c, listed, None, ("booked", 1)),
        (d, listed, None, ("queued", 0)),
        (a, last, None, (NoPlace.SOLD_OUT, 0)),
        (e, listed, None, ("queued", 1)),
        (a, listed, None, (NoPlace.QUOTA, 1)),
        (d, listed, None, (NoPlace.QUOTA, 1)),
        (a, twice, None, ("booked", 1)),
        (member(bare), twice, None, (NoPlace.NOT_ELIGIBLE, 0)),
        (a, twice, None, ("booked", 2)),
        (a, twice, None, (NoPlace.QUOTA, 2)),
        (b, later, None, (NoPlace.NOT_OPEN, 0)),
        (b, OfferId(1), None, "E-BOOKING-002"),
        (b, twice, people[2], "E-SERVICE-003"),
        (officer("hot", Role.HOTLINE, town.cards.town.city), twice, people[2], "E-ACCESS-011"),
    ]
    crowd, told = Gathered(), list[Outcome | Exception]()
    office = evolve(town.office, crowd=crowd)
    for by, offer, person, _ in asks:
        Bookings(office, by).book_soon(offer, told.append, person)  # type: ignore[arg-type]
    crowd.go()
    assert [said(answer) for answer in told] == [wanted for _, _, _, wanted in asks]

    made = [each.booking for each in told if isinstance(each, Booked | Queued)]
    states = [BookingState.WAITLISTED if isinstance(each, Queued) else BookingState.HELD
              for each in told if isinstance(each, Booked | Queued)]  # fmt: skip
    assert [town.state(booking) for booking in made] == states
    assert [town.taken(each) for each in (listed, last, twice, later)] == [2, 1, 2, 0]
    for person, letters in zip(
        people, [["held"] * 3, ["held"], ["held"], ["queued"], ["queued"]], strict=True
    ):
        new = [each for each in town.messages(person) if each.startswith("booking.")]
        assert new == [f"booking.{letter}" for letter in letters]

    def logged(work: UnitOfWork, scope: Scope) -> list[tuple[object, ...]]:
        return [
            (row.entry.subject, row.entry.person, row.actor, row.role, row.node, row.purpose,
             row.entry.action, row.entry.before, row.entry.after, row.at)
            for person in people for row in work.audit.of_person(scope, person)
            if row.entry.action.startswith("booking.")
        ]  # fmt: skip

    assert sorted(town.cards.look(logged)) == sorted(
        (made_.id, made_.person, by.id, Role.MEMBER, None, by.purpose,
         "booking.hold" if made_.state is BookingState.HELD else "booking.queue",
         "REQUESTED", made_.state.value, made_.asked)
        for by in (a, b, c, d, e) for made_ in made if made_.person == by.person
    )  # fmt: skip


def test_a_place_that_came_back_is_not_answered_as_sold_out(town: BookTown) -> None:
    """Nothing that a crowd saw is kept for the next: sold out, given back, sold again."""
    people = town.members(3)
    offer = town.offer(1)
    crowd = Combiner()
    office = evolve(town.office, crowd=crowd)
    desks = [Bookings(office, member(person)) for person in people]
    first = desks[0].book(offer.id)
    assert isinstance(first, Booked)
    for _ in range(3):
        assert isinstance(desks[1].book(offer.id), NotBooked)
    desks[0].cancel(first.booking.id)
    assert isinstance(desks[2].book(offer.id), Booked)
    assert isinstance(desks[1].book(offer.id), NotBooked)
    assert town.taken(offer.id) == 1
    crowd.close()


def test_what_a_set_asks_the_store_grows_neither_with_its_people_nor_with_its_offers(
    tmp_path: Path,
) -> None:
    town = book_town_on(office_on("sqlite", tmp_path))
    people = town.members(8)

    def asked(crowd_of: int, offers: int) -> Counter[str]:
        crowd = Gathered()
        office = evolve(town.office, crowd=crowd)
        stock = [town.offer(50, hours=100).id for _ in range(offers)]
        for offer in stock:
            for person in people[:crowd_of]:
                Bookings(office, member(person)).book_soon(offer, Queue[Any]().put)
        with counted() as names:
            crowd.go()
        return names

    small, large = asked(2, 1), asked(8, 4)
    assert small
    assert small == large
    town.office.storage.close()
