"""Know what waits for a second person: who proposed what, and what became of it (双人办理)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve, frozen

from szunion.domain.values import Labelled
from szunion.errors import Conflict


class ProposalState(Labelled):
    """Where a proposal stands."""

    OPEN = "OPEN", "待第二人确认", "waiting for a second person"
    CONFIRMED = "CONFIRMED", "已确认", "confirmed"
    REFUSED = "REFUSED", "未同意", "refused"


@frozen(kw_only=True)
class Proposal:
    """What one person asked for and another must confirm (提请). Nothing has changed yet."""

    id: int
    operation: str
    """The dotted name of the act, as the audit log will have it: ``membership.expel``."""
    subject: int
    """The id of the thing."""
    terms: Mapping[str, str]
    """Ids, days and reason codes; nothing personal."""
    maker: str
    made: datetime
    state: ProposalState = ProposalState.OPEN
    checker: str | None = None
    checked: datetime | None = None

    def decided(self, state: ProposalState, checker: str, at: datetime) -> Proposal:
        """Return the proposal as *checker* decided it.

        Raises:
            Conflict: it was decided before (E-PROPOSAL-001).
        """
        if self.state is not ProposalState.OPEN:
            raise Conflict(
                "E-PROPOSAL-001",
                current=self.state,
                allowed=(),
                state=self.state.label,
                state_en=self.state.label_en,
            )
        return evolve(self, state=state, checker=checker, checked=at)
