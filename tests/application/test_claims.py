"""A claim's whole life: cover, papers, reckoning, one or two reviewers, money, and its clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.claimtown import CHILD, STAY, ClaimTown, claim_town_on, reviewer, stay
from tests.moneytown import PLENTY
from tests.offices import member, office_on, officer, shenzhen

from szunion.application.claim_decisions import Decided, Rejected, ToConfirm
from szunion.application.claims import NotClaimable
from szunion.application.money_moves import pseudonym
from szunion.application.office import Office
from szunion.application.payable_now import LeftOut
from szunion.application.plans import Joined, NoCover, NotJoined
from szunion.application.recovery import Recovery
from szunion.domain.access import Role
from szunion.domain.benefits import Benefit, DailyRate, Subject
from szunion.domain.catalogue import CoverTerms
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimReason, ClaimState
from szunion.domain.eligibility import Ineligible
from szunion.domain.enrolments import Enrolment, EnrolmentState
from szunion.domain.ledger import fund
from szunion.domain.participation import Means
from szunion.domain.reckoning import Happening
from szunion.domain.values import Fen, PersonId
from szunion.domain.wording import action_text
from szunion.errors import Conflict, InvalidInput, NotAllowed, NotFound

PLAN = "ma-hospital"


@pytest.fixture
def town(office: Office) -> ClaimTown:
    return claim_town_on(office)


# --- the activation pack ---------------------------------------------------------------------


def test_m25_activation_gives_two_covers_an_ebook_year_and_tickets_once(town: ClaimTown) -> None:
    """M25: 母婴关爱津贴 and 住院津贴 for a year from activation, e-books for a year, tickets."""
    (person,) = town.people()
    given = town.money.cards.cards(town.money.cards.town.g(0)).pack(person)
    assert {each.item: each.until for each in given} == {
        CHILD: date(2018, 11, 23),
        STAY: date(2018, 11, 23),
        "gp-ebook": date(2018, 11, 23),
        "gp-tickets": None,
    }
    covers = town.plans(member(person)).of_person(person)
    assert {each.plan for each in covers} == {CHILD, STAY}
    for cover in covers:
        assert cover.state is EnrolmentState.IN_FORCE
        assert (cover.since, cover.until) == (date(2017, 11, 23), date(2018, 11, 23))
        assert cover.catalogue == town.office.catalogue.version
    allowance = town.cover(person, STAY)
    assert (allowance.most_claims, allowance.cap) == (2, Fen(2_160_000))


def test_m25_a_replaced_card_that_is_activated_gives_no_second_cover(town: ClaimTown) -> None:
    """M25, race 9: the pack is once per person and programme, whatever the card."""
    (person,) = town.people()
    before = town.plans(member(person)).of_person(person)
    bank = town.money.cards.bank
    town.money.cards.pass_time(days=100)
    bank.simulate.activate(bank.simulate.replace(town.money.cards.card(person).card.ref))
    town.money.cards.run()
    assert town.plans(member(person)).of_person(person) == before


def test_m25_a_birth_within_a_year_of_activation_is_1000_yuan_by_one_reviewer(
    town: ClaimTown,
) -> None:
    """M21, M25: claimed, decided, ordered by two, paid by the bank, and in the books."""
    (person,) = town.people()
    town.money.cards.pass_time(days=364)
    claim = town.file(person, CHILD, Happening(on=town.today), "P1", papers=["出生医学证明"])
    found = town.review().decide(town.take(claim))
    assert isinstance(found, Decided), "not above what one reviewer decides"
    assert found.claim.state is ClaimState.DECIDED
    town.money.treasury().set_budget(CHILD, 2018, PLENTY)
    payout = town.money.pay(CHILD, 2018)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.PAYABLE
    town.money.cards.run()
    town.money.settle(payout)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.PAID
    assert town.at_bank(person) == Fen(100_000)
    records = town.money.cards.look(
        lambda work, scope: work.participations.of_person(scope, person)
    )
    assert [(each.item, each.means) for each in records] == [(CHILD, Means.PAYOUT)]
    town.money.check_books()


def test_m25_a_birth_after_the_year_or_before_activation_is_not_covered(town: ClaimTown) -> None:
    (person,) = town.people()
    begun = town.today
    town.money.cards.pass_time(days=365)
    late = town.decide(town.file(person, CHILD, Happening(on=town.today), "P1"))
    early = town.decide(town.file(person, CHILD, Happening(on=begun - timedelta(days=1)), "P2"))
    assert isinstance(late, Rejected)
    assert isinstance(early, Rejected)
    assert late.reason is ClaimReason.OUT_OF_COVER
    assert early.reason is ClaimReason.NOT_MEMBER_AT_EVENT
    assert early.reckoning is not None
    assert set(early.reckoning.against) == {
        ClaimReason.NOT_MEMBER_AT_EVENT,
        ClaimReason.OUT_OF_COVER,
    }, "every reason is shown"


def test_m25_sixty_yuan_a_day_and_120_for_cancer(town: ClaimTown) -> None:
    first, second = town.people(2)
    for person, cause, fen in ((first, "", 42_000), (second, "cancer", 84_000)):
        found = town.decide(town.file(person, STAY, stay(town.today, 7, cause), "ZY"))
        assert isinstance(found, Decided)
        assert found.obligation.fen == Fen(fen)


def test_a_member_who_left_is_not_covered_for_what_came_after(town: ClaimTown) -> None:
    (person,) = town.people()
    town.money.cards.pass_time(days=10)
    left = town.today
    desk = town.money.cards.town
    desk.memberships(desk.g(0)).quit(person, document="退会申请")
    town.money.cards.pass_time(days=10)
    after = town.file(person, STAY, stay(town.today, 3), "ZY2")
    before = town.file(person, STAY, stay(left - timedelta(days=3), 3), "ZY1")
    found = town.decide(after)
    assert isinstance(found, Rejected)
    assert found.reason is ClaimReason.NOT_MEMBER_AT_EVENT
    assert isinstance(town.decide(before), Decided)


# --- deciding --------------------------------------------------------------------------------


def test_above_the_threshold_two_reviewers_decide_and_nothing_is_taken_before(
    town: ClaimTown,
) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 20), "ZY1")
    found = town.review(1).decide(town.take(claim))
    assert isinstance(found, ToConfirm)
    assert town.cover(person, STAY).claims == 0
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        town.review(1).confirm(found.proposal.id)
    assert [each.id for each in town.review(2).waiting()] == [found.proposal.id]
    decided = town.review(2).confirm(found.proposal.id)
    assert isinstance(decided, Decided)
    assert (decided.claim.reviewer, decided.claim.confirmed_by) == ("review-1", "review-2")
    assert town.cover(person, STAY).claims == 1


def test_a_second_reviewer_may_refuse_and_the_first_decides_less(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 20), "ZY1")
    found = town.review(1).decide(town.take(claim))
    assert isinstance(found, ToConfirm)
    town.review(2).refuse(found.proposal.id)
    less = town.review(1).decide(claim.id, Fen(100_000))
    assert isinstance(less, Decided)
    with pytest.raises(Conflict, match="E-STATE-001"):
        town.review(1).decide(claim.id)


def test_nobody_decides_more_than_was_reckoned(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 2), "ZY1")
    town.take(claim)
    for fen in (Fen(12_001), Fen(0), Fen(-1)):
        with pytest.raises(Conflict, match="E-CLAIM-006"):
            town.review(1).decide(claim.id, fen)
    with pytest.raises(NotAllowed, match="E-CLAIM-007"):
        town.review(2).decide(claim.id)


def test_only_the_review_body_decides_and_only_the_member_asks(town: ClaimTown) -> None:
    first, second = town.people(2)
    claim = town.file(first, STAY, stay(town.today, 2), "ZY1")
    for by in (member(first), town.money.cards.town.c1, town.money.f1):
        with pytest.raises(NotAllowed, match="E-ACCESS-001"):
            town.claims(by).decide(claim.id)
    with pytest.raises(NotFound):
        town.claims(member(second)).withdraw(claim.id)
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        town.claims(member(second)).ask(first, STAY, stay(town.today, 2), numbers=["X"])
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        town.claims(town.money.cards.town.g(0)).get(claim.id)


def test_a_members_union_files_for_the_member_and_no_other_union_does(town: ClaimTown) -> None:
    (person,) = town.people()
    desk = town.money.cards.town
    filed = town.claims(desk.g(0)).ask(person, STAY, stay(town.today, 2), numbers=["ZY1"])
    assert not isinstance(filed, NotClaimable)
    with pytest.raises(NotFound, match="E-SERVICE-003"):
        town.claims(desk.g(1)).ask(person, STAY, stay(town.today, 2), numbers=["ZY2"])


def test_papers_are_asked_for_reminded_of_twice_and_given_up(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 2), "ZY1")
    town.review(1).ask_more(town.take(claim), ["出院小结", "发票"])
    asked = town.claims(member(person)).get(claim.id)
    assert (asked.state, asked.missing) == (ClaimState.INCOMPLETE, ("出院小结", "发票"))
    town.money.cards.pass_time(days=11)
    town.money.cards.pass_time(days=10)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.INCOMPLETE
    town.money.cards.pass_time(days=10)
    closed = town.claims(member(person)).get(claim.id)
    assert (closed.state, closed.reason) == (ClaimState.CLOSED, ClaimReason.NOT_SUPPLEMENTED)
    templates = [each.message.template for each in town.money.cards.notifier.letters]
    assert templates.count("claim.reminder") == 2
    again = town.file(person, STAY, stay(town.today - timedelta(days=31), 2), "ZY1")
    assert again.state is ClaimState.SUBMITTED, "it may be filed again"


def test_papers_that_come_let_the_clock_run_again(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 2), "ZY1", papers=["身份证明"])
    town.review(1).ask_more(town.take(claim), ["出院小结"])
    town.money.cards.pass_time(days=15)
    after = town.claims(member(person)).supplement(claim.id, ["出院小结"])
    assert (after.state, after.papers) == (ClaimState.SUBMITTED, ("身份证明", "出院小结"))
    town.money.cards.pass_time(days=60)
    assert isinstance(town.decide(claim), Decided)


def test_an_appeal_is_looked_at_by_another_reviewer_once_and_in_time(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 2), "ZY1")
    town.take(claim)
    rejected = town.review(1).reject(claim.id, ClaimReason.PAPERS)
    assert rejected.claim.reason is ClaimReason.PAPERS
    town.claims(member(person)).appeal(claim.id)
    with pytest.raises(NotAllowed, match="E-CLAIM-005"):
        town.review(1).take(claim.id)
    town.review(2).take(claim.id)
    town.review(2).reject(claim.id, ClaimReason.CAUSE)
    with pytest.raises(Conflict, match="E-CLAIM-009"):
        town.claims(member(person)).appeal(claim.id)
    town.money.cards.run()
    assert town.claims(member(person)).get(claim.id).state is ClaimState.CLOSED


def test_a_rejected_claim_is_closed_when_the_time_to_appeal_is_over(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 2), "ZY1")
    town.take(claim)
    town.review(1).reject(claim.id, ClaimReason.OTHER)
    town.money.cards.pass_time(days=59)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.REJECTED
    town.money.cards.pass_time(days=2)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.CLOSED


def test_a_claim_taken_back_frees_its_event_also_while_it_waits_for_a_second_word(
    town: ClaimTown,
) -> None:
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 30), "ZY1")
    assert isinstance(town.review(1).decide(town.take(claim)), ToConfirm)
    assert town.claims(member(person)).withdraw(claim.id).state is ClaimState.WITHDRAWN
    assert town.review(2).waiting() == []
    assert isinstance(town.decide(town.file(person, STAY, stay(town.today, 30), "ZY1")), Decided)


def test_a_payment_that_comes_back_opens_the_claim_again_also_a_closed_one(
    town: ClaimTown,
) -> None:
    """M21: the obligation is open again, and a new order pays the same claim."""
    (person,) = town.people()
    claim = town.file(person, CHILD, Happening(on=town.today), "P1")
    town.decide(claim)
    payout = town.money.pay(CHILD, 2017)
    town.money.cards.run()
    town.money.settle(payout)
    town.money.cards.pass_time(days=31)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.CLOSED
    (order,) = town.money.orders(payout)
    town.money.cards.bank.simulate.return_payment(order.key)
    town.money.cards.run()
    assert town.claims(member(person)).get(claim.id).state is ClaimState.PAYABLE
    again = town.money.pay(CHILD, 2017)
    town.money.cards.run()
    town.money.settle(again)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.PAID
    assert town.at_bank(person) == Fen(100_000)
    assert town.cover(person, CHILD).claims == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"on": date(2017, 12, 1), "until": date(2017, 11, 30)},
        {"on": date(2017, 12, 1), "days": 3},
        {"on": date(2017, 12, 1), "until": date(2017, 12, 3), "days": 4},
        {"on": date(2017, 12, 1), "until": date(2017, 12, 3), "days": -1},
        {"on": date(2017, 12, 1), "cause": "x" * 33},
    ],
)
def test_days_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="E-CLAIM-003"):
        Happening(**wrong)


def test_a_stay_without_days_or_a_claim_without_a_number_is_not_filed(town: ClaimTown) -> None:
    (person,) = town.people()
    desk = town.claims(member(person))
    with pytest.raises(InvalidInput, match="E-CLAIM-003"):
        desk.ask(person, STAY, Happening(on=town.today), numbers=["ZY1"])
    with pytest.raises(InvalidInput, match="E-CLAIM-004"):
        desk.ask(person, STAY, stay(town.today, 2), numbers=[" ", ""])
    with pytest.raises(NotFound, match="E-CLAIM-001"):
        desk.ask(person, "no-such-plan", stay(town.today, 2), numbers=["ZY1"])
    assert list(desk.of_person(person)) == []


# --- plans of the menu -----------------------------------------------------------------------


def planned(folder: Path, kind: str) -> ClaimTown:
    """Return a town whose city has published what one plan gives: with a waiting period."""
    city = shenzhen()
    benefit = Benefit(
        per=Subject.MEMBER, daily=(DailyRate(fen=Fen(5000)),), most_claims=3, most_days=30,
        cap=Fen(450_000),
    )  # fmt: skip
    terms = CoverTerms(months=12, waiting_days=30, fee=Fen(7200))
    items = tuple(
        evolve(each, benefit=benefit, cover=terms) if each.id == PLAN else each
        for each in city.catalogue.items
    )
    deadlines = evolve(city.policy.deadlines, claim_filing=180)
    changed = evolve(
        city, catalogue=evolve(city.catalogue, items=items),
        policy=evolve(city.policy, deadlines=deadlines),
    )  # fmt: skip
    return claim_town_on(office_on(kind, folder, city=changed))


@pytest.fixture(params=["memory", "sqlite"])
def planning(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClaimTown]:
    made = planned(tmp_path, request.param)
    yield made
    made.office.storage.close()


def joined(town: ClaimTown, person: PersonId, since: date | None = None) -> Enrolment:
    desk = town.plans(town.money.cards.town.g(0))
    asked = desk.join(person, PLAN, since=since)
    assert isinstance(asked, Joined), asked
    return town.plans(reviewer(1)).accept(asked.enrolment.id, document="收据 1")


def test_a_plan_with_a_waiting_period_pays_nothing_before_its_end(planning: ClaimTown) -> None:
    (person,) = planning.people()
    cover = joined(planning, person)
    assert cover.state is EnrolmentState.WAITING
    early = planning.decide(planning.file(person, PLAN, stay(planning.today, 3), "ZY1"))
    assert isinstance(early, Rejected)
    assert early.reason is ClaimReason.WAITING_PERIOD
    planning.money.cards.pass_time(days=30)
    assert planning.cover(person, PLAN).state is EnrolmentState.IN_FORCE
    found = planning.decide(planning.file(person, PLAN, stay(planning.today, 40), "ZY2"))
    assert isinstance(found, Decided)
    assert found.obligation.fen == Fen(150_000)


def test_a_cover_ends_with_its_date_and_a_renewal_names_it(planning: ClaimTown) -> None:
    (person,) = planning.people()
    first = joined(planning, person)
    desk = planning.plans(planning.money.cards.town.g(0))
    assert desk.join(person, PLAN) == NotJoined(person=person, reasons=(NoCover.COVERED,))
    planning.money.cards.pass_time(days=350)
    renewed = joined(planning, person, since=first.until)
    assert (renewed.follows, renewed.state) == (first.id, EnrolmentState.ACCEPTED)
    planning.money.cards.pass_time(days=30)
    old, new = [
        each for each in planning.plans(member(person)).of_person(person) if each.plan == PLAN
    ]
    assert (old.state, new.state) == (EnrolmentState.ENDED, EnrolmentState.WAITING)
    last = stay(first.until - timedelta(days=2), 2) if first.until else stay(planning.today, 2)
    found = planning.decide(planning.file(person, PLAN, last, "ZY9"))
    assert isinstance(found, Decided), "what happened before the end stays covered"


def test_joining_asks_for_membership_sex_payment_and_no_overlap(planning: ClaimTown) -> None:
    (person,) = planning.people()
    desk = planning.plans(planning.money.cards.town.g(0))
    others = {desk.join(person, plan).__class__ for plan in ("ma-women", "ma-men")}
    assert others == {Joined, NotJoined}, "one of the two is for the other sex"
    asked = desk.join(person, PLAN)
    assert isinstance(asked, Joined)
    again = desk.join(person, PLAN)
    assert again == NotJoined(person=person, reasons=(NoCover.ASKED,))
    with pytest.raises(InvalidInput, match="E-PLAN-003"):
        planning.plans(reviewer(1)).accept(asked.enrolment.id)
    alone = planning.plans(member(person)).join(person, "ma-critical-illness")
    assert isinstance(alone, NotJoined)
    assert Ineligible.REAL_NAME in alone.reasons, "by oneself, a bound account is asked for (M06)"
    with pytest.raises(NotFound, match="E-PLAN-001"):
        desk.join(person, STAY)
    critical = desk.join(person, "ma-critical-illness")
    assert isinstance(critical, Joined)
    with pytest.raises(InvalidInput, match="E-PLAN-004"):
        planning.plans(reviewer(1)).accept(critical.enrolment.id, document="收据 2")
    accepted = planning.plans(reviewer(1)).accept(
        critical.enrolment.id, document="收据 2", until=planning.today + timedelta(days=365)
    )
    assert accepted.state is EnrolmentState.IN_FORCE, "the reviewer says for how long"
    with pytest.raises(InvalidInput, match="E-CLAIM-002"):
        planning.claims(member(person)).ask(
            person, "ma-critical-illness", Happening(on=planning.today), numbers=["Z"]
        )


def test_a_union_lets_many_members_join_at_once(planning: ClaimTown) -> None:
    people = planning.people(4)
    desk = planning.plans(planning.money.cards.town.g(0))
    desk.join(people[0], PLAN)
    found = desk.join_many([*people, people[1]], PLAN)
    assert [type(each) for each in found] == [NotJoined, Joined, Joined, Joined]
    waiting = planning.plans(reviewer(1)).waiting()
    assert [each.person for each in waiting if each.plan == PLAN] == sorted(people)
    refused = planning.plans(reviewer(1)).refuse(waiting[-1].id, "名册不全")
    assert refused.state is EnrolmentState.REJECTED
    assert desk.cancel(waiting[0].id).state is EnrolmentState.CANCELLED


def test_a_terminated_cover_ends_that_day_and_a_void_one_never_was(planning: ClaimTown) -> None:
    first, second = planning.people(2)
    one, two = joined(planning, first), joined(planning, second)
    planning.money.cards.pass_time(days=60)
    desk = planning.plans(reviewer(1))
    ended = desk.terminate(one.id, "退出计划")
    assert (ended.state, ended.until) == (EnrolmentState.ENDED, planning.today)
    proposal = desk.void(two.id, "重复参保")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        desk.confirm(proposal.id)
    voided = planning.plans(reviewer(2)).confirm(proposal.id)
    assert voided.state is EnrolmentState.VOID
    before = stay(planning.today - timedelta(days=5), 5)
    assert isinstance(planning.decide(planning.file(first, PLAN, before, "ZY1")), Decided)
    nothing = planning.claims(member(second)).ask(second, PLAN, before, numbers=["ZY2"])
    assert nothing == NotClaimable(reasons=(ClaimReason.OUT_OF_COVER,))


def test_a_claim_filed_too_late_is_rejected_where_the_city_sets_a_term(
    planning: ClaimTown,
) -> None:
    (person,) = planning.people()
    joined(planning, person)
    planning.money.cards.pass_time(days=40)
    event = stay(planning.today, 3)
    planning.money.cards.pass_time(days=184)
    found = planning.decide(planning.file(person, PLAN, event, "ZY1"))
    assert isinstance(found, Rejected)
    assert found.reason is ClaimReason.LATE


def test_only_reviewers_accept(planning: ClaimTown) -> None:
    (person,) = planning.people()
    desk = planning.money.cards.town
    asked = planning.plans(desk.g(0)).join(person, PLAN)
    assert isinstance(asked, Joined)
    for by in (desk.g(0), desk.c1, officer("finance-1", Role.FINANCE), member(person)):
        with pytest.raises(NotAllowed, match="E-ACCESS-001"):
            planning.plans(by).accept(asked.enrolment.id, document="收据")


# --- what should not have been paid ----------------------------------------------------------


def paid_claim(town: ClaimTown, person: PersonId) -> Claim:
    claim = town.file(person, CHILD, Happening(on=town.today), f"P{person}")
    town.decide(claim)
    town.pay(CHILD)
    return town.claims_of(person)[0]


@pytest.mark.parametrize("back", [0, 40_000, 100_000])
def test_what_was_overpaid_is_found_by_two_and_got_back_or_written_off_by_two(
    town: ClaimTown, back: int
) -> None:
    """Nothing is taken by machine; what came back goes the other way through the books."""
    (person,) = town.people()
    claim = paid_claim(town, person)
    assert claim.state is ClaimState.PAID
    first, second = Recovery(town.office, reviewer(1)), Recovery(town.office, reviewer(2))
    with pytest.raises(InvalidInput, match="E-CLAIM-010"):
        first.overpaid(claim.id, evidence=" ")
    found = first.overpaid(claim.id, evidence="复查 3 号")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        first.confirm_overpaid(found.id)
    assert second.confirm_overpaid(found.id).state is ClaimState.RECOVERY
    maker, checker = (Recovery(town.office, each) for each in (town.money.f1, town.money.f2))
    assert [each.id for each in maker.listed()] == [claim.id]
    with pytest.raises(Conflict, match="E-CLAIM-011"):
        maker.done(claim.id, recovered=Fen(100_001), document="收据 7")
    done = maker.done(claim.id, recovered=Fen(back), document="收据 7")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        maker.confirm_done(done.id)
    assert checker.confirm_done(done.id).state is ClaimState.CLOSED
    name = town.money.cards.look(lambda work, _: pseudonym(work, person))
    assert town.money.treasury().account(name).net == Fen(100_000 - back)
    assert town.money.treasury().account(fund(CHILD, 2017)).drawn == Fen(100_000 - back)
    budget = town.money.treasury().budget(CHILD, 2017)
    assert budget is not None
    assert budget.committed == Fen(100_000 - back)
    assert town.at_bank(person) == Fen(100_000), "the bank's account is the member's own"
    assert list(maker.listed()) == []
    town.money.check_books()


def test_a_void_cover_puts_what_was_paid_on_the_list(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = paid_claim(town, person)
    proposal = town.plans(reviewer(1)).void(town.cover(person, CHILD).id, "重复参保")
    town.plans(reviewer(2)).confirm(proposal.id)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.RECOVERY
    refused = Recovery(town.office, town.money.f1).done(
        claim.id, recovered=Fen(0), document="核销 1"
    )
    Recovery(town.office, town.money.f2).refuse(refused.id)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.RECOVERY


@pytest.mark.parametrize("ordered", ["not yet", "approved"])
def test_what_is_owed_under_a_cover_that_never_was_is_not_paid(
    town: ClaimTown, ordered: str
) -> None:
    """It is on the list before it is paid: neither drafted nor sent any more."""
    (person,) = town.people()
    claim = town.file(person, CHILD, Happening(on=town.today), "P1")
    town.decide(claim)
    treasury = town.money.treasury()
    if ordered == "approved":
        due = town.today + timedelta(days=3)
        draft = treasury.draft(CHILD, 2017, due=due).payout
        assert draft is not None
        town.money.treasury(town.money.f2).approve(draft.id)
    proposal = town.plans(reviewer(1)).void(town.cover(person, CHILD).id, "重复参保")
    town.plans(reviewer(2)).confirm(proposal.id)
    town.money.cards.pass_time(days=4)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.RECOVERY
    assert town.at_bank(person) == Fen(0)
    left = treasury.draft(CHILD, 2017)
    assert (left.payout, [why for _, why in left.left_out]) == (None, [LeftOut.NOT_DUE])
    done = Recovery(town.office, town.money.f1).done(claim.id, recovered=Fen(0), document="核销 1")
    Recovery(town.office, town.money.f2).confirm_done(done.id)
    assert [why for _, why in treasury.draft(CHILD, 2017).left_out] == [LeftOut.NOT_DUE]
    town.money.check_books()


def test_what_is_being_recovered_and_comes_back_through_the_bank_is_neither_paid_nor_booked_again(
    town: ClaimTown,
) -> None:
    (person,) = town.people()
    claim = paid_claim(town, person)
    found = Recovery(town.office, reviewer(1)).overpaid(claim.id, evidence="复查 3 号")
    Recovery(town.office, reviewer(2)).confirm_overpaid(found.id)
    maker, checker = (Recovery(town.office, each) for each in (town.money.f1, town.money.f2))
    before = maker.done(claim.id, recovered=Fen(100_000), document="收据 7")
    treasury = town.money.treasury()
    (payout,) = treasury.listed()
    town.money.cards.bank.simulate.return_payment(treasury.orders(payout.id)[0].key)
    town.money.cards.run()
    with pytest.raises(Conflict, match="E-CLAIM-011"):
        checker.confirm_done(before.id)
    with pytest.raises(Conflict, match="E-CLAIM-011"):
        maker.done(claim.id, recovered=Fen(100_000), document="收据 7")
    left = treasury.draft(CHILD, 2017)
    assert (left.payout, [why for _, why in left.left_out]) == (None, [LeftOut.NOT_DUE])
    checker.refuse(before.id)
    done = maker.done(claim.id, recovered=Fen(0), document="退票 7")
    assert checker.confirm_done(done.id).state is ClaimState.CLOSED
    assert treasury.account(fund(CHILD, 2017)).drawn == Fen(0)
    town.money.check_books()


def test_a_recovery_is_not_closed_while_its_money_is_on_its_way(town: ClaimTown) -> None:
    (person,) = town.people()
    claim = town.file(person, CHILD, Happening(on=town.today), "P1")
    town.decide(claim)
    payout = town.money.pay(CHILD)
    town.money.cards.run()
    found = Recovery(town.office, reviewer(1)).overpaid(claim.id, evidence="复查 3 号")
    Recovery(town.office, reviewer(2)).confirm_overpaid(found.id)
    maker = Recovery(town.office, town.money.f1)
    with pytest.raises(Conflict, match="E-CLAIM-012"):
        maker.done(claim.id, recovered=Fen(0), document="核销 1")
    town.money.settle(payout)
    assert town.claims(member(person)).get(claim.id).state is ClaimState.RECOVERY
    assert maker.done(claim.id, recovered=Fen(100_000), document="收据 7").terms["fen"] == "100000"


def test_every_step_of_money_has_words_in_the_timeline(town: ClaimTown) -> None:
    (person,) = town.people()
    town.money.grant(person)
    paid_claim(town, person)
    actions = {each.action for each in town.money.cards.log_of(person)}
    nouns = {"order", "grant", "claim", "enrolment", "obligation", "payout", "budget"}
    mine = {each for each in actions if each.partition(".")[0] in nouns}
    assert {"claim.submit", "claim.settled", "order.approve", "grant.grant"} <= mine
    assert [each for each in mine if action_text(each).zh == each] == []
