"""What the first city's menu names, had by a member: each kind by the way that leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.booktown import BookTown, book_town_on
from tests.chips import DAY, READER, chip, equipment
from tests.offices import (
    ENGINES,
    applicant,
    at_work,
    clock_of,
    member,
    office_on,
    officer,
    on_call,
    serving,
)

from szunion.application.counter import Counter, TapVerdict
from szunion.application.plans import Joined, NotJoined, Plans
from szunion.application.referrals import Asked, NotAsked, Referrals
from szunion.application.services import Services
from szunion.domain.access import Principal, Role
from szunion.domain.bookings import BookingState
from szunion.domain.catalogue import ServiceKind
from szunion.domain.eligibility import Ineligible
from szunion.domain.enrolments import Covered, EnrolmentState
from szunion.domain.identity import Gender
from szunion.domain.participation import Means, Outcome
from szunion.domain.tickets import TicketState
from szunion.domain.values import PersonId
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound

PLANS = {
    "ma-critical-illness": "职工重大疾病互助保障计划",
    "ma-women": "女性安康互助保障计划",
    "ma-men": "男性安康互助保障计划",
    "ma-hospital": "住院医疗综合互助保障计划",
    "ma-hospital-allowance": "住院津贴互助保障计划",
}
LEGAL = {
    "la-advice": "法律咨询",
    "la-arbitration": "劳动争议仲裁",
    "la-litigation": "诉讼",
    "la-lawyer": "律师代理",
}
PLACES = {
    "ed-dream": "圆梦计划",
    "ed-lecture": "职工文化大讲堂",
    "ed-quality": "国际化质量人才培训",
    "ed-core-skills": "职业核心能力培训",
    "cu-ebook": "免费电子书阅读",
    "cu-events": "文化活动",
    "fi-badminton": "羽毛球培训",
    "fi-yoga": "瑜伽培训",
    "fi-taichi": "太极拳培训",
}
DISCOUNTS = {
    "fi-venue": "深圳市工人文化宫体育馆折扣",
    "di-parks": "公园景区门票",
    "di-shows": "电影和演出票",
    "di-venues": "体育场馆",
    "di-convalescence": "职工疗休养",
    "di-courier": "快递业务",
    "di-tv": "数字电视",
    "di-ereading": "电子阅读",
}


@pytest.fixture(params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BookTown]:
    office = office_on(request.param, tmp_path, day=DAY)
    yield book_town_on(office)
    office.storage.close()


def services(town: BookTown, by: Principal | PersonId) -> Services:
    return Services(town.office, at_work(by) if isinstance(by, Principal) else member(by))


def cases(town: BookTown, by: Principal | PersonId) -> Referrals:
    return Referrals(town.office, at_work(by) if isinstance(by, Principal) else member(by))


def test_m17_eight_shelves_and_no_item_of_the_individual_ones_is_out_of_reach(
    town: BookTown,
) -> None:
    """M17: what is asked for by each member is free to a man or to a woman with a card."""
    people = town.members(2)
    menus = [services(town, person).menu() for person in people]
    shelves = {each.code: each.name.zh for each in town.office.catalogue.categories}
    for menu in menus:
        assert list(dict.fromkeys(shelves[shown.item.category] for shown in menu)) == [
            "互助保障", "法律援助", "困难帮扶", "教育助推",
            "文化滋养", "修心健体", "会员优惠", "金融功能",
        ]  # fmt: skip
    closed = [
        first.item.id for first, second in zip(*menus, strict=True) if not first.free | second.free
    ]
    together = [each.id for each in town.office.catalogue.collective]
    assert closed == ["ha-payout", *together], "what the union pays, or joins, is not asked for"
    sexes = {applicant(index).document.gender(): menus[index] for index in range(2)}
    barred = {
        sex: {shown.item.id for shown in menu if Ineligible.GENDER in shown.standing.item}
        for sex, menu in sexes.items()
    }
    assert barred == {
        Gender.MALE: {"ma-women", "co-women-classroom"}, Gender.FEMALE: {"ma-men"},
    }  # fmt: skip


def test_m09_what_a_member_wished_for_and_takes_part_in_comes_first_of_what_is_free(
    town: BookTown,
) -> None:
    """M09: participation is used for more precise service; nobody's menu becomes another one."""
    person, other = town.members(2)
    own, others = (Services(town.office, member(each)) for each in (person, other))
    before = own.menu()
    free = [each.item.id for each in before if each.free]
    assert [each.item.id for each in own.suggested()] == free

    for _ in range(2):
        booking = town.held(town.offer(3), person)
        town.desk(person).confirm(booking.id)
        town.desk(town.provider).check_in(booking.id, means=Means.CERTIFICATE)
    own.wish(item="fi-yoga")

    first, *rest = own.suggested()
    assert first.item.id == "fi-yoga"
    culture = [each.item.category == "culture" for each in rest]
    assert culture == sorted(culture, reverse=True)
    assert any(culture)
    assert sorted(each.item.id for each in [first, *rest]) == sorted(free)
    assert [each.item for each in own.menu()] == [each.item for each in before]
    assert others.suggested() == [each for each in others.menu() if each.free], "nothing of them"
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        Services(town.office, serving(town.cards.town.c1)).suggested(PersonId(1))


def test_m18_each_of_the_five_plans_is_joined_and_covers(town: BookTown) -> None:
    """M18: asked for by the union, accepted on the payment, in force from its first day."""
    people = town.members(2)
    desk = Plans(town.office, serving(town.cards.town.g(0)))
    review = Plans(town.office, officer("review-1", Role.REVIEW))
    today = clock_of(town.office).today()
    until = today + timedelta(days=365)
    menu = {each.id: each.name.zh for each in town.office.catalogue.in_category("mutual-aid")}
    assert menu == PLANS
    barred: dict[Gender | None, list[str]] = {}
    for index, person in enumerate(people):
        for plan in PLANS:
            match desk.join(person, plan):
                case NotJoined(reasons=reasons):
                    assert reasons == (Ineligible.GENDER,)
                    barred.setdefault(applicant(index).document.gender(), []).append(plan)
                case Joined(enrolment=asked):
                    assert asked.on(today) is Covered.NO
                    with pytest.raises(InvalidInput, match="E-PLAN-003"):
                        review.accept(asked.id, until=until)
                    review.accept(asked.id, until=until, document=f"缴费单 {plan}")
        covers = {each.plan: each for each in desk.of_person(person) if each.plan in PLANS}
        assert len(covers) == 4
        for cover in covers.values():
            assert (cover.state, cover.on(today)) == (EnrolmentState.IN_FORCE, Covered.YES)
            assert cover.on(until) is Covered.NO
    assert barred == {Gender.MALE: ["ma-women"], Gender.FEMALE: ["ma-men"]}


def test_m23_courses_lectures_events_and_e_books_are_looked_up_and_applied_for(
    town: BookTown,
) -> None:
    """M23: put up by the union, found on the menu, a place with its code, let in, recorded."""
    (person,) = town.members(1)
    mine, seen = town.desk(person), services(town, person)
    offers = {item: town.offer(2, item=item) for item in PLACES}
    for item, name in PLACES.items():
        shown = seen.show(item)
        assert (shown.item.name.zh, shown.free) == (name, True)
        assert [(offer.id, offer.left) for offer in shown.offers] == [(offers[item].id, 2)]
        booking = town.held(offers[item], person)
        assert mine.confirm(booking.id).code.startswith("b_")
        town.desk(town.provider).check_in(booking.id, means=Means.CERTIFICATE)
        assert town.state(booking) is BookingState.USED
    kept = [(part.item, part.category, part.outcome) for part in seen.history()]
    assert kept == [
        (item, {"ed": "education", "cu": "culture", "fi": "fitness"}[item[:2]], Outcome.TOOK_PART)
        for item in PLACES
    ]


def test_m24_discounts_are_shown_with_their_price_and_recorded_by_the_card(
    town: BookTown,
) -> None:
    """M24, and M23's discount at the Workers' Culture Palace: one tap, what is paid, a record."""
    (person,) = town.members(1)
    seen = services(town, person)
    counter = Counter(
        town.office, town.provider, equipment(town.cards, chip(town.cards, town.cards.card(person)))
    )
    offered = {
        shown.item.id: shown.item.name.zh
        for shown in seen.menu() if shown.item.kind is ServiceKind.DISCOUNT and shown.free
    }  # fmt: skip
    assert offered == DISCOUNTS
    for item in DISCOUNTS:
        told = counter.tap(READER, item, DAY)
        assert told.verdict is TapVerdict.RECORDED
        assert told.price_percent == seen.show(item).item.price_percent
        assert told.price_percent == (85 if item == "di-parks" else None), "never invented"
        assert counter.tap(READER, item, DAY).verdict is TapVerdict.ALREADY
    parts = seen.history()
    assert [part.item for part in parts] == list(DISCOUNTS)
    assert {(part.means, part.outcome) for part in parts} == {(Means.CARD, Outcome.TOOK_PART)}


def test_m24_a_card_that_may_not_be_used_has_no_discount(town: BookTown) -> None:
    (person,) = town.members(1)
    kept = town.cards.card(person)
    town.cards.bank.simulate.report_loss(kept.card.ref)
    town.cards.run()
    counter = Counter(town.office, town.provider, equipment(town.cards, chip(town.cards, kept)))
    told = counter.tap(READER, "di-parks", DAY)
    assert (told.verdict, told.price_percent) == (TapVerdict.NOT_USABLE, None)
    assert not services(town, person).history()


def test_m19_legal_help_asks_for_membership_and_nothing_else(town: BookTown) -> None:
    """M19: no card, no paper, no level: asked for, passed on, answered, called back about."""
    (person,) = town.cards.admit(1)
    caller = on_call(town.office, person)
    for desk in (services(town, person), services(town, caller)):
        shelf = {
            shown.item.id: (shown.item.name.zh, shown.free)
            for shown in desk.menu(person) if shown.item.kind is ServiceKind.CASE
        }  # fmt: skip
        assert shelf == {item: (name, True) for item, name in LEGAL.items()}
    mine, union = cases(town, person), cases(town, town.cards.town.g(0))
    clerk, second = (cases(town, officer(each, Role.HOTLINE)) for each in ("12351-7", "12351-8"))
    for item, name in LEGAL.items():
        asked = mine.ask(item, "老板不发加班费")
        assert isinstance(asked, Asked)
        made = asked.referral
        assert (made.topic, made.state) == ("legal", TicketState.NEW)
        with pytest.raises(NotFound, match="E-REFERRAL-001"):
            cases(town, town.cards.town.g(1)).read(made.id)
        assert clerk.take(made.id).referral.words == f"{name}：老板不发加班费"
        passed = clerk.assign(made.id, "")
        assert (passed.due, passed.organisation) == (made.due, town.cards.town.unions[0].id)
        union.accept(made.id)
        union.reply(made.id, "律师周三驻点")
        second.take(made.id)
        assert second.satisfied(made.id).state is TicketState.CLOSED
    assert [each.answer for each in mine.of_person(person)] == ["律师周三驻点"] * len(LEGAL)
    told = town.messages(person)
    assert (told.count("referral.asked"), told.count("referral.made")) == (len(LEGAL),) * 2
    town.cards.town.memberships(town.cards.town.g(0)).quit(person, document="退会申请")
    after = services(town, town.cards.town.c1)
    assert {after.show(item, person).standing.item for item in LEGAL} == {(Ineligible.NO_BENEFITS,)}


def test_only_what_is_handled_as_a_case_is_asked_for_so(town: BookTown) -> None:
    person, other = town.cards.admit(2)
    mine = cases(town, person)
    with pytest.raises(Conflict, match="E-REFERRAL-008"):
        mine.ask("di-parks", "门票")
    with pytest.raises(NotFound, match="E-SERVICE-002"):
        mine.ask("no-such-item", "门票")
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        mine.ask("la-advice", "加班费", other)
    with pytest.raises(InvalidInput, match="E-REFERRAL-002"):
        mine.ask("la-advice", "  ")
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        cases(town, town.cards.town.g(0)).ask("la-advice", "加班费", person)
    town.cards.town.memberships(town.cards.town.g(0)).quit(other, document="退会申请")
    assert cases(town, other).ask("la-advice", "加班费") == NotAsked(
        against=(Ineligible.NO_BENEFITS,)
    )
    caller = on_call(town.office, person)
    noted = cases(town, caller).ask("la-advice", "加班费", person)
    assert isinstance(noted, Asked)
    assert mine.withdraw(noted.referral.id).state is TicketState.WITHDRAWN
