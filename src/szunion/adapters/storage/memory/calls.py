"""Know how the hotline's tickets, and wrong answers of callers, are kept in memory."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.calls import Ticket, Tries
from szunion.domain.tickets import TicketState
from szunion.errors import Conflict


def _opening(row: Ticket) -> Hashable | None:
    return row.clerk if row.state is TicketState.NEW and row.person is not None else None


@define
class CallTables:
    """Tickets, and wrong answers by whom or for what."""

    tickets: Table[int, Ticket] = field(factory=lambda: Table("ticket", {"opening": _opening}))
    tries: Table[str, Tries] = field(factory=lambda: Table("challenge"))


@frozen
class MemoryCalls:
    """Tickets in memory."""

    tables: CallTables
    undo: Undo

    def ticket(self, ticket: int) -> Ticket | None:
        return self.tables.tickets.get(ticket)

    def opening(self, scope: Scope, clerk: str) -> Ticket | None:
        return self.tables.tickets.find("opening", clerk)

    def waiting(self, scope: Scope, clerk: str | None, most: int) -> Sequence[Ticket]:
        rows = [row for row in self.tables.tickets if row.waits and clerk in {None, row.clerk}]
        return sorted(rows, key=lambda row: row.id)[:most]

    def add(self, scope: Scope, ticket: Ticket) -> None:
        self.tables.tickets.insert(self.undo, ticket.id, ticket)

    def put(self, scope: Scope, ticket: Ticket) -> None:
        old = self.tables.tickets.get(ticket.id)
        if old is None or old.version != ticket.version:
            expected, current = ticket.version, "?" if old is None else old.version
            raise Conflict("E-STORE-008", entity="ticket", expected=expected, current=current)
        new = evolve(ticket, version=ticket.version + 1)
        self.tables.tickets.replace(self.undo, ticket.id, new)

    def tries(self, scope: Scope, subject: str) -> Tries:
        return self.tables.tries.get(subject) or Tries()

    def count(self, scope: Scope, subject: str, tries: Tries) -> None:
        if self.tables.tries.get(subject) is None:
            self.tables.tries.insert(self.undo, subject, tries)
        else:
            self.tables.tries.replace(self.undo, subject, tries)
