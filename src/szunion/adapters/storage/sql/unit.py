"""Know which repository serves which noun inside one SQL transaction."""

from __future__ import annotations

from datetime import datetime

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


class SqlUnit:
    """One unit of work: :class:`szunion.ports.storage.UnitOfWork` on SQL."""

    def __init__(self, session: Session, *, now: datetime, ids: Ids, vault: Vault) -> None:
        self.now = now
        self.ids = ids
        self.vault = vault
        self.organisations = SqlOrganisations(session, now)
        self.people = SqlPeople(session, vault, now)
        self.members = SqlMembers(session, ids, now)
        self.transfers = SqlTransfers(session)
        self.proposals = SqlProposals(session)
        self.disclosures = SqlDisclosures(session)
        self.officers = SqlOfficers(session)
        self.calls = SqlCalls(session)
        self.imports = SqlImports(session, ids, vault, now)
        self.bindings = SqlBindings(session)
        self.batches = SqlBatches(session)
        self.rows = SqlRows(session, vault)
        self.cards = SqlCards(session, vault, now)
        self.instructions = SqlInstructions(session)
        self.custody_lists = SqlCustodyLists(session)
        self.entitlements = SqlEntitlements(session)
        self.enrolments = SqlEnrolments(session)
        self.claims = SqlClaims(session, vault)
        self.heirs = SqlHeirs(session)
        self.outbox = SqlOutbox(session)
        self.inbox = SqlInbox(session)
        self.reconciliations = SqlReconciliations(session)
        self.figures = SqlFigures(session, vault)
        self.bulk = SqlBulk(session, self.cards)
        self.face_signs = SqlFaceSigns(session)
        self.fee_waivers = SqlFeeWaivers(session)
        self.reservations = SqlReservations(session)
        self.offers = SqlOffers(session)
        self.bookings = SqlBookings(session)
        self.participations = SqlParticipations(session)
        self.wishes = SqlWishes(session, vault)
        self.projects = SqlProjects(session)
        self.card_counters = SqlCardCounters(session, now)
        self.obligations = SqlObligations(session, vault)
        self.orders = SqlOrders(session)
        self.payouts = SqlPayouts(session)
        self.budgets = SqlBudgets(session)
        self.ledger = SqlLedger(session)
        self.statements = SqlStatements(session)
        self.consents = SqlConsentWords(session)
        self.requests = SqlRightsRequests(session, vault)
        self.erasures = SqlErasures(session, vault)
        self.files = SqlPersonFiles(session)
        self.policies = SqlPolicies(session)
        self.audit = SqlAuditTrail(session, ids, now)
        self.messages = SqlMessages(session, ids, now)
        self.sealed = SqlSealedData(session, vault)
