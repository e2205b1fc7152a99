"""A town whose unions apply for cards at a simulated bank, and everybody who takes part in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from attrs import evolve, field, frozen
from tests.offices import PAPER, Town, applicant, clock_of, engine, officer, operating, town_on

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.simulated import SIMULATED, SimulatedBank
from szunion.adapters.notifier.recording import RecordingNotifier
from szunion.application.access import authorise
from szunion.application.bank_books import BankBooks
from szunion.application.batches import Application, Batches
from szunion.application.cards import Cards
from szunion.application.consents import Consents
from szunion.application.custody import Custody
from szunion.application.office import Office
from szunion.application.reconciliation import Reconciliation
from szunion.application.worker import Worker
from szunion.domain.access import Operation, Principal, Role, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.bank import BankNotice
from szunion.domain.batches import Batch
from szunion.domain.card_files import KeptCard
from szunion.domain.consent import ConsentPurpose
from szunion.domain.inbox import HeardNotice
from szunion.domain.instructions import Instruction
from szunion.domain.rows import Row
from szunion.domain.values import CardRef, PersonId
from szunion.ports.bank import BankInfo
from szunion.ports.storage import UnitOfWork
from szunion.testing.clock import SimClock

T = TypeVar("T")


@frozen(kw_only=True)
class CardTown:
    """A town, its bank, and one worker of the engine."""

    town: Town
    bank: SimulatedBank
    notifier: RecordingNotifier = field(factory=RecordingNotifier)
    worker: Worker = field(init=False)

    def __attrs_post_init__(self) -> None:
        worker = Worker(office=self.office, bank=self.bank, notifier=self.notifier)
        object.__setattr__(self, "worker", worker)

    @property
    def office(self) -> Office:
        return self.town.office

    @property
    def clock(self) -> SimClock:
        return clock_of(self.office)

    # --- people at their desks --------------------------------------------------------------

    def batches(self, by: Principal | None = None) -> Batches:
        return Batches(self.office, by or self.town.g(0))

    def cards(self, by: Principal | None = None) -> Cards:
        return Cards(self.office, by or self.town.g(0))

    def custody(self, by: Principal | None = None) -> Custody:
        return Custody(self.office, by or self.town.g(0))

    def books(self) -> BankBooks:
        return BankBooks(self.office, operating(self.town.c1))

    def reconciliation(self) -> Reconciliation:
        return Reconciliation(self.office, operating(self.town.c1))

    # --- short ways -------------------------------------------------------------------------

    def admit(self, count: int, union: int = 0, start: int = 0) -> list[PersonId]:
        people = [self.town.admit(union, applicant(start + index)) for index in range(count)]
        Consents(self.office, self.town.g(union)).enter(people, ConsentPurpose.BANK, PAPER)
        return people

    def approve(self, people: Sequence[PersonId | Application], union: int = 0) -> Batch:
        """Draft, check, submit and approve one batch; it waits in the outbox then."""
        desk = self.batches(self.town.g(union))
        (batch,) = desk.draft(people, paper=PAPER).batches
        desk.check(batch.id)
        desk.submit(batch.id)
        return self.batches(self.town.c1).approve(batch.id)

    def produce(self, people: Sequence[PersonId], union: int = 0) -> Batch:
        """Let cards be made for *people*."""
        batch = self.approve(people, union)
        self.run()
        assert batch.key is not None
        self.bank.simulate.produce(batch.key)
        self.run()
        return batch

    def activate(self, people: Sequence[PersonId], union: int = 0) -> list[KeptCard]:
        """Let *people* have active cards; return them in the order of *people*."""
        batch = self.produce(people, union)
        assert batch.key is not None
        self.bank.simulate.face_sign(batch.key)
        self.run()
        return [self.card(person) for person in people]

    def run(self) -> None:
        self.worker.run_until_idle()

    def pass_time(self, *, days: int = 0, hours: int = 0, seconds: float = 0) -> None:
        self.clock.advance(days=days, hours=hours, seconds=seconds)
        self.run()

    def settle_down(self, most: timedelta = timedelta(days=60)) -> None:
        """Let time pass from one due moment to the next until nothing waits for the bank."""
        end = self.clock.now() + most
        while self.clock.now() < end:
            self.run()
            wait = self.worker.idle_for()
            if wait is None:
                return
            self.clock.advance(seconds=wait.total_seconds() + 0.001)

    def tell(self, *notices: BankNotice) -> None:
        """Let the bank tell *notices*, in this order, on a line of their own."""
        self.worker.desk.ear.receive(notices)

    # --- looking ----------------------------------------------------------------------------

    def look(self, view: Callable[[UnitOfWork, Scope], T]) -> T:
        return self.office.storage.read(
            lambda work: view(work, authorise(work, engine(), Operation.BANK_DESK))
        )

    def card(self, person: PersonId) -> KeptCard:
        """Return a person's current card, or else the newest."""
        cards = self.look(lambda work, scope: work.cards.of_person(scope, person))
        current = [kept for kept in cards if kept.card.current]
        return (current or list(cards))[-1]

    def by_ref(self, ref: CardRef) -> KeptCard:
        kept = self.look(lambda work, scope: work.cards.by_ref(scope, ref))
        assert kept is not None
        return kept

    def row(self, person: PersonId) -> Row:
        return self.look(lambda work, scope: work.rows.of_person(scope, person))[-1]

    def instructions(self, kept: KeptCard) -> list[Instruction]:
        return list(self.look(lambda work, scope: work.instructions.of_card(scope, kept.id)))

    def heard(self, event_id: str) -> HeardNotice:
        found = self.look(lambda work, scope: work.inbox.get(scope, self.bank.info.name, event_id))
        assert found is not None
        return found

    def log_of(self, person: PersonId) -> list[AuditEntry]:
        return self.look(
            lambda work, scope: [each.entry for each in work.audit.of_person(scope, person)]
        )

    def against(self, kept: KeptCard) -> set[str]:
        """Return what stands against a card, by the kinds of reason."""
        found = self.cards(officer("city-1", Role.CITY)).use(kept.id).against
        return {type(each).__name__ for each in found}


def card_town_on(
    office: Office, *, faults: FaultPlan | None = None, info: BankInfo = SIMULATED, seed: int = 7
) -> CardTown:
    """Return a town on *office* with a simulated bank."""
    bank = SimulatedBank(seed=seed, clock=office.clock, faults=faults, info=info)
    return CardTown(town=town_on(evolve(office, bank_info=bank.info)), bank=bank)
