"""Know how a store lives in memory: the twin that keeps the same promises, for tests and models."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from attrs import define, field

from szunion.adapters.storage.memory.bank_words import (
    BankWordTables,
    MemoryFaceSigns,
    MemoryFeeWaivers,
    MemoryReservations,
)
from szunion.adapters.storage.memory.batches import BatchTables, MemoryBatches, MemoryRows
from szunion.adapters.storage.memory.bindings import BindingTables, MemoryBindings
from szunion.adapters.storage.memory.bulk import MemoryBulk
from szunion.adapters.storage.memory.calls import CallTables, MemoryCalls, MemoryReferrals
from szunion.adapters.storage.memory.cards import (
    CardTables,
    MemoryCards,
    MemoryCustodyLists,
    MemoryEntitlements,
    MemoryInstructions,
)
from szunion.adapters.storage.memory.claims import (
    ClaimTables,
    MemoryClaims,
    MemoryEnrolments,
    MemoryHeirs,
)
from szunion.adapters.storage.memory.core import CoreTables, MemoryAuditTrail, MemoryMessages
from szunion.adapters.storage.memory.disclosures import DisclosureTables, MemoryDisclosures
from szunion.adapters.storage.memory.erasures import MemoryErasures
from szunion.adapters.storage.memory.figures import MemoryFigures
from szunion.adapters.storage.memory.imports import ImportTables, MemoryImports
from szunion.adapters.storage.memory.inbox import InboxTables, MemoryInbox
from szunion.adapters.storage.memory.joinings import JoiningTables, MemoryJoinings
from szunion.adapters.storage.memory.members import MemberTables, MemoryMembers, MemoryTransfers
from szunion.adapters.storage.memory.money import (
    MemoryBudgets,
    MemoryLedger,
    MemoryObligations,
    MemoryOrders,
    MemoryPayouts,
    MemoryStatements,
    MoneyTables,
)
from szunion.adapters.storage.memory.officers import MemoryOfficers, OfficerTables
from szunion.adapters.storage.memory.organisations import MemoryOrganisations, OrganisationTables
from szunion.adapters.storage.memory.outbox import MemoryOutbox, OutboxTables
from szunion.adapters.storage.memory.people import MemoryPeople, PeopleTables, Sight
from szunion.adapters.storage.memory.person_files import MemoryPersonFiles
from szunion.adapters.storage.memory.policies import MemoryPolicies, PolicyTables
from szunion.adapters.storage.memory.proposals import MemoryProposals, ProposalTables
from szunion.adapters.storage.memory.reconciliations import MemoryReconciliations, ReconTables
from szunion.adapters.storage.memory.rights import (
    MemoryConsentWords,
    MemoryRightsRequests,
    RightsTables,
)
from szunion.adapters.storage.memory.sealed import MemorySealedData, SealedTables
from szunion.adapters.storage.memory.services import (
    MemoryBookings,
    MemoryOffers,
    MemoryParticipations,
    ServiceTables,
)
from szunion.adapters.storage.memory.tables import Undo
from szunion.adapters.storage.memory.wishes import (
    MemoryCardCounters,
    MemoryProjects,
    MemoryWishes,
)
from szunion.errors import StorageClosed
from szunion.ports.keys import Vault
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.races import drawn_anew
from szunion.ports.system import Clock, Ids

T = TypeVar("T")


@define
class Tables:
    """Every table of the store."""

    core: CoreTables = field(factory=CoreTables)
    organisations: OrganisationTables = field(factory=OrganisationTables)
    people: PeopleTables = field(factory=PeopleTables)
    members: MemberTables = field(factory=MemberTables)
    proposals: ProposalTables = field(factory=ProposalTables)
    disclosures: DisclosureTables = field(factory=DisclosureTables)
    officers: OfficerTables = field(factory=OfficerTables)
    calls: CallTables = field(factory=CallTables)
    joinings: JoiningTables = field(factory=JoiningTables)
    imports: ImportTables = field(factory=ImportTables)
    bindings: BindingTables = field(factory=BindingTables)
    batches: BatchTables = field(factory=BatchTables)
    cards: CardTables = field(factory=CardTables)
    outbox: OutboxTables = field(factory=OutboxTables)
    inbox: InboxTables = field(factory=InboxTables)
    reconciliations: ReconTables = field(factory=ReconTables)
    bank_words: BankWordTables = field(factory=BankWordTables)
    services: ServiceTables = field(factory=ServiceTables)
    money: MoneyTables = field(factory=MoneyTables)
    claims: ClaimTables = field(factory=ClaimTables)
    sealed: SealedTables = field(factory=SealedTables)
    rights: RightsTables = field(factory=RightsTables)
    policies: PolicyTables = field(factory=PolicyTables)


class MemoryUnit:
    """One unit of work: :class:`szunion.ports.storage.UnitOfWork` on dictionaries."""

    def __init__(  # noqa: PLR0915 - a line for each repository
        self, tables: Tables, undo: Undo, *, now: datetime, ids: Ids, vault: Vault
    ) -> None:
        self.now = now
        self.ids = ids
        self.vault = vault
        unions, people, members = tables.organisations, tables.people, tables.members
        self.organisations = MemoryOrganisations(unions, undo, now)
        self.people = MemoryPeople(people, unions, undo, now)
        self.members = MemoryMembers(members, people, unions, undo, ids, now)
        self.transfers = MemoryTransfers(members, people, unions, undo)
        posts = tables.officers
        self.officers = MemoryOfficers(posts, unions, undo)
        self.proposals = MemoryProposals(tables.proposals, posts, undo)
        self.disclosures = MemoryDisclosures(tables.disclosures, undo)
        self.calls = MemoryCalls(tables.calls, undo)
        self.bindings = MemoryBindings(tables.bindings, undo)
        sight = Sight(people, unions)
        self.referrals = MemoryReferrals(tables.calls, sight, undo)
        self.joinings = MemoryJoinings(tables.joinings, sight, undo)
        self.batches = MemoryBatches(tables.batches, sight, posts, undo)
        self.rows = MemoryRows(tables.batches, sight, undo)
        self.cards = MemoryCards(tables.cards, sight, undo, vault, now)
        self.instructions = MemoryInstructions(tables.cards, undo)
        self.custody_lists = MemoryCustodyLists(tables.cards, sight, posts, undo)
        self.entitlements = MemoryEntitlements(tables.cards, undo)
        self.outbox = MemoryOutbox(tables.outbox, undo)
        self.inbox = MemoryInbox(tables.inbox, undo)
        self.reconciliations = MemoryReconciliations(tables.reconciliations, undo)
        self.figures = MemoryFigures(self, sight, tables.services)
        self.bulk = MemoryBulk(self)
        self.face_signs = MemoryFaceSigns(tables.bank_words, sight, undo)
        self.fee_waivers = MemoryFeeWaivers(tables.bank_words, sight, undo)
        self.reservations = MemoryReservations(tables.bank_words, sight, undo)
        self.offers = MemoryOffers(tables.services, undo)
        self.bookings = MemoryBookings(tables.services, sight, undo)
        self.participations = MemoryParticipations(tables.services, sight, undo)
        self.wishes = MemoryWishes(tables.services, sight, undo)
        self.projects = MemoryProjects(tables.services, undo)
        self.card_counters = MemoryCardCounters(tables.services, undo)
        self.enrolments = MemoryEnrolments(tables.claims, sight, undo)
        self.claims = MemoryClaims(tables.claims, sight, undo)
        self.heirs = MemoryHeirs(tables.claims, undo)
        money = tables.money
        self.obligations = MemoryObligations(money, sight, undo, vault)
        self.orders = MemoryOrders(money, undo)
        self.payouts = MemoryPayouts(money, posts, undo)
        self.budgets = MemoryBudgets(money, undo)
        self.ledger = MemoryLedger(money, undo)
        self.statements = MemoryStatements(money, undo)
        self.consents = MemoryConsentWords(tables.rights, undo)
        self.requests = MemoryRightsRequests(tables.rights, sight, undo)
        self.erasures = MemoryErasures(tables, undo)
        self.files = MemoryPersonFiles(tables)
        self.policies = MemoryPolicies(tables.policies, undo)
        self.audit = MemoryAuditTrail(tables.core, undo, ids, now)
        self.imports = MemoryImports(
            tables.imports, self.people, self.members, self.audit, undo, ids, vault, now
        )
        self.messages = MemoryMessages(tables.core, undo, ids, now)
        self.sealed = MemorySealedData(tables.sealed, undo)


@define
class MemoryStorage:
    """A store in memory. One unit at a time; a unit that raises is undone step by step."""

    clock: Clock
    ids: Ids
    vault: Vault
    _tables: Tables = field(factory=Tables, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _closed: bool = field(default=False, init=False)

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        """See :class:`szunion.ports.storage.Storage`."""
        return drawn_anew(self.ids, lambda: self._once(work))

    def _once(self, work: Callable[[UnitOfWork], T]) -> T:
        undo: Undo = []
        with self._lock:
            self._is_open()
            try:
                return work(self._unit(undo))
            except BaseException:
                for step in reversed(undo):
                    step()
                raise

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        """See :class:`szunion.ports.storage.Storage`."""
        with self._lock:
            self._is_open()
            return look(self._unit([]))

    @property
    def side_by_side(self) -> int:
        """See :class:`szunion.ports.storage.Storage`: one lock."""
        return 1

    def _is_open(self) -> None:
        if self._closed:
            raise StorageClosed("E-STORE-038")

    def _unit(self, undo: Undo) -> MemoryUnit:
        return MemoryUnit(self._tables, undo, now=self.clock.now(), ids=self.ids, vault=self.vault)

    def close(self) -> None:
        """See :class:`szunion.ports.storage.Storage`: there is nothing to let go of."""
        self._closed = True
