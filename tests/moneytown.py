"""A town whose members are granted help, and whose finance pays it through the simulated bank."""

from __future__ import annotations

from attrs import frozen
from tests.cardtown import CardTown, card_town_on
from tests.offices import officer, serving

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.simulated import SIMULATED
from szunion.application.grants import Granted, Grants, Proposed
from szunion.application.office import Office
from szunion.application.treasury import Treasury
from szunion.domain.access import Principal, Role
from szunion.domain.bank import Told
from szunion.domain.orders import Order
from szunion.domain.payouts import Obligation, PayoutBatch
from szunion.domain.values import Fen, PersonId, RequestKey
from szunion.ports.bank import BankInfo

WARMTH = "ha-spring-festival"
YEAR = 2017
PLENTY = Fen(100_000_000)


@frozen(kw_only=True)
class MoneyTown:
    """A town with finance."""

    cards: CardTown

    @property
    def office(self) -> Office:
        return self.cards.office

    @property
    def f1(self) -> Principal:
        return officer("finance-1", Role.FINANCE)

    @property
    def f2(self) -> Principal:
        return officer("finance-2", Role.FINANCE)

    def treasury(self, by: Principal | None = None) -> Treasury:
        return Treasury(self.office, by or self.f1)

    def grants(self, by: Principal | None = None) -> Grants:
        return Grants(self.office, serving(by or self.cards.town.g(0)))

    def grant(
        self, person: PersonId, subject: str = "", item: str = WARMTH, study: str = ""
    ) -> Obligation:
        """Propose and decide; return what is owed."""
        asked = self.grants().propose(
            person, item, subject=subject or f"HK{person}", answers={"study": study}
        )
        assert isinstance(asked, Proposed), asked
        decided = self.grants(self.cards.town.c1).decide(asked.proposal.id)
        assert isinstance(decided, Granted), decided
        return decided.obligation

    def pay(self, item: str = WARMTH, year: int = YEAR) -> PayoutBatch:
        """Draft and approve a pay-out of all that is open."""
        drafted = self.treasury().draft(item, year).payout
        assert drafted is not None
        return self.treasury(self.f2).approve(drafted.id, total=drafted.total)

    def orders(self, payout: PayoutBatch) -> list[Order]:
        return list(self.treasury().orders(payout.id))

    def request_keys(self, payout: PayoutBatch) -> list[RequestKey]:
        """Return the keys of a pay-out's requests."""
        found = self.cards.look(lambda work, scope: work.outbox.of(scope, payout.id))
        return [each.key for each in found]

    def settle(self, payout: PayoutBatch) -> None:
        for key in self.request_keys(payout):
            self.cards.bank.simulate.settle(key)
        self.cards.run()

    def told(self, order: Order, sequence: int, event: str) -> Told:
        now = self.cards.clock.now()
        stream = f"order-{order.key}"
        return Told(event_id=event, stream=stream, sequence=sequence, effective=now)

    def owed(self, obligation: Obligation) -> Obligation:
        found = self.cards.look(lambda work, scope: work.obligations.get(scope, obligation.id))
        assert found is not None
        return found

    def check_books(self) -> None:
        """Check what must hold at every moment: Σ = 0, sums within what is owed, one fund."""
        whole = self.treasury().books().whole
        assert whole.debit == whole.credit
        assert whole.pending_debit == whole.pending_credit


def money_town_on(
    office: Office,
    *,
    budget: Fen | None = PLENTY,
    faults: FaultPlan | None = None,
    info: BankInfo = SIMULATED,
) -> MoneyTown:
    """Return a town with a budget for help at the Spring Festival."""
    town = MoneyTown(cards=card_town_on(office, faults=faults, info=info))
    if budget is not None:
        town.treasury().set_budget(WARMTH, YEAR, budget)
    return town
