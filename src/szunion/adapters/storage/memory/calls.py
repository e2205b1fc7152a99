"""Know how what begins with a call of the hotline is kept in memory: tickets, tries, referrals."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import date, datetime

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.people import Sight
from szunion.adapters.storage.memory.tables import Table, Undo, check_version
from szunion.domain.access import Scope
from szunion.domain.calls import Ticket, Tries
from szunion.domain.referrals import Referral
from szunion.domain.tickets import TicketState
from szunion.domain.values import OrganisationId, PersonId


def _opening(row: Ticket) -> Hashable | None:
    return row.clerk if row.state is TicketState.NEW and row.person is not None else None


@define
class CallTables:
    """Tickets, wrong answers by whom or for what, matters at unions."""

    tickets: Table[int, Ticket] = field(factory=lambda: Table("ticket", {"opening": _opening}))
    tries: Table[str, Tries] = field(factory=lambda: Table("challenge"))
    referrals: Table[int, Referral] = field(factory=lambda: Table("referral"))


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
        check_version(old, ticket, "ticket")
        new = evolve(ticket, version=ticket.version + 1)
        self.tables.tickets.replace(self.undo, ticket.id, new)

    def tries(self, scope: Scope, subject: str) -> Tries:
        return self.tables.tries.get(subject) or Tries()

    def count(self, scope: Scope, subject: str, tries: Tries) -> None:
        if self.tables.tries.get(subject) is None:
            self.tables.tries.insert(self.undo, subject, tries)
        else:
            self.tables.tries.replace(self.undo, subject, tries)


@frozen
class MemoryReferrals:
    """Matters at unions, in memory."""

    tables: CallTables
    sight: Sight
    undo: Undo

    def _seen(self, scope: Scope, row: Referral) -> bool:
        return scope.only_person == row.person or self.sight.union(scope, row.organisation)

    def add(self, scope: Scope, referral: Referral) -> None:
        self.tables.referrals.insert(self.undo, referral.id, evolve(referral, version=0))

    def get(self, scope: Scope, referral: int) -> Referral | None:
        found = self.tables.referrals.get(referral)
        return found if found is not None and self._seen(scope, found) else None

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Referral]:
        if not scope.whole_city and scope.only_person != person:
            return []
        mine = [row for row in self.tables.referrals if row.person == person]
        return sorted(mine, key=lambda row: row.id)

    def listed(
        self, scope: Scope, states: Iterable[TicketState], *, late: bool, most: int
    ) -> Sequence[Referral]:
        wanted = set(states)
        rows = [
            row.without_words()
            for row in self.tables.referrals
            if row.state in wanted
            and row.breaches >= int(late)
            and self.sight.union(scope, row.organisation)
        ]
        return sorted(rows, key=lambda row: (row.due, row.id))[:most]

    def due(self, scope: Scope, today: date, most: int) -> Sequence[Referral]:
        rows = [
            (row.watch, row.id, row.without_words())
            for row in self.tables.referrals
            if row.watch is not None and row.watch < today
        ]
        return [row for *_, row in sorted(rows, key=lambda each: each[:2])][:most]

    def move_open(
        self, scope: Scope, source: OrganisationId, target: OrganisationId
    ) -> Sequence[tuple[int, PersonId]]:
        rows = [row for row in self.tables.referrals if row.organisation == source and row.open]
        for row in rows:
            moved = evolve(row, organisation=target, version=row.version + 1)
            self.tables.referrals.replace(self.undo, row.id, moved)
        return sorted((row.id, row.person) for row in rows)

    def over(self, scope: Scope, before: datetime, most: int) -> Sequence[tuple[int, PersonId]]:
        rows = [row for row in self.tables.referrals if not row.open and row.changed < before]
        oldest = sorted(rows, key=lambda row: (row.changed, row.id))[:most]
        return [(row.id, row.person) for row in oldest]

    def end_files(self, scope: Scope, referrals: Sequence[int]) -> None:
        for each in referrals:
            self.tables.referrals.delete(self.undo, each)

    def put(self, scope: Scope, referral: Referral) -> None:
        old = self.tables.referrals.get(referral.id)
        check_version(old, referral, "referral")
        new = evolve(referral, version=referral.version + 1)
        self.tables.referrals.replace(self.undo, referral.id, new)

    def note_breach(self, scope: Scope, referral: Referral) -> None:
        old = self.tables.referrals.get(referral.id)
        said = referral if old is None else evolve(
            referral, words=old.words, answer=old.answer, notes=old.notes
        )  # fmt: skip
        self.put(scope, said)
