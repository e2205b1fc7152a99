"""Know how an act that needs two persons is proposed by one and confirmed by another (双人)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from szunion.application.access import second_person
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.proposals import Proposal, ProposalState
from szunion.errors import Conflict, NotFound
from szunion.ports.storage import UnitOfWork


def propose(
    work: UnitOfWork, scope: Scope, operation: str, subject: int | None, terms: Mapping[str, str]
) -> Proposal:
    """Keep a proposal for a second person; the same one again is the one that waits.

    Args:
        work: The unit of work.
        scope: The permission.
        operation: What is proposed.
        subject: What it is about; None: what is not there yet, so any number may wait side by side,
            and each is about itself.
        terms: How it is to be.

    Raises:
        Conflict: it is already proposed with other terms (E-PROPOSAL-002).
    """
    waiting = None if subject is None else work.proposals.open_of(scope, operation, subject)
    if waiting is not None:
        if dict(waiting.terms) != dict(terms):
            raise Conflict("E-PROPOSAL-002", current=waiting.id, allowed=())
        return waiting
    id_ = work.ids.new()
    proposal = Proposal(
        id=id_,
        operation=operation,
        subject=id_ if subject is None else subject,
        terms=dict(terms),
        maker=scope.principal.id,
        made=work.now,
    )
    work.proposals.add(scope, proposal)
    entry = AuditEntry(
        action=f"{operation}.propose", subject=proposal.subject, after=ProposalState.OPEN.value
    )
    work.audit.add(scope, entry)
    return proposal


def decide(  # noqa: PLR0913 - who decides what, and how far they reach
    work: UnitOfWork,
    scope: Scope,
    proposal_id: int,
    operations: Collection[str],
    state: ProposalState = ProposalState.CONFIRMED,
    *,
    within: Callable[[Proposal], bool] | None = None,
) -> Proposal:
    """Mark a proposal as confirmed (or refused) by a second person, and return it.

    A proposal names any kind of thing, so the desk says whether the thing is within its reach.

    Args:
        work: The unit of work.
        scope: The permission.
        proposal_id: Which one.
        operations: What may have been proposed.
        state: What becomes of it.
        within: Whether what it is about is within reach; None: only the whole city decides.

    Raises:
        NotFound: there is none of these operations by that id within reach (E-ACCESS-002).
        NotAllowed: the maker cannot be the checker (E-ACCESS-004).
        Conflict: it was decided before (E-PROPOSAL-001).
    """
    proposal = work.proposals.get(scope, proposal_id)
    if proposal is None or proposal.operation not in operations:
        raise NotFound("E-ACCESS-002")
    if not (scope.whole_city if within is None else within(proposal)):
        raise NotFound("E-ACCESS-002")
    second_person(work, proposal.maker, scope.principal, proposal.made)
    decided = proposal.decided(state, scope.principal.id, work.now)
    work.proposals.put(scope, decided)
    verb = "confirm" if state is ProposalState.CONFIRMED else "refuse"
    entry = AuditEntry(
        action=f"{proposal.operation}.{verb}",
        subject=proposal.subject,
        before=ProposalState.OPEN.value,
        after=state.value,
    )
    work.audit.add(scope, entry)
    return decided


def let_lapse(work: UnitOfWork, scope: Scope, operation: str, subject: int) -> None:
    """Let no proposal stand that waits for a second person; its maker cannot refuse it.

    Raises:
        NotAllowed: it is the maker who would refuse it so (E-ACCESS-004).
    """
    waiting = work.proposals.open_of(scope, operation, subject)
    if waiting is not None:
        state = ProposalState.REFUSED
        decide(work, scope, waiting.id, (operation,), state, within=lambda _: True)
