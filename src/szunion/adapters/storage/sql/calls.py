"""Know how the hotline's tickets, and wrong answers of callers, are kept in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.domain.access import Scope
from szunion.domain.calls import Ticket, Tries
from szunion.domain.tickets import TicketState
from szunion.domain.values import PersonId


def _ticket(row: Row) -> Ticket:
    id_, clerk, topic, taken, state, person, until, version = row
    return Ticket(
        id=id_, clerk=clerk, topic=topic, taken=moment(taken), state=TicketState(state),
        person=None if person is None else PersonId(person), until=maybe_moment(until),
        version=version,
    )  # fmt: skip


@frozen
class SqlCalls:
    """Tickets in SQL."""

    session: Session

    def ticket(self, ticket: int) -> Ticket | None:
        row = self.session.one("call.ticket", {"id": ticket})
        return None if row is None else _ticket(row)

    def opening(self, scope: Scope, clerk: str) -> Ticket | None:
        row = self.session.one("call.opening", {"clerk": clerk})
        return None if row is None else _ticket(row)

    def waiting(self, scope: Scope, clerk: str | None, most: int) -> Sequence[Ticket]:
        if clerk is None:
            rows = self.session.all("call.waiting", {"most": most})
        else:
            rows = self.session.all("call.waiting_of", {"clerk": clerk, "most": most})
        return [_ticket(row) for row in rows]

    def add(self, scope: Scope, ticket: Ticket) -> None:
        self.session.do(
            "call.add",
            {
                "id": ticket.id, "clerk": ticket.clerk, "topic": ticket.topic,
                "taken": micros(ticket.taken), "state": ticket.state.value,
                "person": ticket.person, "until": maybe_micros(ticket.until),
            },
        )  # fmt: skip

    def put(self, scope: Scope, ticket: Ticket) -> None:
        self.session.put(
            "call.put",
            {
                "id": ticket.id, "clerk": ticket.clerk, "state": ticket.state.value,
                "person": ticket.person,
                "until": maybe_micros(ticket.until), "version": ticket.version,
            },
            "ticket",
        )  # fmt: skip

    def tries(self, scope: Scope, subject: str) -> Tries:
        row = self.session.one("call.tries", {"subject": subject})
        if row is None:
            return Tries()
        wrong, began, locked = row
        return Tries(
            wrong=wrong, began=maybe_moment(began), locked_until=maybe_moment(locked)
        )  # fmt: skip

    def count(self, scope: Scope, subject: str, tries: Tries) -> None:
        self.session.do(
            "call.count",
            {
                "subject": subject, "wrong": tries.wrong, "began": maybe_micros(tries.began),
                "locked": maybe_micros(tries.locked_until),
            },
        )  # fmt: skip
