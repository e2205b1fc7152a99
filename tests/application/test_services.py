"""The menu as members see it, what they ask for and think of it, and what the union sees."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve
from tests.booktown import BookTown, book_town_on
from tests.chips import READER, chip, equipment
from tests.offices import applicant, at_work, member, officer, on_call

from szunion.application.access import authorise
from szunion.application.counter import Counter
from szunion.application.office import Office
from szunion.application.services import Demand, Services
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.catalogue import Mode, ServiceKind
from szunion.domain.eligibility import Ineligible
from szunion.domain.identity import Gender
from szunion.domain.payouts import Budget
from szunion.domain.projects import Project
from szunion.domain.suppression import LEAST
from szunion.domain.values import Fen, ParticipationId, PersonId
from szunion.domain.wishes import WishState
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

ITEM = "cu-events"


@pytest.fixture
def town(office: Office) -> BookTown:
    return book_town_on(office)


def desk(town: BookTown, by: Principal | PersonId) -> Services:
    return Services(town.office, at_work(by) if isinstance(by, Principal) else member(by))


def taken_part(town: BookTown, person: PersonId, occasion: str = "once") -> ParticipationId:
    machine = equipment(town.cards, chip(town.cards, town.cards.card(person)))
    told = Counter(town.office, town.provider, machine).tap(READER, ITEM, occasion)
    assert told.record is not None
    return told.record.id


def test_m14_a_member_sees_the_whole_menu_with_the_reason_of_every_no(town: BookTown) -> None:
    """M14 and M17: each item of the city's catalogue, chosen from by the member."""
    (person,) = town.members(1)
    town.offer(3)
    menu = desk(town, person).menu()
    assert [shown.item for shown in menu] == list(town.office.catalogue.menu)
    sex = applicant(0).document.gender()
    for shown in menu:
        against = set(shown.standing.item)
        if shown.item.mode in {Mode.COLLECTIVE, Mode.UNION}:
            assert Ineligible.BY_UNION in against
        elif shown.item.eligibility.gender not in {None, sex}:
            assert against == {Ineligible.GENDER}
        else:
            assert shown.free, shown.item.id
    (concert,) = [shown for shown in menu if shown.item.id == ITEM]
    assert [offer.stock for offer in concert.offers] == [3]
    assert desk(town, person).show(ITEM) == concert
    with pytest.raises(NotFound, match="E-SERVICE-002"):
        desk(town, person).show("no-such-item")


def test_m16_everybody_sees_the_same_menu(town: BookTown) -> None:
    """M16: without difference; what differs is the item's own condition, and membership."""
    people = town.members(4)
    stranger = town.cards.admit(1, start=9)[0]
    menus = [desk(town, person).menu() for person in people]
    by_sex: dict[Gender | None, list[list[bool]]] = {}
    for index, menu in enumerate(menus):
        sex = applicant(index).document.gender()
        by_sex.setdefault(sex, []).append([shown.free for shown in menu])
    for group in by_sex.values():
        assert all(free == group[0] for free in group)
    assert {len(menu) for menu in menus} == {len(town.office.catalogue.menu)}
    barred = desk(town, stranger).menu()
    assert [shown.item for shown in barred] == [shown.item for shown in menus[0]]
    for shown in barred:
        asked = shown.item.kind is not ServiceKind.CASE  # legal help has no threshold
        assert (Ineligible.REAL_NAME in shown.standing.item) is asked


def test_m11_three_platforms_stand_on_the_same_facts(town: BookTown) -> None:
    """M11: members, grassroots unions and organs each see their own side of one system."""
    (person,) = town.members(1)
    other = town.members(1, start=1, union=2)[0]
    record = taken_part(town, person)
    desk(town, person).wish(item=ITEM)
    mine = desk(town, person)  # the member's platform
    assert [part.id for part in mine.history()] == [record]
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        mine.history(other)
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        mine.demand()
    union = desk(town, town.cards.town.g(0))  # the grassroots union's
    assert [part.id for part in union.history(person)] == [record]
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        union.history(other)
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        union.argue(project(town))
    organ = desk(town, town.cards.town.c1)  # the federation's
    assert [part.id for part in organ.history(person)] == [record]
    few = Demand(category="culture", item=ITEM, wishes=None)
    assert union.demand() == organ.demand() == [few]
    assert organ.menu() == desk(town, town.cards.town.upper(0)).menu()


def test_m14_demand_reaches_the_union_and_counts_members_not_clicks(town: BookTown) -> None:
    people = town.members(12)
    for person in people[:11]:
        first = desk(town, person).wish(item=ITEM)
        assert desk(town, person).wish(item=ITEM).id == first.id
    said = desk(town, people[11]).wish(category="fitness", words="  希望开设晚间太极班  ")
    organ = desk(town, town.cards.town.c1)
    # One of two counts is small; the other goes with it, or a sum would say which.
    assert [each.wishes for each in organ.demand()] == [None, None]
    hotline = on_call(town.office, people[11])
    desk(town, hotline).wish(item=ITEM, person=people[11])
    assert organ.unlisted("fitness") == ["希望开设晚间太极班"]
    assert "太极" not in repr(said)
    assert desk(town, people[0]).show(ITEM).wished
    gone = desk(town, people[11]).withdraw(said.id)
    assert gone.state is WishState.WITHDRAWN
    assert desk(town, people[11]).withdraw(said.id) == gone
    assert organ.unlisted("fitness") == []
    assert organ.demand() == [Demand(category="culture", item=ITEM, wishes=12)]
    with pytest.raises(NotFound, match="E-WISH-003"):
        desk(town, people[0]).withdraw(said.id)


def test_a_wish_says_something_and_not_too_much(town: BookTown) -> None:
    (person,) = town.members(1)
    for words in ("", "  ", "长" * 201):
        with pytest.raises(InvalidInput, match="E-WISH-001"):
            desk(town, person).wish(category="fitness", words=words)
    with pytest.raises(NotFound, match="E-WISH-002"):
        desk(town, person).wish(category="no-such-shelf", words="太极")
    with pytest.raises(NotFound, match="E-SERVICE-002"):
        desk(town, person).wish(item="no-such-item")
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        desk(town, town.cards.town.g(0)).wish(item=ITEM, person=person)


def test_m14_a_member_rates_what_he_or_she_took_part_in(town: BookTown) -> None:
    people = town.members(LEAST)
    record = taken_part(town, people[0])
    desk(town, people[0]).rate(record, 3)
    desk(town, people[0]).rate(record, 5)
    for person in people[1:-1]:
        desk(town, person).rate(taken_part(town, person), 4)
    few = desk(town, people[0]).show(ITEM)
    assert (few.ratings, few.stars) == (None, None), "an average of nine is about those nine"
    desk(town, people[-1]).rate(taken_part(town, people[-1]), 4)
    shown = desk(town, people[0]).show(ITEM)
    assert (shown.ratings, shown.stars) == (10, 41)
    with pytest.raises(NotFound, match="E-RATING-001"):
        desk(town, people[1]).rate(record, 1)
    with pytest.raises(InvalidInput, match="E-SERVICE-001"):
        desk(town, people[0]).rate(record, 6)
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        desk(town, town.cards.town.c1).rate(record, 5)
    offer = town.offer(1, hours=1)
    booking = town.held(offer, people[0])
    town.desk(people[0]).confirm(booking.id)
    town.cards.pass_time(hours=9)
    (missed,) = [part for part in desk(town, people[0]).history() if part.occasion != "once"]
    with pytest.raises(NotFound, match="E-RATING-001"):
        desk(town, people[0]).rate(missed.id, 1)


def project(town: BookTown) -> Project:
    return Project(
        item=ITEM, argument="2017 年问卷：六成职工希望周末有演出", people=4,
        responsible=town.cards.town.districts[0].id, resources="工人文化宫剧场",
        since=date(2017, 11, 23),
    )  # fmt: skip


def test_m15_each_service_is_a_project_with_its_argument_people_money_and_evaluation(
    town: BookTown,
) -> None:
    """M15: argued, with people, money and resources; evaluated by what happened."""
    people = town.members(3 * LEAST)
    booked, waiting, others = people[:LEAST], people[LEAST : 2 * LEAST], people[2 * LEAST :]
    organ = desk(town, town.cards.town.c1)
    assert organ.project(ITEM) is None
    kept = organ.argue(project(town))
    assert organ.project(ITEM) == kept == project(town)
    better = organ.argue(evolve(kept, people=6))
    assert (better.people, better.version) == (6, 1)
    with pytest.raises(Conflict, match="E-STORE-008"):
        organ.argue(evolve(kept, people=7))
    for wrong in ({"argument": " "}, {"people": -1}, {"argument": "长" * 2001}):
        with pytest.raises(InvalidInput, match="E-PROJECT-001"):
            evolve(kept, **wrong)
    with pytest.raises(NotFound, match="E-SERVICE-002"):
        organ.argue(evolve(kept, item="no-such-item"))
    town.office.storage.run(lambda work: work.budgets.set(
        _pay(work), Budget(item=ITEM, year=2017, ceiling=Fen(5_000_000))))  # fmt: skip
    offer = town.offer(LEAST, waiting_list=True, hours=2)
    for person in booked + waiting:
        town.desk(person).book(offer.id)
    for person in others:
        desk(town, person).wish(item=ITEM)
    for person in booked[:-1]:
        desk(town, person).rate(taken_part(town, person), 4)
    (few,) = [each for each in organ.evaluation() if each.item == ITEM]
    # Nine came: neither they nor what they are taken from is shown.
    assert (few.took_part, few.booked, few.ratings, few.hundredths, few.demand) == (None,) * 5
    assert (few.places, few.waiting, few.wishes, few.no_show) == (LEAST, LEAST, LEAST, 0)
    desk(town, booked[-1]).rate(taken_part(town, booked[-1]), 4)
    (found,) = [each for each in organ.evaluation() if each.item == ITEM]
    assert (found.booked, found.waiting, found.wishes, found.demand) == (10, 10, 10, 30)
    assert (found.took_part, found.no_show, found.ratings, found.hundredths) == (10, 0, 10, 400)
    assert (found.ceiling, found.committed) == (Fen(5_000_000), Fen(0))
    assert len(organ.evaluation()) == len(town.office.catalogue.menu)
    quiet = next(each for each in organ.evaluation() if each.item != ITEM)
    assert (quiet.demand, quiet.hundredths) == (0, None)


def _pay(work: UnitOfWork) -> Scope:
    return authorise(work, officer("finance-1", Role.FINANCE), Operation.PAY_WRITE)


def test_m13_one_closed_loop_from_a_wish_to_the_next_offer(town: BookTown) -> None:
    """M13: what members need comes back as a service, is used, rated, and seen by the union."""
    people = town.members(LEAST)
    organ, provider = desk(town, town.cards.town.c1), town.desk(town.provider)
    for person in people:
        desk(town, person).wish(item=ITEM)
    (wanted,) = [each for each in organ.demand() if each.item == ITEM]
    organ.argue(project(town))
    assert wanted.wishes is not None
    offer = town.offer(wanted.wishes)
    for person in people:
        booking = town.held(offer, person)
        town.desk(person).confirm(booking.id)
        record = provider.check_in(booking.id)
        desk(town, person).rate(record.id, 5)
    (after,) = [each for each in organ.evaluation() if each.item == ITEM]
    assert (after.took_part, after.ratings, after.hundredths) == (10, 10, 500)
    assert after.demand == 20
    interests = desk(town, people[0]).history()
    assert [part.category for part in interests] == ["culture"]
    assert {"booking.held", "booking.confirmed"} <= set(town.messages(people[0]))
