"""Know which repository serves which noun inside one SQL transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from szunion.adapters.storage.sql.bank_words import (
    SqlFaceSigns,
    SqlFeeWaivers,
    SqlReservations,
)
from szunion.adapters.storage.sql.batches import SqlBatches, SqlRows
from szunion.adapters.storage.sql.bindings import SqlBindings
from szunion.adapters.storage.sql.bulk import SqlBulk
from szunion.adapters.storage.sql.calls import SqlCalls
from szunion.adapters.storage.sql.card_files import (
    SqlCustodyLists,
    SqlEntitlements,
    SqlInstructions,
)
from szunion.adapters.storage.sql.cards import SqlCards
from szunion.adapters.storage.sql.claims import SqlClaims, SqlEnrolments, SqlHeirs
from szunion.adapters.storage.sql.core import SqlAuditTrail, SqlMessages
from szunion.adapters.storage.sql.disclosures import SqlDisclosures
from szunion.adapters.storage.sql.figures import SqlFigures
from szunion.adapters.storage.sql.imports import SqlImports
from szunion.adapters.storage.sql.inbox import SqlInbox
from szunion.adapters.storage.sql.joinings import SqlJoinings
from szunion.adapters.storage.sql.members import SqlMembers
from szunion.adapters.storage.sql.money import (
    SqlBudgets,
    SqlLedger,
    SqlObligations,
    SqlOrders,
    SqlPayouts,
    SqlStatements,
)
from szunion.adapters.storage.sql.officers import SqlOfficers
from szunion.adapters.storage.sql.organisations import SqlOrganisations
from szunion.adapters.storage.sql.outbox import SqlOutbox
from szunion.adapters.storage.sql.people import SqlPeople
from szunion.adapters.storage.sql.policies import SqlPolicies
from szunion.adapters.storage.sql.proposals import SqlProposals
from szunion.adapters.storage.sql.reconciliations import SqlReconciliations
from szunion.adapters.storage.sql.referrals import SqlReferrals
from szunion.adapters.storage.sql.rights import (
    SqlConsentWords,
    SqlErasures,
    SqlPersonFiles,
    SqlRightsRequests,
)
from szunion.adapters.storage.sql.sealed import SqlSealedData
from szunion.adapters.storage.sql.services import (
    SqlBookings,
    SqlOffers,
    SqlParticipations,
)
from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sql.transfers import SqlTransfers
from szunion.adapters.storage.sql.wishes import (
    SqlCardCounters,
    SqlProjects,
    SqlWishes,
)
from szunion.ports.keys import Vault
from szunion.ports.system import Ids

R = TypeVar("R")


class Part(Generic[R]):
    """A repository of a unit, made when it is first asked for: most units ask for a few."""

    def __init__(self, make: Callable[[SqlUnit], R]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, unit: SqlUnit, owner: type) -> R:
        made: R = unit.given_out(self._make(unit))
        vars(unit)[self._name] = made  # found there from now on
        return made


class SqlUnit:
    """One unit of work: :class:`szunion.ports.storage.UnitOfWork` on SQL."""

    def __init__(self, session: Session, *, now: datetime, ids: Ids, vault: Vault) -> None:
        self.session = session
        self.now = now
        self.ids = ids
        self.vault = vault

    def given_out(self, repository: R) -> R:
        """Return a repository as it is handed to whoever works in this unit."""
        return repository

    organisations = Part(lambda unit: SqlOrganisations(unit.session, unit.now))
    people = Part(lambda unit: SqlPeople(unit.session, unit.vault, unit.now))
    members = Part(lambda unit: SqlMembers(unit.session, unit.ids, unit.now))
    transfers = Part(lambda unit: SqlTransfers(unit.session))
    proposals = Part(lambda unit: SqlProposals(unit.session))
    disclosures = Part(lambda unit: SqlDisclosures(unit.session))
    officers = Part(lambda unit: SqlOfficers(unit.session))
    calls = Part(lambda unit: SqlCalls(unit.session))
    referrals = Part(lambda unit: SqlReferrals(unit.session, unit.vault))
    joinings = Part(lambda unit: SqlJoinings(unit.session))
    imports = Part(lambda unit: SqlImports(unit.session, unit.ids, unit.vault, unit.now))
    bindings = Part(lambda unit: SqlBindings(unit.session))
    batches = Part(lambda unit: SqlBatches(unit.session))
    rows = Part(lambda unit: SqlRows(unit.session, unit.vault))
    cards = Part(lambda unit: SqlCards(unit.session, unit.vault, unit.now))
    instructions = Part(lambda unit: SqlInstructions(unit.session))
    custody_lists = Part(lambda unit: SqlCustodyLists(unit.session))
    entitlements = Part(lambda unit: SqlEntitlements(unit.session))
    enrolments = Part(lambda unit: SqlEnrolments(unit.session))
    claims = Part(lambda unit: SqlClaims(unit.session, unit.vault))
    heirs = Part(lambda unit: SqlHeirs(unit.session))
    outbox = Part(lambda unit: SqlOutbox(unit.session))
    inbox = Part(lambda unit: SqlInbox(unit.session))
    reconciliations = Part(lambda unit: SqlReconciliations(unit.session))
    figures = Part(lambda unit: SqlFigures(unit.session, unit.vault))
    bulk = Part(lambda unit: SqlBulk(unit.session, SqlCards(unit.session, unit.vault, unit.now)))
    face_signs = Part(lambda unit: SqlFaceSigns(unit.session))
    fee_waivers = Part(lambda unit: SqlFeeWaivers(unit.session))
    reservations = Part(lambda unit: SqlReservations(unit.session))
    offers = Part(lambda unit: SqlOffers(unit.session))
    bookings = Part(lambda unit: SqlBookings(unit.session))
    participations = Part(lambda unit: SqlParticipations(unit.session))
    wishes = Part(lambda unit: SqlWishes(unit.session, unit.vault))
    projects = Part(lambda unit: SqlProjects(unit.session))
    card_counters = Part(lambda unit: SqlCardCounters(unit.session, unit.now))
    obligations = Part(lambda unit: SqlObligations(unit.session, unit.vault))
    orders = Part(lambda unit: SqlOrders(unit.session))
    payouts = Part(lambda unit: SqlPayouts(unit.session))
    budgets = Part(lambda unit: SqlBudgets(unit.session))
    ledger = Part(lambda unit: SqlLedger(unit.session))
    statements = Part(lambda unit: SqlStatements(unit.session))
    consents = Part(lambda unit: SqlConsentWords(unit.session))
    requests = Part(lambda unit: SqlRightsRequests(unit.session, unit.vault))
    erasures = Part(lambda unit: SqlErasures(unit.session, unit.vault))
    files = Part(lambda unit: SqlPersonFiles(unit.session))
    policies = Part(lambda unit: SqlPolicies(unit.session))
    audit = Part(lambda unit: SqlAuditTrail(unit.session, unit.ids, unit.now))
    messages = Part(lambda unit: SqlMessages(unit.session, unit.ids, unit.now))
    sealed = Part(lambda unit: SqlSealedData(unit.session, unit.vault))
