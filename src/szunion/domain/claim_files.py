"""Know one claim as a file: what happened, which papers, what was decided (申领卷宗)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from attrs import evolve, field, frozen

from szunion.domain.benefits import Subject
from szunion.domain.catalogue import Plan
from szunion.domain.claims import CLAIM, ClaimEvent, ClaimReason, ClaimState
from szunion.domain.machine import Gap, Refused
from szunion.domain.reckoning import Happening, Reckoning
from szunion.domain.values import ClaimId, EnrolmentId, Fen, ObligationId, PersonId

_S = ClaimState
CLAIMS_KEYS: Final = frozenset(
    {
        _S.SUBMITTED,
        _S.INCOMPLETE,
        _S.REVIEW,
        _S.DECIDED,
        _S.PAYABLE,
        _S.PAID,
        _S.REJECTED,
        _S.APPEAL,
        _S.RECOVERY,
    }
)
"""States in which nobody else may claim the same event; a closed one keeps it if it was paid."""


@frozen(kw_only=True)
class Claim:
    """One event under one plan, claimed by one member (一件申领).

    What happened is medical or about a child: it does not print, and the store seals it.
    """

    id: ClaimId
    keys: tuple[str, ...]
    """The event's fingerprints: business keys with a blind number; no two claims share one."""
    person: PersonId
    """Under whose cover it is, and whose money it is."""
    plan: str
    enrolment: EnrolmentId
    state: ClaimState = _S.DRAFT
    reason: ClaimReason | None = None
    happening: Happening = field(repr=False)
    papers: tuple[str, ...] = field(default=(), repr=False)
    """What has been handed in, by name."""
    missing: tuple[str, ...] = field(default=(), repr=False)
    """What was asked for."""
    reckoning: Reckoning | None = field(default=None, repr=False)
    fen: Fen | None = None
    """What was decided."""
    obligation: ObligationId | None = None
    asked: datetime
    changed: datetime
    """Since when it is in its state: deadlines count from here."""
    made_by: str
    reviewer: str | None = None
    """Who took it up last."""
    confirmed_by: str | None = None
    """The second reviewer, above the policy's threshold."""
    appealed: bool = False
    reminders: int = 0
    version: int = 0

    def after(self, event: ClaimEvent, at: datetime, reason: ClaimReason | None = None) -> Claim:
        """Return the claim after a command or a move of the engine (E-STATE-001 if none)."""
        state = CLAIM.after(self.state, event)
        changed = at if state is not self.state else self.changed
        return evolve(self, state=state, changed=changed, reason=reason or self.reason)

    def told(self, event: ClaimEvent, at: datetime) -> Claim:
        """Return the claim after the bank's word on its money; a word without a step moves none."""
        match CLAIM.step(self.state, event):
            case Gap() | Refused():
                return self
            case state:
                return evolve(self, state=state, changed=at)

    @property
    def holds_its_event(self) -> bool:
        """Whether the event counts as claimed: while it runs, and for ever once it was decided."""
        return self.state in CLAIMS_KEYS or self.obligation is not None


def claim_key(plan: Plan, subject: str) -> str:
    """Return the business key of an event (事项指纹): one child, or one stay of one person.

    Args:
        plan: The plan.
        subject: The blind index of the number that names the child or the stay.
    """
    kind = plan.once_per.subject if plan.once_per else Subject.MEMBER
    return f"claim:{plan.id}:{kind.value}:{subject}"


def household_wide(plan: Plan) -> bool:
    """Return whether an event counts once for a whole family, whoever claims it."""
    return plan.once_per is not None and plan.once_per.subject is not Subject.MEMBER


def same_days(claim: Happening, others: Sequence[Claim]) -> bool:
    """Return whether another running or decided claim is for some of the same days."""
    return any(
        each.holds_its_event
        and each.state is not ClaimState.REJECTED
        and each.happening.meets(claim)
        for each in others
    )


@frozen(kw_only=True)
class Heir:
    """Who receives what a dead member was still owed (继承人); named by one, confirmed by another.

    It counts only while the membership stands as ended by death: a death that is undone takes
    the heir with it, and nothing needs to be taken back.
    """

    person: PersonId
    """The deceased."""
    heir: PersonId
    """A person on file, into whose card's account it goes."""
    document: str
    named: datetime
    named_by: str
    confirmed_by: str
    since: date
