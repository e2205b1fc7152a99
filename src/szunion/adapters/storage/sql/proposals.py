"""Know how proposals that wait for a second person are kept in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence

from attrs import frozen

from szunion.adapters.storage.sql.session import Row, Session
from szunion.adapters.storage.sql.times import maybe_micros, maybe_moment, micros, moment
from szunion.domain.access import Scope
from szunion.domain.proposals import Proposal, ProposalState
from szunion.ports.storage.races import proposal_lost


def _proposal(row: Row) -> Proposal:
    id_, operation, subject, terms, maker, made, state, checker, checked = row
    return Proposal(
        id=id_, operation=operation, subject=subject, terms=json.loads(terms), maker=maker,
        made=moment(made), state=ProposalState(state), checker=checker,
        checked=maybe_moment(checked),
    )  # fmt: skip


def _terms(proposal: Proposal) -> str:
    return json.dumps(dict(proposal.terms), sort_keys=True)


@frozen
class SqlProposals:
    """Proposals in SQL."""

    session: Session

    def get(self, scope: Scope, proposal: int) -> Proposal | None:
        row = self.session.one("proposal.get", {"id": proposal})
        return None if row is None else _proposal(row)

    def open_of(self, scope: Scope, operation: str, subject: int) -> Proposal | None:
        parameters = {"operation": operation, "subject": subject}
        row = self.session.one("proposal.open_of", parameters)
        return None if row is None else _proposal(row)

    def waiting(self, scope: Scope) -> Sequence[Proposal]:
        return [_proposal(row) for row in self.session.all("proposal.waiting")]

    def decided(self, scope: Scope, operation: str) -> Sequence[Proposal]:
        rows = self.session.all("proposal.decided", {"operation": operation})
        return [_proposal(row) for row in rows]

    def add(self, scope: Scope, proposal: Proposal) -> None:
        self.session.do(
            "proposal.add",
            {
                "id": proposal.id, "operation": proposal.operation, "subject": proposal.subject,
                "terms": _terms(proposal),
                "maker": proposal.maker, "made": micros(proposal.made),
            },
        )  # fmt: skip

    def put(self, scope: Scope, proposal: Proposal) -> None:
        changed = self.session.do(
            "proposal.put",
            {
                "id": proposal.id, "state": proposal.state.value, "checker": proposal.checker,
                "checked": maybe_micros(proposal.checked),
            },
        )  # fmt: skip
        if changed != 1:
            raise proposal_lost(self.get(scope, proposal.id), ProposalState.OPEN)

    def put_terms(self, scope: Scope, proposal: Proposal, before: Proposal) -> None:
        changed = self.session.do(
            "proposal.put_terms",
            {"id": proposal.id, "terms": _terms(proposal), "before": _terms(before)},
        )
        if changed != 1:
            raise proposal_lost(self.get(scope, proposal.id), ProposalState.CONFIRMED)
