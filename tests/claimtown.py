"""A town whose members claim under their plans, and whose reviewers decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from attrs import frozen
from tests.moneytown import PLENTY, MoneyTown, money_town_on
from tests.offices import at_work, member, officer

from szunion.application.claim_decisions import Decided, Decision, Rejected, ToConfirm
from szunion.application.claims import Claims, Filed
from szunion.application.consents import Consents
from szunion.application.heirs import Heirs
from szunion.application.office import Office
from szunion.application.plans import Plans
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.claim_files import Claim
from szunion.domain.consent import ConsentPurpose
from szunion.domain.enrolments import Enrolment
from szunion.domain.reckoning import Happening
from szunion.domain.values import ClaimId, Fen, PersonId

CHILD = "gp-maternity"
STAY = "gp-hospital-allowance"


def reviewer(number: int) -> Principal:
    return officer(f"review-{number}", Role.REVIEW)


def heir(deceased: PersonId) -> Principal:
    """Return somebody who acts for the estate of a dead member."""
    return Principal(id=f"k{deceased}", role=Role.HEIR, purpose=Purpose.SERVE, person=deceased)


def stay(on: date, days: int, cause: str = "") -> Happening:
    return Happening(on=on, until=on + timedelta(days=days), days=days, cause=cause)


@frozen(kw_only=True)
class ClaimTown:
    """A town with reviewers."""

    money: MoneyTown

    @property
    def office(self) -> Office:
        return self.money.office

    @property
    def today(self) -> date:
        return self.office.clock.today()

    def claims(self, by: Principal) -> Claims:
        return Claims(self.office, at_work(by))

    def review(self, number: int = 1) -> Claims:
        return Claims(self.office, reviewer(number))

    def plans(self, by: Principal) -> Plans:
        return Plans(self.office, at_work(by))

    def heirs(self, by: Principal) -> Heirs:
        return Heirs(self.office, at_work(by))

    def people(self, count: int = 1, start: int = 0) -> list[PersonId]:
        """Return members with an active card, and so with the activation pack."""
        people = self.money.cards.admit(count, start=start)
        self.money.cards.activate(people)
        for person in people:
            self.consent(person)
        return people

    def consent(self, person: PersonId) -> None:
        """Let a member consent to what claims need, each by itself."""
        desk = Consents(self.office, member(person))
        desk.give(person, ConsentPurpose.MEDICAL)
        desk.give(person, ConsentPurpose.CHILD, guardian=True)

    def cover(self, person: PersonId, plan: str) -> Enrolment:
        found = self.plans(member(person)).of_person(person)
        return next(each for each in found if each.plan == plan)

    def file(
        self,
        person: PersonId,
        plan: str,
        happening: Happening,
        *numbers: str,
        papers: Sequence[str] = (),
    ) -> Claim:
        asked = self.claims(member(person)).ask(
            person, plan, happening, numbers=numbers, papers=papers
        )
        assert isinstance(asked, Filed), asked
        return asked.claim

    def take(self, claim: Claim, number: int = 1) -> ClaimId:
        return self.review(number).take(claim.id).id

    def decide(self, claim: Claim, first: int = 1, second: int = 2) -> Decided | Rejected:
        """Take up and decide, by two where two are asked for."""
        found: Decision = self.review(first).decide(self.take(claim, first))
        if isinstance(found, ToConfirm):
            return self.review(second).confirm(found.proposal.id)
        return found

    def claims_of(self, person: PersonId) -> list[Claim]:
        return list(self.claims(member(person)).of_person(person))

    def at_bank(self, person: PersonId) -> Fen:
        card = self.money.cards.card(person).card
        account = self.money.cards.bank.truth.account_of(card.ref)
        assert account is not None
        return account.fen

    def pay(self, plan: str) -> None:
        """Let finance order what is owed under a plan, and the bank pay it."""
        payout = self.money.pay(plan, self.today.year)
        self.money.cards.run()
        self.money.settle(payout)


def claim_town_on(office: Office) -> ClaimTown:
    """Return a town with budgets for the covers of the pack."""
    town = ClaimTown(money=money_town_on(office))
    for plan in (CHILD, STAY):
        for year in (2017, 2018):
            town.money.treasury().set_budget(plan, year, PLENTY)
    return town
