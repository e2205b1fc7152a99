"""Know how proposals that wait for a second person are kept in memory."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from attrs import define, evolve, field, frozen

from szunion.adapters.storage.memory.officers import OfficerTables, check_two_sides
from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.proposals import Proposal, ProposalState
from szunion.ports.storage.races import proposal_lost


def _open_act(row: Proposal) -> Hashable | None:
    return (row.operation, row.subject) if row.state is ProposalState.OPEN else None


@define
class ProposalTables:
    """Proposals."""

    proposals: Table[int, Proposal] = field(factory=lambda: Table("proposal", {"open": _open_act}))


@frozen
class MemoryProposals:
    """Proposals in memory."""

    tables: ProposalTables
    officers: OfficerTables
    undo: Undo

    def get(self, scope: Scope, proposal: int) -> Proposal | None:
        return self.tables.proposals.get(proposal)

    def open_of(self, scope: Scope, operation: str, subject: int) -> Proposal | None:
        return self.tables.proposals.find("open", (operation, subject))

    def waiting(self, scope: Scope) -> Sequence[Proposal]:
        waiting = [row for row in self.tables.proposals if row.state is ProposalState.OPEN]
        return sorted(waiting, key=lambda row: row.id)

    def decided(self, scope: Scope, operation: str) -> Sequence[Proposal]:
        found = [
            row
            for row in self.tables.proposals
            if row.operation == operation and row.state is not ProposalState.OPEN
        ]
        return sorted(found, key=lambda row: row.id)

    def add(self, scope: Scope, proposal: Proposal) -> None:
        self.tables.proposals.insert(self.undo, proposal.id, proposal)

    def put(self, scope: Scope, proposal: Proposal) -> None:
        old = self.tables.proposals.get(proposal.id)
        if old is None or old.state is not ProposalState.OPEN:
            raise proposal_lost(old, ProposalState.OPEN)
        check_two_sides(self.officers, "proposal", old.maker, proposal.checker, old.made)
        self.tables.proposals.replace(self.undo, proposal.id, proposal)

    def put_terms(self, scope: Scope, proposal: Proposal, before: Proposal) -> None:
        old = self.tables.proposals.get(proposal.id)
        known = old is not None and old.state is ProposalState.CONFIRMED
        if old is None or not known or old.terms != before.terms:
            raise proposal_lost(old, ProposalState.CONFIRMED)
        changed = evolve(old, terms=dict(proposal.terms))
        self.tables.proposals.replace(self.undo, proposal.id, changed)
