"""What a caller wants goes to a union, is answered in time or goes one level up, and is closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from attrs import evolve, frozen
from tests.cardtown import CardTown, card_town_on
from tests.offices import (
    ENGINES,
    ON_SQLITE,
    engine,
    member,
    office_on,
    officer,
    on_call,
    operating,
    serving,
)

from szunion.application.hotline import Hotline
from szunion.application.organisations import Organisations
from szunion.application.referral_deadlines import ReferralDeadlines
from szunion.application.referrals import Asked, Referrals
from szunion.application.retention import Terms
from szunion.application.rights import Rights
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import OrganisationReason
from szunion.domain.referrals import MOST_WORDS, Referral
from szunion.domain.rights import Access, RequestKind, StillOpen
from szunion.domain.tickets import TicketState
from szunion.domain.values import PersonId
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound

CLERK = officer("12351-7", Role.HOTLINE)
SECOND = officer("12351-8", Role.HOTLINE)
WORDS = "车间通风不好，请工会看看"
ANSWER = "已装排风扇"


@frozen
class Place:
    """A town with one member, who has called."""

    cards: CardTown
    person: PersonId

    def desk(self, by: Principal) -> Referrals:
        return Referrals(self.cards.town.office, by)

    def union(self, number: int = 0) -> Principal:
        """Return the officer of the union of that number."""
        return serving(self.cards.town.g(number))

    def passed(self, words: str = WORDS, *, to: str = "") -> Referral:
        """Let the member call, and the operator pass it on."""
        caller = on_call(self.cards.town.office, self.person, CLERK.id)
        return self.desk(caller).make(words, to=to)

    def tick(self) -> bool:
        return ReferralDeadlines(self.cards.town.office, engine()).keep()

    def next_day(self, days: int = 1) -> None:
        self.cards.clock.advance(days=days)


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    office = office_on(request.param, tmp_path)
    cards = card_town_on(office)
    (person,) = cards.admit(1)
    yield Place(cards, person)
    office.storage.close()


def test_a_matter_goes_to_the_callers_union_is_answered_and_closed(place: Place) -> None:
    made = place.passed()
    office = place.cards.town.office
    assert made.organisation == place.cards.town.unions[0].id
    assert Hotline(office, CLERK).waiting() == [], "the call has ended with it"
    union, hotline = place.desk(place.union()), place.desk(SECOND)
    (listed,) = union.listed()
    assert (listed.id, listed.words) == (made.id, ""), "a list has no words"
    assert union.read(made.id).referral.words == WORDS
    with pytest.raises(Conflict, match="E-STATE-001"):
        union.reply(made.id, ANSWER)
    assert union.accept(made.id).state is TicketState.WORKING
    with pytest.raises(Conflict, match="E-REFERRAL-004"):
        hotline.take(made.id)
    union.reply(made.id, ANSWER)
    opened = hotline.take(made.id)
    assert (opened.referral.answer, opened.referral.state) == (ANSWER, TicketState.CALLBACK)
    with pytest.raises(NotAllowed, match="E-REFERRAL-007"):
        place.desk(CLERK).satisfied(made.id)
    assert hotline.satisfied(made.id).state is TicketState.CLOSED
    assert hotline.listed() == []


def test_nobody_is_passed_on_whom_no_ticket_opens(place: Place) -> None:
    office = place.cards.town.office
    ticket = Hotline(office, CLERK).take("legal")
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        place.desk(evolve(CLERK, ticket=ticket.id)).make(WORDS)
    caller = on_call(office, place.person, CLERK.id)
    place.desk(caller).make(WORDS)
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        place.desk(caller).make("再派一次")


@pytest.mark.parametrize("words", ["", "  \n", "字" * (MOST_WORDS + 1)])
def test_something_is_said_and_not_too_much(place: Place, words: str) -> None:
    with pytest.raises(InvalidInput, match="E-REFERRAL-002"):
        place.passed(words)


def test_a_union_that_is_not_there_or_does_not_work_gets_nothing(place: Place) -> None:
    with pytest.raises(NotFound, match="E-REFERRAL-003"):
        place.passed(to="440300-NONE")
    town = place.cards.town
    unions = Organisations(town.office, operating(town.c1))
    unions.suspend(town.unions[1].id, reason=OrganisationReason.NO_COMMITTEE)
    with pytest.raises(NotFound, match="E-REFERRAL-003"):
        place.passed(to=town.unions[1].code)


def test_another_union_sees_nothing_of_it(place: Place) -> None:
    made = place.passed()
    other = place.desk(place.union(1))
    assert other.listed() == []
    for act in (other.read, other.accept, lambda each: other.bounce(each, "不是")):
        with pytest.raises(NotFound, match="E-REFERRAL-001"):
            act(made.id)


def test_an_operator_reads_only_what_waits_for_the_hotline_and_in_hand(place: Place) -> None:
    made = place.passed()
    desk = place.desk(CLERK)
    (line,) = desk.listed()
    assert (line.words, line.answer, line.notes) == ("", "", ())
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        desk.read(made.id)
    with pytest.raises(Conflict, match="E-REFERRAL-004"):
        desk.take(made.id)


# --- the clock --------------------------------------------------------------------------------


def test_what_nobody_accepts_goes_one_level_up_and_once_more_on_its_day(place: Place) -> None:
    made = place.passed()  # a Thursday: accept by Friday, answer within five working days
    town = place.cards.town
    assert (made.watch, made.due) == (date(2017, 11, 24), date(2017, 11, 30))
    place.next_day()
    assert not place.tick(), "on its last day it is not overdue"
    place.next_day()
    assert place.tick()
    assert not place.tick(), "a breach is noted once"
    (late,) = place.desk(serving(town.upper(0))).listed(late=True)
    assert (late.raised, late.breaches, late.late) == (town.districts[0].id, 1, False)
    assert place.desk(place.union()).accept(made.id).watch == made.due
    place.next_day(6)
    assert place.tick()
    (worse,) = place.desk(serving(town.c1)).listed(late=True)
    assert (worse.raised, worse.breaches, worse.late, worse.watch) == (
        town.city.id, 2, True, None,
    )  # fmt: skip
    assert not place.tick()
    read = place.desk(place.union()).read(made.id).referral
    assert (read.words, read.breaches) == (WORDS, 2), "a breach leaves alone what was said"


def test_what_was_asked_for_is_watched_before_anybody_passes_it_on(place: Place) -> None:
    answer = place.desk(member(place.person)).ask("la-lawyer", WORDS)
    assert isinstance(answer, Asked)
    made, town = answer.referral, place.cards.town
    assert (made.state, made.watch, made.due) == (
        TicketState.NEW, date(2017, 11, 24), date(2017, 11, 28),
    )  # fmt: skip
    place.next_day()
    assert not place.tick(), "on its last day it is not overdue"
    place.next_day()
    assert place.tick()
    assert not place.tick(), "a breach is noted once"
    (late,) = place.desk(serving(town.c1)).listed(late=True)
    assert (late.id, late.state, late.raised, late.breaches, late.late, late.watch) == (
        made.id, TicketState.NEW, town.districts[0].id, 1, False, made.due,
    )  # fmt: skip
    desk = place.desk(CLERK)
    assert desk.take(made.id).referral.words.endswith(WORDS), "a breach leaves alone what was said"
    passed = desk.assign(made.id, town.unions[1].code)
    assert (passed.watch, passed.due) == (date(2017, 11, 27), made.due), "its own day is no later"


def test_what_nobody_passes_on_at_all_is_overdue_twice_and_for_the_city(place: Place) -> None:
    answer = place.desk(member(place.person)).ask("la-lawyer", WORDS)
    assert isinstance(answer, Asked)
    town = place.cards.town
    place.next_day(2)
    assert place.tick()
    place.next_day(4)
    assert place.tick()
    (late,) = place.desk(serving(town.c1)).listed(late=True)
    assert (late.raised, late.breaches, late.late, late.watch) == (town.city.id, 2, True, None)
    assert not place.tick()


def test_what_is_sent_back_is_watched_while_it_lies_with_the_hotline(place: Place) -> None:
    made = place.passed()
    assert place.desk(place.union()).bounce(made.id, "不归我们管").watch == made.due
    place.next_day(8)
    assert place.tick()
    (late,) = place.desk(CLERK).listed(late=True)
    assert (late.id, late.state, late.late) == (made.id, TicketState.NEW, True)
    again = place.desk(CLERK).assign(made.id, place.cards.town.unions[1].code)
    back = place.desk(place.union(1)).bounce(again.id, "也不归我们管")
    assert back.watch is None, "every breach is noted"


def test_what_is_answered_in_time_never_becomes_overdue(place: Place) -> None:
    made = place.passed()
    union = place.desk(place.union())
    union.accept(made.id)
    union.reply(made.id, ANSWER)
    place.next_day(60)
    assert not place.tick()
    assert union.listed(late=True) == []


def test_some_matters_have_a_term_of_their_own(place: Place) -> None:
    office = place.cards.town.office
    rules = evolve(office.policy.referrals, answer_days_of={"member-service": 2})
    other = evolve(office, policy=evolve(office.policy, referrals=rules))
    caller = on_call(office, place.person, CLERK.id)
    assert Referrals(other, caller).make(WORDS).due == date(2017, 11, 27)


# --- back and again ---------------------------------------------------------------------------


def test_what_is_sent_back_goes_to_another_and_its_clock_runs_on(place: Place) -> None:
    made = place.passed()
    town = place.cards.town
    place.desk(place.union()).bounce(made.id, "不归我们管")
    desk = place.desk(CLERK)
    assert desk.take(made.id).referral.notes == ("不归我们管",)
    place.next_day(4)
    again = desk.assign(made.id, town.unions[1].code)
    assert (again.organisation, again.due, again.watch) == (
        town.unions[1].id, made.due, date(2017, 11, 28),
    )  # fmt: skip
    assert place.desk(place.union()).listed() == []
    place.desk(place.union(1)).bounce(made.id, "也不归我们管")
    with pytest.raises(NotAllowed, match="E-REFERRAL-006"):
        desk.assign(made.id, town.unions[2].code)
    assert place.desk(serving(town.c1)).assign(made.id, town.unions[2].code).bounces == 2


def test_who_is_not_satisfied_is_heard_by_the_city_and_the_clock_begins_anew(place: Place) -> None:
    made = place.passed()
    town = place.cards.town
    union = place.desk(place.union())
    union.accept(made.id)
    union.reply(made.id, ANSWER)
    desk = place.desk(CLERK)
    desk.take(made.id)
    assert desk.unsatisfied(made.id, "没有解决").state is TicketState.REOPENED
    with pytest.raises(NotAllowed, match="E-ACCESS-005"):
        desk.assign(made.id, town.districts[0].code)
    place.next_day(4)
    again = place.desk(serving(town.c1)).assign(made.id, town.districts[0].code)
    assert (again.organisation, again.due) == (town.districts[0].id, date(2017, 12, 4))
    read = place.desk(serving(town.upper(0))).read(made.id).referral
    assert (read.answer, read.notes) == (ANSWER, ("没有解决",)), "the first answer stays"


def test_who_answered_does_not_call_back(place: Place) -> None:
    made = place.passed()
    both = serving(place.cards.town.g(0, "both"))
    desk = place.desk(both)
    desk.accept(made.id)
    desk.reply(made.id, ANSWER)
    with pytest.raises(NotAllowed, match="E-REFERRAL-005"):
        place.desk(officer("both-0", Role.HOTLINE)).take(made.id)


def test_who_is_never_reached_is_let_go_after_so_many_calls(place: Place) -> None:
    made = place.passed()
    union, desk = place.desk(place.union()), place.desk(CLERK)
    union.accept(made.id)
    union.reply(made.id, ANSWER)
    desk.take(made.id)
    states = [desk.missed(made.id).state for _ in range(3)]
    assert states == [TicketState.CALLBACK, TicketState.CALLBACK, TicketState.CLOSED]


def test_the_member_sees_all_of_it_and_may_take_it_back(place: Place) -> None:
    made = place.passed()
    own = place.desk(member(place.person))
    assert [each.words for each in own.of_person(place.person)] == [WORDS]
    caller = on_call(place.cards.town.office, place.person, SECOND.id)
    assert [each.words for each in place.desk(caller).of_person(place.person)] == [""]
    assert own.withdraw(made.id).state is TicketState.WITHDRAWN
    place.next_day(9)
    assert not place.tick(), "no clock runs for what was taken back"


# --- what becomes of it -----------------------------------------------------------------------


def test_what_waits_at_a_union_that_ends_goes_to_its_heir(place: Place) -> None:
    town = place.cards.town
    done, waits = place.passed(), place.passed()
    place.desk(member(place.person)).withdraw(done.id)
    unions = Organisations(town.office, operating(town.c1))
    proposal = unions.merge(town.unions[0].id, target=town.unions[1].id, document="合并")
    Organisations(town.office, operating(town.c2)).confirm(proposal.id)
    (listed,) = place.desk(place.union(1)).listed()
    assert (listed.id, listed.organisation) == (waits.id, town.unions[1].id)


def test_every_reading_is_in_the_log_and_no_word_of_it(place: Place) -> None:
    made = place.passed()
    place.desk(place.union()).read(made.id)
    town = place.cards.town
    own = Rights(town.office, evolve(member(place.person), purpose=Purpose.RIGHTS))
    looked = own.access_log(place.person)
    assert {"ticket.assign", "referral.make", "referral.read"} <= {each.action for each in looked}
    (read,) = (each for each in looked if each.action == "referral.read")
    assert (read.access, read.union) == (Access.READ, "440304-001 甲一工会")
    assert WORDS not in repr(place.desk(serving(town.c1)).read(made.id)), "nor where it is printed"


def test_an_erasure_waits_for_it_and_then_destroys_it(place: Place) -> None:
    made = place.passed()
    town = place.cards.town
    desk = Rights(town.office, evolve(member(place.person), purpose=Purpose.RIGHTS))
    assert StillOpen.REFERRAL in desk.preview(place.person).against
    copy = desk.copy(place.person).sections["referrals"]
    assert [each["words"] for each in copy] == [WORDS]
    assert [each["topic"] for each in copy] == [{"zh": "会员服务", "en": "member service"}]
    place.desk(member(place.person)).withdraw(made.id)
    town.memberships(town.g(0)).quit(place.person, document="申请")
    request = desk.ask(place.person, RequestKind.ERASE)
    city = Rights(town.office, evolve(town.c1, purpose=Purpose.RIGHTS))
    city.erase(request.id)
    with pytest.raises(NotFound, match="E-REFERRAL-001"):
        place.desk(serving(town.c1)).read(made.id)


def test_a_closed_one_goes_when_its_term_is_over(place: Place) -> None:
    waits, made = place.passed(), place.passed()
    place.desk(member(place.person)).withdraw(made.id)
    terms = Terms(place.cards.town.office, engine())
    place.next_day(365 * 3 - 1)
    assert not terms.keep()
    place.next_day(3)
    assert terms.keep()
    assert [each.id for each in place.desk(member(place.person)).of_person(place.person)] == [
        waits.id
    ]


@ON_SQLITE
def test_no_word_stands_in_plain_in_the_file(tmp_path: Path) -> None:
    office = office_on("sqlite", tmp_path)
    cards = card_town_on(office)
    place = Place(cards, cards.admit(1)[0])
    made = place.passed()
    union = place.desk(place.union())
    union.accept(made.id)
    union.reply(made.id, ANSWER)
    office.storage.close()
    kept = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert TicketState.REPLIED.value.encode() in kept, "the file that was looked at is the store's"
    for words in (WORDS, ANSWER):
        assert words.encode() not in kept
