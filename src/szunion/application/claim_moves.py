"""Know how a step of a claim is kept: the file, the log, the message, and what its money does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from attrs import evolve

from szunion.application.office import Office
from szunion.application.payment_news import item_words
from szunion.domain.access import Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimEvent, ClaimState
from szunion.domain.proposals import ProposalState
from szunion.domain.values import Fen, ObligationId
from szunion.ports.storage import UnitOfWork

_S = ClaimState
_E = ClaimEvent
RECOVERED: Final = "claim.done"
"""What two of finance agree on to end a recovery."""


def keep_claim(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
    work: UnitOfWork,
    scope: Scope,
    old: Claim | None,
    new: Claim,
    event: ClaimEvent,
    reason: str = "",
) -> Claim:
    """Keep one step of a claim, and what is written of it: codes alone, nothing medical."""
    if old is None:
        work.claims.add(scope, new)
    else:
        work.claims.put(scope, new)
    entry = AuditEntry(
        action=f"claim.{event.value}",
        subject=new.id,
        person=new.person,
        before=old.state.value if old else _S.DRAFT.value,
        after=new.state.value,
        reason=reason,
    )
    work.audit.add(scope, entry)
    return new if old is None else evolve(new, version=new.version + 1)


def tell_claimant(  # noqa: PLR0913, PLR0917 - whom, what, and its words
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    claim: Claim,
    template: str,
    more: Mapping[str, str] | None = None,
) -> None:
    """Tell whose claim it is what became of it."""
    name, _ = item_words(office, claim.plan)
    words = {"item": name.zh, "item_en": name.en, **(more or {})}
    work.messages.add(scope, claim.person, template, words)


def follow_money(work: UnitOfWork, scope: Scope, changed: Collection[ObligationId]) -> None:
    """Let claims follow the orders that pay them: released, paid, to be paid again (应付).

    What a claim is paid is the sum of its orders: settled and not returned. One whose recovery two
    have ended is not paid again, whatever the bank says later: they look at it once more.
    """
    for claim in work.claims.of_obligations(scope, changed) if changed else ():
        owed = work.obligations.get(scope, claim.obligation) if claim.obligation else None
        if owed is None:
            continue
        steps = _steps(claim, owed.settled, owed.in_flight, owed.fen)
        if claim.state is _S.CLOSED and _was_recovered(work, scope, claim):
            steps = [_E.MOVED]
        for event in steps:
            after = claim.told(event, work.now)
            if after is not claim:
                claim = keep_claim(work, scope, claim, after, event)  # noqa: PLW2901 - step by step


def _was_recovered(work: UnitOfWork, scope: Scope, claim: Claim) -> bool:
    """Return whether it was closed at the end of a recovery, not because it was paid."""
    return any(
        each.subject == claim.id and each.state is ProposalState.CONFIRMED
        for each in work.proposals.decided(scope, RECOVERED)
    )


def _steps(claim: Claim, settled: Fen, in_flight: Fen, fen: Fen) -> list[ClaimEvent]:
    """Return the steps that bring a claim to where its money is."""
    moving = settled > Fen(0) or in_flight > Fen(0)
    steps = [_E.RELEASE] if claim.state is _S.DECIDED and moving else []
    if settled == fen and claim.state in {_S.DECIDED, _S.PAYABLE}:
        steps.append(_E.SETTLED)
    if settled < fen and claim.state in {_S.PAID, _S.CLOSED}:
        steps.append(_E.RETURNED)
    return steps
