"""The races of claims: two parents, two clerks, the last claim, and a death in the middle."""

from __future__ import annotations

import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from tests.claimtown import CHILD, STAY, ClaimTown, claim_town_on, heir, stay
from tests.moneytown import WARMTH
from tests.offices import ON_SQLITE, engine, member, office_on, officer

from szunion.adapters.storage.sqlite.storage import SqliteStorage
from szunion.application.access import authorise
from szunion.application.claim_decisions import Decided, Rejected, ToConfirm
from szunion.application.claims import AlreadyClaimed, Filed
from szunion.application.office import Office
from szunion.domain.access import Operation, Role
from szunion.domain.claims import ClaimReason, ClaimState
from szunion.domain.members import MembershipState
from szunion.domain.orders import OrderState
from szunion.domain.reckoning import Happening
from szunion.domain.values import ClaimId, Fen, PersonId
from szunion.errors import Conflict, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork

THOUSAND = Fen(100_000)


@pytest.fixture
def town(office: Office) -> ClaimTown:
    return claim_town_on(office)


# --- 19 --------------------------------------------------------------------------------------


def test_race_19_the_second_parent_hears_the_day_of_the_first_claim_and_nothing_else(
    town: ClaimTown,
) -> None:
    """M25: 1,000 yuan a child, across the family, whichever parent comes first."""
    mother, father = town.people(2)
    birth = Happening(on=town.today)
    first = town.file(mother, CHILD, birth, "P440300001")
    town.money.cards.pass_time(days=3)
    second = town.claims(member(father)).ask(father, CHILD, birth, numbers=["ｐ４４０３００ 001"])
    assert second == AlreadyClaimed(on=first.asked.date(), own=None)
    own = town.claims(member(mother)).ask(mother, CHILD, birth, numbers=["P440300001"])
    assert own == AlreadyClaimed(on=first.asked.date(), own=first.id)
    with pytest.raises(NotFound, match="E-CLAIM-008"):
        town.claims(member(father)).get(first.id)
    assert list(town.claims(member(father)).of_person(mother)) == []


def test_race_19_two_numbers_of_one_child_meet_in_any_of_them(town: ClaimTown) -> None:
    mother, father = town.people(2)
    birth = Happening(on=town.today)
    town.file(mother, CHILD, birth, "P440300001", "440304201711230012")
    second = town.claims(member(father)).ask(father, CHILD, birth, numbers=["440304201711230012"])
    assert isinstance(second, AlreadyClaimed)


def test_race_19_twins_are_two_grants_of_1000_yuan_to_one_account(town: ClaimTown) -> None:
    (mother,) = town.people()
    birth = Happening(on=town.today)
    for number in ("P440300001", "P440300002"):
        decided = town.decide(town.file(mother, CHILD, birth, number))
        assert isinstance(decided, Decided)
        assert decided.obligation.fen == THOUSAND
    town.pay(CHILD)
    assert town.at_bank(mother) == THOUSAND * 2
    states = [each.state for each in town.claims(member(mother)).of_person(mother)]
    assert states == [ClaimState.PAID, ClaimState.PAID]
    town.money.check_books()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_race_19_both_parents_at_one_moment_are_one_claim(kind: str, tmp_path: Path) -> None:
    town = claim_town_on(office_on(kind, tmp_path))
    people = town.people(16)
    couples = [people[place : place + 2] for place in range(0, 16, 2)]
    birth = Happening(on=town.today)
    barrier, found = threading.Barrier(16), list[object]()

    def ask(person: PersonId, number: str) -> None:
        barrier.wait(60)
        found.append(town.claims(member(person)).ask(person, CHILD, birth, numbers=[number]))

    threads = [
        threading.Thread(target=ask, args=(person, f"P{number}"))
        for number, couple in enumerate(couples)
        for person in couple
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(each, Filed) for each in found) == 8
    assert sum(isinstance(each, AlreadyClaimed) for each in found) == 8
    town.office.storage.close()


def test_race_19_the_store_itself_keeps_one_claim_for_a_child(town: ClaimTown) -> None:
    """Planted: a claim that was not looked for first meets the constraint."""
    mother, father = town.people(2)
    claim = town.file(mother, CHILD, Happening(on=town.today), "P1")

    def behind(work: UnitOfWork) -> None:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        work.claims.add(scope, evolve(claim, id=ClaimId(work.ids.new(father >> 53)), person=father))

    with pytest.raises(Conflict, match="E-STORE-004"):
        town.office.storage.run(behind)


@ON_SQLITE
def test_race_19_no_number_date_or_cause_stands_in_the_store(tmp_path: Path) -> None:
    """A byte search of the database finds no number of a child or stay, and no diagnosis."""
    town = claim_town_on(office_on("sqlite", tmp_path))
    (person,) = town.people()
    town.file(person, CHILD, Happening(on=town.today), "P440399887766", papers=["出生医学证明"])
    claim = town.file(person, STAY, stay(town.today, 5, "cancer"), "ZY20171123001")
    town.decide(claim)
    storage = town.office.storage
    assert isinstance(storage, SqliteStorage)
    storage._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    storage.close()
    data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for word in (b"P440399887766", b"ZY20171123001", b"cancer", "出生医学证明".encode()):
        assert word not in data
    assert repr(claim).count("cancer") == 0


# --- 20 --------------------------------------------------------------------------------------


def test_race_20_the_91st_day_is_cut_by_rule_with_the_reckoning(town: ClaimTown) -> None:
    """M25: 60 yuan a day, at most 90 days in a claim: 5,400 yuan and the reason."""
    (person,) = town.people()
    claim = town.file(person, STAY, stay(town.today, 91), "ZY1")
    decided = town.decide(claim)
    assert isinstance(decided, Decided)
    found = decided.reckoning
    assert (found.days, found.counted, found.rate) == (91, 90, Fen(6000))
    assert found.cuts == (ClaimReason.LIMIT_DAYS,)
    assert decided.obligation.fen == Fen(540_000)
    lines = [line.zh for line in found.lines()]
    assert "住院 91 天，计 90 天" in lines
    assert "核减：天数已满" in lines
    assert "应付 5,400.00 元" in lines
    kept = town.claims(member(person)).get(claim.id)
    assert kept.reckoning == found, "the member reads the same reckoning"


@pytest.mark.parametrize(("cause", "yuan"), [("", 10_800), ("cancer", 21_600)])
def test_race_20_the_third_claim_is_refused_by_rule_with_the_reckoning(
    town: ClaimTown, cause: str, yuan: int
) -> None:
    """M25: two claims of 90 days: 10,800 yuan, 21,600 for cancer, and nothing after that."""
    (person,) = town.people()
    for number in range(2):
        begins = town.today + timedelta(days=100 * number)
        decided = town.decide(town.file(person, STAY, stay(begins, 90, cause), f"ZY{number}"))
        assert isinstance(decided, Decided)
    begins = town.today + timedelta(days=200)
    third = town.decide(town.file(person, STAY, stay(begins, 3, cause), "ZY3"))
    assert isinstance(third, Rejected)
    assert third.reason is ClaimReason.LIMIT_COUNT
    assert third.reckoning is not None
    assert (third.reckoning.claims_before, third.reckoning.fen) == (2, Fen(0))
    assert third.reckoning.paid_before == Fen(yuan * 100)
    cover = town.cover(person, STAY)
    assert (cover.claims, cover.paid) == (2, Fen(yuan * 100))
    town.pay(STAY)
    assert town.at_bank(person) == Fen(yuan * 100)
    town.money.check_books()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_race_20_two_clerks_at_once_cannot_both_take_the_last_one(
    kind: str, tmp_path: Path
) -> None:
    """The second reviewers of eight claims confirm at one moment: two are paid, six are not."""
    town = claim_town_on(office_on(kind, tmp_path))
    (person,) = town.people()
    proposals = []
    for number in range(8):
        begins = town.today + timedelta(days=30 * number)
        claim = town.file(person, STAY, stay(begins, 20), f"ZY{number}")
        found = town.review(1).decide(town.take(claim))
        assert isinstance(found, ToConfirm)
        proposals.append(found.proposal.id)
    barrier, results = threading.Barrier(8), list[Decided | Rejected]()

    def confirm(proposal: int) -> None:
        barrier.wait(60)
        results.append(town.review(2).confirm(proposal))

    threads = [threading.Thread(target=confirm, args=(each,)) for each in proposals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(each, Decided) for each in results) == 2
    refused = [each.reason for each in results if isinstance(each, Rejected)]
    assert refused == [ClaimReason.LIMIT_COUNT] * 6
    assert town.cover(person, STAY).claims == 2
    town.office.storage.close()


def test_race_20_a_clerk_who_looked_before_is_stopped_by_the_store(town: ClaimTown) -> None:
    """Planted: both clerks saw one claim left; the count of the store gives it to one of them."""
    (person,) = town.people()
    cover = town.cover(person, STAY)

    def use(work: UnitOfWork) -> bool:
        scope = authorise(work, engine(), Operation.BANK_DESK)
        return work.enrolments.use(scope, cover.id, Fen(100))

    seen = cover.most_claims
    assert [town.office.storage.run(use) for _ in range(4)] == [True, True, False, False]
    assert seen == 2
    storage = town.office.storage
    if isinstance(storage, SqliteStorage):
        with pytest.raises(sqlite3.IntegrityError, match="claims <= most_claims"):
            storage._connection().execute("UPDATE enrolment SET claims = claims + 1")


def test_race_20_the_same_days_are_not_paid_twice_under_two_numbers(town: ClaimTown) -> None:
    (person,) = town.people()
    town.decide(town.file(person, STAY, stay(town.today, 10), "ZY1"))
    again = stay(town.today + timedelta(days=5), 10)
    second = town.decide(town.file(person, STAY, again, "ZY2"))
    assert isinstance(second, Rejected)
    assert second.reason is ClaimReason.DUPLICATE_EVENT
    moved = stay(town.today + timedelta(days=10), 10)
    assert isinstance(town.decide(town.file(person, STAY, moved, "ZY3")), Decided)


# --- 14 --------------------------------------------------------------------------------------


def die(town: ClaimTown, person: PersonId) -> None:
    """Note a death, by two."""
    first = town.money.cards.town.memberships(town.money.cards.town.g(0))
    union = town.money.cards.town.unions[0]
    second = town.money.cards.town.memberships(officer("g-second", Role.GRASSROOTS, union))
    second.confirm(first.death(person, document="证明 1").id)


def undo_death(town: ClaimTown, person: PersonId) -> None:
    desk = town.money.cards.town
    proposal = desk.memberships(desk.c1).reinstate(person, document="查证不是本人")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        desk.memberships(desk.c1).confirm(proposal.id)
    desk.memberships(desk.c2).confirm(proposal.id)


def order_states(town: ClaimTown, person: PersonId) -> list[OrderState]:
    owed = town.money.cards.look(lambda work, scope: work.obligations.of_person(scope, person))
    return [each.state for one in owed for each in town.money.treasury().tries(one.id)]


def test_race_14_a_death_lets_sent_orders_run_out_and_stops_unsent_ones(town: ClaimTown) -> None:
    """F33: what the bank may have paid runs out, what has not left is stopped and stays owed."""
    sent, unsent = town.people(2)
    for person in (sent, unsent):
        town.decide(town.file(person, CHILD, Happening(on=town.today), f"P{person}"))
    first = town.money.treasury().draft(CHILD, town.today.year, most=1).payout
    assert first is not None
    town.money.treasury(town.money.f2).approve(first.id)
    town.money.cards.run()
    if not order_states(town, sent):  # whose turn comes first is the store's business
        sent, unsent = unsent, sent
    assert order_states(town, sent) == [OrderState.ACCEPTED]
    second = town.money.pay(CHILD, town.today.year)
    assert order_states(town, unsent) == [OrderState.BATCHED]
    drawn = town.money.treasury().budget(CHILD, town.today.year)
    assert drawn is not None
    assert drawn.committed == THOUSAND * 2
    die(town, sent)
    die(town, unsent)
    assert order_states(town, sent) == [OrderState.ACCEPTED]
    assert order_states(town, unsent) == [OrderState.CANCELLED], "in the commit of the death"
    budget = town.money.treasury().budget(CHILD, town.today.year)
    assert budget is not None
    assert budget.committed == THOUSAND
    town.money.cards.run()
    assert town.money.request_keys(second), "it was queued"
    town.money.settle(first)
    assert order_states(town, sent) == [OrderState.SETTLED]
    assert town.at_bank(sent) == THOUSAND
    assert town.at_bank(unsent) == Fen(0)
    assert len(town.money.cards.bank.truth.orders) == 1, "the stopped one never reached the bank"
    town.money.check_books()


def test_race_14_claims_run_on_and_what_they_come_to_goes_to_the_heir(town: ClaimTown) -> None:
    dead, spouse = town.people(2)
    claim = town.file(dead, STAY, stay(town.today, 10), "ZY1")
    taken = town.take(claim)
    town.review(1).ask_more(taken, ["出院小结"])
    die(town, dead)
    assert town.claims(heir(dead)).supplement(claim.id, ["出院小结"]).state is ClaimState.SUBMITTED
    decided = town.decide(claim)
    assert isinstance(decided, Decided)
    late = town.claims(heir(dead)).ask(
        dead, STAY, stay(town.today - timedelta(days=2), 1), numbers=["ZY0"]
    )
    assert isinstance(late, Filed)
    draft = town.money.treasury().draft(STAY, town.today.year)
    assert draft.payout is None
    assert [why.name for _, why in draft.left_out] == ["DECEASED"]
    desk = town.heirs(town.money.cards.town.c1)
    named = desk.name(dead, spouse, document="公证书 9 号")
    with pytest.raises(NotAllowed, match="E-ACCESS-004"):
        desk.confirm(named.id)
    town.heirs(town.money.cards.town.c2).confirm(named.id)
    town.pay(STAY)
    assert town.at_bank(spouse) == Fen(60_000)
    assert town.at_bank(dead) == Fen(0)
    assert town.claims(heir(dead)).get(claim.id).state is ClaimState.PAID
    town.money.check_books()


def test_race_14_the_death_of_the_wrong_person_is_undone_by_two_with_everything_restored(
    town: ClaimTown,
) -> None:
    wrong, spouse = town.people(2)
    before = town.money.cards.card(wrong)
    town.decide(town.file(wrong, CHILD, Happening(on=town.today), "P1"))
    owed = town.money.grant(wrong, "HK-1")
    running = town.file(wrong, STAY, stay(town.today, 10), "ZY1")
    covers = town.plans(member(wrong)).of_person(wrong)
    town.money.pay(CHILD, town.today.year)
    die(town, wrong)
    assert town.money.cards.against(before) != set(), "the card is stopped"
    assert order_states(town, wrong) == [OrderState.CANCELLED]
    desk = town.money.cards.town
    named = town.heirs(desk.c1).name(wrong, spouse, document="公证书 1 号")
    town.heirs(desk.c2).confirm(named.id)
    to_heir = town.money.pay(CHILD, town.today.year)
    assert [each.payee for each in town.money.orders(to_heir)] == [spouse]

    undo_death(town, wrong)

    newest = town.money.cards.look(lambda work, scope: work.members.newest(scope, wrong))
    assert newest is not None
    assert (newest.state, newest.reason, newest.until) == (MembershipState.ACTIVE, None, None)
    after = town.money.cards.card(wrong)
    assert after.card.current
    assert after.card.union.state is before.card.union.state
    assert after.card.bank == before.card.bank
    assert town.money.cards.against(after) == set()
    assert town.plans(member(wrong)).of_person(wrong) == covers, "cover goes on as it was"
    assert town.heirs(desk.c1).of(wrong) is None, "there is nobody to inherit from"
    states = [each.state for each in town.money.orders(to_heir)]
    assert states == [OrderState.CANCELLED], "what was to go to the heir has not left"
    decided = town.decide(running)
    assert isinstance(decided, Decided), "a member on the day, as before"
    for plan in (CHILD, STAY, WARMTH):
        town.pay(plan)
    assert town.at_bank(wrong) == THOUSAND + Fen(60_000) + Fen(300_000)
    assert town.at_bank(spouse) == Fen(0)
    assert town.money.owed(owed).settled == owed.fen
    town.money.check_books()


def test_race_14_an_order_to_an_heir_in_the_queue_stops_if_the_member_is_alive(
    town: ClaimTown,
) -> None:
    """Also where the undoing came between the approval and the sending, in another way."""
    wrong, spouse = town.people(2)
    town.decide(town.file(wrong, CHILD, Happening(on=town.today), "P1"))
    die(town, wrong)
    desk = town.money.cards.town
    named = town.heirs(desk.c1).name(wrong, spouse, document="公证书 1 号")
    town.heirs(desk.c2).confirm(named.id)
    draft = town.money.treasury().draft(CHILD, town.today.year).payout
    assert draft is not None
    undo_death(town, wrong)
    town.money.treasury(town.money.f2).approve(draft.id)
    town.money.cards.run()
    (order,) = town.money.orders(draft)
    assert order.state is OrderState.CANCELLED
    assert len(town.money.cards.bank.truth.orders) == 0
    town.pay(CHILD)
    assert town.at_bank(wrong) == THOUSAND
