"""Know the clocks of covers and claims: what begins, ends, is reminded of, and is closed (时限)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.claim_moves import keep_claim, tell_claimant
from szunion.application.cover_moves import follow_dates
from szunion.application.office import Office, one_commit
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.domain.claims import ClaimEvent, ClaimReason, ClaimState
from szunion.ports.storage import UnitOfWork

_TOGETHER: Final = 100
_REMINDERS: Final = 2
"""Two reminders come before papers count as not supplied."""


@frozen
class ClaimDeadlines:
    """The engine's clock for covers and claims."""

    office: Office
    by: Principal

    def keep(self) -> bool:
        """Take every step that is due; return whether there was any."""
        steps = (self.follow_covers, self.give_up, self.remind, self.close)
        done = [step() for step in steps]  # each has its turn
        return any(done)

    @one_commit
    def follow_covers(self, work: UnitOfWork) -> int:
        """Let waiting periods and covers begin and end with their dates (保障起止)."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        due = work.enrolments.due(scope, self.office.clock.today(), _TOGETHER)
        for row in due:
            follow_dates(self.office, work, scope, row)
        return len(due)

    @one_commit
    def remind(self, work: UnitOfWork) -> int:
        """Remind of papers that were asked for, twice within their time (催补)."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        days = self.office.policy.deadlines.claim_supplement
        count = 0
        for number in range(_REMINDERS):
            before = work.now - timedelta(days=days) * (number + 1) / (_REMINDERS + 1)
            found = work.claims.due(
                scope, ClaimState.INCOMPLETE, before, _TOGETHER, reminders=number
            )
            for claim in found:
                work.claims.put(scope, evolve(claim, reminders=number + 1))
                entry = AuditEntry(
                    action="claim.remind", subject=claim.id, person=claim.person,
                    before=claim.state.value, after=claim.state.value, reason=str(number + 1),
                )  # fmt: skip
                work.audit.add(scope, entry)
                words = {"days": str(days)}
                tell_claimant(self.office, work, scope, claim, "claim.reminder", words)
            count += len(found)
        return count

    @one_commit
    def give_up(self, work: UnitOfWork) -> int:
        """Close claims whose papers did not come in time and after two reminders (逾期未补)."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        before = work.now - timedelta(days=self.office.policy.deadlines.claim_supplement)
        found = [
            claim
            for claim in work.claims.due(scope, ClaimState.INCOMPLETE, before, _TOGETHER)
            if claim.reminders >= _REMINDERS
        ]
        for claim in found:
            reason = ClaimReason.NOT_SUPPLEMENTED
            after = claim.after(ClaimEvent.GIVE_UP, work.now, reason)
            keep_claim(work, scope, claim, after, ClaimEvent.GIVE_UP, reason.value)
            words = {"reason": reason.label, "reason_en": reason.label_en}
            tell_claimant(self.office, work, scope, claim, "claim.rejected", words)
        return len(found)

    @one_commit
    def close(self, work: UnitOfWork) -> int:
        """Close what was rejected once its appeal is over, and what was paid (办结)."""
        scope = authorise(work, self.by, Operation.BANK_DESK)
        deadlines = self.office.policy.deadlines
        paid = work.now - timedelta(days=deadlines.claim_close)
        window = work.now - timedelta(days=deadlines.claim_appeal)
        found = [
            *work.claims.due(scope, ClaimState.PAID, paid, _TOGETHER),
            *work.claims.due(scope, ClaimState.REJECTED, window, _TOGETHER),
            *(
                claim
                for claim in work.claims.due(scope, ClaimState.REJECTED, work.now, _TOGETHER)
                if claim.appealed and claim.changed > window
            ),
        ]
        for claim in found:
            after = claim.after(ClaimEvent.CLOSE, work.now)
            keep_claim(work, scope, claim, after, ClaimEvent.CLOSE)
        return len(found)
