"""Know what a decision on a claim leads to: what is owed, kept and told (核定、不予给付)."""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import evolve, frozen

from szunion.application.claim_moves import keep_claim, tell_claimant
from szunion.application.office import Office
from szunion.domain.access import Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.city_time import day_of
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimEvent, ClaimReason
from szunion.domain.payouts import Obligation
from szunion.domain.proposals import Proposal
from szunion.domain.reckoning import Reckoning
from szunion.domain.values import Fen, ObligationId, shard_of
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork

_E = ClaimEvent
APPROVE: Final = "claim.approve"
"""What waits for a second reviewer."""


@frozen(kw_only=True)
class Decided:
    """It is owed now (已核定)."""

    claim: Claim
    obligation: Obligation
    reckoning: Reckoning


@frozen(kw_only=True)
class ToConfirm:
    """It is above what one reviewer decides, and waits for a second one (待第二人)."""

    claim: Claim
    proposal: Proposal
    reckoning: Reckoning


@frozen(kw_only=True)
class Rejected:
    """Nothing is paid, with the reason and the whole reckoning (不予给付)."""

    claim: Claim
    reason: ClaimReason
    reckoning: Reckoning | None


Decision: TypeAlias = Decided | ToConfirm | Rejected


def rejected(  # noqa: PLR0913, PLR0917 - what is decided
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    old: Claim,
    reason: ClaimReason,
    found: Reckoning | None,
) -> Rejected:
    """Reject a claim: with the reason, and the reckoning so far."""
    new = evolve(old.after(_E.REJECT, work.now, reason), reckoning=found)
    kept = keep_claim(work, scope, old, new, _E.REJECT, reason.value)
    words = {"reason": reason.label, "reason_en": reason.label_en}
    tell_claimant(office, work, scope, kept, "claim.rejected", words)
    return Rejected(claim=kept, reason=reason, reckoning=found)


def approved(  # noqa: PLR0913, PLR0917 - what is decided, by whom
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    old: Claim,
    found: Reckoning,
    fen: Fen,
    by: Principal,
    second: str | None = None,
) -> Decided | Rejected:
    """Approve a claim: its cover is used, it is owed, and the claimant is told.

    What another claim for the same event was granted meanwhile rejects it.

    Raises:
        Conflict: less is left of the cover than was reckoned (E-CLAIM-006).
    """
    key = old.keys[0]
    if work.obligations.granted(scope, key) is not None:
        return rejected(office, work, scope, old, ClaimReason.DUPLICATE_EVENT, found)
    if not work.enrolments.use(scope, old.enrolment, fen):
        raise Conflict("E-CLAIM-006", current=found.fen, allowed=(), fen=fen, most=found.fen)
    obligation = Obligation(
        id=ObligationId(work.ids.new(shard_of(old.person))),
        key=key,
        payee=old.person,
        item=old.plan,
        year=day_of(work.now).year,
        fen=fen,
        decided=work.now,
        decided_by=old.reviewer or by.id,
    )
    work.obligations.add(scope, obligation)
    new = evolve(
        old.after(_E.APPROVE, work.now), reason=None, reckoning=found, fen=fen,
        obligation=obligation.id, confirmed_by=second,
    )  # fmt: skip
    kept = keep_claim(work, scope, old, new, _E.APPROVE, found.catalogue)
    work.audit.add(scope, _owes(obligation))
    tell_claimant(office, work, scope, kept, "claim.decided", {"yuan": str(fen)})
    return Decided(claim=kept, obligation=obligation, reckoning=found)


def _owes(obligation: Obligation) -> AuditEntry:
    return AuditEntry(
        action="obligation.create",
        subject=obligation.id,
        person=obligation.payee,
        after=f"{obligation.item}:{obligation.fen.amount}",
    )
