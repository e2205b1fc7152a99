"""Know which repository serves which noun inside one SQLite transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from szunion.adapters.storage.sqlite.bank_words import (
    SqliteFaceSigns,
    SqliteFeeWaivers,
    SqliteReservations,
)
from szunion.adapters.storage.sqlite.batches import SqliteBatches, SqliteRows
from szunion.adapters.storage.sqlite.bindings import SqliteBindings
from szunion.adapters.storage.sqlite.card_files import (
    SqliteCustodyLists,
    SqliteEntitlements,
    SqliteInstructions,
)
from szunion.adapters.storage.sqlite.cards import SqliteCards
from szunion.adapters.storage.sqlite.claims import SqliteClaims, SqliteEnrolments, SqliteHeirs
from szunion.adapters.storage.sqlite.core import SqliteAuditTrail, SqliteMessages
from szunion.adapters.storage.sqlite.imports import SqliteImports
from szunion.adapters.storage.sqlite.inbox import SqliteInbox
from szunion.adapters.storage.sqlite.members import SqliteMembers
from szunion.adapters.storage.sqlite.money import (
    SqliteBudgets,
    SqliteLedger,
    SqliteObligations,
    SqliteOrders,
    SqlitePayouts,
    SqliteStatements,
)
from szunion.adapters.storage.sqlite.organisations import SqliteOrganisations
from szunion.adapters.storage.sqlite.outbox import SqliteOutbox
from szunion.adapters.storage.sqlite.people import SqlitePeople
from szunion.adapters.storage.sqlite.proposals import SqliteProposals
from szunion.adapters.storage.sqlite.reconciliations import SqliteReconciliations
from szunion.adapters.storage.sqlite.services import (
    SqliteBookings,
    SqliteOffers,
    SqliteParticipations,
)
from szunion.adapters.storage.sqlite.session import Session
from szunion.adapters.storage.sqlite.transfers import SqliteTransfers
from szunion.adapters.storage.sqlite.wishes import (
    SqliteCardCounters,
    SqliteProjects,
    SqliteWishes,
)
from szunion.ports.keys import Vault
from szunion.ports.system import Ids


class SqliteUnit:
    """One unit of work: :class:`szunion.ports.storage.UnitOfWork` on SQLite."""

    def __init__(
        self, connection: sqlite3.Connection, *, now: datetime, ids: Ids, vault: Vault
    ) -> None:
        session = Session(connection)
        self.now = now
        self.ids = ids
        self.vault = vault
        self.organisations = SqliteOrganisations(session, now)
        self.people = SqlitePeople(session, vault, now)
        self.members = SqliteMembers(session, ids, now)
        self.transfers = SqliteTransfers(session)
        self.proposals = SqliteProposals(session)
        self.imports = SqliteImports(session, ids, vault, now)
        self.bindings = SqliteBindings(session)
        self.batches = SqliteBatches(session)
        self.rows = SqliteRows(session, vault)
        self.cards = SqliteCards(session, vault)
        self.instructions = SqliteInstructions(session)
        self.custody_lists = SqliteCustodyLists(session)
        self.entitlements = SqliteEntitlements(session)
        self.enrolments = SqliteEnrolments(session)
        self.claims = SqliteClaims(session, vault)
        self.heirs = SqliteHeirs(session)
        self.outbox = SqliteOutbox(session)
        self.inbox = SqliteInbox(session)
        self.reconciliations = SqliteReconciliations(session)
        self.face_signs = SqliteFaceSigns(session)
        self.fee_waivers = SqliteFeeWaivers(session)
        self.reservations = SqliteReservations(session)
        self.offers = SqliteOffers(session)
        self.bookings = SqliteBookings(session)
        self.participations = SqliteParticipations(session)
        self.wishes = SqliteWishes(session, vault)
        self.projects = SqliteProjects(session)
        self.card_counters = SqliteCardCounters(session, now)
        self.obligations = SqliteObligations(session, vault)
        self.orders = SqliteOrders(session)
        self.payouts = SqlitePayouts(session)
        self.budgets = SqliteBudgets(session)
        self.ledger = SqliteLedger(session)
        self.statements = SqliteStatements(session)
        self.audit = SqliteAuditTrail(session, ids, now)
        self.messages = SqliteMessages(session, ids, now)
