"""Know which repository serves which noun inside one SQLite transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from szunion.adapters.storage.sqlite.core import SqliteAuditTrail, SqliteMessages
from szunion.adapters.storage.sqlite.members import SqliteMembers
from szunion.adapters.storage.sqlite.organisations import SqliteOrganisations
from szunion.adapters.storage.sqlite.people import SqlitePeople
from szunion.adapters.storage.sqlite.session import Session
from szunion.adapters.storage.sqlite.transfers import SqliteTransfers
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
        self.people = SqlitePeople(session, vault)
        self.members = SqliteMembers(session, ids, now)
        self.transfers = SqliteTransfers(session)
        self.audit = SqliteAuditTrail(session, ids, now)
        self.messages = SqliteMessages(session, ids, now)
