"""Limited stock from opening to use: who gets a place, who waits, and what gives a place back."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.booktown import BookTown, book_town_on
from tests.offices import applicant, engine, member, on_call

from szunion.adapters.crowd import Combiner
from szunion.application.access import authorise
from szunion.application.booking_deadlines import BookingDeadlines
from szunion.application.bookings import Booked, Bookings, NotBooked, Queued
from szunion.application.office import Office
from szunion.application.standing import asked_together, free_people, standing_of
from szunion.domain.access import Operation
from szunion.domain.bookings import Booking, BookingState, NoPlace, may_be_put_up
from szunion.domain.catalogue import Eligibility, Mode, ServiceKind
from szunion.domain.eligibility import Ineligible
from szunion.domain.holds import HoldReason
from szunion.domain.identity import Gender
from szunion.domain.members import MembershipReason
from szunion.domain.participation import Means, Outcome, standing
from szunion.domain.use import Locked
from szunion.domain.values import BookingId, OfferId, PersonId, shard_of
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound, StorageBusy, StorageClosed
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

_S = BookingState


@pytest.fixture
def town(office: Office) -> BookTown:
    return book_town_on(office)


@pytest.fixture
def full_town(town: BookTown) -> tuple[BookTown, list[PersonId]]:
    return town, town.members(6)


def reason(answer: object) -> NoPlace:
    assert isinstance(answer, NotBooked), answer
    return answer.reason


# --- asking --------------------------------------------------------------------------------


def test_m14_a_member_books_confirms_and_is_let_in_and_it_is_recorded(town: BookTown) -> None:
    """M09 and M14: from the menu to the participation record, with nothing typed in."""
    (person,) = town.members(1)
    offer = town.offer(3)
    booking = town.held(offer, person)
    assert booking.confirm_by is not None
    confirmed = town.desk(person).confirm(booking.id)
    assert confirmed.code.startswith("b_")
    assert town.desk(person).confirm(booking.id) == confirmed, "a double tap gives the same code"
    record = town.desk(town.provider).check_in(booking.id, means=Means.CERTIFICATE)
    assert (record.outcome, record.item, record.category) == (
        Outcome.TOOK_PART, offer.item, "culture",
    )  # fmt: skip
    assert record.organisation == town.cards.town.unions[0].id
    assert record.author == "door-1"
    assert town.state(booking) is _S.USED
    assert town.taken(offer.id) == 1
    assert {"booking.held", "booking.confirmed"} <= set(town.messages(person))
    log = [entry.action for entry in town.cards.log_of(person) if entry.action.startswith("book")]
    assert log == ["booking.hold", "booking.confirm", "booking.check_in"]


def test_what_a_set_has_of_an_offer_is_what_counts(town: BookTown) -> None:
    """Whoever gave a place back, or let one lapse, may ask anew; other offers are no matter."""
    first, second = town.members(2)
    offer, other = town.offer(20), town.offer(20)

    def kept(work: UnitOfWork, offer: OfferId, place: int, state: BookingState) -> Booking:
        id_ = BookingId(work.ids.new(shard_of(first)))
        return Booking(
            id=id_, offer=offer, person=first, place=place, state=state, asked=work.now
        )  # fmt: skip

    def keep(work: UnitOfWork) -> Sequence[Booking]:
        scope = authorise(work, engine(), Operation.BOOKING_WRITE)
        states = [state for state in _S if state is not _S.REQUESTED]  # that one is never kept
        mine = [kept(work, offer.id, place, state) for place, state in enumerate(states, start=1)]
        work.bookings.add_many(scope, [*mine, kept(work, other.id, 1, _S.HELD)])
        return mine

    mine = town.office.storage.run(keep)
    asked = {offer.id: [first, second]}
    found = town.cards.look(lambda work, scope: work.bookings.of_people(scope, asked))
    assert {key: list(had) for key, had in found.items()} == {
        (offer.id, first): [each for each in mine if each.counts]
    }
    assert len(mine) > len(found[offer.id, first]) == 5


def test_a_second_request_is_told_of_the_first(town: BookTown) -> None:
    """A caller whose line broke asks again, or looks it up: there is one booking."""
    (person,) = town.members(1)
    offer = town.offer(3)
    booking = town.held(offer, person)
    again = town.desk(person).book(offer.id)
    assert isinstance(again, NotBooked)
    assert again.reason is NoPlace.QUOTA
    assert [each.id for each in again.yours] == [booking.id]
    assert [each.id for each in town.desk(person).of_person()] == [booking.id]
    assert town.taken(offer.id) == 1


def test_policy_may_give_a_member_more_than_one(town: BookTown) -> None:
    (person,) = town.members(1)
    offer = town.offer(5, per_person=2)
    places = [town.held(offer, person).place for _ in range(2)]
    assert places == [1, 2]
    assert reason(town.desk(person).book(offer.id)) is NoPlace.QUOTA


def test_it_opens_and_closes_when_it_was_said(town: BookTown) -> None:
    (person,) = town.members(1)
    offer = town.offer(3, opens_in=1, hours=2)
    assert reason(town.desk(person).book(offer.id)) is NoPlace.NOT_OPEN
    town.cards.clock.advance(hours=1)
    booking = town.held(offer, person)
    town.desk(person).cancel(booking.id)
    town.cards.clock.advance(hours=1)
    assert reason(town.desk(person).book(offer.id)) is NoPlace.OVER


def test_sold_out_is_a_value_and_leaves_no_row(town: BookTown) -> None:
    people = town.members(2)
    offer = town.offer(1)
    town.held(offer, people[0])
    answer = town.desk(people[1]).book(offer.id)
    assert answer == NotBooked(reason=NoPlace.SOLD_OUT)
    assert town.bookings(offer, people[1:]) == []


def test_m16_who_may_not_is_told_everything_that_stands_against_it(town: BookTown) -> None:
    """M16: nothing but membership, real name and card is asked; each reason is named."""
    (person, unbound) = town.cards.admit(2)
    town.cards.activate([person, unbound])
    town.bind(0)
    offer = town.offer(3)
    answer = town.desk(unbound).book(offer.id)
    assert isinstance(answer, NotBooked)
    assert (answer.reason, answer.against) == (NoPlace.NOT_ELIGIBLE, (Ineligible.REAL_NAME,))
    kept = town.cards.card(person)
    town.cards.cards().lock(kept.id, HoldReason.DATA_DOUBT)
    locked = town.desk(person).book(offer.id)
    assert isinstance(locked, NotBooked)
    assert locked.reason is NoPlace.CARD_NOT_USABLE
    assert Locked in {type(why) for why in locked.against}
    nobody = town.cards.admit(1, start=2)[0]
    refused = town.desk(nobody).book(offer.id)
    assert reason(refused) is NoPlace.NOT_ELIGIBLE


def test_a_union_only_item_and_the_other_sex_are_refused_with_the_reason(town: BookTown) -> None:
    people = town.members(2)
    sexes = [applicant(index).document.gender() for index in range(2)]
    assert len(set(sexes)) == 2, "one of each"
    catalogue, yoga = town.office.catalogue, "fi-yoga"
    items = tuple(
        evolve(each, eligibility=Eligibility(gender=Gender.FEMALE)) if each.id == yoga else each
        for each in catalogue.items
    )
    city = evolve(town.office, catalogue=evolve(catalogue, items=items))
    offer = town.offer(3, item=yoga)
    answers = [Bookings(city, member(person)).book(offer.id) for person in people]
    refused = [answer for answer in answers if isinstance(answer, NotBooked)]
    assert [answer.against for answer in refused] == [(Ineligible.GENDER,)]


def test_nobody_books_for_somebody_else_but_the_hotline(town: BookTown) -> None:
    people = town.members(2)
    offer = town.offer(3)
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        town.desk(people[0]).book(offer.id, people[1])
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        town.desk(town.provider).book(offer.id, people[1])
    with pytest.raises(NotFound, match="E-BOOKING-002"):
        town.desk(people[0]).book(OfferId(5))
    hotline = on_call(town.office, people[1])
    answer = Bookings(town.office, hotline).book(offer.id, people[1])
    assert isinstance(answer, Booked)
    with pytest.raises(NotFound, match="E-BOOKING-003"):
        town.desk(people[0]).cancel(answer.booking.id)
    with pytest.raises(NotFound, match="E-BOOKING-003"):
        town.desk(people[0]).cancel(BookingId(1))


def test_what_contradicts_itself_is_not_put_up(town: BookTown) -> None:
    desk, now = town.desk(town.cards.town.c1), town.cards.clock.now()
    title = Text("活动", "event")
    with pytest.raises(InvalidInput, match="E-BOOKING-004"):
        desk.put_up("cu-events", title, stock=0, opens=now, closes=now)
    with pytest.raises(InvalidInput, match="E-BOOKING-004"):
        desk.put_up("cu-events", title, stock=1, opens=now, closes=now)
    with pytest.raises(NotFound, match="E-SERVICE-002"):
        town.offer(1, item="no-such-item")


def test_only_what_members_ask_for_themselves_and_has_places_is_put_up(town: BookTown) -> None:
    taken, refused = set[ServiceKind](), set[ServiceKind | Mode]()
    for item in town.office.catalogue.menu:
        if may_be_put_up(item):
            assert item.mode is Mode.INDIVIDUAL
            assert town.offer(1, item=item.id).item == item.id
            taken.add(item.kind)
            continue
        with pytest.raises(InvalidInput, match="E-BOOKING-010"):
            town.offer(1, item=item.id)
        refused.add(item.kind if item.mode is Mode.INDIVIDUAL else item.mode)
    assert taken == {
        ServiceKind.BOOKING, ServiceKind.ENROLMENT, ServiceKind.DISCOUNT, ServiceKind.ACCOUNT,
    }  # fmt: skip
    assert refused == {
        ServiceKind.COVER, ServiceKind.CASE, ServiceKind.GRANT,
        Mode.UNION, Mode.BANK, Mode.COLLECTIVE,
    }  # fmt: skip


# --- giving back ---------------------------------------------------------------------------


def test_a_place_given_back_goes_to_the_next_in_the_queue(town: BookTown) -> None:
    people = town.members(4)
    offer = town.offer(1, waiting_list=True)
    first = town.held(offer, people[0])
    queue = [town.desk(person).book(offer.id) for person in people[1:]]
    assert [answer.ahead for answer in queue if isinstance(answer, Queued)] == [0, 1, 2]
    assert reason(town.desk(people[1]).book(offer.id)) is NoPlace.QUOTA
    town.desk(people[0]).cancel(first.id)
    (second,) = town.bookings(offer, [people[1]])
    assert second.state is _S.HELD
    assert "booking.promoted" in town.messages(people[1])
    assert town.taken(offer.id) == 1
    # one in the queue is locked meanwhile: passed over, and keeps the place in the queue
    town.cards.cards().lock(town.cards.card(people[2]).id, HoldReason.DATA_DOUBT)
    town.desk(people[1]).cancel(second.id)
    states = [town.bookings(offer, [person])[0].state for person in people]
    assert states == [_S.CANCELLED, _S.CANCELLED, _S.WAITLISTED, _S.HELD]
    assert town.taken(offer.id) == 1


def test_a_place_not_confirmed_lapses_and_goes_on(town: BookTown) -> None:
    people = town.members(2)
    offer = town.offer(1, waiting_list=True, hours=48)
    first = town.held(offer, people[0])
    town.desk(people[1]).book(offer.id)
    town.cards.clock.advance(hours=24)
    with pytest.raises(Conflict, match="E-BOOKING-005"):
        town.desk(people[0]).confirm(first.id)
    town.cards.run()
    assert town.state(first) is _S.EXPIRED
    (second,) = town.bookings(offer, [people[1]])
    assert second.state is _S.HELD
    assert "booking.lapsed" in town.messages(people[0])
    town.desk(people[1]).cancel(second.id)
    assert town.taken(offer.id) == 0
    assert isinstance(town.desk(people[0]).book(offer.id), Booked), "and may be booked again"


def test_what_is_over_leaves_no_shows_and_closed_queues(town: BookTown) -> None:
    """M09: not coming is recorded as well, and corrected by two persons, never overwritten."""
    people = town.members(2)
    offer = town.offer(1, waiting_list=True, hours=2)
    booking = town.held(offer, people[0])
    town.desk(people[0]).confirm(booking.id)
    town.desk(people[1]).book(offer.id)
    town.cards.pass_time(hours=2)
    (waited,) = town.bookings(offer, [people[1]])
    assert waited.state is _S.EXPIRED
    town.cards.pass_time(hours=3)
    assert town.state(booking) is _S.NO_SHOW
    assert {"booking.missed"} <= set(town.messages(people[0]))
    with pytest.raises(Conflict, match="E-STATE-001"):
        town.desk(town.provider).check_in(booking.id)
    proposal = town.desk(town.provider).propose_correction(booking.id, "扫码器故障，签到表在案")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        town.desk(town.provider).confirm_correction(proposal.id)
    town.desk(town.provider2).confirm_correction(proposal.id)
    assert town.state(booking) is _S.USED
    records = town.cards.look(lambda work, scope: work.participations.of_person(scope, people[0]))
    assert [each.outcome for each in records] == [Outcome.NO_SHOW, Outcome.TOOK_PART]
    assert [each.outcome for each in standing(records)] == [Outcome.TOOK_PART]


def test_a_late_scan_and_a_late_correction_are_refused(town: BookTown) -> None:
    (person,) = town.members(1)
    offer = town.offer(1, hours=2)
    booking = town.held(offer, person)
    town.desk(person).confirm(booking.id)
    town.cards.clock.advance(hours=5)
    with pytest.raises(Conflict, match="E-BOOKING-006"):
        town.desk(town.provider).check_in(booking.id)
    with pytest.raises(Conflict, match="E-BOOKING-006"):
        town.desk(person).cancel(booking.id)
    town.cards.run()
    town.cards.clock.advance(days=8)
    with pytest.raises(Conflict, match="E-BOOKING-007"):
        town.desk(town.provider).propose_correction(booking.id, "late")


def test_a_provider_cancels_with_a_reason(town: BookTown) -> None:
    (person,) = town.members(1)
    offer = town.offer(1)
    booking = town.held(offer, person)
    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        town.desk(town.provider).call_off(booking.id, "场地停电")
    town.desk(person).confirm(booking.id)
    with pytest.raises(InvalidInput, match="E-BOOKING-008"):
        town.desk(town.provider).call_off(booking.id, " ")
    assert town.desk(town.provider).call_off(booking.id, "场地停电").state is _S.CANCELLED
    assert town.taken(offer.id) == 0


# --- many at once ----------------------------------------------------------------------------


def together(town: BookTown, offer: OfferId, people: Sequence[PersonId]) -> list[Any]:
    """Let everybody ask at the same moment, each in a thread; return the answers."""
    answers: list[Any] = [None] * len(people)
    start = Barrier(len(people))

    def ask(at: int) -> None:
        desk = town.desk(people[at])
        start.wait()
        answers[at] = desk.book(offer)

    threads = [Thread(target=ask, args=(at,)) for at in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("combined", [True, False])
def test_64_threads_book_the_last_10_tickets(town: BookTown, *, combined: bool) -> None:
    """Exactly ten are sold, at most one each: with a crowd and without."""
    crowd = Combiner() if combined else town.office.crowd
    busy = BookTown(cards=evolve(
        town.cards, town=evolve(town.cards.town, office=evolve(town.office, crowd=crowd))
    ))  # fmt: skip
    people = busy.members(32)
    offer = busy.offer(10)
    answers = together(busy, offer.id, people * 2)
    sold = [answer.booking.person for answer in answers if isinstance(answer, Booked)]
    assert len(sold) == len(set(sold)) == 10
    others = {reason(answer) for answer in answers if not isinstance(answer, Booked)}
    assert others <= {NoPlace.SOLD_OUT, NoPlace.QUOTA}
    assert busy.taken(offer.id) == 10
    assert len([each for each in busy.bookings(offer, people) if each.takes_a_place]) == 10


def test_the_bulk_way_of_asking_and_the_single_one_agree(town: BookTown) -> None:
    """Whoever the store calls clean is found free one by one; the store misses nobody who is."""
    people = town.members(6)
    people += town.cards.admit(2, start=6)  # without a card
    half = town.cards.admit(1, start=8)
    town.cards.activate(half)  # without a bound account
    people += half
    town.cards.cards().lock(town.cards.card(people[0]).id, HoldReason.DATA_DOUBT)
    town.cards.bank.simulate.report_loss(town.cards.card(people[1]).card.ref)
    town.cards.run()
    town.cards.town.memberships(town.cards.town.g(0)).quit(people[2], document="退会申请")
    town.cards.town.memberships(town.cards.town.g(0)).retain(
        people[3], reason=MembershipReason.RETIRED
    )
    item = town.office.catalogue.item("cu-events")
    assert item is not None
    assert asked_together(town.office, item)

    def both(work: Any, scope: Any) -> tuple[set[PersonId], set[PersonId]]:
        free = free_people(town.office, work, scope, people)
        single = {
            person for person in people
            if standing_of(
                town.office, work, scope, person, item, level=3, with_card=True
            ).free
        }  # fmt: skip
        return set(free), single

    free, single = town.cards.look(both)
    assert free <= single
    assert people[4] in single
    if type(town.office.storage).__name__ != "MemoryStorage":
        assert free == single


@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=25))
def test_the_stock_is_what_is_held_whatever_happens(
    full_town: tuple[BookTown, list[PersonId]], steps: list[tuple[int, int]]
) -> None:
    """After any history: places taken = bookings that take one, never more than the stock."""
    town, people = full_town
    offer = town.offer(2, waiting_list=True, hours=1000)
    for act, who in steps:
        person = people[who]
        mine = [each for each in town.bookings(offer, [person]) if each.counts]
        match act:
            case 0:
                town.desk(person).book(offer.id)
            case 1 if mine and mine[0].state is _S.HELD and mine[0].confirm_by:
                if town.cards.clock.now() < mine[0].confirm_by:
                    town.desk(person).confirm(mine[0].id)
            case 2 if mine and mine[0].state in {_S.HELD, _S.CONFIRMED, _S.WAITLISTED}:
                town.desk(person).cancel(mine[0].id)
            case 3 if mine and mine[0].state is _S.CONFIRMED:
                town.desk(town.provider).check_in(mine[0].id)
            case 4:
                town.cards.clock.advance(hours=who * 6)
                BookingDeadlines(town.office, town.cards.worker.by).keep()
            case _:
                pass
        every = town.bookings(offer, people)
        assert town.taken(offer.id) == sum(each.takes_a_place for each in every) <= 2
        assert all(sum(b.counts for b in every if b.person == each) <= 1 for each in people)


def test_more_than_may_wait_are_asked_to_come_again() -> None:
    """F44: the queue is bounded; who comes too late is told so at once, and it is retryable."""
    crowd = Combiner(waiting=1)
    inside, go = Barrier(2), Barrier(2)
    refused: list[StorageBusy] = []

    def slow(wishes: Sequence[int]) -> list[int]:
        if wishes == [0]:
            inside.wait()
            go.wait()
        return list(wishes)

    leader = Thread(target=crowd.ask, args=(0, slow))
    leader.start()
    inside.wait()
    follower = Thread(target=crowd.ask, args=(1, slow))
    follower.start()
    while not crowd._queue:
        pass
    try:
        crowd.ask(2, slow)
    except StorageBusy as error:
        refused.append(error)
    go.wait()
    leader.join()
    follower.join()
    assert [error.code for error in refused] == ["E-BOOKING-001"]
    assert refused[0].retry
    assert crowd.ask(3, slow) == 3


def test_one_wish_that_breaks_breaks_alone() -> None:
    crowd = Combiner()
    inside, go = Barrier(2), Barrier(2)
    answers: dict[int, object] = {}

    def picky(wishes: Sequence[int]) -> list[int]:
        if wishes == [0]:
            inside.wait()
            go.wait()
        if 13 in wishes:
            raise InvalidInput("E-BOOKING-008")
        return [wish * 10 for wish in wishes]

    def ask(wish: int) -> None:
        try:
            answers[wish] = crowd.ask(wish, picky)
        except InvalidInput as error:
            answers[wish] = error.code

    threads = [Thread(target=ask, args=(wish,)) for wish in (0, 7, 13, 21)]
    threads[0].start()
    inside.wait()
    for thread in threads[1:]:
        thread.start()
    while len(crowd._queue) < 3:
        pass
    go.wait()
    for thread in threads:
        thread.join()
    assert answers == {0: 0, 7: 70, 13: "E-BOOKING-008", 21: 210}


def test_a_decision_that_breaks_leaves_the_crowd_at_work() -> None:
    crowd = Combiner()

    def interrupted(_: Sequence[int]) -> list[int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crowd.ask(1, interrupted)
    assert crowd.ask(2, list) == 2
    crowd.close()
    crowd.close()
    with pytest.raises(StorageClosed, match="E-STORE-038"):
        crowd.ask(3, list)


def test_a_store_that_is_busy_is_told_to_each_of_the_crowd() -> None:
    crowd = Combiner()

    def busy(_: Sequence[int]) -> list[int]:
        raise StorageBusy("E-STORE-001")

    with pytest.raises(StorageBusy, match="E-STORE-001"):
        crowd.ask(1, busy)
