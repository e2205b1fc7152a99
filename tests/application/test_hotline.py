"""A 12351 operator has one caller at a time, opened by answers, masked, and closed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.cardtown import CardTown, card_town_on
from tests.counting import counted
from tests.domain.cards_for_tests import yunhai
from tests.offices import (
    ENGINES,
    applicant,
    member,
    office_on,
    officer,
    on_call,
    operating,
    serving,
)

from szunion.application.audit import AuditLog
from szunion.application.bookings import Bookings
from szunion.application.cards import Cards
from szunion.application.hotline import Hotline, NotOpened, Opened, Outcome
from szunion.application.members import Members
from szunion.application.officers import Officers
from szunion.application.referrals import Referrals
from szunion.application.reveals import Reveals
from szunion.application.rights import Rights
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.calls import Challenge
from szunion.domain.disclosures import Revealed
from szunion.domain.holds import HoldReason
from szunion.domain.identity import Mobile
from szunion.domain.tickets import TicketState
from szunion.domain.values import PersonId
from szunion.errors import InvalidInput, NotAllowed, NotFound
from szunion.text import Language

CLERK = officer("12351-7", Role.HOTLINE)
NOWHERE = 902
"""An applicant who never became a member anywhere."""


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CardTown]:
    office = office_on(request.param, tmp_path)
    yield card_town_on(office)
    office.storage.close()


def said(place: CardTown, index: int, **changed: str) -> dict[Challenge, str]:
    """Return what the applicant of that index answers, all of it right but for what is changed."""
    mobile = applicant(index).mobile
    assert mobile is not None
    right = {"mobile": f"+86 {mobile.plain()}", "union": f" {place.town.unions[0].code} "}
    return {Challenge(each): words for each, words in (right | changed).items()}


def call(
    place: CardTown, index: int, by: Principal = CLERK, **changed: str
) -> tuple[Outcome, Principal]:
    """Take a call of the applicant of that index; return what came of it, and the operator."""
    desk = Hotline(place.town.office, by)
    ticket = desk.take("member-service")
    number = applicant(index).document.number.plain()
    outcome = desk.open(ticket.id, number, said(place, index, **changed))
    return outcome, evolve(by, ticket=ticket.id)


def test_m28_a_call_is_about_one_of_the_published_topics_and_its_matter_reaches_a_union(
    place: CardTown,
) -> None:
    """M28: what the 12351 hotline is there for, each taken, passed on and answered."""
    (person,) = place.admit(1)
    office, desk = place.town.office, Hotline(place.town.office, CLERK)
    published = {each.id: each.name.zh for each in desk.topics if not each.to_bank}
    assert list(published.values()) == [
        "工会组建", "法律维权", "教育培训", "互助保障", "困难帮扶", "会员服务", "投诉", "意见建议",
    ]  # fmt: skip
    union = Referrals(office, serving(place.town.g(0)))
    dues = {}
    for topic, name in published.items():
        caller = on_call(office, person, CLERK.id, topic)
        (waiting,) = desk.waiting()
        assert (waiting.id, waiting.topic) == (caller.ticket, topic)
        made = Referrals(office, caller).make(f"想咨询{name}")
        assert made.topic == topic
        union.accept(made.id)
        union.reply(made.id, "已答复")
        dues[topic] = made.due
    assert [each.topic for each in union.listed()] == sorted(
        published, key=lambda topic: (dues[topic], list(published).index(topic))
    )
    assert dues.pop("legal") == date(2017, 11, 28), "three working days"
    assert set(dues.values()) == {date(2017, 11, 30)}, "five"
    mine = Referrals(office, member(person)).of_person(person)
    assert {(each.topic, each.state) for each in mine} == {
        (topic, TicketState.REPLIED) for topic in published
    }


def test_a_call_about_what_the_city_does_not_list_is_not_taken(place: CardTown) -> None:
    desk = Hotline(place.town.office, CLERK)
    for wrong in ("LOSS", "harbour", ""):
        with pytest.raises(NotFound, match="E-HOTLINE-005") as told:
            desk.take(wrong)
        assert "card-loss 会员卡丢失" in told.value.do()
        assert "legal (legal rights)" in told.value.do(Language.EN)
    assert list(desk.waiting()) == []
    other = Hotline(evolve(place.town.office, catalogue=yunhai().catalogue), CLERK)
    assert [each.id for each in other.topics] == ["harbour", "card-lost"]
    assert other.take("harbour").topic == "harbour"
    (waiting,) = desk.waiting()
    name = place.town.office.catalogue.topic_name(waiting.topic)
    assert (name.zh, name.en) == ("harbour", "harbour"), "a topic that is no more keeps its id"


def test_a_lost_card_is_a_topic_that_leads_to_the_bank(place: CardTown) -> None:
    (lost,) = [each for each in Hotline(place.town.office, CLERK).topics if each.to_bank]
    (kept,) = place.activate(place.admit(1))
    by = on_call(place.town.office, kept.person, CLERK.id, lost.id)
    done = Hotline(place.town.office, by).hand_over()
    assert (done.ticket.topic, done.ticket.state) == (lost.id, TicketState.FORWARDED)
    assert done.bank_line == place.town.office.policy.access.bank_line != ""


def test_two_of_three_right_answers_open_one_masked_member(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    outcome, clerk = call(place, 0)
    assert isinstance(outcome, Opened)
    assert outcome.ticket.person == kept.person
    seen = Hotline(place.town.office, clerk).file()
    assert seen.card is not None
    assert seen.card.usable
    assert seen.union.startswith(place.town.unions[0].code)
    plain = applicant(0)
    assert plain.mobile is not None
    for secret in (plain.name.plain(), plain.document.number.plain(), plain.mobile.plain(),
                   kept.card.ref.token.plain()):  # fmt: skip
        assert secret not in repr(seen)


@pytest.mark.parametrize(
    "changed",
    [
        {"mobile": "13900000000", "union": "", "card": ""},
        {"mobile": "", "union": "别的工会"},
        {"mobile": "", "union": "", "joined": "2017-11"},
    ],
)
def test_one_right_answer_opens_nobody(place: CardTown, changed: dict[str, str]) -> None:
    place.activate(place.admit(1))
    outcome, clerk = call(place, 0, CLERK, **changed)
    assert outcome == NotOpened(left=2, locked_until=None)
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        Hotline(place.town.office, clerk).file()


def test_the_card_answers_for_a_mobile_that_is_forgotten(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    outcome, _ = call(place, 0, mobile="", card=kept.card.last_four)
    assert isinstance(outcome, Opened)


def test_whoever_is_nowhere_on_file_gets_the_same_answer_and_is_locked_alike(
    place: CardTown,
) -> None:
    place.activate(place.admit(1))

    def tries(index: int, by: Principal) -> list[Outcome]:
        return [call(place, index, by, mobile="1", union="x")[0] for _ in range(4)]

    known = tries(0, CLERK)
    assert known == tries(NOWHERE, officer("12351-8", Role.HOTLINE))
    last = known[-1]
    assert isinstance(last, NotOpened)
    assert [each.left for each in known if isinstance(each, NotOpened)] == [2, 1, 0, 0]
    assert last.locked_until == place.clock.now() + timedelta(hours=24)
    assert isinstance(call(place, 0)[0], NotOpened), "right answers do not open what is locked"
    place.clock.advance(days=1)
    assert isinstance(call(place, 0)[0], Opened)


def asked(place: CardTown, index: int, by: Principal, **changed: str) -> Counter[str]:
    desk = Hotline(place.town.office, by)
    ticket = desk.take("member-service")
    number = applicant(index).document.number.plain()
    with counted() as found:
        desk.open(ticket.id, number, said(place, index, **changed))
    return found


@pytest.mark.parametrize("card", [True, False])
def test_the_same_work_is_done_for_who_is_there_and_who_is_not(
    place: CardTown, *, card: bool
) -> None:
    """Statement by statement: no clock tells the two apart."""
    people = place.admit(1)
    if card:
        place.activate(people)
    first = asked(place, 0, CLERK, mobile="1")
    again = asked(place, NOWHERE, officer("12351-8", Role.HOTLINE), mobile="1")
    kind = type(place.town.office.storage).__name__
    assert bool(first) is (kind != "MemoryStorage")
    assert sum(first.values()) == sum(again.values())
    if card:
        assert first == again


def test_many_wrong_answers_of_one_operator_lock_the_operator(place: CardTown) -> None:
    office = place.town.office
    rules = evolve(office.policy.access, clerk_wrong_answers=3)
    tried = evolve(office, policy=evolve(office.policy, access=rules))
    desk = Hotline(tried, CLERK)
    for index in range(NOWHERE, NOWHERE + 3):
        ticket = desk.take("suggestion")
        desk.open(ticket.id, applicant(index).document.number.plain(), {})
    place.admit(1)
    ticket = desk.take("suggestion")
    outcome = desk.open(ticket.id, applicant(0).document.number.plain(), said(place, 0))
    assert isinstance(outcome, NotOpened)
    assert outcome.left == 0
    assert isinstance(call(place, 0, officer("12351-8", Role.HOTLINE))[0], Opened)


def test_an_operator_has_one_member_at_a_time_and_not_for_ever(place: CardTown) -> None:
    first, second = place.admit(2)
    by = on_call(place.town.office, first)
    look = Members(place.town.office, by)
    assert look.get(first).id == first
    with pytest.raises(NotFound, match="E-ACCESS-002"):
        look.get(second)
    then = on_call(place.town.office, second)
    assert Members(place.town.office, then).get(second).id == second
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        look.get(first)
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        Members(place.town.office, evolve(then, id="another")).get(second)
    place.clock.advance(hours=1)
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        Members(place.town.office, then).get(second)


def test_nothing_can_be_searched_revealed_or_changed(place: CardTown) -> None:
    people = place.admit(3)
    by = on_call(place.town.office, people[0])
    look = Members(place.town.office, by)
    union = place.town.unions[0].id
    assert {row.person for row in look.of_union(union)} <= {people[0]}
    assert look.find(applicant(1).document.number.plain()) is None
    mobile = applicant(1).mobile
    assert mobile is not None
    assert look.by_mobile(mobile.plain()) == []
    assert [each.id for each in look.show_many(people)] == [people[0]]
    for refused in (
        lambda: Reveals(place.town.office, by).show(people[0], Revealed.MOBILE, reason="x"),
        lambda: look.set_mobile(people[0], Mobile("13900000001")),
        look.counts,
        lambda: place.town.memberships(by).quit(people[0], document="x"),
    ):
        with pytest.raises(NotAllowed, match="E-ACCESS-001"):
            refused()


def test_a_loss_is_led_to_the_bank_and_the_card_protected_meanwhile(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    by = on_call(place.town.office, kept.person)
    done = Hotline(place.town.office, by).hand_over(note="来电称丢失")
    assert (done.bank_line, done.ticket.state) == ("95566", TicketState.FORWARDED)
    (hold,) = done.card.card.open_holds
    assert hold.reason is HoldReason.REPORTED_LOST
    assert hold.until == place.clock.now() + timedelta(hours=72)
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        Hotline(place.town.office, by).file()
    assert Cards(place.town.office, place.town.c1).use(kept.id).against
    place.pass_time(days=4)
    assert Cards(place.town.office, place.town.c1).use(kept.id).usable


@pytest.mark.parametrize("hours", [0, 73])
def test_a_protective_hold_has_an_end_within_72_hours(place: CardTown, hours: int) -> None:
    (kept,) = place.activate(place.admit(1))
    desk = Hotline(place.town.office, on_call(place.town.office, kept.person))
    with pytest.raises(InvalidInput, match="E-HOTLINE-003"):
        desk.protect(hours=hours)
    assert desk.protect(hours=72).card.open_holds


def test_without_a_card_there_is_nothing_to_lock(place: CardTown) -> None:
    (person,) = place.admit(1)
    desk = Hotline(place.town.office, on_call(place.town.office, person))
    assert desk.file().card is None
    with pytest.raises(NotFound, match="E-HOTLINE-002"):
        desk.hand_over()


def test_a_ticket_is_its_operators_alone_and_closed_once(place: CardTown) -> None:
    (person,) = place.admit(1)
    by = on_call(place.town.office, person)
    desk = Hotline(place.town.office, by)
    number = applicant(0).document.number.plain()
    for wrong in (by.ticket, 5):
        with pytest.raises(NotFound, match="E-HOTLINE-001"):
            Hotline(place.town.office, officer("other", Role.HOTLINE)).open(wrong, number, {})
    assert desk.close().state is TicketState.CLOSED
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        desk.close()
    with pytest.raises(NotFound, match="E-HOTLINE-001"):
        desk.open(by.ticket, number, said(place, 0))
    with pytest.raises(InvalidInput, match="E-VALUE-002"):
        desk.open(desk.take("suggestion").id, "4403", {})


def test_everything_is_in_the_log_and_the_member_reads_it(place: CardTown) -> None:
    (kept,) = place.activate(place.admit(1))
    call(place, 0, mobile="1")
    by = on_call(place.town.office, kept.person, CLERK.id)
    desk = Hotline(place.town.office, by)
    desk.file()
    desk.protect(hours=1)
    desk.close(note="已答复")
    log = AuditLog(place.town.office, officer("auditor", Role.AUDITOR))
    now = place.clock.now()
    found = log.touched(CLERK.id, now - timedelta(hours=1), now + timedelta(hours=1))
    actions = [each.entry.action for each in found]
    assert Counter(actions) == Counter(
        {"ticket.take": 2, "ticket.wrong": 1, "ticket.open": 1, "ticket.file": 1, "hold.place": 1,
         "ticket.close": 1}
    )  # fmt: skip
    mine = Rights(place.town.office, evolve(member(kept.person), purpose=Purpose.RIGHTS))
    seen = [each.action for each in mine.access_log(kept.person) if each.role is Role.HOTLINE]
    assert sorted(seen) == sorted(each for each in actions if each != "ticket.take")


def test_an_operator_books_for_the_caller_alone(place: CardTown) -> None:
    first, second = place.admit(2)
    desk = Bookings(place.town.office, on_call(place.town.office, first))
    assert desk.of_person(first) == []
    assert desk.of_person(second) == []


def test_two_calls_at_once_cannot_both_open(place: CardTown) -> None:
    """The database has one open member for each operator, whatever was read before."""
    first, second = place.admit(2)
    by = on_call(place.town.office, first)
    ticket = Hotline(place.town.office, by).take("suggestion")

    def beside(work: Any) -> None:
        work.calls.put(None, ticket.opened(PersonId(second), place.clock.now()))

    with pytest.raises(Exception, match="E-STORE-004"):
        place.town.office.storage.run(beside)


# --- whose a ticket is ----------------------------------------------------------------------------


def test_a_ticket_goes_to_another_operator_who_identifies_the_caller_anew(place: CardTown) -> None:
    place.activate(place.admit(1))
    _, clerk = call(place, 0)
    mine, other = Hotline(place.town.office, clerk), officer("12351-8", Role.HOTLINE)
    (waiting,) = mine.waiting()
    assert (waiting.id, waiting.person, waiting.until) == (clerk.ticket, None, None)
    assert clerk.ticket is not None
    given = mine.give(clerk.ticket, other.id, why="换班")
    assert (given.clerk, given.person, given.state) == (other.id, None, TicketState.NEW)
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        mine.file()
    with pytest.raises(NotFound, match="E-HOTLINE-001"):
        mine.give(given.id, CLERK.id)
    with pytest.raises(NotFound, match="E-HOTLINE-001"):
        mine.settle(given.id)
    assert list(mine.waiting()) == []
    theirs = Hotline(place.town.office, evolve(other, ticket=given.id))
    assert [each.id for each in theirs.waiting()] == [given.id]
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        theirs.file()
    number = applicant(0).document.number.plain()
    assert isinstance(theirs.open(given.id, number, said(place, 0)), Opened)
    assert theirs.file().card is not None
    assert theirs.settle(given.id).state is TicketState.CLOSED
    with pytest.raises(NotAllowed, match="E-ACCESS-011"):
        theirs.file()
    log = AuditLog(place.town.office, officer("auditor", Role.AUDITOR))
    now = place.town.office.clock.now()
    told = [each.entry for each in log.touched(CLERK.id, now - timedelta(days=1), now
            + timedelta(days=1)) if each.entry.action == "ticket.give"]  # fmt: skip
    assert [(each.subject, each.reason) for each in told] == [(given.id, "12351-8 换班")]


def test_the_city_gives_any_ticket_out_and_is_done_with_any(place: CardTown) -> None:
    desk, city = (Hotline(place.town.office, evolve(by, purpose=Purpose.SERVE))
                  for by in (CLERK, place.town.c1))  # fmt: skip
    first, second = desk.take("member-service"), desk.take("legal")
    assert [each.id for each in city.waiting()] == [first.id, second.id]
    assert city.give(first.id, "12351-9").clerk == "12351-9"
    assert [each.id for each in desk.waiting()] == [second.id]
    assert city.settle(second.id, note="来电人挂断").state is TicketState.CLOSED
    assert [each.id for each in city.waiting()] == [first.id]
    for ticket in (second.id, 7):
        with pytest.raises(NotFound, match="E-HOTLINE-001"):
            city.give(ticket, CLERK.id)
        with pytest.raises(NotFound, match="E-HOTLINE-001"):
            city.settle(ticket)
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        Hotline(place.town.office, evolve(place.town.upper(0), purpose=Purpose.SERVE)).waiting()


def test_a_ticket_is_given_to_an_operator_of_the_registry_alone(place: CardTown) -> None:
    office, town = place.town.office, place.town
    Officers(office, operating(town.c1)).appoint("wang", Role.GRASSROOTS, town.unions[0].id)
    desk = Hotline(office, CLERK)
    ticket = desk.take("member-service")
    for nobody in ("wang", "", "  "):
        with pytest.raises(NotFound, match="E-HOTLINE-004"):
            desk.give(ticket.id, nobody)
    assert desk.give(ticket.id, " 12351-8 ").clerk == "12351-8"
